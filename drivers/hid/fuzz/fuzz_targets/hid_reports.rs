//! Any descriptor, and any reports by it and by the makers' common layouts: no panic, bounded.
//!
//! A bounded run of the same properties on stable is in `src/descriptor/tests.rs`, `src/codec.rs` and `src/session.rs`.
#![no_main]

use gatewarden_hid::{
    descriptor::{REPORT_BYTES_MAX, parse_descriptor},
    session::{Output, SCAN_BYTES_MAX, Session},
};
use gatewarden_model::Stamp;

fn at(mono_us: u64) -> Stamp {
    Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: true }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((cut, rest)) = input.split_first() else { return };
    let (descriptor, reports) = rest.split_at(usize::from(*cut).min(rest.len()));
    let layouts = parse_descriptor(descriptor).unwrap_or_default();
    assert!(layouts.iter().all(|layout| layout.bits <= REPORT_BYTES_MAX * 8));
    for layouts in [layouts, Vec::new()] {
        let mut session = Session::new(layouts);
        let mut now = 0;
        for report in reports.chunks(65) {
            now += 3_000 * u64::from(report[0]);
            session.handle_report(at(now), &report[1..]);
            while let Some(output) = session.poll_output() {
                if let Output::Scan { scan, .. } = output {
                    assert!(!scan.text.is_empty() && scan.text.len() <= SCAN_BYTES_MAX);
                }
            }
        }
        session.handle_end(at(now));
    }
});
