//! What a witness remembers, on disk: one file a log, the checkpoint that it cosigned last.
//!
//! Invariants: a record is on disk (written beside, flushed, renamed, folder flushed) before its
//! cosignature leaves `answer`; requests are answered one at a time; one process has the folder; a
//! record that this witness did not sign, or that is of another log, is an error and never "nothing
//! seen". A crash between record and answer is harmless: the log hears the size and asks again.
//! What can't be told here: a folder that somebody put back to an older state as a whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use gatewarden_model::Hash;
use gatewarden_proof::{
    NoteError,
    witness::{Answer, Record, Request, Seen, Witness},
};

/// The file that says whose memory the folder is.
const MARK: &str = "witness";

/// Why the memory can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// A file can't be read or written.
    #[error("failed to {what} {path}", path = path.display())]
    Io {
        /// `read`, `write`, `lock`.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("another witness uses {path}: stop it first", path = path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is new but the key is not.
    #[error(
        "{path} holds no memory of this witness: a witness that forgot can sign a second history. \
         Put its folder back; only if it never cosigned anything start it once with --begin",
        path = path.display()
    )]
    Forgotten {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is another witness's.
    #[error("{path} is the memory of {found}, not of {given}", path = path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Who asks.
        given: String,
    },
    /// A record is not what this witness wrote.
    #[error("{path} is not what this witness wrote: put it back", path = path.display())]
    Changed {
        /// The record.
        path: PathBuf,
        /// Why it is not.
        source: NoteError,
    },
}

/// A witness with its memory.
pub(crate) struct Keep {
    witness: Witness,
    folder: PathBuf,
    _lock: File,
}

impl Keep {
    /// Opens the folder of a witness. `begin` allows a new folder.
    pub(crate) fn open(folder: &Path, witness: Witness, begin: bool) -> Result<Self, KeepError> {
        let path = folder.to_owned();
        let io = |what| move |source| KeepError::Io { what, path, source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io("create"))?;
        let lock = lock(folder)?;
        let keep = Self { witness, folder: folder.to_owned(), _lock: lock };
        keep.claim(begin)?;
        for log in keep.witness.logs().logs() {
            keep.seen(&log.origin)?;
        }
        Ok(keep)
    }

    fn claim(&self, begin: bool) -> Result<(), KeepError> {
        let (path, given) = (self.folder.join(MARK), self.witness.public().text());
        match read(&path)? {
            Some(found) if found.trim_end() == given => Ok(()),
            Some(found) => {
                let (path, found) = (self.folder.clone(), found.trim_end().to_owned());
                Err(KeepError::Foreign { path, found, given })
            }
            None if begin => self.write(MARK, &format!("{given}\n")),
            None => Err(KeepError::Forgotten { path: self.folder.clone() }),
        }
    }

    /// Answers a request at `now`, seconds since 1970. The record is flushed when this returns.
    pub(crate) fn answer(&mut self, request: &Request, now: u64) -> Result<Answer, KeepError> {
        let origin = request.origin();
        // Only known logs have files; for others there is nothing to look up.
        let seen = if self.witness.logs().knows(origin) { self.seen(origin)? } else { None };
        let (answer, record) = self.witness.decide(seen, request, now);
        if let Some(Record { note, .. }) = record {
            self.write(&name(origin), &note)?;
        }
        Ok(answer)
    }

    /// The last cosigned checkpoint of a log, by the hex SHA-256 of its origin.
    pub(crate) fn checkpoint(&self, origin_hash: &str) -> Result<Option<String>, KeepError> {
        let known = |log: &gatewarden_proof::LogKey| hash(&log.origin) == origin_hash;
        match self.witness.logs().logs().iter().find(|log| known(log)) {
            Some(log) => read(&self.folder.join(name(&log.origin))),
            None => Ok(None),
        }
    }

    fn seen(&self, origin: &str) -> Result<Option<Seen>, KeepError> {
        let path = self.folder.join(name(origin));
        let Some(note) = read(&path)? else { return Ok(None) };
        let changed = |source| KeepError::Changed { path, source };
        if note.split('\n').next() != Some(origin) {
            return Err(changed(NoteError::Stranger(origin.to_owned())));
        }
        self.witness.recall(&note).map(Some).map_err(changed)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), KeepError> {
        let (path, beside) = (self.folder.join(name), self.folder.join(format!(".{name}.new")));
        put(&self.folder, &beside, &path, text).map_err(|source| KeepError::Io {
            what: "write",
            path,
            source,
        })
    }
}

fn put(folder: &Path, beside: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    File::open(folder)?.sync_all()
}

