//! Documents, tasks, decisions and movements.

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Bucket, Counted, Day, DeviceId, Hash, ItemId, Location, MovementId, OperatorId, PassId,
    Revaluation, SessionId, Stamp, StationId, StockStatus, TaskId, VoucherLine, item::is_default,
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

/// The kinds of movement. Which places each goes between stands in `gatewarden_stock::kinds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovementKind {
    /// From a supplier, on a purchase order.
    Receipt,
    /// From where it was received to where it is kept.
    PutAway,
    /// To production or a cost centre, on a requisition.
    Issue,
    /// Between physical locations, at once or through transit.
    Transfer,
    /// To a customer.
    Shipment,
    /// The difference that a count found.
    Count,
    /// A correction of a quantity, with its reason.
    Adjustment,
    /// Back to a supplier.
    SupplierReturn,
    /// Back from a customer.
    CustomerReturn,
    /// Material into a work order.
    ProductionIssue,
    /// Finished goods out of a work order.
    ProductionReceipt,
    /// Material back out of a work order.
    ProductionReturn,
    /// Material to a subcontractor; it stays the house's.
    SubcontractOut,
    /// From a subcontractor: material back, or what was made and what it consumed.
    SubcontractIn,
    /// Into the bin.
    Scrap,
    /// Another status at the same place.
    StatusChange,
    /// Into a handling unit at the same place.
    Pack,
    /// Out of a handling unit at the same place.
    Unpack,
}

impl MovementKind {
    /// All kinds.
    pub const ALL: [Self; 18] = [
        Self::Receipt,
        Self::PutAway,
        Self::Issue,
        Self::Transfer,
        Self::Shipment,
        Self::Count,
        Self::Adjustment,
        Self::SupplierReturn,
        Self::CustomerReturn,
        Self::ProductionIssue,
        Self::ProductionReceipt,
        Self::ProductionReturn,
        Self::SubcontractOut,
        Self::SubcontractIn,
        Self::Scrap,
        Self::StatusChange,
        Self::Pack,
        Self::Unpack,
    ];

    /// The module whose rights it needs.
    #[must_use]
    pub fn module(self) -> Module {
        match self {
            Self::Receipt
            | Self::CustomerReturn
            | Self::ProductionReceipt
            | Self::ProductionReturn
            | Self::SubcontractIn => Module::Inbound,
            Self::Issue
            | Self::Shipment
            | Self::SupplierReturn
            | Self::ProductionIssue
            | Self::SubcontractOut => Module::Outbound,
            Self::PutAway | Self::Transfer | Self::StatusChange | Self::Pack | Self::Unpack => {
                Module::Transfer
            }
            Self::Count | Self::Adjustment | Self::Scrap => Module::Count,
        }
    }

    /// The name, as in entries and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::PutAway => "put-away",
            Self::Issue => "issue",
            Self::Transfer => "transfer",
            Self::Shipment => "shipment",
            Self::Count => "count",
            Self::Adjustment => "adjustment",
            Self::SupplierReturn => "supplier-return",
            Self::CustomerReturn => "customer-return",
            Self::ProductionIssue => "production-issue",
            Self::ProductionReceipt => "production-receipt",
            Self::ProductionReturn => "production-return",
            Self::SubcontractOut => "subcontract-out",
            Self::SubcontractIn => "subcontract-in",
            Self::Scrap => "scrap",
            Self::StatusChange => "status-change",
            Self::Pack => "pack",
            Self::Unpack => "unpack",
        }
    }

    /// What happened, in a past participle.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Receipt => "received",
            Self::PutAway => "put away",
            Self::Issue => "issued",
            Self::Transfer => "transferred",
            Self::Shipment => "shipped",
            Self::Count => "counted",
            Self::Adjustment => "adjusted",
            Self::SupplierReturn => "returned to the supplier",
            Self::CustomerReturn => "returned by the customer",
            Self::ProductionIssue => "issued to production",
            Self::ProductionReceipt => "received from production",
            Self::ProductionReturn => "returned from production",
            Self::SubcontractOut => "sent to a subcontractor",
            Self::SubcontractIn => "received from a subcontractor",
            Self::Scrap => "scrapped",
            Self::StatusChange => "changed in status",
            Self::Pack => "packed",
            Self::Unpack => "unpacked",
        }
    }
}

