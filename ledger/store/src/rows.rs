//! What entries make of the projections, in a form that any database can write: the writer fills the
//! tables with it, `rebuild` makes them anew with it, `verify` compares them with it.
//!
//! Invariants: the rows are a function of the entries and of what the stock was before them; a row's
//! last state in a group is written once. Absent: statements (`sqlite`), the journal's own rows
//! (`plan`).

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
};

use gatewarden_model::{
    Amount, Bucket, Day, Entry, ItemId, Location, MovementId, StockStatus, Subject, SubjectKind,
};
use gatewarden_stock::{Layer, LotFacts, Pool, PoolKey, Site, Stock, ThingFacts, Touched, Wants};

use crate::{StoreError, projection::movement};

/// Sites, things and lots that a writer remembers; beyond it all is forgotten and looked up again.
pub(crate) const KNOWN_MAX: usize = 20_000;

/// A row of `movement_index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MovementRow {
    /// Its entry.
    pub(crate) seq: u64,
    /// Its id.
    pub(crate) id: MovementId,
    /// The day it counts for.
    pub(crate) day: Day,
}

/// A row of `balance`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BalanceRow {
    /// The item and the place.
    pub(crate) site: Site,
    /// The rest of the key.
    pub(crate) bucket: Bucket,
    /// Base units; 0 where there is to be no row.
    pub(crate) quantity: i64,
}

/// A row of `pool`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolRow {
    /// The item and the place.
    pub(crate) site: Site,
    /// The rest of the key.
    pub(crate) key: PoolKey,
    /// What is there; none where there is to be no row.
    pub(crate) pool: Option<PoolText>,
}

/// A pool as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolText {
    /// Base units.
    pub(crate) quantity: i64,
    /// The value in ten-thousandths.
    pub(crate) value: i64,
    /// The layers: `layers_text`.
    pub(crate) layers: String,
}

/// A row of `thing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ThingRow {
    /// Its key.
    pub(crate) key: String,
    /// What is known of it; none where there is to be no row.
    pub(crate) facts: Option<ThingFacts>,
}

/// A row of `lot`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LotRow {
    /// The item.
    pub(crate) item: ItemId,
    /// The lot.
    pub(crate) lot: String,
    /// What is known of it; none where there is to be no row.
    pub(crate) facts: Option<LotFacts>,
}

/// What a group does to `live`, to be done in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LiveRows {
    /// Keys of which every row goes.
    pub(crate) closes: Vec<String>,
    /// Rows that come; some may be there already.
    pub(crate) opens: Vec<(String, u64)>,
}

/// Everything that a run of entries changes in the projections but the PIN hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rows {
    /// New rows, by sequence.
    pub(crate) movements: Vec<MovementRow>,
    /// New rows, by sequence.
    pub(crate) subjects: Vec<(Subject, u64)>,
    /// Changes of the set of open things.
    pub(crate) live: LiveRows,
    /// The last state of each that changed, in the order of the key.
    pub(crate) balances: Vec<BalanceRow>,
    /// As above.
    pub(crate) pools: Vec<PoolRow>,
    /// As above.
    pub(crate) things: Vec<ThingRow>,
    /// As above.
    pub(crate) lots: Vec<LotRow>,
    /// Rows that are new or changed, at most two a day.
    pub(crate) days: Vec<DayRow>,
}

/// A row of `day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayRow {
    /// The day.
    pub(crate) day: Day,
    /// The first entry whose movement counts for it.
    pub(crate) seq: u64,
    /// The first one that made it the ledger's last day; none if only back-dated movements and those
    /// of an unset clock count for it.
    pub(crate) counted: Option<u64>,
}

/// The rows of `day`.
pub(crate) type Days = BTreeMap<Day, (u64, Option<u64>)>;

/// Turns entries into rows; remembers the stock that they came to.
#[derive(Debug)]
pub(crate) struct Projector {
    /// What is where.
    pub(crate) stock: Stock,
    /// The days that have a row, with the first entry of each.
    days: Days,
}

impl Projector {
    /// Begins with this stock, and with the days that have a row.
    pub(crate) fn new(stock: Stock, days: Days) -> Self {
        Self { stock, days }
    }

    /// The days that movements counted for, each with its first entry.
    pub(crate) fn days(&self) -> &Days {
        &self.days
    }

