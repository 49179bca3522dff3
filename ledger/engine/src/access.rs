//! Least privilege: may this principal do this action in this module, on these facts?
//!
//! Invariants: what no policy permits is denied; any error while deciding (an unknown role or
//! scope, a policy that fails to evaluate) denies and is told in the decision; the version names
//! schema and policies to the byte. A decision evaluates only the policies that can apply in its cell
//! (action and module) and puts only those facts before them that they look at. Absent on purpose:
//! roles per operator (the state knows them) and what hides a field (`gatewarden_model::mask`).

mod facts;
mod fields;
mod limits;
mod lint;
mod looks;
mod memo;
mod misses;
mod policies;
mod raw;
mod reach;
mod texts;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use cedar_policy::{
    Authorizer, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet,
    RestrictedExpression, Schema,
};
use gatewarden_model::{
    Action, ClientId, Decision, DeviceId, FieldRights, Guards, Hash, Module, OperatorId, RoleMatrix,
};

pub use facts::{Fact, FactError, Facts, Goods, Known, Line, Looks, SET_MAX};
use fields::FieldPolicies;
pub(crate) use fields::Stay;
pub use lint::{Finding, Weight, lint};
pub use misses::{Failed, Miss};
pub use raw::RawMistake;
pub use reach::RawRight;

use memo::{Memo, Question};
use policies::{FORMS, Form};

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
    /// The raw Cedar can't be read, or does not fit the schema.
    #[error("the raw Cedar: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Raw(Vec<RawMistake>),
    /// Templates have no place to be linked.
    #[error("the raw Cedar holds a template: write a static policy")]
    Template,
    /// Two policies share an id.
    #[error("two policies have the id {0:?}: give one another @id")]
    Duplicate(String),
    /// The policies don't fit the schema.
    #[error("policies don't fit the schema: {0}")]
    Invalid(String),
    /// A journal names policies that no form of them gives.
    #[error("no policies of these roles have the version {said}; today's are {found}")]
    Version {
        /// What the journal says.
        said: Hash,
        /// What the policies of today's form are.
        found: Hash,
    },
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
    /// A reader or scanner. No policy of the house's own permits it anything.
    Device {
        /// Which.
        id: &'a DeviceId,
    },
    /// A user of the box's own shell, or the daemon (`uid` none).
    Local {
        /// The user's number.
        uid: Option<u32>,
    },
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
    form: &'static Form,
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
    /// How much of the text tells schema and policies.
    policies_end: usize,
    guards: Option<Guards>,
    texts: HashMap<String, String>,
    matrix: RoleMatrix,
    extra_cedar: String,
}

#[derive(Debug, Clone)]
struct Cell {
    policies: PolicySet,
    looks: Looks,
    action: EntityUid,
    resource: EntityUid,
}

#[derive(Debug, Clone)]
struct Types {
    operator: EntityTypeName,
    client: EntityTypeName,
    device: EntityTypeName,
    local: EntityTypeName,
}

impl Access {
    /// Builds the policies from a role matrix and raw Cedar of the house (empty for none), and
    /// checks them against the schema.
    pub fn new(matrix: &RoleMatrix, extra_cedar: &str) -> Result<Self, AccessError> {
        Self::in_form(&FORMS[0], matrix, extra_cedar)
    }

    /// The same policies, with the settings that decide beside them: from here on their version covers
    /// these too.
    #[must_use]
    pub fn with_guards(mut self, guards: Guards) -> Self {
        self.text.truncate(self.policies_end);
        self.text.push_str(&format!("\n// the settings beside them\n{}\n", guards.text()));
        self.version = Hash::of(self.text.as_bytes());
        // What was answered before names the version of before.
        self.memo = Memo::default();
        self.guards = Some(guards);
        self
    }

    /// The settings that decide beside the policies; none where the version does not cover any.
    #[must_use]
    pub fn guards(&self) -> Option<&Guards> {
        self.guards.as_ref()
    }

