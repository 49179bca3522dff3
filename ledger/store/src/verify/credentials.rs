//! Compares `credential` with the digests that the journal names: a changed, added, missing or
//! left-over PIN hash. The hashes themselves are never told.

use std::collections::BTreeMap;

use gatewarden_model::{Body, Entry, Hash};

use super::{
    Findings, What,
    source::{Source, Table},
};
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
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        source.rows(Table::Credential, false, &mut |row| {
            let operator = row[0].text();
            let stored = Hash::of(row[1].text().as_bytes());
            match self.0.remove(operator) {
                Some(named) if named.pin == Some(stored) => {}
                Some(named) => named.add(operator, named.words(), findings),
                None => {
                    let message = format!(
                        "credential has a PIN hash of {operator:?}, whom no entry enrolled"
                    );
                    findings.add(None, What::Credential, message);
                }
            }
            Ok(())
        })?;
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
