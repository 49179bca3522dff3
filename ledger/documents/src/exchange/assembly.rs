//! Rows of a CSV to one document.
//!
//! Invariants: what stands once in a document stands in its first row, and in the others the same or
//! nothing; every cell is either read or told; all mistakes of a document are told at once. Absent: how
//! bytes become cells (`csv`), what a value must look like (`cells`).

use std::{collections::BTreeSet, sync::Arc};

use gatewarden_model::{DOCUMENT_LINES_MAX, DocumentContent};

use super::{
    CELL_BYTES_MAX, Settings, cells,
    columns::{Column, Head, OfLine},
    csv::Row,
    documents::{Origin, Parsed, Seen, mistakes_of_document},
    fill::{self, LineParts},
    header::Header,
    mistake::{Mistake, Mistakes, Severity, Wrong, shown, wrong},
};

/// A document whose rows are being read.
pub(super) struct Assembly {
    header: Arc<Header>,
    content: DocumentContent,
    /// The cells of its first row that stand once.
    firsts: Vec<String>,
    first_row: u64,
    origin: Origin,
    mistakes: Mistakes,
    numbers: BTreeSet<u32>,
    last: u32,
    lines: usize,
}

impl Assembly {
    /// A document that begins with this row, which is not read yet.
    pub(super) fn start(header: &Arc<Header>, settings: &Settings, row: &Row) -> Self {
        let mut content = fill::nothing();
        content.document.kind = settings.kind.unwrap_or(content.document.kind);
        let is_head = |at: usize| header.0[at].0.as_ref().is_some_and(|c| !c.is_of_line());
        let cell = |at: usize| if is_head(at) { row.cell(at).to_owned() } else { String::new() };
        let firsts: Vec<_> = (0..header.0.len()).map(cell).collect();
        let start = (row.row, row.line);
        let header_of = Some(Arc::clone(header));
        let origin = Origin { start, header: header_of, ..Origin::default() };
        let mut new = Self {
            header: Arc::clone(header),
            content,
            firsts,
            first_row: row.row,
            origin,
            mistakes: mistakes_of_document(),
            numbers: BTreeSet::new(),
            last: 0,
            lines: 0,
        };
        new.heads(row, settings);
        new
    }

    fn tell(&mut self, row: &Row, at: usize, severity: Severity, wrong: Wrong) {
        let start = (row.row, row.line);
        let document = self.origin.document.clone();
        let origin = Origin { start, document, ..Origin::default() };
        let mistake = origin.mistake(None, severity, wrong);
        let column = self.header.name(at).filter(|name| !name.is_empty());
        self.mistakes.push(Mistake { column, column_number: Some(at + 1), ..mistake });
    }

    /// Whether a further row belongs to the same document.
    pub(super) fn continues(&self, row: &Row) -> bool {
        let same = |head| match self.header.at(&Column::Head(head)) {
            Some(at) => row.cell(at).trim() == self.firsts[at].trim(),
            None => true,
        };
        same(Head::Number) && same(Head::Kind)
    }

