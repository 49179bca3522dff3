//! Sessions: who is at which station, in which state, with whom, and what his passes are worth.
//!
//! Invariants: one session a station, one station an operator; every change of state goes by the
//! table (`machine`) and is an entry; every end, and every leaving of a second person, has a reason;
//! nothing is authorised in any state but `authenticated`; a pass counts for a session only if it was
//! authenticated during the whole of it, at the level and with the second person that it had from the
//! pass's first moment. Absent on purpose: comparing PINs and factors (slow by design, done by the
//! daemon).

pub(crate) mod levels;
mod live;
pub(crate) mod lockout;
pub mod machine;
pub(crate) mod often;
pub(crate) mod scans;
mod sign_in;
mod time_out;
pub(crate) mod walking;

use gatewarden_model::{
    Actor, Body, Hash, OperatorId, Pass, Present, SessionEvent, SessionId, Stamp, StationId,
};

use crate::{
    command::{Refusal, Reply},
    memory::Ended,
    state::Session,
    turn::{Answer, REASON_BYTES_MAX, Turn, cut},
};

/// What an event changes beside the state.
#[derive(Default)]
pub(crate) struct Change {
    /// The level from now on; none keeps it.
    pub(crate) level: Option<u8>,
    /// The second person from now on; none keeps whoever is there.
    pub(crate) second: Option<Option<Present>>,
    /// What there is to say beside.
    pub(crate) note: String,
}

/// How a session ends.
pub(crate) struct End<'r> {
    pub(crate) event: SessionEvent,
    pub(crate) reason: &'r str,
}

impl<'r> End<'r> {
    pub(crate) fn replaced(reason: &'r str) -> Self {
        Self { event: SessionEvent::Replaced, reason }
    }

    pub(crate) fn signed_out(reason: &'r str) -> Self {
        Self { event: SessionEvent::SignedOut, reason }
    }

    /// Whether another session opens at the same station at once.
    fn is_followed(&self) -> bool {
        matches!(self.reason, "hand-over" | "renewed")
    }
}

