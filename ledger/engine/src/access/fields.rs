//! Which fields somebody may see and set: policies on `Field`, beside those on modules.
//!
//! Invariants: what no policy permits is hidden; any error while deciding hides; an answer is kept with
//! everything it rests on (who, with which roles or scopes, how strongly authenticated, where), so that
//! none outlives a change of them; the policies of an `Access` never change. What a role does not say of
//! its fields follows from what it may do in the modules, so that a matrix from before fields means what
//! it meant; such a matrix adds nothing to the version's text.
//!
//! Raw Cedar of the house may forbid or permit fields: `forbid (principal, action == Action::"view",
//! resource == Field::"price") when { … };`. A raw policy that names no resource counts for fields too
//! where it fits their schema. Absent: what hides a field (`gatewarden_model::mask`).

mod kept;
mod written;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use cedar_policy::{
    Authorizer, Context, Effect, Entities, Entity, EntityUid, Policy, PolicySet, Request,
    ResourceConstraint, RestrictedExpression, Schema,
};
use gatewarden_model::{Action, Field, FieldRights, FieldSet, RoleMatrix, StationId};

use super::{AccessError, Principal, type_name, uid};
use kept::{Asker, Kept};
use written::Written;
pub(super) use written::scopes;

/// The actions on fields.
const ACTIONS: [Action; 2] = [Action::View, Action::Modify];

/// The policies on fields, parsed once, and what they answered.
#[derive(Debug, Clone)]
pub(super) struct FieldPolicies {
    /// By action and field: those that can apply there.
    cells: HashMap<(Action, Field), PolicySet>,
    /// The fields that are asked for: those of every gateway, and the custom ones that a policy names.
    names: Vec<Field>,
    schema: Schema,
    authorizer: Authorizer,
    kept: Kept,
    text: String,
}

/// In which session somebody asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stay<'a> {
    pub(crate) auth_level: Option<u8>,
    pub(crate) station: Option<&'a StationId>,
}

impl FieldPolicies {
    /// The policies on fields of a matrix and of raw Cedar, and the raw Cedar without those on fields:
    /// they are blanked out, so that everything else stands where it stood.
    pub(super) fn split(matrix: &RoleMatrix, raw: &str) -> Result<(Self, String), AccessError> {
        let schema = written::schema()?;
        let (rest, own, both) = split(raw, &schema);
        let is_plain = own.is_empty() && matrix.0.values().all(|role| role.fields.is_none());
        let raw: Vec<Policy> = own.into_iter().chain(both).collect();
        let list = written::all(matrix, &raw)?;
        written::validate(&schema, &list)?;
        let text = if is_plain { String::new() } else { written::text(&list) };
        let names = names(matrix, &raw);
        let mut cells = HashMap::new();
        for action in ACTIONS {
            for field in &names {
                let here = |one: &&Written| one.is_about(action, field);
                let set = written::set(list.iter().filter(here))?;
                cells.insert((action, field.clone()), set);
            }
        }
        let (authorizer, kept) = (Authorizer::new(), Kept::default());
        Ok((Self { cells, names, schema, authorizer, kept, text }, rest))
    }

    /// The policies as the version's text has them; empty where they follow from the modules' alone.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What somebody may see and set.
    pub(super) fn rights(&self, principal: &Principal<'_>, stay: Stay<'_>) -> Arc<FieldRights> {
        let Some(asker) = Asker::of(principal, stay) else { return Arc::default() };
        self.kept.get(&asker, principal).unwrap_or_else(|| {
            let (rights, sure) = self.ask_all(principal, stay);
            let rights = Arc::new(rights);
            if sure {
                self.kept.keep(asker, principal, &rights);
            }
            rights
        })
    }

    /// Asks for every field, and whether there was no error.
    fn ask_all(&self, principal: &Principal<'_>, stay: Stay<'_>) -> (FieldRights, bool) {
        let mut sure = true;
        let mut set = |action| {
            let mut set = FieldSet::default();
            for field in &self.names {
                let answer = self.ask(principal, stay, action, field);
                sure &= answer.is_ok();
                set.set(field, answer.unwrap_or(false));
            }
            set
        };
        let (view, modify) = (set(Action::View), set(Action::Modify));
        (FieldRights { view, modify }, sure)
    }

