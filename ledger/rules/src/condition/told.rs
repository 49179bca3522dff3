//! A condition in words with the values that it saw: why it held, or did not.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    eval::{Frame, One, Value, truth, value},
    expr::Expr,
};
use crate::facts::{Fact, Record};

/// Most parts that are told of one condition.
pub const TOLD_MAX: usize = 64;
/// Most characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 60;

/// One part of a condition that is true or false by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The part, with the values of its facts in brackets: `document.amount (51000000) > 50000000`.
    pub part: String,
    /// Its answer; none where it failed.
    pub holds: Option<bool>,
    /// Why it failed, or which of a list decided.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

pub(super) fn told(expr: &Expr, frame: &Frame<'_>) -> Vec<Told> {
    let mut parts = Vec::new();
    collect(expr, frame, &mut parts);
    parts
}

fn collect(expr: &Expr, frame: &Frame<'_>, parts: &mut Vec<Told>) {
    match expr {
        Expr::And(sides) | Expr::Or(sides) => {
            for side in &**sides {
                collect(side, frame, parts);
            }
        }
        _ if parts.len() == TOLD_MAX => {}
        part => {
            let mut words = String::new();
            write(part, frame, &mut words);
            let answer = truth(part, frame, One::None);
            let note = match (&answer, part) {
                (Err(error), _) => error.to_string(),
                (Ok(holds), Expr::Over { all, list, body }) if holds != all => {
                    deciding(*all, *list, body, frame)
                }
                _ => String::new(),
            };
            parts.push(Told { part: words, holds: answer.ok(), note });
        }
    }
}

/// The first of a list that decided.
fn deciding(all: bool, list: usize, body: &Expr, frame: &Frame<'_>) -> String {
    let Some(Fact::Records(records)) = frame.fact(list) else { return String::new() };
    let decides = |one: &&Record| truth(body, frame, One::Record(one)) == Ok(!all);
    let Some(record) = records.iter().find(decides) else { return String::new() };
    let values: Vec<String> =
        record.iter().map(|(name, value)| format!("{name} {value}")).collect();
    values.join(", ").chars().take(VALUE_CHARS_MAX * 4).collect()
}

/// Writing to a String can't fail, so the answers of `write!` are left.
fn write(expr: &Expr, frame: &Frame<'_>, out: &mut String) {
    let name = |place: &usize| frame.name(*place);
    let mut pair = |one: &Expr, sign: &str, other: &Expr| {
        side(one, frame, out);
        let _ = write!(out, " {sign} ");
        side(other, frame, out);
    };
    match expr {
        Expr::And(sides) => pair(&sides[0], "&&", &sides[1]),
        Expr::Or(sides) => pair(&sides[0], "||", &sides[1]),
        Expr::Compare(sign, sides) => pair(&sides[0], sign.sign(), &sides[1]),
        Expr::Reckon(sign, sides) => pair(&sides[0], sign.sign(), &sides[1]),
        Expr::Bool(bool) => drop(write!(out, "{bool}")),
        Expr::Integer(integer) => drop(write!(out, "{integer}")),
        Expr::Text(text) => drop(write!(out, "{text:?}")),
        Expr::Value(name) => drop(write!(out, "one.{name}")),
        Expr::Element => out.push_str("one"),
        Expr::HasFact(place) => drop(write!(out, "has({})", name(place))),
        Expr::HasValue(name) => drop(write!(out, "has(one.{name})")),
        Expr::Fact(place) => {
            out.push_str(&name(place));
            let _ = write!(out, " ({})", seen(value(expr, frame, One::None).ok()));
        }
        Expr::Not(inner) => prefix("!", inner, frame, out),
        Expr::Negate(inner) => prefix("-", inner, frame, out),
        Expr::If(three) => {
            side(&three[0], frame, out);
            out.push_str(" ? ");
            side(&three[1], frame, out);
            out.push_str(" : ");
            side(&three[2], frame, out);
        }
        Expr::InWritten(needle, list) => {
            side(needle, frame, out);
            out.push_str(" in [");
            for (i, one) in list.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write(one, frame, out);
            }
            out.push(']');
        }
        Expr::InFact(needle, place) => {
            side(needle, frame, out);
            out.push_str(" in ");
            write(&Expr::Fact(*place), frame, out);
        }
        Expr::Size(inner) => call("size", inner, frame, out),
        Expr::Look(how, sides) => {
            side(&sides[0], frame, out);
            let _ = write!(out, ".{}(", how.name());
            write(&sides[1], frame, out);
            out.push(')');
        }
        Expr::Matches(inner, regex) => {
            side(inner, frame, out);
            let _ = write!(out, ".matches({:?})", regex.as_str());
        }
        Expr::Over { all, list, body } => {
            let _ = write!(out, "{}.{}(one, ", name(list), if *all { "all" } else { "exists" });
            write(body, frame, out);
            out.push(')');
        }
    }
}

fn prefix(sign: &str, inner: &Expr, frame: &Frame<'_>, out: &mut String) {
    out.push_str(sign);
    out.push('(');
    write(inner, frame, out);
    out.push(')');
}

fn call(name: &str, inner: &Expr, frame: &Frame<'_>, out: &mut String) {
    out.push_str(name);
    prefix("", inner, frame, out);
}

/// In brackets where it is not one thing.
fn side(expr: &Expr, frame: &Frame<'_>, out: &mut String) {
    let pairs = matches!(
        expr,
        Expr::And(_)
            | Expr::Or(_)
            | Expr::Compare(..)
            | Expr::Reckon(..)
            | Expr::If(_)
            | Expr::InWritten(..)
            | Expr::InFact(..)
    );
    match pairs {
        true => prefix("", expr, frame, out),
        false => write(expr, frame, out),
    }
}

fn seen(value: Option<Value<'_>>) -> String {
    let text = match value {
        None => "not known".to_owned(),
        Some(Value::Bool(bool)) => bool.to_string(),
        Some(Value::Integer(integer)) => integer.to_string(),
        Some(Value::Text(text)) => format!("{text:?}"),
        Some(Value::List(list)) => gatewarden_model::Scalar::List(list.to_vec()).to_string(),
        Some(Value::Records(records)) => format!("{} records", records.len()),
    };
    text.chars().take(VALUE_CHARS_MAX).collect()
}
