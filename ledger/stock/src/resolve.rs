//! From what somebody asks for to what would move: postings and counts in base units, with the
//! item's unit, and the lines that take a movement back.

use std::collections::HashMap;

use gatewarden_model::{
    CountLine, Counted, Item, Location, MovementKind, MovementLine, Posting, PostingLine,
    StockStatus,
};

use crate::{
    admit::{check_line_count, check_name, check_sscc},
    code::check_code,
    error::StockError,
    facts::{Site, Wants},
    places::Places,
    quantity::{counted_base, to_base},
    revalue::reversal_lines,
    stock::Stock,
};

/// Most keys of things in one posting.
const THINGS_MAX: usize = 10_000;
/// The longest key of a thing, in bytes.
const THING_BYTES_MAX: usize = 256;

/// What a posting would move.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// The lines, without values but for those stated.
    pub lines: Vec<MovementLine>,
    /// What was counted, with what the book says now.
    pub counts: Vec<Counted>,
}

impl Wants {
    /// Adds what `Stock::resolve` needs: the counted sites, the movement that is taken back.
    pub fn of_posting(&mut self, posting: &Posting) {
        for count in posting.counts.iter().take(crate::LINES_MAX) {
            self.sites.insert(Site::new(&count.item, &count.location));
        }
        self.movements.extend(posting.reverses);
    }
}

impl Stock {
    /// What a posting would move now: base units, base unit names, the stated quantities kept. Of a
    /// count the difference to the book moves to or from `@loss/count`. A posting that takes a
    /// movement back has that one's lines. `admit` checks the rest.
    pub fn resolve(&self, posting: &Posting, places: &Places) -> Result<Resolved, StockError> {
        check_line_count("lines", posting.lines.len())?;
        check_line_count("counts", posting.counts.len())?;
        check_things(posting)?;
        check_code("document.number", &posting.document.number)?;
        if let Some(id) = posting.reverses {
            return self.resolve_reversal(posting, id);
        }
        if posting.kind == MovementKind::Count {
            return self.resolve_counts(posting, places);
        }
        if !posting.counts.is_empty() {
            let message = "only a posting of kind count counts: leave them out, or make it a count";
            return Err(StockError::rule("counts-not-counted", "counts", message));
        }
        if posting.lines.is_empty() {
            let message = "nothing moves: state at least one line";
            return Err(StockError::rule("lines-missing", "lines", message));
        }
        let lines = posting.lines.iter().enumerate();
        let lines = lines.map(|(i, line)| self.resolve_line(&format!("lines[{i}]"), line, places));
        Ok(Resolved { lines: lines.collect::<Result<_, _>>()?, counts: vec![] })
    }

    fn resolve_reversal(
        &self,
        posting: &Posting,
        id: gatewarden_model::MovementId,
    ) -> Result<Resolved, StockError> {
        if !posting.lines.is_empty() || !posting.counts.is_empty() {
            let message = "a reversal has the lines of what it takes back: leave them out";
            return Err(StockError::rule("reversal-lines", "lines", message));
        }
        let (_, original) = self.original("reverses", id)?;
        if original.kind != posting.kind {
            let message = format!("{id} is a {}: state that kind", original.kind.name());
            return Err(StockError::rule("reversal-kind", "kind", message));
        }
        Ok(Resolved { lines: reversal_lines(original), counts: vec![] })
    }

    fn resolve_line(
        &self,
        field: &str,
        line: &PostingLine,
        places: &Places,
    ) -> Result<MovementLine, StockError> {
        let item = self.known_item(&format!("{field}.item"), &line.item)?;
        places.check(&format!("{field}.from"), &line.from)?;
        places.check(&format!("{field}.to"), &line.to)?;
        let unit = line.unit.as_deref();
        let quantity = to_base(&format!("{field}.quantity"), item, &line.quantity, unit)?;
        self.check_stated_value(field, line)?;
        let (from, to) = (line.from.clone(), line.to.clone());
        Ok(MovementLine {
            lot: line.lot.clone(),
            things: line.things.clone(),
            stated: stated(item, &line.quantity, unit),
            owner: line.owner.clone(),
            from_status: line.from_status,
            to_status: line.to_status,
            from_unit: line.from_unit.clone(),
            to_unit: line.to_unit.clone(),
            expires: line.expires,
            value: line.value,
            ..MovementLine::new(line.line, line.item.clone(), quantity, item.unit.clone(), from, to)
        })
    }

    /// A value is stated only where valued stock comes in from outside; else it follows from the
    /// layers.
    fn check_stated_value(&self, field: &str, line: &PostingLine) -> Result<(), StockError> {
        let Some(_) = line.value else { return Ok(()) };
        let wrong =
            |message| Err(StockError::rule("value-not-stated", format!("{field}.value"), message));
        if self.valuation(&line.item, line.owner.as_deref()).is_none() {
            return wrong(format!("{} has no value here: leave it out", line.item));
        }
        if line.from.holds_stock() || !line.to.holds_stock() {
            let message = "the value of what leaves follows from what it cost: leave it out";
            return wrong(message.to_owned());
        }
        Ok(())
    }

