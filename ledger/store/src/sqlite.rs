//! The SQLite statements of the writer: the journal's rows of a `Plan`, the projections' of `Rows`.
//!
//! Everything here runs inside the caller's transaction.

use gatewarden_model::{Entry, MovementId};
use gatewarden_stock::ThingFacts;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError,
    plan::Plan,
    projection::{number, unsigned},
    rows::{BalanceRow, DayRow, LiveRows, LotRow, MovementRow, PoolRow, Rows, ThingRow},
    subjects::Unfolded,
};

const INSERT_ENTRY: &str = "INSERT INTO entry (seq, leaf, bytes) VALUES (?1, ?2, ?3)";
const INSERT_NODE: &str = "INSERT INTO node (level, number, hash) VALUES (?1, ?2, ?3)";
const INSERT_CHECKPOINT: &str = "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)";
const INSERT_MOVEMENT: &str = "INSERT INTO movement_index (seq, id, day) VALUES (?1, ?2, ?3)";
const INSERT_DAY: &str = "INSERT OR REPLACE INTO day (day, seq, counted) VALUES (?1, ?2, ?3)";
const INSERT_LIVE: &str = "INSERT OR IGNORE INTO live (key, seq) VALUES (?1, ?2)";
const DELETE_LIVE: &str = "DELETE FROM live WHERE key = ?1";
const UPSERT_BALANCE: &str = "INSERT INTO balance (item, location, lot, owner, status, unit, \
    quantity) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
    ON CONFLICT DO UPDATE SET quantity = excluded.quantity";
const DELETE_BALANCE: &str = "DELETE FROM balance WHERE item = ?1 AND location = ?2 AND lot = ?3 \
    AND owner = ?4 AND status = ?5 AND unit = ?6";
const UPSERT_POOL: &str = "INSERT INTO pool (item, location, lot, owner, quantity, value, layers) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET quantity = excluded.quantity, \
    value = excluded.value, layers = excluded.layers";
const DELETE_POOL: &str =
    "DELETE FROM pool WHERE item = ?1 AND location = ?2 AND lot = ?3 AND owner = ?4";
const UPSERT_THING: &str = "INSERT INTO thing (key, item, lot, serial, tid, place, unit, commissioned, \
    seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET item = excluded.item, \
    lot = excluded.lot, serial = excluded.serial, tid = excluded.tid, place = excluded.place, unit = excluded.unit, \
    commissioned = excluded.commissioned, seq = excluded.seq";
const DELETE_THING: &str = "DELETE FROM thing WHERE key = ?1";
const UPSERT_LOT: &str = "INSERT INTO lot (item, lot, expires, seq) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT DO UPDATE SET expires = excluded.expires, seq = excluded.seq";
const DELETE_LOT: &str = "DELETE FROM lot WHERE item = ?1 AND lot = ?2";

/// Writes the entries of a group, the nodes and the checkpoint.
pub(crate) fn write_journal(
    connection: &Connection,
    entries: &[Entry],
    plan: &Plan,
) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(INSERT_ENTRY)?;
    for (entry, (leaf, text)) in entries.iter().zip(&plan.leaves) {
        insert.execute(params![number(entry.seq), leaf.0, text])?;
    }
    let mut insert = connection.prepare_cached(INSERT_NODE)?;
    for node in &plan.nodes {
        insert.execute(params![node.level, number(node.number), node.hash.0])?;
    }
    if let Some(note) = &plan.checkpoint {
        let mut insert = connection.prepare_cached(INSERT_CHECKPOINT)?;
        insert.execute(params![number(plan.frontier.size()), note])?;
    }
    Ok(())
}

/// Writes what a run of entries changes in the projections.
pub(crate) fn write_rows(
    connection: &Connection,
    unfolded: &mut Unfolded,
    rows: &Rows,
) -> Result<(), StoreError> {
    movements(connection, &rows.movements)?;
    let mut insert = connection.prepare_cached(INSERT_DAY)?;
    for DayRow { day, seq, counted } in &rows.days {
        insert.execute(params![day.number(), number(*seq), counted.map(number)])?;
    }
    balances(connection, &rows.balances)?;
    pools(connection, &rows.pools)?;
    things(connection, &rows.things)?;
    lots(connection, &rows.lots)?;
    live(connection, &rows.live)?;
    unfolded.write(connection, &rows.subjects)
}

