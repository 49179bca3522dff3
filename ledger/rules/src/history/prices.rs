//! Changes of what items cost: told by orders and price lists, held against what was told or paid before.
//!
//! A cost a piece is held as an amount and a quantity, and two are compared crosswise: no rate is ever rounded.
//! Invariants: a document tells what something costs when it is approved, never as a draft; whoever wrote the
//! version is who changed the price; the last change of each item; at most [`PRICED_MAX`] items and
//! [`WAITING_LINES_MAX`] lines of documents that wait for their approval. What had to be left out is told.

use std::collections::{HashMap, VecDeque};

use gatewarden_model::{
    Amount, Document, DocumentContent, DocumentKind, DocumentStep, ItemId, Movement, MovementKind,
    OperatorId, Task,
};

/// Most items.
const PRICED_MAX: usize = 200_000;
/// Most lines of documents that wait for their approval.
const WAITING_LINES_MAX: usize = 200_000;

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

/// A version that is not approved yet.
#[derive(Debug, Clone)]
struct Waiting {
    version: u32,
    by: Option<OperatorId>,
    lines: Vec<(ItemId, Amount, i64)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Prices {
    items: HashMap<ItemId, (Cost, Option<Change>)>,
    waiting: HashMap<Document, Waiting>,
    /// In the order in which they were first written.
    order: VecDeque<Document>,
    waiting_lines: usize,
    lost: Option<i64>,
}

/// Whether a kind of document tells what items cost.
fn tells_prices(kind: DocumentKind) -> bool {
    use DocumentKind::{PriceList, PurchaseOrder, SubcontractOrder};
    matches!(kind, PriceList | PurchaseOrder | SubcontractOrder)
}

impl Prices {
    pub(super) fn overflow(&self) -> bool {
        self.lost.is_some()
    }

    /// Whether a change may be missing of those that count at `now`.
    pub(super) fn lost(&self, now: i64, span_us: i64) -> bool {
        self.lost.is_some_and(|at| now.saturating_sub(at) < span_us)
    }

    /// A version that was written.
    pub(super) fn written(&mut self, content: &DocumentContent, by: Option<&OperatorId>) {
        if !tells_prices(content.document.kind) {
            return;
        }
        let lines = content.lines.iter();
        let lines: Vec<_> = lines
            .filter_map(|line| Some((line.item.clone(), line.amount?, line.quantity)))
            .collect();
        self.waiting_lines += lines.len();
        let waiting = Waiting { version: content.version, by: by.cloned(), lines };
        match self.waiting.insert(content.document.clone(), waiting) {
            Some(before) => self.waiting_lines -= before.lines.len(),
            None => self.order.push_back(content.document.clone()),
        }
        while self.waiting_lines > WAITING_LINES_MAX {
            let Some(oldest) = self.order.front().cloned() else { break };
            self.forget(&oldest);
        }
    }

    /// A step of a document.
    pub(super) fn stepped(
        &mut self,
        document: &Document,
        version: u32,
        step: &DocumentStep,
        at: i64,
    ) {
        if !tells_prices(document.kind) {
            return;
        }
        match step {
            DocumentStep::Approved { .. } => match self.forget(document) {
                Some(waiting) if waiting.version == version => {
                    for (item, amount, quantity) in &waiting.lines {
                        let changed = Some((waiting.by.as_ref(), at));
                        self.told(item, (Some(*amount), *quantity), changed, at);
                    }
                }
                _ => {
                    // Whatever it named may cost something else now.
                    self.items.clear();
                    self.lost = self.lost.max(Some(at));
                }
            },
            DocumentStep::Closed { .. } | DocumentStep::Cancelled { .. } => {
                self.forget(document);
            }
            _ => {}
        }
    }

    fn forget(&mut self, document: &Document) -> Option<Waiting> {
        let waiting = self.waiting.remove(document)?;
        self.waiting_lines -= waiting.lines.len();
        if let Some(place) = self.order.iter().position(|one| one == document) {
            self.order.remove(place);
        }
        Some(waiting)
    }

    /// What an ERP orders a receipt at.
    pub(super) fn task(&mut self, task: &Task, by: Option<&OperatorId>, at: i64) {
        if task.kind == MovementKind::Receipt {
            for line in &task.lines {
                self.told(&line.item, (line.value, line.quantity), Some((by, at)), at);
            }
        }
    }

    /// What a receipt cost is what the next price is held against; it changes none itself.
    pub(super) fn moved(&mut self, movement: &Movement, at: i64) {
        if movement.kind == MovementKind::Receipt {
            for line in &movement.lines {
                self.told(&line.item, (line.value, line.quantity), None, at);
            }
        }
    }

    /// Takes what so many cost; by whom and when where that is a change of the price.
    fn told(
        &mut self,
        item: &ItemId,
        (amount, quantity): (Option<Amount>, i64),
        changed: Option<(Option<&OperatorId>, i64)>,
        now: i64,
    ) {
        let Some(amount) = amount.filter(|_| quantity > 0) else { return };
        let cost = Cost { amount: amount.units(), quantity };
        let Some((known, change)) = self.items.get_mut(item) else {
            match self.items.len() < PRICED_MAX {
                true => drop(self.items.insert(item.clone(), (cost, None))),
                false => self.lost = self.lost.max(Some(now)),
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
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use gatewarden_model::DocumentLine;

    use super::*;

    #[test]
    fn documents_that_are_given_up_make_room() {
        let mut prices = Prices::default();
        let content = |number: usize, version| DocumentContent {
            version,
            lines: (1..=3).map(|n| line(n, "NUT", 10, 5)).collect(),
            ..order(number)
        };
        for number in 0..WAITING_LINES_MAX / 3 + 10 {
            prices.written(&content(number, 1), None);
            prices.written(&content(number, 2), None);
        }
        assert!(prices.waiting_lines <= WAITING_LINES_MAX);
        assert_eq!(prices.waiting.len(), prices.order.len());
        let approved = DocumentStep::Approved { signatures: vec![] };
        prices.stepped(&order(0).document, 2, &approved, 7);
        assert!(prices.lost(8, 5) && !prices.lost(12, 5), "it was forgotten, which is told");
        let kept = &order(WAITING_LINES_MAX / 3).document;
        prices.stepped(kept, 2, &approved, 100);
        assert!(!prices.lost(101, 5) && !prices.waiting.contains_key(kept));
    }

    fn order(number: usize) -> DocumentContent {
        let (kind, number) = (DocumentKind::PurchaseOrder, number.to_string());
        DocumentContent::new(Document { kind, number })
    }

    fn line(line: u32, item: &str, quantity: i64, amount: i64) -> DocumentLine {
        let plain = DocumentLine::new(line, item.parse().unwrap(), quantity);
        DocumentLine { amount: Some(Amount::from_units(amount)), ..plain }
    }

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
