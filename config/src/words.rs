//! The words of messages: what stands there, what was expected, what to write instead.

use toml::de::DeValue;

use crate::{
    nearest::one_of,
    shape::{Key, Shape},
    walk::Node,
};

/// Longest text that a message repeats, in characters.
const QUOTE_CHARS_MAX: usize = 64;

/// A text for a message: escaped, and cut to a readable length.
pub(crate) fn quote(text: &str) -> String {
    if text.chars().count() <= QUOTE_CHARS_MAX {
        return format!("{text:?}");
    }
    let cut: String = text.chars().take(QUOTE_CHARS_MAX).collect();
    format!("{:?}", format!("{cut}…"))
}

pub(crate) fn number_text(node: &Node<'_>) -> String {
    let text = match node.get_ref() {
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        _ => String::new(),
    };
    text.chars().take(QUOTE_CHARS_MAX).collect()
}

pub(crate) fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

pub(crate) fn type_hint(key: &Key, shape: &Shape, value: &DeValue<'_>) -> Option<String> {
    let name = key.name;
    match (shape, value) {
        (Shape::Integer { .. } | Shape::Number { .. } | Shape::Bool, DeValue::String(_)) => {
            Some("leave out the quotes".to_owned())
        }
        (Shape::Text(_) | Shape::Choice(_), DeValue::Integer(_) | DeValue::Float(_)) => {
            Some("put it in quotes".to_owned())
        }
        (Shape::List { .. }, DeValue::String(_) | DeValue::Integer(_)) => {
            Some("put it in [ ]".to_owned())
        }
        (Shape::Sections { .. } | Shape::Kinds(_), _) => Some(format!("write [[{name}]]")),
        (Shape::Named { .. }, _) => Some(format!("write [{name}.NAME]")),
        (Shape::Section(_), DeValue::Array(_)) => Some(format!("write [{name}], once")),
        _ => None,
    }
}

/// What a shape expects, in words.
pub(crate) fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Text(rule) => crate::text::words(*rule).2.to_owned(),
        Shape::Integer { min, max } => format!("an integer from {min} to {max}"),
        Shape::Number { min, max } => format!("a number from {min} to {max}"),
        Shape::Bool => "true or false".to_owned(),
        Shape::Scalar => "true or false, a whole number, or a text".to_owned(),
        Shape::Choice(choice) => one_of(choice.of.iter().copied()),
        Shape::Secret => crate::secrets::EXPECTED.to_owned(),
        Shape::List { of, .. } => format!("a list, each {}", expected(of)),
        Shape::Map { .. } => "a table of texts".to_owned(),
        Shape::Free { value, .. } => format!("a table, each {}", expected(value)),
        Shape::Section(_) => "a table".to_owned(),
        Shape::Sections { .. } | Shape::Kinds(_) => "an array of tables".to_owned(),
        Shape::Named { .. } => "tables by name".to_owned(),
    }
}
