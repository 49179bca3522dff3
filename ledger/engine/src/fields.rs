//! Rights on fields while deciding: who sees which, and whether somebody may state what he states.
//!
//! Invariants: a document that states a field which its sender may not set is refused whole, with the
//! field's name, and that is recorded; whether somebody's document is the same as another's is told only
//! to who may see every field of it.

use std::{collections::BTreeSet, sync::Arc};

use gatewarden_model::{Action, Actor, Decision, Field, FieldRights, Module, OperatorId};

use crate::{
    access::{Access, Facts, Principal, Stay},
    apply::actor_name,
    command::{Refusal, Reply},
    state::State,
    tasks::is_same,
    turn::{Answer, Asked, REASON_BYTES_MAX, Turn, authenticated, cut},
};

/// Which fields an actor may see and set.
pub(crate) fn rights(state: &State, access: &Access, by: &Actor) -> Arc<FieldRights> {
    let Ok((principal, _)) = authenticated(state, by, &Facts::default()) else {
        return Arc::default();
    };
    let session = match by {
        Actor::Operator { session: Some(session), .. } => state.session(*session),
        Actor::Operator { id, session: None } => {
            state.sessions().find(|s| s.operator == *id && s.station.is_none())
        }
        _ => None,
    };
    let auth_level = session.map(|open| open.auth_level);
    let station = session.and_then(|open| open.station.as_ref());
    access.fields(&principal, Stay { auth_level, station })
}

/// Those of somebody who is enrolled and is told something where he has no session.
pub(crate) fn of_person(state: &State, access: &Access, who: &OperatorId) -> Arc<FieldRights> {
    let Some(known) = state.operator(who) else { return Arc::default() };
    let principal = Principal::Operator { id: &known.id, roles: &known.roles };
    access.fields(&principal, Stay { auth_level: None, station: None })
}

/// Those of whoever has one role and no session.
pub(crate) fn of_role(access: &Access, role: &str) -> Arc<FieldRights> {
    let Ok(id) = OperatorId::parse("group") else { return Arc::default() };
    let roles = [role.to_owned()];
    let principal = Principal::Operator { id: &id, roles: &roles };
    access.fields(&principal, Stay { auth_level: None, station: None })
}

impl Turn<'_> {
    fn rights(&self, by: &Actor) -> Arc<FieldRights> {
        rights(self.state, self.access, by)
    }

    /// Refuses a document that states what its sender may not set.
    pub(crate) fn may_state(
        &mut self,
        asked: &Asked,
        fields: &BTreeSet<Field>,
        decision: &Decision,
    ) -> Result<(), Refusal> {
        let rights = self.rights(&asked.by);
        let Some(field) = rights.first_unset(fields) else { return Ok(()) };
        let who = actor_name(&asked.by);
        let message = format!(
            "{who} may not set the field {field}: leave it out, or have the right given to the role"
        );
        Err(self.deny(asked.clone(), "field-denied", message, Some(decision.clone())))
    }

    /// Whether somebody may be told that a document is the very one that somebody else sent.
    pub(crate) fn may_compare(&self, by: &Actor, sender: &Actor, fields: &BTreeSet<Field>) -> bool {
        is_same(by, sender) || self.rights(by).sees_each(fields)
    }

    /// Whether somebody may see a field that has to be seen for something; a no is recorded.
    pub(crate) fn may_see(
        &mut self,
        asked: &Asked,
        field: &Field,
        decision: &Decision,
    ) -> Result<(), Refusal> {
        if self.rights(&asked.by).sees(field) {
            return Ok(());
        }
        let who = actor_name(&asked.by);
        let message = format!("{who} may not see the field {field}, which it takes to do this");
        Err(self.deny(asked.clone(), "field-denied", message, Some(decision.clone())))
    }

    /// The answer to `Command::AskFields`.
    pub(crate) fn asked_fields(&mut self, by: &Actor, fields: &[Field], what: &str) -> Answer {
        let mut asked = Asked::new(by, Action::View, Module::Ledger);
        asked.document = (!what.is_empty()).then(|| cut(what, REASON_BYTES_MAX));
        let rights = self.rights(by);
        let seen = match fields {
            [] => rights.sees_all(),
            some => some.iter().all(|field| rights.sees(field)),
        };
        if seen {
            return Ok(Reply::Done);
        }
        let names = match fields {
            [] => "every field".to_owned(),
            some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        let who = actor_name(by);
        let message = format!(
            "{who} may not see all of it: {what} takes the right to see {names}; ask somebody who has it"
        );
        Err(self.deny(asked, "field-denied", message, None))
    }
}
