//! Approvals: what a person does to a document that waits, and what came of it, as the journal keeps it.
//!
//! An [`ApprovalAct`] is asked for; [`ApprovalEvent`]s are what happened, in their order: applied one
//! after the other to a new instance they give its state again. Every act names the digest of the version
//! that the person saw. Absent: who must sign, and what each act leads to (`gatewarden-workflow`).

mod act;
mod event;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use act::ApprovalAct;
pub use event::ApprovalEvent;

use crate::{NodeId, OperatorId};

/// Longest comment of an act, in bytes.
pub const COMMENT_BYTES_MAX: usize = 1_024;

/// For or against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// When an added signer acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignerPlace {
    /// Before whoever added him, to whom it comes back.
    Before,
    /// After him.
    After,
}

/// Where a document is sent back to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReturnTo {
    /// To whoever submitted it.
    Initiator,
    /// To a step before this one, which signs again.
    Node(NodeId),
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initiator => f.write_str("initiator"),
            Self::Node(node) => node.fmt(f),
        }
    }
}

/// One person who is asked at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalSeat {
    /// Who.
    pub who: OperatorId,
    /// As what, such as `role:finance-director`.
    pub source: String,
    /// What his vote weighs.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// Whether he stands one level above somebody who may not sign his own document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub up: bool,
    /// The approvers that came out empty, in whose place he and others of the fall-back are asked: one of
    /// them is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}

fn one() -> u32 {
    1
}

// serde hands references to what decides on skipping.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(weight: &u32) -> bool {
    *weight == 1
}
