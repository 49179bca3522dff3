//! What a condition's text comes to: a small tree of right types, made for asking often.
//!
//! Invariants: facts are places in the condition's list of uses, parameters are their values, patterns are
//! compiled; no `exists` or `all` stands in another. Absent: how it is made (`check`) and asked (`eval`).

use regex::Regex;

use crate::facts::Name;

/// A part of a condition.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Bool(bool),
    Integer(i64),
    Text(Box<str>),
    /// A fact, by its place in the uses.
    Fact(usize),
    /// A value of the record that is looked at.
    Value(Name),
    /// The value of a list that is looked at.
    Element,
    HasFact(usize),
    HasValue(Name),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    If(Box<[Expr; 3]>),
    Compare(Comparing, Box<[Expr; 2]>),
    Reckon(Reckoning, Box<[Expr; 2]>),
    /// In a list that is written out.
    InWritten(Box<Expr>, Box<[Expr]>),
    /// In a list that is a fact.
    InFact(Box<Expr>, usize),
    Size(Box<Expr>),
    Look(Looking, Box<[Expr; 2]>),
    Matches(Box<Expr>, Box<Regex>),
    /// Some of a list's, or all of them.
    Over {
        all: bool,
        list: usize,
        body: Box<Expr>,
    },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparing {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparing {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// Whole-number arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reckoning {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Reckoning {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// A look into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looking {
    StartsWith,
    EndsWith,
    Contains,
}

impl Looking {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Contains => "contains",
        }
    }
}
