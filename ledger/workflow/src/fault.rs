//! Why an act is refused. Each has a code that does not change and says the way out.

use gatewarden_model::{Hash, NodeId, OperatorId, ReturnTo};

use crate::{Phase, instance::REVISIONS_MAX, seating::SEATS_MAX};

/// Why an act is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is over.
    #[error("the approval is {0} already: submit the document anew where that is to change")]
    Ended(Phase),
    /// It was sent back.
    #[error("the document was sent back: {0} must submit it again first")]
    SentBack(OperatorId),
    /// It is not this person's turn, now or ever.
    #[error("{0} is not asked to sign this")]
    NotAsked(OperatorId),
    /// The step is not there.
    #[error("there is no step {0:?} on this document's way: leave it out, or name one that waits")]
    UnknownStep(NodeId),
    /// The act is about another version.
    #[error("version {on} is superseded: look at {current} and decide on that", on = short(.on), current = short(.current))]
    Superseded {
        /// Which it was about.
        on: Hash,
        /// Which is current.
        current: Hash,
    },
    /// He did already.
    #[error("{who} has decided at step {node:?} already: one person decides once a step")]
    SignedAlready {
        /// Who.
        who: OperatorId,
        /// Where.
        node: NodeId,
    },
    /// Another was first.
    #[error("step {0:?} is decided already: nothing is left to do there")]
    DecidedAlready(NodeId),
    /// He wrote or submitted it.
    #[error("{0} wrote or submitted this document: somebody else must sign it")]
    OwnDocument(OperatorId),
    /// What he was asked as is not so any more.
    #[error("{who} may not sign at step {node:?} any more as {source_}: others will be asked")]
    RoleLost {
        /// Who.
        who: OperatorId,
        /// Where.
        node: NodeId,
        /// As what he was asked.
        source_: String,
    },
    /// He may not act at all.
    #[error("{0} is not active: an enrolled operator must do it")]
    NotActive(OperatorId),
    /// Others come first.
    #[error("{waits_for} must act first at step {node:?}")]
    NotYet {
        /// Where.
        node: NodeId,
        /// Who.
        waits_for: String,
    },
    /// He signed at a step whose signers may not sign here.
    #[error("{who} signed at step {other:?}: step {node:?} needs somebody else")]
    SignedElsewhere {
        /// Who.
        who: OperatorId,
        /// Where he signed.
        other: NodeId,
        /// Where he may not.
        node: NodeId,
    },
    /// Several steps wait for him.
    #[error("several steps wait for {who}: name one of {nodes}")]
    SeveralSteps {
        /// Who.
        who: OperatorId,
        /// Which.
        nodes: String,
    },
    /// The step does not allow it.
    #[error("step {node:?} does not allow to {act}")]
    NotAllowed {
        /// Which.
        node: NodeId,
        /// What.
        act: &'static str,
    },
    /// Whom an act names can't take part.
    #[error("{who} can't be asked at step {node:?}: {why}")]
    BadPerson {
        /// Who.
        who: OperatorId,
        /// Where.
        node: NodeId,
        /// Why.
        why: &'static str,
    },
    /// It can't be sent back to there.
    #[error("step {node:?} can't send back to {to}: it may to {allowed}")]
    BadReturn {
        /// From where.
        node: NodeId,
        /// To where.
        to: ReturnTo,
        /// To where it may.
        allowed: String,
    },
    /// Only the initiator may.
    #[error("only {0}, who submitted it, may do that")]
    NotInitiator(OperatorId),
    /// The next signer acted.
    #[error("somebody acted after step {0:?}: ask whoever has it now to send it back")]
    TooLate(NodeId),
    /// He has nothing to take back.
    #[error("{0} has nothing to take back")]
    NothingToTakeBack(OperatorId),
    /// He was not added, or not by him, or acted.
    #[error(
        "{0} can't be taken away: only an added signer who has not acted, by whoever added him"
    )]
    NotRemovable(OperatorId),
    /// A condition can't be told.
    #[error(
        "the condition of {node:?}, case {case}, can't be told, so the document can't be submitted: {error}"
    )]
    Condition {
        /// At which branch.
        node: NodeId,
        /// The number of the case, from 1.
        case: usize,
        /// Why.
        error: String,
    },
    /// Nobody would sign.
    #[error(
        "nobody would have to sign this document: its workflow needs an approving step on every way"
    )]
    Unsigned,
    /// Too many at one step.
    #[error("a step has at most {SEATS_MAX} signers")]
    TooManySigners,
    /// Too many versions.
    #[error("a document is revised at most {REVISIONS_MAX} times: withdraw it and begin anew")]
    TooManyVersions,
    /// A version must follow the one before.
    #[error("version {found} can't follow version {current}")]
    BadVersion {
        /// Which came.
        found: u32,
        /// Which is current.
        current: u32,
    },
    /// Nothing differs.
    #[error("nothing differs from the version before, and nobody sent it back")]
    NothingChanged,
    /// Too long.
    #[error("the comment has more than {max} bytes: shorten it", max = gatewarden_model::COMMENT_BYTES_MAX)]
    LongComment,
    /// A journal tells something else than what would have happened.
    #[error("the events recorded are not what follows: {0}")]
    NotWhatFollows(String),
}

fn short(hash: &Hash) -> String {
    hash.to_string().chars().take(12).collect()
}

impl Fault {
    /// Its code, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ended(_) => "approval-ended",
            Self::SentBack(_) => "sent-back",
            Self::NotAsked(_) => "not-asked",
            Self::UnknownStep(_) => "unknown-step",
            Self::Superseded { .. } => "superseded-version",
            Self::SignedAlready { .. } => "signed-already",
            Self::DecidedAlready(_) => "decided-already",
            Self::OwnDocument(_) => "own-document",
            Self::RoleLost { .. } => "role-lost",
            Self::NotActive(_) => "not-active",
            Self::NotYet { .. } => "not-yet",
            Self::SignedElsewhere { .. } => "signed-elsewhere",
            Self::SeveralSteps { .. } => "several-steps",
            Self::NotAllowed { .. } => "act-not-allowed",
            Self::BadPerson { .. } => "bad-person",
            Self::BadReturn { .. } => "bad-return",
            Self::NotInitiator(_) => "not-initiator",
            Self::TooLate(_) => "too-late",
            Self::NothingToTakeBack(_) => "nothing-to-take-back",
            Self::NotRemovable(_) => "not-removable",
            Self::Condition { .. } => "condition-failed",
            Self::Unsigned => "unsigned-way",
            Self::TooManySigners => "too-many-signers",
            Self::TooManyVersions => "too-many-versions",
            Self::BadVersion { .. } => "bad-version",
            Self::NothingChanged => "nothing-changed",
            Self::LongComment => "long-comment",
            Self::NotWhatFollows(_) => "not-what-follows",
        }
    }
}
