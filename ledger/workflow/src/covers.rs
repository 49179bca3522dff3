//! Which fields of a document differ between two versions, and which of them a signature covers.
//!
//! The comparison goes over the fields as they are encoded, so a field that is new in the model is seen
//! without anything being done here. Names: those of the content (`partner`, `due`), `lines.quantity` of any
//! line, `lines` where lines came or went, `custom:NAME`. A name that covers more: `lines`, `custom:*`.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::DocumentContent;
use serde_json::{Map, Value};

/// What never counts as a change: which document it is, and the number of the version.
const NOT_FIELDS: [&str; 2] = ["document", "version"];
/// The fields that may be named, beside custom ones.
const FIELDS: [&str; 24] = [
    "title",
    "partner",
    "date",
    "due",
    "requester",
    "station",
    "links",
    "note",
    "custom:*",
    "lines",
    "lines.item",
    "lines.quantity",
    "lines.from",
    "lines.to",
    "lines.lot",
    "lines.owner",
    "lines.from_status",
    "lines.to_status",
    "lines.amount",
    "lines.due",
    "lines.links",
    "lines.custom",
    "lines.serials",
    "lines.unit",
];

/// Whether a text names a field that a signature can cover.
#[must_use]
pub fn is_field(text: &str) -> bool {
    let custom = text
        .strip_prefix("custom:")
        .is_some_and(|name| name.parse::<gatewarden_model::CustomName>().is_ok());
    custom || FIELDS.contains(&text)
}

/// The names of the fields that can be covered.
pub(crate) fn fields() -> impl Iterator<Item = &'static str> + Clone {
    FIELDS.into_iter()
}

/// What differs between two versions of a document, by field.
#[must_use]
pub fn changed(before: &DocumentContent, after: &DocumentContent) -> BTreeSet<String> {
    let map = |content| match serde_json::to_value(content) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let (before, after) = (map(before), map(after));
    let mut out = BTreeSet::new();
    for key in differing(&before, &after) {
        match key.as_str() {
            key if NOT_FIELDS.contains(&key) => {}
            "custom" => {
                let names = differing(&table(before.get("custom")), &table(after.get("custom")));
                out.extend(names.into_iter().map(|name| format!("custom:{name}")));
            }
            "lines" => lines(before.get("lines"), after.get("lines"), &mut out),
            _ => drop(out.insert(key)),
        }
    }
    out
}

fn differing(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

fn table(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn lines(before: Option<&Value>, after: Option<&Value>, out: &mut BTreeSet<String>) {
    let by_number = |value: Option<&Value>| -> BTreeMap<u64, Map<String, Value>> {
        let lines = value.and_then(Value::as_array).into_iter().flatten();
        lines.map(|line| (line["line"].as_u64().unwrap_or(0), table(Some(line)))).collect()
    };
    let (before, after) = (by_number(before), by_number(after));
    if !before.keys().eq(after.keys()) {
        out.insert("lines".to_owned());
    }
    let mut found = false;
    for (number, line) in &before {
        let Some(other) = after.get(number) else { continue };
        let names = differing(line, other);
        found |= !names.is_empty();
        out.extend(names.into_iter().map(|name| format!("lines.{name}")));
    }
    // Only their order, or something that has no number of its own.
    if !found {
        out.insert("lines".to_owned());
    }
}

/// Which of the changed fields a signature over `signs` covers; over everything where it names none.
#[must_use]
pub fn covered(signs: &[String], changed: &BTreeSet<String>) -> Vec<String> {
    let covers = |sign: &String, field: &String| {
        sign == field
            || sign == "lines" && field.starts_with("lines.")
            || field == "lines" && sign.starts_with("lines.")
            || sign == "custom:*" && field.starts_with("custom:")
    };
    let hit = |field: &&String| signs.is_empty() || signs.iter().any(|sign| covers(sign, field));
    changed.iter().filter(hit).cloned().collect()
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn content(more: Value) -> DocumentContent {
        let mut value = json!({"document": {"kind": "requisition", "number": "R-1"}, "version": 1,
            "lines": [{"line": 1, "item": "A", "quantity": 5}, {"line": 2, "item": "B", "quantity": 1}]});
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn changes_are_found_by_field() {
        let lines = |quantity: i64| {
            json!({"lines": [{"line": 1, "item": "A", "quantity": quantity},
                {"line": 2, "item": "B", "quantity": 1}]})
        };
        for (more, expect) in [
            (json!({"version": 2}), &[][..]),
            (json!({"note": "x"}), &["note"]),
            (lines(6), &["lines.quantity"]),
            (json!({"lines": [{"line": 1, "item": "A", "quantity": 5}]}), &["lines"]),
            (json!({"custom": {"colour": "red"}, "due": "2026-12-01"}), &["custom:colour", "due"]),
        ] {
            let found = changed(&content(json!({})), &content(more.clone()));
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expect, "{more}");
        }
    }

    #[test]
    fn a_signature_covers_what_it_names_and_else_everything() {
        let fields = |list: &[&str]| list.iter().map(|f| (*f).to_owned()).collect::<BTreeSet<_>>();
        for (signs, change, hit) in [
            (&[][..], &["note"][..], true),
            (&["lines"], &["note"], false),
            (&["lines"], &["lines.quantity"], true),
            (&["lines.amount"], &["lines.quantity"], false),
            (&["lines.amount"], &["lines"], true),
            (&["custom:*"], &["custom:colour"], true),
            (&["custom:size"], &["custom:colour"], false),
        ] {
            let signs: Vec<String> = signs.iter().map(|s| (*s).to_owned()).collect();
            assert_eq!(!covered(&signs, &fields(change)).is_empty(), hit, "{signs:?} {change:?}");
        }
        assert!(
            is_field("lines.quantity") && is_field("custom:colour") && !is_field("lines.colour")
        );
    }
}
