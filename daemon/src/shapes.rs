//! What documents look like to those who describe the API: the shapes of bodies, with examples.
//!
//! Nothing is read by these: bodies are read by the types of the model, and a test holds both to the same names.
//! Absent: what a kind of document must say, which a house decides.
#![allow(dead_code, reason = "described, never made")]

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// One version of a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "document": {"kind": "requisition", "number": "MR-202611-0001"}, "version": 1,
    "requester": "pit.production", "station": "counter-1",
    "links": [{"document": {"kind": "work-order", "number": "WO-202611-0001"}}],
    "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 8, "from": "wh1/a-01", "to": "@production/wo-1"}]
}))]
pub(crate) struct DocumentShape {
    /// Its kind and number; with version 1 the number may be empty, then it is given the next one.
    document: ReferenceShape,
    /// 1 for the first version, then one more each.
    version: u32,
    /// What it is about, in a line.
    title: Option<String>,
    /// The other side: a supplier, customer or subcontractor by code.
    partner: Option<String>,
    /// The day that it bears.
    #[schema(example = "2026-11-29")]
    date: Option<String>,
    /// The day by which it is to be done.
    #[schema(example = "2026-12-04")]
    due: Option<String>,
    /// Who needs it, by operator name.
    requester: Option<String>,
    /// At which station it is done.
    station: Option<String>,
    /// At most 1,000.
    lines: Option<Vec<LineShape>>,
    /// What it follows from: at most 64.
    links: Option<Vec<LinkShape>>,
    /// Fields of its kind and of the house by name, each in the spelling of its type.
    custom: Option<BTreeMap<String, String>>,
    /// What there is to say beside, at most 4,096 bytes.
    note: Option<String>,
}

/// Which document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReferenceShape {
    /// Such as `purchase-order`.
    kind: String,
    /// Such as `PO-202611-0001`, at most 64 bytes.
    number: String,
}

/// One line of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineShape {
    /// Its number, unique within the document.
    line: u32,
    /// Of what, by code.
    item: String,
    /// How much, in base units.
    quantity: i64,
    /// From where; what its kind says where it is left out.
    #[schema(example = "wh1/a-01")]
    from: Option<String>,
    /// To where.
    #[schema(example = "@production/wo-1")]
    to: Option<String>,
    /// The lot asked for.
    lot: Option<String>,
    /// Whose it is; the house's where none is said.
    owner: Option<String>,
    /// In which status it is taken: `available` where it is left out.
    from_status: Option<String>,
    /// In which status it arrives.
    to_status: Option<String>,
    /// What the whole line is to cost: a decimal in quotes, up to four places.
    #[schema(example = "12.5")]
    amount: Option<String>,
    /// The day by which it is needed.
    due: Option<String>,
    /// What it follows from: at most 64.
    links: Option<Vec<LinkShape>>,
    /// Fields of the house by name.
    custom: Option<BTreeMap<String, String>>,
}

/// A document, or a line of one, that another follows from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkShape {
    /// Which document.
    document: ReferenceShape,
    /// Which of its lines; the whole where none is said.
    line: Option<u32>,
    /// The digest of the very version, in hex, where it matters.
    digest: Option<String>,
}

