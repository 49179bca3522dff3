//! Any bytes as the kernel's events, and any keys in each layout: no panic, bounded.
//!
//! A bounded run of the same properties on stable is in `src/session/tests.rs`.
#![no_main]

use gatewarden_model::Stamp;
use gatewarden_wedge::{
    Layout, Settings, Terminator, Which,
    codec::{Event, Reading},
    session::{Output, Session, TEXT_BYTES_MAX},
};

fn at(mono_us: u64) -> Stamp {
    Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for layout in [Layout::Us, Layout::De, Layout::Fr] {
        let usual = Settings::new(Which::Path("/dev/null".into()));
        let settings = Settings { layout, terminator: Terminator::Both, ..usual };
        let mut session = Session::new(&settings);
        let (mut reading, mut now) = (Reading::default(), 0);
        for piece in input.chunks(4) {
            now += 4_000 * u64::from(piece[0]);
            if let [_, kind, code, value] = *piece {
                let (kind, code) = (u16::from(kind % 3), u16::from(code % 130));
                let event = Event { kind, code, value: i32::from(value % 3) };
                session.handle_event(at(now), event);
            }
            reading.push(piece, |event| session.handle_event(at(now), event));
            while let Some(output) = session.poll_output() {
                if let Output::Scan { scan, .. } = output {
                    assert!(!scan.text.is_empty() && scan.text.len() <= TEXT_BYTES_MAX);
                }
            }
        }
        session.handle_end(at(now));
    }
});
