//! The rules of lots and things: which must be named, which may be taken, where they must be.

use std::collections::{BTreeSet, HashMap};

use gatewarden_model::{Day, Item, Movement, MovementKind, MovementLine, Tracking};

use crate::{
    admit::field,
    error::StockError,
    facts::{Site, ThingFacts},
    stock::Stock,
};

impl Stock {
    /// Lots: named where the item is tracked by lot, received before, told one last day, not expired.
    pub(crate) fn admit_lots(&self, movement: &Movement, day: Day) -> Result<(), StockError> {
        for (position, line) in movement.lines.iter().enumerate() {
            match &line.lot {
                Some(lot) => self.admit_lot(movement.kind, day, position, line, lot)?,
                None => self.admit_no_lot(movement.kind, position, line)?,
            }
        }
        Ok(())
    }

    fn admit_no_lot(
        &self,
        kind: MovementKind,
        position: usize,
        line: &MovementLine,
    ) -> Result<(), StockError> {
        let wrong = |message| Err(StockError::rule("lot-missing", field(position, "lot"), message));
        if line.expires.is_some() {
            return wrong("a last day without its lot: name the lot".to_owned());
        }
        let tracked = self.items.get(&line.item).map(|item| item.tracking) == Some(Tracking::Lot);
        // Stock from before the item was tracked can still be taken out of the book.
        let clears =
            matches!(kind, MovementKind::Count | MovementKind::Adjustment | MovementKind::Scrap)
                && line.from.holds_stock();
        if !tracked || clears {
            return Ok(());
        }
        let there = self.lots_at(line);
        let which = if there.is_empty() { String::new() } else { format!(" ({there})") };
        wrong(format!("{} is tracked by lot: name the lot{which}", line.item))
    }

    fn admit_lot(
        &self,
        kind: MovementKind,
        day: Day,
        position: usize,
        line: &MovementLine,
        lot: &str,
    ) -> Result<(), StockError> {
        let wrong =
            |code, name, message| Err(StockError::rule(code, field(position, name), message));
        let Some(facts) = self.look_lot(&line.item, lot)? else {
            if brings_lots(kind, line) {
                return check_expired(kind, day, position, line, lot, line.expires);
            }
            let there = self.lots_at(line);
            let instead = match there.is_empty() {
                true => "receive it first".to_owned(),
                false => format!("{} has {there}", line.from),
            };
            let message = format!("lot {lot} of {} was never received: {instead}", line.item);
            return wrong("lot-foreign", "lot", message);
        };
        match (facts.expires, line.expires) {
            (Some(known), Some(told)) if known != told => {
                let message = format!(
                    "the last day of lot {lot} of {} is {known}, not {told}: leave it out, or take \
                     another lot",
                    line.item
                );
                wrong("lot-expiry", "expires", message)
            }
            (known, told) => check_expired(kind, day, position, line, lot, known.or(told)),
        }
    }

    /// The lots of an item at the place a line takes from, in words.
    fn lots_at(&self, line: &MovementLine) -> String {
        const SHOWN_MAX: usize = 5;
        let stock = self.sites.get(&Site::new(&line.item, &line.from));
        let buckets = stock.iter().flat_map(|stock| stock.buckets.keys());
        let lots: BTreeSet<&str> = buckets.filter_map(|bucket| bucket.lot.as_deref()).collect();
        let mut shown: Vec<&str> = lots.iter().copied().take(SHOWN_MAX).collect();
        if lots.len() > SHOWN_MAX {
            shown.push("…");
        }
        shown.join(", ")
    }

    /// Things: as many as pieces where the item is tracked by serial, each once, of this item and
    /// lot, and where they were last.
    pub(crate) fn admit_things(&self, movement: &Movement) -> Result<(), StockError> {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (position, line) in movement.lines.iter().enumerate() {
            if let Some(item) = self.items.get(&line.item) {
                check_serials(position, line, item)?;
            }
            for key in &line.things {
                if let Some(other) = seen.insert(key, position)
                    && (other == position || !is_unit(key))
                {
                    let message = format!("{key} stands in lines[{other}] already: name it once");
                    let field = field(position, "things");
                    return Err(StockError::rule("thing-twice", field, message));
                }
                self.admit_thing(position, line, key)?;
            }
        }
        Ok(())
    }

