//! The rules of a movement that is not recorded yet: size, day, kind and places, status, lines that
//! cancel each other, codes, values, owners and handling units. Lots and things are in `tracking`.
//!
//! Each refusal has a stable code, names the field and says the way out. What is there is checked by
//! `price` and `apply`; who may is the engine's.

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::{
    Amount, Bucket, Day, Item, Location, Movement, MovementKind, MovementLine, StockStatus,
};

use crate::{code::check_code, error::StockError, facts::Site, kinds, stock::Stock};

/// Most lines of one movement or posting.
pub const LINES_MAX: usize = 1_000;

/// Refuses more lines than one document may have, before anything is done with them.
pub fn check_line_count(field: &str, count: usize) -> Result<(), StockError> {
    if count <= LINES_MAX {
        return Ok(());
    }
    let message =
        format!("{count} lines in one document: split it into documents of at most {LINES_MAX}");
    Err(StockError::rule("too-many-lines", field, message))
}

/// The name of a line's field.
pub(crate) fn field(position: usize, name: &str) -> String {
    format!("lines[{position}].{name}")
}

impl Stock {
    /// The rules of a movement not yet recorded: kind and places, tracking, lots and their last day,
    /// owner, serials' places, closed period, lines that cancel, quantity. `wants.of_movement` names
    /// what must be known.
    pub fn admit(&self, movement: &Movement, day: Day) -> Result<(), StockError> {
        check_line_count("lines", movement.lines.len())?;
        if movement.lines.is_empty() && movement.counts.is_empty() {
            let message = "nothing moves: state at least one line";
            return Err(StockError::rule("lines-missing", "lines", message));
        }
        self.refuse_closed("effective", day)?;
        check_code("document.number", &movement.document.number)?;
        for (position, line) in movement.lines.iter().enumerate() {
            self.admit_line(movement, position, line)?;
        }
        if movement.reverses.is_some() {
            self.admit_reversal(day, movement)?;
        } else {
            refuse_cancelling(&movement.lines)?;
            self.admit_lots(movement, day)?;
        }
        self.admit_things(movement)?;
        self.admit_units(&movement.lines)
    }

    fn admit_line(
        &self,
        movement: &Movement,
        position: usize,
        line: &MovementLine,
    ) -> Result<(), StockError> {
        let item = self.known_item(&field(position, "item"), &line.item)?;
        check_codes(position, line)?;
        check_quantity(position, line.quantity)?;
        if line.unit != item.unit {
            let message =
                format!("{} is counted in {}, not in {:?}", item.code, item.unit, line.unit);
            return Err(StockError::rule("unknown-unit", field(position, "unit"), message));
        }
        if movement.reverses.is_none() {
            kinds::check(movement.kind, &line.from, &line.to)
                .map_err(|text| StockError::rule("kind-places", field(position, "to"), text))?;
            check_statuses(movement, position, line)?;
            self.admit_value(position, line)?;
        }
        self.admit_owner(position, line)
    }

    /// An item that is defined.
    pub(crate) fn known_item(
        &self,
        field: &str,
        code: &gatewarden_model::ItemId,
    ) -> Result<&Item, StockError> {
        if !self.items.contains_key(code) {
            // One that only looks like a known one is told so.
            check_code(field, code.as_str())?;
        }
        self.items.get(code).ok_or_else(|| {
            let message =
                format!("no item {code} is defined: correct the code, or define the item");
            StockError::rule("unknown-item", field, message)
        })
    }

    /// A value that comes in is not below nothing and no finer than the item's money.
    fn admit_value(&self, position: usize, line: &MovementLine) -> Result<(), StockError> {
        let Some(value) = line.value else { return Ok(()) };
        let wrong = |code, message| Err(StockError::rule(code, field(position, "value"), message));
        if value < Amount::ZERO {
            return wrong("value-negative", format!("{value} is below nothing: state 0 or more"));
        }
        let comes_in = line.to.holds_stock() && !line.from.holds_stock();
        match self.valuation(&line.item, line.owner.as_deref()) {
            Some(valuation) if comes_in => {
                let step = 10_i64.pow(4_u32.saturating_sub(u32::from(valuation.decimals)));
                if value.units() % step == 0 {
                    return Ok(());
                }
                let decimals = valuation.decimals;
                wrong(
                    "value-decimals",
                    format!("{value} has more than {decimals} decimals: round it to {decimals}"),
                )
            }
            _ => Ok(()),
        }
    }

