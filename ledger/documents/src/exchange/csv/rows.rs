//! Bytes to rows of cells (RFC 4180), with a bound on everything.
//!
//! Read here and not by the `csv` crate, which writes our files and is the peer in this one's tests:
//! it keeps a cell of any length, where this one counts what it does not keep, so that a note of 10 MB
//! is told with its row and column and the rest of the file is still read. Invariants: the cells are
//! those that the crate reads; no more than [`COLUMNS_MAX`] cells of [`CELL_BYTES_MAX`] are held.

use std::io::{self, Read};

use super::super::{CELL_BYTES_MAX, COLUMNS_MAX};

/// Bytes that are read at once; the header must be within the first of them to find the delimiter.
const BUFFER_BYTES: usize = 64 << 10;

/// One row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// As a spreadsheet counts it, from 1.
    pub(crate) row: u64,
    /// The line of the text in which it begins, from 1.
    pub(crate) line: u64,
    /// Cells, those that were not kept included.
    pub(crate) cells: usize,
    /// A cell of which only the beginning was kept, and its bytes in all.
    pub(crate) long: Option<(usize, u64)>,
    /// A cell that goes on after its closing quote.
    pub(crate) stray: Option<usize>,
    /// The file ended within quotes.
    pub(crate) is_unclosed: bool,
    cell_bytes: u64,
}

impl Row {
    fn start(&mut self, row: u64, line: u64) {
        let (mut bytes, mut ends) =
            (std::mem::take(&mut self.bytes), std::mem::take(&mut self.ends));
        bytes.clear();
        ends.clear();
        *self = Self { bytes, ends, row, line, ..Self::default() };
    }

    fn push(&mut self, byte: u8) {
        self.cell_bytes += 1;
        if self.cells < COLUMNS_MAX && self.cell_bytes <= CELL_BYTES_MAX as u64 {
            self.bytes.push(byte);
        }
    }

    fn end_cell(&mut self) {
        if self.cells < COLUMNS_MAX {
            if self.cell_bytes > CELL_BYTES_MAX as u64 {
                // A character may have been cut in two.
                let start = self.ends.last().copied().unwrap_or(0);
                while self.bytes.len() > start && self.bytes.pop().is_some_and(|b| b & 0xc0 == 0x80)
                {
                }
                self.long = self.long.or(Some((self.cells, self.cell_bytes)));
            }
            self.ends.push(self.bytes.len());
        }
        self.cells += 1;
        self.cell_bytes = 0;
    }

    fn bounds(&self, at: usize) -> (usize, usize) {
        let end = self.ends.get(at).copied().unwrap_or(0);
        (if at == 0 { 0 } else { self.ends.get(at - 1).copied().unwrap_or(0) }, end)
    }

    /// The first cell that is no UTF-8, if any.
    pub(crate) fn foreign(&self) -> Option<usize> {
        let cells = || (0..self.ends.len()).map(|at| self.bounds(at));
        let whole = std::str::from_utf8(&self.bytes);
        if let Ok(text) = whole {
            return cells().position(|(_, end)| !text.is_char_boundary(end));
        }
        cells().position(|(start, end)| std::str::from_utf8(&self.bytes[start..end]).is_err())
    }

    /// The bytes of a cell.
    pub(crate) fn bytes(&self, at: usize) -> &[u8] {
        let (start, end) = self.bounds(at);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The text of a cell, empty where there is none.
    pub(crate) fn cell(&self, at: usize) -> &str {
        std::str::from_utf8(self.bytes(at)).unwrap_or_default()
    }

    /// Whether nothing stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many cells were kept.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// The rows of a file.
#[derive(Debug)]
pub(crate) struct Rows<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    delimiter: u8,
    row: u64,
    line: u64,
    is_after_return: bool,
}

enum State {
    Start,
    Plain,
    Quoted,
    Closed,
}

impl<R: Read> Rows<R> {
    /// Nothing is read yet; cells are separated by commas.
    pub(crate) fn new(input: R) -> Self {
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        let (delimiter, is_after_return) = (b',', false);
        Self { input, buffer, at: 0, delimiter, row: 0, line: 1, is_after_return }
    }

