//! The spool's table of labels: formats of those that are not over, and the newest of those that are, to be shown.
//!
//! Bounded: the engine bounds how many are not over, [`OVER_MAX`] how many others are kept.

use gatewarden_model::LabelId;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::LabelView;
use crate::spool::SpoolError;

/// Labels that are over and still listed; the oldest go first.
const OVER_MAX: i64 = 1_000;

/// The table, and its newest row.
pub(super) fn open(t: &Transaction<'_>) -> Result<i64, SpoolError> {
    t.execute_batch(
        "CREATE TABLE IF NOT EXISTS label_job(
             seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, zpl TEXT NOT NULL, over TEXT) STRICT;",
    )?;
    Ok(t.query_row("SELECT coalesce(max(seq), 0) FROM label_job", [], |row| row.get(0))?)
}

pub(super) fn keep(t: &Transaction<'_>, id: LabelId, zpl: &str) -> Result<(), SpoolError> {
    let insert = "INSERT INTO label_job(id, zpl) VALUES (?1, ?2)";
    t.execute(insert, params![id.to_string(), zpl])?;
    Ok(())
}

/// Only of one that is not over.
pub(super) fn forget(t: &Transaction<'_>, id: LabelId) -> Result<(), SpoolError> {
    t.execute("DELETE FROM label_job WHERE id = ?1 AND over IS NULL", [id.to_string()])?;
    Ok(())
}

/// The format of a label that is not over.
pub(super) fn format(t: &Transaction<'_>, id: LabelId) -> Result<Option<String>, SpoolError> {
    let sql = "SELECT zpl FROM label_job WHERE id = ?1 AND over IS NULL";
    Ok(t.query_row(sql, [id.to_string()], |row| row.get(0)).optional()?)
}

/// A label is over: its format goes.
pub(super) fn over(t: &Transaction<'_>, id: LabelId, view: &LabelView) -> Result<(), SpoolError> {
    let body = serde_json::to_string(view)?;
    t.execute(
        "INSERT INTO label_job(id, zpl, over) VALUES (?1, '', ?2)
         ON CONFLICT(id) DO UPDATE SET zpl = '', over = ?2",
        params![id.to_string(), body],
    )?;
    t.execute(
        "DELETE FROM label_job WHERE over IS NOT NULL AND seq <= (SELECT max(seq) FROM label_job) - ?1",
        [OVER_MAX],
    )?;
    Ok(())
}

/// Rows up to `newest` that were not over when they were written.
pub(super) fn unfinished(t: &Transaction<'_>, newest: i64) -> Result<Vec<LabelId>, SpoolError> {
    let mut rows = t.prepare("SELECT id FROM label_job WHERE over IS NULL AND seq <= ?1")?;
    let ids = rows.query_map([newest], |row| row.get::<_, String>(0))?;
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// The newest of those that are over.
pub(super) fn newest(t: &Transaction<'_>, limit: u32) -> Result<Vec<LabelView>, SpoolError> {
    let sql = "SELECT over FROM label_job WHERE over IS NOT NULL ORDER BY seq DESC LIMIT ?1";
    let mut rows = t.prepare(sql)?;
    let bodies = rows.query_map([limit], |row| row.get::<_, String>(0))?;
    bodies.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use super::*;

    #[test]
    fn a_format_is_there_until_its_label_is_over() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        let t = connection.transaction().unwrap();
        assert_eq!(open(&t).unwrap(), 0);
        let id = |n| LabelId(uuid::Uuid::from_u128(n));
        keep(&t, id(1), "^XA^XZ").unwrap();
        keep(&t, id(2), "^XA^FDx^FS^XZ").unwrap();
        assert_eq!(format(&t, id(1)).unwrap().as_deref(), Some("^XA^XZ"));
        let newest_row = open(&t).unwrap();
        keep(&t, id(3), "^XA^XZ").unwrap();
        assert_eq!(unfinished(&t, newest_row).unwrap(), [id(1), id(2)], "not what came since");
        over(&t, id(1), &LabelView::for_tests(id(1))).unwrap();
        assert_eq!(format(&t, id(1)).unwrap(), None);
        forget(&t, id(1)).unwrap();
        forget(&t, id(2)).unwrap();
        let shown: Vec<_> = newest(&t, 9).unwrap().iter().map(|view| view.id).collect();
        assert_eq!(shown, [id(1).0]);
        assert_eq!(unfinished(&t, i64::MAX).unwrap(), [id(3)]);
    }
}
