//! Counts: blind, by sweep and scanner, again by somebody else, then the differences.
//!
//! Who counts sees the bins and not the book. A round names which bins somebody counted whole, so what is
//! not found there is counted as nothing, and a bin that nobody counted is open and not empty. Invariants:
//! a thing is counted once, however many devices saw it; a bin is never counted twice by one person; a
//! figure is settled by agreeing with the book within tolerance, or by two counts that agree, or as disputed
//! after the last round; differences are told only when nothing is open. Absent: posting and approval.

mod differences;
mod frozen;
mod merge;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Amount, Bucket, ItemId, Location, OperatorId};
use serde::{Deserialize, Serialize};

use crate::PlanError;

pub use differences::{CountResult, Difference, Misplaced, finish};
pub use frozen::{FROZEN_MAX, Frozen};
pub use merge::{Doubt, DoubtWhy, Merged, Tally, merge};
pub use settle::{Line, Verdict, evaluate};

/// Most rounds of one count.
pub const ROUNDS_MAX: usize = 5;
/// Most bins of one count.
pub const BINS_MAX: usize = 10_000;
/// Most sights of one round.
pub const SEEN_MAX: usize = 1_000_000;

/// What is counted apart: an item in a bucket at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Where.
    pub location: Location,
    /// What.
    pub item: ItemId,
    /// Lot, owner, status and handling unit.
    #[serde(default)]
    pub bucket: Bucket,
}

/// What the book says of a site when its bin was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    /// Base units.
    pub quantity: i64,
    /// What they are worth together, where the item has a value.
    pub value: Option<Amount>,
    /// The keys of the things that should be there.
    pub things: BTreeSet<String>,
}

/// What the book says of all sites of a count.
pub type Books = BTreeMap<Site, Book>;

/// What somebody or something saw in a bin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The key of the thing, where it has one; what has none is added up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<String>,
    /// Where, what, in which bucket.
    pub site: Site,
    /// Base units of it.
    pub quantity: i64,
}

/// One round: which bins were counted whole and by whom, and what was seen there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Bins and who counted each.
    pub bins: BTreeMap<Location, BTreeSet<OperatorId>>,
    /// What was seen, by sweep and scanner together.
    pub seen: Vec<Seen>,
}

/// Up to which difference a first count stands without another. A difference that is within any of them
/// stands; all zero means any difference is counted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tolerance {
    /// Base units.
    pub pieces: i64,
    /// Per mille of what the book says.
    pub permille: u32,
    /// Of what the difference is worth.
    pub value: Amount,
}

impl Tolerance {
    /// Whether a count stands against the book. Things that were exchanged for others are a difference
    /// though the quantity is the same, and only pieces bear it.
    #[must_use]
    pub fn bears(&self, book: &Book, tally: &Tally) -> bool {
        let difference = i128::from(tally.quantity).abs_diff(i128::from(book.quantity));
        let exchanged = match book.things.is_empty() {
            true => 0,
            false => book.things.symmetric_difference(&tally.things).count() as u128,
        };
        let most = difference.max(exchanged);
        let whole = u128::try_from(book.quantity).unwrap_or(0);
        let share = difference * 1_000 <= u128::from(self.permille) * whole;
        let worth = differences::worth(book, tally.quantity);
        let most_worth = self.value.units();
        // Where no value is tolerated, what is worth nothing is no exception.
        let cheap = most_worth > 0
            && worth.is_some_and(|worth| worth.units().saturating_abs() <= most_worth);
        let few = i128::try_from(most).is_ok_and(|most| most <= i128::from(self.pieces));
        most == 0 || few || (difference > 0 && exchanged <= difference && (share || cheap))
    }
}

/// What those who count see: sites without quantities, bin by bin.
#[must_use]
pub fn sheet(books: &Books) -> BTreeMap<&Location, Vec<(&ItemId, &Bucket)>> {
    let mut sheet: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for Site { location, item, bucket } in books.keys() {
        sheet.entry(location).or_default().push((item, bucket));
    }
    sheet
}

/// What is wrong with the rounds of a count of these bins; all at once.
#[must_use]
pub fn round_mistakes(bins: &BTreeSet<Location>, rounds: &[Round]) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    if rounds.len() > ROUNDS_MAX || bins.len() > BINS_MAX {
        let message = format!("at most {ROUNDS_MAX} rounds of {BINS_MAX} bins: make another count");
        mistakes.push(PlanError::rule("count-too-large", "rounds", message));
    }
    let mut before: BTreeMap<&Location, BTreeSet<&OperatorId>> = BTreeMap::new();
    for (index, round) in rounds.iter().enumerate() {
        for (bin, people) in &round.bins {
            let known = before.entry(bin).or_default();
            let field = format!("rounds[{index}].bins.{bin}");
            mistakes.extend(bin_mistakes(&field, (bin, bins.contains(bin)), people, known));
            known.extend(people);
        }
        mistakes.extend(seen_mistakes(index, round));
    }
    mistakes
}

fn bin_mistakes(
    field: &str,
    (bin, own): (&Location, bool),
    people: &BTreeSet<OperatorId>,
    before: &BTreeSet<&OperatorId>,
) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    if !own {
        let message = format!("{bin} is not of this count: count its own bins");
        mistakes.push(PlanError::rule("bin-foreign", field, message));
    }
    if people.is_empty() {
        mistakes.push(PlanError::rule("counter-missing", field, "say who counted it"));
    }
    for person in people.iter().filter(|person| before.contains(person)) {
        let message = format!("{person} counted {bin} before: somebody else counts again");
        mistakes.push(PlanError::rule("recount-same-person", field, message));
    }
    mistakes
}

fn seen_mistakes(index: usize, round: &Round) -> Vec<PlanError> {
    let field = format!("rounds[{index}].seen");
    if round.seen.len() > SEEN_MAX {
        let message = format!("more than {SEEN_MAX} sights: count in parts");
        return vec![PlanError::rule("count-too-large", field, message)];
    }
    let mut mistakes = Vec::new();
    for (at, seen) in round.seen.iter().enumerate() {
        let Site { location, item, .. } = &seen.site;
        if !round.bins.contains_key(location) {
            let message = format!(
                "{location} is not among the bins that were counted whole: name it with who counted it"
            );
            let field = format!("{field}[{at}].location");
            mistakes.push(PlanError::rule("bin-not-counted", field, message));
        }
        if seen.quantity < 0 {
            let message = format!("{} of {item}: state 0 or more", seen.quantity);
            let field = format!("{field}[{at}].quantity");
            mistakes.push(PlanError::rule("quantity-impossible", field, message));
        }
    }
    mistakes
}
