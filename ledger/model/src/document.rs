//! Documents: the reference by which tasks, postings and movements name one, and what one version of
//! one says.
//!
//! Absent on purpose: which states a kind has and who approves it (`gatewarden-documents`,
//! `gatewarden-workflow`), what may be in its fields (the configuration).

mod content;
mod count;
mod step;

use serde::{Deserialize, Serialize};

pub use content::{
    DOCUMENT_LINES_MAX, DocumentContent, DocumentLine, DocumentLink, LINKS_MAX, NOTE_BYTES_MAX,
};
pub use count::{COUNT_SEEN_MAX, CountBook, CountSeen, CountSheet};
pub use step::{DocumentStep, ExtraApproval, LineDone};

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
    /// What is bought, made, kept or sold.
    Item,
    /// A unit of measure.
    Unit,
    /// A supplier, customer or subcontractor.
    Partner,
    /// A warehouse with its places.
    Warehouse,
    /// A version of what a product is made of.
    Bom,
    /// What items cost of a partner, from a day on.
    PriceList,
    /// Where work orders are done.
    WorkCentre,
    /// Somebody needs something bought.
    PurchaseRequest,
    /// A supplier says what is on its way.
    ShippingNotice,
    /// Goods that came, to be taken in.
    Receipt,
    /// Goods to be brought to a customer.
    Shipment,
    /// What a work order made.
    ProductionReceipt,
    /// The one way to a new version of a BOM.
    EngineeringChange,
    /// What a rule found to be bought.
    PurchaseSuggestion,
    /// What a subcontractor used and earns.
    SubcontractSettlement,
    /// Goods to be brought to their shelf.
    PutAwayOrder,
}

impl Document {
    /// The shape of its number: each digit as `#`. Numbers that one pattern makes have one shape.
    #[must_use]
    pub fn shape(&self) -> String {
        self.number.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect()
    }
}

impl DocumentKind {
    /// All kinds.
    pub const ALL: [Self; 28] = [
        Self::PurchaseOrder,
        Self::Requisition,
        Self::TransferOrder,
        Self::SalesOrder,
        Self::WorkOrder,
        Self::ReturnOrder,
        Self::SubcontractOrder,
        Self::CountOrder,
        Self::AdjustmentRequest,
        Self::ScrapRequest,
        Self::Inspection,
        Self::PackingList,
        Self::Item,
        Self::Unit,
        Self::Partner,
        Self::Warehouse,
        Self::Bom,
        Self::PriceList,
        Self::WorkCentre,
        Self::PurchaseRequest,
        Self::ShippingNotice,
        Self::Receipt,
        Self::Shipment,
        Self::ProductionReceipt,
        Self::EngineeringChange,
        Self::PurchaseSuggestion,
        Self::SubcontractSettlement,
        Self::PutAwayOrder,
    ];

    /// The kind of this name, as in JSON.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name, as in entries and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
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
            Self::Item => "item",
            Self::Unit => "unit",
            Self::Partner => "partner",
            Self::Warehouse => "warehouse",
            Self::Bom => "bom",
            Self::PriceList => "price-list",
            Self::WorkCentre => "work-centre",
            Self::PurchaseRequest => "purchase-request",
            Self::ShippingNotice => "shipping-notice",
            Self::Receipt => "receipt",
            Self::Shipment => "shipment",
            Self::ProductionReceipt => "production-receipt",
            Self::EngineeringChange => "engineering-change",
            Self::PurchaseSuggestion => "purchase-suggestion",
            Self::SubcontractSettlement => "subcontract-settlement",
            Self::PutAwayOrder => "put-away-order",
        }
    }

    /// Whether documents of the kind are orders: what something is bought, sold or made by.
    #[must_use]
    pub const fn is_order(self) -> bool {
        matches!(
            self,
            Self::PurchaseOrder | Self::SalesOrder | Self::WorkOrder | Self::SubcontractOrder
        )
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
            Self::Item => "item",
            Self::Unit => "unit",
            Self::Partner => "partner",
            Self::Warehouse => "warehouse",
            Self::Bom => "BOM",
            Self::PriceList => "price list",
            Self::WorkCentre => "work centre",
            Self::PurchaseRequest => "purchase request",
            Self::ShippingNotice => "shipping notice",
            Self::Receipt => "receipt",
            Self::Shipment => "shipment",
            Self::ProductionReceipt => "production receipt",
            Self::EngineeringChange => "engineering change",
            Self::PurchaseSuggestion => "purchase suggestion",
            Self::SubcontractSettlement => "subcontract settlement",
            Self::PutAwayOrder => "put-away order",
        }
    }
}
