//! Two versions side by side: fields of the head, lines that came, went and changed, and BOMs by component.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod common;

use common::{line, link, requisition};
use gatewarden_documents::{LineChange, compare, diff};
use gatewarden_model::{Amount, DocumentContent, DocumentKind};
use proptest::prelude::*;

fn told(old: &DocumentContent, new: &DocumentContent) -> Vec<String> {
    let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
    let difference = compare(old, new);
    let of = |change: &gatewarden_documents::Change| {
        format!("{}: {} → {}", change.field, show(&change.old), show(&change.new))
    };
    let head = difference.head.iter().map(of);
    let lines = difference.lines.iter().flat_map(|line| {
        let before = format!("{} {} {}", line.what.name(), line.line, line.item);
        line.fields.iter().map(move |change| format!("{before}: {}", of(change)))
    });
    head.chain(lines).collect()
}

#[test]
fn lines_that_came_went_and_changed_are_told_apart() {
    let old = requisition();
    let mut new = old.clone();
    new.version = 2;
    assert_eq!(told(&old, &new), Vec::<String>::new());
    new.due = "2026-12-01".parse().ok();
    new.custom.insert("colour".parse().unwrap(), "red".into());
    new.links = vec![link(DocumentKind::WorkOrder, "WO-2", Some(3))];
    new.lines[0].quantity = 9;
    new.lines[0].amount = Some(Amount::from_units(125_000));
    new.lines.remove(1);
    new.lines.insert(0, line(5, "SEAL", 2, "wh1/b", ""));
    let difference = compare(&old, &new);
    assert_eq!((difference.from, difference.to), (1, 2));
    let lines: Vec<_> = difference.lines.iter().map(|l| (l.line, l.what)).collect();
    assert_eq!(
        lines,
        [(5, LineChange::Added), (10, LineChange::Changed), (20, LineChange::Removed)]
    );
    let all = told(&old, &new);
    for expected in [
        "due: - → 2026-12-01",
        "custom.colour: - → red",
        "links.work-order/WO-1: linked → -",
        "links.work-order/WO-2#3: - → linked",
        "added 5 SEAL: quantity: - → 2",
        "removed 20 BOLT: quantity: 4 → -",
    ] {
        assert!(all.iter().any(|one| one == expected), "{expected} is not in {all:#?}");
    }
    let changed = difference.lines.iter().find(|line| line.what == LineChange::Changed).unwrap();
    let fields: Vec<_> = changed.fields.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["amount", "quantity"]);
}

/// Whoever renumbers a BOM, or puts a component elsewhere, has not exchanged components.
#[test]
fn a_bom_is_compared_by_component() {
    let mut old = requisition();
    old.document.kind = DocumentKind::Bom;
    old.lines =
        vec![line(10, "NUT", 8, "", ""), line(20, "BOLT", 4, "", ""), line(30, "NUT", 1, "", "")];
    let mut new = old.clone();
    new.lines =
        vec![line(10, "BOLT", 4, "", ""), line(20, "NUT", 8, "", ""), line(30, "SEAL", 2, "", "")];
    let all = told(&old, &new);
    assert_eq!(all[..2], ["changed 10 BOLT: line: 20 → 10", "changed 20 NUT: line: 10 → 20"]);
    let difference = compare(&old, &new);
    let lines: Vec<_> = difference.lines[2..].iter().map(|l| (l.item.as_str(), l.what)).collect();
    assert_eq!(lines, [("SEAL", LineChange::Added), ("NUT", LineChange::Removed)]);
    // The same in another kind of document is a change of each line.
    (old.document.kind, new.document.kind) = (DocumentKind::Requisition, DocumentKind::Requisition);
    assert!(told(&old, &new).contains(&"changed 10 BOLT: item: NUT → BOLT".to_owned()));
}

proptest! {
    /// What `diff` finds is found here, and nothing else.
    #[test]
    fn nothing_is_left_out(
        quantity in 7_i64..10, note in "[a-b]{0,2}", lot in proptest::option::of("[a-b]{1}"),
        number in 19_u32..22, is_short in any::<bool>(),
    ) {
        let old = requisition();
        let mut new = old.clone();
        new.lines[0].quantity = quantity;
        new.note = note;
        new.lines[1].lot = lot;
        new.lines[1].line = number;
        if is_short { new.lines.truncate(1); }
        let found = compare(&old, &new);
        let fields = found.lines.iter().map(|line| line.fields.len()).sum::<usize>();
        prop_assert_eq!(found.head.len() + fields, diff(&old, &new).len());
        let back = compare(&new, &old);
        prop_assert_eq!(back.head.len(), found.head.len());
        prop_assert_eq!(back.lines.len(), found.lines.len());
    }
}
