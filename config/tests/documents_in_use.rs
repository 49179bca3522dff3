//! The shipped kinds of document in use: one of each kind that nothing is wrong with, and what is told where
//! something that it needs is left out.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use gatewarden_config::shipped_kinds;
use gatewarden_documents::{Execution, Frame, Kinds, Known, check, kinds::HeadField};
use gatewarden_model::{
    Document, DocumentContent, DocumentKind, Hash, Item, ItemId, Location, MovementKind,
    OperatorId, StationId,
};
use gatewarden_stock::{check_code, kinds as ways};
use serde_json::{Value, json};

/// A house that knows whatever is well formed.
struct House(Item);

impl House {
    fn new() -> Self {
        let item = json!({ "code": "BOLT", "name": "Bolt", "unit": "pcs" });
        Self(serde_json::from_value(item).unwrap())
    }
}

impl Known for House {
    fn item(&self, _: &ItemId) -> Option<&Item> {
        Some(&self.0)
    }
    fn partner(&self, _: &str) -> bool {
        true
    }
    fn document(&self, _: &Document) -> Option<Frame> {
        Some(Frame::Approved)
    }
    fn line(&self, _: &Document, _: u32) -> bool {
        true
    }
    fn version(&self, _: &Document, _: &Hash) -> bool {
        true
    }
    fn place(&self, _: &Location) -> bool {
        true
    }
    fn station(&self, _: &StationId) -> bool {
        true
    }
    fn operator(&self, _: &OperatorId) -> bool {
        true
    }
    fn look_alike(&self, text: &str) -> Option<String> {
        check_code("it", text).err().map(|error| error.to_string())
    }
}

fn order(kind: &str, number: &str) -> Value {
    json!({ "document": { "kind": kind, "number": number } })
}

fn bolts(more: Value) -> Value {
    let mut line = json!({ "line": 10, "item": "BOLT", "quantity": 20 });
    let Value::Object(more) = more else { unreachable!() };
    line.as_object_mut().unwrap().extend(more);
    line
}

