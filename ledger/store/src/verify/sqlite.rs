//! `Source` over SQLite. The caller holds a transaction.

use std::borrow::Borrow;

use gatewarden_model::{Hash, MovementId};
use gatewarden_stock::{Supply, Wants};
use rusqlite::{Connection, OptionalExtension, Transaction, params, types::ValueRef};
use uuid::Uuid;

use super::source::{Cell, Others, SeeEntry, SeeRow, Source, Table};
use crate::{
    StoreError,
    connection::open_reader,
    lookup,
    projection::{number, unsigned},
    schema, subjects,
};

/// How often snapshots are begun anew because somebody wrote between them.
const SNAPSHOT_TRIES: usize = 5;

/// The most columns that a table of `Source` has.
const COLUMNS_MAX: usize = 9;

/// A ledger in SQLite: a connection, or one of somebody else.
pub(super) struct Sqlite<C>(pub(super) C);

/// Begins a transaction on `connection`, which sees one snapshot until it ends, and on two more of
/// their own that see the same; without them where that can't be had.
pub(super) fn snapshots<'a>(
    connection: &'a Connection,
    vfs: Option<&str>,
) -> Result<(Transaction<'a>, Option<Others>), StoreError> {
    let path = connection.path().filter(|path| !path.is_empty());
    let open = || {
        let connection = open_reader(path?.as_ref(), vfs).ok()?;
        connection.execute_batch("BEGIN").ok()?;
        Some(connection)
    };
    for _ in 0..SNAPSHOT_TRIES {
        let own = connection.unchecked_transaction()?;
        let Some((tables, past)) = size(&own).ok().and_then(|_| open().zip(open())) else { break };
        // Whoever writes appends entries.
        let seen = size(&own)?;
        if [&tables, &past].into_iter().all(|other| size(other).is_ok_and(|size| size == seen)) {
            let (tables, past) = (Box::new(Sqlite(tables)), Box::new(Sqlite(past)));
            return Ok((own, Some(Others { tables, past })));
        }
    }
    Ok((connection.unchecked_transaction()?, None))
}

/// The last entry.
fn size(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0))
}

impl<C: Borrow<Connection>> Source for Sqlite<C> {
    fn faults(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.0.borrow().prepare("PRAGMA integrity_check(20)")?;
        let words = statement.query_map([], |row| row.get::<_, String>(0))?;
        let words = words.collect::<Result<Vec<_>, _>>()?;
        let mut found: Vec<_> = words
            .iter()
            .filter(|words| *words != "ok")
            .map(|words| format!("the database file is damaged: {words}"))
            .collect();
        found.extend(schema::differences(self.0.borrow())?);
        Ok(found)
    }

    fn meta(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut statement = self.0.borrow().prepare("SELECT key, value FROM meta ORDER BY key")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn entries(&self, see: &mut SeeEntry<'_>) -> Result<(), StoreError> {
        let mut select =
            self.0.borrow().prepare("SELECT seq, leaf, bytes FROM entry ORDER BY seq")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?;
            see(unsigned(row, 0)?, Hash(row.get(1)?), bytes)?;
        }
        Ok(())
    }

    fn bytes(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select =
            self.0.borrow().prepare_cached("SELECT bytes FROM entry WHERE seq = ?1")?;
        let text: Option<String> = select.query_row([number(seq)], |row| row.get(0)).optional()?;
        Ok(text.map(String::into_bytes))
    }

    fn checkpoints(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2";
        let mut statement = self.0.borrow().prepare_cached(sql)?;
        let values = params![after, number(limit as u64)];
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn node(&self, level: u32, of: u64) -> Result<Option<Hash>, StoreError> {
        let sql = "SELECT hash FROM node WHERE level = ?1 AND number = ?2";
        let mut statement = self.0.borrow().prepare_cached(sql)?;
        let found = statement.query_row(params![level, number(of)], |row| row.get(0)).optional()?;
        Ok(found.map(Hash))
    }

    fn node_count(&self) -> Result<u64, StoreError> {
        Ok(self.0.borrow().query_row("SELECT count(*) FROM node", [], |row| unsigned(row, 0))?)
    }

    fn movement_at(&self, seq: u64) -> Result<Option<MovementId>, StoreError> {
        let mut select =
            self.0.borrow().prepare_cached("SELECT id FROM movement_index WHERE seq = ?1")?;
        let id: Option<[u8; 16]> = select.query_row([number(seq)], |row| row.get(0)).optional()?;
        Ok(id.map(|bytes| MovementId(Uuid::from_bytes(bytes))))
    }

    fn past(&self, wants: &Wants) -> Result<Supply, StoreError> {
        lookup::look_up(self.0.borrow(), wants.clone())
    }

    fn rows(&self, table: Table, by_seq: bool, see: &mut SeeRow<'_>) -> Result<(), StoreError> {
        if table == Table::Subject {
            return subjects::rows(self.0.borrow(), by_seq, see);
        }
        let (name, columns) = table.sql();
        let order = if by_seq { " ORDER BY seq" } else { "" };
        let mut statement =
            self.0.borrow().prepare(&format!("SELECT {columns} FROM {name}{order}"))?;
        let width = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut cells = [Cell::Null; COLUMNS_MAX];
            for (column, cell) in cells.iter_mut().enumerate().take(width) {
                *cell = match row.get_ref(column)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(n) => Cell::Int(n),
                    // It must not be taken for an empty one.
                    ValueRef::Text(text) => {
                        Cell::Text(std::str::from_utf8(text).map_err(|_| {
                            StoreError::Damaged(format!(
                                "{name}: a row has a text that is not UTF-8"
                            ))
                        })?)
                    }
                    ValueRef::Blob(bytes) => Cell::Bytes(bytes),
                    ValueRef::Real(_) => Cell::Strange,
                };
            }
            see(&cells[..width])?;
        }
        Ok(())
    }
}
