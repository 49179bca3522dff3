//! Entries for tests: movements, passes and items with as little said as may be.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a failed step fails the test; not all tests use all"
)]

use gatewarden_model::{
    Action, Actor, Amount, Body, Decision, Document, DocumentKind, Entry, Hash, Item, ItemClass,
    Movement, MovementId, MovementKind, MovementLine, Pass, PassClosing, PassId, PassOpening,
    SessionId, Sighting, Stamp, Thing, Tracking, Trust,
};
use uuid::Uuid;

pub(crate) const HOUR: i64 = 3_600_000_000;
/// Monday 2026-11-23, 10:00 UTC.
pub(crate) const MONDAY: i64 = 1_795_428_000_000_000;

pub(crate) fn stamp(wall_us: i64) -> Stamp {
    Stamp { boot: Uuid::from_u128(1), mono_us: 0, wall_us, synced: true }
}

pub(crate) fn entry(seq: u64, wall_us: i64, body: Body) -> Entry {
    Entry::new(seq, stamp(wall_us), body)
}

pub(crate) fn item(code: &str, class: ItemClass, safety: Option<i64>) -> Body {
    Body::ItemDefined {
        item: Item {
            code: code.parse().unwrap(),
            name: code.to_owned(),
            class,
            tracking: Tracking::None,
            unit: "pcs".to_owned(),
            units: vec![],
            gtins: vec![],
            safety_stock: safety,
            lead_time_days: None,
            valuation: None,
        },
        by: Actor::Daemon,
    }
}

pub(crate) fn movement(
    kind: MovementKind,
    from: &str,
    to: &str,
    lines: &[(&str, i64)],
) -> Movement {
    let line = |(n, (item, quantity)): (usize, &(&str, i64))| {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let unit = "pcs".to_owned();
        let number = u32::try_from(n + 1).unwrap();
        MovementLine::new(number, item.parse().unwrap(), *quantity, unit, from, to)
    };
    Movement {
        id: MovementId(Uuid::from_u128(7)),
        kind,
        document: Document { kind: DocumentKind::Requisition, number: "MR-1".to_owned() },
        task: None,
        station: None,
        devices: vec![],
        pass: None,
        session: SessionId(Uuid::from_u128(9)),
        operator: "li.wei".parse().unwrap(),
        auth_level: 2,
        second: None,
        decision: Decision {
            allowed: true,
            action: Action::Execute,
            module: kind.module(),
            policies: vec![],
            version: Hash::of(b"policies"),
            errors: vec![],
            facts: Default::default(),
        },
        approval_seq: None,
        approved_by: String::new(),
        resolution_seq: None,
        lines: lines.iter().enumerate().map(line).collect(),
        evidence: Hash::of(b"evidence"),
        reservation: None,
        effective: None,
        back_dated: false,
        reverses: None,
        counts: vec![],
        revalues: vec![],
        voucher: vec![],
        confirmation: None,
    }
}

pub(crate) fn issue(item: &str, quantity: i64, amount: i64) -> Movement {
    let mut movement =
        movement(MovementKind::Issue, "wh1/a", "@production/line-1", &[(item, quantity)]);
    movement.lines[0].value = Some(Amount::from_units(amount * 10_000));
    movement
}

pub(crate) fn receipt(item: &str, quantity: i64) -> Movement {
    let mut one = movement(MovementKind::Receipt, "@supplier/acme", "wh1/a", &[(item, quantity)]);
    one.document.kind = DocumentKind::PurchaseOrder;
    one
}

pub(crate) fn moved(movement: Movement) -> Body {
    Body::Moved { movement, pass: None }
}

pub(crate) fn pass(number: u128, station: &str, tag: &str, wall_us: i64) -> Pass {
    let at = stamp(wall_us);
    let thing = Thing {
        key: tag.to_owned(),
        scheme: "plain".to_owned(),
        gtin: None,
        serial: None,
        lot: None,
        sscc: None,
    };
    Pass {
        id: PassId(Uuid::from_u128(number)),
        station: station.parse().unwrap(),
        opened: at,
        closed: at,
        opened_by: PassOpening::FirstRead,
        closed_by: PassClosing::Quiet,
        session: None,
        sightings: vec![Sighting {
            thing,
            device: "portal-1".parse().unwrap(),
            antenna: None,
            first: at,
            last: at,
            reads: 1,
            peak_rssi_cdbm: None,
            tid: None,
            trust: Trust::EpcOnly,
            direction: gatewarden_model::Direction::Unknown,
            confidence_pct: 0,
            evidence: Hash::of(b"frame"),
        }],
        doubts: vec![],
        strays: 0,
    }
}

pub(crate) fn quarantined(pass: Pass) -> Body {
    Body::Quarantined { pass, reason: "nobody signed in".to_owned() }
}
