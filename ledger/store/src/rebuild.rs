//! Makes the projections anew from the journal: for `ledger rebuild`, and for the migrations that
//! change their shape.
//!
//! One transaction: after it the projections are whole, or what they were before. The memory does not
//! grow with the journal. What the journal does not say stays untouched: PIN hashes, cosignatures.

use std::path::Path;

use gatewarden_model::{Body, Entry, Hash};
use gatewarden_stock::Stock;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    StoreError, connection, fetch,
    lock::WriterLock,
    lookup,
    merkle::leaf_hash,
    projection::unsigned,
    rows::{Projector, runs},
    schema, sqlite,
    subjects::Unfolded,
};

/// Entries that are replayed and written together.
const RUN_ENTRIES_MAX: usize = 1000;

/// Bytes of entries beyond which fewer are.
const RUN_BYTES_MAX: usize = 8 << 20;

/// What a writer remembers of the projections.
#[derive(Debug)]
pub(crate) struct Projections {
    projector: Projector,
    unfolded: Unfolded,
}

/// Drops every projection of the ledger at `path` and makes it anew, also where their tables are
/// missing or damaged. Returns how many entries were replayed. Fails while another process writes
/// the ledger, and at the first entry whose bytes do not fit the tree.
pub fn rebuild(path: &Path, vfs: Option<&str>) -> Result<u64, StoreError> {
    let _lock = WriterLock::take(path)?;
    let mut connection = connection::open_writer(path, vfs)?;
    if schema::check(&connection)? == 0 {
        return Err(StoreError::NotALedger);
    }
    schema::migrate(&mut connection)?;
    let step = Transaction::new(&mut connection, TransactionBehavior::Immediate)?;
    schema::make_projections(&step)?;
    let entries = fill(&step)?;
    step.commit()?;
    Ok(entries)
}

/// Fills the empty projections from the journal; how many entries there are.
pub(crate) fn fill(connection: &Connection) -> Result<u64, StoreError> {
    let projector = Projector::new(Stock::partial().seen_by_look_ups(), lookup::days(connection)?);
    let mut made = Projections { projector, unfolded: Unfolded::load(connection)? };
    let mut select = connection.prepare("SELECT seq, leaf, bytes FROM entry ORDER BY seq")?;
    let mut rows = select.query([])?;
    let (mut run, mut bytes, mut count) = (Vec::new(), 0, 0);
    while let Some(row) = rows.next()? {
        let seq = unsigned(row, 0)?;
        let text = row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?;
        if leaf_hash(text) != Hash(row.get(1)?) {
            return Err(StoreError::Edited { seq });
        }
        run.push(Entry::decode(text).map_err(|source| StoreError::Entry { seq, source })?);
        bytes += text.len();
        count += 1;
        if run.len() >= RUN_ENTRIES_MAX || bytes >= RUN_BYTES_MAX {
            project(connection, &mut made, &run)?;
            run.clear();
            bytes = 0;
        }
    }
    project(connection, &mut made, &run)?;
    Ok(count)
}

/// Writes what entries, which come next, make of the projections.
pub(crate) fn project(
    connection: &Connection,
    made: &mut Projections,
    entries: &[Entry],
) -> Result<(), StoreError> {
    let Projections { projector, unfolded } = made;
    projector.trim();
    for run in runs(entries) {
        loop {
            let needs = projector.needs(run);
            if needs.is_empty() {
                break;
            }
            projector.stock.supply(lookup::look_up(connection, needs)?);
        }
        let rows = projector.apply(run)?;
        sqlite::write_rows(connection, unfolded, &rows)?;
    }
    Ok(())
}

/// What a writer begins with: what can't be looked up (items, the closed period, the days), and the
/// subjects that are not folded yet.
pub(crate) fn projections(connection: &Connection) -> Result<Projections, StoreError> {
    let (mut items, mut closed_until) = (Vec::new(), None);
    let sql = "SELECT seq, bytes, leaf FROM entry WHERE seq IN (SELECT seq FROM live \
        WHERE key = 'period' OR (key >= 'item:' AND key < 'item;')) ORDER BY seq";
    fetch::each(connection, sql, [], |entry| {
        match entry.body {
            Body::ItemDefined { item, .. } => items.push(item),
            Body::PeriodClosed { until, .. } => closed_until = closed_until.max(Some(until)),
            _ => {}
        }
        Ok(())
    })?;
    let days = lookup::days(connection)?;
    let last_day = days.iter().rev().find(|(_, (_, counted))| counted.is_some());
    let mut stock = Stock::partial().seen_by_look_ups();
    stock.resume(items, closed_until, last_day.map(|(day, _)| *day));
    let projector = Projector::new(stock, days);
    Ok(Projections { projector, unfolded: Unfolded::load(connection)? })
}
