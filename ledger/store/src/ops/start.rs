//! The check at every start, before the ledger is opened for writing.

use std::path::Path;

use super::{
    error::OpsError,
    witnessed::{Witnessed, witnessed_path},
};
use crate::{StoreError, connection};

/// Largest database whose pages are all looked at at a start; in a larger one only those of the small
/// tables are, and `fsck` has the rest.
const WHOLE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Tables that stay small, and are written with every movement.
const SMALL_TABLES: [&str; 5] = ["meta", "balance", "pool", "live", "credential"];

/// Refuses a ledger whose pages are damaged, and to begin a new one where signed history says that
/// there was one. What fits the `witnessed` file is told by `check_witnessed`, once it is open.
pub fn check_start(path: &Path) -> Result<(), OpsError> {
    let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
    if bytes == 0 {
        return match Witnessed::load(path)?.notes().next() {
            None => Ok(()),
            Some(_) => Err(OpsError::Refused(format!(
                "the ledger {} is missing, but {} says that it was there: bring it back, or restore \
                 a backup with `gatewarden ledger restore BACKUP`",
                path.display(),
                witnessed_path(path).display()
            ))),
        };
    }
    match quick_check(path, bytes) {
        Ok(words) if words == "ok" => Ok(()),
        Ok(words) => Err(damaged(&words)),
        // What is no damage is told by opening it for writing.
        Err(error @ (StoreError::Corrupt(_) | StoreError::NotALedger)) => {
            Err(damaged(&error.to_string()))
        }
        Err(_) => Ok(()),
    }
}

fn damaged(words: &str) -> OpsError {
    OpsError::Refused(format!(
        "the ledger's file is damaged ({words}): nothing is written; run `gatewarden ledger fsck \
         --repair`, which names what is damaged and sets the file aside"
    ))
}

fn quick_check(path: &Path, bytes: u64) -> Result<String, StoreError> {
    let connection = connection::open_reader(path, None)?;
    let first = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    if bytes <= WHOLE_BYTES_MAX {
        return Ok(first("PRAGMA quick_check(1)")?);
    }
    for table in SMALL_TABLES {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
        if !connection.query_row(sql, [table], |row| row.get(0))? {
            continue;
        }
        let words = first(&format!("PRAGMA quick_check({table})"))?;
        if words != "ok" {
            return Ok(words);
        }
    }
    Ok("ok".to_owned())
}
