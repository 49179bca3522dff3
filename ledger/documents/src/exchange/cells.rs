//! The values of cells, and how they are spelt.
//!
//! Invariants: each value that a cell is read as has a spelling that is read as the same value again; a
//! text that a spreadsheet would take for a formula is written behind an apostrophe, which is taken off
//! when it is read. Absent: which column holds what (`columns`).

use std::borrow::Cow;

use gatewarden_model::{
    Amount, CustomName, Day, DocumentKind, DocumentLink, Hash, ItemId, Location, NOTE_BYTES_MAX,
    StockStatus, field::CUSTOM_BYTES_MAX,
};

use super::{
    NUMBER_BYTES_MAX,
    mistake::{Wrong, shown, wrong},
};

/// What a formula begins with in one spreadsheet or another, full-width forms included.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Stands before a text that is not to be read as a formula.
const GUARD: char = '\'';
/// Between two links of one cell.
const NEXT_LINK: char = '|';
/// Between a link and its line.
const LINK_LINE: &str = "##";
/// Between a link and the digest of its version.
const LINK_DIGEST: &str = "@@";
/// How a link is written where its column says the kind.
pub(super) const LINK_FORM: &str = "NUMBER or NUMBER##LINE";
/// The same where the very version counts.
pub(super) const VERSION_FORM: &str = "NUMBER@@DIGEST or NUMBER##LINE@@DIGEST";
/// What is said of a cell that may hold several.
pub(super) const LINKS_FORM: &str = ", more of them with | between";

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, places].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a spreadsheet might evaluate it.
pub(super) fn is_formula(text: &str) -> bool {
    text.starts_with(FORMULA) && !is_number(text)
}

/// The text as it is written into a cell.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    let guard = match text.strip_prefix(GUARD) {
        None => text.is_empty() || is_formula(text),
        Some(rest) => rest.is_empty() || rest.starts_with(GUARD) || rest.starts_with(FORMULA),
    };
    if guard { Cow::Owned(format!("{GUARD}{text}")) } else { Cow::Borrowed(text) }
}

/// The text that a cell stands for.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix(GUARD) {
        Some(rest) if rest.is_empty() || rest.starts_with(GUARD) || rest.starts_with(FORMULA) => {
            rest
        }
        _ => cell,
    }
}

pub(super) fn kind(text: &str) -> Result<DocumentKind, Wrong> {
    DocumentKind::of_name(text).ok_or_else(|| {
        let names: Vec<_> = DocumentKind::ALL.into_iter().map(DocumentKind::name).collect();
        let way_out = format!("write one of {}", names.join(", "));
        wrong("kind-unknown", format!("{} is no kind of document", shown(text)), way_out)
    })
}

/// A number of a document.
pub(super) fn number(text: &str) -> Result<String, Wrong> {
    let fits = (1..=NUMBER_BYTES_MAX).contains(&text.len()) && text.trim() == text;
    if fits && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let message = format!("{} is no number of a document", shown(text));
    let way_out =
        format!("write 1 to {NUMBER_BYTES_MAX} printable bytes without space around them");
    Err(wrong("number-malformed", message, way_out))
}

/// A whole number that counts something: a version or a line.
pub(super) fn ordinal(text: &str) -> Result<u32, Wrong> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        let message = format!("{} is no whole number from 0 to {}", shown(text), u32::MAX);
        wrong("number-malformed", message, "write digits only, such as 10")
    })
}

pub(super) fn quantity(text: &str) -> Result<i64, Wrong> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if is_whole {
        return text.parse().map_err(|_| {
            let message = format!("{} is beyond 64 bits", shown(text));
            wrong("quantity-too-large", message, "write it smaller, or split the line")
        });
    }
    let message = format!("{} is no whole number of base units", shown(text));
    let way_out = "write digits only, without unit, point, comma or space, such as 1200";
    Err(wrong("quantity-malformed", message, way_out))
}

pub(super) fn amount(text: &str) -> Result<Amount, Wrong> {
    text.parse().map_err(|_| {
        let message = format!("{} is no amount", shown(text));
        let way_out =
            "write a decimal point and no other separators, such as 1234.5, with at most 4 places";
        wrong("amount-malformed", message, way_out)
    })
}

pub(super) fn day(text: &str) -> Result<Day, Wrong> {
    text.parse().map_err(|_| {
        let message = format!("{} is no day", shown(text));
        wrong("day-malformed", message, "write year, month and day as 2026-11-29")
    })
}

pub(super) fn item(text: &str) -> Result<ItemId, Wrong> {
    ItemId::parse(text).map_err(|_| {
        let message = format!("{} is no item's code", shown(text));
        let way_out = "write 1 to 64 printable bytes without space around them";
        wrong("item-malformed", message, way_out)
    })
}

pub(super) fn location(text: &str) -> Result<Location, Wrong> {
    Location::parse(text).map_err(|_| {
        let message = format!("{} is no place", shown(text));
        let way_out = "write a path such as wh1/dock, or @supplier/NAME with one of supplier, \
                       customer, production, subcontractor, loss, transit";
        wrong("place-malformed", message, way_out)
    })
}

