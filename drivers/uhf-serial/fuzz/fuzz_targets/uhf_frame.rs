//! Any bytes through each protocol's framer: no panic, and every byte counts once.
//!
//! A bounded run of the same property on stable is in `tests/codec.rs`.
#![no_main]

use gatewarden_uhf_serial::{Settings, codec::{Cut, Framer}};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    for protocol in Settings::protocols_named("auto").unwrap_or_default() {
        let (mut framer, mut cuts) = (Framer::new(protocol), Vec::new());
        input.iter().for_each(|byte| framer.push(*byte, &mut cuts));
        framer.settle(&mut cuts);
        let count = |cut: &Cut| match cut {
            Cut::Frame(frame) => {
                let _ = protocol.said(frame);
                frame.len()
            }
            Cut::Lost { bytes, .. } => *bytes,
        };
        assert_eq!(cuts.iter().map(count).sum::<usize>(), input.len());
    }
});
