//! What an entry does to the state. The same function serves deciding and replaying, so that both
//! end in an equal state. Stock is applied beside it (`gatewarden_stock`), because a replay looks it
//! up in the projection. It never refuses: the journal is the truth.

mod documents;
mod retold;

use std::collections::BTreeMap;

use gatewarden_model::{
    Actor, Body, ChangeVerdict, Entry, Movement, MovementLine, OperatorId, SessionEvent, SessionId,
    Stamp, StockStatus, Task, TaskId,
};

pub use retold::Retelling;

use crate::factors::FactorUse;
use crate::state::{
    Activation, Approval, Client, Hold, KnownDevice, LineProgress, Lockout, OpenChange, Operator,
    Policies, Quarantine, RefusedDevice, Reservation, ReviewState, Reviewed, Session, State,
    TaskState,
};

impl State {
    /// Applies one entry, all but its stock.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Enrolled {
                operator,
                name,
                roles,
                badges,
                pin,
                kinds,
                tails,
                activation,
                mitigations,
                ..
            } => {
                self.enrolled(Operator {
                    id: operator.clone(),
                    name: name.clone(),
                    roles: roles.clone(),
                    badges: badges.clone(),
                    pin: *pin,
                    mitigations: mitigations.clone(),
                    kinds: kinds.clone(),
                    tails: tails.clone(),
                    since: entry.at,
                    activation: activation.map(|code| Activation { code, since: entry.at }),
                });
            }
            Body::PinSet { operator, pin, .. } => {
                if let Some(operator) = self.operators.get_mut(operator) {
                    operator.pin = Some(*pin);
                    operator.activation = None;
                }
            }
            Body::Removed { operator, .. } => {
                self.removed(operator);
                self.factors.remove(operator);
            }
            Body::ClientAdded { client, scopes, token, certificate, until_us, .. } => {
                self.tokens.insert(*token, client.clone());
                let added = Client {
                    id: client.clone(),
                    scopes: scopes.clone(),
                    token: *token,
                    certificate: *certificate,
                    until_us: *until_us,
                    since: entry.at,
                    used: None,
                };
                self.clients.insert(client.clone(), added);
            }
            Body::ClientUsed { client } => {
                if let Some(client) = self.clients.get_mut(client) {
                    client.used = Some(entry.at);
                }
            }
            Body::ClientRevoked { client, .. } => {
                if let Some(gone) = self.clients.remove(client) {
                    self.tokens.remove(&gone.token);
                }
            }
            Body::SignInRefused {
                operator: Some(operator),
                failures,
                locked_ms,
                until_unlocked,
                ..
            } => {
                let (failures, since, locked_ms) = (*failures, entry.at, *locked_ms);
                let until_unlocked = *until_unlocked;
                let lock = Lockout { failures, since, locked_ms, until_unlocked };
                self.lockouts.insert(operator.clone(), lock);
            }
            Body::Unlocked { operator, .. } => drop(self.lockouts.remove(operator)),
            Body::SessionOpened { session, operator, station, auth_level } => {
                let (operator, station) = (operator.clone(), station.clone());
                let opened = Session::new(*session, operator, station, *auth_level, entry.at);
                self.session_opened(opened);
            }
            Body::SessionChanged { .. } => self.session_changed(entry.at, &entry.body),
            Body::SessionEnded { session, .. } => self.session_ended(*session),
            _ => self.apply_change(entry),
        }
    }

    fn apply_change(&mut self, entry: &Entry) {
        match &entry.body {
            Body::ChangeRequested { id, change, reason, by, .. } => {
                let open = OpenChange {
                    id: *id,
                    seq: entry.seq,
                    at: entry.at,
                    change: change.clone(),
                    reason: reason.clone(),
                    by: by.clone(),
                    endorsed: None,
                    mitigations: vec![],
                };
                self.changes.insert(*id, open);
            }
            Body::ChangeDecided {
                id, verdict: ChangeVerdict::Endorsed, by, mitigations, ..
            } => {
                if let (Some(open), Actor::Operator { id, .. }) = (self.changes.get_mut(id), by) {
                    open.endorsed = Some(id.clone());
                    open.bear(mitigations);
                }
            }
            Body::ChangeDecided { id, .. } => drop(self.changes.remove(id)),
            Body::FactorAdded { operator, factor, .. } => {
                self.factor_added(entry.at, operator, factor);
            }
            Body::FactorRemoved { operator, factor, .. } => self.factor_removed(operator, factor),
            Body::FactorUsed { operator, factor, counter } => {
                self.factor_used(entry.at, operator, &FactorUse { id: *factor, counter: *counter });
            }
            Body::DeviceApproved { device, identity, .. } => {
                let known = KnownDevice { identity: identity.clone(), since: entry.at };
                self.devices.insert(device.clone(), known);
                self.refused.remove(device);
            }
            Body::DeviceRefused { device, seen, known } => {
                let (seen, known) = (seen.clone(), known.clone());
                let refused = RefusedDevice { seen, known, since: entry.at };
                self.refused.insert(device.clone(), refused);
            }
            Body::DeviceBack { device, since } => {
                self.refused.remove(device);
                if let Some(known) = self.devices.get_mut(device) {
                    known.since = *since;
                }
            }
            Body::PoliciesDefined { version, roles, cedar, sod, guards, .. } => {
                let (version, roles, cedar) = (*version, roles.clone(), cedar.clone());
                let (sod, guards) = (sod.clone(), guards.clone());
                self.policies = Some(Policies { version, roles, cedar, sod, guards });
            }
            _ => self.apply_stock_work(entry),
        }
    }

    fn apply_stock_work(&mut self, entry: &Entry) {
        match &entry.body {
            Body::TaskOpened { task, by, decision } => {
                self.task_opened(TaskState {
                    task: task.clone(),
                    by: by.clone(),
                    decision: decision.clone(),
                    seq: entry.seq,
                    at: entry.at,
                    approval: stated_approval(task),
                    progress: vec![LineProgress::default(); task.lines.len()],
                });
            }
            Body::TaskApproved { task, by, .. } => {
                let approval = Approval { by: actor_name(by), seq: Some(entry.seq) };
                if let Some(task) = self.task_mut(*task) {
                    task.approval = Some(approval);
                }
            }
            Body::TaskClosed { task, .. } => self.task_closed(*task),
            Body::Quarantined { pass, reason } => {
                let (pass, reason) = (pass.clone(), reason.clone());
                let one = Quarantine { seq: entry.seq, at: entry.at, pass, reason };
                self.quarantine.insert(one.pass.id, one);
            }
            Body::QuarantineResolved { pass, .. } => drop(self.quarantine.remove(pass)),
            Body::Held { .. } => self.held(entry.seq, entry.at, &entry.body),
            Body::HoldDecided { pass, .. } => drop(self.holds.remove(pass)),
            Body::Moved { movement, .. } => {
                self.moved(movement);
                self.document_moved(movement);
            }
            Body::Reserved { posting, lines, by, decision } => {
                let reservation = Reservation {
                    seq: entry.seq,
                    at: entry.at,
                    posting: posting.clone(),
                    lines: lines.clone(),
                    left: lines.iter().map(|line| line.quantity).collect(),
                    by: by.clone(),
                    decision: decision.clone(),
                };
                self.reservations.insert(posting.id, reservation);
            }
            Body::ReservationEnded { movement, .. } => drop(self.reservations.remove(movement)),
            _ => self.apply_reviews(entry),
        }
    }

    fn apply_reviews(&mut self, entry: &Entry) {
        let Entry { seq, at, .. } = *entry;
        match &entry.body {
            Body::ReviewOpened { review, by, .. } => {
                let (review, by) = (review.clone(), by.clone());
                let open = ReviewState { seq, at, review, by, decided: BTreeMap::new() };
                self.reviews.insert(open.review.id, open);
            }
            Body::ReviewDecided { review, item, verdict, justification, by, .. } => {
                if let Some(open) = self.reviews.get_mut(review) {
                    let (verdict, justification, by) =
                        (*verdict, justification.clone(), by.clone());
                    let said = Reviewed { seq, at, verdict, justification, by };
                    open.decided.insert(item.clone(), said);
                }
            }
            Body::ReviewClosed { review, .. } => drop(self.reviews.remove(review)),
            _ => self.apply_labels(entry),
        }
    }

    fn enrolled(&mut self, operator: Operator) {
        self.removed(&operator.id);
        for badge in &operator.badges {
            self.badges.insert(*badge, operator.id.clone());
        }
        self.operators.insert(operator.id.clone(), operator);
    }

    fn removed(&mut self, operator: &OperatorId) {
        if let Some(gone) = self.operators.remove(operator) {
            for badge in &gone.badges {
                self.badges.remove(badge);
            }
        }
    }

    fn session_opened(&mut self, session: Session) {
        self.lockouts.remove(&session.operator);
        if let Some(station) = &session.station {
            self.stations.insert(station.clone(), session.id);
        }
        self.sessions.insert(session.id, session);
    }

    fn session_changed(&mut self, at: Stamp, body: &Body) {
        let Body::SessionChanged { session: Some(id), event, to, auth_level, second, .. } = body
        else {
            return;
        };
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.phase != *to {
            session.since = at;
            if to.authorises() {
                session.authenticated = at;
            }
        }
        session.phase = *to;
        session.auth_level = *auth_level;
        match event {
            SessionEvent::SteppedUp => session.raised = Some(at),
            _ if session.auth_level <= session.base_level => session.raised = None,
            _ => {}
        }
        if session.second != *second {
            session.second.clone_from(second);
            session.second_since = second.is_some().then_some(at);
        }
        if matches!(event, SessionEvent::Resumed | SessionEvent::SteppedUp) {
            self.lockouts.remove(&session.operator);
        }
    }

    fn session_ended(&mut self, id: SessionId) {
        if let Some(Session { station: Some(station), .. }) = self.sessions.remove(&id)
            && self.stations.get(&station) == Some(&id)
        {
            self.stations.remove(&station);
        }
    }

    fn task_opened(&mut self, task: TaskState) {
        self.task_seqs.insert(task.task.id, task.seq);
        self.station_tasks.entry(task.task.station.clone()).or_default().insert(task.seq);
        self.station_lines.entry(task.task.station.clone()).or_default().open(&task);
        self.tasks.insert(task.seq, task);
    }

    fn task_closed(&mut self, id: TaskId) {
        let Some(task) = self.task_seqs.remove(&id).and_then(|seq| self.tasks.remove(&seq)) else {
            return;
        };
        if let Some(seqs) = self.station_tasks.get_mut(&task.task.station) {
            seqs.remove(&task.seq);
            if seqs.is_empty() {
                self.station_tasks.remove(&task.task.station);
                self.station_lines.remove(&task.task.station);
            } else if let Some(lines) = self.station_lines.get_mut(&task.task.station) {
                lines.close(&task);
            }
        }
    }

    fn task_mut(&mut self, id: TaskId) -> Option<&mut TaskState> {
        self.tasks.get_mut(self.task_seqs.get(&id)?)
    }

    fn held(&mut self, seq: u64, at: Stamp, body: &Body) {
        if let Body::Held { pass, task, operator, auth_level, second, comparison, decision } = body
        {
            let hold = Hold {
                seq,
                at,
                pass: pass.clone(),
                task: *task,
                operator: operator.clone(),
                auth_level: *auth_level,
                second: second.clone(),
                comparison: comparison.clone(),
                decision: decision.clone(),
            };
            self.holds.insert(pass.id, hold);
        }
    }

    fn moved(&mut self, movement: &Movement) {
        if let Some(held) = movement.reservation.and_then(|id| self.reservations.get_mut(&id)) {
            use_up(held, &movement.lines);
        }
        let Some(task) = movement.task.and_then(|task| self.task_mut(task)) else { return };
        for line in &movement.lines {
            let index = task.task.lines.iter().position(|l| l.line == line.line);
            if let Some(progress) = index.and_then(|i| task.progress.get_mut(i)) {
                progress.moved = progress.moved.saturating_add(line.quantity);
                progress.things.extend(line.things.iter().cloned());
            }
        }
    }
}

