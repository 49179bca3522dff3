//! What is where, as far as it is known: quantities by bucket, layers with their values, the places
//! of things, lots, items and the closed period.
//!
//! A complete stock was fed every entry from the first on: what it does not know is not there. A
//! partial one knows what it was supplied with and what was applied since; anything else is
//! `StockError::Unknown`, which means no. Absent on purpose: what an entry does (`apply`), the rules
//! (`admit`), values (`price`, `revalue`).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use gatewarden_model::{Body, Bucket, Day, Entry, Item, ItemId, Location, MovementId, Valuation};

use crate::{
    error::StockError,
    facts::{LotFacts, Site, SiteStock, Supply, ThingFacts, Wants},
    pool::{Pool, PoolKey},
};

/// Entries that a look-up may not see yet: a stock remembers so many of the newest itself.
pub const RECENT_ENTRIES_MAX: usize = 4_096;

/// How much a stock knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knowledge {
    /// All that is and was.
    Whole,
    /// All that is; what was must be looked up.
    Present,
    /// What was supplied, and what was applied since.
    Supplied,
}

/// An entry that look-ups may not see yet.
#[derive(Debug, Clone)]
struct Recent {
    entry: Arc<Entry>,
    /// The items of a landed cost; the lines of a movement tell theirs.
    landed_on: BTreeSet<ItemId>,
}

impl Recent {
    fn is_about(&self, item: &ItemId) -> bool {
        let lines = match &self.entry.body {
            Body::Moved { movement, .. } => movement.lines.as_slice(),
            _ => &[],
        };
        lines.iter().any(|line| line.item == *item) || self.landed_on.contains(item)
    }
}

/// What is where. See the file's header.
#[derive(Debug, Clone)]
pub struct Stock {
    knowledge: Knowledge,
    /// Look-ups see all that was applied, so that nothing need be remembered for them.
    looks_up_all: bool,
    pub(crate) items: HashMap<ItemId, Item>,
    pub(crate) sites: HashMap<Site, SiteStock>,
    /// Pools that a replay gave for sites that are not known otherwise.
    pub(crate) replayed: HashMap<Site, BTreeMap<PoolKey, Pool>>,
    pub(crate) things: HashMap<String, Option<ThingFacts>>,
    pub(crate) lots: HashMap<(ItemId, String), Option<LotFacts>>,
    /// Sites known to hold something of a handling unit.
    pub(crate) units: HashMap<String, BTreeSet<Site>>,
    /// Handling units of which all sites are known.
    whole_units: BTreeSet<String>,
    movements: HashMap<MovementId, Option<Arc<Entry>>>,
    histories: HashMap<ItemId, Vec<Arc<Entry>>>,
    /// The newest entries that moved or valued stock, oldest first.
    recent: VecDeque<Recent>,
    pub(crate) closed_until: Option<Day>,
    pub(crate) last_day: Option<Day>,
}

impl Stock {
    fn new(knowledge: Knowledge) -> Self {
        Self {
            knowledge,
            looks_up_all: false,
            items: HashMap::new(),
            sites: HashMap::new(),
            replayed: HashMap::new(),
            things: HashMap::new(),
            lots: HashMap::new(),
            units: HashMap::new(),
            whole_units: BTreeSet::new(),
            movements: HashMap::new(),
            histories: HashMap::new(),
            recent: VecDeque::new(),
            closed_until: None,
            last_day: None,
        }
    }

    /// A stock that is known whole: what is not there is empty. It keeps every entry that moved
    /// stock; for a long journal take `present`.
    #[must_use]
    pub fn complete() -> Self {
        Self::new(Knowledge::Whole)
    }

    /// A stock that knows all that is, and of what was only what `supply` told it: `missing` names
    /// whole movements and histories. For reading a journal from its first entry to its last.
    #[must_use]
    pub fn present() -> Self {
        Self::new(Knowledge::Present)
    }