/// What a person does to a document that waits for him; which fields there are follows from `act`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "act", rename_all = "kebab-case")]
#[schema(example = json!({"act": "decide", "on": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "verdict": "approve", "comment": "looked at"}))]
pub(crate) enum ActShape {
    /// Sign, or say no.
    Decide {
        /// At which step, where several wait for this person.
        node: Option<String>,
        /// The digest of the version that was looked at, in hex.
        on: String,
        /// `approve` or `reject`.
        verdict: String,
        /// Why.
        comment: Option<String>,
    },
    /// Answer somebody who asked for advice.
    Advise {
        /// At which step.
        node: Option<String>,
        /// The digest of the version that was looked at.
        on: String,
        /// `approve` or `reject`.
        verdict: String,
        /// Why.
        comment: Option<String>,
    },
    /// Hand the decision over: the other decides.
    Transfer {
        /// At which step.
        node: Option<String>,
        /// To whom.
        to: String,
        /// Why.
        comment: Option<String>,
    },
    /// Ask for advice: the other looks at it, then it comes back.
    Delegate {
        /// At which step.
        node: Option<String>,
        /// Whom.
        to: String,
        /// Why.
        comment: Option<String>,
    },
    /// One more must sign.
    AddSigner {
        /// At which step.
        node: Option<String>,
        /// Who.
        who: String,
        /// `before` or `after` whoever adds him.
        place: String,
        /// Why.
        comment: Option<String>,
    },
    /// Take an added signer away before he acted.
    RemoveSigner {
        /// At which step.
        node: Option<String>,
        /// Who.
        who: String,
    },
    /// Send it back.
    Return {
        /// At which step.
        node: Option<String>,
        /// The digest of the version that was looked at.
        on: String,
        /// `initiator`, or an object that names a step: `{"node": "lead"}`.
        #[schema(value_type = Object)]
        to: String,
        /// Why.
        comment: Option<String>,
    },
    /// Take one's own signature back before the next signer acts.
    TakeBack {
        /// At which step, where several may be taken back.
        node: Option<String>,
    },
    /// Take the whole back; the initiator alone.
    Withdraw {
        /// Why.
        comment: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use std::collections::BTreeSet;

    use gatewarden_model::{ApprovalAct, DocumentContent};
    use serde_json::{Value, json};
    use utoipa::PartialSchema as _;

    use super::*;

    fn names(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    /// Every field that there is, and no other.
    #[test]
    fn a_document_is_described_as_it_is_read() {
        let link = json!({"document": {"kind": "bom", "number": "B"}, "line": 1, "digest": "0".repeat(64)});
        let whole = json!({
            "document": {"kind": "requisition", "number": "M"}, "version": 1, "title": "t", "partner": "p",
            "date": "2026-11-29", "due": "2026-11-30", "requester": "a", "station": "s", "links": [link],
            "custom": {"colour": "red"}, "note": "n",
            "lines": [{"line": 1, "item": "A", "quantity": 1, "from": "wh1/a", "to": "wh1/b", "lot": "l",
                "owner": "o", "from_status": "reserved", "to_status": "reserved", "amount": "1.5",
                "due": "2026-11-30", "links": [link], "custom": {"colour": "red"}}],
        });
        let read: DocumentContent = serde_json::from_value(whole.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), whole, "each field is one");
        let described = |schema: utoipa::openapi::RefOr<utoipa::openapi::Schema>| {
            names(&serde_json::to_value(schema).unwrap()["properties"])
        };
        assert_eq!(described(DocumentShape::schema()), names(&whole));
        assert_eq!(described(LineShape::schema()), names(&whole["lines"][0]));
        assert_eq!(described(LinkShape::schema()), names(&link));
        let example = serde_json::to_value(DocumentShape::schema()).unwrap()["example"].clone();
        assert!(serde_json::from_value::<DocumentContent>(example).is_ok());
    }

    #[test]
    fn an_act_is_described_as_it_is_read() {
        let schema = serde_json::to_value(ActShape::schema()).unwrap();
        let example = schema["example"].clone();
        assert!(serde_json::from_value::<ApprovalAct>(example).is_ok());
        let acts = schema["oneOf"].as_array().unwrap();
        assert_eq!(acts.len(), 9);
        for act in acts {
            let mut made = serde_json::Map::new();
            for name in act["properties"].as_object().unwrap().keys() {
                let value = match name.as_str() {
                    "act" => act["properties"]["act"]["enum"][0].clone(),
                    "on" => json!("0".repeat(64)),
                    "verdict" => json!("approve"),
                    "place" => json!("before"),
                    "to" if act["properties"]["act"]["enum"][0] == "return" => json!("initiator"),
                    _ => json!("lead"),
                };
                made.insert(name.clone(), value);
            }
            let made = Value::Object(made);
            let read: ApprovalAct = serde_json::from_value(made.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), made);
        }
    }
}
