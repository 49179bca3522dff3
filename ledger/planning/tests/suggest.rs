//! Suggestions: each formula beside a plain way to the same number.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use gatewarden_model::{Amount, Day, DocumentKind, ItemClass};
use gatewarden_planning::suggest::{
    ABC_CUTS_PERMILLE, Dated, Moments, Position, Reorder, StockOut, StockOutBy, Turnover, Wanted,
    classes, reorder_point, safety_stock, service_factor, stock_out, suggest, to_content, turnover,
};
use proptest::{collection::vec, prelude::*};

const TODAY: &str = "2026-05-01";

fn after(days: i64) -> Day {
    Day::from_number(i64::from(day(TODAY).number()) + days)
}

fn dated(list: &[(i64, i64)]) -> Vec<Dated> {
    list.iter().map(|(days, quantity)| Dated { day: after(*days), quantity: *quantity }).collect()
}

#[test]
fn projected_is_what_there_is_and_comes_less_what_goes() {
    let position = Position {
        actual: 100,
        planned: 20,
        requested: 5,
        ordered: 50,
        reserved: 30,
        production: 60,
        subcontract: 15,
    };
    assert_eq!(position.projected(), Some(70));
    assert_eq!(Position { actual: i64::MAX, ordered: 1, ..Position::default() }.projected(), None);
    let apart = Position { actual: i64::MAX, ordered: 9, reserved: 9, ..Position::default() };
    assert_eq!(apart.projected(), Some(i64::MAX));
}

#[test]
fn at_or_below_the_level_the_greater_of_quantity_and_deficit_is_ordered() {
    let reorder = |level, quantity, pack| Reorder { level, quantity, pack, lead_days: 7 };
    let cases = [
        (71, reorder(70, 40, 1), None),
        (70, reorder(70, 40, 1), Some(40)),
        (10, reorder(70, 40, 1), Some(60)),
        (-20, reorder(70, 40, 1), Some(90)),
        (10, reorder(70, 0, 25), Some(75)),
        (70, reorder(70, 0, 1), None),
    ];
    for (projected, reorder, expected) in cases {
        assert_eq!(reorder.order(projected).unwrap(), expected, "{projected} {reorder:?}");
    }
    assert_eq!(reorder(1, 1, 0).order(0).unwrap_err().code(), "reorder-malformed");
    let far = reorder(i64::MAX, 0, 1).order(-1).unwrap_err();
    assert_eq!(far.code(), "number-overflow");
}

#[test]
fn stock_lacks_on_the_first_day_that_goes_below_nothing() {
    let by = |day, by| Some(StockOut { day: after(day), by });
    let supply = dated(&[(3, 50)]);
    let out = stock_out(day(TODAY), 100, &supply, &dated(&[(2, 90), (4, 61)]), (0, 0));
    assert_eq!(out, by(4, StockOutBy::Demand));
    // What comes on a day is there for what goes on it; what is overdue goes today.
    let same = stock_out(day(TODAY), 10, &supply, &dated(&[(3, 60)]), (0, 0));
    assert_eq!(same, None);
    let overdue = stock_out(day(TODAY), 10, &[], &dated(&[(-5, 11)]), (0, 0));
    assert_eq!(overdue, by(0, StockOutBy::Demand));
    // 105 at 10 a day: ten days are covered, the eleventh is not.
    assert_eq!(stock_out(day(TODAY), 105, &[], &[], (300, 30)), by(10, StockOutBy::MeanIssue));
    assert_eq!(stock_out(day(TODAY), 0, &[], &[], (300, 30)), by(0, StockOutBy::MeanIssue));
    assert_eq!(stock_out(day(TODAY), 105, &[], &[], (0, 30)), None);
}

#[test]
fn a_suggestion_says_how_much_until_when_and_why() {
    let wanted = |code: &str, actual, lead_days| Wanted {
        item: item(code),
        position: Position { actual, ..Position::default() },
        reorder: Reorder { level: 70, quantity: 40, pack: 1, lead_days },
        supply: vec![],
        demand: vec![],
        issued: (300, 30),
    };
    let all = [wanted("M8", 65, 14), wanted("M6", 50, 3), wanted("M4", 500, 3)];
    let lines = suggest(day(TODAY), &all).unwrap();
    let told: Vec<_> =
        lines.iter().map(|l| (l.item.as_str(), l.quantity, l.order_by, l.due, l.late)).collect();
    let expected = [("M6", 40, after(2), after(5), false), ("M8", 40, after(0), after(14), true)];
    assert_eq!(told, expected);
    let content = to_content("PS-1", day(TODAY), &lines).unwrap();
    assert_eq!(content.document.kind, DocumentKind::PurchaseSuggestion);
    assert_eq!(content.due, Some(after(5)));
    let fields: Vec<_> =
        content.lines[1].custom.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(fields, [("level", "70"), ("projected", "65"), ("stock-out", "2026-05-07")]);
    let wrong = Wanted {
        position: Position { actual: i64::MAX, ordered: i64::MAX, ..Position::default() },
        ..wanted("X", 0, 1)
    };
    let worse = Wanted { reorder: Reorder { pack: 0, ..all[0].reorder }, ..wanted("Y", 0, 1) };
    let mistakes = suggest(day(TODAY), &[wrong, all[0].clone(), worse]).unwrap_err();
    assert_eq!(codes(&mistakes), ["number-overflow", "reorder-malformed"]);
}

