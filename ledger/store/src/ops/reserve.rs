//! Room that is kept for the moment when the disk is full: a file of zeros beside the ledger, given up
//! so that the ledger can still record that it stopped, and made again when there is room.
//!
//! Absent: deciding when (the recorder). A reserve of 0 bytes is never held.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::files;

const CHUNK: usize = 64 * 1024;

/// The reserve of a ledger.
#[derive(Debug, Clone)]
pub struct Reserve {
    path: PathBuf,
    bytes: u64,
}

impl Reserve {
    /// The reserve of the ledger at `ledger`, of so many bytes; nothing is written yet.
    #[must_use]
    pub fn new(ledger: &Path, bytes: u64) -> Self {
        Self { path: ledger.with_extension("reserve"), bytes }
    }

    /// Makes the reserve where it is not held. Fails, and leaves nothing, where there is no room.
    pub fn hold(&self) -> io::Result<()> {
        if self.bytes == 0 || self.is_held() {
            return Ok(());
        }
        let new = files::beside(&self.path, ".new");
        let written = self.fill(&new).and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            // What is left of it would only take the room of others.
            let _ = fs::remove_file(&new);
        }
        written.and_then(|()| files::sync_folder(&self.path))
    }

    /// Gives the reserve up. False where none was held.
    pub fn release(&self) -> io::Result<bool> {
        match fs::remove_file(&self.path) {
            Ok(()) => files::sync_folder(&self.path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn is_held(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|data| data.len() == self.bytes)
    }

    fn fill(&self, new: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(new)?;
        let zeros = [0; CHUNK];
        let mut rest = self.bytes;
        while rest > 0 {
            let part = usize::try_from(rest).unwrap_or(CHUNK).min(CHUNK);
            file.write_all(&zeros[..part])?;
            rest -= part as u64;
        }
        file.sync_all()
    }
}
