//! The statements of a commit on PostgreSQL: one for each table, with all its rows as arrays.
//!
//! Everything here runs inside the caller's transaction.

use std::collections::BTreeMap;

use gatewarden_model::{Body, Entry};
use gatewarden_stock::ThingFacts;
use uuid::Uuid;

use super::{link::Link, locks::is_news, lookup::unsigned};
use crate::{
    StoreError,
    ledger::Group,
    plan::Plan,
    projection::{movement, number},
    rows::{Rows, ThingRow},
};

/// Bytes of entries in one statement, if it is not one entry.
const CHUNK_BYTES_MAX: usize = 8 << 20;

/// The sequence of each position that a group got.
pub(super) type Positions = BTreeMap<u64, u64>;

/// Writes a group's entries; the positions that they got.
pub(super) fn entries(
    link: &mut Link,
    lane: i32,
    entries: &[Entry],
    plan: &Plan,
) -> Result<Positions, StoreError> {
    let sql = "INSERT INTO entry (lane, seq, leaf, bytes) \
        SELECT $1, seq, leaf, bytes \
        FROM unnest($2::bigint[], $3::bytea[], $4::text[]) AS w (seq, leaf, bytes) ORDER BY seq \
        RETURNING seq, position";
    let mut positions = Positions::new();
    let mut start = 0;
    while start < entries.len() {
        let mut bytes = 0;
        let fits = plan.leaves[start..].iter().take_while(|(_, text)| {
            bytes += text.len();
            bytes <= CHUNK_BYTES_MAX
        });
        let end = start + fits.count().max(1);
        let seqs: Vec<i64> = entries[start..end].iter().map(|entry| number(entry.seq)).collect();
        let leaves: Vec<&[u8]> = plan.leaves[start..end].iter().map(|l| &l.0.0[..]).collect();
        let texts: Vec<&str> = plan.leaves[start..end].iter().map(|l| l.1.as_str()).collect();
        for row in link.query(sql, &[&lane, &seqs, &leaves, &texts])? {
            positions.insert(unsigned(&row, 1)?, unsigned(&row, 0)?);
        }
        start = end;
    }
    if positions.len() != entries.len() || !positions.values().is_sorted() {
        return Err(StoreError::Damaged("positions do not follow the sequence".into()));
    }
    Ok(positions)
}

/// Writes what the tree gained, and the checkpoint.
pub(super) fn tree(link: &mut Link, lane: i32, plan: &Plan) -> Result<(), StoreError> {
    if !plan.nodes.is_empty() {
        let level =
            |node: &crate::merkle::StoredNode| i32::try_from(node.level).unwrap_or(i32::MAX);
        let levels: Vec<i32> = plan.nodes.iter().map(level).collect();
        let numbers: Vec<i64> = plan.nodes.iter().map(|node| number(node.number)).collect();
        let hashes: Vec<&[u8]> = plan.nodes.iter().map(|node| &node.hash.0[..]).collect();
        let sql = "INSERT INTO node (lane, level, number, hash) \
            SELECT $1, * FROM unnest($2::integer[], $3::bigint[], $4::bytea[])";
        link.execute(sql, &[&lane, &levels, &numbers, &hashes])?;
    }
    if let Some(note) = &plan.checkpoint {
        let size = number(plan.frontier.size());
        let sql = "INSERT INTO checkpoint (lane, size, note) VALUES ($1, $2, $3)";
        link.execute(sql, &[&lane, &size, note])?;
    }
    Ok(())
}

/// Writes what a run of entries, numbered by position, changes in the lane's indexes and the stock.
pub(super) fn rows(
    link: &mut Link,
    lane: i32,
    run: &[Entry],
    rows: &Rows,
    positions: &Positions,
) -> Result<(), StoreError> {
    indexes(link, lane, run, rows, positions)?;
    balances(link, rows)?;
    pools(link, rows)?;
    things(link, rows)?;
    lots(link, rows)
}

fn seq(positions: &Positions, position: u64) -> i64 {
    number(positions.get(&position).copied().unwrap_or(u64::MAX))
}

