//! What an entry would change, worked out beside the stock and checked before any of it is done.

use std::collections::BTreeMap;

use gatewarden_model::{Amount, Bucket, Day, ItemId, Location, MovementLine, StockStatus};

use crate::{
    admit::check_quantity,
    error::StockError,
    facts::{LotFacts, Site, SiteStock, ThingFacts, Touched},
    flow::{self, Flow, Pools, what},
    pool::{Pool, PoolKey},
    stock::Stock,
};

/// One bucket: what is there, and what all lines together take and bring.
#[derive(Debug, Clone, Copy)]
struct Change<'a> {
    /// All that is of the item at the place.
    stock: Option<&'a SiteStock>,
    there: i64,
    out: i64,
    into: i64,
}

impl Change<'_> {
    fn after(self) -> Option<i64> {
        self.there.checked_add(self.into.checked_sub(self.out)?)
    }
}

/// A map of few keys in one piece of memory, in their order: most movements have one line.
struct Few<K, V>(Vec<(K, V)>);

impl<K: Ord, V> Few<K, V> {
    /// The value of a key, made where it has none.
    fn entry<E>(&mut self, key: K, make: impl FnOnce(&K) -> Result<V, E>) -> Result<&mut V, E> {
        let at = match self.0.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => at,
            Err(at) => {
                let value = make(&key)?;
                self.0.insert(at, (key, value));
                at
            }
        };
        Ok(&mut self.0[at].1)
    }
}

/// Changes not made yet.
pub(crate) struct Plan<'a> {
    stock: &'a Stock,
    buckets: Few<(Site, Bucket), Change<'a>>,
    pools: Few<(Site, PoolKey), Pool>,
    changes: Changes,
}

/// What a plan came to, free of the stock it was made for.
#[derive(Default)]
pub(crate) struct Changes {
    /// In the order of their keys, as the pools.
    pub(crate) buckets: Vec<((Site, Bucket), i64)>,
    pub(crate) pools: Vec<((Site, PoolKey), Pool)>,
    /// Of several about one thing the last counts.
    pub(crate) things: Vec<(String, ThingFacts)>,
    pub(crate) lots: BTreeMap<(ItemId, String), LotFacts>,
}

impl Changes {
    /// What is known of one thing.
    pub(crate) fn of_thing(key: &str, facts: ThingFacts) -> Self {
        Self { things: vec![(key.to_owned(), facts)], ..Self::default() }
    }

    /// The rows that they change.
    pub(crate) fn touched(&self) -> Touched {
        Touched {
            buckets: self.buckets.iter().map(|(key, _)| key.clone()).collect(),
            pools: self.pools.iter().map(|(key, _)| key.clone()).collect(),
            things: self.things.iter().map(|(key, _)| key.clone()).collect(),
            lots: self.lots.keys().cloned().collect(),
        }
    }
}

impl Pools for Plan<'_> {
    fn pool(
        &mut self,
        item: &ItemId,
        location: &Location,
        key: &PoolKey,
    ) -> Result<&mut Pool, StockError> {
        // The site of a line was looked up for its quantity.
        let near = self
            .buckets
            .0
            .partition_point(|((site, _), _)| (&site.item, &site.location) < (item, location));
        let at = |site: &Site| site.item == *item && site.location == *location;
        let near = self.buckets.0.get(near).filter(|((site, _), _)| at(site));
        let (stock, known) = (self.stock, near.map(|(_, change)| change.stock));
        self.pools.entry((Site::new(item, location), key.clone()), |(site, key)| {
            let site = known.map_or_else(|| stock.look(site), Ok)?;
            Ok(site.and_then(|site| site.pools.get(key)).cloned().unwrap_or_default())
        })
    }
}

impl<'a> Plan<'a> {
    pub(crate) fn new(stock: &'a Stock) -> Self {
        Self { stock, buckets: Few(vec![]), pools: Few(vec![]), changes: Changes::default() }
    }

