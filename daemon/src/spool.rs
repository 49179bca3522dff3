//! `spool.db`: the bounded local buffer between the devices and the ledger, and between the ledger
//! and the ERPs.
//!
//! One thread owns the connection. It takes all jobs that wait, runs them in one transaction and
//! answers after the flush (WAL, synchronous=FULL), so a caller that got its answer can't lose it.
//! A pass stands here from its first sighting until the ledger has it; a delivery from the moment
//! its lane saw the movement until the ERP's answer is an entry. Losing the file loses no posted
//! movement: lanes are rebuilt from the journal.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use gatewarden_model::{
    Pass, PassClosing, PassId, PassOpening, SessionId, Sighting, Stamp, StationId,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// Jobs that may wait for the spool's thread; more is back-pressure.
const JOBS_MAX: usize = 1024;
/// Jobs that one transaction takes together.
const GROUP_JOBS_MAX: usize = 256;
/// The file never grows beyond this many pages of 4 KiB (1 GiB).
const PAGES_MAX: u32 = 262_144;

/// Passes that are kept although the ledger refuses them.
const ASIDE_MAX: u32 = 1000;

/// What can go wrong with the buffer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// SQLite said no: disk full, file damaged, no permission.
    #[error("spool: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored record can't be read.
    #[error("spool: a stored record can't be read: {0}")]
    Record(#[from] serde_json::Error),
    /// The bound is reached.
    #[error("spool: {0} passes wait already; the ledger does not take them")]
    Full(u32),
    /// The thread is gone.
    #[error("spool: closed")]
    Closed,
}

type Job = Box<dyn FnOnce(&Transaction<'_>) -> Box<dyn FnOnce(bool) + Send> + Send>;

/// A handle to the buffer; cheap to clone.
#[derive(Clone)]
pub(crate) struct Spool {
    jobs: mpsc::Sender<Job>,
    passes_max: u32,
    failing: Arc<AtomicBool>,
}

/// How far a lane has come; none where it never began.
pub(crate) fn cursor(t: &Transaction<'_>, lane: &str) -> Result<Option<u64>, SpoolError> {
    let mut asked = t.prepare_cached("SELECT cursor FROM lane WHERE name = ?1")?;
    Ok(asked.query_row([lane], |row| row.get(0)).optional()?)
}

/// Keeps how far a lane has come.
pub(crate) fn keep_cursor(t: &Transaction<'_>, lane: &str, cursor: u64) -> Result<(), SpoolError> {
    t.prepare_cached(
        "INSERT INTO lane(name, cursor) VALUES (?1, ?2)
         ON CONFLICT(name) DO UPDATE SET cursor = excluded.cursor",
    )?
    .execute(params![lane, cursor])?;
    Ok(())
}

/// The opening of a pass, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Opening {
    opened: Stamp,
    opened_by: PassOpening,
    session: Option<SessionId>,
}

impl Spool {
    /// Opens or creates the buffer. A damaged file is set aside under another name and a new one
    /// begun, because devices must go on; the caller learns of it by the returned name.
    pub(crate) fn open(path: &Path, passes_max: u32) -> Result<(Self, Option<String>), SpoolError> {
        let (connection, set_aside) = match open_checked(path) {
            Ok(connection) => (connection, None),
            Err(error) if is_damage(&error) => {
                let aside = path.with_extension(format!("damaged-{}", std::process::id()));
                std::fs::rename(path, &aside).map_err(|_| error)?;
                for tail in ["-wal", "-shm"] {
                    let mut name = path.as_os_str().to_owned();
                    name.push(tail);
                    let _ = std::fs::remove_file(name);
                }
                (open_checked(path)?, Some(aside.display().to_string()))
            }
            Err(error) => return Err(error),
        };
        let (jobs, queue) = mpsc::channel(JOBS_MAX);
        let failing = Arc::new(AtomicBool::new(false));
        std::thread::Builder::new()
            .name("spool".into())
            .spawn({
                let failing = Arc::clone(&failing);
                move || serve(connection, queue, &failing)
            })
            .map_err(|_| SpoolError::Closed)?;
        Ok((Self { jobs, passes_max, failing }, set_aside))
    }

