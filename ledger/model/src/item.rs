//! Items: what may be moved, how it is counted, tracked and valued.

use serde::{Deserialize, Serialize};

use crate::ItemId;

/// One item of the item master. Every change of it is an entry (`Body::ItemDefined`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its code.
    pub code: ItemId,
    /// Its name for people.
    pub name: String,
    /// How closely it is watched.
    #[serde(default, skip_serializing_if = "is_default")]
    pub class: ItemClass,
    /// What tells one piece or batch of it from another.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tracking: Tracking,
    /// The name of its base unit, in which every quantity is an integer.
    pub unit: String,
    /// Its other units of measure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<Unit>,
    /// The GTIN-14s of one base unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gtins: Vec<String>,
    /// Base units that should always be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_stock: Option<i64>,
    /// Days from order to receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_time_days: Option<u32>,
    /// How it is valued; none for an item without a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valuation: Option<Valuation>,
}

/// ABC class.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum ItemClass {
    /// The few that make most of the value.
    A,
    /// Between.
    B,
    /// The many.
    #[default]
    C,
}

impl ItemClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// The name, as in entries, policies and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// What tells one piece or batch from another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tracking {
    /// Nothing. A lot or a serial that a code tells is recorded all the same.
    #[default]
    None,
    /// Every quantity names its lot.
    Lot,
    /// Every piece has a serial: a line names as many things as its quantity.
    Serial,
}

/// A unit of measure: one of it is `numerator / denominator` base units, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// More than zero; has no common divisor with the denominator.
    pub numerator: u32,
    /// More than zero.
    pub denominator: u32,
    /// The GTIN-14s of one of it, such as a case's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gtins: Vec<String>,
}

/// How an item is valued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Valuation {
    /// The method.
    pub method: ValuationMethod,
    /// ISO 4217 code of the ledger's currency.
    pub currency: String,
    /// To how many decimal places shares of an amount are rounded, 0 to 4.
    pub decimals: u8,
}

/// Which cost leaves first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValuationMethod {
    /// That of the oldest layer at the place it leaves.
    Fifo,
    /// The mean of what is at the place it leaves.
    MovingAverage,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