    fn resolve_counts(&self, posting: &Posting, places: &Places) -> Result<Resolved, StockError> {
        if !posting.lines.is_empty() {
            let message = "a count states what was counted, not what moves: use counts";
            return Err(StockError::rule("count-lines", "lines", message));
        }
        if posting.counts.is_empty() {
            let message = "nothing was counted: state at least one count";
            return Err(StockError::rule("lines-missing", "counts", message));
        }
        let loss = Location::parse("@loss/count")
            .map_err(|e| StockError::rule("unknown-location", "counts", e.to_string()))?;
        let mut resolved = Resolved::default();
        let mut seen = HashMap::new();
        for (position, count) in posting.counts.iter().enumerate() {
            let field = format!("counts[{position}]");
            let key = (&count.item, &count.location, &count.bucket);
            if let Some(other) = seen.insert(key, position) {
                let message = format!("counts[{other}] counted the same: state their sum once");
                return Err(StockError::rule("count-twice", field, message));
            }
            let (counted, line) = self.resolve_count(&field, count, places, &loss)?;
            resolved.counts.push(counted);
            resolved.lines.extend(line);
        }
        Ok(resolved)
    }

    fn resolve_count(
        &self,
        field: &str,
        count: &CountLine,
        places: &Places,
        loss: &Location,
    ) -> Result<(Counted, Option<MovementLine>), StockError> {
        let item = self.known_item(&format!("{field}.item"), &count.item)?;
        self.check_counted_place(field, count, places)?;
        let unit = count.unit.as_deref();
        let counted = counted_base(&format!("{field}.quantity"), item, &count.quantity, unit)?;
        let site = Site::new(&count.item, &count.location);
        let book = self.look(&site)?.and_then(|s| s.buckets.get(&count.bucket)).copied();
        let book = book.unwrap_or(0);
        let record = Counted {
            line: count.line,
            item: count.item.clone(),
            location: count.location.clone(),
            bucket: count.bucket.clone(),
            book,
            counted,
        };
        let difference = counted.saturating_sub(book);
        Ok((record, difference_line(item, count, difference, loss)))
    }

    fn check_counted_place(
        &self,
        field: &str,
        count: &CountLine,
        places: &Places,
    ) -> Result<(), StockError> {
        let at = format!("{field}.location");
        places.check(&at, &count.location)?;
        if !count.location.is_physical() {
            let message = format!("nobody can count at {}: state a physical place", count.location);
            return Err(StockError::rule("unknown-location", at, message));
        }
        if count.bucket.status == StockStatus::Reserved {
            let message = "reserved stock is counted when its reservation is over: void it first";
            return Err(StockError::rule(
                "status-reserved",
                format!("{field}.bucket.status"),
                message,
            ));
        }
        for (name, text) in [("lot", &count.bucket.lot), ("owner", &count.bucket.owner)] {
            if let Some(text) = text {
                check_name(&format!("{field}.bucket.{name}"), text)?;
            }
        }
        match &count.bucket.unit {
            Some(unit) => check_sscc(&format!("{field}.bucket.unit"), unit),
            None => Ok(()),
        }
    }
}

/// The line that makes the book say what was counted; none where it does.
fn difference_line(
    item: &Item,
    count: &CountLine,
    difference: i64,
    loss: &Location,
) -> Option<MovementLine> {
    if difference == 0 {
        return None;
    }
    let (at, bucket) = (count.location.clone(), &count.bucket);
    let (from, to) = if difference > 0 { (loss.clone(), at) } else { (at, loss.clone()) };
    let base = (count.line, count.item.clone(), difference.saturating_abs(), item.unit.clone());
    let plain = MovementLine::new(base.0, base.1, base.2, base.3, from, to);
    let (status, unit) = (bucket.status, bucket.unit.clone());
    let line = MovementLine { lot: bucket.lot.clone(), owner: bucket.owner.clone(), ..plain };
    Some(if difference > 0 {
        MovementLine { to_status: status, to_unit: unit, ..line }
    } else {
        MovementLine { from_status: status, from_unit: unit, ..line }
    })
}

/// The quantity as it was stated, where that was not in base units.
fn stated(item: &Item, quantity: &str, unit: Option<&str>) -> Option<String> {
    unit.filter(|unit| *unit != item.unit).map(|unit| format!("{quantity} {unit}"))
}

fn check_things(posting: &Posting) -> Result<(), StockError> {
    let count: usize = posting.lines.iter().map(|line| line.things.len()).sum();
    if count > THINGS_MAX {
        let message = format!(
            "{count} things in one document: split it into documents of at most {THINGS_MAX}"
        );
        return Err(StockError::rule("too-many-things", "lines", message));
    }
    for (position, line) in posting.lines.iter().enumerate() {
        let bad = |key: &&String| {
            key.is_empty() || key.len() > THING_BYTES_MAX || key.chars().any(char::is_control)
        };
        if let Some(key) = line.things.iter().find(bad) {
            let shown: String = key.chars().take(40).collect();
            let message = format!(
                "{shown:?} is no key of a thing: use 1 to {THING_BYTES_MAX} bytes of printable text"
            );
            let field = format!("lines[{position}].things");
            return Err(StockError::rule("name-malformed", field, message));
        }
    }
    Ok(())
}
