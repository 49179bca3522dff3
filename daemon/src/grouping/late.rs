//! What readers told too late to belong to a pass, such as events held over an outage: a pass of its own,
//! of doubts only, which nobody can claim.
//!
//! Nothing that was seen is lost: it becomes an entry with the times at which it was seen. Tags that a
//! pass of the same station has anyhow are left out when it ends: they stand there. Pure. Absent: guessing
//! who was there, or which task it was.

use gatewarden_engine::{PassWindow, Sight, WindowSettings};
use gatewarden_model::{
    PassClosing, PassId, Sighting, Stamp, StationId,
    pass::{Doubt, Doubtful},
};

use super::{Closed, Seen, THINGS_MAX};

/// What was told late at one station.
#[derive(Debug)]
pub(super) struct Late {
    window: PassWindow,
    full_since: Option<Stamp>,
}

impl Late {
    /// `quiet_ms` is how long further ones are waited for, `duration_ms_max` how long at most.
    pub(super) fn new(station: StationId, quiet_ms: u32, duration_ms_max: u32) -> Self {
        let settings =
            WindowSettings { quiet_ms, duration_ms_max, linger_ms: 0, things_max: THINGS_MAX };
        Self { window: PassWindow::new(station, settings), full_since: None }
    }

    /// Takes one; with the pass that it opened, and what is to be kept of it before anything else.
    pub(super) fn take(
        &mut self,
        seen: Seen,
        mint: impl FnOnce() -> PassId,
    ) -> (Option<PassId>, Option<(PassId, Vec<Sighting>)>) {
        let at = seen.at;
        let step = self.window.handle(at, seen.thing, seen.meta, None, mint);
        let first = match step.sight {
            Sight::First(sighting) => self.window.open_pass().map(|pass| (pass, vec![*sighting])),
            Sight::Overflow => {
                self.full_since.get_or_insert(at);
                None
            }
            Sight::Again | Sight::Linger => None,
        };
        (step.opened, first)
    }

    /// A closed one, if there is one, without what is known otherwise. It may be empty.
    pub(super) fn poll(&mut self, now: Stamp, known: impl Fn(&str) -> bool) -> Option<Closed> {
        let mut pass = self.window.poll(now)?;
        let sightings = std::mem::take(&mut pass.sightings);
        let unknown = sightings.into_iter().filter(|sighting| !known(&sighting.thing.key));
        pass.doubts = unknown.map(|sighting| Doubt { sighting, why: Doubtful::Late }).collect();
        let times = || pass.doubts.iter().map(|doubt| &doubt.sighting);
        let first = times().map(|s| s.first).min_by_key(|at| at.mono_us);
        let last = times().map(|s| s.last).max_by_key(|at| at.mono_us);
        (pass.opened, pass.closed) = (first.unwrap_or(pass.opened), last.unwrap_or(pass.closed));
        Some(Closed { pass, full_since: self.full_since.take() })
    }

    pub(super) fn close(&mut self, now: Stamp, by: PassClosing) {
        self.window.close(now, by);
    }

    pub(super) fn next_deadline_us(&self) -> Option<u64> {
        self.window.next_deadline_us()
    }
}
