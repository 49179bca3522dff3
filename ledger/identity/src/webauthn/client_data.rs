//! clientDataJSON: what the browser says of the page and the question (WebAuthn, section 5.8.1).
//!
//! Unknown members are passed over, as section 5.8.1 asks; a known member that stands there twice is
//! refused. Absent: `tokenBinding`, which no browser sends and Level 3 dropped.

use std::borrow::Cow;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{CLIENT_DATA_BYTES_MAX, Challenge, RelyingParty, WebauthnError, bounded, error::shown};

const PART: &str = "clientDataJSON";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    challenge: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(default)]
    cross_origin: Option<bool>,
    #[serde(default)]
    top_origin: Option<serde::de::IgnoredAny>,
}

/// Checks type, challenge, origin and frames as sections 7.1 and 7.2 say, and gives the SHA-256 of the
/// bytes. Without a relying party any origin is taken, as for what was verified before.
pub(super) fn check(
    bytes: &[u8],
    wanted: &'static str,
    party: Option<&RelyingParty>,
    challenge: &Challenge,
) -> Result<[u8; 32], WebauthnError> {
    bounded(PART, bytes, CLIENT_DATA_BYTES_MAX)?;
    // "UTF-8 decode" of the Encoding standard leaves out a byte order mark.
    let json = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let problem = "it is not JSON with type, challenge and origin";
    let data: ClientData<'_> = serde_json::from_slice(json)
        .map_err(|_| WebauthnError::Malformed { part: PART, problem })?;
    if data.r#type != wanted {
        return Err(WebauthnError::WrongType { got: shown(&data.r#type), wanted });
    }
    if !challenge.is(&data.challenge) {
        return Err(WebauthnError::WrongChallenge);
    }
    if party.is_some_and(|party| !party.owns(&data.origin)) {
        return Err(WebauthnError::WrongOrigin { got: shown(&data.origin) });
    }
    if data.cross_origin == Some(true) || data.top_origin.is_some() {
        return Err(WebauthnError::CrossOrigin);
    }
    Ok(Sha256::digest(bytes).into())
}
