//! Elements to the binary form.

use super::{
    super::{EpcError, bits::BitWriter},
    DATES, Plus, PlusScheme,
    code::{Code, codes},
    decode, host, text,
};
use crate::gs1::{AiCode, Element, value_of};

/// Builds an EPC from its key's elements, its date where the scheme has one, and the elements that
/// shall follow the key, all in `elements` in any order. What is built is read back, so it is valid.
pub(in crate::epc) fn build(
    scheme: &'static PlusScheme,
    elements: &[Element],
    filter: u8,
    host: Option<&str>,
) -> Result<Plus, EpcError> {
    if filter > 7 {
        let text = filter.to_string();
        return Err(EpcError::Overflow { what: "filter", text, scheme: scheme.name });
    }
    let date = if scheme.date { Some(find_date(elements)?) } else { None };
    let own = |e: &&Element| {
        scheme.keys.iter().any(|k| e.ai.is(k)) || date.is_some_and(|(_, d)| d.ai == e.ai)
    };
    let behind: Vec<&Element> = elements.iter().filter(|e| !own(e)).collect();
    let mut out = BitWriter::default();
    out.put(u64::from(scheme.header), 8);
    out.put(u64::from(!behind.is_empty()), 1);
    out.put(u64::from(filter), 3);
    if let Some((kind, element)) = date {
        out.put(kind as u64, 4);
        put_date(&mut out, &element.value);
    }
    for key in scheme.keys {
        let value = match value_of(elements, key) {
            Some(value) => value,
            // An SGLN without an extension has extension 0 (TDS 7.5).
            None if *key == "254" => "0",
            None => return Err(EpcError::MissingElement(AiCode::known(key))),
        };
        put(&mut out, AiCode::known(key), value)?;
    }
    if scheme.host {
        host::write(&mut out, host.ok_or(EpcError::EmptyString("host name"))?)?;
    }
    for element in behind {
        element.ai.as_str().bytes().for_each(|b| out.put(u64::from(b - b'0'), 4));
        put(&mut out, element.ai, &element.value)?;
    }
    let bytes = out.into_words();
    if bytes.len() > crate::epc::EPC_BYTES_MAX {
        return Err(EpcError::TooLong { what: "EPC", max: crate::epc::EPC_BYTES_MAX });
    }
    let epc = decode(scheme, &bytes)?;
    match epc.unread {
        None => Ok(epc),
        Some(_) => Err(EpcError::ElementLength(elements[0].ai)),
    }
}

/// The first element that can stand as the date, and its type.
fn find_date(elements: &[Element]) -> Result<(usize, &Element), EpcError> {
    let kind = |e: &Element| DATES.iter().position(|ai| e.ai.is(ai));
    let found = elements.iter().find_map(|e| Some((kind(e)?, e)));
    found.ok_or(EpcError::MissingElement(AiCode::known("17")))
}

/// Writes a value. It must keep the rules of its identifier, or the result does not read back.
fn put(out: &mut BitWriter, ai: AiCode, value: &str) -> Result<(), EpcError> {
    super::checked(ai, value)?;
    let codes = codes(ai).ok_or(EpcError::MissingElement(ai))?;
    let mut rest = value;
    for code in codes {
        let length = match code {
            Code::Bcd(n) | Code::Number(n) => *n,
            _ => rest.len(),
        };
        let (own, next) = rest.split_at_checked(length).ok_or(EpcError::ElementLength(ai))?;
        put_one(out, *code, own);
        rest = next;
    }
    Ok(())
}

fn put_one(out: &mut BitWriter, code: Code, value: &str) {
    match code {
        Code::Bcd(_) => put_digits(out, value),
        Code::Number(_) => text::write_number(out, value),
        Code::Text(width, _) => text::write(out, value, width),
        Code::Digits(width, _) => {
            out.put(value.len() as u64, width);
            text::write_number(out, value);
        }
        Code::Delimited(_) => {
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = value.split_at(digits);
            put_digits(out, digits);
            if rest.is_empty() {
                out.put(0xF, 4);
            } else {
                out.put(0xE, 4);
                text::write(out, rest, 5);
            }
        }
        Code::Date | Code::DateTime => put_date(out, value),
        Code::Dates => {
            let (first, second) = value.split_at(value.len().min(6));
            out.put(u64::from(!second.is_empty()), 1);
            put_date(out, first);
            put_date(out, second);
        }
        Code::Precise => {
            out.put([3, 0, 1, 2][(value.len().saturating_sub(6) / 2).min(3)], 2);
            put_date(out, value);
        }
        Code::Country => text::write_base64(out, value),
        Code::Flag => out.put(u64::from(value == "1"), 1),
        Code::Minus => out.put(u64::from(value == "-"), 1),
        Code::Sequence => put_digits(out, &value.replace('/', "")),
    }
}

fn put_digits(out: &mut BitWriter, digits: &str) {
    digits.bytes().for_each(|b| out.put(u64::from(b.wrapping_sub(b'0') & 15), 4));
}

/// Year, month, day, hour, minute and second: as many as there are.
fn put_date(out: &mut BitWriter, digits: &str) {
    for (pair, width) in digits.as_bytes().chunks(2).zip([7, 4, 5, 5, 6, 6]) {
        let value = pair.iter().fold(0u64, |n, b| n * 10 + u64::from(b.wrapping_sub(b'0') & 15));
        out.put(value, width);
    }
}
