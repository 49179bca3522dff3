//! One open port: find out which module stands there, set it up, keep it reading. Pure: the time is an argument.
//!
//! The way: *seek* (each protocol's harmless question in a safe order, at each baud rate) → *set up* (the asks of
//! `plan`, one after the other) → *reading* (until the module falls silent, the port ends or `close`).
//! Invariants: nothing is told as read before [`Output::Up`]; garbage and frames that are no read become a gap, joined
//! over `GAP_US`; a module that answers nothing is asked `TRIES` times, then it is down; an inventory with a count is
//! started anew before the count ends. Absent: the port (`task`).

mod bad;
mod finding;
mod output;
pub(crate) mod plan;
mod reading;

use std::collections::VecDeque;

use gatewarden_model::Stamp;

pub use self::output::{Found, Output};
use self::{bad::Bad, plan::Ask};
use crate::{
    Settings,
    codec::{Cut, Framer, ModuleInfo, Said},
};

/// How long an answer may take, in microseconds.
pub const ANSWER_US: u64 = 500_000;
/// The same while several protocols are tried; longer than the pause after which modules drop half a command.
pub const SEEK_US: u64 = 300_000;
/// After this pause inside a frame, in microseconds, what came is no frame.
pub const SETTLE_US: u64 = 200_000;
/// A reading module that says nothing for this long, in microseconds, is down: it may have lost its power, and with
/// it what it was told, so it is set up anew. Each of them shows at least every two seconds that it is alive.
pub const SILENCE_US: u64 = 3_500_000;
/// How often something is asked before the module is down.
pub const TRIES: u32 = 2;
/// Shortest time between two inventory commands, in microseconds.
pub const ROUND_US: u64 = 10_000;

#[derive(Debug)]
enum Phase {
    /// The candidate of this number was asked.
    Seek {
        at: usize,
        tries: u32,
    },
    /// The ask of this number was sent.
    SetUp {
        at: usize,
        tries: u32,
    },
    Reading {
        armed_us: u64,
        frames: u32,
    },
    Closing,
    Over,
}

