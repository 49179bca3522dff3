//! The fields of EPC URIs: reading and writing numbers, digits and escaped texts between dots.

use super::EpcError;

/// Appends a number with at least so many digits; none at all for 0 digits.
pub(super) fn push_padded(out: &mut String, mut value: u64, digits: u8) {
    let mut text = [b'0'; 20];
    let mut start = text.len();
    while value > 0 {
        start -= 1;
        text[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let start = start.min(text.len() - usize::from(digits));
    out.push_str(std::str::from_utf8(&text[start..]).unwrap_or_default());
}

pub(super) fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("%22"),
            '#' => out.push_str("%23"),
            '%' => out.push_str("%25"),
            '&' => out.push_str("%26"),
            '/' => out.push_str("%2F"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '?' => out.push_str("%3F"),
            _ => out.push(c),
        }
    }
}

/// Undoes the escapes. None for a broken escape.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

/// The fields between the dots; the last one may itself hold dots.
pub(super) struct Fields<'a> {
    pub(super) rest: Option<&'a str>,
    pub(super) uri: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn next(&mut self) -> Result<&'a str, EpcError> {
        let rest = self.last()?;
        match rest.split_once('.') {
            Some((field, rest)) => {
                self.rest = Some(rest);
                Ok(field)
            }
            None => Ok(rest),
        }
    }

    pub(super) fn last(&mut self) -> Result<&'a str, EpcError> {
        self.rest.take().ok_or_else(|| EpcError::BadUri(self.uri.chars().take(120).collect()))
    }

    pub(super) fn number(
        &mut self,
        what: &'static str,
        max: u64,
        scheme: &'static str,
    ) -> Result<u64, EpcError> {
        number(what, self.next()?, max, scheme)
    }

    pub(super) fn two_digits(&mut self, what: &'static str) -> Result<u8, EpcError> {
        let text = self.next()?;
        match text.len() {
            2 => Ok(digits(what, text)? as u8),
            _ => Err(length(what, text, "2 digits")),
        }
    }
}

pub(super) fn length(what: &'static str, text: &str, rule: &'static str) -> EpcError {
    EpcError::Length { what, text: text.chars().take(40).collect(), rule }
}

/// Digits only, at most 19 of them; leading zeros count for nothing.
pub(super) fn digits(what: &'static str, text: &str) -> Result<u64, EpcError> {
    if let Some(byte) = text.bytes().find(|b| !b.is_ascii_digit()) {
        return Err(EpcError::BadCharacter { what, byte });
    }
    Ok(text.bytes().fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0'))))
}

pub(super) fn number(
    what: &'static str,
    text: &str,
    max: u64,
    scheme: &'static str,
) -> Result<u64, EpcError> {
    if text.is_empty() {
        return Err(EpcError::EmptyString(what));
    }
    let short = || text.chars().take(40).collect();
    let value = digits(what, text)?;
    if text.len() > 1 && text.starts_with('0') {
        return Err(EpcError::LeadingZero { what, text: short() });
    }
    match value {
        value if value > max => Err(EpcError::Overflow { what, text: short(), scheme }),
        value => Ok(value),
    }
}

pub(super) fn text(
    what: &'static str,
    escaped: &str,
    max: usize,
    allowed: impl Fn(u8) -> bool,
) -> Result<String, EpcError> {
    let plain = unescape(escaped).ok_or(EpcError::BadCharacter { what, byte: b'%' })?;
    if plain.is_empty() {
        return Err(EpcError::EmptyString(what));
    }
    if let Some(byte) = plain.bytes().find(|b| !allowed(*b)) {
        return Err(EpcError::BadCharacter { what, byte });
    }
    match plain.len() {
        n if n > max => Err(EpcError::TooLong { what, max }),
        _ => Ok(plain),
    }
}