    /// Builds the policies that a journal recorded as this version, in whatever form it was.
    pub fn recorded(
        matrix: &RoleMatrix,
        extra_cedar: &str,
        guards: Option<&Guards>,
        version: Hash,
    ) -> Result<Self, AccessError> {
        let guarded = |access: Self| match guards {
            Some(guards) => access.with_guards(guards.clone()),
            None => access,
        };
        let today = guarded(Self::new(matrix, extra_cedar)?);
        if today.version == version {
            return Ok(today);
        }
        let earlier = FORMS[1..].iter().find_map(|form| {
            let access = guarded(Self::in_form(form, matrix, extra_cedar).ok()?);
            (access.version == version).then_some(access)
        });
        earlier.ok_or(AccessError::Version { said: version, found: today.version })
    }

    fn in_form(
        form: &'static Form,
        matrix: &RoleMatrix,
        extra_cedar: &str,
    ) -> Result<Self, AccessError> {
        let schema = form.schema()?;
        let (fields, rest) = FieldPolicies::split(matrix, extra_cedar)?;
        let list = policies::all(form, matrix, &rest)?;
        check(&schema, &policies::set(list.iter())?, &rest)?;
        let looks: Vec<Looks> = list.iter().map(|one| looks::looks(&one.policy)).collect();
        let (actions, modules) = (type_name("Action")?, type_name("Module")?);
        let mut cells = HashMap::new();
        for (module, action) in form.cells() {
            let right = (module, action);
            let (action, resource) = (uid(&actions, action.name()), uid(&modules, module.name()));
            let here =
                |(one, _): &(&policies::Written, &Looks)| one.is_of(right, &action, &resource);
            let of_cell: Vec<_> = list.iter().zip(&looks).filter(here).collect();
            let cell = Cell {
                policies: policies::set(of_cell.iter().map(|(one, _)| *one))?,
                looks: of_cell.iter().fold(Looks::default(), |all, (_, looks)| all.with(**looks)),
                action,
                resource,
            };
            cells.insert(right, cell);
        }
        let role = type_name("Role")?;
        let scope = type_name("Scope")?;
        let text = form.text(&list) + fields.text();
        Ok(Self {
            form,
            schema,
            cells,
            roles: matrix.0.keys().map(|name| (name.clone(), uid(&role, name))).collect(),
            scopes: form
                .scopes()
                .chain(fields::scopes())
                .map(|name| (name.clone(), uid(&scope, &name)))
                .collect(),
            types: Types {
                operator: type_name("Operator")?,
                client: type_name("Client")?,
                device: type_name("Device")?,
                local: type_name("Local")?,
            },
            authorizer: Authorizer::new(),
            memo: Memo::default(),
            fields,
            version: Hash::of(text.as_bytes()),
            policies_end: text.len(),
            guards: None,
            text,
            texts: list
                .iter()
                .filter_map(|one| Some((one.id.clone(), one.policy.to_cedar()?)))
                .collect(),
            matrix: matrix.clone(),
            extra_cedar: extra_cedar.to_owned(),
        })
    }

    /// SHA-256 of schema, policies and the settings beside them, as `text` tells them.
    #[must_use]
    pub fn version(&self) -> Hash {
        self.version
    }

    /// Schema, all policies in the order of their ids, and the settings beside them: what `version` is the
    /// digest of.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its decisions record the facts that they rest on; those of early journals don't.
    #[must_use]
    pub fn tells_facts(&self) -> bool {
        self.form.tells_facts
    }

    /// The text of a policy.
    #[must_use]
    pub fn policy_text(&self, id: &str) -> Option<&str> {
        self.texts.get(id).map(String::as_str)
    }

    /// The first byte of a raw policy in the raw Cedar that it was built from; none of any other.
    #[must_use]
    pub fn raw_place(&self, id: &str) -> Option<usize> {
        let text = self.texts.get(id).filter(|_| id.starts_with(raw::RAW))?;
        self.extra_cedar.find(text.trim())
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

    /// The facts that some policy of this right looks at: others need not be found out.
    #[must_use]
    pub fn looks(&self, module: Module, action: Action) -> Looks {
        self.cells.get(&(module, action)).map_or(Looks::default(), |cell| cell.looks)
    }

    /// Decides. Never fails: an error is a denial that says so.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let Request { principal, action, module, facts } = request;
        let known = Known::of(facts, self.looks(*module, *action));
        self.decide_on(principal, *action, *module, known)
    }

