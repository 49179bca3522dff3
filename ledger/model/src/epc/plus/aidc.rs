//! +AIDC data: more elements behind the key (TDS 2.3 section 15.3). Each is its identifier's digits
//! of 4 bits each and its value as `code` says.
//!
//! A key is worth having even where the data behind it can't be read, so nothing here is an error:
//! the elements up to there count, and `Unread` says why the rest does not.

use std::fmt;

use super::{checked, code, source::Source};
use crate::gs1::{AiCode, ELEMENTS_MAX, Element, assigned_code};

/// Why +AIDC data ends before the memory does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::epc) enum Unread {
    /// A header that begins with A to F, which GS1 has reserved.
    Reserved(u8),
    /// An identifier that is not assigned, or has no encoding.
    Unknown(String),
    /// A value that breaks its rules or ends early.
    Broken(AiCode, String),
    /// More than `ELEMENTS_MAX` elements.
    TooMany,
    /// Bits that are not zero where the data ends.
    Rest,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reserved(header) => {
                write!(f, "the data behind the key begins with the reserved header {header:02X}")
            }
            Self::Unknown(ai) => write!(f, "the data behind the key has no encoding for ({ai})"),
            Self::Broken(ai, why) => write!(f, "({ai}) behind the key can't be read: {why}"),
            Self::Rest => f.write_str("bits behind the end of the data are not zero"),
            Self::TooMany => write!(f, "more than {ELEMENTS_MAX} elements behind the key"),
        }
    }
}

/// Bits of an SSCC, the only value that an identifier of zeros can have.
const SSCC_BITS: usize = 72;

/// Appends the elements that follow the key.
pub(super) fn read(source: &mut Source<'_>, elements: &mut Vec<Element>) -> Option<Unread> {
    while !source.only_zeros() {
        if source.left() < 8 {
            return Some(Unread::Rest);
        }
        if elements.len() >= ELEMENTS_MAX {
            return Some(Unread::TooMany);
        }
        let mut fork = source.clone();
        match read_element(&mut fork) {
            Ok(Some(element)) => elements.push(element),
            Ok(None) => return Some(Unread::Rest),
            Err(unread) => return Some(unread),
        }
        *source = fork;
    }
    None
}

/// One element. None where the data ends here.
fn read_element(source: &mut Source<'_>) -> Result<Option<Element>, Unread> {
    let mut digits = String::with_capacity(4);
    for _ in 0..2 {
        read_digit(source, &mut digits)?;
    }
    if digits == "00" && source.left() < SSCC_BITS {
        return Ok(None);
    }
    // No code is a prefix of another, so the shortest assigned one is it.
    let ai = loop {
        match assigned_code(&digits) {
            Some(ai) => break ai,
            None if digits.len() == 4 => return Err(Unread::Unknown(digits)),
            None => read_digit(source, &mut digits)?,
        }
    };
    let value = match code::read(ai, source) {
        Ok(Some(value)) => value,
        Ok(None) => return Err(Unread::Unknown(digits)),
        Err(error) => return Err(Unread::Broken(ai, error.to_string())),
    };
    match checked(ai, &value) {
        Ok(()) => Ok(Some(Element { ai, value })),
        Err(error) => Err(Unread::Broken(ai, error.to_string())),
    }
}

fn read_digit(source: &mut Source<'_>, digits: &mut String) -> Result<(), Unread> {
    match source.take(4) {
        Ok(digit @ 0..=9) => {
            digits.push(char::from(b'0' + digit as u8));
            Ok(())
        }
        Ok(nibble) => {
            let first = digits.bytes().next().map_or(0, |b| b - b'0');
            Err(Unread::Reserved(if digits.is_empty() {
                nibble as u8 * 16
            } else {
                first << 4 | nibble as u8
            }))
        }
        Err(_) => Err(Unread::Unknown(digits.clone())),
    }
}
