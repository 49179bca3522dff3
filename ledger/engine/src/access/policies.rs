//! The policies as text: the schema, one policy per granted cell of the role matrix with the role's
//! limits, one per client scope, those of the box's own shell, the duties that nobody is freed from,
//! and the raw Cedar of the house. Every policy has a stable id such as
//! `role:storekeeper:inbound:execute`.
//!
//! A version of the policies is the digest of this text. What a journal recorded under an earlier form
//! of it must come out to the byte for ever, so a form is never changed: another one is added.

use std::collections::BTreeSet;

use cedar_policy::{
    EntityUid, Policy, PolicySet, Schema, ValidationMode, ValidationResult, Validator,
};
use gatewarden_model::{Action, Module, RoleMatrix};

use super::{
    AccessError,
    facts::Fact,
    limits::conditions,
    looks::{can_apply, cells},
    raw::raw,
    texts::{self, Text},
};

/// How policies are written.
#[derive(Debug)]
pub(super) struct Form {
    schema: &'static str,
    /// How many of the modules it knows.
    modules: usize,
    /// Whether decisions record the facts that they rest on.
    pub(super) tells_facts: bool,
}

/// All forms, that of today first.
pub(super) static FORMS: [Form; 3] = [
    Form { schema: SCHEMA, modules: Module::ALL.len(), tells_facts: true },
    Form { schema: SCHEMA_2, modules: 18, tells_facts: true },
    Form { schema: SCHEMA_1, modules: 7, tells_facts: false },
];

const SCHEMA: &str = "\
entity Role;
entity Scope;
entity Module;
entity Operator in [Role] { id: String };
entity Client in [Scope] { id: String };
entity Device { id: String };
entity Local { id: String };
action view, create, modify, delete, request, approve, execute appliesTo {
  principal: [Operator, Client, Device, Local],
  resource: [Module],
  context: {
    ordered_by?: String,
    requested_by?: String,
    moved_by?: String,
    second?: String,
    station?: String,
    auth_level?: Long,
    document?: String,
    movement?: String,
    warehouses?: Set<String>,
    classes?: Set<String>,
    owners?: Set<String>,
    statuses?: Set<String>,
    trust?: String,
    // In ten-thousandths of the currency: 5,000 is 50000000.
    amount?: Long,
  },
};
";

/// The schema of the journals that were written before rights depended on how far a tag is trusted.
const SCHEMA_2: &str = "\
entity Role;
entity Scope;
entity Module;
entity Operator in [Role] { id: String };
entity Client in [Scope] { id: String };
entity Device { id: String };
entity Local { id: String };
action view, create, modify, delete, request, approve, execute appliesTo {
  principal: [Operator, Client, Device, Local],
  resource: [Module],
  context: {
    ordered_by?: String,
    requested_by?: String,
    moved_by?: String,
    second?: String,
    station?: String,
    auth_level?: Long,
    document?: String,
    movement?: String,
    warehouses?: Set<String>,
    classes?: Set<String>,
    owners?: Set<String>,
    statuses?: Set<String>,
    // In ten-thousandths of the currency: 5,000 is 50000000.
    amount?: Long,
  },
};
";

/// The schema of the journals that were written before rights depended on what is moved.
const SCHEMA_1: &str = "\
entity Role;
entity Scope;
entity Module;
entity Operator in [Role] { id: String };
entity Client in [Scope] { id: String };
entity Local { id: String };
action view, create, modify, delete, request, approve, execute appliesTo {
  principal: [Operator, Client, Local],
  resource: [Module],
  context: {
    ordered_by?: String,
    requested_by?: String,
    moved_by?: String,
    station?: String,
    auth_level?: Long,
  },
};
";

/// What nobody is freed from, whatever the roles say: id, rule.
const DUTIES: [(&str, &str, Action); 4] = [
    (
        "duty:never-execute-own-order",
        "context has ordered_by && context.ordered_by == principal.id",
        Action::Execute,
    ),
    (
        "duty:never-approve-own-order",
        "context has ordered_by && context.ordered_by == principal.id",
        Action::Approve,
    ),
    (
        "duty:never-approve-own-request",
        "context has requested_by && context.requested_by == principal.id",
        Action::Approve,
    ),
    (
        "duty:never-approve-own-pass",
        "context has moved_by && context.moved_by == principal.id",
        Action::Approve,
    ),
];

/// What the box's own shell and the daemon may do: keep the system, see the journal, no stock.
const LOCAL: [(Module, &[Action]); 2] = [
    (Module::System, &[Action::View, Action::Create, Action::Modify, Action::Delete]),
    (Module::Ledger, &[Action::View]),
];

/// One policy and where it can apply.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) id: String,
    /// The only cell it was written for; none where its scope tells.
    cell: Option<(Module, Action)>,
    pub(super) policy: Policy,
}

impl Written {
    pub(super) fn of_the_house(id: String, policy: Policy) -> Self {
        Self { id, cell: None, policy }
    }

    /// Whether it can apply in a cell.
    pub(super) fn is_of(
        &self,
        right: (Module, Action),
        action: &EntityUid,
        resource: &EntityUid,
    ) -> bool {
        match self.cell {
            Some(cell) => cell == right,
            None => can_apply(&self.policy, action, resource),
        }
    }
}