impl Turn<'_> {
    pub(crate) fn badge(&mut self, station: StationId, badge: Hash) -> Answer {
        let operator = self.state.operator_by_badge(&badge).map(|o| o.id.clone());
        if let Some(who) = &operator {
            if let Some(refusal) = self.too_fast(who, &station, true) {
                return Err(refusal);
            }
            self.is_at(who, Some(&station), self.now);
        }
        let open = self.state.session_at(&station).filter(|open| open.phase.authorises());
        let here = open.map(|open| (open.id, open.operator.clone(), open.second.clone()));
        match (here, &operator) {
            (Some((id, own, _)), Some(who)) if own == *who => {
                self.end_session(id, End::signed_out("badge"));
                return Ok(Reply::SignedOut);
            }
            (Some((id, _, Some(second))), Some(who)) if second.operator == *who => {
                self.second_left(id, "badge");
                return Ok(Reply::SignedOut);
            }
            (here, who) => {
                if let (Some(_), Some(who)) = (here, who) {
                    self.tell_receiver(&station, badge, who);
                }
                self.remember(&station, badge, operator.clone());
            }
        }
        Ok(Reply::BadgeSeen { operator })
    }

    pub(crate) fn sign_out(&mut self, session: SessionId, reason: String) -> Answer {
        if self.end_session(session, End::signed_out(&cut(&reason, REASON_BYTES_MAX))) {
            return Ok(Reply::SignedOut);
        }
        Err(no_session(session))
    }

    pub(crate) fn activity(&mut self, id: SessionId) -> Answer {
        let Some(session) = self.state.session(id).cloned() else { return Err(no_session(id)) };
        self.memory.activity.insert(id, self.now);
        self.is_at(&session.operator, session.station.as_ref(), self.now);
        Ok(Reply::Done)
    }

    pub(crate) fn end_leftover_sessions(&mut self) -> Answer {
        let ids: Vec<SessionId> = self.state.sessions().map(|s| s.id).collect();
        for id in ids {
            self.end_session(id, End::signed_out("restart"));
        }
        Ok(Reply::Done)
    }

    /// Ends every session of an operator, and lets him leave those of others.
    pub(crate) fn end_sessions_of(&mut self, operator: &OperatorId, reason: &str) {
        let own = self.state.sessions().filter(|s| s.operator == *operator);
        for id in own.map(|s| s.id).collect::<Vec<_>>() {
            self.end_session(id, End::signed_out(reason));
        }
        self.leave_as_second(operator, None, reason);
    }

    /// Lets an operator leave the sessions of others, all but one.
    pub(crate) fn leave_as_second(
        &mut self,
        operator: &OperatorId,
        but: Option<SessionId>,
        reason: &str,
    ) {
        let second = |s: &&Session| s.second.as_ref().is_some_and(|p| p.operator == *operator);
        let joined = self.state.sessions().filter(second).map(|s| s.id);
        for id in joined.filter(|id| Some(*id) != but).collect::<Vec<_>>() {
            self.second_left(id, reason);
        }
    }

    /// Lets the second person leave a session, if there is one.
    pub(crate) fn second_left(&mut self, id: SessionId, reason: &str) {
        if self.state.session(id).is_some_and(|session| session.second.is_some()) {
            let note = reason.to_owned();
            self.change(id, SessionEvent::Left, Change { second: Some(None), note, level: None });
        }
        self.memory.second_activity.remove(&id);
    }

    /// A pass is activity of its session, at the time of the pass.
    pub(crate) fn moved_in(&mut self, session: &Session, at: Stamp) {
        if let Some(last) = self.memory.activity.get_mut(&session.id)
            && is_before(last, &at)
        {
            *last = at;
        }
        self.is_at(&session.operator, session.station.as_ref(), at);
    }

    /// Records that something happened to a session, if the table lets it happen. Whoever does not
    /// authorise any more has his plain level and nobody beside him.
    pub(crate) fn change(&mut self, id: SessionId, event: SessionEvent, with: Change) {
        let Some(session) = self.state.session(id) else { return };
        let Some(to) = machine::next(session.phase, event) else { return };
        let goes_on = to.authorises();
        if !goes_on && session.second.is_some() {
            // Its own entry, as every leaving has: the words of the state tell why.
            self.second_left(id, to.name());
        }
        let Some(session) = self.state.session(id) else { return };
        let kept = with.level.unwrap_or(session.auth_level);
        let beside = with.second.unwrap_or_else(|| session.second.clone());
        let body = Body::SessionChanged {
            station: session.station.clone(),
            session: Some(id),
            operator: Some(session.operator.clone()),
            from: session.phase,
            event,
            to,
            auth_level_before: session.auth_level,
            auth_level: if goes_on { kept } else { session.base_level },
            second: beside.filter(|_| goes_on),
            note: cut(&with.note, REASON_BYTES_MAX),
        };
        self.record(body);
    }

    /// Ends a session, if the table lets it end so.
    pub(crate) fn end_session(&mut self, id: SessionId, end: End<'_>) -> bool {
        let Some(session) = self.state.session(id).cloned() else { return false };
        if machine::next(session.phase, end.event).is_none() {
            return false;
        }
        self.second_left(id, end.reason);
        self.record(Body::SessionEnded {
            session: id,
            operator: session.operator.clone(),
            station: session.station.clone(),
            reason: end.reason.to_owned(),
        });
        let last = self.memory.activity.remove(&id);
        if let Some(station) = session.station.as_ref().filter(|_| !end.is_followed()) {
            self.tell_waiting(station);
        }
        self.memory.ended.insert(id, Ended { session, last, at: self.now });
        true
    }

    /// The session that every thing of a pass was first seen in, as it was for that pass, or why
    /// there is none.
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
        if is_before(&pass.opened, &session.authenticated) {
            return Err(format!("the pass opened before {who} resumed the session"));
        }
        let newest = pass.seen().map(|s| s.first).max_by_key(|s| s.mono_us);
        let newest = newest.unwrap_or(pass.opened);
        if !session.phase.authorises() && !is_before(&newest, &session.since) {
            return Err(format!("the session of {who} was {}", session.phase.name()));
        }
        if ended.is_some_and(|at| is_before(at, &newest)) {
            return Err(format!("the session of {who} had ended"));
        }
        if self.time_out(session, &last.unwrap_or(pass.opened), &pass.opened).is_some() {
            return Err(format!("the session of {who} had expired"));
        }
        Ok(session.as_it_was(&pass.opened))
    }
}

/// Whether a moment is before another: by the monotonic clock within one boot, else by the wall.
pub(crate) fn is_before(a: &Stamp, b: &Stamp) -> bool {
    if a.boot == b.boot { a.mono_us < b.mono_us } else { a.wall_us < b.wall_us }
}

pub(crate) fn no_session(id: SessionId) -> Refusal {
    let message = format!("session {id} is not open: sign in again");
    Refusal { code: "unknown-session", message, recorded: None }
}

/// The actor that an operator is in a session.
pub(crate) fn actor_in(session: &Session) -> Actor {
    Actor::Operator { id: session.operator.clone(), session: Some(session.id) }
}
