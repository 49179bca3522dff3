//! What a person does to a document that waits for him. Absent: whether he may (`gatewarden-workflow`).

use serde::{Deserialize, Serialize};

use super::{ReturnTo, SignerPlace, Verdict};
use crate::{Hash, NodeId, OperatorId};

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ApprovalAct {
    /// Sign, or say no.
    Decide {
        /// At which step, where several wait for this person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// The digest of the version that was looked at.
        on: Hash,
        /// Which.
        verdict: Verdict,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Answer somebody who asked for advice; he decides himself.
    Advise {
        /// At which step, where several wait for this person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// The digest of the version that was looked at.
        on: Hash,
        /// What is advised.
        verdict: Verdict,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Hand the decision over: the other decides.
    Transfer {
        /// At which step, where several wait for this person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// To whom.
        to: OperatorId,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Ask for advice: the other looks at it, then it comes back.
    Delegate {
        /// At which step, where several wait for this person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Whom.
        to: OperatorId,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// One more must sign.
    AddSigner {
        /// At which step, where several wait for this person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Who.
        who: OperatorId,
        /// Before or after whoever adds him.
        place: SignerPlace,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Take an added signer away before he acted; only whoever added him may.
    RemoveSigner {
        /// At which step, where several wait for this person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Who.
        who: OperatorId,
    },
    /// Send it back.
    Return {
        /// At which step, where several wait for this person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// The digest of the version that was looked at.
        on: Hash,
        /// To where.
        to: ReturnTo,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
    /// Take one's own signature, or request for advice, back before the next signer acts.
    TakeBack {
        /// At which step, where several may be taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
    },
    /// Take the whole back; the initiator alone.
    Withdraw {
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        comment: String,
    },
}

impl ApprovalAct {
    /// The step that it names.
    #[must_use]
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Decide { node, .. }
            | Self::Advise { node, .. }
            | Self::Transfer { node, .. }
            | Self::Delegate { node, .. }
            | Self::AddSigner { node, .. }
            | Self::RemoveSigner { node, .. }
            | Self::Return { node, .. }
            | Self::TakeBack { node } => node.as_ref(),
            Self::Withdraw { .. } => None,
        }
    }

    /// The digest that it names.
    #[must_use]
    pub fn on(&self) -> Option<&Hash> {
        match self {
            Self::Decide { on, .. } | Self::Advise { on, .. } | Self::Return { on, .. } => Some(on),
            _ => None,
        }
    }

    /// The reason given.
    #[must_use]
    pub fn comment(&self) -> &str {
        match self {
            Self::Decide { comment, .. }
            | Self::Advise { comment, .. }
            | Self::Transfer { comment, .. }
            | Self::Delegate { comment, .. }
            | Self::AddSigner { comment, .. }
            | Self::Return { comment, .. }
            | Self::Withdraw { comment } => comment,
            Self::RemoveSigner { .. } | Self::TakeBack { .. } => "",
        }
    }

    /// Its word, as in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Decide { .. } => "decide",
            Self::Advise { .. } => "advise",
            Self::Transfer { .. } => "transfer",
            Self::Delegate { .. } => "delegate",
            Self::AddSigner { .. } => "add-signer",
            Self::RemoveSigner { .. } => "remove-signer",
            Self::Return { .. } => "return",
            Self::TakeBack { .. } => "take-back",
            Self::Withdraw { .. } => "withdraw",
        }
    }
}
