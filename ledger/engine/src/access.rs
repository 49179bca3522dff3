//! Least privilege: may this principal do this action in this module, on these facts?
//!
//! Invariants: what no policy permits is denied; any error while deciding (an unknown role or
//! scope, a policy that fails to evaluate) denies and is told in the decision; the version names
//! schema and policies to the byte. The generated policies name one action and one module each, so
//! a decision evaluates only those of its own cell plus the duties and the raw Cedar. Absent on
//! purpose: roles per operator (the state knows them) and what hides a field (`gatewarden_model::mask`).

mod fields;
mod memo;
mod policies;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet,
    RestrictedExpression, Schema,
};
use gatewarden_model::{
    Action, ClientId, Decision, FieldRights, Hash, Module, OperatorId, RoleMatrix, StationId,
};

use fields::FieldPolicies;
pub(crate) use fields::Stay;
use memo::{Memo, Question};

/// Why a policy set can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A role's name would not survive in a policy id.
    #[error("{0:?} is not a role name: use 1 to 64 of a-z, 0-9, '.', '_' and '-'")]
    RoleName(String),
    /// Cedar can't read a policy or the schema.
    #[error("failed to parse {what}: {message}")]
    Parse {
        /// Which policy.
        what: String,
        /// What Cedar says.
        message: String,
    },
    /// Templates have no place to be linked.
    #[error("the raw Cedar holds a template: write a static policy")]
    Template,
    /// Two policies share an id.
    #[error("two policies have the id {0:?}: give one another @id")]
    Duplicate(String),
    /// The policies don't fit the schema.
    #[error("policies don't fit the schema: {0}")]
    Invalid(String),
}

/// Who wants to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// A person with roles.
    Operator {
        /// Who.
        id: &'a OperatorId,
        /// In which roles.
        roles: &'a [String],
    },
    /// A machine with scopes.
    Client {
        /// Which.
        id: &'a ClientId,
        /// Its scopes, each `module:action`.
        scopes: &'a [String],
    },
    /// A user of the box's own shell, or the daemon (`uid` none).
    Local {
        /// The user's number.
        uid: Option<u32>,
    },
}

/// What a decision may depend on beside principal, action and module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Who ordered the document; compared without case.
    pub ordered_by: Option<&'a str>,
    /// Who opened the task here.
    pub requested_by: Option<&'a str>,
    /// Who moved the pass that is decided on.
    pub moved_by: Option<&'a str>,
    /// At which station.
    pub station: Option<&'a StationId>,
    /// How strongly the principal was authenticated.
    pub auth_level: Option<u8>,
}

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who.
    pub principal: Principal<'a>,
    /// What.
    pub action: Action,
    /// Where.
    pub module: Module,
    /// On which facts.
    pub facts: Facts<'a>,
}

/// The policies, parsed once.
#[derive(Debug, Clone)]
pub struct Access {
    schema: Schema,
    cells: HashMap<(Module, Action), Cell>,
    roles: HashMap<String, EntityUid>,
    scopes: HashMap<String, EntityUid>,
    types: Types,
    authorizer: Authorizer,
    memo: Memo,
    fields: FieldPolicies,
    version: Hash,
    text: String,
    matrix: RoleMatrix,
    extra_cedar: String,
}

#[derive(Debug, Clone)]
struct Cell {
    policies: PolicySet,
    action: EntityUid,
    resource: EntityUid,
}

#[derive(Debug, Clone)]
struct Types {
    operator: EntityTypeName,
    client: EntityTypeName,
    local: EntityTypeName,
}

impl Access {
    /// Builds the policies from a role matrix and raw Cedar of the house (empty for none), and
    /// checks them against the schema.
    pub fn new(matrix: &RoleMatrix, extra_cedar: &str) -> Result<Self, AccessError> {
        let schema = policies::schema()?;
        let (fields, rest) = FieldPolicies::split(matrix, extra_cedar)?;
        let list = policies::all(matrix, &rest)?;
        let whole = policies::set(list.iter())?;
        policies::validate(&schema, &whole)?;
        let mut cells = HashMap::new();
        for module in Module::ALL {
            for action in Action::ALL {
                let here = |p: &&policies::Written| p.cell.is_none_or(|c| c == (module, action));
                cells.insert(
                    (module, action),
                    Cell {
                        policies: policies::set(list.iter().filter(here))?,
                        action: uid(&type_name("Action")?, action.name()),
                        resource: uid(&type_name("Module")?, module.name()),
                    },
                );
            }
        }
        let role = type_name("Role")?;
        let scope = type_name("Scope")?;
        let text = policies::text(&list) + fields.text();
        Ok(Self {
            schema,
            cells,
            roles: matrix.0.keys().map(|name| (name.clone(), uid(&role, name))).collect(),
            scopes: policies::scopes()
                .chain(fields::scopes())
                .map(|name| (name.clone(), uid(&scope, &name)))
                .collect(),
            types: Types {
                operator: type_name("Operator")?,
                client: type_name("Client")?,
                local: type_name("Local")?,
            },
            authorizer: Authorizer::new(),
            memo: Memo::default(),
            fields,
            version: Hash::of(text.as_bytes()),
            text,
            matrix: matrix.clone(),
            extra_cedar: extra_cedar.to_owned(),
        })
    }

