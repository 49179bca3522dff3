//! `gatewarden run`: puts the parts together, in the order that loses nothing.
//!
//! Ledger and recorder first, then what the spool still holds from an earlier run, then the lanes,
//! the API, and last the devices. Going down is the same way back: devices, intake, recorder.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use gatewarden_config::{
    AccountSection, Config, DeviceKind, Environment, Mistake, Severity, SystemEnvironment,
};
use gatewarden_engine::{Access, Command, ItemMaster, Reply, Settings};
use gatewarden_model::{Actor, Body, Clock, DeviceId, Entry, Pass, Stamp, StationId};
use gatewarden_stock::{AccountRule, AccountsFor};
use gatewarden_store::{
    Ledger, LedgerAddress, LedgerReader, OpenOptions, StoreError, file,
    ops::{self, Reserve},
    postgres::PgAddress,
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api,
    app::{App, ENROLMENT_MINUTES, Enrolment, StationOrder},
    clock::SystemClock,
    devices::{self, DeviceBoard, EVENTS_MAX, Supplies},
    dispatcher::Lane,
    feeder, intake,
    lamps::Lamps,
    lanes,
    recorder::{Parts, Recorder},
    secrets::PinChecker,
    spool::Spool,
    watchman, witnesses,
};

/// How long devices and stations may take to stop.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Pause before a ledger that was away at the start is asked again.
const OPEN_PAUSE: Duration = Duration::from_secs(1);
/// How far back the last sign of life is looked for among what the shell wrote.
const SHELL_ENTRIES_MAX: usize = 1000;

/// Reads the configuration; mistakes and warnings go to standard error, one a line with its source.
pub(crate) fn load_config(path: &Path) -> anyhow::Result<Config> {
    read_config(path, &SystemEnvironment)
}

fn read_config(path: &Path, environment: &dyn Environment) -> anyhow::Result<Config> {
    let checked = gatewarden_config::check(path, environment);
    eprint!("{}", gatewarden_config::render(&checked.mistakes, &checked.source));
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

    fn credentials_dir(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/run/credentials"))
    }
}

