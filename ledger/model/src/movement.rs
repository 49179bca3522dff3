//! Documents, tasks, decisions and movements.

use serde::{Deserialize, Serialize};

use crate::{
    DeviceId, Hash, ItemId, Location, MovementId, OperatorId, PassId, SessionId, StationId, TaskId,
};

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

/// The kinds of movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovementKind {
    /// From a supplier, on a purchase order.
    Receipt,
    /// To production or a cost centre, on a requisition.
    Issue,
    /// Between physical locations.
    Transfer,
    /// To a customer.
    Shipment,
}

impl MovementKind {
    /// The module whose rights it needs.
    #[must_use]
    pub fn module(self) -> Module {
        match self {
            Self::Receipt => Module::Inbound,
            Self::Issue | Self::Shipment => Module::Outbound,
            Self::Transfer => Module::Transfer,
        }
    }
}

/// The kinds of document a task comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// Purchase order.
    PurchaseOrder,
    /// Material requisition.
    Requisition,
    /// Transfer order.
    TransferOrder,
    /// Sales order.
    SalesOrder,
}

/// A document of the ERP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its kind.
    pub kind: DocumentKind,
    /// Its number, 1 to 64 printable bytes.
    pub number: String,
}

/// What a document expects to happen at a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its id; minted by the caller, so that a repeated request is harmless.
    pub id: TaskId,
    /// Where.
    pub station: StationId,
    /// What kind of movement.
    pub kind: MovementKind,
    /// On which document.
    pub document: Document,
    /// Who ordered it, as the ERP says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_by: Option<String>,
    /// Who approved the document, as the ERP says. Without it the task waits for an approval here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// What is expected, at least one line, at most 1,000.
    pub lines: Vec<TaskLine>,
}

/// One expected item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskLine {
    /// The document's line number.
    pub line: u32,
    /// The item.
    pub item: ItemId,
    /// Base units, more than zero.
    pub quantity: i64,
    /// From where.
    pub from: Location,
    /// To where.
    pub to: Location,
    /// The lot asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// The keys of exactly those things that are expected, where the document names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub things: Vec<String>,
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

/// A quantity of items from one location to another, with everything that made it count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// Its id, that of the pass.
    pub id: MovementId,
    /// Its kind.
    pub kind: MovementKind,
    /// On which document.
    pub document: Document,
    /// For which task.
    pub task: TaskId,
    /// Where it was seen.
    pub station: StationId,
    /// By which devices.
    pub devices: Vec<DeviceId>,
    /// In which pass.
    pub pass: PassId,
    /// In which session.
    pub session: SessionId,
    /// By whom.
    pub operator: OperatorId,
    /// How strongly the session was authenticated: 1 badge, 2 badge and PIN.
    pub auth_level: u8,
    /// Why it was allowed.
    pub decision: Decision,
    /// The sequence of the entry that approved the document here, if it was approved here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_seq: Option<u64>,
    /// Who approved the document, as the ERP or an operator here said.
    pub approved_by: String,
    /// The sequence of the entry that decided on a discrepancy, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution_seq: Option<u64>,
    /// What moved, at least one line.
    pub lines: Vec<MovementLine>,
    /// The digest of the pass's canonical bytes.
    pub evidence: Hash,
}

/// One item's part of a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovementLine {
    /// The document's line number.
    pub line: u32,
    /// The item.
    pub item: ItemId,
    /// Its lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Base units, more than zero.
    pub quantity: i64,
    /// The base unit's name.
    pub unit: String,
    /// From where.
    pub from: Location,
    /// To where.
    pub to: Location,
    /// The keys of the things that were seen.
    pub things: Vec<String>,
}
