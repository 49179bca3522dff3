//! The files beside a ledger, and moving them so that a crash leaves either the old or the new.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::error::{OpsError, io_error};

/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// `path` with more at its end.
pub(crate) fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

/// Makes an empty file that only its owner may read; it must not be there.
pub(crate) fn create_private(path: &Path) -> Result<File, OpsError> {
    let made = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(OpsError::Exists { path: path.to_owned() })
        }
        other => other.map_err(io_error("create", path)),
    }
}

/// Writes a small file whole: beside its name, flushed, renamed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path, ".new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path)
}

/// Flushes the folder of a file, so that a rename in it is kept.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Removes a database that this program made and nobody was told of yet.
pub(crate) fn discard(path: &Path) {
    for name in COMPANIONS.map(|more| beside(path, more)).iter().chain([&path.to_owned()]) {
        // It may never have been made; a left-over is refused by name the next time.
        let _ = fs::remove_file(name);
    }
}

/// Gives a database and what SQLite keeps beside it a name that tells what it is (`why`): the first
/// of `PATH.WHY-1`, `PATH.WHY-2`, … that is free. The database goes first: where a crash comes
/// between, its log stays behind under the old name, and `place` refuses to go on over it.
pub(crate) fn set_aside(path: &Path, why: &str) -> Result<PathBuf, OpsError> {
    let free = (1_u32..).map(|n| beside(path, &format!(".{why}-{n}"))).find(|name| !name.exists());
    let aside = free.unwrap_or_else(|| beside(path, &format!(".{why}")));
    // The log belongs to the database: under the new name both are opened together again.
    for more in COMPANIONS {
        let from = beside(path, more);
        if from.exists() {
            let to = beside(&aside, more);
            fs::hard_link(&from, &to).map_err(io_error("link", &from))?;
        }
    }
    fs::rename(path, &aside).map_err(io_error("rename", path))?;
    for more in COMPANIONS {
        let from = beside(path, more);
        if from.exists() {
            fs::remove_file(&from).map_err(io_error("remove", &from))?;
        }
    }
    sync_folder(path).map_err(io_error("flush the folder of", path))?;
    Ok(aside)
}

/// Gives a finished database its name. Where a log of another database lies there, it is refused.
pub(crate) fn place(new: &Path, path: &Path) -> Result<(), OpsError> {
    for name in COMPANIONS.map(|more| beside(path, more)).iter().chain([&path.to_owned()]) {
        if name.exists() {
            return Err(OpsError::Exists { path: name.clone() });
        }
    }
    File::open(new).and_then(|file| file.sync_all()).map_err(io_error("flush", new))?;
    fs::rename(new, path).map_err(io_error("rename", new))?;
    sync_folder(path).map_err(io_error("flush the folder of", path))
}

/// Removes what SQLite keeps beside a database that is one file now.
pub(crate) fn discard_companions(path: &Path) {
    for more in COMPANIONS {
        // Readers leave an empty one behind; SQLite makes a new one where it needs it.
        let _ = fs::remove_file(beside(path, more));
    }
}

/// Removes the lock file of a ledger that nobody will open under this name again.
pub(crate) fn remove_lock(path: &Path) {
    // There is one only where something was recorded.
    let _ = fs::remove_file(beside(path, ".lock"));
}
