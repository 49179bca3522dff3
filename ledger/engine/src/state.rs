//! What is open: operators, clients, sessions, tasks with their progress, reservations, holds,
//! quarantine. What is where is `gatewarden_stock`'s.
//!
//! The state is a pure function of the live entries: replaying the entries that touch what is still
//! open gives an equal state (`PartialEq`, tested). What must not survive a
//! restart (badges seen, last activity, recent answers) is not here but in `memory`.

mod session;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gatewarden_model::{
    Action, Actor, Change, ChangeId, ClientId, Comparison, Decision, DeviceFacts, DeviceId, Entry,
    FieldRights, Guards, Hash, Mask, Mitigation, MitigationOf, Module, MovementId, MovementLine,
    OperatorId, Pass, PassId, Posting, Review, ReviewId, ReviewItem, ReviewVerdict, RoleMatrix,
    Second, SessionId, Stamp, StationId, Task, TaskId, sod::SodTable,
};
use serde::Serialize;

use crate::{factors::KnownFactor, people::ACTIVATION_MS_MAX};

pub use session::Session;

/// An enrolled person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// Who.
    pub id: OperatorId,
    /// Full name.
    pub name: String,
    /// Roles, sorted.
    pub roles: Vec<String>,
    /// SHA-256 of each badge, sorted; never serialized.
    #[serde(skip)]
    pub badges: Vec<Hash>,
    /// SHA-256 of the PHC string of the PIN in force; none without a PIN. Never serialized. A stored
    /// string with another digest was not put there by an enrolment.
    #[serde(skip)]
    pub pin: Option<Hash>,
    /// What is said for the conflicts of the roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mitigations: Vec<Mitigation>,
    /// What each badge is, by its digest; none where it was not said. Never serialized.
    #[serde(skip)]
    pub kinds: BTreeMap<Hash, String>,
    /// The last characters of each badge's number, by its digest. Never serialized.
    #[serde(skip)]
    pub tails: BTreeMap<Hash, String>,
    /// Since when it is as it is: the last enrolment or change. Never serialized.
    #[serde(skip)]
    pub since: Stamp,
    /// The one-time code that a PIN can be set with; never serialized.
    #[serde(skip)]
    pub activation: Option<Activation>,
}

/// A one-time code with which an operator sets a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its digest (`gatewarden_identity::activation`).
    pub code: Hash,
    /// Since when it counts.
    pub since: Stamp,
}

impl Activation {
    /// Milliseconds for which the code still counts, rounded up; 0 when it is over.
    #[must_use]
    pub fn remaining_ms(&self, now: &Stamp) -> u64 {
        remaining_ms(&self.since, ACTIVATION_MS_MAX, now)
    }
}

/// A change that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenChange {
    /// The request.
    pub id: ChangeId,
    /// The entry that asks for it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// What is asked for.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub by: Actor,
    /// Who approved it first, where it needs two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endorsed: Option<OperatorId>,
    /// What was said for conflicts of duties by whoever approved it so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mitigations: Vec<MitigationOf>,
}

impl OpenChange {
    /// Takes over what somebody says for conflicts of duties; what he says anew is in the place of what was
    /// said of the same person's same conflict.
    pub(crate) fn bear(&mut self, said: &[MitigationOf]) {
        for new in said {
            let of = |one: &MitigationOf| (one.operator.clone(), one.conflict.clone());
            self.mitigations.retain(|old| of(old) != of(new));
            self.mitigations.push(new.clone());
        }
    }

    /// Whether two people have to approve it: what no person asked for (but a device, for itself), where
    /// there are two who may. Else whoever has the box's account or a token, and a right to approve,
    /// would do alone what needs two.
    #[must_use]
    pub fn needs_two(&self, state: &State, matrix: &RoleMatrix) -> bool {
        state.takes_two(&self.change, &self.by, matrix)
    }
}

