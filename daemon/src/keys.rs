//! The ledger's signing keys, as the configuration says where they are: files in the state folder, or
//! systemd credentials.
//!
//! All keys at hand are offered to the ledger, whose journal says which is in force. A file's rotation
//! makes the next key itself (`gatewarden_store::KeyFiles` has the steps). Credentials are the
//! service's and read-only, so there the next key is a further credential that the configuration names
//! already. Absent: deciding who may rotate (the engine), recording it (the recorder).

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use gatewarden_config::{Config, LedgerSection};
use gatewarden_store::{KeyFiles, SigningKey, load_credential_key, verifier_key_text};

/// Where a ledger's keys are.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    origin: String,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Files(KeyFiles),
    Credentials(Vec<String>),
}

/// The key that a rotation is to put in force.
pub(crate) struct NextKey {
    pub(crate) key: SigningKey,
    pub(crate) name: String,
}

impl Keys {
    /// The keys that a configuration names.
    pub(crate) fn of(config: &Config) -> Self {
        let LedgerSection { key, key_credentials, .. } = &config.ledger;
        let place = match key_credentials.as_slice() {
            [] => Place::Files(KeyFiles::new(key)),
            names => Place::Credentials(names.to_vec()),
        };
        Self { origin: config.gateway.name.clone(), place }
    }

    /// The key files at `path` of the ledger of a gateway of this name.
    pub(crate) fn in_files(origin: &str, path: &Path) -> Self {
        Self { origin: origin.to_owned(), place: Place::Files(KeyFiles::new(path)) }
    }

    /// All keys at hand: that of a new ledger first. A key file is made where there is none.
    pub(crate) fn load_or_create(&self) -> anyhow::Result<Vec<SigningKey>> {
        match &self.place {
            Place::Files(files) => Ok(files.load_or_create()?),
            Place::Credentials(_) => self.load(),
        }
    }

    /// As `load_or_create`, but nothing is made.
    pub(crate) fn load(&self) -> anyhow::Result<Vec<SigningKey>> {
        match &self.place {
            Place::Files(files) => Ok(files.load()?),
            Place::Credentials(names) => names.iter().map(|name| credential(name)).collect(),
        }
    }

    /// The files, where the keys are files.
    pub(crate) fn files(&self) -> Option<&KeyFiles> {
        match &self.place {
            Place::Files(files) => Some(files),
            Place::Credentials(_) => None,
        }
    }

    /// Where the key in force is, for messages.
    pub(crate) fn place(&self) -> String {
        match &self.place {
            Place::Files(files) => files.path().display().to_string(),
            Place::Credentials(names) => format!("the credentials {}", names.join(", ")),
        }
    }

    /// The key that comes next, nothing of it written yet: a new one for files, else that of the
    /// credential that is named.
    pub(crate) fn next(&self, wanted: Option<&str>) -> anyhow::Result<NextKey> {
        let key = match (&self.place, wanted) {
            (Place::Files(_), None) => gatewarden_store::new_key(),
            (Place::Files(files), Some(_)) => anyhow::bail!(
                "the ledger's key is the file {}, for which a new key is made: leave the credential out",
                files.path().display()
            ),
            (Place::Credentials(names), None) => anyhow::bail!(
                "the ledger's key is a credential: say which of {} comes next",
                names.join(", ")
            ),
            (Place::Credentials(names), Some(name)) => {
                anyhow::ensure!(
                    names.iter().any(|known| known == name),
                    "the daemon knows the credentials {}, not {name:?}: give it to the unit with \
                     LoadCredential=, name it in [ledger] key_credentials, restart the daemon, and \
                     rotate then",
                    names.join(", ")
                );
                credential(name)?
            }
        };
        Ok(NextKey { name: verifier_key_text(&self.origin, &key.verifying_key()), key })
    }

    /// Keeps the next key so that the journal may name it.
    pub(crate) fn prepare(&self, next: &NextKey) -> anyhow::Result<()> {
        match &self.place {
            Place::Files(files) => Ok(files.prepare(&next.key)?),
            Place::Credentials(_) => Ok(()),
        }
    }

    /// Brings the files in order after the journal named the key in force. Gives the place where the
    /// key before it is kept now.
    pub(crate) fn settle(&self, in_force: &str, forget: bool) -> anyhow::Result<Option<PathBuf>> {
        match &self.place {
            Place::Files(files) => Ok(files.settle(&self.origin, in_force, forget)?),
            Place::Credentials(_) => Ok(None),
        }
    }
}

/// The key in a systemd credential.
pub(crate) fn credential(name: &str) -> anyhow::Result<SigningKey> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").with_context(|| {
        format!("the credential {name:?} can't be read: $CREDENTIALS_DIRECTORY is not set")
    })?;
    Ok(load_credential_key(&Path::new(&folder).join(name))?)
}
