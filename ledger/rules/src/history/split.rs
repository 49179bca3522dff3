//! Small issues just under a limit, together: what somebody takes in parts may be over it.
//!
//! Invariants: an issue is looked at under its operator and its document, and under each of its items with the
//! operator; only issues near the limit are kept. Absent: whether that is wrong, which a rule says.

use gatewarden_model::{Amount, Movement, MovementKind};

use super::{
    HistorySettings, US_AN_HOUR,
    window::{Window, told},
};

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
    /// How many, what they are worth, base units.
    window: Window<String, 3>,
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

    /// Whether what is told at `now` would be too low.
    pub(super) fn lost(&self, now: i64, settings: &HistorySettings) -> bool {
        self.window.lost(now, span_us(settings))
    }

    pub(super) fn moved(&mut self, movement: &Movement, at: i64, settings: &HistorySettings) {
        if !is_issue(movement.kind) {
            return;
        }
        let (amount, quantity) = worth(movement);
        if !settings.near.is_near(amount, quantity) {
            return;
        }
        let small = [1, amount.unwrap_or(0).into(), quantity.into()];
        for key in keys(movement) {
            self.window.put(key.as_str(), at, small, span_us(settings));
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
        let all = keys(movement).map(|key| {
            let sums = self.window.lately(key.as_str(), now, span_us(settings));
            let [count, amount, quantity] = sums.map(told);
            Together { key, count, amount, quantity }
        });
        all.max_by_key(|together| (together.count, together.amount)).unwrap_or_default()
    }
}

/// How long a small issue counts.
pub(super) fn span_us(settings: &HistorySettings) -> i64 {
    i64::from(settings.near.span_h) * US_AN_HOUR
}
