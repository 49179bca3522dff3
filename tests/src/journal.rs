//! A ledger's journal as anybody with SQL reads it, straight from the file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

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
        Self::try_read(ledger).unwrap_or_else(|error| panic!("{}: {error}", ledger.display()))
    }

    fn try_read(ledger: &Path) -> anyhow::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(ledger, flags)?;
        let mut query = database.prepare("SELECT bytes FROM entry ORDER BY seq")?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        let entries = rows.map(|text| Ok(serde_json::from_str(&text?)?));
        Ok(Self(entries.collect::<anyhow::Result<_>>()?))
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
