//! Compares `credential` with the digests that the journal names: a changed, added, missing or
//! left-over PIN hash. The hashes themselves are never told.

use std::collections::BTreeMap;

use gatewarden_model::{Body, Entry, Hash};
use rusqlite::Connection;

use super::{Findings, What};
use crate::{StoreError, credential};

/// The last word of the journal on each operator's PIN; as many as operators there ever were.
#[derive(Debug, Default)]
pub(super) struct Credentials(BTreeMap<String, Named>);

#[derive(Debug)]
struct Named {
    seq: u64,
    removed: bool,
    /// None for no PIN.
    pin: Option<Hash>,
}

impl Credentials {
    /// Adds an entry.
    pub(super) fn apply(&mut self, entry: &Entry) {
        if let Some((operator, pin)) = credential::named(entry) {
            let removed = matches!(entry.body, Body::Removed { .. });
            self.0.insert(operator.to_string(), Named { seq: entry.seq, removed, pin });
        }
    }

    /// Compares with the table.
    pub(super) fn compare(
        mut self,
        connection: &Connection,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let mut statement =
            connection.prepare("SELECT operator, phc FROM credential ORDER BY operator")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get_ref(column)?.as_bytes().map_err(rusqlite::Error::from);
            let operator = String::from_utf8_lossy(text(0)?).into_owned();
            let stored = Hash::of(text(1)?);
            match self.0.remove(&operator) {
                Some(named) if named.pin == Some(stored) => {}
                Some(named) => named.add(&operator, named.words(), findings),
                None => {
                    let message = format!(
                        "credential has a PIN hash of {operator:?}, whom no entry enrolled"
                    );
                    findings.add(None, What::Credential, message);
                }
            }
        }
        for (operator, named) in self.0.iter().filter(|(_, named)| named.pin.is_some()) {
            named.add(operator, "the PIN hash that it names is missing in credential", findings);
        }
        Ok(())
    }
}

impl Named {
    /// What to say of a stored hash that is not the one named.
    fn words(&self) -> &'static str {
        match self {
            Self { removed: true, .. } => "credential still has a PIN hash",
            Self { pin: Some(_), .. } => "the PIN hash in credential is not the one it names",
            Self { pin: None, .. } => "it names no PIN hash, but credential has one",
        }
    }

    fn add(&self, operator: &str, words: &str, findings: &mut Findings) {
        // What follows from changed bytes was told with the bytes.
        if findings.has(self.seq, What::Bytes) {
            return;
        }
        let (seq, what) = (self.seq, if self.removed { "removed" } else { "enrolled" });
        let message = format!("entry {seq} ({operator} {what}): {words}");
        findings.add(Some(seq), What::Credential, message);
    }
}
