//! Looks up in PostgreSQL what `Wants` asks for. What it gives of the journal bears each entry's
//! position instead of its sequence, because only that orders the entries of all lanes.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Amount, Body, Day, Entry, Hash, ItemId, Location, MovementId, SubjectKind, tid::TidError,
};
use gatewarden_stock::{
    LotFacts, Pool, PoolKey, Site, SiteStock, Stock, Supply, ThingFacts, Wants,
};
use postgres::Row;
use uuid::Uuid;

use super::link::Link;
use crate::{
    StoreError,
    lookup::HISTORY_ENTRIES_MAX,
    merkle::leaf_hash,
    projection::number,
    rows::{bucket, parse_layers, site, some},
};

/// Answers `wants` as the tables are now. `lane` is whose open reservations count.
pub(super) fn look_up(link: &mut Link, lane: i32, wants: Wants) -> Result<Supply, StoreError> {
    let mut supply = Supply::default();
    let mut sites = wants.sites.clone();
    if !wants.units.is_empty() {
        units(link, &wants.units, &mut supply)?;
        sites.extend(supply.units.values().flatten().cloned());
    }
    if !sites.is_empty() {
        supply.sites = site_stocks(link, &sites)?;
    }
    if !wants.things.is_empty() {
        supply.things = things(link, &wants.things)?;
    }
    if !wants.lots.is_empty() {
        supply.lots = lots(link, &wants.lots)?;
    }
    if !wants.movements.is_empty() {
        supply.movements = movements(link, lane, &wants.movements)?;
    }
    for item in &wants.histories {
        supply.histories.insert(item.clone(), history(link, item)?);
    }
    supply.wants = wants;
    Ok(supply)
}

fn damaged(table: &str, words: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("{table}: {words}"))
}

/// A sequence or count out of a row.
pub(super) fn unsigned(row: &Row, column: usize) -> Result<u64, StoreError> {
    let n: i64 = row.get(column);
    u64::try_from(n).map_err(|_| damaged("the journal", format_args!("a negative number {n}")))
}

/// Entries out of rows of `NUMBER, leaf, bytes`: compared with their leaves, decoded, and given the
/// number of the row.
pub(super) fn entries(rows: &[Row]) -> Result<Vec<Entry>, StoreError> {
    rows.iter().map(entry).collect()
}

pub(super) fn entry(row: &Row) -> Result<Entry, StoreError> {
    let seq = unsigned(row, 0)?;
    let bytes = row.get::<_, &str>(2).as_bytes();
    if leaf_hash(bytes).0 != row.get::<_, &[u8]>(1) {
        return Err(StoreError::Edited { seq });
    }
    let entry = Entry::decode(bytes).map_err(|source| StoreError::Entry { seq, source })?;
    Ok(Entry { seq, ..entry })
}

/// 32 bytes as a hash.
pub(super) fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    bytes.try_into().map(Hash).map_err(|_| damaged("the tree", "a hash that is not of 32 bytes"))
}

fn site_stocks(
    link: &mut Link,
    sites: &BTreeSet<Site>,
) -> Result<BTreeMap<Site, SiteStock>, StoreError> {
    let items: Vec<&str> = sites.iter().map(|site| site.item.as_str()).collect();
    let places: Vec<&str> = sites.iter().map(|site| site.location.as_str()).collect();
    let mut found: BTreeMap<Site, SiteStock> = BTreeMap::new();
    let sql = "SELECT item, location, lot, owner, status, unit, quantity FROM balance \
        JOIN unnest($1::text[], $2::text[]) AS w (item, location) USING (item, location)";
    for row in link.query(sql, &[&items, &places])? {
        let key = bucket(row.get(2), row.get(3), row.get(4), row.get(5))
            .ok_or_else(|| damaged("balance", "an unknown status"))?;
        let site = site(row.get(0), row.get(1))?;
        found.entry(site).or_default().buckets.insert(key, row.get(6));
    }
    let sql = "SELECT item, location, lot, owner, value, layers FROM pool \
        JOIN unnest($1::text[], $2::text[]) AS w (item, location) USING (item, location)";
    for row in link.query(sql, &[&items, &places])? {
        let site = site(row.get(0), row.get(1))?;
        let layers = parse_layers(row.get(5)).ok_or_else(|| {
            damaged("pool", format_args!("the layers of {} can't be read", site.item))
        })?;
        let key = PoolKey { lot: some(row.get(2)), owner: some(row.get(3)) };
        let pool = Pool { layers, value: Amount::from_units(row.get(4)) };
        found.entry(site).or_default().pools.insert(key, pool);
    }
    Ok(found)
}

fn units(link: &mut Link, units: &BTreeSet<String>, supply: &mut Supply) -> Result<(), StoreError> {
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    let sql = "SELECT DISTINCT unit, item, location FROM balance \
        WHERE unit = ANY ($1) AND unit <> ''";
    for row in link.query(sql, &[&units])? {
        let at = site(row.get(1), row.get(2))?;
        supply.units.entry(row.get(0)).or_default().insert(at);
    }
    Ok(())
}

fn things(
    link: &mut Link,
    keys: &BTreeSet<String>,
) -> Result<BTreeMap<String, ThingFacts>, StoreError> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let sql = "SELECT key, item, lot, serial, tid, place, unit, commissioned, seq FROM thing \
        WHERE key = ANY ($1)";
    let rows = link.query(sql, &[&keys])?;
    rows.iter().map(|row| Ok((row.get(0), thing(row)?))).collect()
}

