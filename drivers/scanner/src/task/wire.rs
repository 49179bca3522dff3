//! The session of either protocol behind one face.

use gatewarden_model::{Signal, Stamp};

use crate::{
    Protocol, Settings,
    session::{Output, Session},
    ssi::session::{Session as SsiSession, Taken},
};

/// What makes scans of an open port's bytes.
pub(super) enum Wire {
    Lines(Box<Session>),
    Ssi(Box<SsiSession>),
}

impl Wire {
    pub(super) fn new(settings: &Settings, taken: Option<Taken>, now: Stamp) -> Self {
        match settings.protocol {
            Protocol::Lines => Self::Lines(Box::new(Session::new(settings))),
            Protocol::Ssi => Self::Ssi(Box::new(SsiSession::new(settings, taken, now))),
        }
    }

    pub(super) fn handle_bytes(&mut self, now: Stamp, bytes: &[u8]) {
        match self {
            Self::Lines(session) => session.handle_bytes(now, bytes),
            Self::Ssi(session) => session.handle_bytes(now, bytes),
        }
    }

    pub(super) fn handle_signal(&mut self, now: Stamp, signal: Signal) {
        if let Self::Ssi(session) = self {
            session.handle_signal(now, signal);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Stamp) {
        match self {
            Self::Lines(session) => session.handle_timeout(now),
            Self::Ssi(session) => session.handle_timeout(now),
        }
    }

    pub(super) fn handle_end(&mut self, now: Stamp) {
        match self {
            Self::Lines(session) => session.handle_end(now),
            Self::Ssi(session) => session.handle_end(now),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<u64> {
        match self {
            Self::Lines(session) => session.poll_timeout(),
            Self::Ssi(session) => session.poll_timeout(),
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        match self {
            Self::Lines(session) => session.poll_output(),
            Self::Ssi(session) => session.poll_output(),
        }
    }

    /// Whether a line has begun and not ended; packets tell it by what was taken.
    pub(super) fn is_inside(&self) -> bool {
        match self {
            Self::Lines(session) => session.is_inside(),
            Self::Ssi(_) => false,
        }
    }

    /// The last connection ended within a line.
    pub(super) fn expect_rest(&mut self, now: Stamp) {
        if let Self::Lines(session) = self {
            session.expect_rest(now);
        }
    }

    /// What was taken last, for the next connection.
    pub(super) fn taken(&self) -> Option<Taken> {
        match self {
            Self::Lines(_) => None,
            Self::Ssi(session) => session.taken(),
        }
    }
}
