//! `Source` over SQLite. The caller holds a transaction.

use gatewarden_model::{Hash, MovementId};
use gatewarden_stock::{Supply, Wants};
use rusqlite::{Connection, OptionalExtension, params, types::ValueRef};
use uuid::Uuid;

use super::source::{Cell, SeeEntry, SeeRow, Source, Table};
use crate::{
    StoreError, lookup,
    projection::{number, unsigned},
    schema, subjects,
};

/// A ledger in SQLite.
pub(super) struct Sqlite<'a>(pub(super) &'a Connection);

impl Source for Sqlite<'_> {
    fn faults(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.0.prepare("PRAGMA integrity_check(20)")?;
        let words = statement.query_map([], |row| row.get::<_, String>(0))?;
        let words = words.collect::<Result<Vec<_>, _>>()?;
        let mut found: Vec<_> = words
            .iter()
            .filter(|words| *words != "ok")
            .map(|words| format!("the database file is damaged: {words}"))
            .collect();
        found.extend(schema::differences(self.0)?);
        Ok(found)
    }

    fn meta(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut statement = self.0.prepare("SELECT key, value FROM meta ORDER BY key")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn entries(&self, see: &mut SeeEntry<'_>) -> Result<(), StoreError> {
        let mut select = self.0.prepare("SELECT seq, leaf, bytes FROM entry ORDER BY seq")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?;
            see(unsigned(row, 0)?, Hash(row.get(1)?), bytes)?;
        }
        Ok(())
    }

    fn bytes(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut select = self.0.prepare_cached("SELECT bytes FROM entry WHERE seq = ?1")?;
        let text: Option<String> = select.query_row([number(seq)], |row| row.get(0)).optional()?;
        Ok(text.map(String::into_bytes))
    }

    fn checkpoints(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT size, note FROM checkpoint WHERE size > ?1 ORDER BY size LIMIT ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let values = params![after, number(limit as u64)];
        let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn node(&self, level: u32, of: u64) -> Result<Option<Hash>, StoreError> {
        let sql = "SELECT hash FROM node WHERE level = ?1 AND number = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_row(params![level, number(of)], |row| row.get(0)).optional()?;
        Ok(found.map(Hash))
    }

    fn node_count(&self) -> Result<u64, StoreError> {
        Ok(self.0.query_row("SELECT count(*) FROM node", [], |row| unsigned(row, 0))?)
    }

    fn movement_at(&self, seq: u64) -> Result<Option<MovementId>, StoreError> {
        let mut select = self.0.prepare_cached("SELECT id FROM movement_index WHERE seq = ?1")?;
        let id: Option<[u8; 16]> = select.query_row([number(seq)], |row| row.get(0)).optional()?;
        Ok(id.map(|bytes| MovementId(Uuid::from_bytes(bytes))))
    }

    fn past(&self, wants: &Wants) -> Result<Supply, StoreError> {
        lookup::look_up(self.0, wants.clone())
    }

    fn rows(&self, table: Table, by_seq: bool, see: &mut SeeRow<'_>) -> Result<(), StoreError> {
        if table == Table::Subject {
            return subjects::rows(self.0, by_seq, see);
        }
        let (name, columns) = table.sql();
        let order = if by_seq { " ORDER BY seq" } else { "" };
        let mut statement = self.0.prepare(&format!("SELECT {columns} FROM {name}{order}"))?;
        let width = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut cells = [Cell::Null; 8];
            for (column, cell) in cells.iter_mut().enumerate().take(width) {
                *cell = match row.get_ref(column)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(n) => Cell::Int(n),
                    ValueRef::Text(text) => {
                        std::str::from_utf8(text).map_or(Cell::Strange, Cell::Text)
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
