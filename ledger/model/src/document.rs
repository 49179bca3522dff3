//! The documents of the ERP that tasks and postings come from.

use serde::{Deserialize, Serialize};

/// A document of the ERP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its kind.
    pub kind: DocumentKind,
    /// Its number, 1 to 64 printable bytes.
    pub number: String,
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
