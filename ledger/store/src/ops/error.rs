//! What can keep an operation on a ledger's files from being done, in words that name the file or
//! line and the way out.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{NoteError, StoreError};

/// Why an operation was not done. Nothing that was there before is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// The ledger's key.
    #[error(transparent)]
    Key(#[from] crate::KeyError),
    /// The ledger itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error("failed to {what} {path}: {source}", path = path.display())]
    Io {
        /// `read`, `write`, `rename` and so on.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of an export.
    #[error("line {line}: {why}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// Why it is refused.
        why: String,
    },
    /// A file that must not be there is.
    #[error("{path} is there already: name a new file", path = path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// What was copied or composed is not whole.
    #[error("the copy is not whole: {0}")]
    NotWhole(String),
    /// Signed history would be lost.
    #[error("{why}; to go on without it, say --accept-loss REASON")]
    Loss {
        /// What would be lost.
        why: String,
    },
    /// Two checkpoints contradict each other.
    #[error("two histories: {0}")]
    TwoHistories(String),
    /// A checkpoint that can't be used.
    #[error("the checkpoint {name} can't be used: {source}")]
    Checkpoint {
        /// The file or place it is from.
        name: String,
        /// Why.
        source: NoteError,
    },
    /// The ledger has fewer entries than it signed for, or others.
    #[error("{0}")]
    Refused(String),
}

impl From<rusqlite::Error> for OpsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// An error of a file.
pub(crate) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpsError {
    let path = path.to_owned();
    move |source| OpsError::Io { what, path, source }
}
