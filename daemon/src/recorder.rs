//! The recorder: the one thread that decides and writes.
//!
//! It takes all commands that wait, lets the engine decide them in order, writes their entries in
//! one group, and answers only after the flush: nobody sees a light, a reply or a query's result
//! that rests on entries which could still be lost. If the group can't be written, every caller of
//! the group gets the error and the engine is built anew from what is on disk, so memory never runs
//! ahead of the journal.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use gatewarden_engine::{Access, Command, Engine, Outcome, Refusal, Reply, Settings};
use gatewarden_model::{
    Body, Clock, Day, OperatorId, SessionId, Signal, Stamp, StationId, entry::Verdict,
};
use gatewarden_stock::Wants;
use gatewarden_store::{Group, Ledger, LedgerReader, MovementPage, StoreError, ops::Reserve};
use tokio::sync::{mpsc, oneshot, watch};

use crate::rivals;

/// Commands that may wait; more is back-pressure.
const JOBS_MAX: usize = 4096;
/// Looks into the ledger for one command: each may tell of more that must be known.
const LOOKS_MAX: usize = 4;
/// Movements that are looked at at once to find the last day that counted.
const DAY_MOVEMENTS: usize = 100;
/// Items at places, things and lots that the engine may remember over a flush.
const KNOWN_MAX: usize = 50_000;

/// How long the disk is left alone between two looks for room.
const ROOM_LOOKS_US: u64 = 2_000_000;

/// How often a command is decided anew that lost against another gateway: once with its group, then
/// alone. Beyond it the command is refused, and that is recorded.
const ROUNDS_MAX: u32 = 8;

