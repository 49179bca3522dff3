//! Asking a condition: the walk over its tree with the facts.
//!
//! Invariants: nothing is copied and nothing set aside; a failure on one side of `&&` and `||` (and in one
//! record of `exists` and `all`) does not matter where the other side decides; every list and text that is
//! looked through is bounded. The walk ends because the tree is finite and no loop stands in another.

use std::cmp::Ordering;

use gatewarden_model::Scalar;

use super::{
    ConditionError, Use,
    expr::{Comparing, Expr, Looking, Reckoning},
};
use crate::facts::{Fact, Facts, LIST_MAX, Name, Record, TEXT_BYTES_MAX};

/// What is known, and the facts that are looked at.
pub(crate) struct Frame<'f> {
    pub(crate) facts: &'f Facts,
    pub(crate) uses: &'f [Use],
}

impl<'f> Frame<'f> {
    pub(crate) fn fact(&self, place: usize) -> Option<&'f Fact> {
        let one = self.uses.get(place)?;
        match one.known {
            Some(place) => self.facts.at(place),
            None => self.facts.own(&one.name),
        }
    }

    /// The fact; fails where it can't be told.
    fn told(&self, place: usize) -> Answer<Option<&'f Fact>> {
        match self.fact(place) {
            Some(Fact::Untold(why)) => {
                Err(ConditionError::Untold { name: self.name(place), why: *why })
            }
            known => Ok(known),
        }
    }

    pub(crate) fn name(&self, place: usize) -> Name {
        self.uses.get(place).map_or(Name::Borrowed("?"), |one| one.name.clone())
    }
}

/// A value while it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'f> {
    Bool(bool),
    Integer(i64),
    Text(&'f str),
    List(&'f [Scalar]),
    Records(&'f [Record]),
}

/// One of the list that is looked through.
#[derive(Clone, Copy)]
pub(crate) enum One<'f> {
    None,
    Record(&'f Record),
    Value(&'f Scalar),
}

type Answer<T> = Result<T, ConditionError>;

pub(crate) fn holds(expr: &Expr, frame: &Frame<'_>) -> Answer<bool> {
    truth(expr, frame, One::None)
}

fn of_scalar(scalar: &Scalar) -> Value<'_> {
    match scalar {
        Scalar::Bool(bool) => Value::Bool(*bool),
        Scalar::Integer(integer) => Value::Integer(*integer),
        Scalar::Text(text) => Value::Text(text),
        Scalar::List(list) => Value::List(list),
    }
}

/// The name of what a part looks at, for the words of a failure.
fn named(expr: &Expr, frame: &Frame<'_>) -> Name {
    match expr {
        Expr::Fact(place) => frame.name(*place),
        Expr::Value(name) => name.clone(),
        _ => Name::Borrowed("?"),
    }
}

fn wrong<T>(expr: &Expr, frame: &Frame<'_>, expected: &'static str) -> Answer<T> {
    Err(ConditionError::WrongType { name: named(expr, frame), expected })
}

pub(crate) fn truth<'f>(expr: &'f Expr, frame: &Frame<'f>, one: One<'f>) -> Answer<bool> {
    match expr {
        Expr::Bool(bool) => Ok(*bool),
        Expr::And(sides) => decided(sides, false, frame, one),
        Expr::Or(sides) => decided(sides, true, frame, one),
        Expr::Not(inner) => truth(inner, frame, one).map(|bool| !bool),
        Expr::Compare(sign, sides) => compare(*sign, sides, frame, one),
        Expr::HasFact(place) => Ok(frame.told(*place)?.is_some()),
        Expr::HasValue(name) => match one {
            One::Record(record) => Ok(record.get(name).is_some()),
            _ => Ok(false),
        },
        Expr::InWritten(needle, list) => among_written(needle, list, frame, one),
        Expr::InFact(needle, place) => among_fact(needle, *place, frame, one),
        Expr::Look(how, sides) => look(*how, sides, frame, one),
        Expr::Matches(inner, regex) => Ok(regex.is_match(text(inner, frame, one)?)),
        Expr::Over { all, list, body } => over(*all, *list, body, frame),
        other => match value(other, frame, one)? {
            Value::Bool(bool) => Ok(bool),
            _ => wrong(other, frame, "true or false"),
        },
    }
}

/// `||` where `decides` is true, `&&` where it is false.
fn decided<'f>(
    sides: &'f [Expr; 2],
    decides: bool,
    frame: &Frame<'f>,
    one: One<'f>,
) -> Answer<bool> {
    let first = truth(&sides[0], frame, one);
    if first == Ok(decides) {
        return first;
    }
    let second = truth(&sides[1], frame, one);
    if second == Ok(decides) {
        return second;
    }
    first.and(second)
}

