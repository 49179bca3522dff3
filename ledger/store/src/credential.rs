//! PIN hashes (PHC strings), beside the journal and named by it.
//!
//! Invariants: a hash is stored only together with the entry that names its digest; it goes with
//! the operator. Absent: making and comparing hashes (the daemon); telling a row that was edited later,
//! which `verify` does and every sign-in.

use std::collections::BTreeMap;

use gatewarden_model::{Body, Entry, Hash, OperatorId};
use rusqlite::{Connection, params};

use crate::{StoreError, ledger::Group};

const UPSERT: &str = "INSERT INTO credential (operator, phc) VALUES (?1, ?2) \
    ON CONFLICT DO UPDATE SET phc = excluded.phc";
const DELETE: &str = "DELETE FROM credential WHERE operator = ?1";

/// What an entry says about somebody's PIN: whose, and the digest of the hash in force after it.
/// None for an entry that is not about PINs.
pub(crate) fn named(entry: &Entry) -> Option<(&OperatorId, Option<Hash>)> {
    match &entry.body {
        Body::Enrolled { operator, pin, .. } => Some((operator, *pin)),
        Body::PinSet { operator, pin, .. } => Some((operator, Some(*pin))),
        Body::Removed { operator, .. } => Some((operator, None)),
        _ => None,
    }
}

/// Checks that the hash which a group leaves an operator with is the one that its last entry about
/// him names. A hash that is replaced within the group is never stored.
pub(crate) fn check(group: &Group) -> Result<(), StoreError> {
    if group.credentials.is_empty() {
        return Ok(());
    }
    let name = |entry| named(entry).map(|(operator, pin)| (operator, (entry.seq, pin)));
    let named: BTreeMap<_, _> = group.entries.iter().filter_map(name).collect();
    let given: BTreeMap<_, _> = group.credentials.iter().map(|(who, phc)| (who, phc)).collect();
    for (operator, phc) in given {
        let Some((seq, pin)) = named.get(operator) else {
            return Err(StoreError::Unnamed { operator: operator.clone() });
        };
        if phc.as_deref().map(|phc| Hash::of(phc.as_bytes())) != *pin {
            let rule = format!("the PIN hash given for {operator} is not the one it names");
            return Err(StoreError::Rule { seq: *seq, rule });
        }
    }
    Ok(())
}

/// Stores a group's hashes, and drops those of who is removed.
pub(crate) fn write(connection: &Connection, group: &Group) -> Result<(), StoreError> {
    for entry in &group.entries {
        if let Body::Removed { operator, .. } = &entry.body {
            connection.prepare_cached(DELETE)?.execute([operator.as_str()])?;
        }
    }
    for (operator, phc) in &group.credentials {
        match phc {
            Some(phc) => {
                connection.prepare_cached(UPSERT)?.execute(params![operator.as_str(), phc])?
            }
            None => connection.prepare_cached(DELETE)?.execute([operator.as_str()])?,
        };
    }
    Ok(())
}