/// The entry that recorded a movement, if there is one.
pub(crate) fn recorded(connection: &Connection, id: MovementId) -> Result<Option<u64>, StoreError> {
    let mut select = connection.prepare_cached("SELECT seq FROM movement_index WHERE id = ?1")?;
    Ok(select.query_row([id.0.as_bytes()], |row| unsigned(row, 0)).optional()?)
}

fn movements(connection: &Connection, rows: &[MovementRow]) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(INSERT_MOVEMENT)?;
    for MovementRow { seq, id, day } in rows {
        let done = insert.execute(params![number(*seq), id.0.as_bytes(), day.number()]);
        if let Err(error) = done {
            return Err(match recorded(connection, *id)? {
                Some(seq) => StoreError::Repeated { id: *id, seq },
                None => error.into(),
            });
        }
    }
    Ok(())
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

fn balances(connection: &Connection, rows: &[BalanceRow]) -> Result<(), StoreError> {
    let mut upsert = connection.prepare_cached(UPSERT_BALANCE)?;
    for BalanceRow { site, bucket, quantity } in rows {
        let (item, location) = (site.item.as_str(), site.location.as_str());
        let (lot, owner, unit) = (text(&bucket.lot), text(&bucket.owner), text(&bucket.unit));
        let status = bucket.status.name();
        if *quantity == 0 {
            let mut delete = connection.prepare_cached(DELETE_BALANCE)?;
            delete.execute([item, location, lot, owner, status, unit])?;
        } else {
            upsert.execute(params![item, location, lot, owner, status, unit, quantity])?;
        }
    }
    Ok(())
}

fn pools(connection: &Connection, rows: &[PoolRow]) -> Result<(), StoreError> {
    let mut upsert = connection.prepare_cached(UPSERT_POOL)?;
    for PoolRow { site, key, pool } in rows {
        let (item, location) = (site.item.as_str(), site.location.as_str());
        let (lot, owner) = (text(&key.lot), text(&key.owner));
        match pool {
            None => {
                connection.prepare_cached(DELETE_POOL)?.execute([item, location, lot, owner])?
            }
            Some(pool) => upsert.execute(params![
                item,
                location,
                lot,
                owner,
                pool.quantity,
                pool.value,
                pool.layers
            ])?,
        };
    }
    Ok(())
}

fn things(connection: &Connection, rows: &[ThingRow]) -> Result<(), StoreError> {
    let mut upsert = connection.prepare_cached(UPSERT_THING)?;
    for ThingRow { key, facts } in rows {
        let Some(facts) = facts else {
            connection.prepare_cached(DELETE_THING)?.execute([key])?;
            continue;
        };
        let ThingFacts { item, lot, serial, tid, place, unit, commissioned, seq } = facts;
        upsert.execute(params![
            key,
            item.as_ref().map_or("", |item| item.as_str()),
            text(lot),
            text(serial),
            tid.as_ref().map(ToString::to_string).unwrap_or_default(),
            place.as_ref().map_or("", |place| place.as_str()),
            text(unit),
            commissioned,
            number(*seq)
        ])?;
    }
    Ok(())
}

fn lots(connection: &Connection, rows: &[LotRow]) -> Result<(), StoreError> {
    for LotRow { item, lot, facts } in rows {
        let Some(facts) = facts else {
            connection.prepare_cached(DELETE_LOT)?.execute([item.as_str(), lot])?;
            continue;
        };
        let expires = facts.expires.map(|day| day.to_string()).unwrap_or_default();
        let mut upsert = connection.prepare_cached(UPSERT_LOT)?;
        upsert.execute(params![item.as_str(), lot, expires, number(facts.seq)])?;
    }
    Ok(())
}

fn live(connection: &Connection, rows: &LiveRows) -> Result<(), StoreError> {
    let mut delete = connection.prepare_cached(DELETE_LIVE)?;
    for key in &rows.closes {
        delete.execute([key])?;
    }
    let mut insert = connection.prepare_cached(INSERT_LIVE)?;
    for (key, seq) in &rows.opens {
        insert.execute(params![key, number(*seq)])?;
    }
    Ok(())
}
