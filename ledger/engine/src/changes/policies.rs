//! The policies as a change: roles, Cedar, conflicts of duties and the settings that decide beside them are
//! one, asked for by a changed configuration and in force when approved.
//!
//! Invariants: what is in force is what the journal says; a configuration that says otherwise asks, whether
//! it loosens or tightens. What a journal does not tell yet (it was written before that was part of the
//! policies) is taken over from the configuration at the first start, and so are all of them for a new
//! ledger. Absent: what the policies mean (`access`), who may approve (`changes`).

use gatewarden_model::{
    Action, Actor, Body, Change, ChangeId, ChangeVerdict, Guards, Hash, Module, OperatorId,
    RoleMatrix, SecondFactor, sod::SodTable,
};

use super::{
    borne::{gained_by, words},
    id_of, refusal,
};
use crate::{
    access::{Access, Facts, Principal, Request},
    command::{Factor, Reply},
    sessions::levels::LEVEL_PIN,
    state::{OpenChange, Operator, Policies},
    turn::{Answer, Fault, REASON_BYTES_MAX, Turn, cut},
};

impl Turn<'_> {
    /// Whether these policies can be put in force as things are now.
    pub(super) fn check_policies(
        &self,
        (version, roles, cedar): (Hash, &RoleMatrix, &str),
        sod: &SodTable,
        guards: Option<&Guards>,
    ) -> Result<(), Fault> {
        if self.access.version() == version && *self.duties() == *sod {
            return Err(("policies-in-force", "these policies are in force already".to_owned()));
        }
        let held = || self.state.operators().flat_map(|one| &one.roles);
        if let Some(role) = held().find(|role| !roles.0.contains_key(*role)) {
            let message = format!(
                "somebody has the role {role}, which these policies don't know: take it away first"
            );
            return Err(("role-in-use", message));
        }
        self.keep_an_approver(roles, None, None)?;
        let access = policies_of(version, roles, cedar, guards)?;
        self.keep_a_way_back(&access, roles, guards)
    }

    /// Refuses policies under which nobody could approve others: by a raw `forbid`, or by a level that none
    /// of those who may can reach.
    fn keep_a_way_back(
        &self,
        access: &Access,
        roles: &RoleMatrix,
        guards: Option<&Guards>,
    ) -> Result<(), Fault> {
        let (action, module) = (Action::Approve, Module::System);
        let level = guards.and_then(|guards| guards.levels.rights.get(&(module, action)).copied());
        let can = |one: &Operator| {
            let Operator { id, roles, .. } = one;
            let principal = Principal::Operator { id, roles };
            let facts = Facts { auth_level: Some(self.reaches(id)), ..Facts::default() };
            let said = access.decide(&Request { principal, action, module, facts });
            let no_forbid = said.policies.is_empty() && said.errors.is_empty();
            (said.allowed || no_forbid) && level.is_none_or(|level| self.reaches(id) >= level)
        };
        if self.state.operators.is_empty() || self.state.approvers(roles).any(can) {
            return Ok(());
        }
        let message = "nobody could decide on requests any more: a forbid, or a level that none of those \
                       who may has a factor for, stands in the way of system approve";
        Err(("last-approver", message.to_owned()))
    }

    /// The highest level to which somebody can raise a session.
    fn reaches(&self, operator: &OperatorId) -> u8 {
        let factors = self.state.factors.get(operator).into_iter().flat_map(|all| all.values());
        let level = |factor: &SecondFactor| match factor {
            SecondFactor::Totp { .. } => Factor::Totp.auth_level(),
            SecondFactor::Passkey { .. } => Factor::SecurityKey.auth_level(),
        };
        factors.map(|known| level(&known.factor)).max().unwrap_or(LEVEL_PIN)
    }

    /// Puts approved policies in force.
    pub(super) fn policies_approved(&mut self, new: Policies, id: ChangeId) -> Result<(), Fault> {
        let guards = new.guards.as_deref();
        let access = policies_of(new.version, &new.roles, &new.cedar, guards)?;
        self.policies_defined(new, access, Some(id));
        Ok(())
    }

    fn policies_defined(&mut self, new: Policies, access: Access, change: Option<ChangeId>) {
        let Policies { version, roles, cedar, sod, guards } = new;
        self.record(Body::PoliciesDefined { version, roles, cedar, sod, guards, change });
        self.next_access = Some(access);
    }

    /// Records the policies that the configuration has, where none are recorded yet, or asks for them
    /// where others are in force. The daemon's own part may change with the program: that alone asks
    /// nobody.
    pub(crate) fn define_policies(&mut self) -> Answer {
        let wanted = self.wanted();
        let Some(known) = self.state.policies.clone() else {
            self.policies_defined(wanted, self.configured.clone(), None);
            return Ok(Reply::Done);
        };
        let filled = filled(&known, &wanted);
        if is_same(&filled, &wanted) {
            if known.version != wanted.version || known.sod != wanted.sod {
                self.policies_defined(wanted, self.configured.clone(), None);
            }
            self.end_policy_changes(None, "the configuration has the policies in force again");
            return Ok(Reply::Done);
        }
        if let Some(fault) = self.policies_fault {
            return Err(refusal(("policies-invalid", fault.to_owned())));
        }
        if !is_same(&filled, &known) {
            self.take_over(filled.clone()).map_err(refusal)?;
        }
        let reason = self.reason_of(&filled, &wanted);
        let Policies { version, roles, cedar, sod, guards } = wanted;
        let change = Change::Policies { version, roles, cedar, sod, guards };
        if self.end_policy_changes(Some(&change), "the configuration has other policies by now") {
            return Ok(Reply::Done);
        }
        let (id, by) = (id_of(version, *self.next_seq), Actor::Daemon);
        self.record(Body::ChangeRequested { id, change, reason, by, decision: None });
        Ok(Reply::Requested(id))
    }

    /// What the configuration says.
    fn wanted(&self) -> Policies {
        let (roles, cedar) = self.configured.source();
        Policies {
            version: self.configured.version(),
            roles: roles.clone(),
            cedar: cedar.to_owned(),
            sod: self.settings.sod.clone(),
            guards: self.configured.guards().cloned().map(Box::new),
        }
    }

    /// Why the configuration asks, in words: whom it would give conflicts of duties, then what it changes.
    fn reason_of(&self, known: &Policies, wanted: &Policies) -> String {
        let gained = gained_by(self.state, wanted);
        let who = match gained.is_empty() {
            true => String::new(),
            false => {
                format!("conflicts of duties: {}; ", words(&gained.iter().collect::<Vec<_>>()))
            }
        };
        let told = known.differs(wanted).join("; ");
        cut(&format!("{who}the configuration has {told}"), REASON_BYTES_MAX)
    }

    /// Records the policies in force with what the journal did not tell of them.
    fn take_over(&mut self, filled: Policies) -> Result<(), Fault> {
        let access = built(&filled.roles, &filled.cedar, filled.guards.as_deref())?;
        self.policies_defined(Policies { version: access.version(), ..filled }, access, None);
        Ok(())
    }

    /// Ends the daemon's own requests for policies but this very one; whether that one waits.
    fn end_policy_changes(&mut self, but: Option<&Change>, reason: &str) -> bool {
        let own = |open: &&OpenChange| {
            open.by == Actor::Daemon && matches!(open.change, Change::Policies { .. })
        };
        let mut waits = false;
        let mut over = vec![];
        for open in self.state.changes().filter(own) {
            if Some(&open.change) == but {
                waits = true;
            } else {
                over.push(open.id);
            }
        }
        for id in over {
            self.end_change(id, ChangeVerdict::Withdrawn, reason);
        }
        waits
    }
}

