//! What to ask a module next, and what its answers mean. Pure: the time is an argument.
//!
//! Invariants: one request is in flight at most; a new signal overtakes whatever was planned; a
//! signal is `Shown` only after all its coils were written and read back as they should be; a
//! contradiction is a fault that ends the session (its successor writes everything anew); an input
//! changes when two reads in a row agree. Absent: the connection, time-outs, retries (`task`).

use std::collections::{BTreeMap, VecDeque};

use gatewarden_model::{Signal, Stamp};

use crate::{
    Settings,
    codec::{Level, Run, levels, runs},
};

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Write one coil (function code 5).
    Write(Level),
    /// Read coils back (function code 1); the numbers are those of the read-back.
    ReadCoils(Run),
    /// Read discrete inputs (function code 2).
    ReadInputs(Run),
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Write(level) => write!(f, "writing coil {}", level.coil),
            Self::ReadCoils(run) => write!(f, "reading {} coils from {}", run.count, run.start),
            Self::ReadInputs(run) => write!(f, "reading {} inputs from {}", run.count, run.start),
        }
    }
}

/// Why an answer ends the session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A coil is not as it was written.
    #[error("coil {coil} is {} though it was switched {}; does another master or a watchdog write it?",
        on_off(*.is), on_off(!*.is))]
    Contradiction {
        /// The coil's number as it is written.
        coil: u16,
        /// Its level as read.
        is: bool,
    },
    /// The answer has another shape than the question.
    #[error("an answer that does not fit the question ({request})")]
    Answer {
        /// The question.
        request: String,
    },
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// What came of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// All lamps were read back as this signal wants them.
    Shown(Signal),
    /// All inputs were read once.
    InputsRead(Stamp),
    /// An input changed, or its level became known.
    Input {
        /// Its number.
        port: u16,
        /// Its level.
        on: bool,
        /// When this level was first seen.
        at: Stamp,
    },
}

/// What is known of the inputs; survives a lost connection, so that only changes are told.
pub type KnownInputs = BTreeMap<u16, bool>;