    fn admit_thing(
        &self,
        position: usize,
        line: &MovementLine,
        key: &str,
    ) -> Result<(), StockError> {
        let Some(facts) = self.look_thing(key)? else { return Ok(()) };
        let wrong = |code, message| Err(StockError::rule(code, field(position, "things"), message));
        if facts.commissioned
            && let Some(item) = facts.item.as_ref().filter(|item| **item != line.item)
        {
            let message =
                format!("{key} is a piece of {item}, not of {}: scan it again", line.item);
            return wrong("thing-item", message);
        }
        if facts.commissioned
            && let (Some(known), Some(told)) = (&facts.lot, &line.lot)
            && known != told
        {
            return wrong("thing-lot", format!("{key} is of lot {known}, not of {told}"));
        }
        self.check_thing_place(position, line, key, facts)
    }

    /// One thing is at one place, and moves from there.
    pub(crate) fn check_thing_place(
        &self,
        position: usize,
        line: &MovementLine,
        key: &str,
        facts: &ThingFacts,
    ) -> Result<(), StockError> {
        let Some(place) = facts.place.as_ref().filter(|_| is_one_thing(key, facts)) else {
            return Ok(());
        };
        let lost = |at: &gatewarden_model::Location| at.virtual_kind() == Some("loss");
        if *place == line.from || (lost(place) && lost(&line.from)) {
            return Ok(());
        }
        let message = format!(
            "{key} is at {place} since entry {}, not at {}: move it from there, or reverse what \
             brought it there",
            facts.seq, line.from
        );
        Err(StockError::rule("thing-elsewhere", field(position, "things"), message))
    }
}

/// Whether a line may name a lot that nobody has told of yet.
fn brings_lots(kind: MovementKind, line: &MovementLine) -> bool {
    let kinds = [
        MovementKind::Receipt,
        MovementKind::ProductionReceipt,
        MovementKind::SubcontractIn,
        MovementKind::Adjustment,
    ];
    !line.from.holds_stock() && kinds.contains(&kind)
}

/// Refuses to use a lot after its last day.
fn check_expired(
    kind: MovementKind,
    day: Day,
    position: usize,
    line: &MovementLine,
    lot: &str,
    expires: Option<Day>,
) -> Result<(), StockError> {
    use MovementKind::{
        Adjustment, Count, CustomerReturn, Scrap, StatusChange, SupplierReturn, Transfer,
    };
    let clears = [Adjustment, Count, CustomerReturn, Scrap, StatusChange, SupplierReturn, Transfer];
    let Some(last) = expires.filter(|last| day > *last && !clears.contains(&kind)) else {
        return Ok(());
    };
    let message = format!(
        "the last day of lot {lot} of {} was {last}: take another lot; scrap, return, transfer or \
         block this one",
        line.item
    );
    Err(StockError::rule("lot-expired", field(position, "lot"), message))
}

fn check_serials(position: usize, line: &MovementLine, item: &Item) -> Result<(), StockError> {
    if item.tracking != Tracking::Serial {
        return Ok(());
    }
    let pieces: BTreeSet<&String> = line.things.iter().filter(|key| !is_unit(key)).collect();
    if i64::try_from(pieces.len()) == Ok(line.quantity) {
        return Ok(());
    }
    let message = format!(
        "{} is tracked by serial: {} pieces need {} things, {} are named",
        item.code,
        line.quantity,
        line.quantity,
        pieces.len()
    );
    Err(StockError::rule("serial-count", field(position, "things"), message))
}

/// A handling unit's own tag, which stands beside what is in it.
fn is_unit(key: &str) -> bool {
    key.starts_with("(00)")
}

/// Whether a key stands for one thing only: it has a serial or names an asset or a handling unit, or
/// was bound to one piece.
fn is_one_thing(key: &str, facts: &ThingFacts) -> bool {
    let bound = facts.commissioned && facts.serial.is_some();
    let serial = ["(21)", "(8011)"].iter().any(|ai| key.contains(ai)) && key.starts_with('(');
    bound
        || serial
        || is_unit(key)
        || key.starts_with("(8004)")
        || key.starts_with("urn:epc:id:gid:")
}