/// The kinds of document a task or posting comes from.
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
    /// Work order.
    WorkOrder,
    /// Return, of a customer or to a supplier.
    ReturnOrder,
    /// Subcontract order.
    SubcontractOrder,
    /// Count order.
    CountOrder,
    /// Request for an adjustment or a correction.
    AdjustmentRequest,
    /// Request to scrap.
    ScrapRequest,
    /// Quality inspection.
    Inspection,
    /// Packing list.
    PackingList,
}

impl DocumentKind {
    /// The name, as in entries and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PurchaseOrder => "purchase-order",
            Self::Requisition => "requisition",
            Self::TransferOrder => "transfer-order",
            Self::SalesOrder => "sales-order",
            Self::WorkOrder => "work-order",
            Self::ReturnOrder => "return-order",
            Self::SubcontractOrder => "subcontract-order",
            Self::CountOrder => "count-order",
            Self::AdjustmentRequest => "adjustment-request",
            Self::ScrapRequest => "scrap-request",
            Self::Inspection => "inspection",
            Self::PackingList => "packing-list",
        }
    }

    /// How people write it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::PurchaseOrder => "PO",
            Self::Requisition => "requisition",
            Self::TransferOrder => "transfer order",
            Self::SalesOrder => "sales order",
            Self::WorkOrder => "work order",
            Self::ReturnOrder => "return order",
            Self::SubcontractOrder => "subcontract order",
            Self::CountOrder => "count order",
            Self::AdjustmentRequest => "adjustment request",
            Self::ScrapRequest => "scrap request",
            Self::Inspection => "inspection",
            Self::PackingList => "packing list",
        }
    }
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
    /// The reservation whose stock it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<MovementId>,
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
    /// Who owns it, where that is not the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The status it has where it comes from.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_status: StockStatus,
    /// The status it gets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub to_status: StockStatus,
    /// The value of the whole line, where stock comes in from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
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
    /// For which task; none for a posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// Where it was seen; none for a posting from the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<StationId>,
    /// By which devices.
    pub devices: Vec<DeviceId>,
    /// In which pass; none for a posting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<PassId>,
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
    /// What moved; empty only where a count found no difference.
    pub lines: Vec<MovementLine>,
    /// The digest of the canonical bytes of what it rests on: the pass, or the posting.
    pub evidence: Hash,
    /// The reservation whose stock it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<MovementId>,
    /// The day it counts for, where that is not the UTC day of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Day>,
    /// Counted before entries that were there already: it changes the past, `revalues` says how.
    #[serde(default, skip_serializing_if = "is_default")]
    pub back_dated: bool,
    /// The movement that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<MovementId>,
    /// What a count found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Counted>,
    /// What it changes in the value of earlier lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revalues: Vec<Revaluation>,
    /// Its finance voucher; debits and credits are equal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voucher: Vec<VoucherLine>,
}

impl Movement {
    /// The day it counts for; `at` is its entry's stamp.
    #[must_use]
    pub fn day(&self, at: &Stamp) -> Day {
        self.effective.unwrap_or_else(|| Day::of(at, 0))
    }
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
    /// The quantity as it was stated, where that was not in base units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// Who owns it, where that is not the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The status it had.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_status: StockStatus,
    /// The status it has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub to_status: StockStatus,
    /// The handling unit (SSCC) it was taken out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_unit: Option<String>,
    /// The handling unit (SSCC) it was put into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_unit: Option<String>,
    /// The lot's last day, where this line is the first to tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Day>,
    /// The value that moved with it; none for what has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}

impl MovementLine {
    /// A line of loose, available stock of the house, without lot, things and value.
    #[must_use]
    pub fn new(
        line: u32,
        item: ItemId,
        quantity: i64,
        unit: String,
        from: Location,
        to: Location,
    ) -> Self {
        let (from_status, to_status) = (StockStatus::Available, StockStatus::Available);
        Self {
            line,
            item,
            lot: None,
            quantity,
            unit,
            from,
            to,
            things: vec![],
            stated: None,
            owner: None,
            from_status,
            to_status,
            from_unit: None,
            to_unit: None,
            expires: None,
            value: None,
        }
    }

    /// The bucket it is taken from.
    #[must_use]
    pub fn from_bucket(&self) -> Bucket {
        let (lot, owner, unit) = (self.lot.clone(), self.owner.clone(), self.from_unit.clone());
        Bucket { lot, owner, status: self.from_status, unit }
    }

    /// The bucket it is put into.
    #[must_use]
    pub fn to_bucket(&self) -> Bucket {
        let (lot, owner, unit) = (self.lot.clone(), self.owner.clone(), self.to_unit.clone());
        Bucket { lot, owner, status: self.to_status, unit }
    }
}