/// The engine's settings out of the configuration.
pub(crate) fn engine_settings(config: &Config) -> Settings {
    let operators = &config.operators;
    Settings {
        idle_timeout_ms: u64::from(operators.idle_timeout_s) * 1000,
        session_max_ms: u64::from(operators.session_max_s) * 1000,
        free_attempts: operators.lockout.free_attempts,
        first_delay_ms: operators.lockout.first_delay_ms,
        delay_ms_max: operators.lockout.delay_ms_max,
        items: ItemMaster::new(config.items.iter().cloned()),
        places: config.locations.iter().map(|place| place.path.clone()).collect(),
        accounts: config.accounts.iter().map(account_rule).collect(),
        utc_offset_min: config.gateway.utc_offset_min,
        reservation_ms: u64::from(config.reservations.expires_min) * 60_000,
        reservations_max: config.reservations.open_max as usize,
    }
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

/// Where the ledger is: a file of this box, or a PostgreSQL database that gateways share.
pub(crate) fn ledger_address(config: &Config) -> Result<LedgerAddress, StoreError> {
    let Some(url) = &config.ledger.url else { return Ok((&config.ledger.path).into()) };
    let password = config.ledger.password.as_ref().map(|secret| secret.expose().to_owned());
    let address = PgAddress::parse(url)?.with_password(password);
    Ok(LedgerAddress::Postgres(Box::new(address)))
}

/// Opens the ledger for writing and starts a recorder on it.
pub(crate) fn start_recorder(
    config: &Config,
    clock: Arc<dyn Clock>,
    signals: mpsc::UnboundedSender<(StationId, gatewarden_model::Signal)>,
) -> anyhow::Result<Recorder> {
    create_state_dir(&config.gateway.state_dir)?;
    let key = gatewarden_store::load_or_create_key(&config.ledger.key).with_context(|| {
        format!("failed to read the ledger's key {}", config.ledger.key.display())
    })?;
    let address = ledger_address(config)?;
    if let Some(path) = address.path() {
        ops::check_start(path)?;
        make_private(path)?;
    }
    let options =
        OpenOptions { key, more_keys: vec![], origin: config.gateway.name.clone(), vfs: None };
    let ledger =
        Ledger::open(&address, options).with_context(|| format!("failed to open {address}"))?;
    let reserve = hold_reserve(config, &address)?;
    let access = Access::new(&config.roles, "").context("failed to build the policies")?;
    let parts = Parts {
        ledger,
        settings: engine_settings(config),
        access,
        clock,
        signals,
        group_rows_max: config.ledger.group_rows_max as usize,
        reserve,
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

/// Runs the daemon until SIGTERM or SIGINT.
pub(crate) async fn run(config: Config) -> anyhow::Result<()> {
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .context("failed to set up metrics")?;
    let witnesses = witnesses::trust(&config.witnesses)?;
    let clock = SystemClock::shared();
    let config = Arc::new(config);
    let lamps = Lamps::new(config.stations.iter().map(|s| s.name.clone()));
    let (signals, shown) = mpsc::unbounded_channel();
    let recorder = start_recorder(&config, Arc::clone(&clock), signals)?;
    tokio::spawn(lamps.clone().follow(shown));
    let spool = open_spool(&config)?;
    let mut opening = Opening {
        recorder: recorder.opening(),
        spool: spool.clone(),
        config: Arc::clone(&config),
        up: clock.now(),
        passes: spool.waiting(clock.now()).await?,
        is_recorded: false,
    };
    let away = recorder.is_away();
    if !away {
        opening.record().await?;
    }

    let stop = CancellationToken::new();
    let (device_tasks, station_tasks, other_tasks) =
        (TaskTracker::new(), TaskTracker::new(), TaskTracker::new());
    start_lanes(&config, &recorder, &spool, &clock, &other_tasks, &stop)?;
    let mut app = App {
        config: Arc::clone(&config),
        recorder: recorder.clone(),
        spool: spool.clone(),
        devices: DeviceBoard::default(),
        lamps: lamps.clone(),
        clock: Arc::clone(&clock),
        stations: Arc::default(),
        metrics,
        pins: PinChecker::default(),
        enrolment: Enrolment::default(),
    };
    let stations = start_stations(&app, &device_tasks, &station_tasks, &stop);
    app.stations = Arc::new(stations);
    let listeners = api::Listeners::bind(&config).await?;
    if away {
        other_tasks.spawn(open_later(app.clone(), opening, stop.clone()));
    } else {
        announce_enrolment(&app).await?;
    }
    other_tasks.spawn(listeners.serve(app.clone(), stop.clone()));
    other_tasks.spawn(watchman::run(app.clone(), stop.clone()));
    other_tasks.spawn(witnesses::run(app.clone(), witnesses, stop.clone()));
    tracing::info!(gateway = %config.gateway.name, listen = %config.gateway.listen, "ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);

    let reason = wait_for_signal().await?;
    tracing::info!(%reason, "stopping");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    stop.cancel();
    app.stations = Arc::default();
    for tasks in [&device_tasks, &station_tasks, &other_tasks] {
        tasks.close();
        let _ = tokio::time::timeout(STOP_TIME, tasks.wait()).await;
    }
    let stopped = recorder.command(Command::Stop { reason }).await;
    recorder.shut().await;
    note_newest(&config).await;
    stopped.map(|_| ()).context("the orderly stop could not be recorded")
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

fn open_spool(config: &Config) -> anyhow::Result<Spool> {
    let path = &config.spool.path;
    make_private(path)?;
    let (spool, set_aside) = Spool::open(path, config.spool.passes_max)
        .with_context(|| format!("failed to open {}", path.display()))?;
    if let Some(aside) = set_aside {
        tracing::error!(%aside, "the spool was damaged; it is set aside and a new one begun");
    }
    Ok(spool)
}

/// What is recorded before anything else: the start, and what an earlier run left.
struct Opening {
    recorder: Recorder,
    spool: Spool,
    config: Arc<Config>,
    /// When the daemon came up.
    up: Stamp,
    /// What an earlier run spooled.
    passes: Vec<Pass>,
    /// The start stands in the journal already.
    is_recorded: bool,
}

impl Opening {
    /// Records the start, brings what an earlier run spooled, and ends that run's sessions. May be
    /// tried again after an error.
    async fn record(&mut self) -> anyhow::Result<()> {
        if !self.is_recorded {
            self.record_start().await?;
            self.is_recorded = true;
        }
        while let Some(pass) = self.passes.first().cloned() {
            let id = pass.id;
            if LedgerReader::open(&ledger_address(&self.config)?)?.pass_recorded(id)? {
                self.spool.forget_pass(id).await?;
            } else {
                feeder::bring(&self.recorder, &self.spool, pass).await?;
            }
            self.passes.remove(0);
        }
        expect_done(self.recorder.command(Command::EndLeftoverSessions).await?)?;
        Ok(self.recorder.begun().await?)
    }

    /// Records the start, and before it the gap since the last sign of life if the daemon did not
    /// stop in order. In this order, because one that is killed between the two finds the same gap
    /// again.
    async fn record_start(&self) -> anyhow::Result<()> {
        let ledger = LedgerReader::open(&ledger_address(&self.config)?)?;
        let entries = ledger.last_entries(SHELL_ENTRIES_MAX)?;
        drop(ledger);
        if let Some(from) = died_after(&entries) {
            let reason =
                "the daemon did not stop in order; nothing was read until it started again";
            let reason = reason.to_owned();
            let command = Command::Gap { device: None, from, to: self.up, reason };
            expect_done(self.recorder.command(command).await?)?;
        }
        let command = Command::Start {
            gateway: self.config.gateway.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: self.config.hash,
        };
        expect_done(self.recorder.command(command).await?)?;
        define(&self.recorder).await
    }
}

/// The shared ledger was away at the start: the devices capture into the spool, and the start is
/// recorded as soon as it is there.
async fn open_later(app: App, mut opening: Opening, stop: CancellationToken) {
    tracing::warn!(
        "PostgreSQL is away: passes are captured and wait in the spool; sessions can't be opened"
    );
    loop {
        match opening.record().await {
            Ok(()) => break,
            Err(error) => tracing::warn!(%error, "the start can't be recorded yet"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(OPEN_PAUSE) => {}
        }
    }
    tracing::info!("the ledger is there; the start is recorded");
    if let Err(error) = announce_enrolment(&app).await {
        tracing::error!(%error, "the enrolment code can't be made");
    }
}

/// Records policies and items where they differ from those recorded, before anything rests on them.
pub(crate) async fn define(recorder: &Recorder) -> anyhow::Result<()> {
    expect_done(recorder.command(Command::DefinePolicies).await?)?;
    loop {
        let answer = recorder.command(Command::DefineItems).await?;
        match answer.map_err(|refusal| anyhow::anyhow!(refusal.message))? {
            Reply::Defined { more: true } => {}
            _ => return Ok(()),
        }
    }
}

/// The last sign of life of a daemon that did not stop in order. What the box's shell wrote, perhaps
/// while no daemon ran, is none.
fn died_after(entries: &[Entry]) -> Option<Stamp> {
    let by_shell = |entry: &&Entry| {
        let (Body::Enrolled { by, .. }
        | Body::Removed { by, .. }
        | Body::ClientAdded { by, .. }
        | Body::ClientRevoked { by, .. }
        | Body::KeyRotated { by, .. }
        | Body::Restored { by, .. }
        | Body::Denied { by, .. }) = &entry.body
        else {
            return false;
        };
        matches!(by, Actor::Local { .. })
    };
    let last = entries.iter().rev().find(|entry| !by_shell(entry));
    let beyond = entries.first().filter(|_| entries.len() == SHELL_ENTRIES_MAX);
    let last = last.or(beyond)?;
    (!matches!(last.body, Body::Stopped { .. })).then_some(last.at)
}

fn expect_done(answer: crate::recorder::Answer) -> anyhow::Result<()> {
    answer.map(|_| ()).map_err(|refusal| anyhow::anyhow!(refusal.message))
}

fn start_lanes(
    config: &Config,
    recorder: &Recorder,
    spool: &Spool,
    clock: &Arc<dyn Clock>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    for section in &config.adapters {
        let lane = Lane {
            name: section.name.clone(),
            adapter: lanes::adapter(&section.kind, clock)
                .with_context(|| format!("adapter {} can't be set up", section.name))?,
            retry_ms_max: section.retry_ms_max,
            attempts_max: section.attempts_max,
            kinds: section.kinds.clone(),
            spool: spool.clone(),
            recorder: recorder.clone(),
            ledger: ledger_address(config)?,
            clock: Arc::clone(clock),
        };
        tasks.spawn(lane.run(stop.clone()));
    }
    Ok(())
}

/// Starts every station with its devices; what comes back tells them to close a pass.
pub(crate) fn start_stations(
    app: &App,
    device_tasks: &TaskTracker,
    station_tasks: &TaskTracker,
    stop: &CancellationToken,
) -> HashMap<StationId, mpsc::Sender<StationOrder>> {
    let mut by_name: HashMap<DeviceId, gatewarden_config::Device> =
        app.config.devices.iter().map(|d| (d.name.clone(), d.clone())).collect();
    let mut orders = HashMap::new();
    for station in &app.config.stations {
        let (events, reads) = mpsc::channel(EVENTS_MAX);
        let (order, taken) = mpsc::channel(16);
        for name in &station.devices {
            // `check` refuses a device that is missing or serves two stations.
            let Some(device) = by_name.remove(name) else { continue };
            let Some(signals) = app.lamps.watch(&station.name) else { continue };
            let supplies = Supplies {
                clock: Arc::clone(&app.clock),
                events: events.clone(),
                signals,
                board: app.devices.clone(),
                stop: stop.child_token(),
            };
            if let DeviceKind::Llrp { .. } = device.kind {
                metrics::counter!("gatewarden_reads_total", "device" => name.to_string())
                    .absolute(0);
            }
            devices::supervise(device_tasks, device, supplies);
        }
        station_tasks.spawn(intake::run(app.clone(), station.clone(), reads, taken));
        orders.insert(station.name.clone(), order);
    }
    orders
}

/// Prints a one-time code while nobody is enrolled who could enrol others.
async fn announce_enrolment(app: &App) -> anyhow::Result<()> {
    let enrolled = app.recorder.query(|engine| engine.state().operators().next().is_some()).await?;
    if enrolled {
        return Ok(());
    }
    let code = app.enrolment.begin(app.clock.now().mono_us);
    eprintln!("nobody is enrolled yet; one-time enrolment code: {code}");
    tracing::warn!(%code, minutes = ENROLMENT_MINUTES, "one-time enrolment code for the first administrator");
    Ok(())
}

/// Waits for SIGTERM or SIGINT, and names it.
pub(crate) async fn wait_for_signal() -> anyhow::Result<String> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM".to_owned(),
        _ = interrupt.recv() => "SIGINT".to_owned(),
    })
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
