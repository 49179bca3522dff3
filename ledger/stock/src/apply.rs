//! Applying entries: what each one does to stock. All of it or nothing.

use gatewarden_model::{
    Amount, Body, CountSheet, Day, DocumentStep, Entry, Item, Movement, MovementLine, StockStatus,
};

use crate::{
    error::StockError,
    facts::{Site, ThingFacts, Touched},
    flow::Flow,
    plan::{Changes, Plan},
    stock::Stock,
};

impl Stock {
    /// Applies an entry; checked whole before anything changes. Entries that do nothing to stock
    /// change nothing. The rows that `Touched` names are read with `quantity`, `pool`, `thing` and
    /// `lot`.
    pub fn apply(&mut self, entry: &Entry) -> Result<Touched, StockError> {
        let Some(changes) = self.work_out(entry)? else { return Ok(Touched::default()) };
        let touched = changes.touched();
        self.commit(changes);
        self.remember(entry);
        Ok(touched)
    }

    /// Like `apply`, for who does not ask which rows it changes: that saves collecting them.
    pub fn replay(&mut self, entry: &Entry) -> Result<(), StockError> {
        if let Some(changes) = self.work_out(entry)? {
            self.commit(changes);
            self.remember(entry);
        }
        Ok(())
    }

    /// What an entry changes, checked whole; nothing for one that does nothing to stock. Items and
    /// days are noted at once, because nothing after this fails.
    fn work_out(&mut self, entry: &Entry) -> Result<Option<Changes>, StockError> {
        let changes = match &entry.body {
            Body::Moved { movement, .. } => self.work_out_moved(entry, movement)?,
            Body::Reserved { lines, .. } => self.plan_statuses(&hold_lines(lines))?,
            Body::ReservationEnded { lines, .. } => self.plan_statuses(lines)?,
            Body::ItemDefined { item, .. } => self.apply_item(item)?,
            Body::Commissioned { tag, item, lot, serial, tid, .. } => {
                let bound = ThingFacts {
                    item: Some(item.clone()),
                    lot: lot.clone(),
                    serial: serial.clone(),
                    tid: tid.clone(),
                    place: None,
                    unit: None,
                    commissioned: true,
                    seq: entry.seq,
                };
                self.plan_bound(tag, bound)?
            }
            Body::Decommissioned { tag, .. } => self.plan_released(tag, entry.seq)?,
            Body::CostLanded { movement, amounts, revalues, .. } => {
                self.plan_landed(*movement, amounts, revalues)?
            }
            Body::PeriodClosed { until, .. } => {
                self.closed_until = self.closed_until.max(Some(*until));
                Changes::default()
            }
            Body::DocumentStepped { step: DocumentStep::Counted { sheet }, .. } => {
                self.check_book(sheet)?;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        Ok(Some(changes))
    }

    /// Whether a count tells of its bin what the book says.
    fn check_book(&self, sheet: &CountSheet) -> Result<(), StockError> {
        for told in &sheet.book {
            let here = self.look(&Site::new(&told.item, &sheet.bin))?;
            let there = here.and_then(|here| here.buckets.get(&told.bucket)).copied();
            let there = there.unwrap_or(0);
            if there != told.quantity {
                let message = format!(
                    "{} of {} at {} by the book, {there} are there: count the bin again",
                    told.quantity, told.item, sheet.bin
                );
                return Err(StockError::rule("count-book", "step.sheet.book", message));
            }
        }
        Ok(())
    }

    fn work_out_moved(
        &mut self,
        entry: &Entry,
        movement: &Movement,
    ) -> Result<Changes, StockError> {
        let day = movement.day(&entry.at);
        self.refuse_closed("effective", day)?;
        let changes = if movement.back_dated {
            self.plan_past(entry.seq, day, movement)?
        } else {
            self.admit_reversal(day, movement)?;
            self.plan_moved(entry.seq, day, movement)?
        };
        if !movement.back_dated && (entry.at.synced || movement.effective.is_some()) {
            self.last_day = self.last_day.max(Some(day));
        }
        Ok(changes)
    }

    /// What a movement of now changes, its values checked.
    fn plan_moved(&self, seq: u64, day: Day, movement: &Movement) -> Result<Changes, StockError> {
        let mut plan = Plan::new(self);
        plan.quantities(&movement.lines)?;
        let flows: Vec<_> = flows(self, &movement.lines).collect();
        let values = plan.flows(&flows, day)?;
        for (flow, found) in flows.iter().zip(values) {
            check_value(flow, found)?;
        }
        plan.facts(seq, &movement.lines)?;
        Ok(plan.finish())
    }

    /// Moves stock from status to status where it is.
    fn plan_statuses(&self, lines: &[MovementLine]) -> Result<Changes, StockError> {
        for (position, line) in lines.iter().enumerate() {
            if line.from != line.to || line.from_unit != line.to_unit {
                let field = format!("lines[{position}].to");
                let message = "a reservation moves nothing: let from and to be the same";
                return Err(StockError::rule("reservation-moves", field, message));
            }
        }
        let mut plan = Plan::new(self);
        plan.quantities(lines)?;
        Ok(plan.finish())
    }

    fn apply_item(&mut self, item: &Item) -> Result<Changes, StockError> {
        self.admit_item(item)?;
        self.items.insert(item.code.clone(), item.clone());
        Ok(Changes::default())
    }

    /// Whether an item may be defined so. Its base unit and, once it has one, its valuation stay:
    /// quantities and values that are recorded already mean them.
    pub fn admit_item(&self, item: &Item) -> Result<(), StockError> {
        let Some(known) = self.items.get(&item.code) else { return Ok(()) };
        let fixed = |field: &str, is: &str| {
            let message = format!(
                "{} has {is} in the journal, which what is recorded already rests on: keep it, or \
                 define a new item code",
                item.code
            );
            Err(StockError::rule("item-fixed", format!("item.{field}"), message))
        };
        if known.unit != item.unit {
            return fixed("unit", &format!("the base unit {}", known.unit));
        }
        match &known.valuation {
            Some(valuation) if item.valuation != known.valuation => fixed(
                "valuation",
                &format!(
                    "the valuation {:?} in {} with {} decimals",
                    valuation.method, valuation.currency, valuation.decimals
                ),
            ),
            _ => Ok(()),
        }
    }

    fn plan_bound(&self, tag: &str, bound: ThingFacts) -> Result<Changes, StockError> {
        let known = self.look_thing(tag)?;
        let place = known.and_then(|facts| facts.place.clone());
        let unit = known.and_then(|facts| facts.unit.clone());
        Ok(Changes::of_thing(tag, ThingFacts { place, unit, ..bound }))
    }

    fn plan_released(&self, tag: &str, seq: u64) -> Result<Changes, StockError> {
        let Some(known) = self.look_thing(tag)?.cloned() else { return Ok(Changes::default()) };
        let free = ThingFacts { item: None, lot: None, serial: None, tid: None, ..known };
        Ok(Changes::of_thing(tag, ThingFacts { commissioned: false, seq, ..free }))
    }
}

/// Lines with their valuation, and their stated values.
pub(crate) fn flows<'a>(
    stock: &'a Stock,
    lines: &'a [MovementLine],
) -> impl Iterator<Item = Flow<'a>> {
    lines.iter().enumerate().map(|(position, line)| {
        let valuation = stock.valuation(&line.item, line.owner.as_deref());
        Flow { line, position, valuation, incoming: line.value }
    })
}

