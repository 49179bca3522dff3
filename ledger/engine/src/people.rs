//! Operators and clients: enrolled, changed, removed, revoked by whoever keeps the system.
//!
//! Invariants: nobody changes his own enrolment; a badge and a token belong to one; only roles and
//! scopes that exist are given; who is removed, or whose roles, badges or PIN change, has no session
//! left. A lock-out outlasts a change: only a sign-in clears it.

use std::collections::BTreeSet;

use gatewarden_model::{Action, Actor, Body, ClientId, Hash, Module, OperatorId};

use crate::{
    access::Facts,
    command::Reply,
    state::Operator,
    turn::{Answer, Asked, Turn},
};

/// Enrolled operators.
const OPERATORS_MAX: usize = 10_000;
/// Clients with a token.
const CLIENTS_MAX: usize = 1000;
/// Badges of one operator.
const BADGES_MAX: usize = 8;
/// Roles of one operator.
const ROLES_MAX: usize = 32;
/// Longest full name, in bytes.
const FULL_NAME_BYTES_MAX: usize = 128;

impl Turn<'_> {
    /// Enrols or changes an operator; a PIN of none keeps the one in force.
    pub(crate) fn enrol(&mut self, new: Operator, by: Actor) -> Answer {
        let Operator { id: operator, name, roles, badges, pin } = new;
        let known = self.state.operator(&operator).cloned();
        let action = if known.is_some() { Action::Modify } else { Action::Create };
        let asked = system(&by, action, operator.as_str());
        let decision = self.permit(asked.clone(), Facts::default())?;
        let roles: BTreeSet<String> = roles.into_iter().collect();
        let badges: BTreeSet<Hash> = badges.into_iter().collect();
        if let Err(reason) = self.check_enrolment(&operator, &name, &roles, &badges, &by) {
            return Err(self.deny(asked, "enrolment-invalid", reason, Some(decision)));
        }
        let (roles, badges) = (roles.into_iter().collect(), badges.into_iter().collect());
        let pin = pin.or(known.as_ref().and_then(|old| old.pin));
        let changed =
            known.is_some_and(|old| (&old.roles, &old.badges, &old.pin) != (&roles, &badges, &pin));
        let id = operator.clone();
        self.record(Body::Enrolled { operator, name, roles, badges, pin, by });
        if changed {
            self.end_sessions_of(&id, "changed");
        }
        Ok(Reply::Done)
    }

    fn check_enrolment(
        &self,
        operator: &OperatorId,
        name: &str,
        roles: &BTreeSet<String>,
        badges: &BTreeSet<Hash>,
        by: &Actor,
    ) -> Result<(), String> {
        if matches!(by, Actor::Operator { id, .. } if id == operator) {
            return Err("nobody changes his own enrolment: ask another administrator".to_owned());
        }
        if self.state.operator(operator).is_none() && self.state.operators.len() >= OPERATORS_MAX {
            return Err(format!("{OPERATORS_MAX} operators are enrolled: remove some"));
        }
        let long = !(1..=FULL_NAME_BYTES_MAX).contains(&name.len());
        if long || name.trim() != name || name.chars().any(char::is_control) {
            return Err(format!("the name must be 1 to {FULL_NAME_BYTES_MAX} printable bytes"));
        }
        if !(1..=ROLES_MAX).contains(&roles.len()) {
            return Err(format!("an operator has 1 to {ROLES_MAX} roles, not {}", roles.len()));
        }
        if let Some(role) = roles.iter().find(|role| !self.access.has_role(role)) {
            return Err(format!("there is no role {role:?}: there are {}", self.access.roles()));
        }
        if badges.len() > BADGES_MAX {
            return Err(format!("an operator has at most {BADGES_MAX} badges"));
        }
        let foreign = |badge: &&Hash| self.state.badges.get(badge).is_some_and(|o| o != operator);
        match badges.iter().find(foreign) {
            Some(_) => Err("a badge belongs to another operator already".to_owned()),
            None => Ok(()),
        }
    }

    pub(crate) fn remove(&mut self, operator: OperatorId, by: Actor) -> Answer {
        let asked = system(&by, Action::Delete, operator.as_str());
        let decision = self.permit(asked.clone(), Facts::default())?;
        if self.state.operator(&operator).is_none() {
            let reason = format!("{operator} is not enrolled");
            return Err(self.deny(asked, "unknown-operator", reason, Some(decision)));
        }
        self.record(Body::Removed { operator: operator.clone(), by });
        self.end_sessions_of(&operator, "revoked");
        Ok(Reply::Done)
    }

    pub(crate) fn add_client(
        &mut self,
        client: ClientId,
        scopes: Vec<String>,
        token: Hash,
        by: Actor,
    ) -> Answer {
        let asked = system(&by, Action::Create, client.as_str());
        let decision = self.permit(asked.clone(), Facts::default())?;
        let scopes: BTreeSet<String> = scopes.into_iter().collect();
        if let Err(reason) = self.check_client(&client, &scopes, &token) {
            return Err(self.deny(asked, "client-invalid", reason, Some(decision)));
        }
        let scopes = scopes.into_iter().collect();
        self.record(Body::ClientAdded { client, scopes, token, by });
        Ok(Reply::Done)
    }

    fn check_client(
        &self,
        client: &ClientId,
        scopes: &BTreeSet<String>,
        token: &Hash,
    ) -> Result<(), String> {
        if self.state.clients.contains_key(client) {
            return Err(format!("client {client} has a token: revoke it first"));
        }
        if self.state.clients.len() >= CLIENTS_MAX {
            return Err(format!("{CLIENTS_MAX} clients have tokens: revoke some"));
        }
        if self.state.tokens.contains_key(token) {
            return Err("the token is another client's already: mint a new one".to_owned());
        }
        if scopes.is_empty() {
            return Err("a client needs a scope, such as \"inbound:create\"".to_owned());
        }
        match scopes.iter().find(|scope| !self.access.has_scope(scope)) {
            Some(scope) => {
                Err(format!("{scope:?} is not a scope: write module:action, as inbound:create"))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn revoke_client(&mut self, client: ClientId, by: Actor) -> Answer {
        let asked = system(&by, Action::Delete, client.as_str());
        let decision = self.permit(asked.clone(), Facts::default())?;
        if !self.state.clients.contains_key(&client) {
            let reason = format!("client {client} has no token");
            return Err(self.deny(asked, "unknown-client", reason, Some(decision)));
        }
        self.record(Body::ClientRevoked { client, by });
        Ok(Reply::Done)
    }
}

/// A request about the system, with whom it is about.
fn system(by: &Actor, action: Action, whom: &str) -> Asked {
    let mut asked = Asked::new(by, action, Module::System);
    asked.document = Some(whom.to_owned());
    asked
}
