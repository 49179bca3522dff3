//! What scanners send: the AIM symbology identifier (ISO/IEC 15424) and the symbol's data, in
//! which FNC1 is the byte 0x1D.
//!
//! Superfluous and trailing FNC1s are tolerated; a literal `^` is not FNC1, except at the beginning
//! of data that then keeps every rule. Without an identifier, or with that of another symbology,
//! only data that says itself what it is counts as GS1: it holds an FNC1, or it begins with a GS1
//! key and keeps every rule, or it is a 12 to 14 digit number with a right check digit.

use super::{
    AiCode, Element, FNC1, Gs1Data, Gs1Error, Warning, ai, aim, bounded, has_check_digit,
    parse_link,
};

/// What a scan holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// GS1 data.
    Gs1(Gs1Data),
    /// Any other text.
    Plain(String),
}

/// Parses a scan: its symbology identifier, if the scanner sent one, and its data.
pub fn parse_scan(aim: Option<&str>, text: &str) -> Result<Scanned, Gs1Error> {
    if text.len() > super::INPUT_BYTES_MAX {
        return Err(Gs1Error::TooMuch("8192 bytes"));
    }
    match aim {
        Some(aim) if aim::is_gs1(aim) => parse_elements(text).map(Scanned::Gs1),
        Some("]E0") => parse_retail("EAN-13 or UPC", text, 13, false),
        Some("]E3") => parse_retail("EAN-13 or UPC", text, 13, true),
        Some("]E4") => parse_retail("EAN-8", text, 8, false),
        Some("]I0" | "]I1") if text.len() == 14 && has_check_digit(text) => trade_item(text, ""),
        // "Another symbology" says no more than none.
        None | Some(aim::OTHER) => guess(bounded(text)?),
        Some(_) => plain_or_link(text),
    }
}

/// Parses an element string: identifiers and values joined, FNC1 after those without a
/// predefined length.
pub fn parse_elements(text: &str) -> Result<Gs1Data, Gs1Error> {
    let mut rest = bounded(text)?.trim_start_matches(FNC1);
    let mut elements = Vec::with_capacity(4);
    while !rest.is_empty() {
        if elements.len() == super::ELEMENTS_MAX {
            return Err(Gs1Error::TooMuch("64 elements"));
        }
        let unknown = || Gs1Error::UnknownAi(rest.chars().take(4).collect());
        let (code, row) = ai::leading(rest).ok_or_else(unknown)?;
        let after = &rest[code.as_str().len()..];
        let longest = if row.predefined { row.longest().min(after.len()) } else { after.len() };
        let window = after.as_bytes().get(..longest).unwrap_or_default();
        let end = window.iter().position(|b| *b == FNC1 as u8).unwrap_or(longest);
        let (value, next) = after.split_at_checked(end).unwrap_or((after, ""));
        elements.push(Element { ai: code, value: value.to_owned() });
        rest = next.trim_start_matches(FNC1);
    }
    Gs1Data::check(elements)
}

/// Writes elements as a scanner would send them, without a symbology identifier.
#[must_use]
pub fn scan_data(elements: &[Element]) -> String {
    let mut out = String::new();
    for (i, element) in elements.iter().enumerate() {
        out.push_str(element.ai.as_str());
        out.push_str(&element.value);
        let open = !ai::row(element.ai).is_some_and(|row| row.predefined);
        if open && i + 1 < elements.len() {
            out.push(FNC1);
        }
    }
    out
}

/// The number of an EAN or UPC, with the composite component that may follow it.
fn parse_retail(
    symbology: &'static str,
    text: &str,
    length: usize,
    add_on: bool,
) -> Result<Scanned, Gs1Error> {
    let (number, composite) = text.split_once("|]e0").unwrap_or((text, ""));
    let wrong = |rule| Gs1Error::Retail { symbology, rule };
    let number = if add_on { number.get(..13).unwrap_or(number) } else { number };
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong("digits only"));
    }
    if number.len() != length {
        return Err(wrong("13 digits, 8 as EAN-8: let the scanner send UPC with its leading zero"));
    }
    if !has_check_digit(number) {
        return Err(wrong("a right check digit: it was misread or misprinted"));
    }
    trade_item(number, composite)
}

/// A GTIN of 8 to 14 digits, and element strings that belong to it.
fn trade_item(number: &str, composite: &str) -> Result<Scanned, Gs1Error> {
    let value = format!("{number:0>14}");
    let mut elements = vec![Element { ai: AiCode::known("01"), value }];
    if !composite.is_empty() {
        elements.extend(parse_elements(composite)?.elements);
    }
    Gs1Data::check(elements).map(Scanned::Gs1)
}

/// A symbol that is not marked as GS1 may hold a Digital Link.
fn plain_or_link(text: &str) -> Result<Scanned, Gs1Error> {
    let web = ["http://", "https://", "HTTP://", "HTTPS://"];
    if !web.iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(Scanned::Plain(text.to_owned()));
    }
    match parse_link(text) {
        Ok(data) => Ok(Scanned::Gs1(data)),
        Err(Gs1Error::NoKey | Gs1Error::Syntax(_)) => Ok(Scanned::Plain(text.to_owned())),
        Err(error) => Err(error),
    }
}

/// Data without a symbology identifier.
fn guess(text: &str) -> Result<Scanned, Gs1Error> {
    if text.contains(FNC1) {
        return parse_elements(text).map(Scanned::Gs1);
    }
    if let Some(data) = aim::respell_led(text).and_then(|led| parse_elements(&led).ok()) {
        return Ok(Scanned::Gs1(data));
    }
    if matches!(text.len(), 12..=14) && has_check_digit(text) {
        return trade_item(text, "").map(|scanned| match scanned {
            Scanned::Gs1(mut data) => {
                let message = "taken for a GTIN by its check digit: let the scanner send AIM \
                    identifiers to be sure";
                let code = "no-symbology";
                data.warnings.push(Warning { code, message: message.to_owned() });
                Scanned::Gs1(data)
            }
            plain @ Scanned::Plain(_) => plain,
        });
    }
    let key = ["00", "01", "02", "8003", "8004", "8006", "253", "255", "414", "8017", "8018"];
    if key.iter().any(|ai| text.starts_with(ai))
        && let Ok(data) = parse_elements(text)
        && data.warnings.is_empty()
    {
        return Ok(Scanned::Gs1(data));
    }
    plain_or_link(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_code_of_which_nothing_is_told_says_itself_what_it_is() {
        for text in ["4012345678901", "\u{1d}0104012345678901", "0104012345678901\u{1d}21A", "4711"]
        {
            assert_eq!(parse_scan(Some("]X0"), text), parse_scan(None, text), "{text:?}");
        }
        assert_eq!(parse_scan(Some("]X0"), "4711"), Ok(Scanned::Plain("4711".to_owned())));
    }
}
