//! The item master: which item a code on a thing stands for. It begins with what is configured; an item that
//! has an approved document is what that says.

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::{
    DocumentContent, Item, ItemClass, ItemId, Tracking, Unit, Valuation, ValuationMethod,
};

use crate::turn::Fault;

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

    /// These items and another, in the place of one with its code.
    #[must_use]
    pub fn with(&self, item: Item) -> Self {
        Self::new(self.by_code.values().cloned().chain([item]))
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

/// The item that a document of that kind defines: its number is the code, its title the name. Fields: `class`
/// (A, B, C), `tracking` (none, lot, serial), `unit`, `units` (`case=12 half=1/2`), `gtins` (separated by
/// spaces), `safety-stock`, `lead-time-days`, `valuation` (fifo, moving-average), `currency`, `decimals`.
pub(crate) fn of_content(content: &DocumentContent) -> Result<Item, Fault> {
    let wrong =
        |name: &str, expected: &str| ("item-invalid", format!("custom.{name}: write {expected}"));
    let text = |name: &str| {
        content.custom.iter().find(|(known, _)| known.as_str() == name).map(|(_, t)| t.as_str())
    };
    let code = ItemId::parse(&content.document.number)
        .map_err(|error| ("item-invalid", format!("document.number: {error}")))?;
    let class = match text("class") {
        None => ItemClass::default(),
        Some(name) => ItemClass::ALL
            .into_iter()
            .find(|class| class.name() == name)
            .ok_or_else(|| wrong("class", "A, B or C"))?,
    };
    let tracking = match text("tracking") {
        None | Some("none") => Tracking::None,
        Some("lot") => Tracking::Lot,
        Some("serial") => Tracking::Serial,
        Some(_) => return Err(wrong("tracking", "none, lot or serial")),
    };
    let units = text("units").unwrap_or_default().split_whitespace().map(unit);
    let units: Option<Vec<Unit>> = units.collect();
    let number = |name: &str| match text(name) {
        None => Ok(None),
        Some(text) => text.parse::<u32>().map(Some).map_err(|_| wrong(name, "a whole number")),
    };
    let valuation = match text("valuation") {
        None | Some("none") => None,
        Some(name) => {
            let method = match name {
                "fifo" => ValuationMethod::Fifo,
                "moving-average" => ValuationMethod::MovingAverage,
                _ => return Err(wrong("valuation", "fifo, moving-average or none")),
            };
            let currency = text("currency").ok_or_else(|| wrong("currency", "such as CNY"))?;
            let decimals = number("decimals")?.map_or(Ok(2), u8::try_from);
            let decimals = decimals.map_err(|_| wrong("decimals", "0 to 4"))?;
            Some(Valuation { method, currency: currency.to_owned(), decimals })
        }
    };
    let name = if content.title.is_empty() { code.to_string() } else { content.title.clone() };
    Ok(Item {
        name,
        class,
        tracking,
        unit: text("unit").unwrap_or("pcs").to_owned(),
        units: units.ok_or_else(|| wrong("units", "such as case=12 half=1/2"))?,
        gtins: text("gtins").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        safety_stock: number("safety-stock")?.map(i64::from),
        lead_time_days: number("lead-time-days")?,
        valuation,
        code,
    })
}

/// `case=12` or `half=1/2`.
fn unit(text: &str) -> Option<Unit> {
    let (name, of) = text.split_once('=')?;
    let (numerator, denominator) = of.split_once('/').unwrap_or((of, "1"));
    let (numerator, denominator) = (numerator.parse().ok()?, denominator.parse().ok()?);
    let whole = numerator > 0 && denominator > 0 && !name.is_empty();
    whole.then(|| Unit { name: name.to_owned(), numerator, denominator, gtins: vec![] })
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
