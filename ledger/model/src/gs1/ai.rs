//! Application identifiers: their codes, formats and how they are looked up.

use std::fmt;

use super::table::TABLE;

/// An application identifier's code: 2 to 4 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AiCode {
    digits: [u8; 4],
    len: u8,
}

impl AiCode {
    /// A code written in the source; at most its first four bytes count.
    pub(crate) const fn known(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut digits = [0; 4];
        let mut i = 0;
        while i < bytes.len() && i < 4 {
            digits[i] = bytes[i];
            i += 1;
        }
        Self { digits, len: i as u8 }
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    fn bytes(&self) -> &[u8] {
        self.digits.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// True for the code `text`.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.bytes() == text.as_bytes()
    }

    /// The digits as a number that sorts as they do.
    pub(crate) const fn packed(self) -> u32 {
        u32::from_be_bytes(self.digits)
    }

    /// True where it fits a pattern of the dictionary, in which `n` stands for any digit.
    pub(super) fn fits(&self, pattern: &str) -> bool {
        let own = self.bytes();
        own.len() == pattern.len()
            && own.iter().zip(pattern.bytes()).all(|(d, p)| p == b'n' || *d == p)
    }
}

impl fmt::Display for AiCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AiCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({self})")
    }
}

/// A character set of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    Digits,
    Set82,
    Set39,
    Base64Url,
}

/// A rule on the content of a component (the dictionary's "linters").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    CouponCode,
    CouponOffer,
    Csum,
    CsumAlpha,
    Gcp1,
    Gcp2,
    HasNonDigit,
    Hh,
    Hhmi,
    Hyphen,
    Iban,
    ImporterIndex,
    Iso3166,
    Iso3166Letters,
    Iso3166Or999,
    Iso4217,
    Latitude,
    Longitude,
    Media,
    Mi,
    NoZeroPrefix,
    NonZero,
    PackageType,
    PercentEncoded,
    PieceOfTotal,
    Sequence,
    Sex,
    Ss,
    Winding,
    YesNo,
    Yymmd0,
    Yymmdd,
    Yyyymmdd,
    Zero,
}

/// One component of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) set: Set,
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) optional: bool,
    pub(super) checks: &'static [Check],
}

impl Part {
    pub(super) const fn with(mut self, checks: &'static [Check]) -> Self {
        self.checks = checks;
        self
    }

    pub(super) const fn opt(mut self) -> Self {
        self.optional = true;
        self
    }
}

const fn part(set: Set, min: usize, max: usize) -> Part {
    Part { set, min, max, optional: false, checks: &[] }
}

/// Digits, from `min` to `max` of them.
pub(super) const fn n(min: usize, max: usize) -> Part {
    part(Set::Digits, min, max)
}

/// Characters of set 82.
pub(super) const fn x(min: usize, max: usize) -> Part {
    part(Set::Set82, min, max)
}

/// Characters of set 39.
pub(super) const fn y(min: usize, max: usize) -> Part {
    part(Set::Set39, min, max)
}

/// Characters of base64url.
pub(super) const fn z(min: usize, max: usize) -> Part {
    part(Set::Base64Url, min, max)
}

/// One row of the table: an application identifier or a range of them.
#[derive(Debug)]
pub(super) struct Ai {
    /// The first and the last code as `AiCode::packed` has them.
    pub(super) range: (u32, u32),
    pub(super) first: &'static str,
    pub(super) last: &'static str,
    /// Its end is known without an FNC1 (`*`).
    pub(super) predefined: bool,
    /// It may stand in the query of a Digital Link (`?`).
    pub(super) attribute: bool,
    pub(super) parts: &'static [Part],
    /// Each must be met: alternatives after commas, together with `+`.
    pub(super) needs: &'static [&'static str],
    /// Patterns that it must not stand with.
    pub(super) excludes: &'static str,
    /// For a Digital Link key: its qualifiers in order, alternatives after `|`.
    pub(super) qualifiers: Option<&'static str>,
    pub(super) title: &'static str,
}