/// One document of each kind: number, and what it says.
fn samples() -> Vec<(&'static str, &'static str, Value)> {
    let bom = json!({ "document": { "kind": "bom", "number": "PUMP" }, "digest": Hash::of(b"3") });
    let (from, to) = (json!({ "from": "wh1/a" }), json!({ "to": "wh1/dock" }));
    let both = json!({ "from": "wh1/a", "to": "wh1/b" });
    vec![
        (
            "item",
            "BOLT-M8",
            json!({ "title": "Bolt M8", "custom": {
            "unit": "pcs", "class": "A", "tracking": "lot", "safety-stock": "200",
            "lead-time-days": "14", "gtin": "04006381333931", "preferred-partner": "partner/ACME",
        } }),
        ),
        (
            "unit",
            "BOX-BOLT",
            json!({ "title": "Box", "custom": {
            "item": "BOLT", "numerator": "50", "denominator": "1",
        } }),
        ),
        ("partner", "ACME", json!({ "title": "Acme Ltd", "custom": { "role": "supplier" } })),
        ("warehouse", "WH-1", json!({ "title": "Main house", "custom": { "place": "wh1" } })),
        (
            "bom",
            "PUMP",
            json!({
                "links": [order("engineering-change", "ECO-2026-0001")],
                "lines": [bolts(json!({ "custom": {
                    "denominator": "1", "scrap-permille": "20", "phantom": "false", "group": "bolts",
                } }))],
                "custom": { "base": "10", "effective-from": "2026-12-01", "effective-until": "2027-12-01" },
            }),
        ),
        (
            "price-list",
            "PL-2026-0001",
            json!({
                "partner": "ACME", "date": "2026-11-29", "custom": { "effective-from": "2026-12-01" },
                "lines": [bolts(json!({ "amount": "12.5" }))],
            }),
        ),
        (
            "work-centre",
            "WC-001",
            json!({ "title": "Lathe", "custom": { "capacity-hours": "16" } }),
        ),
        ("purchase-suggestion", "PS-20261129-0001", json!({ "lines": [bolts(json!({}))] })),
        (
            "purchase-request",
            "PR-202611-0001",
            json!({
                "requester": "li.wei", "custom": { "department": "Assembly" },
                "lines": [bolts(json!({
                    "due": "2026-12-10", "links": [order("purchase-suggestion", "PS-20261129-0001")],
                }))],
            }),
        ),
        (
            "purchase-order",
            "4500017",
            json!({
                "partner": "ACME", "date": "2026-11-29", "due": "2026-12-10", "station": "dock",
                "lines": [bolts(to.clone())], "custom": { "incoterm": "FCA" },
            }),
        ),
        (
            "shipping-notice",
            "ASN-202611-00001",
            json!({
                "partner": "ACME", "due": "2026-12-09", "links": [order("purchase-order", "4500017")],
                "lines": [bolts(json!({ "lot": "L-1", "links": [order("purchase-order", "4500017")] }))],
            }),
        ),
        (
            "receipt",
            "GR-202611-00001",
            json!({
                "partner": "ACME", "station": "dock", "links": [order("shipping-notice", "ASN-202611-00001")],
                "lines": [bolts(json!({
                    "to": "wh1/dock", "to_status": "quality-inspection",
                    "links": [order("purchase-order", "4500017")],
                }))],
            }),
        ),
        (
            "inspection",
            "QI-202611-00001",
            json!({
                "links": [order("receipt", "GR-202611-00001")],
                "custom": { "lot-size": "20", "defects": "1" },
                "lines": [
                    bolts(json!({
                        "quantity": 19, "from": "wh1/dock", "to": "wh1/dock",
                        "from_status": "quality-inspection", "custom": { "outcome": "accept" },
                    })),
                    bolts(json!({
                        "line": 20, "quantity": 1, "from": "wh1/dock", "to": "wh1/dock",
                        "from_status": "quality-inspection", "to_status": "blocked",
                        "custom": { "outcome": "reject", "finding": "thread torn" },
                    })),
                ],
            }),
        ),
        (
            "sales-order",
            "SO-202611-0001",
            json!({
                "partner": "CUST", "date": "2026-11-29", "due": "2026-12-20", "lines": [bolts(from.clone())],
            }),
        ),
        (
            "shipment",
            "SH-202611-00001",
            json!({
                "partner": "CUST", "links": [order("sales-order", "SO-202611-0001")],
                "lines": [bolts(json!({ "from": "wh1/a", "links": [order("sales-order", "SO-202611-0001")] }))],
            }),
        ),
        (
            "packing-list",
            "PK-202611-00001",
            json!({
                "partner": "CUST", "station": "dock", "links": [order("shipment", "SH-202611-00001")],
                "lines": [
                    bolts(from.clone()),
                    bolts(json!({ "line": 20, "from": "wh1/a", "to": "wh1/a" })),
                    bolts(json!({
                        "line": 30, "from": "wh1/a", "to": "wh1/a", "custom": { "way": "unpack" },
                    })),
                ],
            }),
        ),
        (
            "work-order",
            "WO-202611-0001",
            json!({
                "due": "2026-12-15", "lines": [bolts(json!({ "item": "PUMP" }))],
                "links": [bom, order("sales-order", "SO-202611-0001"), order("work-centre", "WC-001")],
            }),
        ),
        (
            "requisition",
            "MR-202611-0001",
            json!({
                "requester": "li.wei", "station": "counter", "links": [order("work-order", "WO-202611-0001")],
                "lines": [bolts(json!({
                    "from": "wh1/a", "lot": "L-1", "custom": { "excess-reason": "two were bent" },
                }))],
            }),
        ),
        (
            "production-receipt",
            "FR-202611-00001",
            json!({
                "station": "counter", "links": [order("work-order", "WO-202611-0001")], "lines": [bolts(to)],
            }),
        ),
        (
            "engineering-change",
            "ECO-2026-0001",
            json!({
                "title": "Stronger bolts", "note": "Field failures of M6.", "links": [bom],
            }),
        ),
        (
            "subcontract-order",
            "SC-202611-0001",
            json!({
                "partner": "SUB", "due": "2026-12-20", "station": "dock", "links": [bom],
                "lines": [
                    bolts(json!({ "from": "wh1/a" })),
                    bolts(json!({
                        "line": 20, "item": "PUMP", "from": "@production/SC-202611-0001", "to": "wh1/dock",
                    })),
                    bolts(json!({ "line": 30, "from": "@subcontractor/SUB", "to": "wh1/a" })),
                ],
            }),
        ),
        (
            "subcontract-settlement",
            "ST-202611-0001",
            json!({
                "partner": "SUB", "date": "2026-11-29",
                "links": [order("subcontract-order", "SC-202611-0001")],
                "custom": {
                    "made": "PUMP/1 x 2", "left": "BOLT-M8 x 1", "fee": "40", "charges": "2", "balance": "38",
                },
                "lines": [bolts(json!({
                    "amount": "2",
                    "custom": { "by-standard": "4", "by-allowance": "0", "loss": "1" },
                }))],
            }),
        ),
        ("transfer-order", "TR-202611-00001", json!({ "lines": [bolts(both.clone())] })),
        (
            "put-away-order",
            "PA-202611-00001",
            json!({
                "station": "dock", "links": [order("receipt", "GR-202611-00001")],
                "lines": [bolts(both)],
            }),
        ),
        (
            "count-order",
            "CO-202611-0001",
            json!({
                "station": "counter", "lines": [bolts(json!({ "quantity": 0, "from": "wh1/a" }))],
            }),
        ),
        (
            "return-order",
            "RT-202611-0001",
            json!({
                "partner": "CUST", "note": "Wrong size.", "station": "dock",
                "links": [order("shipment", "SH-202611-00001")],
                "lines": [
                    bolts(json!({ "from": "@customer/CUST", "to": "wh1/returns" })),
                    bolts(json!({ "line": 20, "from": "wh1/returns", "to": "@supplier/ACME" })),
                    bolts(json!({ "line": 30, "from": "@production/WO-1", "to": "wh1/a" })),
                ],
            }),
        ),
        (
            "adjustment-request",
            "AD-202611-0001",
            json!({
                "note": "Found behind the shelf.", "links": [order("count-order", "CO-202611-0001")],
                "lines": [bolts(json!({ "to": "wh1/a", "from": "@loss" })), bolts(json!({
                    "line": 20, "from": "wh1/a",
                }))],
            }),
        ),
        (
            "scrap-request",
            "SR-202611-0001",
            json!({
                "note": "Torn threads.", "station": "counter", "lines": [bolts(from)],
                "links": [order("inspection", "QI-202611-00001")],
            }),
        ),
    ]
}

