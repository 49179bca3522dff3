//! What may be done where, and the answer to whether somebody may.

use serde::{Deserialize, Serialize};

use crate::Hash;

/// The modules that rights are given for (the columns of the role matrix, and the system itself).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Module {
    /// Receipts and returns from customers.
    Inbound,
    /// Issues, shipments, returns to suppliers.
    Outbound,
    /// Counts and adjustments.
    Count,
    /// Transfers and put-away.
    Transfer,
    /// Prices and costs.
    Price,
    /// The journal, traces and proofs.
    Ledger,
    /// Operators, clients, devices, policies.
    System,
}

impl Module {
    /// All modules.
    pub const ALL: [Self; 7] = [
        Self::Inbound,
        Self::Outbound,
        Self::Count,
        Self::Transfer,
        Self::Price,
        Self::Ledger,
        Self::System,
    ];

    /// The name, as in entries, policies and configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Count => "count",
            Self::Transfer => "transfer",
            Self::Price => "price",
            Self::Ledger => "ledger",
            Self::System => "system",
        }
    }
}

/// What may be done in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// See it.
    View,
    /// Make one.
    Create,
    /// Change one.
    Modify,
    /// Remove one.
    Delete,
    /// Ask for one.
    Request,
    /// Let one pass, or decide on a discrepancy.
    Approve,
    /// Move the stock.
    Execute,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 7] = [
        Self::View,
        Self::Create,
        Self::Modify,
        Self::Delete,
        Self::Request,
        Self::Approve,
        Self::Execute,
    ];

    /// The name, as in entries, policies and configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Create => "create",
            Self::Modify => "modify",
            Self::Delete => "delete",
            Self::Request => "request",
            Self::Approve => "approve",
            Self::Execute => "execute",
        }
    }
}

/// The outcome of asking whether somebody may do something, so that it can be replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether it was allowed.
    pub allowed: bool,
    /// What was asked.
    pub action: Action,
    /// On which module.
    pub module: Module,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// The digest of the policy set.
    pub version: Hash,
    /// What went wrong while deciding; anything here means deny.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}