fn indexes(
    link: &mut Link,
    lane: i32,
    run: &[Entry],
    rows: &Rows,
    positions: &Positions,
) -> Result<(), StoreError> {
    if !rows.movements.is_empty() {
        let seqs: Vec<i64> = rows.movements.iter().map(|row| seq(positions, row.seq)).collect();
        let ids: Vec<Uuid> = rows.movements.iter().map(|row| row.id.0).collect();
        let days: Vec<i32> = rows.movements.iter().map(|row| row.day.number()).collect();
        let counted: Vec<bool> = run.iter().filter_map(counts).collect();
        let sql = "INSERT INTO movement_index (lane, seq, id, day, counted) \
            SELECT $1, * FROM unnest($2::bigint[], $3::uuid[], $4::integer[], $5::boolean[])";
        link.execute(sql, &[&lane, &seqs, &ids, &days, &counted])?;
    }
    if !rows.live.closes.is_empty() {
        let sql = "DELETE FROM live WHERE lane = $1 AND key = ANY ($2)";
        link.execute(sql, &[&lane, &rows.live.closes])?;
    }
    if !rows.live.opens.is_empty() {
        let keys: Vec<&str> = rows.live.opens.iter().map(|(key, _)| key.as_str()).collect();
        let seqs: Vec<i64> = rows.live.opens.iter().map(|row| seq(positions, row.1)).collect();
        let sql = "INSERT INTO live (lane, key, seq) \
            SELECT $1, * FROM unnest($2::text[], $3::bigint[]) ON CONFLICT DO NOTHING";
        link.execute(sql, &[&lane, &keys, &seqs])?;
    }
    if !rows.subjects.is_empty() {
        let kinds: Vec<i32> = rows.subjects.iter().map(|(s, _)| s.kind.code().into()).collect();
        let keys: Vec<&str> = rows.subjects.iter().map(|(s, _)| s.key.as_str()).collect();
        let seqs: Vec<i64> = rows.subjects.iter().map(|row| seq(positions, row.1)).collect();
        let sql = "INSERT INTO subject (lane, kind, key, seq) \
            SELECT $1, * FROM unnest($2::integer[], $3::text[], $4::bigint[])";
        link.execute(sql, &[&lane, &kinds, &keys, &seqs])?;
    }
    for entry in run.iter().filter(|entry| is_news(entry)) {
        let sql = "INSERT INTO news (position, lane, seq) VALUES ($1, $2, $3)";
        link.execute(sql, &[&number(entry.seq), &lane, &seq(positions, entry.seq)])?;
    }
    Ok(())
}

/// Whether a movement makes its day the last one; none for what is no movement.
fn counts(entry: &Entry) -> Option<bool> {
    let movement = movement(entry)?;
    Some(!movement.back_dated && (entry.at.synced || movement.effective.is_some()))
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

fn balances(link: &mut Link, rows: &Rows) -> Result<(), StoreError> {
    let columns = |zero: bool| {
        let (mut texts, mut quantities) = ([(); 6].map(|()| Vec::<&str>::new()), Vec::new());
        for row in rows.balances.iter().filter(|row| (row.quantity == 0) == zero) {
            let key = [
                row.site.item.as_str(),
                row.site.location.as_str(),
                text(&row.bucket.lot),
                text(&row.bucket.owner),
                row.bucket.status.name(),
                text(&row.bucket.unit),
            ];
            texts.iter_mut().zip(key).for_each(|(column, value)| column.push(value));
            quantities.push(row.quantity);
        }
        (texts, quantities)
    };
    let ([item, location, lot, owner, status, unit], quantities) = columns(false);
    if !quantities.is_empty() {
        let sql = "INSERT INTO balance (item, location, lot, owner, status, unit, quantity) \
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
            $6::text[], $7::bigint[]) ON CONFLICT (item, location, lot, owner, status, unit) \
            DO UPDATE SET quantity = excluded.quantity";
        link.execute(sql, &[&item, &location, &lot, &owner, &status, &unit, &quantities])?;
    }
    let ([item, location, lot, owner, status, unit], gone) = columns(true);
    if !gone.is_empty() {
        let sql = "DELETE FROM balance USING unnest($1::text[], $2::text[], $3::text[], \
            $4::text[], $5::text[], $6::text[]) AS w (item, location, lot, owner, status, unit) \
            WHERE (balance.item, balance.location, balance.lot, balance.owner, balance.status, \
            balance.unit) = (w.item, w.location, w.lot, w.owner, w.status, w.unit)";
        link.execute(sql, &[&item, &location, &lot, &owner, &status, &unit])?;
    }
    Ok(())
}

