//! The state machine of a station and of a session, as a table: what may happen in which state, and
//! which state comes of it.
//!
//! Invariants: what is not in the table does not happen; nothing leads out of `expired` and `ended`,
//! and nothing but badge and PIN into `authenticated`, the only state that authorises. Pure data and
//! a look-up: times, levels and who is present are decided beside it.

use gatewarden_model::{SessionEvent, SessionPhase};

use SessionEvent::{
    Abandoned, Joined, Lapsed, Left, Quiet, Replaced, Resumed, Scanned, SignedIn, SignedOut,
    SteppedDown, SteppedUp, TooFast, TooLong, WrongPins,
};
use SessionPhase::{Authenticated, BadgeSeen, Ended, Expired, Free, Idle, Locked};

/// Every transition: in which state, what happens, what state comes of it.
pub const TABLE: [(SessionPhase, SessionEvent, SessionPhase); 28] = [
    (Free, Scanned, BadgeSeen),
    (Free, SignedIn, Authenticated),
    (BadgeSeen, Scanned, BadgeSeen),
    (BadgeSeen, Lapsed, Free),
    (BadgeSeen, SignedIn, Authenticated),
    (Authenticated, Quiet, Idle),
    (Authenticated, WrongPins, Locked),
    (Authenticated, TooFast, Locked),
    (Authenticated, SteppedUp, Authenticated),
    (Authenticated, SteppedDown, Authenticated),
    (Authenticated, Joined, Authenticated),
    (Authenticated, Left, Authenticated),
    (Authenticated, Abandoned, Ended),
    (Authenticated, TooLong, Expired),
    (Authenticated, SignedOut, Ended),
    (Authenticated, Replaced, Ended),
    (Idle, Resumed, Authenticated),
    (Idle, WrongPins, Locked),
    (Idle, TooFast, Locked),
    (Idle, Abandoned, Ended),
    (Idle, TooLong, Expired),
    (Idle, SignedOut, Ended),
    (Idle, Replaced, Ended),
    (Locked, Resumed, Authenticated),
    (Locked, Abandoned, Ended),
    (Locked, TooLong, Expired),
    (Locked, SignedOut, Ended),
    (Locked, Replaced, Ended),
];

/// The state that an event leads to; none where it can't happen.
#[must_use]
pub fn next(from: SessionPhase, event: SessionEvent) -> Option<SessionPhase> {
    TABLE.iter().find(|row| (row.0, row.1) == (from, event)).map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_tells_each_state_and_event_once_and_forgets_none() {
        let rows: BTreeSet<_> = TABLE.iter().map(|row| (row.0, row.1)).collect();
        assert_eq!(rows.len(), TABLE.len(), "a row stands twice");
        let events: BTreeSet<_> = TABLE.iter().map(|row| row.1).collect();
        assert_eq!(events.len(), SessionEvent::ALL.len(), "an event never happens");
        let reached: BTreeSet<_> = TABLE.iter().map(|row| row.2).collect();
        assert_eq!(reached.len(), SessionPhase::ALL.len(), "a state is never reached");
    }

    #[test]
    fn only_a_pin_leads_to_where_something_is_authorised() {
        for (from, event, to) in TABLE {
            assert!(!matches!(from, Expired | Ended), "{from:?} is no end");
            if to.authorises() && !from.authorises() {
                assert!(matches!(event, SignedIn | Resumed), "{event:?} authorises");
            }
        }
        assert_eq!(next(Idle, SteppedUp), None);
        assert_eq!(next(Free, Resumed), None);
    }
}
