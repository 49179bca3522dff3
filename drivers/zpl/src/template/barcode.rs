//! The filters that make whole barcode fields, to stand after `^FO…`: `gs1_128`, `gs1_datamatrix`, `qr`, `code128`.
//!
//! GS1 General Specifications 5.4 (FNC1 first, and after every element without a predefined length) in the spelling of
//! `^BC` (`>;` start C, `>8` FNC1, `>6` and `>5` to B and C) and of `^BX` (`_1` FNC1). Invariants: only checked
//! elements are encoded, which have neither `^` nor `~`. Absent: quiet zones, which are the template's layout.

use gatewarden_model::gs1::{Element, parse_bracketed, parse_elements, scan_data};
use minijinja::{Environment, Error, Value};

use super::{escape, invalid};

/// FNC1 between elements as scanners write it.
const GS: char = '\u{1d}';
/// The tallest bar or largest module in dots.
const DOTS_MAX: u32 = 2_000;
/// The most data characters of a GS1-128 symbol (General Specifications 5.4.1).
const GS1_128_MAX: usize = 48;
/// The most bytes of a QR symbol that every printer takes.
const QR_BYTES_MAX: usize = 1_024;

pub(super) fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("gs1_128", |text: String, height: Option<u32>| {
        let elements = elements(&text)?;
        let length = scan_data(&elements).len();
        if length > GS1_128_MAX {
            return Err(invalid(&format!(
                "{length} characters, more than the {GS1_128_MAX} of GS1-128"
            )));
        }
        let (height, data) = (dots(height.unwrap_or(100))?, escape(&gs1_128(&elements)));
        Ok(Value::from_safe_string(format!("^BCN,{height},N,N,N^FH^FD{data}^FS")))
    });
    environment.add_filter("gs1_datamatrix", |text: String, module: Option<u32>| {
        let (module, data) = (dots(module.unwrap_or(6))?, gs1_datamatrix(&elements(&text)?));
        Ok::<_, Error>(Value::from_safe_string(format!("^BXN,{module},200,,,,_^FD{data}^FS")))
    });
    environment.add_filter("qr", |text: String, module: Option<u32>| {
        if text.len() > QR_BYTES_MAX {
            return Err(invalid(&format!("a QR code of more than {QR_BYTES_MAX} bytes")));
        }
        let module = dots(module.unwrap_or(6))?.min(10);
        let data = escape(&text);
        Ok(Value::from_safe_string(format!("^BQN,2,{module}^FH^FDMA,{data}^FS")))
    });
    environment.add_filter("code128", |text: String, height: Option<u32>| {
        let is_text = !text.is_empty() && text.len() <= GS1_128_MAX;
        if !is_text || !text.bytes().all(|b| (b' '..0x7f).contains(&b)) {
            return Err(invalid(&format!("a Code 128 has 1 to {GS1_128_MAX} ASCII characters")));
        }
        let (height, data) =
            (dots(height.unwrap_or(100))?, escape(&text.chars().map(set_b).collect::<String>()));
        Ok(Value::from_safe_string(format!("^BCN,{height},N,N,N^FH^FD>:{data}^FS")))
    });
}

fn dots(dots: u32) -> Result<u32, Error> {
    let fits = (1..=DOTS_MAX).contains(&dots);
    fits.then_some(dots)
        .ok_or_else(|| invalid(&format!("{dots} dots, which must be 1 to {DOTS_MAX}")))
}

/// Reads elements in brackets or as a scanner sends them.
fn elements(text: &str) -> Result<Vec<Element>, Error> {
    let data = if text.starts_with('(') { parse_bracketed(text) } else { parse_elements(text) };
    data.map(|data| data.elements).map_err(|e| invalid(&e))
}

/// A character of set B as `^BC` spells it.
fn set_b(c: char) -> String {
    match c {
        '>' => ">0".to_owned(),
        '^' => "><".to_owned(),
        '~' => ">=".to_owned(),
        other => other.to_string(),
    }
}

/// The data of `^BC` in set C wherever pairs of digits allow.
fn gs1_128(elements: &[Element]) -> String {
    let text: Vec<char> = scan_data(elements).chars().collect();
    let mut out = String::from(">;>8");
    let (mut at, mut is_c) = (0, true);
    while let Some(&c) = text.get(at) {
        let digits = text[at..].iter().take_while(|c| c.is_ascii_digit()).count();
        match (c, is_c) {
            (GS, _) => {
                out.push_str(">8");
                at += 1;
            }
            (_, true) if digits >= 2 => {
                out.extend(&text[at..at + 2]);
                at += 2;
            }
            (_, true) => {
                out.push_str(">6");
                is_c = false;
            }
            (_, false) if digits >= 4 && digits.is_multiple_of(2) => {
                out.push_str(">5");
                is_c = true;
            }
            (c, false) => {
                out.push_str(&set_b(c));
                at += 1;
            }
        }
    }
    out
}

/// The data of `^BX` with `_` as its escape.
fn gs1_datamatrix(elements: &[Element]) -> String {
    let mut out = String::from("_1");
    for c in scan_data(elements).chars() {
        match c {
            GS => out.push_str("_1"),
            '_' => out.push_str("__"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use super::*;

    #[test]
    fn elements_are_spelled_as_the_printer_wants_them() {
        let plain = elements("(01)04012345123456").unwrap();
        assert_eq!(gs1_128(&plain), ">;>80104012345123456");
        assert_eq!(gs1_datamatrix(&plain), "_10104012345123456");
        let mixed = elements("(10)A_1(21)1234").unwrap();
        assert_eq!(gs1_128(&mixed), ">;>810>6A_1>8>5211234");
        assert_eq!(gs1_datamatrix(&mixed), "_110A__1_1211234");
        assert!(elements("(01)04012345123457").is_err());
    }
}
