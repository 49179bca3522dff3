//! BOMs through the public door: content, effectivity, explosion held to walking every way, wrong turns.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use gatewarden_model::{Document, DocumentKind};
use gatewarden_planning::{
    BomLine, BomVersion, Boms, Effect, PlanError, Ratio,
    bom::{Explosion, LEVELS_MAX, Reach, Serials, diff},
};
use proptest::{collection::vec, prelude::*};

const FROM: &str = "2026-01-01";

fn explode(
    boms: &Boms,
    product: &str,
    quantity: i64,
    reach: Reach,
) -> Result<Explosion, PlanError> {
    boms.explode((&item(product), None), quantity, day("2026-03-01"), reach)
}

fn needs(explosion: &Explosion) -> BTreeMap<&str, i64> {
    explosion.needs.iter().map(|need| (need.item.as_str(), need.quantity)).collect()
}

fn bike() -> Boms {
    boms(vec![
        bom("WHEEL", 1, FROM, vec![line(10, "SPOKE", 36), line(20, "RIM", 1)]),
        bom("KIT", 1, FROM, vec![line(10, "SCREW", 4), over(3, line(20, "GREASE", 10))]),
        bom(
            "BIKE",
            1,
            FROM,
            vec![
                line(10, "WHEEL", 2),
                phantom(line(20, "KIT", 1)),
                scrap(50, line(30, "SCREW", 10)),
                group("seat", line(40, "SEAT-A", 1)),
                group("seat", line(50, "SEAT-B", 1)),
            ],
        ),
    ])
}

#[test]
fn one_level_passes_through_phantoms_and_takes_the_first_of_a_group() {
    let boms = bike();
    let one = explode(&boms, "BIKE", 7, Reach::OneLevel).unwrap();
    // 4 × 7 + 10 × 1.05 × 7 = 101.5, rounded up once; 10/3 × 7 = 23.3.
    let expected =
        BTreeMap::from([("GREASE", 24), ("KIT", 0), ("SCREW", 102), ("SEAT-A", 7), ("WHEEL", 14)]);
    assert_eq!(needs(&one), expected);
    let all = explode(&boms, "BIKE", 7, Reach::AllLevels).unwrap();
    assert_eq!(needs(&all)["SPOKE"], 504);
    assert_eq!(all.versions.len(), 3);
    let spoke = all.needs.iter().find(|need| need.item == item("SPOKE")).unwrap();
    assert!(spoke.level == 2 && !spoke.opened && !spoke.phantom);
    let kit = all.needs.iter().find(|need| need.item == item("KIT")).unwrap();
    assert!(kit.phantom && kit.opened && kit.level == 1);
}

/// What is kept here and passed through there: the kept part is taken from stock, the other opened.
#[test]
fn an_item_may_be_kept_and_passed_through() {
    let boms = boms(vec![
        bom("SUB", 1, FROM, vec![line(1, "PART", 3)]),
        bom("TOP", 1, FROM, vec![line(1, "SUB", 2), phantom(line(2, "SUB", 5))]),
    ]);
    let one = explode(&boms, "TOP", 1, Reach::OneLevel).unwrap();
    assert_eq!(needs(&one), BTreeMap::from([("PART", 15), ("SUB", 2)]));
    let all = explode(&boms, "TOP", 1, Reach::AllLevels).unwrap();
    assert_eq!(needs(&all), BTreeMap::from([("PART", 21), ("SUB", 2)]));
}

