//! What time does to sessions: idle, abandoned, expired, a raised level that falls back, a second person
//! who is not seen any more.
//!
//! Invariants: what others do in a session keeps its second person no longer than his own badge and PIN do;
//! only `Stamp::us_since` tells the time, so within a boot the wall clock revives
//! nothing; every command is decided after what is due by then. Nothing here asks a person.

use gatewarden_model::{SessionEvent, SessionId, SessionPhase, Stamp};

use crate::{
    sessions::{Change, End},
    state::Session,
    turn::Turn,
};

/// What is due in a session.
enum Due {
    End(SessionEvent, &'static str),
    Change(SessionEvent),
}

impl Turn<'_> {
    /// Does what is due by now.
    pub(crate) fn time_out_sessions(&mut self) {
        self.lapse_badges();
        self.time_out_seconds();
        let due: Vec<(SessionId, Due)> =
            self.state.sessions().filter_map(|s| self.due(s).map(|due| (s.id, due))).collect();
        for (id, due) in due {
            match due {
                Due::End(event, reason) => drop(self.end_session(id, End { event, reason })),
                Due::Change(event) => {
                    let level = self.state.session(id).map(|session| session.base_level);
                    self.change(id, event, Change { level, ..Change::default() });
                }
            }
        }
    }

    /// Lets the second persons leave who have not proven for too long that they are there. What ends a session
    /// ends their stay in it, so that nobody stays longer than `session_max_ms` either.
    fn time_out_seconds(&mut self) {
        let idle_us = self.settings.idle_timeout_ms.saturating_mul(1000);
        let is_over = |session: &&Session| {
            let last = self.memory.second_activity.get(&session.id);
            let last = last.or(session.second_since.as_ref());
            last.is_some_and(|last| self.now.us_since(last) >= idle_us)
        };
        let over: Vec<SessionId> = self.state.sessions().filter(is_over).map(|s| s.id).collect();
        for id in over {
            self.second_left(id, "idle");
        }
    }

    fn due(&self, session: &Session) -> Option<Due> {
        let us = |ms: u64| ms.saturating_mul(1000);
        let (idle_us, more_us) = (us(self.settings.idle_timeout_ms), us(self.settings.idle_end_ms));
        let quiet_us = self.now.us_since(&self.last_activity(session));
        let locked = session.phase == SessionPhase::Locked;
        if locked && self.now.us_since(&session.since) >= idle_us.max(more_us) {
            return Some(Due::End(SessionEvent::Abandoned, "locked"));
        }
        if !locked && quiet_us >= idle_us.saturating_add(more_us) {
            return Some(Due::End(SessionEvent::Abandoned, "idle"));
        }
        if self.now.us_since(&session.opened) >= us(self.settings.session_max_ms) {
            return Some(Due::End(SessionEvent::TooLong, "expired"));
        }
        if session.phase.authorises() && quiet_us >= idle_us {
            return Some(Due::Change(SessionEvent::Quiet));
        }
        let raised = session.raised.filter(|_| session.phase.authorises())?;
        let over = self.now.us_since(&raised) >= us(self.settings.step_up_ms);
        over.then_some(Due::Change(SessionEvent::SteppedDown))
    }

    /// Why a session is over at a moment, if it is; `last` is its last activity.
    pub(crate) fn time_out(
        &self,
        session: &Session,
        last: &Stamp,
        at: &Stamp,
    ) -> Option<&'static str> {
        if at.us_since(last) >= self.settings.idle_timeout_ms.saturating_mul(1000) {
            return Some("idle");
        }
        let max_us = self.settings.session_max_ms.saturating_mul(1000);
        (at.us_since(&session.opened) >= max_us).then_some("expired")
    }

    pub(crate) fn last_activity(&self, session: &Session) -> Stamp {
        self.memory.activity.get(&session.id).copied().unwrap_or(session.opened)
    }
}
