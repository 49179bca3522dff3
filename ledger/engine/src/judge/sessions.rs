//! Ties what moved to the entries of its session: who was signed in, where, at which level and with whom
//! when the pass opened, or when it was posted.
//!
//! Invariants: it asks what the engine asks (`Turn::bound_session`), of the state that the entries before
//! make; sessions that have ended are kept as long as the engine keeps them. Absent: what only memory knows
//! (when somebody last did something), and journals that tell no policies.

use std::collections::{HashMap, VecDeque};

use gatewarden_model::{
    Actor, Body, DocumentStep, Entry, Movement, OperatorId, Pass, Second, SessionEvent, SessionId,
    Stamp,
};

use super::{Judge, Verdict};
use crate::{
    memory::ENDED_SESSIONS_MAX,
    sessions::{is_before, levels::LEVEL_PIN, machine},
    state::{Hold, Session, State},
};

/// Sessions after their end, for passes still on their way.
#[derive(Debug, Default)]
pub(super) struct Ended {
    sessions: HashMap<SessionId, (Session, Stamp)>,
    order: VecDeque<SessionId>,
    /// As it was before the second person left it, with the entry before this one.
    left: Option<Session>,
}

impl Ended {
    /// Keeps what an entry ends; `state` is that of before.
    pub(super) fn keep(&mut self, state: &State, entry: &Entry) {
        let left = self.left.take();
        match &entry.body {
            Body::SessionChanged { session: Some(id), event: SessionEvent::Left, .. } => {
                self.left = state.session(*id).cloned();
            }
            Body::SessionEnded { session: id, .. } => {
                let left = left.filter(|session| session.id == *id);
                let Some(session) = left.or_else(|| state.session(*id).cloned()) else { return };
                if self.sessions.insert(*id, (session, entry.at)).is_none() {
                    self.order.push_back(*id);
                }
                if self.order.len() > ENDED_SESSIONS_MAX
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.sessions.remove(&oldest);
                }
            }
            _ => {}
        }
    }
}

/// Who moved, as an entry says.
struct Said<'e> {
    session: SessionId,
    operator: &'e OperatorId,
    level: u8,
    second: Option<&'e Second>,
}

impl<'e> Said<'e> {
    fn of(movement: &'e Movement) -> Self {
        Self {
            session: movement.session,
            operator: &movement.operator,
            level: movement.auth_level,
            second: movement.second.as_ref(),
        }
    }

    /// Whether the session was so.
    fn is_of(&self, session: &Session) -> Verdict {
        let id = self.session;
        if session.operator != *self.operator {
            let (who, said) = (&session.operator, self.operator);
            return Err(format!("session {id} is {who}'s, it says {said} moved it"));
        }
        if session.auth_level != self.level {
            let (was, said) = (session.auth_level, self.level);
            return Err(format!("session {id} had level {was}, it says {said}"));
        }
        let Some(second) = self.second else { return Ok(()) };
        let present = session.second.as_ref();
        let present = present.map(|present| (&present.operator, present.auth_level))
            == Some((&second.operator, second.auth_level));
        match present {
            true => Ok(()),
            false => Err(format!(
                "{} was not with level {} beside {} in session {id}",
                second.operator, second.auth_level, session.operator
            )),
        }
    }
}

impl Judge {
    /// Whether what an entry moved, or held to be moved, is its session's.
    pub(super) fn in_session(&self, body: &Body) -> Verdict {
        if self.current.is_none() {
            return Ok(());
        }
        match body {
            Body::SessionOpened { operator, auth_level, .. } => {
                if self.state.operator(operator).is_none() {
                    return Err(format!("{operator}, who is not enrolled, signed in"));
                }
                match *auth_level > LEVEL_PIN {
                    true => Err(format!("a session opens with badge and PIN, not {auth_level}")),
                    false => Ok(()),
                }
            }
            Body::SessionChanged { .. } => self.rose(body),
            Body::Held { pass, operator, auth_level, second, .. } => {
                let Some(session) = pass.session else {
                    return Err("it held a pass of no session".to_owned());
                };
                let second = second.as_ref();
                self.passed(pass, &Said { session, operator, level: *auth_level, second })
            }
            Body::DocumentStepped {
                step: DocumentStep::Counted { sheet },
                by: Actor::Operator { id, .. },
                ..
            } => {
                let Some(pass) = &sheet.pass else { return Ok(()) };
                let Some(session) = pass.session else {
                    return Err("it counted a pass of no session".to_owned());
                };
                let (operator, level, second) = (id, sheet.auth_level, None);
                self.passed(pass, &Said { session, operator, level, second })
            }
            Body::Moved { movement, pass: Some(pass) } => {
                let said = Said::of(movement);
                match pass.session == Some(said.session) {
                    true => self.passed(pass, &said),
                    false => Err(format!("its pass is not of its session {}", said.session)),
                }
            }
            Body::Moved { movement, pass: None } => match movement.pass {
                Some(pass) => match self.accepted.get(&pass) {
                    Some(hold) => held(hold, movement),
                    None => Err(format!("nobody accepted pass {pass}")),
                },
                None => self.posted(movement),
            },
            _ => Ok(()),
        }
    }

