//! What the browser is asked: the arguments of `navigator.credentials.create` and `.get` as JSON
//! (WebAuthn Level 3, sections 5.1.9 and 5.1.10, `parseCreationOptionsFromJSON`).
//!
//! User verification is required, a discoverable credential preferred, attestation not wanted. The
//! user handle is a keyed digest, so that a found key tells nobody's name (section 14.6.1). Absent:
//! extensions.

use gatewarden_model::OperatorId;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use super::{Algorithm, Base64Url, Challenge, Passkey, RelyingParty};

/// How long a browser waits for the key, in milliseconds (section 15.1 recommends 5 to 10 minutes).
pub const TIMEOUT_MS: u32 = 300_000;

/// Arguments of `create` (PublicKeyCredentialCreationOptionsJSON).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptions {
    /// The relying party.
    pub rp: RpEntity,
    /// The operator.
    pub user: UserEntity,
    /// The question.
    pub challenge: Challenge,
    /// Algorithms that are taken, the preferred first.
    pub pub_key_cred_params: Vec<Parameters>,
    /// Milliseconds.
    pub timeout: u32,
    /// Passkeys that the operator has: a key that holds one makes no second.
    pub exclude_credentials: Vec<Descriptor>,
    /// What the key must be able to do.
    pub authenticator_selection: Selection,
    /// Always `none`.
    pub attestation: &'static str,
}

/// Arguments of `get` (PublicKeyCredentialRequestOptionsJSON).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    /// The question.
    pub challenge: Challenge,
    /// Milliseconds.
    pub timeout: u32,
    /// The relying party's id.
    pub rp_id: String,
    /// Passkeys of which one must answer; empty: any discoverable one.
    pub allow_credentials: Vec<Descriptor>,
    /// Always `required`.
    pub user_verification: &'static str,
}

/// The relying party, as shown by the browser.
#[derive(Debug, Clone, Serialize)]
pub struct RpEntity {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The operator, as shown by the browser.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserEntity {
    /// The user handle.
    pub id: Base64Url,
    /// The operator's id.
    pub name: String,
    /// The operator's full name.
    pub display_name: String,
}

/// An algorithm that is taken.
#[derive(Debug, Clone, Serialize)]
pub struct Parameters {
    /// Always `public-key`.
    pub r#type: &'static str,
    /// Its COSE number.
    pub alg: i64,
}

/// A passkey that is meant.
#[derive(Debug, Clone, Serialize)]
pub struct Descriptor {
    /// Always `public-key`.
    pub r#type: &'static str,
    /// Its credential id.
    pub id: Base64Url,
    /// How to reach it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transports: Vec<String>,
}

/// What a new key must be able to do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// `preferred`: it may keep the credential itself.
    pub resident_key: &'static str,
    /// The same for Level 1: not required.
    pub require_resident_key: bool,
    /// `required`.
    pub user_verification: &'static str,
}

/// The user handle of an operator: HMAC-SHA-256, so that nobody finds the operator by trying names
/// (section 14.6.1: not even a hash of one). `salt` is random, made once for the installation and kept
/// with its secrets; with another one, assertions that carry a handle are refused as somebody else's.
#[must_use]
pub fn user_handle(salt: &[u8; 32], operator: &OperatorId) -> UserHandle {
    // HMAC fills a key up to its block of 64 bytes with zeros; a whole block never fails.
    let mut key = [0; 64];
    key[..32].copy_from_slice(salt);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(format!("gatewarden user handle 1\n{operator}").as_bytes());
    mac.finalize().into_bytes().into()
}

/// The bytes that stand for an operator on a key.
pub type UserHandle = [u8; 32];

/// What to ask for registering a key of an operator. `known` are the passkeys the operator has.
#[must_use]
pub fn creation_options(
    party: &RelyingParty,
    challenge: Challenge,
    operator: &OperatorId,
    full_name: &str,
    handle: &UserHandle,
    known: &[Passkey],
) -> CreationOptions {
    CreationOptions {
        rp: RpEntity { id: party.id().into(), name: party.name().into() },
        user: UserEntity {
            id: Base64Url(handle.to_vec()),
            name: operator.to_string(),
            display_name: full_name.into(),
        },
        challenge,
        pub_key_cred_params: Algorithm::ALL
            .map(|a| Parameters { r#type: "public-key", alg: a.cose() })
            .to_vec(),
        timeout: TIMEOUT_MS,
        exclude_credentials: known.iter().map(descriptor).collect(),
        authenticator_selection: Selection {
            resident_key: "preferred",
            require_resident_key: false,
            user_verification: "required",
        },
        attestation: "none",
    }
}

/// What to ask for an answer of one of these passkeys.
#[must_use]
pub fn request_options(
    party: &RelyingParty,
    challenge: Challenge,
    allowed: &[Passkey],
) -> RequestOptions {
    RequestOptions {
        challenge,
        timeout: TIMEOUT_MS,
        rp_id: party.id().into(),
        allow_credentials: allowed.iter().map(descriptor).collect(),
        user_verification: "required",
    }
}

fn descriptor(passkey: &Passkey) -> Descriptor {
    Descriptor {
        r#type: "public-key",
        id: passkey.credential_id.clone(),
        transports: passkey.transports.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn the_handle_is_an_hmac_of_the_operator() {
        let (anna, bert) = (OperatorId::parse("anna").unwrap(), OperatorId::parse("bert").unwrap());
        let mut mac = Hmac::<Sha256>::new_from_slice(&[8; 32]).unwrap();
        mac.update(b"gatewarden user handle 1\nanna");
        assert_eq!(user_handle(&[8; 32], &anna)[..], mac.finalize().into_bytes()[..]);
        assert_ne!(user_handle(&[8; 32], &anna), user_handle(&[8; 32], &bert));
        assert_ne!(user_handle(&[8; 32], &anna), user_handle(&[9; 32], &anna));
    }
}
