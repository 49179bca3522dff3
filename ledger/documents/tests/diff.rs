//! What changed between two versions, and which signatures that touches.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod common;

use common::{line, link, requisition};
use gatewarden_documents::{covers, diff, touches};
use gatewarden_model::{Amount, DocumentContent, DocumentKind};
use proptest::prelude::*;

fn told(old: &DocumentContent, new: &DocumentContent) -> Vec<String> {
    let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
    let one = |change: gatewarden_documents::Change| {
        format!("{}: {} → {}", change.field, show(&change.old), show(&change.new))
    };
    diff(old, new).into_iter().map(one).collect()
}

#[test]
fn changes_are_told_field_by_field() {
    let old = requisition();
    let mut new = old.clone();
    new.version = 2;
    assert!(diff(&old, &new).is_empty(), "the version's number alone is no change");
    new.due = "2026-12-01".parse().ok();
    new.lines[0].quantity = 9;
    new.lines[0].amount = Some(Amount::from_units(125_000));
    new.lines[0].custom.insert("colour".parse().unwrap(), "red".into());
    new.lines.remove(1);
    new.lines.insert(0, line(5, "SEAL", 2, "wh1/b", ""));
    new.links = vec![link(DocumentKind::WorkOrder, "WO-2", Some(3))];
    assert_eq!(
        told(&old, &new),
        [
            "due: - → 2026-12-01",
            "links.work-order/WO-1: linked → -",
            "links.work-order/WO-2#3: - → linked",
            "lines.5.from: - → wh1/b",
            "lines.5.from_status: - → available",
            "lines.5.item: - → SEAL",
            "lines.5.quantity: - → 2",
            "lines.5.to_status: - → available",
            "lines.10.amount: - → 12.5",
            "lines.10.custom.colour: - → red",
            "lines.10.quantity: 8 → 9",
            "lines.20.from: wh1/b → -",
            "lines.20.from_status: available → -",
            "lines.20.item: BOLT → -",
            "lines.20.quantity: 4 → -",
            "lines.20.to_status: available → -",
        ]
    );
}

#[test]
fn a_signed_field_covers_what_stands_beneath_it() {
    for (pattern, field, expect) in [
        ("lines", "lines.10.quantity", true),
        ("lines.*.quantity", "lines.10.quantity", true),
        ("lines.*.quantity", "lines.10.item", false),
        ("lines.20", "lines.10.quantity", false),
        ("custom.colour", "custom.colour", true),
        ("custom", "custom.colour", true),
        ("custom.colour.x", "custom.colour", false),
        ("note", "notes", false),
    ] {
        assert_eq!(covers(pattern, field), expect, "{pattern} {field}");
    }
    let old = requisition();
    let mut new = old.clone();
    new.note = "for the night shift".into();
    let changes = diff(&old, &new);
    assert!(!touches(&changes, &["lines".into(), "partner".into()]));
    assert!(touches(&changes, &["lines".into(), "note".into()]));
}

proptest! {
    /// Any change of a version is a change of some field, and no other is told.
    #[test]
    fn two_versions_differ_exactly_where_something_changed(
        quantity in 7_i64..10, note in "[a-b]{0,2}", lot in proptest::option::of("[a-b]{1}"),
        due in proptest::option::of(20_000_i64..20_003), number in 19_u32..22,
    ) {
        let old = requisition();
        let mut new = old.clone();
        new.lines[0].quantity = quantity;
        new.note = note;
        new.lines[1].lot = lot;
        new.lines[1].line = number;
        new.due = due.map(gatewarden_model::Day::from_number);
        let changes = diff(&old, &new);
        prop_assert_eq!(changes.is_empty(), old == new);
        let has = |field: &str| changes.iter().any(|change| change.field == field);
        prop_assert_eq!(has("lines.10.quantity"), quantity != 8);
        prop_assert_eq!(has("note"), old.note != new.note);
        prop_assert_eq!(has("due"), due.is_some());
        prop_assert_eq!(has("lines.20.item"), number != 20);
        let back = diff(&new, &old);
        prop_assert_eq!(back.len(), changes.len());
        for (one, other) in changes.iter().zip(&back) {
            prop_assert_eq!((&one.old, &one.new), (&other.new, &other.old));
        }
    }
}
