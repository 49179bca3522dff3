//! What somebody may do must not fill the journal either: signing in and out, changing the PIN and
//! stepping up are done so often in a window, and then refused.
//!
//! Invariants: only what would have succeeded counts, so that nobody is kept out by what others try with a
//! wrong PIN; the first refusal in a window is an entry, further ones are counted and told in one
//! (`denials`). Signing out is never refused: it needs a sign-in. After a restart the counts begin anew;
//! every session has ended then. Absent: what is refused as wrong (`lockout`, and the daemon's doors).

use gatewarden_model::{Action, Actor, Module, OperatorId, Stamp, StationId};

use crate::{
    command::Refusal,
    turn::{Asked, Turn},
};

/// A window, in microseconds of the monotonic clock: ten minutes.
pub const OFTEN_WINDOW_US: u64 = 600_000_000;
/// Sessions that one operator opens or joins in a window.
pub const SESSIONS_OFTEN_MAX: u32 = 30;
/// Sessions that are opened or joined at one station in a window.
pub const STATION_OFTEN_MAX: u32 = 120;
/// Changes of one's own PIN in a window.
pub const PINS_OFTEN_MAX: u32 = 10;
/// Rises of one operator to a higher level in a window.
pub const STEP_UPS_OFTEN_MAX: u32 = 30;
/// The code of a refusal of what is done too often.
pub(crate) const BUSY: &str = "busy";

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Often {
    /// Sessions of an operator.
    Sessions(OperatorId),
    /// Sessions at a station.
    Station(StationId),
    /// PINs of an operator.
    Pins(OperatorId),
    /// Rises of an operator.
    StepUps(OperatorId),
}

impl Often {
    fn max(&self) -> u32 {
        match self {
            Self::Sessions(_) => SESSIONS_OFTEN_MAX,
            Self::Station(_) => STATION_OFTEN_MAX,
            Self::Pins(_) => PINS_OFTEN_MAX,
            Self::StepUps(_) => STEP_UPS_OFTEN_MAX,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Sessions(who) => format!("{who} signed in"),
            Self::Station(station) => format!("people signed in at {station}"),
            Self::Pins(who) => format!("{who} changed the PIN"),
            Self::StepUps(who) => format!("{who} rose to a higher level"),
        }
    }
}

/// How often it was done since when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count {
    since: Stamp,
    done: u32,
}

impl Turn<'_> {
    /// Counts a session that somebody is about to open or to join; refuses one too many.
    pub(crate) fn opens_session(
        &mut self,
        who: &OperatorId,
        station: Option<&StationId>,
    ) -> Result<(), Refusal> {
        let own = Often::Sessions(who.clone());
        let there = station.map(|station| Often::Station(station.clone()));
        for one in there.iter().chain([&own]) {
            self.check_often(one, who, station)?;
        }
        there.into_iter().chain([own]).for_each(|one| self.count_often(one));
        Ok(())
    }

    /// Counts what an operator is about to do; refuses one too many.
    pub(crate) fn does_often(
        &mut self,
        what: Often,
        who: &OperatorId,
        station: Option<&StationId>,
    ) -> Result<(), Refusal> {
        self.check_often(&what, who, station)?;
        self.count_often(what);
        Ok(())
    }

    fn check_often(
        &mut self,
        what: &Often,
        who: &OperatorId,
        station: Option<&StationId>,
    ) -> Result<(), Refusal> {
        let Some(count) = self.memory.often.get(what) else { return Ok(()) };
        let gone_us = self.now.us_since(&count.since);
        if gone_us >= OFTEN_WINDOW_US || count.done < what.max() {
            return Ok(());
        }
        let left_s = (OFTEN_WINDOW_US - gone_us).div_ceil(1_000_000);
        let message = format!(
            "{} {} times in {} minutes: try again in {left_s} s",
            what.told(),
            count.done,
            OFTEN_WINDOW_US / 60_000_000
        );
        let by = Actor::Operator { id: who.clone(), session: None };
        let mut asked = Asked::new(&by, Action::Request, Module::System);
        asked.station = station.cloned();
        Err(self.deny(asked, BUSY, message, None))
    }

    fn count_often(&mut self, what: Often) {
        let now = self.now;
        let running = |count: &&Count| now.us_since(&count.since) < OFTEN_WINDOW_US;
        let known = self.memory.often.get(&what).filter(running).copied();
        let fresh = Count { since: now, done: 0 };
        let Count { since, done } = known.unwrap_or(fresh);
        self.memory.often.insert(what, Count { since, done: done.saturating_add(1) });
    }
}
