//! Symbology identifiers (ISO/IEC 15424) and the ways in which FNC1 reaches us where a scanner, a
//! driver or a person could not send the byte 0x1D.

use std::borrow::Cow;

use super::{FNC1, Gs1Error};

/// "Another symbology": a bar code, and nothing is told of which kind.
pub(super) const OTHER: &str = "]X0";
/// Spellings of FNC1 that no GS1 data can hold by chance.
const SPELLINGS: [&str; 12] = [
    "<GS>", "{GS}", "<FNC1>", "{FNC1}", "[FNC1]", "\\x1d", "\\x1D", "\\u001d", "\\u001D", "\\F",
    "&#29;", "\u{241d}",
];
/// Spellings that count only where the data begins with them: none of their characters belongs to
/// GS1 data, but a text of another kind may well hold them.
const LEADERS: [&str; 3] = ["^", "~1", "~d029"];
/// The envelope of ISO/IEC 15434 around GS1 data (format 05), and its end.
const ENVELOPE: (&str, &str) = ("[)>\u{1e}05\u{1d}", "\u{1e}\u{4}");

/// The text with every spelled FNC1 as the byte 0x1D.
#[must_use]
pub fn respell(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for spelling in SPELLINGS {
        if out.contains(spelling) {
            out = Cow::Owned(out.replace(spelling, "\u{1d}"));
        }
    }
    if let Some(inner) = out.strip_prefix(ENVELOPE.0) {
        out = Cow::Owned(format!("{FNC1}{}", inner.trim_end_matches(['\u{4}', '\u{1e}'])));
    }
    out
}

/// The same for a text that begins with one of the spellings that may be chance.
pub(super) fn respell_led(text: &str) -> Option<String> {
    let leader = LEADERS.iter().find(|l| text.starts_with(**l))?;
    Some(text.replace(leader, "\u{1d}"))
}

/// Splits the symbology identifier from a scan that may begin with one.
pub fn split_aim(text: &str) -> Result<(Option<&str>, &str), Gs1Error> {
    if !text.starts_with(']') {
        return Ok((None, text));
    }
    let wrong = || Gs1Error::UnknownSymbology(text.chars().take(3).collect());
    let (aim, rest) = text.split_at_checked(3).ok_or_else(wrong)?;
    let known = matches!(aim.as_bytes(), [_, code, modifier]
        if code.is_ascii_alphabetic() && modifier.is_ascii_hexdigit());
    if known { Ok((Some(aim), rest)) } else { Err(wrong()) }
}

/// True where the identifier says that the data are GS1 elements.
pub(super) fn is_gs1(aim: &str) -> bool {
    matches!(
        aim,
        "]C1" | "]e0" | "]e1" | "]e2" | "]e3" | "]d2" | "]d5" | "]Q3" | "]Q4" | "]J1" | "]J4"
    )
}

/// The name of the symbology of an identifier such as `]C1`.
#[must_use]
pub fn symbology_name(aim: &str) -> Option<&'static str> {
    let [b']', code, modifier] = aim.as_bytes() else { return None };
    Some(match (code, modifier) {
        (b'A', _) => "Code 39",
        (b'B', _) => "Telepen",
        (b'C', b'1') => "GS1-128",
        (b'C', _) => "Code 128",
        (b'D', _) => "Code One",
        (b'E', b'4') => "EAN-8",
        (b'E', b'1' | b'2') => "EAN/UPC add-on",
        (b'E', _) => "EAN-13 or UPC",
        (b'F', _) => "Codabar",
        (b'G', _) => "Code 93",
        (b'H', _) => "Code 11",
        (b'I', _) => "Interleaved 2 of 5",
        (b'J', b'1' | b'4') => "GS1 DotCode",
        (b'J', _) => "DotCode",
        (b'K', _) => "Code 16K",
        (b'L', _) => "PDF417",
        (b'M', _) => "MSI",
        (b'N', _) => "Anker",
        (b'O', _) => "Codablock",
        (b'P', _) => "Plessey",
        (b'Q', b'3' | b'4') => "GS1 QR Code",
        (b'Q', _) => "QR Code",
        (b'R' | b'S', _) => "Straight 2 of 5",
        (b'T', _) => "Code 49",
        (b'U', _) => "MaxiCode",
        (b'X', _) => "another symbology",
        (b'Z', _) => "no barcode",
        (b'c', _) => "Channel Code",
        (b'd', b'2' | b'5') => "GS1 DataMatrix",
        (b'd', _) => "Data Matrix",
        (b'e', b'1'..=b'3') => "GS1 Composite",
        (b'e', _) => "GS1 DataBar",
        (b'g', _) => "Grid Matrix",
        (b'h', _) => "Han Xin",
        (b'o', _) => "OCR",
        (b'p', _) => "PosiCode",
        (b's', _) => "SuperCode",
        (b'z', _) => "Aztec",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnc1_is_read_however_it_was_spelled() {
        for text in [
            "<GS>10A<GS>21B",
            "{GS}10A{GS}21B",
            "\\x1d10A\\x1d21B",
            "{FNC1}10A\\u001d21B",
            "\u{241d}10A&#29;21B",
            "[)>\u{1e}05\u{1d}10A\u{1d}21B\u{1e}\u{4}",
        ] {
            assert_eq!(respell(text), "\u{1d}10A\u{1d}21B", "{text}");
        }
        assert_eq!(respell("A^B~1C"), "A^B~1C");
        assert_eq!(respell_led("^10A^21B").as_deref(), Some("\u{1d}10A\u{1d}21B"));
        assert_eq!(respell_led("~110A~121B").as_deref(), Some("\u{1d}10A\u{1d}21B"));
        assert_eq!(respell_led("10A^21B"), None);
    }

    #[test]
    fn symbologies_have_names() {
        assert_eq!(symbology_name("]C1"), Some("GS1-128"));
        assert_eq!(symbology_name("]d1"), Some("Data Matrix"));
        assert_eq!(symbology_name("]Q3"), Some("GS1 QR Code"));
        assert_eq!(symbology_name("]y0"), None);
        assert_eq!(symbology_name("C1"), None);
    }
}
