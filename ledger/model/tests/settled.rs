//! What a settlement says in fields of its own is money: whoever sees no price sees none of it, wherever it stands.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use gatewarden_model::{DocumentContent, Field, FieldRights, FieldSet, Masked, Posting};
use serde_json::{Value, json};

/// Everything but these fields.
fn without(hidden: &[Field]) -> FieldRights {
    let fields =
        Field::ALL.into_iter().filter(|field| !hidden.contains(field)).collect::<FieldSet>();
    FieldRights { view: fields.clone(), modify: fields }
}

fn shown(kind: &str, rights: &FieldRights) -> (Value, Value) {
    let custom = json!({"made": "VALVE/1 x 2", "fee": "8", "charges": "6", "balance": "2"});
    let document = json!({"kind": kind, "number": "ST-1"});
    let content: DocumentContent =
        serde_json::from_value(json!({"document": document, "version": 1, "custom": custom}))
            .unwrap();
    let posting: Posting = serde_json::from_value(json!({
        "id": "01a2008e-d964-7646-9ece-a19b19b8cac7", "kind": "subcontract-in",
        "document": document, "lines": [], "custom": custom,
    }))
    .unwrap();
    let custom = |value: Value| value["custom"].clone();
    let content = serde_json::to_value(Masked::new(content, rights)).unwrap();
    let posting = serde_json::to_value(Masked::new(posting, rights)).unwrap();
    (custom(content), custom(posting))
}

#[test]
fn what_a_settlement_owes_is_a_price() {
    let whole = json!({"made": "VALVE/1 x 2", "fee": "8", "charges": "6", "balance": "2"});
    let rest = json!({"made": "VALVE/1 x 2"});
    let (all, less) = (without(&[]), without(&[Field::Price]));
    assert_eq!(shown("subcontract-settlement", &all), (whole.clone(), whole.clone()));
    assert_eq!(shown("subcontract-settlement", &less), (rest.clone(), rest));
    // Another document's field of that name is the house's own.
    assert_eq!(shown("sales-order", &less), (whole.clone(), whole));
}
