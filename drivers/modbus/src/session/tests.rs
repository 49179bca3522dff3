//! The session against a module made of three arrays, without a wire.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::Lamps;

const STACK: Lamps = Lamps { green: Some(0), amber: Some(1), red: Some(2), buzzer: Some(9) };
const SIGNALS: [Signal; 5] = [Signal::Off, Signal::Busy, Signal::Go, Signal::Stop, Signal::Alarm];

fn at(ms: u64) -> Stamp {
    Stamp { boot: Uuid::nil(), mono_us: ms * 1_000, wall_us: 0, synced: true }
}

fn settings(inputs: &[u16]) -> Settings {
    Settings { inputs: inputs.to_vec(), ..Settings::new("nowhere:502", STACK) }
}

#[derive(Default)]
struct Module {
    coils: [bool; 16],
    inputs: [bool; 16],
    counts: [u32; 16],
    registers: Vec<(u16, u16)>,
    tripped: bool,
}

impl Module {
    /// Serves one request; false when none is due.
    fn serve(&mut self, session: &mut Session, ms: u64) -> Result<bool, Fault> {
        let Some(request) = session.poll_request(ms * 1_000) else { return Ok(false) };
        let cut = |bits: &[bool], run: Run| {
            bits[run.start.into()..usize::from(run.start + run.count)].to_vec()
        };
        match request {
            Request::Write(level) => {
                self.coils[usize::from(level.coil)] = level.on;
                session.handle_written(level)?;
            }
            Request::ReadCoils(run) => session.handle_bits(at(ms), &cut(&self.coils, run))?,
            Request::ReadInputs(run) => session.handle_bits(at(ms), &cut(&self.inputs, run))?,
            Request::ReadCounter { port, .. } => {
                let count = self.counts[usize::from(port)];
                session
                    .handle_registers(at(ms), &[(count >> 16) as u16, (count & 0xFFFF) as u16])?;
            }
            Request::WriteRegister { register, value } => {
                self.registers.push((register, value));
                session.handle_register(register, value)?;
            }
            Request::ReadFlag(_) => session.handle_bits(at(ms), &[self.tripped])?,
            Request::ClearFlag(coil) => {
                self.tripped = false;
                session.handle_written(Level { coil, on: true })?;
            }
        }
        Ok(true)
    }

    fn settle(&mut self, session: &mut Session, ms: u64) -> Result<(), Fault> {
        while self.serve(session, ms)? {}
        Ok(())
    }

    fn shows(&self, signal: Signal) -> bool {
        levels(&STACK, crate::Patterns::default().of(signal), 0)
            .iter()
            .all(|l| self.coils[usize::from(l.coil)] == l.on)
    }
}