/// Pause before a ledger that can't be read is asked again.
const AGAIN_PAUSE: Duration = Duration::from_secs(1);

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
    /// The open session of each station.
    pub(crate) sessions: HashMap<StationId, SessionId>,
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

    /// Whether a shared ledger can't be reached, so that nothing can be decided.
    pub(crate) fn is_away(&self) -> bool {
        self.board.read().is_ok_and(|board| board.away)
    }

    /// The session that is open at a station, as flushed.
    pub(crate) fn session_at(&self, station: &StationId) -> Option<SessionId> {
        self.board.read().ok()?.sessions.get(station).copied()
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

struct Thread {
    parts: Parts,
    engine: Engine,
    board: Arc<RwLock<Board>>,
    size: watch::Sender<u64>,
    /// The engine could not be rebuilt after a failed write: nothing may be decided before it is.
    stuck: bool,
    /// The disk is full: when room was last looked for.
    full: Option<Stamp>,
    /// The start is not recorded yet, because the ledger was away: only that may be decided.
    unbegun: bool,
    /// Not before then is the ledger asked again.
    again_at: Option<Instant>,
}

struct Decided {
    command: Command,
    credential: Option<(OperatorId, Option<String>)>,
    answer: oneshot::Sender<Result<Answer, RecorderError>>,
    reply: Answer,
    signals: Vec<(StationId, Signal)>,
    /// How often it lost against another gateway and was decided anew.
    rounds: u32,
}

impl Thread {
    fn serve(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = Group::default();
            let mut decided = Vec::new();
            let mut queries = Vec::new();
            let mut cosigned = Vec::new();
            let mut shut = None;
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Command { opening: false, answer, .. } if self.unbegun => {
                        let _ = answer.send(Err(RecorderError::NotWritten(AWAY.to_owned())));
                    }
                    Job::Command { command, credential, answer, .. } => {
                        self.decide(*command, credential, answer, &mut group, &mut decided);
                    }
                    Job::Begun => self.unbegun = false,
                    // What is not loaded must not be answered from.
                    Job::Query(look) if self.unbegun => drop(look),
                    Job::Query(look) => queries.push(look),
                    Job::Cosigned(line) => cosigned.push(line),
                    Job::Shut(done) => shut = Some(done),
                }
                let room = shut.is_none() && group.entries.len() < self.parts.group_rows_max;
                next = if room { queue.try_recv().ok() } else { None };
            }
            self.flush(&group, decided);
            self.keep_cosigned(cosigned);
            self.notice_away();
            queries.into_iter().for_each(|look| look(&self.engine));
            if let Some(done) = shut {
                drop(self);
                let _ = done.send(());
                return;
            }
        }
    }

    /// Keeps witnesses' lines, each by itself: they are no entries and need no group.
    fn keep_cosigned(&mut self, lines: Vec<Line>) {
        for Line { size, line, kept } in lines {
            let done = self.parts.ledger.put_cosignature(size, &line);
            let _ = kept.send(done.map_err(|error| RecorderError::NotWritten(error.to_string())));
        }
    }

    /// A look-up or a line may find that a shared ledger is away: the next command begins with
    /// finding out whether it is back.
    fn notice_away(&mut self) {
        if self.parts.ledger.is_away() && !self.stuck {
            self.stuck = true;
            self.set_failing(true);
            self.set_away(true);
        }
    }

    fn decide(
        &mut self,
        command: Command,
        credential: Option<(OperatorId, Option<String>)>,
        answer: oneshot::Sender<Result<Answer, RecorderError>>,
        group: &mut Group,
        decided: &mut Vec<Decided>,
    ) {
        if self.stuck && !self.rebuild() {
            let error = RecorderError::NotWritten("the ledger can't be read".into());
            let _ = answer.send(Err(error));
            return;
        }
        let now = self.parts.clock.now();
        if let Err(error) = self.look_up(&now, &command) {
            let _ = answer.send(Err(RecorderError::NotWritten(error.to_string())));
            return;
        }
        let mut outcome = self.engine.handle(now, command.clone());
        if outcome.answer.is_err() && self.parts.ledger.is_shared() {
            let wants = self.engine.wants(&now, &command);
            let ledger = &mut self.parts.ledger;
            rivals::name_them(ledger, &mut self.engine, &wants, &mut outcome);
        }
        let Outcome { entries, answer: reply, signals } = outcome;
        group.entries.extend(entries);
        if reply.is_ok() {
            group.credentials.extend(credential.clone());
        }
        decided.push(Decided { command, credential, answer, reply, signals, rounds: 0 });
    }

    /// Tells the engine what it must know to decide. What is still missing after the last look it
    /// refuses itself.
    fn look_up(&mut self, now: &Stamp, command: &Command) -> Result<(), StoreError> {
        for _ in 0..LOOKS_MAX {
            let missing = self.engine.missing(&self.engine.wants(now, command));
            if missing == Wants::default() {
                break;
            }
            self.engine.supply(self.parts.ledger.look_up(&missing)?);
        }
        Ok(())
    }

    fn flush(&mut self, group: &Group, decided: Vec<Decided>) {
        let started = Instant::now();
        if !group.entries.is_empty() || !group.credentials.is_empty() {
            if self.full.is_some() && !self.has_room_again() {
                return self.fail(&StoreError::DiskFull, decided);
            }
            if let Err(error) = self.parts.ledger.append(group) {
                return self.fail(&error, decided);
            }
            self.set_failing(false);
            metrics::histogram!("gatewarden_ledger_flush_seconds")
                .record(started.elapsed().as_secs_f64());
            metrics::counter!("gatewarden_ledger_entries_total")
                .increment(group.entries.len() as u64);
        }
        if self.engine.known() > KNOWN_MAX {
            self.engine.forget_stock();
        }
        if self.engine.known() > 0 || !group.entries.is_empty() {
            self.forget_shared();
        }
        publish(&self.board, &self.engine);
        self.size.send_replace(self.parts.ledger.next_seq());
        for done in decided {
            for signal in done.signals {
                let _ = self.parts.signals.send(signal);
            }
            let _ = done.answer.send(Ok(done.reply));
        }
    }

    fn fail(&mut self, error: &StoreError, decided: Vec<Decided>) {
        tracing::error!(%error, commands = decided.len(), "the ledger could not be written");
        metrics::counter!("gatewarden_ledger_failures_total").increment(1);
        self.stuck = true;
        self.rebuild();
        if matches!(error, StoreError::DiskFull) {
            self.record_full();
        }
        let for_good = is_about_content(error);
        let stale = matches!(error, StoreError::Conflict { .. } | StoreError::Contended(_));
        if stale && !self.stuck && decided.iter().any(|one| one.rounds < ROUNDS_MAX) {
            metrics::counter!("gatewarden_ledger_conflicts_total").increment(1);
            return self.again(decided);
        }
        if stale && !self.stuck {
            return self.give_up(&why(error), decided);
        }
        self.set_failing(!for_good);
        if for_good && decided.len() > 1 {
            return decided.into_iter().for_each(|one| self.alone(one));
        }
        for done in decided {
            for (station, _) in done.signals {
                let _ = self.parts.signals.send((station, Signal::Stop));
            }
            let error = match for_good {
                true => RecorderError::Unrecordable(error.to_string()),
                false => RecorderError::NotWritten(error.to_string()),
            };
            let _ = done.answer.send(Err(error));
        }
    }

    /// Gives the reserve up and records in its room that the disk is full. From then on nothing is
    /// written before the reserve is held again.
    fn record_full(&mut self) {
        match self.parts.reserve.release() {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::error!(%error, "the reserve can't be given up"),
        }
        let now = self.parts.clock.now();
        self.full = Some(now);
        let reason = "the disk is full: nothing is recorded until there is room".to_owned();
        let command = Command::Gap { device: None, from: now, to: now, reason };
        let entries = self.engine.handle(now, command).entries;
        let group = Group { entries, credentials: vec![] };
        match self.parts.ledger.append(&group) {
            Ok(committed) => drop(self.size.send_replace(committed.size)),
            Err(error) => {
                tracing::error!(%error, "that the disk is full could not be recorded");
                self.stuck = true;
                self.rebuild();
            }
        }
    }

    /// Tries to hold the reserve again, not oftener than every few seconds.
    fn has_room_again(&mut self) -> bool {
        let now = self.parts.clock.now();
        let recently = |last: Stamp| now.mono_us.saturating_sub(last.mono_us) < ROOM_LOOKS_US;
        if self.full.is_some_and(recently) {
            return false;
        }
        self.full = Some(now);
        if self.parts.reserve.hold().is_err() {
            return false;
        }
        tracing::info!("there is room on the ledger's disk again");
        self.full = None;
        true
    }

    /// Decides and writes one command of a refused group by itself, so that one that can't be
    /// recorded takes no other with it.
    fn alone(&mut self, one: Decided) {
        let (mut group, mut decided) = (Group::default(), Vec::with_capacity(1));
        self.decide(one.command, one.credential, one.answer, &mut group, &mut decided);
        self.flush(&group, decided);
    }

    /// Decides and writes anew, on what is there now, what lost against another gateway: first
    /// together, then each by itself.
    fn again(&mut self, decided: Vec<Decided>) {
        let (mut group, mut again) = (Group::default(), Vec::with_capacity(decided.len()));
        for one in decided {
            let rounds = one.rounds + 1;
            // Rounds may wait for others' locks, one after the other: this heart beats.
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            self.decide(one.command, one.credential, one.answer, &mut group, &mut again);
            if let Some(last) = again.last_mut() {
                last.rounds = rounds;
            }
            if rounds > 1 {
                self.flush(&std::mem::take(&mut group), std::mem::take(&mut again));
            }
        }
        if !again.is_empty() {
            self.flush(&group, again);
        }
    }

    /// Refuses for good what lost in every round, and records it: a pass that nobody can write must
    /// not come back for ever.
    fn give_up(&mut self, why: &str, decided: Vec<Decided>) {
        metrics::counter!("gatewarden_ledger_given_up_total").increment(decided.len() as u64);
        let reason = format!("given up after {ROUNDS_MAX} rounds, try it anew: {why}");
        let (mut group, mut refused) = (Group::default(), Vec::with_capacity(decided.len()));
        for one in decided {
            let now = self.parts.clock.now();
            let mut outcome = self.engine.refuse(now, &one.command, "stock-contended", &reason);
            let wants = self.engine.wants(&now, &one.command);
            let ledger = &mut self.parts.ledger;
            rivals::name_them(ledger, &mut self.engine, &wants, &mut outcome);
            let Outcome { entries, answer: reply, signals } = outcome;
            group.entries.extend(entries);
            refused.push(Decided { reply, signals, ..one });
        }
        match self.parts.ledger.append(&group) {
            Ok(_) => self.flush(&Group::default(), refused),
            Err(error) => {
                tracing::error!(%error, "a refusal could not be recorded");
                self.stuck = true;
                for one in refused {
                    let _ = one.answer.send(Err(RecorderError::NotWritten(error.to_string())));
                }
            }
        }
    }

    /// What others may change is asked for again for each group. Where that fails the next group
    /// finds out.
    fn forget_shared(&mut self) {
        match self.parts.ledger.basis() {
            Ok(Some(basis)) => self.engine.begin_stock(basis),
            Ok(None) => {}
            Err(_) => self.stuck = true,
        }
    }

    fn set_away(&self, away: bool) {
        if let Ok(mut board) = self.board.write() {
            board.away = away;
        }
    }

    fn set_failing(&self, failing: bool) {
        if let Ok(mut board) = self.board.write() {
            board.failing = failing;
        }
    }

    fn rebuild(&mut self) -> bool {
        if self.again_at.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        match load_engine(&mut self.parts) {
            Ok(engine) => {
                self.engine = engine;
                self.stuck = false;
                self.again_at = None;
            }
            Err(error) => {
                tracing::error!(%error, "the ledger can't be read back");
                self.stuck = true;
                self.again_at = Some(Instant::now() + AGAIN_PAUSE);
                self.set_failing(true);
            }
        }
        self.set_away(self.parts.ledger.is_away());
        !self.stuck
    }
}

