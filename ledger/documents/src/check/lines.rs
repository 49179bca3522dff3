//! The lines of a document: numbers, items, quantities, places, statuses, amounts, days.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Amount, DOCUMENT_LINES_MAX, DocumentLine, ItemId, StockStatus};

use super::{Look, QUANTITY_MAX};
use crate::{
    kinds::{Execution, LineField, QuantityRule, Way, may_take, stays},
    mistake::shown,
};

impl Look<'_> {
    pub(super) fn lines(&mut self) {
        let (rules, lines) = (&self.kind.lines, &self.content.lines);
        let words = self.kind.kind.words();
        if lines.len() > DOCUMENT_LINES_MAX {
            let message = format!(
                "{} lines: split it into documents of at most {DOCUMENT_LINES_MAX}",
                lines.len()
            );
            return self.put("too-many-lines", "lines", message);
        }
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        if count < rules.min {
            let message = format!("{count}: a {words} has at least {}", rules.min);
            self.put("lines-missing", "lines", message);
        }
        if count > rules.max {
            let message = format!("{count}: a {words} has at most {}", rules.max);
            self.put("too-many-lines", "lines", message);
        }
        self.apart();
        for (at, line) in lines.iter().enumerate() {
            self.line(at, line);
        }
        self.sums();
    }

    /// Lines are told apart by their numbers, and where the kind says so by what they say.
    fn apart(&mut self) {
        let (mut numbers, mut same) = (BTreeMap::new(), BTreeMap::new());
        for (at, line) in self.content.lines.iter().enumerate() {
            if line.line == 0 {
                self.mistakes.put("line-zero", format!("lines[{at}].line"), "lines count from 1");
            } else if let Some(first) = numbers.insert(line.line, at) {
                let message =
                    format!("{} stands at lines[{first}] too: number them apart", line.line);
                self.mistakes.put("line-twice", format!("lines[{at}].line"), message);
                numbers.insert(line.line, first);
            }
            let says = (&line.item, &line.lot, &line.owner, line.from_status, &line.from, &line.to);
            if let Some(first) = same.insert(says, at).filter(|_| self.kind.lines.apart) {
                let message =
                    format!("says the same as lines[{first}]: put the quantities together");
                self.mistakes.put("line-repeated", format!("lines[{at}].item"), message);
            }
        }
    }

    fn line(&mut self, at: usize, line: &DocumentLine) {
        let field = |name: &str| format!("lines[{at}].{name}");
        self.quantity(&field("quantity"), line.quantity);
        if self.code(&field("item"), line.item.as_str()) && self.known.item(&line.item).is_none() {
            let message = format!(
                "no item {} is known: correct the code, or define the item",
                shown(line.item.as_str())
            );
            self.put("unknown-item", field("item"), message);
        }
        for (name, text) in [("lot", &line.lot), ("owner", &line.owner)] {
            if let Some(text) = text {
                self.code(&field(name), text);
            }
        }
        for (name, status) in [("from_status", line.from_status), ("to_status", line.to_status)] {
            if status == StockStatus::Reserved {
                let message = "only a reservation makes stock reserved: leave it out";
                self.put("status-reserved", field(name), message);
            }
        }
        if line.amount.is_some_and(|amount| amount < Amount::ZERO) {
            self.put("amount-negative", field("amount"), "is below nothing: state 0 or more");
        }
        if let (Some(date), Some(due)) = (self.content.date, line.due)
            && due < date
        {
            let message = format!("{due} is before the document's day {date}");
            self.put("dates-reversed", field("due"), message);
        }
        self.places(at, line);
        self.line_needs(at, line);
    }

    fn quantity(&mut self, field: &str, quantity: i64) {
        let rule = self.kind.lines.quantity;
        let (code, message) = match (rule, quantity) {
            (_, ..=-1) => (
                "quantity-negative",
                format!("{quantity} is below 0: exchange from and to to go back"),
            ),
            (QuantityRule::Positive, 0) => {
                ("quantity-zero", String::from("0 is nothing: state more, or leave the line out"))
            }
            (QuantityRule::Zero, 1..) => (
                "quantity-unused",
                format!("a {} states no quantity: let it be 0", self.kind.kind.words()),
            ),
            (_, quantity) if quantity > QUANTITY_MAX => {
                ("quantity-overflow", format!("{quantity} is more than {QUANTITY_MAX}: split it"))
            }
            _ => return,
        };
        self.put(code, field, message);
    }

    /// Places exist, and the line is one of the ways that this kind goes.
    fn places(&mut self, at: usize, line: &DocumentLine) {
        for (name, place) in [("from", &line.from), ("to", &line.to)] {
            let Some(place) = place else { continue };
            let field = format!("lines[{at}].{name}");
            if let Some(why) = self.known.look_alike(place.as_str()) {
                self.put("code-lookalike", field, why);
            } else if !self.known.place(place) {
                let message = format!(
                    "no place {} is known: take one that is, or add it",
                    shown(place.as_str())
                );
                self.put("unknown-location", field, message);
            }
        }
        if self.kind.legs.is_empty() {
            if line.from.is_some() || line.to.is_some() {
                let message = format!("a {} moves nothing: name no places", self.kind.kind.words());
                self.put("places-unused", format!("lines[{at}].to"), message);
            }
            return;
        }
        if self.kind.leg(line).is_none() {
            let name = |place: &Option<gatewarden_model::Location>| {
                place.as_ref().map_or("anywhere".to_owned(), ToString::to_string)
            };
            let message = format!(
                "no way of a {} leads from {} to {}: there are {}",
                self.kind.kind.words(),
                name(&line.from),
                name(&line.to),
                self.kind.legs_in_words()
            );
            return self.put("leg-unknown", format!("lines[{at}].to"), message);
        }
        let moves = matches!(self.kind.execution, Execution::Task | Execution::Posting);
        match self.kind.way(self.content, line) {
            Some(way) if moves => self.way(at, line, &way),
            None if moves => {
                let missing = if line.from.is_none() { "from" } else { "to" };
                let message = "the place follows from nothing: name it";
                self.put("place-missing", format!("lines[{at}].{missing}"), message);
            }
            _ => {}
        }
    }

    /// What stock would refuse of a way that is one of the kind's.
    fn way(&mut self, at: usize, line: &DocumentLine, way: &Way) {
        let name = way.movement.name();
        if (way.from == way.to) != stays(way.movement) {
            let message = match stays(way.movement) {
                true => format!("a {name} stays at one place: let from and to be the same"),
                false => format!("a {name} does not end where it begins: name another place"),
            };
            self.put("leg-ends", format!("lines[{at}].to"), message);
        }
        let status = line.from_status;
        if status != StockStatus::Reserved && !may_take(way.movement, status) {
            let message = format!(
                "a {name} takes no stock in status {}: release it by an inspection first",
                status.name()
            );
            self.put("status-blocked", format!("lines[{at}].from_status"), message);
        }
    }

    fn line_needs(&mut self, at: usize, line: &DocumentLine) {
        for needed in &self.kind.lines.needs {
            let missing = match needed {
                LineField::From => line.from.is_none(),
                LineField::To => line.to.is_none(),
                LineField::Lot => line.lot.is_none(),
                LineField::Owner => line.owner.is_none(),
                LineField::Amount => line.amount.is_none(),
                LineField::Due => line.due.is_none(),
            };
            let field = format!("lines[{at}].{}", needed.name());
            // A place that follows from nothing was told of already.
            if missing && !self.mistakes.has(&field) {
                let message =
                    format!("each line of a {} needs it: state it", self.kind.kind.words());
                self.mistakes.put("field-missing", field, message);
            }
        }
    }

    /// What all lines of an item ask for, and what all lines cost, can be told in 64 bits.
    fn sums(&mut self) {
        let mut sums: BTreeMap<&ItemId, Option<i64>> = BTreeMap::new();
        for line in &self.content.lines {
            let sum = sums.entry(&line.item).or_insert(Some(0));
            *sum = sum.and_then(|sum| sum.checked_add(line.quantity));
        }
        let overflown: BTreeSet<&ItemId> =
            sums.iter().filter(|(_, sum)| sum.is_none()).map(|(item, _)| *item).collect();
        if let Some(item) = overflown.first() {
            let message = format!("all lines of {item} together leave 64 bits: split the document");
            self.put("quantity-overflow", "lines", message);
        }
        let mut amounts = self.content.lines.iter().filter_map(|line| line.amount);
        if amounts.try_fold(Amount::ZERO, Amount::checked_add).is_none() {
            let message = "all amounts together leave 64 bits: split the document";
            self.put("amount-overflow", "lines", message);
        }
    }
}