fn thing(row: &Row) -> Result<ThingFacts, StoreError> {
    let item = some(row.get(1)).map(|item| ItemId::parse(&item)).transpose();
    let tid = some(row.get(4)).map(|tid| tid.parse()).transpose();
    let place = some(row.get(5)).map(|place| Location::parse(&place)).transpose();
    Ok(ThingFacts {
        item: item.map_err(|error| damaged("thing", error))?,
        lot: some(row.get(2)),
        serial: some(row.get(3)),
        tid: tid.map_err(|error: TidError| damaged("thing", error))?,
        place: place.map_err(|error| damaged("thing", error))?,
        unit: some(row.get(6)),
        commissioned: row.get(7),
        seq: unsigned(row, 8)?,
    })
}

type Lots = BTreeMap<(ItemId, String), LotFacts>;

fn lots(link: &mut Link, keys: &BTreeSet<(ItemId, String)>) -> Result<Lots, StoreError> {
    let items: Vec<&str> = keys.iter().map(|key| key.0.as_str()).collect();
    let names: Vec<&str> = keys.iter().map(|key| key.1.as_str()).collect();
    let sql = "SELECT item, lot, expires, seq FROM lot \
        JOIN unnest($1::text[], $2::text[]) AS w (item, lot) USING (item, lot)";
    link.query(sql, &[&items, &names])?.iter().map(lot).collect()
}

/// A lot's facts out of the columns item, lot, expires and seq.
pub(super) fn lot(row: &Row) -> Result<((ItemId, String), LotFacts), StoreError> {
    let item = ItemId::parse(row.get(0)).map_err(|error| damaged("lot", error))?;
    let expires = some(row.get(2)).map(|day| day.parse::<Day>()).transpose();
    let expires = expires.map_err(|error| damaged("lot", error))?;
    Ok(((item, row.get(1)), LotFacts { expires, seq: unsigned(row, 3)? }))
}

fn movements(
    link: &mut Link,
    lane: i32,
    ids: &BTreeSet<MovementId>,
) -> Result<BTreeMap<MovementId, Entry>, StoreError> {
    let keys: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let sql = "SELECT position, leaf, bytes, id FROM movement_index JOIN entry USING (lane, seq) \
        WHERE id = ANY ($1)";
    let mut found = BTreeMap::new();
    for row in link.query(sql, &[&keys])? {
        found.insert(MovementId(row.get(3)), entry(&row)?);
    }
    let sql = "SELECT position, leaf, bytes FROM subject JOIN entry USING (lane, seq) \
        WHERE kind = $1 AND key = $2 AND lane = $3 ORDER BY seq";
    let kind = i32::from(SubjectKind::Movement.code());
    for id in ids {
        if found.contains_key(id) {
            continue;
        }
        let about = entries(&link.query(sql, &[&kind, &id.to_string(), &lane])?)?;
        let waits = about.into_iter().find(
            |entry| matches!(&entry.body, Body::Reserved { posting, .. } if posting.id == *id),
        );
        found.extend(waits.map(|entry| (*id, entry)));
    }
    Ok(found)
}

/// All entries of all lanes that moved or valued an item, in the order of their positions.
fn history(link: &mut Link, item: &ItemId) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT position, leaf, bytes FROM subject JOIN entry USING (lane, seq) \
        WHERE kind = $1 AND key = $2 ORDER BY position LIMIT $3";
    let limit = number(HISTORY_ENTRIES_MAX as u64 + 1);
    let kind = i32::from(SubjectKind::Item.code());
    let rows = link.query(sql, &[&kind, &item.as_str(), &limit])?;
    if rows.len() > HISTORY_ENTRIES_MAX {
        return Err(StoreError::LongHistory { item: item.clone(), max: HISTORY_ENTRIES_MAX });
    }
    let mut found = BTreeMap::new();
    let mut ids = Vec::new();
    for entry in entries(&rows)? {
        if let Body::Moved { movement, .. } = &entry.body {
            ids.push(movement.id.to_string());
            found.insert(entry.seq, entry);
        }
    }
    // Costs that came later name the movement, not the item.
    let sql = "SELECT position, leaf, bytes FROM subject JOIN entry USING (lane, seq) \
        WHERE kind = $1 AND key = ANY ($2)";
    let kind = i32::from(SubjectKind::Movement.code());
    for entry in entries(&link.query(sql, &[&kind, &ids])?)? {
        if matches!(entry.body, Body::CostLanded { .. }) {
            found.insert(entry.seq, entry);
        }
    }
    Ok(found.into_values().collect())
}

/// Tells a stock what the lanes said of items, closed periods and days since position `seen`; returns
/// the newest of those positions.
pub(super) fn news(link: &mut Link, seen: i64, stock: &mut Stock) -> Result<i64, StoreError> {
    let sql = "SELECT position, leaf, bytes FROM news JOIN entry USING (lane, seq, position) \
        WHERE position > $1 ORDER BY position";
    let (mut items, mut closed_until, mut newest) = (Vec::new(), None, seen);
    for entry in entries(&link.query(sql, &[&seen])?)? {
        newest = number(entry.seq);
        match entry.body {
            Body::ItemDefined { item, .. } => items.push(item),
            Body::PeriodClosed { until, .. } => closed_until = closed_until.max(Some(until)),
            _ => {}
        }
    }
    let sql = "SELECT max(day) FROM movement_index WHERE counted";
    let day: Option<i32> = link.first(sql, &[])?.and_then(|row| row.get(0));
    stock.resume(items, closed_until, day.map(|day| Day::from_number(day.into())));
    Ok(newest)
}
