//! Compressed Digital Links (GS1 Digital Link: Compression): told from other web addresses by the
//! key that their last path segment must begin with. What is absent: reading what follows the key.

use super::{AiCode, Element, has_check_digit};

/// The alphabet of base64url.
fn sextet(byte: u8) -> Option<u64> {
    Some(u64::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    }))
}

/// The key that a compressed segment begins with: a GTIN or an SSCC with a right check digit.
pub(super) fn key_of(segment: &str) -> Option<Element> {
    // 8 bits of header and 47 of a GTIN.
    if segment.len() < 10 || !segment.bytes().all(|b| sextet(b).is_some()) {
        return None;
    }
    let bits = segment.bytes().take(12).filter_map(sextet);
    let word = bits.fold(0u128, |n, six| n << 6 | u128::from(six))
        << (56 + 6 * (12 - segment.len().min(12)));
    let header = (word >> 120) as u8;
    let (ai, digits, width) = match header {
        0x00 => ("00", 18usize, 60),
        // GTIN alone, and the frequent sets of elements that begin with one.
        0x01 | 0x0A..=0x0F | 0x1A..=0x1F | 0x2A..=0x2F | 0x3A..=0x3F | 0xA0..=0xA9 => {
            ("01", 14, 47)
        }
        _ => return None,
    };
    let number = (word << 8 >> (128 - width)) as u64;
    let value = format!("{number:0digits$}");
    let real = value.len() == digits && number > 0 && has_check_digit(&value);
    real.then(|| Element { ai: AiCode::known(ai), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compressed_key_is_told_from_a_word() {
        // Header 01 and 09520123456788 in 47 bits, then (22)2A as it comes.
        let number = 9_520_123_456_788u128;
        let word = (1u128 << 120) | number << (120 - 47) | 0x22 << (120 - 47 - 8);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let text: String =
            (0..12).map(|i| char::from(alphabet[(word >> (122 - 6 * i) & 63) as usize])).collect();
        let key = key_of(&text).expect("a key");
        assert_eq!((key.ai.as_str(), key.value.as_str()), ("01", "09520123456788"));
        for other in ["manual.pdf", "documentation", "A", "", "2024-01-overview", "AQAAAAAAAAAA"] {
            assert_eq!(key_of(other), None, "{other}");
        }
    }
}