/// The policies that were recorded last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policies {
    /// Their digest.
    pub version: Hash,
    /// The roles.
    pub roles: RoleMatrix,
    /// What stands beside the roles, in Cedar.
    pub cedar: String,
    /// Which duties one person must not hold together; empty before the journal tells any.
    pub sod: SodTable,
    /// The settings that decide beside them; none before the journal tells any.
    pub guards: Option<Box<Guards>>,
}

/// A machine with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Which.
    pub id: ClientId,
    /// Its rights, each `module:action`, sorted.
    pub scopes: Vec<String>,
    /// SHA-256 of the token; never serialized.
    #[serde(skip)]
    pub token: Hash,
    /// SHA-256 of the only TLS certificate (DER) that it may come with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Hash>,
    /// The wall clock's microsecond since 1970 from which on the token is no good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_us: Option<i64>,
    /// Since when it has this token and these scopes. Never serialized.
    #[serde(skip)]
    pub since: Stamp,
    /// The first use on the last day of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<Stamp>,
}

/// Failures to sign in, in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lockout {
    /// How many.
    pub failures: u32,
    /// When the last one was.
    pub since: Stamp,
    /// For how many milliseconds from then no attempt counts.
    pub locked_ms: u64,
    /// No attempt counts until somebody else unlocks.
    pub until_unlocked: bool,
}

impl Lockout {
    /// Milliseconds until an attempt counts again, rounded up; 0 when it does now, `u64::MAX` when
    /// somebody must unlock first.
    #[must_use]
    pub fn remaining_ms(&self, now: &Stamp) -> u64 {
        if self.until_unlocked { u64::MAX } else { self.delay_left_ms(now) }
    }

    /// Milliseconds left of the delay alone.
    pub(crate) fn delay_left_ms(&self, now: &Stamp) -> u64 {
        remaining_ms(&self.since, self.locked_ms, now)
    }
}

/// Milliseconds left of a span that began at a moment, rounded up.
pub(crate) fn remaining_ms(since: &Stamp, span_ms: u64, now: &Stamp) -> u64 {
    // A box without a clock of its own may come up in the past: what has gone by since it started
    // has gone by in any case.
    let since_start_us = if now.boot == since.boot { 0 } else { now.mono_us };
    let gone_us = now.us_since(since).max(since_start_us);
    span_ms.saturating_mul(1000).saturating_sub(gone_us).div_ceil(1000)
}

/// Who approved a task's document, and where that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The name, as the ERP says or an operator's here.
    pub by: String,
    /// The entry that says so, if it was approved here.
    pub seq: Option<u64>,
}

/// What was done of one line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LineProgress {
    /// Base units posted.
    pub moved: i64,
    /// Keys of the things posted: none of them counts twice.
    pub things: BTreeSet<String>,
}

/// An open task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskState {
    /// What is to be done.
    pub task: Task,
    /// Who asked.
    pub by: Actor,
    /// Why that was allowed.
    pub decision: Option<Decision>,
    /// The entry that opened it: tasks are served in this order.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// The approval; nothing is executed without one.
    pub approval: Option<Approval>,
    /// Progress, in the order of the task's lines.
    pub progress: Vec<LineProgress>,
}

impl TaskState {
    /// Base units that line `index` still expects.
    #[must_use]
    pub fn remaining(&self, index: usize) -> i64 {
        let moved = self.progress.get(index).map_or(0, |p| p.moved);
        self.task.lines.get(index).map_or(0, |l| l.quantity.saturating_sub(moved).max(0))
    }

    /// True when no line expects anything any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        (0..self.task.lines.len()).all(|index| self.remaining(index) == 0)
    }
}

/// A posting that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reservation {
    /// The entry that reserved it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// What was asked for.
    pub posting: Posting,
    /// Its lines in base units. Of those that take from a place that holds stock the stock is held;
    /// none for a posting that holds nothing: a count, a reversal, one for a day gone by.
    pub lines: Vec<MovementLine>,
    /// Base units of each line that no task has used yet.
    pub left: Vec<i64>,
    /// Who asked.
    pub by: Actor,
    /// Why that was allowed.
    pub decision: Decision,
}

