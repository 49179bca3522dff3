//! Documents in and out as CSV and JSON, through one door for files, the API and ERPs.
//!
//! Invariants: what is exported and imported again has the same digest, or the export is refused; no
//! part of a file is read as something else than it says or left out in silence: what is not understood
//! is a [`Mistake`] with its row, column, code and way out. However long the file, memory holds a
//! handful of documents, a bounded list of mistakes and 24 bytes for each document's number. Absent: what a kind of
//! document must say and who may write it (the [`Sink`] says so), files and clocks.
//!
//! A CSV has one row for each line of a document; the columns of the document are repeated, or empty from
//! its second row on. Names: `kind`, `number`, `version`, `title`, `partner`, `date`, `due`, `requester`,
//! `station`, `note`, `custom.NAME`, `link.KIND`, `links`; of a line `line`, `item`, `quantity`, `from`,
//! `to`, `lot`, `owner`, `from-status`, `to-status`, `amount`, `line.due`, `line.custom.NAME`,
//! `line.link.KIND`, `line.links`. A link is `NUMBER`, `NUMBER##LINE` or `NUMBER@@DIGEST`, more of them with
//! `|` between; in `links` with its kind before it: `work-order:W-7|bom:B-1@@…`.

mod assembly;
mod cells;
mod columns;
mod csv;
mod documents;
mod export;
mod fill;
mod hashing;
mod header;
mod json;
mod mistake;
mod of_kind;
mod run;
mod sink;

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{CustomName, DocumentKind};

pub use columns::Columns;
pub use documents::{Documents, Parsed, documents};
pub use export::{CsvExport, ExportError, JsonExport};
pub use hashing::run_id;
pub use mistake::{Mistake, Mistakes, Severity};
pub use of_kind::{ColumnOf, columns_of};
pub use run::{
    AT_ONCE_MAX, Cursor, ExchangeError, Import, LINES_AT_ONCE_MAX, Mode, Outcome, Report, import,
};
pub use sink::{Fault, Put, Refusal, Sink};

/// Most mistakes that one report lists; the rest are counted.
pub const MISTAKES_MAX: usize = 1_000;
/// Most mistakes of one document that are listed.
pub const DOCUMENT_MISTAKES_MAX: usize = 100;
/// Most columns of a CSV.
pub const COLUMNS_MAX: usize = 256;
/// Longest cell that is kept, in bytes: 64 links with digests fit.
pub const CELL_BYTES_MAX: usize = 16 << 10;
/// Most documents of one file.
pub const DOCUMENTS_MAX: usize = 1_000_000;
/// Most bytes of one document in JSON.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Longest number of a document, in bytes.
pub const NUMBER_BYTES_MAX: usize = 64;

/// How documents are written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One row a line, separated by commas, semicolons or tabs.
    Csv,
    /// One array of documents, or one document after the other.
    Json,
}

/// What a file may leave unsaid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Its format; found out where none is said: JSON begins with `[` or `{`.
    pub format: Option<Format>,
    /// The kind of documents that don't say it.
    pub kind: Option<DocumentKind>,
    /// Custom fields whose columns may be written without `custom.`, such as `class` of an item.
    pub fields: BTreeSet<CustomName>,
    /// What the columns of a foreign file are called here: its name to ours.
    pub names: BTreeMap<String, String>,
}
