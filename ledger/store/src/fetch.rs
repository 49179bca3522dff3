//! Entries out of SQLite: each is compared with its leaf before it is believed, then decoded.

use gatewarden_model::{Entry, Hash};
use rusqlite::{Connection, Params};

use crate::{
    StoreError,
    merkle::leaf_hash,
    projection::{number, unsigned},
};

/// One entry.
pub(crate) fn entry_at(connection: &Connection, seq: u64) -> Result<Option<Entry>, StoreError> {
    let sql = "SELECT seq, bytes, leaf FROM entry WHERE seq = ?1";
    Ok(list(connection, sql, [number(seq)])?.into_iter().next())
}

/// Entries by their sequences, in the order given.
pub(crate) fn all_at(connection: &Connection, seqs: &[u64]) -> Result<Vec<Entry>, StoreError> {
    let there = |seq: &u64| entry_at(connection, *seq).transpose();
    seqs.iter().filter_map(there).collect()
}

/// The entries that a statement gives as `seq, bytes, leaf`.
pub(crate) fn list(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<Vec<Entry>, StoreError> {
    let mut found = Vec::new();
    each(connection, sql, values, |entry| {
        found.push(entry);
        Ok(())
    })?;
    Ok(found)
}

/// Calls `see` with each entry that a statement gives as `seq, bytes, leaf`.
pub(crate) fn each(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    mut see: impl FnMut(Entry) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        let seq = unsigned(row, 0)?;
        let bytes = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
        // Rights and tasks are rebuilt from these: an edited row must not become one.
        if leaf_hash(bytes) != Hash(row.get(2)?) {
            return Err(StoreError::Edited { seq });
        }
        see(Entry::decode(bytes).map_err(|source| StoreError::Entry { seq, source })?)?;
    }
    Ok(())
}
