//! Badges scanned at stations: remembered for their PIN, recorded within bounds.
//!
//! Invariants: the same badge again in the same state is no transition and no entry; other badges
//! are entries only so often (`SCANS_AT_ONCE_MAX`, then one every `SCAN_EVERY_US`), and what is
//! beyond is counted and told in the next entry, so that neither a jammed scanner nor a stranger
//! with a stack of badges fills the disk. A scan that ends in a sign-in costs nothing of it.

use gatewarden_model::{Body, Hash, OperatorId, SessionEvent, SessionPhase, Stamp, StationId};

use crate::{sessions::machine, turn::Turn};

/// How long a badge scanned at a station waits for its PIN, in milliseconds.
pub const BADGE_SEEN_MS_MAX: u64 = 60_000;
/// Scans of one station that are recorded without a pause.
pub const SCANS_AT_ONCE_MAX: u32 = 20;
/// One more is recorded after so many microseconds.
pub const SCAN_EVERY_US: u64 = 60_000_000;

/// The badge that was seen last at a station.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) badge: Hash,
    pub(crate) operator: Option<OperatorId>,
    pub(crate) at: Stamp,
    /// Whether an entry says so.
    pub(crate) recorded: bool,
}

impl Seen {
    /// Whether it still waits for its PIN.
    pub(crate) fn counts(&self, now: &Stamp) -> bool {
        now.us_since(&self.at) < BADGE_SEEN_MS_MAX * 1000
    }
}

/// How many scans of a station may still be recorded, and how many were not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scans {
    left: u32,
    filled: Stamp,
    unrecorded: u32,
}

impl Scans {
    fn new(now: Stamp) -> Self {
        Self { left: SCANS_AT_ONCE_MAX, filled: now, unrecorded: 0 }
    }

    fn take(&mut self, now: &Stamp) -> bool {
        let gained = u32::try_from(now.us_since(&self.filled) / SCAN_EVERY_US).unwrap_or(u32::MAX);
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(SCANS_AT_ONCE_MAX);
            self.filled = *now;
        }
        let has_room = self.left > 0;
        match has_room {
            true => self.left -= 1,
            false => self.unrecorded = self.unrecorded.saturating_add(1),
        }
        has_room
    }

    /// What was not recorded, in words; it is told once.
    fn note(&mut self) -> String {
        match std::mem::take(&mut self.unrecorded) {
            0 => String::new(),
            n => format!("{n} scans before were too many and are not recorded"),
        }
    }
}

impl Turn<'_> {
    /// The badge that waits for its PIN at a station.
    pub(crate) fn badge_seen(&self, station: &StationId) -> Option<Hash> {
        self.memory.seen.get(station).filter(|seen| seen.counts(&self.now)).map(|seen| seen.badge)
    }

    /// Remembers a badge; in a station that is free, seeing it is a transition.
    pub(crate) fn remember(&mut self, station: &StationId, badge: Hash, who: Option<OperatorId>) {
        let before = self.memory.seen.get(station).filter(|seen| seen.counts(&self.now));
        let recorded = before.is_some_and(|seen| seen.recorded);
        let same = before.is_some_and(|seen| seen.badge == badge);
        let seen = Seen { badge, operator: who, at: self.now, recorded };
        self.memory.seen.insert(station.clone(), seen);
        if !same && self.state.session_at(station).is_none() {
            self.tell_seen(station);
        }
    }

    /// Records the badge that waits at a station, if there is room for it.
    fn tell_seen(&mut self, station: &StationId) {
        let Some(mut seen) = self.memory.seen.get(station).cloned() else { return };
        let mut scans = self.scans(station);
        if scans.take(&self.now) {
            let from = if seen.recorded { SessionPhase::BadgeSeen } else { SessionPhase::Free };
            let (who, note) = (seen.operator.clone(), scans.note());
            seen.recorded = self.scanned(station, who, from, SessionEvent::Scanned, note);
            self.memory.seen.insert(station.clone(), seen);
        }
        self.memory.scans.insert(station.clone(), scans);
    }

    /// A session ended: whose badge was scanned meanwhile stands before a free station now.
    pub(crate) fn tell_waiting(&mut self, station: &StationId) {
        let waits = self.memory.seen.get(station);
        if waits.is_some_and(|seen| seen.counts(&self.now) && !seen.recorded) {
            self.tell_seen(station);
        }
    }

    /// Forgets the badge of somebody who signed in: the scan led to something.
    pub(crate) fn used(&mut self, station: &StationId) {
        if self.memory.seen.get(station).is_some_and(|seen| seen.recorded) {
            let mut scans = self.scans(station);
            scans.left = scans.left.saturating_add(1).min(SCANS_AT_ONCE_MAX);
            self.memory.scans.insert(station.clone(), scans);
        }
        self.memory.seen.remove(station);
    }

    /// Forgets the badges whose PIN did not come.
    pub(crate) fn lapse_badges(&mut self) {
        for (station, seen) in self.memory.seen.take_if(|seen| !seen.counts(&self.now)) {
            if seen.recorded && self.state.session_at(&station).is_none() {
                let mut scans = self.scans(&station);
                let (from, event) = (SessionPhase::BadgeSeen, SessionEvent::Lapsed);
                self.scanned(&station, seen.operator, from, event, scans.note());
                self.memory.scans.insert(station, scans);
            }
        }
    }

    fn scans(&self, station: &StationId) -> Scans {
        self.memory.scans.get(station).copied().unwrap_or_else(|| Scans::new(self.now))
    }

    fn scanned(
        &mut self,
        station: &StationId,
        operator: Option<OperatorId>,
        from: SessionPhase,
        event: SessionEvent,
        note: String,
    ) -> bool {
        let Some(to) = machine::next(from, event) else { return false };
        self.record(Body::SessionChanged {
            station: Some(station.clone()),
            session: None,
            operator,
            from,
            event,
            to,
            auth_level_before: 0,
            auth_level: 0,
            second: None,
            note,
        });
        true
    }
}
