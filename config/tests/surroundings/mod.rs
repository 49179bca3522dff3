//! Surroundings for tests: the file system for the configuration itself, and made-up secrets.

use std::{
    io,
    path::{Path, PathBuf},
};

use gatewarden_config::{Environment, SystemEnvironment};

/// Answers for every variable and credential but those whose name begins with `missing`.
pub(crate) struct Surroundings(());

impl Surroundings {
    /// As usual.
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Environment for Surroundings {
    fn var(&self, name: &str) -> Option<String> {
        (!name.starts_with("MISSING")).then(|| format!("variable {name}"))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("missing") {
            return Err(io::ErrorKind::NotFound.into());
        }
        if name.starts_with("empty") {
            return Ok(b"\n".to_vec());
        }
        if name.ends_with(".toml") {
            return SystemEnvironment.read(path);
        }
        Ok(format!("credential {name}\n").into_bytes())
    }

    fn credentials_dir(&self) -> Option<PathBuf> {
        Some("/run/credentials".into())
    }
}
