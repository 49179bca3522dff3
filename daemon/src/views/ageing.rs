//! How long stock has been in the house: by the layers of each item, place, lot and owner. A transfer
//! keeps the day on which stock came in.

use gatewarden_model::{Amount, Day, Field, FieldRights, ItemId, Location, Mask, mask::HIDDEN};
use gatewarden_stock::{Pool, Site};
use gatewarden_store::{BalanceFilter, LedgerReader, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Shown, part, sites};

/// The last day of age of each band but the oldest.
const BANDS: [i32; 2] = [30, 90];

/// The age of what is of one lot and owner at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Aged {
    /// The item.
    #[schema(value_type = String)]
    pub(crate) item: ItemId,
    /// Where.
    #[schema(value_type = String)]
    pub(crate) location: Location,
    /// Its lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lot: Option<String>,
    /// Who owns it, where that is not the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    /// The day on which the oldest of it came in.
    #[schema(value_type = String)]
    pub(crate) oldest: Day,
    /// In the house for 0 to 30 days.
    pub(crate) days_0_30: Band,
    /// For 31 to 90 days.
    pub(crate) days_31_90: Band,
    /// For more than 90 days.
    pub(crate) days_over_90: Band,
}

impl Mask for Aged {
    fn mask(&mut self, rights: &FieldRights) {
        let Self {
            item: _,
            location,
            lot: _,
            owner,
            oldest: _,
            days_0_30,
            days_31_90,
            days_over_90,
        } = self;
        location.mask(rights);
        if owner.is_some() && !rights.sees(&Field::Owner) {
            *owner = Some(HIDDEN.to_owned());
        }
        if !rights.sees(&Field::Cost) {
            [days_0_30, days_31_90, days_over_90].into_iter().for_each(|band| band.value = None);
        }
    }
}

/// What is of one age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(crate) struct Band {
    /// Base units.
    pub(crate) quantity: i64,
    /// Their value; left out where it may not be seen.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Amount>,
}

/// The age of stock on `today`. Of the filter only item and place count.
pub(crate) fn ageing(
    ledger: &LedgerReader,
    filter: &BalanceFilter,
    today: Day,
    shown: Shown,
) -> Result<Vec<Aged>, StoreError> {
    let balances = ledger.balances(filter)?;
    let held = balances.iter().filter(|b| b.location.holds_stock());
    let wanted = held.map(|b| Site::new(&b.item, &b.location)).collect();
    let mut rows = Vec::new();
    for (site, stock) in sites(ledger, wanted)? {
        for (key, pool) in stock.pools {
            let Some(oldest) = pool.layers.first().map(|layer| layer.day) else { continue };
            let [days_0_30, days_31_90, days_over_90] = bands(&pool, today, shown);
            let Site { item, location } = site.clone();
            let (lot, owner) = (key.lot, key.owner);
            rows.push(Aged {
                item,
                location,
                lot,
                owner,
                oldest,
                days_0_30,
                days_31_90,
                days_over_90,
            });
        }
    }
    Ok(rows)
}

/// A pool's quantity and value by age. Under the moving average the value is the pool's, and each
/// layer has its share of it.
fn bands(pool: &Pool, today: Day, shown: Shown) -> [Band; 3] {
    let mut bands = [Band::default(); 3];
    let total = pool.quantity();
    let by_layer = pool.layers.iter().map(|layer| layer.value).sum::<Amount>() == pool.value;
    let mut before = 0_i64;
    for layer in &pool.layers {
        let age = today.number().saturating_sub(layer.day.number());
        let band = &mut bands[BANDS.iter().filter(|last| age > **last).count()];
        let upto = before.saturating_add(layer.quantity);
        band.quantity = band.quantity.saturating_add(layer.quantity);
        let value =
            if by_layer { Some(layer.value) } else { part(pool.value, before, upto, total) };
        if let Some(value) = value.filter(|_| shown == Shown::Values) {
            band.value = band.value.unwrap_or_default().checked_add(value);
        }
        before = upto;
    }
    bands
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use gatewarden_stock::Layer;

    use super::*;

    fn layer(day: &str, quantity: i64, value: &str) -> Layer {
        Layer { day: day.parse().unwrap(), quantity, value: value.parse().unwrap() }
    }

    fn texts(bands: [Band; 3]) -> Vec<String> {
        let text = |b: Band| format!("{} {}", b.quantity, b.value.unwrap_or_default());
        bands.map(text).into()
    }

    #[test]
    fn stock_is_in_the_band_of_its_day_and_the_values_add_up() {
        let today: Day = "2026-11-22".parse().unwrap();
        let mut pool = Pool {
            layers: vec![
                layer("2026-08-23", 3, "30"),
                layer("2026-08-24", 1, "11"),
                layer("2026-10-22", 2, "24"),
                layer("2026-10-23", 4, "60"),
                layer("2026-11-22", 1, "0.01"),
            ],
            value: "125.01".parse().unwrap(),
        };
        assert_eq!(texts(bands(&pool, today, Shown::Values)), ["5 60.01", "3 35", "3 30"]);
        assert_eq!(bands(&pool, today, Shown::Quantities)[0].value, None);
        // The moving average knows one cost for all of them.
        for layer in &mut pool.layers {
            layer.value = Amount::ZERO;
        }
        pool.value = "11".parse().unwrap();
        assert_eq!(texts(bands(&pool, today, Shown::Values)), ["5 5", "3 3", "3 3"]);
    }
}
