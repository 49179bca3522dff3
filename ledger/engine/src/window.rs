//! Windows: which reads of a station belong together in one pass.
//!
//! A first read (or a photo-eye) opens a pass; it closes when no new thing came for the quiet time,
//! at its longest duration, or when it is told to. Invariants: every read is joined to a pass,
//! counted as lingering, or reported as overflow, never dropped in silence; a pass is bound to a
//! session only if that was the station's session at its opening and at each of its reads; a tag
//! that stays in the field after its pass does not open another. Pure: the caller mints ids, tells
//! the time, asks `poll` when `next_deadline_us` has come.

use std::collections::{HashMap, HashSet, VecDeque};

use gatewarden_model::{
    DeviceId, Direction, Hash, Pass, PassClosing, PassId, PassOpening, SessionId, Sighting, Stamp,
    StationId, Thing, Tid, TidFit, Trust,
    pass::{Doubt, Doubtful},
};
use uuid::Uuid;

/// Closed passes that wait for `poll`; a caller that polls after every call never has two.
const READY_MAX: usize = 16;

/// Text of all things of one pass, in bytes as the journal escapes it; further things overflow. With
/// it the entry of any pass stays within the 16 MiB that the ledger takes, whatever its tags say:
/// up to 10,000 sightings of half a KiB, and each text three times.
const PASS_TEXT_BYTES_MAX: usize = 2 << 20;

/// How a station's reads are windowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSettings {
    /// A pass closes when no new thing came for so many milliseconds.
    pub quiet_ms: u32,
    /// A pass closes after so many milliseconds in any case.
    pub duration_ms_max: u32,
    /// A tag of an earlier pass lingers as long as it is seen at least so often.
    pub linger_ms: u32,
    /// Different things in one pass; further ones overflow.
    pub things_max: usize,
}

impl Default for WindowSettings {
    fn default() -> Self {
        Self { quiet_ms: 1500, duration_ms_max: 30_000, linger_ms: 30_000, things_max: 10_000 }
    }
}

/// What is known of one read beside the thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMeta {
    /// By which device.
    pub device: DeviceId,
    /// At which antenna.
    pub antenna: Option<u16>,
    /// RSSI in hundredths of a dBm.
    pub peak_rssi_cdbm: Option<i16>,
    /// How many singulations or scans it stands for, at least 1.
    pub reads: u32,
    /// How far the identity can be trusted; a `Barcode` never lingers.
    pub trust: Trust,
    /// What its chip says of itself, if that was read.
    pub tid: Option<Tid>,
    /// Digest of the frame.
    pub evidence: Hash,
    /// How long before it came it was seen, in microseconds.
    pub ago_us: u64,
}

/// What a read meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The pass it opened, if it did.
    pub opened: Option<PassId>,
    /// What became of it.
    pub sight: Sight,
}

/// What became of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// The thing's first in its pass: keep it before anything else.
    First(Box<Sighting>),
    /// Another of a thing in the open pass.
    Again,
    /// Of a tag that stayed in the field after its pass.
    Linger,
    /// The pass is full, by things or by their text: report a gap.
    Overflow,
}

/// The windows of one station, one at a time.
#[derive(Debug)]
pub struct PassWindow {
    station: StationId,
    settings: WindowSettings,
    open: Option<Open>,
    ready: VecDeque<Pass>,
    lingering: Lingering,
}

/// Tags of earlier passes that are still in the field. Kept small: there may be many at a busy door.
#[derive(Debug, Default)]
struct Lingering {
    /// When each was last seen, in microseconds of the monotonic clock of one boot, by [`short`].
    last_us: HashMap<[u8; 16], u64>,
    boot: Uuid,
}

impl Lingering {
    /// Whether this tag is one of them; then it was seen now.
    fn sees(&mut self, now: &Stamp, key: &str, linger_us: u64) -> bool {
        if self.boot != now.boot {
            self.last_us.clear();
            return false;
        }
        if self.last_us.is_empty() {
            return false;
        }
        let key = short(key);
        let Some(last_us) = self.last_us.get_mut(&key) else { return false };
        if now.mono_us.saturating_sub(*last_us) < linger_us {
            *last_us = now.mono_us;
            return true;
        }
        self.last_us.remove(&key);
        false
    }

    /// Whether it was one of them when it was last looked.
    fn has(&self, key: &str) -> bool {
        self.last_us.contains_key(&short(key))
    }

    /// Forgets who is gone.
    fn forget_older(&mut self, at: &Stamp, linger_us: u64) {
        if self.boot != at.boot {
            (self.last_us, self.boot) = (HashMap::new(), at.boot);
        }
        self.last_us.retain(|_, last_us| at.mono_us.saturating_sub(*last_us) < linger_us);
    }

    fn add(&mut self, key: &str, last: &Stamp, max: usize) {
        if self.last_us.len() < max && last.boot == self.boot {
            self.last_us.insert(short(key), last.mono_us);
        }
    }
}

/// Half of a thing's digest stands for it: no two things have the same by chance or by will.
fn short(key: &str) -> [u8; 16] {
    let Hash(digest) = Hash::of(key.as_bytes());
    std::array::from_fn(|at| digest[at])
}

