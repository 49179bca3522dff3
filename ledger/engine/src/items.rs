//! The item master: which item a code on a thing stands for. Fixed for the life of an engine.

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::{Item, ItemId};

/// All items, by code and by GTIN-14. Where two items or units claim a GTIN it stands for neither.
#[derive(Debug, Clone, Default)]
pub struct ItemMaster {
    by_code: BTreeMap<ItemId, Item>,
    by_gtin: HashMap<String, Option<Trade>>,
}

/// What a GTIN stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trade {
    item: ItemId,
    base_units: i64,
}

impl ItemMaster {
    /// Indexes items; of two with one code the later counts. The GTIN of a unit that is not a whole
    /// number of base units stands for nothing: a thing can't be a part of a piece.
    pub fn new(items: impl IntoIterator<Item = Item>) -> Self {
        let by_code: BTreeMap<_, _> = items.into_iter().map(|i| (i.code.clone(), i)).collect();
        let mut by_gtin: HashMap<String, Option<Trade>> = HashMap::new();
        for item in by_code.values() {
            for (gtin, base_units) in trades(item) {
                let trade = base_units.map(|n| Trade { item: item.code.clone(), base_units: n });
                by_gtin
                    .entry(gtin.clone())
                    .and_modify(|known| {
                        if *known != trade {
                            *known = None;
                        }
                    })
                    .or_insert(trade);
            }
        }
        Self { by_code, by_gtin }
    }

    /// The item that a GTIN-14 stands for, and how many base units of it, at least one.
    #[must_use]
    pub fn by_gtin(&self, gtin: &str) -> Option<(&Item, i64)> {
        let trade = self.by_gtin.get(gtin)?.as_ref()?;
        Some((self.by_code.get(&trade.item)?, trade.base_units))
    }

    /// The item with a code.
    #[must_use]
    pub fn by_code(&self, code: &ItemId) -> Option<&Item> {
        self.by_code.get(code)
    }

    /// All items, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Item> {
        self.by_code.values()
    }
}

/// The GTINs of an item, each with the base units of one; none where that is not a whole number.
fn trades(item: &Item) -> impl Iterator<Item = (&String, Option<i64>)> {
    let of_unit = |unit: &gatewarden_model::Unit| {
        let whole = unit.denominator > 0 && unit.numerator.is_multiple_of(unit.denominator);
        (whole && unit.numerator > 0).then(|| i64::from(unit.numerator / unit.denominator))
    };
    let base = item.gtins.iter().map(|gtin| (gtin, Some(1)));
    base.chain(item.units.iter().flat_map(move |unit| {
        let each = of_unit(unit);
        unit.gtins.iter().map(move |gtin| (gtin, each))
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use gatewarden_model::Unit;

    use super::*;

    fn item(code: &str, gtins: &[&str], units: &[(u32, u32, &str)]) -> Item {
        let unit = |(numerator, denominator, gtin): &(u32, u32, &str)| Unit {
            name: format!("{numerator}/{denominator}"),
            numerator: *numerator,
            denominator: *denominator,
            gtins: vec![(*gtin).to_owned()],
        };
        Item {
            code: code.parse().unwrap(),
            name: code.to_owned(),
            class: Default::default(),
            tracking: Default::default(),
            unit: "pcs".to_owned(),
            units: units.iter().map(unit).collect(),
            gtins: gtins.iter().map(|g| (*g).to_owned()).collect(),
            safety_stock: None,
            lead_time_days: None,
            valuation: None,
        }
    }

    #[test]
    fn a_gtin_stands_for_one_item_in_whole_base_units_or_for_nothing() {
        let master = ItemMaster::new([
            item("A", &["1", "2"], &[(12, 1, "case"), (5, 2, "half"), (1, 1, "1")]),
            item("B", &["2", "3"], &[(24, 1, "3")]),
        ]);
        let told = |gtin| master.by_gtin(gtin).map(|(i, n)| format!("{n} {}", i.code));
        for (gtin, expected) in [
            ("1", Some("1 A")),
            ("2", None),
            ("3", None),
            ("case", Some("12 A")),
            ("half", None),
            ("4", None),
        ] {
            assert_eq!(told(gtin).as_deref(), expected, "{gtin}");
        }
    }
}
