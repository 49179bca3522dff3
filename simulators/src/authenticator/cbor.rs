//! The little CBOR (RFC 8949) that a key writes, in CTAP2's canonical form.
//!
//! Maps are written in the order given, which the callers keep canonical. Absent: reading.

fn head(major: u8, number: u64) -> Vec<u8> {
    let major = major << 5;
    match number {
        0..=23 => vec![major | u8::try_from(number).unwrap_or(0)],
        24..=0xFF => vec![major | 24, u8::try_from(number).unwrap_or(0)],
        0x100..=0xFFFF => [&[major | 25][..], &number.to_be_bytes()[6..]].concat(),
        0x1_0000..=0xFFFF_FFFF => [&[major | 26][..], &number.to_be_bytes()[4..]].concat(),
        _ => [&[major | 27][..], &number.to_be_bytes()].concat(),
    }
}

/// An integer.
pub(super) fn int(number: i64) -> Vec<u8> {
    match u64::try_from(number) {
        Ok(number) => head(0, number),
        Err(_) => head(1, number.unsigned_abs() - 1),
    }
}

/// A byte string.
pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len() as u64), bytes.to_vec()].concat()
}

/// A text.
pub(super) fn text(text: &str) -> Vec<u8> {
    [head(3, text.len() as u64), text.as_bytes().to_vec()].concat()
}

/// A map with integers as keys; the values are CBOR.
pub(super) fn int_map(pairs: impl IntoIterator<Item = (i64, Vec<u8>)>) -> Vec<u8> {
    map(pairs.into_iter().map(|(key, value)| (int(key), value)))
}

/// A map with texts as keys; the values are CBOR.
pub(super) fn text_map<'a>(pairs: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    map(pairs.into_iter().map(|(key, value)| (text(key), value)))
}

fn map(pairs: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    let pairs: Vec<_> = pairs.collect();
    let body = pairs.iter().flat_map(|(key, value)| [key.as_slice(), value].concat());
    [head(5, pairs.len() as u64), body.collect()].concat()
}
