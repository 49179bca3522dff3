//! The portal over time: opens and closes passes, keeps the tracks, hands closed passes to `judge`.
//!
//! A tag heard while no pass is open is tracked all the same, for a while: what is heard before the
//! beam breaks tells where it came from. Reads are ordered by when they were seen, not by when the
//! report came; a pass closes only after late reports had time to come. What was seen before the open
//! pass and what led to it, or so long ago that none opens for it, never counts in another.

mod closing;

use std::collections::{BTreeMap, VecDeque};

use gatewarden_model::{PassClosing, PassId, PassOpening, SessionId, Sighting, Stamp};

use crate::{
    Input, PortalSettings, TagSeen, Taken,
    beams::Beams,
    judge::{Settled, undecided},
    track::{Heard, Track, earlier},
};

/// Closed passes that wait for `poll`; a caller that polls after every call never has two.
const READY_MAX: usize = 16;
/// How often tracks that belong to no pass are looked through.
const SWEEP_US: u64 = 1_000_000;
/// What is told so late is told in time: the wire and what polls it have their own pace.
const ON_TIME_US: u64 = 500_000;
/// Bytes of the text of all tags together, as in the engine's window.
const TEXT_BYTES_MAX: usize = 2 << 20;

/// The passes of one portal, one at a time.
#[derive(Debug)]
pub struct Portal {
    settings: PortalSettings,
    tracks: BTreeMap<String, Track>,
    text_bytes: usize,
    beams: Beams,
    open: Option<Open>,
    ready: VecDeque<Settled>,
    /// Tags of earlier passes, with when they were last heard.
    lingering: BTreeMap<String, u64>,
    /// A moment of the boot that all times here belong to.
    boot: Option<Stamp>,
    closed_us: u64,
    sweep_us: u64,
    late: u64,
    aside: u64,
}

#[derive(Debug)]
struct Open {
    id: PassId,
    opened: Stamp,
    by: PassOpening,
    session: Option<SessionId>,
    /// Nothing closes it before, its longest duration aside.
    busy_until_us: u64,
    gate: bool,
}

impl Portal {
    /// Nothing is open.
    #[must_use]
    pub fn new(settings: PortalSettings) -> Self {
        Self {
            settings,
            tracks: BTreeMap::new(),
            text_bytes: 0,
            beams: Beams::default(),
            open: None,
            ready: VecDeque::new(),
            lingering: BTreeMap::new(),
            boot: None,
            closed_us: 0,
            sweep_us: 0,
            late: 0,
            aside: 0,
        }
    }

    /// Takes one read. `mint` is called if a pass opens. Call `poll` until it is empty afterwards.
    pub fn tag(
        &mut self,
        tag: TagSeen,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Taken {
        let now = tag.at;
        self.close_if_due(&now);
        self.sweep(&now);
        let ago = now.mono_us.saturating_sub(tag.seen_us.unwrap_or(now.mono_us));
        let Some(seen) = self.placed(&now, ago) else {
            self.late += 1;
            let then_us = now.mono_us.saturating_sub(ago);
            let known = self.is_lingering(&tag.thing.key, then_us) || self.knows(&tag.thing.key);
            return if known { Taken::Known } else { Taken::Late };
        };
        let near = self.settings.near_cdbm.is_some_and(|near| tag.rssi_cdbm >= Some(near));
        let (is_new, key) = (!self.tracks.contains_key(&tag.thing.key), tag.thing.key.clone());
        if is_new && !self.has_room(&key) {
            return Taken::Overflow;
        }
        if near && self.open.is_none() && !self.is_lingering(&key, seen.mono_us) {
            let opened = if ago > ON_TIME_US { seen } else { now };
            self.open_by(PassOpening::FirstRead, opened, session, mint);
        }
        self.hear(tag, seen, near);
        self.stay_open(&key, is_new, session);
        if ago > ON_TIME_US && (is_new || near) {
            // Where one report is late, others may be.
            self.wait_for(now.mono_us);
        }
        if is_new { Taken::First } else { Taken::Again }
    }

    /// Whether a tag is heard now, or was in the last pass and stays.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.tracks.contains_key(key) || self.lingering.contains_key(key)
    }

    /// Whether a tag so strong may have gone through.
    #[must_use]
    pub fn may_be_near(&self, rssi_cdbm: Option<i16>) -> bool {
        rssi_cdbm.is_none_or(|rssi| rssi >= self.settings.near_level())
    }

    /// When a read counts that was seen so long ago; `None` where it belongs to nothing that is open or
    /// may open.
    fn placed(&self, now: &Stamp, ago_us: u64) -> Option<Stamp> {
        let since = self.open.as_ref().map_or(now, |open| &open.opened);
        let floor_us = since.mono_us.saturating_sub(us(self.settings.preroll_ms));
        let floor_us = floor_us.max(self.closed_us).min(now.mono_us);
        let room_us = now.mono_us - floor_us;
        (ago_us <= room_us.max(ON_TIME_US)).then(|| earlier(*now, ago_us.min(room_us)))
    }