    /// Reads what stands once in the document, from its first row.
    fn heads(&mut self, row: &Row, settings: &Settings) {
        let header = Arc::clone(&self.header);
        // The number first: mistakes beside it name the document.
        let mut order: Vec<usize> = (0..header.0.len()).collect();
        order.sort_by_key(|at| {
            !matches!(&header.0[*at].0, Some(Column::Head(Head::Kind | Head::Number)))
        });
        for at in order {
            let Some(column) = header.0[at].0.as_ref().filter(|column| !column.is_of_line()) else {
                continue;
            };
            let cell = value(column, row.cell(at));
            let read = match (column, cell) {
                (Column::Head(Head::Number), "") => {
                    let way_out = "write it in every row of the document";
                    Err(wrong("number-missing", "the row has no number of a document", way_out))
                }
                (Column::Head(Head::Kind), "") if settings.kind.is_none() => {
                    let way_out = "write it in every row of the document, such as requisition";
                    Err(wrong("kind-missing", "the row has no kind of document", way_out))
                }
                (_, "") if row.cell(at).trim().is_empty() => Ok(()),
                (Column::Head(head), cell) => fill::head(&mut self.content, *head, cell),
                (Column::Custom { name, .. }, cell) => {
                    fill::custom(&mut self.content.custom, name, cell)
                }
                (Column::Link { kind, .. }, cell) => {
                    cells::links(cell, Some(*kind)).map(|links| self.content.links.extend(links))
                }
                (_, cell) => cells::links(cell, None).map(|links| self.content.links.extend(links)),
            };
            if let Err(wrong) = read {
                self.tell(row, at, Severity::Error, wrong);
            }
            self.warn(row, at, column);
            if !self.content.document.number.is_empty() {
                let document = &self.content.document;
                let name = format!("{} {}", document.kind.words(), document.number);
                self.origin.document = Some(name);
            }
        }
        if let Err(wrong) = fill::links_fit(&self.content.links) {
            self.mistakes.push(self.origin.mistake(Some("links"), Severity::Error, wrong));
        }
    }

    fn warn(&mut self, row: &Row, at: usize, column: &Column) {
        let cell = row.cell(at);
        if is_text(column) && cells::is_formula(cell) {
            self.tell(row, at, Severity::Warning, cells::formula_warning(cell));
        }
    }

    /// Reads a row: its line, and whether what stands once is the same.
    pub(super) fn absorb(&mut self, row: &Row) {
        self.form(row);
        let header = Arc::clone(&self.header);
        if row.row != self.first_row {
            self.same_heads(row, &header);
        }
        let mut parts: Option<LineParts> = None;
        for (at, (column, _)) in header.0.iter().enumerate() {
            let Some(column) = column.as_ref().filter(|column| column.is_of_line()) else {
                continue;
            };
            let cell = row.cell(at);
            if value(column, cell).is_empty() && cell.trim().is_empty() {
                continue;
            }
            let read = set(parts.get_or_insert_default(), column, value(column, cell));
            if let Err(wrong) = read {
                self.tell(row, at, Severity::Error, wrong);
            }
            self.warn(row, at, column);
        }
        if let Some(parts) = parts {
            self.line(row, parts);
        }
    }

    /// What is wrong with the row whatever it says.
    fn form(&mut self, row: &Row) {
        if let Some((at, bytes)) = row.long {
            let message = format!("{bytes} bytes in one cell, at most {CELL_BYTES_MAX} are read");
            let wrong = wrong("cell-too-long", message, "shorten it, and link what says the rest");
            self.tell(row, at, Severity::Error, wrong);
        }
        if let Some(at) = row.stray {
            let message = "the cell goes on after its closing quote";
            let way_out = "write a quote within quotes twice";
            self.tell(row, at, Severity::Error, wrong("quote-stray", message, way_out));
        }
        let named = |at: &usize| self.header.0.get(*at).is_some_and(|(column, _)| column.is_some());
        let stands = |at: &usize| !row.cell(*at).trim().is_empty();
        let foreign = (0..row.len()).find(|at| !named(at) && stands(at));
        let beyond = (row.cells > row.len()).then_some(row.len());
        if let Some(at) = foreign.or(beyond) {
            let message = "a cell stands in a column without a name";
            let way_out = "name the column, or look for a delimiter that is not in quotes";
            self.tell(row, at, Severity::Error, wrong("cell-without-column", message, way_out));
        }
    }

    fn same_heads(&mut self, row: &Row, header: &Header) {
        for at in 0..header.0.len() {
            let Some(column) = header.0[at].0.as_ref().filter(|c| !c.is_of_line()) else {
                continue;
            };
            let (now, first) = (value(column, row.cell(at)), value(column, &self.firsts[at]));
            if !now.is_empty() && now != first {
                let (now, first) = (shown(row.cell(at)), shown(&self.firsts[at]));
                let message = format!("{now} is not {first} of row {}", self.first_row);
                let way_out = "write the same in all rows of the document, or only in its first";
                self.tell(row, at, Severity::Error, wrong("header-differs", message, way_out));
            }
        }
    }

