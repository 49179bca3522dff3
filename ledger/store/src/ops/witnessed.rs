//! What was signed and may have been seen by others, kept beside the database and not in it: the
//! newest checkpoint, and the newest that a witness cosigned.
//!
//! A database that was replaced by an older one, or lost its tail, contradicts this file: `check` says
//! so before anything is written on top, which would make two histories. Whoever can replace the
//! database may replace this file too; against him stand the checkpoints at the witnesses.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gatewarden_model::Hash;
use serde::{Deserialize, Serialize};

use super::{
    error::{OpsError, io_error},
    files,
};
use crate::{
    merkle,
    note::{Checkpoint, NoteError},
    reader::{LedgerReader, Nodes},
};

/// Longest file that is read.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The checkpoints that were given away, or may have been.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witnessed {
    /// The newest signed checkpoint, a signed note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// The newest one with the cosignatures that the policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosigned: Option<String>,
}

/// The file of the ledger at `path`: `ledger.witnessed` beside `ledger.db`.
#[must_use]
pub fn witnessed_path(path: &Path) -> PathBuf {
    path.with_extension("witnessed")
}

impl Witnessed {
    /// Reads the file of the ledger at `path`; empty where there is none.
    pub fn load(path: &Path) -> Result<Self, OpsError> {
        let file = witnessed_path(path);
        match fs::metadata(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Ok(data) if data.len() > FILE_BYTES_MAX => {
                let source = io::Error::new(io::ErrorKind::InvalidData, "it is too long");
                return Err(OpsError::Io { what: "read", path: file, source });
            }
            _ => {}
        }
        let text = fs::read_to_string(&file).map_err(io_error("read", &file))?;
        let parsed = serde_json::from_str(&text);
        parsed.map_err(io::Error::from).map_err(io_error("read", &file))
    }

    /// Writes the file of the ledger at `path`, whole and flushed.
    pub fn store(&self, path: &Path) -> Result<(), OpsError> {
        let file = witnessed_path(path);
        let mut text = serde_json::to_string(self)
            .map_err(io::Error::from)
            .map_err(io_error("write", &file))?;
        text.push('\n');
        files::replace(&file, text.as_bytes()).map_err(io_error("write", &file))
    }

    /// The notes, the newest last, each with a name for messages.
    pub fn notes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let cosigned = self.cosigned.as_deref().map(|note| ("the last cosigned checkpoint", note));
        let newest = self.newest.as_deref().map(|note| ("the last signed checkpoint", note));
        cosigned.into_iter().chain(newest)
    }
}

/// Notes the newest checkpoint of the ledger at `path` in its file, if it is newer than what stands
/// there. Cheap where nothing is new.
pub fn note_newest(path: &Path, reader: &LedgerReader) -> Result<(), OpsError> {
    let Some(newest) = reader.checkpoint()? else { return Ok(()) };
    let mut known = Witnessed::load(path)?;
    if known.newest.as_deref() == Some(newest.note.as_str()) {
        return Ok(());
    }
    known.newest = Some(newest.note);
    known.store(path)
}

/// How a ledger stands to a checkpoint that was kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has all that the checkpoint covers.
    Holds,
    /// It has only so many entries of those that the checkpoint covers.
    Shorter {
        /// How many.
        has: u64,
        /// How many the checkpoint covers.
        covers: u64,
    },
    /// It has as many, but others.
    Differs {
        /// The size at which the roots differ.
        size: u64,
        /// The checkpoint's root.
        signed: Hash,
        /// The ledger's root at that size.
        found: Hash,
    },
}

/// The checkpoint that a note shows. Its signature is not checked: a note of another log, or one that
/// nobody signed, can only make an operator look, never be accepted as proof.
pub(crate) fn read_note(note: &str) -> Result<Checkpoint, NoteError> {
    let blank = note.rfind("\n\n").ok_or(NoteError::Shape("no blank line"))?;
    Checkpoint::parse(&note[..=blank])
}

impl LedgerReader {
    /// How this ledger stands to a signed note, whose signature is not checked here.
    pub fn standing(&self, name: &str, note: &str) -> Result<Standing, OpsError> {
        let fail = |source| OpsError::Checkpoint { name: name.to_owned(), source };
        let kept = read_note(note).map_err(fail)?;
        let origin = self.origin()?;
        if kept.origin != origin {
            return Err(fail(NoteError::Origin { expected: origin, found: kept.origin }));
        }
        let _snapshot = self.connection.unchecked_transaction().map_err(crate::StoreError::from)?;
        let has = self.len()?;
        if kept.size > has {
            return Ok(Standing::Shorter { has, covers: kept.size });
        }
        let found = merkle::root_at(&Nodes(&self.connection), kept.size)?;
        Ok(if found == kept.root {
            Standing::Holds
        } else {
            Standing::Differs { size: kept.size, signed: kept.root, found }
        })
    }
}

/// Refuses to go on with a ledger that lacks what its `witnessed` file says was signed: the check at
/// every start, before anything is written.
pub fn check_witnessed(path: &Path, reader: &LedgerReader) -> Result<(), OpsError> {
    for (name, note) in Witnessed::load(path)?.notes() {
        match reader.standing(name, note)? {
            Standing::Holds => {}
            Standing::Shorter { has, covers } => {
                return Err(OpsError::Refused(format!(
                    "the ledger has {has} entries, but {name} ({file}) covers {covers}: an older \
                     file lies in its place; bring the newer file, or restore this one with \
                     `gatewarden ledger restore {ledger} --accept-loss REASON`",
                    file = witnessed_path(path).display(),
                    ledger = path.display()
                )));
            }
            differs => return Err(OpsError::TwoHistories(words_of(&differs, name))),
        }
    }
    Ok(())
}

/// What to say of a standing that is not `Holds`.
pub(crate) fn words_of(standing: &Standing, name: &str) -> String {
    match standing {
        Standing::Holds => format!("the ledger has all that {name} covers"),
        Standing::Shorter { has, covers } => {
            format!("the ledger has {has} entries, {name} covers {covers}")
        }
        Standing::Differs { size, signed, found } => format!(
            "{name} of {size} entries has the root {signed}, the ledger's {size} entries have {found}"
        ),
    }
}
