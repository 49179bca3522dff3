//! Documents out, as CSV or JSON.
//!
//! Invariants: what is written is read again as the same content, or refused to be written; a text that a
//! spreadsheet would evaluate is written behind an apostrophe. Absent: what somebody may not see, which is
//! taken out of the content before it comes here.

use std::io::{self, Write};

use gatewarden_model::{DocumentContent, DocumentLine, StockStatus};

use super::{
    Columns, cells,
    columns::{Column, Head, OfLine, by_kind},
};

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The document has a part that the header has no column for.
    #[error("{0} has more than the header: observe every document before the header is written")]
    Column(String),
    /// There are more columns than an import reads.
    #[error("there are too many columns: export fewer kinds of document at once, or JSON")]
    Columns,
    /// Nothing can be written on.
    #[error("can't write on")]
    Csv(#[from] ::csv::Error),
    /// Nothing can be written on.
    #[error("can't write on")]
    Write(#[from] io::Error),
    /// Nothing can be written on.
    #[error("can't write on")]
    Json(#[from] serde_json::Error),
}

/// Writes a CSV: UTF-8 with a byte order mark, so that spreadsheets read it as such, commas, CR LF.
pub struct CsvExport<W: Write> {
    writer: ::csv::Writer<W>,
    columns: Columns,
    ordered: Vec<Column>,
}

impl<W: Write> CsvExport<W> {
    /// Writes the header.
    pub fn new(mut out: W, columns: Columns) -> Result<Self, ExportError> {
        if !columns.fit() {
            return Err(ExportError::Columns);
        }
        out.write_all(b"\xef\xbb\xbf")?;
        let mut builder = ::csv::WriterBuilder::new();
        let mut writer = builder.terminator(::csv::Terminator::CRLF).from_writer(out);
        let ordered = columns.ordered();
        writer.write_record(ordered.iter().map(Column::name))?;
        Ok(Self { writer, columns, ordered })
    }

    /// Writes a document: a row for each of its lines, or one.
    pub fn put(&mut self, content: &DocumentContent) -> Result<(), ExportError> {
        if !self.columns.hold(content) {
            let document = &content.document;
            let name = format!("{} {}", document.kind.words(), document.number);
            return Err(ExportError::Column(name));
        }
        let mut row: Vec<String> = self.ordered.iter().map(|c| head(content, c)).collect();
        let of_line = self.ordered.iter().position(Column::is_of_line).unwrap_or(row.len());
        if content.lines.is_empty() {
            self.writer.write_record(&row)?;
        }
        for line in &content.lines {
            row.truncate(of_line);
            row.extend(self.ordered[of_line..].iter().map(|column| cell(line, column)));
            self.writer.write_record(&row)?;
        }
        Ok(())
    }

    /// Writes what is still held back, and gives the rest.
    pub fn finish(self) -> Result<W, ExportError> {
        self.writer.into_inner().map_err(|error| ExportError::Write(error.into_error()))
    }
}

fn text(text: &str) -> String {
    cells::guarded(text).into_owned()
}

/// Where a text that is empty is as good as none.
fn plain(value: &str) -> String {
    if value.is_empty() { String::new() } else { text(value) }
}

fn said(value: Option<&String>) -> String {
    value.map(|value| text(value)).unwrap_or_default()
}

fn shown<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn head(content: &DocumentContent, column: &Column) -> String {
    match column {
        Column::Head(head) => match head {
            Head::Kind => content.document.kind.name().to_owned(),
            Head::Number => text(&content.document.number),
            Head::Version => content.version.to_string(),
            Head::Title => plain(&content.title),
            Head::Partner => said(content.partner.as_ref()),
            Head::Date => shown(content.date),
            Head::Due => shown(content.due),
            Head::Requester => said(content.requester.as_ref()),
            Head::Station => said(content.station.as_ref()),
            Head::Note => plain(&content.note),
        },
        Column::Custom { line: false, name } => said(content.custom.get(name)),
        _ if column.is_of_line() => String::new(),
        links => self::links(&content.links, links),
    }
}

fn cell(line: &DocumentLine, column: &Column) -> String {
    match column {
        Column::OfLine(part) => of_line(line, *part),
        Column::Custom { name, .. } => said(line.custom.get(name)),
        links => self::links(&line.links, links),
    }
}

fn of_line(line: &DocumentLine, part: OfLine) -> String {
    let status = |status: StockStatus| match status {
        StockStatus::Available => String::new(),
        other => other.name().to_owned(),
    };
    let place = |place: Option<&gatewarden_model::Location>| {
        place.map(|place| text(place.as_str())).unwrap_or_default()
    };
    match part {
        OfLine::Line => line.line.to_string(),
        OfLine::Item => text(line.item.as_str()),
        OfLine::Quantity => line.quantity.to_string(),
        OfLine::From => place(line.from.as_ref()),
        OfLine::To => place(line.to.as_ref()),
        OfLine::Lot => said(line.lot.as_ref()),
        OfLine::Owner => said(line.owner.as_ref()),
        OfLine::FromStatus => status(line.from_status),
        OfLine::ToStatus => status(line.to_status),
        OfLine::Amount => shown(line.amount),
        OfLine::Due => shown(line.due),
    }
}

/// Links in the columns of their kinds; in the one of all where their order is another.
fn links(links: &[gatewarden_model::DocumentLink], column: &Column) -> String {
    let written = match (column, by_kind(links)) {
        (Column::Link { kind, .. }, true) => {
            cells::links_text(links.iter().filter(|link| link.document.kind == *kind), false)
        }
        (Column::Links { .. }, false) => cells::links_text(links.iter(), true),
        _ => String::new(),
    };
    plain(&written)
}

/// Writes JSON: an array, a document a line.
pub struct JsonExport<W: Write> {
    out: W,
    is_array: bool,
    count: u64,
}

impl<W: Write> JsonExport<W> {
    /// An array, or only a line for each document.
    pub fn new(out: W, is_array: bool) -> Self {
        Self { out, is_array, count: 0 }
    }

    /// Writes a document.
    pub fn put(&mut self, content: &DocumentContent) -> Result<(), ExportError> {
        if self.is_array {
            self.out.write_all(if self.count == 0 { b"[\n" } else { b",\n" })?;
        }
        self.count += 1;
        serde_json::to_writer(&mut self.out, content)?;
        if !self.is_array {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Writes what is still missing, and gives the rest.
    pub fn finish(mut self) -> Result<W, ExportError> {
        if self.is_array {
            self.out.write_all(if self.count == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}
