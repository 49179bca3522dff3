//! Counts from the order to the posting of what differs: blind, again by somebody else, in frozen bins; and each
//! wrong turn.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::collections::BTreeMap;

use common::{House, at, live, pass, session_id, settings, word};
use gatewarden_documents::{Frame, KindDefinition, kinds::Amend};
use gatewarden_engine::{
    BinCount, Command, CountPhase, DOCUMENTS, DocumentAct, Judge, Reply, Settings, Trial, WORKFLOWS,
};
use gatewarden_model::{
    ApprovalAct, Body, CountSeen, Document, DocumentContent, DocumentKind, DocumentLine,
    DocumentStep, Entry, Hash, MovementKind, ReturnTo, Verdict, canonical,
};
use gatewarden_workflow::{Approve, Mode, Node, Workflow, Workflows};

const DOCK: &str = "wh1/dock";
const RACK: &str = "wh1/a-01";

fn workflow(name: &str, kinds: &[DocumentKind]) -> Workflow {
    let step = Node::Approve(Approve {
        name: "supervisor".parse().unwrap(),
        title: "supervisor".to_owned(),
        mode: Mode::AnyOne,
        approvers: vec!["role:warehouse-supervisor".parse().unwrap()],
        weights: BTreeMap::new(),
        threshold: 0,
        signs: vec![],
        distinct_from: vec![],
        allow: vec![],
        transfer_to: vec![],
        return_to: vec![ReturnTo::Initiator],
        remind_after_h: 0,
        escalate_after_h: 0,
        escalate_to: vec![],
    });
    Workflow {
        name: name.parse().unwrap(),
        title: name.to_owned(),
        kinds: kinds.to_vec(),
        once: false,
        fallback: vec!["role:warehouse-supervisor".parse().unwrap()],
        steps: vec![step],
    }
}

fn text<T: serde::Serialize>(value: &T) -> String {
    String::from_utf8(canonical::encode(value).unwrap()).unwrap()
}

/// The shipped kind, and no other, so that all else moves without papers; counts are ordered and decided on by a supervisor.
fn parts() -> BTreeMap<String, String> {
    parts_with(|_| {})
}

/// As `parts`, with another definition of the order.
fn parts_with(change: impl Fn(&mut KindDefinition)) -> BTreeMap<String, String> {
    let mut kinds = gatewarden_config::procedures::documents::shipped_kinds();
    kinds.kinds.retain(|kind| kind.kind == DocumentKind::CountOrder);
    kinds.kinds.iter_mut().for_each(change);
    let workflows = Workflows {
        workflows: vec![
            workflow("count-order", &[DocumentKind::CountOrder]),
            workflow("count-difference", &[]),
        ],
        ..Workflows::default()
    };
    BTreeMap::from([(DOCUMENTS.to_owned(), text(&kinds)), (WORKFLOWS.to_owned(), text(&workflows))])
}

fn order() -> Document {
    Document { kind: DocumentKind::CountOrder, number: "CO-1".to_owned() }
}

fn content(bins: &[&str]) -> DocumentContent {
    let line = |(number, bin): (u32, &&str)| DocumentLine {
        from: Some(bin.parse().unwrap()),
        ..DocumentLine::new(number, "BOLT-M8".parse().unwrap(), 0)
    };
    DocumentContent {
        title: "the dock".to_owned(),
        station: Some("dock-1".to_owned()),
        lines: (1..).zip(bins).map(line).collect(),
        ..DocumentContent::new(order())
    }
}

trait Counting {
    fn written(&mut self, content: &DocumentContent) -> Hash;
    fn sign(&mut self, verdict: Verdict) -> Command;
    fn counted(&self, who: &str, bin: &str, seen: &[(&str, i64)]) -> Command;
    fn at_dock(&mut self, n: u128, who: &str);
    fn sees(&mut self, n: u128, things: &str) -> String;
    fn phase(&self) -> Option<CountPhase>;
    fn frame(&self) -> Option<Frame>;
    fn versions(&self) -> Vec<DocumentContent>;
}

