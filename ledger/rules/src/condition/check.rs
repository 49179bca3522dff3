//! From the parser's tree to a tree of right types, with everything that is wrong told at once.
//!
//! Invariants: every name is a fact, a parameter or the name that an `exists` or `all` gave; both sides of a
//! sign are of one type; a part that is wrong has no type, so that one mistake is told once. Absent: values.

mod calls;
mod names;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr as Ast, LiteralValue, operators as op},
};
use gatewarden_model::Scalar;

use super::{
    ConditionMistake, Params, Use,
    expr::{Comparing, Expr, Reckoning},
    parse::Tree,
};
use crate::schema::{FactType, Schema};

/// The type of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    Integer,
    Text,
    Integers,
    Texts,
    Records,
    /// Of something wrong that was told.
    Wrong,
}

impl From<FactType> for Type {
    fn from(is: FactType) -> Self {
        match is {
            FactType::Bool => Self::Bool,
            FactType::Integer => Self::Integer,
            FactType::Text => Self::Text,
            FactType::Integers => Self::Integers,
            FactType::Texts => Self::Texts,
            FactType::Records => Self::Records,
        }
    }
}

impl Type {
    fn words(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::Text => "a text",
            Self::Integers => "a list of whole numbers",
            Self::Texts => "a list of texts",
            Self::Records => "a list of records",
            Self::Wrong => "wrong",
        }
    }
}

/// What `exists` or `all` looks at: the name it gave, and the list.
struct Scope {
    variable: String,
    list: String,
    is: Type,
}

struct Checker<'c> {
    tree: &'c Tree<'c>,
    schema: &'c Schema,
    params: &'c Params,
    uses: Vec<Use>,
    mistakes: Vec<ConditionMistake>,
    scope: Option<Scope>,
    /// Values of records that are looked at, as `lines[].quantity`.
    values: Vec<String>,
}

/// The typed tree and the facts that it looks at, or all mistakes in the order of the text.
pub(super) fn check(
    tree: &Tree<'_>,
    schema: &Schema,
    params: &Params,
) -> Result<(Expr, Vec<Use>, Vec<String>), Vec<ConditionMistake>> {
    let (uses, mistakes, values) = (vec![], vec![], vec![]);
    let mut checker = Checker { tree, schema, params, uses, mistakes, scope: None, values };
    let expr = checker.wants(&tree.root, Type::Bool, "a condition");
    checker.mistakes.sort_by_key(|mistake| mistake.start);
    match checker.mistakes.is_empty() {
        true => Ok((expr, checker.uses, checker.values)),
        false => Err(checker.mistakes),
    }
}

/// What stands where something is wrong; never asked.
const NOTHING: (Expr, Type) = (Expr::Bool(false), Type::Wrong);

