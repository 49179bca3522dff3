//! What is wrong with policies though they can be used: those that never or always apply, that others
//! shadow, that stand twice, that name what there is not, and that let through what is not known.
//!
//! Sound: whatever is told is so. Cedar's own typechecker decides, never a guess: a condition is always
//! true where its opposite is impossible, and fails open on a fact where it is impossible without that
//! fact in the schema. What the typechecker can't decide is not told. Absent: who has which role, beside
//! the names that are passed in.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Effect, Policy, PolicyId, PolicySet, PrincipalConstraint, Schema, ValidationWarning,
};
use gatewarden_model::{Action, Limit, Module, MovementKind, Role, RoleMatrix};
use serde_json::{Value, json};

use super::{
    AccessError, check,
    facts::Fact,
    looks::{can_apply, cells, looks},
    policies::{self, FORMS, Written},
    raw::{RAW, RawMistake},
    type_name, uid,
};

/// Most ids that a message lists.
const LISTED_MAX: usize = 5;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It can't be meant so.
    Error,
    /// It is hardly meant so.
    Warning,
    /// Worth a look.
    Hint,
}

impl Weight {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// Which kind, stable for machines.
    pub code: &'static str,
    /// The policy or role.
    pub policy: String,
    /// What is wrong, and the way out.
    pub message: String,
    /// The first byte in the raw Cedar, where it is about that.
    pub at: Option<usize>,
}

/// Everything that is to be said of a role matrix and raw Cedar. `granted` are the roles that somebody
/// has, where that is known.
pub fn lint(
    matrix: &RoleMatrix,
    extra: &str,
    granted: Option<&BTreeSet<String>>,
) -> Result<Vec<Finding>, AccessError> {
    let schema = FORMS[0].schema()?;
    let list = policies::all(&FORMS[0], matrix, extra)?;
    let set = policies::set(list.iter())?;
    check(&schema, &set, extra)?;
    let mut lint = Lint { schema, list, matrix, extra, found: vec![] };
    lint.impossible(&set);
    lint.always()?;
    lint.duplicates();
    lint.names();
    lint.open_ends()?;
    lint.roles(granted);
    let mut found = lint.found;
    found.sort_by(|a, b| (a.weight, &a.policy, a.code).cmp(&(b.weight, &b.policy, b.code)));
    found.dedup();
    Ok(found)
}

struct Lint<'a> {
    schema: Schema,
    list: Vec<Written>,
    matrix: &'a RoleMatrix,
    extra: &'a str,
    found: Vec<Finding>,
}