fn pools(link: &mut Link, rows: &Rows) -> Result<(), StoreError> {
    for row in &rows.pools {
        let (item, location) = (row.site.item.as_str(), row.site.location.as_str());
        let (lot, owner) = (text(&row.key.lot), text(&row.key.owner));
        let Some(pool) = &row.pool else {
            let sql = "DELETE FROM pool \
                WHERE item = $1 AND location = $2 AND lot = $3 AND owner = $4";
            link.execute(sql, &[&item, &location, &lot, &owner])?;
            continue;
        };
        let sql = "INSERT INTO pool (item, location, lot, owner, quantity, value, layers) \
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (item, location, lot, owner) \
            DO UPDATE SET quantity = excluded.quantity, value = excluded.value, \
            layers = excluded.layers";
        let (quantity, value) = (pool.quantity, pool.value);
        link.execute(sql, &[&item, &location, &lot, &owner, &quantity, &value, &pool.layers])?;
    }
    Ok(())
}

fn things(link: &mut Link, rows: &Rows) -> Result<(), StoreError> {
    let tids: Vec<String> = rows.things.iter().map(tid_text).collect();
    let (mut texts, mut bound, mut seqs) = ([(); 7].map(|()| Vec::<&str>::new()), vec![], vec![]);
    for (row, tid) in rows.things.iter().zip(&tids) {
        let Some(facts) = &row.facts else {
            link.execute("DELETE FROM thing WHERE key = $1", &[&row.key])?;
            continue;
        };
        let ThingFacts { item, lot, serial, tid: _, place, unit, commissioned, seq } = facts;
        let columns = [
            row.key.as_str(),
            item.as_ref().map_or("", |item| item.as_str()),
            text(lot),
            text(serial),
            tid,
            place.as_ref().map_or("", |place| place.as_str()),
            text(unit),
        ];
        texts.iter_mut().zip(columns).for_each(|(column, value)| column.push(value));
        bound.push(*commissioned);
        seqs.push(number(*seq));
    }
    if seqs.is_empty() {
        return Ok(());
    }
    let [key, item, lot, serial, tid, place, unit] = texts;
    let sql = "INSERT INTO thing (key, item, lot, serial, tid, place, unit, commissioned, seq) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
        $6::text[], $7::text[], $8::boolean[], $9::bigint[]) ON CONFLICT (key) DO UPDATE SET \
        item = excluded.item, lot = excluded.lot, serial = excluded.serial, tid = excluded.tid, \
        place = excluded.place, unit = excluded.unit, commissioned = excluded.commissioned, \
        seq = excluded.seq";
    link.execute(sql, &[&key, &item, &lot, &serial, &tid, &place, &unit, &bound, &seqs])?;
    Ok(())
}

/// A thing's TID as its column has it.
fn tid_text(row: &ThingRow) -> String {
    let tid = row.facts.as_ref().and_then(|facts| facts.tid.as_ref());
    tid.map(ToString::to_string).unwrap_or_default()
}

fn lots(link: &mut Link, rows: &Rows) -> Result<(), StoreError> {
    for row in &rows.lots {
        let item = row.item.as_str();
        let Some(facts) = &row.facts else {
            let sql = "DELETE FROM lot WHERE item = $1 AND lot = $2";
            link.execute(sql, &[&item, &row.lot])?;
            continue;
        };
        let expires = facts.expires.map(|day| day.to_string()).unwrap_or_default();
        let sql = "INSERT INTO lot (item, lot, expires, seq) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (item, lot) DO UPDATE SET expires = excluded.expires, seq = excluded.seq";
        link.execute(sql, &[&item, &row.lot, &expires, &number(facts.seq)])?;
    }
    Ok(())
}

/// Writes a group's PIN hashes, and drops those of who is removed.
pub(super) fn credentials(link: &mut Link, lane: i32, group: &Group) -> Result<(), StoreError> {
    let delete = "DELETE FROM credential WHERE lane = $1 AND operator = $2";
    for entry in &group.entries {
        if let Body::Removed { operator, .. } = &entry.body {
            link.execute(delete, &[&lane, &operator.as_str()])?;
        }
    }
    for (operator, phc) in &group.credentials {
        let operator = operator.as_str();
        match phc {
            Some(phc) => link.execute(
                "INSERT INTO credential (lane, operator, phc) VALUES ($1, $2, $3) \
                 ON CONFLICT (lane, operator) DO UPDATE SET phc = excluded.phc",
                &[&lane, &operator, phc],
            )?,
            None => link.execute(delete, &[&lane, &operator])?,
        };
    }
    Ok(())
}