/// Whether a line states the value that it has.
fn check_value(flow: &Flow<'_>, found: Option<Amount>) -> Result<(), StockError> {
    let stated = flow.line.value;
    if stated == found {
        return Ok(());
    }
    Err(StockError::Value { field: format!("lines[{}].value", flow.position), stated, found })
}

/// What a reservation does: what its lines would take from a place that holds stock goes to the
/// status `reserved` there, with its lot, owner and handling unit.
#[must_use]
pub fn hold_lines(lines: &[MovementLine]) -> Vec<MovementLine> {
    let takes = lines.iter().filter(|line| line.from.holds_stock());
    let hold = |line: &MovementLine| MovementLine {
        to: line.from.clone(),
        to_status: StockStatus::Reserved,
        to_unit: line.from_unit.clone(),
        value: None,
        things: vec![],
        ..line.clone()
    };
    takes.map(hold).collect()
}

/// What ends a reservation: the reverse of `hold_lines` of the same lines, for
/// `Body::ReservationEnded`. Only what was not used: cut the quantities before.
#[must_use]
pub fn free_lines(lines: &[MovementLine]) -> Vec<MovementLine> {
    let back = |held: MovementLine| MovementLine {
        from_status: held.to_status,
        to_status: held.from_status,
        ..held
    };
    hold_lines(lines).into_iter().map(back).collect()
}
