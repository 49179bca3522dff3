//! A registered passkey as it is kept.
//!
//! It holds nothing secret. Absent: whose it is and when it was last used; the keeper knows.

use gatewarden_model::Hash;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Algorithm, Asserted, Base64Url};

/// A credential (WebAuthn, section 4, "credential record").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// The id that the key finds its private key by, at most 1023 bytes; base64url.
    pub credential_id: Base64Url,
    /// The public key as a COSE_Key; base64url.
    pub public_key: Base64Url,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// The last signature counter; 0 for keys that don't count.
    pub sign_count: u32,
    /// The make of the key; all zero where the browser hides it.
    pub aaguid: Uuid,
    /// Whether it may be copied to other devices of its owner, as phones do. Fixed for its life.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
    /// How browsers reach it (`usb`, `nfc`, `hybrid`, `internal`, …), as hints for the next question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
}

impl Passkey {
    /// The digest of the credential id, by which the journal names the passkey.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let head: &[u8] = b"gatewarden passkey 1\n";
        Hash::of(&[head, self.credential_id.0.as_slice()].concat())
    }

    /// Takes over what an assertion changed. Keep the passkey before anything is granted, and only if
    /// nobody else has in the meantime: the counter is what tells a copy.
    pub fn update(&mut self, asserted: &Asserted) {
        self.sign_count = asserted.sign_count;
        self.backed_up = asserted.backed_up;
    }
}
