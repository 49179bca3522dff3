//! What happened to a document that waits, one line of its history each. Applied in their order they give
//! the state again; `by` is always the person who really acted.

use serde::{Deserialize, Serialize};

use super::{ApprovalSeat, ReturnTo, SignerPlace, Verdict};
use crate::{Hash, NodeId, OperatorId};

/// What happened. Persons: `by` did it, `of` is whose turn it was where that was another (B for A).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ApprovalEvent {
    /// The facts of this version lead this way.
    Branched {
        /// At which branch.
        node: NodeId,
        /// The index of the case that holds; none where it goes otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<u32>,
    },
    /// A step begins: these are asked.
    Opened {
        /// Which.
        node: NodeId,
        /// Who; none where nobody may be asked, and the step stands still.
        seats: Vec<ApprovalSeat>,
    },
    /// Others are asked beside those who still may sign, because some lost what they were asked as.
    Reseated {
        /// At which step.
        node: NodeId,
        /// Who may not any more.
        lost: Vec<OperatorId>,
        /// Who is asked in their place.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seats: Vec<ApprovalSeat>,
    },
    /// Somebody is to know.
    Notified {
        /// By which step.
        node: NodeId,
        /// Who.
        whom: Vec<OperatorId>,
    },
    /// A signature, or a no.
    Decided {
        /// At which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Whose turn it was.
        of: OperatorId,
        /// Which.
        verdict: Verdict,
        /// Over which version.
        on: Hash,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// A signature over this very version at an earlier step counts here too.
    Carried {
        /// At which step.
        node: NodeId,
        /// Whose.
        of: OperatorId,
        /// From which step.
        from: NodeId,
        /// Over which version.
        on: Hash,
    },
    /// Advice was given.
    Advised {
        /// At which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Who asked for it and decides.
        of: OperatorId,
        /// What is advised.
        verdict: Verdict,
        /// Over which version.
        on: Hash,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// The decision was handed over.
    Transferred {
        /// At which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Whose turn it was.
        of: OperatorId,
        /// Who decides now.
        to: OperatorId,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Advice was asked for.
    Delegated {
        /// At which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Whose turn it is.
        of: OperatorId,
        /// Who advises.
        to: OperatorId,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// One more must sign.
    SignerAdded {
        /// At which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Whose turn it is.
        of: OperatorId,
        /// Who is added.
        who: OperatorId,
        /// Before or after.
        place: SignerPlace,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// An added signer was taken away.
    SignerRemoved {
        /// At which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Whose turn it is.
        of: OperatorId,
        /// Who is taken away.
        who: OperatorId,
    },
    /// A signature or a request for advice was taken back.
    TakenBack {
        /// At which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Whose turn it is again.
        of: OperatorId,
    },
    /// It was sent back.
    Returned {
        /// By which step.
        node: NodeId,
        /// By whom.
        by: OperatorId,
        /// Whose turn it was.
        of: OperatorId,
        /// To where.
        to: ReturnTo,
        /// Over which version.
        on: Hash,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Signatures do not count any more; the step signs again.
    Voided {
        /// At which step.
        node: NodeId,
        /// Whose signatures.
        of: Vec<OperatorId>,
        /// The signed fields that changed; none where the document was sent back to before this step.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<String>,
    },
    /// There is another version, or the same was submitted again.
    Revised {
        /// By whom.
        by: OperatorId,
        /// Its number.
        version: u32,
        /// Its digest.
        on: Hash,
        /// What differs from the version before, by field; none where nothing does.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changed: Vec<String>,
    },
    /// A step has what it needs.
    Passed {
        /// Which.
        node: NodeId,
        /// Who need not sign any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cancelled: Vec<OperatorId>,
    },
    /// Time passes: they are reminded.
    Reminded {
        /// At which step.
        node: NodeId,
        /// Who.
        whom: Vec<OperatorId>,
        /// How often before, from 1.
        round: u32,
    },
    /// Time ran out: others may decide in somebody's place. Nothing is ever approved by time.
    Escalated {
        /// At which step.
        node: NodeId,
        /// Whose turn it is.
        of: OperatorId,
        /// Who may decide too.
        to: Vec<OperatorId>,
        /// How often before, from 1.
        round: u32,
    },
    /// Somebody said no, and that ends it.
    Rejected {
        /// At which step.
        node: NodeId,
        /// Who need not sign any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cancelled: Vec<OperatorId>,
    },
    /// The initiator took the whole back.
    Withdrawn {
        /// By whom.
        by: OperatorId,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Every required signature is there.
    Approved {
        /// Over which version.
        on: Hash,
    },
}
