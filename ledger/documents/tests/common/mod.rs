//! A small house for tests: a few kinds, items, partners, places, people and documents.
// A test may fail loudly; not every test uses all of it.
#![allow(clippy::unwrap_used, dead_code)]

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_documents::{Frame, KindDefinition, Kinds, Known};
use gatewarden_model::{
    Document, DocumentContent, DocumentKind, DocumentLine, DocumentLink, Hash, Item, ItemId,
    Location, OperatorId, StationId,
};
use serde_json::{Value, json};

/// What the house knows.
pub(crate) struct House {
    items: BTreeMap<ItemId, Item>,
    documents: BTreeMap<Document, Frame>,
    versions: BTreeSet<Hash>,
}

impl House {
    pub(crate) fn new() -> Self {
        let item = |code: &str, class: &str| -> (ItemId, Item) {
            let item = json!({ "code": code, "name": code, "unit": "pcs", "class": class });
            (code.parse().unwrap(), serde_json::from_value(item).unwrap())
        };
        let known = [
            (document(DocumentKind::WorkOrder, "WO-1"), Frame::InExecution),
            (document(DocumentKind::WorkOrder, "WO-2"), Frame::Closed),
            (document(DocumentKind::Bom, "PUMP"), Frame::Approved),
        ];
        Self {
            items: [item("BOLT", "C"), item("SEAL", "A"), item("PUMP", "B")].into(),
            documents: known.into(),
            versions: [Hash::of(b"bom 3")].into(),
        }
    }
}

impl Known for House {
    fn item(&self, code: &ItemId) -> Option<&Item> {
        self.items.get(code)
    }

    fn partner(&self, code: &str) -> bool {
        matches!(code, "ACME" | "SUB" | "CUST")
    }

    fn document(&self, document: &Document) -> Option<Frame> {
        self.documents.get(document).copied()
    }

    fn line(&self, _: &Document, line: u32) -> bool {
        line == 10
    }

    fn version(&self, _: &Document, digest: &Hash) -> bool {
        self.versions.contains(digest)
    }

    fn place(&self, place: &Location) -> bool {
        !place.is_physical() || place.as_str().starts_with("wh1/")
    }

    fn station(&self, station: &StationId) -> bool {
        station.as_str() == "counter"
    }

    fn operator(&self, operator: &OperatorId) -> bool {
        matches!(operator.as_str(), "li.wei" | "zhang.min")
    }

    fn look_alike(&self, text: &str) -> Option<String> {
        gatewarden_stock::check_code("text", text).err().map(|error| error.to_string())
    }
}

pub(crate) fn document(kind: DocumentKind, number: &str) -> Document {
    Document { kind, number: number.to_owned() }
}

pub(crate) fn link(kind: DocumentKind, number: &str, line: Option<u32>) -> DocumentLink {
    DocumentLink { document: document(kind, number), line, digest: None }
}

/// The kinds of the house.
pub(crate) fn kinds() -> Kinds {
    serde_json::from_value(json!({
        "kinds": [
            kind("requisition", "task", json!({
                "workflow": "requisition",
                "needs": ["requester", "station"],
                "lines": { "min": 1, "max": 200, "needs": ["from"], "apart": true },
                "legs": [{ "movement": "production-issue", "from": ["physical"], "to": ["production"] }],
                "links": [
                    { "to": "work-order", "min": 1, "max": 1, "open": true },
                    { "to": "work-order", "max": 1, "by_line": true },
                    { "to": "bom", "max": 1, "digest": true },
                ],
                "states": [
                    { "name": "picking", "title": "Being picked", "frame": "in-execution" },
                    { "name": "packed", "title": "Packed", "frame": "in-execution" },
                ],
                "moves": [{
                    "name": "pack", "title": "Pack", "from": "picking", "to": "packed",
                    "right": "outbound:execute",
                }],
            })),
            kind("purchase-order", "task", json!({
                "workflow": "purchase-order",
                "numbers_given": true,
                "amend": "in-execution",
                "needs": ["partner"],
                "lines": { "min": 1, "max": 1000 },
                "legs": [{ "movement": "receipt", "from": ["supplier"], "to": ["physical"] }],
                "tolerance": { "over_permille": 100, "under_permille": 50, "over": "hold" },
            })),
            kind("receipt", "task", json!({
                "workflow": "receipt",
                "lines": { "min": 1, "max": 1000 },
                "legs": [{ "movement": "receipt", "from": ["supplier"], "to": ["physical"] }],
                "links": [{ "to": "purchase-order", "max": 9, "by_line": true, "fulfils": true }],
            })),
            kind("transfer-order", "task", json!({
                "workflow": "transfer",
                "lines": { "min": 1, "max": 9 },
                "legs": [{ "movement": "transfer", "from": ["physical"], "to": ["physical"] }],
            })),
            kind("purchase-request", "none", json!({
                "amend": "draft",
                "lines": { "min": 1, "max": 9 },
            })),
        ],
        "fields": [
            {
                "name": "urgency", "title": "Urgency", "on": "document",
                "kinds": ["requisition"], "default": "normal",
                "holds": { "type": "choice", "of": ["normal", "urgent"] },
            },
            {
                "name": "seal-number", "title": "Number of the seal", "on": "line",
                "classes": ["A"], "required": true,
                "holds": { "type": "text", "bytes_max": 12, "mask": "AA-9999" },
            },
        ],
    }))
    .unwrap()
}

/// A kind of the module outbound with something beside.
fn kind(name: &str, execution: &str, more: Value) -> Value {
    let mut kind = json!({
        "kind": name,
        "title": name,
        "numbering": "MR-{year}-{seq:4}",
        "execution": execution,
        "rights": {
            "view": "outbound:view", "create": "outbound:request", "modify": "outbound:request",
            "approve": "outbound:approve", "execute": "outbound:execute",
        },
    });
    let Value::Object(more) = more else { unreachable!() };
    kind.as_object_mut().unwrap().extend(more);
    kind
}

pub(crate) fn definition(kind: DocumentKind) -> KindDefinition {
    kinds().of(kind).unwrap().clone()
}

/// A line that says item, quantity and places.
pub(crate) fn line(number: u32, item: &str, quantity: i64, from: &str, to: &str) -> DocumentLine {
    let mut line = json!({ "line": number, "item": item, "quantity": quantity });
    for (name, place) in [("from", from), ("to", to)] {
        if !place.is_empty() {
            line[name] = json!(place);
        }
    }
    serde_json::from_value(line).unwrap()
}

/// A document of these lines.
pub(crate) fn content(
    kind: DocumentKind,
    number: &str,
    lines: Vec<DocumentLine>,
) -> DocumentContent {
    let content = json!({ "document": document(kind, number), "version": 1 });
    let content: DocumentContent = serde_json::from_value(content).unwrap();
    DocumentContent { lines, ..content }
}

/// A requisition in which nothing is wrong.
pub(crate) fn requisition() -> DocumentContent {
    let lines = vec![line(10, "BOLT", 8, "wh1/a", ""), line(20, "BOLT", 4, "wh1/b", "")];
    DocumentContent {
        requester: Some("li.wei".into()),
        station: Some("counter".into()),
        links: vec![link(DocumentKind::WorkOrder, "WO-1", None)],
        ..content(DocumentKind::Requisition, "MR-2026-0001", lines)
    }
}
