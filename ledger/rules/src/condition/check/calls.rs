//! Functions and macros: `has`, `size`, looks into texts, `in`, `exists`, `all`, `amount`.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr as Ast, LiteralValue},
};
use gatewarden_model::{Amount, Scalar};
use regex::RegexBuilder;

use super::{Checker, NOTHING, Scope, Type};
use crate::{
    condition::expr::{Expr, Looking},
    nearest::nearest,
};

/// Largest compiled pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 18;

/// What can be called, and how.
const FUNCTIONS: [(&str, &str); 9] = [
    ("has", "has(document.partner)"),
    ("size", "size(lines)"),
    ("startsWith", "item.code.startsWith(\"BOLT\")"),
    ("endsWith", "item.code.endsWith(\"-M8\")"),
    ("contains", "document.title.contains(\"urgent\")"),
    ("matches", "document.number.matches(\"^MR-[0-9]+$\")"),
    ("exists", "lines.exists(l, l.class == \"A\")"),
    ("all", "lines.all(l, l.quantity > 0)"),
    ("amount", "amount(\"5000.01\")"),
];

impl Checker<'_> {
    pub(super) fn function(&mut self, e: &IdedExpr, call: &CallExpr) -> (Expr, Type) {
        let args = call.args.as_slice();
        match (call.func_name.as_str(), call.target.as_deref(), args) {
            ("has", None, [one]) => self.has(one),
            ("size", None, [one]) | ("size", Some(one), []) => self.size(e, one),
            ("startsWith", Some(one), [other]) => self.look(Looking::StartsWith, one, other),
            ("endsWith", Some(one), [other]) => self.look(Looking::EndsWith, one, other),
            ("contains", Some(one), [other]) => self.look(Looking::Contains, one, other),
            ("matches", Some(one), [pattern]) => self.matches(one, pattern),
            (name @ ("exists" | "all"), Some(list), [variable, body]) => {
                self.over(e, name == "all", (list, variable, body))
            }
            ("amount", None, [one]) => self.amount(one),
            (name, ..) => self.unknown_function(e, name),
        }
    }

    fn unknown_function(&mut self, e: &IdedExpr, name: &str) -> (Expr, Type) {
        let place = self.tree.token(e.id);
        if let Some((_, how)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
            let message = format!("{name} is not called so");
            return self.wrong(place, "wrong-call", message, *how, None);
        }
        let hint = match name {
            "filter" | "map" | "exists_one" => Some("ask exists or all".to_owned()),
            _ => nearest(name, FUNCTIONS.iter().map(|(known, _)| *known))
                .map(|near| format!("did you mean {near}?")),
        };
        let known: Vec<&str> = FUNCTIONS.iter().map(|(known, _)| *known).collect();
        let message = format!("unknown function {name:?}");
        let expected = format!("one of {}", known.join(", "));
        self.wrong(place, "unknown-function", message, expected, hint)
    }

    fn has(&mut self, one: &IdedExpr) -> (Expr, Type) {
        match self.part(one) {
            (_, Type::Wrong) => NOTHING,
            (Expr::Fact(place), _) => (Expr::HasFact(place), Type::Bool),
            (Expr::Value(name), _) => (Expr::HasValue(name), Type::Bool),
            _ => {
                let message = "has asks for a fact";
                let expected = "has(document.partner)";
                self.wrong(self.span(one), "wrong-call", message, expected, None)
            }
        }
    }

    fn size(&mut self, e: &IdedExpr, one: &IdedExpr) -> (Expr, Type) {
        let (expr, is) = self.part(one);
        match is {
            Type::Wrong => NOTHING,
            Type::Bool | Type::Integer => {
                let message = format!("the size of {}", is.words());
                self.wrong(self.span(e), "wrong-type", message, "a list or a text", None)
            }
            _ => (Expr::Size(Box::new(expr)), Type::Integer),
        }
    }

    fn look(&mut self, how: Looking, one: &IdedExpr, other: &IdedExpr) -> (Expr, Type) {
        let what = format!("a side of {}", how.name());
        let sides = [self.wants(one, Type::Text, &what), self.wants(other, Type::Text, &what)];
        (Expr::Look(how, Box::new(sides)), Type::Bool)
    }

    fn matches(&mut self, one: &IdedExpr, pattern: &IdedExpr) -> (Expr, Type) {
        let one = self.wants(one, Type::Text, "what matches looks into");
        let (Expr::Text(text), _) = self.part(pattern) else {
            let expected = "a pattern that is written out, or a parameter";
            let message = "a pattern that is not known beforehand";
            return self.wrong(self.span(pattern), "bad-pattern", message, expected, None);
        };
        let built = RegexBuilder::new(&text)
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX)
            .nest_limit(32)
            .build();
        match built {
            Ok(regex) => (Expr::Matches(Box::new(one), Box::new(regex)), Type::Bool),
            Err(error) => {
                let said = error.to_string();
                let last =
                    said.lines().last().unwrap_or("no pattern").trim_start_matches("error: ");
                let message = format!("the pattern is none: {last}");
                let expected = format!(
                    "a regular expression without look-around and back-references, \
                     compiled at most {PATTERN_BYTES_MAX} bytes"
                );
                self.wrong(self.span(pattern), "bad-pattern", message, expected, None)
            }
        }
    }

    fn amount(&mut self, one: &IdedExpr) -> (Expr, Type) {
        if let Ast::Literal(LiteralValue::String(text)) = &one.expr
            && let Ok(amount) = text.inner().parse::<Amount>()
        {
            return (Expr::Integer(amount.units()), Type::Integer);
        }
        let expected = "a decimal in quotes with at most 4 places: amount(\"5000.01\")";
        self.wrong(self.span(one), "bad-amount", "this is no amount", expected, None)
    }

    pub(super) fn membership(&mut self, one: &IdedExpr, list: &IdedExpr) -> (Expr, Type) {
        let (one_expr, is) = self.part(one);
        if let Ast::List(written) = &list.expr {
            let all: Vec<Expr> = written.elements.iter().map(|e| self.wants_same(e, is)).collect();
            return (Expr::InWritten(Box::new(one_expr), all.into()), Type::Bool);
        }
        if let Some(of) = self.written_param(list) {
            let all: Vec<(Expr, Type)> = of.iter().map(|one| self.constant(one)).collect();
            if is != Type::Wrong && all.iter().any(|(_, other)| *other != is) {
                let message = format!("{} in a list of other values", is.words());
                return self.wrong(self.span(one), "wrong-type", message, "one type", None);
            }
            let all: Vec<Expr> = all.into_iter().map(|(expr, _)| expr).collect();
            return (Expr::InWritten(Box::new(one_expr), all.into()), Type::Bool);
        }
        let (_, of) = self.part(list);
        if is == Type::Wrong || of == Type::Wrong {
            return NOTHING;
        }
        let fits = matches!((is, of), (Type::Text, Type::Texts) | (Type::Integer, Type::Integers));
        match self.list(list).filter(|_| fits) {
            Some((name, _)) => {
                let place = self.used(&name);
                (Expr::InFact(Box::new(one_expr), place), Type::Bool)
            }
            None => {
                let message = format!("{} in {}", is.words(), of.words());
                let expected = "a value in a list of such values";
                self.wrong(self.span(list), "wrong-type", message, expected, None)
            }
        }
    }

    /// A parameter that is a list.
    fn written_param(&self, e: &IdedExpr) -> Option<Vec<Scalar>> {
        let (words, _) = self.path(e)?;
        let ["param", name] = words.as_slice() else { return None };
        match self.params.get(*name)? {
            Scalar::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    fn wants_same(&mut self, e: &IdedExpr, is: Type) -> Expr {
        match is {
            Type::Bool | Type::Integer | Type::Text => self.wants(e, is, "a value of the list"),
            _ => self.part(e).0,
        }
    }

    fn over(
        &mut self,
        e: &IdedExpr,
        all: bool,
        (list, variable, body): (&IdedExpr, &IdedExpr, &IdedExpr),
    ) -> (Expr, Type) {
        if self.scope.is_some() {
            let message = "exists or all within another";
            let expected = "one at a time, so that the cost stays bounded";
            return self.wrong(self.tree.token(e.id), "nested-macro", message, expected, None);
        }
        let Some((name, is)) = self.list(list) else {
            let (_, is) = self.part(list);
            if is == Type::Wrong {
                return NOTHING;
            }
            let message = format!("exists and all over {}", is.words());
            return self.wrong(self.span(list), "wrong-type", message, "a list", None);
        };
        let Ast::Ident(variable) = &variable.expr else {
            let expected = "a name for one of the list, such as l";
            return self.wrong(self.span(variable), "wrong-call", "no name", expected, None);
        };
        if self.schema.is_group(variable)
            || self.schema.fact(variable).is_some()
            || variable == "param"
        {
            let message = format!("{variable:?} is the name of facts");
            let expected = "another name for one of the list, such as l";
            return self.wrong(self.tree.token(e.id), "name-taken", message, expected, None);
        }
        let of = match is {
            Type::Integers => Type::Integer,
            Type::Texts => Type::Text,
            other => other,
        };
        self.scope = Some(Scope { variable: variable.clone(), list: name.clone(), is: of });
        let body = self.wants(body, Type::Bool, "what is asked of each");
        self.scope = None;
        (Expr::Over { all, list: self.used(&name), body: Box::new(body) }, Type::Bool)
    }
}
