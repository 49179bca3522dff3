//! The recorder: the one thread that decides and writes.
//!
//! It takes all commands that wait, lets the engine decide them in order, writes their entries in
//! one group, and answers only after the flush: nobody sees a light, a reply or a query's result
//! that rests on entries which could still be lost. If the group can't be written, every caller of
//! the group gets the error and the engine is built anew from what is on disk, so memory never runs
//! ahead of the journal.

mod alarms;
mod failing;
mod load;
mod pages;
pub(crate) use load::first_since;
mod rotate;
mod thread;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, RwLock},
};

use gatewarden_engine::{
    Access, Command, Engine, Refusal, RefusedDevice, Reply, RuleMemory, Settings,
};
use gatewarden_model::{Clock, DeviceId, OperatorId, SessionId, Signal, StationId, entry::Verdict};
use gatewarden_store::{Ledger, ops::Reserve};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use rotate::Rotation;

use crate::keys::Keys;
use load::{load_engine, new_engine, publish};
use rotate::RotationAnswer;
use thread::Thread;

/// Commands that may wait; more is back-pressure.
const JOBS_MAX: usize = 4096;

/// Why nothing is decided while a shared ledger was away since the start.
const AWAY: &str = "PostgreSQL is away: passes are captured and wait in the spool; sessions can't be \
    opened and nothing is posted until it is there";

/// What a caller gets back.
pub(crate) type Answer = Result<Reply, Refusal>;

/// Why a command was neither decided nor refused.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum RecorderError {
    /// The ledger could not be written; nothing of the command took effect.
    #[error("the ledger could not be written: {0}")]
    NotWritten(String),
    /// The ledger refuses what the engine decided; it would refuse it again. Nothing took effect.
    #[error("the ledger refuses it: {0}")]
    Unrecordable(String),
    /// Too much waits for its witnesses, and the configuration says to stop then.
    #[error("no movement is accepted: {0}")]
    Unwitnessed(String),
    /// The next key of a rotation can't be had. Nothing took effect.
    #[error("the key is not rotated: {0}")]
    NoKey(String),
    /// The recorder's thread has ended.
    #[error("the recorder has stopped")]
    Stopped,
}

enum Job {
    Command {
        command: Box<Command>,
        /// One of those that record the start: they are decided before all others.
        opening: bool,
        credential: Option<(OperatorId, Option<String>)>,
        answer: oneshot::Sender<Result<Answer, RecorderError>>,
    },
    Query(Box<dyn FnOnce(&Engine) + Send>),
    Cosigned(Line),
    Rotate {
        rotation: Box<Rotation>,
        answer: oneshot::Sender<RotationAnswer>,
    },
    /// What somebody read of the journal for rules.
    Remember {
        read: Box<RuleMemory>,
        taken: oneshot::Sender<bool>,
    },
    Begun,
    Shut(oneshot::Sender<()>),
}

/// A witness's line of the checkpoint of `size` entries.
struct Line {
    size: u64,
    line: String,
    kept: oneshot::Sender<Result<(), RecorderError>>,
}

/// What the recorder publishes after every flush.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// The open session of each station, and whether anything counts in it.
    pub(crate) sessions: HashMap<StationId, (SessionId, bool)>,
    /// The devices that are not the ones that were approved.
    pub(crate) refused: BTreeMap<DeviceId, RefusedDevice>,
    /// The last group could not be written.
    pub(crate) failing: bool,
    /// Too much waits for its witnesses: in words, and whether movements stop for it.
    pub(crate) unwitnessed: Option<(String, bool)>,
    /// A shared ledger can't be reached: passes are captured and wait in the spool.
    pub(crate) away: bool,
}

/// A handle to the recorder; cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder {
    jobs: mpsc::Sender<Job>,
    board: Arc<RwLock<Board>>,
    size: watch::Receiver<u64>,
    /// What comes by this handle records the start.
    opening: bool,
}

/// What the recorder is made of.
pub(crate) struct Parts {
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    pub(crate) clock: Arc<dyn Clock>,
    /// Signals go out here, after the flush.
    pub(crate) signals: mpsc::UnboundedSender<(StationId, Signal)>,
    /// Entries of one group at most.
    pub(crate) group_rows_max: usize,
    /// Room for recording that the disk is full.
    pub(crate) reserve: Reserve,
    /// Where the ledger's keys are, of which the ledger was given all at hand.
    pub(crate) keys: Keys,
}

impl Recorder {
    /// Loads the state from the ledger and starts the thread.
    pub(crate) fn start(mut parts: Parts) -> anyhow::Result<Self> {
        // A shared ledger may be away: everything waits until it is there and the start is recorded.
        let away = parts.ledger.is_away();
        let engine = if away { new_engine(&parts) } else { load_engine(&mut parts)? };
        let (jobs, queue) = mpsc::channel(JOBS_MAX);
        let (size_sender, size) = watch::channel(parts.ledger.next_seq());
        let board = Arc::new(RwLock::new(Board::default()));
        publish(&board, &engine);
        let thread = Thread {
            parts,
            engine,
            board: Arc::clone(&board),
            size: size_sender,
            stuck: away,
            unbegun: away,
            again_at: None,
            full: None,
        };
        if !away {
            // What an earlier run left of a rotation.
            thread.settle_keys(false);
        }
        thread.set_failing(away);
        thread.set_away(away);
        std::thread::Builder::new().name("recorder".into()).spawn(move || thread.serve(queue))?;
        Ok(Self { jobs, board, size, opening: false })
    }

