//! The files of a ledger's signing keys, and how a rotation moves them.
//!
//! `ledger.key` is the key in force. A rotation writes `ledger.key.next`, then the journal names it,
//! then it takes the place of `ledger.key`, whose key is kept as `ledger.key.retired-ID`, ID being the
//! eight digits of its verifier key. A retired key is used by a restore alone, which prepares it as the
//! next one: a start never falls back to it, or whoever stole it could. Invariants: a key is whole, private and flushed before anything
//! names it; a key that the journal may name is never removed; `settle`, which may remove one, is
//! called with what the journal says. So whatever dies between two steps, the next start finds the key
//! in force among `load`. Absent: choosing (`keys`), keys that are not files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;

use crate::{
    key::{self, KeyError, load_key, load_or_create_key},
    note,
    ops::files::{beside, sync_folder},
};

/// Most retired keys that are kept beside the one in force.
pub const RETIRED_MAX: usize = 64;

const NEXT: &str = ".next";
const RETIRED: &str = ".retired-";

/// The key files of one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    path: PathBuf,
}

impl KeyFiles {
    /// The files whose key in force is at `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where the key in force is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys that may be in force, that of `ledger.key` first; it is made where there is none.
    pub fn load_or_create(&self) -> Result<Vec<SigningKey>, KeyError> {
        load_or_create_key(&self.path)?;
        self.load()
    }

    /// The keys that may be in force, that of `ledger.key` first.
    pub fn load(&self) -> Result<Vec<SigningKey>, KeyError> {
        Ok(self.present()?.into_iter().map(|(_, key)| key).collect())
    }

    /// The keys that were rotated away and are kept.
    pub fn load_retired(&self) -> Result<Vec<SigningKey>, KeyError> {
        self.retired()?.iter().map(|path| load_key(path)).collect()
    }

    fn present(&self) -> Result<Vec<(PathBuf, SigningKey)>, KeyError> {
        let next = Some(self.next()).filter(|path| path.exists());
        let paths = std::iter::once(self.path.clone()).chain(next);
        paths.map(|path| load_key(&path).map(|key| (path, key))).collect()
    }

    fn next(&self) -> PathBuf {
        beside(&self.path, NEXT)
    }

    /// The names of the retired keys, sorted.
    fn retired(&self) -> Result<Vec<PathBuf>, KeyError> {
        let found = self.beginning_with(RETIRED)?;
        if found.len() > RETIRED_MAX {
            let (path, found) = (self.path.clone(), found.len());
            return Err(KeyError::TooMany { path, found, max: RETIRED_MAX });
        }
        Ok(found)
    }

