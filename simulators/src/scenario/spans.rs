//! TOML as JSON values, with the way back from a path in them to its place in the text.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table as a JSON object. Dates become text; a number beyond 64 bits or not finite becomes null.
pub(super) fn object(table: &DeTable<'_>) -> Map<String, Value> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect()
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(at) => Value::from(at.to_string()),
        DeValue::Array(list) => list.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(object(table)),
    }
}

/// Where a path leads, as far as it leads anywhere.
pub(super) fn place(table: &DeTable<'_>, path: &[String], whole: Range<usize>) -> Range<usize> {
    let Some((first, rest)) = path.split_first() else { return whole };
    let Some((_, found)) = table.iter().find(|(key, _)| key.get_ref() == first.as_str()) else {
        return whole;
    };
    within(found, rest)
}

fn within(value: &Spanned<DeValue<'_>>, path: &[String]) -> Range<usize> {
    let Some((first, rest)) = path.split_first() else { return value.span() };
    match value.get_ref() {
        DeValue::Table(table) => place(table, path, value.span()),
        DeValue::Array(list) => {
            let found = first.parse::<usize>().ok().and_then(|index| list.get(index));
            found.map_or(value.span(), |found| within(found, rest))
        }
        _ => value.span(),
    }
}