fn over(all: bool, list: usize, body: &Expr, frame: &Frame<'_>) -> Answer<bool> {
    // `all` ends with the first that does not, `exists` with the first that does.
    let decides = !all;
    let mut failed = None;
    let mut ask = |one: One<'_>| match truth(body, frame, one) {
        Ok(bool) => bool == decides,
        Err(error) => {
            failed.get_or_insert(error);
            false
        }
    };
    let found = match frame.told(list)? {
        None => return Err(ConditionError::Missing(frame.name(list))),
        Some(Fact::Records(records)) => {
            bounded(records.len(), list, frame)?;
            records.iter().any(|record| ask(One::Record(record)))
        }
        Some(Fact::Scalar(Scalar::List(values))) => {
            bounded(values.len(), list, frame)?;
            values.iter().any(|value| ask(One::Value(value)))
        }
        Some(_) => return wrong(&Expr::Fact(list), frame, "a list"),
    };
    match (found, failed) {
        (true, _) => Ok(decides),
        (false, Some(error)) => Err(error),
        (false, None) => Ok(!decides),
    }
}

fn bounded(len: usize, place: usize, frame: &Frame<'_>) -> Answer<()> {
    match len <= LIST_MAX {
        true => Ok(()),
        false => Err(ConditionError::TooLong { name: frame.name(place), max: LIST_MAX }),
    }
}

pub(crate) fn value<'f>(expr: &'f Expr, frame: &Frame<'f>, one: One<'f>) -> Answer<Value<'f>> {
    match expr {
        Expr::Integer(integer) => Ok(Value::Integer(*integer)),
        Expr::Text(text) => Ok(Value::Text(text)),
        Expr::Fact(place) => match frame.told(*place)? {
            Some(Fact::Scalar(scalar)) => Ok(of_scalar(scalar)),
            Some(Fact::Records(records)) => Ok(Value::Records(records)),
            Some(Fact::Untold(_)) | None => Err(ConditionError::Missing(frame.name(*place))),
        },
        Expr::Value(name) => match one {
            One::Record(record) => {
                record.get(name).map(of_scalar).ok_or_else(|| ConditionError::Missing(name.clone()))
            }
            _ => wrong(expr, frame, "a value of a record"),
        },
        Expr::Element => match one {
            One::Value(scalar) => Ok(of_scalar(scalar)),
            _ => wrong(expr, frame, "a value"),
        },
        Expr::Negate(inner) => {
            let negated = integer(inner, frame, one)?.checked_neg();
            negated.map(Value::Integer).ok_or(ConditionError::Overflow("-"))
        }
        Expr::Reckon(sign, sides) => {
            let (a, b) = (integer(&sides[0], frame, one), integer(&sides[1], frame, one));
            reckon(*sign, a?, b?).map(Value::Integer)
        }
        Expr::If(three) => {
            let [asked, yes, no] = &**three;
            let chosen = if truth(asked, frame, one)? { yes } else { no };
            value(chosen, frame, one)
        }
        Expr::Size(inner) => size(inner, frame, one).map(Value::Integer),
        other => truth(other, frame, one).map(Value::Bool),
    }
}