#[test]
fn sixty_levels_work_and_what_is_deeper_is_told() {
    let chain = |levels: usize| {
        let version = |at: usize| {
            let next = format!("L{}", at + 1);
            bom(&format!("L{at}"), 1, FROM, vec![scrap(50, over(3, line(1, &next, 4)))])
        };
        boms((0..levels).map(version).collect())
    };
    for levels in [60, LEVELS_MAX] {
        let all = explode(&chain(levels), "L0", 1, Reach::AllLevels).unwrap();
        assert_eq!(all.needs.len(), levels);
        assert_eq!(all.needs.iter().map(|need| need.level).max(), Some(levels));
    }
    // 1.4^60, by Python's fractions.
    let sixty = explode(&chain(60), "L0", 1, Reach::AllLevels).unwrap();
    let deepest = sixty.needs.iter().max_by_key(|need| need.level).unwrap();
    assert_eq!(deepest.quantity, 585709329);
    let deep = chain(LEVELS_MAX + 1);
    let error = explode(&deep, "L0", 1, Reach::AllLevels).unwrap_err();
    let PlanError::Depth(named) = &error else { panic!("{error}") };
    assert_eq!((named.len(), error.code()), (LEVELS_MAX + 2, "bom-too-deep"));
    assert!(error.to_string().contains("L0 → L1"), "{error}");
    // Seen from the middle: levels above and below count together.
    let middle = deep.newest(&item("L30")).unwrap();
    assert_eq!(deep.check(middle).unwrap_err().code(), "bom-too-deep");
    let fits = chain(LEVELS_MAX);
    fits.check(fits.newest(&item("L30")).unwrap()).unwrap();
}

/// Two ways at each of 60 levels are 2^60 ways, and still 60 items.
#[test]
fn many_ways_to_one_part_cost_its_lines() {
    let version = |at: usize| {
        let next = format!("L{}", at + 1);
        bom(&format!("L{at}"), 1, FROM, vec![line(1, &next, 1), line(2, &next, 1)])
    };
    let boms = boms((0..60).map(version).collect());
    let all = explode(&boms, "L0", 1, Reach::AllLevels).unwrap();
    assert_eq!(needs(&all)["L60"], 1 << 60);
    assert_eq!(explode(&boms, "L0", 8, Reach::AllLevels).unwrap_err().code(), "number-overflow");
}

#[test]
fn cycles_are_named() {
    let boms = boms(vec![
        bom("A", 1, FROM, vec![line(1, "B", 1)]),
        bom("B", 1, FROM, vec![line(1, "X", 1), line(2, "C", 1)]),
        bom("C", 1, FROM, vec![line(1, "A", 1)]),
        bom("TOP", 1, FROM, vec![line(1, "A", 1)]),
    ]);
    let error = explode(&boms, "TOP", 1, Reach::AllLevels).unwrap_err();
    assert_eq!(error.code(), "bom-cycle");
    assert!(error.to_string().contains("itself: A → B → C → A: "), "{error}");
    let error = boms.check(boms.newest(&item("C")).unwrap()).unwrap_err();
    assert!(error.to_string().contains("C → A → B → C"), "{error}");
    assert!(boms.used_in(&item("X"), day(FROM)).is_err());
    let selfish = bom("A", 1, FROM, vec![line(1, "A", 1)]);
    assert_eq!(codes(&selfish.mistakes()), ["bom-cycle"]);
}

/// A version that takes the step out from a day on makes room for one that would close the circle.
#[test]
fn a_cycle_that_is_over_is_none() {
    let boms = boms(vec![
        bom("A", 1, FROM, vec![line(1, "B", 1)]),
        bom("B", 1, FROM, vec![line(1, "X", 1)]),
        bom("A", 2, "2026-06-01", vec![line(1, "Y", 1)]),
        bom("B", 2, "2026-07-01", vec![line(1, "A", 1)]),
    ]);
    boms.check(boms.version(&item("B"), 2).unwrap()).unwrap();
}

