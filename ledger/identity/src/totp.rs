//! One-time codes by time (RFC 6238), as phone apps show them: 6 digits, a new code every 30 s.
//!
//! What always holds: a code counts once. The verifier takes the step of the last code that counted
//! and refuses that step and every one before it, so neither a replay nor a clock that goes back
//! revives a code. Codes are compared in constant time, all steps in every case. Absent: keeping the
//! secret and the step (the caller does, before it lets anybody in), counting failures (the engine).

use std::fmt;

use gatewarden_model::{Hash, OperatorId, Stamp};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::base32;

/// Bytes of a secret: the output of SHA-1, as RFC 4226, section 4 (R6) recommends.
pub const SECRET_BYTES: usize = 20;
/// Bytes of a block of SHA-1 and of SHA-256.
const BLOCK_BYTES: usize = 64;
/// Seconds that a code is shown (RFC 6238, section 4.1).
pub const STEP_S: u64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Steps before and after the present one whose code is taken (RFC 6238, section 5.2).
pub const SKEW_STEPS: u64 = 1;
/// Longest issuer and label in an `otpauth://` address, in characters.
pub const LABEL_CHARS_MAX: usize = 128;

/// Why a code does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TotpError {
    /// Not six ASCII digits.
    #[error("a one-time code is {DIGITS} digits: type those that the app shows now")]
    Form,
    /// Not the code of now, or of the step before or after.
    #[error(
        "the one-time code is wrong, or its time is over: wait for the app's next code; if that \
             is refused too, compare the phone's clock with the station's"
    )]
    Wrong,
    /// The code of a step that counted already, or of one before it.
    #[error("this one-time code has been used: wait for the app's next code")]
    Used,
    /// The clock shows a time before 1970.
    #[error("the clock of this machine is not set, so one-time codes can't be checked: set it")]
    NoTime,
}

/// The hash that codes are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// HMAC-SHA-1, the only one that every app has. Collisions of SHA-1 don't weaken HMAC.
    #[default]
    Sha1,
    /// HMAC-SHA-256, which some apps silently take for SHA-1: try it before it is rolled out.
    Sha256,
}

/// The secret shared with the app. It is wiped when dropped and never shown by `Debug`.
#[derive(Clone)]
pub struct Totp {
    secret: Zeroizing<[u8; SECRET_BYTES]>,
    algorithm: Algorithm,
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Totp({:?})", self.algorithm)
    }
}

impl Totp {
    /// Codes of a secret, which comes from a random source.
    #[must_use]
    pub fn new(secret: [u8; SECRET_BYTES], algorithm: Algorithm) -> Self {
        Self { secret: Zeroizing::new(secret), algorithm }
    }

    /// The secret in base32, for typing it into an app.
    #[must_use]
    pub fn secret_text(&self) -> String {
        base32::encode(self.secret.as_slice())
    }

    /// The code of a step: seconds since 1970 divided by `STEP_S` (RFC 6238, section 4.2; RFC 4226,
    /// section 5.3).
    #[must_use]
    pub fn code(&self, step: u64) -> String {
        // HMAC fills a key up to its block with zeros (RFC 2104, section 2); a whole block never fails.
        let mut key = Zeroizing::new([0; BLOCK_BYTES]);
        key[..SECRET_BYTES].copy_from_slice(self.secret.as_slice());
        let number = match self.algorithm {
            Algorithm::Sha1 => truncate(&mac(Hmac::<Sha1>::new(&(*key).into()), step)),
            Algorithm::Sha256 => truncate(&mac(Hmac::<Sha256>::new(&(*key).into()), step)),
        };
        format!("{:0width$}", number % 10u32.pow(DIGITS as u32), width = DIGITS)
    }

    /// Checks a code at a time. `last` is the step that this returned the last time for this secret;
    /// keep what it returns now before anything is granted. Fails without revealing by its time
    /// which of the steps the code is near to.
    pub fn verify(&self, code: &str, now: &Stamp, last: Option<u64>) -> Result<u64, TotpError> {
        let code = code.trim().as_bytes();
        if code.len() != DIGITS || !code.iter().all(u8::is_ascii_digit) {
            return Err(TotpError::Form);
        }
        let step = step_at(now).ok_or(TotpError::NoTime)?;
        let (mut found, mut matched) = (Choice::from(0), 0);
        // The latest step of that code wins, so that the code can't count a second time.
        for step in step.saturating_sub(SKEW_STEPS)..=step.saturating_add(SKEW_STEPS) {
            let same = self.code(step).as_bytes().ct_eq(code);
            matched = u64::conditional_select(&matched, &step, same);
            found |= same;
        }
        match (bool::from(found), last) {
            (false, _) => Err(TotpError::Wrong),
            (true, Some(last)) if matched <= last => Err(TotpError::Used),
            (true, _) => Ok(matched),
        }
    }

    /// The address that an app reads from a QR code (Google Authenticator's key URI format). `label`
    /// names the account. Both are cut at `LABEL_CHARS_MAX`; everything but letters, digits and
    /// `-._~` is escaped (RFC 3986, section 2.3), the colon between the parts excepted.
    #[must_use]
    pub fn uri(&self, issuer: &str, label: &str) -> String {
        let (issuer, label) = (escape(issuer), escape(label));
        let algorithm = match self.algorithm {
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        };
        let secret = self.secret_text();
        format!(
            "otpauth://totp/{issuer}:{label}?secret={secret}&issuer={issuer}\
             &algorithm={algorithm}&digits={DIGITS}&period={STEP_S}"
        )
    }
}

/// The secret of an operator's codes: HMAC-SHA-256 of the installation's own key over operator and a
/// random number, cut to `SECRET_BYTES`. So it stands nowhere, and is lost with the key.
#[must_use]
pub fn derived_secret(key: &[u8; 32], operator: &OperatorId, nonce: &Hash) -> [u8; SECRET_BYTES] {
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(format!("gatewarden totp 1\n{operator}\n{nonce}").as_bytes());
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    std::array::from_fn(|i| digest[i])
}

/// The step of a time; nothing before 1970.
#[must_use]
pub fn step_at(now: &Stamp) -> Option<u64> {
    u64::try_from(now.wall_us).ok().map(|us| us / 1_000_000 / STEP_S)
}

fn mac(mut mac: impl Mac, step: u64) -> Vec<u8> {
    mac.update(&step.to_be_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Four bytes of the digest, at the place that its last half byte names (RFC 4226, section 5.3).
fn truncate(digest: &[u8]) -> u32 {
    let at = usize::from(digest.last().map_or(0, |b| b & 15));
    let four = digest.get(at..at + 4).unwrap_or_default();
    four.iter().fold(0, |n, b| n << 8 | u32::from(*b)) & 0x7FFF_FFFF
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(LABEL_CHARS_MAX) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~') {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            out.extend(c.encode_utf8(&mut bytes).bytes().map(|b| format!("%{b:02X}")));
        }
    }
    out
}

#[cfg(test)]
mod tests;