    /// Adds the quantities of lines, and refuses what would not be there.
    pub(crate) fn quantities(&mut self, lines: &[MovementLine]) -> Result<(), StockError> {
        for (position, line) in lines.iter().enumerate() {
            check_quantity(position, line.quantity)?;
            let over = || overflow(position, line);
            let from = self.bucket(&line.item, &line.from, line.from_bucket())?;
            from.out = from.out.checked_add(line.quantity).ok_or_else(over)?;
            let to = self.bucket(&line.item, &line.to, line.to_bucket())?;
            to.into = to.into.checked_add(line.quantity).ok_or_else(over)?;
        }
        self.check()
    }

    fn bucket(
        &mut self,
        item: &ItemId,
        at: &Location,
        bucket: Bucket,
    ) -> Result<&mut Change<'a>, StockError> {
        let stock = self.stock;
        self.buckets.entry((Site::new(item, at), bucket), |(site, bucket)| {
            let site = stock.look(site)?;
            let there = site.and_then(|s| s.buckets.get(bucket)).copied().unwrap_or(0);
            Ok(Change { stock: site, there, out: 0, into: 0 })
        })
    }

    fn check(&self) -> Result<(), StockError> {
        for ((site, bucket), change) in &self.buckets.0 {
            let after = change.after().ok_or_else(|| too_much(site))?;
            if after < 0 && site.location.holds_stock() {
                return Err(short(site, bucket, *change));
            }
        }
        Ok(())
    }

    /// Moves lines between pools; their values.
    pub(crate) fn flows(
        &mut self,
        flows: &[Flow<'_>],
        day: Day,
    ) -> Result<Vec<Option<Amount>>, StockError> {
        flow::run(self, flows, day)
    }

    /// Says where things are and what lots there are after the lines.
    pub(crate) fn facts(&mut self, seq: u64, lines: &[MovementLine]) -> Result<(), StockError> {
        for (position, line) in lines.iter().enumerate() {
            for key in &line.things {
                let known = self.stock.look_thing(key)?;
                // Journals from before items were defined did not ask where a thing was.
                if let (Some(facts), Some(_)) = (known, self.stock.items.get(&line.item)) {
                    self.stock.check_thing_place(position, line, key, facts)?;
                }
                let facts = moved_thing(known, line, seq);
                self.changes.things.push((key.clone(), facts));
            }
            if let Some(lot) = &line.lot {
                self.lot(seq, line, lot)?;
            }
        }
        Ok(())
    }

    fn lot(&mut self, seq: u64, line: &MovementLine, lot: &str) -> Result<(), StockError> {
        let key = (line.item.clone(), lot.to_owned());
        let planned = self.changes.lots.get(&key);
        let known = match planned {
            Some(facts) => Some(facts),
            None => self.stock.look_lot(&line.item, lot)?,
        };
        let facts = known.copied().unwrap_or(LotFacts { expires: None, seq });
        if known.is_none() || (facts.expires.is_none() && line.expires.is_some()) {
            let expires = facts.expires.or(line.expires);
            self.changes.lots.insert(key, LotFacts { expires, ..facts });
        }
        Ok(())
    }

    /// What it came to.
    pub(crate) fn finish(self) -> Changes {
        let after = self.buckets.0.into_iter().filter(|(_, change)| change.out != change.into);
        let buckets = after.filter_map(|(key, change)| Some((key, change.after()?))).collect();
        Changes { buckets, pools: self.pools.0, ..self.changes }
    }
}

impl ThingFacts {
    /// A thing that nothing was known of, after a line of entry `seq` has moved it.
    #[must_use]
    pub fn of_line(line: &MovementLine, seq: u64) -> Self {
        moved_thing(None, line, seq)
    }
}

