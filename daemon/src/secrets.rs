//! PINs, tokens and one-time codes: what they look like and how they are kept.
//!
//! A PIN is kept as an Argon2id hash beside the ledger, a token as a SHA-256 digest.
//! None of them is ever logged or written to the journal in clear.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use gatewarden_engine::PinCheck;
use gatewarden_identity::pin::check_form;
use gatewarden_model::Hash;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// Argon2id runs at once: each takes 19 MiB.
const CHECKS_MAX: usize = 1;

/// A PIN that can't be accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PinError {
    /// Not a PIN, or one that is tried first.
    #[error(transparent)]
    Form(#[from] gatewarden_identity::PinError),
    /// Argon2 failed.
    #[error("the PIN could not be hashed: {0}")]
    Hash(String),
}

/// The PHC string of a new PIN (Argon2id, OWASP's parameters: 19 MiB, 2 passes).
pub(crate) fn hash_pin(pin: &str) -> Result<String, PinError> {
    check_form(pin)?;
    let hash = Argon2::default().hash_password(pin.as_bytes());
    Ok(hash.map_err(|e| PinError::Hash(e.to_string()))?.to_string())
}

/// Checks PINs, a bounded number at once, off the async threads.
#[derive(Clone)]
pub(crate) struct PinChecker(Arc<Semaphore>);

impl Default for PinChecker {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CHECKS_MAX)))
    }
}

impl PinChecker {
    /// Compares a PIN with a stored hash. Without a hash it takes as long and says wrong, so that
    /// an unknown badge can't be told from a wrong PIN by the clock.
    pub(crate) async fn check(&self, pin: String, stored: Option<String>) -> PinCheck {
        let Ok(_permit) = self.0.acquire().await else { return PinCheck::Wrong };
        metrics::counter!("gatewarden_pin_checks_total").increment(1);
        let right = tokio::task::spawn_blocking(move || match stored {
            Some(stored) => PasswordHash::new(&stored)
                .is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok()),
            None => {
                let _ = Argon2::default().hash_password(pin.as_bytes());
                false
            }
        });
        if right.await.unwrap_or(false) { PinCheck::Right } else { PinCheck::Wrong }
    }
}

/// Whether a scan is a badge's number: it begins with the prefix, whatever the case and blanks.
pub(crate) fn is_badge(scan: &str, prefix: &str) -> bool {
    let mut letters = scan.chars().filter(|c| !c.is_whitespace());
    let mut wanted = prefix.chars().filter(|c| !c.is_whitespace());
    wanted.all(|c| letters.next().is_some_and(|l| l.eq_ignore_ascii_case(&c)))
}

/// A fresh token: 256 random bits in base64url, with a prefix that secret scanners can find.
pub(crate) fn new_token() -> String {
    use base64::Engine as _;
    let bytes: [u8; 32] = rand::random();
    format!("gwt_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

/// The digest under which a token is kept.
pub(crate) fn token_digest(token: &str) -> Hash {
    Hash::of(format!("gatewarden token 1\n{token}").as_bytes())
}

/// Compares two digests in constant time.
pub(crate) fn same_digest(a: &Hash, b: &Hash) -> bool {
    a.0.ct_eq(&b.0).into()
}

/// A one-time code of four groups of four letters and digits that are hard to confuse.
pub(crate) fn new_enrolment_code() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bytes: [u8; 16] = rand::random();
    let groups: Vec<String> = bytes
        .chunks(4)
        .map(|c| c.iter().map(|b| char::from(LETTERS[usize::from(b & 31)])).collect())
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[tokio::test]
    async fn a_pin_is_recognised_and_nothing_else_is() {
        let stored = hash_pin("4711").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let checker = PinChecker::default();
        assert_eq!(checker.check("4711".into(), Some(stored.clone())).await, PinCheck::Right);
        assert_eq!(checker.check("4712".into(), Some(stored)).await, PinCheck::Wrong);
        assert_eq!(checker.check("4711".into(), None).await, PinCheck::Wrong);
        assert_eq!(checker.check("4711".into(), Some("garbage".into())).await, PinCheck::Wrong);
    }

    #[test]
    fn weak_and_malformed_pins_are_refused() {
        for bad in ["", "123", "1234", "4321", "0000", "12a4", "1234567890123", "４７１１", "2580"]
        {
            assert!(hash_pin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_badge_begins_with_the_prefix_whatever_the_case_and_blanks() {
        for badge in ["OP-1", " op- 1", "Op-"] {
            assert!(is_badge(badge, "OP-"), "{badge}");
        }
        for goods in ["", "O", "OP1", "XOP-1", "ÖP-1"] {
            assert!(!is_badge(goods, "OP-"), "{goods}");
        }
    }
}
