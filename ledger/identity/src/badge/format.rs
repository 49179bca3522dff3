//! The formats in which readers send a card's number, read into the number they mean.
//!
//! Formats of EM4100 as the Proxmark client prints them for one card (`lf em 410x reader`) and as the
//! readers' manuals name them; Wiegand-26 (HID H10301): 8 bits facility, 16 bits number; UIDs of
//! ISO/IEC 14443-3 (4, 7, 10 bytes) and ISO/IEC 15693-3 (8 bytes). A text is read or refused, never
//! read in part. Absent: the raw Wiegand frame with its parity, and 3.5A/3.5B.

use std::{fmt, str::FromStr};

use gatewarden_model::hash::hex_upper;

use super::BadgeError;

/// How a reader writes a number. Written as its word, such as `dez10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// A code of any characters: case and blanks don't count.
    Text,
    /// All 40 bits in 10 hex digits: `0801161DD6`.
    Hex10,
    /// All 40 bits in 11 to 14 decimal digits (DEZ 14, IK2): `00034378989014`.
    Dez40,
    /// All 40 bits, each byte's bits turned round, in 15 decimal digits (DEZ 15, IK3).
    Ik3,
    /// The low 32 bits in 8 hex digits: `01161DD6`.
    Hex8,
    /// The low 32 bits in 10 decimal digits: `0018226646`.
    Dez10,
    /// The low 32 bits as two numbers of 16 bits: `00278.07638`.
    Dez55,
    /// The low 24 bits as facility and number (3.5C, WEG 24, Wiegand-26): `022,07638`.
    Dez35c,
    /// The low 24 bits in 8 decimal digits: `01449430`.
    Dez8,
    /// The low 24 bits in 6 hex digits: `161DD6`.
    Hex6,
    /// A UID in hex as the card sends it, first byte first: `04:A1:B2:C3:D4:E5:F6`.
    Uid,
    /// A UID in hex, last byte first.
    UidReversed,
    /// A UID of 4 bytes in 10 decimal digits, in either byte order.
    UidDecimal,
}

/// Bytes of a UID: single, double and triple size of ISO/IEC 14443-3, and ISO/IEC 15693-3.
const UID_BYTES: [usize; 4] = [4, 7, 8, 10];
const BITS_24: u64 = 0xFF_FFFF;
const BITS_40: u64 = 0xFF_FFFF_FFFF;

impl Format {
    /// All formats, the text first.
    pub const ALL: [Self; 13] = [
        Self::Text,
        Self::Hex10,
        Self::Dez40,
        Self::Ik3,
        Self::Hex8,
        Self::Dez10,
        Self::Dez55,
        Self::Dez35c,
        Self::Dez8,
        Self::Hex6,
        Self::Uid,
        Self::UidReversed,
        Self::UidDecimal,
    ];

