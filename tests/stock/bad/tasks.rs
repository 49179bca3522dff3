//! The same in tasks.

use serde_json::{Value, json};

use super::{Case, case, line};

pub(super) fn tasks() -> Vec<Case> {
    let task = |number: &str, lines: Value| {
        json!({"id": uuid::Uuid::new_v4(), "station": "dock-1", "kind": "receipt",
            "document": {"kind": "purchase-order", "number": number}, "approved_by": "wu.director",
            "lines": lines})
    };
    let of = |what, key: &'static str, value: Value, code, field, message: &str| {
        let whole = [("quantity", json!(1)), (key, value)];
        case(what, "/tasks", task("4500001", json!([line(&whole)])), code, field, message)
    };
    let many: Vec<Value> =
        (0..1001).map(|n| line(&[("line", json!(n)), ("quantity", json!(1))])).collect();
    let number = task("45\u{41e}1", json!([line(&[("quantity", json!(1))])]));
    vec![
        of(
            "a task of nothing",
            "quantity",
            json!(0),
            "quantity-zero",
            "lines[0].quantity",
            "lines[0].quantity: 0 moves nothing: state more than 0",
        ),
        of(
            "of less",
            "quantity",
            json!(-1),
            "quantity-negative",
            "lines[0].quantity",
            "lines[0].quantity: -1 moves nothing: state more than 0",
        ),
        of(
            "of a half",
            "quantity",
            json!(1.5),
            "bad-body",
            "lines[0].quantity",
            "lines[0].quantity: invalid type: floating point `1.5`, expected i64 \
             at line 1 column 221: correct it, /openapi.json says what belongs \
             there",
        ),
        of(
            "a task beyond 64 bits",
            "quantity",
            json!(9_223_372_036_854_775_808_u64),
            "bad-body",
            "lines[0].quantity",
            "lines[0].quantity: invalid value: integer `9223372036854775808`, \
             expected i64 at line 1 column 237: correct it, /openapi.json says \
             what belongs there",
        ),
        of(
            "of an unknown item",
            "item",
            json!("NUT-M8"),
            "unknown-item",
            "lines[0].item",
            "lines[0].item: no item NUT-M8 is defined: correct the code, or \
             define the item",
        ),
        of(
            "of a look-alike",
            "item",
            json!("ВOLT-M8"),
            "code-lookalike",
            "lines[0].item",
            "lines[0].item: \"ВOLT-M8\" has U+0412 (В), which looks like \"B\": \
             type the plain character",
        ),
        of(
            "to nowhere",
            "to",
            json!("wh9"),
            "unknown-location",
            "lines[0].to",
            "lines[0].to: no place wh9 is declared: take one that is (wh1, wh1/a, \
             wh1/dock, …), or add it to [[locations]]",
        ),
        of(
            "the wrong way",
            "from",
            json!("wh1/dock"),
            "kind-places",
            "lines[0].to",
            "lines[0].to: a receipt goes from @supplier to a physical place, not \
             from wh1/dock to wh1/a",
        ),
        of(
            "of a look-alike lot",
            "lot",
            json!("Ⅰ"),
            "code-lookalike",
            "lines[0].lot",
            "lines[0].lot: \"Ⅰ\" has U+2160 (Ⅰ), which looks like \"l\": type the \
             plain character",
        ),
        of(
            "of a look-alike owner",
            "owner",
            json!("АCME"),
            "code-lookalike",
            "lines[0].owner",
            "lines[0].owner: \"АCME\" has U+0410 (А), which looks like \"A\": \
             type the plain character",
        ),
        of(
            "of too fine a value",
            "value",
            json!("1.001"),
            "value-decimals",
            "lines[0].value",
            "lines[0].value: 1.001 has more than 2 decimals: round it to 2",
        ),
        of(
            "of less than nothing",
            "value",
            json!("-1"),
            "value-negative",
            "lines[0].value",
            "lines[0].value: -1 is below nothing: state 0 or more",
        ),
        case(
            "on a look-alike document",
            "/tasks",
            number,
            "code-lookalike",
            "document.number",
            "document.number: \"45О1\" has U+041E (О), which looks like \"O\": \
             type the plain character",
        ),
        case(
            "of too many lines",
            "/tasks",
            task("1", json!(many)),
            "too-many-lines",
            "lines",
            "lines: 1001 lines in one document: split it into documents of at \
             most 1000",
        ),
        case(
            "of no lines",
            "/tasks",
            task("1", json!([])),
            "lines-missing",
            "lines",
            "lines: nothing is expected: state at least one line",
        ),
    ]
}
