//! Which rights are used: the last time and how often, by person and machine, out of the decisions that
//! entries tell; and with that what a reviewer looks at, and which rights nobody needs.
//!
//! Invariants: only what was allowed and done is a use; looking leaves no entry, so that a right to view
//! is never called unused (`is_recorded`). An enrolment does not tell whether it was the first, so it is
//! a use of both rights that may have allowed it. Fed the entries of a span, in order; bounded by people
//! × rights and the tasks of the span. Pure. Absent: choosing the span, and any judgement.

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::{
    Action, Actor, Body, ClientId, Decision, Entry, Module, OperatorId, ReviewItem, Right,
    RoleMatrix, Stamp, TaskId,
};
use serde::Serialize;

use crate::state::State;

/// Whose right it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// A person.
    Operator(OperatorId),
    /// A machine.
    Client(ClientId),
}

/// How a right was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Use {
    /// The entry of the last time.
    pub seq: u64,
    /// When that was.
    pub at: Stamp,
    /// How often.
    pub count: u64,
}

/// The uses of a span. See the file's header.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    of: BTreeMap<(Holder, Right), Use>,
    tasks: HashMap<TaskId, Module>,
}

impl Uses {
    /// Takes the next entry.
    pub fn feed(&mut self, entry: &Entry) {
        match &entry.body {
            Body::TaskOpened { task, by, decision } => {
                self.tasks.insert(task.id, task.kind.module());
                if let Some(decision) = decision {
                    self.decided(by, decision, entry);
                }
            }
            Body::TaskClosed { task, reason, by } => {
                if let Some(module) = self.tasks.remove(task).filter(|_| reason == "withdrawn") {
                    self.used(by, module, Action::Modify, entry);
                }
            }
            Body::TaskApproved { by, decision, .. }
            | Body::QuarantineResolved { by, decision, .. }
            | Body::HoldDecided { by, decision, .. }
            | Body::Commissioned { by, decision, .. }
            | Body::Decommissioned { by, decision, .. }
            | Body::LabelQueued { by, decision, .. }
            | Body::LabelDecided { by, decision, .. }
            | Body::TagAccessAsked { by, decision, .. }
            | Body::Reserved { by, decision, .. }
            | Body::CostLanded { by, decision, .. }
            | Body::PeriodClosed { by, decision, .. }
            | Body::ReviewOpened { by, decision, .. }
            | Body::ReviewDecided { by, decision, .. } => self.decided(by, decision, entry),
            // The movement of what was posted tells the same decision.
            Body::ReservationEnded { reason, by, decision: Some(decision), .. }
                if reason != "posted" =>
            {
                self.decided(by, decision, entry);
            }
            Body::Moved { movement, .. } => {
                let by = Actor::Operator { id: movement.operator.clone(), session: None };
                self.decided(&by, &movement.decision, entry);
            }
            _ => self.feed_system(entry),
        }
    }

    fn feed_system(&mut self, entry: &Entry) {
        let (by, actions): (&Actor, &[Action]) = match &entry.body {
            Body::Enrolled { by, .. } => (by, &[Action::Create, Action::Modify]),
            Body::ClientAdded { by, .. } => (by, &[Action::Create]),
            Body::ChangeDecided { by, decision: Some(_), .. } => (by, &[Action::Approve]),
            Body::Removed { by, .. } | Body::ClientRevoked { by, .. } => (by, &[Action::Delete]),
            Body::KeyRotated { by, .. } | Body::Restored { by, .. } => (by, &[Action::Modify]),
            _ => return,
        };
        for action in actions {
            self.used(by, Module::System, *action, entry);
        }
    }

    fn decided(&mut self, by: &Actor, decision: &Decision, entry: &Entry) {
        if decision.allowed {
            self.used(by, decision.module, decision.action, entry);
        }
    }

    fn used(&mut self, by: &Actor, module: Module, action: Action, entry: &Entry) {
        let holder = match by {
            Actor::Operator { id, .. } => Holder::Operator(id.clone()),
            Actor::Client { id } => Holder::Client(id.clone()),
            Actor::Local { .. } | Actor::Daemon | Actor::Nobody => return,
        };
        let (seq, at) = (entry.seq, entry.at);
        let used = self.of.entry((holder, Right { module, action }));
        let known = used.or_insert(Use { seq, at, count: 0 });
        *known = Use { seq, at, count: known.count.saturating_add(1) };
    }

    /// How somebody used a right.
    #[must_use]
    pub fn by(&self, holder: &Holder, right: Right) -> Option<Use> {
        self.of.get(&(holder.clone(), right)).copied()
    }
}

/// Whether using a right leaves an entry: looking does not.
#[must_use]
pub fn is_recorded(right: Right) -> bool {
    right.action != Action::View
}