    /// A stock of which only what was supplied is known; anything else is `StockError::Unknown`.
    #[must_use]
    pub fn partial() -> Self {
        Self::new(Knowledge::Supplied)
    }

    /// Says that every look-up sees all that was applied before it, as one inside the transaction
    /// that writes does: the newest entries are not kept then, which saves copying each.
    #[must_use]
    pub fn seen_by_look_ups(self) -> Self {
        Self { looks_up_all: true, ..self }
    }

    /// Sets what a restart must know and no look-up tells: all items as last defined, the last
    /// closed day and the latest day that any movement counted for.
    pub fn resume(
        &mut self,
        items: impl IntoIterator<Item = Item>,
        closed_until: Option<Day>,
        last_day: Option<Day>,
    ) {
        self.items.extend(items.into_iter().map(|item| (item.code.clone(), item)));
        self.closed_until = self.closed_until.max(closed_until);
        self.last_day = self.last_day.max(last_day);
    }

    /// Whether all that is now is known, so that only the past can be missing.
    pub(crate) fn knows_the_present(&self) -> bool {
        self.knowledge != Knowledge::Supplied
    }

    /// What of `wants` is not known yet. Always empty for a complete stock.
    #[must_use]
    pub fn missing(&self, wants: &Wants) -> Wants {
        let mut missing = Wants::default();
        if self.knowledge == Knowledge::Supplied {
            missing.sites = unknown(&wants.sites, |site| self.sites.contains_key(site));
            missing.things = unknown(&wants.things, |thing| self.things.contains_key(thing));
            missing.lots = unknown(&wants.lots, |lot| self.lots.contains_key(lot));
            missing.units = unknown(&wants.units, |unit| self.whole_units.contains(unit));
        }
        if self.knowledge != Knowledge::Whole {
            missing.movements = unknown(&wants.movements, |id| self.movements.contains_key(id));
            missing.histories = unknown(&wants.histories, |i| self.histories.contains_key(i));
        }
        missing
    }

    /// Takes over what was looked up; what is known already stays as it is, and entries applied
    /// since the look-up's state (up to `RECENT_ENTRIES_MAX`) are added to it.
    pub fn supply(&mut self, supply: Supply) {
        let Supply { wants, mut sites, mut things, mut lots, mut units, .. } = supply;
        let asked: Vec<Site> = wants.sites.into_iter().collect();
        for site in asked {
            let stock = sites.remove(&site).unwrap_or_default();
            self.learn_site(site, stock);
        }
        for (site, stock) in sites {
            self.learn_site(site, stock);
        }
        for thing in wants.things {
            let facts = things.remove(&thing);
            self.things.entry(thing).or_insert(facts);
        }
        for lot in wants.lots {
            let facts = lots.remove(&lot);
            self.lots.entry(lot).or_insert(facts);
        }
        for unit in wants.units {
            let at = units.remove(&unit).unwrap_or_default();
            self.learn_unit(unit, at);
        }
        self.learn_past(wants.movements, supply.movements, wants.histories, supply.histories);
    }

    fn learn_site(&mut self, site: Site, mut stock: SiteStock) {
        if self.sites.contains_key(&site) {
            return;
        }
        if let Some(pools) = self.replayed.remove(&site) {
            stock.pools = pools;
        }
        for unit in stock.buckets.keys().filter_map(|bucket| bucket.unit.as_ref()) {
            self.units.entry(unit.clone()).or_default().insert(site.clone());
        }
        self.sites.insert(site, stock);
    }

    /// Known sites tell for themselves whether they hold something of the unit.
    fn learn_unit(&mut self, unit: String, at: BTreeSet<Site>) {
        if self.whole_units.insert(unit.clone()) {
            let known = self.units.entry(unit).or_default();
            known.extend(at.into_iter().filter(|site| !self.sites.contains_key(site)));
        }
    }