fn content(kind: &str, number: &str, says: &Value) -> DocumentContent {
    let mut says = says.clone();
    says["document"] = json!({ "kind": kind, "number": number });
    says["version"] = json!(1);
    serde_json::from_value(says).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

fn told(content: &DocumentContent, kinds: &Kinds) -> Vec<String> {
    let found = check(content, kinds, &House::new());
    found.iter().map(|mistake| format!("{} at {mistake}", mistake.code)).collect()
}

#[test]
fn one_of_each_kind_has_no_mistake() {
    let kinds = shipped_kinds();
    let mut seen = BTreeSet::new();
    for (kind, number, says) in samples() {
        let content = content(kind, number, &says);
        assert_eq!(told(&content, &kinds), [""; 0], "{kind}");
        seen.insert(content.document.kind);
    }
    assert_eq!(seen, DocumentKind::ALL.into());
}

#[test]
fn what_a_kind_needs_is_asked_for_and_its_ways_are_those_of_stock() {
    let (kinds, mut moved) = (shipped_kinds(), BTreeSet::new());
    for (name, number, says) in samples() {
        let whole = content(name, number, &says);
        let kind = kinds.of(whole.document.kind).unwrap();
        for need in &kind.needs {
            let mut less = whole.clone();
            match need {
                HeadField::Title => less.title.clear(),
                HeadField::Partner => less.partner = None,
                HeadField::Date => less.date = None,
                HeadField::Due => less.due = None,
                HeadField::Requester => less.requester = None,
                HeadField::Station => less.station = None,
                HeadField::Note => less.note.clear(),
            }
            let missing = format!("field-missing at {}: ", need.name());
            let is_told = |one: &String| one.starts_with(&missing) && one.ends_with(": state it");
            assert!(told(&less, &kinds).iter().any(is_told), "{name}");
        }
        if kind.links.iter().any(|rule| rule.min > 0) {
            let less = DocumentContent { links: vec![], ..whole.clone() };
            assert!(told(&less, &kinds)[0].starts_with("link-missing at links: "), "{name}");
        }
        if matches!(kind.execution, Execution::Task | Execution::Posting) {
            for line in &whole.lines {
                let way = kind.way(&whole, line).unwrap();
                ways::check(way.movement, &way.from, &way.to).unwrap();
                moved.insert(way.movement);
            }
        }
    }
    // An issue is the other way of a requisition.
    let all = MovementKind::ALL.into_iter().filter(|kind| *kind != MovementKind::Issue);
    assert_eq!(moved, all.collect());
}
