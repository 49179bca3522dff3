//! Quantities of lines: named cases, and random movements beside plain books.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::{content, definition, line, link};
use gatewarden_documents::{
    Admission, LineQuantities, Quantities,
    kinds::{OverAct, Tolerance},
    quantities::{executed, named_line},
};
use gatewarden_model::{DocumentContent, DocumentKind, Hash, Movement, MovementId, MovementKind};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// A movement of these lines: number, item, quantity, from, to.
fn movement(
    kind: MovementKind,
    lines: &[(u32, &str, i64, &str, &str)],
    reverses: bool,
) -> Movement {
    let line = |&(line, item, quantity, from, to): &(u32, &str, i64, &str, &str)| {
        json!({
            "line": line, "item": item, "quantity": quantity, "unit": "pcs", "from": from, "to": to,
            "things": [],
        })
    };
    let mut movement = json!({
        "id": Uuid::nil(),
        "kind": kind,
        "document": { "kind": "purchase-order", "number": "PO-1" },
        "devices": [],
        "session": Uuid::nil(),
        "operator": "li.wei",
        "auth_level": 2,
        "decision": {
            "allowed": true, "action": "execute", "module": "inbound", "policies": [],
            "version": Hash::of(b""),
        },
        "approved_by": "zhang.min",
        "lines": lines.iter().map(line).collect::<Vec<_>>(),
        "evidence": Hash::of(b""),
    });
    if reverses {
        movement["reverses"] = json!(MovementId(Uuid::nil()));
    }
    serde_json::from_value(movement).unwrap()
}

fn order(quantity: i64) -> DocumentContent {
    let lines = vec![line(10, "BOLT", quantity, "", "wh1/dock")];
    DocumentContent {
        partner: Some("ACME".into()),
        ..content(DocumentKind::PurchaseOrder, "PO-1", lines)
    }
}

fn receipt(quantity: i64, back: bool) -> Movement {
    let (from, to) = ("@supplier/ACME", "wh1/dock");
    let (from, to) = if back { (to, from) } else { (from, to) };
    movement(MovementKind::Receipt, &[(10, "BOLT", quantity, from, to)], back)
}

#[test]
fn a_line_tells_what_is_ordered_approved_executed_and_open() {
    let kind = definition(DocumentKind::PurchaseOrder);
    let (approved, newest) = (order(100), order(120));
    let mut quantities = Quantities::of(&newest, Some(&approved));
    quantities.take(&kind, &approved, &receipt(60, false)).unwrap();
    let line = *quantities.line(10).unwrap();
    let expect = LineQuantities { ordered: 120, approved: 100, executed: 60, in_hand: 0 };
    assert_eq!((line, line.open()), (expect, 40));
    assert!(quantities.is_executed() && !quantities.is_complete(&kind.tolerance));
    // Taken back: it never was.
    quantities.take(&kind, &approved, &receipt(60, true)).unwrap();
    assert_eq!(quantities.line(10).unwrap().open(), 100);
    assert!(!quantities.is_executed());
    // The newer version is approved.
    quantities.versions(&newest, Some(&newest));
    assert_eq!(quantities.line(10).unwrap().open(), 120);
    assert_eq!(
        Quantities::of(&newest, None).line(10).unwrap().open(),
        0,
        "nothing is approved yet"
    );
}

#[test]
fn only_what_is_a_way_of_the_line_counts() {
    let kind = definition(DocumentKind::PurchaseOrder);
    let order = order(100);
    let other = |kind, part| movement(kind, &[part], false);
    let cases = [
        other(MovementKind::PutAway, (10, "BOLT", 5, "wh1/dock", "wh1/a")),
        other(MovementKind::Receipt, (10, "SEAL", 5, "@supplier/ACME", "wh1/dock")),
        other(MovementKind::Receipt, (20, "BOLT", 5, "@supplier/ACME", "wh1/dock")),
        other(MovementKind::Receipt, (10, "BOLT", 5, "@production/x", "wh1/dock")),
    ];
    let mut quantities = Quantities::of(&order, Some(&order));
    for movement in &cases {
        quantities.take(&kind, &order, movement).unwrap();
    }
    assert_eq!(quantities.line(10).unwrap().executed, 0);
    let shelf = other(MovementKind::Receipt, (10, "BOLT", 5, "@supplier/ACME", "wh1/shelf"));
    quantities.take(&kind, &order, &shelf).unwrap();
    assert_eq!(quantities.line(10).unwrap().executed, 5, "another place in the house counts");
}