    /// Where too little of the right owner's stock is there but another's is, says whose.
    fn admit_owner(&self, position: usize, line: &MovementLine) -> Result<(), StockError> {
        if !line.from.holds_stock() {
            return Ok(());
        }
        let site = Site::new(&line.item, &line.from);
        let Some(stock) = self.look(&site)? else { return Ok(()) };
        let bucket = line.from_bucket();
        if stock.buckets.get(&bucket).copied().unwrap_or(0) >= line.quantity {
            return Ok(());
        }
        let whose =
            |owner: &Option<String>| owner.clone().unwrap_or_else(|| "the house".to_owned());
        let same =
            |other: &Bucket| Bucket { owner: bucket.owner.clone(), ..other.clone() } == bucket;
        let others =
            stock.buckets.iter().filter(|(other, _)| other.owner != bucket.owner && same(other));
        let others: Vec<String> =
            others.map(|(other, n)| format!("{n} of {}", whose(&other.owner))).collect();
        if others.is_empty() {
            return Ok(());
        }
        let message = format!(
            "{} of {} are needed at {}, there are {}: state whose stock moves",
            line.quantity,
            whose(&bucket.owner),
            line.from,
            others.join(", ")
        );
        Err(StockError::rule("wrong-owner", field(position, "owner"), message))
    }

    /// A handling unit is at one place: what stays of it elsewhere would tear it apart.
    fn admit_units(&self, lines: &[MovementLine]) -> Result<(), StockError> {
        let mut left: HashMap<&str, BTreeMap<&Location, i64>> = HashMap::new();
        for line in lines.iter().filter(|line| line.to.holds_stock()) {
            if let Some(unit) = line.to_unit.as_deref()
                && !left.contains_key(unit)
            {
                left.insert(unit, self.unit_contents(unit)?);
            }
        }
        for line in lines {
            if let Some(places) = line.from_unit.as_deref().and_then(|unit| left.get_mut(unit)) {
                *places.entry(&line.from).or_default() -= line.quantity;
            }
        }
        for (position, line) in lines.iter().enumerate() {
            let Some((unit, places)) = line.to_unit.as_deref().and_then(|u| left.get_key_value(u))
            else {
                continue;
            };
            let elsewhere = places.iter().find(|(at, n)| **n > 0 && **at != &line.to);
            if let Some((at, n)) = elsewhere {
                let message = format!(
                    "handling unit {unit} would be in two places: {n} in it are at {at}; move all of \
                     it, or unpack"
                );
                return Err(StockError::rule(
                    "unit-elsewhere",
                    field(position, "to_unit"),
                    message,
                ));
            }
        }
        Ok(())
    }

    /// Base units in a handling unit, by place.
    fn unit_contents(&self, unit: &str) -> Result<BTreeMap<&Location, i64>, StockError> {
        let mut contents: BTreeMap<&Location, i64> = BTreeMap::new();
        for site in self.look_unit(unit)? {
            let stock = self.look(site)?;
            let buckets = stock.iter().flat_map(|stock| &stock.buckets);
            let own = buckets.filter(|(bucket, _)| bucket.unit.as_deref() == Some(unit));
            *contents.entry(&site.location).or_default() += own.map(|(_, n)| n).sum::<i64>();
        }
        Ok(contents)
    }
}

pub(crate) fn check_quantity(position: usize, quantity: i64) -> Result<(), StockError> {
    if quantity > 0 {
        return Ok(());
    }
    let code = if quantity == 0 { "quantity-zero" } else { "quantity-negative" };
    let message =
        format!("{quantity} moves nothing: state more than 0, and exchange from and to to go back");
    Err(StockError::rule(code, field(position, "quantity"), message))
}

