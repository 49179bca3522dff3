//! Opens what is kept: the state folder, the ledger with its recorder, and the spool.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use gatewarden_config::Config;
use gatewarden_model::{Clock, Signal, StationId};
use gatewarden_store::{
    Ledger, LedgerAddress, OpenOptions, SigningKey, file,
    ops::{self, Reserve},
};
use tokio::sync::mpsc;

use super::settings::{engine_settings, ledger_address};
use crate::{
    keys::Keys,
    policies,
    recorder::{Parts, Recorder},
    spool::Spool,
};

/// Creates the state directory for its owner alone, and sees to it that nothing made in it is for
/// others: the ledger holds PIN hashes.
fn create_state_dir(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("failed to create the state directory {}", path.display()))
}

/// Checks a ledger in a file against what witnesses saw, and keeps room for recording that its disk is
/// full. A server's disk is its administrator's.
fn hold_reserve(config: &Config, address: &LedgerAddress) -> anyhow::Result<Reserve> {
    let Some(path) = address.path() else { return Ok(Reserve::new(&config.ledger.path, 0)) };
    ops::check_witnessed(path, &file::LedgerReader::open(path)?)?;
    let reserve = Reserve::new(path, u64::from(config.ledger.reserve_mb) << 20);
    if let Err(error) = reserve.hold() {
        tracing::warn!(%error, "no room for the reserve: a full disk could not be recorded");
    }
    Ok(reserve)
}

/// All keys at hand. One is made only for a new ledger: to the one that is there it would be a stranger's.
fn keys_of(keys: &Keys, path: Option<&Path>) -> anyhow::Result<Vec<SigningKey>> {
    match path.filter(|path| path.exists()) {
        None => keys
            .load_or_create()
            .with_context(|| format!("failed to read the ledger's key {}", keys.place())),
        Some(path) => keys.load().with_context(|| {
            let (key, ledger) = (keys.place(), path.display());
            format!("no key for the ledger {ledger}: bring {key} back from where you keep a copy")
        }),
    }
}

/// Opens the ledger for writing and starts a recorder on it.
pub(crate) fn start_recorder(
    config: &Config,
    clock: Arc<dyn Clock>,
    signals: mpsc::UnboundedSender<(StationId, Signal)>,
) -> anyhow::Result<Recorder> {
    create_state_dir(&config.gateway.state_dir)?;
    let address = ledger_address(config)?;
    let keys = Keys::of(config);
    let mut at_hand = keys_of(&keys, address.path())?;
    if let Some(path) = address.path() {
        ops::check_start(path)?;
        make_private(path)?;
    }
    let options = OpenOptions {
        key: at_hand.remove(0),
        more_keys: at_hand,
        origin: config.gateway.name.clone(),
        vfs: None,
    };
    let ledger =
        Ledger::open(&address, options).with_context(|| format!("failed to open {address}"))?;
    ledger.check_in_force().with_context(|| {
        format!("{address} was written to by another hand: nobody's rights are taken from it")
    })?;
    let reserve = hold_reserve(config, &address)?;
    let access = policies::build(config)?;
    let parts = Parts {
        ledger,
        settings: engine_settings(config),
        access,
        clock,
        signals,
        group_rows_max: config.ledger.group_rows_max as usize,
        reserve,
        keys,
    };
    Recorder::start(parts).context("failed to load the ledger's state")
}

/// Makes a database that is missing as an empty file of this account alone: PIN hashes stand in the
/// ledger, and a PIN of four digits is soon found by whoever can read its hash. SQLite gives the
/// files beside it the same mode. The mode of a file that is there already is the house's business.
fn make_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("failed to create {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Notes the newest checkpoint beside a ledger in a file, against an older file in its place.
pub(crate) async fn note_newest(config: &Config) {
    if config.ledger.url.is_some() {
        return;
    }
    let path = config.ledger.path.clone();
    let noted = tokio::task::spawn_blocking(move || {
        ops::note_newest(&path, &file::LedgerReader::open(&path)?)
    });
    if let Ok(Err(error)) = noted.await {
        tracing::warn!(%error, "the newest checkpoint could not be noted beside the ledger");
    }
}

pub(super) fn open_spool(config: &Config) -> anyhow::Result<Spool> {
    let path = &config.spool.path;
    make_private(path)?;
    let (spool, set_aside) = Spool::open(path, config.spool.passes_max)
        .with_context(|| format!("failed to open {}", path.display()))?;
    if let Some(aside) = set_aside {
        tracing::error!(%aside, "the spool was damaged; it is set aside and a new one begun");
    }
    Ok(spool)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_new_database_is_nobody_elses_and_an_old_one_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.db");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        make_private(&path).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::fs::write(&path, "x").unwrap();
        make_private(&path).unwrap();
        assert_eq!((mode(), std::fs::read(&path).unwrap()), (0o640, b"x".to_vec()));
        assert!(make_private(&dir.path().join("none/ledger.db")).is_err());
    }
}
