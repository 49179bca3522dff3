//! What happens to a document, other than that a version of it is written.
//!
//! Absent: which step is allowed when (`gatewarden-documents`), who must sign (`gatewarden-workflow`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ApprovalEvent, CountSheet, Document, Hash, ItemId, MovementId, TaskId, rule::Scalar};

/// What was done of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineDone {
    /// The line's number.
    pub line: u32,
    /// Base units; less than 0 where something was taken back.
    pub quantity: i64,
}

/// An approval that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraApproval {
    /// The rule.
    pub rule: String,
    /// Why, in a line.
    pub title: String,
    /// Who is asked, such as `role:finance-director`; any one of them decides.
    pub approvers: Vec<String>,
}

/// A step of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DocumentStep {
    /// Its author gave it out of hand.
    Submitted {
        /// The workflow that it runs through; none where its kind needs no signature.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workflow: Option<String>,
        /// The version of the definitions that hold for it from here on.
        procedures: Hash,
        /// What the branches of the workflow are decided on, as it was at this moment.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        facts: BTreeMap<String, Scalar>,
        /// The same of each line, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<BTreeMap<String, Scalar>>,
        /// The approvals that rules ask for beside those of the workflow, after its steps.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        extra: Vec<ExtraApproval>,
    },
    /// Something happened in its approval.
    Approval {
        /// What.
        event: ApprovalEvent,
    },
    /// Every signature that it needs is there: it may be executed.
    Approved {
        /// The entries of the signatures that count, in order; none where its kind needs none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        signatures: Vec<u64>,
    },
    /// It went back to its author, who may write another version.
    Returned,
    /// Somebody who had to sign it said no for good.
    Rejected,
    /// It is done at a station.
    Started {
        /// By which task.
        task: TaskId,
    },
    /// A movement on another document counts here too: a receipt fulfils its order.
    Fulfilled {
        /// Which movement.
        movement: MovementId,
        /// On which document.
        by: Document,
        /// How much of the lines of this document, by their numbers.
        lines: Vec<LineDone>,
    },
    /// A movement took material for what this document makes, or brought some back.
    Consumed {
        /// Which movement.
        movement: MovementId,
        /// On which document.
        by: Document,
        /// Base units by item; less than 0 where something came back.
        items: BTreeMap<ItemId, i64>,
    },
    /// A movement on an inspection decided on goods that came on this document to be inspected.
    Inspected {
        /// Which movement.
        movement: MovementId,
        /// On which inspection.
        by: Document,
        /// Base units by item; less than 0 where a decision was taken back.
        items: BTreeMap<ItemId, i64>,
    },
    /// Its bins are counted from here on, and nothing else moves in them where its kind says so.
    CountBegun,
    /// Somebody found something in one of its bins.
    Counted {
        /// What, and where.
        sheet: Box<CountSheet>,
    },
    /// A step of its kind's own.
    Own {
        /// Its name.
        name: String,
    },
    /// It is in force: master data, a BOM.
    InForce,
    /// Another version, or another document, took its place.
    Superseded,
    /// Nothing of it is to be done any more: `complete`, or why the rest is not.
    Closed {
        /// Why.
        reason: String,
    },
    /// It is not to be done.
    Cancelled {
        /// Why.
        reason: String,
    },
}

impl DocumentStep {
    /// The name, as in entries.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Submitted { .. } => "submitted",
            Self::Approval { .. } => "approval",
            Self::Approved { .. } => "approved",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
            Self::Started { .. } => "started",
            Self::Fulfilled { .. } => "fulfilled",
            Self::Consumed { .. } => "consumed",
            Self::Inspected { .. } => "inspected",
            Self::CountBegun => "count-begun",
            Self::Counted { .. } => "counted",
            Self::Own { .. } => "own",
            Self::InForce => "in-force",
            Self::Superseded => "superseded",
            Self::Closed { .. } => "closed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether nothing happens to a document after it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Closed { .. } | Self::Cancelled { .. } | Self::Superseded)
    }
}
