//! The value and the age of what is of one lot and owner at one place.
//!
//! Promises: layers stand in the order of their days; nothing is taken that is not there; taking all
//! takes all of the value, so that the value of nothing is nothing; no share is more than the whole.
//! Absent on purpose: which pools a line touches (`flow`).

use gatewarden_model::{Amount, Day, Valuation, ValuationMethod};

/// Which part of an item at a place: value does not depend on status or packing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PoolKey {
    /// Its lot.
    pub lot: Option<String>,
    /// Who owns consigned stock; the house where none. Consigned stock has no value.
    pub owner: Option<String>,
}

/// Stock that came in on one day at one cost a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// The day it came into the house; a transfer keeps it.
    pub day: Day,
    /// Base units, more than zero.
    pub quantity: i64,
    /// Its value. Under the moving average nothing: the pool has it.
    pub value: Amount,
}

/// The layers of one pool, the oldest first. Layers of one day with one cost a piece are one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// The layers.
    pub layers: Vec<Layer>,
    /// The value of all of it: that of the layers under FIFO. Nothing where there are no layers.
    pub value: Amount,
}

/// What was taken out of a pool, or goes into one: layers, and the value of all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The layers, the oldest first.
    pub layers: Vec<Layer>,
    /// The value of all of it.
    pub value: Amount,
}

/// An amount or a quantity would leave 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

fn is_fifo(valuation: Option<&Valuation>) -> bool {
    valuation.is_some_and(|v| v.method == ValuationMethod::Fifo)
}

impl Parcel {
    /// Stock that comes in from outside. Without a valuation its value is nothing.
    #[must_use]
    pub fn incoming(day: Day, quantity: i64, value: Amount, valuation: Option<&Valuation>) -> Self {
        let value = if valuation.is_some() { value } else { Amount::ZERO };
        let own = if is_fifo(valuation) { value } else { Amount::ZERO };
        Self { layers: vec![Layer { day, quantity, value: own }], value }
    }
}

impl Pool {
    /// Base units in it.
    #[must_use]
    pub fn quantity(&self) -> i64 {
        self.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.quantity))
    }

    /// Nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// What so many base units of it are worth at its average; nothing where it is empty. `None`
    /// beyond 64 bits.
    #[must_use]
    pub fn average(&self, quantity: i64, valuation: &Valuation) -> Option<Amount> {
        match self.quantity() {
            0 => Some(Amount::ZERO),
            total => self.value.share(quantity, total, valuation.decimals),
        }
    }

    /// Takes the oldest so many base units; `None`, and nothing changed, where it has less.
    pub fn take(&mut self, quantity: i64, valuation: Option<&Valuation>) -> Option<Parcel> {
        let total = self.quantity();
        if quantity <= 0 || quantity > total {
            return None;
        }
        let decimals = valuation.map_or(0, |v| v.decimals);
        let all = quantity == total;
        let layers = if all {
            std::mem::take(&mut self.layers)
        } else {
            take_oldest(&mut self.layers, quantity, decimals)
        };
        let value = if all {
            self.value
        } else if is_fifo(valuation) {
            layers.iter().map(|layer| layer.value).sum()
        } else {
            share(self.value, quantity, total, decimals)
        };
        self.value = self.value.checked_sub(value)?;
        Some(Parcel { layers, value })
    }

    /// Puts a parcel in.
    pub(crate) fn put(&mut self, parcel: &Parcel) -> Result<(), Overflow> {
        let mut total = self.quantity();
        for layer in &parcel.layers {
            total = total.checked_add(layer.quantity).ok_or(Overflow)?;
        }
        self.value = self.value.checked_add(parcel.value).ok_or(Overflow)?;
        for layer in &parcel.layers {
            self.put_layer(*layer)?;
        }
        Ok(())
    }

    /// Merges the layer with one of its day and cost a piece, else sets it after all of its day.
    fn put_layer(&mut self, new: Layer) -> Result<(), Overflow> {
        let end = self.layers.partition_point(|layer| layer.day <= new.day);
        let same_day = self.layers[..end].iter_mut().rev().take_while(|l| l.day == new.day);
        for layer in same_day {
            if same_cost(layer, &new) {
                layer.quantity += new.quantity;
                layer.value = layer.value.checked_add(new.value).ok_or(Overflow)?;
                return Ok(());
            }
        }
        self.layers.insert(end, new);
        Ok(())
    }
}