impl Counting for House {
    fn written(&mut self, content: &DocumentContent) -> Hash {
        let command = Command::WriteDocument { content: content.clone(), by: self.by("sue") };
        for missing in self.engine.missing_documents(&self.now, &command) {
            self.engine.supply_document(missing, None);
        }
        let Reply::Document { digest, .. } = self.ok(command) else { panic!() };
        digest
    }

    /// The supervisor says this of the newest version.
    fn sign(&mut self, verdict: Verdict) -> Command {
        let on = self.engine.state().document(&order()).unwrap().digest;
        let act = ApprovalAct::Decide { node: None, on, verdict, comment: String::new() };
        Command::ActOnDocument { document: order(), act, by: self.by("max") }
    }

    fn counted(&self, who: &str, bin: &str, seen: &[(&str, i64)]) -> Command {
        let seen = seen.iter().map(|(item, quantity)| CountSeen {
            thing: None,
            item: item.parse().unwrap(),
            bucket: Default::default(),
            quantity: *quantity,
            elsewhere: None,
        });
        let count = BinCount { bin: bin.parse().unwrap(), seen: seen.collect(), done: true };
        Command::CountBin { document: order(), count, by: self.by(who) }
    }

    /// Somebody takes over the dock.
    fn at_dock(&mut self, n: u128, who: &str) {
        self.now = at(self.now.mono_us / 1_000_000 + 10);
        self.sign_in(n, Some("dock-1"), who);
    }

    /// A pass at the dock, in the session that is open there.
    fn sees(&mut self, n: u128, things: &str) -> String {
        let from_s = self.now.mono_us / 1_000_000 + 1;
        self.now = at(from_s + 3);
        let session = self.engine.state().session_at(&"dock-1".parse().unwrap()).map(|s| s.id);
        word(&self.handle(Command::Pass(pass(n, "dock-1", session, from_s, things))))
    }

    fn phase(&self) -> Option<CountPhase> {
        Some(self.engine.state().document(&order())?.count.as_ref()?.phase)
    }

    fn frame(&self) -> Option<Frame> {
        self.engine.state().document(&order()).map(|open| open.frame())
    }

    fn versions(&self) -> Vec<DocumentContent> {
        let written = |entry: &Entry| match &entry.body {
            Body::DocumentWritten { content, .. } => Some(content.clone()),
            _ => None,
        };
        self.journal.iter().filter_map(written).collect()
    }
}

/// Bolts of these serials, as a pass sees them.
fn bolts(serials: std::ops::RangeInclusive<u32>) -> String {
    serials.map(|n| format!("bolt#{n} ")).collect()
}

/// 10 bolts at the dock, and an approved order to count these bins, by sue.
fn ordered(bins: &[&str]) -> House {
    ordered_under(parts(), bins)
}

fn ordered_under(procedures: BTreeMap<String, String>, bins: &[&str]) -> House {
    let mut house = House::with_both(Settings { procedures, ..settings() }, common::access());
    house.enrol("kim", &["storekeeper"]);
    house.sign_in(1, Some("dock-1"), "sam");
    house.receive(1, "10 BOLT-M8 10 in", &bolts(1..=10));
    house.ok(Command::DefineProcedures);
    house.sign_in(2, None, "sue");
    let digest = house.written(&content(bins));
    let by = house.by("sue");
    house.ok(Command::SubmitDocument { document: order(), digest, by });
    assert_eq!(house.frame(), Some(Frame::InApproval));
    let yes = house.sign(Verdict::Approve);
    house.ok(yes);
    assert_eq!(
        (house.frame(), house.phase()),
        (Some(Frame::InExecution), Some(CountPhase::Counting))
    );
    house
}

/// Two bolts are missing by the counts of sam and kim; the supervisor is asked.
fn decided_on() -> House {
    let mut house = ordered(&[DOCK]);
    assert_eq!(house.sees(11, &bolts(1..=8)), "ok");
    let done = house.counted("sam", DOCK, &[]);
    house.ok(done);
    assert_eq!(house.phase(), Some(CountPhase::Recounting));
    house.at_dock(3, "kim");
    assert_eq!(house.sees(12, &bolts(1..=8)), "ok");
    assert_eq!(house.sees(13, "text:wh1/dock"), "ok");
    assert_eq!(house.phase(), Some(CountPhase::Deciding));
    house
}