#[test]
fn a_transfer_in_two_steps_is_in_hand_in_between() {
    let kind = definition(DocumentKind::TransferOrder);
    let order =
        content(DocumentKind::TransferOrder, "TR-1", vec![line(10, "BOLT", 9, "wh1/a", "wh2/b")]);
    let mut quantities = Quantities::of(&order, Some(&order));
    let go = |from, to| movement(MovementKind::Transfer, &[(10, "BOLT", 9, from, to)], false);
    quantities.take(&kind, &order, &go("wh1/a", "@transit/truck")).unwrap();
    let sent = LineQuantities { ordered: 9, approved: 9, executed: 0, in_hand: 9 };
    assert_eq!(*quantities.line(10).unwrap(), sent);
    assert!(quantities.is_in_hand() && !quantities.is_complete(&kind.tolerance));
    quantities.take(&kind, &order, &go("@transit/truck", "wh2/b")).unwrap();
    let arrived = LineQuantities { executed: 9, in_hand: 0, ..sent };
    assert_eq!(*quantities.line(10).unwrap(), arrived);
    assert!(quantities.is_complete(&kind.tolerance));
}

#[test]
fn a_receipt_fulfils_the_line_of_its_order() {
    let (kind, order) = (definition(DocumentKind::Receipt), order(100));
    let named = |number, of| {
        let mut line = line(number, "BOLT", 30, "", "wh1/dock");
        line.links = vec![link(DocumentKind::PurchaseOrder, "PO-1", of)];
        line
    };
    let lines = vec![named(1, Some(10)), named(2, None), line(3, "BOLT", 5, "", "wh1/dock")];
    let other = content(DocumentKind::Receipt, "GR-1", lines);
    let part = |line, quantity| (line, "BOLT", quantity, "@supplier/ACME", "wh1/dock");
    let moved = movement(MovementKind::Receipt, &[part(1, 30), part(2, 20), part(3, 5)], false);
    let mut quantities = Quantities::of(&order, Some(&order));
    let done = executed(&kind, &other, &moved).into_iter();
    let named = done.filter_map(|(line, done)| Some((named_line(&order, &other, line)?, done)));
    let mut sums = BTreeMap::new();
    named.for_each(|(line, done)| *sums.entry(line).or_default() += done);
    quantities.fulfil(&sums).unwrap();
    assert_eq!(
        quantities.line(10).unwrap().executed,
        50,
        "a line without its order counts for none"
    );
}

#[test]
fn more_is_held_or_refused_beyond_the_tolerance_and_less_is_enough_within() {
    let line = LineQuantities { approved: 1_000, executed: 900, ..LineQuantities::default() };
    let tolerance = Tolerance { over_permille: 15, under_permille: 15, over: OverAct::Hold };
    assert_eq!((line.most(&tolerance), line.least(&tolerance)), (1_015, 985));
    assert_eq!(line.admit(115, &tolerance), Admission::Fits);
    assert_eq!(line.admit(116, &tolerance), Admission::Hold { excess: 1 });
    let strict = Tolerance { over: OverAct::Refuse, ..Tolerance::default() };
    assert_eq!(line.admit(101, &strict), Admission::Refuse { excess: 1 });
    assert!(!line.is_complete(&tolerance));
    let enough = LineQuantities { executed: 985, ..line };
    assert!(enough.is_complete(&tolerance) && !enough.is_complete(&strict));
    // Nobody gains by rounding: of 7, 5 ‰ more is nothing, and 5 ‰ less is all 7.
    let seven = LineQuantities { approved: 7, ..LineQuantities::default() };
    let little = Tolerance { over_permille: 5, under_permille: 5, over: OverAct::Refuse };
    assert_eq!((seven.most(&little), seven.least(&little)), (7, 7));
}

