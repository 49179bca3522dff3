//! Access jobs in a running session: one at a time, beside the inventory, which goes on.
//!
//! A job goes by an AccessSpec of its own for our ROSpec. Where the TID of each tag is read by an AccessSpec too, that
//! one rests meanwhile, because a reader does one AccessSpec a tag: reads then tell no TID. Invariants: every job that
//! was taken ends in exactly one [`SessionEvent::Accessed`], before the end of its session at the latest; what was
//! not answered for certain is never told as done; no AccessSpec of a job outlives it (one that a lost connection left
//! behind is deleted before anything else is asked for on the next). Absent: whether somebody may (the engine).

use super::{Session, SessionEvent, State};
use crate::{
    access::{AccessError, AccessRun, Job},
    codec::{LlrpStatus, Message, MessageKind, report::VENDOR_IMPINJ},
    plan::tid,
};

/// The AccessSpec of a job.
pub(crate) const JOB_SPEC: u32 = 0x6757_0002;
/// Where the ids of a job's requests begin; the session's own count from 1.
const FIRST_ID: u32 = 0x8000_0000;

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    run: Option<AccessRun>,
    next_id: u32,
    /// The request that wakes the AccessSpec that reads TIDs, until it was answered.
    waking: Option<u32>,
}

impl Session {
    /// Begins a job; its AccessSpec and ROSpec are chosen here. Its outcome is an event.
    pub fn access(&mut self, job: Job, now_us: u64) -> Result<(), AccessError> {
        if !self.is_running() {
            return Err(AccessError::NotReady);
        }
        if self.jobs.run.is_some() {
            return Err(AccessError::Busy);
        }
        if self.reads_tids_by_access() {
            let id = self.id();
            self.send(tid::on(MessageKind::DISABLE_ACCESSSPEC, id));
        }
        let job = Job { spec: JOB_SPEC, rospec: self.rospec, ..job };
        let first = FIRST_ID | self.jobs.next_id;
        // A job has at most nine requests.
        self.jobs.next_id = self.jobs.next_id.wrapping_add(16) & (FIRST_ID - 1);
        self.jobs.run = Some(AccessRun::new(job, first, now_us));
        self.go_on();
        Ok(())
    }

    /// Whether a job is under way.
    #[must_use]
    pub fn is_accessing(&self) -> bool {
        self.jobs.run.is_some()
    }

    /// Asks the reader to forget a job of an earlier connection. What it answers does not matter: most often there
    /// is none.
    pub(super) fn forget_jobs(&mut self) {
        if self.forgets_jobs {
            let id = self.id();
            self.send(Message::new(MessageKind::DELETE_ACCESSSPEC, id).field(JOB_SPEC));
        }
    }

    pub(super) fn job_deadline_us(&self) -> Option<u64> {
        let run = self.jobs.run.as_ref().filter(|_| self.state == State::Running)?;
        run.wake_at_us()
    }

    pub(super) fn job_time(&mut self, now_us: u64) {
        if let Some(run) = &mut self.jobs.run {
            run.tick(now_us);
            self.go_on();
        }
    }

    /// Hands a message to the job; true where it was an answer to it.
    pub(super) fn job_message(&mut self, now_us: u64, message: &Message) -> bool {
        if self.jobs.waking == Some(message.id) {
            self.jobs.waking = None;
            let status = message.get::<LlrpStatus>().ok().flatten();
            if !status.is_some_and(|status| status.is_success()) {
                self.down("the reader reads no TIDs any more after an access".to_owned());
            }
            return true;
        }
        let Some(run) = &mut self.jobs.run else { return false };
        let ours = run.handle(message, now_us);
        self.go_on();
        ours
    }

    /// The session ends: what is known of the job is told.
    pub(super) fn abandon_job(&mut self) {
        if let Some(run) = self.jobs.run.take() {
            self.events.push_back(SessionEvent::Accessed(run.lost()));
        }
    }

    fn go_on(&mut self) {
        let Some(mut run) = self.jobs.run.take() else { return };
        while let Some(message) = run.next() {
            self.send(message);
        }
        let Some(outcome) = run.outcome().cloned() else {
            // Sending may have ended the session.
            match self.state {
                State::Over => self.events.push_back(SessionEvent::Accessed(run.lost())),
                _ => self.jobs.run = Some(run),
            }
            return;
        };
        let left_behind = run.leaves_a_spec();
        self.events.push_back(SessionEvent::Accessed(outcome));
        if left_behind {
            return self.down("the reader does not answer about an AccessSpec".to_owned());
        }
        if self.reads_tids_by_access() {
            let id = self.id();
            self.jobs.waking = Some(id);
            self.send(tid::on(MessageKind::ENABLE_ACCESSSPEC, id));
        }
    }

    fn reads_tids_by_access(&self) -> bool {
        self.settings.tid && self.identity.manufacturer != VENDOR_IMPINJ
    }
}
