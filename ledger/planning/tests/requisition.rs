//! Requisitions against BOM × work order: allowed, excess, substitutes, returns, each wrong turn.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use gatewarden_planning::{
    Boms, Fact, PlanError,
    requisition::{
        Asked, Checked, Checking, EXCESS_PERMILLE_MAX, Issued, Standing, Work, check_requisition,
        check_return,
    },
};
use proptest::{collection::vec, prelude::*};

const FROM: &str = "2026-01-01";

fn lamp() -> Boms {
    boms(vec![
        bom("KIT", 1, FROM, vec![line(10, "SCREW", 4), line(20, "NUT", 4)]),
        bom(
            "LAMP",
            1,
            FROM,
            vec![
                scrap(50, line(10, "WIRE", 150)),
                phantom(line(20, "KIT", 2)),
                line(30, "SCREW", 1),
                group("bulb", line(40, "LED-A", 3)),
                group("bulb", line(50, "LED-B", 4)),
                over(3, line(60, "GLUE", 1)),
            ],
        ),
    ])
}

fn asked(lines: &[(&str, i64)]) -> Vec<Asked> {
    let line = |(index, (code, quantity)): (usize, &(&str, i64))| Asked {
        line: u32::try_from(index).unwrap() + 1,
        item: item(code),
        quantity: *quantity,
        reason: None,
    };
    lines.iter().enumerate().map(line).collect()
}

fn reasoned(lines: &[(&str, i64)]) -> Vec<Asked> {
    let reason = |line| Asked { reason: Some("reel was torn".into()), ..line };
    asked(lines).into_iter().map(reason).collect()
}

fn issued(list: &[(&str, i64, i64)]) -> Vec<Issued> {
    let one = |(code, issued, returned): &(&str, i64, i64)| Issued {
        item: item(code),
        issued: *issued,
        returned: *returned,
    };
    list.iter().map(one).collect()
}

/// Ten lamps.
fn check(before: &[Issued], lines: &[Asked]) -> Result<Checking, Vec<PlanError>> {
    let boms = lamp();
    let bom = boms.newest(&item("LAMP")).unwrap();
    let work = Work { bom, boms: &boms, day: day("2026-03-01"), quantity: 10 };
    check_requisition(&[work], before, lines)
}

fn told(checking: &Checking) -> Vec<(&str, i64, i64)> {
    checking.lines.iter().map(|line| (line.item.as_str(), line.allowed, line.excess)).collect()
}

/// Two lamps and a kit: what each gives is theirs together, rounded by itself.
#[test]
fn an_order_for_several_products_takes_what_each_needs() {
    let boms = lamp();
    let work = |product: &str, quantity| Work {
        bom: boms.newest(&item(product)).unwrap(),
        boms: &boms,
        day: day("2026-03-01"),
        quantity,
    };
    let works = [work("LAMP", 2), work("KIT", 1)];
    let lines = [("SCREW", 22), ("NUT", 21), ("WIRE", 315)];
    let found = check_requisition(&works, &[], &reasoned(&lines)).unwrap();
    assert_eq!(found.boms, [(item("LAMP"), 1), (item("KIT"), 1)]);
    assert_eq!(told(&found), [("SCREW", 22, 0), ("NUT", 20, 1), ("WIRE", 315, 0)]);
    let only = check_requisition(&works[..1], &[], &reasoned(&lines)).unwrap();
    assert_eq!(told(&only), [("SCREW", 18, 4), ("NUT", 16, 5), ("WIRE", 315, 0)]);
    let wrong = check_requisition(&works, &[], &asked(&[("NUT", 21)])).unwrap_err();
    assert!(
        wrong[0].to_string().contains("LAMP version 1 × 2 and KIT version 1 × 1"),
        "{}",
        wrong[0]
    );
}

#[test]
fn what_the_work_order_needs_is_allowed_scrap_and_phantoms_included() {
    let lines = [("WIRE", 1_575), ("SCREW", 90), ("NUT", 80), ("LED-A", 30), ("GLUE", 4)];
    let fine = check(&[], &asked(&lines)).unwrap();
    assert!(fine.lines.iter().all(|line| line.excess == 0 && line.standing == Standing::Planned));
    let standards: Vec<i64> = fine.lines.iter().map(|line| line.standard).collect();
    assert_eq!(standards, [1_575, 90, 80, 30, 4]);
    assert_eq!(fine.facts()["excess"], Fact::Integer(0));
    for (code, most) in lines {
        let over = check(&[], &reasoned(&[(code, most + 1)])).unwrap();
        assert_eq!(told(&over), [(code, most, 1)]);
    }
}

#[test]
fn excess_needs_a_reason_and_is_a_fact() {
    let lines = [("WIRE", 1_000), ("WIRE", 600), ("GOLD", 5)];
    let mistakes = check(&[], &asked(&lines)).unwrap_err();
    assert_eq!(codes(&mistakes), ["excess-without-reason", "excess-without-reason"]);
    let words: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        words[0],
        "lines[1].custom.excess-reason: 25 of WIRE more than LAMP version 1 × 10 gives (575 allowed): \
         state a reason in excess-reason, or ask for 575"
    );
    assert!(words[1].contains("GOLD is not in LAMP version 1 × 10"), "{}", words[1]);
    let checking = check(&[], &reasoned(&lines)).unwrap();
    assert_eq!(told(&checking), [("WIRE", 1_000, 0), ("WIRE", 575, 25), ("GOLD", 0, 5)]);
    assert_eq!(checking.lines[1].excess_permille, 16);
    assert_eq!(checking.lines[2].standing, Standing::NotInBom);
    let facts = checking.facts();
    assert_eq!(facts["excess"], Fact::Integer(30));
    assert_eq!(facts["excess_permille"], Fact::Integer(EXCESS_PERMILLE_MAX));
    assert_eq!(facts["not_in_bom"], Fact::Texts(vec!["GOLD".into()]));
    assert_eq!(facts["excess_items"], Fact::Texts(vec!["GOLD".into(), "WIRE".into()]));
    assert_eq!(facts["bom_version"], Fact::Integer(1));
}