#[test]
fn a_sum_beyond_64_bits_is_refused_and_nothing_is_counted() {
    let kind = definition(DocumentKind::PurchaseOrder);
    let order = order(i64::MAX);
    let mut quantities = Quantities::of(&order, Some(&order));
    quantities.take(&kind, &order, &receipt(i64::MAX, false)).unwrap();
    let before = quantities.clone();
    let fault = quantities.take(&kind, &order, &receipt(1, false)).unwrap_err();
    assert_eq!((fault.code, fault.field.as_str()), ("quantity-overflow", "lines.10.executed"));
    assert_eq!(quantities, before);
    let line = quantities.line(10).unwrap();
    let tolerance = Tolerance { over_permille: 1_000, ..Tolerance::default() };
    assert_eq!((line.most(&tolerance), line.open()), (i64::MAX, 0));
    assert_eq!(line.admit(i64::MAX, &Tolerance::default()), Admission::Refuse { excess: i64::MAX });
}

/// What is done with a transfer of two lines: which line, how much, which step, taken back or not.
fn step() -> impl Strategy<Value = (u32, i64, u8, bool)> {
    (prop_oneof![Just(10_u32), Just(20)], 1_i64..50, 0_u8..4, any::<bool>())
}

proptest! {
    /// Plain books beside it: where pieces are tells what was executed and what is in hand.
    #[test]
    fn quantities_are_what_plain_books_say(walk in proptest::collection::vec(step(), 0..40)) {
        let kind = definition(DocumentKind::TransferOrder);
        let lines = vec![line(10, "BOLT", 100, "wh1/a", "wh1/b"), line(20, "SEAL", 7, "wh1/a", "wh1/b")];
        let order = content(DocumentKind::TransferOrder, "TR-1", lines);
        let mut quantities = Quantities::of(&order, Some(&order));
        let mut books: BTreeMap<(u32, &str), i64> = BTreeMap::new();
        for (number, quantity, step, back) in walk {
            let item = if number == 10 { "BOLT" } else { "SEAL" };
            let (from, to) = match step {
                0 => ("wh1/a", "wh1/b"),
                1 => ("wh1/a", "@transit/t"),
                2 => ("@transit/t", "wh1/b"),
                _ => ("@supplier/x", "wh1/b"),
            };
            let ends = if back { (to, from) } else { (from, to) };
            let part = (number, item, quantity, ends.0, ends.1);
            quantities.take(&kind, &order, &movement(MovementKind::Transfer, &[part], back)).unwrap();
            if step < 3 {
                *books.entry((number, ends.0)).or_default() -= quantity;
                *books.entry((number, ends.1)).or_default() += quantity;
            }
        }
        for (number, approved) in [(10, 100), (20, 7)] {
            let there = |place| books.get(&(number, place)).copied().unwrap_or(0);
            let line = quantities.line(number).unwrap();
            prop_assert_eq!(line.executed, there("wh1/b"));
            prop_assert_eq!(line.in_hand, there("@transit/t"));
            prop_assert_eq!(line.open(), (approved - there("wh1/b") - there("@transit/t")).max(0));
        }
    }

    /// The limits by another way: the largest and smallest whole numbers within the tolerance.
    #[test]
    fn tolerances_are_the_whole_numbers_within(
        approved in 0_i64..5_000, over in 0_u32..=1_000, under in 0_u32..1_000,
        executed in 0_i64..9_000, more in 0_i64..9_000,
    ) {
        let tolerance = Tolerance { over_permille: over, under_permille: under, over: OverAct::Hold };
        let line = LineQuantities { approved, executed, ..LineQuantities::default() };
        let within = |n: i64| n * 1_000 <= approved * (1_000 + i64::from(over));
        let most = line.most(&tolerance);
        prop_assert!(within(most) && !within(most + 1));
        let enough = |n: i64| n * 1_000 >= approved * (1_000 - i64::from(under));
        let least = line.least(&tolerance);
        prop_assert!(enough(least) && (least == 0 || !enough(least - 1)));
        let fits = within(executed + more);
        prop_assert_eq!(line.admit(more, &tolerance) == Admission::Fits, fits);
        prop_assert_eq!(line.is_complete(&tolerance), enough(executed));
    }
}
