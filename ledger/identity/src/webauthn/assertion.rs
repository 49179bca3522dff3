//! An answer of a registered key (WebAuthn, section 7.2).
//!
//! The signature is checked before the counter, so that nobody but the key's holder can raise the
//! alarm of a copied key. Absent: finding the passkey by the answer's id, and keeping its counter.

use serde::{Deserialize, Serialize};

use super::{
    AUTH_DATA_BYTES_MAX, Base64Url, Challenge, Passkey, RelyingParty, SIGNATURE_BYTES_MAX,
    UserHandle, WebauthnError, auth_data::AuthData, bounded, client_data, cose::PublicKey,
    registration::check_frame,
};

const PART: &str = "the authenticator data";

/// What the browser answers to `navigator.credentials.get` (AuthenticationResponseJSON, 5.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assertion {
    /// The credential id.
    pub id: Base64Url,
    /// The credential id once more.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    pub r#type: String,
    /// What browser and key say.
    pub response: AssertionResponse,
}

/// What browser and key say to a question (AuthenticatorAssertionResponseJSON).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssertionResponse {
    /// What the browser says.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// What the key says.
    pub authenticator_data: Base64Url,
    /// The key's signature over both.
    pub signature: Base64Url,
    /// The user that the key keeps with the credential.
    #[serde(default)]
    pub user_handle: Option<Base64Url>,
}

/// What an assertion changes in the passkey; see [`Passkey::update`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asserted {
    /// The counter to keep.
    pub sign_count: u32,
    /// Whether the credential is backed up now.
    pub backed_up: bool,
}

/// Verifies that the holder of a passkey answered a question. `user_handle` is that of the operator
/// whose passkey it is ([`user_handle`](super::user_handle)). An error other than
/// [`WebauthnError::Cloned`] counts as a failed attempt; that one as an alarm.
pub fn verify_assertion(
    party: &RelyingParty,
    challenge: &Challenge,
    passkey: &Passkey,
    user_handle: &UserHandle,
    answer: &Assertion,
) -> Result<Asserted, WebauthnError> {
    check_frame(&answer.r#type, &answer.id, &answer.raw_id)?;
    if answer.raw_id != passkey.credential_id {
        return Err(WebauthnError::WrongCredential);
    }
    let response = &answer.response;
    if response.user_handle.as_ref().is_some_and(|h| !h.0.is_empty() && h.0 != user_handle[..]) {
        return Err(WebauthnError::WrongUser);
    }
    let client_hash =
        client_data::check(&response.client_data_json.0, "webauthn.get", Some(party), challenge)?;
    bounded(PART, &response.authenticator_data.0, AUTH_DATA_BYTES_MAX)?;
    bounded("the signature", &response.signature.0, SIGNATURE_BYTES_MAX)?;
    let data = AuthData::parse(&response.authenticator_data.0)?;
    data.check(party)?;
    // Section 6.1: assertions carry no attested credential data.
    if data.attested.is_some() {
        return Err(WebauthnError::Malformed { part: PART, problem: "it brings a credential" });
    }
    let signed = [response.authenticator_data.0.as_slice(), &client_hash].concat();
    if !PublicKey::parse(&passkey.public_key.0)?.verifies(&signed, &response.signature.0) {
        return Err(WebauthnError::BadSignature);
    }
    if data.backup_eligible() != passkey.backup_eligible {
        return Err(WebauthnError::BackupFlags);
    }
    check_counter(passkey.sign_count, data.sign_count)?;
    Ok(Asserted { sign_count: data.sign_count, backed_up: data.backed_up() })
}

/// Verifies once more, from a journal, what was verified when it was recorded: that the key of `passkey`
/// signed the answer to this challenge, present and verified. Gives the signature counter. Page and
/// relying party are not looked at: a configuration names them, and may have changed since.
pub fn verify_recorded(
    challenge: &Challenge,
    passkey: &Passkey,
    answer: &AssertionResponse,
) -> Result<u32, WebauthnError> {
    let client_hash =
        client_data::check(&answer.client_data_json.0, "webauthn.get", None, challenge)?;
    bounded(PART, &answer.authenticator_data.0, AUTH_DATA_BYTES_MAX)?;
    bounded("the signature", &answer.signature.0, SIGNATURE_BYTES_MAX)?;
    let data = AuthData::parse(&answer.authenticator_data.0)?;
    data.check_flags()?;
    let signed = [answer.authenticator_data.0.as_slice(), &client_hash].concat();
    match PublicKey::parse(&passkey.public_key.0)?.verifies(&signed, &answer.signature.0) {
        true => Ok(data.sign_count),
        false => Err(WebauthnError::BadSignature),
    }
}

/// Section 6.1.1: where either counter is not 0, the new one must be greater.
fn check_counter(stored: u32, got: u32) -> Result<(), WebauthnError> {
    if (stored, got) != (0, 0) && got <= stored {
        return Err(WebauthnError::Cloned { stored, got });
    }
    Ok(())
}