fn built(roles: &RoleMatrix, cedar: &str, guards: Option<&Guards>) -> Result<Access, Fault> {
    let access = Access::new(roles, cedar)
        .map_err(|error| ("policies-invalid", format!("the policies are wrong: {error}")))?;
    let missing = "the policies don't say which settings decide beside them: ask for them anew";
    let guards = guards.ok_or_else(|| ("policies-invalid", missing.to_owned()))?;
    Ok(access.with_guards(guards.clone()))
}

/// The policies of a version, if that is theirs.
fn policies_of(
    version: Hash,
    roles: &RoleMatrix,
    cedar: &str,
    guards: Option<&Guards>,
) -> Result<Access, Fault> {
    let access = built(roles, cedar, guards)?;
    match access.version() == version {
        true => Ok(access),
        false => {
            let message = format!("the policies are {}, not {version}", access.version());
            Err(("policies-invalid", message))
        }
    }
}

/// Policies as a journal tells them, with what it does not tell yet as another says.
fn filled(known: &Policies, wanted: &Policies) -> Policies {
    let mut filled = known.clone();
    if filled.sod == SodTable::default() {
        filled.sod.clone_from(&wanted.sod);
    }
    filled.guards = filled.guards.or_else(|| wanted.guards.clone());
    filled
}

/// Whether both say the same, in whatever form.
fn is_same(one: &Policies, other: &Policies) -> bool {
    let (a, b) = ((&one.roles, &one.cedar), (&other.roles, &other.cedar));
    a == b && one.sod == other.sod && one.guards == other.guards
}

impl Policies {
    /// What a change asks for, where it asks for policies.
    #[must_use]
    pub fn asked(change: &Change) -> Option<Self> {
        let Change::Policies { version, roles, cedar, sod, guards } = change.clone() else {
            return None;
        };
        Some(Self { version, roles, cedar, sod, guards })
    }

    /// What other policies would change of these, in words, a line each.
    #[must_use]
    pub fn differs(&self, new: &Self) -> Vec<String> {
        let list = |names: Vec<&str>, what: &str| {
            (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
        };
        let here = new.roles.0.iter();
        let added = here.clone().filter(|(name, _)| !self.roles.0.contains_key(*name));
        let other =
            here.filter(|(name, role)| self.roles.0.get(*name).is_some_and(|old| old != *role));
        let gone = self.roles.0.keys().filter(|name| !new.roles.0.contains_key(*name));
        let told = [
            list(added.map(|(name, _)| name.as_str()).collect(), "new roles"),
            list(other.map(|(name, _)| name.as_str()).collect(), "changed roles"),
            list(gone.map(String::as_str).collect(), "roles that are no more"),
            (self.cedar != new.cedar).then(|| "other Cedar".to_owned()),
            (self.sod != new.sod).then(|| "other conflicts of duties".to_owned()),
        ];
        let settings = match (&self.guards, &new.guards) {
            (Some(old), Some(new)) => new.differs(old),
            _ => vec![],
        };
        told.into_iter().flatten().chain(settings).collect()
    }
}
