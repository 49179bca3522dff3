//! Random counts: merging, settling and differences beside plain rules.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::counting::*;
use gatewarden_planning::count::{Books, Line, Round, Seen, Tolerance, evaluate, finish, merge};
use proptest::{collection::vec, prelude::*};

proptest! {
    /// The order of sights and their repetition change nothing.
    #[test]
    fn merging_knows_no_order(
        sights in vec((0..2_usize, 0..5_u8), 0..20),
        turn in 0..20_usize,
    ) {
        let bins = ["wh1/a", "wh1/b"];
        let mut seen: Vec<Seen> =
            sights.iter().map(|(bin, thing)| tag(bins[*bin], "TV", &format!("t{thing}"))).collect();
        let one = merge(&seen).unwrap();
        let twice = seen.clone();
        seen.extend(twice);
        let at = turn % seen.len().max(1);
        seen.rotate_left(at);
        seen.reverse();
        prop_assert_eq!(&merge(&seen).unwrap(), &one);
        // Every thing is in one tally or in one doubt.
        let tallied = one.tallies.values().flat_map(|tally| tally.things.iter().cloned());
        let mut all: Vec<String> = tallied.chain(one.doubts.iter().map(|d| d.thing.clone())).collect();
        all.sort();
        let mut things: Vec<String> = sights.iter().map(|(_, thing)| format!("t{thing}")).collect();
        things.sort();
        things.dedup();
        prop_assert_eq!(all, things);
    }

    /// The rule in one line, beside the state machine: the book, else two that agree, else the last.
    #[test]
    fn a_figure_settles_as_the_rule_says(
        book_quantity in 0..6_i64, counts in vec(0..6_i64, 1..5), pieces in 0..2_i64,
    ) {
        let books = Books::from([(site("wh1/a", "M8"), book(book_quantity, 5, &[]))]);
        let rounds: Vec<Round> = counts
            .iter()
            .enumerate()
            .map(|(at, quantity)| {
                round(&[("wh1/a", &format!("p{at}"))], vec![loose("wh1/a", "M8", *quantity)])
            })
            .collect();
        let tolerance = Tolerance { pieces, ..Tolerance::default() };
        let lines: Vec<Line> = evaluate(&books, &rounds, &tolerance, 3).unwrap();
        let twice = counts.iter().filter(|one| counts.iter().filter(|c| c == one).count() > 1);
        let found = settled(&lines[0].verdict);
        prop_assert_eq!(&lines[0].counts, &counts);
        if counts.len() == 1 && (counts[0] - book_quantity).abs() <= pieces {
            prop_assert_eq!(found, Some((counts[0], false)));
        } else if twice.clone().next().is_some() {
            let (quantity, disputed) = found.unwrap();
            prop_assert!(!disputed && twice.clone().any(|one| *one == quantity));
        } else if counts.len() >= 3 {
            prop_assert_eq!(found, Some((*counts.last().unwrap(), true)));
        } else {
            prop_assert_eq!(found, None);
        }
    }

    /// Book + differences = what was counted, over all sites.
    #[test]
    fn differences_add_up(sites in vec((0..50_i64, 0..50_i64), 1..6)) {
        let mut books = Books::new();
        let mut seen = Vec::new();
        for (at, (in_book, counted)) in sites.iter().enumerate() {
            let code = format!("I{at}");
            books.insert(site("wh1/a", &code), book(*in_book, 10, &[]));
            seen.push(loose("wh1/a", &code, *counted));
        }
        let rounds = ["li", "wang"].map(|who| round(&[("wh1/a", who)], seen.clone()));
        let lines = evaluate(&books, &rounds, &Tolerance::default(), 3).unwrap();
        let found = finish(&books, &lines).unwrap();
        let change: i64 = found.differences.iter().map(|d| d.counted - d.book).sum();
        let expected: i64 = sites.iter().map(|(in_book, counted)| counted - in_book).sum();
        prop_assert_eq!(change, expected);
        prop_assert_eq!(found.differences.len(), sites.iter().filter(|(b, c)| b != c).count());
    }
}
