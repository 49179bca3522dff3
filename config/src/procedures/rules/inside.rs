//! From a place in the value of a TOML text to the place in the file.

use crate::fields::Span;

/// The span of bytes `start..end` of a text's value; `raw` is the text as it stands in the file, quotes too, and
/// `at` where that is.
pub(super) fn place(raw: &str, at: Span, start: usize, end: usize) -> Span {
    let from = offset(raw, start, true);
    let to = offset(raw, end, false).max(from);
    Span { start: at.start + from, end: at.start + to }
}

/// How many bytes of `raw` stand before the byte `wanted` of its value; with `past` what stands there without any
/// value is passed over.
fn offset(raw: &str, wanted: usize, past: bool) -> usize {
    let (quotes, literal) = match raw.as_bytes() {
        [b'"', b'"', b'"', ..] => (3, false),
        [b'\'', b'\'', b'\'', ..] => (3, true),
        [b'\'', ..] => (1, true),
        [b'"', ..] => (1, false),
        _ => (0, true),
    };
    // TOML leaves out a new line right after three quotes.
    let after = &raw[quotes.min(raw.len())..];
    let newline = ["\r\n", "\n"].into_iter().find(|new| quotes == 3 && after.starts_with(new));
    let mut place = quotes + newline.map_or(0, str::len);
    let mut value = 0;
    while place < raw.len() {
        let rest = &raw[place..];
        let (read, meant) = match (literal, rest.strip_prefix('\\')) {
            (false, Some(escaped)) => escape(escaped),
            _ => rest.chars().next().map_or((1, 1), |c| (c.len_utf8(), c.len_utf8())),
        };
        if value >= wanted && !(past && meant == 0) {
            break;
        }
        place += read;
        value += meant;
    }
    place
}

/// How many bytes an escape takes in the file, and how many its value has; what follows the backslash is given.
fn escape(after: &str) -> (usize, usize) {
    let code = |digits: usize| {
        let value = after.get(1..=digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        (digits + 2, value.and_then(char::from_u32).map_or(1, char::len_utf8))
    };
    match after.chars().next() {
        Some('u') => code(4),
        Some('U') => code(8),
        Some('x') => code(2),
        // A line's end that is left out, with all white space after it.
        Some(c) if c.is_whitespace() => (1 + after.len() - after.trim_start().len(), 0),
        Some(c) => (1 + c.len_utf8(), 1),
        None => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    // A test may fail loudly.
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_place_in_a_value_is_found_in_the_file() {
        for (raw, word) in [
            ("\"one two\"", "two"),
            ("'one two'", "two"),
            (r#""a == \"ß\" && two""#, "two"),
            (r#""\u00df\t two""#, "two"),
            ("\"\"\"\none\n  two\"\"\"", "two"),
            ("'''one \"x\" two'''", "two"),
            ("\"\"\"one \\\n    two\"\"\"", "two"),
            ("\"größe two\"", "two"),
        ] {
            let table: toml::Table = toml::from_str(&format!("v = {raw}")).unwrap();
            let value = table["v"].as_str().unwrap();
            let start = value.find(word).unwrap();
            let span = place(raw, Span { start: 0, end: raw.len() }, start, start + word.len());
            assert_eq!(&raw[span.start..span.end], word, "{raw}");
        }
    }
}
