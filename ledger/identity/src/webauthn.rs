//! Passkeys: registration and assertions of WebAuthn (W3C Web Authentication, Level 3; the steps are
//! those of Level 2 too), for security keys and phones.
//!
//! What always holds: user presence and user verification are required; the challenge is compared in
//! constant time and covers what is consented to (`challenge`); an answer of another origin, page in
//! a frame, relying party, purpose, credential or user is refused; a signature counter that does not
//! grow is refused as a copied key. No input panics, and every part has a largest size.
//!
//! Why not the crate webauthn-rs: MPL-2.0, about 170 crates, and an `rsa` with RUSTSEC-2023-0071 that
//! has no fix. Asking for ES256 and EdDSA alone needs p256 and ed25519-dalek, and the reader of CBOR
//! (`cbor`) is 150 lines: of the crates, ciborium has had no release since January 2024 and takes what
//! CTAP2 forbids (duplicates must then be searched for), minicbor's licence is not on our list.
//!
//! Absent: attestation certificates (we ask for none, and judge no make of key), RSA, extensions,
//! keeping of challenges (the caller keeps each for minutes and forgets it when it is answered).

mod assertion;
mod auth_data;
mod bytes;
mod cbor;
mod challenge;
mod client_data;
mod cose;
mod error;
mod options;
mod passkey;
mod registration;
mod relying_party;

pub use assertion::{Asserted, Assertion, AssertionResponse, verify_assertion, verify_recorded};
pub use bytes::Base64Url;
pub use cbor::CborError;
pub use challenge::{Challenge, Purpose, challenge, subject};
pub use cose::Algorithm;
pub use error::WebauthnError;
pub use options::{
    CreationOptions, Descriptor, Parameters, RequestOptions, RpEntity, Selection, TIMEOUT_MS,
    UserEntity, UserHandle, creation_options, request_options, user_handle,
};
pub use passkey::Passkey;
pub use registration::{Registration, RegistrationResponse, verify_registration};
pub use relying_party::{ORIGINS_MAX, RelyingParty, RelyingPartyError};

/// Longest clientDataJSON, in bytes.
pub const CLIENT_DATA_BYTES_MAX: usize = 4096;
/// Longest attestation object, in bytes.
pub const ATTESTATION_BYTES_MAX: usize = 16 * 1024;
/// Longest authenticator data of an assertion, in bytes.
pub const AUTH_DATA_BYTES_MAX: usize = 4096;
/// Longest credential id, in bytes (section 7.1).
pub const CREDENTIAL_ID_BYTES_MAX: usize = 1023;
/// Longest signature, in bytes; one of P-256 in DER has at most 72.
pub const SIGNATURE_BYTES_MAX: usize = 128;

/// Refuses a part that is over its bound.
fn bounded(part: &'static str, bytes: &[u8], most: usize) -> Result<(), WebauthnError> {
    if bytes.len() > most {
        return Err(WebauthnError::TooLarge { part, bytes: bytes.len(), most });
    }
    Ok(())
}
