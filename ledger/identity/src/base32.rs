//! Base32 (RFC 4648, section 6) as apps for one-time codes read it: upper case, no padding.
//!
//! Decoding takes lower case, blanks and padding too. Absent: other alphabets.

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Longest text that is decoded, in bytes.
pub const TEXT_BYTES_MAX: usize = 256;

/// The bytes in base32, without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let group = |chunk: &[u8]| {
        let mut five = [0; 5];
        five[..chunk.len()].copy_from_slice(chunk);
        let word = five.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        let letters = (chunk.len() * 8).div_ceil(5);
        (0..letters).map(move |i| LETTERS[(word >> (35 - 5 * i) & 31) as usize] as char)
    };
    bytes.chunks(5).flat_map(group).collect()
}

/// The bytes of a base32 text; nothing where a character is foreign, the length impossible, a bit
/// set beyond the last byte, or the text over `TEXT_BYTES_MAX`.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let body = text.trim().trim_end_matches('=');
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0u32, 0u32);
    for c in body.bytes().filter(|c| !c.is_ascii_whitespace()) {
        let value = LETTERS.iter().position(|l| *l == c.to_ascii_uppercase())?;
        word = word << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xFF).ok()?);
            word &= (1 << bits) - 1;
        }
    }
    (bits < 5 && word == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        let vectors = [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ];
        for (plain, coded) in vectors {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decode(" mzxw 6ytb oi======\n").as_deref(), Some(&b"foobar"[..]));
        for bad in ["M", "MZX", "MZ", "M1", "MY=A", "МY"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_coded_is_decoded(bytes: Vec<u8>) {
            let coded = encode(&bytes);
            let expected = (coded.len() <= TEXT_BYTES_MAX).then_some(bytes);
            prop_assert_eq!(decode(&coded), expected);
        }
    }
}
