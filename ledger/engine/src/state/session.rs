//! A session as it stands now: whose, where, in which state, at which level, with whom.
//!
//! Invariant: it is a function of its entries (`SessionOpened`, `SessionChanged`), so that a restart
//! has the same one. Absent on purpose: when somebody last did something (`memory`).

use gatewarden_model::{OperatorId, Present, SessionId, SessionPhase, Stamp, StationId};
use serde::Serialize;

use crate::sessions::is_before;

/// An authenticated stay of an operator at a station, or at the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who.
    pub operator: OperatorId,
    /// Where; none for the console.
    pub station: Option<StationId>,
    /// 1 badge, 2 badge and PIN, 3 with a one-time code, 4 with a security key that verified its
    /// user.
    pub auth_level: u8,
    /// Since when.
    pub opened: Stamp,
    /// The level that it opened with, to which a raised one falls back.
    pub base_level: u8,
    /// Its state: `authenticated`, `idle` or `locked`.
    pub phase: SessionPhase,
    /// Since when it is in that state.
    pub since: Stamp,
    /// Since when it was authenticated last.
    pub authenticated: Stamp,
    /// Since when its level is raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<Stamp>,
    /// The second person in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Present>,
    /// Since when he is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_since: Option<Stamp>,
}

impl Session {
    /// One that was just opened.
    #[must_use]
    pub fn new(
        id: SessionId,
        operator: OperatorId,
        station: Option<StationId>,
        auth_level: u8,
        now: Stamp,
    ) -> Self {
        Self {
            id,
            operator,
            station,
            auth_level,
            opened: now,
            base_level: auth_level,
            phase: SessionPhase::Authenticated,
            since: now,
            authenticated: now,
            raised: None,
            second: None,
            second_since: None,
        }
    }

    /// Whether anything may be done in it now, or the code and the words of a refusal.
    pub(crate) fn acts(&self) -> Result<(), (&'static str, String)> {
        let who = &self.operator;
        match self.phase {
            phase if phase.authorises() => Ok(()),
            SessionPhase::Locked => {
                let message = format!("the session of {who} is locked: enter the PIN to resume it");
                Err(("session-locked", message))
            }
            _ => {
                let message = format!("the session of {who} is idle: enter the PIN to resume it");
                Err(("session-idle", message))
            }
        }
    }

    /// As it counts for what began at a moment: what came later does not.
    pub(crate) fn as_it_was(&self, at: &Stamp) -> Self {
        let mut was = self.clone();
        if self.raised.is_some_and(|raised| is_before(at, &raised)) {
            was.auth_level = self.base_level;
        }
        if self.second_since.is_some_and(|since| is_before(at, &since)) {
            was.second = None;
        }
        was
    }
}
