//! What is where, as far as it is known: quantities by bucket, layers with their values, the places
//! of things, lots, items, reservations' holds and the closed period.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Amount, Bucket, Day, Entry, Item, ItemId, Location, Movement, MovementId};

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

/// Why something can't be posted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// Less is there than is to be taken.
    #[error("stock of {what} at {location} is {there}, {needed} needed: {} short", needed - there)]
    Short {
        /// The item, with ` lot L`, ` of OWNER`, ` in status …`, ` in unit …` where they count.
        what: String,
        /// The item.
        item: ItemId,
        /// The place.
        location: Location,
        /// Base units there.
        there: i64,
        /// Base units to be taken, all lines together.
        needed: i64,
        /// The day on which it would be short, where that is in the past.
        on: Option<Day>,
    },
    /// A rule is broken.
    #[error("{field}: {message}")]
    Rule {
        /// A stable code, such as `unknown-unit`, `quantity-fraction`, `lot-missing`.
        code: &'static str,
        /// The field, such as `lines[2].quantity`.
        field: String,
        /// What is wrong, and the way out.
        message: String,
    },
    /// A value that an entry states is not what the layers give.
    #[error("{field}: the value is {stated:?}, the layers give {found:?}")]
    Value {
        /// The field, such as `lines[0].value`.
        field: String,
        /// What the entry says.
        stated: Option<Amount>,
        /// What it should be.
        found: Option<Amount>,
    },
    /// Something was not supplied. A bug of the caller; it means no.
    #[error("not everything that this touches was looked up: {0}")]
    Unknown(String),
}

impl StockError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "stock-short",
            Self::Rule { code, .. } => code,
            Self::Value { .. } => "value-differs",
            Self::Unknown(_) => "stock-unknown",
        }
    }
}

#[allow(unused)]
mod contract {
    //! The methods that `Stock` has; replaced by the real ones.
    use super::*;

    /// See the file's header.
    pub struct Stock;

    pub trait Methods {
        /// A stock that is known whole: what is not there is empty.
        fn complete() -> Self;
        /// A stock of which only what was supplied is known; anything else is `StockError::Unknown`.
        fn partial() -> Self;
        /// What of `wants` is not known yet (always empty for a complete stock).
        fn missing(&self, wants: &Wants) -> Wants;
        /// Takes over what was looked up; what is known already stays as it is.
        fn supply(&mut self, supply: Supply);
        /// Forgets all that can be looked up again; items and the closed period stay.
        fn forget(&mut self);
        /// How many sites, things and lots are known.
        fn known(&self) -> usize;
        /// What `apply` must know for an entry.
        fn wants_of(entry: &Entry) -> Wants;
        /// The rules of a movement not yet recorded (kind and places, tracking, lots and their last
        /// day, owner, serials' places, closed period, lines that cancel, quantity).
        fn admit(&self, movement: &Movement, day: Day) -> Result<(), StockError>;
        /// Fills `lines[..].value`, and `revalues` for a back-dated one, then checks that it can be
        /// applied as entry `seq`; nothing changes in `self`.
        fn price(&self, seq: u64, day: Day, movement: &mut Movement) -> Result<(), StockError>;
        /// Applies an entry; checked whole before anything changes. Entries that do nothing to stock
        /// change nothing.
        fn apply(&mut self, entry: &Entry) -> Result<Touched, StockError>;
        /// Base units in one bucket.
        fn quantity(&self, site: &Site, bucket: &Bucket) -> i64;
        /// All that is of one item at one place, if it is known and not empty.
        fn site(&self, site: &Site) -> Option<&SiteStock>;
        /// A known thing.
        fn thing(&self, key: &str) -> Option<&ThingFacts>;
        /// An item as last defined.
        fn item(&self, code: &ItemId) -> Option<&Item>;
        /// The last closed day.
        fn closed_until(&self) -> Option<Day>;
        /// The latest day that any movement counted for; a movement of now never counts before it.
        fn last_day(&self) -> Option<Day>;
    }
}
