//! The form that people write: `(01)…(10)…`.
//!
//! Inside a value `\(`, `\)` and `\\` stand for the characters themselves. Reading also takes an
//! unescaped `(` that can't begin an application identifier, and says so in a warning.

use super::{
    Element, Gs1Data, Gs1Error, Warning,
    ai::{AiCode, assigned},
    bounded,
};

/// Writes elements in brackets, with an escape before every bracket inside a value.
#[must_use]
pub fn bracketed(elements: &[Element]) -> String {
    write(elements, true)
}

/// The same without escapes, as the Tag Data Standard writes it. It can't always be read back.
#[must_use]
pub fn unescaped(elements: &[Element]) -> String {
    write(elements, false)
}

fn write(elements: &[Element], escape: bool) -> String {
    let length = elements.iter().map(|e| e.value.len() + 6).sum();
    let mut out = String::with_capacity(length);
    for element in elements {
        out.push('(');
        out.push_str(element.ai.as_str());
        out.push(')');
        for c in element.value.chars() {
            if escape && matches!(c, '(' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// Parses the bracketed form.
pub fn parse_bracketed(text: &str) -> Result<Gs1Data, Gs1Error> {
    let mut rest = bounded(text)?;
    let mut elements = Vec::new();
    let mut lenient = false;
    while !rest.is_empty() {
        let (code, after) = split_code(rest)?;
        let (value, next) = take_value(after, &mut lenient);
        elements.push(Element { ai: code, value });
        rest = next;
    }
    let mut data = Gs1Data::check(elements)?;
    if lenient {
        let message = "a bracket inside a value is written without \\ before it".to_owned();
        data.warnings.push(Warning { code: "unescaped-bracket", message });
    }
    Ok(data)
}

/// `(AI)` at the beginning, which must be assigned, and what follows.
fn split_code(text: &str) -> Result<(AiCode, &str), Gs1Error> {
    let wrong = Gs1Error::Syntax("write (AI)value, beginning with an opening bracket");
    let (code, after) = text.strip_prefix('(').and_then(|t| t.split_once(')')).ok_or(wrong)?;
    let short = || code.chars().take(8).collect();
    let (code, _) = assigned(code).ok_or_else(|| Gs1Error::UnknownAi(short()))?;
    Ok((code, after))
}

/// The value up to the next identifier.
fn take_value<'a>(text: &'a str, lenient: &mut bool) -> (String, &'a str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' if text[i + 1..].starts_with(['(', ')', '\\']) => {
                value.extend(chars.next().map(|(_, escaped)| escaped));
            }
            '(' if begins_code(&text[i..]) => return (value, &text[i..]),
            '(' => {
                *lenient = true;
                value.push(c);
            }
            _ => value.push(c),
        }
    }
    (value, "")
}

/// True for a bracket, 2 to 4 digits and a bracket.
fn begins_code(text: &str) -> bool {
    let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
    (2..=4).contains(&digits) && text.as_bytes().get(digits + 1) == Some(&b')')
}
