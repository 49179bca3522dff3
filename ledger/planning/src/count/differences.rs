//! What a count found against the book: differences, and things that are elsewhere.
//!
//! Invariants: told only when every site is settled; quantity found = book + difference; a thing that lacks
//! at one site of the count and is too many at another is misplaced, and told as such beside both.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{AMOUNT_DECIMALS, Amount, CountLine};
use serde::Serialize;

use super::{Book, Books, Line, Site, Tally, Verdict};
use crate::{Fact, Facts, PlanError, fact::facts};

/// A site that differs from the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which.
    pub site: Site,
    /// What the book said.
    pub book: i64,
    /// What was found.
    pub counted: i64,
    /// What the difference is worth, at what the book's quantity is worth; none where that is not known.
    pub value: Option<Amount>,
    /// Things that should be there and are not.
    pub missing: BTreeSet<String>,
    /// Things that are there and should not be.
    pub unexpected: BTreeSet<String>,
    /// Whether no two counts agreed on it.
    pub disputed: bool,
}

/// A thing that was found at another site than the book says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Misplaced {
    /// Its key.
    pub thing: String,
    /// Where it should be.
    pub from: Site,
    /// Where it was found.
    pub to: Site,
}

/// What a count found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CountResult {
    /// Sites that differ.
    pub differences: Vec<Difference>,
    /// Things elsewhere.
    pub misplaced: Vec<Misplaced>,
    /// Sites that were settled, those without a difference included.
    pub sites: usize,
}

/// What so many counted are worth more than the book's quantity.
pub(super) fn worth(book: &Book, counted: i64) -> Option<Amount> {
    let difference = counted.checked_sub(book.quantity)?;
    let decimals = u8::try_from(AMOUNT_DECIMALS).ok()?;
    book.value?.share(difference, book.quantity, decimals)
}

/// What was found; fails where a site is still open.
pub fn finish(books: &Books, lines: &[Line]) -> Result<CountResult, PlanError> {
    let mut result = CountResult { sites: lines.len(), ..CountResult::default() };
    let (mut missing, mut unexpected) = (BTreeMap::new(), BTreeMap::new());
    let none = Book::default();
    for line in lines {
        let Verdict::Settled { tally, disputed } = &line.verdict else {
            return Err(open(lines));
        };
        let book = books.get(&line.site).unwrap_or(&none);
        let difference = difference(&line.site, book, tally, *disputed);
        missing.extend(difference.missing.iter().map(|t| (t.clone(), line.site.clone())));
        unexpected.extend(difference.unexpected.iter().map(|t| (t.clone(), line.site.clone())));
        let same_things = difference.missing.is_empty() && difference.unexpected.is_empty();
        if difference.book != difference.counted || !same_things {
            result.differences.push(difference);
        }
    }
    for (thing, from) in missing {
        if let Some(to) = unexpected.get(&thing) {
            result.misplaced.push(Misplaced { thing, from, to: to.clone() });
        }
    }
    Ok(result)
}

fn open(lines: &[Line]) -> PlanError {
    let open = lines.iter().filter(|line| !matches!(line.verdict, Verdict::Settled { .. }));
    let first = open.clone().next().map_or(String::new(), |line| {
        format!(", {} at {} the first", line.site.item, line.site.location)
    });
    let message = format!("{} sites are to be counted{first}: finish the count", open.count());
    PlanError::rule("count-open", "rounds", message)
}

fn difference(site: &Site, book: &Book, tally: &Tally, disputed: bool) -> Difference {
    // Of what was counted by hand, or is booked without things, nothing tells which they are.
    let by_hand = tally.things.is_empty() && tally.quantity > 0;
    let unknown = book.things.is_empty() && book.quantity > 0;
    let without = |one: &BTreeSet<String>, other: &BTreeSet<String>, told: bool| match told {
        true => one.difference(other).cloned().collect(),
        false => BTreeSet::new(),
    };
    let missing = without(&book.things, &tally.things, !by_hand);
    let unexpected = without(&tally.things, &book.things, !unknown);
    Difference {
        site: site.clone(),
        book: book.quantity,
        counted: tally.quantity,
        value: worth(book, tally.quantity),
        missing,
        unexpected,
        disputed,
    }
}

impl CountResult {
    /// Facts for rules and the workflow: `difference_lines`, `disputed_lines`, `misplaced`, `shortage_value`
    /// and `surplus_value` (ten-thousandths, both positive), `difference_value` (their sum), and
    /// `unvalued_lines` whose worth is not known.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let units = |one: &Difference| one.value.map_or(0, Amount::units);
        let sum = |sign: i64| {
            let parts = self.differences.iter().map(|one| units(one).saturating_mul(sign).max(0));
            parts.fold(0_i64, i64::saturating_add)
        };
        let count = |count: usize| Fact::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let lines = |which: fn(&Difference) -> bool| {
            count(self.differences.iter().filter(|one| which(one)).count())
        };
        let (surplus, shortage) = (sum(1), sum(-1));
        facts([
            ("difference_lines", lines(|_| true)),
            ("disputed_lines", lines(|one| one.disputed)),
            ("unvalued_lines", lines(|one| one.value.is_none() && one.book != one.counted)),
            ("misplaced", count(self.misplaced.len())),
            ("surplus_value", Fact::Integer(surplus)),
            ("shortage_value", Fact::Integer(shortage)),
            ("difference_value", Fact::Integer(surplus.saturating_add(shortage))),
        ])
    }

    /// The lines of the posting that puts the book right, in base units.
    #[must_use]
    pub fn count_lines(&self) -> Vec<CountLine> {
        let changed = self.differences.iter().filter(|one| one.book != one.counted);
        let line = |(index, one): (usize, &Difference)| CountLine {
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            item: one.site.item.clone(),
            location: one.site.location.clone(),
            bucket: one.site.bucket.clone(),
            quantity: one.counted.to_string(),
            unit: None,
        };
        changed.enumerate().map(line).collect()
    }
}
