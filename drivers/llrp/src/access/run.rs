//! The conversation of one job: survey, work, for a lock the attempt to write without the password, and after a kill
//! whether the tag still answers.

use std::collections::BTreeSet;

use super::{OpResult, Operation, Privilege, TagResults, Target, access_spec, results};
use crate::codec::{LlrpStatus, Message, MessageKind};

/// Op ids: the TID, the work, the reading back, the attempt.
const SURVEY: u16 = 1;
const WORK: u16 = 2;
const BACK: u16 = 3;
const ATTEMPT: u16 = 4;
/// As many words of TID tell two tags apart.
const TID_WORDS: u16 = 6;
/// More tags than this in a survey need not be told apart.
const SURVEYED_MAX: usize = 16;

/// What is to be done to one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The AccessSpec's id, from 1, which nobody else uses.
    pub spec: u32,
    /// The ROSpec that it goes with; 0 is any.
    pub rospec: u32,
    /// The antenna; 0 is any.
    pub antenna: u16,
    /// Which tag.
    pub target: Target,
    /// The access password; 0 is none.
    pub password: u32,
    /// What.
    pub operation: Operation,
    /// How long tags are looked for before the work, in microseconds.
    pub survey_us: u64,
    /// How long each step may take, in microseconds.
    pub timeout_us: u64,
}

/// Why it did not happen, or is not known to have happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The reader refused a request before anything was done to the tag.
    #[error("the reader refused {request}: {status}")]
    Refused {
        /// The request.
        request: MessageKind,
        /// The reader's words.
        status: String,
    },
    /// No tag matched while tags were looked for.
    #[error("no tag matched: hold the tag before the antenna, and see that a ROSpec is running")]
    NoTag,
    /// More than one tag matched; nothing was done.
    #[error("{0} tags matched, nothing was done: take the others away")]
    Ambiguous(usize),
    /// The reader is not reading for us now; nothing was done.
    #[error("the reader is not ready, nothing was done: see its state")]
    NotReady,
    /// Another job is under way; nothing was done.
    #[error("the reader works on another tag, nothing was done: try again")]
    Busy,
    /// The connection ended, or the reader stopped answering, before anything was asked of the tag.
    #[error("the reader was lost before anything was asked of the tag: nothing was done")]
    LostBefore,
    /// The connection ended in the middle.
    #[error("the reader was lost in the middle: read the tag to see whether it happened")]
    Lost,
    /// The operation's result came from another tag than the one that was surveyed: it was done to that one.
    #[error(
        "the operation met tag {0}, which was not there before: read both tags to see what they hold"
    )]
    AnotherTag(String),
    /// The reader did not tell a result in time; it may or may not have happened.
    #[error("no result in time: read the tag to see whether it happened")]
    TimedOut,
    /// The tag or the reader refused the operation.
    #[error("the operation failed with {0}")]
    Failed(String),
    /// It ended badly, and may have been done in part or whole.
    #[error("the operation ended with {0}: read the tag to see how far it came")]
    Unsure(String),
    /// It was told as done, but looking at the tag says otherwise.
    #[error("the reader told success, but {0}")]
    NotVerified(String),
}

impl AccessError {
    /// Whether it is certain that the tag is as it was.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::NoTag
            | Self::Ambiguous(_)
            | Self::NotReady
            | Self::Busy
            | Self::LostBefore
            | Self::Failed(_) => true,
            Self::Lost
            | Self::AnotherTag(_)
            | Self::TimedOut
            | Self::Unsure(_)
            | Self::NotVerified(_) => false,
        }
    }
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The tag's EPC as it was.
    pub epc: Vec<u8>,
    /// The tag's TID, of at most `TID_WORDS` words; empty if it could not be read.
    pub tid: Vec<u16>,
    /// What was read, or read back.
    pub words: Vec<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Survey,
    Work,
    Attempt,
    /// After a kill: does it still answer?
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Send(MessageKind),
    Await(MessageKind),
    Results,
    Done,
}

/// One job under way. Send what [`AccessRun::next`] gives, hand over every message and every tick.
#[derive(Debug)]
pub struct AccessRun {
    job: Job,
    step: Step,
    state: State,
    next_id: u32,
    deadline_us: u64,
    now_us: u64,
    surveyed: BTreeSet<(Vec<u8>, Vec<u16>)>,
    words: Vec<u16>,
    /// Set once the step is decided; the AccessSpec is deleted before it is told.
    verdict: Option<Result<Outcome, AccessError>>,
    added: bool,
    /// Its AccessSpec may be on the reader for ever.
    left_behind: bool,
}

