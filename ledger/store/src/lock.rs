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
    _file: File,
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
        Ok(Self { _file: file })
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