#[test]
fn the_version_in_force_follows_day_and_serial() {
    let serials = |version, from: &str, until: Option<&str>| BomVersion {
        effect: Effect::Serials(Serials { from: from.into(), until: until.map(Into::into) }),
        ..bom("P", version, FROM, vec![line(1, "X", 1)])
    };
    let ends = BomVersion {
        effect: Effect::Days { from: day("2026-06-01"), until: Some(day("2026-06-30")) },
        ..bom("P", 3, FROM, vec![line(1, "X", 1)])
    };
    let boms = boms(vec![
        bom("P", 1, "2026-01-01", vec![line(1, "X", 1)]),
        bom("P", 2, "2026-03-01", vec![line(1, "X", 1)]),
        ends,
        serials(4, "SN-0100", Some("SN-0199")),
        serials(5, "SN-0500", None),
    ]);
    let cases = [
        ("2025-12-31", None, None),
        ("2026-01-01", None, Some(1)),
        ("2026-03-01", None, Some(2)),
        ("2026-06-30", None, Some(3)),
        ("2026-07-01", None, None),
        ("2026-03-01", Some("SN-0150"), Some(4)),
        ("2026-03-01", Some("SN-0200"), Some(2)),
        ("2026-03-01", Some("SN-9999"), Some(5)),
        ("2026-03-01", Some("XX-0150"), Some(2)),
    ];
    for (at, serial, expected) in cases {
        let found = boms.effective(&item("P"), day(at), serial).map(|bom| bom.version);
        assert_eq!(found, expected, "{at} {serial:?}");
    }
    let error =
        boms.explode((&item("P"), None), 1, day("2026-07-01"), Reach::OneLevel).unwrap_err();
    assert_eq!(error.code(), "bom-none");
}

#[test]
fn where_used_tells_versions_and_all_levels() {
    let boms = bike();
    let uses: Vec<_> = boms.uses(&item("SCREW"), day(FROM)).collect();
    let told: Vec<_> = uses.iter().map(|u| (u.product.as_str(), u.position, u.in_force)).collect();
    assert_eq!(told, [("BIKE", 30, true), ("KIT", 10, true)]);
    let all = boms.used_in(&item("SPOKE"), day(FROM)).unwrap();
    assert_eq!(all, [item("BIKE"), item("WHEEL")].into());
    assert!(boms.uses(&item("SCREW"), day("2025-01-01")).all(|one| !one.in_force));
}

#[test]
fn every_mistake_of_a_document_is_told_at_once() {
    let mut content = bom(
        "P",
        1,
        FROM,
        vec![line(10, "A", 0), line(10, "B", -3), scrap(1_001, line(20, "P", 1)), {
            phantom(group("g", line(30, "C", 1)))
        }],
    )
    .to_content();
    for (name, value) in [("base", "0"), ("serial-from", "S1")] {
        content.custom.insert(name.parse().unwrap(), value.into());
    }
    content.lines[3].custom.insert("denominator".parse().unwrap(), "1.5".into());
    let mistakes = BomVersion::of(&content).unwrap_err();
    let expected = [
        "bom-effect-both",
        "number-malformed",
        "bom-base",
        "bom-quantity",
        "bom-quantity",
        "bom-position-twice",
        "bom-scrap",
        "bom-cycle",
        "bom-phantom-group",
    ];
    assert_eq!(codes(&mistakes), expected);
    let words: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(words[3], "lines[0].quantity: 0 of A: state more than 0");
    content.document = Document { kind: DocumentKind::Item, number: "P".into() };
    assert_eq!(codes(&BomVersion::of(&content).unwrap_err())[0], "bom-kind");
}

#[test]
fn a_difference_names_line_and_field() {
    let old = bom("P", 1, FROM, vec![line(10, "A", 2), line(20, "B", 1)]);
    let new = bom("P", 2, FROM, vec![over(3, line(10, "A", 4)), scrap(20, line(30, "C", 5))]);
    let told: Vec<_> = diff(&old, &new)
        .into_iter()
        .map(|c| {
            (c.position.unwrap_or(0), c.field, c.old.unwrap_or_default(), c.new.unwrap_or_default())
        })
        .collect();
    let expected = [
        (10, "quantity", "2", "4/3"),
        (20, "line", "B 1", ""),
        (30, "line", "", "C 5, scrap 20 ‰"),
    ]
    .map(|(at, field, was, is)| (at, field, was.to_owned(), is.to_owned()));
    assert_eq!(told, expected);
}

/// A plain fraction, as the oracle counts.
type Plain = (i128, i128);

fn plus(a: Plain, b: Plain) -> Plain {
    lowest((a.0 * b.1 + b.0 * a.1, a.1 * b.1))
}

