//! What a product is made of: versions, their content as documents, and all that is asked of them.
//!
//! A version is a document of kind `bom`; `content` says in which fields. What is needed per product is an
//! exact fraction: `quantity / (denominator × base)`. Lines of one group stand for one another: the first
//! by position is planned, the others are taken in its place. Invariants: a `BomVersion` that comes from
//! `of` is well formed by itself; what it is with the others (cycles, depth) is asked of `Boms`. Absent: how
//! a version comes into force, which is the engineering change's.

mod boms;
mod check;
mod content;
mod descend;
mod diff;
mod effect;
mod explode;

use std::collections::BTreeSet;

use gatewarden_model::ItemId;
use serde::{Deserialize, Serialize};

use crate::{PlanError, exact::Ratio};

pub use boms::{Boms, Use, VERSIONS_MAX};
pub(crate) use content::{day, number, put, text};
pub use descend::ITEMS_MAX;
pub use diff::{BomChange, diff};
pub use effect::{Effect, SERIAL_BYTES_MAX, Serials};
pub use explode::{Explosion, Need, Reach};

/// Most levels below a product.
pub const LEVELS_MAX: usize = 64;
/// Greatest scrap allowance, per mille.
pub const SCRAP_PERMILLE_MAX: u32 = 1_000;
/// Greatest denominator of a quantity, and greatest number of products that a BOM is stated for.
pub const PARTS_MAX: i64 = 1_000_000_000;
/// Longest name of a substitute group, in bytes.
pub const GROUP_BYTES_MAX: usize = 64;

/// One version of what a product is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BomVersion {
    /// Of what.
    pub product: ItemId,
    /// 1 for the first, one more each.
    pub version: u32,
    /// For how many base units of the product the lines are stated.
    pub base: i64,
    /// When it is used.
    pub effect: Effect,
    /// The engineering change that made it, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// What goes in, by position.
    pub lines: Vec<BomLine>,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BomLine {
    /// Its position, unique within the version.
    pub position: u32,
    /// What goes in.
    pub component: ItemId,
    /// Base units of it, over `denominator`, for `base` products.
    pub quantity: i64,
    /// 1 but for fractions.
    pub denominator: i64,
    /// What may be spoilt on top, per mille of the quantity.
    pub scrap: u32,
    /// Whether it is never kept: what it is made of goes in instead.
    pub phantom: bool,
    /// Which lines stand for one another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl BomLine {
    /// Base units for one product, without what may be spoilt. None where the line is not well formed.
    #[must_use]
    pub fn per(&self, base: i64) -> Option<Ratio> {
        let bottom = u128::try_from(self.denominator).ok()? * u128::try_from(base).ok()?;
        Ratio::new(u128::try_from(self.quantity).ok()?, bottom)
    }

    /// Base units for one product, with what may be spoilt. None where the line is not well formed.
    #[must_use]
    pub fn per_with_scrap(&self, base: i64) -> Option<Ratio> {
        self.per(base)?.mul(&Ratio::new(1_000 + u128::from(self.scrap), 1_000)?)
    }
}

impl BomVersion {
    /// The lines that are planned: of each group the first. `of` and `Boms` have them by position.
    pub fn planned(&self) -> impl Iterator<Item = &BomLine> {
        let mut groups = BTreeSet::new();
        self.lines.iter().filter(move |line| match &line.group {
            None => true,
            Some(group) => groups.insert(group.as_str()),
        })
    }

    /// Names it: `BIKE version 3`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} version {}", self.product, self.version)
    }

    /// Its mistakes that need no other version to be seen, all at once.
    #[must_use]
    pub fn mistakes(&self) -> Vec<PlanError> {
        let mut mistakes = check::head(self);
        let mut positions = BTreeSet::new();
        for (index, line) in self.lines.iter().enumerate() {
            mistakes.extend(check::line(self, index, line));
            if !positions.insert(line.position) {
                let message = format!("position {} stands twice: number it anew", line.position);
                let field = format!("lines[{index}].line");
                mistakes.push(PlanError::rule("bom-position-twice", field, message));
            }
        }
        mistakes
    }
}
