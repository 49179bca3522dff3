//! What denials may cost: whoever is denied again and again must not fill the journal.
//!
//! Of each person, machine and user of the box, `RECORDED_MAX` denials within `WINDOW_US` are entries
//! of their own. Further ones are counted, and the count becomes one entry when the window is over, or
//! when the daemon stops. Refusals of what somebody does too often have longer windows of their own, with
//! one entry in each. A denial with a pass is always an entry of its own: it holds what was seen.
//! So nothing is lost but the order of what was asked, and the journal grows by a bounded number of
//! entries for each principal, of which the state keeps a bounded number. After a crash, counts that
//! were not recorded yet are lost with it. Absent: who is nobody; the daemon bounds strangers at its
//! doors.

use std::collections::HashMap;

use gatewarden_model::{Action, Actor, Body, Module, Stamp};

use crate::sessions::often::OFTEN_WINDOW_US;

/// Denials of one principal that are entries of their own, in each window.
pub const RECORDED_MAX: u32 = 60;
/// A window, in microseconds of the monotonic clock.
const WINDOW_US: u64 = 60_000_000;
/// Refusals of what one principal does too often that are entries of their own, in each window of that.
const BUSY_RECORDED_MAX: u32 = 1;
/// Principals that are counted at once; there are no more operators and clients.
const PRINCIPALS_MAX: usize = 4096;

/// What is counted; each has windows of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// What somebody may not do.
    Denied,
    /// What somebody may do, and does too often.
    Busy,
}

impl Kind {
    fn window_us(self) -> u64 {
        match self {
            Self::Denied => WINDOW_US,
            Self::Busy => OFTEN_WINDOW_US,
        }
    }

    fn recorded_max(self) -> u32 {
        match self {
            Self::Denied => RECORDED_MAX,
            Self::Busy => BUSY_RECORDED_MAX,
        }
    }
}

/// The denials of the current windows.
#[derive(Debug, Default)]
pub(crate) struct Denials(HashMap<(String, Kind), Window>);

#[derive(Debug)]
struct Window {
    since: Stamp,
    recorded: u32,
    further: u64,
    by: Actor,
    last: (Action, Module),
}

impl Denials {
    /// Whether a denial is to be an entry of its own; else it is counted.
    pub(crate) fn records(
        &mut self,
        kind: Kind,
        by: &Actor,
        (action, module): (Action, Module),
        now: &Stamp,
    ) -> bool {
        let Some(name) = name(by) else { return true };
        let key = (name, kind);
        if !self.0.contains_key(&key) && self.0.len() >= PRINCIPALS_MAX {
            return true;
        }
        let fresh = || Window {
            since: *now,
            recorded: 0,
            further: 0,
            by: by.clone(),
            last: (action, module),
        };
        let window = self.0.entry(key).or_insert_with(fresh);
        if window.further == 0 && now.us_since(&window.since) >= kind.window_us() {
            *window = fresh();
        }
        if window.recorded < kind.recorded_max() {
            window.recorded += 1;
            return true;
        }
        window.further = window.further.saturating_add(1);
        window.last = (action, module);
        false
    }

    /// The entries of windows that are over; of all of them where `all` is set.
    pub(crate) fn due(&mut self, now: &Stamp, all: bool) -> Vec<Body> {
        let is_over = |kind: Kind, w: &Window| all || now.us_since(&w.since) >= kind.window_us();
        let mut over: Vec<((String, Kind), Window)> =
            self.0.extract_if(|(_, kind), window| is_over(*kind, window)).collect();
        over.sort_by(|(a, _), (b, _)| a.cmp(b));
        over.into_iter()
            .filter(|(_, w)| w.further > 0)
            .map(|((_, kind), w)| summary(kind, w))
            .collect()
    }
}

fn summary(kind: Kind, window: Window) -> Body {
    let Window { by, further, last: (action, module), .. } = window;
    let (who, minutes) = (crate::apply::actor_name(&by), kind.window_us() / 60_000_000);
    let reason = match kind {
        Kind::Denied => format!(
            "{further} further denials of {who} within a minute, which were not recorded one by one"
        ),
        Kind::Busy => format!(
            "{further} further refusals of what {who} did too often within {minutes} minutes, which \
             were not recorded one by one"
        ),
    };
    Body::Denied {
        by,
        action,
        module,
        reason,
        decision: None,
        station: None,
        task: None,
        document: None,
        pass: None,
        further: Some(further),
    }
}

/// One name for a principal, in whatever session; none for nobody and the daemon.
fn name(by: &Actor) -> Option<String> {
    match by {
        Actor::Operator { id, .. } => Some(format!("operator {id}")),
        Actor::Client { id } => Some(format!("client {id}")),
        Actor::Local { uid } => Some(format!("local {uid}")),
        Actor::Daemon | Actor::Nobody => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    const ASKED: (Action, Module) = (Action::View, Module::Ledger);

    fn at(seconds: u64) -> Stamp {
        let mono_us = seconds * 1_000_000;
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: false }
    }

    fn client(name: &str) -> Actor {
        Actor::Client { id: name.parse().unwrap() }
    }

    #[test]
    fn the_first_are_entries_and_the_rest_is_one() {
        let mut denials = Denials::default();
        let erp = client("erp");
        let own =
            (0..20_000).filter(|_| denials.records(Kind::Denied, &erp, ASKED, &at(5))).count();
        assert_eq!(own, RECORDED_MAX as usize);
        assert!(
            denials.records(Kind::Denied, &client("other"), ASKED, &at(5)),
            "each has a count of its own"
        );
        assert!(denials.due(&at(64), false).is_empty());
        let due = denials.due(&at(65), false);
        let [Body::Denied { by, further: Some(19_940), reason, .. }] = &due[..] else {
            panic!("{due:?}");
        };
        assert_eq!(by, &erp);
        assert_eq!(
            reason,
            "19940 further denials of erp within a minute, which were not recorded one by one"
        );
        assert!(denials.due(&at(65), true).is_empty());
        assert!(denials.records(Kind::Denied, &erp, ASKED, &at(66)), "a new window begins");
    }

    #[test]
    fn a_window_ends_by_itself_and_with_the_daemon() {
        let mut denials = Denials::default();
        let erp = client("erp");
        for _ in 0..RECORDED_MAX {
            assert!(denials.records(Kind::Denied, &erp, ASKED, &at(0)));
        }
        assert!(denials.records(Kind::Denied, &erp, ASKED, &at(60)), "the first window is over");
        for _ in 1..RECORDED_MAX {
            assert!(denials.records(Kind::Denied, &erp, ASKED, &at(61)));
        }
        assert!(!denials.records(Kind::Denied, &erp, ASKED, &at(62)));
        assert_eq!(denials.due(&at(62), true).len(), 1);
        let nobody =
            (0..1000).all(|_| denials.records(Kind::Denied, &Actor::Nobody, ASKED, &at(62)));
        assert!(nobody && denials.0.is_empty());
    }
}
