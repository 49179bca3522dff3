//! Sessions: badge and PIN, one session a station, one station an operator, time-outs, lock-out.
//!
//! Invariants: while an operator is locked even the right PIN opens nothing and is not looked at;
//! an unknown badge is refused in the words, the count and the waits of a wrong PIN; every end has
//! a reason. Absent on purpose: comparing PINs (slow by design, done by the daemon).

use gatewarden_model::{Actor, Body, Hash, OperatorId, Pass, SessionId, Stamp, StationId};

use crate::{
    command::{PinCheck, Refusal, Reply},
    memory::Ended,
    state::{Lockout, Session},
    turn::{Answer, REASON_BYTES_MAX, Turn, cut},
};

/// How long a badge scanned at a station waits for its PIN, in milliseconds.
pub const BADGE_SEEN_MS_MAX: u64 = 60_000;
/// Console sessions of one operator; the oldest makes room for a further one.
const CONSOLE_SESSIONS_MAX: usize = 4;
/// Badge and PIN.
const AUTH_LEVEL_PIN: u8 = 2;
const WRONG: &str = "badge or PIN is wrong";

/// One attempt to sign in.
struct Attempt {
    station: Option<StationId>,
    badge: Hash,
    operator: Option<OperatorId>,
    lock: Option<Lockout>,
}