/// The state of one open port.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    candidates: Vec<Found>,
    found: Found,
    framer: Framer,
    phase: Phase,
    asks: Vec<Ask>,
    /// Bytes that came before a module was found.
    heard: u64,
    module: ModuleInfo,
    /// When what is awaited is overdue, in microseconds of the monotonic clock.
    due_us: u64,
    /// When the inventory command is due.
    rearm_us: Option<u64>,
    last_byte: Stamp,
    last_good: Stamp,
    bad: Bad,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The session of a port that was just opened; `known` is what was found there before.
    #[must_use]
    pub fn new(settings: Settings, known: Option<Found>, now: Stamp) -> Self {
        let candidates = finding::candidates(&settings, known);
        let found = candidates[0];
        let mut session = Self {
            settings,
            candidates,
            found,
            framer: Framer::new(found.protocol),
            phase: Phase::Seek { at: 0, tries: 0 },
            asks: Vec::new(),
            heard: 0,
            module: ModuleInfo::default(),
            due_us: now.mono_us,
            rearm_us: None,
            last_byte: now,
            last_good: now,
            bad: Bad::default(),
            outputs: VecDeque::new(),
        };
        session.seek(0, 0, now);
        session
    }

    /// Takes bytes as they came; drain `poll_output` afterwards.
    pub fn handle_bytes(&mut self, now: Stamp, bytes: &[u8]) {
        self.settle(now);
        let mut cuts = Vec::new();
        for byte in bytes {
            self.framer.push(*byte, &mut cuts);
            self.last_byte = now;
            self.heard += u64::from(matches!(self.phase, Phase::Seek { .. }));
            // Cut by cut: an answer may change the framer.
            for cut in cuts.drain(..) {
                self.take(cut, now);
            }
        }
        self.flush_bad(now);
    }

    /// The moment of the monotonic clock, in microseconds, at which `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        if matches!(self.phase, Phase::Over) {
            return None;
        }
        let settle = self.framer.is_inside().then(|| self.last_byte.mono_us + SETTLE_US);
        [Some(self.due_us), self.rearm_us, settle, self.bad.due_us()].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Stamp) {
        self.settle(now);
        self.flush_bad(now);
        if self.rearm_us.is_some_and(|due| now.mono_us >= due) {
            self.rearm(now);
        }
        if now.mono_us < self.due_us {
            return;
        }
        match self.phase {
            Phase::Seek { at, tries } => self.seek_on(at, tries, now),
            Phase::SetUp { at, tries } => self.unanswered(at, tries, now),
            Phase::Reading { .. } => {
                let seconds = (now.mono_us - self.last_good.mono_us) / 1_000_000;
                self.down(
                    format!("the module has said nothing for {seconds} s; check power and cable"),
                    now,
                );
            }
            Phase::Closing => self.closed(now),
            Phase::Over => {}
        }
    }

    /// The port is gone: what is unfinished is lost.
    pub fn handle_end(&mut self, now: Stamp) {
        let mut cuts = Vec::new();
        self.framer.settle(&mut cuts);
        for cut in cuts {
            self.take(cut, now);
        }
        self.tell_bad(now);
        self.phase = Phase::Over;
    }

    /// Tells the module to stop reading; `Closed` follows.
    pub fn close(&mut self, now: Stamp) {
        if matches!(self.phase, Phase::Over | Phase::Closing) {
            return;
        }
        self.rearm_us = None;
        match plan::stop(self.found.protocol) {
            Some((bytes, _)) if !matches!(self.phase, Phase::Seek { .. }) => {
                self.outputs.push_back(Output::Write(bytes));
                self.phase = Phase::Closing;
                self.due_us = now.mono_us + SEEK_US;
            }
            _ => self.closed(now),
        }
    }

    /// The next thing to do or tell.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the module reads for us.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        matches!(self.phase, Phase::Reading { .. })
    }

    /// How many bytes wait for the rest of a frame; at most [`crate::codec::FRAME_BYTES_MAX`].
    #[must_use]
    pub fn held(&self) -> usize {
        self.framer.held()
    }

    /// When the last whole frame came.
    #[must_use]
    pub fn last_good(&self) -> Stamp {
        self.last_good
    }

    fn settle(&mut self, now: Stamp) {
        if !self.framer.is_inside() || now.mono_us < self.last_byte.mono_us + SETTLE_US {
            return;
        }
        let mut cuts = Vec::new();
        self.framer.settle(&mut cuts);
        for cut in cuts {
            self.take(cut, now);
        }
    }

    fn take(&mut self, cut: Cut, now: Stamp) {
        match cut {
            Cut::Frame(frame) => {
                let said = self.found.protocol.said(&frame);
                self.hear(said, &frame, now);
            }
            // Before the module is found it is asked in tongues that it does not speak: its noise is no evidence.
            Cut::Lost { .. } if matches!(self.phase, Phase::Seek { .. }) => {}
            Cut::Lost { bytes, head, checksum } => {
                let what = if checksum {
                    "a frame with a wrong check sum"
                } else {
                    "bytes that are no frame"
                };
                let hex = gatewarden_model::hash::hex_upper(&head);
                self.bad.add(self.last_good, now, format!("{what}: {bytes} bytes, hex {hex}"));
            }
        }
    }

    fn hear(&mut self, said: Said, frame: &[u8], now: Stamp) {
        if let Said::Bad(why) = &said {
            self.bad.add(self.last_good, now, why.clone());
        } else {
            self.last_good = now;
        }
        match &mut self.phase {
            Phase::Seek { .. } => self.hear_seeking(&said, now),
            Phase::SetUp { at, .. } => {
                let at = *at;
                self.hear_set_up(at, said, now);
            }
            Phase::Reading { frames, .. } => {
                *frames = frames.saturating_add(1);
                self.due_us = now.mono_us + SILENCE_US;
                self.hear_reading(said, frame, now);
            }
            Phase::Closing => self.hear_closing(said, frame, now),
            Phase::Over => {}
        }
    }

    fn flush_bad(&mut self, now: Stamp) {
        if self.bad.due_us().is_some_and(|due| now.mono_us >= due) {
            self.tell_bad(now);
        }
    }

    fn tell_bad(&mut self, now: Stamp) {
        if let Some((from, reason)) = self.bad.take() {
            self.outputs.push_back(Output::Gap { from, to: now, reason });
        }
    }

    fn down(&mut self, reason: String, now: Stamp) {
        self.tell_bad(now);
        self.rearm_us = None;
        self.phase = Phase::Over;
        self.outputs.push_back(Output::Down { reason });
    }

    fn closed(&mut self, now: Stamp) {
        self.tell_bad(now);
        self.phase = Phase::Over;
        self.outputs.push_back(Output::Closed);
    }
}