#[test]
fn what_two_people_count_alike_is_signed_by_a_third_and_posted() {
    let mut house = decided_on();
    assert_eq!(house.stock("BOLT-M8", DOCK), 10, "nothing is posted before it is signed");
    let found = house.versions().pop().unwrap();
    assert_eq!((found.version, found.lines.len(), found.lines[0].quantity), (2, 1, 2));
    let told: Vec<_> = found.lines[0].custom.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(told, ["book=10", "counted=8"]);
    let yes = house.sign(Verdict::Approve);
    house.ok(yes);
    assert_eq!(house.stock("BOLT-M8", DOCK), 8);
    assert_eq!(house.frame(), None, "it is closed");
    let moved = house.journal.iter().rev().find_map(|entry| match &entry.body {
        Body::Moved { movement, .. } => Some(movement.clone()),
        _ => None,
    });
    let moved = moved.unwrap();
    assert_eq!((moved.kind, moved.operator.as_str()), (MovementKind::Count, "max"));
    assert_eq!(moved.document_digest, Some(found.digest()));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_count_that_agrees_with_the_book_ends_without_anybody_signing() {
    let mut house = ordered(&[DOCK]);
    assert_eq!(house.sees(11, &bolts(1..=6)), "ok");
    // The same thing again, and what the first pass did not see.
    assert_eq!(house.sees(12, &bolts(5..=10)), "ok");
    assert_eq!(house.sees(13, "text:wh1/dock"), "ok");
    assert_eq!(house.frame(), None);
    assert_eq!(house.versions().len(), 1);
    assert_eq!(house.stock("BOLT-M8", DOCK), 10);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn nobody_counts_a_bin_twice_nor_one_that_stands_nor_one_of_another_order() {
    let mut house = ordered(&[DOCK, RACK]);
    let nothing = house.counted("sam", RACK, &[]);
    house.ok(nothing.clone());
    assert_eq!(house.refused(nothing), "recount-same-person");
    let stands = house.counted("sue", RACK, &[]);
    assert_eq!(house.refused(stands), "bin-counted");
    let foreign = house.counted("sam", "wh1/b-01", &[]);
    assert_eq!(house.refused(foreign), "bin-foreign");
    let less = house.counted("sam", DOCK, &[("BOLT-M8", -1)]);
    assert_eq!(house.refused(less), "quantity-impossible");
    let unknown = house.counted("sam", DOCK, &[("BOLT-M9", 1)]);
    assert_eq!(house.refused(unknown), "unknown-item");
    // Several bins: a pass needs the label of one.
    assert_eq!(house.sees(11, &bolts(1..=2)), "bin-unknown");
    assert_eq!(house.sees(12, &format!("text:{DOCK} text:{RACK}")), "bin-unclear");
    let short = house.counted("sam", DOCK, &[("BOLT-M8", 9)]);
    house.ok(short);
    assert_eq!(house.phase(), Some(CountPhase::Recounting));
    assert_eq!(house.sees(13, &format!("text:{DOCK} bolt#1")), "recount-same-person");
    let told = house.journal.iter().filter_map(|entry| match &entry.body {
        Body::Denied { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    for reason in told {
        assert!(!reason.contains("10"), "a refusal tells the book: {reason}");
    }
    let machine = Command::CountBin {
        document: order(),
        count: BinCount { bin: DOCK.parse().unwrap(), seen: vec![], done: true },
        by: common::erp(),
    };
    assert_eq!(house.refused(machine), "denied");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn nothing_moves_in_a_bin_that_is_counted_until_that_is_decided() {
    let mut house = ordered(&[DOCK]);
    let task =
        common::task(7, "counter-1", MovementKind::PutAway, &["10 BOLT-M8 1 wh1/dock wh1/shelf"]);
    house.sign_in(4, Some("counter-1"), "kim");
    let goes = |house: &mut House, n: u128| {
        let from_s = house.now.mono_us / 1_000_000 + 1;
        house.now = at(from_s + 3);
        let seen = pass(n, "counter-1", Some(session_id(4)), from_s, "bolt#1");
        word(&house.handle(Command::Pass(seen)))
    };
    let by = common::erp();
    house.ok(Command::OpenTask { task, by });
    assert_eq!(goes(&mut house, 21), "bin-frozen");
    assert_eq!(house.stock("BOLT-M8", DOCK), 10);
    let done = house.counted("sam", DOCK, &[("BOLT-M8", 10)]);
    house.ok(done);
    assert_eq!(house.frame(), None);
    assert_eq!(goes(&mut house, 22), "posted");
    assert_eq!(house.stock("BOLT-M8", DOCK), 9);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_is_rejected_or_cancelled_posts_nothing_and_thaws() {
    let mut house = decided_on();
    let no = house.sign(Verdict::Reject);
    house.ok(no);
    assert_eq!((house.frame(), house.phase()), (Some(Frame::Rejected), None));
    assert_eq!(house.engine.state().reservations().count(), 0);
    house.at_dock(5, "sam");
    house.receive(2, "10 BOLT-M8 1 in", "bolt#50");
    assert_eq!(house.stock("BOLT-M8", DOCK), 11);
    assert_eq!(house.judged(), Vec::<String>::new());

    let mut house = decided_on();
    let by = house.by("sue");
    let act = |act, by| Command::EndDocument {
        document: order(),
        act,
        digest: None,
        reason: "void".into(),
        by,
    };
    assert_eq!(house.refused(act(DocumentAct::Close, by.clone())), "count-open");
    let write = Command::WriteDocument {
        content: DocumentContent { version: 3, ..content(&[DOCK]) },
        by: house.by("sue"),
    };
    assert_eq!(house.refused(write), "count-open");
    house.ok(act(DocumentAct::Cancel, by));
    assert_eq!(house.frame(), None);
    house.at_dock(5, "sam");
    house.receive(2, "10 BOLT-M8 1 in", "bolt#50");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_count_that_runs_is_not_written_anew_with_others_either() {
    // A file that says so is refused; a journal of before may have it.
    let parts = parts_with(|kind| kind.amend = Amend::InExecution);
    for mut house in [ordered_under(parts, &[DOCK]), decided_on()] {
        let versions = house.versions().len();
        let other = content(&[RACK]);
        let by = house.by("sue");
        let tried = house.engine.try_version(&mut Trial::of(by.clone()), other.clone());
        assert_eq!(tried.unwrap_err()[0].code, "count-open");
        let all = Command::WriteDocuments { contents: vec![other].into(), by };
        assert_eq!(house.refused(all), "count-open");
        assert_eq!(house.versions().len(), versions);
        assert_eq!(house.judged(), Vec::<String>::new());
    }
}

#[test]
fn who_counted_or_ordered_it_does_not_sign_it() {
    for who in ["sam", "kim", "sue"] {
        let mut house = decided_on();
        house.enrol(who, &["storekeeper", "warehouse-supervisor"]);
        house.sign_in(8, None, who);
        let Command::ActOnDocument { document, act, .. } = house.sign(Verdict::Approve) else {
            panic!()
        };
        let by = house.by(who);
        let refused = house.refused(Command::ActOnDocument { document, act, by });
        assert!(["denied", "not-asked", "own-document"].contains(&refused), "{who}: {refused}");
    }
}

#[test]
fn what_is_sent_back_is_counted_once_more_by_somebody_else() {
    let mut house = decided_on();
    let on = house.engine.state().document(&order()).unwrap().digest;
    let act = ApprovalAct::Return {
        node: None,
        on,
        to: ReturnTo::Initiator,
        comment: "look behind".into(),
    };
    let by = house.by("max");
    house.ok(Command::ActOnDocument { document: order(), act, by });
    assert_eq!(house.phase(), Some(CountPhase::Recounting));
    let own = house.counted("kim", DOCK, &[]);
    assert_eq!(house.refused(own), "recount-same-person");
    // Somebody looks behind the shelf: all are there.
    house.at_dock(6, "sue");
    assert_eq!(house.sees(31, &bolts(1..=10)), "ok");
    assert_eq!(house.sees(32, "text:wh1/dock"), "ok");
    assert_eq!(house.frame(), None, "counted anew, it agrees with the book");
    assert_eq!(house.versions().len(), 2);
    assert_eq!(house.stock("BOLT-M8", DOCK), 10);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_belongs_elsewhere_is_found_and_told_from_where() {
    let mut house = ordered(&[RACK]);
    // A bolt of the dock lies in the rack; and a nut that belongs nowhere; and something unknown.
    assert_eq!(house.sees(11, "bolt#3 nut#1 whatever"), "ok");
    assert_eq!(house.sees(12, "text:wh1/a-01"), "ok");
    assert_eq!(house.phase(), Some(CountPhase::Recounting));
    house.at_dock(3, "kim");
    assert_eq!(house.sees(13, "bolt#3 nut#1"), "ok");
    assert_eq!(house.sees(14, "text:wh1/a-01"), "ok");
    let found = house.versions().pop().unwrap();
    let told: Vec<String> = found
        .lines
        .iter()
        .map(|line| {
            let custom: Vec<_> = line.custom.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{} {} {}", line.item, line.quantity, custom.join(" "))
        })
        .collect();
    assert_eq!(
        told,
        ["BOLT-M8 1 book=0 counted=1 elsewhere=1 of wh1/dock", "NUT-M8 1 book=0 counted=1"]
    );
    let yes = house.sign(Verdict::Approve);
    house.ok(yes);
    assert_eq!((house.stock("BOLT-M8", RACK), house.stock("NUT-M8", RACK)), (1, 1));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_restart_forgets_nothing_of_a_count() {
    let mut house = ordered(&[DOCK]);
    house.sees(11, &bolts(1..=8));
    for step in 0..4 {
        let restarted = house.restarted();
        assert_eq!(restarted.state(), house.engine.state(), "{step}");
        match step {
            0 => {
                // The same pass again is no second sight.
                let before = house.journal.len();
                house.engine = restarted;
                house.engine.supply_document(order(), None);
                let again = pass(11, "dock-1", Some(session_id(1)), 1, "bolt#1");
                assert_eq!(word(&house.handle(Command::Pass(again))), "ok");
                assert_eq!(house.journal.len(), before);
                let done = house.counted("sam", DOCK, &[]);
                house.ok(done);
            }
            1 => {
                house.at_dock(3, "kim");
                house.sees(12, &bolts(1..=8));
            }
            2 => {
                let done = house.counted("kim", DOCK, &[]);
                house.ok(done);
                assert_eq!(house.phase(), Some(CountPhase::Deciding));
            }
            _ => {
                house.engine = restarted;
                let yes = house.sign(Verdict::Approve);
                house.ok(yes);
            }
        }
    }
    assert_eq!(house.stock("BOLT-M8", DOCK), 8);
    assert!(live(&house.journal).iter().all(|entry| !matches!(entry.body, Body::Reserved { .. })));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_count_waits_while_another_one_runs_in_its_bins() {
    let mut house = ordered(&[DOCK]);
    let mut second = content(&["wh1/dock"]);
    second.document.number = "CO-2".to_owned();
    let digest = house.written(&second);
    let by = house.by("sue");
    let document = second.document.clone();
    assert_eq!(house.refused(Command::SubmitDocument { document, digest, by }), "bin-frozen");
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// A journal in which something about the count was changed by a program that signs whatever it likes.
#[test]
fn the_judge_finds_what_no_count_led_to() {
    let mut house = decided_on();
    let yes = house.sign(Verdict::Approve);
    house.ok(yes);
    type Forge = fn(&mut Body) -> bool;
    fn sheet(body: &mut Body) -> Option<&mut gatewarden_model::CountSheet> {
        match body {
            Body::DocumentStepped { step: DocumentStep::Counted { sheet }, .. } => Some(sheet),
            _ => None,
        }
    }
    let forged: [(&str, Forge); 9] = [
        ("the first counter counts again", |body| {
            sheet(body).filter(|s| s.by[0].as_str() == "kim").is_some_and(|s| {
                s.by = vec!["sam".parse().unwrap()];
                true
            })
        }),
        ("more was found than the pass saw", |body| {
            sheet(body).filter(|s| !s.seen.is_empty()).is_some_and(|s| {
                s.seen[0].thing = Some("bolt#99".to_owned());
                true
            })
        }),
        ("another bin", |body| {
            sheet(body).is_some_and(|s| {
                s.bin = "wh1/x".parse().unwrap();
                true
            })
        }),
        ("at another station", |body| {
            sheet(body).and_then(|s| s.pass.as_mut()).is_some_and(|pass| {
                pass.station = "counter-1".parse().unwrap();
                true
            })
        }),
        ("another book", |body| {
            sheet(body).filter(|s| !s.book.is_empty()).is_some_and(|s| {
                s.book[0].quantity = 8;
                true
            })
        }),
        ("another difference", |body| match body {
            Body::DocumentWritten { content, .. } if content.version == 2 => {
                content.lines[0].quantity = 1;
                true
            }
            _ => false,
        }),
        ("another workflow", |body| match body {
            Body::DocumentStepped { step: DocumentStep::Submitted { workflow, .. }, .. } => {
                *workflow = Some("count-order".to_owned());
                true
            }
            _ => false,
        }),
        ("other figures posted", |body| match body {
            Body::Moved { movement, .. } if movement.kind == MovementKind::Count => {
                movement.counts[0].counted = 9;
                true
            }
            _ => false,
        }),
        ("other figures reserved", |body| match body {
            Body::Reserved { posting, .. } => {
                posting.counts[0].quantity = "9".to_owned();
                true
            }
            _ => false,
        }),
    ];
    assert_eq!(house.judged(), Vec::<String>::new());
    let judge = |journal: &[&Entry]| -> Vec<String> {
        let mut judge = Judge::knowing(house.engine.access().clone());
        journal.iter().filter_map(|entry| judge.judge(entry)).collect()
    };
    for (what, forge) in forged {
        let mut journal = house.journal.clone();
        let touched: usize = journal.iter_mut().map(|e| usize::from(forge(&mut e.body))).sum();
        assert!(touched > 0, "{what}");
        let told = judge(&journal.iter().collect::<Vec<_>>());
        assert!(!told.is_empty(), "{what} is not found");
    }
    let is_last = |entry: &Entry| {
        matches!(&entry.body, Body::DocumentStepped { step: DocumentStep::Closed { .. }, .. })
    };
    // A pass more or less of one person is no wrong decision; what ends a bin is.
    let is_sight = |entry: &Entry| match &entry.body {
        Body::DocumentStepped { step: DocumentStep::Counted { sheet }, .. } => !sheet.done,
        _ => false,
    };
    for gone in 0..house.journal.len() {
        let entry = &house.journal[gone];
        let of_document = matches!(
            &entry.body,
            Body::DocumentStepped { .. } | Body::DocumentWritten { .. } | Body::Reserved { .. }
        );
        if of_document && !is_last(entry) && !is_sight(entry) {
            let rest = house.journal.iter().enumerate().filter(|(at, _)| *at != gone);
            let told = judge(&rest.map(|(_, entry)| entry).collect::<Vec<_>>());
            assert!(!told.is_empty(), "{:?} is not missed", entry.body);
        }
    }
}

#[test]
fn what_is_seen_while_nobody_is_signed_in_counts_nothing() {
    let mut house = ordered(&[DOCK]);
    house.ok(Command::SignOut { session: session_id(1), reason: "operator".into() });
    let seen = pass(41, "dock-1", None, 50, "bolt#1");
    house.now = at(60);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "quarantined");
    assert_eq!(house.phase(), Some(CountPhase::Counting));
    assert_eq!(house.judged(), Vec::<String>::new());
}
