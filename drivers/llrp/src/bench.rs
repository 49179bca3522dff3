//! How fast tag reports are decoded, on this machine, on one core.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use gatewarden_model::TagRead;
use serde::Serialize;

use crate::codec::{CodecError, HEADER_BYTES, TagReport, TagReports, encode_report, split_frame};

/// Tags in each frame that is measured.
pub const TAGS_A_REPORT: usize = 20;
/// Frames between two looks at the clock.
const FRAMES_A_ROUND: u64 = 1_000;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// Tag reports a second, each made a `TagRead` of its own: EPC bytes, antenna, RSSI, both
    /// timestamps, seen count, PC.
    pub to_reads_per_s: f64,
    /// Tag reports a second, decoded to borrowed fields only.
    pub borrowed_per_s: f64,
    /// Tag reports a frame.
    pub tags_a_report: usize,
    /// Bytes a frame.
    pub frame_bytes: usize,
    /// What the rates include, in words.
    pub includes: &'static str,
}

/// Decodes frames of 20 tags for about `seconds`, half with and half without making reads.
///
/// A tag carries EPC-96, ROSpecID, antenna, RSSI, channel, first and last seen, seen count and PC.
/// Fails only if the sample can't be written.
pub fn bench_decode(seconds: f64) -> Result<Rates, CodecError> {
    let frame = sample()?;
    let half = Duration::from_secs_f64((seconds / 2.0).clamp(0.01, 600.0));
    let to_reads_per_s = measure(half, || {
        let mut reads: Vec<TagRead> = Vec::with_capacity(TAGS_A_REPORT);
        reads.extend(tags(&frame).map(|tag| tag.to_read()));
        black_box(reads).len()
    });
    let borrowed_per_s = measure(half, || tags(&frame).map(black_box).count());
    Ok(Rates {
        to_reads_per_s,
        borrowed_per_s,
        tags_a_report: TAGS_A_REPORT,
        frame_bytes: frame.len(),
        includes: "framing and all fields; to_reads adds one TagRead with its own EPC bytes a tag; \
                   without socket and SHA-256 of the frame",
    })
}

fn tags(frame: &[u8]) -> impl Iterator<Item = TagReport<'_>> {
    let body = match split_frame(black_box(frame)) {
        Ok(Some(frame)) => frame.body,
        _ => &[],
    };
    TagReports::new(body).map_while(Result::ok)
}

#[allow(clippy::cast_precision_loss)] // a rate for people; 2^52 reports are out of reach
fn measure(time: Duration, mut frame: impl FnMut() -> usize) -> f64 {
    let began = Instant::now();
    let mut done = 0u64;
    while began.elapsed() < time {
        for _ in 0..FRAMES_A_ROUND {
            done += frame() as u64;
        }
    }
    done as f64 / began.elapsed().as_secs_f64()
}

/// The frame that is measured: an RO_ACCESS_REPORT of [`TAGS_A_REPORT`] tags.
pub fn sample() -> Result<Vec<u8>, CodecError> {
    let mut epcs = [[0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0, 0]; TAGS_A_REPORT];
    for (n, epc) in (0u8..).zip(&mut epcs) {
        epc[11] = n;
    }
    let tag = |epc| TagReport {
        epc,
        epc_bits: 96,
        rospec: Some(1),
        antenna: Some(2),
        peak_rssi_dbm: Some(-57),
        channel: Some(7),
        first_seen_us: Some(1_700_000_000_000_000),
        last_seen_us: Some(1_700_000_000_020_000),
        seen_count: Some(3),
        pc: Some(0x3000),
        ..TagReport::default()
    };
    let tags: Vec<_> = epcs.iter().map(|epc| tag(epc.as_slice())).collect();
    let frame = encode_report(1, 1, &tags)?;
    debug_assert!(frame.len() > HEADER_BYTES);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_tag_of_the_sample_is_counted() {
        let frame = super::sample().expect("the sample is short");
        assert_eq!(super::tags(&frame).count(), super::TAGS_A_REPORT);
        let rates = super::bench_decode(0.02).expect("the sample is short");
        assert!(rates.to_reads_per_s > 0.0 && rates.borrowed_per_s > 0.0);
    }
}