    /// The first bytes, at most 64 KiB, which are still to be told.
    pub(crate) fn opening(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        Ok(&self.buffer)
    }

    /// Leaves out so many bytes of the opening.
    pub(crate) fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.buffer.len());
    }

    /// Cells are separated by this.
    pub(crate) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.at = 0;
        self.input.by_ref().take(BUFFER_BYTES as u64).read_to_end(&mut self.buffer)?;
        Ok(())
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        if self.at == self.buffer.len() {
            self.fill()?;
        }
        let byte = self.buffer.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    /// Reads the next row that is not blank; false at the end.
    pub(crate) fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        loop {
            let Some(first) = self.first_byte()? else { return Ok(false) };
            self.row += 1;
            row.start(self.row, self.line);
            if !self.ends_row(first) {
                self.rest(row, first)?;
                return Ok(true);
            }
        }
    }

    /// The first byte of a row: a line feed after a carriage return is none.
    fn first_byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.byte()?;
        let is_second = std::mem::take(&mut self.is_after_return) && byte == Some(b'\n');
        if is_second { self.byte() } else { Ok(byte) }
    }

    fn ends_row(&mut self, byte: u8) -> bool {
        let ends = matches!(byte, b'\n' | b'\r');
        self.is_after_return = byte == b'\r';
        self.line += u64::from(ends);
        ends
    }

    fn rest(&mut self, row: &mut Row, first: u8) -> io::Result<()> {
        let (mut state, mut next) = (State::Start, Some(first));
        while let Some(byte) = next {
            state = match (state, byte) {
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, byte) => {
                    self.line += u64::from(byte == b'\n');
                    row.push(byte);
                    State::Quoted
                }
                (State::Start, b'"') => State::Quoted,
                (State::Closed, b'"') => {
                    row.push(b'"');
                    State::Quoted
                }
                (_, byte) if byte == self.delimiter => {
                    row.end_cell();
                    State::Start
                }
                (_, byte) if self.ends_row(byte) => {
                    row.end_cell();
                    return Ok(());
                }
                (state, byte) => {
                    if matches!(state, State::Closed) {
                        row.stray = row.stray.or(Some(row.cells));
                    }
                    row.push(byte);
                    State::Plain
                }
            };
            next = self.byte()?;
        }
        row.is_unclosed = matches!(state, State::Quoted);
        row.end_cell();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use proptest::prelude::*;

    use super::*;

    fn ours(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut rows = Rows::new(text);
        let (mut row, mut all) = (Row::default(), Vec::new());
        while rows.next(&mut row).unwrap() {
            all.push((0..row.len()).map(|at| row.bytes(at).to_vec()).collect());
        }
        all
    }

    fn peers(text: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut reader =
            ::csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text);
        reader.byte_records().map(|r| r.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
    }

    proptest! {
        #[test]
        fn the_cells_are_those_that_a_peer_reads(text in "([ab,\"\n\r]|\r\n|,\"){0,40}") {
            prop_assert_eq!(ours(text.as_bytes()), peers(text.as_bytes()));
        }
    }

    #[test]
    fn a_long_cell_is_counted_and_the_rest_is_read() {
        let text = format!("a,{}\nb,c\n", "é".repeat(5 << 20));
        let mut rows = Rows::new(text.as_bytes());
        let mut row = Row::default();
        assert!(rows.next(&mut row).unwrap());
        assert_eq!((row.long, row.foreign()), (Some((1, 10 << 20)), None));
        assert!(row.bytes(1).len() <= CELL_BYTES_MAX);
        assert!(rows.next(&mut row).unwrap() && row.long.is_none());
        assert_eq!((row.cell(0), row.cell(1), row.row, row.line), ("b", "c", 2, 2));
        assert!(!rows.next(&mut row).unwrap());
    }

    #[test]
    fn rows_and_lines_are_counted_apart() {
        let mut rows = Rows::new(&b"a,\"x\ny\"\r\n\r\nb,\"open"[..]);
        let mut row = Row::default();
        let mut places = Vec::new();
        while rows.next(&mut row).unwrap() {
            places.push((row.row, row.line, row.is_unclosed));
        }
        assert_eq!(places, [(1, 1, false), (3, 4, true)]);
    }
}
