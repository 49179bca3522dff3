//! What all tests of this crate write their cases with.
#![allow(dead_code, reason = "each test uses a part of it")]

use gatewarden_model::{Day, ItemId};
use gatewarden_planning::{BomLine, BomVersion, Boms, Effect};

pub(crate) fn item(code: &str) -> ItemId {
    code.parse().unwrap()
}

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A line of `quantity` pieces.
pub(crate) fn line(position: u32, component: &str, quantity: i64) -> BomLine {
    BomLine {
        position,
        component: item(component),
        quantity,
        denominator: 1,
        scrap: 0,
        phantom: false,
        group: None,
    }
}

pub(crate) fn scrap(permille: u32, line: BomLine) -> BomLine {
    BomLine { scrap: permille, ..line }
}

pub(crate) fn over(denominator: i64, line: BomLine) -> BomLine {
    BomLine { denominator, ..line }
}

pub(crate) fn phantom(line: BomLine) -> BomLine {
    BomLine { phantom: true, ..line }
}

pub(crate) fn group(name: &str, line: BomLine) -> BomLine {
    BomLine { group: Some(name.to_owned()), ..line }
}

/// A version in use from a day on.
pub(crate) fn bom(product: &str, version: u32, from: &str, lines: Vec<BomLine>) -> BomVersion {
    let effect = Effect::Days { from: day(from), until: None };
    BomVersion { product: item(product), version, base: 1, effect, change: None, lines }
}

pub(crate) fn boms(versions: Vec<BomVersion>) -> Boms {
    let mut boms = Boms::default();
    for version in versions {
        boms.insert(version).unwrap();
    }
    boms
}

/// The codes of mistakes, in order.
pub(crate) fn codes(mistakes: &[gatewarden_planning::PlanError]) -> Vec<&'static str> {
    mistakes.iter().map(gatewarden_planning::PlanError::code).collect()
}