    fn line(&mut self, row: &Row, mut parts: LineParts) {
        self.lines += 1;
        if self.lines > DOCUMENT_LINES_MAX {
            if self.lines == DOCUMENT_LINES_MAX + 1 {
                let message = format!("more than {DOCUMENT_LINES_MAX} lines");
                let wrong = wrong("lines-too-many", message, "split it into several documents");
                self.tell(row, 0, Severity::Error, wrong);
            }
            return;
        }
        let place = |this: &Self, name: &str| this.header.of_path(&format!("lines[0].{name}"));
        for (name, wrong) in parts.missing() {
            let at = place(self, name).map_or(0, |(number, _)| number - 1);
            self.tell(row, at, Severity::Error, wrong);
        }
        if let Err(wrong) = fill::links_fit(&parts.links) {
            let at = place(self, "links").map_or(0, |(number, _)| number - 1);
            self.tell(row, at, Severity::Error, wrong);
        }
        let number = *parts.line.get_or_insert(self.last.checked_add(1));
        if let Some(number) = number {
            self.last = number;
            if !self.numbers.insert(number) {
                let at = place(self, "line").map_or(0, |(number, _)| number - 1);
                let message = format!("line {number} stands twice in the document");
                let wrong = wrong("line-twice", message, "number them apart");
                self.tell(row, at, Severity::Error, wrong);
            }
        }
        if let Some(line) = parts.line() {
            self.content.lines.push(line);
            self.origin.lines.push((row.row, row.line));
        }
    }

    /// The document; `is_cut` where what follows could not be read.
    pub(super) fn finish(mut self, seen: &mut Seen, is_cut: bool) -> Parsed {
        let mut is_last = false;
        let mut found = Vec::new();
        if is_cut {
            let message = "what follows can't be read: nobody knows whether the document goes on";
            found.push(wrong("document-cut", message, "repair the file, and import it again"));
        }
        if !self.content.document.number.is_empty()
            && let Err((wrong, ends)) = seen.once(&self.content.document, self.first_row)
        {
            is_last = ends;
            found.push(wrong);
        }
        for wrong in found {
            self.mistakes.push(self.origin.mistake(Some("number"), Severity::Error, wrong));
        }
        let content = (self.mistakes.errors == 0).then_some(self.content);
        Parsed { content, mistakes: self.mistakes, is_file: false, is_last, origin: self.origin }
    }
}

fn set(parts: &mut LineParts, column: &Column, cell: &str) -> Result<(), Wrong> {
    match column {
        Column::OfLine(part) => parts.set(*part, cell),
        Column::Custom { name, .. } => fill::custom(&mut parts.custom, name, cell),
        Column::Link { kind, .. } => {
            cells::links(cell, Some(*kind)).map(|links| parts.links.extend(links))
        }
        _ => cells::links(cell, None).map(|links| parts.links.extend(links)),
    }
}

/// Whether its values are whatever somebody writes: neither numbers, days, places nor links.
fn is_text(column: &Column) -> bool {
    use Head::{Note, Number, Partner, Requester, Station, Title};
    use OfLine::{Item, Lot, Owner};
    match column {
        Column::Head(head) => {
            matches!(head, Note | Number | Partner | Requester | Station | Title)
        }
        Column::OfLine(part) => matches!(part, Item | Lot | Owner),
        Column::Custom { .. } => true,
        Column::Link { .. } | Column::Links { .. } => false,
    }
}

/// What a cell stands for: space around it counts only in free text.
fn value<'c>(column: &Column, cell: &'c str) -> &'c str {
    match column {
        Column::Head(Head::Title | Head::Note) | Column::Custom { .. } => cells::unguarded(cell),
        _ => cells::unguarded(cell.trim()),
    }
}
