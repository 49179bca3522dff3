//! The rules that hold for an entry by itself, and how numbers stand in the tables. Pure.

use gatewarden_model::{Body, Entry, Movement, entry::ENTRY_VERSION};

/// The movement that an entry is, if it is one.
pub(crate) fn movement(entry: &Entry) -> Option<&Movement> {
    match &entry.body {
        Body::Moved { movement, .. } => Some(movement),
        _ => None,
    }
}

/// A sequence as SQLite counts: it never reaches 2^63.
pub(crate) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A sequence or count out of a row. A negative one is an error, not a wrapped number.
pub(crate) fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let n: i64 = row.get(column)?;
    u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, n))
}

/// The rules that hold for an entry by itself. An error is the broken rule, in words.
pub(crate) fn check_entry(entry: &Entry) -> Result<(), String> {
    if entry.v != ENTRY_VERSION {
        return Err(format!("its version is {}, this program writes {ENTRY_VERSION}", entry.v));
    }
    let Some(movement) = movement(entry) else { return Ok(()) };
    if movement.lines.is_empty() && movement.counts.is_empty() {
        return Err(format!("movement {} has no lines", movement.id));
    }
    movement.lines.iter().try_for_each(|line| {
        let place = format!("movement {} line {}", movement.id, line.line);
        if line.quantity <= 0 {
            return Err(format!("{place}: quantity {} is not more than zero", line.quantity));
        }
        if line.from == line.to && line.from_bucket() == line.to_bucket() {
            return Err(format!("{place}: it goes from {} to itself", line.from));
        }
        if line.lot.as_deref() == Some("") {
            return Err(format!("{place}: the lot is empty; leave it out where there is none"));
        }
        Ok(())
    })
}