    /// Runs `work` in a flushed transaction. An error rolls back this job alone.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, SpoolError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, SpoolError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = in_savepoint(transaction, work);
            Box::new(move |flushed| {
                let result = if flushed { result } else { result.and(Err(not_flushed())) };
                let _ = answer.send(result);
            })
        });
        self.jobs.send(job).await.map_err(|_| SpoolError::Closed)?;
        answered.await.map_err(|_| SpoolError::Closed)?
    }

    /// Begins a pass. Fails with `Full` when the bound is reached.
    pub(crate) async fn open_pass(
        &self,
        pass: PassId,
        station: StationId,
        opened: Stamp,
        opened_by: PassOpening,
        session: Option<SessionId>,
    ) -> Result<(), SpoolError> {
        let bound = self.passes_max;
        self.run(move |t| {
            check_room(t, bound, None)?;
            let head = serde_json::to_string(&Opening { opened, opened_by, session })?;
            t.prepare_cached("INSERT OR IGNORE INTO pass(id, station, head) VALUES (?1, ?2, ?3)")?
                .execute(params![pass.to_string(), station.as_str(), head])?;
            Ok(())
        })
        .await
    }

    /// Adds things seen for the first time in a pass.
    pub(crate) async fn add_sightings(
        &self,
        pass: PassId,
        sightings: Vec<Sighting>,
    ) -> Result<(), SpoolError> {
        self.run(move |t| {
            let mut insert =
                t.prepare_cached("INSERT INTO sighting(pass, body) VALUES (?1, ?2)")?;
            for sighting in &sightings {
                insert.execute(params![pass.to_string(), serde_json::to_string(sighting)?])?;
            }
            Ok(())
        })
        .await
    }

    /// Ends a pass: its final form replaces the single sightings. Fails with `Full` when the pass
    /// found no room at its opening and there is still none.
    pub(crate) async fn close_pass(&self, pass: Pass) -> Result<(), SpoolError> {
        let bound = self.passes_max;
        self.run(move |t| {
            let id = pass.id.to_string();
            check_room(t, bound, Some(&id))?;
            t.prepare_cached(
                "INSERT INTO pass(id, station, head, closed) VALUES (?1, ?2, '', ?3)
                 ON CONFLICT(id) DO UPDATE SET closed = excluded.closed",
            )?
            .execute(params![
                id,
                pass.station.as_str(),
                serde_json::to_string(&pass)?
            ])?;
            t.prepare_cached("DELETE FROM sighting WHERE pass = ?1")?.execute([id])?;
            Ok(())
        })
        .await
    }

    /// Forgets a pass that the ledger has.
    pub(crate) async fn forget_pass(&self, pass: PassId) -> Result<(), SpoolError> {
        self.run(move |t| {
            t.execute("DELETE FROM sighting WHERE pass = ?1", [pass.to_string()])?;
            t.execute("DELETE FROM pass WHERE id = ?1", [pass.to_string()])?;
            Ok(())
        })
        .await
    }

    /// Puts away a pass that the ledger refuses for what it says, with the reason. Fails with
    /// `Full` when [`ASIDE_MAX`] are put away already.
    pub(crate) async fn set_aside(&self, pass: Pass, reason: String) -> Result<(), SpoolError> {
        self.run(move |t| {
            let aside: u32 = t.query_row("SELECT count(*) FROM aside", [], |r| r.get(0))?;
            if aside >= ASIDE_MAX {
                return Err(SpoolError::Full(aside));
            }
            let (id, body) = (pass.id.to_string(), serde_json::to_string(&pass)?);
            t.execute(
                "INSERT OR REPLACE INTO aside(id, station, body, reason) VALUES (?1, ?2, ?3, ?4)",
                params![id, pass.station.as_str(), body, reason],
            )?;
            t.execute("DELETE FROM sighting WHERE pass = ?1", [&id])?;
            t.execute("DELETE FROM pass WHERE id = ?1", [&id])?;
            Ok(())
        })
        .await
    }

    /// All passes that the ledger may not have, in the order of their opening. One that was never
    /// closed comes as `Interrupted`, closed `now`.
    pub(crate) async fn waiting(&self, now: Stamp) -> Result<Vec<Pass>, SpoolError> {
        self.run(move |t| {
            let mut list = Vec::new();
            let mut passes = t.prepare("SELECT id, station, head, closed FROM pass ORDER BY id")?;
            let mut rows = passes.query([])?;
            while let Some(row) = rows.next()? {
                let closed: Option<String> = row.get(3)?;
                list.push(match closed {
                    Some(text) => serde_json::from_str(&text)?,
                    None => {
                        interrupted(t, &row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, now)?
                    }
                });
            }
            Ok(list)
        })
        .await
    }

    /// Whether the last transaction could not be written.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// How many passes wait for the ledger.
    pub(crate) async fn depth(&self) -> Result<u32, SpoolError> {
        self.run(|t| Ok(t.query_row("SELECT count(*) FROM pass", [], |r| r.get(0))?)).await
    }
}

