//! The beginning of a CSV: its encoding and what separates its cells.
//!
//! Invariants: only UTF-8 is read, with or without a byte order mark; anything else is refused with the way
//! out, never guessed, because a wrong guess would be a wrong name in the ledger.

use std::io::{self, Read};

use super::rows::Rows;
use crate::exchange::mistake::{Wrong, wrong};

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
/// What a zip file, and so a workbook (`.xlsx`, `.ods`), begins with.
const ZIP_MARK: &[u8] = b"PK\x03\x04";
/// With which some spreadsheets say the delimiter in a line of its own.
const SEPARATOR: &[u8] = b"sep=";
const WAY_OUT: &str = "save it as \"CSV UTF-8\"";

/// Finds out the delimiter, and what is wrong with the whole of a file.
pub(super) fn begin<R: Read>(rows: &mut Rows<R>) -> Result<(), Wrong> {
    let start = rows.opening().map_err(unreadable_file)?;
    if start.starts_with(ZIP_MARK) {
        return Err(wrong("file-workbook", "this is a workbook and no CSV", WAY_OUT));
    }
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    if UTF16_MARKS.iter().any(|mark| start.starts_with(mark)) || zeros * 4 > start.len() {
        return Err(wrong("encoding-utf16", "the text is in UTF-16, not in UTF-8", WAY_OUT));
    }
    let mark = if start.starts_with(UTF8_MARK) { UTF8_MARK.len() } else { 0 };
    let said = start[mark..].strip_prefix(SEPARATOR).and_then(|rest| match rest {
        [delimiter, b'\n' | b'\r', ..] => Some(*delimiter),
        _ => None,
    });
    let delimiter = said.unwrap_or_else(|| found(&start[mark..]));
    if said.is_some() && !DELIMITERS.contains(&delimiter) {
        let message = "cells are separated by something else than comma, semicolon or tab";
        return Err(wrong("delimiter-unknown", message, WAY_OUT));
    }
    // The row that says it is a row of the spreadsheet: only its text is left out.
    rows.skip(mark + if said.is_some() { SEPARATOR.len() + 1 } else { 0 });
    rows.set_delimiter(delimiter);
    Ok(())
}

/// What stands most often in the first row, outside quotes; the comma where nothing does.
fn found(start: &[u8]) -> u8 {
    let (mut counts, mut is_quoted) = ([0_usize; DELIMITERS.len()], false);
    for byte in start.trim_ascii_start() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            byte if !is_quoted => {
                let at = DELIMITERS.iter().position(|delimiter| delimiter == byte);
                at.into_iter().for_each(|at| counts[at] += 1);
            }
            _ => {}
        }
    }
    let most = counts.iter().max().copied().unwrap_or(0);
    let at = counts.iter().position(|count| *count == most).unwrap_or(0);
    DELIMITERS[at]
}

/// A cell that is no UTF-8.
pub(super) fn foreign(bytes: &[u8]) -> Wrong {
    let mut pairs = bytes.iter().skip_while(|byte| byte.is_ascii());
    let looks_chinese = matches!(
        (pairs.next(), pairs.next()),
        (Some(0x81..=0xfe), Some(0x40..=0x7e | 0x80..=0xfe))
    );
    let seems = if looks_chinese { "; it looks like GBK or GB 18030" } else { "" };
    wrong("encoding-not-utf8", format!("the text is not in UTF-8{seems}"), WAY_OUT)
}

/// The file can't be read on.
pub(super) fn unreadable_file(error: io::Error) -> Wrong {
    let message = format!("the file can't be read on: {error}");
    wrong("file-unreadable", message, "look after the disk or the connection, and import it again")
}
