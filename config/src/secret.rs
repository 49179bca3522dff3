//! Secrets and the surroundings they come from.
//!
//! A secret never stands in the TOML: it is named by `{ file = … }`, `{ env = … }` or
//! `{ credential = … }` (systemd) and read once while loading. In memory it is overwritten when it
//! is dropped, and no `Debug` or error message shows it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::{self, Read},
    path::{Path, PathBuf},
};

use gatewarden_model::OperatorId;
use zeroize::Zeroizing;

/// Longest secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 4096;
/// Longest configuration file, in bytes.
pub const CONFIG_BYTES_MAX: usize = 1024 * 1024;

/// A resolved secret: never empty, no control characters, overwritten when dropped.
/// Equality tells two configurations apart; it takes no constant time, so never check a caller by it.
#[derive(Clone, PartialEq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text that is already known, as tests and the demo do.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. Hand it on, never print it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What loading asks of its surroundings, so that tests can supply their own.
pub trait Environment {
    /// An environment variable's text.
    fn var(&self, name: &str) -> Option<String>;
    /// A file's bytes. An implementation may stop after `CONFIG_BYTES_MAX` + 1 bytes.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The bytes of a file that the configuration names and that is no secret, such as policies.
    fn read_named(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read(path)
    }
    /// Where systemd put the service's credentials.
    fn credentials_dir(&self) -> Option<PathBuf>;
    /// Who is enrolled, with the roles of each; none where that is not known. Only the journal knows.
    fn people(&self) -> Option<&People> {
        None
    }
}

/// People and their roles.
pub type People = BTreeMap<OperatorId, BTreeSet<String>>;

/// The process's own surroundings.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(CONFIG_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn credentials_dir(&self) -> Option<PathBuf> {
        std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }
}

/// Where a secret is to be found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SecretSource<'a> {
    File(&'a str),
    Env(&'a str),
    Credential(&'a str),
}

/// Why a secret can't be used, and the way out. Never holds any of the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretError {
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl SecretSource<'_> {
    /// Reads the secret; a relative file is taken from `base`.
    pub(crate) fn resolve(self, base: &Path, env: &dyn Environment) -> Result<Secret, SecretError> {
        let (what, hint, bytes) = match self {
            Self::File(path) => {
                let path = base.join(path);
                let what = format!("secret file {:?}", path.display().to_string());
                let hint = "create it with `install -m 0600`, readable by the gateway's user";
                let bytes = read(env, &path, &what, hint)?;
                (what, hint, bytes)
            }
            Self::Env(name) => {
                let what = format!("environment variable {name:?}");
                let hint = "set it for the gateway's process, such as in its EnvironmentFile";
                let text = env.var(name).ok_or_else(|| wrong(&what, "is not set", hint))?;
                (what, hint, Zeroizing::new(text.into_bytes()))
            }
            Self::Credential(name) => {
                let what = format!("credential {name:?}");
                let hint = "add LoadCredential= or LoadCredentialEncrypted= to the unit, and run \
                            under systemd";
                let dir = env.credentials_dir().ok_or_else(|| {
                    wrong(&what, "can't be read: $CREDENTIALS_DIRECTORY is not set", hint)
                })?;
                let bytes = read(env, &dir.join(name), &what, hint)?;
                (what, hint, bytes)
            }
        };
        accept(&what, hint, &bytes)
    }
}

fn read(
    env: &dyn Environment,
    path: &Path,
    what: &str,
    hint: &str,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    env.read(path)
        .map(Zeroizing::new)
        .map_err(|error| wrong(what, &format!("can't be read: {error}"), hint))
}

fn accept(what: &str, hint: &str, bytes: &[u8]) -> Result<Secret, SecretError> {
    if bytes.len() > SECRET_BYTES_MAX {
        let why = format!("is longer than {SECRET_BYTES_MAX} bytes");
        return Err(wrong(what, &why, "is it the right file?"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| wrong(what, "is not UTF-8 text", "write it as one line of text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(wrong(what, "is empty", hint));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(what, "has control characters", "write it as one line of text"));
    }
    Ok(Secret::new(text.to_owned()))
}

fn wrong(what: &str, why: &str, hint: &str) -> SecretError {
    SecretError { message: format!("{what} {why}"), hint: hint.to_owned() }
}
