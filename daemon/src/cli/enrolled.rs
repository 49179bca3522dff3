//! A configuration checked with what only the journal knows: who is enrolled.
//!
//! Absent: what is checked (the configuration's crate), and ledgers that several gateways share.

use std::path::{Path, PathBuf};

use gatewarden_config::{Checked, Config, Environment, People, SystemEnvironment};
use gatewarden_store::{LedgerAddress, LedgerReader};

use super::sod::people;

/// The system, with whoever is enrolled.
struct Enrolled(People);

impl Environment for Enrolled {
    fn var(&self, name: &str) -> Option<String> {
        SystemEnvironment.var(name)
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        SystemEnvironment.read(path)
    }

    fn credentials_dir(&self) -> Option<PathBuf> {
        SystemEnvironment.credentials_dir()
    }

    fn people(&self) -> Option<&People> {
        Some(&self.0)
    }
}

/// A configuration, checked; where its ledger is a file that is there, with whoever is enrolled.
pub(super) fn checked(path: &Path) -> Checked {
    let first = gatewarden_config::check(path, &SystemEnvironment);
    let config = first.config.as_ref().filter(|config| !config.procedures.parts.is_empty());
    match config.and_then(enrolled) {
        Some(people) => gatewarden_config::check(path, &Enrolled(people)),
        None => first,
    }
}

fn enrolled(config: &Config) -> Option<People> {
    let address = crate::run::ledger_address(config).ok()?;
    let LedgerAddress::Sqlite(file) = &address else { return None };
    if !file.exists() {
        return None;
    }
    // A ledger that can't be read is told by its own commands.
    let (state, _) = people(&LedgerReader::open(&address).ok()?).ok()?;
    let roles = |roles: &[String]| roles.iter().cloned().collect();
    Some(state.operators().map(|one| (one.id.clone(), roles(&one.roles))).collect())
}
