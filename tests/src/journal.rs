//! A ledger's journal as anybody with SQL reads it, straight from the file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;

/// What a query finds in a ledger's file, also beside its writer.
///
/// # Panics
/// Where the file is no ledger, or the query none that fits.
pub fn read_rows<T>(
    ledger: &Path,
    sql: &str,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let read = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(ledger, flags)?;
        let mut query = database.prepare(sql)?;
        query.query_map([], row)?.collect::<rusqlite::Result<Vec<T>>>()
    };
    read().unwrap_or_else(|error| panic!("{}: {sql}: {error}", ledger.display()))
}

/// All entries of a ledger, in sequence.
#[derive(Debug)]
pub struct Journal(pub Vec<Value>);

impl Journal {
    /// Reads the file, also beside its writer.
    ///
    /// # Panics
    /// Where it is no ledger.
    #[must_use]
    pub fn read(ledger: &Path) -> Self {
        Self::since(ledger, 0)
    }

    /// As [`Journal::read`], from an entry on.
    ///
    /// # Panics
    /// Where the file is no ledger.
    #[must_use]
    pub fn since(ledger: &Path, seq: u64) -> Self {
        let sql = format!("SELECT bytes FROM entry WHERE seq >= {seq} ORDER BY seq");
        let texts: Vec<String> = read_rows(ledger, &sql, |row| row.get(0));
        let entry = |text: String| match serde_json::from_str(&text) {
            Ok(entry) => entry,
            Err(error) => panic!("{}: {error}: {text}", ledger.display()),
        };
        Self(texts.into_iter().map(entry).collect())
    }

    /// The bodies of one kind, such as `moved`.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().map(|entry| &entry["body"]).filter(move |body| body["kind"] == kind)
    }

    /// The movements.
    pub fn movements(&self) -> impl Iterator<Item = &Value> {
        self.of_kind("moved").map(|body| &body["movement"])
    }
}