/// One row, in the order of the dictionary's columns.
#[expect(clippy::too_many_arguments, reason = "one argument a column keeps the table readable")]
pub(super) const fn ai(
    first: &'static str,
    last: &'static str,
    flags: &'static str,
    parts: &'static [Part],
    needs: &'static [&'static str],
    excludes: &'static str,
    qualifiers: Option<&'static str>,
    title: &'static str,
) -> Ai {
    let (predefined, attribute) = (holds(flags, b'*'), holds(flags, b'?'));
    let range = (AiCode::known(first).packed(), AiCode::known(last).packed());
    Ai { range, first, last, predefined, attribute, parts, needs, excludes, qualifiers, title }
}

const fn holds(flags: &str, flag: u8) -> bool {
    let flags = flags.as_bytes();
    let mut i = 0;
    while i < flags.len() {
        if flags[i] == flag {
            return true;
        }
        i += 1;
    }
    false
}

impl Ai {
    /// The longest value.
    pub(super) fn longest(&self) -> usize {
        self.parts.iter().map(|p| p.max).sum()
    }
}

/// Where the codes that begin with two digits stand. All of them are equally long.
#[derive(Clone, Copy)]
struct Shelf {
    from: u8,
    to: u8,
    length: u8,
}

static SHELVES: [Shelf; 100] = shelves();

const fn shelves() -> [Shelf; 100] {
    let mut out = [Shelf { from: 0, to: 0, length: 0 }; 100];
    let mut i = 0;
    while i < TABLE.len() {
        let (mut at, last) = (two_digits(TABLE[i].first), two_digits(TABLE[i].last));
        while at <= last {
            if out[at].length == 0 {
                out[at].from = i as u8;
                out[at].length = TABLE[i].first.len() as u8;
            }
            out[at].to = i as u8 + 1;
            at += 1;
        }
        i += 1;
    }
    out
}

const fn two_digits(text: &str) -> usize {
    let text = text.as_bytes();
    (text[0] - b'0') as usize * 10 + (text[1] - b'0') as usize
}

/// The assigned code at the beginning of a text, and its row.
fn find(text: &[u8]) -> Option<(AiCode, &'static Ai)> {
    let [a @ b'0'..=b'9', b @ b'0'..=b'9', ..] = text else { return None };
    let shelf = SHELVES[usize::from(a - b'0') * 10 + usize::from(b - b'0')];
    let code = text.get(..usize::from(shelf.length))?;
    let mut digits = [0; 4];
    for (digit, byte) in digits.iter_mut().zip(code) {
        *digit = byte.is_ascii_digit().then_some(*byte)?;
    }
    let rows = TABLE.get(usize::from(shelf.from)..usize::from(shelf.to))?;
    let code = AiCode { digits, len: shelf.length };
    let packed = code.packed();
    let row = rows.iter().find(|row| row.range.0 <= packed && packed <= row.range.1)?;
    Some((code, row))
}

/// The row of a code.
pub(super) fn row(code: AiCode) -> Option<&'static Ai> {
    let text = code.bytes();
    find(text).filter(|(found, _)| *found == code).map(|(_, row)| row)
}

/// An assigned code.
pub(super) fn assigned(text: &str) -> Option<(AiCode, &'static Ai)> {
    find(text.as_bytes()).filter(|(code, _)| code.bytes().len() == text.len())
}

/// The code of a text, where it is assigned.
pub(crate) fn assigned_code(text: &str) -> Option<AiCode> {
    Some(assigned(text)?.0)
}

/// The assigned code at the beginning of a text. No code is a prefix of another.
pub(super) fn leading(text: &str) -> Option<(AiCode, &'static Ai)> {
    find(text.as_bytes())
}

/// The name of an application identifier, such as `BATCH/LOT`.
#[must_use]
pub fn ai_title(code: AiCode) -> Option<&'static str> {
    row(code).map(|row| row.title)
}