impl AccessRun {
    /// Begins; its requests have ids from `first_id` on.
    #[must_use]
    pub fn new(job: Job, first_id: u32, now_us: u64) -> Self {
        let deadline_us = now_us.saturating_add(job.timeout_us);
        Self {
            job,
            step: Step::Survey,
            state: State::Send(MessageKind::ADD_ACCESSSPEC),
            next_id: first_id,
            deadline_us,
            now_us,
            surveyed: BTreeSet::new(),
            words: Vec::new(),
            verdict: None,
            added: false,
            left_behind: false,
        }
    }

    /// The message to send now, if there is one.
    #[allow(clippy::should_implement_trait)] // it is no iterator: `None` is "not now"
    pub fn next(&mut self) -> Option<Message> {
        let State::Send(kind) = self.state else { return None };
        self.state = State::Await(kind);
        self.deadline_us = self.now_us.saturating_add(self.job.timeout_us);
        let mut message = Message::new(kind, self.next_id);
        if kind == MessageKind::ADD_ACCESSSPEC {
            message.params.push(self.spec());
        } else {
            message = message.field(self.job.spec);
        }
        Some(message)
    }

    /// The outcome, once it is over.
    #[must_use]
    pub fn outcome(&self) -> Option<&Result<Outcome, AccessError>> {
        self.verdict.as_ref().filter(|_| self.state == State::Done)
    }

    /// Whether the run is over and its AccessSpec may still be on the reader, which did not answer.
    #[must_use]
    pub fn leaves_a_spec(&self) -> bool {
        self.left_behind
    }

    /// The outcome where the connection ends now.
    pub fn lost(self) -> Result<Outcome, AccessError> {
        match self.verdict {
            Some(verdict) => verdict,
            None => self.lost_as(AccessError::Lost),
        }
    }

    /// What is known where nothing more will be heard: `unsure`, unless the work was never enabled.
    fn lost_as(&self, unsure: AccessError) -> Result<Outcome, AccessError> {
        let is_enabled = match self.state {
            State::Send(_) | State::Await(MessageKind::ADD_ACCESSSPEC) => false,
            _ => self.step == Step::Work,
        };
        let began = is_enabled || matches!(self.step, Step::Attempt | Step::Gone);
        Err(if began { unsure } else { AccessError::LostBefore })
    }

    /// When [`AccessRun::tick`] wants to be called at the latest; `None` once it is over.
    #[must_use]
    pub fn wake_at_us(&self) -> Option<u64> {
        (self.state != State::Done).then_some(self.deadline_us)
    }

    /// Time passes.
    pub fn tick(&mut self, now_us: u64) {
        self.now_us = self.now_us.max(now_us);
        if self.now_us < self.deadline_us {
            return;
        }
        match self.state {
            State::Results if self.step == Step::Survey => self.end_survey(),
            // Nobody answers any more: that is what a killed tag does.
            State::Results if self.step == Step::Gone => self.succeed(),
            State::Results => self.decide(Err(AccessError::TimedOut)),
            // The reader does not even answer: the connection is the session's matter.
            State::Await(_) | State::Send(_) => {
                if self.verdict.is_none() {
                    self.verdict = Some(self.lost_as(AccessError::TimedOut));
                }
                self.left_behind =
                    self.added || self.state == State::Await(MessageKind::ADD_ACCESSSPEC);
                self.state = State::Done;
            }
            State::Done => {}
        }
    }

    /// A message of the reader. True if it was an answer to this run; reports are looked at, never taken.
    pub fn handle(&mut self, message: &Message, now_us: u64) -> bool {
        self.now_us = self.now_us.max(now_us);
        if self.state == State::Results {
            results(message).iter().for_each(|tag| self.take(tag));
        }
        let State::Await(kind) = self.state else { return false };
        let ours = message.id == self.next_id
            && (Some(message.kind) == kind.response()
                || message.kind == MessageKind::ERROR_MESSAGE);
        if ours {
            self.next_id = self.next_id.wrapping_add(1);
            self.answered(kind, message);
        }
        ours
    }

    fn answered(&mut self, request: MessageKind, message: &Message) {
        let refusal = match message.get::<LlrpStatus>() {
            Ok(Some(status)) if status.is_success() => None,
            Ok(Some(status)) => Some(status.to_string()),
            Ok(None) => Some("an answer without a status".into()),
            Err(error) => Some(error.to_string()),
        };
        if request == MessageKind::DELETE_ACCESSSPEC {
            // A spec that ended by its count is gone already: what it did stands.
            return self.deleted();
        }
        self.added |= request == MessageKind::ADD_ACCESSSPEC && refusal.is_none();
        if let Some(status) = refusal {
            return self.refused(request, status);
        }
        if request == MessageKind::ADD_ACCESSSPEC {
            self.state = State::Send(MessageKind::ENABLE_ACCESSSPEC);
        } else {
            let wait = match self.step {
                Step::Survey | Step::Gone => self.job.survey_us,
                _ => self.job.timeout_us,
            };
            self.deadline_us = self.now_us.saturating_add(wait);
            self.state = State::Results;
        }
    }