impl Reservation {
    /// True while no task used any of it.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.lines.iter().zip(&self.left).all(|(line, left)| line.quantity == *left)
    }

    /// True when there were lines and tasks used all that was held.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        let mut held = self.lines.iter().zip(&self.left).filter(|(l, _)| l.from.holds_stock());
        !self.is_untouched() && held.all(|(_, left)| *left == 0)
    }

    /// Milliseconds until it lapses: after `longest_ms`, or earlier where it says so itself.
    #[must_use]
    pub fn remaining_ms(&self, longest_ms: u64, now: &Stamp) -> u64 {
        let span_ms = self.posting.expires_ms.map_or(longest_ms, |own| own.min(longest_ms));
        remaining_ms(&self.at, span_ms, now)
    }

    /// The lines with what is left of each; those that are used up are left out.
    #[must_use]
    pub fn rest(&self) -> Vec<MovementLine> {
        let open = self.lines.iter().zip(&self.left).filter(|(_, left)| **left > 0);
        open.map(|(line, left)| MovementLine { quantity: *left, ..line.clone() }).collect()
    }
}

/// A pass that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// The entry that holds it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// The pass as it was seen.
    pub pass: Pass,
    /// The task it was compared with.
    pub task: TaskId,
    /// Who moved it.
    pub operator: OperatorId,
    /// How strongly that session was authenticated.
    pub auth_level: u8,
    /// The second person who was present and may move it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
    /// What differs.
    pub comparison: Comparison,
    /// Why the operator was allowed to move it at all; its module is the task's.
    pub decision: Decision,
}

/// A pass that nobody may claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantine {
    /// The entry that says so.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// The pass as it was seen.
    pub pass: Pass,
    /// Why.
    pub reason: String,
}

/// What a reviewer said of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// The entry that says so.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// Whether it stays.
    pub verdict: ReviewVerdict,
    /// Why.
    pub justification: String,
    /// By whom.
    pub by: Actor,
}

/// An open campaign of access review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewState {
    /// The entry that opened it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// As it was opened.
    pub review: Review,
    /// Who opened it.
    pub by: Actor,
    /// What was decided so far.
    pub decided: BTreeMap<ReviewItem, Reviewed>,
}

impl ReviewState {
    /// Milliseconds until it is due, rounded up. A wall clock that is set back does not put it off.
    #[must_use]
    pub fn remaining_ms(&self, now: &Stamp) -> u64 {
        let span_us = self.review.due_us.saturating_sub(self.at.wall_us);
        remaining_ms(&self.at, u64::try_from(span_us).unwrap_or(0).div_ceil(1000), now)
    }

    /// What nobody decided on yet.
    pub fn undecided(&self) -> impl Iterator<Item = &ReviewItem> {
        self.review.items.iter().filter(|item| !self.decided.contains_key(item))
    }
}

// What a device saw, how it compares, what the engine said of it, who is where: no field of a document's.
gatewarden_model::no_fields!(Quarantine, Session);

impl Mask for Hold {
    fn mask(&mut self, rights: &FieldRights) {
        self.decision.mask(rights);
    }
}

/// What a device is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownDevice {
    /// What it told of itself when it was approved.
    pub identity: DeviceFacts,
    /// Since when it is this one: what was read before is not its.
    pub since: Stamp,
}

/// A device that is not the one that was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedDevice {
    /// What it tells of itself.
    pub seen: DeviceFacts,
    /// What it should tell; nothing where it was never approved.
    pub known: DeviceFacts,
    /// When it was noticed.
    pub since: Stamp,
}

