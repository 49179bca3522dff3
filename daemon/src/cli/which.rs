//! Which ledger a command looks at, and which key it trusts there.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use gatewarden_proof::Trust;
use gatewarden_store::{
    LedgerAddress, LedgerReader, VerifyingKey, postgres::PgAddress, verifier_key_text,
};

use super::ConfigArg;
use crate::{keys::Keys, run};

/// Which ledger.
#[derive(Debug, Args)]
pub(crate) struct Which {
    #[command(flatten)]
    config: ConfigArg,
    /// The ledger's file or postgres:// URL, instead of the configuration's. A password comes from
    /// PGPASSWORD.
    #[arg(long)]
    ledger: Option<String>,
    /// A file with the trusted public key (as `ledger key` prints it); by default the key beside
    /// the configuration's ledger.
    #[arg(long)]
    key: Option<PathBuf>,
}

impl Which {
    /// The ledger's file, for what only a file can do.
    pub(super) fn path(&self) -> anyhow::Result<PathBuf> {
        match self.address()? {
            LedgerAddress::Sqlite(path) => Ok(path),
            LedgerAddress::Postgres(address) => anyhow::bail!(
                "this works on a ledger in a file, not on {address}: use PostgreSQL's own tools there"
            ),
        }
    }

    /// The configuration, for what needs no secret.
    pub(super) fn config(&self) -> anyhow::Result<gatewarden_config::Config> {
        run::load_config_without_secrets(&self.config.config)
    }

    /// As `config`; none where there is no such file, for what can do without.
    pub(super) fn config_if_there(&self) -> anyhow::Result<Option<gatewarden_config::Config>> {
        self.config.if_there()
    }

    /// Whether a ledger is named beside the configuration.
    pub(super) fn names_ledger(&self) -> bool {
        self.ledger.is_some()
    }

    fn address(&self) -> anyhow::Result<LedgerAddress> {
        let given = match &self.ledger {
            Some(ledger) => LedgerAddress::parse(ledger)?,
            None => {
                let config = run::load_config_without_secrets(&self.config.config)?;
                match config.ledger.password {
                    // That of the ledger is needed, so all are read.
                    Some(_) => run::ledger_address(&run::load_config(&self.config.config)?)?,
                    None => run::ledger_address(&config)?,
                }
            }
        };
        Ok(match (given, std::env::var("PGPASSWORD")) {
            (LedgerAddress::Postgres(address), Ok(password)) => {
                LedgerAddress::Postgres(Box::new(address.with_password(Some(password))))
            }
            (given, _) => given,
        })
    }

    /// Minutes east of UTC by which the business's day begins; 0 for a ledger without its
    /// configuration.
    pub(super) fn utc_offset_min(&self) -> anyhow::Result<i32> {
        match &self.ledger {
            Some(_) => Ok(0),
            None => {
                let config = run::load_config_without_secrets(&self.config.config)?;
                Ok(config.gateway.utc_offset_min)
            }
        }
    }

    /// The conflicts of duties: the configuration's, or the default ones for a ledger without it.
    pub(super) fn sod(&self) -> anyhow::Result<gatewarden_model::SodTable> {
        let path = &self.config.config;
        if self.ledger.is_some() && !path.exists() {
            eprintln!(
                "note: {} is not there: the default conflicts are looked for",
                path.display()
            );
            return Ok(gatewarden_config::default_sod());
        }
        Ok(run::load_config_without_secrets(path)?.sod)
    }

    pub(super) fn open(&self) -> anyhow::Result<LedgerReader> {
        let address = self.address()?;
        LedgerReader::open(&address).with_context(|| format!("failed to open {address}"))
    }

    /// As `open`; none where the configuration's ledger is a file that no start has made yet.
    pub(super) fn open_if_there(&self) -> anyhow::Result<Option<LedgerReader>> {
        match self.address()? {
            LedgerAddress::Sqlite(path) if self.ledger.is_none() && !path.exists() => Ok(None),
            _ => self.open().map(Some),
        }
    }