    /// SHA-256 of schema and policies as `text` tells them.
    #[must_use]
    pub fn version(&self) -> Hash {
        self.version
    }

    /// Schema and all policies in the order of their ids: what `version` is the digest of.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The role matrix and the raw Cedar that it was built from.
    #[must_use]
    pub fn source(&self) -> (&RoleMatrix, &str) {
        (&self.matrix, &self.extra_cedar)
    }

    /// True if the matrix has the role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// The names of all roles, for messages.
    #[must_use]
    pub fn roles(&self) -> String {
        let sorted: BTreeSet<&str> = self.roles.keys().map(String::as_str).collect();
        sorted.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// Which fields somebody may see and set. What can't be decided is hidden.
    pub(crate) fn fields(&self, principal: &Principal<'_>, stay: Stay<'_>) -> Arc<FieldRights> {
        self.fields.rights(principal, stay)
    }

    /// True if the text is a scope, `module:action` or `field:NAME:view` and `…:modify`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.contains_key(scope)
    }

    /// Decides. Never fails: an error is a denial that says so.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let question = Question::of(request);
        if let Some(decision) = self.memo.get(&question) {
            return decision;
        }
        let decision = self.decide_anew(request);
        self.memo.keep(question, &decision);
        decision
    }

    fn decide_anew(&self, request: &Request<'_>) -> Decision {
        let mut decision = Decision {
            allowed: false,
            action: request.action,
            module: request.module,
            policies: vec![],
            version: self.version,
            errors: vec![],
        };
        match self.ask(request) {
            Ok(response) => {
                let told = response.diagnostics();
                decision.policies = told.reason().map(ToString::to_string).collect();
                decision.policies.sort_unstable();
                decision.errors = told.errors().map(ToString::to_string).collect();
                decision.allowed = response.decision() == cedar_policy::Decision::Allow
                    && decision.errors.is_empty();
            }
            Err(error) => decision.errors.push(error),
        }
        decision
    }

    fn ask(&self, request: &Request<'_>) -> Result<cedar_policy::Response, String> {
        let cell = self
            .cells
            .get(&(request.module, request.action))
            .ok_or_else(|| "no such action in this module".to_owned())?;
        let (principal, parents, name) = self.principal(&request.principal)?;
        let id = ("id".to_owned(), RestrictedExpression::new_string(name));
        let entity = Entity::new(principal.clone(), HashMap::from([id]), parents)
            .map_err(|e| e.to_string())?;
        let entities = Entities::from_entities([entity], None).map_err(|e| e.to_string())?;
        let context = context(&request.facts)?;
        // Built to the schema; the debug build has every request checked against it.
        let schema = cfg!(debug_assertions).then_some(&self.schema);
        let asked = cedar_policy::Request::new(
            principal,
            cell.action.clone(),
            cell.resource.clone(),
            context,
            schema,
        )
        .map_err(|e| e.to_string())?;
        Ok(self.authorizer.is_authorized(&asked, &cell.policies, &entities))
    }

    fn principal(
        &self,
        principal: &Principal<'_>,
    ) -> Result<(EntityUid, HashSet<EntityUid>, String), String> {
        let of = |known: &HashMap<String, EntityUid>, names: &[String], what: &str| {
            let find = |name: &String| {
                known.get(name).cloned().ok_or_else(|| format!("unknown {what} {name:?}"))
            };
            names.iter().map(find).collect::<Result<HashSet<_>, _>>()
        };
        match principal {
            Principal::Operator { id, roles } => Ok((
                uid(&self.types.operator, id.as_str()),
                of(&self.roles, roles, "role")?,
                id.as_str().to_owned(),
            )),
            Principal::Client { id, scopes } => Ok((
                uid(&self.types.client, id.as_str()),
                of(&self.scopes, scopes, "scope")?,
                id.as_str().to_owned(),
            )),
            Principal::Local { uid: user } => {
                let name = user.map_or_else(|| "daemon".to_owned(), |user| user.to_string());
                Ok((uid(&self.types.local, &name), HashSet::new(), name))
            }
        }
    }
}

fn context(facts: &Facts<'_>) -> Result<Context, String> {
    let text = |value: String| RestrictedExpression::new_string(value);
    let fact = |key: &str, value: RestrictedExpression| (key.to_owned(), value);
    let known = [
        facts.ordered_by.map(|v| fact("ordered_by", text(v.trim().to_lowercase()))),
        facts.requested_by.map(|v| fact("requested_by", text(v.to_lowercase()))),
        facts.moved_by.map(|v| fact("moved_by", text(v.to_lowercase()))),
        facts.station.map(|v| fact("station", text(v.as_str().to_owned()))),
        facts.auth_level.map(|v| fact("auth_level", RestrictedExpression::new_long(v.into()))),
    ];
    Context::from_pairs(known.into_iter().flatten()).map_err(|e| e.to_string())
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn type_name(name: &str) -> Result<EntityTypeName, AccessError> {
    name.parse().map_err(|e: cedar_policy::ParseErrors| AccessError::Parse {
        what: name.to_owned(),
        message: e.to_string(),
    })
}
