//! The installation's own key, from which the secrets of one-time codes and the handles of passkeys
//! follow: 32 random bytes in `identity.key` beside the ledger, for its owner alone.
//!
//! It is made when it is first needed, and only while nobody has a second factor: to those that are
//! enrolled a new one would be a stranger's. A backup of the ledger without it needs every factor
//! removed and enrolled anew. Absent: changing it.

use std::{
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use gatewarden_model::Hash;
use tokio::sync::OnceCell;

use super::FactorError;
use crate::recorder::Recorder;

/// The key, once it was read.
pub(super) struct IdentityKey {
    path: PathBuf,
    key: OnceCell<[u8; 32]>,
}

impl IdentityKey {
    /// The key beside a ledger.
    pub(super) fn beside(ledger: &Path) -> Self {
        Self { path: ledger.with_file_name("identity.key"), key: OnceCell::new() }
    }

    /// The key; made where there is none and none can be missed.
    pub(super) async fn get(&self, recorder: &Recorder) -> Result<[u8; 32], FactorError> {
        let load = async {
            let missed = recorder.query(|engine| engine.state().has_factors()).await?;
            let path = self.path.clone();
            let loaded = tokio::task::spawn_blocking(move || load(&path, missed)).await;
            let loaded = loaded.unwrap_or_else(|error| Err(error.to_string()));
            loaded.map_err(FactorError::NoKey)
        };
        self.key.get_or_try_init(|| load).await.copied()
    }
}

fn load(path: &Path, missed: bool) -> Result<[u8; 32], String> {
    let shown = path.display();
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let key = Hash::parse_hex(text.trim()).map(|key| key.0);
            key.ok_or_else(|| format!("{shown} is no key of 64 hex digits: bring it back"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound && missed => Err(format!(
            "{shown} is missing: bring it back from where you keep a copy, or remove every second \
             factor and have them enrolled anew"
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key: [u8; 32] = rand::random();
            make(path, &key).map_err(|error| format!("{shown} can't be made: {error}"))?;
            Ok(key)
        }
        Err(error) => Err(format!("{shown} can't be read: {error}")),
    }
}

/// Writes the key whole or not at all, never over another.
fn make(path: &Path, key: &[u8; 32]) -> std::io::Result<()> {
    let part = path.with_extension("key.part");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    writeln!(file, "{}", Hash(*key))?;
    file.sync_all()?;
    std::fs::hard_link(&part, path)?;
    std::fs::remove_file(&part)?;
    path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_never_where_one_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.key");
        assert!(load(&path, true).unwrap_err().contains("is missing"));
        let key = load(&path, false).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(load(&path, true), Ok(key));
        assert_ne!(key, [0; 32]);
        std::fs::write(&path, "x").unwrap();
        assert!(load(&path, false).is_err());
    }
}
