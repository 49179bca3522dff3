//! Two ledgers of one gateway: is one the beginning of the other, or are they two histories?

use gatewarden_model::Entry;
use rusqlite::OptionalExtension as _;

use super::error::OpsError;
use crate::{
    merkle,
    projection::number,
    reader::{LedgerReader, Nodes},
};

/// How two ledgers stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// They have the same entries.
    Same {
        /// How many.
        size: u64,
    },
    /// One is the beginning of the other.
    Prefix {
        /// Entries of the first.
        a: u64,
        /// Entries of the second.
        b: u64,
    },
    /// They differ.
    Fork {
        /// The first entry that differs.
        seq: u64,
        /// What the first says there.
        a: String,
        /// What the second says there.
        b: String,
    },
}

impl Difference {
    /// Whether they are two histories.
    #[must_use]
    pub fn is_fork(&self) -> bool {
        matches!(self, Self::Fork { .. })
    }

    /// In words, with the names of both.
    #[must_use]
    pub fn words(&self, first: &str, second: &str) -> String {
        match self {
            Self::Same { size } => format!("{first} and {second} have the same {size} entries"),
            Self::Prefix { a, b } => {
                let (short, long) = if a < b { (first, second) } else { (second, first) };
                let (few, many) = (a.min(b), a.max(b));
                format!("{short} is the beginning of {long}: {few} of {many} entries")
            }
            Self::Fork { seq, a, b } => format!(
                "TWO HISTORIES: entry {seq} is the first that differs\n  {first}: {a}\n  {second}: {b}"
            ),
        }
    }
}

/// Compares two ledgers by their trees. The stored tree is believed here: `verify` both as well.
pub fn compare(a: &LedgerReader, b: &LedgerReader) -> Result<Difference, OpsError> {
    let (one, other) = (a.origin()?, b.origin()?);
    if one != other {
        let why = format!("these are ledgers of two gateways, {one:?} and {other:?}");
        return Err(OpsError::Refused(why));
    }
    let (in_a, in_b) = (a.len()?, b.len()?);
    let common = in_a.min(in_b);
    let same = |size| -> Result<bool, OpsError> {
        let root = |reader: &LedgerReader| merkle::root_at(&Nodes(&reader.connection), size);
        Ok(root(a)? == root(b)?)
    };
    if same(common)? {
        return Ok(match in_a == in_b {
            true => Difference::Same { size: common },
            false => Difference::Prefix { a: in_a, b: in_b },
        });
    }
    // Equal for `good` entries, not for `bad`.
    let (mut good, mut bad) = (0, common);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if same(middle)? {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(Difference::Fork { seq: good, a: words(a, good)?, b: words(b, good)? })
}

/// An entry as far as it can be read.
fn words(reader: &LedgerReader, seq: u64) -> Result<String, OpsError> {
    let sql = "SELECT bytes FROM entry WHERE seq = ?1";
    let bytes: Option<String> =
        reader.connection.query_row(sql, [number(seq)], |row| row.get(0)).optional()?;
    let Some(bytes) = bytes else { return Ok("it is missing".to_owned()) };
    Ok(match Entry::decode(bytes.as_bytes()) {
        Ok(_) => bytes,
        Err(error) => format!("it can't be read ({error})"),
    })
}