/// Everything that is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) operators: BTreeMap<OperatorId, Operator>,
    pub(crate) badges: HashMap<Hash, OperatorId>,
    pub(crate) clients: BTreeMap<ClientId, Client>,
    pub(crate) tokens: HashMap<Hash, ClientId>,
    pub(crate) lockouts: BTreeMap<OperatorId, Lockout>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) stations: HashMap<StationId, SessionId>,
    pub(crate) tasks: BTreeMap<u64, TaskState>,
    pub(crate) task_seqs: HashMap<TaskId, u64>,
    pub(crate) station_tasks: HashMap<StationId, BTreeSet<u64>>,
    pub(crate) holds: BTreeMap<PassId, Hold>,
    pub(crate) quarantine: BTreeMap<PassId, Quarantine>,
    pub(crate) reservations: BTreeMap<MovementId, Reservation>,
    pub(crate) policies: Option<Policies>,
    pub(crate) reviews: BTreeMap<ReviewId, ReviewState>,
    pub(crate) changes: BTreeMap<ChangeId, OpenChange>,
    pub(crate) devices: BTreeMap<DeviceId, KnownDevice>,
    pub(crate) refused: BTreeMap<DeviceId, RefusedDevice>,
    pub(crate) factors: BTreeMap<OperatorId, BTreeMap<Hash, KnownFactor>>,
}

impl State {
    /// All operators, by name.
    pub fn operators(&self) -> impl Iterator<Item = &Operator> {
        self.operators.values()
    }

    /// One operator.
    #[must_use]
    pub fn operator(&self, id: &OperatorId) -> Option<&Operator> {
        self.operators.get(id)
    }

    /// Whether a change takes two who approve it, if this one asks: see [`OpenChange::needs_two`].
    #[must_use]
    pub fn takes_two(&self, change: &Change, by: &Actor, matrix: &RoleMatrix) -> bool {
        let by_person = matches!(by, Actor::Operator { .. });
        if by_person || matches!(change, Change::Device { .. }) {
            return false;
        }
        let about = change.operator();
        self.approvers(matrix).filter(|one| Some(&one.id) != about).nth(1).is_some()
    }

    /// Whether a change would leave its operator without a PIN, so that he sets one with a one-time code.
    #[must_use]
    pub fn leaves_without_pin(&self, change: &Change) -> bool {
        let Change::Operator { operator, reset_pin, .. } = change else { return false };
        *reset_pin || self.operator(operator).is_none_or(|known| known.pin.is_none())
    }

    /// Whose badge it is.
    #[must_use]
    pub fn operator_by_badge(&self, badge: &Hash) -> Option<&Operator> {
        self.operators.get(self.badges.get(badge)?)
    }

    /// All clients, by name.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }

    /// The client that a token's SHA-256 belongs to.
    #[must_use]
    pub fn client_by_token(&self, token: &Hash) -> Option<&Client> {
        self.clients.get(self.tokens.get(token)?)
    }

    /// An operator's failures in a row, if there are any.
    #[must_use]
    pub fn lockout(&self, operator: &OperatorId) -> Option<&Lockout> {
        self.lockouts.get(operator)
    }

    /// Milliseconds for which no attempt of the operator to sign in counts; 0 for none.
    #[must_use]
    pub fn lock_remaining_ms(&self, operator: &OperatorId, now: &Stamp) -> u64 {
        self.lockouts.get(operator).map_or(0, |lock| lock.remaining_ms(now))
    }

    /// All open sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// One open session.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// The session at a station.
    #[must_use]
    pub fn session_at(&self, station: &StationId) -> Option<&Session> {
        self.sessions.get(self.stations.get(station)?)
    }

