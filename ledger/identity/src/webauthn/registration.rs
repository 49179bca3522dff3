//! Registering a key (WebAuthn, section 7.1).
//!
//! Attestation "none" is asked for and suffices; "packed" self-attestation is verified where it comes
//! (section 8.2). Any other form is refused rather than taken unread. Absent: whether the credential id
//! is registered already: the caller asks its store, since it knows all operators.

use serde::{Deserialize, Serialize};

use super::{
    ATTESTATION_BYTES_MAX, Base64Url, Challenge, Passkey, RelyingParty, SIGNATURE_BYTES_MAX,
    WebauthnError,
    auth_data::AuthData,
    bounded,
    cbor::{self, Value},
    client_data,
    cose::PublicKey,
    error::shown,
};

const PART: &str = "the attestation";
/// Most transports that are kept.
const TRANSPORTS_MAX: usize = 8;
/// The transports of section 5.8.4; others are left out.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// What the browser answers to `navigator.credentials.create` (RegistrationResponseJSON, 5.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// The credential id.
    pub id: Base64Url,
    /// The credential id once more.
    pub raw_id: Base64Url,
    /// Always `public-key`.
    pub r#type: String,
    /// What browser and key say.
    pub response: RegistrationResponse,
}

/// What browser and key say of a new credential (AuthenticatorAttestationResponseJSON).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationResponse {
    /// What the browser says.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: Base64Url,
    /// What the key says.
    pub attestation_object: Base64Url,
    /// How the browser reached the key.
    #[serde(default)]
    pub transports: Vec<String>,
}

/// Verifies a registration and gives the passkey to keep. `challenge` is that of the question, made
/// for [`Purpose::Register`](super::Purpose::Register).
pub fn verify_registration(
    party: &RelyingParty,
    challenge: &Challenge,
    answer: &Registration,
) -> Result<Passkey, WebauthnError> {
    check_frame(&answer.r#type, &answer.id, &answer.raw_id)?;
    let response = &answer.response;
    let client_hash = client_data::check(
        &response.client_data_json.0,
        "webauthn.create",
        Some(party),
        challenge,
    )?;
    bounded(PART, &response.attestation_object.0, ATTESTATION_BYTES_MAX)?;
    let object = cbor::read(&response.attestation_object.0)
        .map_err(|source| WebauthnError::Cbor { part: PART, source })?;
    let bytes = object.at(&Value::Text("authData")).and_then(Value::bytes);
    let bytes = bytes.ok_or(malformed("it has no authenticator data"))?;
    let data = AuthData::parse(bytes)?;
    data.check(party)?;
    let attested = data.attested.as_ref().ok_or(malformed("it brings no credential"))?;
    if attested.credential_id != answer.raw_id.0 {
        return Err(WebauthnError::WrongCredential);
    }
    let key = PublicKey::parse(attested.public_key)?;
    check_attestation(&object, &key, bytes, &client_hash)?;
    Ok(Passkey {
        credential_id: answer.raw_id.clone(),
        public_key: Base64Url(attested.public_key.to_vec()),
        algorithm: key.algorithm(),
        sign_count: data.sign_count,
        aaguid: attested.aaguid,
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
        transports: known_transports(&response.transports),
    })
}

fn malformed(problem: &'static str) -> WebauthnError {
    WebauthnError::Malformed { part: PART, problem }
}

/// The members around the response that both answers have.
pub(super) fn check_frame(
    kind: &str,
    id: &Base64Url,
    raw_id: &Base64Url,
) -> Result<(), WebauthnError> {
    if kind != "public-key" {
        return Err(WebauthnError::WrongType { got: shown(kind), wanted: "public-key" });
    }
    if id != raw_id { Err(WebauthnError::WrongCredential) } else { Ok(()) }
}

/// Section 8: the statement must be empty for "none" and hold for "packed" without certificates.
fn check_attestation(
    object: &Value<'_>,
    key: &PublicKey,
    auth_data: &[u8],
    client_hash: &[u8; 32],
) -> Result<(), WebauthnError> {
    let format = object.at(&Value::Text("fmt")).and_then(Value::text);
    let statement = object.at(&Value::Text("attStmt")).and_then(Value::pairs);
    let (Some(format), Some(statement)) = (format, statement) else {
        return Err(malformed("it has no form or statement"));
    };
    let field = |name: &str| statement.iter().find(|(k, _)| k.text() == Some(name)).map(|(_, v)| v);
    match format {
        // Section 8.7: the statement is an empty map.
        "none" if statement.is_empty() => Ok(()),
        "none" => Err(malformed("a statement stands under \"none\"")),
        "packed" if field("x5c").is_none() => {
            let signature = field("sig").and_then(Value::bytes).unwrap_or_default();
            bounded("the attestation's signature", signature, SIGNATURE_BYTES_MAX)?;
            let same = field("alg").and_then(Value::int) == Some(key.algorithm().cose());
            let signed = [auth_data, client_hash].concat();
            let holds = same && key.verifies(&signed, signature);
            if holds { Ok(()) } else { Err(WebauthnError::BadAttestation) }
        }
        other => Err(WebauthnError::UnknownAttestation { format: shown(other) }),
    }
}

fn known_transports(given: &[String]) -> Vec<String> {
    let known = TRANSPORTS.iter().filter(|t| given.iter().any(|g| g == *t));
    known.take(TRANSPORTS_MAX).map(|t| (*t).to_owned()).collect()
}
