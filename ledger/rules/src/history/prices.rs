//! Changes of what items cost: told by orders and price lists, held against what was told or paid before.
//!
//! A cost a piece is held as an amount and a quantity, and two are compared crosswise: no rate is ever rounded.
//! Invariants: the last change of each item; at most [`PRICED_MAX`] items.

use std::collections::HashMap;

use gatewarden_model::{
    Amount, DocumentContent, DocumentKind, ItemId, Movement, MovementKind, OperatorId, Task,
};

/// Most items.
const PRICED_MAX: usize = 200_000;

/// What so many cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    amount: i64,
    quantity: i64,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: i64,
    pub(super) by: Option<OperatorId>,
    /// In per mille of the cost before; bounded by one million either way.
    pub(super) permille: i64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Prices {
    items: HashMap<ItemId, (Cost, Option<Change>)>,
    overflow: bool,
}

impl Prices {
    pub(super) fn overflow(&self) -> bool {
        self.overflow
    }

    pub(super) fn document(&mut self, content: &DocumentContent, by: Option<&OperatorId>, at: i64) {
        use DocumentKind::{PriceList, PurchaseOrder, SubcontractOrder};
        if !matches!(content.document.kind, PriceList | PurchaseOrder | SubcontractOrder) {
            return;
        }
        for line in &content.lines {
            self.told(&line.item, (line.amount, line.quantity), Some((by, at)));
        }
    }

    /// What an ERP orders a receipt at.
    pub(super) fn task(&mut self, task: &Task, by: Option<&OperatorId>, at: i64) {
        if task.kind == MovementKind::Receipt {
            for line in &task.lines {
                self.told(&line.item, (line.value, line.quantity), Some((by, at)));
            }
        }
    }

    /// What a receipt cost is what the next price is held against; it changes none itself.
    pub(super) fn moved(&mut self, movement: &Movement) {
        if movement.kind == MovementKind::Receipt {
            for line in &movement.lines {
                self.told(&line.item, (line.value, line.quantity), None);
            }
        }
    }

    /// Takes what so many cost; by whom and when where that is a change of the price.
    fn told(
        &mut self,
        item: &ItemId,
        (amount, quantity): (Option<Amount>, i64),
        changed: Option<(Option<&OperatorId>, i64)>,
    ) {
        let Some(amount) = amount.filter(|_| quantity > 0) else { return };
        let cost = Cost { amount: amount.units(), quantity };
        let Some((known, change)) = self.items.get_mut(item) else {
            match self.items.len() < PRICED_MAX {
                true => drop(self.items.insert(item.clone(), (cost, None))),
                false => self.overflow = true,
            }
            return;
        };
        if let Some((by, at)) = changed
            && let Some(permille) = delta(*known, cost).filter(|permille| *permille != 0)
        {
            *change = Some(Change { at, by: by.cloned(), permille });
        }
        *known = cost;
    }

    /// The last change of an item's price.
    pub(super) fn last(&self, item: &ItemId) -> Option<&Change> {
        self.items.get(item)?.1.as_ref()
    }
}

/// By how many per mille the cost a piece changed, towards zero; none where there was none before.
fn delta(before: Cost, now: Cost) -> Option<i64> {
    let was = i128::from(before.amount) * i128::from(now.quantity);
    let is = i128::from(now.amount) * i128::from(before.quantity);
    if was <= 0 {
        return None;
    }
    let more = is - was;
    let permille =
        more.checked_mul(1_000).map_or_else(|| (more / was).saturating_mul(1_000), |all| all / was);
    // A change too small for a per mille is one all the same.
    let permille = if permille == 0 { more.signum() } else { permille };
    i64::try_from(permille.clamp(-1_000_000, 1_000_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_price_is_told_without_a_rate() {
        let cost = |amount, quantity| Cost { amount, quantity };
        for (before, now, expect) in [
            (cost(100, 10), cost(1_000, 100), Some(0)),
            (cost(100, 10), cost(120, 10), Some(200)),
            (cost(100, 3), cost(90, 3), Some(-100)),
            (cost(1_000_000, 3), cost(1_000_001, 3), Some(1)),
            (cost(0, 3), cost(5, 3), None),
            (cost(1, i64::MAX), cost(i64::MAX, 1), Some(1_000_000)),
        ] {
            assert_eq!(delta(before, now), expect, "{before:?} {now:?}");
        }
    }
}
