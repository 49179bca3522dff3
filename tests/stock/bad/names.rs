//! Units, items, places, lots, owners and documents that are none, or look like others.

use serde_json::{Value, json};

use super::{Case, POSTINGS, case, line, of_issue, of_line};
use crate::house::posting;

pub(super) fn names() -> Vec<Case> {
    let of = |what, key: &'static str, value: &str, code, field, message: &str| {
        of_line(what, &[(key, json!(value))], code, field, message)
    };
    let milk = |what, lot: Option<&str>, code, message: &str| {
        let changes = [("item", json!("MILK-1L")), ("lot", json!(lot))];
        of_line(what, &changes, code, "lines[0].lot", message)
    };
    let taken = |what, lot: Option<&str>, code, message: &str| {
        let changes = [("item", json!("MILK-1L")), ("lot", json!(lot))];
        of_issue(what, &changes, code, "lines[0].lot", message)
    };
    let number = |number| posting("receipt", ("purchase-order", number), json!([line(&[])]));
    vec![
        of(
            "an unknown unit",
            "unit",
            "barrel",
            "unknown-unit",
            "lines[0].unit",
            "lines[0].unit: BOLT-M8 has no unit \"barrel\": state it in box",
        ),
        of(
            "a look-alike unit",
            "unit",
            "р\u{441}s",
            "unknown-unit",
            "lines[0].unit",
            "lines[0].unit: BOLT-M8 has no unit \"рсs\": state it in box",
        ),
        of(
            "an unknown item",
            "item",
            "NUT-M8",
            "unknown-item",
            "lines[0].item",
            "lines[0].item: no item NUT-M8 is defined: correct the code, or \
             define the item",
        ),
        of(
            "another case",
            "item",
            "bolt-m8",
            "unknown-item",
            "lines[0].item",
            "lines[0].item: no item bolt-m8 is defined: correct the code, or \
             define the item",
        ),
        of(
            "a look-alike item",
            "item",
            "ВOLT-M8",
            "code-lookalike",
            "lines[0].item",
            "lines[0].item: \"ВOLT-M8\" has U+0412 (В), which looks like \"B\": \
             type the plain character",
        ),
        of(
            "an unseen character",
            "item",
            "BOLT-M8\u{200b}",
            "code-lookalike",
            "lines[0].item",
            "lines[0].item: \"BOLT-M8\\u{200b}\" has U+200B, which is not seen: \
             type it again",
        ),
        of(
            "an unknown place",
            "to",
            "wh9",
            "unknown-location",
            "lines[0].to",
            "lines[0].to: no place wh9 is declared: take one that is (wh1, wh1/a, \
             wh1/dock, …), or add it to [[locations]]",
        ),
        of(
            "a look-alike place",
            "to",
            "wh1/\u{430}",
            "code-lookalike",
            "lines[0].to",
            "lines[0].to: \"wh1/а\" has U+0430 (а), which looks like \"a\": type \
             the plain character",
        ),
        of(
            "no such virtual place",
            "from",
            "@moon/x",
            "bad-body",
            "lines[0].from",
            "lines[0].from: \"@moon/x\" is not a location: write a path such as \
             \"wh1/dock\", or \"@supplier/NAME\" with one of supplier, customer, \
             production, subcontractor, loss, transit at line 1 column 144: \
             correct it, /openapi.json says what belongs there",
        ),
        of(
            "a look-alike supplier",
            "from",
            "@supplier/АCME",
            "code-lookalike",
            "lines[0].from",
            "lines[0].from: \"@supplier/АCME\" has U+0410 (А), which looks like \
             \"A\": type the plain character",
        ),
        of_line(
            "a look-alike owner",
            &[("owner", json!("АCME")), ("value", Value::Null)],
            "code-lookalike",
            "lines[0].owner",
            "lines[0].owner: \"АCME\" has U+0410 (А), which looks like \"A\": type the plain character",
        ),
        milk(
            "a lot is missing",
            None,
            "lot-missing",
            "lines[0].lot: MILK-1L is tracked by lot: name the lot (C1, L1)",
        ),
        milk(
            "a look-alike lot",
            Some("L\u{2170}"),
            "code-lookalike",
            "lines[0].lot: \"Lⅰ\" has U+2170 (ⅰ), which looks like \"i\": type \
             the plain character",
        ),
        milk(
            "a lot in pieces",
            Some("e\u{301}1"),
            "code-lookalike",
            "lines[0].lot: \"e\\u{301}1\" is spelt in pieces: write it as \"é1\" \
             (with U+00E9)",
        ),
        milk(
            "space around a lot",
            Some(" L1"),
            "name-malformed",
            "lines[0].lot: \" L1\" is no name: use 1 to 64 bytes of printable \
             text without space around it",
        ),
        taken(
            "a lot is missing where there are some",
            None,
            "lot-missing",
            "lines[0].lot: MILK-1L is tracked by lot: name the lot (C1, L1)",
        ),
        taken(
            "a lot never received",
            Some("L9"),
            "lot-foreign",
            "lines[0].lot: lot L9 of MILK-1L was never received: wh1/a has C1, L1",
        ),
        taken(
            "a lot of another item",
            Some("B1"),
            "lot-foreign",
            "lines[0].lot: lot B1 of MILK-1L was never received: wh1/a has C1, L1",
        ),
        case(
            "a look-alike document",
            POSTINGS,
            number("45\u{41e}1"),
            "code-lookalike",
            "document.number",
            "document.number: \"45О1\" has U+041E (О), which looks like \"O\": \
             type the plain character",
        ),
        case(
            "no document",
            POSTINGS,
            number(""),
            "document-invalid",
            "document.number",
            "document.number: must be 1 to 64 bytes",
        ),
        of_issue(
            "more than is there",
            &[("quantity", json!("100"))],
            "stock-short",
            "",
            "stock of BOLT-M8 at wh1/a is 5, 100 needed: 95 short",
        ),
    ]
}

/// Whose stock moves, and what is told of it to somebody who sees owners, and to who does not.
pub(super) fn owners(sees: bool) -> Vec<Case> {
    let of = |what, changes: &[(&str, Value)], seen: &str| {
        let hidden = "not enough of that owner's stock is there";
        let told = if sees { seen } else { hidden };
        let message = format!("lines[0].owner: {told}: state whose stock moves");
        of_issue(what, changes, "wrong-owner", "lines[0].owner", &message)
    };
    vec![
        of(
            "another's stock",
            &[("owner", json!("ACME"))],
            "1 of ACME are needed at wh1/a, there are 5 of the house",
        ),
        of(
            "one's own where another's is",
            &[("item", json!("MILK-1L")), ("lot", json!("C1"))],
            "1 of the house are needed at wh1/a, there are 12 of ACME",
        ),
    ]
}