/// Fails if the bound is reached and `present` is not among what is stored.
fn check_room(t: &Transaction<'_>, bound: u32, present: Option<&str>) -> Result<(), SpoolError> {
    let (waiting, known): (u32, bool) = t
        .prepare_cached("SELECT count(*), coalesce(max(id IS ?1), 0) FROM pass")?
        .query_row([present], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if waiting >= bound && !known { Err(SpoolError::Full(waiting)) } else { Ok(()) }
}

fn interrupted(
    t: &Transaction<'_>,
    id: &str,
    station: String,
    head: String,
    now: Stamp,
) -> Result<Pass, SpoolError> {
    let unreadable = |_| SpoolError::Sqlite(rusqlite::Error::InvalidQuery);
    let head: Opening = serde_json::from_str(&head)?;
    let mut bodies = t.prepare_cached("SELECT body FROM sighting WHERE pass = ?1 ORDER BY seq")?;
    let bodies = bodies.query_map([id], |row| row.get::<_, String>(0))?;
    let mut sightings = Vec::new();
    for body in bodies {
        sightings.push(serde_json::from_str(&body?)?);
    }
    Ok(Pass {
        id: id.parse().map_err(|_| SpoolError::Sqlite(rusqlite::Error::InvalidQuery))?,
        station: StationId::parse(&station).map_err(unreadable)?,
        opened: head.opened,
        closed: now,
        opened_by: head.opened_by,
        closed_by: PassClosing::Interrupted,
        session: head.session,
        sightings,
        doubts: vec![],
        strays: 0,
    })
}

fn in_savepoint<T>(
    transaction: &Transaction<'_>,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, SpoolError>,
) -> Result<T, SpoolError> {
    transaction.execute_batch("SAVEPOINT job")?;
    let result = work(transaction);
    let end = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    transaction.execute_batch(end)?;
    result
}

fn not_flushed() -> SpoolError {
    SpoolError::Sqlite(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR),
        Some("the transaction could not be flushed".into()),
    ))
}

fn serve(mut connection: Connection, mut queue: mpsc::Receiver<Job>, failing: &AtomicBool) {
    while let Some(first) = queue.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_JOBS_MAX
            && let Ok(job) = queue.try_recv()
        {
            group.push(job);
        }
        let Ok(transaction) = connection.transaction() else {
            // The answers' senders are dropped with the jobs: every caller sees `Closed`.
            tracing::error!("the spool can't begin a transaction");
            failing.store(true, Ordering::Relaxed);
            continue;
        };
        let answers: Vec<_> = group.into_iter().map(|job| job(&transaction)).collect();
        // A full disk may show at a statement, which ends the transaction, before the commit does.
        let broken = transaction.is_autocommit();
        let flushed = transaction.commit();
        if let Err(error) = &flushed {
            tracing::error!(%error, "the spool could not be flushed");
        }
        failing.store(broken || flushed.is_err(), Ordering::Relaxed);
        answers.into_iter().for_each(|answer| answer(flushed.is_ok()));
    }
}

fn is_damage(error: &SpoolError) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error, SpoolError::Sqlite(e)
        if matches!(e.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)))
}

