//! What raw Cedar permits somebody, as far as can be told before anything is known of the goods.
//!
//! Each raw policy is put to a principal and a right, with every fact unknown (Kleene's logic of three
//! values over the policy's syntax): it applies, it can't, or it may. Invariants: what it says can't
//! apply never does, and a right that a policy permits on some facts is among those told, so that whoever
//! looks for conflicts finds too many rather than too few; what it does not understand may be so.
//! A `forbid` takes a right away only where it applies whatever the facts. Absent: rights by roles and
//! scopes, which the matrix tells; fields.

use std::collections::{BTreeSet, HashMap};

use cedar_policy::{Effect, EntityUid, Policy, PrincipalConstraint};
use gatewarden_model::{Action, Module};
use serde::Serialize;
use serde_json::Value;

use super::{Access, Cell, Principal, looks::cells, raw::RAW};

/// A right that raw Cedar permits somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RawRight {
    /// Where.
    pub module: Module,
    /// What.
    pub action: Action,
    /// The raw policies that permit it, sorted.
    pub policies: Vec<String>,
    /// Each of them only on some facts, or nobody can tell.
    pub conditional: bool,
}

impl Access {
    /// The rights that raw Cedar permits somebody, in the order of modules and actions. Empty where it
    /// can't be told who he is (an unknown role), since that denies.
    #[must_use]
    pub fn raw_rights(&self, principal: &Principal<'_>) -> Vec<RawRight> {
        let Ok((uid, parents, name)) = self.principal(principal) else { return vec![] };
        let who = Somebody { uid, parents: parents.into_iter().collect(), name };
        let mut texts = HashMap::new();
        let of_cell = |(module, action)| {
            let cell = self.cells.get(&(module, action))?;
            let (policies, conditional) = permits(cell, &who, &mut texts)?;
            Some(RawRight { module, action, policies, conditional })
        };
        cells().filter_map(of_cell).collect()
    }

    /// The raw policies that can take rights away, sorted.
    #[must_use]
    pub fn raw_forbids(&self) -> BTreeSet<String> {
        let all = self.cells.values().flat_map(|cell| cell.policies.policies());
        let forbids = all.filter(|policy| policy.effect() == Effect::Forbid);
        forbids.map(|policy| policy.id().to_string()).filter(|id| id.starts_with(RAW)).collect()
    }
}

/// The raw policies that may permit here; and whether all of them have conditions.
fn permits(
    cell: &Cell,
    who: &Somebody,
    texts: &mut HashMap<String, Value>,
) -> Option<(Vec<String>, bool)> {
    let (mut found, mut conditional) = (vec![], true);
    for policy in cell.policies.policies() {
        let id = policy.id().to_string();
        let raw = id.starts_with(RAW);
        if policy.effect() == Effect::Permit && !raw {
            continue;
        }
        let of_text = || policy.to_json().unwrap_or(Value::Null);
        let text = texts.entry(id.clone()).or_insert_with(of_text);
        let applies = who.scope(policy).and(|| Asked { cell, who }.conditions(text));
        match (policy.effect(), applies) {
            (Effect::Forbid, Told::Yes) => return None,
            (Effect::Forbid, _) | (Effect::Permit, Told::No) => {}
            (Effect::Permit, told) => {
                conditional &= told != Told::Yes;
                found.push(id);
            }
        }
    }
    found.sort_unstable();
    (!found.is_empty()).then_some((found, conditional))
}

/// True, false, or it depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
    Maybe,
}

impl Told {
    fn of(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
        }
    }

    /// Cedar looks at the right side only where the left one holds.
    fn and(self, right: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => right(),
            Self::Maybe => match right() {
                Self::No => Self::No,
                _ => Self::Maybe,
            },
        }
    }

    fn or(self, right: impl FnOnce() -> Self) -> Self {
        self.not().and(|| right().not()).not()
    }
}

/// Who asks, as policies see him.
struct Somebody {
    uid: EntityUid,
    parents: Vec<EntityUid>,
    name: String,
}

impl Somebody {
    fn is_in(&self, group: &EntityUid) -> bool {
        self.uid == *group || self.parents.contains(group)
    }

    fn scope(&self, policy: &Policy) -> Told {
        Told::of(match policy.principal_constraint() {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::In(group) => self.is_in(&group),
            PrincipalConstraint::Eq(one) => self.uid == one,
            PrincipalConstraint::Is(kind) => kind == *self.uid.type_name(),
            PrincipalConstraint::IsIn(kind, group) => {
                kind == *self.uid.type_name() && self.is_in(&group)
            }
        })
    }
}

