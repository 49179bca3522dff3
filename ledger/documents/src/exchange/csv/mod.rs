//! Documents of a CSV, one after the other.
//!
//! Invariants: a document is the rows of one number that stand together; one that comes again further down
//! is refused, with the row in which it was. Memory holds one document. Absent: what a cell says (`cells`),
//! and how rows become a document (`assembly`).

mod opening;
mod rows;

use std::{io::Read, sync::Arc};

pub(super) use self::rows::Row;
use self::rows::Rows;
use super::{
    Settings,
    assembly::Assembly,
    documents::{Parsed, Seen},
    header::Header,
    mistake::{Wrong, wrong},
};

/// A CSV that is being read.
#[derive(Debug)]
pub(super) struct CsvDocuments<R> {
    rows: Rows<R>,
    header: Arc<Header>,
    settings: Settings,
    row: Row,
    is_ahead: bool,
    seen: Seen,
    failed: Option<Parsed>,
    is_over: bool,
}

impl<R: Read> CsvDocuments<R> {
    /// Reads the header.
    pub(super) fn open(input: R, settings: &Settings) -> Self {
        let (mut rows, mut row) = (Rows::new(input), Row::default());
        let (header, failed) = read_header(&mut rows, &mut row, settings);
        let (header, is_over) = (Arc::new(header), failed.is_some());
        let (settings, seen) = (settings.clone(), Seen::default());
        Self { rows, header, settings, row, is_ahead: false, seen, failed, is_over }
    }

    /// The next document; none at the end, and after what nothing can be read beyond.
    pub(super) fn next(&mut self) -> Option<Parsed> {
        if let Some(failed) = self.failed.take() {
            return Some(failed);
        }
        if self.is_over || !self.is_ahead && !self.read() {
            return self.failed.take();
        }
        let mut assembly = Assembly::start(&self.header, &self.settings, &self.row);
        loop {
            assembly.absorb(&self.row);
            self.is_ahead = self.read();
            if !self.is_ahead || !assembly.continues(&self.row) {
                break;
            }
        }
        let parsed = assembly.finish(&mut self.seen, self.failed.is_some());
        self.is_over |= !self.is_ahead || parsed.is_last;
        Some(parsed)
    }

    /// Reads a row that says something.
    fn read(&mut self) -> bool {
        loop {
            match self.rows.next(&mut self.row) {
                Ok(false) => return false,
                Ok(true) if self.row.is_empty() => {}
                Ok(true) => match unreadable(&self.row) {
                    None => return true,
                    Some((at, wrong)) => return self.fail(at, wrong),
                },
                Err(error) => {
                    self.row.row += 1;
                    return self.fail(None, opening::unreadable_file(error));
                }
            }
        }
    }

    fn fail(&mut self, at: Option<usize>, wrong: Wrong) -> bool {
        self.is_over = true;
        self.failed = Some(Parsed::fatal(&self.header, (self.row.row, self.row.line), at, wrong));
        false
    }
}

/// What nothing can be read beyond, and in which cell.
fn unreadable(row: &Row) -> Option<(Option<usize>, Wrong)> {
    if let Some(at) = row.foreign() {
        return Some((Some(at), opening::foreign(row.bytes(at))));
    }
    row.is_unclosed.then(|| {
        let way_out = "close the quotes; a quote within quotes is written twice";
        (
            Some(row.cells - 1),
            wrong("quote-unclosed", "the quotes are open up to the end of the file", way_out),
        )
    })
}

/// The header, or what is wrong with it.
fn read_header<R: Read>(
    rows: &mut Rows<R>,
    row: &mut Row,
    settings: &Settings,
) -> (Header, Option<Parsed>) {
    let fatal = |at, wrong| {
        let header = Arc::new(Header::default());
        (Header::default(), Some(Parsed::fatal(&header, (1, 1), at, wrong)))
    };
    match opening::begin(rows).and_then(|()| rows.next(row).map_err(opening::unreadable_file)) {
        Err(wrong) => return fatal(None, wrong),
        Ok(false) => {
            let way_out = "write the names of the columns in the first row";
            return fatal(None, wrong("file-empty", "there is no header", way_out));
        }
        Ok(true) => {}
    }
    if let Some((at, wrong)) = unreadable(row) {
        return fatal(at, wrong);
    }
    let (header, mistakes) = Header::read(row, settings);
    let failed = (!mistakes.is_empty()).then(|| Parsed::header(mistakes));
    (header, failed)
}