    /// What must be looked up and supplied before `apply` of these entries; ask again until it is
    /// nothing.
    pub(crate) fn needs(&self, entries: &[Entry]) -> Wants {
        let mut wants = Wants::default();
        for entry in entries {
            wants.merge(self.stock.needs(entry));
        }
        wants
    }

    /// Forgets what can be looked up again where it has grown too much. Only between groups.
    pub(crate) fn trim(&mut self) {
        self.stock.forget_past();
        if self.stock.known() > KNOWN_MAX {
            self.stock.forget();
        }
    }

    /// The rows of entries, in sequence. After an error the projector must not be used again.
    pub(crate) fn apply(&mut self, entries: &[Entry]) -> Result<Rows, StoreError> {
        let (mut rows, mut touched) = (Rows::default(), Touched::default());
        for entry in entries {
            let seq = entry.seq;
            let more =
                self.stock.apply(entry).map_err(|source| StoreError::Stock { seq, source })?;
            if touched == Touched::default() {
                touched = more;
            } else {
                touched.buckets.extend(more.buckets);
                touched.pools.extend(more.pools);
                touched.things.extend(more.things);
                touched.lots.extend(more.lots);
            }
            if let Some(movement) = movement(entry) {
                let day = movement.day(&entry.at);
                rows.movements.push(MovementRow { seq, id: movement.id, day });
                rows.days.extend(self.see_day(day, seq));
            }
            rows.subjects.extend(indexed(entry).map(|subject| (subject, seq)));
        }
        rows.live = live(entries);
        self.read_touched(touched, &mut rows);
        Ok(rows)
    }

    /// Applies an entry without telling rows: for comparing with what is stored.
    pub(crate) fn replay(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let seq = entry.seq;
        let done = self.stock.replay(entry).map_err(|source| StoreError::Stock { seq, source });
        if let Some(movement) = movement(entry) {
            self.see_day(movement.day(&entry.at), seq);
        }
        done.map(drop)
    }

    fn see_day(&mut self, day: Day, seq: u64) -> Option<DayRow> {
        let is_last = self.stock.last_day() == Some(day);
        let row = match self.days.get(&day) {
            Some((_, None)) if is_last => (self.days[&day].0, Some(seq)),
            Some(_) => return None,
            None => (seq, is_last.then_some(seq)),
        };
        self.days.insert(day, row);
        Some(DayRow { day, seq: row.0, counted: row.1 })
    }

    fn read_touched(&self, touched: Touched, rows: &mut Rows) {
        let stock = &self.stock;
        let balance = |(site, bucket): (Site, Bucket)| {
            let quantity = stock.quantity(&site, &bucket);
            BalanceRow { site, bucket, quantity }
        };
        rows.balances = touched.buckets.into_iter().map(balance).collect();
        let pool = |(site, key): (Site, PoolKey)| {
            let pool = stock.pool(&site, &key).map(pool_text);
            PoolRow { site, key, pool }
        };
        rows.pools = touched.pools.into_iter().map(pool).collect();
        let thing = |key: String| ThingRow { facts: stock.thing(&key).cloned(), key };
        rows.things = touched.things.into_iter().map(thing).collect();
        let lot = |(item, lot): (ItemId, String)| {
            let facts = stock.lot(&item, &lot).copied();
            LotRow { item, lot, facts }
        };
        rows.lots = touched.lots.into_iter().map(lot).collect();
    }
}

/// Splits a group into runs that can be looked up and applied at once: what an entry needs of whole
/// movements and histories must be in the tables before.
pub(crate) fn runs(entries: &[Entry]) -> Vec<&[Entry]> {
    let mut runs = Vec::new();
    let mut start = 0;
    for (place, entry) in entries.iter().enumerate().skip(1) {
        if Stock::changes_past(entry) {
            runs.push(&entries[start..place]);
            start = place;
        }
    }
    if start < entries.len() {
        runs.push(&entries[start..]);
    }
    runs
}

/// The subjects of an entry that `subject` has rows for: all but a movement's own id, which
/// `movement_index` has.
pub(crate) fn indexed(entry: &Entry) -> impl Iterator<Item = Subject> {
    let own = movement(entry).map(|movement| movement.id.to_string());
    entry.subjects().into_iter().filter(move |subject| {
        subject.kind != SubjectKind::Movement || Some(&subject.key) != own.as_ref()
    })
}

