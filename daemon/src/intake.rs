//! The intake of one station: reads become things, things become passes, passes become durable.
//!
//! What groups reads is the pure `Grouping`; this shell gives it time and ids,
//! writes what it opens and sees to the spool, and hands closed passes to the recorder in order. A
//! pass is bound to the session that was open during the whole of it; who is not signed in can't
//! claim one afterwards. No read is dropped silently: it joins a pass, lingers in the last one, or
//! is counted as a gap.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use gatewarden_config::Station;
use gatewarden_engine::{Command, Engine, ReadMeta, Reply};
use gatewarden_model::{
    DeviceEvent, DeviceFacts, DeviceId, DeviceState, Hash, Pass, PassClosing, PassId, PassOpening,
    Read, ReadValue, ScanRead, SessionId, Sighting, Signal, Stamp, Thing, Tid, Trust,
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use crate::{
    app::{App, StationOrder},
    badges, feeder,
    grouping::{Closed, Fate, Grouped, Grouping, Rules, Seen},
    recording::{Line, ReadLine, Recording},
    secrets,
    spool::SpoolError,
    watch::Watch,
};

/// EPCs whose meaning is remembered at most, a station; another costs a microsecond to decode.
const KNOWN_MAX: usize = 800;
/// New sightings are flushed to the spool at least this often.
const SPOOL_EVERY: Duration = Duration::from_millis(100);
/// Closed passes that may wait for the recorder; more is back-pressure on the station's devices.
const PASSES_MAX: usize = 64;
/// Gaps that may wait for the recorder; more are joined.
const GAPS_MAX: usize = 64;
/// A device that is up within this time of the start, in microseconds, was as good as watched.
const UNSEEN_US_MAX: u64 = 1_000_000;
/// Pause before the recorder is asked again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

struct Intake {
    app: App,
    station: Station,
    grouping: Grouping,
    recording: Option<Recording>,
    known: HashMap<Vec<u8>, Thing>,
    lingering: metrics::Counter,
    late: metrics::Counter,
    /// What is not spooled yet, by pass.
    unspooled: BTreeMap<PassId, Vec<Sighting>>,
    watch: Watch,
    spool_at: Option<Instant>,
    /// Gaps that the recorder could not take yet: device, from, to, reason.
    gaps: VecDeque<(Option<DeviceId>, Stamp, Stamp, String)>,
    gaps_at: Option<Instant>,
    /// The session at the last read, and whether anything counted in it: a new or a resumed one
    /// begins with a clean field.
    session: Option<(SessionId, bool)>,
    started: Stamp,
    /// Devices that have not been up since the start.
    unseen: HashSet<DeviceId>,
    /// Devices that told who they are, which the recorder could not take yet, and since when.
    unasked: BTreeMap<DeviceId, (DeviceFacts, Stamp)>,
    unasked_at: Option<Instant>,
    /// Refused devices of which it was told that a badge was scanned there.
    badges_told: HashSet<DeviceId>,
    closed: mpsc::Sender<Pass>,
}

/// Takes the station's events until all its devices have stopped.
pub(crate) async fn run(
    app: App,
    station: Station,
    mut events: mpsc::Receiver<DeviceEvent>,
    mut orders: mpsc::Receiver<StationOrder>,
) {
    let (closed, passes) = mpsc::channel(PASSES_MAX);
    let feeder: JoinHandle<()> = tokio::spawn(feeder::feed(app.clone(), passes));
    let lingering = metrics::counter!("gatewarden_reads_lingering_total",
        "station" => station.name.to_string());
    let late = metrics::counter!("gatewarden_reads_late_total",
        "station" => station.name.to_string());
    let (started, unseen) = (app.clock.now(), station.devices.iter().cloned().collect());
    let mut intake = Intake {
        grouping: Grouping::new(&Rules::of(&station)),
        recording: begin_recording(&station),
        watch: Watch::new(&station, app.guard.clone()),
        app,
        station,
        known: HashMap::new(),
        lingering,
        late,
        unspooled: BTreeMap::new(),
        spool_at: None,
        gaps: VecDeque::new(),
        gaps_at: None,
        session: None,
        started,
        unseen,
        unasked: BTreeMap::new(),
        unasked_at: None,
        badges_told: HashSet::new(),
        closed,
    };
    loop {
        let wake = intake.wake_at();
        let sleep = async {
            match wake {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => intake.event(event).await,
                None => break,
            },
            Some(StationOrder::ClosePass) = orders.recv() => {
                intake.close(PassClosing::Operator).await;
            }
            () = sleep => intake.wake(events.is_empty()).await,
        }
    }
    intake.close(PassClosing::Interrupted).await;
    drop(intake);
    let _ = feeder.await;
}

impl Intake {
    fn now(&self) -> Stamp {
        self.app.clock.now()
    }

    fn wake_at(&self) -> Option<Instant> {
        let now_us = self.now().mono_us;
        let window = self
            .grouping
            .next_deadline_us()
            .map(|at| Instant::now() + Duration::from_micros(at.saturating_sub(now_us)));
        [window, self.spool_at, self.gaps_at, self.unasked_at].into_iter().flatten().min()
    }

    /// Does what is due. While events wait, only they tell the time of a pass: a read that waited
    /// behind a slow flush came when it came, and must not find its pass closed by the clock.
    async fn wake(&mut self, caught_up: bool) {
        if self.gaps_at.is_some_and(|at| at <= Instant::now()) {
            self.tell_gaps().await;
        }
        if self.unasked_at.is_some_and(|at| at <= Instant::now()) {
            self.identify().await;
        }
        if self.spool_at.is_some_and(|at| at <= Instant::now()) {
            // Events may have come meanwhile: whether a pass is over is asked in the next turn.
            self.spool_sightings().await;
        } else if caught_up {
            self.finish_closed(self.now()).await;
        }
    }

    async fn event(&mut self, event: DeviceEvent) {
        match event {
            DeviceEvent::State { device, state } => self.state(device, state).await,
            DeviceEvent::Identity { device, facts, at } => {
                self.unasked.insert(device, (facts, at));
                self.identify().await;
            }
            DeviceEvent::Reads(reads) => {
                if let Some(first) = reads.first() {
                    metrics::counter!("gatewarden_reads_total", "device" => first.device.to_string())
                        .increment(reads.len() as u64);
                }
                for read in reads {
                    self.read(read).await;
                }
            }
            DeviceEvent::Input { device, port, on, at } => self.input(&device, port, on, at).await,
            DeviceEvent::Gap { device, from, to, reason } => {
                self.gap(Some(device), from, to, reason).await;
            }
        }
    }

    async fn state(&mut self, device: DeviceId, state: DeviceState) {
        let up = matches!(state, DeviceState::Up { .. });
        if up {
            self.watch.restarted(&device);
        }
        self.app.devices.set(&device, state);
        if !up || !self.unseen.remove(&device) {
            return;
        }
        let (from, to) = (self.started, self.now());
        if to.us_since(&from) >= UNSEEN_US_MAX {
            let reason = "not watched from the daemon's start until it was up".to_owned();
            self.gap(Some(device), from, to, reason).await;
        }
    }

    /// Asks whether the devices that told who they are may be believed; what can't be recorded now is
    /// tried again, and until then nobody claims what they read.
    async fn identify(&mut self) {
        self.unasked_at = None;
        while let Some((device, (facts, since))) =
            self.unasked.first_key_value().map(|(device, told)| (device.clone(), told.clone()))
        {
            let station = self.station.name.clone();
            let command = Command::Identify { station, device: device.clone(), facts, since };
            match self.app.recorder.command(command).await {
                Ok(Ok(Reply::Identified { refused: Some(reason) })) => {
                    metrics::counter!("gatewarden_devices_refused_total",
                        "device" => device.to_string())
                    .increment(1);
                    tracing::warn!(%device, station = %self.station.name, %reason,
                        "device refused: see gatewarden change list");
                }
                Ok(Ok(_)) => drop(self.badges_told.remove(&device)),
                Ok(Err(refusal)) => tracing::error!(%device, reason = %refusal.message, "identity"),
                Err(error) => {
                    tracing::error!(%device, %error, "who it is waits to be recorded");
                    self.unasked_at = Some(Instant::now() + RETRY_PAUSE);
                    return;
                }
            }
            self.unasked.remove(&device);
        }
    }

    async fn gap(&mut self, device: Option<DeviceId>, from: Stamp, to: Stamp, reason: String) {
        metrics::counter!("gatewarden_gaps_total", "station" => self.station.name.to_string())
            .increment(1);
        tracing::warn!(station = %self.station.name, ?device, %reason, "evidence gap");
        self.gaps.push_back((device, from, to, reason));
        if self.gaps.len() > GAPS_MAX
            && let (Some(first), Some(second)) = (self.gaps.pop_front(), self.gaps.pop_front())
        {
            // Two become one that spans both: less is told, nothing is left out.
            let reason = format!("{}; {}", first.3, second.3).chars().take(500).collect();
            self.gaps.push_front((None, first.1, second.2, reason));
        }
        self.tell_gaps().await;
    }

    /// Records the gaps that wait; what can't be recorded now is tried again.
    async fn tell_gaps(&mut self) {
        self.gaps_at = None;
        while let Some((device, from, to, reason)) = self.gaps.front().cloned() {
            let command = Command::Gap { device, from, to, reason };
            if let Err(error) = self.app.recorder.command(command).await {
                tracing::error!(%error, gaps = self.gaps.len(), "gaps wait to be recorded");
                self.gaps_at = Some(Instant::now() + RETRY_PAUSE);
                return;
            }
            self.gaps.pop_front();
        }
    }

    /// The badge that a scan is, if it is one: it begins with the prefix, or is the number of a card
    /// that is somebody's.
    async fn badge_in(&self, scan: &ScanRead) -> Option<Hash> {
        let prefixed = secrets::is_badge(&scan.text, &self.app.config.operators.badge_prefix);
        if !prefixed && !badges::may_be_card(scan) {
            return None;
        }
        let shown = scan.clone();
        let look = move |engine: &Engine| {
            let state = engine.state();
            let is_badge = prefixed || badges::is_card(state, &shown);
            is_badge.then(|| badges::badge_of(state, &shown.text))
        };
        // While the ledger is away nobody's cards are known, and nobody can sign in.
        self.app.recorder.query(look).await.ok().flatten()
    }

    async fn read(&mut self, read: Read) {
        if let ReadValue::Scan(scan) = &read.value
            && let Some(badge) = self.badge_in(scan).await
        {
            if let Some(why) = self.badge_doubt(&read.device, scan) {
                self.badge_refused(read.device, read.at, why).await;
                return;
            }
            self.badge(badge).await;
            return;
        }
        let thing = self.thing(&read.value);
        let standing = self.app.recorder.standing_at(&self.station.name);
        if standing != self.session && standing.is_some_and(|(_, counts)| counts) {
            // What lay in the field before may be shown again to whoever has just signed in.
            self.grouping.forget_lingering();
            self.record(|| Some(Line::Forget {}));
        }
        self.session = standing;
        // Who read it is not known yet: a pass without a session is never posted.
        let session = standing.map(|(session, _)| session);
        let session = session.filter(|_| !self.unasked.contains_key(&read.device));
        let wall_us = read.at.wall_us;
        let alarms = self.watch.read(&read, &thing.key);
        let (device, at, meta) = (read.device.clone(), read.at, meta(&read));
        let seen = Seen { at, thing, meta, suspect: alarms.suspect };
        let line = self.recording.as_ref().map(|_| ReadLine::new(&seen, session));
        let grouped = self.grouping.read(seen, session, || mint(wall_us));
        self.record(|| line.map(|line| line.opening(&grouped)));
        self.grouped(grouped, at).await;
        for alarm in alarms.found {
            self.gap(Some(device.clone()), at, at, alarm.words).await;
        }
    }

    /// A beam, a gate or a button: it may open a pass. Elsewhere an input means nothing, and so does
    /// one of a device that is not the approved one: tags without a beam are doubted.
    async fn input(&mut self, device: &DeviceId, port: u16, on: bool, at: Stamp) {
        tracing::debug!(%device, port, on, "input");
        if self.unasked.contains_key(device) || self.app.recorder.is_refused(device) {
            return;
        }
        let session = self.app.recorder.session_at(&self.station.name);
        let wall_us = at.wall_us;
        let grouped = self.grouping.input((device, port, on), at, session, || mint(wall_us));
        let opened = grouped.as_ref().and_then(|grouped| grouped.opened).map(|(pass, _)| pass);
        self.record(|| Some(Line::Input { at, device: device.clone(), port, on, session, opened }));
        if let Some(grouped) = grouped {
            self.grouped(grouped, at).await;
        }
    }

    /// Adds a line to the trace, if one is recorded.
    fn record(&mut self, line: impl FnOnce() -> Option<Line>) {
        let Some(recording) = &mut self.recording else { return };
        let written = line().map_or(Ok(()), |line| recording.line(&line));
        if let Err(error) = written {
            tracing::error!(station = %self.station.name, %error, "the trace ends here");
            self.recording = None;
        }
    }

    async fn grouped(&mut self, grouped: Grouped, at: Stamp) {
        self.finish_closed(at).await;
        if let Some((pass, by)) = grouped.opened {
            self.opened(pass, by, at, grouped.fate == Fate::Late).await;
        }
        if let Some((pass, sightings)) = grouped.first {
            self.unspooled.entry(pass).or_default().extend(sightings);
            self.spool_at.get_or_insert_with(|| Instant::now() + SPOOL_EVERY);
        }
        match grouped.fate {
            Fate::Taken => {}
            Fate::Late | Fate::Stale => self.late.increment(1),
            Fate::Linger => self.lingering.increment(1),
        }
    }

    /// A pass of what was told late is nobody's, and nothing that goes on now.
    async fn opened(&mut self, pass: PassId, opening: PassOpening, at: Stamp, late: bool) {
        let station = self.station.name.clone();
        let session = self.app.recorder.session_at(&station).filter(|_| !late);
        if !late {
            self.app.lamps.show(&station, Signal::Busy);
        }
        if let Err(error) = self.app.spool.open_pass(pass, station, at, opening, session).await {
            self.spool_failed(&error);
        }
    }

    fn spool_failed(&self, error: &SpoolError) {
        metrics::counter!("gatewarden_spool_failures_total").increment(1);
        tracing::error!(station = %self.station.name, %error, "the pass is in memory only");
        self.app.lamps.show(&self.station.name, Signal::Stop);
    }

    /// A badge at a device that is not the approved one signs nobody in: told once a device, not once a
    /// scan, and never with its number.
    async fn badge_refused(&mut self, device: DeviceId, at: Stamp, why: &str) {
        self.app.lamps.show(&self.station.name, Signal::Alarm);
        if self.badges_told.insert(device.clone()) {
            let reason = format!("{why}; it and any further one count for nothing");
            self.gap(Some(device), at, at, reason).await;
        }
    }

    /// Why a badge read by this device counts for nothing.
    fn badge_doubt(&self, device: &DeviceId, scan: &ScanRead) -> Option<&'static str> {
        if self.unasked.contains_key(device) || self.app.recorder.is_refused(device) {
            return Some("a badge was scanned at a device that is not the approved one");
        }
        let kind = self.app.config.devices.iter().find(|known| known.name == *device);
        let typed = kind.is_some_and(|known| badges::may_be_typed(&known.kind, scan));
        typed.then_some(
            "a badge came from a keyboard wedge without an AIM identifier, where anybody may type",
        )
    }

    async fn badge(&self, badge: gatewarden_model::Hash) {
        let station = self.station.name.clone();
        match self.app.recorder.command(Command::Badge { station, badge }).await {
            Ok(Ok(reply)) => tracing::debug!(
                known = matches!(reply, Reply::BadgeSeen { operator: Some(_) }),
                "badge"
            ),
            Ok(Err(refusal)) => tracing::warn!(reason = %refusal.message, "badge refused"),
            Err(error) => tracing::error!(%error, "a badge could not be taken"),
        }
    }

    fn thing(&mut self, value: &ReadValue) -> Thing {
        match value {
            ReadValue::Scan(scan) => Thing::of_scan(scan),
            ReadValue::Tag(tag) => {
                if let Some(thing) = self.known.get(&tag.epc) {
                    return thing.clone();
                }
                if self.known.len() >= KNOWN_MAX {
                    self.known.clear();
                }
                let thing = Thing::of_epc(&tag.epc);
                self.known.insert(tag.epc.clone(), thing.clone());
                thing
            }
        }
    }

    async fn spool_sightings(&mut self) {
        self.spool_at = None;
        for (pass, sightings) in std::mem::take(&mut self.unspooled) {
            if let Err(error) = self.app.spool.add_sightings(pass, sightings).await {
                self.spool_failed(&error);
            }
        }
    }

    async fn close(&mut self, by: PassClosing) {
        let now = self.now();
        self.grouping.close(now, by);
        self.record(|| Some(Line::Close { at: now, by }));
        self.finish_closed(now).await;
    }

    /// Makes what has closed durable and hands it on.
    async fn finish_closed(&mut self, now: Stamp) {
        while let Some(Closed { mut pass, full_since }) = self.grouping.poll(now) {
            self.record(|| Some(Line::Pass { asked: now, pass: pass.clone() }));
            // The pass as a whole replaces its single sightings.
            self.unspooled.remove(&pass.id);
            if self.unspooled.is_empty() {
                self.spool_at = None;
            }
            for alarm in self.watch.passed(&mut pass) {
                self.gap(None, pass.opened, pass.closed, alarm.words).await;
            }
            if let Some(from) = full_since {
                let reason = format!("more things, or longer ones, than pass {} can hold", pass.id);
                self.gap(None, from, pass.closed, reason).await;
            }
            metrics::counter!("gatewarden_passes_total", "station" => self.station.name.to_string())
                .increment(1);
            if let Err(error) = self.app.spool.close_pass(pass.clone()).await {
                self.spool_failed(&error);
            }
            if self.closed.send(pass).await.is_err() {
                tracing::error!("the recorder's feeder has ended; the pass stays in the spool");
            }
        }
    }
}

