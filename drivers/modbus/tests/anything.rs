//! Whatever a module or an integrator says: profiles, URLs, names and answers are judged, without panic and bounded.
//!
//! The same properties are fuzzed by `fuzz/fuzz_targets/modbus_answers.rs`.
#![allow(clippy::unwrap_used)] // A test may fail loudly.

use gatewarden_modbus::{
    Lamps, Profile,
    codec::{self, FACT_CHARS_MAX, Level, OBJECTS_MAX},
    probe,
    profile::PROFILES,
    session::{KnownInputs, Output, PULSES_MAX, Request, Session},
};
use gatewarden_model::{Signal, Stamp};
use proptest::{collection::vec, prelude::*};

fn at(mono_us: u64) -> Stamp {
    Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
}

/// The most edges that one answer can bring: each counted pulse is two, for each input, and one of the debounce.
const EDGES_MAX: usize = 2 * (2 * PULSES_MAX as usize + 2);

proptest! {
    #[test]
    fn any_profile_and_url_is_judged(text in "\\PC{0,200}", cut in 0usize..2000, key in 0usize..4) {
        let _ = Profile::parse(&text);
        let _ = probe::target(&text);
        let _ = probe::target(&format!("modbus://{text}"));
        let _ = probe::target(&format!("modbus-rtu:///{text}"));
        let (_, whole) = PROFILES[key];
        let cut: String = whole.chars().take(cut).chain(text.chars()).collect();
        if let Ok(profile) = Profile::parse(&cut) {
            let lamps = Lamps { green: Some(0), ..Lamps::default() };
            let _ = profile.settings("a:502", lamps, &[0, u16::MAX]);
        }
    }

    #[test]
    fn what_a_module_says_of_itself_is_short_and_printable(objects in vec((any::<u8>(), vec(any::<u8>(), 0..256)), 0..40)) {
        let told = codec::who(objects.iter().map(|(id, bytes)| (*id, bytes.as_slice())));
        prop_assert!(told.len() <= OBJECTS_MAX);
        for (_, value) in told {
            prop_assert!(!value.is_empty() && value.len() <= FACT_CHARS_MAX);
            prop_assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }

    /// Any answers, of the right kind or not: bounded outputs, and what is shown was read back.
    #[test]
    fn any_answers_are_judged(answers in vec((0u64..2_000, 0u8..5, vec(any::<u16>(), 0..70)), 0..80)) {
        let lamps = Lamps { green: Some(0), red: Some(2), ..Lamps::default() };
        let settings = Profile::named("moxa-e1200").unwrap().settings("a:502", lamps, &[0, 3]).unwrap();
        let mut session = Session::new(settings, Signal::Go, KnownInputs::new());
        let mut now = 0;
        for (wait_ms, kind, words) in answers {
            now += wait_ms * 1_000;
            let Some(request) = session.poll_request(now) else { continue };
            let bits: Vec<bool> = words.iter().map(|w| w & 1 == 1).collect();
            let judged = match (kind, request) {
                (0, _) => session.handle_bits(at(now), &bits),
                (1, _) => session.handle_registers(at(now), &words),
                (2, _) => session.handle_written(Level { coil: 0, on: bits.len() > 3 }),
                (_, Request::Write(level)) => session.handle_written(level),
                (_, Request::ReadCounter { .. }) => session.handle_registers(at(now), &[0, words.len() as u16]),
                (_, Request::ClearFlag(coil)) => session.handle_written(Level { coil, on: true }),
                (3, Request::ReadCoils(run)) if run.start == 0 => session.handle_bits(at(now), &[true]),
                (3, Request::ReadCoils(_) | Request::ReadFlag(_)) => session.handle_bits(at(now), &[false]),
                _ => session.handle_bits(at(now), &[&bits[..], &[false; 64]].concat()),
            };
            let outputs: Vec<Output> = std::iter::from_fn(|| session.poll_output()).collect();
            prop_assert!(outputs.len() <= EDGES_MAX, "{}", outputs.len());
            let shown = outputs.iter().any(|output| matches!(output, Output::Shown(_)));
            prop_assert!(!shown || matches!(request, Request::ReadCoils(_)), "{request}");
            if judged.is_err() {
                break;
            }
        }
    }
}
