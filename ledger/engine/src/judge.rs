//! Judges the journal: was every decision the one that the policies of its time give, and was
//! nothing done by one person that needs two?
//!
//! It is fed every entry in sequence and keeps what the engine keeps, so it asks the policies the
//! very questions that the engine asked. Invariants: it never refuses and never stops; what differs
//! is told in words with the entry's number. What it can't know it does not judge: decisions before
//! the journal tells its policies (older versions did not), and of denials only whether some
//! question of that moment gives them. Pure.

use std::collections::HashMap;

use gatewarden_model::{
    Action, Actor, Body, Change, ChangeVerdict, Decision, Entry, Hash, Movement, MovementId,
    OperatorId, Pass, PassId, ReviewItem, RoleMatrix, entry::Verdict::Accept,
};

use crate::{
    access::{Access, Facts, Principal, Request},
    apply::actor_name,
    passes::orderer,
    state::{Hold, OpenChange, Reservation, State},
    tasks::is_same,
    turn::authenticated,
};

/// Policy sets that are kept ready; journals have few.
const POLICY_SETS_MAX: usize = 16;

/// Replays decisions against the policies of their time. See the file's header.
#[derive(Debug, Default)]
pub struct Judge {
    state: State,
    policies: HashMap<Hash, Access>,
    /// The version in force; none before the journal tells one.
    current: Option<Hash>,
    /// Holds that were accepted and whose movement follows.
    accepted: HashMap<PassId, Hold>,
    /// The request that was approved last, and whose effect follows.
    approved: Option<OpenChange>,
    /// Whether the journal's program asks a second person: then nothing goes without one.
    two_needed: bool,
}

/// What may be said against an entry.
type Verdict = Result<(), String>;

impl Judge {
    /// A judge of a journal's first entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As `new`, with policies that need not be built again where the journal names them.
    #[must_use]
    pub fn knowing(access: Access) -> Self {
        Self { policies: HashMap::from([(access.version(), access)]), ..Self::default() }
    }

    /// Judges the next entry: what is wrong with it, in words.
    pub fn judge(&mut self, entry: &Entry) -> Option<String> {
        let verdict = self.decisions(&entry.body).and_then(|()| self.duties(&entry.body));
        let verdict = verdict.and(self.learn(&entry.body));
        self.state.apply(entry);
        verdict.err().map(|what| format!("entry {}: {what}", entry.seq))
    }

