//! Looks up in SQLite what `Wants` asks for: stock at sites, things, lots, handling units, whole
//! movements, histories.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Amount, Body, Day, Entry, ItemId, Location, MovementId, Subject, SubjectKind, tid::TidError,
};
use gatewarden_stock::{LotFacts, Pool, PoolKey, Site, SiteStock, Supply, ThingFacts, Wants};
use rusqlite::{Connection, Row};

use crate::{
    StoreError,
    fetch::{self, entry_at},
    ledger::meta,
    projection::unsigned,
    rows::{Days, bucket, parse_layers, site, some},
    sqlite::recorded,
    subjects,
};

/// Most entries in one item's history. Beyond it what changes that item's past is refused.
pub const HISTORY_ENTRIES_MAX: usize = 100_000;

/// Answers `wants` as the tables are now.
pub(crate) fn look_up(connection: &Connection, wants: Wants) -> Result<Supply, StoreError> {
    let mut supply = Supply::default();
    for key in &wants.things {
        if let Some(facts) = thing(connection, key)? {
            supply.things.insert(key.clone(), facts);
        }
    }
    for (item, lot) in &wants.lots {
        if let Some(facts) = lot_facts(connection, item, lot)? {
            supply.lots.insert((item.clone(), lot.clone()), facts);
        }
    }
    let mut sites = wants.sites.clone();
    for unit in &wants.units {
        let places = unit_sites(connection, unit)?;
        sites.extend(places.iter().cloned());
        if !places.is_empty() {
            supply.units.insert(unit.clone(), places);
        }
    }
    for wanted in sites {
        let stock = site_stock(connection, &wanted)?;
        if stock != SiteStock::default() {
            supply.sites.insert(wanted, stock);
        }
    }
    for id in &wants.movements {
        if let Some(entry) = movement_or_reservation(connection, *id)? {
            supply.movements.insert(*id, entry);
        }
    }
    for item in &wants.histories {
        supply.histories.insert(item.clone(), history(connection, item)?);
    }
    supply.wants = wants;
    Ok(supply)
}

fn damaged(table: &str, words: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("{table}: {words}"))
}

/// All that is of one item at one place.
pub(crate) fn site_stock(connection: &Connection, site: &Site) -> Result<SiteStock, StoreError> {
    let key = [site.item.as_str(), site.location.as_str()];
    let mut found = SiteStock::default();
    let mut select = connection.prepare_cached(
        "SELECT lot, owner, status, unit, quantity FROM balance WHERE item = ?1 AND location = ?2",
    )?;
    let mut rows = select.query(key)?;
    while let Some(row) = rows.next()? {
        let key = bucket(text(row, 0)?, text(row, 1)?, text(row, 2)?, text(row, 3)?)
            .ok_or_else(|| damaged("balance", "an unknown status"))?;
        found.buckets.insert(key, row.get(4)?);
    }
    let mut select = connection.prepare_cached(
        "SELECT lot, owner, value, layers FROM pool WHERE item = ?1 AND location = ?2",
    )?;
    let mut rows = select.query(key)?;
    while let Some(row) = rows.next()? {
        let layers = parse_layers(text(row, 3)?)
            .ok_or_else(|| damaged("pool", format!("the layers of {} can't be read", site.item)))?;
        let key = PoolKey { lot: some(text(row, 0)?), owner: some(text(row, 1)?) };
        found.pools.insert(key, Pool { layers, value: Amount::from_units(row.get(2)?) });
    }
    Ok(found)
}

fn unit_sites(connection: &Connection, unit: &str) -> Result<BTreeSet<Site>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT item, location FROM balance WHERE unit = ?1 AND unit <> ''",
    )?;
    let mut rows = select.query([unit])?;
    let mut found = BTreeSet::new();
    while let Some(row) = rows.next()? {
        found.insert(site(text(row, 0)?, text(row, 1)?)?);
    }
    Ok(found)
}

/// What is known of a thing.
pub(crate) fn thing(connection: &Connection, key: &str) -> Result<Option<ThingFacts>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT item, lot, serial, tid, place, unit, commissioned, seq FROM thing WHERE key = ?1",
    )?;
    let mut rows = select.query([key])?;
    rows.next()?.map(|row| thing_facts(row, 0)).transpose()
}