fn lock(folder: &Path) -> Result<File, KeepError> {
    let path = folder.join("lock");
    let io = |source| KeepError::Io { what: "lock", path: path.clone(), source };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(KeepError::Locked { path: folder.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(io(source)),
    }
}

fn read(path: &Path) -> Result<Option<String>, KeepError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeepError::Io { what: "read", path: path.to_owned(), source }),
    }
}

fn hash(origin: &str) -> String {
    Hash::of(origin.as_bytes()).to_string()
}

fn name(origin: &str) -> String {
    format!("{}.checkpoint", hash(origin))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use gatewarden_proof::{
        Checkpoint, LogKey, SigningKey, Trust,
        merkle::{leaf_hash, node_hash},
    };

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_bytes(&[n; 32])
    }

    fn witness(n: u8) -> Witness {
        let logs = Trust::of_logs(vec![LogKey::always("dock-1", key(1).verifying_key())]);
        Witness::new("w", key(n), logs).unwrap()
    }

    /// From nothing to a tree of one leaf, or from there to two.
    fn request(old: u64, new: u64, leaf: &[u8]) -> Request {
        let (a, b) = (leaf_hash(b"a"), leaf_hash(leaf));
        let root = if new == 1 { b } else { node_hash(&a, &b) };
        let path = if old == 1 && new == 2 { vec![b] } else { vec![] };
        let note = Checkpoint { origin: "dock-1".into(), size: new, root }.sign(&key(1));
        Request { old, path, note }
    }

    #[test]
    fn what_was_cosigned_is_remembered_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut keep = Keep::open(folder.path(), witness(9), true).unwrap();
        assert_eq!(keep.answer(&request(0, 1, b"a"), NOW).unwrap().status(), 200);
        drop(keep);
        let mut keep = Keep::open(folder.path(), witness(9), false).unwrap();
        // The crash between record and answer: the log believes in 0 and is told.
        assert_eq!(keep.answer(&request(0, 1, b"a"), NOW).unwrap(), Answer::Conflict(1));
        assert_eq!(keep.answer(&request(1, 1, b"a"), NOW).unwrap().status(), 200);
        assert_eq!(keep.answer(&request(1, 1, b"other"), NOW).unwrap().status(), 422);
        assert_eq!(keep.answer(&request(1, 2, b"b"), NOW).unwrap().status(), 200);
        assert_eq!(keep.answer(&request(0, 1, b"a"), NOW).unwrap(), Answer::Conflict(2));
        let kept = keep.checkpoint(&hash("dock-1")).unwrap().unwrap();
        assert!(kept.starts_with("dock-1\n2\n"));
        assert_eq!(keep.checkpoint(&hash("dock-2")).unwrap(), None);
        assert_eq!(keep.checkpoint("../witness").unwrap(), None);
    }

    #[test]
    fn a_record_that_can_t_be_written_gives_no_cosignature() {
        let folder = tempfile::tempdir().unwrap();
        let mut keep = Keep::open(folder.path(), witness(9), true).unwrap();
        // A folder where the new record would be written.
        fs::create_dir(folder.path().join(format!(".{}.new", name("dock-1")))).unwrap();
        assert!(matches!(keep.answer(&request(0, 1, b"a"), NOW), Err(KeepError::Io { .. })));
        assert_eq!(keep.checkpoint(&hash("dock-1")).unwrap(), None);
    }

    #[test]
    fn a_memory_that_is_missing_changed_or_another_s_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let open = |n, begin| Keep::open(folder.path(), witness(n), begin);
        assert!(matches!(open(9, false), Err(KeepError::Forgotten { .. })));
        let mut keep = open(9, true).unwrap();
        assert!(matches!(open(9, false), Err(KeepError::Locked { .. })));
        keep.answer(&request(0, 1, b"a"), NOW).unwrap();
        drop(keep);
        assert!(matches!(open(8, true), Err(KeepError::Foreign { .. })));
        let path = folder.path().join(name("dock-1"));
        let record = fs::read_to_string(&path).unwrap();
        for bad in [record.replace("\n1\n", "\n0\n"), String::new(), request(0, 1, b"a").note] {
            fs::write(&path, bad).unwrap();
            assert!(matches!(open(9, false), Err(KeepError::Changed { .. })));
        }
        // Half of a new record that a crash left beside is no harm.
        fs::write(&path, &record).unwrap();
        fs::write(folder.path().join(format!(".{}.new", name("dock-1"))), "dock").unwrap();
        let mut keep = open(9, false).unwrap();
        assert_eq!(keep.answer(&request(1, 2, b"b"), NOW).unwrap().status(), 200);
    }
}