impl Lint<'_> {
    fn tell(&mut self, weight: Weight, code: &'static str, policy: &str, message: String) {
        let at = policy.starts_with(RAW).then(|| self.place(policy)).flatten();
        self.found.push(Finding { weight, code, policy: policy.to_owned(), message, at });
    }

    /// Where a raw policy begins: the only place of its text, as Cedar kept it.
    fn place(&self, id: &str) -> Option<usize> {
        let one = self.list.iter().find(|one| one.id == id)?;
        self.extra.find(one.policy.to_cedar()?.trim())
    }

    fn impossible(&mut self, set: &PolicySet) {
        let told = policies::validate(&self.schema, set);
        for warning in told.validation_warnings() {
            let id = warning.policy_id().to_string();
            let (weight, code, message) = match warning {
                ValidationWarning::ImpossiblePolicy(_)
                | ValidationWarning::InvalidActionApplication(_) => (
                    Weight::Error,
                    "never-applies",
                    "it can never apply: its condition is false whatever is asked".to_owned(),
                ),
                other => (Weight::Warning, "look-alike", RawMistake::of(other, 0).message),
            };
            self.tell(weight, code, &id, message);
        }
    }

    /// Whether a policy applies whenever its scope holds.
    fn is_unconditional(&self, policy: &Policy) -> Result<bool, AccessError> {
        let Ok(mut json) = policy.to_json() else { return Ok(false) };
        let conditions = json.get("conditions").and_then(Value::as_array);
        let bodies = conditions.into_iter().flatten().filter_map(|one| {
            let body = one.get("body")?.clone();
            let is_when = one.get("kind").is_some_and(|kind| kind == "when");
            Some(if is_when { body } else { json!({ "!": { "arg": body } }) })
        });
        let all = bodies.reduce(|left, right| json!({ "&&": { "left": left, "right": right } }));
        let Some(all) = all else { return Ok(true) };
        json["conditions"] = json!([{ "kind": "unless", "body": all }]);
        let Ok(opposite) = Policy::from_json(Some(PolicyId::new("opposite")), json) else {
            return Ok(false);
        };
        self.is_impossible(&self.schema, &opposite)
    }

    fn is_impossible(&self, schema: &Schema, policy: &Policy) -> Result<bool, AccessError> {
        let set = PolicySet::from_policies([policy.clone()])
            .map_err(|e| policies::parse_error("a policy", &e))?;
        let told = policies::validate(schema, &set);
        let never = |one: &ValidationWarning| matches!(one, ValidationWarning::ImpossiblePolicy(_));
        Ok(told.validation_passed() && told.validation_warnings().any(never))
    }

    /// Policies that always apply, and what an unconditional `forbid` shadows.
    fn always(&mut self) -> Result<(), AccessError> {
        let mut told = vec![];
        for one in self.list.iter().filter(|one| one.id.starts_with(RAW)) {
            if !self.is_unconditional(&one.policy)? {
                continue;
            }
            let anybody = one.policy.principal_constraint() == PrincipalConstraint::Any;
            let everywhere = self.cells_of(&one.policy)?.len() == cells().count();
            let permits = one.policy.effect() == Effect::Permit;
            let verb = if permits { "permits" } else { "forbids" };
            match (anybody, everywhere) {
                (true, true) => told.push((
                    Weight::Error,
                    "always-applies",
                    one.id.clone(),
                    format!("it {verb} everything to everybody, always"),
                )),
                (true, false) if permits => told.push((
                    Weight::Warning,
                    "always-applies",
                    one.id.clone(),
                    "it permits this to everybody, always: name a role or a condition".to_owned(),
                )),
                _ => {}
            }
            if !permits {
                let shadowed = self.shadowed_by(one)?;
                let first: Vec<&str> =
                    shadowed.iter().take(LISTED_MAX).map(String::as_str).collect();
                let more = shadowed.len().saturating_sub(LISTED_MAX);
                let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
                let list = format!("{}{tail}", first.join(", "));
                for permit in &shadowed {
                    let message = format!("it never permits: {} forbids all of it", one.id);
                    told.push((Weight::Error, "shadowed", permit.clone(), message));
                }
                if !shadowed.is_empty() {
                    let message = format!("it leaves nothing of {list}");
                    told.push((Weight::Hint, "shadows", one.id.clone(), message));
                }
            }
        }
        for (weight, code, policy, message) in told {
            self.tell(weight, code, &policy, message);
        }
        Ok(())
    }

    fn cells_of(&self, policy: &Policy) -> Result<BTreeSet<(Module, Action)>, AccessError> {
        let (actions, modules) = (type_name("Action")?, type_name("Module")?);
        let here = |(module, action): &(Module, Action)| {
            can_apply(policy, &uid(&actions, action.name()), &uid(&modules, module.name()))
        };
        Ok(cells().filter(here).collect())
    }

    /// The roles' and raw permits that an unconditional `forbid` takes all from.
    fn shadowed_by(&self, forbid: &Written) -> Result<Vec<String>, AccessError> {
        let of = self.cells_of(&forbid.policy)?;
        let who = forbid.policy.principal_constraint();
        let mut shadowed = vec![];
        for one in self.list.iter().filter(|one| one.policy.effect() == Effect::Permit) {
            let ours = one.id.starts_with("role:") || one.id.starts_with(RAW);
            let covered =
                who == PrincipalConstraint::Any || who == one.policy.principal_constraint();
            if ours && covered && self.cells_of(&one.policy)?.is_subset(&of) {
                shadowed.push(one.id.clone());
            }
        }
        Ok(shadowed)
    }

    /// Policies that say the same.
    fn duplicates(&mut self) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        let mut told = vec![];
        for one in &self.list {
            let Ok(mut json) = one.policy.to_json() else { continue };
            if let Some(fields) = json.as_object_mut() {
                fields.remove("annotations");
            }
            let first = seen.entry(json.to_string()).or_insert_with(|| one.id.clone());
            if *first != one.id {
                told.push((one.id.clone(), first.clone()));
            }
        }
        for (id, first) in told {
            // Of a role's policy and a raw one it is the raw one that is too much.
            let (id, first) = if id.starts_with(RAW) { (id, first) } else { (first, id) };
            let message = format!("it says what {first} says: leave one out");
            self.tell(Weight::Warning, "duplicate", &id, message);
        }
    }

    /// Roles, scopes and modules that raw Cedar names and that there are not.
    fn names(&mut self) {
        let roles: BTreeSet<String> = self.matrix.0.keys().cloned().collect();
        let scopes: BTreeSet<String> = FORMS[0].scopes().collect();
        let modules = Module::ALL.map(|module| module.name().to_owned()).into();
        let kinds: [(&str, &'static str, &str, &BTreeSet<String>); 3] = [
            ("Role", "unknown-role", "role", &roles),
            ("Scope", "unknown-scope", "scope", &scopes),
            ("Module", "unknown-module", "module", &modules),
        ];
        let mut told = vec![];
        for one in self.list.iter().filter(|one| one.id.starts_with(RAW)) {
            let mut entities = vec![];
            named_in(&one.policy.to_json().unwrap_or_default(), &mut entities);
            for (kind, name) in entities {
                let Some((_, code, noun, all)) = kinds.iter().find(|(k, ..)| *k == kind) else {
                    continue;
                };
                if !all.contains(&name) {
                    let message = format!("there is no {noun} {name:?}");
                    told.push((*code, one.id.clone(), message));
                }
            }
        }
        for (code, id, message) in told {
            self.tell(Weight::Error, code, &id, message);
        }
    }

    /// Raw `forbid`s, and exceptions of raw `permit`s, that let through what is not known.
    fn open_ends(&mut self) -> Result<(), AccessError> {
        let mut told = vec![];
        for one in self.list.iter().filter(|one| one.id.starts_with(RAW)) {
            let permits = one.policy.effect() == Effect::Permit;
            let ends = if permits { exceptions(&one.policy) } else { vec![one.policy.clone()] };
            for end in ends {
                if self.is_impossible(&self.schema, &end)? {
                    continue;
                }
                let looked_at = looks(&end);
                for fact in Fact::ALL.into_iter().filter(|fact| looked_at.has(*fact)) {
                    let without = FORMS[0].schema_without(fact)?;
                    if self.is_impossible(&without, &end)? {
                        told.push((one.id.clone(), permits, fact.name()));
                    }
                }
            }
        }
        for (id, permits, fact) in told {
            let message = match permits {
                true => format!(
                    "its exception does not hold where {fact} is not known, so it permits: write `when {{ \
                     context has {fact} && … }}` if that must be denied"
                ),
                false => format!(
                    "it forbids nothing where {fact} is not known: write `unless {{ context has {fact} && \
                     … }}` if that must be denied too"
                ),
            };
            self.tell(Weight::Warning, "fails-open", &id, message);
        }
        Ok(())
    }

    fn roles(&mut self, granted: Option<&BTreeSet<String>>) {
        for (name, role) in &self.matrix.0 {
            if role.grants.values().all(Vec::is_empty) {
                let message = "it grants nothing".to_owned();
                self.found.push(about_role(Weight::Warning, "no-rights", name, message));
            }
            if granted.is_some_and(|granted| !granted.contains(name)) {
                let message = "nobody has this role".to_owned();
                self.found.push(about_role(Weight::Hint, "nobody", name, message));
            }
            for (module, actions) in &role.grants {
                for action in actions {
                    self.found.extend(excluded(name, role, *module, *action));
                }
            }
        }
    }
}

