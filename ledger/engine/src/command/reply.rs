//! What the engine answers.
//!
//! Data only: the entries that must be flushed first, a yes or a no, and what stations show.

use gatewarden_identity::activation::Holder;
use gatewarden_model::{
    ChangeId, Comparison, Decision, Document, Entry, Hash, Location, MovementId, OperatorId,
    ReviewId, ReviewItem, Signal, StationId, TaskId,
};

use crate::state::Session;

/// What a command led to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the entries must be flushed before anything is acknowledged"]
pub struct Outcome {
    /// Entries to flush in one group, in order; already applied to the engine's state.
    pub entries: Vec<Entry>,
    /// The answer to whoever asked.
    pub answer: Result<Reply, Refusal>,
    /// What stations show after the flush.
    pub signals: Vec<(StationId, Signal)>,
}

/// A no, and where it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// A stable code such as `denied`, `stock-short`, `unknown-task`.
    pub code: &'static str,
    /// The reason, with the way out where there is one.
    pub message: String,
    /// The sequence of the entry that records it.
    pub recorded: Option<u64>,
}

/// What a campaign that is due took away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewExpiry {
    /// Which campaign.
    pub review: ReviewId,
    /// What was taken away now.
    pub expired: Vec<ReviewItem>,
    /// What stays only because else too few could approve; told when the campaign closes.
    pub spared: Vec<ReviewItem>,
    /// Whether it is over.
    pub closed: bool,
}

/// A yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done; nothing more to say.
    Done,
    /// The start is recorded.
    Started,
    /// The badge is remembered at the station.
    BadgeSeen {
        /// Whose it is, if anybody's. Never show it before the PIN.
        operator: Option<OperatorId>,
    },
    /// The session is open.
    SignedIn(Session),
    /// The session is closed, or the second person has left it.
    SignedOut,
    /// The session as it is now.
    Session(Session),
    /// The version is written, or was.
    Document {
        /// Which document.
        document: Document,
        /// Which version.
        version: u32,
        /// Its digest: what signatures name.
        digest: Hash,
    },
    /// What was found in a bin is recorded.
    Counted {
        /// On which count order.
        document: Document,
        /// In which bin; none for a pass that an earlier run counted.
        bin: Option<Location>,
        /// Whether the bin is counted whole.
        done: bool,
    },
    /// The versions are written, or were.
    Documents {
        /// How many were not there before.
        written: usize,
    },
    /// The task is open.
    Task(TaskId),
    /// Stock moved.
    Posted {
        /// The movement.
        movement: MovementId,
        /// What was expected and seen; empty for a pass that an earlier run posted.
        comparison: Comparison,
    },
    /// The pass waits for a decision.
    Held {
        /// The task it was compared with.
        task: TaskId,
        /// What differs.
        comparison: Comparison,
    },
    /// Nobody may claim the pass.
    Quarantined {
        /// Why.
        reason: String,
    },
    /// The pass saw nothing.
    Empty,
    /// The posting is reserved; also where it was reserved before and is over.
    Reserved(MovementId),
    /// Items were recorded.
    Defined {
        /// Whether more differ: ask again.
        more: bool,
    },
    /// The campaign of access review is open, or was.
    Review(ReviewId),
    /// Campaigns that were due went on by this much: nobody asked, so somebody has to be told.
    Reviewed(Vec<ReviewExpiry>),
    /// Yes, and why.
    Allowed(Decision),
    /// The device is the approved one, or why it is not.
    Identified {
        /// Why it is refused, in words.
        refused: Option<String>,
    },
    /// What is said of the label is recorded.
    Label {
        /// Whether the tag of a label that is issued now stands for its item, or why not; none where there is none.
        bound: Option<Result<(), String>>,
    },
    /// The reader may begin once this is flushed.
    TagAccess {
        /// The entry that asked.
        asked: u64,
    },
    /// The request waits for a second person.
    Requested(ChangeId),
    /// The first of two approved it: another one has to.
    Endorsed {
        /// Whether it leaves an operator without a PIN: he is given the first half of the one-time code.
        activation: bool,
    },
    /// What was asked for is in force.
    Approved {
        /// Who has the first half of the one-time code, where it counts: whoever it is about sets a PIN
        /// with both.
        activation: Option<Holder>,
    },
}
