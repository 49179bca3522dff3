//! Names: facts, parameters, what `exists` and `all` gave a name to; and where a part stands in the text.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr as Ast, LiteralValue, operators as op},
};

use super::{Checker, NOTHING, Type, Use};
use crate::{catalogue, condition::expr::Expr, nearest::nearest, schema::FactType};

/// The prefix of parameters.
const PARAM: &str = "param";

impl Checker<'_> {
    /// The words of a dotted name, and the part that its first word is.
    pub(super) fn path<'e>(&self, e: &'e IdedExpr) -> Option<(Vec<&'e str>, &'e IdedExpr)> {
        let (mut words, mut at) = (vec![], e);
        loop {
            match &at.expr {
                Ast::Ident(word) => {
                    words.push(word.as_str());
                    words.reverse();
                    return Some((words, at));
                }
                Ast::Select(select) if !select.test => {
                    words.push(select.field.as_str());
                    at = &select.operand;
                }
                Ast::Call(CallExpr { func_name, target: None, args }) if func_name == op::INDEX => {
                    let [of, key] = args.as_slice() else { return None };
                    let Ast::Literal(LiteralValue::String(word)) = &key.expr else { return None };
                    words.push(word.inner());
                    at = of;
                }
                _ => return None,
            }
        }
    }

    /// Where a part stands: a name from its first letter to its last, a call at its sign or name.
    pub(super) fn span(&self, e: &IdedExpr) -> (usize, usize) {
        let (start, end) = self.tree.token(e.id);
        match (&e.expr, self.path(e)) {
            (Ast::Select(select), Some((_, first))) => {
                (self.tree.token(first.id).0, end + select.field.len())
            }
            (Ast::Call(call), Some((_, first))) => {
                let key = call.args.get(1).map_or(end, |key| self.tree.token(key.id).1);
                (self.tree.token(first.id).0, key)
            }
            (Ast::Call(CallExpr { target: Some(target), .. }), _) => (self.span(target).0, end),
            _ => (start, end),
        }
    }

    pub(super) fn name(&mut self, e: &IdedExpr) -> (Expr, Type) {
        let Some((words, _)) = self.path(e) else {
            let hint = Some("ask lines.exists(l, l.item == \"A\") of all lines".to_owned());
            let message = "a look into what is no fact";
            return self.wrong(self.span(e), "unsupported", message, "the name of a fact", hint);
        };
        if let Some(scope) = self.scope.as_ref().filter(|scope| scope.variable == words[0]) {
            return match (scope.is, words.len()) {
                (Type::Records, 1) => {
                    let expected = format!("one of its values, such as {}.item", words[0]);
                    self.wrong(self.span(e), "wrong-type", "a whole record", expected, None)
                }
                (Type::Records, _) => self.value(e, &words[1..].join(".")),
                (is, 1) => (Expr::Element, is),
                _ => self.wrong(self.span(e), "unknown-fact", "no record", words[0], None),
            };
        }
        match words.as_slice() {
            [PARAM, name] => self.param(e, name),
            _ => self.fact(e, &words.join(".")),
        }
    }

    fn param(&mut self, e: &IdedExpr, name: &str) -> (Expr, Type) {
        if let Some(value) = self.params.get(name) {
            return self.constant(value);
        }
        let known = self.params.keys().map(String::as_str);
        let hint = nearest(name, known.clone()).map(|near| format!("did you mean param.{near}?"));
        let names: Vec<&str> = known.collect();
        let expected = match names.is_empty() {
            true => "a parameter of the rule: it has none".to_owned(),
            false => format!("one of {}", names.join(", ")),
        };
        let message = format!("unknown parameter {name:?}");
        self.wrong(self.span(e), "unknown-parameter", message, expected, hint)
    }

    fn value(&mut self, e: &IdedExpr, name: &str) -> (Expr, Type) {
        let list = self.scope.as_ref().map_or_else(String::new, |scope| scope.list.clone());
        let whole = format!("{list}[].{name}");
        if let Some(is) = self.schema.fact(&whole).map(|(_, fact)| fact.is) {
            if !self.values.contains(&whole) {
                self.values.push(whole);
            }
            return (Expr::Value(name.to_owned().into()), is.into());
        }
        let known: Vec<&str> = self.schema.record(&list).map(|(name, _)| name).collect();
        let near = nearest(name, known.iter().copied());
        let hint = near.map(|near| format!("did you mean {near:?}?"));
        let expected = format!("one of {}", known.join(", "));
        let message = format!("unknown value {name:?} of {list}");
        self.wrong(self.span(e), "unknown-fact", message, expected, hint)
    }

    fn fact(&mut self, e: &IdedExpr, name: &str) -> (Expr, Type) {
        if let Some(is) = self.schema.fact(name).map(|(_, fact)| fact.is) {
            return (Expr::Fact(self.used(name)), is.into());
        }
        let span = self.span(e);
        if name.contains("[]") {
            return NOTHING;
        }
        if self.schema.is_group(name) {
            let known = self.schema.facts().iter().map(|fact| fact.name.as_ref());
            let mine: Vec<&str> =
                known.filter(|known| known.split('.').next() == Some(name)).take(12).collect();
            let message = format!("{name:?} is a group of facts");
            let expected = format!("one of them, such as {}", mine.join(", "));
            return self.wrong(span, "unknown-fact", message, expected, None);
        }
        let hint = self.schema.nearest(name).map(|near| format!("did you mean {near}?"));
        let message = format!("unknown fact {name:?}");
        let expected = match name.split_once('.').filter(|(group, _)| self.schema.is_group(group)) {
            Some((group, _)) => {
                let known = self.schema.facts().iter().map(|fact| fact.name.as_ref());
                let mine: Vec<&str> =
                    known.filter(|known| known.split('.').next() == Some(group)).collect();
                format!("one of {}", mine.join(", "))
            }
            None => format!("a fact of {}", self.groups()),
        };
        self.wrong(span, "unknown-fact", message, expected, hint)
    }

    fn groups(&self) -> String {
        self.schema.groups().into_keys().collect::<Vec<_>>().join(", ")
    }

    /// The place of a fact in the uses.
    pub(super) fn used(&mut self, name: &str) -> usize {
        if let Some(place) = self.uses.iter().position(|one| one.name == name) {
            return place;
        }
        let known = catalogue::find(name);
        let name = match self.schema.fact(name) {
            Some((_, fact)) => fact.name.clone(),
            None => name.to_owned().into(),
        };
        self.uses.push(Use { name, known });
        self.uses.len() - 1
    }

    /// A list that is a fact: its name and type.
    pub(super) fn list(&mut self, e: &IdedExpr) -> Option<(String, Type)> {
        let name = self.path(e)?.0.join(".");
        let is = self.schema.fact(&name)?.1.is;
        matches!(is, FactType::Integers | FactType::Texts | FactType::Records)
            .then(|| (name, is.into()))
    }
}
