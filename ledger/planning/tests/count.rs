//! Counts: blind, merged by thing, counted again by somebody else, differences, frozen bins.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use gatewarden_model::{Amount, Bucket, Location, OperatorId};
use gatewarden_planning::{
    Fact,
    count::{
        Book, Books, DoubtWhy, Frozen, Line, Misplaced, Round, Seen, Site, Tolerance, Verdict,
        evaluate, finish, merge, round_mistakes, sheet,
    },
};
use proptest::{collection::vec, prelude::*};

fn place(text: &str) -> Location {
    text.parse().unwrap()
}

fn people(names: &str) -> BTreeSet<OperatorId> {
    names.split(' ').map(|name| name.parse().unwrap()).collect()
}

fn site(bin: &str, code: &str) -> Site {
    Site { location: place(bin), item: item(code), bucket: Bucket::default() }
}

fn book(quantity: i64, units: i64, things: &[&str]) -> Book {
    let things = things.iter().map(|thing| (*thing).to_owned()).collect();
    Book { quantity, value: Some(Amount::from_units(units * 10_000)), things }
}

fn loose(bin: &str, code: &str, quantity: i64) -> Seen {
    Seen { thing: None, site: site(bin, code), quantity }
}

fn tag(bin: &str, code: &str, thing: &str) -> Seen {
    Seen { thing: Some(thing.to_owned()), site: site(bin, code), quantity: 1 }
}

fn round(bins: &[(&str, &str)], seen: Vec<Seen>) -> Round {
    let bins = bins.iter().map(|(bin, names)| (place(bin), people(names))).collect();
    Round { bins, seen }
}

fn verdict(
    books: &Books,
    rounds: &[Round],
    tolerance: Tolerance,
    bin: &str,
    code: &str,
) -> Verdict {
    let lines = evaluate(books, rounds, &tolerance, 3).unwrap();
    lines.into_iter().find(|line| line.site == site(bin, code)).unwrap().verdict
}

fn settled(verdict: &Verdict) -> Option<(i64, bool)> {
    match verdict {
        Verdict::Settled { tally, disputed } => Some((tally.quantity, *disputed)),
        _ => None,
    }
}

#[test]
fn who_counts_sees_no_quantity() {
    let books = Books::from([
        (site("wh1/a", "M8"), book(100, 50, &[])),
        (site("wh1/a", "M6"), book(7, 50, &[])),
    ]);
    let told = format!("{:?}", sheet(&books));
    assert!(told.contains("M8") && told.contains("M6"), "{told}");
    assert!(!told.contains("100") && !told.contains('7'), "{told}");
}

#[test]
fn a_thing_counts_once_however_many_devices_saw_it() {
    let seen = [
        tag("wh1/a", "TV", "(01)1(21)1"),
        tag("wh1/a", "TV", "(01)1(21)1"),
        tag("wh1/a", "TV", "(01)1(21)2"),
        loose("wh1/a", "M8", 30),
        loose("wh1/a", "M8", 12),
        // Behind a shelf: a sweep saw it in the next bin too.
        tag("wh1/a", "TV", "(01)1(21)3"),
        tag("wh1/b", "TV", "(01)1(21)3"),
        Seen { quantity: 40, ..tag("wh1/b", "BOX", "(00)1") },
        Seen { quantity: 36, ..tag("wh1/b", "BOX", "(00)1") },
    ];
    let merged = merge(&seen).unwrap();
    let told: Vec<_> = merged.tallies.iter().map(|(s, t)| (s.item.as_str(), t.quantity)).collect();
    assert_eq!(told, [("M8", 42), ("TV", 2)]);
    let why: Vec<_> = merged.doubts.iter().map(|doubt| (doubt.thing.as_str(), doubt.why)).collect();
    assert_eq!(why, [("(00)1", DoubtWhy::TwoQuantities), ("(01)1(21)3", DoubtWhy::TwoSites)]);
    let far = [loose("wh1/a", "M8", i64::MAX), loose("wh1/a", "M8", 1)];
    assert_eq!(merge(&far).unwrap_err().code(), "number-overflow");
}