/// The state of one connection.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    wanted: Signal,
    /// The signal that the running or last plan writes.
    applying: Signal,
    /// The signal that was read back last; unknown on a new connection.
    shown: Option<Signal>,
    plan: VecDeque<Request>,
    in_flight: Option<Request>,
    next_check_us: u64,
    next_inputs_us: u64,
    known: KnownInputs,
    candidates: BTreeMap<u16, (bool, Stamp)>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The session of a connection that was just made; what the coils are is unknown.
    #[must_use]
    pub fn new(settings: Settings, wanted: Signal, known: KnownInputs) -> Self {
        Self {
            settings,
            wanted,
            applying: wanted,
            shown: None,
            plan: VecDeque::new(),
            in_flight: None,
            next_check_us: 0,
            next_inputs_us: 0,
            known,
            candidates: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The signal to show from now on; overtakes what was planned.
    pub fn handle_signal(&mut self, signal: Signal) {
        if signal != self.wanted {
            self.wanted = signal;
            self.plan.clear();
        }
    }

    /// The signal that was read back, if the wanted one is it.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.shown == Some(self.wanted)
    }

    /// The next request, if one is due; answer it before asking again.
    pub fn poll_request(&mut self, now_us: u64) -> Option<Request> {
        if self.plan.is_empty() {
            self.make_plan(now_us);
        }
        self.in_flight = self.plan.pop_front();
        self.in_flight
    }

    /// When the next request will be due, in microseconds of the monotonic clock; `None`: never.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        let check = self.has_lamps().then_some(self.next_check_us);
        let inputs = (!self.settings.inputs.is_empty()).then_some(self.next_inputs_us);
        check.into_iter().chain(inputs).min()
    }

    /// What came of the answers, in their order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What is known of the inputs, for the next session.
    #[must_use]
    pub fn into_known(self) -> KnownInputs {
        self.known
    }

    fn has_lamps(&self) -> bool {
        !levels(&self.settings.coils, Signal::Off).is_empty()
    }

    fn make_plan(&mut self, now_us: u64) {
        let levels = levels(&self.settings.coils, self.wanted);
        let offset = self.settings.read_back_offset;
        let read_back = runs(levels.iter().map(|l| l.coil.saturating_add(offset)));
        if !self.is_shown() {
            self.applying = self.wanted;
            self.shown = levels.is_empty().then_some(self.wanted);
            self.plan.extend(levels.into_iter().map(Request::Write));
            self.plan.extend(read_back.into_iter().map(Request::ReadCoils));
        } else if now_us >= self.next_check_us {
            self.plan.extend(read_back.into_iter().map(Request::ReadCoils));
        }
        if self.plan.is_empty() && now_us >= self.next_inputs_us {
            let inputs = runs(self.settings.inputs.iter().copied());
            self.plan.extend(inputs.into_iter().map(Request::ReadInputs));
        }
    }

    /// A write in flight was answered with what the module says it wrote.
    pub fn handle_written(&mut self, echo: Level) -> Result<(), Fault> {
        match self.in_flight.take() {
            Some(Request::Write(level)) if level == echo => Ok(()),
            other => Err(misfit(other)),
        }
    }

    /// A read in flight was answered with these bits; surplus bits of the last byte are ignored.
    pub fn handle_bits(&mut self, now: Stamp, bits: &[bool]) -> Result<(), Fault> {
        let request = self.in_flight.take();
        match request {
            Some(Request::ReadCoils(run)) if bits.len() >= run.count.into() => {
                self.judge_coils(now, run, bits)
            }
            Some(Request::ReadInputs(run)) if bits.len() >= run.count.into() => {
                self.take_inputs(now, run, bits);
                Ok(())
            }
            other => Err(misfit(other)),
        }
    }

    fn judge_coils(&mut self, now: Stamp, run: Run, bits: &[bool]) -> Result<(), Fault> {
        let offset = self.settings.read_back_offset;
        for level in levels(&self.settings.coils, self.applying) {
            let place = level.coil.saturating_add(offset).checked_sub(run.start);
            let in_run = place.filter(|p| *p < run.count).map(usize::from);
            if let Some(is) = in_run.and_then(|p| bits.get(p)).filter(|is| **is != level.on) {
                return Err(Fault::Contradiction { coil: level.coil, is: *is });
            }
        }
        if self.plan.is_empty() && self.applying == self.wanted {
            self.shown = Some(self.applying);
            self.next_check_us = later(now, self.settings.poll_ms);
            self.outputs.push_back(Output::Shown(self.applying));
        }
        Ok(())
    }

    fn take_inputs(&mut self, now: Stamp, run: Run, bits: &[bool]) {
        for (port, on) in (run.start..=u16::MAX).zip(bits).take(run.count.into()) {
            self.debounce(now, port, *on);
        }
        if self.plan.is_empty() {
            self.next_inputs_us = later(now, self.settings.input_poll_ms);
            self.outputs.push_back(Output::InputsRead(now));
        }
    }

    fn debounce(&mut self, now: Stamp, port: u16, on: bool) {
        if self.known.get(&port) == Some(&on) {
            self.candidates.remove(&port);
            return;
        }
        match self.candidates.get(&port) {
            Some((level, at)) if *level == on => {
                self.outputs.push_back(Output::Input { port, on, at: *at });
                self.candidates.remove(&port);
                self.known.insert(port, on);
            }
            _ => {
                self.candidates.insert(port, (on, now));
            }
        }
    }
}

fn later(now: Stamp, ms: u64) -> u64 {
    now.mono_us.saturating_add(ms.max(1).saturating_mul(1_000))
}

fn misfit(request: Option<Request>) -> Fault {
    let request = request.map_or_else(|| "none was asked".to_owned(), |r| r.to_string());
    Fault::Answer { request }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests;