    /// Keeps what later entries rest on.
    fn learn(&mut self, body: &Body) -> Verdict {
        match body {
            Body::PoliciesDefined { version, roles, cedar, .. } => {
                self.current = Some(*version);
                self.define(*version, roles, cedar)
            }
            Body::HoldDecided { pass, verdict, .. } => {
                if let Some(hold) = self.state.hold(*pass).filter(|_| *verdict == Accept) {
                    self.accepted.insert(*pass, hold.clone());
                }
                Ok(())
            }
            Body::Moved { movement, .. } => {
                movement.pass.map(|pass| self.accepted.remove(&pass));
                Ok(())
            }
            Body::ChangeRequested { .. } => {
                self.two_needed = true;
                Ok(())
            }
            Body::Enrolled { .. } | Body::ClientAdded { .. } | Body::DeviceApproved { .. } => {
                // One approval, one effect.
                self.approved = None;
                Ok(())
            }
            Body::ChangeDecided { id, verdict: ChangeVerdict::Approved, .. } => {
                self.approved = self.state.change(*id).cloned();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn define(&mut self, version: Hash, roles: &RoleMatrix, cedar: &str) -> Verdict {
        if self.policies.contains_key(&version) {
            return Ok(());
        }
        let access = Access::new(roles, cedar)
            .map_err(|error| format!("policies {version} can't be read: {error}"))?;
        if access.version() != version {
            return Err(format!("it says policies {version}, they are {}", access.version()));
        }
        if self.policies.len() >= POLICY_SETS_MAX {
            self.policies.clear();
        }
        self.policies.insert(version, access);
        Ok(())
    }

    /// Asks the policies again what the entry says they answered.
    fn decisions(&self, body: &Body) -> Verdict {
        if self.current.is_none() {
            return Ok(());
        }
        match body {
            Body::TaskOpened { by, decision: Some(decision), .. }
            | Body::Commissioned { by, decision, .. }
            | Body::Decommissioned { by, decision, .. }
            | Body::Reserved { by, decision, .. }
            | Body::CostLanded { by, decision, .. }
            | Body::PeriodClosed { by, decision, .. }
            | Body::ReviewOpened { by, decision, .. }
            | Body::ReviewDecided { by, decision, .. } => {
                self.asked(by, decision, &[Facts::default()])
            }
            Body::TaskApproved { task, by, decision, .. } => {
                let Some(open) = self.state.task(*task) else {
                    return Err(format!("it approves task {task}, which is not open"));
                };
                let requested_by = actor_name(&open.by);
                let facts = Facts {
                    ordered_by: open.task.ordered_by.as_deref(),
                    requested_by: Some(&requested_by),
                    station: Some(&open.task.station),
                    ..Facts::default()
                };
                self.asked(by, decision, &[facts])
            }
            Body::QuarantineResolved { pass, by, decision, .. } => {
                let station = self.state.quarantined(*pass).map(|one| &one.pass.station);
                self.asked(by, decision, &[Facts { station, ..Facts::default() }])
            }
            Body::Held { pass, task, operator, auth_level, decision, .. } => {
                let ordered_by = self.state.task(*task).and_then(orderer);
                self.moved_by(operator, *auth_level, ordered_by, pass, decision)
            }
            Body::HoldDecided { pass, by, decision, .. } => {
                let Some(hold) = self.state.hold(*pass) else {
                    return Err(format!("it decides on pass {pass}, which is not held"));
                };
                self.asked(by, decision, &[self.of_hold(hold)])
            }
            Body::ChangeRequested { by, decision: Some(decision), .. } => {
                self.asked(by, decision, &[Facts::default()])
            }
            Body::ChangeDecided { id, by, decision: Some(decision), .. } => {
                let Some(open) = self.state.change(*id) else {
                    return Err(format!("it decides on request {id}, which does not wait"));
                };
                let requester = actor_name(&open.by);
                let requested_by =
                    Some(requester.as_str()).filter(|_| decision.action == Action::Approve);
                self.asked(by, decision, &[Facts { requested_by, ..Facts::default() }])
            }
            Body::ReservationEnded { movement, reason, by, decision: Some(decision), .. } => {
                let held = self.reservation(*movement)?;
                let reserver = actor_name(&held.by);
                let posted = (reason == "posted").then_some(reserver.as_str());
                self.asked(by, decision, &[Facts { requested_by: posted, ..Facts::default() }])
            }
            Body::Moved { movement, pass } => self.movement(movement, pass.as_ref()),
            Body::Denied { by, decision: Some(decision), task, pass, document, .. } => {
                let document = document.as_deref();
                self.denied(by, decision, *task, pass.as_ref(), document)
            }
            _ => Ok(()),
        }
    }

    /// Whether the policies answer one of these questions so.
    fn asked(&self, by: &Actor, said: &Decision, questions: &[Facts<'_>]) -> Verdict {
        let mut answer = None;
        for facts in questions {
            let (principal, facts) = authenticated(&self.state, by, facts)?;
            match self.differs(principal, facts, said) {
                Ok(()) => return Ok(()),
                Err(differs) => answer = answer.or(Some(differs)),
            }
        }
        answer.map_or(Ok(()), Err)
    }

    fn differs(&self, principal: Principal<'_>, facts: Facts<'_>, said: &Decision) -> Verdict {
        if let Some(current) = self.current.filter(|current| *current != said.version) {
            let version = said.version;
            return Err(format!("it was decided by policies {version}, in force were {current}"));
        }
        let Some(access) = self.policies.get(&said.version) else {
            return Err(format!("its policies {} are not in the journal", said.version));
        };
        let (action, module) = (said.action, said.module);
        let found = access.decide(&Request { principal, action, module, facts });
        if found == *said {
            return Ok(());
        }
        let (version, found, said) = (said.version, words(&found), words(said));
        Err(format!("the policies of version {version} answer {found}, it says {said}"))
    }

    fn moved_by(
        &self,
        operator: &OperatorId,
        auth_level: u8,
        ordered_by: Option<&str>,
        pass: &Pass,
        said: &Decision,
    ) -> Verdict {
        let Some(who) = self.state.operator(operator) else {
            return Err(format!("{operator} is not enrolled"));
        };
        let principal = Principal::Operator { id: &who.id, roles: &who.roles };
        let station = Some(&pass.station);
        let auth_level = Some(auth_level);
        self.differs(principal, Facts { ordered_by, station, auth_level, ..Facts::default() }, said)
    }

    fn movement(&self, movement: &Movement, pass: Option<&Pass>) -> Verdict {
        let said = &movement.decision;
        if !said.allowed {
            return Err("it moved what was denied".to_owned());
        }
        if let Some(hold) = movement.pass.and_then(|pass| self.accepted.get(&pass)) {
            return match hold.decision == *said {
                true => Ok(()),
                false => Err(format!("entry {} held it by another decision", hold.seq)),
            };
        }
        match (movement.task, pass) {
            (Some(task), Some(pass)) => {
                let Some(open) = self.state.task(task) else {
                    return Err(format!("it moved for task {task}, which is not open"));
                };
                let (operator, level) = (&movement.operator, movement.auth_level);
                self.moved_by(operator, level, orderer(open), pass, said)
            }
            (None, None) => {
                let id = movement.reservation.unwrap_or(movement.id);
                let reserver = actor_name(&self.reservation(id)?.by);
                let facts = Facts { requested_by: Some(&reserver), ..Facts::default() };
                let (id, session) = (movement.operator.clone(), Some(movement.session));
                self.asked(&Actor::Operator { id, session }, said, &[facts])
            }
            _ => Err("it has neither a task with its pass nor a reservation".to_owned()),
        }
    }

    fn reservation(&self, id: MovementId) -> Result<&Reservation, String> {
        self.state.reservation(id).ok_or_else(|| format!("{id} was not reserved"))
    }

    fn of_hold<'a>(&'a self, hold: &'a Hold) -> Facts<'a> {
        Facts {
            ordered_by: self.state.task(hold.task).and_then(orderer),
            moved_by: Some(hold.operator.as_str()),
            station: Some(&hold.pass.station),
            ..Facts::default()
        }
    }

    /// A denial does not tell which question it answers: one that could have been asked then.
    fn denied(
        &self,
        by: &Actor,
        said: &Decision,
        task: Option<gatewarden_model::TaskId>,
        pass: Option<&Pass>,
        document: Option<&str>,
    ) -> Verdict {
        let open = task.and_then(|task| self.state.task(task));
        if let (Some(pass), Actor::Operator { id, session }) = (pass, by) {
            let session = session.and_then(|session| self.state.session(session));
            let level = session.map_or(2, |session| session.auth_level);
            return self.moved_by(id, level, open.and_then(orderer), pass, said);
        }
        let requesters: Vec<String> = open
            .map(|open| actor_name(&open.by))
            .into_iter()
            .chain(self.of_document(document).map(|held| actor_name(&held.by)))
            .chain(self.of_change(document).map(|open| actor_name(&open.by)))
            .collect();
        let mut questions = vec![Facts::default()];
        for requester in &requesters {
            let requested_by = Some(requester.as_str());
            questions.push(Facts { requested_by, ..Facts::default() });
            if let Some(open) = open {
                let ordered_by = open.task.ordered_by.as_deref();
                let station = Some(&open.task.station);
                questions.push(Facts { ordered_by, requested_by, station, ..Facts::default() });
            }
        }
        let holds = self.state.holds().filter(|hold| task == Some(hold.task));
        questions.extend(holds.map(|hold| self.of_hold(hold)));
        let places = self.state.quarantine().map(|one| &one.pass.station);
        questions.extend(places.map(|at| Facts { station: Some(at), ..Facts::default() }));
        self.asked(by, said, &questions)
    }

    /// The open requests that a denial may be about.
    fn of_change(&self, about: Option<&str>) -> impl Iterator<Item = &OpenChange> {
        let fits = move |open: &&OpenChange| Some(open.change.about().as_str()) == about;
        self.state.changes().filter(fits)
    }

    fn of_document(&self, document: Option<&str>) -> impl Iterator<Item = &Reservation> {
        let about =
            move |held: &&Reservation| Some(held.posting.document.number.as_str()) == document;
        self.state.reservations().filter(about)
    }

    /// What needs two people, whatever the policies say: looked at in the entries themselves.
    fn duties(&self, body: &Body) -> Verdict {
        match body {
            Body::TaskApproved { task, by, .. } => {
                let Some(open) = self.state.task(*task) else { return Ok(()) };
                let own = is_same(by, &open.by) || orderer(open).is_some_and(|o| is_name(o, by));
                two(!own, by, "approved the document that he ordered")
            }
            Body::HoldDecided { pass, by, .. } => {
                let Some(hold) = self.state.hold(*pass) else { return Ok(()) };
                two(!is_name(hold.operator.as_str(), by), by, "decided on the pass that he moved")
            }
            Body::Moved { movement, .. } => self.two_moved(movement),
            Body::ChangeDecided { id, verdict: ChangeVerdict::Approved, by, .. } => {
                let Some(open) = self.state.change(*id) else {
                    return Err(format!("it approves request {id}, which does not wait"));
                };
                two(matches!(by, Actor::Operator { .. }), by, "approved without being a person")?;
                two(!is_same(&open.by, by), by, "approved what he asked for")?;
                let own = open.change.operator().is_some_and(|who| is_name(who.as_str(), by));
                two(!own, by, "approved what is about himself")
            }
            Body::Enrolled { .. }
            | Body::ClientAdded { .. }
            | Body::DeviceApproved { .. }
            | Body::PoliciesDefined { .. } => self.two_changed(body),
            Body::ReservationEnded { movement, reason, by, .. } if reason == "posted" => {
                let held = self.reservation(*movement)?;
                two(!is_same(&held.by, by), by, "posted what he reserved")
            }
            Body::ReviewDecided { item, by, .. } => {
                let own = item.operator().is_some_and(|whom| is_name(whom.as_str(), by));
                two(!own, by, "decided on what he holds himself")
            }
            Body::ReviewClosed { review, expired, spared, .. } => {
                let Some(open) = self.state.review(*review) else { return Ok(()) };
                let told = |item: &&ReviewItem| expired.contains(item) || spared.contains(item);
                match open.undecided().find(|item| !told(item)) {
                    None => Ok(()),
                    Some(item) => Err(format!("it closed a review without a word on {item}")),
                }
            }
            _ => Ok(()),
        }
    }

    /// What needs a second person is what the request says that was approved just before.
    fn two_changed(&self, body: &Body) -> Verdict {
        let (id, said) = match body {
            Body::Enrolled {
                operator,
                name,
                roles,
                badges,
                kinds,
                mitigations,
                change,
                by,
                ..
            } => {
                let first = *by == Actor::Daemon && self.state.operators().next().is_none();
                let fewer = self.state.operator(operator).is_some_and(|known| {
                    let same = (&known.name, &known.badges, &known.kinds) == (name, badges, kinds);
                    same && roles.iter().all(|role| known.roles.contains(role))
                });
                if change.is_none() && (first || fewer || !self.two_needed) {
                    return Ok(());
                }
                let reset_pin = match self.approved.as_ref().map(|open| &open.change) {
                    Some(Change::Operator { reset_pin, .. }) => *reset_pin,
                    _ => false,
                };
                let (operator, name, roles) = (operator.clone(), name.clone(), roles.clone());
                let (badges, kinds, mitigations) =
                    (badges.clone(), kinds.clone(), mitigations.clone());
                (
                    *change,
                    Change::Operator {
                        operator,
                        name,
                        roles,
                        badges,
                        kinds,
                        reset_pin,
                        mitigations,
                    },
                )
            }
            Body::ClientAdded { client, scopes, token, certificate, until_us, change, .. } => {
                let fewer = self.state.clients.get(client).is_some_and(|known| {
                    let same = (known.token, known.certificate, known.until_us)
                        == (*token, *certificate, *until_us);
                    same && scopes.iter().all(|scope| known.scopes.contains(scope))
                });
                if change.is_none() && (fewer || !self.two_needed) {
                    return Ok(());
                }
                let (client, scopes, token) = (client.clone(), scopes.clone(), *token);
                let (certificate, until_us) = (*certificate, *until_us);
                (*change, Change::Client { client, scopes, token, certificate, until_us })
            }
            Body::DeviceApproved { device, identity, change, .. } => {
                let (device, identity) = (device.clone(), identity.clone());
                (Some(*change), Change::Device { device, identity })
            }
            Body::PoliciesDefined { version, roles, cedar, change } => {
                let known = self.state.policies.as_ref();
                let same = known.is_none_or(|known| (&known.roles, &known.cedar) == (roles, cedar));
                if change.is_none() && (same || !self.two_needed) {
                    return Ok(());
                }
                let (version, roles, cedar) = (*version, roles.clone(), cedar.clone());
                (*change, Change::Policies { version, roles, cedar })
            }
            _ => return Ok(()),
        };
        let Some(id) = id else { return Err("nobody approved it: it names no request".to_owned()) };
        match &self.approved {
            Some(open) if open.id == id && open.change == said => Ok(()),
            _ => Err(format!("it is not what request {id} asked for and somebody approved")),
        }
    }

    fn two_moved(&self, movement: &Movement) -> Verdict {
        let by = Actor::Operator { id: movement.operator.clone(), session: None };
        let Some(task) = movement.task else {
            let held = movement.reservation.unwrap_or(movement.id);
            let own = self.state.reservation(held).is_some_and(|held| is_same(&held.by, &by));
            return two(!own, &by, "posted what he reserved");
        };
        let Some(ordered_by) = self.state.task(task).and_then(orderer) else { return Ok(()) };
        two(!is_name(ordered_by, &by), &by, "moved what he ordered")?;
        let approver = movement.approved_by.trim().to_lowercase();
        let alone = approver == ordered_by.trim().to_lowercase();
        match alone {
            true => Err(format!("{approver} approved the document that he ordered")),
            false => Ok(()),
        }
    }
}

fn two(fits: bool, by: &Actor, what: &str) -> Verdict {
    if fits { Ok(()) } else { Err(format!("{} {what}", actor_name(by))) }
}

/// Whether an operator has this name, as duties compare it.
fn is_name(name: &str, by: &Actor) -> bool {
    matches!(by, Actor::Operator { id, .. } if name.trim().to_lowercase() == id.as_str())
}

/// A decision in words.
fn words(decision: &Decision) -> String {
    let verb = if decision.allowed { "allow" } else { "deny" };
    let by = match (&decision.errors[..], &decision.policies[..]) {
        ([], []) => "no policy".to_owned(),
        ([], policies) => policies.join(", "),
        (errors, _) => format!("error {}", errors.join("; ")),
    };
    let action: Action = decision.action;
    format!("{verb} by {by} ({} in {})", action.name(), decision.module.name())
}
