//! What is known of stock, what must be known, and what an entry changed. Plain data: the store
//! answers `Wants` with a `Supply` and writes the rows that `Touched` names.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Bucket, Day, Entry, ItemId, Location, MovementId, Tid};

use crate::pool::{Pool, PoolKey};

/// One item at one place: the grain of loading, of locking and of contention.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The item.
    pub item: ItemId,
    /// The place.
    pub location: Location,
}

/// All that is of one item at one place. Zero quantities and empty pools are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SiteStock {
    /// Base units by bucket; negative only at places that hold no stock.
    pub buckets: BTreeMap<Bucket, i64>,
    /// Value and age by lot and owner; only at places that hold stock.
    pub pools: BTreeMap<PoolKey, Pool>,
}

/// What is known of one thing (a serialised piece, a handling unit's tag).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingFacts {
    /// The item it is a piece of.
    pub item: Option<ItemId>,
    /// Its lot.
    pub lot: Option<String>,
    /// Its serial, where it was commissioned with one.
    pub serial: Option<String>,
    /// The TID that its tag was commissioned with.
    pub tid: Option<Tid>,
    /// Where its last movement brought it; none if it was only commissioned.
    pub place: Option<Location>,
    /// The handling unit (SSCC) it is in.
    pub unit: Option<String>,
    /// Whether it was bound to its item by `Commissioned` and not released since.
    pub commissioned: bool,
    /// The newest entry about it.
    pub seq: u64,
}

/// What is known of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LotFacts {
    /// Its last day; none if nobody told.
    pub expires: Option<Day>,
    /// The entry that told of the lot first.
    pub seq: u64,
}

/// What must be known before something can be decided or applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wants {
    /// Items at places.
    pub sites: BTreeSet<Site>,
    /// Things, by key.
    pub things: BTreeSet<String>,
    /// Lots.
    pub lots: BTreeSet<(ItemId, String)>,
    /// Handling units (SSCC) with all their contents wherever they are.
    pub units: BTreeSet<String>,
    /// Whole movements, by id: for a repeat, a reversal, landed cost.
    pub movements: BTreeSet<MovementId>,
    /// Items with all entries that moved or valued them, for what changes the past.
    pub histories: BTreeSet<ItemId>,
}

/// The answer to `Wants`: for everything that was asked, what is there. What is asked and not
/// answered does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Supply {
    /// What was asked.
    pub wants: Wants,
    /// Items at places that are not empty.
    pub sites: BTreeMap<Site, SiteStock>,
    /// Known things.
    pub things: BTreeMap<String, ThingFacts>,
    /// Known lots.
    pub lots: BTreeMap<(ItemId, String), LotFacts>,
    /// Where each handling unit's contents are, by SSCC; their sites are among `sites`.
    pub units: BTreeMap<String, BTreeSet<Site>>,
    /// The `Moved` entries of known movements (and `Reserved` ones that were not posted).
    pub movements: BTreeMap<MovementId, Entry>,
    /// All `Moved` and `CostLanded` entries about an item, in sequence.
    pub histories: BTreeMap<ItemId, Vec<Entry>>,
}

/// What an entry changed: the rows that a projection must write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Quantities.
    pub buckets: BTreeSet<(Site, Bucket)>,
    /// Values and ages.
    pub pools: BTreeSet<(Site, PoolKey)>,
    /// Things.
    pub things: BTreeSet<String>,
    /// Lots.
    pub lots: BTreeSet<(ItemId, String)>,
}
