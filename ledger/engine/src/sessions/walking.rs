//! Where operators were last, and whether they can be where their badge is seen now.
//!
//! Invariants: a badge at a second station sooner than its owner can walk there opens nothing, alarms
//! both stations, and locks his session until he gives the PIN; where nothing is configured nobody is
//! too fast; at exactly the walking time nobody is. Only what is proven moves somebody: a scan by a
//! device, a right PIN, an act in a session; a stranger who types a badge number moves nobody. All of
//! it is forgotten by a restart, which ends every session.

use gatewarden_model::{
    Body, OperatorId, SessionEvent, SessionId, SessionPhase, Signal, Stamp, StationId,
};

use crate::{
    command::Refusal,
    sessions::{Change, is_before, scans::SCAN_EVERY_US},
    turn::Turn,
};

impl Turn<'_> {
    /// An operator is at a station.
    pub(crate) fn is_at(&mut self, operator: &OperatorId, station: Option<&StationId>, at: Stamp) {
        let Some(station) = station else { return };
        let known = self.memory.whereabouts.get(operator);
        if known.is_none_or(|(_, when)| !is_before(&at, when)) {
            self.memory.whereabouts.insert(operator.clone(), (station.clone(), at));
        }
    }

    /// Refuses whoever can't be at a station yet, and locks his session where he was. A device that
    /// repeats its scan is recorded once in a while, a right PIN each time.
    pub(crate) fn too_fast(
        &mut self,
        who: &OperatorId,
        here: &StationId,
        scanned: bool,
    ) -> Option<Refusal> {
        let (there, when) = self.memory.whereabouts.get(who).cloned()?;
        let (gone_us, way_ms) = (self.now.us_since(&when), self.settings.walking.ms(&there, here));
        if gone_us >= way_ms.saturating_mul(1000) {
            return None;
        }
        let (gone_s, way_s) = (gone_us / 1_000_000, way_ms.div_ceil(1000));
        let message = format!(
            "{who} was at {there} {gone_s} s ago and the way to {here} takes {way_s} s: the badge \
             may be cloned; wait, or give the PIN at {there}"
        );
        for id in self.sessions_with(who, &there) {
            self.lock_too_fast(id, who, &message);
        }
        for station in [&there, here] {
            self.signals.push((station.clone(), Signal::Alarm));
        }
        let recorded = self.suspect(who, here, &message, scanned);
        Some(Refusal { code: "too-fast", message, recorded })
    }

    /// The session at a station in which somebody is, as its operator or as the second person.
    fn sessions_with(&self, who: &OperatorId, station: &StationId) -> Vec<SessionId> {
        let is_in = |s: &&crate::Session| {
            s.operator == *who || s.second.as_ref().is_some_and(|second| second.operator == *who)
        };
        self.state.session_at(station).filter(is_in).map(|s| s.id).into_iter().collect()
    }

    fn lock_too_fast(&mut self, id: SessionId, who: &OperatorId, message: &str) {
        let Some(session) = self.state.session(id) else { return };
        let note = message.to_owned();
        if session.operator == *who {
            self.change(id, SessionEvent::TooFast, Change { note, ..Change::default() });
        } else {
            self.change(id, SessionEvent::Left, Change { note, second: Some(None), level: None });
        }
    }

    /// Records the refusal; the same scan at the same station again only after a while.
    fn suspect(
        &mut self,
        who: &OperatorId,
        here: &StationId,
        reason: &str,
        scanned: bool,
    ) -> Option<u64> {
        let key = (who.clone(), here.clone());
        let told = self.memory.suspected.get(&key);
        if scanned && told.is_some_and(|at| self.now.us_since(at) < SCAN_EVERY_US) {
            return None;
        }
        self.memory.suspected.remove(&key);
        self.memory.suspected.insert(key, self.now);
        let lock = self.state.lockout(who);
        let body = Body::SignInRefused {
            operator: Some(who.clone()),
            station: Some(here.clone()),
            reason: reason.to_owned(),
            failures: lock.map_or(0, |lock| lock.failures),
            locked_ms: lock.map_or(0, |lock| lock.delay_left_ms(&self.now)),
            until_unlocked: lock.is_some_and(|lock| lock.until_unlocked),
        };
        Some(self.record(body))
    }

    /// Whether somebody's session waits for its PIN.
    pub(crate) fn waits_for_pin(session: &crate::Session) -> bool {
        matches!(session.phase, SessionPhase::Idle | SessionPhase::Locked)
    }
}