    /// Decides a command; the answer comes after the flush.
    pub(crate) async fn command(&self, command: Command) -> Result<Answer, RecorderError> {
        self.command_with(command, None).await
    }

    /// As `command`, and sets or removes an operator's PIN hash in the same transaction if it is
    /// accepted.
    pub(crate) async fn command_with(
        &self,
        command: Command,
        credential: Option<(OperatorId, Option<String>)>,
    ) -> Result<Answer, RecorderError> {
        if let Some((reason, true)) = self.unwitnessed()
            && moves_stock(&command)
        {
            return Err(RecorderError::Unwitnessed(reason));
        }
        let opening = self.opening;
        let (answer, answered) = oneshot::channel();
        let job = Job::Command { command: Box::new(command), opening, credential, answer };
        self.jobs.send(job).await.map_err(|_| RecorderError::Stopped)?;
        answered.await.map_err(|_| RecorderError::Stopped)?
    }

    /// A handle whose commands record the start: where the ledger was away, they come before all
    /// others, until `begun`.
    pub(crate) fn opening(&self) -> Self {
        Self { opening: true, ..self.clone() }
    }

    /// After the start is recorded: everything else is decided from now on.
    pub(crate) async fn begun(&self) -> Result<(), RecorderError> {
        self.jobs.send(Job::Begun).await.map_err(|_| RecorderError::Stopped)
    }

    /// Looks at the engine's state as it stands on disk.
    pub(crate) async fn query<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, RecorderError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Query(Box::new(move |engine| {
            let _ = answer.send(look(engine));
        }));
        self.jobs.send(job).await.map_err(|_| RecorderError::Stopped)?;
        answered.await.map_err(|_| match self.is_away() {
            true => RecorderError::NotWritten(AWAY.to_owned()),
            false => RecorderError::Stopped,
        })
    }

    /// Hands over what was read of the journal for rules, up to a few entries ago; false where that was too little,
    /// or the rules ask for something else meanwhile.
    pub(crate) async fn remember(&self, read: RuleMemory) -> Result<bool, RecorderError> {
        let (taken, is_taken) = oneshot::channel();
        let job = Job::Remember { read: Box::new(read), taken };
        self.jobs.send(job).await.map_err(|_| RecorderError::Stopped)?;
        is_taken.await.map_err(|_| RecorderError::Stopped)
    }

    /// Whether a shared ledger can't be reached, so that nothing can be decided.
    pub(crate) fn is_away(&self) -> bool {
        self.board.read().is_ok_and(|board| board.away)
    }

    /// The session that is open at a station, as flushed.
    pub(crate) fn session_at(&self, station: &StationId) -> Option<SessionId> {
        self.standing_at(station).map(|(session, _)| session)
    }

    /// The session that is open at a station, and whether anything counts in it, as flushed.
    pub(crate) fn standing_at(&self, station: &StationId) -> Option<(SessionId, bool)> {
        self.board.read().ok()?.sessions.get(station).copied()
    }

    /// The devices that are not the ones that were approved, as flushed.
    pub(crate) fn refused_devices(&self) -> BTreeMap<DeviceId, RefusedDevice> {
        self.board.read().map(|board| board.refused.clone()).unwrap_or_default()
    }

    /// Whether a device is refused, as flushed.
    pub(crate) fn is_refused(&self, device: &DeviceId) -> bool {
        self.board.read().is_ok_and(|board| board.refused.contains_key(device))
    }

    /// Whether the last group of entries could not be written.
    pub(crate) fn is_failing(&self) -> bool {
        self.board.read().is_ok_and(|board| board.failing)
    }

    /// Keeps a witness's line of a checkpoint; it comes after the commands that wait. After an error
    /// it is not kept and can be asked for again.
    pub(crate) async fn cosigned(&self, size: u64, line: String) -> Result<(), RecorderError> {
        let (kept, is_kept) = oneshot::channel();
        let job = Job::Cosigned(Line { size, line, kept });
        self.jobs.send(job).await.map_err(|_| RecorderError::Stopped)?;
        is_kept.await.map_err(|_| RecorderError::Stopped)?
    }

    /// Says that too much waits for its witnesses (in words, and whether movements stop), or that
    /// it is over.
    pub(crate) fn set_unwitnessed(&self, told: Option<(String, bool)>) {
        if let Ok(mut board) = self.board.write() {
            board.unwitnessed = told;
        }
    }

    /// What was said of it last.
    pub(crate) fn unwitnessed(&self) -> Option<(String, bool)> {
        self.board.read().ok()?.unwitnessed.clone()
    }

    /// Changes whenever entries were flushed; the value is the journal's length.
    pub(crate) fn size(&self) -> watch::Receiver<u64> {
        self.size.clone()
    }

    /// Ends the thread after all commands before this one.
    pub(crate) async fn shut(&self) {
        let (done, ended) = oneshot::channel();
        if self.jobs.send(Job::Shut(done)).await.is_ok() {
            let _ = ended.await;
        }
    }
}

/// Whether a command can end in a movement.
fn moves_stock(command: &Command) -> bool {
    match command {
        Command::Pass(_) | Command::Reserve { .. } | Command::PostReservation { .. } => true,
        Command::DecideHold { verdict, .. } => *verdict == Verdict::Accept,
        _ => false,
    }
}