impl Form {
    /// The schema, parsed.
    pub(super) fn schema(&self) -> Result<Schema, AccessError> {
        let parsed = Schema::from_cedarschema_str(self.schema);
        parsed.map(|(schema, _warnings)| schema).map_err(|e| parse_error("the schema", &e))
    }

    /// The schema as if there were no such fact.
    pub(super) fn schema_without(&self, fact: Fact) -> Result<Schema, AccessError> {
        let key = format!("    {}?: ", fact.name());
        let lines = self.schema.lines().filter(|line| !line.starts_with(&key));
        let text = lines.collect::<Vec<_>>().join("\n");
        let parsed = Schema::from_cedarschema_str(&text);
        parsed.map(|(schema, _warnings)| schema).map_err(|e| parse_error("the schema", &e))
    }

    /// The rights that it knows.
    pub(super) fn cells(&self) -> impl Iterator<Item = (Module, Action)> {
        let known = &Module::ALL[..self.modules.min(Module::ALL.len())];
        cells().filter(|(module, _)| known.contains(module))
    }

    /// All scopes there can be.
    pub(super) fn scopes(&self) -> impl Iterator<Item = String> {
        self.cells().map(|(module, action)| format!("{}:{}", module.name(), action.name()))
    }

    /// Schema and policies as one text, for the version and for people.
    pub(super) fn text(&self, list: &[Written]) -> String {
        let mut text = self.schema.to_owned();
        for one in list {
            let body = one.policy.to_cedar().unwrap_or_default();
            text.push_str(&format!("\n// {}\n{body}\n", one.id));
        }
        text
    }
}

/// All policies in the order of their ids, which are unique.
pub(super) fn all(
    form: &Form,
    matrix: &RoleMatrix,
    extra: &str,
) -> Result<Vec<Written>, AccessError> {
    let (mut texts, mut of_cells) = (vec![], vec![]);
    let mut write = |(text, cell)| {
        texts.push(text);
        of_cells.push(cell);
    };
    for (role, rights) in &matrix.0 {
        check_role_name(role)?;
        for (module, actions) in &rights.grants {
            let once: BTreeSet<Action> = actions.iter().copied().collect();
            for action in once {
                let id = format!("role:{role}:{}:{}", module.name(), action.name());
                let who = format!("principal in Role::\"{role}\"");
                let when = conditions(rights.limits_of(*module, action));
                write(permit(id, &who, *module, action, &when));
            }
        }
    }
    for (module, action) in form.cells() {
        let scope = format!("{}:{}", module.name(), action.name());
        let who = format!("principal in Scope::\"{scope}\"");
        write(permit(format!("scope:{scope}"), &who, module, action, ""));
    }
    for (module, actions) in LOCAL {
        for action in actions {
            let id = format!("local:{}:{}", module.name(), action.name());
            write(permit(id, "principal is Local", module, *action, ""));
        }
    }
    for (id, rule, action) in DUTIES {
        let action = action.name();
        let text = format!(
            "forbid (principal, action == Action::\"{action}\", resource)\nwhen {{ {rule} }};"
        );
        write((Text { id: id.to_owned(), text }, None));
    }
    let policies = texts::parse(&texts)?;
    let written = texts.into_iter().zip(of_cells).zip(policies);
    let written = written.map(|((text, cell), policy)| Written { id: text.id, cell, policy });
    let mut list: Vec<Written> = written.collect();
    list.extend(raw(extra)?);
    list.sort_by(|a, b| a.id.cmp(&b.id));
    match list.windows(2).find(|pair| pair[0].id == pair[1].id) {
        Some(pair) => Err(AccessError::Duplicate(pair[0].id.clone())),
        None => Ok(list),
    }
}

/// A set of some of them.
pub(super) fn set<'a>(list: impl Iterator<Item = &'a Written>) -> Result<PolicySet, AccessError> {
    let mut set = PolicySet::new();
    for one in list {
        set.add(one.policy.clone()).map_err(|e| parse_error(&one.id, &e))?;
    }
    Ok(set)
}

/// What the schema says to the policies.
pub(super) fn validate(schema: &Schema, set: &PolicySet) -> ValidationResult {
    Validator::new(schema.clone()).validate(set, ValidationMode::Strict)
}

type Cell = (Module, Action);

fn permit(
    id: String,
    who: &str,
    module: Module,
    action: Action,
    when: &str,
) -> (Text, Option<Cell>) {
    let mut text = format!(
        "permit ({who}, action == Action::\"{}\", resource == Module::\"{}\")",
        action.name(),
        module.name()
    );
    if !when.is_empty() {
        text.push_str(&format!("\nwhen {{ {when} }}"));
    }
    text.push(';');
    (Text { id, text }, Some((module, action)))
}

fn check_role_name(role: &str) -> Result<(), AccessError> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if (1..=64).contains(&role.len()) && role.bytes().all(fits) {
        return Ok(());
    }
    Err(AccessError::RoleName(role.chars().take(80).collect()))
}

pub(super) fn parse_error(what: &str, error: &dyn std::fmt::Display) -> AccessError {
    AccessError::Parse { what: what.to_owned(), message: error.to_string() }
}