/// What a run of entries does to `live`. What it opens and closes again leaves no trace.
fn live(entries: &[Entry]) -> LiveRows {
    let lives: Vec<_> = entries.iter().map(|entry| (entry.seq, entry.live())).collect();
    let closed: HashMap<&str, u64> = lives
        .iter()
        .flat_map(|(seq, live)| live.closes.iter().map(|key| (key.as_str(), *seq)))
        .collect();
    let closes: BTreeSet<&str> = closed.keys().copied().collect();
    let mut rows = LiveRows::default();
    rows.closes.extend(closes.into_iter().map(str::to_owned));
    for (seq, live) in &lives {
        let stays = |key: &&String| closed.get(key.as_str()).is_none_or(|last| last <= seq);
        rows.opens.extend(live.touches.iter().filter(stays).map(|key| (key.clone(), *seq)));
    }
    rows.opens.sort_unstable();
    rows.opens.dedup();
    rows
}

/// A pool as it is stored.
pub(crate) fn pool_text(pool: &Pool) -> PoolText {
    let quantity = pool.layers.iter().fold(0, |sum: i64, l| sum.saturating_add(l.quantity));
    PoolText { quantity, value: pool.value.units(), layers: layers_text(&pool.layers) }
}

/// Layers as text, the oldest first: `DAY:QUANTITY` or `DAY:QUANTITY:VALUE`, a space between them.
/// The day counts from 1970-01-01; the value is in ten-thousandths and left out where it is nothing.
pub(crate) fn layers_text(layers: &[Layer]) -> String {
    let mut text = String::with_capacity(layers.len() * 20);
    for layer in layers {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a text can't fail.
        let _ = write!(text, "{}:{}", layer.day.number(), layer.quantity);
        if !layer.value.is_zero() {
            let _ = write!(text, ":{}", layer.value.units());
        }
    }
    text
}

/// Reads `layers_text`; `None` for anything else.
pub(crate) fn parse_layers(text: &str) -> Option<Vec<Layer>> {
    let layer = |text: &str| {
        let mut parts = text.split(':');
        let (day, quantity) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let value = match parts.next() {
            Some(units) => Amount::from_units(units.parse().ok()?),
            None => Amount::ZERO,
        };
        parts.next().is_none().then_some(Layer { day: Day::from_number(day), quantity, value })
    };
    if text.is_empty() { Some(vec![]) } else { text.split(' ').map(layer).collect() }
}

/// The status of a name, as the tables write it.
pub(crate) fn status(name: &str) -> Option<StockStatus> {
    StockStatus::ALL.into_iter().find(|status| status.name() == name)
}

/// A bucket from the columns lot, owner, status and unit (`''` for none).
pub(crate) fn bucket(lot: &str, owner: &str, status_name: &str, unit: &str) -> Option<Bucket> {
    let status = status(status_name)?;
    Some(Bucket { lot: some(lot), owner: some(owner), status, unit: some(unit) })
}

/// A text column in which `''` means none.
pub(crate) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A site from the columns item and location.
pub(crate) fn site(item: &str, location: &str) -> Result<Site, StoreError> {
    let damaged = |words: String| StoreError::Damaged(words);
    let item = ItemId::parse(item).map_err(|e| damaged(e.to_string()))?;
    let location = Location::parse(location).map_err(|e| damaged(e.to_string()))?;
    Ok(Site { item, location })
}

/// A text that may be none, in words that tell the two apart.
pub(crate) fn none_or(text: &str) -> &str {
    match text {
        "" => "none",
        "none" => "\"none\"",
        text => text,
    }
}

/// A thing in words, as `verify` compares it.
pub(crate) fn thing_words(facts: &ThingFacts) -> String {
    let ThingFacts { item, lot, serial, tid, place, unit, commissioned, seq } = facts;
    let none = |text: Option<&str>| none_or(text.unwrap_or_default()).to_owned();
    format!(
        "item {}, lot {}, serial {}, tid {}, place {}, unit {}, commissioned {}, entry {seq}",
        none(item.as_ref().map(|item| item.as_str())),
        none(lot.as_deref()),
        none(serial.as_deref()),
        none(tid.as_ref().map(ToString::to_string).as_deref()),
        none(place.as_ref().map(|place| place.as_str())),
        none(unit.as_deref()),
        u8::from(*commissioned)
    )
}