    fn learn_past(
        &mut self,
        asked: BTreeSet<MovementId>,
        mut movements: BTreeMap<MovementId, Entry>,
        items: BTreeSet<ItemId>,
        mut histories: BTreeMap<ItemId, Vec<Entry>>,
    ) {
        for id in
            asked.into_iter().filter(|id| !self.movements.contains_key(id)).collect::<Vec<_>>()
        {
            let mut newest = self.recent.iter().rev().map(|recent| &recent.entry);
            let recent = newest.find(|entry| movement_id(entry) == Some(id)).cloned();
            let found = recent.or_else(|| movements.remove(&id).map(Arc::new));
            self.movements.insert(id, found);
        }
        for item in items {
            if !self.histories.contains_key(&item) {
                let entries = histories.remove(&item).unwrap_or_default();
                let entries = self.with_recent(&item, entries);
                self.histories.insert(item, entries);
            }
        }
    }

    /// A history with what was applied and could not be looked up yet.
    fn with_recent(&self, item: &ItemId, entries: Vec<Entry>) -> Vec<Arc<Entry>> {
        let seen: BTreeSet<u64> = entries.iter().map(|entry| entry.seq).collect();
        let recent = self.recent.iter().filter(|recent| recent.is_about(item));
        let unseen = recent.map(|recent| &recent.entry).filter(|entry| !seen.contains(&entry.seq));
        let unseen: Vec<_> = unseen.cloned().collect();
        entries.into_iter().map(Arc::new).chain(unseen).collect()
    }

    /// Forgets all that can be looked up again; items and the closed period stay. Only for when a
    /// look-up sees all that was applied: after a commit, or after what was applied came to nothing.
    pub fn forget(&mut self) {
        let empty = Self::new(self.knowledge);
        let old = std::mem::replace(self, empty);
        self.looks_up_all = old.looks_up_all;
        self.items = old.items;
        self.closed_until = old.closed_until;
        self.last_day = old.last_day;
    }

    /// Forgets whole movements and histories, which can be long.
    pub fn forget_past(&mut self) {
        self.movements.clear();
        self.histories.clear();
    }

    /// How many sites, things and lots are known.
    #[must_use]
    pub fn known(&self) -> usize {
        self.sites.len() + self.things.len() + self.lots.len()
    }

    /// Base units in one bucket; 0 where the site is not known.
    #[must_use]
    pub fn quantity(&self, site: &Site, bucket: &Bucket) -> i64 {
        self.sites.get(site).and_then(|s| s.buckets.get(bucket)).copied().unwrap_or(0)
    }

    /// All that is of one item at one place, if it is known and not empty.
    #[must_use]
    pub fn site(&self, site: &Site) -> Option<&SiteStock> {
        self.sites.get(site).filter(|s| !s.buckets.is_empty() || !s.pools.is_empty())
    }

    /// One pool, if it is known and not empty. Unlike `site` it also has what a replay of the past
    /// left at sites that were never supplied: take this one to write what `Touched::pools` names.
    #[must_use]
    pub fn pool(&self, site: &Site, key: &PoolKey) -> Option<&Pool> {
        match self.sites.get(site) {
            Some(stock) => stock.pools.get(key),
            None => self.replayed.get(site)?.get(key),
        }
    }

    /// Every known site.
    pub fn sites(&self) -> impl Iterator<Item = (&Site, &SiteStock)> {
        self.sites.iter()
    }

    /// A known thing.
    #[must_use]
    pub fn thing(&self, key: &str) -> Option<&ThingFacts> {
        self.things.get(key)?.as_ref()
    }

    /// Takes a thing out, so that nothing is known of it any more. For who reads a whole journal and
    /// keeps what has left the house elsewhere: it must be put back before the next entry about it.
    pub fn take_thing(&mut self, key: &str) -> Option<ThingFacts> {
        self.things.remove(key).flatten()
    }

    /// Puts a thing back that was taken out.
    pub fn put_thing(&mut self, key: String, facts: ThingFacts) {
        self.things.insert(key, Some(facts));
    }

