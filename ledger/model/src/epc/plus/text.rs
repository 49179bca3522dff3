//! The six encodings of a text (TDS 2.3 section 14.5.6) and of a number in as few bits as its
//! digits need (table B).

use super::{
    super::{EpcError, bits::BitWriter, fields::push_padded},
    source::Source,
};

/// Longest text: the longest value of any identifier.
const TEXT_MAX: usize = 99;
/// The alphabet of file-safe base 64 (RFC 4648 section 5).
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// URN Code 40 (ISO/IEC 15962 annex D) from 1 on; 0 is the pad.
const CODE40: &[u8; 39] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789";

/// The encodings by their indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Integer,
    UpperHex,
    LowerHex,
    Base64,
    Ascii,
    Code40,
}

const METHODS: [Method; 6] = [
    Method::Integer,
    Method::UpperHex,
    Method::LowerHex,
    Method::Base64,
    Method::Ascii,
    Method::Code40,
];

impl Method {
    /// Bits of so many characters.
    fn bits(self, length: usize) -> usize {
        match self {
            Self::Integer => number_bits(length),
            Self::UpperHex | Self::LowerHex => length * 4,
            Self::Base64 => length * 6,
            Self::Ascii => length * 7,
            Self::Code40 => code40_bits(length),
        }
    }

    fn holds(self, byte: u8) -> bool {
        match self {
            Self::Integer => byte.is_ascii_digit(),
            Self::UpperHex => byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte),
            Self::LowerHex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Self::Base64 => BASE64.contains(&byte),
            Self::Ascii => byte.is_ascii(),
            Self::Code40 => CODE40.contains(&byte),
        }
    }
}

/// Bits of the largest number of so many digits.
fn number_bits(digits: usize) -> usize {
    // log2(10); no power of ten above 1 is a power of two.
    (digits * 332_192_810).div_ceil(100_000_000)
}

/// Bits of so many characters in URN Code 40.
pub(super) fn code40_bits(length: usize) -> usize {
    length.div_ceil(3) * 16
}

/// Appends a text: its encoding, its length in `width` bits, its characters.
pub(super) fn read(
    source: &mut Source<'_>,
    width: usize,
    max: usize,
    out: &mut String,
) -> Result<(), EpcError> {
    let indicator = source.take(3)?;
    let method =
        METHODS.get(indicator as usize).ok_or(EpcError::ReservedEncoding(indicator as u8))?;
    let length = source.take(width)? as usize;
    if length > max {
        return Err(EpcError::TooLong { what: "text", max });
    }
    source.need(method.bits(length))?;
    match method {
        Method::Integer => read_number(source, length, out),
        Method::UpperHex => read_symbols(source, length, 4, b"0123456789ABCDEF", out),
        Method::LowerHex => read_symbols(source, length, 4, b"0123456789abcdef", out),
        Method::Base64 => read_base64(source, length, out),
        Method::Ascii => read_ascii(source, length, out),
        Method::Code40 => read_code40(source, length, out),
    }
}

fn read_symbols(
    source: &mut Source<'_>,
    length: usize,
    width: usize,
    alphabet: &[u8],
    out: &mut String,
) -> Result<(), EpcError> {
    for _ in 0..length {
        let symbol = source.take(width)? as usize;
        out.extend(alphabet.get(symbol).map(|b| char::from(*b)));
    }
    Ok(())
}

/// Characters of 6 bits each.
pub(super) fn read_base64(
    source: &mut Source<'_>,
    length: usize,
    out: &mut String,
) -> Result<(), EpcError> {
    read_symbols(source, length, 6, BASE64, out)
}

fn read_ascii(source: &mut Source<'_>, length: usize, out: &mut String) -> Result<(), EpcError> {
    for _ in 0..length {
        match source.take(7)? as u8 {
            byte @ 0x21..=0x7E => out.push(char::from(byte)),
            byte => return Err(EpcError::BadCharacter { what: "text", byte }),
        }
    }
    Ok(())
}

