//! The kinds of movement.

use serde::{Deserialize, Serialize};

use crate::Module;

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
    pub const fn name(self) -> &'static str {
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
