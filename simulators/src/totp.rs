//! An authenticator app: the code that a phone shows for a secret at a time (RFC 6238 with SHA-1, six
//! digits, 30 seconds).
//!
//! It takes the secret as it stands in an `otpauth` address, in base32, so that it shares no code with
//! whoever made it. Absent: other hashes, lengths and periods.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// Seconds that a code is shown.
pub const STEP_S: u64 = 30;

/// The code of a step: seconds since 1970 divided by `STEP_S`. Nothing where the secret is no base32.
#[must_use]
pub fn code(secret: &str, step: u64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(&bytes(secret)?).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = digest[at..at + 4].iter().fold(0u32, |n, b| n << 8 | u32::from(*b));
    Some(format!("{:06}", (number & 0x7FFF_FFFF) % 1_000_000))
}

/// Base32 (RFC 4648, section 6) without padding.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xFF).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_rfc_6238_come_out() {
        // Appendix B, the last six digits; the secret is "12345678901234567890".
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, wanted) in
            [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            assert_eq!(code(secret, seconds / STEP_S).as_deref(), Some(wanted));
        }
        assert_eq!(code("not base32", 1), None);
    }
}