/// A share that is never more than the whole, however old amounts were rounded.
fn share(value: Amount, part: i64, whole: i64, decimals: u8) -> Amount {
    value.share(part, whole, decimals).unwrap_or(value).min(value)
}

/// Takes less than all there is.
fn take_oldest(layers: &mut Vec<Layer>, mut quantity: i64, decimals: u8) -> Vec<Layer> {
    let whole = layers
        .iter()
        .take_while(|layer| {
            let fits = layer.quantity <= quantity;
            if fits {
                quantity -= layer.quantity;
            }
            fits
        })
        .count();
    let mut taken: Vec<Layer> = layers.drain(..whole).collect();
    if let Some(layer) = layers.first_mut().filter(|_| quantity > 0) {
        let value = share(layer.value, quantity, layer.quantity, decimals);
        taken.push(Layer { day: layer.day, quantity, value });
        layer.quantity -= quantity;
        layer.value = layer.value.checked_sub(value).unwrap_or_default();
    }
    taken
}

/// Whether two layers have exactly the same cost a piece.
fn same_cost(a: &Layer, b: &Layer) -> bool {
    let cross = |value: Amount, quantity: i64| i128::from(value.units()) * i128::from(quantity);
    cross(a.value, b.quantity) == cross(b.value, a.quantity)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    fn valuation(method: ValuationMethod) -> Valuation {
        Valuation { method, currency: "EUR".to_owned(), decimals: 2 }
    }

    fn filled(method: ValuationMethod, parcels: &[(i64, i64, &str)]) -> (Pool, Valuation) {
        let (mut pool, valuation) = (Pool::default(), valuation(method));
        for (day, quantity, value) in parcels {
            let (day, value) = (Day::from_number(*day), value.parse().unwrap());
            pool.put(&Parcel::incoming(day, *quantity, value, Some(&valuation))).unwrap();
        }
        (pool, valuation)
    }

    fn told(pool: &Pool) -> String {
        let layer = |l: &Layer| format!("{}:{}@{}", l.day.number(), l.quantity, l.value);
        let layers: Vec<_> = pool.layers.iter().map(layer).collect();
        format!("{} = {}", layers.join(" "), pool.value)
    }

    #[test]
    fn fifo_takes_the_oldest_layers_and_their_values() {
        let (mut pool, v) =
            filled(ValuationMethod::Fifo, &[(2, 3, "10"), (1, 2, "2"), (2, 3, "10"), (2, 1, "5")]);
        assert_eq!(told(&pool), "1:2@2 2:6@20 2:1@5 = 27");
        assert_eq!(pool.take(4, Some(&v)).unwrap().value.to_string(), "8.67");
        assert_eq!(told(&pool), "2:4@13.33 2:1@5 = 18.33");
        assert_eq!(pool.take(6, Some(&v)), None);
        assert_eq!(pool.take(0, Some(&v)), None);
        assert_eq!(pool.take(5, Some(&v)).unwrap().value.to_string(), "18.33");
        assert_eq!(pool, Pool::default());
    }

    #[test]
    fn the_average_is_of_all_that_is_there_and_the_last_piece_takes_the_rest() {
        let (mut pool, v) = filled(ValuationMethod::MovingAverage, &[(1, 1, "1"), (2, 2, "9")]);
        assert_eq!(told(&pool), "1:1@0 2:2@0 = 10");
        assert_eq!(pool.average(6, &v).unwrap().to_string(), "20");
        let taken: Vec<_> =
            (0..3).map(|_| pool.take(1, Some(&v)).unwrap().value.to_string()).collect();
        assert_eq!(taken, ["3.33", "3.34", "3.33"]);
        assert_eq!(pool, Pool::default());
    }

    #[test]
    fn stock_without_a_valuation_has_an_age_and_no_value() {
        let mut pool = Pool::default();
        let parcel = Parcel::incoming(Day::from_number(7), 4, Amount::from_units(5), None);
        pool.put(&parcel).unwrap();
        assert_eq!(told(&pool), "7:4@0 = 0");
        let full = Parcel::incoming(Day::from_number(7), i64::MAX, Amount::ZERO, None);
        assert_eq!(pool.put(&full), Err(Overflow));
    }
}
