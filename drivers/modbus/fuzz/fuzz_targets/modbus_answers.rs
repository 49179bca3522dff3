//! Any profile, URL and pattern is judged, and any answers go through a session: no panic, bounded.
//!
//! A bounded run of the same properties on stable is in `tests/anything.rs`.
#![no_main]

use gatewarden_model::{Signal, Stamp};
use gatewarden_modbus::{
    Lamps, Profile,
    codec::{self, FACT_CHARS_MAX, Level},
    pattern::Pattern,
    probe,
    session::{KnownInputs, Request, Session},
};

fn at(mono_us: u64) -> Stamp {
    Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Profile::parse(text);
        let _ = Pattern::parse(text);
        let _ = probe::target(text);
    }
    for (_, value) in codec::who(input.chunks(9).map(|c| (c[0], &c[1..]))) {
        assert!(value.len() <= FACT_CHARS_MAX);
    }
    let Ok(moxa) = Profile::named("moxa-e1200") else { return };
    let lamps = Lamps { green: Some(0), red: Some(2), ..Lamps::default() };
    let Ok(settings) = moxa.settings("a:502", lamps, &[0, 3]) else { return };
    let mut session = Session::new(settings, Signal::Go, KnownInputs::new());
    let mut now = 0;
    for piece in input.chunks(5) {
        now += 7_000 * u64::from(piece[0]);
        let Some(request) = session.poll_request(now) else { continue };
        let bits: Vec<bool> = piece.iter().map(|b| b & 1 == 1).collect();
        let words: Vec<u16> = piece.iter().map(|b| u16::from(*b) << 8).collect();
        let ended = match (piece[0] % 4, request) {
            (0, _) => session.handle_bits(at(now), &bits),
            (1, _) => session.handle_registers(at(now), &words),
            (_, Request::Write(level)) => session.handle_written(level),
            (_, Request::ReadCounter { .. }) => session.handle_registers(at(now), &[words[0], 0]),
            (_, Request::ClearFlag(coil)) => session.handle_written(Level { coil, on: true }),
            _ => session.handle_bits(at(now), &[bits[0]; 64]),
        };
        while session.poll_output().is_some() {}
        if ended.is_err() {
            return;
        }
    }
});