    /// As `trusted`, for a ledger that may not open: the name is known only from a key's file.
    pub(super) fn trusted_key(&self) -> anyhow::Result<(Option<String>, VerifyingKey)> {
        if let Some(path) = &self.key {
            let copy = self.ledger.as_ref().and_then(|_| self.open().ok());
            return read_key(path, copy.as_ref()).map(|(name, key)| (Some(name), key));
        }
        match &self.ledger {
            Some(ledger) => {
                let keys = Keys::in_files("", &Path::new(ledger).with_extension("key"));
                Ok((None, Self::own(&keys)?))
            }
            None => {
                let config = run::load_config_without_secrets(&self.config.config)?;
                let key = Self::own(&Keys::of(&config))?;
                Ok((Some(config.gateway.name), key))
            }
        }
    }

    /// The gateway's own key: the first at hand, whatever the ledger says. A key that was rotated away
    /// may be in a thief's hands, and his ledger would name it.
    fn own(keys: &Keys) -> anyhow::Result<VerifyingKey> {
        let at_hand = keys.load().with_context(|| {
            format!("no trusted key: give --key, or the gateway's own at {}", keys.place())
        })?;
        let first = at_hand.first().context("no trusted key: give --key")?;
        Ok(first.verifying_key())
    }

    /// The trusted key: from the file named, or the gateway's own; never the one in the ledger.
    pub(super) fn trusted(&self) -> anyhow::Result<(String, VerifyingKey)> {
        if let Some(path) = &self.key {
            let copy = self.ledger.as_ref().map(|_| self.open()).transpose()?;
            return read_key(path, copy.as_ref());
        }
        let keys = match &self.ledger {
            Some(ledger) if !PgAddress::is_meant(ledger) => {
                Keys::in_files("", &Path::new(ledger).with_extension("key"))
            }
            Some(_) => anyhow::bail!("a shared ledger has several keys: give --key"),
            None => Keys::of(&run::load_config_without_secrets(&self.config.config)?),
        };
        Ok((self.open()?.origin()?, Self::own(&keys)?))
    }
}

impl Which {
    /// The configured witnesses; none where a ledger's file is named instead of a configuration.
    pub(super) fn witnesses(&self) -> anyhow::Result<Trust> {
        match &self.ledger {
            Some(_) => Ok(Trust::default()),
            None => {
                let config = run::load_config_without_secrets(&self.config.config)?;
                crate::witnesses::trust(&config.witnesses)
            }
        }
    }
}

/// The trusted key out of a file, with its log's name. Of several keys of one log it is the newest: those
/// before count as far as its checkpoints cover theirs. An older copy, named by its file, is judged by the
/// key of its time if it ends within that one's range, and that is said; the ledger in use never is.
fn read_key(path: &Path, copy: Option<&LedgerReader>) -> anyhow::Result<(String, VerifyingKey)> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read the key {}", path.display()))?;
    let trust = Trust::parse(&text).with_context(|| format!("{}", path.display()))?;
    let first = trust.logs().first();
    let first = first.with_context(|| format!("{} names no log", path.display()))?;
    let keys = || trust.logs().iter().filter(|log| log.origin == first.origin);
    let ends = copy.and_then(|copy| Some((copy.verifier_key().ok()?, copy.len().ok()?)));
    let of_its_time = ends.and_then(|(name, size)| {
        keys().find(|log| {
            verifier_key_text(&log.origin, &log.key) == name
                && log.until.is_none_or(|until| size <= until)
        })
    });
    let newest = keys().max_by_key(|log| log.from);
    if let Some(old) = of_its_time.filter(|log| log.until.is_some()) {
        let until = old.until.unwrap_or_default();
        eprintln!(
            "note: this copy ends before the key was rotated after {until} entries: right for an older \
             copy, wrong for the newest"
        );
    }
    Ok((first.origin.clone(), of_its_time.or(newest).unwrap_or(first).key))
}
