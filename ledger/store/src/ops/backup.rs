//! An online copy of a ledger, taken beside its writer.
//!
//! One snapshot is held while SQLite's backup interface copies page by page, so the writer goes on
//! and the copy is of one moment. It counts only after it was flushed, replayed against its own signed
//! checkpoint, and renamed; a copy that was broken off is begun anew. Absent: where to keep it.

use std::{fs::File, os::unix::fs::MetadataExt, path::Path, time::Duration};

use ed25519_dalek::VerifyingKey;
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{
    error::{OpsError, io_error},
    files,
    witnessed::Standing,
};
use crate::{Report, lock, reader::LedgerReader};

/// Pages copied before others are let at the disk.
const STEP_PAGES: i32 = 256;
/// How long a step that finds the file busy waits.
const BUSY_WAIT: Duration = Duration::from_millis(20);

impl LedgerReader {
    /// Copies the ledger to `path` and verifies the copy with `key`. An older backup of this ledger at
    /// `path` is replaced; anything else there is refused. After an error nothing is at `path` that
    /// was not there before.
    pub fn backup(&self, path: &Path, key: &VerifyingKey) -> Result<Report, OpsError> {
        if path.exists() {
            self.check_older(path)?;
        }
        let part = files::beside(path, ".part");
        // What an earlier try left behind.
        files::discard(&part);
        let done = self.copy(&part).and_then(|()| verified(&part, key)).and_then(|report| {
            files::discard_companions(&part);
            std::fs::rename(&part, path).map_err(io_error("rename", &part))?;
            files::sync_folder(path).map_err(io_error("flush the folder of", path))?;
            Ok(report)
        });
        if done.is_err() {
            files::discard(&part);
        }
        done
    }

    /// What lies where the backup shall go may only be an older backup of the same ledger.
    fn check_older(&self, path: &Path) -> Result<(), OpsError> {
        let own = self.connection.path().map(Path::new);
        if lock::is_written(path) || own.is_some_and(|own| is_same_file(own, path)) {
            let path = path.display();
            return Err(OpsError::Refused(format!(
                "{path} is a ledger in use, not a backup: name a file of its own, best on another disk"
            )));
        }
        let exists = || OpsError::Exists { path: path.to_owned() };
        let older = LedgerReader::open(path).map_err(|_| exists())?;
        if older.origin()? != self.origin()? {
            return Err(exists());
        }
        match older.checkpoint()? {
            None => Ok(()),
            Some(kept) => match self.standing("the backup there", &kept.note)? {
                Standing::Holds => Ok(()),
                Standing::Shorter { .. } => Err(exists()),
                differs => Err(OpsError::TwoHistories(super::witnessed::words_of(
                    &differs,
                    &format!("the backup {}", path.display()),
                ))),
            },
        }
    }

    fn copy(&self, part: &Path) -> Result<(), OpsError> {
        files::create_private(part)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut copy = Connection::open_with_flags(part, flags)?;
        copy.execute_batch("PRAGMA synchronous = OFF")?;
        // With a snapshot held the source does not change, and the copying never begins anew.
        let snapshot = self.connection.unchecked_transaction()?;
        let _: i64 = snapshot.query_row("SELECT count(*) FROM meta", [], |row| row.get(0))?;
        let backup = Backup::new(&self.connection, &mut copy)?;
        loop {
            match backup.step(STEP_PAGES)? {
                StepResult::Done => break,
                StepResult::More => std::thread::yield_now(),
                _ => std::thread::sleep(BUSY_WAIT),
            }
        }
        drop(backup);
        drop(snapshot);
        // One file without a log, so that it can be carried about.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        drop(copy);
        let file = File::open(part).map_err(io_error("open", part))?;
        file.sync_all().map_err(io_error("flush", part))
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let file = |path| std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
    matches!((file(one), file(other)), (Ok(one), Ok(other)) if one == other)
}

/// Replays a copy; an error where it is not whole.
pub(crate) fn verified(copy: &Path, key: &VerifyingKey) -> Result<Report, OpsError> {
    let report = LedgerReader::open(copy)?.verify_with(key, None, None)?;
    match report.findings.first() {
        None => Ok(report),
        Some(first) => Err(OpsError::NotWhole(first.message.clone())),
    }
}
