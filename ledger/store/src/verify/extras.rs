//! Rows of `meta` that belong to nothing, and the key that it names.

use ed25519_dalek::VerifyingKey;

use super::{Findings, What, source::Source};
use crate::{StoreError, note};

/// `meta` holds the origin and the first key, and nothing else.
pub(super) fn meta(
    source: &dyn Source,
    origin: &str,
    key: &VerifyingKey,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let verifier = note::verifier_key_text(origin, key);
    let mut missing = vec!["origin", "verifier"];
    for (name, value) in source.meta()? {
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
