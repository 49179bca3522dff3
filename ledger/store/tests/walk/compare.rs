//! What the ledger says is there, held against the books.

use std::collections::BTreeMap;

use gatewarden_model::{Amount, Bucket, StockStatus};
use gatewarden_stock::{Layer, PoolKey};
use gatewarden_store::BalanceFilter;

use crate::{
    books::PLACES,
    run::{CENT, ITEMS, Run},
    world::{HOLDING, World},
};

impl Run {
    /// All stock, values and ages of the ledger are those of the books.
    pub(crate) fn compare(&mut self) {
        let reader = self.desk().reader();
        let mut there: BTreeMap<(usize, usize), BTreeMap<StockStatus, i64>> = BTreeMap::new();
        let mut sums = [0_i64; 2];
        for row in reader.balances(&BalanceFilter::default()).unwrap() {
            let item = ITEMS.iter().position(|item| row.item.as_str() == *item).unwrap();
            let place = PLACES.iter().position(|place| row.location.as_str() == *place).unwrap();
            assert!(row.quantity > 0 || !row.location.holds_stock(), "{row:?}");
            assert_eq!(row.bucket, Bucket { status: row.bucket.status, ..Bucket::default() });
            there.entry((item, place)).or_default().insert(row.bucket.status, row.quantity);
            sums[item] += row.quantity;
        }
        assert_eq!(sums, [0, 0], "the sum over all places");
        let world = self.books.world();
        for at in (0..ITEMS.len()).flat_map(|item| (0..PLACES.len()).map(move |p| (item, p))) {
            let found = there.remove(&at).unwrap_or_default();
            let total: i64 = found.values().sum();
            assert_eq!(total, world.quantity.get(&at).copied().unwrap_or(0), "{at:?}");
            if at.1 < HOLDING {
                let of = |status| found.get(&status).copied().unwrap_or(0);
                assert_eq!(of(StockStatus::Reserved), self.books.held(at), "held {at:?}");
                assert_eq!(of(StockStatus::QualityInspection), self.books.waits(at), "{at:?}");
                assert_eq!(of(StockStatus::Available), self.books.free(&world, at), "{at:?}");
            }
        }
        self.compare_values(&world);
    }

    pub(crate) fn compare_values(&mut self, world: &World) {
        let found = self.desk().reader().pools(&BalanceFilter::default()).unwrap();
        let mut pools = BTreeMap::new();
        for pool in found {
            assert_eq!(pool.key, PoolKey::default());
            let key = (pool.site.item.to_string(), pool.site.location.to_string());
            assert!(pools.insert(key, pool).is_none());
        }
        for at in (0..ITEMS.len()).flat_map(|item| (0..HOLDING).map(move |place| (item, place))) {
            let pool = pools.remove(&(ITEMS[at.0].to_owned(), PLACES[at.1].to_owned()));
            let (value, layers) = pool.map_or((Amount::ZERO, vec![]), |p| (p.value, p.layers));
            let wanted = world.value.get(&at).copied().unwrap_or(0);
            assert_eq!(value.units(), wanted * CENT, "the value of {at:?}");
            let plain = |l: &Layer| (i64::from(l.day.number()), l.quantity, l.value.units() / CENT);
            let layers: Vec<_> = layers.iter().map(plain).collect();
            assert_eq!(layers, world.layers.get(&at).cloned().unwrap_or_default(), "{at:?}");
        }
        assert!(pools.is_empty(), "{pools:?}");
    }
}
