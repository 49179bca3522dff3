//! Costs, closed periods and tags.

use serde_json::{Value, json};

use super::{Case, case};
use crate::house::day;

pub(super) fn books(receipt: &str, closed: &str) -> Vec<Case> {
    let cost = |movement: &str, amounts: Value| {
        json!({"movement": movement, "amounts": amounts,
            "document": {"kind": "purchase-order", "number": "F-1"}})
    };
    let tag = |changes: &[(&str, &str)]| {
        let mut tag = json!({"tag": "(01)00614141123452(21)9", "item": "MILK-1L", "lot": "L1"});
        changes.iter().for_each(|(key, value)| tag[*key] = json!(value));
        tag
    };
    let nobody = "01970000-0000-7000-8000-000000000000";
    const COSTS: &str = "/api/v1/landed-costs";
    const CLOSE: &str = "/api/v1/periods/close";
    const TAGS: &str = "/api/v1/tags";
    let mut no_lot = tag(&[]);
    no_lot.as_object_mut().unwrap().remove("lot");
    vec![
        case(
            "a cost on nothing",
            COSTS,
            cost(nobody, json!(["1"])),
            "movement-unknown",
            "movement",
            "movement: no movement 01970000-0000-7000-8000-000000000000 was \
             posted: look it up in the ledger",
        ),
        case(
            "costs for other lines",
            COSTS,
            cost(receipt, json!(["1"])),
            "landed-lines",
            "amounts",
            format!(
                "amounts: 1 amounts for the 4 lines of {receipt}: state one for each, 0 where nothing is added"
            ),
        ),
        case(
            "no cost",
            COSTS,
            cost(receipt, json!(["0", "0", "0", "0"])),
            "amount-zero",
            "amounts",
            "amounts: nothing is added: state an amount for a line",
        ),
        case(
            "a cost beyond all",
            COSTS,
            cost(receipt, json!(["99999999999999999999", "0", "0", "0"])),
            "bad-body",
            "amounts[0]",
            "amounts[0]: \"99999999999999999999\" is not an amount: write a \
             decimal such as 12.5 with at most 4 places, below 10^14 at line 1 \
             column 34: correct it, /openapi.json says what belongs there",
        ),
        case(
            "less than nothing left",
            COSTS,
            cost(receipt, json!(["-1000", "0", "0", "0"])),
            "value-negative",
            "amounts[0]",
            "amounts[0]: line 10 is worth 12, -1000 more would leave less than \
             nothing: state at least -12",
        ),
        case(
            "today closed",
            CLOSE,
            json!({"until": day(0)}),
            "day-ahead",
            "until",
            format!("until: {0} is not over: close a day before {0}", day(0)),
        ),
        case(
            "an earlier day closed",
            CLOSE,
            json!({"until": day(-9)}),
            "period-closed",
            "until",
            format!("until: {closed} is closed already, and stays so"),
        ),
        case(
            "a tag of nothing",
            TAGS,
            tag(&[("item", "NUT-M8")]),
            "unknown-item",
            "item",
            "item: NUT-M8 is not in the item master: add it there first",
        ),
        case(
            "a tag without its lot",
            TAGS,
            no_lot,
            "lot-missing",
            "lot",
            "lot: MILK-1L is tracked by lot: state it",
        ),
        case(
            "a tag of a look-alike lot",
            TAGS,
            tag(&[("lot", "Ⅼ1")]),
            "code-lookalike",
            "lot",
            "lot: \"Ⅼ1\" has U+216C (Ⅼ), which looks like \"L\": type the plain \
             character",
        ),
    ]
}
