//! What to ask a module next, and what its answers mean. Pure: the time is an argument.
//!
//! Invariants: one request is in flight at most; a new signal overtakes whatever was planned; a
//! signal is `Shown` only after all its coils were written and read back as they should be; a
//! contradiction is a fault that ends the session (its successor writes everything anew); an input
//! changes when two reads agree and it stood for the debounce time; counted pulses are told as edges, a counter
//! that jumped or went back as `Lost`; the watchdog is set before any lamp. Absent: the connection, time-outs, retries (`task`).

use std::collections::{BTreeMap, VecDeque};

use gatewarden_model::{Signal, Stamp};

use crate::{
    Settings,
    codec::{self, Level, Run, levels, runs},
};

/// The most pulses of one input between two reads that are told one by one; more is told as a loss.
pub const PULSES_MAX: u32 = 32;

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Write one coil (function code 5).
    Write(Level),
    /// Read coils back (function code 1); the numbers are those of the read-back.
    ReadCoils(Run),
    /// Read discrete inputs (function code 2).
    ReadInputs(Run),
    /// Read the registers of one input's counter.
    ReadCounter {
        /// 3 or 4.
        function: u8,
        /// The input it counts.
        port: u16,
        /// Its registers.
        run: Run,
    },
    /// Write a holding register of the watchdog (function code 6).
    WriteRegister {
        /// The register.
        register: u16,
        /// Its value.
        value: u16,
    },
    /// Read the watchdog's flag (function code 1).
    ReadFlag(u16),
    /// Clear the watchdog's flag (function code 5).
    ClearFlag(u16),
}

