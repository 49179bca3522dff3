//! Random trees: an explosion beside walking every way, a version beside its document.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use std::collections::BTreeMap;

use common::*;
use gatewarden_planning::{
    BomLine, BomVersion, Boms, Effect, Ratio,
    bom::{Reach, Serials, diff},
};
use proptest::{collection::vec, prelude::*};

const FROM: &str = "2026-01-01";

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
            let told = boms.explode((&item("I0"), None), quantity, day("2026-03-01"), reach).unwrap();
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
