//! The ledger's signing key: an Ed25519 seed in a file that only its owner may read.
//!
//! The file is one line, `gatewarden-ed25519-seed-v1 BASE64`. It is written beside its name, flushed
//! and renamed, so that a crash leaves no half key. Absent: which of several keys signs (`keys`), and
//! how their files move in a rotation (`key_files`).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

const HEADER: &str = "gatewarden-ed25519-seed-v1 ";

/// Longest file that is read as a key.
const KEY_BYTES_MAX: u64 = 4096;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("failed to {what} the ledger's key {path}", path = path.display())]
    Io {
        /// `read`, `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the ledger's key {path} can be read by others (mode {mode:o}): chmod 600 it", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A rotation was cut off in this run.
    #[error(
        "a rotation was cut off and left {path}: restart the daemon, which goes on with the key that \
         the journal names, then rotate again",
        path = path.display()
    )]
    CutOff {
        /// The prepared key.
        path: PathBuf,
    },
    /// Too many keys that were rotated away.
    #[error(
        "{found} retired keys lie beside {path}, the bound is {max}: move some away or delete them",
        path = path.display()
    )]
    TooMany {
        /// The key in force.
        path: PathBuf,
        /// How many.
        found: usize,
        /// The bound.
        max: usize,
    },
    /// The key that the journal names is nowhere.
    #[error("the key {key} that the journal names is not at hand: bring it back as {path}", path = path.display())]
    NotAtHand {
        /// Where it should be.
        path: PathBuf,
        /// Its verifier key.
        key: String,
    },
    /// It is not a key.
    #[error("{path} is not a ledger key: expected one line \"gatewarden-ed25519-seed-v1 BASE64\"", path = path.display())]
    Shape {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the key at `path`, or makes one there (mode 0600) where there is no such file.
pub fn load_or_create_key(path: &Path) -> Result<SigningKey, KeyError> {
    match load_key(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            create(path).map_err(|source| KeyError::Io {
                what: "write",
                path: path.to_owned(),
                source,
            })?;
            load_key(path)
        }
        found => found,
    }
}

/// Reads the key at `path`, which only its owner may read.
pub fn load_key(path: &Path) -> Result<SigningKey, KeyError> {
    let fail = |source| KeyError::Io { what: "read", path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(fail)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_owned(), mode });
    }
    load_credential_key(path)
}

/// Reads the key at `path`, a systemd credential: its folder is for the service alone, and its mode
/// shows the access list that systemd gave it, not who may read it.
pub fn load_credential_key(path: &Path) -> Result<SigningKey, KeyError> {
    let fail = |source| KeyError::Io { what: "read", path: path.to_owned(), source };
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).map_err(fail)?;
    file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(fail)?;
    let seed = text
        .strip_prefix(HEADER)
        .and_then(|rest| STANDARD.decode(rest.trim_end_matches('\n')).ok())
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or_else(|| KeyError::Shape { path: path.to_owned() })?;
    Ok(SigningKey::from_bytes(&seed))
}

/// A new key.
#[must_use]
pub fn new_key() -> SigningKey {
    SigningKey::from_bytes(&rand::random())
}

/// The key as its file has it.
#[must_use]
pub fn key_text(key: &SigningKey) -> Zeroizing<String> {
    let seed = Zeroizing::new(STANDARD.encode(key.as_bytes()));
    Zeroizing::new(format!("{HEADER}{}\n", *seed))
}

fn create(path: &Path) -> io::Result<()> {
    match write_new(path, &new_key()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// Writes a key into a new file, whole and flushed; an error of kind `AlreadyExists` where there is
/// one.
pub(crate) fn write_new(path: &Path, key: &SigningKey) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let beside = PathBuf::from(name);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(key_text(key).as_bytes())?;
    file.sync_all()?;
    // A link, not a rename: of two processes that start at once only one makes the key.
    let made = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    made?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state/ledger.key");
        let made = load_or_create_key(&path).expect("makes");
        let again = load_or_create_key(&path).expect("reads");
        assert_eq!(made.to_bytes(), again.to_bytes());
        let names = fs::read_dir(path.parent().expect("a parent")).expect("lists").count();
        assert_eq!(names, 1, "nothing is left beside the key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        assert!(matches!(load_or_create_key(&path), Err(KeyError::Open { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        fs::write(&path, "gatewarden-ed25519-seed-v1 AAAA\n").expect("writes");
        assert!(matches!(load_or_create_key(&path), Err(KeyError::Shape { .. })));
    }
}
