//! Quantities and values that are none.

use serde_json::json;

use super::{Case, POSTINGS, case, line, of_line, receipt};

pub(super) fn quantities() -> Vec<Case> {
    let of = |what, quantity: &str, code, message: &str| {
        of_line(what, &[("quantity", json!(quantity))], code, "lines[0].quantity", message)
    };
    let milk = |what, quantity: &str, code, message: &str| {
        let changes = [
            ("item", json!("MILK-1L")),
            ("lot", json!("L1")),
            ("unit", json!("crate")),
            ("quantity", json!(quantity)),
        ];
        of_line(what, &changes, code, "lines[0].quantity", message)
    };
    let largest = json!("9223372036854775807");
    let two = [10, 20].map(|n| line(&[("line", json!(n)), ("quantity", largest.clone())]));
    let together = receipt(json!(two));
    vec![
        of(
            "half a piece",
            "1.5",
            "quantity-fraction",
            "lines[0].quantity: 1.5 box is no whole number of box: take 1 box or \
             2 box",
        ),
        of(
            "too many decimals",
            "1.0000000000001",
            "quantity-fraction",
            "lines[0].quantity: 1.0000000000001 has more than 12 decimals: round \
             it",
        ),
        milk(
            "no whole bottle",
            "0.1",
            "quantity-fraction",
            "lines[0].quantity: 0.1 crate is no whole number of bottle: take 1 \
             bottle or 2 bottle",
        ),
        of(
            "an exponent",
            "1e3",
            "quantity-malformed",
            "lines[0].quantity: \"1e3\" is no quantity: write digits with a \
             point, such as 1.5",
        ),
        of(
            "a comma",
            "1,5",
            "quantity-malformed",
            "lines[0].quantity: \"1,5\" is no quantity: write digits with a \
             point, such as 1.5",
        ),
        of(
            "wide digits",
            "１",
            "quantity-malformed",
            "lines[0].quantity: \"１\" is no quantity: write digits with a point, \
             such as 1.5",
        ),
        of(
            "nothing",
            "",
            "quantity-malformed",
            "lines[0].quantity: \"\" is no quantity: write digits with a point, \
             such as 1.5",
        ),
        of(
            "beyond 64 bits",
            "9223372036854775808",
            "quantity-overflow",
            "lines[0].quantity: 9223372036854775808 is more than 64 bits of base \
             units hold: split it",
        ),
        of(
            "far beyond",
            "99999999999999999999999999999999",
            "quantity-overflow",
            "lines[0].quantity: 99999999999999999999999999999999 is more than 64 \
             bits of base units hold: split it",
        ),
        milk(
            "beyond them in base units",
            "9223372036854775807",
            "quantity-overflow",
            "lines[0].quantity: 9223372036854775807 is more than 64 bits of base \
             units hold: split it",
        ),
        case(
            "beyond them together",
            POSTINGS,
            together,
            "quantity-overflow",
            "lines[1].quantity",
            "lines[1].quantity: 9223372036854775807 of BOLT-M8 exceed 64 bits: \
             split the quantity",
        ),
        of(
            "zero",
            "0",
            "quantity-zero",
            "lines[0].quantity: 0 moves nothing: state more than 0, or leave the \
             line out",
        ),
        of(
            "zero at length",
            "0.000",
            "quantity-zero",
            "lines[0].quantity: 0.000 moves nothing: state more than 0, or leave \
             the line out",
        ),
        of(
            "negative",
            "-1",
            "quantity-negative",
            "lines[0].quantity: -1 is below 0: state more than 0, and exchange \
             from and to to go back",
        ),
        of_line(
            "a number",
            &[("quantity", json!(1))],
            "bad-body",
            "lines[0].quantity",
            "lines[0].quantity: invalid type: integer `1`, expected a string at \
             line 1 column 191: correct it, /openapi.json says what belongs there",
        ),
        of_line(
            "an unknown key",
            &[("price", json!("1"))],
            "bad-body",
            "lines[0].price",
            "lines[0].price: unknown field `price`, expected one of `line`, \
             `item`, `quantity`, `unit`, `lot`, `expires`, `owner`, `from`, `to`, \
             `from_status`, `to_status`, `from_unit`, `to_unit`, `things`, \
             `value` at line 1 column 186: correct it, /openapi.json says what \
             belongs there",
        ),
        of_line(
            "a value too fine",
            &[("value", json!("1.001"))],
            "value-decimals",
            "lines[0].value",
            "lines[0].value: 1.001 has more than 2 decimals: round it to 2",
        ),
        of_line(
            "a value below nothing",
            &[("value", json!("-1"))],
            "value-negative",
            "lines[0].value",
            "lines[0].value: -1 is below nothing: state 0 or more",
        ),
        of_line(
            "a value in words",
            &[("value", json!("one"))],
            "bad-body",
            "lines[0].value",
            "lines[0].value: \"one\" is not an amount: write a decimal such as \
             12.5 with at most 4 places, below 10^14 at line 1 column 220: \
             correct it, /openapi.json says what belongs there",
        ),
    ]
}
