//! Compares `movement` and `movement_line` with the journal, entry by entry, and says in a
//! warehouse's words what differs.

use std::borrow::Cow;

use gatewarden_model::{Entry, Movement};
use rusqlite::{Connection, types::ValueRef};

use super::{Findings, What};
use crate::{
    StoreError,
    projection::{
        Cell, LINE_COLUMNS, MOVEMENT_COLUMNS, line_row, movement, movement_row, number, unsigned,
    },
};

type Row = Vec<Cell<'static>>;

/// Both tables, read beside the journal.
pub(super) struct MovementTables<'a> {
    connection: &'a Connection,
    select_movement: String,
    select_lines: String,
    /// Rows met so far, to notice rows that belong to no movement.
    met: (u64, u64),
}

/// One thing in which a table and the journal differ.
struct Difference {
    /// The document's line, where it is about one.
    line: Option<u32>,
    /// What the table says, such as `quantity is 42 in movement_line`.
    table: String,
    /// The same after "still": `movement_line still says quantity 42`.
    still: String,
    /// What the journal says, such as `24`.
    journal: String,
}

impl<'a> MovementTables<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        let select = |table: &str, columns: &[&str], order: &str| {
            format!("SELECT {} FROM {table} WHERE seq = ?1 ORDER BY {order}", columns.join(", "))
        };
        Self {
            connection,
            select_movement: select("movement", &MOVEMENT_COLUMNS, "seq"),
            select_lines: select("movement_line", &LINE_COLUMNS, "position"),
            met: (0, 0),
        }
    }

    /// Compares what both tables say of an entry. `intact` is whether its bytes fit the tree.
    pub(super) fn compare(
        &mut self,
        entry: &Entry,
        intact: bool,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let differences = match movement(entry) {
            Some(movement) => {
                let (head, lines) = self.rows(entry.seq)?;
                self.met.0 += head.len() as u64;
                self.met.1 += lines.len() as u64;
                differences(entry, movement, &head, &lines)
            }
            // Rows that hang on to it are told by the count at the end, unless it was changed.
            None if intact => return Ok(()),
            None => Vec::new(),
        };
        if intact {
            for found in differences {
                let name = entry_name(entry, found.line);
                let message =
                    format!("{name}: {}, the journal says {}", found.table, found.journal);
                findings.add(Some(entry.seq), What::Movement, message);
            }
            return Ok(());
        }
        let line = differences.first().and_then(|difference| difference.line);
        let mut message = format!("{}: its bytes do not match the tree", entry_name(entry, line));
        for found in &differences {
            message.push_str(&format!("; {}, the bytes say {}", found.still, found.journal));
        }
        findings.add(Some(entry.seq), What::Bytes, message);
        Ok(())
    }

    /// What the tables say of an entry that can't be read, to end a sentence; empty for nothing.
    pub(super) fn words(&mut self, seq: u64) -> Result<String, StoreError> {
        let (head, lines) = self.rows(seq)?;
        self.met.0 += head.len() as u64;
        self.met.1 += lines.len() as u64;
        let mut parts: Vec<String> =
            head.iter().map(|row| format!("movement {} on {}", row[1], row[4])).collect();
        parts.extend(lines.iter().map(|row| {
            format!("{} {} of {} from {} to {}", row[5], row[6], row[3], row[7], row[8])
        }));
        if parts.is_empty() {
            return Ok(String::new());
        }
        Ok(format!("; the tables still say: {}", parts.join(", ")))
    }

    /// Reports rows that belong to no movement of the journal.
    pub(super) fn strays(&self, findings: &mut Findings) -> Result<(), StoreError> {
        for (table, met) in [("movement", self.met.0), ("movement_line", self.met.1)] {
            let count = format!("SELECT count(*) FROM {table}");
            if self.connection.query_row(&count, [], |row| unsigned(row, 0))? == met {
                continue;
            }
            // Only now, because it reads every entry.
            let sql = format!(
                "SELECT DISTINCT seq FROM {table} WHERE seq NOT IN \
                 (SELECT seq FROM entry WHERE json_valid(bytes) \
                  AND bytes ->> '$.body.kind' = 'moved') ORDER BY seq"
            );
            let mut statement = self.connection.prepare(&sql)?;
            let seqs = statement.query_map([], |row| unsigned(row, 0))?;
            for seq in seqs.collect::<Result<Vec<u64>, _>>()? {
                if !findings.about(seq) {
                    let message = format!(
                        "entry {seq}: {table} has a row for it, but the journal has no such movement"
                    );
                    findings.add(Some(seq), What::Movement, message);
                }
            }
        }
        Ok(())
    }

    fn rows(&self, seq: u64) -> Result<(Vec<Row>, Vec<Row>), StoreError> {
        let read = |sql: &str, columns: usize| -> Result<Vec<Row>, StoreError> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map([number(seq)], |row| {
                (0..columns).map(|i| row.get_ref(i).map(cell)).collect::<Result<Row, _>>()
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        let head = read(&self.select_movement, MOVEMENT_COLUMNS.len())?;
        Ok((head, read(&self.select_lines, LINE_COLUMNS.len())?))
    }
}

fn cell(value: ValueRef<'_>) -> Cell<'static> {
    match value {
        ValueRef::Integer(n) => Cell::Int(n),
        ValueRef::Text(text) => Cell::Text(Cow::Owned(String::from_utf8_lossy(text).into_owned())),
        // STRICT tables hold neither; whatever it is, it differs from what the journal says.
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Text("(unreadable)".into()),
    }
}

fn differences(entry: &Entry, movement: &Movement, head: &[Row], lines: &[Row]) -> Vec<Difference> {
    let mut found = Vec::new();
    let row = movement_row(entry, movement);
    columns("movement", &MOVEMENT_COLUMNS, None, head.first(), Some(&row), &mut found);
    for (position, line) in movement.lines.iter().enumerate() {
        let row = line_row(entry.seq, position, line);
        let stored = lines.iter().find(|stored| stored[1] == row[1]);
        columns("movement_line", &LINE_COLUMNS, Some(line.line), stored, Some(&row), &mut found);
    }
    let last = number(movement.lines.len() as u64);
    for stray in
        lines.iter().filter(|row| !matches!(row[1], Cell::Int(n) if (0..last).contains(&n)))
    {
        columns("movement_line", &LINE_COLUMNS, None, Some(stray), None, &mut found);
    }
    found
}

fn columns(
    table: &str,
    names: &[&str],
    line: Option<u32>,
    stored: Option<&Row>,
    journal: Option<&[Cell<'_>]>,
    found: &mut Vec<Difference>,
) {
    let mut add = |table: String, still: String, journal: String| {
        found.push(Difference { line, table, still, journal });
    };
    match (stored, journal) {
        (Some(stored), Some(journal)) => {
            for ((name, stored), journal) in names.iter().zip(stored).zip(journal) {
                if stored != journal {
                    add(
                        format!("{name} is {} in {table}", shown(stored)),
                        format!("{table} still says {name} {}", shown(stored)),
                        shown(journal),
                    );
                }
            }
        }
        (None, Some(journal)) => {
            let row = row_words(names, journal);
            add(format!("its row in {table} is missing"), format!("{table} has no row"), row);
        }
        (Some(stored), None) => {
            let row = row_words(names, stored);
            add(
                format!("{table} has a row more ({row})"),
                format!("{table} has a row more ({row})"),
                "nothing of it".into(),
            );
        }
        (None, None) => {}
    }
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) if text.is_empty() => "empty".into(),
        other => other.to_string(),
    }
}

fn row_words(names: &[&str], row: &[Cell<'_>]) -> String {
    let parts = names.iter().zip(row).skip(1).map(|(name, cell)| format!("{name} {}", shown(cell)));
    parts.collect::<Vec<_>>().join(", ")
}

/// How a person would call an entry: `entry 57 (movement …, PO 4500001 line 10)`.
fn entry_name(entry: &Entry, line: Option<u32>) -> String {
    let Some(movement) = movement(entry) else { return format!("entry {}", entry.seq) };
    let document = movement.document.kind.words();
    let line = line.map(|line| format!(" line {line}")).unwrap_or_default();
    let number = &movement.document.number;
    format!("entry {} (movement {}, {document} {number}{line})", entry.seq, movement.id)
}
