//! What an operator proves himself by beside badge and PIN: one-time codes and passkeys.
//!
//! Nothing here is secret. The secret of one-time codes is derived from the installation's own key and
//! the factor's id, and stands nowhere; a passkey's private half never leaves the key. Absent: checking
//! what is proven (`gatewarden-identity`), the counters (entries of their own).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Hash, item::is_default};

/// Longest name that an operator gives a passkey, in bytes.
pub const PASSKEY_NAME_BYTES_MAX: usize = 64;
/// Longest text of a passkey's parts, in bytes: a credential id has at most 1023 (WebAuthn, 7.1).
pub const PASSKEY_TEXT_BYTES_MAX: usize = 1400;
/// Most ways to reach a passkey.
pub const TRANSPORTS_MAX: usize = 8;

/// A second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecondFactor {
    /// One-time codes by time (RFC 6238).
    Totp {
        /// 32 random bytes that the secret is derived from.
        id: Hash,
        /// The step of the code by which the app proved that it has the secret.
        step: u64,
    },
    /// A security key or phone (WebAuthn).
    Passkey {
        /// The digest of the credential id.
        id: Hash,
        /// What its owner calls it.
        name: String,
        /// The public half.
        key: PasskeyRecord,
    },
}

/// A credential as it is kept (WebAuthn, section 4, "credential record").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRecord {
    /// The id that the key finds its private half by; base64url.
    pub credential_id: String,
    /// The public key as a COSE_Key; base64url.
    pub public_key: String,
    /// What it signs with, such as `es256`.
    pub algorithm: String,
    /// The signature counter at registration.
    pub sign_count: u32,
    /// The make of the key; all zero where the browser hides it.
    pub aaguid: Uuid,
    /// Whether it may be copied to other devices of its owner. Fixed for its life.
    pub backup_eligible: bool,
    /// Whether it was at registration.
    pub backed_up: bool,
    /// How browsers reach it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub transports: Vec<String>,
}

impl SecondFactor {
    /// The id that entries name it by.
    #[must_use]
    pub fn id(&self) -> Hash {
        match self {
            Self::Totp { id, .. } | Self::Passkey { id, .. } => *id,
        }
    }

    /// What it is, in a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Totp { .. } => "totp",
            Self::Passkey { .. } => "passkey",
        }
    }

    /// What was counted when it was made: no code up to that step counts again.
    #[must_use]
    pub fn first_count(&self) -> u64 {
        match self {
            Self::Totp { step, .. } => *step,
            Self::Passkey { key, .. } => key.sign_count.into(),
        }
    }

    /// Whether a use with this count may follow one with `last`: a step of one-time codes counts once, and
    /// a key that counts its signatures counts up (WebAuthn, section 6.1.1).
    #[must_use]
    pub fn may_follow(&self, last: u64, count: u64) -> bool {
        match self {
            Self::Totp { .. } => count > last,
            Self::Passkey { .. } => (last, count) == (0, 0) || count > last,
        }
    }

    /// Whether every part is within its bounds; what is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let Self::Passkey { name, key, .. } = self else { return Ok(()) };
        let named = (1..=PASSKEY_NAME_BYTES_MAX).contains(&name.len());
        if !named || name.trim() != name || name.chars().any(char::is_control) {
            return Err(format!("name: must be 1 to {PASSKEY_NAME_BYTES_MAX} printable bytes"));
        }
        let texts = [&key.credential_id, &key.public_key, &key.algorithm];
        let fits = |text: &String| (1..=PASSKEY_TEXT_BYTES_MAX).contains(&text.len());
        let reached = key.transports.len() <= TRANSPORTS_MAX && key.transports.iter().all(fits);
        if !texts.into_iter().all(fits) || !reached {
            return Err("registration: a part of the passkey is too long: use another key".into());
        }
        Ok(())
    }
}
