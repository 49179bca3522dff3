//! Which figures stand, and which are counted again by somebody else.
//!
//! Invariants: a site whose bin was never counted is open; one is settled by the book within tolerance at its
//! first count, by two counts of different people that agree, or, disputed, by the last round; a doubt about
//! a thing never settles by the book.

use std::collections::BTreeSet;

use gatewarden_model::OperatorId;
use serde::Serialize;

use super::{Books, Merged, Round, Site, Tally, Tolerance, merge};
use crate::PlanError;

/// What is to be done about a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Its bin was not counted yet.
    Uncounted,
    /// To be counted again, by nobody of these.
    Recount {
        /// Who counted it before.
        not_by: BTreeSet<OperatorId>,
    },
    /// It stands.
    Settled {
        /// What counts.
        tally: Tally,
        /// Whether no two counts agreed; for who approves.
        disputed: bool,
    },
}

/// A site and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which.
    pub site: Site,
    /// What each round that counted its bin found.
    pub counts: Vec<i64>,
    /// What is to be done.
    pub verdict: Verdict,
}

/// One count of a site.
struct Counted<'a> {
    tally: Tally,
    by: &'a BTreeSet<OperatorId>,
    doubtful: bool,
}

/// Looks at all sites of book and rounds. `rounds_max` is after how many counts a figure stands though
/// none agree, 1 or more; the rounds are without mistakes ([`super::round_mistakes`]).
pub fn evaluate(
    books: &Books,
    rounds: &[Round],
    tolerance: &Tolerance,
    rounds_max: usize,
) -> Result<Vec<Line>, PlanError> {
    let merged: Vec<Merged> =
        rounds.iter().map(|round| merge(&round.seen)).collect::<Result<_, _>>()?;
    let doubted: Vec<BTreeSet<&Site>> = merged
        .iter()
        .map(|one| one.doubts.iter().flat_map(|doubt| &doubt.sites).collect())
        .collect();
    let mut sites: BTreeSet<&Site> = books.keys().collect();
    sites.extend(merged.iter().flat_map(|one| one.tallies.keys()));
    sites.extend(doubted.iter().flatten());
    let none = super::Book::default();
    let line = |site: &Site| {
        let by_round = rounds.iter().zip(merged.iter().zip(&doubted));
        let counted: Vec<Counted<'_>> = by_round
            .filter_map(|(round, (merged, doubted))| {
                let tally = merged.tallies.get(site).cloned().unwrap_or_default();
                let by = round.bins.get(&site.location)?;
                Some(Counted { tally, by, doubtful: doubted.contains(site) })
            })
            .collect();
        let book = books.get(site).unwrap_or(&none);
        let counts = counted.iter().map(|one| one.tally.quantity).collect();
        let bears = |tally: &Tally| tolerance.bears(book, tally);
        Line { site: site.clone(), counts, verdict: verdict(&counted, bears, rounds_max.max(1)) }
    };
    Ok(sites.into_iter().map(line).collect())
}

fn verdict(counted: &[Counted<'_>], bears: impl Fn(&Tally) -> bool, rounds_max: usize) -> Verdict {
    let Some(last) = counted.last() else { return Verdict::Uncounted };
    let settled = |tally: &Tally, disputed| Verdict::Settled { tally: tally.clone(), disputed };
    if let [first] = counted
        && !first.doubtful
        && bears(&first.tally)
    {
        return settled(&first.tally, false);
    }
    let sure: Vec<&Counted<'_>> = counted.iter().filter(|one| !one.doubtful).collect();
    let pairs = sure.iter().enumerate().flat_map(|(at, one)| {
        sure.iter()
            .skip(at + 1)
            .filter(|other| agree(&one.tally, &other.tally))
            .map(move |o| (one, o))
    });
    if let Some((one, other)) = pairs.last() {
        let named = if other.tally.things.is_empty() { one } else { other };
        return settled(&named.tally, false);
    }
    if counted.len() >= rounds_max {
        return settled(&last.tally, true);
    }
    Verdict::Recount { not_by: counted.iter().flat_map(|one| one.by.iter().cloned()).collect() }
}

/// Whether two counts found the same: as many, and the same things where both tell them.
fn agree(one: &Tally, other: &Tally) -> bool {
    let by_hand = one.things.is_empty() || other.things.is_empty();
    one.quantity == other.quantity && (by_hand || one.things == other.things)
}
