//! How far an import came, in a file beside the one that is imported.
//!
//! Invariant: it is written after every [`KEPT_EVERY`] documents and when an import stops, and is gone when it went
//! to its end. Losing it costs nothing but time: what is in is not written twice.

use std::{fs, io, path::PathBuf};

use anyhow::Context as _;
use gatewarden_documents::exchange::Cursor;
use gatewarden_model::Hash;

/// Documents between two notes.
const KEPT_EVERY: u64 = 100;

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

    /// Writes it every now and then.
    pub(super) fn note(&self, cursor: &Cursor) {
        if cursor.documents > 0 && cursor.documents % KEPT_EVERY == 0 {
            self.write(cursor);
        }
    }

    /// Writes it.
    pub(super) fn write(&self, cursor: &Cursor) {
        let written = serde_json::to_vec(cursor)
            .map_err(io::Error::from)
            .and_then(|bytes| fs::write(&self.0, bytes));
        if let Err(error) = written {
            eprintln!("{}: {error}; to go on later begins at the beginning", self.0.display());
        }
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
