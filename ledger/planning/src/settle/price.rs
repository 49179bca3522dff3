//! Price lists: what a quantity of an item costs of a partner, from a day on.
//!
//! A document of kind `price-list`: its partner; `effective-from` or else its date is the first day,
//! `effective-until` or else its due day the last; a line says that `quantity` base units cost `amount`, from
//! `minimum` base units on (a field of the line; 0). Invariants: a price is an amount for a quantity, never a
//! rate; of those that fit, the latest beginning counts, then the greatest minimum.

use std::collections::BTreeMap;

use gatewarden_model::{Amount, Day, DocumentContent, DocumentKind, DocumentLine, ItemId};
use serde::{Deserialize, Serialize};

use crate::{
    PlanError,
    bom::{day, text},
    error::keep,
};

/// Most prices of one list.
pub const PRICES_MAX: usize = 1_000_000;

/// One price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of which partner.
    pub partner: String,
    /// For what.
    pub item: ItemId,
    /// From which day on.
    pub from: Day,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// From so many base units on.
    pub minimum: i64,
    /// So many base units …
    pub per: i64,
    /// … cost so much.
    pub amount: Amount,
}

/// All prices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceList {
    by_item: BTreeMap<ItemId, Vec<Price>>,
    count: usize,
}

impl PriceList {
    /// Adds the prices of a document; all its mistakes at once, and then nothing is added.
    pub fn add(&mut self, content: &DocumentContent) -> Result<(), Vec<PlanError>> {
        let mut mistakes = Vec::new();
        let days = keep(&mut mistakes, days(content));
        let from = days.and_then(|(from, _)| from);
        let until = days.and_then(|(_, until)| until);
        mistakes.extend(head_mistakes(content, days));
        if self.count + content.lines.len() > PRICES_MAX {
            let message = "the list is full: take old prices out";
            mistakes.push(PlanError::rule("price-too-many", "lines", message));
        }
        let mut prices = Vec::new();
        for (index, line) in content.lines.iter().enumerate() {
            let found = price(&mut mistakes, index, line);
            if let (Some((minimum, amount)), Some(from), Some(partner)) =
                (found, from, content.partner.clone())
            {
                let (item, per) = (line.item.clone(), line.quantity);
                prices.push(Price { partner, item, from, until, minimum, per, amount });
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        self.count += prices.len();
        for price in prices {
            self.by_item.entry(price.item.clone()).or_default().push(price);
        }
        Ok(())
    }

    /// The price that counts for a quantity on a day.
    #[must_use]
    pub fn price(&self, partner: &str, item: &ItemId, quantity: i64, day: Day) -> Option<&Price> {
        let fits = |price: &&Price| {
            price.partner == partner
                && price.from <= day
                && price.until.is_none_or(|until| day <= until)
                && price.minimum <= quantity
        };
        let prices = self.by_item.get(item)?.iter();
        prices.filter(fits).max_by_key(|price| (price.from, price.minimum))
    }

    /// What a quantity costs on a day, to so many decimals.
    pub fn cost(
        &self,
        (partner, item): (&str, &ItemId),
        quantity: i64,
        day: Day,
        decimals: u8,
    ) -> Result<Amount, PlanError> {
        if quantity == 0 {
            return Ok(Amount::ZERO);
        }
        let price = self.price(partner, item, quantity, day).ok_or_else(|| {
            let message = format!(
                "{partner} has no price of {quantity} {item} on {day}: add it to the price list"
            );
            PlanError::rule("price-none", "partner", message)
        })?;
        let share = price.amount.share(quantity, price.per, decimals);
        share.ok_or_else(|| PlanError::overflow(item))
    }
}

/// First and last day, where they are said.
fn days(content: &DocumentContent) -> Result<(Option<Day>, Option<Day>), PlanError> {
    let from = day(&content.custom, "effective-from")?.or(content.date);
    Ok((from, day(&content.custom, "effective-until")?.or(content.due)))
}

fn head_mistakes(
    content: &DocumentContent,
    days: Option<(Option<Day>, Option<Day>)>,
) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    let mut say = |code, field, message| mistakes.push(PlanError::rule(code, field, message));
    if content.document.kind != DocumentKind::PriceList {
        say("price-kind", "document.kind", "it is no price list: use kind price-list");
    }
    if content.partner.is_none() {
        say("price-partner", "partner", "say whose prices these are");
    }
    match days {
        Some((None, _)) => say("price-from", "date", "say from which day on the prices hold"),
        Some((Some(from), Some(until))) if until < from => {
            say("dates-reversed", "due", "the prices end before they begin: exchange the days");
        }
        _ => {}
    }
    mistakes
}

/// Minimum and amount of a line.
fn price(
    mistakes: &mut Vec<PlanError>,
    index: usize,
    line: &DocumentLine,
) -> Option<(i64, Amount)> {
    let mut say = |code, field: &str, message| {
        mistakes.push(PlanError::rule(code, format!("lines[{index}].{field}"), message));
    };
    let minimum = match text(&line.custom, "minimum") {
        None => Some(0),
        Some(text) => text.parse::<i64>().ok().filter(|minimum| *minimum >= 0),
    };
    let amount = line.amount.filter(|amount| amount.units() >= 0);
    if line.quantity <= 0 {
        say("price-quantity", "quantity", "say what more than 0 base units cost");
    }
    if amount.is_none() {
        say("price-amount", "amount", "say what it costs, 0 or more");
    }
    if minimum.is_none() {
        say("number-malformed", "custom.minimum", "write digits alone, 0 or more");
    }
    minimum.zip(amount).filter(|_| line.quantity > 0)
}
