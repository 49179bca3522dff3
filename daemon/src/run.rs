//! `gatewarden run`: puts the parts together, in the order that loses nothing.
//!
//! Ledger and recorder first, then what the spool still holds from an earlier run, then the lanes,
//! the API, and last the devices. Going down is the same way back: devices, intake, recorder.

mod open;
mod opening;
mod settings;

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use gatewarden_config::Config;
use gatewarden_engine::Command;
use gatewarden_model::{Clock, DeviceId, Field, FieldRights, FieldSet, StationId};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    api,
    app::{App, ENROLMENT_MINUTES, Enrolment, StationOrder},
    clock::SystemClock,
    devices::{self, DeviceBoard, EVENTS_MAX, Supplies},
    dispatcher::Lane,
    factors::Factors,
    intake,
    labels::{self, Labels},
    lamps::Lamps,
    lanes,
    notices::{self, NoticeDesk, NoticeLane, Ways},
    recorder::Recorder,
    rule_watch::RuleWatch,
    secrets::PinChecker,
    spool::Spool,
    watchman, witnesses,
};
use open::open_spool;
use opening::{Opening, open_later};

pub(crate) use open::{note_newest, start_recorder};
pub(crate) use opening::define;
pub(crate) use settings::{
    count, engine_settings, ledger_address, load_config, load_config_without_secrets,
};

/// How long devices and stations may take to stop.
const STOP_TIME: Duration = Duration::from_secs(5);

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
        labels: labels::open(&spool).await?,
    };
    let away = recorder.is_away();
    if !away {
        opening.record().await?;
    }

    let stop = CancellationToken::new();
    let (device_tasks, station_tasks, other_tasks) =
        (TaskTracker::new(), TaskTracker::new(), TaskTracker::new());
    start_lanes(&config, &recorder, &spool, &clock, &other_tasks, &stop)?;
    let notices = start_notices(&config, &recorder, &spool, &clock, &other_tasks, &stop)?;
    other_tasks.spawn(
        RuleWatch {
            recorder: recorder.clone(),
            spool: spool.clone(),
            ledger: ledger_address(&config)?,
            clock: Arc::clone(&clock),
            offset_min: config.gateway.utc_offset_min,
        }
        .run(stop.clone()),
    );
    let mut app = App {
        config: Arc::clone(&config),
        recorder: recorder.clone(),
        spool: spool.clone(),
        labels: Labels::new(spool.clone(), recorder.clone()),
        devices: DeviceBoard::default(),
        lamps: lamps.clone(),
        clock: Arc::clone(&clock),
        stations: Arc::default(),
        metrics,
        pins: PinChecker::default(),
        enrolment: Enrolment::default(),
        factors: Factors::of(&config),
        notices,
        imports: crate::imports::Imports::default(),
        tag_doors: crate::tag_access::TagDoors::default(),
        guard: crate::watch::guard(&config.stations),
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
            rights: receiver_rights(&section.fields_hidden),
            spool: spool.clone(),
            recorder: recorder.clone(),
            ledger: ledger_address(config)?,
            clock: Arc::clone(clock),
        };
        tasks.spawn(lane.run(stop.clone()));
    }
    Ok(())
}

/// Starts the lane of notices, where there is any channel to tell by.
fn start_notices(
    config: &Config,
    recorder: &Recorder,
    spool: &Spool,
    clock: &Arc<dyn Clock>,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<Option<NoticeDesk>> {
    let ways = Ways::of(config, clock);
    if ways.is_empty() {
        return Ok(None);
    }
    let (desk, orders) = notices::desk();
    let lane = NoticeLane {
        ways,
        shipped: Arc::new(gatewarden_config::shipped_notices()),
        gateway: config.gateway.name.clone(),
        origin: crate::factors::origin(config),
        spool: spool.clone(),
        recorder: recorder.clone(),
        ledger: ledger_address(config)?,
        clock: Arc::clone(clock),
    };
    tasks.spawn(lane.run(orders, stop.clone()));
    Ok(Some(desk))
}

/// What the receiver of a lane may see: everything but what is hidden from it.
fn receiver_rights(hidden: &[Field]) -> FieldRights {
    let mut view = FieldSet::all();
    hidden.iter().for_each(|field| view.set(field, false));
    FieldRights { view, ..FieldRights::default() }
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
                tag_doors: app.tag_doors.clone(),
                labels: app.labels.clone(),
                stop: stop.child_token(),
            };
            if device.kind.is_reader() {
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
    Ok(signalled()?.await)
}

/// The same from now on: one that comes before it is waited for is not missed.
pub(crate) fn signalled() -> anyhow::Result<impl Future<Output = String>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM".to_owned(),
            _ = interrupt.recv() => "SIGINT".to_owned(),
        }
    })
}
