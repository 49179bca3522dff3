//! One value: from what somebody typed to its one spelling, and from that to what a rule sees.
//!
//! Invariants: `parse` of its own result is that result; `value` of it is there. Texts are taken as they
//! are but for spaces around them. Absent: whether what a value names exists (`fields::check`).

use gatewarden_model::{
    Amount, CustomName, Day, Document, DocumentKind, ItemId, OperatorId, field::CUSTOM_BYTES_MAX,
};
use serde::{Deserialize, Serialize};

use super::FieldType;
use crate::mistake::{hint, is_printable, shown};

/// Words for yes and no, in the order in which they pair.
const YES: [&str; 6] = ["true", "yes", "y", "1", "是", "on"];
const NO: [&str; 6] = ["false", "no", "n", "0", "否", "off"];

/// A typed value, as rules see it: days as `2026-11-29`, amounts in ten-thousandths, documents as
/// `kind/number`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number: a count, base units, ten-thousandths.
    Integer(i64),
    /// A text, name or code.
    Text(String),
}

/// Why a text is no such value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// A stable code.
    pub code: &'static str,
    /// What is wrong, and the way out.
    pub message: String,
}

fn wrong<T>(code: &'static str, message: impl Into<String>) -> Result<T, ValueError> {
    Err(ValueError { code, message: message.into() })
}

impl FieldType {
    /// The one spelling of what somebody typed.
    pub fn parse(&self, text: &str) -> Result<String, ValueError> {
        let text = text.trim();
        if !is_printable(text, CUSTOM_BYTES_MAX) {
            let message = format!("must be 1 to {CUSTOM_BYTES_MAX} printable bytes");
            return wrong("field-length", message);
        }
        match self {
            Self::Text { bytes_max, mask } => {
                if text.len() > *bytes_max as usize {
                    let message = format!("{} bytes: at most {bytes_max}", text.len());
                    return wrong("field-length", message);
                }
                match mask.as_ref().filter(|mask| !mask.fits(text)) {
                    Some(mask) => {
                        let message =
                            format!("{} does not look like {}", shown(text), shown(mask.as_str()));
                        wrong("field-mask", message)
                    }
                    None => Ok(text.to_owned()),
                }
            }
            Self::Integer { min, max } | Self::Quantity { min, max } => number(text, *min, *max),
            Self::Amount { min, max } => amount(text, *min, *max),
            Self::Day {} => match text.parse::<Day>() {
                Ok(day) => Ok(day.to_string()),
                Err(error) => wrong("field-day", error.to_string()),
            },
            Self::Bool {} => yes_or_no(text),
            Self::Choice { of } => match of.iter().find(|one| *one == text) {
                Some(one) => Ok(one.clone()),
                None => {
                    let hint = hint(text, of.iter().map(String::as_str));
                    wrong("field-choice", format!("{} is no choice{hint}", shown(text)))
                }
            },
            _ => self.name_of(text),
        }
    }

    /// Values that name something.
    fn name_of(&self, text: &str) -> Result<String, ValueError> {
        let named = |result: Result<String, gatewarden_model::name::NameError>| {
            result.or_else(|error| wrong("field-name", error.to_string()))
        };
        match self {
            Self::Operator {} => named(OperatorId::parse(text).map(|name| name.to_string())),
            Self::Item {} => named(ItemId::parse(text).map(|code| code.to_string())),
            Self::Document { kinds } => {
                let Some(document) = document(text) else {
                    let message = format!(
                        "{} names no document: write kind/number, as work-order/WO-7",
                        shown(text)
                    );
                    return wrong("field-document", message);
                };
                if !kinds.is_empty() && !kinds.contains(&document.kind) {
                    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                    let message = format!(
                        "a {} where {} is asked for",
                        document.kind.words(),
                        names.join(" or ")
                    );
                    return wrong("field-document", message);
                }
                Ok(format!("{}/{}", document.kind.name(), document.number))
            }
            _ => Ok(text.to_owned()),
        }
    }

    /// The typed value of a text in its one spelling; none of any other text.
    #[must_use]
    pub fn value(&self, text: &str) -> Option<Value> {
        if self.parse(text).ok()? != text {
            return None;
        }
        Some(match self {
            Self::Integer { .. } | Self::Quantity { .. } => Value::Integer(text.parse().ok()?),
            Self::Amount { .. } => Value::Integer(text.parse::<Amount>().ok()?.units()),
            Self::Bool {} => Value::Bool(text == YES[0]),
            _ => Value::Text(text.to_owned()),
        })
    }
}

/// A document as `kind/number`; the number may hold further slashes.
pub(crate) fn document(text: &str) -> Option<Document> {
    let (kind, number) = text.split_once('/')?;
    let kind = DocumentKind::of_name(kind)?;
    is_printable(number, crate::numbering::NUMBER_BYTES_MAX)
        .then(|| Document { kind, number: number.to_owned() })
}

fn number(text: &str, min: i64, max: i64) -> Result<String, ValueError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let Some(number) = text.parse::<i64>().ok().filter(|_| numeric) else {
        return wrong("field-number", format!("{} is no whole number of 64 bits", shown(text)));
    };
    if !(min..=max).contains(&number) {
        return wrong("field-range", format!("{number} is out of range: from {min} to {max}"));
    }
    Ok(number.to_string())
}

fn amount(text: &str, min: Amount, max: Amount) -> Result<String, ValueError> {
    let amount = match text.parse::<Amount>() {
        Ok(amount) => amount,
        Err(error) => return wrong("field-amount", error.to_string()),
    };
    if !(min..=max).contains(&amount) {
        return wrong("field-range", format!("{amount} is out of range: from {min} to {max}"));
    }
    Ok(amount.to_string())
}

fn yes_or_no(text: &str) -> Result<String, ValueError> {
    let lower = text.to_lowercase();
    match (YES.contains(&lower.as_str()), NO.contains(&lower.as_str())) {
        (true, _) => Ok(YES[0].to_owned()),
        (_, true) => Ok(NO[0].to_owned()),
        _ => wrong("field-bool", format!("{} is neither true nor false", shown(text))),
    }
}

/// The name of a custom field, for paths in messages.
pub(crate) fn path(line: Option<usize>, name: &CustomName) -> String {
    match line {
        Some(at) => format!("lines[{at}].custom.{name}"),
        None => format!("custom.{name}"),
    }
}
