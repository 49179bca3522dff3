//! The intake of one station: reads become things, things become passes, passes become durable.
//!
//! What groups reads is the pure `Grouping`; this shell gives it time and ids,
//! writes what it opens and sees to the spool, and hands closed passes to the recorder in order. A
//! pass is bound to the session that was open during the whole of it; who is not signed in can't
//! claim one afterwards. No read is dropped silently: it joins a pass, lingers in the last one, is kept
//! as told late, or is counted as a gap.

mod badge;
mod evidence;
mod keep;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use gatewarden_config::Station;
use gatewarden_engine::ReadMeta;
use gatewarden_model::{
    DeviceEvent, DeviceFacts, DeviceId, Pass, PassClosing, PassId, Read, ReadValue, SessionId,
    Sighting, Stamp, Thing, Tid, Trust,
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use crate::{
    app::{App, StationOrder},
    feeder,
    grouping::{Fate, Grouped, Grouping, Rules, Seen},
    recording::{Line, ReadLine, Recording},
    watch::Watch,
};

/// What a reader tells no later than this is told at its usual pace, in microseconds.
const PACE_US: u64 = 500_000;
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

    async fn read(&mut self, read: Read) {
        if let ReadValue::Scan(scan) = &read.value
            && let Some(badge) = self.badge_in(scan).await
        {
            if let Some(why) = self.badge_doubt(&read.device) {
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
        let wall_us = read.at.wall_us;
        let alarms = self.watch.read(&read, &thing.key);
        let (device, at, mut meta) = (read.device.clone(), read.at, meta(&read));
        // In a session that rests a reader's word for an earlier time proves nothing: what it tells at its usual
        // pace was seen when it came, what it tells later is nobody's.
        let rests = standing.is_some_and(|(_, counts)| !counts);
        if rests && meta.ago_us <= PACE_US {
            meta.ago_us = 0;
        }
        let session = standing.filter(|_| !rests || meta.ago_us == 0);
        let session = session.map(|(session, _)| session);
        let session = session.filter(|_| !self.unasked.contains_key(&device));
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
