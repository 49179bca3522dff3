//! Rows that belong to nothing: in `meta`, and checkpoints that no tree can have.

use ed25519_dalek::VerifyingKey;
use rusqlite::Connection;

use super::{Findings, What};
use crate::{StoreError, note};

/// `meta` holds the origin and the key, and nothing else.
pub(super) fn meta(
    connection: &Connection,
    origin: &str,
    key: &VerifyingKey,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let verifier = note::verifier_key_text(origin, key);
    let mut missing = vec!["origin", "verifier"];
    let mut statement = connection.prepare("SELECT key, value FROM meta ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, value): (String, String) = (row.get(0)?, row.get(1)?);
        missing.retain(|known| *known != name);
        let message = match name.as_str() {
            "origin" => continue,
            "verifier" if value == verifier => continue,
            "verifier" => {
                format!("meta says that the ledger is signed with {value}, not with {verifier}")
            }
            _ => format!("there is a strange row {name:?} in meta"),
        };
        findings.add(None, What::Database, message);
    }
    for name in missing {
        findings.add(None, What::Database, format!("the row {name:?} is missing in meta"));
    }
    Ok(())
}

/// Checkpoints of no entries, which are never signed. Those beyond the journal are the tree's matter.
pub(super) fn checkpoints(
    connection: &Connection,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let sql = "SELECT size FROM checkpoint WHERE size < 1 ORDER BY size";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let size: i64 = row.get(0)?;
        let message = format!("there is a checkpoint of {size} entries, which no group ends in");
        findings.add(None, What::Checkpoint, message);
    }
    Ok(())
}