/// What a reviewer sees of one right behind an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RightFacts {
    /// The right.
    pub right: Right,
    /// Whether its use leaves an entry at all.
    pub recorded: bool,
    /// The last use in the span, and how often.
    pub used: Option<Use>,
    /// Others who hold the same role.
    pub peers: u64,
    /// Those of them who used it in the span, in per cent rounded down; none without peers.
    pub peers_pct: Option<u64>,
}

/// How many hold each role or scope, and how many of them use what it gives: counted once for all items.
#[derive(Debug)]
pub struct Peers<'u> {
    uses: &'u Uses,
    matrix: &'u RoleMatrix,
    /// By role, or by scope with a machine's mark: holders, and those who used each right.
    of: BTreeMap<(bool, String), (u64, BTreeMap<Right, u64>)>,
}

impl<'u> Peers<'u> {
    /// Counts who holds and uses what.
    #[must_use]
    pub fn new(state: &State, matrix: &'u RoleMatrix, uses: &'u Uses) -> Self {
        let mut peers = Self { uses, matrix, of: BTreeMap::new() };
        for operator in state.operators() {
            for role in &operator.roles {
                peers.count(&Holder::Operator(operator.id.clone()), role);
            }
        }
        for client in state.clients() {
            for scope in &client.scopes {
                peers.count(&Holder::Client(client.id.clone()), scope);
            }
        }
        peers
    }

    fn count(&mut self, holder: &Holder, what: &str) {
        let rights = self.rights(holder, what);
        let key = (matches!(holder, Holder::Client(_)), what.to_owned());
        let (holders, users) = self.of.entry(key).or_default();
        *holders += 1;
        for right in rights.into_iter().filter(|right| self.uses.by(holder, *right).is_some()) {
            *users.entry(right).or_default() += 1;
        }
    }

    /// What a role or scope gives.
    fn rights(&self, holder: &Holder, what: &str) -> Vec<Right> {
        match holder {
            Holder::Operator(_) => rights_of(self.matrix, what),
            Holder::Client(_) => what.parse().into_iter().collect(),
        }
    }

    /// The rights behind an item that is held, each with its use in the span and the peers'.
    #[must_use]
    pub fn facts(&self, item: &ReviewItem) -> Vec<RightFacts> {
        let (holder, what) = match item {
            ReviewItem::Role { operator, role } => (Holder::Operator(operator.clone()), role),
            ReviewItem::Scope { client, scope } => (Holder::Client(client.clone()), scope),
        };
        let key = (matches!(holder, Holder::Client(_)), what.clone());
        let none = (0, BTreeMap::new());
        let (holders, users) = self.of.get(&key).unwrap_or(&none);
        let peers = holders.saturating_sub(1);
        let tell = |right: Right| {
            let used = self.uses.by(&holder, right);
            let all = users.get(&right).copied().unwrap_or(0);
            let others = all.saturating_sub(u64::from(used.is_some())).min(peers);
            let recorded = is_recorded(right);
            let peers_pct = if recorded { (others * 100).checked_div(peers) } else { None };
            RightFacts { right, recorded, used, peers, peers_pct }
        };
        self.rights(&holder, what).into_iter().map(tell).collect()
    }
}

/// A right that nobody used in the span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// Whose.
    pub holder: Holder,
    /// What.
    pub right: Right,
    /// By which roles; none for a machine's scope.
    pub roles: Vec<String>,
}

/// The rights that were not used in the span, of those whose use leaves an entry.
#[must_use]
pub fn unused(state: &State, matrix: &RoleMatrix, uses: &Uses) -> Vec<Unused> {
    let mut held: BTreeMap<(Holder, Right), Vec<String>> = BTreeMap::new();
    for operator in state.operators() {
        for role in &operator.roles {
            for right in rights_of(matrix, role) {
                let holder = Holder::Operator(operator.id.clone());
                held.entry((holder, right)).or_default().push(role.clone());
            }
        }
    }
    for client in state.clients() {
        for right in client.scopes.iter().filter_map(|scope| scope.parse::<Right>().ok()) {
            held.entry((Holder::Client(client.id.clone()), right)).or_default();
        }
    }
    let idle = held
        .into_iter()
        .filter(|((holder, right), _)| is_recorded(*right) && uses.by(holder, *right).is_none());
    idle.map(|((holder, right), roles)| Unused { holder, right, roles }).collect()
}

/// What a role grants, each right once.
fn rights_of(matrix: &RoleMatrix, role: &str) -> Vec<Right> {
    let grants = matrix.0.get(role).into_iter().flat_map(|role| &role.grants);
    let rights = grants.flat_map(|(module, actions)| {
        actions.iter().map(|action| Right { module: *module, action: *action })
    });
    let once: std::collections::BTreeSet<Right> = rights.collect();
    once.into_iter().collect()
}