    /// Every known thing.
    pub fn things(&self) -> impl Iterator<Item = (&str, &ThingFacts)> {
        self.things.iter().filter_map(|(key, facts)| Some((key.as_str(), facts.as_ref()?)))
    }

    /// A known lot.
    #[must_use]
    pub fn lot(&self, item: &ItemId, lot: &str) -> Option<&LotFacts> {
        self.lots.get(&(item.clone(), lot.to_owned()))?.as_ref()
    }

    /// Every known lot.
    pub fn lots(&self) -> impl Iterator<Item = (&ItemId, &str, &LotFacts)> {
        self.lots.iter().filter_map(|((item, lot), f)| Some((item, lot.as_str(), f.as_ref()?)))
    }

    /// The sites that hold something of a handling unit, where all of them are known.
    #[must_use]
    pub fn unit(&self, sscc: &str) -> Option<&BTreeSet<Site>> {
        let whole = self.knowledge != Knowledge::Supplied || self.whole_units.contains(sscc);
        self.units.get(sscc).filter(|_| whole)
    }

    /// The entry of a known movement: `Moved`, or `Reserved` where it was not posted. Of one that
    /// was applied here the pass is left out.
    #[must_use]
    pub fn movement(&self, id: &MovementId) -> Option<&Entry> {
        self.movements.get(id)?.as_deref()
    }

    /// All `Moved` and `CostLanded` entries about an item, in sequence, where they are known.
    #[must_use]
    pub fn history(&self, item: &ItemId) -> Option<&[Arc<Entry>]> {
        const NONE: &[Arc<Entry>] = &[];
        let known = self.histories.get(item).map(Vec::as_slice);
        known.or_else(|| (self.knowledge == Knowledge::Whole).then_some(NONE))
    }

    /// An item as last defined.
    #[must_use]
    pub fn item(&self, code: &ItemId) -> Option<&Item> {
        self.items.get(code)
    }

    /// How a line's stock is valued: none for items without a valuation and for consigned stock.
    #[must_use]
    pub fn valuation(&self, item: &ItemId, owner: Option<&str>) -> Option<&Valuation> {
        self.items.get(item).filter(|_| owner.is_none())?.valuation.as_ref()
    }

    /// The last closed day.
    #[must_use]
    pub fn closed_until(&self) -> Option<Day> {
        self.closed_until
    }

    /// The latest day that any movement counted for; a movement of now never counts before it. Days
    /// of a clock that was not synchronised do not count, unless the movement states its day.
    #[must_use]
    pub fn last_day(&self) -> Option<Day> {
        self.last_day
    }

    /// The site's stock, empty where nothing is there; an error where it is not known.
    pub(crate) fn look(&self, site: &Site) -> Result<Option<&SiteStock>, StockError> {
        match self.sites.get(site) {
            None if self.knowledge == Knowledge::Supplied => {
                Err(StockError::unknown(format_args!("{} at {}", site.item, site.location)))
            }
            found => Ok(found),
        }
    }

    /// What is known of a thing; an error where nobody looked.
    pub(crate) fn look_thing(&self, key: &str) -> Result<Option<&ThingFacts>, StockError> {
        match self.things.get(key) {
            None if self.knowledge == Knowledge::Supplied => {
                Err(StockError::unknown(format_args!("thing {key}")))
            }
            found => Ok(found.and_then(Option::as_ref)),
        }
    }

    /// What is known of a lot; an error where nobody looked.
    pub(crate) fn look_lot(
        &self,
        item: &ItemId,
        lot: &str,
    ) -> Result<Option<&LotFacts>, StockError> {
        match self.lots.get(&(item.clone(), lot.to_owned())) {
            None if self.knowledge == Knowledge::Supplied => {
                Err(StockError::unknown(format_args!("lot {lot} of {item}")))
            }
            found => Ok(found.and_then(Option::as_ref)),
        }
    }

