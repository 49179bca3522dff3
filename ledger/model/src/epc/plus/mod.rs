//! The schemes of TDS 2: `SGTIN+` and its like, whose key stands with its check digit and without
//! a partition, and `SGTIN++` and its like, which add the host name of their Digital Link.
//!
//! They have no tag URI and no pure identity URI: their canonical form is the Digital Link. With
//! the data toggle set, more GS1 elements follow the key (+AIDC data). `Plus` keeps its bytes as
//! they were read, because a writer is free to choose among the encodings of a text.

mod aidc;
mod code;
mod host;
mod scheme;
mod source;
mod text;
mod write;

pub(super) use aidc::Unread;
pub(super) use scheme::{PLUS, PlusScheme};
pub(super) use write::build;

use super::EpcError;
use crate::gs1::{AiCode, Element, Gs1Error, check_element};
use source::Source;

/// The elements that a date type of `DSGTIN+` stands for, in their order (TDS 14.5.3).
const DATES: [&str; 7] = ["11", "13", "15", "16", "17", "7006", "7007"];

/// One EPC of such a scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plus {
    pub(super) scheme: &'static PlusScheme,
    pub(super) filter: u8,
    /// As it was read, in whole words.
    pub(super) bytes: Vec<u8>,
    /// The key's elements, the date, the +AIDC data.
    pub(super) elements: Vec<Element>,
    /// How many of them are the key's.
    pub(super) keys: usize,
    /// The host name of the Digital Link.
    pub(super) host: Option<String>,
    /// Why the +AIDC data ends before the memory does.
    pub(super) unread: Option<Unread>,
}

/// Decodes the EPC memory from bit 20h on, whose header said that it is of this scheme.
pub(super) fn decode(scheme: &'static PlusScheme, bytes: &[u8]) -> Result<Plus, EpcError> {
    let mut source = Source::new(bytes, scheme.name);
    source.take(8)?;
    let toggle = source.take(1)? == 1;
    let filter = source.take(3)? as u8;
    let date = if scheme.date { Some(read_date(&mut source)?) } else { None };
    let mut elements = Vec::with_capacity(scheme.keys.len() + 1);
    for key in scheme.keys {
        let ai = AiCode::known(key);
        let value = code::read(ai, &mut source)?.ok_or(EpcError::EmptyString("element"))?;
        push_key(&mut elements, ai, value)?;
    }
    let keys = elements.len();
    elements.extend(date);
    let host = if scheme.host { Some(host::read(&mut source)?) } else { None };
    let mut unread = None;
    let mut end = source.position();
    if toggle {
        unread = aidc::read(&mut source, &mut elements);
        if unread.is_some() && !bytes.len().is_multiple_of(2) {
            // What can't be read is kept in whole words, and so it is read: why must not depend on it.
            return decode(scheme, &[bytes, &[0]].concat());
        }
        end = if unread.is_some() { bytes.len() * 8 } else { source.position() };
    } else if !source.only_zeros() {
        return Err(EpcError::TrailingBits(scheme.name));
    }
    let mut bytes = bytes.get(..end.div_ceil(8)).unwrap_or(bytes).to_vec();
    if !bytes.len().is_multiple_of(2) {
        bytes.push(0);
    }
    Ok(Plus { scheme, filter, bytes, elements, keys, host, unread })
}

fn read_date(source: &mut Source<'_>) -> Result<Element, EpcError> {
    let kind = source.take(4)? as usize;
    let ai = DATES.get(kind).ok_or(EpcError::ReservedDateType(kind as u8))?;
    let ai = AiCode::known(ai);
    let value = code::date(source)?;
    checked(ai, &value)?;
    Ok(Element { ai, value })
}

/// A key's element, which must keep the rules of its identifier.
fn push_key(elements: &mut Vec<Element>, ai: AiCode, value: String) -> Result<(), EpcError> {
    checked(ai, &value)?;
    let short = match ai.as_str() {
        "253" | "255" => 13,
        "8003" => 14,
        _ => 0,
    };
    if value.len() <= short {
        return Err(EpcError::EmptyString("serial"));
    }
    // Extension 0 means none (TDS 7.5).
    if !(ai.is("254") && value == "0") {
        elements.push(Element { ai, value });
    }
    Ok(())
}

/// What the rules of an identifier say, in the words of this module.
fn checked(ai: AiCode, value: &str) -> Result<(), EpcError> {
    match check_element(ai, value) {
        Ok(()) => Ok(()),
        Err(Gs1Error::CheckDigit { ai }) => Err(EpcError::CheckDigit(ai)),
        Err(Gs1Error::Date { ai, value }) => Err(EpcError::BadDate { ai, value }),
        Err(Gs1Error::Character { character, .. }) => {
            let byte = u8::try_from(character).unwrap_or(b'?');
            Err(EpcError::BadCharacter { what: "element", byte })
        }
        // TDS leaves piece and total of an ITIP to the writer, as in ITIP-110, and has serial 0.
        Err(Gs1Error::Content { .. }) if ai.is("8006") || ai.is("8011") && value == "0" => Ok(()),
        Err(Gs1Error::Content { ai, problem }) => Err(EpcError::Content { ai, problem }),
        Err(_) if value.is_empty() => Err(EpcError::EmptyString("element")),
        Err(_) => Err(EpcError::ElementLength(ai)),
    }
}