    /// An input changed. `mint` is called if a pass opens.
    pub fn input(
        &mut self,
        input: Input,
        on: bool,
        now: Stamp,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) {
        self.close_if_due(&now);
        match (input, on) {
            (Input::Beam(zone), _) => {
                self.beams.change(zone, on, now.mono_us);
                if on {
                    self.open_by(PassOpening::Input, now, session, mint);
                }
                self.busy(now.mono_us);
            }
            (Input::Gate, true) => {
                self.open_by(PassOpening::Input, now, session, mint);
                self.set_gate(true);
            }
            (Input::Gate, false) => {
                self.set_gate(false);
                self.busy(now.mono_us);
            }
            (Input::Button, true) if self.open.is_some() => {
                self.close_at(now, PassClosing::Input);
            }
            (Input::Button, true) => self.open_by(PassOpening::Input, now, session, mint),
            (Input::Button, false) => {}
        }
    }

    /// The session at the station changed: the open pass belongs to nobody.
    pub fn session_changed(&mut self, session: Option<SessionId>) {
        if let Some(open) = self.open.as_mut().filter(|open| open.session != session) {
            open.session = None;
        }
    }

    /// Closes the open pass now, if there is one; it comes from `poll`.
    pub fn close(&mut self, now: Stamp, by: PassClosing) {
        self.close_if_due(&now);
        self.close_at(now, by);
    }

    /// A closed pass with what was decided, if there is one. It may be empty: that is an event too.
    pub fn poll(&mut self, now: Stamp) -> Option<Settled> {
        self.close_if_due(&now);
        self.ready.pop_front()
    }

    /// When the open pass closes by itself, in microseconds of the monotonic clock.
    #[must_use]
    pub fn next_deadline_us(&self) -> Option<u64> {
        if !self.ready.is_empty() {
            return Some(0);
        }
        self.open.as_ref().map(|open| self.due(open).0)
    }

    /// The id of the open pass.
    #[must_use]
    pub fn open_pass(&self) -> Option<PassId> {
        self.open.as_ref().map(|open| open.id)
    }

    /// Tags that stayed near count again from now on: somebody else stands there.
    pub fn forget_lingering(&mut self) {
        self.lingering.clear();
    }

    /// What is heard of every tag now, undecided: what a pass that just opened begins with.
    pub fn heard(&self) -> impl Iterator<Item = Sighting> + '_ {
        self.tracks.values().map(undecided)
    }

    /// What is heard of one tag now, undecided.
    #[must_use]
    pub fn heard_of(&self, key: &str) -> Option<Sighting> {
        self.tracks.get(key).map(undecided)
    }

    /// Reads that came too late, and tags that were heard but belong to no pass.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.late, self.aside)
    }

    fn has_room(&self, key: &str) -> bool {
        self.tracks.len() < self.settings.things_max
            && self.text_bytes.saturating_add(key.len()) <= TEXT_BYTES_MAX
    }

    fn hear(&mut self, tag: TagSeen, seen: Stamp, near: bool) {
        let lane = self.settings.lane(&tag.device, tag.antenna);
        let (key, reads) = (tag.thing.key.clone(), tag.reads.max(1));
        let text_bytes = &mut self.text_bytes;
        let track = self.tracks.entry(key).or_insert_with_key(|key| {
            *text_bytes += key.len();
            Track::new(tag.thing, tag.device, tag.trust, tag.evidence, seen)
        });
        track.trust = track.trust.max(tag.trust);
        track.suspect |= tag.suspect;
        track.chip(tag.tid);
        let (antenna, rssi_cdbm) = (tag.antenna, tag.rssi_cdbm);
        track.hear(&Heard { seen, lane, antenna, rssi_cdbm, reads, near });
        if self.open.is_none() {
            let preroll_us = us(self.settings.preroll_ms);
            if seen.mono_us.saturating_sub(track.first.mono_us) > 2 * preroll_us {
                track.trim(seen.mono_us.saturating_sub(preroll_us));
            }
        }
    }

    /// A read keeps the pass open: a new tag for the stable time, a near one as long as it may be
    /// silent and still be there.
    fn stay_open(&mut self, key: &str, is_new: bool, session: Option<SessionId>) {
        let (Some(open), Some(track)) = (&mut self.open, self.tracks.get(key)) else { return };
        if open.session != session {
            open.session = None;
        }
        let stable = is_new.then(|| track.last.mono_us.saturating_add(us(self.settings.stable_ms)));
        let near = track.near_us.map(|near| near.saturating_add(track.smooth.window_us()));
        let until = stable.max(near).unwrap_or(0);
        open.busy_until_us = open.busy_until_us.max(until);
    }

    fn is_lingering(&mut self, key: &str, seen_us: u64) -> bool {
        let Some(last) = self.lingering.get_mut(key) else { return false };
        if seen_us.saturating_sub(*last) < us(self.settings.linger_ms) {
            *last = seen_us.max(*last);
            return true;
        }
        self.lingering.remove(key);
        false
    }

    fn open_by(
        &mut self,
        by: PassOpening,
        now: Stamp,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) {
        if self.open.is_none() {
            let busy_until_us = now.mono_us.saturating_add(us(self.settings.stable_ms));
            let id = mint();
            self.open = Some(Open { id, opened: now, by, session, busy_until_us, gate: false });
        }
    }

    fn busy(&mut self, now_us: u64) {
        self.wait_for(now_us.saturating_add(us(self.settings.settle_ms)));
    }

    fn wait_for(&mut self, until_us: u64) {
        if let Some(open) = &mut self.open {
            open.busy_until_us = open.busy_until_us.max(until_us);
        }
    }

    fn set_gate(&mut self, up: bool) {
        if let Some(open) = &mut self.open {
            open.gate = up;
        }
    }
}

fn us(ms: u32) -> u64 {
    u64::from(ms) * 1000
}
