//! Why an answer of a browser or an authenticator is refused.
//!
//! Messages are for the person at the station and say what to do; what an attacker sent is shown
//! escaped and cut.

use super::cbor::CborError;

/// Longest piece of foreign text in a message, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// Why a registration or an assertion is refused (WebAuthn, sections 7.1 and 7.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebauthnError {
    /// A part over its bound.
    #[error("{part} has {bytes} bytes, over the bound of {most}: use another browser or key")]
    TooLarge {
        /// Which part.
        part: &'static str,
        /// Its bytes.
        bytes: usize,
        /// The bound.
        most: usize,
    },
    /// A part that is not of its form.
    #[error("{part} is damaged ({problem}): try again, or use another browser or key")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// CBOR that CTAP2 forbids.
    #[error("{part} is damaged: try again, or use another browser or key")]
    Cbor {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        source: CborError,
    },
    /// A registration where an assertion was asked for, or the other way round.
    #[error("the browser answered {got}, not {wanted}: start again from the station's page")]
    WrongType {
        /// What it is.
        got: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The answer to another question.
    #[error("the key answered another question: it may be an old one; start again")]
    WrongChallenge,
    /// A page of another site.
    #[error(
        "the answer comes from {got}, which is no address of this service: open the station's \
             own address, or add this one to the configuration if it is yours"
    )]
    WrongOrigin {
        /// Its origin.
        got: String,
    },
    /// A page inside a page of another site.
    #[error("the page was shown inside a page of another site: open the station's own address")]
    CrossOrigin,
    /// The key signed for another site.
    #[error("the key answered for another site: open the station's own address")]
    WrongRpId,
    /// Nobody touched the key.
    #[error("nobody touched the key: touch it when it blinks")]
    NotPresent,
    /// No PIN, fingerprint or face was asked for.
    #[error("the key did not verify its user: set a PIN or a fingerprint on it and try again")]
    NotVerified,
    /// Flags that contradict each other, or the registration.
    #[error("the key contradicts itself about being backed up: register it again, or use another")]
    BackupFlags,
    /// An algorithm that was not asked for.
    #[error(
        "the key signs with algorithm {got}, only ES256 (-7) and EdDSA (-8) are taken: use \
             another key"
    )]
    UnknownAlgorithm {
        /// Its COSE number.
        got: i64,
    },
    /// A point that is no key, or one for which anybody can sign.
    #[error("the key's public key is not valid: use another key")]
    BadKey,
    /// A form of attestation that was not asked for.
    #[error(
        "the key sent an attestation of the form {format}, and none was asked for: allow the \
             browser to leave it out, or use another browser"
    )]
    UnknownAttestation {
        /// Its name.
        format: String,
    },
    /// Self-attestation that does not hold.
    #[error("the key's own attestation does not hold: use another key")]
    BadAttestation,
    /// Another credential than the one asked for.
    #[error("this is not the key that was asked for: use the one that is registered")]
    WrongCredential,
    /// The credential was made for another person.
    #[error("this key belongs to somebody else: use your own")]
    WrongUser,
    /// The signature is wrong.
    #[error("the key's signature does not hold: use the key that is registered")]
    BadSignature,
    /// The counter did not grow.
    #[error(
        "the key counts {got} signatures, and {stored} were seen: there is a copy of it; revoke \
             it and register another"
    )]
    Cloned {
        /// What was seen last.
        stored: u32,
        /// What it says now.
        got: u32,
    },
}

/// Foreign text for a message: escaped and cut.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect()
}
