//! Operators and clients: who is enrolled, who set which PIN, which machine has a token.
//!
//! Invariants: nobody changes his own enrolment; a badge and a token belong to one; only roles and
//! scopes that exist are given; who is removed, or whose roles, badges or PIN change, has no session
//! left. A lock-out outlasts a change: only a sign-in or another person clears it. A PIN is chosen by
//! its operator alone, with a one-time code that counts once and of which nobody else was shown more than
//! a half. A token's time that is over never comes back. Absent: the second person's approval (`changes`).

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_identity::badge::TAIL_BYTES_MAX;
use gatewarden_model::{
    Action, Actor, Body, ChangeId, ClientId, Day, Hash, Mitigation, Module, OperatorId, SessionId,
};

use crate::{
    access::Facts,
    command::{PinCheck, Refusal, Reply},
    sessions::often::Often,
    state::{Client, Operator, Session},
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
/// Longest word for what a badge is, in bytes.
const KIND_BYTES_MAX: usize = 32;
/// A one-time code for a PIN counts for so many milliseconds: seven days.
pub const ACTIVATION_MS_MAX: u64 = 7 * 86_400_000;

/// Who is to be enrolled, and how.
pub(crate) struct Enrolment {
    pub(crate) operator: OperatorId,
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
    pub(crate) badges: Vec<Hash>,
    pub(crate) pin: Option<Hash>,
    pub(crate) kinds: BTreeMap<Hash, String>,
    pub(crate) tails: BTreeMap<Hash, String>,
    pub(crate) mitigations: Vec<Mitigation>,
}

impl Enrolment {
    /// Somebody as he is enrolled, and the one-time code that he has not used yet.
    pub(crate) fn of(known: &Operator) -> (Self, Option<Hash>) {
        let Operator { id, name, roles, badges, pin, kinds, tails, mitigations, .. } =
            known.clone();
        let now = Self { operator: id, name, roles, badges, pin, kinds, tails, mitigations };
        (now, known.activation.as_ref().map(|open| open.code))
    }
}

impl Turn<'_> {
    /// Enrols by one person: the first administrator, and everybody where the settings say so. A PIN
    /// of none keeps the one in force.
    pub(crate) fn enrol(&mut self, new: Enrolment, by: Actor) -> Answer {
        let known = self.state.operator(&new.operator).cloned();
        let action = if known.is_some() { Action::Modify } else { Action::Create };
        let asked = system(&by, action, new.operator.as_str());
        let decision = self.permit(asked.clone(), Facts::default())?;
        let first = by == Actor::Daemon && self.state.operators.is_empty();
        if !first && !self.settings.one_person_enrols {
            let reason = "an enrolment needs a second person: ask for it as a change";
            return Err(self.deny(asked, "second-person", reason, Some(decision)));
        }
        let roles: BTreeSet<String> = new.roles.into_iter().collect();
        let badges: BTreeSet<Hash> = new.badges.into_iter().collect();
        let fits = self.check_enrolment(&new.operator, &new.name, &roles, &badges, &by);
        if let Err(reason) = fits.and_then(|()| check_kinds(&badges, &new.kinds)) {
            return Err(self.deny(asked, "enrolment-invalid", reason, Some(decision)));
        }
        let (roles, badges) = (roles.into_iter().collect(), badges.into_iter().collect());
        let pin = new.pin.or(known.as_ref().and_then(|old| old.pin));
        self.enrolled(Enrolment { roles, badges, pin, ..new }, None, None, by);
        Ok(Reply::Done)
    }

    /// Records an enrolment. Where it changes roles, badges or the PIN, all sessions end.
    pub(crate) fn enrolled(
        &mut self,
        new: Enrolment,
        activation: Option<Hash>,
        change: Option<ChangeId>,
        by: Actor,
    ) {
        let Enrolment { operator, name, roles, badges, pin, kinds, tails, mitigations } = new;
        let changed = self
            .state
            .operator(&operator)
            .is_some_and(|old| (&old.roles, &old.badges, &old.pin) != (&roles, &badges, &pin));
        let id = operator.clone();
        self.record(Body::Enrolled {
            operator,
            name,
            roles,
            badges,
            pin,
            kinds,
            tails,
            activation,
            mitigations,
            change,
            by,
        });
        if changed {
            self.end_sessions_of(&id, "changed");
        }
    }

    /// Sets a PIN with the one-time code of an enrolment. Whoever tries is nobody yet, so a wrong code
    /// is told in the words of an unknown one.
    pub(crate) fn activate(&mut self, operator: OperatorId, code: Hash, pin: Hash) -> Answer {
        let open = self.state.operator(&operator).and_then(|known| known.activation.as_ref());
        let counts = open.is_some_and(|open| open.code == code && open.remaining_ms(&self.now) > 0);
        if !counts {
            let reason = "this is not the whole one-time code of that operator (both halves), it was used, or its \
                          time is over: ask an administrator for a new one"
                .to_owned();
            let message = reason.clone();
            let body = Body::SignInRefused {
                operator: None,
                station: None,
                reason,
                failures: 0,
                locked_ms: 0,
                until_unlocked: false,
            };
            let recorded = Some(self.record(body));
            return Err(Refusal { code: "activation-refused", message, recorded });
        }
        self.record(Body::PinSet { operator, pin, activated: true });
        Ok(Reply::Done)
    }

    /// Changes the PIN of the session's own operator, who proved the old one. All other sessions end.
    pub(crate) fn change_pin(&mut self, id: SessionId, check: PinCheck, pin: Hash) -> Answer {
        let Some(session) = self.state.session(id).cloned() else {
            let message = format!("session {id} is not open: sign in again");
            return Err(Refusal { code: "unknown-session", message, recorded: None });
        };
        let by = crate::sessions::actor_in(&session);
        if check != PinCheck::Right {
            let asked = system(&by, Action::Modify, session.operator.as_str());
            // One wrong guess ends the session: the next one is counted at the door.
            let refusal = self.deny(asked, "pin-wrong", "the old PIN is wrong", None);
            self.sign_out(id, "wrong PIN".to_owned())?;
            return Err(refusal);
        }
        let Session { operator, station, .. } = &session;
        self.does_often(Often::Pins(operator.clone()), operator, station.as_ref())?;
        let others = self.state.sessions().filter(|s| s.operator == session.operator && s.id != id);
        let others: Vec<SessionId> = others.map(|s| s.id).collect();
        for other in others {
            self.sign_out(other, "changed".to_owned())?;
        }
        self.record(Body::PinSet { operator: session.operator, pin, activated: false });
        Ok(Reply::Done)
    }

    pub(crate) fn check_enrolment(
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

    /// Takes roles away from an operator who is enrolled, and nothing else; the sessions end.
    pub(crate) fn with_fewer_roles(&mut self, id: &OperatorId, gone: &[&String], by: Actor) {
        let Some(known) = self.state.operator(id) else { return };
        let (mut now, code) = Enrolment::of(known);
        now.roles.retain(|role| !gone.contains(&role));
        self.enrolled(now, code, None, by);
    }

    /// Takes scopes away from a machine, and nothing else; without any the token is revoked.
    pub(crate) fn with_fewer_scopes(&mut self, id: &ClientId, gone: &[&String], by: Actor) {
        let Some(known) = self.state.clients.get(id).cloned() else { return };
        let Client { id: client, mut scopes, token, certificate, until_us, .. } = known;
        scopes.retain(|scope| !gone.contains(&scope));
        self.record(if scopes.is_empty() {
            Body::ClientRevoked { client, by }
        } else {
            Body::ClientAdded { client, scopes, token, certificate, until_us, change: None, by }
        });
    }

    pub(crate) fn remove(&mut self, operator: OperatorId, by: Actor) -> Answer {
        let asked = system(&by, Action::Delete, operator.as_str());
        let decision = self.permit(asked.clone(), Facts::default())?;
        if self.state.operator(&operator).is_none() {
            let reason = format!("{operator} is not enrolled");
            return Err(self.deny(asked, "unknown-operator", reason, Some(decision)));
        }
        let (matrix, _) = self.access.source();
        if let Err((code, reason)) = self.keep_an_approver(matrix, Some(&operator), None) {
            return Err(self.deny(asked, code, reason, Some(decision)));
        }
        self.end_changes_of(&operator);
        self.drop_factors(&operator, &by, &decision);
        self.record(Body::Removed { operator: operator.clone(), by });
        self.end_sessions_of(&operator, "revoked");
        Ok(Reply::Done)
    }

    /// Gives a machine a token by one person, where the settings say so.
    pub(crate) fn add_client(
        &mut self,
        client: ClientId,
        scopes: Vec<String>,
        token: Hash,
        by: Actor,
    ) -> Answer {
        let asked = system(&by, Action::Create, client.as_str());
        let decision = self.permit(asked.clone(), Facts::default())?;
        if !self.settings.one_person_enrols {
            let reason = "a token needs a second person: ask for it as a change";
            return Err(self.deny(asked, "second-person", reason, Some(decision)));
        }
        let scopes: BTreeSet<String> = scopes.into_iter().collect();
        if let Err(reason) = self.check_client(&client, &scopes, &token) {
            return Err(self.deny(asked, "client-invalid", reason, Some(decision)));
        }
        let scopes = scopes.into_iter().collect();
        let (certificate, until_us, change) = (None, None, None);
        self.record(Body::ClientAdded { client, scopes, token, certificate, until_us, change, by });
        Ok(Reply::Done)
    }

    /// Notes that a machine used its token, once a day.
    pub(crate) fn client_used(&mut self, client: ClientId) -> Answer {
        let day = |at| Day::of(at, self.settings.utc_offset_min);
        let Some(known) = self.state.clients.get(&client) else { return Ok(Reply::Done) };
        if known.used.as_ref().is_none_or(|used| day(used) < day(&self.now)) {
            self.record(Body::ClientUsed { client });
        }
        Ok(Reply::Done)
    }

    /// Revokes the tokens whose time is over, so that a clock set back does not revive one.
    pub(crate) fn time_out_clients(&mut self) {
        let over = |until: i64| until <= self.now.wall_us;
        let due = self.state.clients.values().filter(|client| client.until_us.is_some_and(over));
        let due: Vec<ClientId> = due.map(|client| client.id.clone()).collect();
        for client in due {
            self.record(Body::ClientRevoked { client, by: Actor::Daemon });
        }
    }

    pub(crate) fn check_client(
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

/// What badges are is said only of badges that are enrolled, in a short word.
pub(crate) fn check_kinds(
    badges: &BTreeSet<Hash>,
    kinds: &BTreeMap<Hash, String>,
) -> Result<(), String> {
    let word = |kind: &String| {
        (1..=KIND_BYTES_MAX).contains(&kind.len())
            && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    match kinds.iter().all(|(badge, kind)| badges.contains(badge) && word(kind)) {
        true => Ok(()),
        false => {
            Err("a badge's kind is a short word, such as printed, of a badge given".to_owned())
        }
    }
}

/// What is shown of badges' numbers is said only of badges that are enrolled, and never all of one.
pub(crate) fn check_tails(
    badges: &BTreeSet<Hash>,
    tails: &BTreeMap<Hash, String>,
) -> Result<(), String> {
    let short = |tail: &String| {
        (1..=TAIL_BYTES_MAX).contains(&tail.len()) && !tail.chars().any(char::is_control)
    };
    match tails.iter().all(|(badge, tail)| badges.contains(badge) && short(tail)) {
        true => Ok(()),
        false => Err(format!("a badge's tail is 1 to {TAIL_BYTES_MAX} bytes of a badge given")),
    }
}

/// A request about the system, with whom it is about.
fn system(by: &Actor, action: Action, whom: &str) -> Asked {
    let mut asked = Asked::new(by, action, Module::System);
    asked.document = Some(whom.to_owned());
    asked
}