pub(super) fn status(text: &str) -> Result<StockStatus, Wrong> {
    StockStatus::ALL.into_iter().find(|status| status.name() == text).ok_or_else(|| {
        let names = StockStatus::ALL.map(StockStatus::name).join(", ");
        let message = format!("{} is no status of stock", shown(text));
        wrong("status-unknown", message, format!("write one of {names}"))
    })
}

pub(super) fn custom_name(text: &str) -> Result<CustomName, Wrong> {
    CustomName::parse(text).map_err(|error| {
        let message = format!("{} is no name of a custom field", shown(text));
        wrong("custom-name-malformed", message, error.rule)
    })
}

fn bounded(text: &str, most: usize) -> Result<String, Wrong> {
    if text.len() <= most {
        return Ok(text.to_owned());
    }
    let message = format!("the text has more than {most} bytes");
    Err(wrong("text-too-long", message, "shorten it, and link what says the rest"))
}

/// A text of its own: what shorter bound it has is a matter of its kind of document.
pub(super) fn text(text: &str) -> Result<String, Wrong> {
    bounded(text, NOTE_BYTES_MAX)
}

pub(super) fn custom(text: &str) -> Result<String, Wrong> {
    bounded(text, CUSTOM_BYTES_MAX)
}

/// What is told of a text that begins like a formula and is no guarded one.
pub(super) fn formula_warning(text: &str) -> Wrong {
    let message = format!("{} begins like a formula; it is kept as text", shown(text));
    wrong("formula-text", message, "write an apostrophe before it if it is meant so")
}

// --- links -------------------------------------------------------------------------------------------

/// A link as a cell says it; with its kind before it in a column of all kinds.
pub(super) fn link_text(link: &DocumentLink, with_kind: bool) -> String {
    let mut out = String::new();
    if with_kind {
        out.push_str(link.document.kind.name());
        out.push(':');
    }
    let number = &link.document.number;
    let hard = |mark: &str| number.contains(mark) || number.ends_with(&mark[..1]);
    let (line, digest) = (hard(LINK_LINE), hard(LINK_DIGEST));
    for c in number.chars() {
        if c == '\\' || c == NEXT_LINK || (c == '#' && line) || (c == '@' && digest) {
            out.push('\\');
        }
        out.push(c);
    }
    if let Some(line) = link.line {
        out.push_str(LINK_LINE);
        out.push_str(&line.to_string());
    }
    if let Some(digest) = &link.digest {
        out.push_str(LINK_DIGEST);
        out.push_str(&digest.to_string());
    }
    out
}

/// All links of a cell.
pub(super) fn links_text<'a>(
    links: impl Iterator<Item = &'a DocumentLink>,
    with_kind: bool,
) -> String {
    links.map(|link| link_text(link, with_kind)).collect::<Vec<_>>().join("|")
}

/// The links that a cell names, of the column's kind or each of its own.
pub(super) fn links(cell: &str, kind: Option<DocumentKind>) -> Result<Vec<DocumentLink>, Wrong> {
    let parts = split_links(cell);
    parts.iter().map(|part| link(part, kind)).collect()
}

/// Cuts at each bar that has no backslash before it.
fn split_links(cell: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in cell.char_indices() {
        if c == NEXT_LINK && !escaped {
            parts.push(&cell[start..at]);
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(&cell[start..]);
    parts
}

fn link(part: &str, of: Option<DocumentKind>) -> Result<DocumentLink, Wrong> {
    let part = part.trim();
    let (of, part) = match of {
        Some(of) => (of, part),
        None => {
            let (name, rest) = part.split_once(':').ok_or_else(|| {
                let message = format!("{} does not say of which kind it is", shown(part));
                wrong("link-malformed", message, "write KIND:NUMBER, such as work-order:W-7")
            })?;
            (kind(name.trim())?, rest)
        }
    };
    let (part, digest) = cut_mark(part, LINK_DIGEST);
    let (part, line) = cut_mark(part, LINK_LINE);
    let digest = digest.map(|text| {
        Hash::parse_hex(text).ok_or_else(|| {
            let message = format!("{} is no digest of a version", shown(text));
            wrong("link-malformed", message, "write 64 hex digits after @@, or nothing")
        })
    });
    let document = gatewarden_model::Document { kind: of, number: number(&unescaped(part))? };
    Ok(DocumentLink { document, line: line.map(ordinal).transpose()?, digest: digest.transpose()? })
}

/// What stands before and after the first mark that no backslash is before.
fn cut_mark<'t>(text: &'t str, mark: &str) -> (&'t str, Option<&'t str>) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && text[at..].starts_with(mark) {
            return (&text[..at], Some(&text[at + mark.len()..]));
        }
        escaped = c == '\\' && !escaped;
    }
    (text, None)
}

/// Without the backslashes that stand before something else that could be a mark.
fn unescaped(text: &str) -> String {
    let (mut out, mut chars) = (String::with_capacity(text.len()), text.chars().peekable());
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && matches!(next, '\\' | '|' | '#' | '@') => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}