fn begin_recording(station: &Station) -> Option<Recording> {
    let path = station.trace.as_ref()?;
    match Recording::create(path, &Rules::of(station)) {
        Ok(recording) => Some(recording),
        Err(error) => {
            tracing::error!(station = %station.name, path = %path.display(), %error, "no trace");
            None
        }
    }
}

fn mint(wall_us: i64) -> PassId {
    let wall_us = u64::try_from(wall_us).unwrap_or(0);
    let nanos = u32::try_from(wall_us % 1_000_000 * 1000).unwrap_or(0);
    let at = uuid::Timestamp::from_unix(uuid::NoContext, wall_us / 1_000_000, nanos);
    PassId(Uuid::new_v7(at))
}

fn meta(read: &Read) -> ReadMeta {
    let ago_us = match &read.value {
        ReadValue::Tag(tag) => tag.ago_us.unwrap_or(0),
        ReadValue::Scan(_) => 0,
    };
    let (antenna, peak_rssi_cdbm, reads, tid, trust) = match &read.value {
        ReadValue::Tag(tag) => {
            let antenna = (tag.antenna > 0).then_some(tag.antenna);
            let tid = tag.tid.as_deref().and_then(Tid::of_read);
            (antenna, tag.peak_rssi_cdbm, tag.count.max(1), tid, Trust::EpcOnly)
        }
        ReadValue::Scan(_) => (None, None, 1, None, Trust::Barcode),
    };
    let (device, evidence) = (read.device.clone(), read.raw);
    ReadMeta { device, antenna, peak_rssi_cdbm, reads, tid, trust, evidence, ago_us }
}
