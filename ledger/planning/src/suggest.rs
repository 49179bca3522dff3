//! What to buy: projected quantity, reorder, safety stock, stock-out, classes, turnover.
//!
//! The formulas of the trade, in whole numbers: projected = actual + planned + requested + ordered −
//! reserved − production − subcontract; at or below the level, order the greater of the reorder quantity and
//! what is missing. Invariants: nothing is ordered above the level; what is ordered brings the projected quantity to
//! the level at least; sums are of 128 bits and refused where they leave 64. Absent: who supplies what.

mod abc;
mod demand;
mod stock_out;

use gatewarden_model::{
    Custom, DOCUMENT_LINES_MAX, Day, Document, DocumentContent, DocumentKind, DocumentLine, ItemId,
};
use serde::{Deserialize, Serialize};

use crate::{PlanError, bom::put, error::keep};

pub use abc::{ABC_CUTS_PERMILLE, Turnover, classes, turnover};
pub use demand::{
    Moments, OBSERVED_MAX, SERVICE_LEVELS, VALUE_MAX, reorder_point, safety_stock, service_factor,
};
pub use stock_out::{Dated, StockOut, StockOutBy, stock_out};

/// Most items of one run.
pub const WANTED_MAX: usize = 1_000_000;
/// Most days of one lead time.
pub const LEAD_DAYS_MAX: u32 = 3_650;

/// What is there of an item, comes and goes, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Position {
    /// On hand.
    pub actual: i64,
    /// To be made by work orders.
    pub planned: i64,
    /// Asked for by purchase requests.
    pub requested: i64,
    /// On purchase orders, still to come.
    pub ordered: i64,
    /// For sales orders and the like.
    pub reserved: i64,
    /// For work orders.
    pub production: i64,
    /// For subcontractors.
    pub subcontract: i64,
}

impl Position {
    /// What will be there; none beyond 64 bits.
    #[must_use]
    pub fn projected(&self) -> Option<i64> {
        let plus = [self.actual, self.planned, self.requested, self.ordered];
        let minus = [self.reserved, self.production, self.subcontract];
        let sum = |parts: &[i64]| parts.iter().map(|part| i128::from(*part)).sum::<i128>();
        i64::try_from(sum(&plus) - sum(&minus)).ok()
    }
}

/// When and how much to order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// The level at which to order, base units.
    pub level: i64,
    /// At least so many at a time.
    pub quantity: i64,
    /// In whole packs of so many; 1 where there are none.
    pub pack: i64,
    /// Days from order to receipt.
    pub lead_days: u32,
}

impl Reorder {
    /// What to order; none above the level.
    pub fn order(&self, projected: i64) -> Result<Option<i64>, PlanError> {
        if self.quantity < 0 || self.pack < 1 || self.lead_days > LEAD_DAYS_MAX {
            let message = format!(
                "reorder quantity {}, packs of {}, lead time {} days: state 0 or more, 1 or more, at most \
                 {LEAD_DAYS_MAX}",
                self.quantity, self.pack, self.lead_days
            );
            return Err(PlanError::rule("reorder-malformed", "reorder", message));
        }
        if projected > self.level {
            return Ok(None);
        }
        let deficit = i128::from(self.level) - i128::from(projected);
        let (wanted, pack) = (deficit.max(i128::from(self.quantity)), i128::from(self.pack));
        let whole = (wanted + pack - 1) / pack * pack;
        let order = i64::try_from(whole).map_err(|_| PlanError::overflow("reorder"))?;
        Ok((order > 0).then_some(order))
    }
}

/// An item that may have to be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub item: ItemId,
    /// What is there, comes and goes.
    pub position: Position,
    /// When and how much.
    pub reorder: Reorder,
    /// What comes, by day.
    pub supply: Vec<Dated>,
    /// What goes, by day.
    pub demand: Vec<Dated>,
    /// Base units issued in the days looked back at, and how many days those are.
    pub issued: (i64, u32),
}

/// A line of a purchase suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggested {
    /// Of what.
    pub item: ItemId,
    /// Base units to order.
    pub quantity: i64,
    /// What will be there without it.
    pub projected: i64,
    /// The level that it is at or below.
    pub level: i64,
    /// The first day that lacks it, where one is seen.
    pub stock_out: Option<StockOut>,
    /// The day by which to order.
    pub order_by: Day,
    /// The day on which it is needed, or can be there at the earliest.
    pub due: Day,
    /// Whether it comes too late even if it is ordered today.
    pub late: bool,
}

/// What to buy today, by item; all mistakes at once.
pub fn suggest(today: Day, wanted: &[Wanted]) -> Result<Vec<Suggested>, Vec<PlanError>> {
    let (mut mistakes, mut lines) = (Vec::new(), Vec::new());
    if wanted.len() > WANTED_MAX {
        let message = format!("more than {WANTED_MAX} items: ask in parts");
        return Err(vec![PlanError::rule("suggest-too-many", "items", message)]);
    }
    for one in wanted {
        lines.extend(keep(&mut mistakes, suggest_one(today, one)).flatten());
    }
    lines.sort_by(|a: &Suggested, b| a.item.cmp(&b.item));
    if mistakes.is_empty() { Ok(lines) } else { Err(mistakes) }
}

fn suggest_one(today: Day, wanted: &Wanted) -> Result<Option<Suggested>, PlanError> {
    let overflow = || PlanError::overflow(&wanted.item);
    let projected = wanted.position.projected().ok_or_else(overflow)?;
    let Some(quantity) = wanted.reorder.order(projected)? else { return Ok(None) };
    let Wanted { position, supply, demand, issued, .. } = wanted;
    let stock_out = stock_out(today, position.actual, supply, demand, *issued);
    let lead = i64::from(wanted.reorder.lead_days);
    let arrives = Day::from_number(i64::from(today.number()) + lead);
    let out = stock_out.map(|out| out.day);
    let order_by = out.map_or(today, |out| Day::from_number(i64::from(out.number()) - lead));
    Ok(Some(Suggested {
        item: wanted.item.clone(),
        quantity,
        projected,
        level: wanted.reorder.level,
        stock_out,
        order_by: order_by.max(today),
        due: out.map_or(arrives, |out| out.max(arrives)),
        late: out.is_some_and(|out| out < arrives),
    }))
}

/// The draft of a purchase suggestion with these lines. Each says `projected` and `level`, where it is known
/// `stock-out`, in fields of its own.
pub fn to_content(
    number: &str,
    today: Day,
    lines: &[Suggested],
) -> Result<DocumentContent, PlanError> {
    if lines.len() > DOCUMENT_LINES_MAX {
        let message = format!("{} lines, at most {DOCUMENT_LINES_MAX}: make several", lines.len());
        return Err(PlanError::rule("suggest-too-many", "lines", message));
    }
    let line = |(index, suggested): (usize, &Suggested)| {
        let mut custom = Custom::new();
        put(&mut custom, "level", Some(suggested.level.to_string()));
        put(&mut custom, "projected", Some(suggested.projected.to_string()));
        put(&mut custom, "stock-out", suggested.stock_out.map(|out| out.day.to_string()));
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let line = DocumentLine::new(number, suggested.item.clone(), suggested.quantity);
        DocumentLine { due: Some(suggested.due), custom, ..line }
    };
    let number = number.to_owned();
    Ok(DocumentContent {
        date: Some(today),
        due: lines.iter().map(|line| line.due).min(),
        lines: lines.iter().enumerate().map(line).collect(),
        ..DocumentContent::new(Document { kind: DocumentKind::PurchaseSuggestion, number })
    })
}
