//! Sampling: plans held to figures from elsewhere and to what the standard promises, decisions that add up.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::*;
use gatewarden_planning::{
    Fact,
    sampling::{AQLS, Aql, Finding, LETTERS, Level, Outcome, Plan, SAMPLES, judge, plan, read},
};
use proptest::prelude::*;

fn aql(text: &str) -> Aql {
    text.parse().unwrap()
}

/// Published examples: lot, level, AQL → letter, sample, Ac. Arrows up and down among them.
#[test]
fn published_plans() {
    let cases = [
        (1_000, Level::II, "2.5", 'J', 80, 5),
        (1_000, Level::II, "4.0", 'J', 80, 7),
        (1_000, Level::II, "1.0", 'J', 80, 2),
        (800, Level::II, "0.65", 'J', 80, 1),
        (2_000, Level::II, "0.65", 'K', 125, 2),
        (5_000, Level::II, "0.65", 'L', 200, 3),
        (4_000, Level::II, "1.5", 'L', 200, 7),
        (3_000, Level::II, "2.5", 'K', 125, 7),
        (20_000, Level::II, "0.25", 'M', 315, 2),
        (500, Level::I, "2.5", 'F', 20, 1),
        (500, Level::III, "2.5", 'J', 80, 5),
        // Arrow up: G at 0.65 has no plan of its own, F has.
        (200, Level::II, "0.65", 'F', 20, 0),
        // Arrow down: H at 0.65 leads to J.
        (400, Level::II, "0.65", 'J', 80, 1),
        // Arrow down from C at 1.0 to E.
        (20, Level::II, "1.0", 'E', 13, 0),
        // Arrow up from M at 6.5 to L.
        (5_000, Level::III, "6.5", 'L', 200, 21),
        // R at the strictest leads up to Q.
        (1_000_000, Level::III, "0.010", 'Q', 1_250, 0),
        (1_000_000, Level::III, "0.015", 'P', 800, 0),
        (600, Level::S3, "4.0", 'E', 13, 1),
        // The sample is the lot where the plan wants more than there is.
        (40, Level::II, "0.10", 'K', 40, 0),
        (1, Level::II, "6.5", 'A', 1, 0),
        (7, Level::II, "10", 'C', 5, 1),
    ];
    for (lot, level, limit, letter, sample, accept) in cases {
        let found = plan(lot, level, aql(limit)).unwrap();
        let expected = Plan { letter, sample, accept, reject: accept + 1 };
        // What K at 0.10 gives: the first plan below D is K.
        assert_eq!(found, expected, "{lot} at {} and {limit}", level.name());
    }
}

/// Definitions keep a limit in thousandths of a per cent.
#[test]
fn a_limit_is_known_by_its_thousandths() {
    let thousandths =
        [10, 15, 25, 40, 65, 100, 150, 250, 400, 650, 1_000, 1_500, 2_500, 4_000, 6_500, 10_000];
    for (thousandths, name) in thousandths.into_iter().zip(AQLS) {
        assert_eq!(Aql::of_thousandths(thousandths).unwrap(), aql(name), "{name}");
    }
    for none in [0, 1, 1_001, 20_000, u32::MAX] {
        assert_eq!(Aql::of_thousandths(none).unwrap_err().code(), "aql-unknown");
    }
}

/// The standard's master table is made of diagonals: sample × AQL is about constant along one. The numbers of
/// the sequence below are those of the standard, computed here beside the written table.
#[test]
fn the_table_is_made_of_diagonals() {
    let sequence = [1, 2, 3, 5, 7, 10, 14, 21];
    for letter in 0..LETTERS.len() {
        for (column, limit) in AQLS.iter().enumerate() {
            // The lot whose level III letter is this one, or A by level II.
            let diagonal = letter + column;
            let own = match diagonal {
                14 => Some(0),
                17..=24 => Some(sequence[diagonal - 17]),
                _ => None,
            };
            let lot = [
                2, 2, 10, 20, 30, 60, 100, 200, 300, 600, 2_000, 5_000, 20_000, 100_000, 200_000,
                600_000,
            ][letter];
            let level = if letter == 0 { Level::II } else { Level::III };
            let found = plan(lot, level, aql(limit)).unwrap();
            match own {
                Some(accept) => {
                    assert_eq!((found.letter, found.accept), (LETTERS[letter], accept), "{limit}");
                    assert_eq!(found.sample, SAMPLES[letter].min(lot));
                }
                None => assert_ne!(found.letter, LETTERS[letter], "{limit}"),
            }
        }
    }
}

/// Of lots as bad as the AQL at least 85 in 100 are accepted (the standard's curves say 87 to 99 for
/// its plans), of lots ten times as bad few.
#[test]
fn a_lot_at_the_limit_is_most_likely_accepted() {
    let accepted = |n: i64, accept: u32, p: f64| {
        let (mut term, mut sum) = ((1.0 - p).powf(n as f64), 0.0);
        for k in 0..=accept {
            sum += term;
            term *= (n - i64::from(k)) as f64 / f64::from(k + 1) * p / (1.0 - p);
        }
        sum
    };
    for lot in [30, 100, 1_000, 3_000, 30_000, 600_000] {
        for limit in AQLS {
            let found = plan(lot, Level::II, aql(limit)).unwrap();
            let sample = SAMPLES[LETTERS.iter().position(|l| *l == found.letter).unwrap()];
            let p = limit.parse::<f64>().unwrap() / 100.0;
            let at = accepted(sample, found.accept, p);
            assert!((0.85..=0.995).contains(&at), "{lot} {limit}: {at}");
            assert!(accepted(sample, found.accept, (10.0 * p).min(0.9)) < 0.35, "{lot} {limit}");
        }
    }
}