    /// Whether a field may be seen or set; any error is told as nothing but that.
    fn ask(
        &self,
        principal: &Principal<'_>,
        stay: Stay<'_>,
        action: Action,
        field: &Field,
    ) -> Result<bool, ()> {
        let set = self.cells.get(&(action, field.clone())).ok_or(())?;
        let who = entity(principal)?;
        let kind = type_name("Field").map_err(drop)?;
        let resource = uid(&kind, &field.to_string());
        let parents = match field {
            Field::Custom(_) => HashSet::from([uid(&kind, &Field::AnyCustom.to_string())]),
            _ => HashSet::new(),
        };
        let what = Entity::new_no_attrs(resource.clone(), parents);
        let (asker, action) = (who.uid(), uid(&type_name("Action").map_err(drop)?, action.name()));
        let entities = Entities::from_entities([who, what], Some(&self.schema)).map_err(drop)?;
        let schema = cfg!(debug_assertions).then_some(&self.schema);
        let asked = Request::new(asker, action, resource, context(stay)?, schema).map_err(drop)?;
        let response = self.authorizer.is_authorized(&asked, set, &entities);
        if response.diagnostics().errors().next().is_some() {
            return Err(());
        }
        Ok(response.decision() == cedar_policy::Decision::Allow)
    }
}

fn entity(principal: &Principal<'_>) -> Result<Entity, ()> {
    let of = |kind: &str, names: &[String]| -> Result<HashSet<EntityUid>, ()> {
        let kind = type_name(kind).map_err(drop)?;
        Ok(names.iter().map(|name| uid(&kind, name)).collect())
    };
    let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
    let (kind, id, parents, flags) = if let Principal::Operator { id, roles } = principal {
        ("Operator", id.as_str().to_owned(), of("Role", roles)?, vec![])
    } else if let Principal::Client { id, scopes } = principal {
        ("Client", id.as_str().to_owned(), of("Scope", scopes)?, written::flags(scopes).to_vec())
    } else if let Principal::Local { uid } = principal {
        let name = uid.map_or_else(|| "daemon".to_owned(), |uid| uid.to_string());
        ("Local", name, HashSet::new(), vec![])
    } else {
        return Err(());
    };
    let mut attributes = HashMap::from([("id".to_owned(), text(&id))]);
    let flags = flags.into_iter();
    attributes
        .extend(flags.map(|(name, is)| (name.to_owned(), RestrictedExpression::new_bool(is))));
    let kind = type_name(kind).map_err(drop)?;
    Entity::new(uid(&kind, &id), attributes, parents).map_err(drop)
}

fn context(stay: Stay<'_>) -> Result<Context, ()> {
    let level = stay.auth_level.map(|l| RestrictedExpression::new_long(l.into()));
    let station = stay.station.map(|s| RestrictedExpression::new_string(s.as_str().to_owned()));
    let known = [("auth_level", level), ("station", station)];
    let known = known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Context::from_pairs(known).map_err(drop)
}

/// The fields that are told apart.
fn names(matrix: &RoleMatrix, raw: &[Policy]) -> Vec<Field> {
    let lists = matrix.0.values().filter_map(|role| role.fields.as_ref());
    let of_roles = lists.flat_map(|fields| [&fields.view, &fields.modify]).flatten().flatten();
    let of_raw = raw.iter().flat_map(named);
    let custom: BTreeSet<Field> =
        of_roles.cloned().chain(of_raw).filter(|f| matches!(f, Field::Custom(_))).collect();
    Field::ALL.into_iter().chain(custom).collect()
}

/// The fields that a raw policy names.
fn named(policy: &Policy) -> Vec<Field> {
    let text = policy.to_string();
    let ids = text.split("Field::\"").skip(1).filter_map(|rest| rest.split('"').next());
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// The raw Cedar without its policies on fields, those, and those that fit fields as well. What can't be
/// read stays as it is: whoever reads the rest tells it.
fn split(raw: &str, schema: &Schema) -> (String, Vec<Policy>, Vec<Policy>) {
    let (mut rest, mut own, mut both) = (raw.to_owned(), vec![], vec![]);
    let Ok(set) = raw.parse::<PolicySet>() else { return (rest, own, both) };
    for policy in set.policies() {
        if is_of_field(policy) {
            rest = blank(&rest, &policy.to_cedar().unwrap_or_default());
            own.push(policy.clone());
        } else if policy.resource_constraint() == ResourceConstraint::Any
            // What permits without naming a resource was meant for modules: it opens no field.
            && policy.effect() == Effect::Forbid
            && written::fits(schema, policy)
        {
            both.push(policy.clone());
        }
    }
    (rest, own, both)
}

fn is_of_field(policy: &Policy) -> bool {
    let kind = match policy.resource_constraint() {
        ResourceConstraint::Any => return false,
        ResourceConstraint::In(one) | ResourceConstraint::Eq(one) => one.type_name().to_string(),
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => kind.to_string(),
    };
    kind == "Field"
}

/// A text without a part of it: spaces stand there, so that lines and columns stay as they were.
fn blank(text: &str, part: &str) -> String {
    let Some((before, after)) = text.split_once(part).filter(|_| !part.is_empty()) else {
        return text.to_owned();
    };
    let space = |c: char| if c == '\n' { '\n' } else { ' ' };
    [before, &part.chars().map(space).collect::<String>(), after].concat()
}