/// The codes of a line have no look-alikes; a handling unit is an SSCC.
fn check_codes(position: usize, line: &MovementLine) -> Result<(), StockError> {
    let names =
        [("item", line.item.as_str()), ("from", line.from.as_str()), ("to", line.to.as_str())];
    for (name, text) in names {
        check_code(&field(position, name), text)?;
    }
    for (name, text) in [("lot", &line.lot), ("owner", &line.owner)] {
        if let Some(text) = text {
            check_name(&field(position, name), text)?;
        }
    }
    for (name, text) in [("from_unit", &line.from_unit), ("to_unit", &line.to_unit)] {
        if let Some(text) = text {
            check_sscc(&field(position, name), text)?;
        }
    }
    Ok(())
}

/// Lots and owners: 1 to 64 bytes of text without space around it and without look-alikes.
pub(crate) fn check_name(field: &str, text: &str) -> Result<(), StockError> {
    let fits = (1..=64).contains(&text.len()) && text.trim() == text;
    if !fits || text.chars().any(char::is_control) {
        let shown: String = text.chars().take(40).collect();
        let message = format!(
            "{shown:?} is no name: use 1 to 64 bytes of printable text without space around it"
        );
        return Err(StockError::rule("name-malformed", field, message));
    }
    check_code(field, text)
}

pub(crate) fn check_sscc(field: &str, text: &str) -> Result<(), StockError> {
    let digits = text.bytes().rev().map(|b| u32::from(b.wrapping_sub(b'0')));
    let sum: u32 = digits.zip([1, 3].into_iter().cycle()).map(|(d, weight)| d * weight).sum();
    if text.len() == 18 && text.bytes().all(|b| b.is_ascii_digit()) && sum.is_multiple_of(10) {
        return Ok(());
    }
    let shown: String = text.chars().take(40).collect();
    let message = format!("{shown:?} is no SSCC: give its 18 digits, the last one its check digit");
    Err(StockError::rule("unit-malformed", field, message))
}

/// What status a line may take stock from and give it.
fn check_statuses(
    movement: &Movement,
    position: usize,
    line: &MovementLine,
) -> Result<(), StockError> {
    let from =
        |code, text: String| Err(StockError::rule(code, field(position, "from_status"), text));
    let to = |code, text: String| Err(StockError::rule(code, field(position, "to_status"), text));
    if line.from.holds_stock()
        && let Err(text) = kinds::check_status(movement.kind, line.from_status)
    {
        return from("status-blocked", text);
    }
    if line.from_status == StockStatus::Reserved && movement.reservation.is_none() {
        let text =
            "reserved stock moves with its reservation alone: name the reservation, or void it";
        return from("status-reserved", text.to_owned());
    }
    if line.to_status == StockStatus::Reserved {
        let text = "only a reservation makes stock reserved: state another status";
        return to("status-reserved", text.to_owned());
    }
    let stays = line.from.holds_stock() && line.to.holds_stock();
    let same = line.from_status == line.to_status || line.from_status == StockStatus::Reserved;
    if stays && !same && movement.kind != MovementKind::StatusChange {
        let text = format!(
            "it was {} and would become {}: do that by a status change",
            line.from_status.name(),
            line.to_status.name()
        );
        return to("status-differs", text);
    }
    if line.from == line.to && line.from_bucket() == line.to_bucket() {
        let text = "nothing would change: state another status or handling unit";
        return to("line-empty", text.to_owned());
    }
    Ok(())
}

/// Two lines that undo each other say nothing, and hide that they do.
fn refuse_cancelling(lines: &[MovementLine]) -> Result<(), StockError> {
    let mut ends: HashMap<_, usize> = HashMap::with_capacity(lines.len());
    for (position, line) in lines.iter().enumerate() {
        let (from, to) = ((&line.from, line.from_bucket()), (&line.to, line.to_bucket()));
        if let Some(other) = ends.get(&(&line.item, to.clone(), from.clone())) {
            let message = format!(
                "it takes back what lines[{other}] does with {}: state only what is left of both",
                line.item
            );
            return Err(StockError::rule("lines-cancel", format!("lines[{position}]"), message));
        }
        ends.entry((&line.item, from, to)).or_insert(position);
    }
    Ok(())
}