/// A thing after a line has moved it. What it was commissioned as stays.
fn moved_thing(known: Option<&ThingFacts>, line: &MovementLine, seq: u64) -> ThingFacts {
    let (item, lot) = (Some(line.item.clone()), line.lot.clone());
    let told = known.filter(|facts| facts.commissioned);
    ThingFacts {
        item: told.map_or(item, |facts| facts.item.clone()),
        lot: lot.or_else(|| known.and_then(|facts| facts.lot.clone())),
        serial: known.and_then(|facts| facts.serial.clone()),
        tid: known.and_then(|facts| facts.tid.clone()),
        place: Some(line.to.clone()),
        unit: line.to_unit.clone(),
        commissioned: told.is_some(),
        seq,
    }
}

impl Stock {
    /// Makes the changes of a plan.
    pub(crate) fn commit(&mut self, changes: Changes) {
        // Both are in the order of their sites, most of which are in both.
        let mut pools = changes.pools.into_iter().peekable();
        for ((site, bucket), quantity) in changes.buckets {
            while let Some(((at, key), pool)) = pools.next_if(|((at, _), _)| *at < site) {
                self.set_pool(&at, key, pool);
            }
            let stock = match self.sites.get_mut(&site) {
                Some(stock) => stock,
                None => self.sites.entry(site.clone()).or_default(),
            };
            while let Some(((_, key), pool)) = pools.next_if(|((at, _), _)| *at == site) {
                put_pool(&mut stock.pools, key, pool);
            }
            match bucket.unit.clone() {
                None => put_quantity(stock, bucket, quantity),
                Some(unit) => {
                    put_quantity(stock, bucket, quantity);
                    let still = stock.buckets.keys().any(|b| b.unit.as_ref() == Some(&unit));
                    let at = self.units.entry(unit).or_default();
                    if still {
                        at.insert(site)
                    } else {
                        at.remove(&site)
                    };
                }
            }
        }
        for ((site, key), pool) in pools {
            self.set_pool(&site, key, pool);
        }
        for (key, facts) in changes.things {
            self.things.insert(key, Some(facts));
        }
        for (key, facts) in changes.lots {
            self.lots.insert(key, Some(facts));
        }
    }

    fn set_pool(&mut self, site: &Site, key: PoolKey, pool: Pool) {
        let pools = match self.sites.get_mut(site) {
            Some(stock) => &mut stock.pools,
            None => self.replayed.entry(site.clone()).or_default(),
        };
        put_pool(pools, key, pool);
    }
}

/// Sets one quantity; nothing has no place.
fn put_quantity(stock: &mut SiteStock, bucket: Bucket, quantity: i64) {
    if quantity == 0 {
        stock.buckets.remove(&bucket);
    } else {
        stock.buckets.insert(bucket, quantity);
    }
}

/// Sets one pool; an empty one goes.
fn put_pool(pools: &mut BTreeMap<PoolKey, Pool>, key: PoolKey, pool: Pool) {
    if pool.is_empty() {
        pools.remove(&key);
    } else {
        pools.insert(key, pool);
    }
}

fn short(site: &Site, bucket: &Bucket, change: Change<'_>) -> StockError {
    let mut what = what(&site.item, bucket.lot.as_deref(), bucket.owner.as_deref());
    if bucket.status != StockStatus::Available {
        what = format!("{what} in status {}", bucket.status.name());
    }
    if let Some(unit) = &bucket.unit {
        what = format!("{what} in unit {unit}");
    }
    StockError::Short {
        what,
        item: site.item.clone(),
        location: site.location.clone(),
        there: change.there,
        needed: change.out.saturating_sub(change.into),
        on: None,
    }
}

fn overflow(position: usize, line: &MovementLine) -> StockError {
    let field = format!("lines[{position}].quantity");
    let message = format!("{} of {} exceed 64 bits: split the quantity", line.quantity, line.item);
    StockError::rule("quantity-overflow", field, message)
}

fn too_much(site: &Site) -> StockError {
    let message = format!(
        "stock of {} at {} would exceed 64 bits: split the quantity",
        site.item, site.location
    );
    StockError::rule("quantity-overflow", "lines", message)
}
