//! Any bytes, and packets with any operation, status and data, go through an SSI session: no panic, bounded.
//!
//! A bounded run of the same properties on stable is in `src/ssi/session/tests.rs`.
#![no_main]

use gatewarden_model::{Signal, Stamp};
use gatewarden_scanner::{
    Protocol, Settings,
    session::Output,
    ssi::{codec::Packet, session::Session},
};

fn at(mono_us: u64) -> Stamp {
    Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
}

const OPERATIONS: [u8; 6] = [0xf3, 0xf3, 0xa4, 0xd0, 0xd1, 0xf6];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let usual = Settings::new("/dev/null");
    let settings = Settings { protocol: Protocol::Ssi, beep: true, line_bytes_max: 600, ..usual };
    let mut session = Session::new(&settings, None, at(0));
    let mut now = 0;
    for piece in input.chunks(12) {
        now += 40_000 * u64::from(piece[0]);
        match piece {
            [_, kind, status, data @ ..] if kind % 3 != 0 => {
                let operation = OPERATIONS[usize::from(kind / 3) % OPERATIONS.len()];
                let data = data.to_vec();
                let packet = Packet { operation, source: 0, status: status % 4, data };
                session.handle_bytes(at(now), &packet.encode());
            }
            _ => session.handle_bytes(at(now), &piece[1..]),
        }
        session.handle_signal(at(now), Signal::Go);
        session.handle_timeout(at(now));
        while let Some(output) = session.poll_output() {
            if let Output::Scan { scan, .. } = output {
                assert!(!scan.text.is_empty() && scan.text.len() <= 600);
            }
        }
        if piece[0] == 0xff {
            session.handle_end(at(now));
            session = Session::new(&settings, session.taken(), at(now));
        }
    }
});