    /// Decides on facts as a journal recorded them.
    #[must_use]
    pub fn decide_known(
        &self,
        principal: &Principal<'_>,
        action: Action,
        module: Module,
        known: &Known,
    ) -> Decision {
        self.decide_on(principal, action, module, known.only(self.looks(module, action)))
    }

    /// Decides without looking at what was answered before, for measuring.
    #[must_use]
    pub fn decide_uncached(&self, request: &Request<'_>) -> Decision {
        let Request { principal, action, module, facts } = request;
        let known = Known::of(facts, self.looks(*module, *action));
        self.decide_anew(principal, *action, *module, &known)
    }

    fn decide_on(
        &self,
        principal: &Principal<'_>,
        action: Action,
        module: Module,
        known: Known,
    ) -> Decision {
        let question = Question::of(principal, action, module, known);
        if let Some(decision) = self.memo.get(&question) {
            return decision;
        }
        let decision = self.decide_anew(principal, action, module, question.known());
        self.memo.keep(question, &decision);
        decision
    }

    fn decide_anew(
        &self,
        principal: &Principal<'_>,
        action: Action,
        module: Module,
        known: &Known,
    ) -> Decision {
        let mut decision = Decision {
            allowed: false,
            action,
            module,
            policies: vec![],
            version: self.version,
            errors: vec![],
            facts: if self.form.tells_facts { known.told() } else { Default::default() },
        };
        match self.ask(principal, (module, action), known) {
            Ok(response) => {
                let told = response.diagnostics();
                decision.policies = told.reason().map(ToString::to_string).collect();
                decision.policies.sort_unstable();
                decision.errors = told.errors().map(ToString::to_string).collect();
                decision.errors.sort_unstable();
                decision.allowed = response.decision() == cedar_policy::Decision::Allow
                    && decision.errors.is_empty();
            }
            Err(error) => decision.errors.push(error),
        }
        decision
    }

    fn ask(
        &self,
        principal: &Principal<'_>,
        right: (Module, Action),
        known: &Known,
    ) -> Result<cedar_policy::Response, String> {
        let cell =
            self.cells.get(&right).ok_or_else(|| "no such action in this module".to_owned())?;
        let (principal, parents, name) = self.principal(principal)?;
        let id = ("id".to_owned(), RestrictedExpression::new_string(name));
        let entity = Entity::new(principal.clone(), HashMap::from([id]), parents)
            .map_err(|e| e.to_string())?;
        let entities = Entities::from_entities([entity], None).map_err(|e| e.to_string())?;
        // Built to the schema; the debug build has every request checked against it.
        let schema = cfg!(debug_assertions).then_some(&self.schema);
        let asked = cedar_policy::Request::new(
            principal,
            cell.action.clone(),
            cell.resource.clone(),
            known.context()?,
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
            Principal::Device { id } => {
                Ok((uid(&self.types.device, id.as_str()), HashSet::new(), id.as_str().to_owned()))
            }
            Principal::Local { uid: user } => {
                let name = user.map_or_else(|| "daemon".to_owned(), |user| user.to_string());
                Ok((uid(&self.types.local, &name), HashSet::new(), name))
            }
        }
    }
}

/// Holds the policies against the schema. What is wrong with raw ones is told with its place.
fn check(schema: &Schema, set: &PolicySet, extra: &str) -> Result<(), AccessError> {
    let result = policies::validate(schema, set);
    let mut raw_ones = vec![];
    for error in result.validation_errors() {
        if !error.policy_id().to_string().starts_with(raw::RAW) {
            return Err(AccessError::Invalid(error.to_string()));
        }
        raw_ones.push(RawMistake::of(error, extra.len()));
    }
    // One mistake is told once, not once for each kind of principal and action.
    raw_ones.sort_by(|a, b| (a.start, a.end, &a.message).cmp(&(b.start, b.end, &b.message)));
    raw_ones.dedup_by_key(|one| (one.start, one.end));
    if raw_ones.is_empty() { Ok(()) } else { Err(AccessError::Raw(raw_ones)) }
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
