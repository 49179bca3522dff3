//! The JSON Schema (draft 2020-12) of the configuration, for editors that complete TOML.
//!
//! Made from the same shape that the walk follows, so that what it knows is what loading knows.
//! Rules that join several keys, and secrets that can't be read, are beyond a schema.

use serde_json::{Map, Value, json};

use crate::{
    load::ROOT,
    procedures::documents::ROOT as DOCUMENTS,
    secrets::WAYS,
    shape::{Key, Kind, Kinds, Need, Plain, Section, Shape, Text},
};

/// Where the schema says it belongs.
const SCHEMA_ID: &str = "https://gatewarden.invalid/schema/gateway.json";
const DOCUMENTS_ID: &str = "https://gatewarden.invalid/schema/documents.json";
const SLUG: &str = "^[a-z0-9][a-z0-9._-]{0,63}$";

/// The JSON Schema of the configuration file.
#[must_use]
pub fn schema() -> Value {
    of_file(&ROOT, SCHEMA_ID, "gatewarden configuration")
}

/// The JSON Schema of a file of kinds of document.
#[must_use]
pub fn documents_schema() -> Value {
    of_file(&DOCUMENTS, DOCUMENTS_ID, "gatewarden kinds of document")
}

fn of_file(root: &Section, id: &str, title: &str) -> Value {
    let mut schema = section(root);
    let head = [
        ("$schema", json!("https://json-schema.org/draft/2020-12/schema")),
        ("$id", json!(id)),
        ("title", json!(title)),
        ("$defs", json!({ "secret": secret() })),
    ];
    for (key, value) in head {
        schema[key] = value;
    }
    schema
}

fn section(section: &Section) -> Value {
    table(section.doc, section.keys.iter())
}

fn table<'k>(doc: &str, keys: impl Iterator<Item = &'k Key> + Clone) -> Value {
    let required: Vec<&str> =
        keys.clone().filter(|k| matches!(k.need, Need::Required)).map(|k| k.name).collect();
    let properties: Map<String, Value> =
        keys.map(|key| (key.name.to_owned(), property(key))).collect();
    json!({
        "type": "object",
        "description": doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut property = shape(&key.shape);
    property["description"] = json!(key.doc);
    if let Need::Default(plain) = key.need {
        property["default"] = match plain {
            Plain::Text(text) => json!(text),
            Plain::Integer(integer) => json!(integer),
            Plain::Bool(bool) => json!(bool),
        };
    }
    property
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text(rule) => text(*rule),
        Shape::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Scalar => json!({ "type": ["boolean", "integer", "string"], "maxLength": 128 }),
        Shape::Choice(choice) => json!({ "type": "string", "enum": choice.of }),
        Shape::Secret => json!({ "$ref": "#/$defs/secret" }),
        Shape::List { of, max } => list(self::shape(of), *max),
        Shape::Map { key, value, max } => json!({
            "type": "object",
            "propertyNames": text(*key),
            "additionalProperties": text(*value),
            "maxProperties": max,
        }),
        Shape::Free { key, value, max } => json!({
            "type": "object",
            "propertyNames": text(*key),
            "additionalProperties": self::shape(value),
            "maxProperties": max,
        }),
        Shape::Section(of) => section(of),
        Shape::Sections { of, max } => list(section(of), *max),
        Shape::Kinds(of) => list(kinds(of), of.max),
        Shape::Named { of, max } => json!({
            "type": "object",
            "propertyNames": text(Text::Slug),
            "additionalProperties": section(of),
            "maxProperties": max,
        }),
    }
}

fn list(items: Value, max: usize) -> Value {
    json!({ "type": "array", "items": items, "maxItems": max })
}

fn kinds(kinds: &Kinds) -> Value {
    let each: Vec<Value> = kinds.kinds.iter().map(|of| kind(kinds, of)).collect();
    json!({ "description": kinds.doc, "oneOf": each })
}

fn kind(kinds: &Kinds, kind: &Kind) -> Value {
    let mut one = table(kind.doc, kinds.common.iter().chain(kind.keys));
    one["title"] = json!(kind.name);
    one["properties"]["kind"] = json!({ "const": kind.name, "description": kind.doc });
    if let Some(required) = one["required"].as_array_mut() {
        required.insert(0, json!("kind"));
    }
    one
}

fn secret() -> Value {
    let each: Vec<Value> = WAYS
        .iter()
        .map(|(way, doc)| {
            let way_alone =
                json!({ *way: { "type": "string", "minLength": 1, "description": doc } });
            json!({
                "type": "object",
                "title": way,
                "properties": way_alone,
                "required": [way],
                "additionalProperties": false,
            })
        })
        .collect();
    json!({ "description": "Where a secret is read from; it never stands here.", "oneOf": each })
}

/// Never stricter than the rule that loading checks.
fn text(rule: Text) -> Value {
    match rule {
        Text::Slug => json!({ "type": "string", "pattern": SLUG }),
        Text::Code => json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        Text::Line => json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
        Text::Affix => json!({ "type": "string", "maxLength": 16 }),
        Text::Address(_) | Text::Socket => json!({ "type": "string", "pattern": ":[0-9]{1,5}$" }),
        Text::Url => json!({ "type": "string", "format": "uri", "maxLength": 1024 }),
        Text::Path | Text::Topic => json!({ "type": "string", "minLength": 1, "maxLength": 1024 }),
        Text::DevicePath => json!({ "type": "string", "pattern": "^/" }),
        Text::Gtin => json!({ "type": "string", "pattern": "^([0-9]{8}|[0-9]{12,14})$" }),
        Text::Amount => {
            json!({ "type": "string", "pattern": "^[0-9]{1,14}(\\.[0-9]{1,4})?$" })
        }
        Text::Warehouse => {
            json!({ "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[^@/][^/]*$" })
        }
        Text::Ratio => json!({ "type": "string", "pattern": "^[0-9]{1,10}(/[0-9]{1,10})?$" }),
        Text::Mac => {
            json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5,7}$" })
        }
        Text::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
        Text::Offset => json!({ "type": "string", "pattern": "^[+-][0-9]{2}:[0-9]{2}$" }),
        Text::Place => {
            json!({ "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[^@]" })
        }
        Text::Location => json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
        Text::Field => {
            let known = "price|cost|supplier|customer|owner|notes";
            json!({ "type": "string", "pattern": format!("^({known}|custom:(\\*|[a-z0-9][a-z0-9._-]{{0,63}}))$") })
        }
        Text::Mail => {
            json!({ "type": "string", "maxLength": 254, "pattern": "^[^@\\s]+@[^@\\s]+$" })
        }
        Text::Pointer => json!({ "type": "string", "maxLength": 1024, "pattern": "^/" }),
        Text::Condition => json!({ "type": "string", "minLength": 1, "maxLength": 4096 }),
        Text::Clock => json!({ "type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$" }),
        Text::Supplier => json!({ "type": "string", "pattern": "^@supplier/" }),
    }
}