    /// Where the work was done already, a refusal keeps only its proof from us.
    fn refused(&mut self, request: MessageKind, status: String) {
        let refused = AccessError::Refused { request, status };
        self.decide(Err(match self.step {
            Step::Survey | Step::Work => refused,
            Step::Attempt | Step::Gone => AccessError::NotVerified(refused.to_string()),
        }));
    }

    fn deleted(&mut self) {
        self.added = false;
        if self.verdict.is_some() {
            self.state = State::Done;
            return;
        }
        self.step = match (self.step, &self.job.operation) {
            (Step::Survey, _) => Step::Work,
            (_, Operation::Kill { .. }) => Step::Gone,
            _ => Step::Attempt,
        };
        self.state = State::Send(MessageKind::ADD_ACCESSSPEC);
    }

    fn decide(&mut self, verdict: Result<Outcome, AccessError>) {
        self.verdict = Some(verdict);
        self.leave();
    }

    fn leave(&mut self) {
        let delete = State::Send(MessageKind::DELETE_ACCESSSPEC);
        self.state = if self.added { delete } else { State::Done };
    }

    fn spec(&self) -> crate::codec::Param {
        use super::Bank;
        let job = &self.job;
        let read = |bank, pointer, words| Operation::Read { bank, pointer, words };
        let (ops, password, count) = match self.step {
            Step::Survey | Step::Gone => (vec![(SURVEY, read(Bank::Tid, 0, TID_WORDS))], 0, 0),
            Step::Work => {
                let tid = self.knows_tid().then(|| (SURVEY, read(Bank::Tid, 0, TID_WORDS)));
                let mut ops = Vec::from_iter(tid);
                ops.push((WORK, job.operation.clone()));
                let back = self.back().map(|(bank, at, words)| (BACK, read(bank, at, words)));
                ops.extend(back);
                (ops, job.password, 1)
            }
            Step::Attempt => {
                let tid = self.knows_tid().then(|| (SURVEY, read(Bank::Tid, 0, TID_WORDS)));
                let mut ops = Vec::from_iter(tid);
                ops.extend(self.attempt().map(|op| (ATTEMPT, op)));
                (ops, 0, 1)
            }
        };
        access_spec(job.spec, (job.rospec, job.antenna), &job.target, &ops, (password, count))
    }

    /// The words to read after the work: what was written, or one that the lock covers.
    fn back(&self) -> Option<(super::Bank, u16, u16)> {
        match &self.job.operation {
            Operation::Write { bank, pointer, data }
            | Operation::BlockWrite { bank, pointer, data } => {
                Some((*bank, *pointer, u16::try_from(data.len()).unwrap_or(u16::MAX)))
            }
            Operation::BlockErase { bank, pointer, words } => Some((*bank, *pointer, *words)),
            Operation::Lock { field, .. } => {
                let (bank, pointer) = field.a_word();
                Some((bank, pointer, 1))
            }
            _ => None,
        }
    }

    /// Writes the word that is there already, without the password.
    fn attempt(&self) -> Option<Operation> {
        let Operation::Lock { field, .. } = self.job.operation else { return None };
        let (bank, pointer) = field.a_word();
        Some(Operation::Write { bank, pointer, data: self.words.clone() })
    }