#[test]
fn what_is_within_tolerance_stands_and_the_rest_is_counted_by_somebody_else() {
    let books = Books::from([(site("wh1/a", "M8"), book(1_000, 500, &[]))]);
    let first = |quantity| round(&[("wh1/a", "li zhou")], vec![loose("wh1/a", "M8", quantity)]);
    let none = Tolerance::default();
    let cases = [
        (1_000, none, true),
        (999, none, false),
        (997, Tolerance { pieces: 3, ..none }, true),
        (996, Tolerance { pieces: 3, ..none }, false),
        (995, Tolerance { permille: 5, ..none }, true),
        (994, Tolerance { permille: 5, ..none }, false),
        // 500 for 1000: 0.5 a piece, so 8 of them are worth 4.
        (1_008, Tolerance { value: Amount::from_units(40_000), ..none }, true),
        (1_009, Tolerance { value: Amount::from_units(40_000), ..none }, false),
    ];
    for (counted, tolerance, stands) in cases {
        let found = verdict(&books, &[first(counted)], tolerance, "wh1/a", "M8");
        match stands {
            true => assert_eq!(settled(&found), Some((counted, false))),
            false => assert_eq!(found, Verdict::Recount { not_by: people("li zhou") }, "{counted}"),
        }
    }
    let again = |who, quantity| round(&[("wh1/a", who)], vec![loose("wh1/a", "M8", quantity)]);
    let at = |rounds: &[Round]| settled(&verdict(&books, rounds, none, "wh1/a", "M8"));
    // The second agrees with the first; with the book alone it does not settle.
    assert_eq!(at(&[first(990), again("wang", 990)]), Some((990, false)));
    assert_eq!(at(&[first(990), again("wang", 1_000)]), None);
    assert_eq!(at(&[first(990), again("wang", 1_000), again("chen", 990)]), Some((990, false)));
    assert_eq!(at(&[first(990), again("wang", 1_000), again("chen", 985)]), Some((985, true)));
}

#[test]
fn a_bin_that_nobody_counted_is_open_and_what_is_not_found_in_one_is_nothing() {
    let books = Books::from([
        (site("wh1/a", "M8"), book(10, 5, &[])),
        (site("wh1/b", "M8"), book(10, 5, &[])),
    ]);
    let first = round(&[("wh1/a", "li")], vec![]);
    let none = Tolerance::default();
    assert_eq!(
        verdict(&books, std::slice::from_ref(&first), none, "wh1/b", "M8"),
        Verdict::Uncounted
    );
    let second = round(&[("wh1/a", "wang")], vec![]);
    let lines = evaluate(&books, &[first, second], &none, 3).unwrap();
    assert_eq!(settled(&lines[0].verdict), Some((0, false)));
    let error = finish(&books, &lines).unwrap_err();
    assert_eq!(error.code(), "count-open");
    assert!(error.to_string().contains("1 sites are to be counted, M8 at wh1/b"), "{error}");
}

#[test]
fn wrong_turns_of_a_round_are_told_at_once() {
    let bins = BTreeSet::from([place("wh1/a"), place("wh1/b")]);
    let rounds = [
        round(&[("wh1/a", "li"), ("wh1/c", "li")], vec![loose("wh1/b", "M8", -1)]),
        Round {
            bins: BTreeMap::from([
                (place("wh1/a"), people("li wang")),
                (place("wh1/b"), BTreeSet::new()),
            ]),
            seen: vec![],
        },
    ];
    let mistakes = round_mistakes(&bins, &rounds);
    let expected = [
        "bin-foreign",
        "bin-not-counted",
        "quantity-impossible",
        "recount-same-person",
        "counter-missing",
    ];
    assert_eq!(codes(&mistakes), expected);
    let told = mistakes[3].to_string();
    assert_eq!(told, "rounds[1].bins.wh1/a: li counted wh1/a before: somebody else counts again");
}