/// Each `unless` of a policy, as the condition of one.
fn exceptions(policy: &Policy) -> Vec<Policy> {
    let Ok(json) = policy.to_json() else { return vec![] };
    let conditions = json.get("conditions").and_then(Value::as_array);
    let unless = conditions.into_iter().flatten();
    let unless = unless.filter(|one| one.get("kind").is_some_and(|kind| kind == "unless"));
    let alone = |one: &Value| {
        let mut json = json.clone();
        json["conditions"] = json!([{ "kind": "when", "body": one.get("body")?.clone() }]);
        Policy::from_json(Some(PolicyId::new("exception")), json).ok()
    };
    unless.filter_map(alone).collect()
}

fn about_role(weight: Weight, code: &'static str, name: &str, message: String) -> Finding {
    Finding { weight, code, policy: format!("role:{name}"), message, at: None }
}

/// Limits of one right that leave nothing of it, or nothing that is known today.
fn excluded(name: &str, role: &Role, module: Module, action: Action) -> Option<Finding> {
    let limits: Vec<&Limit> = role.limits_of(module, action).collect();
    if limits.is_empty() {
        return None;
    }
    let id = format!("role:{name}:{}:{}", module.name(), action.name());
    let tell = |weight, code, message: String| {
        Some(Finding { weight, code, policy: id.clone(), message, at: None })
    };
    let never = |of: &str| {
        let message = format!("its limits leave no {of}, so it never permits: mend them");
        tell(Weight::Error, "never-applies", message)
    };
    let of_module: Vec<MovementKind> =
        MovementKind::ALL.into_iter().filter(|kind| kind.module() == module).collect();
    let kinds = common(&limits, |limit| limit.movement_kinds.as_ref());
    if kinds.is_some_and(|kinds| !kinds.iter().any(|kind| of_module.contains(kind))) {
        return never("kind of movement of this module");
    }
    let classes = common(&limits, |limit| limit.classes.as_ref())
        .unwrap_or_else(|| gatewarden_model::ItemClass::ALL.to_vec());
    let refused =
        |class| limits.iter().any(|l| l.classes_except.iter().flatten().any(|c| c == class));
    if classes.iter().all(refused) {
        return never("class of items");
    }
    let empty = |list: Option<usize>| list == Some(0);
    let lists = [
        ("warehouse", common(&limits, |l| l.warehouses.as_ref()).map(|l| l.len())),
        ("kind of document", common(&limits, |l| l.document_kinds.as_ref()).map(|l| l.len())),
        ("owner", common(&limits, |l| l.owners.as_ref()).map(|l| l.len())),
        ("status", common(&limits, |l| l.statuses.as_ref()).map(|l| l.len())),
        ("station", common(&limits, |l| l.stations.as_ref()).map(|l| l.len())),
    ];
    if let Some((of, _)) = lists.into_iter().find(|(_, list)| empty(*list)) {
        return never(of);
    }
    let asks_stock = limits.iter().any(|l| {
        l.warehouses.is_some()
            || l.classes.is_some()
            || l.classes_except.is_some()
            || l.amount_max.is_some()
            || l.owners.is_some()
            || l.statuses.is_some()
    });
    if asks_stock && (of_module.is_empty() && module != Module::Price || action == Action::View) {
        let message =
            "its limits ask for facts of a movement, which nothing of this kind has: it never \
                       permits"
                .to_owned();
        return tell(Weight::Warning, "no-facts", message);
    }
    None
}

/// What is in every one of the lists that there are; none where there are none.
fn common<T: Clone + PartialEq>(
    limits: &[&Limit],
    list: impl Fn(&Limit) -> Option<&Vec<T>>,
) -> Option<Vec<T>> {
    let mut lists = limits.iter().filter_map(|limit| list(limit));
    let first = lists.next()?.clone();
    Some(
        lists.fold(first, |kept, next| kept.into_iter().filter(|one| next.contains(one)).collect()),
    )
}

/// The entities that a policy's JSON names.
fn named_in(part: &Value, into: &mut Vec<(String, String)>) {
    match part {
        Value::Array(list) => list.iter().for_each(|one| named_in(one, into)),
        Value::Object(fields) => {
            if let (Some(Value::String(kind)), Some(Value::String(id))) =
                (fields.get("type"), fields.get("id"))
            {
                into.push((kind.clone(), id.clone()));
            }
            fields.values().for_each(|one| named_in(one, into));
        }
        _ => {}
    }
}