fn times(a: Plain, b: Plain) -> Plain {
    lowest((a.0 * b.0, a.1 * b.1))
}

fn lowest((top, bottom): Plain) -> Plain {
    let (mut a, mut b) = (top, bottom);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    (top / a.max(1), bottom / a.max(1))
}

/// Walks every way on its own.
fn walk(boms: &Boms, product: &str, count: Plain, all: bool, sums: &mut BTreeMap<String, Plain>) {
    let Some(version) = boms.newest(&item(product)) else { return };
    let mut seen = Vec::new();
    for line in &version.lines {
        if let Some(group) = &line.group {
            if seen.contains(group) {
                continue;
            }
            seen.push(group.clone());
        }
        let per = (
            i128::from(line.quantity) * i128::from(1_000 + line.scrap),
            i128::from(line.denominator) * i128::from(version.base) * 1_000,
        );
        let needed = times(count, lowest(per));
        if !line.phantom {
            let sum = sums.entry(line.component.to_string()).or_insert((0, 1));
            *sum = plus(*sum, needed);
        }
        if line.phantom || all {
            walk(boms, line.component.as_str(), needed, all, sums);
        }
    }
}

/// Up to seven items; each is made of later ones only, so there are no cycles.
fn tree() -> impl Strategy<Value = Vec<BomVersion>> {
    let line = |at: usize| {
        (at + 1..8, 1..30_i64, 1..5_i64, prop_oneof![Just(0), Just(25), Just(50_u32)], 0..6_u8)
    };
    let version = move |at: usize| {
        (1..4_i64, vec(line(at), 1..5)).prop_map(move |(base, lines)| {
            let lines = lines.into_iter().enumerate().map(|(position, line)| {
                let (component, quantity, denominator, scrap, how) = line;
                BomLine {
                    position: u32::try_from(position).unwrap() * 10 + 10,
                    component: item(&format!("I{component}")),
                    quantity,
                    denominator,
                    scrap,
                    // What has no BOM can't be passed through.
                    phantom: how == 0 && component < 7,
                    group: (how == 1).then(|| "g".to_owned()),
                }
            });
            // A group has each component once.
            let mut grouped = std::collections::BTreeSet::new();
            let lines = lines.filter(|line: &BomLine| {
                line.group.is_none() || grouped.insert(line.component.clone())
            });
            BomVersion { base, ..bom(&format!("I{at}"), 1, FROM, lines.collect()) }
        })
    };
    (0..7_usize).map(version).collect::<Vec<_>>()
}

proptest! {
    #[test]
    fn an_explosion_is_the_sum_over_all_ways(tree in tree(), quantity in 1..50_i64) {
        let boms = boms(tree);
        for (all, reach) in [(false, Reach::OneLevel), (true, Reach::AllLevels)] {
            let mut sums = BTreeMap::new();
            walk(&boms, "I0", (i128::from(quantity), 1), all, &mut sums);
            let told = explode(&boms, "I0", quantity, reach).unwrap();
            let kept = told.needs.iter().filter(|need| !need.exact.is_zero());
            let found: BTreeMap<_, _> =
                kept.map(|n| (n.item.to_string(), (n.exact.clone(), n.quantity))).collect();
            let expected: BTreeMap<_, _> = sums
                .into_iter()
                .map(|(item, (top, bottom))| {
                    let exact = Ratio::new(top.unsigned_abs(), bottom.unsigned_abs()).unwrap();
                    let up = i64::try_from((top + bottom - 1) / bottom).unwrap();
                    (item, (exact, up))
                })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_version_and_its_document_say_the_same(tree in tree(), until in any::<bool>()) {
        for mut version in tree {
            version.change = Some("ECO-7".into());
            if until {
                version.effect = Effect::Serials(Serials { from: "SN-1".into(), until: Some("SN-9".into()) });
            }
            let content = version.to_content();
            prop_assert_eq!(BomVersion::of(&content).unwrap(), version.clone());
            prop_assert_eq!(diff(&version, &version), vec![]);
        }
    }
}
