//! What the scanner is asked and told, one thing at a time, each until it answers.
//!
//! Invariants: a command is sent at most `SENDINGS_MAX` times, from the second time on marked as sent again; who
//! does not answer then is gone, unless it was only to beep; a silent scanner is asked who it is every
//! [`POLL_US`]; what waits is bounded by [`WAITING_MAX`].

use std::collections::VecDeque;

use gatewarden_model::{Signal, Stamp};

use super::SENDINGS_MAX;
use crate::ssi::codec::{Packet, Revision, operation};

/// How long an answer may take, in microseconds.
pub(super) const ANSWER_WAIT_US: u64 = 1_000_000;
/// A scanner that said nothing for so long is asked who it is, in microseconds.
pub(super) const POLL_US: u64 = 30_000_000;
/// Most commands that wait.
const WAITING_MAX: usize = 8;

/// No beep, then pairs of parameter and value: scans in packets (0xEE), and packets acknowledged (0x9F). The
/// scanner forgets them when its power goes.
const SET_UP: [u8; 5] = [0xff, 0xee, 1, 0x9f, 1];
/// One short high tone.
const BEEP_GO: u8 = 0x00;
/// One long low tone.
const BEEP_STOP: u8 = 0x0f;
/// Three long low tones.
const BEEP_ALARM: u8 = 0x11;

#[derive(Debug)]
struct Pending {
    packet: Packet,
    sendings: u32,
    due_us: u64,
}

#[derive(Debug)]
pub(super) struct Asking {
    configure: bool,
    beep: bool,
    waiting: VecDeque<Packet>,
    pending: Option<Pending>,
    revision: Option<Revision>,
    heard_us: u64,
}

impl Asking {
    pub(super) fn new(configure: bool, beep: bool, now: Stamp) -> Self {
        let mut asking = Self {
            configure,
            beep,
            waiting: VecDeque::from([Packet::host(operation::REQUEST_REVISION, &[])]),
            pending: None,
            revision: None,
            heard_us: now.mono_us,
        };
        asking.set_up();
        asking
    }

    /// Asks the scanner to send packets that want an acknowledgement, and permits scanning.
    pub(super) fn set_up(&mut self) {
        if self.configure {
            self.wait(Packet::host(operation::PARAM_SEND, &SET_UP));
            self.wait(Packet::host(operation::SCAN_ENABLE, &[]));
        }
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        let code = match signal {
            Signal::Go => BEEP_GO,
            Signal::Stop => BEEP_STOP,
            Signal::Alarm => BEEP_ALARM,
            Signal::Off | Signal::Busy => return,
        };
        if self.beep {
            // A tone that still waits is of the past.
            self.waiting.retain(|packet| packet.operation != operation::BEEP);
            self.wait(Packet::host(operation::BEEP, &[code]));
        }
    }

    fn wait(&mut self, packet: Packet) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(packet);
        }
    }

    pub(super) fn heard(&mut self, now: Stamp) {
        self.heard_us = now.mono_us;
    }

    /// Whether the question who it is waits for its answer.
    pub(super) fn asks_who(&self) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|asked| asked.packet.operation == operation::REQUEST_REVISION)
    }

    /// Who answers; false where another one did before.
    pub(super) fn revised(&mut self, told: &Revision) -> bool {
        self.revision.get_or_insert_with(|| told.clone()) == told
    }

    /// The command was answered.
    pub(super) fn done(&mut self) {
        self.pending = None;
    }

    /// The command did not arrive whole.
    pub(super) fn again(&mut self) {
        if let Some(asked) = &mut self.pending {
            asked.due_us = 0;
        }
    }

    pub(super) fn due(&self) -> u64 {
        let idle = self.heard_us.saturating_add(POLL_US);
        self.pending.as_ref().map_or(idle, |asked| asked.due_us)
    }

    /// The packet to send now, if any; an error is that nobody answers.
    pub(super) fn next(&mut self, now: Stamp, ready: bool) -> Result<Option<Packet>, &'static str> {
        if let Some(asked) = &mut self.pending {
            if now.mono_us < asked.due_us {
                return Ok(None);
            }
            if asked.sendings < SENDINGS_MAX {
                asked.sendings += 1;
                asked.due_us = now.mono_us.saturating_add(ANSWER_WAIT_US);
                return Ok(Some(asked.packet.clone().again()));
            }
            if asked.packet.operation != operation::BEEP {
                return Err(
                    "the scanner does not answer; scan its \"SSI Host\" code and check the \
                            cable and the baud rate",
                );
            }
            self.pending = None;
        }
        if self.waiting.is_empty() && ready && now.mono_us >= self.due() {
            self.wait(Packet::host(operation::REQUEST_REVISION, &[]));
        }
        let Some(packet) = self.waiting.pop_front() else { return Ok(None) };
        let due_us = now.mono_us.saturating_add(ANSWER_WAIT_US);
        self.pending = Some(Pending { packet: packet.clone(), sendings: 1, due_us });
        Ok(Some(packet))
    }
}