    /// The files whose names go on like this after that of the key in force, sorted.
    fn beginning_with(&self, more: &str) -> Result<Vec<PathBuf>, KeyError> {
        let name =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let begin = name(&self.path) + more;
        let mut found = Vec::new();
        for entry in fs::read_dir(self.folder()).map_err(|e| self.io("read", e))? {
            let path = entry.map_err(|e| self.io("read", e))?.path();
            if name(&path).starts_with(&begin) {
                found.push(path);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn io(&self, what: &'static str, source: io::Error) -> KeyError {
        KeyError::Io { what, path: self.path.clone(), source }
    }

    /// Writes the key that a rotation is about to name, flushed. Refuses where an earlier rotation was
    /// cut off in this run: the journal may name its key after all, which the next start finds out.
    pub fn prepare(&self, key: &SigningKey) -> Result<(), KeyError> {
        let next = self.next();
        if next.exists() {
            return Err(KeyError::CutOff { path: next });
        }
        if self.retired()?.len() >= RETIRED_MAX {
            let (path, max) = (self.path.clone(), RETIRED_MAX);
            return Err(KeyError::TooMany { path, found: max, max });
        }
        key::write_new(&next, key).map_err(|source| KeyError::Io {
            what: "write",
            path: next,
            source,
        })
    }

    /// Prepares a key that a restored ledger has in force: as `prepare`, but what a cut-off rotation
    /// left is kept as retired. Nothing is to be done where the key may be in force already.
    pub fn prepare_again(&self, key: &SigningKey, origin: &str) -> Result<(), KeyError> {
        let is = |found: &SigningKey| found.to_bytes() == key.to_bytes();
        let present = self.present()?;
        if present.iter().any(|(_, found)| is(found)) {
            return Ok(());
        }
        if let Some((next, found)) = present.get(1) {
            self.retire(next, &note::verifier_key_text(origin, &found.verifying_key()))?;
            fs::remove_file(next).map_err(|source| KeyError::Io {
                what: "remove",
                path: next.clone(),
                source,
            })?;
        }
        self.prepare(key)
    }

    /// Brings the files in order, now that the journal says which key is in force: that one becomes
    /// `ledger.key`, the one that lay there is kept as retired (its path is given back) unless
    /// `forget`, and a prepared key that the journal does not name is removed.
    pub fn settle(
        &self,
        origin: &str,
        in_force: &str,
        forget: bool,
    ) -> Result<Option<PathBuf>, KeyError> {
        let named = |key: &SigningKey| note::verifier_key_text(origin, &key.verifying_key());
        let present = self.present()?;
        let Some((holder, key)) = present.iter().find(|(_, key)| named(key) == in_force) else {
            let (path, key) = (self.path.clone(), in_force.to_owned());
            return Err(KeyError::NotAtHand { path, key });
        };
        let mut kept = None;
        if *holder != self.path {
            if !forget && let Some((path, old)) = present.first() {
                kept = Some(self.retire(path, &named(old))?);
            }
            fs::rename(holder, &self.path).map_err(|e| self.io("put in place", e))?;
            self.flush()?;
        }
        let mut unused = self.beginning_with(NEXT)?;
        for path in self.retired()? {
            // It came back with a restored ledger.
            if load_key(&path)?.to_bytes() == key.to_bytes() {
                unused.push(path);
            }
        }
        for path in &unused {
            fs::remove_file(path).map_err(|source| KeyError::Io {
                what: "remove",
                path: path.clone(),
                source,
            })?;
        }
        if !unused.is_empty() {
            self.flush()?;
        }
        Ok(kept)
    }

    /// Gives the key at `from` a second name, which it keeps when another takes its place.
    fn retire(&self, from: &Path, name: &str) -> Result<PathBuf, KeyError> {
        let id = name.split('+').nth(1).unwrap_or_default();
        let mut path = beside(&self.path, &format!("{RETIRED}{id}"));
        // An id has 32 bits only: another key may have the name.
        while path.exists() && load_key(&path)?.to_bytes() != load_key(from)?.to_bytes() {
            path = beside(&path, "+");
        }
        match fs::hard_link(from, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(KeyError::Io { what: "keep", path, source: error });
            }
            _ => {}
        }
        self.flush()?;
        Ok(path)
    }

    fn flush(&self) -> Result<(), KeyError> {
        sync_folder(&self.path).map_err(|e| self.io("flush the folder of", e))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn key(n: u8) -> SigningKey {
        SigningKey::from_bytes(&[n; 32])
    }

    fn name(key: &SigningKey) -> String {
        note::verifier_key_text("gw-1", &key.verifying_key())
    }

    fn names(folder: &Path) -> Vec<String> {
        let list = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = list.map(|name| name.into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    /// A folder with a made key, and its files.
    fn made() -> (tempfile::TempDir, KeyFiles, SigningKey) {
        let folder = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(&folder.path().join("ledger.key"));
        let first = files.load_or_create().unwrap().remove(0);
        (folder, files, first)
    }

    #[test]
    fn a_rotation_keeps_the_old_key_under_its_id() {
        let (folder, files, first) = made();
        files.prepare(&key(2)).unwrap();
        let mode =
            fs::metadata(folder.path().join("ledger.key.next")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(files.prepare(&key(3)), Err(KeyError::CutOff { .. })));
        let kept = files.settle("gw-1", &name(&key(2)), false).unwrap().unwrap();
        let id = name(&first).split('+').nth(1).unwrap().to_owned();
        assert_eq!(names(folder.path()), ["ledger.key".into(), format!("ledger.key.retired-{id}")]);
        assert_eq!(load_key(&kept).unwrap().to_bytes(), first.to_bytes());
        let bytes =
            |keys: Vec<SigningKey>| keys.iter().map(SigningKey::to_bytes).collect::<Vec<_>>();
        assert_eq!(bytes(files.load_retired().unwrap()), [first.to_bytes()]);
        let found = bytes(files.load().unwrap());
        assert_eq!(found, [key(2).to_bytes()], "a start does not fall back to a retired key");
        assert!(files.settle("gw-1", &name(&first), false).is_err());
    }

    #[test]
    fn a_restore_brings_a_retired_key_back_and_keeps_all_others() {
        let (folder, files, first) = made();
        files.prepare(&key(2)).unwrap();
        files.settle("gw-1", &name(&key(2)), false).unwrap();
        files.prepare(&key(3)).unwrap(); // A rotation that was cut off.
        files.prepare_again(&first, "gw-1").unwrap();
        files.prepare_again(&first, "gw-1").unwrap();
        files.settle("gw-1", &name(&first), false).unwrap();
        assert_eq!(load_key(files.path()).unwrap().to_bytes(), first.to_bytes());
        let mut all: Vec<_> = files.load_retired().unwrap().iter().map(name).collect();
        let mut expected = [&key(2), &key(3)].map(name);
        all.sort_unstable();
        expected.sort_unstable();
        assert_eq!(all, expected);
        assert_eq!(names(folder.path()).len(), 3, "the key in force is not retired as well");
    }

    #[test]
    fn an_old_key_that_shall_be_forgotten_leaves_nothing() {
        let (folder, files, _) = made();
        files.prepare(&key(2)).unwrap();
        assert_eq!(files.settle("gw-1", &name(&key(2)), true).unwrap(), None);
        assert_eq!(names(folder.path()), ["ledger.key"]);
        assert_eq!(load_key(files.path()).unwrap().to_bytes(), key(2).to_bytes());
    }

    #[test]
    fn whatever_step_dies_the_journals_key_is_put_in_place() {
        // What was done of a rotation: the key prepared, the journal's entry, the old key's second name,
        // the new key's place.
        for (done, recorded) in [(0, false), (1, false), (1, true), (2, true), (3, true)] {
            let (folder, files, first) = made();
            let path = |more: &str| folder.path().join(format!("ledger.key{more}"));
            let retired = path(&format!(".retired-{}", name(&first).split('+').nth(1).unwrap()));
            if done >= 1 {
                files.prepare(&key(2)).unwrap();
                fs::write(path(".next.new-77"), "half").unwrap();
            }
            if done >= 2 {
                fs::hard_link(path(""), &retired).unwrap();
            }
            if done >= 3 {
                fs::rename(path(".next"), path("")).unwrap();
            }
            let in_force = if recorded { key(2) } else { first };
            let at_hand = files.load_or_create().unwrap();
            assert!(at_hand.iter().any(|k| name(k) == name(&in_force)), "{done} {recorded}");
            files.settle("gw-1", &name(&in_force), false).unwrap();
            assert_eq!(load_key(files.path()).unwrap().to_bytes(), in_force.to_bytes());
            let left = names(folder.path());
            assert_eq!(
                (left.len(), retired.exists()),
                (1 + usize::from(recorded), recorded),
                "{left:?}"
            );
            // And again, which changes nothing.
            files.settle("gw-1", &name(&in_force), false).unwrap();
            assert_eq!(names(folder.path()), left);
        }
    }

    #[test]
    fn a_key_that_is_not_at_hand_changes_nothing() {
        let (folder, files, _) = made();
        files.prepare(&key(2)).unwrap();
        let error = files.settle("gw-1", &name(&key(9)), true).unwrap_err();
        assert!(error.to_string().contains("is not at hand"), "{error}");
        assert_eq!(names(folder.path()), ["ledger.key", "ledger.key.next"]);
    }
}
