//! How far an import came, in a file beside the one that is imported.
//!
//! Invariant: it is written after each handful of documents and when an import stops, as a whole or not at all, and
//! is gone when it went to its end. Losing it costs nothing but time: what is in is not written twice.

use std::{fs, io, path::PathBuf};

use anyhow::Context as _;
use gatewarden_documents::exchange::Cursor;
use gatewarden_model::Hash;

/// The file.
pub(super) struct Kept(PathBuf);

impl Kept {
    /// That of a file which is imported.
    pub(super) fn beside(file: &std::path::Path) -> Self {
        Self(super::beside(file))
    }

    /// What is kept of this very import.
    pub(super) fn read(&self, run: Hash) -> anyhow::Result<Option<Cursor>> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| self.0.display().to_string()),
        };
        let cursor: Cursor =
            serde_json::from_str(&text).with_context(|| self.0.display().to_string())?;
        Ok((cursor.run == run).then_some(cursor))
    }

    /// Writes it.
    pub(super) fn write(&self, cursor: &Cursor) {
        let written = serde_json::to_vec(cursor)
            .map_err(io::Error::from)
            .and_then(|bytes| self.replace(&bytes));
        if let Err(error) = written {
            eprintln!("{}: {error}; to go on later begins at the beginning", self.0.display());
        }
    }

    /// Whoever is killed while he writes leaves the one before.
    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let mut beside = self.0.clone().into_os_string();
        beside.push(".new");
        fs::write(&beside, bytes)?;
        fs::rename(&beside, &self.0)
    }

    /// Takes it away.
    pub(super) fn forget(&self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                eprintln!("{}: {error}", self.0.display());
            }
            _ => {}
        }
    }
}
