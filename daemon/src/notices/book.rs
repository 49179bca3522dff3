//! The queue of notices in `spool.db`: its records, the outcomes that are not in the journal yet, the
//! cursor and the one-time links.

use std::collections::VecDeque;

use gatewarden_model::NoticeSettled;
use gatewarden_notices::Row;
use rusqlite::{Transaction, params};
use serde::Serialize;
use utoipa::ToSchema;

use crate::spool::{self, SpoolError};

/// The cursor's name among the lanes; no adapter's name holds an `@`.
const LANE: &str = "@notices";
/// Rows that are listed at most.
const LISTED_MAX: usize = 1_000;

/// What is on disk.
pub(super) struct Kept {
    pub(super) records: Vec<(String, String)>,
    pub(super) outcomes: VecDeque<(u64, NoticeSettled)>,
    pub(super) cursor: Option<u64>,
}

/// A notice as the API shows it: never its words, which are its receiver's.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct NoticeRow {
    /// Its place in the order.
    id: u64,
    /// The definition.
    notice: String,
    /// The entry that it is about.
    about: u64,
    /// To whom.
    to: String,
    /// The channels that are left; the first is the one.
    channels: Vec<String>,
    /// `waiting`, `sending` or `rejected`.
    state: String,
    /// Tries so far, by this channel.
    attempts: u32,
    /// How often it was escalated before.
    step: u32,
    /// How many further occasions it stands for.
    further: u32,
    /// When it may be sent, in microseconds since 1970.
    due_us: i64,
    /// The last reason of a failure.
    reason: Option<String>,
}

impl NoticeRow {
    /// Whether it is this one, and no channel took it.
    pub(crate) fn is_rejected(&self, id: u64) -> bool {
        self.id == id && self.state == "rejected"
    }
}

impl gatewarden_model::Mask for NoticeRow {
    fn mask(&mut self, rights: &gatewarden_model::FieldRights) {
        if let Some(reason) = &mut self.reason {
            gatewarden_model::mask::foreign(reason, rights);
        }
    }
}

/// Makes the tables.
pub(crate) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS notice(key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS notice_outcome(
        number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS notice_link(
        hash TEXT PRIMARY KEY, link TEXT NOT NULL, expires_us INTEGER NOT NULL,
        used_us INTEGER) STRICT;
    CREATE INDEX IF NOT EXISTS notice_link_of ON notice_link(link);";

/// Reads everything.
pub(super) fn load(t: &Transaction<'_>) -> Result<Kept, SpoolError> {
    let mut records = t.prepare_cached("SELECT key, body FROM notice ORDER BY key")?;
    let records = records.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let records = records.collect::<Result<_, _>>()?;
    let mut all = t.prepare_cached("SELECT number, body FROM notice_outcome ORDER BY number")?;
    let all = all.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut outcomes = VecDeque::new();
    for one in all {
        let (number, body): (u64, String) = one?;
        outcomes.push_back((number, serde_json::from_str(&body)?));
    }
    let cursor = spool::cursor(t, LANE)?;
    Ok(Kept { records, outcomes, cursor })
}

/// Writes what changed; the outcomes as they stand now.
pub(super) fn store(
    t: &Transaction<'_>,
    changes: &[(String, Option<String>)],
    outcomes: &[(u64, NoticeSettled)],
    cursor: Option<u64>,
) -> Result<(), SpoolError> {
    let mut put = t.prepare_cached(
        "INSERT INTO notice(key, body) VALUES (?1, ?2)
         ON CONFLICT(key) DO UPDATE SET body = excluded.body",
    )?;
    let mut remove = t.prepare_cached("DELETE FROM notice WHERE key = ?1")?;
    for (key, body) in changes {
        match body {
            Some(body) => put.execute(params![key, body])?,
            None => remove.execute([key])?,
        };
    }
    t.prepare_cached("DELETE FROM notice_outcome")?.execute([])?;
    let mut insert =
        t.prepare_cached("INSERT INTO notice_outcome(number, body) VALUES (?1, ?2)")?;
    for (number, settled) in outcomes {
        insert.execute(params![number, serde_json::to_string(settled)?])?;
    }
    cursor.map_or(Ok(()), |cursor| spool::keep_cursor(t, LANE, cursor))
}

/// What waits, is being sent or was rejected, in order.
pub(crate) fn rows(t: &Transaction<'_>) -> Result<Vec<NoticeRow>, SpoolError> {
    let mut bodies = t.prepare_cached(
        "SELECT body FROM notice WHERE key >= 'row/' AND key < 'row0' ORDER BY key LIMIT ?1",
    )?;
    let bodies = bodies.query_map([LISTED_MAX], |row| row.get::<_, String>(0))?;
    let mut rows = vec![];
    for body in bodies {
        let row: Row = serde_json::from_str(&body?)?;
        let state = serde_json::to_value(row.state)?;
        rows.push(NoticeRow {
            id: row.id,
            notice: row.notice.to_string(),
            about: row.about,
            to: row.to,
            channels: row.channels,
            state: state.as_str().unwrap_or_default().to_owned(),
            attempts: row.attempts,
            step: row.step,
            further: row.further,
            due_us: row.due_us,
            reason: row.reason,
        });
    }
    Ok(rows)
}