fn open_checked(path: &Path) -> Result<Connection, SpoolError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "max_page_count", PAGES_MAX)?;
    let verdict: Option<String> =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).optional()?;
    if verdict.as_deref() != Some("ok") {
        return Err(SpoolError::Sqlite(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
            verdict,
        )));
    }
    connection.execute_batch(crate::notices::TABLES)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS pass(
             id TEXT PRIMARY KEY, station TEXT NOT NULL, head TEXT NOT NULL, closed TEXT) STRICT;
         CREATE TABLE IF NOT EXISTS sighting(
             seq INTEGER PRIMARY KEY AUTOINCREMENT, pass TEXT NOT NULL, body TEXT NOT NULL) STRICT;
         CREATE INDEX IF NOT EXISTS sighting_pass ON sighting(pass);
         CREATE TABLE IF NOT EXISTS aside(
             id TEXT PRIMARY KEY, station TEXT NOT NULL, body TEXT NOT NULL,
             reason TEXT NOT NULL) STRICT;
         CREATE TABLE IF NOT EXISTS lane(name TEXT PRIMARY KEY, cursor INTEGER NOT NULL) STRICT;
         CREATE TABLE IF NOT EXISTS delivery(
             lane TEXT NOT NULL, seq INTEGER NOT NULL, movement TEXT NOT NULL,
             document TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
             uncertain INTEGER NOT NULL DEFAULT 0, due_us INTEGER NOT NULL DEFAULT 0,
             reason TEXT, PRIMARY KEY(lane, seq)) STRICT;",
    )?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use uuid::Uuid;

    use super::*;

    fn stamp(us: u64) -> Stamp {
        Stamp { boot: Uuid::nil(), mono_us: us, wall_us: 0, synced: true }
    }

    fn pass(id: u128, station: &str) -> Pass {
        Pass {
            id: PassId(Uuid::from_u128(id)),
            station: StationId::parse(station).unwrap(),
            opened: stamp(1),
            closed: stamp(2),
            opened_by: PassOpening::FirstRead,
            closed_by: PassClosing::Quiet,
            session: None,
            sightings: vec![],
            doubts: vec![],
            strays: 0,
        }
    }

    #[tokio::test]
    async fn a_pass_survives_reopening_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool.db");
        let closed = pass(7, "dock");
        {
            let (spool, _) = Spool::open(&path, 10).unwrap();
            let station = StationId::parse("dock").unwrap();
            let open = PassId(Uuid::from_u128(9));
            spool.open_pass(open, station, stamp(3), PassOpening::FirstRead, None).await.unwrap();
            spool.close_pass(closed.clone()).await.unwrap();
        }
        let (spool, _) = Spool::open(&path, 10).unwrap();
        let waiting = spool.waiting(stamp(5)).await.unwrap();
        assert_eq!(waiting.len(), 2);
        assert_eq!(waiting[0], closed);
        assert_eq!(waiting[1].closed_by, PassClosing::Interrupted);
        spool.forget_pass(closed.id).await.unwrap();
        assert_eq!(spool.depth().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn the_bound_is_told_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(&dir.path().join("spool.db"), 1).unwrap();
        spool.close_pass(pass(1, "dock")).await.unwrap();
        let station = StationId::parse("dock").unwrap();
        let id = PassId(Uuid::from_u128(2));
        let full = spool.open_pass(id, station, stamp(3), PassOpening::FirstRead, None).await;
        assert!(matches!(full, Err(SpoolError::Full(1))));
        assert!(matches!(spool.close_pass(pass(2, "dock")).await, Err(SpoolError::Full(1))));
        spool.close_pass(pass(1, "dock")).await.unwrap();
        assert_eq!(spool.depth().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_pass_that_is_set_aside_waits_no_more_and_is_still_there() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(&dir.path().join("spool.db"), 10).unwrap();
        spool.close_pass(pass(1, "dock")).await.unwrap();
        spool.set_aside(pass(1, "dock"), "too long".into()).await.unwrap();
        assert_eq!(spool.depth().await.unwrap(), 0);
        let kept = spool
            .run(|t| Ok(t.query_row("SELECT body FROM aside", [], |row| row.get::<_, String>(0))?));
        let kept: Pass = serde_json::from_str(&kept.await.unwrap()).unwrap();
        assert_eq!(kept, pass(1, "dock"));
    }

    #[tokio::test]
    async fn a_damaged_file_is_set_aside_and_work_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool.db");
        std::fs::write(&path, vec![0x5a; 8192]).unwrap();
        let (spool, aside) = Spool::open(&path, 1).unwrap();
        assert!(std::fs::read(aside.unwrap()).unwrap().iter().all(|b| *b == 0x5a));
        assert_eq!(spool.depth().await.unwrap(), 0);
    }
}
