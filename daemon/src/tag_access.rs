//! Work on tags through a station's readers: hands a job to the reader's driver and records what came of it.
//!
//! Invariants: the entry that asks is flushed before the driver hears of it; whatever happens then (nobody waits for
//! the answer any more, the reader drops, its driver fails) ends in an entry, or in none, which means the same as
//! unknown; nothing is said to be done that the driver has not verified. Passwords go to the driver and nowhere else.
//! Absent: whether somebody may (the engine), the wire (`gatewarden_llrp::access`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gatewarden_engine::Command;
use gatewarden_llrp::access::{AccessRequest, Job, Operation, Outcome, Target, WAITING_MAX};
use gatewarden_model::{DeviceId, DeviceState, TagBank, TagOp, TagOutcome, Tid};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

use crate::app::App;

/// How long it is looked which tags are there, before and after, in microseconds.
const SURVEY_US: u64 = 400_000;
/// How long each request may take, in microseconds.
const STEP_US: u64 = 3_000_000;
/// A job ends by itself sooner: at most nine requests and three looks.
const JOB_TIME: Duration = Duration::from_secs(45);
/// How often it is tried to record what came of it, and the pause between.
const RECORD_TRIES: u32 = 20;
const RECORD_PAUSE: Duration = Duration::from_secs(1);

/// The doors to the drivers that work on tags, by reader.
#[derive(Clone, Default)]
pub(crate) struct TagDoors(Arc<Mutex<BTreeMap<DeviceId, mpsc::Sender<AccessRequest>>>>);

impl TagDoors {
    /// A reader's door; the one it had before leads nowhere any more.
    pub(crate) fn open(&self, device: &DeviceId) -> mpsc::Receiver<AccessRequest> {
        let (send, take) = mpsc::channel(WAITING_MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(device.clone(), send);
        take
    }

    fn of(&self, device: &DeviceId) -> Option<mpsc::Sender<AccessRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(device).cloned()
    }
}

/// What is to be done, with what never stands in an entry.
pub(crate) struct Work {
    /// The tag's key.
    pub(crate) tag: String,
    pub(crate) epc: Vec<u8>,
    pub(crate) device: DeviceId,
    /// 0 is any.
    pub(crate) antenna: u16,
    /// As the entry that asks tells it.
    pub(crate) access: TagOp,
    pub(crate) operation: Operation,
    /// The access password; 0 is none.
    pub(crate) password: u32,
}

/// Does what entry `asked` asks for, and records what came of it.
pub(crate) async fn carry_out(app: App, asked: u64, work: Work) -> TagOutcome {
    let (tag, device) = (work.tag.clone(), work.device.clone());
    let outcome = outcome(&app, work).await;
    tracing::info!(asked, %device, outcome = %outcome.words(), "work on a tag");
    for _ in 0..RECORD_TRIES {
        let (tag, device, outcome) = (tag.clone(), device.clone(), outcome.clone());
        match app.recorder.command(Command::EndTagAccess { asked, tag, device, outcome }).await {
            Ok(Ok(_)) => break,
            Ok(Err(refusal)) => {
                tracing::error!(asked, reason = %refusal.message, "what came of it is not recorded");
                break;
            }
            Err(error) => tracing::error!(asked, %error, "what came of it waits to be recorded"),
        }
        sleep(RECORD_PAUSE).await;
    }
    outcome
}

async fn outcome(app: &App, work: Work) -> TagOutcome {
    let not_done = |reason: String| TagOutcome::NotDone { reason };
    let unknown = |reason: &str| TagOutcome::Unknown { reason: reason.to_owned() };
    let is_up = matches!(app.devices.all().get(&work.device), Some(DeviceState::Up { .. }));
    let Some(door) = app.tag_doors.of(&work.device).filter(|_| is_up) else {
        return not_done(format!("{} is not up: see gatewarden's /devices", work.device));
    };
    let Work { epc, antenna, access, operation, password, .. } = work;
    let job = Job {
        spec: 0,
        rospec: 0,
        antenna,
        target: Target::epc(&epc),
        password,
        operation,
        survey_us: SURVEY_US,
        timeout_us: STEP_US,
    };
    let (answer, told) = oneshot::channel();
    match door.try_send(AccessRequest { job, answer }) {
        Ok(()) => {}
        Err(mpsc::error::TrySendError::Full(_)) => {
            return not_done("the reader has other tags to work on: try again".to_owned());
        }
        Err(mpsc::error::TrySendError::Closed(_)) => {
            return not_done("the reader's driver is starting: try again".to_owned());
        }
    }
    match timeout(JOB_TIME, told).await {
        Ok(Ok(Ok(done))) => self::done(&access, done),
        Ok(Ok(Err(error))) if error.is_untouched() => not_done(error.to_string()),
        Ok(Ok(Err(error))) => unknown(&error.to_string()),
        Ok(Err(_)) => unknown("the reader's driver ended: read the tag to see whether it happened"),
        Err(_) => unknown("no answer in time: read the tag to see whether it happened"),
    }
}

fn done(access: &TagOp, Outcome { tid, words, .. }: Outcome) -> TagOutcome {
    let bytes = |words: &[u16]| -> Vec<u8> { words.iter().flat_map(|w| w.to_be_bytes()).collect() };
    let shows = match access {
        TagOp::Read { bank, .. } | TagOp::Write { bank, .. } => *bank != TagBank::Reserved,
        TagOp::Lock { .. } | TagOp::Kill {} => false,
    };
    let words = shows.then(|| gatewarden_model::hash::hex_upper(&bytes(&words)));
    TagOutcome::Done { tid: Tid::of_read(&bytes(&tid)), words }
}
