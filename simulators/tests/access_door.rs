//! Work on tags through the driver's own task, beside its inventory: what is verified, what is certain, what is not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewarden_llrp::access::{
    AccessError, AccessRequest, Bank, Job, LockField, Operation, Outcome, Privilege, Target,
};
use gatewarden_llrp::{Doors, Settings, run_with_doors};
use gatewarden_model::{Clock, DeviceEvent, DeviceId, DeviceState, ReadValue, Signal, Stamp};
use gatewarden_simulators::llrp::{LlrpOptions, SimReader, SimTag, TagMemory};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: u32 = 0xCAFE_F00D;
const A: [u8; 12] = [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0, 1];
const B: [u8; 12] = [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0, 2];

struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Stamp {
        let mono_us = 1_000_000 + u64::try_from(self.0.elapsed().as_micros()).unwrap();
        let boot = uuid::Uuid::from_u128(7);
        Stamp { boot, mono_us, wall_us: i64::try_from(mono_us).unwrap(), synced: true }
    }
}

struct Driver {
    inbox: mpsc::Receiver<DeviceEvent>,
    door: mpsc::Sender<AccessRequest>,
    _signals: watch::Sender<Signal>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

type Told = oneshot::Receiver<Result<Outcome, AccessError>>;

impl Driver {
    async fn up(settings: Settings) -> Self {
        let (events, inbox) = mpsc::channel(4096);
        let (signals_kept, signals) = watch::channel(Signal::Off);
        let (door, access) = mpsc::channel(4);
        let stop = CancellationToken::new();
        let device = DeviceId::parse("dock-1").unwrap();
        let clock = Arc::new(TestClock(Instant::now()));
        let doors = Doors { signals, access };
        let task =
            tokio::spawn(run_with_doors(device, settings, clock, events, doors, stop.clone()));
        let mut driver = Self { inbox, door, _signals: signals_kept, stop, task };
        driver.until_up().await;
        driver
    }

    async fn until<T>(&mut self, mut pick: impl FnMut(DeviceEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.inbox.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap()
    }

    async fn until_up(&mut self) {
        self.until(|event| match event {
            DeviceEvent::State { state: DeviceState::Up { .. }, .. } => Some(()),
            _ => None,
        })
        .await;
    }

    /// The TID of the next read that tells one.
    async fn tid(&mut self) -> Vec<u8> {
        self.until(|event| match event {
            DeviceEvent::Reads(reads) => reads.into_iter().find_map(|read| match read.value {
                ReadValue::Tag(tag) => tag.tid,
                ReadValue::Scan(_) => None,
            }),
            _ => None,
        })
        .await
    }

    fn ask(&self, epc: &[u8], operation: Operation) -> Told {
        let job = Job {
            spec: 0,
            rospec: 0,
            antenna: 0,
            target: Target::epc(epc),
            password: PASSWORD,
            operation,
            survey_us: 150_000,
            timeout_us: 2_000_000,
        };
        let (answer, told) = oneshot::channel();
        self.door.try_send(AccessRequest { job, answer }).unwrap();
        told
    }

    async fn done(&self, epc: &[u8], operation: Operation) -> Result<Outcome, AccessError> {
        timeout(PATIENCE, self.ask(epc, operation)).await.unwrap().unwrap()
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }
}

async fn reader(epcs: &[&[u8]]) -> SimReader {
    let reader = SimReader::start(LlrpOptions::default()).await.unwrap();
    let tag = |epc: &&[u8]| SimTag { epc: epc.to_vec(), antenna: 1, rssi_dbm: -50 };
    reader.set_field(epcs.iter().map(tag).collect());
    for epc in epcs {
        let memory =
            TagMemory { access_password: PASSWORD, kill_password: 0xDEAD, ..TagMemory::fresh(epc) };
        reader.set_memory(epc, memory);
    }
    reader
}

fn write(data: u16) -> Operation {
    Operation::Write { bank: Bank::User, pointer: 3, data: vec![data] }
}

fn bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// On a reader whose TIDs are read by an AccessSpec too, which rests meanwhile.
#[tokio::test]
async fn a_tag_is_written_locked_and_killed_beside_the_inventory() {
    let reader = reader(&[&A, &B]).await;
    let settings = Settings { tid: true, ..Settings::new(reader.address().to_string()) };
    let mut driver = Driver::up(settings).await;
    driver.tid().await;
    let done = driver.done(&A, write(0xBEEF)).await.unwrap();
    assert_eq!((done.epc, done.words), (A.to_vec(), vec![0xBEEF]));
    assert_eq!(done.tid, reader.memory(&A).tid);
    assert_eq!((reader.memory(&A).user[3], reader.memory(&B).user[3]), (0xBEEF, 0));
    let lock = Operation::Lock { field: LockField::User, privilege: Privilege::Lock };
    driver.done(&A, lock).await.unwrap();
    assert!(reader.memory(&A).locked[4]);
    // The inventory went on, and tells TIDs again.
    while driver.inbox.try_recv().is_ok() {}
    let known = [bytes(&reader.memory(&A).tid), bytes(&reader.memory(&B).tid)];
    assert!(known.contains(&driver.tid().await));
    let wrong = driver.done(&A, Operation::Kill { password: 1 }).await;
    assert_eq!(wrong, Err(AccessError::Failed("Incorrect_Password_Error".into())));
    driver.done(&A, Operation::Kill { password: 0xDEAD }).await.unwrap();
    assert!(reader.memory(&A).killed && !reader.memory(&B).killed);
    let gone = driver.done(&A, write(1)).await.unwrap_err();
    assert!(gone == AccessError::NoTag && gone.is_untouched());
    driver.stop().await;
}

/// The reader drops in the middle: what was enabled may have happened, what was not did not; nothing of it happens on
/// the next connection.
#[tokio::test]
async fn a_reader_that_drops_leaves_nothing_that_is_told_as_done() {
    let reader = reader(&[&A]).await;
    let mut driver = Driver::up(Settings::new(reader.address().to_string())).await;
    let told = driver.ask(&A, write(7));
    // The survey is under way.
    tokio::time::sleep(Duration::from_millis(60)).await;
    reader.drop_connection();
    let error = timeout(PATIENCE, told).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error, AccessError::LostBefore);
    assert!(error.is_untouched());
    driver.until_up().await;
    assert_eq!(reader.memory(&A).user[3], 0);

    // A tag that nobody waits for any more is left alone.
    drop(driver.ask(&A, write(8)));
    driver.done(&A, write(9)).await.unwrap();
    assert_eq!(reader.memory(&A).user[3], 9);

    // A field that is empty from the survey on: the work is enabled and no result comes.
    let told = driver.ask(&A, write(10));
    tokio::time::sleep(Duration::from_millis(100)).await;
    reader.clear_field();
    let error = timeout(PATIENCE, told).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error, AccessError::TimedOut);
    assert!(!error.is_untouched(), "it may have happened");
    // Nothing is left behind that would happen to the tag once it comes back.
    reader.set_field(vec![SimTag { epc: A.to_vec(), antenna: 1, rssi_dbm: -50 }]);
    driver.done(&A, Operation::Read { bank: Bank::User, pointer: 3, words: 1 }).await.unwrap();
    assert_eq!(reader.memory(&A).user[3], 9);
    driver.stop().await;
}