fn size<'f>(inner: &'f Expr, frame: &Frame<'f>, one: One<'f>) -> Answer<i64> {
    let size = match value(inner, frame, one)? {
        Value::List(list) => list.len(),
        Value::Records(records) => records.len(),
        // As CEL counts: characters, not bytes.
        Value::Text(text) => text.chars().count(),
        _ => return wrong(inner, frame, "a list or a text"),
    };
    i64::try_from(size).map_err(|_| ConditionError::Overflow("size"))
}

fn reckon(sign: Reckoning, a: i64, b: i64) -> Answer<i64> {
    let result = match sign {
        Reckoning::Add => a.checked_add(b),
        Reckoning::Subtract => a.checked_sub(b),
        Reckoning::Multiply => a.checked_mul(b),
        Reckoning::Divide | Reckoning::Remainder if b == 0 => {
            return Err(ConditionError::DivisionByZero(sign.sign()));
        }
        Reckoning::Divide => a.checked_div(b),
        Reckoning::Remainder => a.checked_rem(b),
    };
    result.ok_or(ConditionError::Overflow(sign.sign()))
}

fn integer<'f>(expr: &'f Expr, frame: &Frame<'f>, one: One<'f>) -> Answer<i64> {
    match value(expr, frame, one)? {
        Value::Integer(integer) => Ok(integer),
        _ => wrong(expr, frame, "a whole number"),
    }
}

fn text<'f>(expr: &'f Expr, frame: &Frame<'f>, one: One<'f>) -> Answer<&'f str> {
    match value(expr, frame, one)? {
        Value::Text(text) if text.len() <= TEXT_BYTES_MAX => Ok(text),
        Value::Text(_) => {
            Err(ConditionError::TooLong { name: named(expr, frame), max: TEXT_BYTES_MAX })
        }
        _ => wrong(expr, frame, "a text"),
    }
}

fn compare<'f>(
    sign: Comparing,
    sides: &'f [Expr; 2],
    frame: &Frame<'f>,
    one: One<'f>,
) -> Answer<bool> {
    let (a, b) = (value(&sides[0], frame, one)?, value(&sides[1], frame, one)?);
    let order = match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(&b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
        (Value::Integer(_), _) => return wrong(&sides[1], frame, "a whole number"),
        (Value::Text(_), _) => return wrong(&sides[1], frame, "a text"),
        _ => return wrong(&sides[0], frame, "a value that can be compared"),
    };
    Ok(match sign {
        Comparing::Equal => order == Ordering::Equal,
        Comparing::Unequal => order != Ordering::Equal,
        Comparing::Less => order == Ordering::Less,
        Comparing::AtMost => order != Ordering::Greater,
        Comparing::More => order == Ordering::Greater,
        Comparing::AtLeast => order != Ordering::Less,
    })
}

fn among_written<'f>(
    needle: &'f Expr,
    list: &'f [Expr],
    frame: &Frame<'f>,
    one: One<'f>,
) -> Answer<bool> {
    let needle = value(needle, frame, one)?;
    let mut found = false;
    for other in list {
        found |= value(other, frame, one)? == needle;
    }
    Ok(found)
}

fn among_fact<'f>(needle: &'f Expr, place: usize, frame: &Frame<'f>, one: One<'f>) -> Answer<bool> {
    let needle = value(needle, frame, one)?;
    match frame.told(place)? {
        None => Err(ConditionError::Missing(frame.name(place))),
        Some(Fact::Scalar(Scalar::List(list))) => {
            bounded(list.len(), place, frame)?;
            Ok(list.iter().any(|other| of_scalar(other) == needle))
        }
        Some(_) => wrong(&Expr::Fact(place), frame, "a list"),
    }
}

fn look<'f>(how: Looking, sides: &'f [Expr; 2], frame: &Frame<'f>, one: One<'f>) -> Answer<bool> {
    let (whole, part) = (text(&sides[0], frame, one)?, text(&sides[1], frame, one)?);
    Ok(match how {
        Looking::StartsWith => whole.starts_with(part),
        Looking::EndsWith => whole.ends_with(part),
        Looking::Contains => whole.contains(part),
    })
}
