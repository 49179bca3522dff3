//! What must be so for a condition to hold, as far as one look at a fact tells it: so that most rules need not be
//! asked.
//!
//! Invariant: where none of a condition's needs is met, and the facts that they name are known and of their types, the
//! condition is false; it neither holds nor fails. Absent: conditions of which no such need is seen, which are always
//! asked.

use super::{
    Use,
    expr::{Comparing, Expr, Reckoning},
};

/// Most needs of one condition; one with more is always asked.
const NEEDS_MAX: usize = 16;

/// Whether some line's value is large enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfLines {
    Quantity,
    Amount,
}

/// One of them; a place is that of a fact in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    AtLeast(usize, i64),
    AtMost(usize, i64),
    Is(usize, bool),
    Text(usize, Box<str>),
    LineAtLeast(OfLines, i64),
}

/// One of these must be met; none where that can't be told.
pub(super) fn needs(expr: &Expr, uses: &[Use]) -> Option<Vec<Need>> {
    let found = any_of(expr, uses)?;
    (found.len() <= NEEDS_MAX).then_some(found)
}

fn any_of(expr: &Expr, uses: &[Use]) -> Option<Vec<Need>> {
    match expr {
        Expr::Bool(false) => Some(vec![]),
        Expr::And(sides) => match (any_of(&sides[0], uses), any_of(&sides[1], uses)) {
            (Some(one), Some(other)) => Some(if other.len() < one.len() { other } else { one }),
            (one, other) => one.or(other),
        },
        Expr::Or(sides) => {
            let (mut one, other) = (any_of(&sides[0], uses)?, any_of(&sides[1], uses)?);
            one.extend(other);
            Some(one)
        }
        Expr::Fact(place) => Some(vec![Need::Is(known(*place, uses)?, true)]),
        Expr::Not(inner) => match &**inner {
            Expr::Fact(place) => Some(vec![Need::Is(known(*place, uses)?, false)]),
            _ => None,
        },
        Expr::Compare(sign, sides) => compared(*sign, sides, uses).map(|need| vec![need]),
        Expr::InWritten(needle, list) => {
            let Expr::Fact(place) = &**needle else { return None };
            let at = known(*place, uses)?;
            let text = |one: &Expr| match one {
                Expr::Text(text) => Some(Need::Text(at, text.clone())),
                _ => None,
            };
            list.iter().map(text).collect()
        }
        Expr::Over { all: false, list, body } if uses.get(*list)?.name == "lines" => {
            of_lines(body).map(|need| vec![need])
        }
        _ => None,
    }
}

fn known(place: usize, uses: &[Use]) -> Option<usize> {
    uses.get(place)?.known
}

fn compared(sign: Comparing, sides: &[Expr; 2], uses: &[Use]) -> Option<Need> {
    let (sign, fact, other) = match (&sides[0], &sides[1]) {
        (Expr::Fact(place), other) => (sign, *place, other),
        (other, Expr::Fact(place)) => (turned(sign), *place, other),
        _ => return None,
    };
    let at = known(fact, uses)?;
    if let (Comparing::Equal, Expr::Text(text)) = (sign, other) {
        return Some(Need::Text(at, text.clone()));
    }
    if let (Comparing::Equal, Expr::Bool(bool)) = (sign, other) {
        return Some(Need::Is(at, *bool));
    }
    let number = constant(other)?;
    match sign {
        Comparing::Less => Some(Need::AtMost(at, number.checked_sub(1)?)),
        Comparing::AtMost => Some(Need::AtMost(at, number)),
        _ => least(sign, number).map(|least| Need::AtLeast(at, least)),
    }
}

fn least(sign: Comparing, number: i64) -> Option<i64> {
    match sign {
        Comparing::More => number.checked_add(1),
        Comparing::AtLeast | Comparing::Equal => Some(number),
        _ => None,
    }
}

/// What is asked of some line, where it is that a number is large enough.
fn of_lines(body: &Expr) -> Option<Need> {
    match body {
        Expr::And(sides) => of_lines(&sides[0]).or_else(|| of_lines(&sides[1])),
        Expr::Compare(sign, sides) => {
            let (sign, name, other) = match (&sides[0], &sides[1]) {
                (Expr::Value(name), other) => (*sign, name, other),
                (other, Expr::Value(name)) => (turned(*sign), name, other),
                _ => return None,
            };
            let of = match name.as_ref() {
                "quantity" => OfLines::Quantity,
                "amount" => OfLines::Amount,
                _ => return None,
            };
            least(sign, constant(other)?).map(|least| Need::LineAtLeast(of, least))
        }
        _ => None,
    }
}

/// The same sign with its sides the other way round.
fn turned(sign: Comparing) -> Comparing {
    match sign {
        Comparing::Less => Comparing::More,
        Comparing::AtMost => Comparing::AtLeast,
        Comparing::More => Comparing::Less,
        Comparing::AtLeast => Comparing::AtMost,
        same => same,
    }
}

/// The number that a part is, whatever the facts.
fn constant(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Integer(integer) => Some(*integer),
        Expr::Negate(inner) => constant(inner)?.checked_neg(),
        Expr::Reckon(sign, sides) => {
            let (one, other) = (constant(&sides[0])?, constant(&sides[1])?);
            match sign {
                Reckoning::Add => one.checked_add(other),
                Reckoning::Subtract => one.checked_sub(other),
                Reckoning::Multiply => one.checked_mul(other),
                Reckoning::Divide => one.checked_div(other),
                Reckoning::Remainder => one.checked_rem(other),
            }
        }
        _ => None,
    }
}