impl Request {
    /// Which key of the configuration or profile to look at where the module refuses this.
    #[must_use]
    pub fn way_out(&self) -> String {
        match self {
            Self::Write(l) => {
                format!("output address {}: check the lamp's number and outputs.base", l.coil)
            }
            Self::ReadCoils(r) => {
                format!("coil address {}: check outputs.read_back_offset", r.start)
            }
            Self::ReadInputs(r) => {
                format!("input address {}: check inputs and inputs.base", r.start)
            }
            Self::ReadCounter { run, .. } => {
                format!(
                    "register address {}: this module has no counters there; set counters = false",
                    run.start
                )
            }
            Self::WriteRegister { register: address, .. }
            | Self::ReadFlag(address)
            | Self::ClearFlag(address) => {
                format!(
                    "address {address}: this module has no watchdog there; set watchdog = false"
                )
            }
        }
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Write(level) => write!(f, "writing coil {}", level.coil),
            Self::ReadCoils(run) => write!(f, "reading {} coils from {}", run.count, run.start),
            Self::ReadInputs(run) => write!(f, "reading {} inputs from {}", run.count, run.start),
            Self::ReadCounter { port, .. } => write!(f, "reading the counter of input {port}"),
            Self::WriteRegister { register, .. } => write!(f, "writing register {register}"),
            Self::ReadFlag(coil) => write!(f, "reading the watchdog's flag {coil}"),
            Self::ClearFlag(coil) => write!(f, "clearing the watchdog's flag {coil}"),
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
    /// Pulses of an input may have been lost: its counter went back (a restart) or jumped too far.
    Lost {
        /// The input.
        port: u16,
        /// The counter before.
        before: u32,
        /// The counter now.
        now: u32,
        /// When it was read.
        at: Stamp,
    },
    /// The watchdog had tripped: the outputs were at their safe values until now.
    Tripped(Stamp),
}

/// What is known of the inputs; survives a lost connection, so that only changes are told.
pub type KnownInputs = BTreeMap<u16, bool>;

/// The state of one connection.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    wanted: Signal,
    /// When the wanted signal's pattern began.
    began_us: Option<u64>,
    /// The driver stops: the pattern for that overrides the signal.
    offline: bool,
    /// What the running or last plan writes; the signal is `None` for offline.
    applying: (Option<Signal>, Vec<Level>),
    /// What was read back last; unknown on a new connection.
    shown: Option<(Option<Signal>, Vec<Level>)>,
    /// How far the pattern had come when it was last written, in milliseconds.
    applied_ms: u64,
    /// The watchdog was set.
    guarded: bool,
    plan: VecDeque<Request>,
    in_flight: Option<Request>,
    next_check_us: u64,
    next_inputs_us: u64,
    known: KnownInputs,
    candidates: BTreeMap<u16, (bool, Stamp)>,
    counted: BTreeMap<u16, u32>,
    /// Pulses that were counted in the running sweep.
    fresh: BTreeMap<u16, u32>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The session of a connection that was just made; what the coils are is unknown.
    #[must_use]
    pub fn new(settings: Settings, wanted: Signal, known: KnownInputs) -> Self {
        Self {
            settings,
            wanted,
            began_us: None,
            offline: false,
            applying: (Some(wanted), Vec::new()),
            shown: None,
            applied_ms: 0,
            guarded: false,
            plan: VecDeque::new(),
            in_flight: None,
            next_check_us: 0,
            next_inputs_us: 0,
            known,
            candidates: BTreeMap::new(),
            counted: BTreeMap::new(),
            fresh: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The signal to show from now on; overtakes what was planned.
    pub fn handle_signal(&mut self, signal: Signal) {
        if signal != self.wanted {
            self.wanted = signal;
            self.overtake();
        }
    }

    /// The driver stops: show what stands for offline.
    pub fn handle_stop(&mut self) {
        if !self.offline {
            self.offline = true;
            self.overtake();
        }
    }

    /// A plan for the watchdog is finished first: half a key must not stay behind.
    fn overtake(&mut self) {
        self.began_us = None;
        self.plan.retain(|r| matches!(r, Request::WriteRegister { .. } | Request::ClearFlag(_)));
    }

    fn signal(&self) -> Option<Signal> {
        (!self.offline).then_some(self.wanted)
    }

    /// Whether the wanted signal was read back.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.shown.as_ref().is_some_and(|(signal, _)| *signal == self.signal())
    }

    fn pattern(&self) -> &crate::pattern::Pattern {
        let patterns = &self.settings.patterns;
        if self.offline { &patterns.offline } else { patterns.of(self.wanted) }
    }

    fn elapsed_ms(&self, now_us: u64) -> u64 {
        now_us.saturating_sub(self.began_us.unwrap_or(now_us)) / 1_000
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
        let began = self.began_us.filter(|_| self.has_lamps());
        let blink = began.and_then(|began| {
            let elapsed = self.applied_ms;
            self.pattern()
                .next_change(elapsed)
                .map(|ms| began.saturating_add(ms.saturating_mul(1_000)))
        });
        check.into_iter().chain(inputs).chain(blink).min()
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
        self.settings.coils != crate::Lamps::default()
    }

    fn make_plan(&mut self, now_us: u64) {
        if !self.guarded {
            self.guarded = true;
            self.guard();
            if !self.plan.is_empty() {
                return;
            }
        }
        self.began_us.get_or_insert(now_us);
        let elapsed_ms = self.elapsed_ms(now_us);
        let target = levels(&self.settings.coils, self.pattern(), elapsed_ms);
        let offset = self.settings.read_back_offset;
        let read_back = runs(target.iter().map(|l| l.coil.saturating_add(offset)));
        let shown = self.shown.as_ref().filter(|(signal, _)| *signal == self.signal());
        let stale = match shown {
            None => target.clone(),
            Some((_, shown)) => target.iter().filter(|l| !shown.contains(l)).copied().collect(),
        };
        self.applied_ms = elapsed_ms;
        if shown.is_none() || !stale.is_empty() {
            self.applying = (self.signal(), target.clone());
            self.shown = target.is_empty().then(|| self.applying.clone());
            self.plan.extend(stale.into_iter().map(Request::Write));
            self.plan.extend(read_back.into_iter().map(Request::ReadCoils));
        } else if self.has_lamps() && now_us >= self.next_check_us {
            self.plan.extend(self.flag().map(Request::ReadFlag));
            self.plan.extend(read_back.into_iter().map(Request::ReadCoils));
        }
        if self.plan.is_empty() && now_us >= self.next_inputs_us {
            self.plan_inputs();
        }
    }

    /// Counters go first: a pulse that begins between the two reads is then counted in the next sweep, not twice.
    fn plan_inputs(&mut self) {
        self.fresh.clear();
        if let Some(counters) = &self.settings.counters {
            for port in &self.settings.inputs {
                let index = u32::from(port.saturating_sub(self.settings.input_base));
                let start = u32::from(counters.base) + index * u32::from(counters.words);
                if let Ok(start) = u16::try_from(start) {
                    let (run, function) = (Run { start, count: counters.words }, counters.function);
                    self.plan.push_back(Request::ReadCounter { function, port: *port, run });
                }
            }
        }
        let inputs = runs(self.settings.inputs.iter().copied());
        self.plan.extend(inputs.into_iter().map(Request::ReadInputs));
    }

    fn flag(&self) -> Option<u16> {
        self.settings.watchdog.as_ref().and_then(|w| w.flag)
    }

    /// Stop, set, start; then see whether it had tripped. Without lamps there is nothing to guard.
    fn guard(&mut self) {
        let Some(watchdog) = self.settings.watchdog.as_ref().filter(|_| self.has_lamps()) else {
            return;
        };
        let write = |register: u16, value: u16| Request::WriteRegister { register, value };
        if let Some(register) = watchdog.stop_register {
            self.plan.extend(watchdog.stop_keys.iter().map(|key| write(register, *key)));
        }
        if let Some(register) = watchdog.time_register {
            let units = self.settings.watchdog_ms.div_ceil(watchdog.time_unit_ms.max(1)).max(1);
            self.plan.push_back(write(register, u16::try_from(units).unwrap_or(u16::MAX)));
        }
        if let Some(register) = watchdog.start_register {
            self.plan.push_back(write(register, watchdog.start_value));
        }
        self.plan.extend(self.flag().map(Request::ReadFlag));
    }

    /// A write to a register in flight was answered with what the module says it wrote.
    ///
    /// # Errors
    /// Where that is another one.
    pub fn handle_register(&mut self, register: u16, value: u16) -> Result<(), Fault> {
        match self.in_flight.take() {
            Some(request) if request == (Request::WriteRegister { register, value }) => Ok(()),
            other => Err(misfit(other)),
        }
    }

    /// A read of a counter in flight was answered with these registers.
    ///
    /// # Errors
    /// Where they are too few or too many.
    pub fn handle_registers(&mut self, now: Stamp, words: &[u16]) -> Result<(), Fault> {
        let request = self.in_flight.take();
        let Some(Request::ReadCounter { port, .. }) = request else { return Err(misfit(request)) };
        let Some(counters) = &self.settings.counters else { return Err(misfit(request)) };
        let Some(count) = codec::count(counters, words) else { return Err(misfit(request)) };
        if let Some(before) = self.counted.insert(port, count) {
            match codec::pulses(counters, before, count, PULSES_MAX) {
                Some(pulses) => {
                    self.fresh.insert(port, pulses);
                }
                None => self.outputs.push_back(Output::Lost { port, before, now: count, at: now }),
            }
        }
        Ok(())
    }

    /// A write in flight was answered with what the module says it wrote.
    pub fn handle_written(&mut self, echo: Level) -> Result<(), Fault> {
        match self.in_flight.take() {
            Some(Request::Write(level)) if level == echo => Ok(()),
            Some(Request::ClearFlag(coil)) if echo == (Level { coil, on: true }) => Ok(()),
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
            Some(Request::ReadFlag(coil)) if !bits.is_empty() => {
                if bits.first() == Some(&true) {
                    self.outputs.push_back(Output::Tripped(now));
                    self.shown = None;
                    self.plan.clear();
                    self.plan.push_back(Request::ClearFlag(coil));
                }
                Ok(())
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
        for level in &self.applying.1 {
            let place = level.coil.saturating_add(offset).checked_sub(run.start);
            let in_run = place.filter(|p| *p < run.count).map(usize::from);
            if let Some(is) = in_run.and_then(|p| bits.get(p)).filter(|is| **is != level.on) {
                return Err(Fault::Contradiction { coil: level.coil, is: *is });
            }
        }
        if self.plan.is_empty() && self.applying.0 == self.signal() {
            self.shown = Some(self.applying.clone());
            self.next_check_us = later(now, self.settings.poll_ms);
            self.outputs.push_back(Output::Shown(self.wanted));
        }
        Ok(())
    }

    fn take_inputs(&mut self, now: Stamp, run: Run, bits: &[bool]) {
        for (port, on) in (run.start..=u16::MAX).zip(bits).take(run.count.into()) {
            if self.settings.inputs.contains(&port) {
                self.count_edges(now, port, *on);
                self.debounce(now, port, *on);
            }
        }
        if self.plan.is_empty() {
            self.next_inputs_us = later(now, self.settings.input_poll_ms);
            self.outputs.push_back(Output::InputsRead(now));
        }
    }

    /// Tells the pulses that were counted since the last sweep as edges that end at the level now.
    fn count_edges(&mut self, now: Stamp, port: u16, on: bool) {
        let pulses = self.fresh.remove(&port).unwrap_or(0);
        let Some(mut level) = self.known.get(&port).copied().filter(|_| pulses > 0) else { return };
        for _ in 0..pulses {
            if level {
                self.outputs.push_back(Output::Input { port, on: false, at: now });
            }
            self.outputs.push_back(Output::Input { port, on: true, at: now });
            level = true;
        }
        if !on {
            self.outputs.push_back(Output::Input { port, on: false, at: now });
        }
        self.known.insert(port, on);
        self.candidates.remove(&port);
    }

    fn debounce(&mut self, now: Stamp, port: u16, on: bool) {
        if self.known.get(&port) == Some(&on) {
            self.candidates.remove(&port);
            return;
        }
        match self.candidates.get(&port) {
            Some((level, at)) if *level == on => {
                if now.us_since(at) < self.settings.debounce_ms.saturating_mul(1_000) {
                    return;
                }
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