/// Takes what a movement used from what is left of a reservation.
pub(crate) fn use_up(held: &mut Reservation, lines: &[MovementLine]) {
    for line in lines.iter().filter(|line| line.from_status == StockStatus::Reserved) {
        let mut open = line.quantity;
        for (of, left) in held.lines.iter().zip(&mut held.left) {
            if is_of(line, of) {
                let part = open.min(*left);
                *left -= part;
                open -= part;
            }
        }
    }
}

/// Whether a movement's line takes what this line of a reservation holds.
pub(crate) fn is_of(line: &MovementLine, held: &MovementLine) -> bool {
    (&line.item, &line.from, &line.lot, &line.owner, &line.from_unit)
        == (&held.item, &held.from, &held.lot, &held.owner, &held.from_unit)
}

/// The approval that a document brings along. One by whoever ordered it counts for nothing, so
/// that such a task waits for an approval here.
fn stated_approval(task: &Task) -> Option<Approval> {
    let by = task.approved_by.clone()?;
    let same = |orderer: &String| orderer.trim().to_lowercase() == by.trim().to_lowercase();
    if task.ordered_by.as_ref().is_some_and(same) {
        return None;
    }
    Some(Approval { by, seq: None })
}

/// An actor's name as approvals and duties tell it.
pub(crate) fn actor_name(actor: &Actor) -> String {
    match actor {
        Actor::Operator { id, .. } => id.to_string(),
        Actor::Client { id } => id.to_string(),
        Actor::Local { uid } => format!("uid {uid}"),
        Actor::Daemon => "daemon".to_owned(),
        Actor::Nobody => "nobody".to_owned(),
    }
}
