//! Typed fields: from what people type to the one spelling.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use gatewarden_documents::{FieldType, Value};
use gatewarden_model::{Amount, DocumentKind};
use proptest::prelude::*;

fn types() -> Vec<FieldType> {
    vec![
        FieldType::Text { bytes_max: 20, mask: None },
        FieldType::Text { bytes_max: 20, mask: "AA-9*".parse().ok() },
        FieldType::Integer { min: -5, max: 99 },
        FieldType::Quantity { min: 0, max: 1_000 },
        FieldType::Amount { min: Amount::ZERO, max: Amount::from_units(50_000_000) },
        FieldType::Day {},
        FieldType::Bool {},
        FieldType::Choice { of: vec!["red".into(), "blue".into()] },
        FieldType::Operator {},
        FieldType::Item {},
        FieldType::Document { kinds: vec![DocumentKind::WorkOrder] },
    ]
}

/// Which type, what is typed, and its spelling and value or what is wrong.
type Case<'c> = (usize, &'c str, Result<(&'c str, Value), &'c str>);

#[test]
fn each_type_has_one_spelling_and_says_what_is_wrong() {
    let integer = Value::Integer;
    let text = |text: &str| Value::Text(text.into());
    let cases: &[Case<'_>] = &[
        (0, " seal ", Ok(("seal", text("seal")))),
        (0, "", Err("field-length")),
        (0, "line\nline", Err("field-length")),
        (0, "more than twenty bytes", Err("field-length")),
        (1, "CN-7x", Ok(("CN-7x", text("CN-7x")))),
        (1, "cn-7x", Err("field-mask")),
        (2, "007", Ok(("7", integer(7)))),
        (2, "-5", Ok(("-5", integer(-5)))),
        (2, "+7", Err("field-number")),
        (2, "100", Err("field-range")),
        (2, "99999999999999999999", Err("field-number")),
        (2, "1e3", Err("field-number")),
        (3, "-1", Err("field-range")),
        (4, "12.50", Ok(("12.5", integer(125_000)))),
        (4, "5000.0001", Err("field-range")),
        (4, "1,5", Err("field-amount")),
        (5, "2026-11-29", Ok(("2026-11-29", text("2026-11-29")))),
        (5, "29.11.2026", Err("field-day")),
        (6, "Yes", Ok(("true", Value::Bool(true)))),
        (6, "否", Ok(("false", Value::Bool(false)))),
        (6, "maybe", Err("field-bool")),
        (7, "red", Ok(("red", text("red")))),
        (7, "reed", Err("field-choice")),
        (8, "li.wei", Ok(("li.wei", text("li.wei")))),
        (8, "Li Wei", Err("field-name")),
        (9, "螺栓 M8", Ok(("螺栓 M8", text("螺栓 M8")))),
        (10, "work-order/WO/7", Ok(("work-order/WO/7", text("work-order/WO/7")))),
        (10, "bom/PUMP", Err("field-document")),
        (10, "WO-7", Err("field-document")),
    ];
    let types = types();
    for (at, typed, expect) in cases {
        let holds = &types[*at];
        match (holds.parse(typed), expect) {
            (Ok(spelling), Ok((one, value))) => {
                assert_eq!(spelling, *one);
                assert_eq!(holds.value(&spelling).as_ref(), Some(value), "{typed}");
            }
            (Err(error), Err(code)) => {
                assert_eq!(error.code, *code, "{typed}");
                assert!(!error.to_string().is_empty());
            }
            (got, _) => panic!("{typed:?}: {got:?}, expected {expect:?}"),
        }
    }
    assert_eq!(types[2].value("007"), None, "no value in another spelling");
}

proptest! {
    #[test]
    fn a_spelling_is_its_own_spelling(
        typed in "\\PC{0,24}|[-+0-9.]{1,20}|(yes|NO|TRUE|red|work-order/[a-z0-9/]{1,9})|20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        at in 0_usize..11,
    ) {
        let holds = &types()[at];
        if let Ok(spelling) = holds.parse(&typed) {
            prop_assert_eq!(holds.parse(&spelling).unwrap(), spelling.clone());
            prop_assert!(holds.value(&spelling).is_some());
            // What is declared has canonical bytes and comes back.
            let bytes = gatewarden_model::canonical::encode(holds).unwrap();
            let again: FieldType = gatewarden_model::canonical::decode(&bytes).unwrap();
            prop_assert_eq!(&again, holds);
        }
    }
}