/// What an expression stands for, where that can be told.
#[derive(PartialEq)]
enum Term {
    Entity { kind: String, id: String },
    Text(String),
    Number(i64),
}

impl Term {
    fn of(uid: &EntityUid) -> Self {
        Self::Entity { kind: uid.type_name().to_string(), id: uid.id().unescaped().to_owned() }
    }
}

/// A right asked for by somebody.
struct Asked<'a> {
    cell: &'a Cell,
    who: &'a Somebody,
}

impl Asked<'_> {
    fn conditions(&self, policy: &Value) -> Told {
        let Some(all) = policy.get("conditions").and_then(Value::as_array) else {
            return Told::Maybe;
        };
        all.iter().fold(Told::Yes, |so_far, one| {
            so_far.and(|| {
                let body = one.get("body").map_or(Told::Maybe, |body| self.truth(body));
                if one.get("kind").is_some_and(|kind| kind == "when") { body } else { body.not() }
            })
        })
    }

    fn truth(&self, expression: &Value) -> Told {
        let Some((operator, of)) = only(expression) else { return Told::Maybe };
        let side = |name: &str| of.get(name).map_or(Told::Maybe, |one| self.truth(one));
        match operator {
            "Value" => of.as_bool().map_or(Told::Maybe, Told::of),
            "&&" => side("left").and(|| side("right")),
            "||" => side("left").or(|| side("right")),
            "!" => side("arg").not(),
            "if-then-else" => match side("if") {
                Told::Yes => side("then"),
                Told::No => side("else"),
                Told::Maybe => Told::Maybe,
            },
            "==" => self.same(of),
            "!=" => self.same(of).not(),
            "in" => self.is_in(of),
            "is" => self.is(of),
            _ => Told::Maybe,
        }
    }

    fn same(&self, of: &Value) -> Told {
        let (left, right) = (self.term(of.get("left")), self.term(of.get("right")));
        match (left, right) {
            (Some(left), Some(right)) => Told::of(left == right),
            _ => Told::Maybe,
        }
    }

    fn is_in(&self, of: &Value) -> Told {
        let Some(left) = self.term(of.get("left")) else { return Told::Maybe };
        let Some(right) = of.get("right") else { return Told::Maybe };
        let groups: Vec<&Value> = match only(right) {
            Some(("Set", list)) => list.as_array().into_iter().flatten().collect(),
            _ => vec![right],
        };
        let within = |group: &Value| match self.term(Some(group)) {
            None => Told::Maybe,
            Some(group) if group == left => Told::Yes,
            Some(group) if left == Term::of(&self.who.uid) => {
                Told::of(self.who.parents.iter().any(|parent| Term::of(parent) == group))
            }
            // Nothing else has parents.
            Some(_) => Told::No,
        };
        groups.into_iter().fold(Told::No, |so_far, group| so_far.or(|| within(group)))
    }

    fn is(&self, of: &Value) -> Told {
        let kind = of.get("entity_type").and_then(Value::as_str);
        match (self.term(of.get("left")), kind) {
            (Some(Term::Entity { kind: own, .. }), Some(kind)) if own != kind => Told::No,
            (Some(Term::Entity { .. }), Some(_)) if of.get("in").is_none() => Told::Yes,
            _ => Told::Maybe,
        }
    }

    fn term(&self, expression: Option<&Value>) -> Option<Term> {
        let (operator, of) = only(expression?)?;
        match operator {
            "Var" => match of.as_str()? {
                "principal" => Some(Term::of(&self.who.uid)),
                "action" => Some(Term::of(&self.cell.action)),
                "resource" => Some(Term::of(&self.cell.resource)),
                _ => None,
            },
            "." => {
                let left = only(of.get("left")?);
                let own = matches!(left, Some(("Var", var)) if var == "principal");
                (own && of.get("attr")? == "id").then(|| Term::Text(self.who.name.clone()))
            }
            "Value" => literal(of),
            _ => None,
        }
    }
}

fn literal(of: &Value) -> Option<Term> {
    if let Some(entity) = of.get("__entity") {
        let text = |key: &str| entity.get(key)?.as_str().map(str::to_owned);
        return Some(Term::Entity { kind: text("type")?, id: text("id")? });
    }
    of.as_str().map(|text| Term::Text(text.to_owned())).or_else(|| of.as_i64().map(Term::Number))
}

/// The only operator of an expression, with what it is applied to.
fn only(expression: &Value) -> Option<(&str, &Value)> {
    let mut fields = expression.as_object()?.iter();
    let (operator, of) = fields.next()?;
    fields.next().is_none().then_some((operator.as_str(), of))
}