fn outputs(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

#[test]
fn every_signal_is_written_read_back_and_checked_again() {
    let mut module = Module { coils: [true; 16], ..Module::default() };
    let mut session = Session::new(settings(&[]), Signal::Off, KnownInputs::new());
    for (i, signal) in (0u64..).zip(SIGNALS) {
        session.handle_signal(signal);
        module.settle(&mut session, i).unwrap();
        assert!(module.shows(signal) && session.is_shown(), "{signal:?}");
        assert_eq!(outputs(&mut session), [Output::Shown(signal)]);
        assert_eq!(session.poll_timeout(), Some((i + 1_000) * 1_000));
    }
    module.settle(&mut session, 1_004).unwrap();
    assert_eq!(outputs(&mut session), [Output::Shown(Signal::Alarm)]);
}

#[test]
fn a_coil_that_changed_by_itself_is_a_fault_at_the_next_check() {
    let mut module = Module::default();
    let mut session = Session::new(settings(&[]), Signal::Go, KnownInputs::new());
    module.settle(&mut session, 0).unwrap();
    module.coils[0] = false;
    let fault = module.settle(&mut session, 1_000).unwrap_err();
    assert_eq!(fault, Fault::Contradiction { coil: 0, is: false });
    assert!(fault.to_string().starts_with("coil 0 is off though it was switched on"));
}

#[test]
fn read_back_may_stand_elsewhere() {
    let settings = Settings { read_back_offset: 0x200, ..settings(&[]) };
    let mut session = Session::new(settings, Signal::Go, KnownInputs::new());
    let mut reads = Vec::new();
    while let Some(request) = session.poll_request(0) {
        match request {
            Request::Write(level) => session.handle_written(level).unwrap(),
            Request::ReadCoils(run) => {
                reads.push((run.start, run.count));
                session.handle_bits(at(0), &[run.start == 0x200, false, false]).unwrap();
            }
            other => panic!("{other} was not asked for"),
        }
    }
    assert_eq!(reads, [(0x200, 3), (0x209, 1)]);
    assert!(session.is_shown());
}

#[test]
fn answers_that_do_not_fit_are_faults() {
    let fresh = || {
        let mut session = Session::new(settings(&[]), Signal::Off, KnownInputs::new());
        session.poll_request(0).unwrap();
        session
    };
    assert!(fresh().handle_written(Level { coil: 0, on: true }).is_err());
    assert!(fresh().handle_bits(at(0), &[true; 8]).is_err());
    let mut session = Session::new(settings(&[5]), Signal::Off, KnownInputs::new());
    assert!(session.handle_bits(at(0), &[]).is_err());
}

#[test]
fn inputs_change_when_two_reads_agree() {
    let mut module = Module::default();
    let mut session = Session::new(settings(&[4, 5]), Signal::Off, KnownInputs::new());
    let mut seen = Vec::new();
    // Input 4 bounces once, then stays on; input 5 stays off.
    for (i, level) in (0u64..).zip([false, false, true, false, true, true, true]) {
        module.inputs[4] = level;
        module.settle(&mut session, i * 50).unwrap();
        seen.extend(outputs(&mut session).into_iter().filter_map(|output| match output {
            Output::Input { port, on, at } => Some((port, on, at.mono_us / 1_000)),
            _ => None,
        }));
    }
    assert_eq!(seen, [(4, false, 0), (5, false, 0), (4, true, 200)]);
    // A new connection tells changes only.
    let mut session = Session::new(settings(&[4, 5]), Signal::Off, session.into_known());
    module.settle(&mut session, 500).unwrap();
    module.settle(&mut session, 550).unwrap();
    let told = |o: &Output| matches!(o, Output::Input { .. });
    assert!(!outputs(&mut session).iter().any(told));
}

fn counting() -> Settings {
    let counters = crate::Counters { function: 4, base: 16, words: 2, high_first: true };
    Settings { counters: Some(counters), coils: Lamps::default(), ..settings(&[4]) }
}

fn edges(session: &mut Session) -> Vec<(bool, bool)> {
    let told = outputs(session).into_iter().filter_map(|output| match output {
        Output::Input { on, .. } => Some((on, false)),
        Output::Lost { .. } => Some((false, true)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_pulse_between_two_polls_is_counted_and_a_restart_is_a_loss() {
    let mut module = Module::default();
    module.counts[4] = u32::MAX - 1;
    let mut session = Session::new(counting(), Signal::Off, KnownInputs::new());
    let mut sweep = |module: &mut Module, ms: u64| {
        module.settle(&mut session, ms).unwrap();
        edges(&mut session)
    };
    sweep(&mut module, 0);
    assert_eq!(sweep(&mut module, 50), [(false, false)]);
    // Two pulses between polls, across the wrap; then one that lasts.
    module.counts[4] = 0;
    let (on, off) = ((true, false), (false, false));
    assert_eq!(sweep(&mut module, 100), [on, off, on, off]);
    module.counts[4] = 1;
    module.inputs[4] = true;
    assert_eq!(sweep(&mut module, 150), [on]);
    assert_eq!(sweep(&mut module, 200), []);
    module.counts[4] = 2;
    assert_eq!(sweep(&mut module, 250), [off, on]);
    module.inputs[4] = false;
    assert_eq!(sweep(&mut module, 300), []);
    assert_eq!(sweep(&mut module, 350), [off]);
    module.counts[4] = 0;
    assert_eq!(sweep(&mut module, 400), [(false, true)]);
}

#[test]
fn a_level_counts_after_the_debounce_time() {
    let mut module = Module::default();
    let settings =
        Settings { debounce_ms: 40, input_poll_ms: 10, coils: Lamps::default(), ..settings(&[4]) };
    let mut session = Session::new(settings, Signal::Off, KnownInputs::from([(4, false)]));
    let mut told = Vec::new();
    for (ms, level) in
        [(0, true), (10, true), (20, false), (30, true), (40, true), (60, true), (70, true)]
    {
        module.inputs[4] = level;
        module.settle(&mut session, ms).unwrap();
        told.push(edges(&mut session).len());
    }
    assert_eq!(told, [0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn the_watchdog_is_set_before_any_lamp_and_a_trip_is_told_and_mended() {
    let wago = crate::Profile::named("wago-750").unwrap();
    let guarded = Settings { watchdog_ms: 2_000, ..wago.settings("a:502", STACK, &[]).unwrap() };
    let mut session = Session::new(guarded, Signal::Go, KnownInputs::new());
    for (register, value) in [(0x1008, 0xAA55), (0x1000, 20), (0x100A, 1)] {
        assert_eq!(session.poll_request(0), Some(Request::WriteRegister { register, value }));
        session.handle_register(register, value).unwrap();
    }
    assert!(matches!(session.poll_request(0), Some(Request::Write(_))));

    let watchdog = crate::Watchdog { flag: Some(4144), ..crate::Watchdog::default() };
    let settings = Settings { watchdog: Some(watchdog), ..settings(&[]) };
    let mut session = Session::new(settings, Signal::Go, KnownInputs::new());
    let mut module = Module { tripped: true, ..Module::default() };
    module.settle(&mut session, 0).unwrap();
    assert_eq!(outputs(&mut session), [Output::Tripped(at(0)), Output::Shown(Signal::Go)]);
    // It trips later: the lamps fell to their safe values, and are written anew.
    module.tripped = true;
    module.coils = [false; 16];
    module.settle(&mut session, 1_000).unwrap();
    assert!(module.shows(Signal::Go) && !module.tripped);
    assert!(outputs(&mut session).contains(&Output::Tripped(at(1_000))));
}

#[test]
fn a_pattern_blinks_by_writing_only_what_changes_and_offline_is_shown_at_the_end() {
    let mut settings = settings(&[]);
    settings.patterns.held = crate::pattern::Pattern::parse("red blink 500").unwrap();
    settings.patterns.offline = crate::pattern::Pattern::parse("amber").unwrap();
    let mut session = Session::new(settings, Signal::Stop, KnownInputs::new());
    let mut module = Module::default();
    module.settle(&mut session, 0).unwrap();
    assert!(module.coils[2]);
    assert_eq!(session.poll_timeout(), Some(500_000));
    assert_eq!(session.poll_request(500_000), Some(Request::Write(Level { coil: 2, on: false })));
    session.handle_written(Level { coil: 2, on: false }).unwrap();
    module.coils[2] = false;
    module.settle(&mut session, 501).unwrap();
    module.settle(&mut session, 1_000).unwrap();
    assert!(module.coils[2] && session.is_shown());
    session.handle_stop();
    module.settle(&mut session, 1_001).unwrap();
    assert!(module.coils[1] && !module.coils[2] && session.is_shown());
}

proptest! {
    /// Signals may change between any two requests: what is reported shown is shown, green and red
    /// are never lit together, and in the end the last signal stands.
    #[test]
    fn shown_means_shown(steps in prop::collection::vec((0usize..5, 0usize..8), 1..40)) {
        let mut module = Module { coils: [true; 16], ..Module::default() };
        let mut session = Session::new(settings(&[3]), Signal::Off, KnownInputs::new());
        module.settle(&mut session, 0).unwrap();
        outputs(&mut session);
        for (signal, requests) in &steps {
            session.handle_signal(SIGNALS[*signal]);
            for _ in 0..*requests {
                module.serve(&mut session, 0).unwrap();
                prop_assert!(!(module.coils[0] && module.coils[2]), "green beside red");
                for output in outputs(&mut session) {
                    if let Output::Shown(signal) = output {
                        prop_assert!(module.shows(signal));
                    }
                }
            }
        }
        module.settle(&mut session, 0).unwrap();
        let last = SIGNALS[steps.last().unwrap().0];
        prop_assert!(module.shows(last) && session.is_shown());
    }
}
