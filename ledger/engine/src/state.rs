//! What is open: operators, clients, sessions, tasks with their progress, reservations, holds,
//! quarantine. What is where is `gatewarden_stock`'s.
//!
//! The state is a pure function of the live entries: replaying the entries that touch what is still
//! open gives an equal state (`PartialEq`, tested). What must not survive a
//! restart (badges seen, last activity, recent answers) is not here but in `memory`.

pub(crate) mod counts;
mod documents;
mod labels;
pub(crate) mod lines;
mod people;
mod reviews;
mod session;
mod todos;
mod work;
mod worked;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use gatewarden_model::{
    Action, Actor, Change, ChangeId, ClientId, DeviceFacts, DeviceId, Document, DocumentKind,
    Entry, Hash, LabelId, Module, MovementId, OperatorId, PassId, ReviewId, RoleMatrix, SessionId,
    Stamp, StationId, TaskId,
};

use gatewarden_planning::count::Frozen;

use crate::{factors::KnownFactor, procedures::Procedures};

pub use counts::{Count, CountPhase};
pub use documents::OpenDocument;
pub use labels::OpenLabel;
pub use people::{
    Activation, Client, KnownDevice, Lockout, OpenChange, Operator, Policies, RefusedDevice,
};
pub use reviews::{ReviewState, Reviewed};
pub use session::Session;
pub use todos::Todo;
pub use work::{Approval, Hold, LineProgress, Quarantine, Reservation, TaskState};
pub use worked::{Sent, Worked};

// Who is where: no field of a document's.
gatewarden_model::no_fields!(Session);

/// Milliseconds left of a span that began at a moment, rounded up.
pub(crate) fn remaining_ms(since: &Stamp, span_ms: u64, now: &Stamp) -> u64 {
    // A box without a clock of its own may come up in the past: what has gone by since it started
    // has gone by in any case.
    let since_start_us = if now.boot == since.boot { 0 } else { now.mono_us };
    let gone_us = now.us_since(since).max(since_start_us);
    span_ms.saturating_mul(1000).saturating_sub(gone_us).div_ceil(1000)
}

/// Everything that is open.
#[derive(Debug, Clone, Default, PartialEq)]
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
    pub(crate) station_lines: HashMap<StationId, lines::Lines>,
    pub(crate) holds: BTreeMap<PassId, Hold>,
    pub(crate) quarantine: BTreeMap<PassId, Quarantine>,
    pub(crate) reservations: BTreeMap<MovementId, Reservation>,
    pub(crate) labels: BTreeMap<LabelId, OpenLabel>,
    pub(crate) label_seqs: BTreeMap<u64, LabelId>,
    pub(crate) policies: Option<Policies>,
    pub(crate) reviews: BTreeMap<ReviewId, ReviewState>,
    pub(crate) changes: BTreeMap<ChangeId, OpenChange>,
    pub(crate) devices: BTreeMap<DeviceId, KnownDevice>,
    pub(crate) refused: BTreeMap<DeviceId, RefusedDevice>,
    pub(crate) factors: BTreeMap<OperatorId, BTreeMap<Hash, KnownFactor>>,
    pub(crate) procedures: BTreeMap<Hash, Arc<Procedures>>,
    pub(crate) procedures_version: Option<Hash>,
    pub(crate) documents: BTreeMap<Document, Box<OpenDocument>>,
    pub(crate) frozen: Frozen,
    pub(crate) numbered: BTreeMap<(DocumentKind, String), String>,
    pub(crate) receivers: BTreeMap<StationId, (OperatorId, Stamp)>,
    pub(crate) todos: BTreeMap<u64, Todo>,
    /// Decimals of the ledger's currency, as the items say that have a value.
    pub(crate) decimals: Option<u8>,
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
