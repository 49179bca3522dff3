//! What a key is asked to sign: a challenge that covers the purpose, a fresh number and what is
//! consented to.
//!
//! WebAuthn asks for at least 16 random bytes (section 13.4.3); here 32 of them are hashed together
//! with the purpose and the digest of the subject, so that an answer proves consent to exactly that,
//! and can't be used for anything else even by somebody who gets the server to ask. Absent: keeping.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gatewarden_model::Hash;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a key is asked to answer for. Each has challenges of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Registering the key; the subject is the operator.
    Register,
    /// Signing in; the subject is operator and station.
    SignIn,
    /// Rising to a higher level within a session; the subject is the session.
    StepUp,
    /// Confirming a movement; the subject is its digest.
    Confirm,
    /// Approving a request of somebody else; the subject is its digest.
    Approve,
    /// Unlocking somebody else; the subject is the locked operator.
    Unlock,
    /// Taking over a station; the subject is the session that is handed over.
    HandOver,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 7] = [
        Self::Register,
        Self::SignIn,
        Self::StepUp,
        Self::Confirm,
        Self::Approve,
        Self::Unlock,
        Self::HandOver,
    ];

    /// The word in the challenge. Never changed: challenges of another meaning would become equal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign-in",
            Self::StepUp => "step-up",
            Self::Confirm => "confirm",
            Self::Approve => "approve",
            Self::Unlock => "unlock",
            Self::HandOver => "hand-over",
        }
    }
}

/// 32 bytes for a key to sign; base64url in JSON.
#[derive(Clone, Copy)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether a clientDataJSON's `challenge` is this one, compared in constant time.
    pub(super) fn is(&self, text: &str) -> bool {
        self.to_string().as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl PartialEq for Challenge {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Challenge {}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({self})")
    }
}

impl Serialize for Challenge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The challenge for a purpose and a subject: SHA-256 of the line `gatewarden webauthn challenge 1`,
/// the line of the purpose, the nonce and the subject's digest. `nonce` comes from a random source
/// and is used for one question; whoever asks keeps purpose, nonce and subject, and forgets them when
/// the answer is there or its minutes are over.
#[must_use]
pub fn challenge(purpose: Purpose, nonce: [u8; 32], subject: Hash) -> Challenge {
    let mut hash = Sha256::new();
    hash.update(b"gatewarden webauthn challenge 1\n");
    hash.update(purpose.word().as_bytes());
    hash.update(b"\n");
    hash.update(nonce);
    hash.update(subject.0);
    Challenge(hash.finalize().into())
}

/// The digest of a subject that has none of its own, such as an operator at a station: each part with
/// its length before it, so that no two lists of parts are the same bytes.
#[must_use]
pub fn subject(parts: &[&str]) -> Hash {
    let mut bytes = b"gatewarden webauthn subject 1\n".to_vec();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    Hash::of(&bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_part_counts() {
        let (a, b) = (Hash::of(b"a"), Hash::of(b"b"));
        let mut seen = BTreeSet::new();
        for purpose in Purpose::ALL {
            for nonce in [[0; 32], [1; 32]] {
                for subject in [a, b] {
                    assert!(seen.insert(challenge(purpose, nonce, subject).to_string()));
                }
            }
        }
        assert_eq!(seen.len(), 28);
        assert!(seen.iter().all(|text| text.len() == 43));
    }

    /// The bytes of a challenge must never change by accident: answers to it are in the journal.
    #[test]
    fn the_bytes_are_as_written() {
        let mut bytes = b"gatewarden webauthn challenge 1\nconfirm\n".to_vec();
        bytes.extend([7; 32]);
        bytes.extend(Hash::of(b"movement").0);
        let made = challenge(Purpose::Confirm, [7; 32], Hash::of(b"movement"));
        assert_eq!(*made.bytes(), Hash::of(&bytes).0);
        assert!(made.is(&made.to_string()) && !made.is("") && !made.is(&format!("{made}A")));
    }

    #[test]
    fn parts_of_a_subject_don_t_run_together() {
        assert_ne!(subject(&["ab", "c"]), subject(&["a", "bc"]));
        assert_ne!(subject(&["a"]), subject(&["a", ""]));
    }
}
