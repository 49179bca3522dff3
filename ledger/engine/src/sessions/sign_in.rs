//! Proving who one is: signing in, resuming, stepping up, joining as the second person.
//!
//! Invariants: what is proven is said by the caller (`PinCheck`, `FactorCheck`; slow by design, done
//! outside), what comes of it is decided here; every failure counts into the lock-out of whoever it
//! claimed to be; a second person is another one; a session is resumed by its own operator only.

use gatewarden_model::{Hash, OperatorId, Present, SessionEvent, SessionId, StationId};

use crate::{
    command::{Factor, FactorCheck, PinCheck, Refusal, Reply},
    factors::FactorUse,
    sessions::{Change, End, no_session, often::Often},
    state::Session,
    turn::{Answer, Turn},
};

/// Console sessions of one operator; the oldest makes room for a further one.
const CONSOLE_SESSIONS_MAX: usize = 4;
use crate::sessions::levels::LEVEL_PIN as AUTH_LEVEL_PIN;

impl Turn<'_> {
    pub(crate) fn sign_in(
        &mut self,
        station: Option<StationId>,
        badge: Option<Hash>,
        pin: PinCheck,
        session: SessionId,
    ) -> Answer {
        let Some(badge) = badge.or_else(|| self.badge_seen(station.as_ref()?)) else {
            return Err(self.no_badge(station));
        };
        let attempt = self.attempt_by_badge(station.clone(), badge);
        let own = station.as_ref().and_then(|at| self.state.session_at(at)).filter(|open| {
            Some(&open.operator) == attempt.operator.as_ref() && Self::waits_for_pin(open)
        });
        if let Some(open) = own.map(|open| open.id) {
            return self.resume(open, pin);
        }
        let operator = self.prove(&attempt, pin, None)?;
        if let Some(refusal) = station.as_ref().and_then(|at| self.too_fast(&operator, at, false)) {
            return Err(refusal);
        }
        if self.state.session(session).is_some() || self.memory.ended.get(&session).is_some() {
            let reason = "the session's id is used already: mint a new one";
            let failures = attempt.failures();
            return Err(self.refuse_attempt(&attempt, "session-exists", reason, failures, 0));
        }
        self.opens_session(&operator, station.as_ref())?;
        Ok(self.open_session(station, operator, session))
    }

    fn no_badge(&mut self, station: Option<StationId>) -> Refusal {
        let reason = "no badge was scanned here: scan the badge first".to_owned();
        let body = gatewarden_model::Body::SignInRefused {
            operator: None,
            station,
            reason,
            failures: 0,
            locked_ms: 0,
            until_unlocked: false,
        };
        self.refused("no-badge", body)
    }

    fn open_session(
        &mut self,
        station: Option<StationId>,
        operator: OperatorId,
        id: SessionId,
    ) -> Reply {
        self.leave_as_second(&operator, None, "moved");
        self.make_room(&operator, station.as_ref());
        if let Some(station) = &station {
            self.used(station);
        }
        self.is_at(&operator, station.as_ref(), self.now);
        self.memory.activity.insert(id, self.now);
        let session = Session::new(id, operator, station, AUTH_LEVEL_PIN, self.now);
        self.record(gatewarden_model::Body::SessionOpened {
            session: id,
            operator: session.operator.clone(),
            station: session.station.clone(),
            auth_level: session.auth_level,
        });
        Reply::SignedIn(session)
    }

    /// Ends the sessions that a new one takes the place of.
    fn make_room(&mut self, operator: &OperatorId, station: Option<&StationId>) {
        let Some(station) = station else {
            let own = |s: &&Session| s.operator == *operator && s.station.is_none();
            let own = self.state.sessions().filter(own);
            let mut console: Vec<_> = own.map(|s| (s.opened.wall_us, s.id)).collect();
            console.sort_unstable();
            let surplus = (console.len() + 1).saturating_sub(CONSOLE_SESSIONS_MAX);
            for (_, id) in console.into_iter().take(surplus) {
                self.end_session(id, End::replaced("moved"));
            }
            return;
        };
        let here = self.state.session_at(station).map(|s| (s.id, s.operator == *operator));
        self.leave_other_stations(operator, station);
        if let Some((id, same)) = here {
            self.end_session(id, End::replaced(if same { "renewed" } else { "hand-over" }));
        }
    }

    /// Ends whatever keeps somebody at another station.
    fn leave_other_stations(&mut self, operator: &OperatorId, station: &StationId) {
        let elsewhere =
            |s: &&Session| s.station.as_ref().is_some_and(|elsewhere| elsewhere != station);
        let own: Vec<SessionId> = self
            .state
            .sessions()
            .filter(|s| s.operator == *operator)
            .filter(elsewhere)
            .map(|s| s.id)
            .collect();
        for id in own {
            self.end_session(id, End::replaced("moved"));
        }
    }

    /// Opens an idle or locked session again.
    pub(crate) fn resume(&mut self, id: SessionId, pin: PinCheck) -> Answer {
        let Some(session) = self.state.session(id).cloned() else { return Err(no_session(id)) };
        let attempt = self.attempt_of(session.station.clone(), session.operator.clone());
        let operator = match self.prove(&attempt, pin, None) {
            Ok(operator) => operator,
            Err(refusal) => return Err(self.failed_in(id, refusal)),
        };
        self.memory.activity.insert(id, self.now);
        self.leave_as_second(&operator, None, "moved");
        self.is_at(&operator, session.station.as_ref(), self.now);
        if let Some(station) = &session.station {
            self.used(station);
        }
        if Self::waits_for_pin(&session) {
            self.change(id, SessionEvent::Resumed, Change::default());
        }
        Ok(Reply::SignedIn(self.state.session(id).cloned().unwrap_or(session)))
    }

    /// A failure in a session locks it as soon as failures cost a wait.
    fn failed_in(&mut self, id: SessionId, refusal: Refusal) -> Refusal {
        let session = self.state.session(id);
        let lock = session.and_then(|session| self.state.lockout(&session.operator));
        let waits = lock.is_some_and(|lock| lock.remaining_ms(&self.now) > 0);
        if waits && refusal.code == "sign-in-refused" {
            self.change(id, SessionEvent::WrongPins, Change::default());
        }
        refusal
    }

    /// Raises a session's level for `step_up_ms`.
    pub(crate) fn step_up(
        &mut self,
        id: SessionId,
        proof: FactorCheck,
        used: Option<FactorUse>,
    ) -> Answer {
        let Some(session) = self.state.session(id).cloned() else { return Err(no_session(id)) };
        let attempt = self.attempt_of(session.station.clone(), session.operator.clone());
        let wrong = match proof.factor {
            Factor::Totp => "the one-time code is wrong or used: enter the next one",
            Factor::SecurityKey => "the security key's answer is wrong: try again",
        };
        let stale = used.is_some_and(|used| !self.counts(&session.operator, proof.factor, &used));
        let check = match proof.check {
            PinCheck::Right if stale => PinCheck::Wrong,
            check => check,
        };
        if let Err(refusal) = self.prove(&attempt, check, Some(wrong)) {
            return Err(self.failed_in(id, refusal));
        }
        let (who, station) = (session.operator.clone(), session.station.clone());
        self.does_often(Often::StepUps(who.clone()), &who, station.as_ref())?;
        if let Some(used) = &used {
            self.use_factor(&session.operator, used);
        }
        let level = proof.factor.auth_level();
        self.memory.activity.insert(id, self.now);
        if level >= session.auth_level {
            let level = Some(level);
            self.change(id, SessionEvent::SteppedUp, Change { level, ..Change::default() });
        }
        Ok(Reply::Session(self.state.session(id).cloned().unwrap_or(session)))
    }

    /// Lets a second person join a session, with his own badge and PIN. Who is there already stays so.
    pub(crate) fn join(&mut self, id: SessionId, badge: Option<Hash>, pin: PinCheck) -> Answer {
        let Some(session) = self.state.session(id).cloned() else { return Err(no_session(id)) };
        let station = session.station.clone();
        let Some(badge) = badge.or_else(|| self.badge_seen(station.as_ref()?)) else {
            return Err(self.no_badge(station));
        };
        let attempt = self.attempt_by_badge(station.clone(), badge);
        let operator = self.prove(&attempt, pin, None)?;
        if let Some(refusal) = station.as_ref().and_then(|at| self.too_fast(&operator, at, false)) {
            return Err(refusal);
        }
        let against = match &session.second {
            _ if operator == session.operator => {
                Some(("same-person", format!("{operator} is in this session: somebody else joins")))
            }
            Some(second) if second.operator != operator => {
                Some(("second-present", format!("{} is present: he leaves first", second.operator)))
            }
            _ => None,
        };
        if let Some((code, reason)) = against {
            let failures = attempt.failures();
            return Err(self.refuse_attempt(&attempt, code, &reason, failures, 0));
        }
        if session.second.is_none() {
            self.opens_session(&operator, station.as_ref())?;
        }
        if let Some(station) = &station {
            self.leave_other_stations(&operator, station);
            self.used(station);
        }
        self.leave_as_second(&operator, Some(id), "moved");
        self.is_at(&operator, station.as_ref(), self.now);
        self.memory.second_activity.insert(id, self.now);
        if session.second.is_none() {
            let second = Some(Some(Present { operator, auth_level: AUTH_LEVEL_PIN }));
            self.change(id, SessionEvent::Joined, Change { second, ..Change::default() });
        }
        Ok(Reply::Session(self.state.session(id).cloned().unwrap_or(session)))
    }

    /// Lets the second person leave.
    pub(crate) fn leave(&mut self, id: SessionId) -> Answer {
        let Some(session) = self.state.session(id) else { return Err(no_session(id)) };
        if session.second.is_none() {
            let message = "nobody else is present in this session".to_owned();
            return Err(Refusal { code: "no-second", message, recorded: None });
        }
        self.second_left(id, "operator");
        Ok(Reply::Done)
    }
}
