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
        }
        Ok(true)
    }

    fn settle(&mut self, session: &mut Session, ms: u64) -> Result<(), Fault> {
        while self.serve(session, ms)? {}
        Ok(())
    }

    fn shows(&self, signal: Signal) -> bool {
        levels(&STACK, signal).iter().all(|l| self.coils[usize::from(l.coil)] == l.on)
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
            Request::ReadInputs(_) => panic!("no inputs were asked for"),
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
