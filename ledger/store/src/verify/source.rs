//! What `verify` reads, whichever database keeps it. The calls of one run see one snapshot.

use gatewarden_model::{Hash, MovementId};
use gatewarden_stock::{Supply, Wants};

use crate::StoreError;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cell<'a> {
    /// Nothing.
    Null,
    /// An integer; a truth value is 0 or 1.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Something that no table here holds.
    Strange,
}

impl<'a> Cell<'a> {
    /// The text; empty for anything else.
    pub(crate) fn text(self) -> &'a str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// The integer, or -1.
    pub(crate) fn int(self) -> i64 {
        if let Self::Int(n) = self { n } else { -1 }
    }
}

/// A table that is compared, with its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// `seq`, `id` (16 bytes), `day`.
    MovementIndex,
    /// `day`, `seq`, `counted`.
    Day,
    /// `item`, `location`, `lot`, `owner`, `status`, `unit`, `quantity`.
    Balance,
    /// `item`, `location`, `lot`, `owner`, `quantity`, `value`, `layers`.
    Pool,
    /// `key`, `item`, `lot`, `serial`, `tid`, `place`, `unit`, `commissioned`, `seq`.
    Thing,
    /// `item`, `lot`, `expires`, `seq`.
    Lot,
    /// `kind`, `key`, `seq`.
    Subject,
    /// `key`, `seq`.
    Live,
    /// `operator`, `phc`.
    Credential,
}

impl Table {
    /// Its name and its columns, as SQL has them.
    pub(crate) fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::MovementIndex => ("movement_index", "seq, id, day"),
            Self::Day => ("day", "day, seq, counted"),
            Self::Balance => ("balance", "item, location, lot, owner, status, unit, quantity"),
            Self::Pool => ("pool", "item, location, lot, owner, quantity, value, layers"),
            Self::Thing => ("thing", "key, item, lot, serial, tid, place, unit, commissioned, seq"),
            Self::Lot => ("lot", "item, lot, expires, seq"),
            Self::Subject => ("subject", "kind, key, seq"),
            Self::Live => ("live", "key, seq"),
            Self::Credential => ("credential", "operator, phc"),
        }
    }
}

/// Called with each row.
pub(crate) type SeeRow<'a> = dyn FnMut(&[Cell<'_>]) -> Result<(), StoreError> + 'a;

/// Called with each entry's sequence, leaf and bytes.
pub(crate) type SeeEntry<'a> = dyn FnMut(u64, Hash, &[u8]) -> Result<(), StoreError> + 'a;

/// More views of one snapshot, each for a thread of its own.
pub(crate) struct Others {
    /// For checking the database itself and summing up its tables.
    pub(crate) tables: Box<dyn Source + Send>,
    /// For looking up the past while the journal is replayed.
    pub(crate) past: Box<dyn Source + Send>,
}

/// A ledger, as far as `verify` reads it.
pub(crate) trait Source {
    /// Whether this is one lane of several, which make the stock together: it is not compared then.
    fn is_lane(&self) -> bool {
        false
    }

    /// What is wrong with the database itself, in words: damaged pages, a strange table.
    fn faults(&self) -> Result<Vec<String>, StoreError>;

    /// Names and values that belong to the whole: `origin`, `verifier`.
    fn meta(&self) -> Result<Vec<(String, String)>, StoreError>;

    /// All entries in sequence.
    fn entries(&self, see: &mut SeeEntry<'_>) -> Result<(), StoreError>;

    /// The bytes of one entry.
    fn bytes(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// Checkpoints of more than `after` entries, by size, at most `limit`.
    fn checkpoints(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError>;

    /// A stored node of the tree.
    fn node(&self, level: u32, number: u64) -> Result<Option<Hash>, StoreError>;

    /// How many nodes are stored.
    fn node_count(&self) -> Result<u64, StoreError>;

    /// The movement that `movement_index` has for an entry.
    fn movement_at(&self, seq: u64) -> Result<Option<MovementId>, StoreError>;

    /// What `wants` asks of movements and histories, as the journal is at its end.
    fn past(&self, wants: &Wants) -> Result<Supply, StoreError>;

    /// All rows of a table; by `seq` first where `by_seq`, else in any order.
    fn rows(&self, table: Table, by_seq: bool, see: &mut SeeRow<'_>) -> Result<(), StoreError>;
}