/// A thing's facts out of eight columns from `first` on.
pub(crate) fn thing_facts(row: &Row<'_>, first: usize) -> Result<ThingFacts, StoreError> {
    let item = some(text(row, first)?).map(|item| ItemId::parse(&item)).transpose();
    let tid = some(text(row, first + 3)?).map(|tid| tid.parse()).transpose();
    let place = some(text(row, first + 4)?).map(|place| Location::parse(&place)).transpose();
    Ok(ThingFacts {
        item: item.map_err(|error| damaged("thing", error))?,
        lot: some(text(row, first + 1)?),
        serial: some(text(row, first + 2)?),
        tid: tid.map_err(|error: TidError| damaged("thing", error))?,
        place: place.map_err(|error| damaged("thing", error))?,
        unit: some(text(row, first + 5)?),
        commissioned: row.get(first + 6)?,
        seq: unsigned(row, first + 7)?,
    })
}

/// What is known of a lot.
pub(crate) fn lot_facts(
    connection: &Connection,
    item: &ItemId,
    lot: &str,
) -> Result<Option<LotFacts>, StoreError> {
    let sql = "SELECT expires, seq FROM lot WHERE item = ?1 AND lot = ?2";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([item.as_str(), lot])?;
    rows.next()?.map(|row| lot_row(row, 0)).transpose()
}

/// A lot's facts out of two columns from `first` on.
pub(crate) fn lot_row(row: &Row<'_>, first: usize) -> Result<LotFacts, StoreError> {
    let expires = some(text(row, first)?).map(|day| day.parse::<Day>()).transpose();
    let expires = expires.map_err(|error| damaged("lot", error))?;
    Ok(LotFacts { expires, seq: unsigned(row, first + 1)? })
}

/// A movement's entry, or that of a posting that waits for its second person.
pub(crate) fn movement_or_reservation(
    connection: &Connection,
    id: MovementId,
) -> Result<Option<Entry>, StoreError> {
    if let Some(seq) = recorded(connection, id)? {
        return entry_at(connection, seq);
    }
    let subject = Subject { kind: SubjectKind::Movement, key: id.to_string() };
    let mut about = subjects::newest(connection, &subject, 0, usize::MAX)?;
    about.reverse();
    Ok(fetch::all_at(connection, &about)?
        .into_iter()
        .find(|entry| matches!(&entry.body, Body::Reserved { posting, .. } if posting.id == id)))
}

/// All entries that moved or valued an item, in sequence.
fn history(connection: &Connection, item: &ItemId) -> Result<Vec<Entry>, StoreError> {
    let subject = Subject { kind: SubjectKind::Item, key: item.as_str().to_owned() };
    let mut found = BTreeMap::new();
    for seq in subjects::newest(connection, &subject, 0, usize::MAX)?.into_iter().rev() {
        let Some(entry) = entry_at(connection, seq)? else { continue };
        let Body::Moved { movement, .. } = &entry.body else { continue };
        // Costs that came later name the movement, not the item.
        let about = Subject { kind: SubjectKind::Movement, key: movement.id.to_string() };
        let later = subjects::newest(connection, &about, seq, usize::MAX)?;
        let costs = fetch::all_at(connection, &later)?
            .into_iter()
            .filter(|entry| matches!(entry.body, Body::CostLanded { .. }));
        found.extend(costs.map(|entry| (entry.seq, entry)));
        found.insert(seq, entry);
        if found.len() > HISTORY_ENTRIES_MAX {
            let (item, max) = (item.clone(), HISTORY_ENTRIES_MAX);
            return Err(StoreError::LongHistory { item, max });
        }
    }
    Ok(found.into_values().collect())
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, StoreError> {
    let value = row.get_ref(column)?;
    value.as_str().map_err(|error| StoreError::Database(error.into()))
}

/// The rows of `day`.
pub(crate) fn days(connection: &Connection) -> Result<Days, StoreError> {
    let mut select = connection.prepare_cached("SELECT day, seq, counted FROM day")?;
    let rows = select.query_map([], |row| {
        let counted = row.get::<_, Option<i64>>(2)?.map(|_| unsigned(row, 2)).transpose()?;
        Ok((Day::from_number(row.get(0)?), (unsigned(row, 1)?, counted)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The newest change of the signing key: its entry, the old and the new verifier key.
pub(crate) fn last_rotation(
    connection: &Connection,
) -> Result<Option<(u64, String, String)>, StoreError> {
    let sql = "SELECT seq, bytes, leaf FROM entry \
        WHERE seq = (SELECT max(seq) FROM live WHERE key = 'key')";
    let found = fetch::list(connection, sql, [])?.into_iter().next();
    Ok(found.and_then(|entry| match entry.body {
        Body::KeyRotated { old, new, .. } => Some((entry.seq, old, new)),
        _ => None,
    }))
}

/// The verifier key that the journal says is in force: that of the newest rotation, else the first.
pub(crate) fn key_in_force(connection: &Connection) -> Result<String, StoreError> {
    match last_rotation(connection)? {
        Some((_, _, new)) => Ok(new),
        None => meta(connection, "verifier"),
    }
}