/// Why a group lost against another gateway, without the promise to try it again.
fn why(error: &StoreError) -> String {
    match error {
        StoreError::Conflict { source, .. } => source.to_string(),
        StoreError::Contended(words) => words.clone(),
        other => other.to_string(),
    }
}

/// Whether the ledger refused what the entries say, and not the disk to take them.
fn is_about_content(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Entry { .. }
            | StoreError::Rule { .. }
            | StoreError::Repeated { .. }
            | StoreError::RepeatedElsewhere { .. }
            | StoreError::Stock { .. }
            | StoreError::GroupTooLarge { .. }
    )
}

fn publish(board: &RwLock<Board>, engine: &Engine) {
    let sessions = engine
        .state()
        .sessions()
        .filter_map(|s| s.station.clone().map(|station| (station, s.id)))
        .collect();
    if let Ok(mut board) = board.write() {
        board.sessions = sessions;
    }
}

fn new_engine(parts: &Parts) -> Engine {
    Engine::new(parts.settings.clone(), parts.access.clone(), parts.ledger.next_seq())
}

fn load_engine(parts: &mut Parts) -> Result<Engine, StoreError> {
    parts.ledger.recover()?;
    let reader = parts.ledger.reader()?;
    let mut engine = new_engine(parts);
    for entry in reader.live()? {
        engine.replay(&entry);
    }
    match parts.ledger.basis()? {
        Some(basis) => engine.begin_stock(basis),
        None => engine.resume_day(last_day(&reader)?),
    }
    Ok(engine)
}

/// The latest day that any movement counted for. No movement of its time counts before another, so
/// the newest that counted for its time tells it.
fn last_day(reader: &LedgerReader) -> Result<Option<Day>, StoreError> {
    let mut before = None;
    loop {
        let page = MovementPage { before, limit: DAY_MOVEMENTS };
        let newest = reader.movements(page)?;
        let day = newest.iter().find_map(|entry| match &entry.body {
            Body::Moved { movement, .. }
                if !movement.back_dated && (entry.at.synced || movement.effective.is_some()) =>
            {
                Some(movement.day(&entry.at))
            }
            _ => None,
        });
        before = newest.last().map(|entry| entry.seq);
        if day.is_some() || newest.len() < DAY_MOVEMENTS {
            return Ok(day);
        }
    }
}
