//! Rows of `meta` that belong to nothing, and the key that the history begins with.

use ed25519_dalek::VerifyingKey;
use gatewarden_model::Body;

use super::{
    Findings, What,
    line::{rotation, rotations},
    source::Source,
};
use crate::{StoreError, note};

/// `meta` holds the origin and the first key, and nothing else. Gives the first key: the one that
/// rotations lead from to `trusted`, else `trusted` itself. Whether `trusted` signed what it must is
/// for the tree to tell.
pub(super) fn meta(
    source: &dyn Source,
    origin: &str,
    trusted: &VerifyingKey,
    findings: &mut Findings,
) -> Result<VerifyingKey, StoreError> {
    let mut verifier = note::verifier_key_text(origin, trusted);
    let mut first = *trusted;
    let rows = source.meta()?;
    let told = rows.iter().find(|(name, _)| name == "verifier");
    if told.is_some_and(|(_, value)| *value != verifier)
        && let Some(found) = first_key(source, &verifier)?
        && let Ok((name, key)) = note::parse_verifier_key(&found)
        && name == origin
    {
        (verifier, first) = (found, key);
    }
    let mut missing = vec!["origin", "verifier"];
    for (name, value) in rows {
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
    Ok(first)
}

/// The key that the first rotation gave up, if a rotation put `trusted` in force.
fn first_key(source: &dyn Source, trusted: &str) -> Result<Option<String>, StoreError> {
    let (mut first, mut reached) = (None, false);
    let finder = rotations();
    source.entries(&mut |_, _, bytes| {
        if let Some(Body::KeyRotated { old, new, .. }) =
            rotation(&finder, bytes).map(|entry| entry.body)
        {
            reached |= new == trusted;
            first.get_or_insert(old);
        }
        Ok(())
    })?;
    Ok(first.filter(|_| reached))
}
