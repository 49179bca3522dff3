//! What somebody was given: proofs as text, and parts of proofs as QR codes hold them.

use gatewarden_proof::{
    Proof, ProofError,
    compact::{self, CompactError, PREFIX},
    proof::PROOF_HEADER,
};

/// Why a text holds no proof.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Neither form.
    #[error("neither a proof (first line {PROOF_HEADER}) nor the text of its QR codes ({PREFIX}…)")]
    Unknown,
    /// A proof that can't be read.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Parts that make no proof.
    #[error(transparent)]
    Parts(#[from] CompactError),
}

/// A proof that was read, or why not, with the name of where it came from.
pub type Read = (String, Result<Proof, InputError>);

/// Reads named texts. Parts of one proof may be spread over several of them; each set of parts gives
/// one proof, after those that are whole texts.
#[must_use]
pub fn read(texts: &[(String, String)]) -> Vec<Read> {
    let mut found = Vec::new();
    let mut sets: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for (name, text) in texts {
        if text.starts_with(PROOF_HEADER) {
            found.push((name.clone(), Proof::parse(text).map_err(InputError::from)));
            continue;
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut any = false;
        for line in lines {
            any = true;
            let Some(digest) = compact::part_digest(line) else {
                found.push((name.clone(), Err(InputError::Unknown)));
                break;
            };
            match sets.iter_mut().find(|(_, known, _)| *known == digest) {
                Some((_, _, parts)) => parts.push(line),
                None => sets.push((name, digest, vec![line])),
            }
        }
        if !any {
            found.push((name.clone(), Err(InputError::Unknown)));
        }
    }
    let whole = |(name, _, parts): (&str, &str, Vec<&str>)| {
        (name.to_owned(), compact::from_parts(parts).map_err(InputError::from))
    };
    found.extend(sets.into_iter().map(whole));
    found
}
