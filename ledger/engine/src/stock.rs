//! Balances: what is where.
//!
//! Invariants: the sum over all locations of every item is zero; a physical location never goes
//! negative; nothing overflows. A posting is checked whole before any of it is applied. Zero
//! balances are not kept.

use std::collections::BTreeMap;

use gatewarden_model::{ItemId, Location, MovementLine};

/// Base units by item, lot and location.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balances(BTreeMap<ItemId, BTreeMap<Place, i64>>);

type Place = (Location, Option<String>);

/// Why lines can't be posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// Less is there than is to be taken.
    #[error("stock of {item} at {location} is {there}, {needed} needed: {} short", needed - there)]
    Short {
        /// The item, with ` lot L` where the lot counts.
        item: String,
        /// The location.
        location: Location,
        /// Base units there.
        there: i64,
        /// Base units to be taken, all lines together.
        needed: i64,
    },
    /// A balance would leave the 64-bit range.
    #[error("stock of {item} at {location} would exceed 64 bits: split the quantity")]
    Overflow {
        /// The item.
        item: ItemId,
        /// The location.
        location: Location,
    },
}

impl StockError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "stock-short",
            Self::Overflow { .. } => "stock-overflow",
        }
    }
}

impl Balances {
    /// Base units of an item and lot at a location.
    #[must_use]
    pub fn quantity(&self, item: &ItemId, lot: Option<&str>, location: &Location) -> i64 {
        let place = (location.clone(), lot.map(str::to_owned));
        self.0.get(item).and_then(|places| places.get(&place)).copied().unwrap_or(0)
    }

    /// All balances, by item, location and lot.
    pub fn iter(&self) -> impl Iterator<Item = (&ItemId, &Location, Option<&str>, i64)> {
        self.0.iter().flat_map(|(item, places)| {
            places.iter().map(move |((location, lot), n)| (item, location, lot.as_deref(), *n))
        })
    }

    /// Sets one balance, as a projection says.
    pub(crate) fn set(&mut self, item: ItemId, lot: Option<String>, at: Location, quantity: i64) {
        let places = self.0.entry(item.clone()).or_default();
        if quantity == 0 {
            places.remove(&(at, lot));
        } else {
            places.insert((at, lot), quantity);
        }
        if places.is_empty() {
            self.0.remove(&item);
        }
    }

    /// Whether all lines together can be posted: nothing physical below zero, nothing too large.
    pub(crate) fn check(&self, lines: &[MovementLine]) -> Result<(), StockError> {
        self.after(lines).map(drop)
    }

    /// Posts lines that `check` allowed.
    pub(crate) fn post(&mut self, lines: &[MovementLine]) -> Result<(), StockError> {
        for ((item, place), quantity) in self.after(lines)? {
            self.set(item, place.1, place.0, quantity);
        }
        Ok(())
    }

    /// The balances that lines would change, as they would be.
    fn after(&self, lines: &[MovementLine]) -> Result<BTreeMap<(ItemId, Place), i64>, StockError> {
        let mut taken: BTreeMap<(ItemId, Place), i64> = BTreeMap::new();
        let mut after: BTreeMap<(ItemId, Place), i64> = BTreeMap::new();
        for line in lines {
            for (location, delta) in
                [(&line.from, line.quantity.checked_neg()), (&line.to, Some(line.quantity))]
            {
                let overflow =
                    || StockError::Overflow { item: line.item.clone(), location: location.clone() };
                let key = (line.item.clone(), (location.clone(), line.lot.clone()));
                let delta = delta.ok_or_else(overflow)?;
                let now = after
                    .entry(key.clone())
                    .or_insert_with(|| self.quantity(&line.item, line.lot.as_deref(), location));
                *now = now.checked_add(delta).ok_or_else(overflow)?;
                if delta < 0 {
                    let sum = taken.entry(key).or_default();
                    *sum = sum.checked_sub(delta).ok_or_else(overflow)?;
                }
            }
        }
        for ((item, place), needed) in taken {
            let left = after.get(&(item.clone(), place.clone())).copied().unwrap_or(0);
            if place.0.is_physical() && left < 0 {
                let there = self.quantity(&item, place.1.as_deref(), &place.0);
                let lot = place.1.map(|lot| format!(" lot {lot}")).unwrap_or_default();
                let item = format!("{item}{lot}");
                return Err(StockError::Short { item, location: place.0, there, needed });
            }
        }
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    fn line(quantity: i64, from: &str, to: &str, lot: Option<&str>) -> MovementLine {
        MovementLine {
            line: 1,
            item: "BOLT-M8".parse().unwrap(),
            lot: lot.map(str::to_owned),
            quantity,
            unit: "pcs".to_owned(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            things: vec![],
            stated: None,
            owner: None,
            from_status: Default::default(),
            to_status: Default::default(),
            from_unit: None,
            to_unit: None,
            expires: None,
            value: None,
        }
    }

    fn told(stock: i64, lines: &[MovementLine]) -> String {
        let mut balances = Balances::default();
        balances.set("BOLT-M8".parse().unwrap(), None, "wh1/dock".parse().unwrap(), stock);
        balances.check(lines).map_or_else(|e| e.to_string(), |()| "fits".to_owned())
    }

    #[test]
    fn a_shortage_is_told_exactly_and_overflow_is_refused() {
        let short = "stock of BOLT-M8 at wh1/dock is 3, 5 needed: 2 short";
        let out = |n| line(n, "wh1/dock", "@production/L1", None);
        assert_eq!(told(3, &[out(5)]), short);
        assert_eq!(told(3, &[out(2), out(3)]), short);
        assert_eq!(told(3, &[out(3)]), "fits");
        assert_eq!(
            told(3, &[line(1, "wh1/dock", "wh1/a", Some("L7"))]),
            "stock of BOLT-M8 lot L7 at wh1/dock is 0, 1 needed: 1 short"
        );
        let over = "stock of BOLT-M8 at wh1/dock would exceed 64 bits: split the quantity";
        assert_eq!(told(3, &[line(i64::MAX, "@supplier/A", "wh1/dock", None)]), over);
        assert_eq!(told(0, &[line(5, "@supplier/A", "wh1/dock", None)]), "fits");
    }

    #[test]
    fn posting_keeps_the_sum_at_zero() {
        let mut balances = Balances::default();
        balances.post(&[line(5, "@supplier/A", "wh1/dock", None)]).unwrap();
        balances.post(&[line(2, "wh1/dock", "wh1/a", None)]).unwrap();
        let all: Vec<_> = balances.iter().map(|(_, at, _, n)| (at.to_string(), n)).collect();
        let expected = [("@supplier/A", -5), ("wh1/a", 2), ("wh1/dock", 3)];
        assert_eq!(all, expected.map(|(at, n)| (at.to_owned(), n)));
        assert!(balances.post(&[line(9, "wh1/a", "wh1/dock", None)]).is_err());
    }
}