    /// The sites that hold something of a handling unit; an error where nobody looked.
    pub(crate) fn look_unit(
        &self,
        sscc: &str,
    ) -> Result<impl Iterator<Item = &Site> + use<'_>, StockError> {
        if self.knowledge == Knowledge::Supplied && !self.whole_units.contains(sscc) {
            return Err(StockError::unknown(format_args!("handling unit {sscc}")));
        }
        Ok(self.units.get(sscc).into_iter().flatten())
    }

    /// An item's history; an error where nobody looked.
    pub(crate) fn look_history(&self, item: &ItemId) -> Result<&[Arc<Entry>], StockError> {
        self.history(item).ok_or_else(|| StockError::unknown(format_args!("the history of {item}")))
    }

    /// A movement's entry; an error where nobody looked.
    pub(crate) fn look_movement(&self, id: &MovementId) -> Result<Option<&Entry>, StockError> {
        match self.movements.get(id) {
            None if self.knowledge != Knowledge::Whole => {
                Err(StockError::unknown(format_args!("movement {id}")))
            }
            found => Ok(found.and_then(Option::as_deref)),
        }
    }

    /// Keeps an applied entry, without its pass, where the past is known or asked for later.
    pub(crate) fn remember(&mut self, entry: &Entry) {
        let whole = self.knowledge == Knowledge::Whole;
        let keeps_recent = !whole && !self.looks_up_all;
        if !whole && !keeps_recent && self.movements.is_empty() && self.histories.is_empty() {
            return;
        }
        let body = match &entry.body {
            Body::Moved { movement, .. } => Body::Moved { movement: movement.clone(), pass: None },
            body @ (Body::Reserved { .. } | Body::CostLanded { .. }) => body.clone(),
            _ => return,
        };
        let entry = Arc::new(Entry { body, ..*entry });
        if let Some(id) = movement_id(&entry).filter(|id| whole || self.movements.contains_key(id))
        {
            self.movements.insert(id, Some(Arc::clone(&entry)));
        }
        if whole || !self.histories.is_empty() {
            for item in self.items_of(&entry) {
                if whole {
                    self.histories.entry(item).or_default().push(Arc::clone(&entry));
                } else if let Some(history) = self.histories.get_mut(&item) {
                    history.push(Arc::clone(&entry));
                }
            }
        }
        if keeps_recent {
            let landed = matches!(entry.body, Body::CostLanded { .. });
            let landed_on = if landed { self.items_of(&entry) } else { BTreeSet::new() };
            if self.recent.len() == RECENT_ENTRIES_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back(Recent { entry, landed_on });
        }
    }

    /// The items that an entry moved or valued; a landed cost's are those of its receipt.
    pub(crate) fn items_of(&self, entry: &Entry) -> BTreeSet<ItemId> {
        let moved = match &entry.body {
            Body::CostLanded { movement, .. } => self.movement(movement).map(|entry| &entry.body),
            body => Some(body),
        };
        match moved {
            Some(Body::Moved { movement, .. }) => {
                movement.lines.iter().map(|line| line.item.clone()).collect()
            }
            _ => BTreeSet::new(),
        }
    }
}

/// The id under which a look-up finds an entry: of what moved, or of what waits.
fn movement_id(entry: &Entry) -> Option<MovementId> {
    match &entry.body {
        Body::Moved { movement, .. } => Some(movement.id),
        Body::Reserved { posting, .. } => Some(posting.id),
        _ => None,
    }
}

fn unknown<T: Clone + Ord>(asked: &BTreeSet<T>, known: impl Fn(&T) -> bool) -> BTreeSet<T> {
    asked.iter().filter(|one| !known(one)).cloned().collect()
}

impl Site {
    /// An item at a place.
    #[must_use]
    pub fn new(item: &ItemId, location: &Location) -> Self {
        Self { item: item.clone(), location: location.clone() }
    }
}
