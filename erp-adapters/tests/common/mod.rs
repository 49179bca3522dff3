//! What the adapters' tests share: a clock that stands still and deliveries made from a few words.
#![allow(dead_code, reason = "every test binary uses its own part")]

use std::sync::Arc;

use gatewarden_adapters::Delivery;
use gatewarden_model::{
    Action, Clock, Decision, Document, DocumentKind, Hash, Movement, MovementKind, MovementLine,
    Stamp,
};
use uuid::Uuid;

/// Seconds that the clock shows.
pub(crate) const NOW_S: i64 = 1_700_000_000;

struct Still;

impl Clock for Still {
    fn now(&self) -> Stamp {
        Stamp { boot: Uuid::nil(), mono_us: 1, wall_us: NOW_S * 1_000_000, synced: true }
    }
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(Still)
}

/// `lines`: item, quantity, from, to.
pub(crate) fn delivery(
    id: u128,
    kind: MovementKind,
    document: (DocumentKind, &str),
    lines: &[(&str, i64, &str, &str)],
) -> Delivery {
    let uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + id);
    let lines = lines
        .iter()
        .zip(1..)
        .map(|((item, quantity, from, to), line)| MovementLine {
            line,
            item: item.parse().expect("an item"),
            lot: None,
            quantity: *quantity,
            unit: "pcs".into(),
            from: from.parse().expect("a location"),
            to: to.parse().expect("a location"),
            things: vec![format!("thing-{id}-{line}")],
            stated: None,
            owner: None,
            from_status: Default::default(),
            to_status: Default::default(),
            from_unit: None,
            to_unit: None,
            expires: None,
            value: None,
        })
        .collect();
    let movement = Movement {
        document_digest: None,
        received_by: None,
        id: gatewarden_model::MovementId(uuid),
        kind,
        document: Document { kind: document.0, number: document.1.into() },
        task: Some(gatewarden_model::TaskId(Uuid::from_u128(2))),
        station: Some("dock-1".parse().expect("a station")),
        devices: vec!["reader-1".parse().expect("a device")],
        pass: Some(gatewarden_model::PassId(uuid)),
        session: gatewarden_model::SessionId(Uuid::from_u128(3)),
        operator: "mei".parse().expect("an operator"),
        auth_level: 2,
        decision: Decision {
            allowed: true,
            action: Action::Execute,
            module: kind.module(),
            policies: vec!["storekeeper".into()],
            version: Hash::of(b"policy"),
            errors: vec![],
            facts: Default::default(),
        },
        approval_seq: None,
        approved_by: "erp:buyer".into(),
        resolution_seq: None,
        lines,
        evidence: Hash::of(b"pass"),
        reservation: None,
        effective: None,
        second: None,
        back_dated: false,
        reverses: None,
        counts: vec![],
        revalues: vec![],
        voucher: vec![],
        confirmation: None,
    };
    Delivery { seq: 42, entry: Hash::of(b"entry"), at: clock().now(), movement }
}

/// A receipt on a purchase order into `wh1/dock`.
pub(crate) fn receipt(id: u128, order: &str, items: &[(&str, i64)]) -> Delivery {
    let lines: Vec<_> =
        items.iter().map(|(item, n)| (*item, *n, "@supplier/ACME", "wh1/dock")).collect();
    delivery(id, MovementKind::Receipt, (DocumentKind::PurchaseOrder, order), &lines)
}

/// A transfer on a transfer order.
pub(crate) fn transfer(id: u128, item: &str, quantity: i64, from: &str, to: &str) -> Delivery {
    let document = (DocumentKind::TransferOrder, "TO-1");
    delivery(id, MovementKind::Transfer, document, &[(item, quantity, from, to)])
}
