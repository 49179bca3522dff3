//! What each kind of movement may do, as far as a definition or a document can be wrong about it before
//! anything moves: between which classes of places, whether it stays at one place, of which statuses.
//!
//! Invariant: it is what stock itself lets pass (`gatewarden_stock::kinds`), which a test asks of every
//! kind; that crate decides when something is moved. Absent: what is there.

use gatewarden_model::{MovementKind, StockStatus};

use super::PlaceClass;

/// Whether a movement of this kind may go between places of these classes.
#[must_use]
pub fn may_go(kind: MovementKind, from: PlaceClass, to: PlaceClass) -> bool {
    use PlaceClass::{Customer, Loss, Physical, Production, Subcontractor, Supplier, Transit};
    match kind {
        MovementKind::Receipt => (from, to) == (Supplier, Physical),
        MovementKind::Issue => from == Physical && matches!(to, Production | Loss),
        MovementKind::Transfer => {
            matches!((from, to), (Physical, Physical | Transit) | (Transit, Physical))
        }
        MovementKind::Shipment => (from, to) == (Physical, Customer),
        MovementKind::Count | MovementKind::Adjustment => {
            matches!((from, to), (Physical, Loss) | (Loss, Physical))
        }
        MovementKind::SupplierReturn => (from, to) == (Physical, Supplier),
        MovementKind::CustomerReturn => (from, to) == (Customer, Physical),
        MovementKind::ProductionIssue => (from, to) == (Physical, Production),
        MovementKind::ProductionReceipt | MovementKind::ProductionReturn => {
            (from, to) == (Production, Physical)
        }
        MovementKind::SubcontractOut => (from, to) == (Physical, Subcontractor),
        MovementKind::SubcontractIn => {
            matches!((from, to), (Subcontractor, Physical | Production) | (Production, Physical))
        }
        MovementKind::Scrap => (from, to) == (Physical, Loss),
        MovementKind::PutAway
        | MovementKind::StatusChange
        | MovementKind::Pack
        | MovementKind::Unpack => (from, to) == (Physical, Physical),
    }
}

/// Whether a movement of this kind stays at one place; any other leaves it.
#[must_use]
pub fn stays(kind: MovementKind) -> bool {
    matches!(kind, MovementKind::StatusChange | MovementKind::Pack | MovementKind::Unpack)
}

/// Whether a movement of this kind may take stock of this status.
#[must_use]
pub fn may_take(kind: MovementKind, status: StockStatus) -> bool {
    use MovementKind::{
        Adjustment, Count, Pack, PutAway, Scrap, StatusChange, SupplierReturn, Transfer, Unpack,
    };
    let any =
        [Adjustment, Count, Pack, PutAway, Scrap, StatusChange, SupplierReturn, Transfer, Unpack];
    matches!(status, StockStatus::Available | StockStatus::Reserved) || any.contains(&kind)
}
