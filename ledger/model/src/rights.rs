//! What may be done where, and the answer to whether somebody may.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Hash;

/// The modules that rights are given for (the columns of the role matrix, and the system itself).
/// Some have no procedure of this program yet: their rights can be given and asked for all the same.
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
    /// Sales orders and contracts.
    Sales,
    /// The customers and their terms.
    Customer,
    /// Purchase requests and purchase orders.
    Purchase,
    /// The suppliers and their terms.
    Supplier,
    /// What is to be made or bought, and when.
    Planning,
    /// Work orders.
    Production,
    /// Inspections and their results.
    Quality,
    /// Bills of material and engineering changes.
    Bom,
    /// The item master.
    Item,
    /// Subcontract orders and their settlement.
    Subcontract,
    /// Vouchers, settlements and payments.
    Finance,
    /// The memory of tags: view is to read it, modify to write, execute to lock, delete to kill.
    Tag,
}

impl Module {
    /// All modules. Those that decided when a journal was written stand first, in that order.
    pub const ALL: [Self; 19] = [
        Self::Inbound,
        Self::Outbound,
        Self::Count,
        Self::Transfer,
        Self::Price,
        Self::Ledger,
        Self::System,
        Self::Sales,
        Self::Customer,
        Self::Purchase,
        Self::Supplier,
        Self::Planning,
        Self::Production,
        Self::Quality,
        Self::Bom,
        Self::Item,
        Self::Subcontract,
        Self::Finance,
        Self::Tag,
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
            Self::Sales => "sales",
            Self::Customer => "customer",
            Self::Purchase => "purchase",
            Self::Supplier => "supplier",
            Self::Planning => "planning",
            Self::Production => "production",
            Self::Quality => "quality",
            Self::Bom => "bom",
            Self::Item => "item",
            Self::Subcontract => "subcontract",
            Self::Finance => "finance",
            Self::Tag => "tag",
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
    /// The facts that the policies of this action and module look at, as they were then. Sets are
    /// joined by commas, amounts are as `Amount` writes them. Empty where no policy looks at any, and
    /// in entries from before facts were recorded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}