    /// All open tasks, oldest first.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskState> {
        self.tasks.values()
    }

    /// One open task.
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&TaskState> {
        self.tasks.get(self.task_seqs.get(&id)?)
    }

    /// The open tasks of a station, oldest first.
    pub fn tasks_at(&self, station: &StationId) -> impl Iterator<Item = &TaskState> {
        let seqs = self.station_tasks.get(station);
        seqs.into_iter().flatten().filter_map(|seq| self.tasks.get(seq))
    }

    /// All passes that wait for a decision.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values()
    }

    /// One of them.
    #[must_use]
    pub fn hold(&self, pass: PassId) -> Option<&Hold> {
        self.holds.get(&pass)
    }

    /// All quarantined passes.
    pub fn quarantine(&self) -> impl Iterator<Item = &Quarantine> {
        self.quarantine.values()
    }

    /// One of them.
    #[must_use]
    pub fn quarantined(&self, pass: PassId) -> Option<&Quarantine> {
        self.quarantine.get(&pass)
    }

    /// All postings that wait for a second person, by id.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.values()
    }

    /// One of them.
    #[must_use]
    pub fn reservation(&self, id: MovementId) -> Option<&Reservation> {
        self.reservations.get(&id)
    }

    /// All open campaigns of access review, by id.
    pub fn reviews(&self) -> impl Iterator<Item = &ReviewState> {
        self.reviews.values()
    }

    /// One of them.
    #[must_use]
    pub fn review(&self, id: ReviewId) -> Option<&ReviewState> {
        self.reviews.get(&id)
    }

    /// The state that live entries give, in order: for looking only, what is where is not in it.
    pub fn of<'e>(live: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut state = Self::default();
        live.into_iter().for_each(|entry| state.apply(entry));
        state
    }

    /// A copy with the people, the machines and the reviews, and nothing that is open about stock: for
    /// whoever looks longer than the writer may wait.
    #[must_use]
    pub fn people(&self) -> Self {
        Self {
            operators: self.operators.clone(),
            clients: self.clients.clone(),
            reviews: self.reviews.clone(),
            ..Self::default()
        }
    }

    /// The digest of the policy set that was recorded last.
    #[must_use]
    pub fn policies(&self) -> Option<Hash> {
        self.policies.as_ref().map(|policies| policies.version)
    }

    /// The policies that were recorded last, whole.
    #[must_use]
    pub fn policies_in_force(&self) -> Option<&Policies> {
        self.policies.as_ref()
    }

    /// All changes that wait for a second person, by id.
    pub fn changes(&self) -> impl Iterator<Item = &OpenChange> {
        self.changes.values()
    }

    /// One of them.
    #[must_use]
    pub fn change(&self, id: ChangeId) -> Option<&OpenChange> {
        self.changes.get(&id)
    }

    /// Who may decide on what others ask for: enrolled, in a role that grants it.
    pub fn approvers<'s>(
        &'s self,
        matrix: &'s RoleMatrix,
    ) -> impl Iterator<Item = &'s Operator> + use<'s> {
        self.operators().filter(|operator| operator.roles.iter().any(|r| approves(matrix, r)))
    }

    /// What a device is known by, once that was approved.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceFacts> {
        self.devices.get(id).map(|known| &known.identity)
    }

    /// All devices that are not the ones that were approved, by name.
    pub fn refused_devices(&self) -> impl Iterator<Item = (&DeviceId, &RefusedDevice)> {
        self.refused.iter()
    }
}

/// Whether a role grants the right to decide on what others ask for.
pub(crate) fn approves(matrix: &RoleMatrix, role: &str) -> bool {
    let grants = matrix.0.get(role).and_then(|role| role.grants.get(&Module::System));
    grants.is_some_and(|actions| actions.contains(&Action::Approve))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_set_back_over_a_restart_locks_nobody_out_for_longer() {
        let at = |boot, mono_s: u64, wall_s: i64| Stamp {
            boot: uuid::Uuid::from_u128(boot),
            mono_us: mono_s * 1_000_000,
            wall_us: wall_s * 1_000_000,
            synced: false,
        };
        let since = at(1, 100, 50_000_000);
        let lock = Lockout { failures: 5, since, locked_ms: 60_000, until_unlocked: false };
        assert_eq!(lock.remaining_ms(&at(1, 130, 0)), 30_000);
        assert_eq!(lock.remaining_ms(&at(2, 20, 50_000_030)), 30_000);
        assert_eq!(lock.remaining_ms(&at(2, 20, 0)), 40_000);
        assert_eq!(lock.remaining_ms(&at(2, 60, 0)), 0);
    }
}