#[test]
fn what_went_out_counts_and_what_came_back_does_not() {
    let before = issued(&[("WIRE", 1_500, 0), ("NUT", 100, 40)]);
    let checking = check(&before, &reasoned(&[("WIRE", 100), ("NUT", 20)])).unwrap();
    assert_eq!(told(&checking), [("WIRE", 75, 25), ("NUT", 20, 0)]);
    assert_eq!(checking.lines[1].issued, 60);
    let over = issued(&[("WIRE", 9_999, 0)]);
    assert_eq!(told(&check(&over, &reasoned(&[("WIRE", 1)])).unwrap()), [("WIRE", 0, 1)]);
}

/// Three A or four B make a lamp: 12 A cover four lamps, 24 B the other six.
#[test]
fn substitutes_share_the_need_of_their_group() {
    let before = issued(&[("LED-A", 12, 0)]);
    let checking = check(&before, &reasoned(&[("LED-B", 25)])).unwrap();
    assert_eq!(told(&checking), [("LED-B", 24, 1)]);
    assert_eq!(checking.lines[0].standing, Standing::SubstituteOf(item("LED-A")));
    assert_eq!(checking.lines[0].standard, 40);
    assert_eq!(checking.facts()["substitutes"], Fact::Texts(vec!["LED-B".into()]));
    let both = check(&[], &reasoned(&[("LED-B", 40), ("LED-A", 1)])).unwrap();
    assert_eq!(told(&both), [("LED-B", 40, 0), ("LED-A", 0, 1)]);
}

#[test]
fn what_cannot_be_is_told_at_once() {
    let mistakes =
        check(&issued(&[("WIRE", 1, 2)]), &asked(&[("WIRE", 0), ("NUT", -1)])).unwrap_err();
    assert_eq!(
        codes(&mistakes),
        ["return-over-issue", "quantity-impossible", "quantity-impossible"]
    );
    let boms = lamp();
    let bom = boms.newest(&item("LAMP")).unwrap();
    let work = Work { bom, boms: &boms, day: day("2025-03-01"), quantity: 10 };
    // The phantom has nothing in force on that day.
    assert_eq!(codes(&check_requisition(&[work], &[], &[]).unwrap_err()), ["bom-none"]);
    let none = Work { quantity: 0, ..work };
    assert_eq!(codes(&check_requisition(&[none], &[], &[]).unwrap_err())[0], "quantity-impossible");
    let out = Issued { item: item("WIRE"), issued: 10, returned: 4 };
    check_return(&out, 6).unwrap();
    for wrong in [0, -1, 7] {
        assert_eq!(check_return(&out, wrong).unwrap_err().code(), "return-over-issue");
    }
}

proptest! {
    /// Beside a plain count: for own items allowed is the standard less all that went out, never less than
    /// nothing; cutting a line in two changes no sum.
    #[test]
    fn allowed_and_excess_add_up(
        out in vec((0..4_usize, 0..900_i64, 0..100_u8), 0..6),
        lines in vec((0..4_usize, 1..900_i64), 1..8),
    ) {
        let items = ["WIRE", "SCREW", "NUT", "GOLD"];
        let standard = BTreeMap::from([("WIRE", 1_575), ("SCREW", 90), ("NUT", 80), ("GOLD", 0)]);
        let out: Vec<(&str, i64, i64)> = out
            .into_iter()
            .map(|(at, issued, back)| (items[at], issued, issued * i64::from(back) / 100))
            .collect();
        let lines: Vec<(&str, i64)> = lines.into_iter().map(|(at, quantity)| (items[at], quantity)).collect();
        let checking = check(&issued(&out), &reasoned(&lines)).unwrap();
        let mut left = standard.clone();
        for (code, issued, back) in &out {
            *left.get_mut(code).unwrap() -= issued - back;
        }
        for (line, (code, quantity)) in checking.lines.iter().zip(&lines) {
            let left = left.get_mut(code).unwrap();
            let allowed = (*quantity).min((*left).max(0));
            *left -= allowed;
            prop_assert_eq!((line.allowed, line.excess), (allowed, quantity - allowed));
        }
        let halves: Vec<(&str, i64)> = lines
            .iter()
            .flat_map(|(code, quantity)| [(*code, quantity / 2), (*code, quantity - quantity / 2)])
            .filter(|(_, quantity)| *quantity > 0)
            .collect();
        let cut = check(&issued(&out), &reasoned(&halves)).unwrap();
        let sum = |lines: &[Checked]| lines.iter().map(|line| line.excess).sum::<i64>();
        prop_assert_eq!(sum(&cut.lines), sum(&checking.lines));
    }

    /// However A and B are mixed, ten lamps are covered exactly: one piece more is excess.
    #[test]
    fn a_mixture_of_substitutes_covers_no_more_than_the_need(a in 0..40_i64) {
        let first = check(&[], &reasoned(&[("LED-A", a.max(1))])).unwrap();
        let taken = if a == 0 { 0 } else { first.lines[0].allowed };
        // What is left of 10 lamps, in B: ceil((10 - taken / 3) * 4).
        let rest = (4 * (30 - taken) + 2) / 3;
        let before = issued(&[("LED-A", taken, 0)]);
        let checking = check(&before, &reasoned(&[("LED-B", rest + 1)])).unwrap();
        prop_assert_eq!((checking.lines[0].allowed, checking.lines[0].excess), (rest, 1));
    }
}
