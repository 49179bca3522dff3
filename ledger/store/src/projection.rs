//! What the projections hold for an entry: pure functions, used by the writer to fill the tables and
//! by `verify` to compare them. Nothing here reads the database.

use std::borrow::Cow;

use gatewarden_model::{Body, Entry, Movement, MovementLine, entry::ENTRY_VERSION};
use rusqlite::{
    ToSql,
    types::{ToSqlOutput, ValueRef},
};

/// One value of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    /// An integer.
    Int(i64),
    /// A text.
    Text(Cow<'a, str>),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl std::fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(n) => write!(f, "{n}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The columns of `movement`, in the order of `movement_row`.
pub(crate) const MOVEMENT_COLUMNS: [&str; 12] = [
    "seq",
    "id",
    "kind",
    "document_kind",
    "document",
    "task",
    "station",
    "session",
    "operator",
    "auth_level",
    "approved_by",
    "wall_us",
];

/// The columns of `movement_line`, in the order of `line_row`.
pub(crate) const LINE_COLUMNS: [&str; 9] =
    ["seq", "position", "line", "item", "lot", "quantity", "unit", "from_location", "to_location"];

/// The movement that an entry is, if it is one.
pub(crate) fn movement(entry: &Entry) -> Option<&Movement> {
    match &entry.body {
        Body::Moved { movement, .. } => Some(movement),
        _ => None,
    }
}

/// A sequence as SQLite counts: it never reaches 2^63.
pub(crate) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// A sequence or count out of a row. A negative one is an error, not a wrapped number.
pub(crate) fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let n: i64 = row.get(column)?;
    u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, n))
}

/// The row of `movement`.
pub(crate) fn movement_row<'a>(entry: &Entry, movement: &'a Movement) -> [Cell<'a>; 12] {
    let text = |text: &'a str| Cell::Text(Cow::Borrowed(text));
    let owned = |text: String| Cell::Text(Cow::Owned(text));
    [
        Cell::Int(number(entry.seq)),
        owned(movement.id.to_string()),
        text(movement.kind.name()),
        text(movement.document.kind.name()),
        text(&movement.document.number),
        owned(movement.task.map(|task| task.to_string()).unwrap_or_default()),
        text(movement.station.as_ref().map_or("", |station| station.as_str())),
        owned(movement.session.to_string()),
        text(movement.operator.as_str()),
        Cell::Int(movement.auth_level.into()),
        text(&movement.approved_by),
        Cell::Int(entry.at.wall_us),
    ]
}

/// A row of `movement_line`.
pub(crate) fn line_row(seq: u64, position: usize, line: &MovementLine) -> [Cell<'_>; 9] {
    let text = |text| Cell::Text(Cow::Borrowed(text));
    [
        Cell::Int(number(seq)),
        Cell::Int(number(position as u64)),
        Cell::Int(line.line.into()),
        text(line.item.as_str()),
        text(lot(line)),
        Cell::Int(line.quantity),
        text(&line.unit),
        text(line.from.as_str()),
        text(line.to.as_str()),
    ]
}

/// The lot as the tables write it: empty for none.
pub(crate) fn lot(line: &MovementLine) -> &str {
    line.lot.as_deref().unwrap_or_default()
}

/// The rules that hold for an entry by itself. An error is the broken rule, in words.
pub(crate) fn check_entry(entry: &Entry) -> Result<(), String> {
    if entry.v != ENTRY_VERSION {
        return Err(format!("its version is {}, this program writes {ENTRY_VERSION}", entry.v));
    }
    let Some(movement) = movement(entry) else { return Ok(()) };
    if movement.lines.is_empty() && movement.counts.is_empty() {
        return Err(format!("movement {} has no lines", movement.id));
    }
    movement.lines.iter().try_for_each(|line| {
        let place = format!("movement {} line {}", movement.id, line.line);
        if line.quantity <= 0 {
            return Err(format!("{place}: quantity {} is not more than zero", line.quantity));
        }
        if line.from == line.to && line.from_bucket() == line.to_bucket() {
            return Err(format!("{place}: it goes from {} to itself", line.from));
        }
        if line.lot.as_deref() == Some("") {
            return Err(format!("{place}: the lot is empty; leave it out where there is none"));
        }
        Ok(())
    })
}

/// What a line does to the balances: the giving and the taking side, which sum to zero.
pub(crate) fn postings(line: &MovementLine) -> [(&gatewarden_model::Location, i64); 2] {
    [(&line.from, -line.quantity), (&line.to, line.quantity)]
}