impl Turn<'_> {
    pub(crate) fn badge(&mut self, station: StationId, badge: Hash) -> Answer {
        let operator = self.state.operator_by_badge(&badge).map(|o| o.id.clone());
        let own =
            self.state.session_at(&station).filter(|s| Some(&s.operator) == operator.as_ref());
        if let Some(id) = own.map(|s| s.id) {
            self.end_session(id, "badge");
            return Ok(Reply::SignedOut);
        }
        self.memory.seen.insert(station, (badge, self.now));
        Ok(Reply::BadgeSeen { operator })
    }

    pub(crate) fn sign_in(
        &mut self,
        station: Option<StationId>,
        badge: Option<Hash>,
        pin: PinCheck,
        session: SessionId,
    ) -> Answer {
        let Some(badge) = badge.or_else(|| self.badge_seen(station.as_ref()?)) else {
            let reason = "no badge was scanned here: scan the badge first".to_owned();
            let body =
                Body::SignInRefused { operator: None, station, reason, failures: 0, locked_ms: 0 };
            return Err(self.refused("no-badge", body));
        };
        let operator = self.state.operator_by_badge(&badge).map(|o| o.id.clone());
        let lock = match &operator {
            Some(id) => self.state.lockout(id).cloned(),
            None => self.memory.strangers.get(&badge).cloned(),
        };
        let attempt = Attempt { station, badge, operator, lock };
        let locked_ms = attempt.lock.as_ref().map_or(0, |l| l.remaining_ms(&self.now));
        let failures = attempt.lock.as_ref().map_or(0, |l| l.failures);
        if locked_ms > 0 {
            let reason =
                format!("too many failures: no attempt counts for {} s", locked_ms.div_ceil(1000));
            return Err(self.refuse(attempt, "locked", &reason, failures, locked_ms));
        }
        match (pin, attempt.operator.clone()) {
            (PinCheck::Right, Some(operator)) => self.open_session(attempt, operator, session),
            (PinCheck::Absent, _) => {
                let reason = "the PIN is missing";
                Err(self.refuse(attempt, "pin-missing", reason, failures, 0))
            }
            _ => {
                let failures = failures.saturating_add(1);
                let wait_ms = self.wait_ms(failures);
                Err(self.refuse(attempt, "sign-in-refused", WRONG, failures, wait_ms))
            }
        }
    }

    fn open_session(&mut self, attempt: Attempt, operator: OperatorId, id: SessionId) -> Answer {
        if self.state.session(id).is_some() || self.memory.ended.get(&id).is_some() {
            let reason = "the session's id is used already: mint a new one";
            let failures = attempt.lock.as_ref().map_or(0, |l| l.failures);
            return Err(self.refuse(attempt, "session-exists", reason, failures, 0));
        }
        self.make_room(&operator, attempt.station.as_ref());
        if let Some(station) = &attempt.station {
            self.memory.seen.remove(station);
        }
        self.memory.activity.insert(id, self.now);
        self.record(Body::SessionOpened {
            session: id,
            operator: operator.clone(),
            station: attempt.station.clone(),
            auth_level: AUTH_LEVEL_PIN,
        });
        Ok(Reply::SignedIn(Session {
            id,
            operator,
            station: attempt.station,
            auth_level: AUTH_LEVEL_PIN,
            opened: self.now,
        }))
    }

    /// Ends the sessions that a new one takes the place of.
    fn make_room(&mut self, operator: &OperatorId, station: Option<&StationId>) {
        let own = self.state.sessions().filter(|s| s.operator == *operator);
        let Some(station) = station else {
            let mut console: Vec<_> =
                own.filter(|s| s.station.is_none()).map(|s| (s.opened.wall_us, s.id)).collect();
            console.sort_unstable();
            let surplus = (console.len() + 1).saturating_sub(CONSOLE_SESSIONS_MAX);
            for (_, id) in console.into_iter().take(surplus) {
                self.end_session(id, "moved");
            }
            return;
        };
        let elsewhere: Vec<SessionId> = own
            .filter(|s| s.station.as_ref().is_some_and(|at| at != station))
            .map(|s| s.id)
            .collect();
        let here = self.state.session_at(station).map(|s| (s.id, s.operator == *operator));
        for id in elsewhere {
            self.end_session(id, "moved");
        }
        if let Some((id, same)) = here {
            self.end_session(id, if same { "renewed" } else { "hand-over" });
        }
    }

    pub(crate) fn sign_out(&mut self, session: SessionId, reason: String) -> Answer {
        if self.end_session(session, &cut(&reason, REASON_BYTES_MAX)) {
            return Ok(Reply::SignedOut);
        }
        Err(no_session(session))
    }

    pub(crate) fn activity(&mut self, session: SessionId) -> Answer {
        if self.state.session(session).is_none() {
            return Err(no_session(session));
        }
        self.memory.activity.insert(session, self.now);
        Ok(Reply::Done)
    }

    pub(crate) fn end_leftover_sessions(&mut self) -> Answer {
        let ids: Vec<SessionId> = self.state.sessions().map(|s| s.id).collect();
        for id in ids {
            self.end_session(id, "restart");
        }
        Ok(Reply::Done)
    }

    /// Ends every session of an operator.
    pub(crate) fn end_sessions_of(&mut self, operator: &OperatorId, reason: &str) {
        let own = self.state.sessions().filter(|s| s.operator == *operator);
        let ids: Vec<SessionId> = own.map(|s| s.id).collect();
        for id in ids {
            self.end_session(id, reason);
        }
    }

    /// Ends the sessions whose idle or absolute time is over.
    pub(crate) fn time_out_sessions(&mut self) {
        let over = |s: &Session| {
            let last = self.last_activity(s);
            self.time_out(s, &last, &self.now).map(|reason| (s.id, reason))
        };
        let due: Vec<_> = self.state.sessions().filter_map(over).collect();
        for (id, reason) in due {
            self.end_session(id, reason);
        }
    }

    /// Why a session is over at a moment, if it is; `last` is its last activity.
    fn time_out(&self, session: &Session, last: &Stamp, at: &Stamp) -> Option<&'static str> {
        if at.us_since(last) >= self.settings.idle_timeout_ms.saturating_mul(1000) {
            return Some("idle");
        }
        let max_us = self.settings.session_max_ms.saturating_mul(1000);
        (at.us_since(&session.opened) >= max_us).then_some("expired")
    }

    fn last_activity(&self, session: &Session) -> Stamp {
        self.memory.activity.get(&session.id).copied().unwrap_or(session.opened)
    }

    /// A pass is activity of its session, at the time of the pass.
    pub(crate) fn moved_in(&mut self, session: &Session, at: Stamp) {
        if let Some(last) = self.memory.activity.get_mut(&session.id)
            && is_before(last, &at)
        {
            *last = at;
        }
    }

    fn end_session(&mut self, id: SessionId, reason: &str) -> bool {
        let Some(session) = self.state.session(id).cloned() else { return false };
        self.record(Body::SessionEnded {
            session: id,
            operator: session.operator.clone(),
            station: session.station.clone(),
            reason: reason.to_owned(),
        });
        let last = self.memory.activity.remove(&id);
        self.memory.ended.insert(id, Ended { session, last, at: self.now });
        true
    }

    fn badge_seen(&self, station: &StationId) -> Option<Hash> {
        let (badge, at) = self.memory.seen.get(station)?;
        (self.now.us_since(at) < BADGE_SEEN_MS_MAX * 1000).then_some(*badge)
    }

    /// The wait after so many failures in a row: none, then doubling up to the longest.
    fn wait_ms(&self, failures: u32) -> u64 {
        let Some(beyond) = failures.checked_sub(self.settings.free_attempts.saturating_add(1))
        else {
            return 0;
        };
        let factor = 1u64.checked_shl(beyond).unwrap_or(u64::MAX);
        self.settings.first_delay_ms.saturating_mul(factor).min(self.settings.delay_ms_max)
    }

    fn refuse(
        &mut self,
        attempt: Attempt,
        code: &'static str,
        reason: &str,
        failures: u32,
        locked_ms: u64,
    ) -> Refusal {
        if attempt.operator.is_none() {
            let lock = Lockout { failures, since: self.now, locked_ms };
            self.memory.strangers.insert(attempt.badge, lock);
        }
        let Attempt { operator, station, .. } = attempt;
        let reason = reason.to_owned();
        self.refused(code, Body::SignInRefused { operator, station, reason, failures, locked_ms })
    }

    fn refused(&mut self, code: &'static str, body: Body) -> Refusal {
        let message = match &body {
            Body::SignInRefused { reason, .. } => reason.clone(),
            _ => String::new(),
        };
        let recorded = Some(self.record(body));
        Refusal { code, message, recorded }
    }

    /// The session that every thing of a pass was first seen in, or why there is none.
    pub(crate) fn bound_session(&self, pass: &Pass) -> Result<Session, String> {
        let station = &pass.station;
        let id = pass.session.ok_or_else(|| format!("nobody was signed in at {station}"))?;
        let (session, last, ended) = match (self.state.session(id), self.memory.ended.get(&id)) {
            (Some(open), _) => (open, Some(self.last_activity(open)), None),
            (None, Some(gone)) => (&gone.session, gone.last, Some(&gone.at)),
            (None, None) => return Err(format!("session {id} is not known here")),
        };
        let who = &session.operator;
        if session.station.as_ref() != Some(station) {
            return Err(format!("the session of {who} is not one of {station}"));
        }
        if is_before(&pass.opened, &session.opened) {
            return Err(format!("the pass opened before {who} signed in"));
        }
        let newest = pass.sightings.iter().map(|s| s.first).max_by_key(|s| s.mono_us);
        if ended.is_some_and(|at| is_before(at, &newest.unwrap_or(pass.opened))) {
            return Err(format!("the session of {who} had ended"));
        }
        if self.time_out(session, &last.unwrap_or(pass.opened), &pass.opened).is_some() {
            return Err(format!("the session of {who} had expired"));
        }
        Ok(session.clone())
    }
}

/// Whether a moment is before another: by the monotonic clock within one boot, else by the wall.
fn is_before(a: &Stamp, b: &Stamp) -> bool {
    if a.boot == b.boot { a.mono_us < b.mono_us } else { a.wall_us < b.wall_us }
}

fn no_session(id: SessionId) -> Refusal {
    let message = format!("session {id} is not open: sign in again");
    Refusal { code: "unknown-session", message, recorded: None }
}

/// The actor that an operator is in a session.
pub(crate) fn actor_in(session: &Session) -> Actor {
    Actor::Operator { id: session.operator.clone(), session: Some(session.id) }
}
