//! Any bytes through the codec and a session: no panic, and what decodes encodes to the same value.
//!
//! A bounded run of the same properties on stable is in `tests/codec.rs` and `tests/session.rs`.
#![no_main]

use gatewarden_llrp::{
    Session, Settings,
    codec::{TagReports, decode_frame, explain, split_frame},
};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(Some(frame)) = split_frame(input) {
        for tag in TagReports::new(frame.body).map_while(Result::ok) {
            let _ = tag.to_read();
        }
    }
    if let Ok(Some((message, _))) = decode_frame(input) {
        if let Ok(bytes) = message.encode() {
            let tree = explain(&bytes).ok().flatten().map(|tree| tree.to_message());
            assert_eq!(tree, Some(Ok(message.clone())));
            let _ = gatewarden_llrp::access::results(&message);
            assert_eq!(decode_frame(&bytes), Ok(Some((message, bytes.len()))));
        }
    }
    let mut session = Session::new(Settings::new("fuzz"), 1, 0);
    for piece in input.chunks(97) {
        session.handle_bytes(1, piece);
        while session.poll_event().is_some() {}
        while session.poll_output().is_some() {}
    }
});
