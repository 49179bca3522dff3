//! What a task, a posting or a movement touches and is worth, as rights ask for it.
//!
//! Invariants: found out only where some policy of the right looks at it; what can't be found out (no
//! stock, no valuation, an item of no class) is not known, and limits deny it. An amount is the sum of
//! what every line is worth, whichever way it goes, by the stock of this moment. Absent: deciding.

use gatewarden_model::{
    Action, Amount, Decision, Document, Hash, ItemClass, ItemId, Module, Movement, MovementId,
    MovementKind, MovementLine, OperatorId, Posting, SessionId, Task, TaskLine,
};

use crate::{
    access::{Fact, Goods, Line, Looks},
    turn::Turn,
};

/// The lines of a task.
pub(crate) fn of_task(task: &Task) -> impl Iterator<Item = Line<'_>> {
    task.lines.iter().map(|line| Line {
        item: &line.item,
        places: [&line.from, &line.to],
        owner: line.owner.as_deref(),
        statuses: [line.from_status, line.to_status],
    })
}

/// The lines of a movement.
pub(crate) fn of_lines(lines: &[MovementLine]) -> impl Iterator<Item = Line<'_>> {
    lines.iter().map(|line| Line {
        item: &line.item,
        places: [&line.from, &line.to],
        owner: line.owner.as_deref(),
        statuses: [line.from_status, line.to_status],
    })
}

/// The lines and counts of a posting.
pub(crate) fn of_posting(posting: &Posting) -> impl Iterator<Item = Line<'_>> {
    let lines = posting.lines.iter().map(|line| Line {
        item: &line.item,
        places: [&line.from, &line.to],
        owner: line.owner.as_deref(),
        statuses: [line.from_status, line.to_status],
    });
    lines.chain(posting.counts.iter().map(|count| Line {
        item: &count.item,
        places: [&count.location, &count.location],
        owner: count.bucket.owner.as_deref(),
        statuses: [count.bucket.status, count.bucket.status],
    }))
}

/// What all lines are worth together; none where one has no value.
pub(crate) fn worth(lines: &[MovementLine]) -> Option<Amount> {
    lines.iter().try_fold(Amount::ZERO, |sum, line| add(sum, line.value?))
}

/// The sum of amounts, each without its sign.
pub(crate) fn sum(amounts: &[Amount]) -> Option<Amount> {
    amounts.iter().try_fold(Amount::ZERO, |sum, amount| add(sum, *amount))
}

fn add(sum: Amount, amount: Amount) -> Option<Amount> {
    let plain = if amount < Amount::ZERO { amount.checked_neg()? } else { amount };
    sum.checked_add(plain)
}

/// A decision before it is made: what a draft of a movement has in its place.
pub(crate) fn undecided() -> Decision {
    Decision {
        allowed: false,
        action: Action::View,
        module: Module::Ledger,
        policies: vec![],
        version: Hash::of(b""),
        errors: vec![],
        facts: Default::default(),
    }
}

impl Turn<'_> {
    /// What some policy of these rights looks at.
    pub(crate) fn looks(&self, module: Module, actions: &[Action]) -> Looks {
        let of = |action: &Action| self.access.looks(module, *action);
        actions.iter().map(of).fold(Looks::default(), Looks::with)
    }

    /// What lines touch, if anything of that is looked at.
    pub(crate) fn goods<'l>(
        &self,
        looks: Looks,
        lines: impl IntoIterator<Item = Line<'l>>,
    ) -> Option<Goods> {
        looks.has_goods().then(|| Goods::of(lines, |item| self.class(item)))
    }

    fn class(&self, item: &ItemId) -> Option<ItemClass> {
        self.stock.item(item).map(|item| item.class)
    }

    /// What all lines of a task are worth now, if that is looked at.
    pub(crate) fn worth_of_task(&self, looks: Looks, task: &Task) -> Option<Amount> {
        if !looks.has(Fact::Amount) {
            return None;
        }
        let lines = task.lines.iter().map(|line| self.line_of(line)).collect();
        let mut draft = draft(task.kind, task.document.clone(), lines)?;
        let day = self.today().0;
        self.stock.price(self.in_order(*self.next_seq), day, &mut draft).ok()?;
        worth(&draft.lines)
    }

    fn line_of(&self, line: &TaskLine) -> MovementLine {
        let unit = self.stock.item(&line.item).map_or_else(String::new, |item| item.unit.clone());
        let (from, to) = (line.from.clone(), line.to.clone());
        MovementLine {
            lot: line.lot.clone(),
            owner: line.owner.clone(),
            from_status: line.from_status,
            to_status: line.to_status,
            value: line.value,
            ..MovementLine::new(line.line, line.item.clone(), line.quantity, unit, from, to)
        }
    }
}

/// A movement of which only the lines count.
fn draft(kind: MovementKind, document: Document, lines: Vec<MovementLine>) -> Option<Movement> {
    let operator = OperatorId::parse("nobody").ok()?;
    Some(Movement {
        document_digest: None,
        received_by: None,
        id: MovementId(uuid::Uuid::nil()),
        kind,
        document,
        task: None,
        station: None,
        devices: vec![],
        pass: None,
        session: SessionId(uuid::Uuid::nil()),
        approved_by: String::new(),
        operator,
        auth_level: 0,
        second: None,
        decision: undecided(),
        approval_seq: None,
        resolution_seq: None,
        lines,
        evidence: Hash::of(b""),
        reservation: None,
        effective: None,
        back_dated: false,
        reverses: None,
        counts: vec![],
        revalues: vec![],
        voucher: vec![],
        confirmation: None,
    })
}