#[test]
fn safety_stock_by_hand() {
    // Demand 8, 10, 12 (mean 10, variance 4), lead 4, 6 (mean 5, variance 2), z = 1.645:
    // 1.645 · √(5·4 + 100·2) = 1.645 · √220 = 24.399…
    let (demand, lead) = (Moments::of(&[8, 10, 12]).unwrap(), Moments::of(&[4, 6]).unwrap());
    let factor = service_factor(950).unwrap();
    assert_eq!(safety_stock(factor, &demand, &lead).unwrap(), 25);
    assert_eq!(reorder_point(25, &demand, &lead).unwrap(), 75);
    let steady = Moments::of(&[10]).unwrap();
    assert_eq!(safety_stock(factor, &steady, &steady).unwrap(), 0);
    let none = Moments::default();
    assert_eq!(safety_stock(factor, &none, &lead).unwrap_err().code(), "history-missing");
    assert_eq!(service_factor(951).unwrap_err().code(), "service-level");
    assert!(Moments::of(&[-1]).is_none());
}

#[test]
fn classes_by_the_value_that_stands_before() {
    let amount = |units: i64| Amount::from_units(units * 10_000);
    let issued: BTreeMap<_, _> =
        [("A1", 500), ("A2", 290), ("A3", 60), ("B1", 90), ("C1", 60), ("C2", 0)]
            .map(|(code, units)| (item(code), amount(units)))
            .into();
    let found = classes(&issued, ABC_CUTS_PERMILLE);
    let told: Vec<_> = found.iter().map(|(item, class)| (item.as_str(), class.name())).collect();
    // Ranked 500, 290, 90, 60, 60, 0 of 1000: before them stand 0, 500, 790, 880, 940, 1000.
    let expected = [("A1", "A"), ("A2", "A"), ("A3", "B"), ("B1", "A"), ("C1", "B"), ("C2", "C")];
    assert_eq!(told, expected);
    assert!(
        classes(&BTreeMap::from([(item("X"), amount(0))]), ABC_CUTS_PERMILLE)
            .values()
            .all(|class| *class == ItemClass::C)
    );
}

#[test]
fn turnover_is_weighted_by_day() {
    let amount = |units: i64| Amount::from_units(units * 10_000);
    // 20 days of 300 and 10 of 0 make 200 on the mean; 500 issued is 2.5 times in 30 days: 12 days.
    let worth: Vec<Amount> = (0..30).map(|d| amount(if d < 20 { 300 } else { 0 })).collect();
    let expected = Turnover { times_milli: 2_500, days_tenths: Some(120) };
    assert_eq!(turnover(amount(500), &worth), Some(expected));
    let still = Turnover { times_milli: 0, days_tenths: None };
    assert_eq!(turnover(amount(0), &worth), Some(still));
    assert_eq!(turnover(amount(5), &[]), None);
    assert_eq!(turnover(amount(5), &[amount(0)]), None);
}

proptest! {
    /// Beside floating point: the whole number above the root, unless the root is whole to nine places.
    #[test]
    fn safety_stock_is_the_formula_rounded_up(
        demand in vec(0..2_000_i64, 1..40),
        lead in vec(0..90_i64, 1..20),
        z in 0..4_000_u32,
    ) {
        let stats = |list: &[i64]| {
            let n = list.len() as f64;
            let mean = list.iter().map(|x| *x as f64).sum::<f64>() / n;
            let square = list.iter().map(|x| (*x as f64 - mean).powi(2)).sum::<f64>();
            (mean, if list.len() > 1 { square / (n - 1.0) } else { 0.0 })
        };
        let ((d, var_d), (lt, var_lt)) = (stats(&demand), stats(&lead));
        let plain = f64::from(z) / 1_000.0 * (lt * var_d + d * d * var_lt).sqrt();
        let found = safety_stock(z, &Moments::of(&demand).unwrap(), &Moments::of(&lead).unwrap()).unwrap();
        let near = (plain - plain.round()).abs() < 1e-6;
        if near {
            prop_assert!((found as f64 - plain).abs() <= 1.0);
        } else {
            prop_assert_eq!(found, plain.ceil() as i64);
        }
    }

    /// Beside going through the days one by one.
    #[test]
    fn stock_out_is_found_day_by_day(
        on_hand in 0..300_i64,
        supply in vec((-3..20_i64, 0..80_i64), 0..6),
        demand in vec((-3..20_i64, 0..80_i64), 0..9),
        issued in 0..200_i64,
    ) {
        let (mut there, mut expected) = (on_hand, None);
        for at in 0..20 {
            let on = |list: &[(i64, i64)]| list.iter().filter(|(d, _)| (*d).max(0) == at).map(|(_, q)| q).sum::<i64>();
            there += on(&supply) - on(&demand);
            if there < 0 && expected.is_none() {
                expected = Some(StockOut { day: after(at), by: StockOutBy::Demand });
            }
        }
        if expected.is_none() && issued > 0 {
            // Ten days' issues: day n is covered while 10 · on hand ≥ (n + 1) · issued.
            let mut at = 0;
            while 10 * on_hand >= (at + 1) * issued {
                at += 1;
            }
            expected = Some(StockOut { day: after(at), by: StockOutBy::MeanIssue });
        }
        prop_assert_eq!(stock_out(day(TODAY), on_hand, &dated(&supply), &dated(&demand), (issued, 10)), expected);
    }

    #[test]
    fn an_order_reaches_the_level_in_whole_packs_and_no_more_than_it_must(
        projected in -500..500_i64, level in 0..400_i64, quantity in 0..300_i64, pack in 1..40_i64,
    ) {
        let reorder = Reorder { level, quantity, pack, lead_days: 1 };
        match reorder.order(projected).unwrap() {
            None => prop_assert!(projected > level || (projected == level && quantity == 0)),
            Some(order) => {
                prop_assert!(projected <= level && order % pack == 0);
                prop_assert!(projected + order >= level && order >= quantity);
                prop_assert!(order - pack < quantity.max(level - projected));
            }
        }
    }
}
