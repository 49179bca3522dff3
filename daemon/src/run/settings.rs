//! The configuration as the daemon and its commands read it, and what the engine and the ledger take
//! from it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use gatewarden_config::{
    AccountSection, Config, Environment, Mistake, Severity, SystemEnvironment,
};
use gatewarden_engine::{ItemMaster, Settings};
use gatewarden_model::{DeviceFacts, DeviceId, Walking};
use gatewarden_stock::{AccountRule, AccountsFor};
use gatewarden_store::{LedgerAddress, StoreError, postgres::PgAddress};

/// Reads the configuration; mistakes and warnings go to standard error, one a line with its source.
pub(crate) fn load_config(path: &Path) -> anyhow::Result<Config> {
    read_config(path, &SystemEnvironment)
}

fn read_config(path: &Path, environment: &dyn Environment) -> anyhow::Result<Config> {
    let checked = gatewarden_config::check(path, environment);
    eprint!("{}", gatewarden_config::render_files(&checked.mistakes, &checked.sources));
    checked.config.with_context(|| {
        format!("{}: {}; nothing was started", path.display(), count(&checked.mistakes))
    })
}

/// How many mistakes and warnings there are, in words.
pub(crate) fn count(mistakes: &[Mistake]) -> String {
    let warnings = mistakes.iter().filter(|m| m.severity == Severity::Warning).count();
    let words = |n: usize, what: &str| match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    };
    match warnings {
        0 => words(mistakes.len(), "mistake"),
        n => format!("{}, {}", words(mistakes.len() - n, "mistake"), words(n, "warning")),
    }
}

/// As `load_config`, for commands that need no adapter: a secret that can't be read is none of
/// their business.
pub(crate) fn load_config_without_secrets(path: &Path) -> anyhow::Result<Config> {
    read_config(path, &SecretsAside { config: path })
}

/// The system, but with a stand-in for each secret.
struct SecretsAside<'a> {
    config: &'a Path,
}

impl Environment for SecretsAside<'_> {
    fn var(&self, _name: &str) -> Option<String> {
        Some("-".to_owned())
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        if path == self.config { SystemEnvironment.read(path) } else { Ok(b"-".to_vec()) }
    }

    fn read_named(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        SystemEnvironment.read(path)
    }

    fn credentials_dir(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/run/credentials"))
    }
}

/// The engine's settings out of the configuration.
pub(crate) fn engine_settings(config: &Config) -> Settings {
    let operators = &config.operators;
    Settings {
        idle_timeout_ms: u64::from(operators.idle_timeout_s) * 1000,
        idle_end_ms: u64::from(operators.idle_end_s) * 1000,
        session_max_ms: u64::from(operators.session_max_s) * 1000,
        free_attempts: operators.lockout.free_attempts,
        first_delay_ms: operators.lockout.first_delay_ms,
        delay_ms_max: operators.lockout.delay_ms_max,
        failures_max: operators.lockout.failures_max,
        step_up_ms: u64::from(operators.step_up_s) * 1000,
        walking: walking(config),
        levels: operators.levels.clone(),
        two_persons: operators.two_persons.clone(),
        confirm_kinds: operators.confirm_kinds.clone(),
        items: ItemMaster::new(config.items.iter().cloned()),
        places: config.locations.iter().map(|place| place.path.clone()).collect(),
        accounts: config.accounts.iter().map(account_rule).collect(),
        utc_offset_min: config.gateway.utc_offset_min,
        reservation_ms: u64::from(config.reservations.expires_min) * 60_000,
        reservations_max: config.reservations.open_max as usize,
        review_ms_min: u64::from(config.access.review_hours_min) * 3_600_000,
        sod: config.sod.clone(),
        one_person_enrols: false,
        any_device: false,
        procedures: config.procedures.parts.clone(),
        stations: config.stations.iter().map(|station| station.name.clone()).collect(),
        pins: config.devices.iter().filter_map(pin).collect(),
    }
}

/// The ways between the stations.
fn walking(config: &Config) -> Walking {
    let mut between = BTreeMap::new();
    for station in &config.stations {
        for (other, seconds) in &station.walking {
            let (a, b) = (station.name.clone(), other.clone());
            between.insert(if a < b { (a, b) } else { (b, a) }, u64::from(*seconds) * 1000);
        }
    }
    Walking { least_ms: u64::from(config.operators.walking_s_min) * 1000, between }
}

/// Who a device must be, where the configuration says so.
fn pin(device: &gatewarden_config::Device) -> Option<(DeviceId, DeviceFacts)> {
    let pin = (!device.identity.is_empty()).then(|| device.identity.clone());
    pin.map(|pin| (device.name.clone(), pin))
}

fn account_rule(section: &AccountSection) -> AccountRule {
    let of = match section.of {
        gatewarden_config::AccountsFor::Kind(kind) => AccountsFor::Kind(kind),
        gatewarden_config::AccountsFor::LandedCost => AccountsFor::LandedCost,
    };
    AccountRule {
        of,
        class: section.class,
        item: section.item.clone(),
        debit: section.debit.clone(),
        credit: section.credit.clone(),
    }
}

/// Where the ledger is: a file of this box, or a PostgreSQL database that gateways share.
pub(crate) fn ledger_address(config: &Config) -> Result<LedgerAddress, StoreError> {
    let Some(url) = &config.ledger.url else { return Ok((&config.ledger.path).into()) };
    let password = config.ledger.password.as_ref().map(|secret| secret.expose().to_owned());
    let address = PgAddress::parse(url)?.with_password(password);
    Ok(LedgerAddress::Postgres(Box::new(address)))
}