/// Three characters in 16 bits; pads fill the last three.
pub(super) fn read_code40(
    source: &mut Source<'_>,
    length: usize,
    out: &mut String,
) -> Result<(), EpcError> {
    let mut left = length;
    while left > 0 {
        let word = source.take(16)?.wrapping_sub(1);
        if word >= 64_000 {
            return Err(EpcError::BadCode40);
        }
        for value in [word / 1600, word / 40 % 40, word % 40] {
            let place = (value as usize).checked_sub(1);
            match (left, place) {
                (0, None) => {}
                (0, Some(_)) | (_, None) => return Err(EpcError::BadCode40),
                (_, Some(place)) => {
                    out.push(char::from(CODE40[place]));
                    left -= 1;
                }
            }
        }
    }
    Ok(())
}

/// Appends a number of so many digits.
pub(super) fn read_number(
    source: &mut Source<'_>,
    digits: usize,
    out: &mut String,
) -> Result<(), EpcError> {
    let too_large = || EpcError::NumberOverflow(digits);
    if digits > TEXT_MAX {
        return Err(too_large());
    }
    source.need(number_bits(digits))?;
    if digits <= 19 {
        let value = source.take(number_bits(digits))?;
        if value >= 10u64.pow(digits as u32) {
            return Err(too_large());
        }
        push_padded(out, value, digits as u8);
        return Ok(());
    }
    // Groups of nine digits, the lowest first.
    let mut groups = [0u64; 11];
    let mut left = number_bits(digits);
    while left > 0 {
        let step = left.min(32);
        let mut carry = source.take(step)?;
        for group in &mut groups {
            let value = (*group << step) + carry;
            *group = value % 1_000_000_000;
            carry = value / 1_000_000_000;
        }
        left -= step;
    }
    let digit = |place: usize| (groups[place / 9] / 10u64.pow((place % 9) as u32) % 10) as u8;
    if (digits..groups.len() * 9).any(|place| digit(place) != 0) {
        return Err(too_large());
    }
    out.extend((0..digits).rev().map(|place| char::from(b'0' + digit(place))));
    Ok(())
}

/// Writes a text in the encoding that needs the fewest bits.
pub(super) fn write(out: &mut BitWriter, text: &str, width: usize) {
    let fits = |method: &Method| text.bytes().all(|b| method.holds(b));
    let best = METHODS.into_iter().filter(fits).min_by_key(|m| m.bits(text.len()));
    let method = best.unwrap_or(Method::Ascii);
    out.put(method as u64, 3);
    out.put(text.len() as u64, width);
    let place = |alphabet: &[u8], b: u8| alphabet.iter().position(|a| *a == b).unwrap_or(0) as u64;
    let hex = |b: u8| u64::from(char::from(b).to_digit(16).unwrap_or(0));
    match method {
        Method::Integer => write_number(out, text),
        Method::UpperHex | Method::LowerHex => text.bytes().for_each(|b| out.put(hex(b), 4)),
        Method::Base64 => text.bytes().for_each(|b| out.put(place(BASE64, b), 6)),
        Method::Ascii => text.bytes().for_each(|b| out.put(u64::from(b & 0x7F), 7)),
        Method::Code40 => {
            for three in text.as_bytes().chunks(3) {
                let value = |i: usize| three.get(i).map_or(0, |b| place(CODE40, *b) + 1);
                out.put(1600 * value(0) + 40 * value(1) + value(2) + 1, 16);
            }
        }
    }
}

/// Two letters of 6 bits each.
pub(super) fn write_base64(out: &mut BitWriter, text: &str) {
    for b in text.bytes() {
        out.put(BASE64.iter().position(|a| *a == b).unwrap_or(0) as u64, 6);
    }
}

/// Writes digits (at most 99) as a number.
pub(super) fn write_number(out: &mut BitWriter, digits: &str) {
    // Groups of 32 bits, the lowest first: 99 digits need 329 bits.
    let mut groups = [0u64; 11];
    for digit in digits.bytes() {
        let mut carry = u64::from(digit.wrapping_sub(b'0') & 15);
        for group in &mut groups {
            let value = *group * 10 + carry;
            *group = value & 0xFFFF_FFFF;
            carry = value >> 32;
        }
    }
    let mut left = number_bits(digits.len());
    while left > 0 {
        let group = (left - 1) / 32;
        let step = left - group * 32;
        out.put(groups.get(group).copied().unwrap_or(0), step);
        left -= step;
    }
}