#[derive(Debug)]
struct Open {
    id: PassId,
    opened: Stamp,
    opened_by: PassOpening,
    session: Option<SessionId>,
    last_new: Stamp,
    places: HashMap<String, usize>,
    sightings: Vec<Sighting>,
    text_bytes: usize,
    /// Things that told two TIDs: two tags, of which one is a copy.
    two_tids: HashSet<usize>,
}

impl PassWindow {
    /// No pass is open.
    #[must_use]
    pub fn new(station: StationId, settings: WindowSettings) -> Self {
        let (ready, lingering) = (VecDeque::new(), Lingering::default());
        Self { station, settings, open: None, ready, lingering }
    }

    /// Takes one read. `session` is the station's session now; `mint` is called if a pass opens.
    /// Call `poll` until it is empty afterwards: the read may have come after a pass was due.
    pub fn handle(
        &mut self,
        now: Stamp,
        thing: Thing,
        meta: ReadMeta,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Step {
        self.close_if_due(&now);
        if self.is_lingering(&now, &thing, &meta) {
            return Step { opened: None, sight: Sight::Linger };
        }
        let mut opened = None;
        let open = self.open.get_or_insert_with(|| {
            let id = mint();
            opened = Some(id);
            Open::new(id, now, PassOpening::FirstRead, session)
        });
        if open.session != session {
            open.session = None;
        }
        Step { opened, sight: open.sight(now, thing, meta, self.settings.things_max) }
    }

    /// Opens a pass without a read, as a photo-eye does. Returns false if one is open already.
    pub fn open(&mut self, now: Stamp, id: PassId, session: Option<SessionId>) -> bool {
        self.close_if_due(&now);
        if self.open.is_some() {
            return false;
        }
        self.open = Some(Open::new(id, now, PassOpening::Input, session));
        true
    }

    /// Closes the open pass now, if there is one; it comes from `poll`.
    pub fn close(&mut self, now: Stamp, by: PassClosing) {
        self.close_if_due(&now);
        self.close_at(now, by);
    }

    /// The session at the station changed: the open pass belongs to nobody.
    pub fn session_changed(&mut self, session: Option<SessionId>) {
        if let Some(open) = &mut self.open
            && open.session != session
        {
            open.session = None;
        }
    }

    /// Tags that stayed in the field count again from now on: somebody else stands there.
    pub fn forget_lingering(&mut self) {
        self.lingering.last_us.clear();
    }

    /// A closed pass, if there is one.
    pub fn poll(&mut self, now: Stamp) -> Option<Pass> {
        self.close_if_due(&now);
        self.ready.pop_front()
    }

    /// When the open pass closes by itself, in microseconds of the monotonic clock.
    #[must_use]
    pub fn next_deadline_us(&self) -> Option<u64> {
        if !self.ready.is_empty() {
            return Some(0);
        }
        self.open.as_ref().map(|open| open.due(&self.settings).0.mono_us)
    }

    /// The id of the open pass.
    #[must_use]
    pub fn open_pass(&self) -> Option<PassId> {
        self.open.as_ref().map(|open| open.id)
    }

    /// When the pass opened that is still open now.
    pub fn open_since(&mut self, now: Stamp) -> Option<Stamp> {
        self.close_if_due(&now);
        self.open.as_ref().map(|open| open.opened)
    }

    /// Whether a thing is in the open pass, or lingers of an earlier one.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.lingering.has(key)
            || self.open.as_ref().is_some_and(|open| open.places.contains_key(key))
    }

    /// What the open pass has seen so far.
    #[must_use]
    pub fn sightings(&self) -> &[Sighting] {
        self.open.as_ref().map_or(&[], |open| &open.sightings)
    }

    fn is_lingering(&mut self, now: &Stamp, thing: &Thing, meta: &ReadMeta) -> bool {
        let linger_us = us(self.settings.linger_ms);
        meta.trust != Trust::Barcode && self.lingering.sees(now, &thing.key, linger_us)
    }

    fn close_if_due(&mut self, now: &Stamp) {
        let Some(open) = &self.open else { return };
        let (at, by) = open.due(&self.settings);
        // Another boot's stamp can't be compared: the pass was interrupted.
        if at.boot != now.boot {
            self.close_at(open.last_new, PassClosing::Interrupted);
        } else if now.mono_us >= at.mono_us {
            self.close_at(at, by);
        }
    }

    fn close_at(&mut self, at: Stamp, by: PassClosing) {
        let Some(mut open) = self.open.take() else { return };
        // What was told late was seen first.
        open.sightings.sort_by_key(|seen| seen.first.mono_us);
        self.lingering.forget_older(&at, us(self.settings.linger_ms));
        for seen in open.sightings.iter().filter(|s| s.trust != Trust::Barcode) {
            let max = self.settings.things_max.saturating_mul(2);
            self.lingering.add(&seen.thing.key, &seen.last, max);
        }
        let (sightings, doubts) = part(open.sightings, &open.two_tids);
        debug_assert!(self.ready.len() < READY_MAX, "poll after every call");
        self.ready.push_back(Pass {
            id: open.id,
            station: self.station.clone(),
            opened: open.opened,
            closed: at,
            opened_by: open.opened_by,
            closed_by: by,
            session: open.session,
            sightings,
            doubts,
            strays: 0,
        });
    }
}

