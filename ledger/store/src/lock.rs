//! The lock that makes one process the ledger's only writer: an advisory lock on a file beside the
//! database, released by the kernel when the process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use crate::error::StoreError;

/// Longest text about the holder that is read.
const HOLDER_BYTES_MAX: u64 = 200;

/// Holds the lock for as long as it lives.
#[derive(Debug)]
pub(crate) struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock of the ledger at `path`, or says who holds it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let lock = lock_path(path);
        let fail = |source| StoreError::Lock { path: lock.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The text only helps a person; without it the message is still true.
                let _ = file.take(HOLDER_BYTES_MAX).read_to_string(&mut holder);
                let holder = holder.trim().to_owned();
                return Err(StoreError::Locked { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(fail(source)),
        }
        let name = std::env::current_exe().ok();
        let name = name.as_deref().and_then(Path::file_name).unwrap_or_default();
        file.set_len(0).map_err(fail)?;
        file.rewind().map_err(fail)?;
        writeln!(file, "process {} ({})", std::process::id(), name.to_string_lossy())
            .map_err(fail)?;
        Ok(Self { file })
    }
}

/// Whether a process writes the ledger at `path` now. Leaves nothing behind.
pub(crate) fn is_written(path: &Path) -> bool {
    let file = File::open(lock_path(path));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

impl Drop for WriterLock {
    /// Not by closing alone: another thread may be starting a program just now, which has a copy of
    /// the file until it runs, and the lock with it.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the ledger's lock goes when its file closes");
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn it_is_free_when_it_drops_though_a_child_still_has_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let lock = WriterLock::take(&path).unwrap();
        assert!(matches!(WriterLock::take(&path), Err(StoreError::Locked { .. })));
        let inherited = lock.file.try_clone().unwrap();
        drop(lock);
        WriterLock::take(&path).unwrap();
        drop(inherited);
    }
}