#[test]
fn what_is_not_in_the_tables_is_told() {
    let error = "0.7".parse::<Aql>().unwrap_err();
    assert_eq!(error.code(), "aql-unknown");
    assert!(error.to_string().contains("0.65, 1.0"), "{error}");
    assert_eq!("IV".parse::<Level>().unwrap_err().code(), "inspection-level");
    assert_eq!(plan(0, Level::II, aql("1.0")).unwrap_err().code(), "quantity-impossible");
    for level in Level::ALL {
        assert_eq!(level.name().parse::<Level>().unwrap(), level);
    }
    assert_eq!(Aql::all().count(), AQLS.len());
}

fn outcome(accept: i64, reject: i64, rework: i64, concession: i64) -> Outcome {
    let reason = (concession > 0).then(|| "customer agreed".to_owned());
    Outcome { accept, reject, rework, concession, reason }
}

#[test]
fn decisions_add_up_and_follow_the_sample() {
    // 1000 at 2.5: 80 pieces, 5 accept.
    let plan = plan(1_000, Level::II, aql("2.5")).unwrap();
    let found = |inspected, nonconforming| Finding { lot: 1_000, inspected, nonconforming };
    let told = |finding, outcome: Outcome| match judge(&plan, finding, &outcome) {
        Ok(facts) => vec![if facts["lot_accepted"] == Fact::Truth(true) { "yes" } else { "no" }],
        Err(mistakes) => codes(&mistakes),
    };
    let cases = [
        (found(80, 5), outcome(995, 5, 0, 0), vec!["yes"]),
        (found(80, 5), outcome(996, 4, 0, 0), vec!["bad-accepted"]),
        (found(80, 6), outcome(0, 1_000, 0, 0), vec!["no"]),
        (found(80, 6), outcome(994, 6, 0, 0), vec!["lot-not-accepted"]),
        (found(1_000, 6), outcome(994, 2, 4, 0), vec!["no"]),
        (found(80, 6), outcome(0, 0, 0, 1_000), vec!["no"]),
        (found(79, 0), outcome(1_000, 0, 0, 0), vec!["sample-short"]),
        (found(80, 0), outcome(999, 0, 0, 0), vec!["quantities-not-the-lot"]),
        (found(80, 81), outcome(1_000, 0, 0, 0), vec!["quantity-impossible"]),
        (
            found(1_001, 0),
            Outcome { reason: None, ..outcome(1_001, -2, 0, 1) },
            vec!["quantity-impossible", "quantity-impossible", "concession-without-reason"],
        ),
    ];
    for (finding, decided, expected) in cases {
        assert_eq!(told(finding, decided.clone()), expected, "{finding:?} {decided:?}");
    }
    let facts = judge(&plan, found(80, 6), &outcome(0, 997, 0, 3)).unwrap();
    assert_eq!(facts["concession"], Fact::Integer(3));
    assert_eq!(facts["concession_permille"], Fact::Integer(3));
}

/// An inspection as a document: lines decide, the head says what was found.
#[test]
fn an_inspection_is_read_from_its_document() {
    let line = |number, quantity, fields: &[(&str, &str)]| {
        let mut content =
            bom("X", 1, "2026-01-01", vec![line(number, "M8", quantity)]).to_content();
        let mut line = content.lines.remove(0);
        line.custom = fields.iter().map(|(n, v)| (n.parse().unwrap(), (*v).to_owned())).collect();
        line
    };
    let mut content = bom("X", 1, "2026-01-01", vec![]).to_content();
    content.custom = [("defects".parse().unwrap(), "3".to_owned())].into();
    content.lines = vec![
        line(1, 990, &[("outcome", "accept")]),
        line(2, 8, &[("outcome", "rework")]),
        line(3, 2, &[("outcome", "concession"), ("finding", "scratched")]),
    ];
    let plan_of = |lot| plan(lot, Level::II, aql("2.5"));
    let (plan, found, decided) = read(&content, plan_of).unwrap();
    assert_eq!(found, Finding { lot: 1_000, inspected: 80, nonconforming: 3 });
    assert_eq!(decided.reason.as_deref(), Some("scratched"));
    assert_eq!((decided.accept, decided.rework, decided.concession), (990, 8, 2));
    judge(&plan, found, &decided).unwrap();
    content.lines[0].custom.clear();
    content.lines[1].quantity = -8;
    content.custom.insert("inspected".parse().unwrap(), "all".to_owned());
    let mistakes = read(&content, plan_of).unwrap_err();
    let expected = ["outcome-missing", "quantity-impossible", "number-malformed"];
    assert_eq!(codes(&mistakes), expected);
}

proptest! {
    /// Whatever is decided: when it stands, it is the lot, nothing bad is accepted, and an unsorted
    /// refused lot gives nothing free.
    #[test]
    fn what_stands_is_sound(
        lot in 1..400_i64,
        inspected in 0..400_i64,
        bad in 0..40_i64,
        parts in [0..400_i64, 0..60, 0..60, 0..60],
        exact in any::<bool>(),
    ) {
        let plan = plan(lot, Level::II, aql("4.0")).unwrap();
        let [mut accept, reject, rework, concession] = parts;
        if exact {
            accept = lot - reject - rework - concession;
        }
        let found = Finding { lot, inspected, nonconforming: bad };
        let decided = outcome(accept, reject, rework, concession);
        if judge(&plan, found, &decided).is_ok() {
            prop_assert_eq!(accept + reject + rework + concession, lot);
            prop_assert!(accept + bad <= lot && bad <= inspected && inspected <= lot);
            prop_assert!(inspected >= plan.sample);
            prop_assert!(bad <= i64::from(plan.accept) || accept == 0 || inspected == lot);
        }
    }
}
