//! READER_EVENT_NOTIFICATION: the greeting, inputs, and everything that may cost reads.

use super::{Session, SessionEvent, State};
use crate::{
    codec::{AntennaEvent, CodecError, Message, ReaderEvent, RoSpecEvent},
    settings::Start,
};

/// Antennas whose absence is remembered, at most.
const UNPLUGGED_MAX: usize = 256;
const ANTENNA_CONNECTED: u8 = 1;
const ROSPEC_STARTED: u8 = 0;
const ROSPEC_ENDED: u8 = 1;
/// Another client knocked; ours stays.
const SOMEBODY_ELSE_TRIED: u16 = 4;

impl Session {
    pub(super) fn handle_notice(
        &mut self,
        now_us: u64,
        message: &Message,
    ) -> Result<(), CodecError> {
        let Some(event) = message.get::<ReaderEvent>()? else {
            self.note("the reader tells of an event without telling which".into());
            return Ok(());
        };
        self.observe_event(now_us, &event);
        if let Some(attempt) = event.attempt {
            self.handle_attempt(now_us, attempt.status);
        }
        if let Some(gpi) = event.gpi {
            self.events.push_back(SessionEvent::Input { port: gpi.port, on: gpi.on });
        }
        if let Some(antenna) = event.antenna {
            self.handle_antenna(now_us, &antenna);
        }
        if let Some(level) = event.buffer_level {
            self.note(format!("the reader's report buffer is {} % full", level.full_pct));
        }
        if event.buffer_overflow.is_some() {
            self.gap("the reader's report buffer overflowed".into());
        }
        if let Some(exception) = event.exception {
            self.gap(format!("reader exception: {:?}", exception.message));
        }
        if let Some(rospec) = event.rospec {
            self.handle_rospec(&rospec);
        }
        if event.close.is_some() {
            self.handle_disconnect("the reader closed the connection");
        }
        Ok(())
    }

    fn handle_attempt(&mut self, now_us: u64, status: u16) {
        let why = match status {
            0 if self.state == State::Greeting => return self.greeted(now_us),
            0 => return,
            SOMEBODY_ELSE_TRIED => {
                return self.note("another client tried to connect to this reader".into());
            }
            1 => "it holds a connection that it made itself; remove that from its settings",
            2 => "another client holds it; close that one, or restart the reader",
            3 => "it gives no reason; restart the reader if it stays so",
            _ => "it gives a reason that LLRP does not know",
        };
        self.down(format!("the reader refused the connection (status {status}): {why}"));
    }

    fn handle_antenna(&mut self, now_us: u64, event: &AntennaEvent) {
        let port = event.antenna;
        if event.kind == ANTENNA_CONNECTED {
            match self.unplugged.remove(&port) {
                Some(since) => {
                    let reason = format!("antenna {port} was unplugged");
                    self.events.push_back(SessionEvent::Gap { since_us: Some(since), reason });
                }
                None => self.note(format!("antenna {port} was plugged in")),
            }
        } else if self.expects(port) && self.unplugged.len() < UNPLUGGED_MAX {
            self.unplugged.entry(port).or_insert(now_us);
            self.gap(format!("antenna {port} was unplugged: nothing is read there"));
        } else {
            self.note(format!("antenna {port} is not plugged in"));
        }
    }

    /// Readers also tell of ports that were never used: only a port that should read is a gap.
    fn expects(&self, port: u16) -> bool {
        self.settings.antennas.contains(&port)
            || self.identity.antennas.iter().any(|a| a.port == port && a.connected)
            || (self.is_running() && self.carry.antenna == Some(port))
    }

    fn handle_rospec(&mut self, event: &RoSpecEvent) {
        if event.rospec != self.rospec || event.kind == ROSPEC_STARTED || !self.is_running() {
            return;
        }
        let by_input = matches!(self.settings.start, Start::Input(_));
        if by_input && event.kind == ROSPEC_ENDED {
            return;
        }
        if by_input {
            return self.gap(format!("ROSpec {} preempted ours before its end", event.by));
        }
        self.down(format!("the reader ended our ROSpec (event {})", event.kind));
    }
}
