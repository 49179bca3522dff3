//! The policies on fields as text: one per field that a role may see or set, those of clients by their
//! scopes, and that of the box's own shell. Each has an id such as `field:role:buyer:price:view`.

use std::collections::BTreeSet;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use gatewarden_model::{Action, Field, Module, Role, RoleMatrix};

use super::{
    super::texts::{self, Text},
    ACTIONS, AccessError,
};

const SCHEMA: &str = "\
entity Role;
entity Scope;
entity Field in [Field];
entity Operator in [Role] { id: String };
entity Client in [Scope] {
  id: String, plain_view: Bool, plain_modify: Bool, views: Bool, asks: Bool,
};
entity Local { id: String };
action view, modify appliesTo {
  principal: [Operator, Client, Local],
  resource: [Field],
  context: { auth_level?: Long, station?: String },
};
";

/// What whoever may look at anything in the modules sees by default.
const OPEN: [Field; 5] =
    [Field::Supplier, Field::Customer, Field::Owner, Field::Notes, Field::AnyCustom];

/// The modules without documents that state fields.
const NO_DOCUMENTS: [Module; 2] = [Module::Ledger, Module::System];

/// The modules in which machines state fields by default.
const STOCK: [Module; 5] =
    [Module::Inbound, Module::Outbound, Module::Count, Module::Transfer, Module::Price];

/// One policy and where it can apply.
pub(super) struct Written {
    id: String,
    /// The only cell it can apply to; none for all.
    cell: Option<(Action, Field)>,
    policy: Policy,
}

impl Written {
    /// Whether it can apply to a field.
    pub(super) fn is_about(&self, action: Action, field: &Field) -> bool {
        self.cell.as_ref().is_none_or(|(of, about)| {
            let star = *about == Field::AnyCustom && matches!(field, Field::Custom(_));
            *of == action && (about == field || star)
        })
    }
}

/// The schema, parsed.
pub(super) fn schema() -> Result<Schema, AccessError> {
    let parsed = Schema::from_cedarschema_str(SCHEMA);
    parsed.map(|(schema, _warnings)| schema).map_err(|e| unreadable("the schema of fields", &e))
}

/// The scopes on fields, each `field:NAME:view` or `field:NAME:modify`. A custom field of one name has
/// none: `custom:*` stands for all of them.
pub(in crate::access) fn scopes() -> impl Iterator<Item = String> {
    let scope = |field: &Field, action: Action| format!("field:{field}:{}", action.name());
    Field::ALL.into_iter().flat_map(move |f| ACTIONS.map(|action| scope(&f, action)))
}