    /// The word for it in files and on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hex10 => "hex10",
            Self::Dez40 => "dez14",
            Self::Ik3 => "ik3",
            Self::Hex8 => "hex8",
            Self::Dez10 => "dez10",
            Self::Dez55 => "dez5.5",
            Self::Dez35c => "dez3.5c",
            Self::Dez8 => "dez8",
            Self::Hex6 => "hex6",
            Self::Uid => "uid",
            Self::UidReversed => "uid-reversed",
            Self::UidDecimal => "uid-decimal",
        }
    }

    /// What it looks like, for messages.
    fn rule(self) -> &'static str {
        match self {
            Self::Text => "letters and digits",
            Self::Hex10 => "10 hex digits",
            Self::Dez40 => "11 to 14 decimal digits of at most 1099511627775",
            Self::Ik3 => "15 decimal digits of at most 1099511627775",
            Self::Hex8 => "8 hex digits",
            Self::Dez10 | Self::UidDecimal => "10 decimal digits of at most 4294967295",
            Self::Dez55 => "5 digits, a comma or point, 5 digits, each of at most 65535",
            Self::Dez35c => {
                "a facility of at most 255, a comma, point, slash or blank, and a number of at most \
                 65535, or 3 and 5 digits in one"
            }
            Self::Dez8 => "8 decimal digits of at most 16777215",
            Self::Hex6 => "6 hex digits",
            Self::Uid | Self::UidReversed => {
                "4, 7, 8 or 10 bytes in hex, with or without a colon or hyphen between bytes"
            }
        }
    }

    /// Reads a text. Fails where it is not of this format.
    pub(super) fn read(self, text: &str) -> Result<Number, BadgeError> {
        let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let card = |bits, value: Option<u64>| value.map(|value| Number::Card { value, bits });
        let number = match self {
            Self::Text => Some(Number::Text(joined.chars().flat_map(char::to_uppercase).collect())),
            Self::Hex10 => card(40, hex_number(&joined, 5)),
            Self::Hex8 => card(32, hex_number(&joined, 4)),
            Self::Hex6 => card(24, hex_number(&joined, 3)),
            Self::Dez40 => card(40, decimal(&joined, 11..=14, BITS_40)),
            Self::Ik3 => card(40, decimal(&joined, 15..=15, BITS_40).map(turn_bits)),
            Self::Dez10 => card(32, decimal(&joined, 10..=10, u32::MAX.into())),
            Self::Dez8 => card(24, decimal(&joined, 8..=8, BITS_24)),
            Self::Dez55 => card(32, pair(text, 5..=5, u16::MAX.into())),
            Self::Dez35c => card(24, pair(text, 1..=3, 255).or_else(|| three_and_five(&joined))),
            Self::Uid => uid(hex_bytes(&joined)),
            Self::UidReversed => uid(hex_bytes(&joined).map(reversed)),
            Self::UidDecimal => decimal(&joined, 10..=10, u32::MAX.into())
                .map(|n| Number::Uid { bytes: n.to_be_bytes()[4..].to_vec(), ordered: false }),
        };
        number.ok_or(BadgeError::NotFormat { format: self, rule: self.rule() })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Format {
    type Err = String;

    /// Parses the word. Fails with the list of words.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|f| f.word() == text).ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|f| f.word()).collect();
            format!("unknown format of badge numbers; use one of {}", words.join(", "))
        })
    }
}

/// A number with as much of it as the text told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    /// A code in upper case without blanks.
    Text(String),
    /// A 125 kHz card; `bits` of its number are known.
    Card { value: u64, bits: u8 },
    /// A UID; `ordered` where the first byte is known to be the first one sent.
    Uid { bytes: Vec<u8>, ordered: bool },
}

impl Number {
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Card { value, .. } => format!("card24:{:06X}", value & BITS_24),
            Self::Uid { bytes, .. } => {
                format!("uid:{}", hex_upper(bytes).min(hex_upper(&reversed(bytes.clone()))))
            }
        }
    }

    /// Refuses numbers that no single card has.
    pub(super) fn check(&self) -> Result<(), BadgeError> {
        match self {
            Self::Text(_) => Ok(()),
            Self::Card { value, .. } if matches!(value & BITS_24, 0 | BITS_24) => {
                Err(BadgeError::Blank)
            }
            Self::Card { .. } => Ok(()),
            Self::Uid { bytes, .. } if bytes.iter().all(|b| matches!(b, 0 | 0xFF)) => {
                Err(BadgeError::Blank)
            }
            // ISO/IEC 14443-3, 6.5.4: uid0 = 08 marks a random UID, 88 is the cascade tag.
            Self::Uid { bytes, ordered: true } if bytes.len() == 4 => match bytes[0] {
                0x08 => Err(BadgeError::RandomUid),
                0x88 => Err(BadgeError::PartialUid),
                _ => Ok(()),
            },
            Self::Uid { .. } => Ok(()),
        }
    }

    /// What may be shown of it (`Badge::tail`).
    pub(super) fn tail(&self) -> String {
        match self {
            Self::Text(text) => {
                let letters: Vec<char> = text.chars().collect();
                letters[letters.len() - (letters.len() / 2).min(4)..].iter().collect()
            }
            Self::Card { value, bits } => {
                let after_comma = format!(",{:04}", (value & 0xFFFF) % 10_000);
                match bits {
                    32.. => {
                        format!("{:04} {after_comma}", (value & u64::from(u32::MAX)) % 10_000)
                    }
                    _ => after_comma,
                }
            }
            Self::Uid { bytes, ordered } => {
                let last = |bytes: &[u8]| hex_upper(&bytes[bytes.len().saturating_sub(2)..]);
                match ordered {
                    true => last(bytes),
                    false => format!("{} or {}", last(bytes), last(&reversed(bytes.clone()))),
                }
            }
        }
    }

    /// The texts that readers of all formats send for it, as far as its bits are known.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Card { value, bits } => card_texts(*value, *bits),
            Self::Uid { bytes, .. } => {
                let back = reversed(bytes.clone());
                let mut texts = vec![hex_upper(bytes), hex_upper(&back)];
                for order in [bytes, &back] {
                    let four: Result<[u8; 4], _> = order.as_slice().try_into();
                    texts.extend(four.map(|b| format!("{:010}", u32::from_be_bytes(b))));
                }
                texts
            }
        }
    }
}