    /// Whether a session could change so: by the table, and from the state that it was in.
    pub(super) fn changed(&self, body: &Body) -> Verdict {
        let Body::SessionChanged { session, from, event, to, second, operator, .. } = body else {
            return Ok(());
        };
        if machine::next(*from, *event) != Some(*to) {
            return Err(format!("{event:?} does not lead from {} to {}", from.name(), to.name()));
        }
        let Some(id) = session else { return Ok(()) };
        let Some(open) = self.state.session(*id) else {
            return Err(format!("it changes session {id}, which is not open"));
        };
        if open.phase != *from || Some(&open.operator) != operator.as_ref() {
            return Err(format!("session {id} was {} and {}'s", open.phase.name(), open.operator));
        }
        match second.as_ref().filter(|second| second.operator == open.operator) {
            Some(second) => Err(format!("{} is the second person beside himself", second.operator)),
            None => Ok(()),
        }
    }

    /// A level rises by a further factor only, and somebody is beside only by joining.
    fn rose(&self, body: &Body) -> Verdict {
        let Body::SessionChanged { session: Some(id), event, auth_level, second, .. } = body else {
            return Ok(());
        };
        let Some(open) = self.state.session(*id) else { return Ok(()) };
        if *auth_level > open.auth_level && *event != SessionEvent::SteppedUp {
            let was = open.auth_level;
            return Err(format!("session {id} rose from level {was} to {auth_level} by no factor"));
        }
        let Some(second) = second.as_ref().filter(|_| *second != open.second) else {
            return Ok(());
        };
        if *event != SessionEvent::Joined || second.auth_level > LEVEL_PIN {
            return Err(format!("{} did not join with badge and PIN", second.operator));
        }
        match self.state.operator(&second.operator) {
            Some(_) => Ok(()),
            None => Err(format!("{}, who is not enrolled, joined", second.operator)),
        }
    }

    /// What is said of a pass is of the session that it was bound to, as that was when it opened.
    fn passed(&self, pass: &Pass, said: &Said<'_>) -> Verdict {
        let id = said.session;
        let (session, ended) = match (self.state.session(id), self.ended.sessions.get(&id)) {
            (Some(open), _) => (open, None),
            (None, Some((session, at))) => (session, Some(at)),
            (None, None) => return Err(format!("its session {id} is not open")),
        };
        let who = &session.operator;
        if session.station.as_ref() != Some(&pass.station) {
            return Err(format!("session {id} of {who} is not one of {}", pass.station));
        }
        if is_before(&pass.opened, &session.opened)
            || is_before(&pass.opened, &session.authenticated)
        {
            return Err(format!("its pass opened before {who} gave the PIN in session {id}"));
        }
        let newest = pass.seen().map(|s| s.first).max_by_key(|s| s.mono_us);
        let newest = newest.unwrap_or(pass.opened);
        if !session.phase.authorises() && !is_before(&newest, &session.since) {
            return Err(format!("session {id} of {who} was {}", session.phase.name()));
        }
        if ended.is_some_and(|at| is_before(at, &newest)) {
            return Err(format!("session {id} of {who} had ended"));
        }
        said.is_of(&session.as_it_was(&pass.opened))
    }

    /// What was posted by hand was posted in an open session.
    fn posted(&self, movement: &Movement) -> Verdict {
        let said = Said::of(movement);
        let Some(session) = self.state.session(said.session) else {
            return Err(format!("its session {} is not open", said.session));
        };
        session.acts().map_err(|(_, message)| message)?;
        if session.station != movement.station {
            return Err(format!("session {} is at another station", said.session));
        }
        said.is_of(session)
    }
}

/// What was accepted is of who was held.
fn held(hold: &Hold, movement: &Movement) -> Verdict {
    let same = hold.pass.session == Some(movement.session)
        && (&hold.operator, hold.auth_level) == (&movement.operator, movement.auth_level);
    match same {
        true => Ok(()),
        false => Err(format!("entry {} held it as moved by somebody else", hold.seq)),
    }
}
