//! The schema and the loader know the same keys, shown from outside of both; and every example
//! is valid by the schema.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::{collections::BTreeSet, path::Path};

use gatewarden_config::{Mistake, check, documents_schema, parse, parse_kinds, schema};
use serde_json::{Map, Value, json};
use surroundings::Surroundings;

/// A key that nobody knows.
const STRANGER: &str = "zzz";

/// Makes a document from the schema alone: every key stands in it, and a stranger in every table.
/// What the schema says are each table's keys is noted beside it.
struct Maker {
    schema: Value,
    tables: Vec<BTreeSet<String>>,
}

impl Maker {
    fn make(&mut self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            let target = self.schema.pointer(name.strip_prefix('#').unwrap()).unwrap().clone();
            return self.secret(&target);
        }
        if let Some(value) = schema.get("const").or(schema.get("default")) {
            return value.clone();
        }
        if let Some(words) = schema["enum"].as_array() {
            return words[0].clone();
        }
        // Where several types do, a whole number is one of them.
        match schema["type"].as_str().unwrap_or("scalar") {
            "scalar" => json!(1),
            "object" => self.table(schema),
            "array" => self.list(&schema["items"]),
            "integer" | "number" => schema["minimum"].clone(),
            "boolean" => json!(true),
            _ => json!("text"),
        }
    }

    fn table(&mut self, schema: &Value) -> Value {
        let Some(properties) = schema["properties"].as_object() else {
            // A table by free names: one name stands for all.
            return json!({ "wh1": self.make(&schema["additionalProperties"]) });
        };
        assert_eq!(schema["additionalProperties"], false);
        self.tables.push(properties.keys().cloned().collect());
        let mut table: Map<String, Value> =
            properties.iter().map(|(k, v)| (k.clone(), self.make(v))).collect();
        table.insert(STRANGER.to_owned(), json!(1));
        Value::Object(table)
    }

    fn list(&mut self, items: &Value) -> Value {
        match items["oneOf"].as_array() {
            Some(kinds) => kinds.iter().map(|kind| self.make(kind)).collect(),
            None => json!([self.make(items)]),
        }
    }

    /// The ways to a secret are one table to the loader: one way may stand in it.
    fn secret(&mut self, schema: &Value) -> Value {
        let ways = schema["oneOf"].as_array().unwrap();
        let keys = ways.iter().flat_map(|way| way["properties"].as_object().unwrap().keys());
        self.tables.push(keys.cloned().collect());
        json!({ "env": "A", STRANGER: 1 })
    }
}

/// Holds what a loader finds in a document that a schema made against the schema's tables.
fn same_keys(schema: &Value, load: impl Fn(&Path, &[u8]) -> Vec<Mistake>) -> usize {
    let mut maker = Maker { schema: schema.clone(), tables: Vec::new() };
    let document = maker.make(schema);
    let text = toml::to_string(&document).unwrap();
    let path = Path::new("all.toml");

    let mut expect = maker.tables;
    let mut found = Vec::new();
    // A file that this one names is not of the schema.
    for mistake in load(path, text.as_bytes()).iter().filter(|mistake| mistake.file == path) {
        assert_ne!(mistake.code, "wrong-type", "{mistake}\n{text}");
        assert_ne!(mistake.code, "missing-key", "{mistake}\n{text}");
        assert_ne!(mistake.code, "syntax", "{mistake}\n{text}");
        if mistake.code.starts_with("unknown-") && mistake.message.contains(STRANGER) {
            let known = mistake.expected.trim_start_matches("one of ").split(", ");
            found.push(known.map(str::to_owned).collect::<BTreeSet<_>>());
        } else {
            assert_ne!(mistake.code, "unknown-key", "{mistake}\n{text}");
        }
    }
    expect.sort();
    found.sort();
    assert_eq!(found, expect);
    expect.len()
}

#[test]
fn every_key_of_the_schema_is_known_to_the_loader_and_the_other_way_round() {
    let config = |path: &Path, bytes: &[u8]| parse(path, bytes, &Surroundings::new()).mistakes;
    let tables = same_keys(&schema(), config);
    assert!(tables > 20, "the schema has all tables: {tables}");
    let kinds = |path: &Path, bytes: &[u8]| parse_kinds(path, bytes, &Surroundings::new()).mistakes;
    let tables = same_keys(&documents_schema(), kinds);
    assert_eq!(tables, 12, "of kinds and fields");
}

#[test]
fn the_schema_is_one_and_describes_every_key() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::meta::validate(&schema).unwrap();
    fn described(schema: &Value, path: &str) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            let text = property["description"].as_str().unwrap_or("");
            assert!(text.ends_with('.'), "{path}: {text:?}");
            described(property, &path);
            described(&property["items"], &path);
            described(&property["additionalProperties"], &path);
            for kind in property["items"]["oneOf"].as_array().into_iter().flatten() {
                described(kind, &path);
            }
        }
    }
    described(&schema, "");
}

fn json_of(path: &Path) -> Value {
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_schema_accepts_every_example() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(root.join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let document = json_of(&path);
        let errors: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        assert!(check(&path, &Surroundings::new()).config.is_some());
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn the_schema_refuses_what_an_editor_can_know() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let good = json_of(&root.join("examples/dock-door.toml"));
    assert!(validator.is_valid(&good));
    for (place, value) in [
        ("/gateway", json!({})),
        ("/gateway/name", json!("Gate One")),
        ("/operators/idle_timeout_s", json!(5)),
        ("/operators/idle_timeout_s", json!("300")),
        ("/items/0/gtins/0", json!("12345")),
        ("/stations/0/pass", json!({ "quite_ms": 1500 })),
        ("/devices/0/kind", json!("lllrp")),
        ("/devices/0/address", json!("reader")),
        ("/devices/2/green", json!(70_000)),
        ("/adapters/0/secret", json!("hunter2")),
        ("/adapters/0/secret", json!({ "env": "A", "file": "b" })),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(place).unwrap() = value.clone();
        assert!(!validator.is_valid(&document), "{place} = {value}");
    }
}
