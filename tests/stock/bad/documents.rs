//! Documents that are wrong as a whole, and counts.

use serde_json::{Value, json};

use super::{Case, POSTINGS, case, line, receipt};
use crate::house::{day, posting, with};

pub(super) fn documents(closed: &str) -> Vec<Case> {
    let transfer = |from: &str, to: &str, n: u32| {
        let changes =
            [("line", json!(n)), ("from", json!(from)), ("to", json!(to)), ("value", Value::Null)];
        line(&changes)
    };
    let both = json!([transfer("wh1/a", "wh1/dock", 10), transfer("wh1/dock", "wh1/a", 20)]);
    let cancel = posting("transfer", ("transfer-order", "T-1"), both);
    let of_day = |day: &str| {
        let body = with(receipt(json!([line(&[])])), "effective", json!(day));
        with(body, "reason", json!("found"))
    };
    let many: Vec<Value> = (0..1001).map(|n| line(&[("line", json!(n))])).collect();
    let twice = receipt(json!([line(&[]), line(&[])]));
    vec![
        case(
            "lines that cancel",
            POSTINGS,
            cancel,
            "lines-cancel",
            "lines[1]",
            "lines[1]: it takes back what lines[0] does with BOLT-M8: state only \
             what is left of both",
        ),
        case(
            "a line twice",
            POSTINGS,
            twice,
            "line-twice",
            "lines[1].line",
            "lines[1].line: 10 stands twice: number them apart",
        ),
        case(
            "no lines",
            POSTINGS,
            receipt(json!([])),
            "lines-missing",
            "lines",
            "lines: nothing moves: state at least one line",
        ),
        case(
            "too many lines",
            POSTINGS,
            receipt(json!(many)),
            "too-many-lines",
            "lines",
            "lines: 1001 lines in one document: split it into documents of at \
             most 1000",
        ),
        case(
            "a closed day",
            POSTINGS,
            of_day(closed),
            "period-closed",
            "effective",
            format!(
                "effective: {closed} is closed, nothing up to {closed} changes any more: take a later day"
            ),
        ),
        case(
            "tomorrow",
            POSTINGS,
            of_day(&day(1)),
            "day-ahead",
            "effective",
            format!(
                "effective: {} is to come: leave it out or take a day up to {}",
                day(1),
                day(0)
            ),
        ),
        case(
            "no day",
            POSTINGS,
            of_day("2026-02-30"),
            "bad-body",
            "effective",
            "effective: \"2026-02-30\" is not a day: write it as 2026-11-22 at \
             line 1 column 81: correct it, /openapi.json says what belongs there",
        ),
    ]
}

pub(super) fn counts() -> Vec<Case> {
    let count = |changes: &[(&str, Value)]| {
        let mut counted =
            json!({"line": 10, "item": "BOLT-M8", "location": "wh1/a", "quantity": "1"});
        changes.iter().for_each(|(key, value)| counted[*key] = value.clone());
        with(posting("count", ("count-order", "C-1"), json!([])), "counts", json!([counted]))
    };
    vec![
        case(
            "counted below nothing",
            POSTINGS,
            count(&[("quantity", json!("-1"))]),
            "quantity-negative",
            "counts[0].quantity",
            "counts[0].quantity: -1 is below 0: state more than 0, and exchange \
             from and to to go back",
        ),
        case(
            "counted in pieces",
            POSTINGS,
            count(&[("quantity", json!("0.5"))]),
            "quantity-fraction",
            "counts[0].quantity",
            "counts[0].quantity: 0.5 box is no whole number of box: take at least \
             1 box",
        ),
        case(
            "counted nowhere",
            POSTINGS,
            count(&[("location", json!("@loss/x"))]),
            "unknown-location",
            "counts[0].location",
            "counts[0].location: nobody can count at @loss/x: state a physical \
             place",
        ),
        case(
            "counted what is not",
            POSTINGS,
            count(&[("item", json!("NUT-M8"))]),
            "unknown-item",
            "counts[0].item",
            "counts[0].item: no item NUT-M8 is defined: correct the code, or \
             define the item",
        ),
    ]
}