/// What a client's scopes come to: those on fields of one action replace what its other scopes imply.
pub(super) fn flags(scopes: &[String]) -> [(&'static str, bool); 4] {
    let of_field = |scope: &&String| scope.starts_with("field:");
    let ends = |ending: &str| scopes.iter().filter(of_field).any(|s| s.ends_with(ending));
    let plain = || scopes.iter().filter(|scope| !of_field(scope));
    let asks = |scope: &String| {
        let stock = STOCK.iter().any(|m| scope.split(':').next() == Some(m.name()));
        stock && [":create", ":request"].iter().any(|ending| scope.ends_with(ending))
    };
    [
        ("plain_view", !ends(":view")),
        ("plain_modify", !ends(":modify")),
        ("views", plain().any(|scope| scope.ends_with(":view"))),
        ("asks", plain().any(asks)),
    ]
}

/// All policies in the order of their ids, which are unique.
pub(super) fn all(matrix: &RoleMatrix, raw: &[Policy]) -> Result<Vec<Written>, AccessError> {
    let (mut texts, mut of_cells) = (vec![], vec![]);
    let mut write = |(text, cell)| {
        texts.push(text);
        of_cells.push(cell);
    };
    for (role, rights) in &matrix.0 {
        for action in ACTIONS {
            for field in of_role(rights, action) {
                let id = format!("field:role:{role}:{field}:{}", action.name());
                let who = format!("principal in Role::\"{role}\"");
                write(permit(id, &who, action, field, ""));
            }
        }
    }
    of_clients(&mut write);
    let everything = "permit (principal is Local, action, resource);";
    write((Text { id: "field:local".to_owned(), text: everything.to_owned() }, None));
    let policies = texts::parse(&texts)?;
    let written = texts.into_iter().zip(of_cells).zip(policies);
    let written = written.map(|((text, cell), policy)| Written { id: text.id, cell, policy });
    let mut list: Vec<Written> = written.collect();
    for policy in raw {
        let name = policy.annotation("id").map_or_else(|| policy.id().to_string(), str::to_owned);
        let id = format!("raw:{name}");
        list.push(Written { policy: policy.new_id(PolicyId::new(&id)), id, cell: None });
    }
    list.sort_by(|a, b| a.id.cmp(&b.id));
    match list.windows(2).find(|pair| pair[0].id == pair[1].id) {
        Some(pair) => Err(AccessError::Duplicate(pair[0].id.clone())),
        None => Ok(list),
    }
}

/// The fields that a role may see or set: those it names, or what follows from its modules.
fn of_role(role: &Role, action: Action) -> BTreeSet<Field> {
    let named = role.fields.as_ref().and_then(|fields| match action {
        Action::View => fields.view.as_ref(),
        _ => fields.modify.as_ref(),
    });
    if let Some(named) = named {
        return named.iter().cloned().collect();
    }
    let may = |module: &Module, wanted: &[Action]| {
        role.grants.get(module).is_some_and(|all| all.iter().any(|one| wanted.contains(one)))
    };
    let anywhere = |wanted: &[Action]| role.grants.keys().any(|module| may(module, wanted));
    let has_documents = |module: &&Module| !NO_DOCUMENTS.contains(module);
    let in_documents = |wanted: &[Action]| {
        role.grants.keys().filter(has_documents).any(|module| may(module, wanted))
    };
    let (mut fields, wanted): (BTreeSet<Field>, &[Action]) = match action {
        Action::View => {
            let sees = may(&Module::Price, &[Action::View]);
            // Whoever may add to a cost finds out what it is by how much he may take off.
            let costs = sees || may(&Module::Price, &[Action::Modify]);
            let prices = sees.then_some(Field::Price);
            (prices.into_iter().chain(costs.then_some(Field::Cost)).collect(), &[action])
        }
        _ => {
            let prices = in_documents(&[Action::Create, Action::Request]).then_some(Field::Price);
            let costs = may(&Module::Price, &[Action::Modify]).then_some(Field::Cost);
            let acts = &[
                Action::Create,
                Action::Modify,
                Action::Delete,
                Action::Request,
                Action::Approve,
                Action::Execute,
            ];
            (prices.into_iter().chain(costs).collect(), acts)
        }
    };
    if in_documents(wanted) || (action == Action::View && anywhere(wanted)) {
        fields.extend(OPEN);
    }
    fields
}

/// What clients may see and set by their scopes.
fn of_clients(write: &mut impl FnMut((Text, Option<Cell>))) {
    for field in Field::ALL {
        for action in ACTIONS {
            let scope = format!("field:{field}:{}", action.name());
            let who = format!("principal in Scope::\"{scope}\"");
            write(permit(format!("field:scope:{scope}"), &who, action, field.clone(), ""));
        }
    }
    let mut plain = |who: &str, action: Action, field: Field, when: &str| {
        let id = format!("field:client:{field}:{}", action.name());
        write(permit(id, who, action, field, when));
    };
    let (view, modify) = (Action::View, Action::Modify);
    let prices = "principal in Scope::\"price:view\"";
    plain(prices, view, Field::Price, "principal.plain_view");
    let costs = "principal in Scope::\"price:modify\"";
    plain(costs, modify, Field::Cost, "principal.plain_modify");
    // Whoever may add to a cost finds out what it is by how much he may take off.
    let sees = "principal.plain_view && \
                (principal in Scope::\"price:view\" || principal in Scope::\"price:modify\")";
    plain("principal is Client", view, Field::Cost, sees);
    let asks = "principal.plain_modify && principal.asks";
    plain("principal is Client", modify, Field::Price, asks);
    for field in OPEN {
        let views = "principal.plain_view && principal.views";
        plain("principal is Client", view, field.clone(), views);
        plain("principal is Client", modify, field, asks);
    }
}

type Cell = (Action, Field);

fn permit(id: String, who: &str, action: Action, field: Field, when: &str) -> (Text, Option<Cell>) {
    // A right on all custom fields is one on each of them.
    let is = if field == Field::AnyCustom { "in" } else { "==" };
    // Whoever is no client has no scopes to look at.
    let when = match when {
        "" => String::new(),
        when => format!("\nwhen {{ principal is Client && {when} }}"),
    };
    let text = format!(
        "permit ({who}, action == Action::\"{}\", resource {is} Field::\"{field}\"){when};",
        action.name()
    );
    (Text { id, text }, Some((action, field)))
}

/// A set of some of them.
pub(super) fn set<'a>(list: impl Iterator<Item = &'a Written>) -> Result<PolicySet, AccessError> {
    let mut set = PolicySet::new();
    for one in list {
        set.add(one.policy.clone()).map_err(|e| unreadable(&one.id, &e))?;
    }
    Ok(set)
}

/// Whether all policies fit the schema.
pub(super) fn validate(schema: &Schema, list: &[Written]) -> Result<(), AccessError> {
    let errors = errors(schema, &set(list.iter())?);
    if errors.is_empty() { Ok(()) } else { Err(AccessError::Invalid(errors.join("; "))) }
}

/// Whether a policy of the house's that names no resource fits the schema.
pub(super) fn fits(schema: &Schema, policy: &Policy) -> bool {
    let mut set = PolicySet::new();
    set.add(policy.clone()).is_ok() && errors(schema, &set).is_empty()
}

fn errors(schema: &Schema, set: &PolicySet) -> Vec<String> {
    let result = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    result.validation_errors().map(ToString::to_string).collect()
}

/// Schema and policies as one text, for the version and for people.
pub(super) fn text(list: &[Written]) -> String {
    let mut text = format!("\n{SCHEMA}");
    for one in list {
        let body = one.policy.to_cedar().unwrap_or_default();
        text.push_str(&format!("\n// {}\n{body}\n", one.id));
    }
    text
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> AccessError {
    AccessError::Parse { what: what.to_owned(), message: error.to_string() }
}
