//! What the browser does: reads the options, guards the page, says where it is.
//!
//! Absent: showing anything; waiting.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{AuthenticatorError, Fault};

pub(super) fn coded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decoded(text: &str, what: &'static str) -> Result<Vec<u8>, AuthenticatorError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| AuthenticatorError::Options(what))
}

pub(super) fn text<'a>(
    options: &'a Value,
    at: &str,
    what: &'static str,
) -> Result<&'a str, AuthenticatorError> {
    options.pointer(at).and_then(Value::as_str).ok_or(AuthenticatorError::Options(what))
}

/// The ids in a list of PublicKeyCredentialDescriptorJSON; those of other forms are passed over.
pub(super) fn ids(options: &Value, at: &str) -> Vec<Vec<u8>> {
    let list = options.pointer(at).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|d| decoded(d["id"].as_str()?, "id").ok()).collect()
}

/// What a browser checks: the id is the page's host or a parent domain of it.
pub(super) fn check_page(rp: &str, origin: &str) -> Result<(), AuthenticatorError> {
    let host = origin.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split([':', '/']).next().unwrap_or_default();
    let parent = host.strip_suffix(rp).is_some_and(|left| left.ends_with('.'));
    if host == rp || parent {
        return Ok(());
    }
    Err(AuthenticatorError::Security { rp: rp.into(), origin: origin.into() })
}

/// clientDataJSON, written as section 5.8.1.1 says.
pub(super) fn client_data(
    kind: &str,
    options: &Value,
    origin: &str,
    fault: Option<Fault>,
) -> Result<Vec<u8>, AuthenticatorError> {
    let mut challenge = decoded(text(options, "/challenge", "challenge")?, "challenge")?;
    if fault == Some(Fault::WrongChallenge) {
        challenge.iter_mut().take(1).for_each(|b| *b ^= 1);
    }
    let kind = match (fault, kind) {
        (Some(Fault::WrongType), "webauthn.get") => "webauthn.create",
        (Some(Fault::WrongType), _) => "webauthn.get",
        _ => kind,
    };
    let origin = if fault == Some(Fault::WrongOrigin) { "https://evil.example" } else { origin };
    let cross = fault == Some(Fault::CrossOrigin);
    let challenge = coded(&challenge);
    let json = format!(
        r#"{{"type":"{kind}","challenge":"{challenge}","origin":{},"crossOrigin":{cross}}}"#,
        Value::from(origin)
    );
    Ok(json.into_bytes())
}

pub(super) fn spoil_client(mut client: Vec<u8>, fault: Option<Fault>) -> Vec<u8> {
    if fault == Some(Fault::TamperedClient) {
        client.insert(1, b' ');
    }
    client
}

pub(super) fn spoil_id(mut id: Vec<u8>, fault: Option<Fault>) -> Vec<u8> {
    if fault == Some(Fault::WrongId) {
        id.iter_mut().take(1).for_each(|b| *b ^= 1);
    }
    id
}

pub(super) fn registration(id: &[u8], client: Vec<u8>, object: Vec<u8>) -> Value {
    json!({
        "id": coded(id),
        "rawId": coded(id),
        "type": "public-key",
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": coded(&client),
            "attestationObject": coded(&object),
            "transports": ["usb", "nfc"],
        },
    })
}