impl Open {
    fn new(id: PassId, now: Stamp, by: PassOpening, session: Option<SessionId>) -> Self {
        let (places, sightings) = (HashMap::new(), vec![]);
        let text_bytes = 0;
        Self {
            id,
            opened: now,
            opened_by: by,
            session,
            last_new: now,
            places,
            sightings,
            text_bytes,
            two_tids: HashSet::new(),
        }
    }

    /// When the pass closes by itself, and why.
    fn due(&self, settings: &WindowSettings) -> (Stamp, PassClosing) {
        let quiet = later(self.last_new, us(settings.quiet_ms));
        let longest = later(self.opened, us(settings.duration_ms_max));
        if quiet.mono_us <= longest.mono_us {
            (quiet, PassClosing::Quiet)
        } else {
            (longest, PassClosing::Duration)
        }
    }

    fn sight(&mut self, now: Stamp, thing: Thing, meta: ReadMeta, things_max: usize) -> Sight {
        let at = earlier(now, meta.ago_us);
        let known = self.places.get(&thing.key).copied();
        if let Some((place, seen)) = known.and_then(|n| Some((n, self.sightings.get_mut(n)?))) {
            if is_another(&mut seen.tid, meta.tid) {
                self.two_tids.insert(place);
            }
            if at.mono_us >= seen.last.mono_us {
                seen.last = at;
            } else if at.mono_us < seen.first.mono_us {
                seen.first = at;
            }
            seen.reads = seen.reads.saturating_add(meta.reads);
            if meta.peak_rssi_cdbm > seen.peak_rssi_cdbm {
                seen.peak_rssi_cdbm = meta.peak_rssi_cdbm;
                seen.antenna = meta.antenna;
            }
            // Each scan of a code without serial is one more piece, so the window waits again.
            if meta.trust == Trust::Barcode {
                self.last_new = now;
            }
            return Sight::Again;
        }
        let text_bytes = self.text_bytes.saturating_add(text_bytes(&thing));
        if self.sightings.len() >= things_max || text_bytes > PASS_TEXT_BYTES_MAX {
            return Sight::Overflow;
        }
        self.text_bytes = text_bytes;
        self.last_new = now;
        self.places.insert(thing.key.clone(), self.sightings.len());
        let sighting = Sighting {
            thing,
            device: meta.device,
            antenna: meta.antenna,
            first: at,
            last: at,
            reads: meta.reads.max(1),
            peak_rssi_cdbm: meta.peak_rssi_cdbm,
            tid: meta.tid,
            trust: meta.trust,
            direction: Direction::Unknown,
            confidence_pct: 0,
            evidence: meta.evidence,
        };
        self.sightings.push(sighting.clone());
        Sight::First(Box::new(sighting))
    }
}

/// Keeps the longer of two TIDs of one thing; whether they are of two chips.
fn is_another(known: &mut Option<Tid>, read: Option<Tid>) -> bool {
    match (&*known, read) {
        (_, None) => false,
        (None, read) => {
            *known = read;
            false
        }
        (Some(one), Some(read)) => match one.fit(&read) {
            TidFit::Same => {
                *known = Some(read);
                false
            }
            TidFit::Short => false,
            TidFit::Other => true,
        },
    }
}

/// What was seen, and what is doubtful of it.
fn part(all: Vec<Sighting>, two_tids: &HashSet<usize>) -> (Vec<Sighting>, Vec<Doubt>) {
    let (mut sightings, mut doubts) = (Vec::with_capacity(all.len()), vec![]);
    for (at, sighting) in all.into_iter().enumerate() {
        match two_tids.contains(&at) {
            true => doubts.push(Doubt { sighting, why: Doubtful::Suspect }),
            false => sightings.push(sighting),
        }
    }
    (sightings, doubts)
}

/// What a thing's texts take in the journal.
fn text_bytes(thing: &Thing) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    let texts = [Some(&thing.key), thing.gtin.as_ref(), thing.serial.as_ref(), thing.lot.as_ref()];
    texts.into_iter().flatten().flat_map(|text| text.bytes()).map(escaped).sum()
}

fn us(ms: u32) -> u64 {
    u64::from(ms) * 1000
}

/// A stamp moved forward on both clocks.
fn later(at: Stamp, by_us: u64) -> Stamp {
    let wall_us = at.wall_us.saturating_add(i64::try_from(by_us).unwrap_or(i64::MAX));
    Stamp { mono_us: at.mono_us.saturating_add(by_us), wall_us, ..at }
}

/// A stamp moved back on both clocks.
fn earlier(at: Stamp, by_us: u64) -> Stamp {
    let wall_us = at.wall_us.saturating_sub(i64::try_from(by_us).unwrap_or(i64::MAX));
    Stamp { mono_us: at.mono_us.saturating_sub(by_us), wall_us, ..at }
}