fn card_texts(value: u64, bits: u8) -> Vec<String> {
    let (low, facility, number) = (value & BITS_24, value >> 16 & 0xFF, value & 0xFFFF);
    let mut texts = vec![
        format!("{facility:03},{number:05}"),
        format!("{facility:03}{number:05}"),
        format!("{low:08}"),
        format!("{low:06X}"),
    ];
    if bits >= 32 {
        let word = value & u64::from(u32::MAX);
        texts.push(format!("{word:010}"));
        texts.push(format!("{word:08X}"));
        texts.push(format!("{:05},{number:05}", word >> 16));
    }
    if bits >= 40 {
        texts.push(format!("{value:010X}"));
        texts.push(format!("{value:014}"));
        texts.push(format!("{value:013}"));
        texts.push(format!("{:015}", turn_bits(value)));
    }
    texts
}

fn reversed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.reverse();
    bytes
}

/// Each of the five bytes with its bits turned round.
fn turn_bits(value: u64) -> u64 {
    value.to_be_bytes().iter().fold(0, |n, b| n << 8 | u64::from(b.reverse_bits())) & BITS_40
}

/// A decimal number of so many digits (zeros before it count), up to a value.
fn decimal(text: &str, digits: std::ops::RangeInclusive<usize>, most: u64) -> Option<u64> {
    let all = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| all && *n <= most)
}

/// Two decimal numbers with a mark between them, the second of 16 bits.
fn pair(text: &str, digits: std::ops::RangeInclusive<usize>, most: u64) -> Option<u64> {
    let mark = |c: char| matches!(c, ',' | '.' | '/' | ':' | '-') || c.is_whitespace();
    let parts: Vec<&str> = text.trim().split(mark).filter(|p| !p.is_empty()).collect();
    let [first, second] = parts[..] else { return None };
    Some(decimal(first, digits, most)? << 16 | decimal(second, 1..=5, 0xFFFF)?)
}

/// 3.5C without its comma.
fn three_and_five(text: &str) -> Option<u64> {
    let (facility, number) = text.split_at_checked(3)?;
    Some(decimal(facility, 3..=3, 255)? << 16 | decimal(number, 5..=5, 0xFFFF)?)
}

/// Bytes in hex, in one or with the same mark between all bytes; `0x` may stand before them.
fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let mark = text.chars().find(|c| matches!(c, ':' | '-'));
    let pairs: Vec<&str> = match mark {
        Some(mark) => text.split(mark).collect(),
        None => {
            text.as_bytes().chunks(2).map(std::str::from_utf8).collect::<Result<_, _>>().ok()?
        }
    };
    let byte = |pair: &&str| {
        let hex = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
        u8::from_str_radix(pair, 16).ok().filter(|_| hex)
    };
    pairs.iter().map(byte).collect()
}

fn hex_number(text: &str, bytes: usize) -> Option<u64> {
    let all = hex_bytes(text).filter(|all| all.len() == bytes)?;
    Some(all.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

fn uid(bytes: Option<Vec<u8>>) -> Option<Number> {
    let bytes = bytes.filter(|b| UID_BYTES.contains(&b.len()))?;
    Some(Number::Uid { bytes, ordered: true })
}