#[test]
fn differences_name_things_that_lack_are_too_many_or_elsewhere() {
    let books = Books::from([
        (site("wh1/a", "TV"), book(3, 900, &["t1", "t2", "t3"])),
        (site("wh1/b", "TV"), book(1, 300, &["t4"])),
        (site("wh1/b", "M8"), book(100, 50, &[])),
    ]);
    let seen = |who: &str| {
        round(
            &[("wh1/a", who), ("wh1/b", who)],
            vec![
                tag("wh1/a", "TV", "t1"),
                tag("wh1/b", "TV", "t4"),
                tag("wh1/b", "TV", "t2"),
                tag("wh1/b", "TV", "t9"),
                loose("wh1/b", "M8", 100),
            ],
        )
    };
    let lines = evaluate(&books, &[seen("li"), seen("wang")], &Tolerance::default(), 3).unwrap();
    let found = finish(&books, &lines).unwrap();
    let told: Vec<_> = found
        .differences
        .iter()
        .map(|d| (d.site.location.as_str(), d.book, d.counted, d.value.unwrap().to_string()))
        .collect();
    let expected = [("wh1/a", 3, 1, "-600".to_owned()), ("wh1/b", 1, 3, "600".to_owned())];
    assert_eq!(told, expected);
    assert_eq!(found.differences[0].missing, ["t2".to_owned(), "t3".to_owned()].into());
    assert_eq!(found.differences[1].unexpected, ["t2".to_owned(), "t9".to_owned()].into());
    let misplaced =
        Misplaced { thing: "t2".into(), from: site("wh1/a", "TV"), to: site("wh1/b", "TV") };
    assert_eq!(found.misplaced, [misplaced]);
    let facts = found.facts();
    assert_eq!(facts["difference_value"], Fact::Integer(12_000_000));
    assert_eq!(facts["shortage_value"], Fact::Integer(6_000_000));
    assert_eq!(facts["disputed_lines"], Fact::Integer(0));
    let counted: Vec<_> = found.count_lines().into_iter().map(|l| (l.line, l.quantity)).collect();
    assert_eq!(counted, [(1, "1".to_owned()), (2, "3".to_owned())]);
}

/// Three for three, but not the same three: the quantity alone would hide it.
#[test]
fn exchanged_things_are_counted_again() {
    let books = Books::from([(site("wh1/a", "TV"), book(2, 600, &["t1", "t2"]))]);
    let seen =
        |who| round(&[("wh1/a", who)], vec![tag("wh1/a", "TV", "t1"), tag("wh1/a", "TV", "t9")]);
    let dear = Tolerance { permille: 1_000, value: Amount::from_units(i64::MAX), pieces: 0 };
    let found = verdict(&books, &[seen("li")], dear, "wh1/a", "TV");
    assert_eq!(found, Verdict::Recount { not_by: people("li") });
    let lines = evaluate(&books, &[seen("li"), seen("wang")], &dear, 3).unwrap();
    let found = finish(&books, &lines).unwrap();
    assert_eq!(found.differences[0].missing, ["t2".to_owned()].into());
    assert_eq!(found.count_lines(), vec![], "nothing is posted where the quantity is right");
}

/// A thing that was seen in two bins never settles by the book.
#[test]
fn a_doubt_is_counted_again() {
    let books = Books::from([(site("wh1/a", "TV"), book(0, 0, &[]))]);
    let bins = [("wh1/a", "li"), ("wh1/b", "li")];
    let first = round(&bins, vec![tag("wh1/a", "TV", "t1"), tag("wh1/b", "TV", "t1")]);
    let found = verdict(&books, &[first], Tolerance::default(), "wh1/a", "TV");
    assert_eq!(found, Verdict::Recount { not_by: people("li") });
}

#[test]
fn frozen_bins_hold_what_is_in_them() {
    let mut frozen = Frozen::default();
    frozen.freeze("CO-1", &[place("wh1/a"), place("wh1/b/03")].into()).unwrap();
    for (at, by) in [
        ("wh1/a", Some("CO-1")),
        ("wh1/a/01", Some("CO-1")),
        ("wh1/ab", None),
        ("wh1", None),
        ("wh1/b", None),
        ("wh1/b/03/x", Some("CO-1")),
        ("@loss", None),
    ] {
        assert_eq!(frozen.by(&place(at)), by, "{at}");
    }
    let error = frozen.admit(&place("wh1/a/01"), None).unwrap_err();
    assert_eq!(error.code(), "bin-frozen");
    assert_eq!(
        error.to_string(),
        "location: wh1/a/01 is being counted by CO-1: wait until it is done"
    );
    frozen.admit(&place("wh1/a/01"), Some("CO-1")).unwrap();
    let second = [place("wh1/a/07"), place("wh1/b"), place("wh1/c"), place("@loss")].into();
    let mistakes = frozen.freeze("CO-2", &second).unwrap_err();
    assert_eq!(codes(&mistakes), ["bin-virtual", "bin-frozen", "bin-frozen"]);
    assert_eq!(frozen.by(&place("wh1/c")), None);
    frozen.thaw("CO-1");
    frozen.freeze("CO-2", &[place("wh1/a/07")].into()).unwrap();
    assert_eq!(frozen.by(&place("wh1/a")), None);
}

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
