//! Any bytes in any pieces and pauses go through a session of lines: no panic, each byte in a scan or a gap.
//!
//! A bounded run of the same properties on stable is in `src/codec.rs` and `src/session.rs`.
#![no_main]

use gatewarden_model::Stamp;
use gatewarden_scanner::{
    Settings,
    session::{Output, Session},
};

fn at(mono_us: u64) -> Stamp {
    Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let settings = Settings { line_bytes_max: 64, ..Settings::new("/dev/null") };
    let mut session = Session::new(&settings);
    let mut now = 0;
    for piece in input.chunks(9) {
        now += 3_000 * u64::from(piece[0]);
        session.handle_bytes(at(now), &piece[1..]);
        while let Some(output) = session.poll_output() {
            if let Output::Scan { scan, .. } = output {
                assert!(!scan.text.is_empty() && scan.text.len() <= 64);
            }
        }
    }
    session.handle_end(at(now));
});
