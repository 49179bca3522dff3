//! Any bytes through a stream's session: no panic. A bounded run on stable is in `tests/codec.rs`.
#![no_main]

use gatewarden_impinj_iot::Session;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut session = Session::new(75_000, 0);
    for piece in input.chunks(97) {
        session.handle_bytes(1, piece);
    }
    session.handle_end();
    while session.poll_event().is_some() {}
});
