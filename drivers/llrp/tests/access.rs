//! A job's conversation without a reader: what it refuses after the work, and a tag of the same EPC that takes the
//! place of the one that was surveyed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gatewarden_llrp::access::{
    AccessError, AccessRun, Bank, Job, LockField, Operation, Outcome, Privilege, Target,
};
use gatewarden_llrp::codec::{LlrpStatus, Message, MessageKind, Param, StatusCode};

const SPEC: u32 = 7;
const EPC: [u8; 4] = [0x30, 0, 0, 1];
const TID: [u16; 6] = [0xE280, 1, 2, 3, 4, 5];
const OTHER: [u16; 6] = [0xE280, 9, 9, 9, 9, 9];
const SURVEY_US: u64 = 400_000;

struct Bench {
    run: AccessRun,
    now_us: u64,
}

impl Bench {
    /// A job whose survey met one tag with this TID; its work is enabled.
    fn at_work(operation: Operation, tid: &[u16]) -> Self {
        let job = Job {
            spec: SPEC,
            rospec: 1,
            antenna: 0,
            target: Target::epc(&EPC),
            password: 1,
            operation,
            survey_us: SURVEY_US,
            timeout_us: 2_000_000,
        };
        let mut bench = Self { run: AccessRun::new(job, 1, 0), now_us: 0 };
        bench.enable();
        bench.report(&[read(1, 0, tid)]);
        bench.now_us += SURVEY_US;
        bench.run.tick(bench.now_us);
        bench.answer(MessageKind::DELETE_ACCESSSPEC, StatusCode::SUCCESS);
        bench.enable();
        bench
    }

    fn enable(&mut self) {
        self.answer(MessageKind::ADD_ACCESSSPEC, StatusCode::SUCCESS);
        self.answer(MessageKind::ENABLE_ACCESSSPEC, StatusCode::SUCCESS);
    }

    /// The next request, which must be of this kind, is answered so.
    fn answer(&mut self, kind: MessageKind, code: StatusCode) -> Message {
        let request = self.run.next().unwrap();
        assert_eq!(request.kind, kind);
        let status = LlrpStatus { code, ..LlrpStatus::default() };
        let answer = Message::with_status(kind.response().unwrap(), request.id, &status);
        assert!(self.run.handle(&answer, self.now_us));
        request
    }

    fn report(&mut self, results: &[Param]) {
        let leaf = |kind, fields| Param { kind, fields, params: Vec::new() };
        let epc = [&32u16.to_be_bytes()[..], &EPC].concat();
        let mut params = vec![leaf(241, epc), leaf(16, SPEC.to_be_bytes().to_vec())];
        params.extend(results.iter().cloned());
        let mut report = Message::new(MessageKind::RO_ACCESS_REPORT, 0);
        report.params.push(Param { kind: 240, fields: Vec::new(), params });
        self.run.handle(&report, self.now_us);
    }

    fn outcome(mut self) -> Result<Outcome, AccessError> {
        if self.run.outcome().is_none() {
            self.answer(MessageKind::DELETE_ACCESSSPEC, StatusCode::FIELD_ERROR);
        }
        self.run.outcome().cloned().unwrap()
    }
}

fn result(kind: u16, op: u16, code: u8, rest: &[u8]) -> Param {
    let fields = [&[code][..], &op.to_be_bytes(), rest].concat();
    Param { kind, fields, params: Vec::new() }
}

fn read(op: u16, code: u8, words: &[u16]) -> Param {
    let count = u16::try_from(words.len()).unwrap();
    let words = words.iter().flat_map(|word| word.to_be_bytes());
    result(349, op, code, &count.to_be_bytes().into_iter().chain(words).collect::<Vec<u8>>())
}

fn written(op: u16, code: u8) -> Param {
    result(350, op, code, &[0, u8::from(code == 0)])
}

fn killed() -> Param {
    result(351, 2, 0, &[])
}

fn write() -> Operation {
    Operation::Write { bank: Bank::User, pointer: 0, data: vec![7] }
}

const KILL: Operation = Operation::Kill { password: 5 };
const LOCK: Operation = Operation::Lock { field: LockField::User, privilege: Privilege::PermaLock };

/// DELETE was refused too, so that the id of the AccessSpec is still taken when the proof is to be added.
#[test]
fn what_is_refused_after_the_work_is_not_told_as_not_done() {
    for (operation, done) in [(KILL, killed()), (LOCK, result(352, 2, 0, &[]))] {
        for refused in [MessageKind::ADD_ACCESSSPEC, MessageKind::ENABLE_ACCESSSPEC] {
            let mut bench = Bench::at_work(operation.clone(), &TID);
            bench.report(&[read(1, 0, &TID), done.clone(), read(3, 0, &[1])]);
            bench.answer(MessageKind::DELETE_ACCESSSPEC, StatusCode::FIELD_ERROR);
            if refused == MessageKind::ENABLE_ACCESSSPEC {
                bench.answer(MessageKind::ADD_ACCESSSPEC, StatusCode::SUCCESS);
            }
            bench.answer(refused, StatusCode::FIELD_ERROR);
            let error = bench.outcome().unwrap_err();
            assert!(matches!(error, AccessError::NotVerified(_)), "{error:?}");
            assert!(!error.is_untouched());
        }
    }
}

#[test]
fn a_second_tag_of_the_same_epc_is_not_told_as_the_first() {
    let mut bench = Bench::at_work(write(), &TID);
    bench.report(&[read(1, 0, &OTHER), written(2, 0), read(3, 0, &[7])]);
    let error = bench.outcome().unwrap_err();
    assert!(error.to_string().contains("with TID E28000090009000900090009"), "{error}");
    assert!(!error.is_untouched());
    // Where the TID can't be read any more, nobody knows which one it was.
    let mut bench = Bench::at_work(KILL, &TID);
    bench.report(&[read(1, 2, &[]), killed()]);
    assert!(matches!(bench.outcome(), Err(AccessError::NotVerified(_))));
    // The lock is tried on the tag that was locked.
    let mut bench = Bench::at_work(LOCK, &TID);
    bench.report(&[read(1, 0, &TID), result(352, 2, 0, &[]), read(3, 0, &[1])]);
    bench.answer(MessageKind::DELETE_ACCESSSPEC, StatusCode::SUCCESS);
    bench.enable();
    bench.report(&[read(1, 0, &OTHER), written(4, 2)]);
    assert!(matches!(bench.outcome(), Err(AccessError::AnotherTag(_))));
}

#[test]
fn the_surveyed_tag_is_told_with_its_tid_and_one_without_a_tid_without() {
    for tid in [&TID[..], &[]] {
        let mut bench = Bench::at_work(write(), tid);
        let chip = (!tid.is_empty()).then(|| read(1, 0, tid));
        let done = [written(2, 0), read(3, 0, &[7])];
        bench.report(&chip.into_iter().chain(done).collect::<Vec<_>>());
        let outcome = bench.outcome().unwrap();
        assert_eq!((outcome.tid, outcome.words), (tid.to_vec(), vec![7]));
    }
    // A reader that ends at the first operation that fails: nothing was written.
    let mut bench = Bench::at_work(write(), &TID);
    bench.report(&[read(1, 6, &[])]);
    assert!(matches!(bench.outcome(), Err(AccessError::Failed(_))));
}
