//! Any bytes on every topic: no panic. A bounded run on stable is in `tests/codec.rs`.
#![no_main]

use gatewarden_zebra_iot::{Channel, Session, Settings};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut session = Session::new(Settings::new("fuzz", 1883, "fuzz", "fuzz"), 1);
    session.handle_connected(0);
    for channel in [Channel::Data, Channel::Events, Channel::ManagementAnswer, Channel::ControlAnswer] {
        session.handle_payload(1, channel, input);
    }
    while session.poll_event().is_some() {}
});
