//! The words of entries, as they stand in canonical bytes.

use crate::{
    Action, Direction, DocumentKind, Module, MovementKind, PassClosing, PassOpening, StockStatus,
    Trust,
    canonical::cursor::{Cursor, Straight},
    entry::Verdict,
    pass::Doubtful,
};

/// One of these words.
macro_rules! words {
    ($type:ident { $($variant:ident $word:literal),+ $(,)? }) => {
        impl Straight for $type {
            fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
                Some(match cursor.text()? {
                    $($word => Self::$variant,)+
                    _ => return None,
                })
            }
        }
    };
}

words!(Action {
    View "view", Create "create", Modify "modify", Delete "delete", Request "request",
    Approve "approve", Execute "execute",
});
words!(Module {
    Inbound "inbound", Outbound "outbound", Count "count", Transfer "transfer", Price "price",
    Ledger "ledger", System "system", Sales "sales", Customer "customer", Purchase "purchase",
    Supplier "supplier", Planning "planning", Production "production", Quality "quality", Bom "bom",
    Item "item", Subcontract "subcontract", Finance "finance", Tag "tag",
});
words!(MovementKind {
    Receipt "receipt", PutAway "put-away", Issue "issue", Transfer "transfer",
    Shipment "shipment", Count "count", Adjustment "adjustment",
    SupplierReturn "supplier-return", CustomerReturn "customer-return",
    ProductionIssue "production-issue", ProductionReceipt "production-receipt",
    ProductionReturn "production-return", SubcontractOut "subcontract-out",
    SubcontractIn "subcontract-in", Scrap "scrap", StatusChange "status-change", Pack "pack",
    Unpack "unpack",
});
words!(DocumentKind {
    PurchaseOrder "purchase-order", Requisition "requisition", TransferOrder "transfer-order",
    SalesOrder "sales-order", WorkOrder "work-order", ReturnOrder "return-order",
    SubcontractOrder "subcontract-order", CountOrder "count-order",
    AdjustmentRequest "adjustment-request", ScrapRequest "scrap-request",
    Inspection "inspection", PackingList "packing-list",
});
words!(StockStatus {
    Available "available", QualityInspection "quality-inspection", Blocked "blocked",
    Reserved "reserved",
});
words!(Trust {
    Barcode "barcode", EpcOnly "epc-only", TidMatches "tid-matches",
    Authenticated "authenticated",
});
words!(Doubtful {
    Stray "stray", Direction "direction", TurnedBack "turned-back", NoBody "no-body", Suspect "suspect",
    AnotherTid "another-tid", Late "late",
});
words!(Direction { In "in", Out "out", Unknown "unknown" });
words!(PassOpening { FirstRead "first-read", Input "input" });
words!(PassClosing {
    Quiet "quiet", Duration "duration", Input "input", Operator "operator",
    Interrupted "interrupted",
});
words!(Verdict { Accept "accept", Reject "reject" });

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;
    use crate::canonical;

    #[test]
    fn every_word_is_read_back() {
        fn check<T: Straight + PartialEq + serde::Serialize + std::fmt::Debug>(all: &[T]) {
            for word in all {
                let bytes = canonical::encode(word).unwrap();
                assert_eq!(T::read(&mut Cursor::new(&bytes).unwrap()).as_ref(), Some(word));
            }
        }
        check(&Action::ALL);
        check(&Module::ALL);
        check(&MovementKind::ALL);
        check(&StockStatus::ALL);
        check(&[Direction::In, Direction::Out, Direction::Unknown]);
        check(&[Doubtful::Stray, Doubtful::Direction, Doubtful::TurnedBack]);
        check(&[Doubtful::NoBody, Doubtful::Suspect, Doubtful::AnotherTid, Doubtful::Late]);
        check(&[Trust::Barcode, Trust::EpcOnly, Trust::TidMatches, Trust::Authenticated]);
        check(&[PassOpening::FirstRead, PassOpening::Input]);
        check(&[Verdict::Accept, Verdict::Reject]);
        use PassClosing::{Duration, Input, Interrupted, Operator, Quiet};
        check(&[Quiet, Duration, Input, Operator, Interrupted]);
    }
}
