//! What a subcontractor had for an order: material that went out and came back, and what was made of it.
//!
//! Invariant: a function of the movements on the order, so that the judge finds the same; a movement that takes
//! another back undoes what that did. Absent: what the BOM gives for it (`gatewarden-planning`).

use std::collections::BTreeMap;

use gatewarden_model::{Amount, ItemId, Movement, MovementKind, MovementLine};

/// Material that he had of an item, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// What went out.
    pub issued: i64,
    /// What that was worth.
    pub value: Amount,
    /// What came back as it was.
    pub returned: i64,
}

/// What a subcontractor had and made for an order, by item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worked {
    /// Material.
    pub sent: BTreeMap<ItemId, Sent>,
    /// What was made of it and came in, in base units.
    pub made: BTreeMap<ItemId, i64>,
}

impl Worked {
    /// Whether nothing went to him and nothing came of it.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.sent.is_empty() && self.made.is_empty()
    }

    /// Counts a movement on the order.
    pub(crate) fn take(&mut self, movement: &Movement) {
        let back = movement.reverses.is_some();
        for line in &movement.lines {
            let (from, to) = if back { (&line.to, &line.from) } else { (&line.from, &line.to) };
            let ends = (from.virtual_kind(), to.virtual_kind());
            self.line(movement.kind, ends, line, if back { -1 } else { 1 });
        }
    }

    fn line(
        &mut self,
        kind: MovementKind,
        ends: (Option<&str>, Option<&str>),
        line: &MovementLine,
        sign: i64,
    ) {
        // What is out of range was refused before it was recorded.
        let quantity = line.quantity.saturating_mul(sign);
        match (kind, ends) {
            (MovementKind::SubcontractOut, _) => {
                let sent = self.sent.entry(line.item.clone()).or_default();
                sent.issued = sent.issued.saturating_add(quantity);
                let value = line.value.unwrap_or_default().units().saturating_mul(sign);
                sent.value = Amount::from_units(sent.value.units().saturating_add(value));
            }
            (MovementKind::SubcontractIn, (Some("subcontractor"), None)) => {
                let sent = self.sent.entry(line.item.clone()).or_default();
                sent.returned = sent.returned.saturating_add(quantity);
            }
            (MovementKind::SubcontractIn, (Some("production"), None)) => {
                let made = self.made.entry(line.item.clone()).or_default();
                *made = made.saturating_add(quantity);
            }
            _ => {}
        }
    }
}
