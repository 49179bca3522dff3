//! Small issues just under a limit, together: what somebody takes in parts may be over it.
//!
//! Invariants: an issue is looked at under its operator and its document, and under each of its items with the
//! operator; only issues near the limit are kept. Absent: whether that is wrong, which a rule says.

use gatewarden_model::{Amount, Movement, MovementKind};

use super::{HistorySettings, US_AN_HOUR, window::Window};

/// What is kept of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Small {
    amount: i64,
    quantity: i64,
}

/// Several of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Together {
    pub(super) key: String,
    pub(super) count: i64,
    pub(super) amount: i64,
    pub(super) quantity: i64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Split {
    window: Window<String, Small>,
}

/// What a movement is worth, where every line says it, and its base units.
pub(crate) fn worth(movement: &Movement) -> (Option<i64>, i64) {
    let mut amount = Some(Amount::ZERO);
    let mut quantity = 0_i64;
    for line in &movement.lines {
        amount = amount.zip(line.value).and_then(|(sum, value)| sum.checked_add(value));
        quantity = quantity.saturating_add(line.quantity);
    }
    (amount.filter(|_| !movement.lines.is_empty()).map(Amount::units), quantity)
}

/// Whether goods leave for use: what limits of issues are about.
fn is_issue(kind: MovementKind) -> bool {
    matches!(kind, MovementKind::Issue | MovementKind::ProductionIssue | MovementKind::Scrap)
}

/// Under what an issue is looked at.
fn keys(movement: &Movement) -> impl Iterator<Item = String> {
    let who = movement.operator.as_str();
    let mut items: Vec<&str> = movement.lines.iter().map(|line| line.item.as_str()).collect();
    items.sort_unstable();
    items.dedup();
    items.truncate(ITEMS_LOOKED_AT_MAX);
    let items: Vec<String> = items.into_iter().map(|item| format!("{who} · {item}")).collect();
    std::iter::once(who.to_owned()).chain(items)
}

/// Under how many of its items a movement is looked at.
const ITEMS_LOOKED_AT_MAX: usize = 8;

impl Split {
    pub(super) fn overflow(&self) -> bool {
        self.window.overflow()
    }

    pub(super) fn moved(&mut self, movement: &Movement, at: i64, settings: &HistorySettings) {
        if !is_issue(movement.kind) {
            return;
        }
        let (amount, quantity) = worth(movement);
        if !settings.near.is_near(amount, quantity) {
            return;
        }
        let span = i64::from(settings.near.span_h) * US_AN_HOUR;
        let small = Small { amount: amount.unwrap_or(0), quantity };
        for key in keys(movement) {
            self.window.put(key, at, small, span);
        }
    }

    /// The most that a movement is one of; nothing where it is none.
    pub(super) fn together(
        &self,
        movement: &Movement,
        now: i64,
        settings: &HistorySettings,
    ) -> Together {
        if !is_issue(movement.kind) {
            return Together::default();
        }
        let (amount, quantity) = worth(movement);
        if !settings.near.is_near(amount, quantity) {
            return Together::default();
        }
        let span = i64::from(settings.near.span_h) * US_AN_HOUR;
        let all = keys(movement).map(|key| {
            let mut together = Together::default();
            for (_, small) in self.window.lately(&key, now, span) {
                together.count += 1;
                together.amount = together.amount.saturating_add(small.amount);
                together.quantity = together.quantity.saturating_add(small.quantity);
            }
            Together { key, ..together }
        });
        all.max_by_key(|together| (together.count, together.amount)).unwrap_or_default()
    }
}