impl Checker<'_> {
    fn wrong(
        &mut self,
        (start, end): (usize, usize),
        code: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
        hint: Option<String>,
    ) -> (Expr, Type) {
        let (message, expected) = (message.into(), expected.into());
        self.mistakes.push(ConditionMistake { start, end, code, message, expected, hint });
        NOTHING
    }

    /// A part that must be of this type.
    fn wants(&mut self, e: &IdedExpr, is: Type, what: &str) -> Expr {
        let (expr, found) = self.part(e);
        if found != is && found != Type::Wrong {
            let message = format!("{what} is {}", found.words());
            let code = if what == "a condition" { "not-a-condition" } else { "wrong-type" };
            self.wrong(self.span(e), code, message, is.words(), None);
        }
        expr
    }

    fn part(&mut self, e: &IdedExpr) -> (Expr, Type) {
        match &e.expr {
            Ast::Literal(literal) => self.literal(e, literal),
            Ast::Ident(_) | Ast::Select(_) => self.name(e),
            Ast::Call(call) if call.func_name == op::INDEX => self.name(e),
            Ast::Call(call) => self.call(e, call),
            Ast::List(_) => {
                let expected = "a list only after in: item.class in [\"A\", \"B\"]";
                self.wrong(self.span(e), "list-here", "a list", expected, None)
            }
            _ => {
                let message = "this part of CEL is not used here";
                let expected = "comparisons, && || !, arithmetic, in, has, size, exists, all";
                self.wrong(self.span(e), "unsupported", message, expected, None)
            }
        }
    }

    fn literal(&mut self, e: &IdedExpr, literal: &LiteralValue) -> (Expr, Type) {
        match literal {
            LiteralValue::Boolean(bool) => (Expr::Bool(*bool.inner()), Type::Bool),
            LiteralValue::Int(integer) => (Expr::Integer(*integer.inner()), Type::Integer),
            LiteralValue::String(text) => (Expr::Text(text.inner().into()), Type::Text),
            LiteralValue::Double(_) => {
                let hint = "an amount is written amount(\"12.5\"), a share in per mille";
                let expected = "a whole number in minor units";
                self.wrong(self.span(e), "float", "a broken number", expected, Some(hint.into()))
            }
            LiteralValue::Null => {
                let hint = Some("ask has(document.partner) or !has(document.partner)".to_owned());
                self.wrong(self.span(e), "null", "null", "a value", hint)
            }
            LiteralValue::UInt(_) | LiteralValue::Bytes(_) => {
                let expected = "a whole number without u, a text, true or false";
                self.wrong(self.span(e), "unsupported", "no value of facts", expected, None)
            }
        }
    }

    fn call(&mut self, e: &IdedExpr, call: &CallExpr) -> (Expr, Type) {
        let comparing = match call.func_name.as_str() {
            op::EQUALS => Some(Comparing::Equal),
            op::NOT_EQUALS => Some(Comparing::Unequal),
            op::LESS => Some(Comparing::Less),
            op::LESS_EQUALS => Some(Comparing::AtMost),
            op::GREATER => Some(Comparing::More),
            op::GREATER_EQUALS => Some(Comparing::AtLeast),
            _ => None,
        };
        let reckoning = match call.func_name.as_str() {
            op::ADD => Some(Reckoning::Add),
            op::SUBSTRACT => Some(Reckoning::Subtract),
            op::MULTIPLY => Some(Reckoning::Multiply),
            op::DIVIDE => Some(Reckoning::Divide),
            op::MODULO => Some(Reckoning::Remainder),
            _ => None,
        };
        match (call.args.as_slice(), comparing, reckoning) {
            ([one, other], Some(sign), _) => self.comparison(e, sign, one, other),
            ([one, other], _, Some(sign)) => self.reckoning(sign, one, other),
            (args, ..) => self.logic(e, call, args),
        }
    }

    fn logic(&mut self, e: &IdedExpr, call: &CallExpr, args: &[IdedExpr]) -> (Expr, Type) {
        let is = Type::Bool;
        match (call.func_name.as_str(), args) {
            (op::LOGICAL_NOT, [one]) => {
                (Expr::Not(Box::new(self.wants(one, is, "what ! turns round"))), is)
            }
            (name @ (op::LOGICAL_AND | op::LOGICAL_OR), [one, other]) => {
                let and = name == op::LOGICAL_AND;
                let what = if and { "a side of &&" } else { "a side of ||" };
                let sides = Box::new([self.wants(one, is, what), self.wants(other, is, what)]);
                (if and { Expr::And(sides) } else { Expr::Or(sides) }, is)
            }
            (op::NEGATE, [one]) => {
                let one = self.wants(one, Type::Integer, "what - negates");
                (Expr::Negate(Box::new(one)), Type::Integer)
            }
            (op::CONDITIONAL, [asked, yes, no]) => self.choice(e, asked, yes, no),
            (op::IN, [one, list]) => self.membership(one, list),
            _ => self.function(e, call),
        }
    }

    fn choice(
        &mut self,
        e: &IdedExpr,
        asked: &IdedExpr,
        yes: &IdedExpr,
        no: &IdedExpr,
    ) -> (Expr, Type) {
        let asked = self.wants(asked, Type::Bool, "what stands before ?");
        let ((yes, is), (no, other)) = (self.part(yes), self.part(no));
        if is == Type::Wrong || other == Type::Wrong {
            return NOTHING;
        }
        if is != other || !matches!(is, Type::Bool | Type::Integer | Type::Text) {
            let message = format!("{} before : and {} after it", is.words(), other.words());
            let expected = "a value of one type on both sides";
            return self.wrong(self.span(e), "wrong-type", message, expected, None);
        }
        (Expr::If(Box::new([asked, yes, no])), is)
    }

    fn comparison(
        &mut self,
        e: &IdedExpr,
        sign: Comparing,
        one: &IdedExpr,
        other: &IdedExpr,
    ) -> (Expr, Type) {
        let ((left, is), (right, found)) = (self.part(one), self.part(other));
        if is == Type::Wrong || found == Type::Wrong {
            return NOTHING;
        }
        let equality = matches!(sign, Comparing::Equal | Comparing::Unequal);
        if is == found
            && (matches!(is, Type::Integer | Type::Text) || (is == Type::Bool && equality))
        {
            return (Expr::Compare(sign, Box::new([left, right])), Type::Bool);
        }
        let message = format!("{} {} {}", is.words(), sign.sign(), found.words());
        let hint = match (is, found, &other.expr) {
            (Type::Integer, Type::Text, _) => {
                Some("an amount is written amount(\"5000\"), a number without quotes".to_owned())
            }
            (Type::Texts | Type::Integers, _, _) => Some("ask \"value\" in the list".to_owned()),
            (Type::Records, ..) => Some("ask lines.exists(l, l.quantity > 5)".to_owned()),
            _ => None,
        };
        let expected = "two whole numbers or two texts";
        let _ = self.wrong(self.whole(e, one, other), "wrong-type", message, expected, hint);
        NOTHING
    }

    fn reckoning(&mut self, sign: Reckoning, one: &IdedExpr, other: &IdedExpr) -> (Expr, Type) {
        let what = "a side of arithmetic";
        let sides = [self.wants(one, Type::Integer, what), self.wants(other, Type::Integer, what)];
        let divides = matches!(sign, Reckoning::Divide | Reckoning::Remainder);
        if divides && matches!(sides[1], Expr::Integer(0)) {
            let message = "a division by zero";
            return self.wrong(self.span(other), "division-by-zero", message, "not zero", None);
        }
        (Expr::Reckon(sign, Box::new(sides)), Type::Integer)
    }

    /// From the first token of one side to the last of the other.
    fn whole(&self, e: &IdedExpr, one: &IdedExpr, other: &IdedExpr) -> (usize, usize) {
        let (a, b, c) = (self.span(one), self.span(e), self.span(other));
        (a.0.min(b.0), c.1.max(b.1))
    }

    fn constant(&mut self, scalar: &Scalar) -> (Expr, Type) {
        match scalar {
            Scalar::Bool(bool) => (Expr::Bool(*bool), Type::Bool),
            Scalar::Integer(integer) => (Expr::Integer(*integer), Type::Integer),
            Scalar::Text(text) => (Expr::Text(text.as_str().into()), Type::Text),
            Scalar::List(list) => {
                let of = list.first().map(|one| self.constant(one).1);
                let is = if of == Some(Type::Integer) { Type::Integers } else { Type::Texts };
                (Expr::Bool(false), is)
            }
        }
    }
}