    fn take(&mut self, tag: &TagResults) {
        if tag.access_spec != self.job.spec || self.state != State::Results {
            return;
        }
        let of = |id| tag.ops.iter().find(|result| result.op == id);
        if self.step == Step::Survey {
            if let Some(result) = of(SURVEY).filter(|_| self.surveyed.len() < SURVEYED_MAX) {
                self.surveyed.insert((tag.epc.clone(), result.words.clone()));
            }
            return;
        }
        if self.tag().is_none_or(|(epc, _)| *epc != tag.epc) {
            // It came into the field after the survey; its own work was done, and the first tag's perhaps too.
            return self.decide(Err(AccessError::AnotherTag(hex(&tag.epc))));
        }
        if self.step == Step::Gone {
            if of(SURVEY).is_some() {
                self.decide(Err(AccessError::NotVerified("the tag still answers".into())));
            }
            return;
        }
        // Two tags may bear one EPC: the chip says which of them it was done to.
        let chip = of(SURVEY);
        if let Some(chip) = chip.filter(|read| read.code == 0)
            && self.tag().is_none_or(|(_, tid)| *tid != chip.words)
        {
            let tid: Vec<u8> = chip.words.iter().flat_map(|word| word.to_be_bytes()).collect();
            let name = format!("{} with TID {}", hex(&tag.epc), hex(&tid));
            return self.decide(Err(AccessError::AnotherTag(name)));
        }
        let is_same = !self.knows_tid() || chip.is_some_and(|read| read.code == 0);
        if self.step == Step::Attempt {
            let Some(result) = of(ATTEMPT) else { return };
            return match is_same {
                true => self.judge_attempt(result.code),
                false => self.unnamed(),
            };
        }
        // A reader may leave out what follows a failed reading.
        let failed = || chip.filter(|read| read.code != 0);
        let Some(work) = of(WORK).or_else(failed) else { return };
        if work.code != 0 {
            return self.decide(Err(self.failure(work)));
        }
        if !is_same {
            return self.unnamed();
        }
        self.words.clone_from(&of(BACK).unwrap_or(work).words);
        let back = of(BACK).filter(|back| back.code == 0).map(|back| back.words.clone());
        self.judge_work(back.as_deref());
    }

    /// The operation was done, and nobody knows to which of the tags of this EPC.
    fn unnamed(&mut self) {
        let what = "the tag's TID could not be read with it, and another may bear its EPC";
        self.decide(Err(AccessError::NotVerified(what.into())));
    }

    /// What a result other than success means: certain only where the tag or the reader said why before anything
    /// was changed.
    fn failure(&self, work: &OpResult) -> AccessError {
        let name = work.name.map_or_else(|| format!("code {}", work.code), str::to_owned);
        let reads = matches!(self.job.operation, Operation::Read { .. });
        let certain = ["Memory", "Password", "Insufficient"].iter().any(|word| name.contains(word));
        match reads || certain && work.written.unwrap_or(0) == 0 {
            true => AccessError::Failed(name),
            false => AccessError::Unsure(name),
        }
    }

    fn judge_work(&mut self, back: Option<&[u16]>) {
        let wanted = match &self.job.operation {
            Operation::Write { data, .. } | Operation::BlockWrite { data, .. } => data.clone(),
            Operation::BlockErase { words, .. } => vec![0; usize::from(*words)],
            Operation::Lock { .. } if back.is_some_and(|words| words.len() == 1) => {
                // The step's spec goes first; the attempt follows.
                return self.leave();
            }
            Operation::Lock { .. } => {
                let what = "no word could be read to try the lock with";
                return self.decide(Err(AccessError::NotVerified(what.into())));
            }
            // The step's spec goes first; then it is looked whether it is still there.
            Operation::Kill { .. } => return self.leave(),
            _ => return self.succeed(),
        };
        match back {
            Some(words) if words == wanted => self.succeed(),
            Some(_) => self.decide(Err(AccessError::NotVerified("other words are there".into()))),
            None => self.decide(Err(AccessError::NotVerified("the words can't be read".into()))),
        }
    }

    /// 0 is a write that went through, 2 and 7 are locked memory and a wrong password.
    fn judge_attempt(&mut self, code: u8) {
        let Operation::Lock { privilege, .. } = self.job.operation else { return };
        let locks = matches!(privilege, Privilege::Lock | Privilege::PermaLock);
        match (locks, code) {
            (true, 2 | 7) | (false, 0) => self.succeed(),
            (true, 0) => {
                let what = "a write without the password went through";
                self.decide(Err(AccessError::NotVerified(what.into())));
            }
            _ => {
                let what = format!("the write that tries the lock ended with code {code}");
                self.decide(Err(AccessError::NotVerified(what)));
            }
        }
    }

    fn succeed(&mut self) {
        let (epc, tid) = self.tag().cloned().unwrap_or_default();
        self.decide(Ok(Outcome { epc, tid, words: self.words.clone() }));
    }

    fn end_survey(&mut self) {
        match self.surveyed.len() {
            0 => self.decide(Err(AccessError::NoTag)),
            1 => self.leave(),
            more => self.decide(Err(AccessError::Ambiguous(more))),
        }
    }

    /// Whether the survey read the tag's TID: then each further step reads it too, as its first operation.
    fn knows_tid(&self) -> bool {
        self.tag().is_some_and(|(_, tid)| !tid.is_empty())
    }

    fn tag(&self) -> Option<&(Vec<u8>, Vec<u16>)> {
        self.surveyed.first()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
