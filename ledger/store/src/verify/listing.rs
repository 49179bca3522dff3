//! How rows of stock are called, and the comparison of a small table in words.

use std::collections::BTreeMap;

use gatewarden_model::{Bucket, StockStatus};
use gatewarden_stock::{PoolKey, Site};

use super::{Findings, What};

/// What a table says beside what the journal does.
pub(super) fn differs(name: &str, table: &str, stored: &str, journal: Option<&str>) -> String {
    match journal {
        Some(words) => format!("{name}: {table} says {stored}; the journal says {words}"),
        None => format!("{name}: {table} says {stored}; the journal knows of none"),
    }
}

/// A table of few rows, compared as words. Each has a key, which is one row's only, and a name.
pub(super) struct Listing {
    table: &'static str,
    what: What,
    journal: BTreeMap<String, (String, String)>,
}

impl Listing {
    /// A table, with what the journal makes of it: by key the name and the words.
    pub(super) fn new(
        table: &'static str,
        what: What,
        journal: BTreeMap<String, (String, String)>,
    ) -> Self {
        Self { table, what, journal }
    }

    /// Compares a row of the table.
    pub(super) fn row(&mut self, key: &str, name: &str, stored: String, findings: &mut Findings) {
        let table = self.table;
        let journal = self.journal.remove(key).map(|(_, words)| words);
        if journal.as_ref() != Some(&stored) {
            let message = differs(name, table, &stored, journal.as_deref());
            findings.add(None, self.what, message);
        }
    }

    /// Tells what the table does not have.
    pub(super) fn finish(self, findings: &mut Findings) {
        for (name, words) in self.journal.into_values() {
            let message =
                format!("{name}: it is missing in {}, the journal says {words}", self.table);
            findings.add(None, self.what, message);
        }
    }
}

/// What to call a row of `balance`.
pub(super) fn balance_name(site: &Site, bucket: &Bucket) -> String {
    let of = |label: &str, part: &Option<String>| {
        part.as_ref().map(|part| format!(" {label} {part}")).unwrap_or_default()
    };
    let status = match bucket.status {
        StockStatus::Available => String::new(),
        status => format!(" in status {}", status.name()),
    };
    let parts =
        [of("lot", &bucket.lot), of("of", &bucket.owner), status, of("in unit", &bucket.unit)];
    format!("stock of {}{} at {}", site.item, parts.concat(), site.location)
}

/// What to call a row of `pool`.
pub(super) fn pool_name(item: &str, location: &str, key: &PoolKey) -> String {
    let of = |label: &str, part: &Option<String>| {
        part.as_ref().map(|part| format!(" {label} {part}")).unwrap_or_default()
    };
    format!("pool of {item}{}{} at {location}", of("lot", &key.lot), of("of", &key.owner))
}
