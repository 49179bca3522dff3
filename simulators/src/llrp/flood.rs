//! Reports for benchmarks: encoded once, sent over and over. Exactly as many reads as asked for.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatewarden_llrp::codec::{TagReport, VERSION_1_0_1, encode_report};
use tokio::sync::oneshot;

use super::FLOOD_REPORT_TAGS_MAX;
use super::field::Seen;

const FLOOD_BLOCK_BYTES: usize = 64 * 1024;

/// Pre-encoded reports on their way.
pub(super) struct Flood {
    block: Bytes,
    blocks: u64,
    tail: Option<Bytes>,
    started: Instant,
    done: oneshot::Sender<Duration>,
}

impl Flood {
    pub(super) fn new(
        seen: &[Seen],
        reads: u64,
        per_report: usize,
        done: oneshot::Sender<Duration>,
    ) -> io::Result<Self> {
        if seen.is_empty() || per_report == 0 || per_report > FLOOD_REPORT_TAGS_MAX {
            let what = "a flood needs tags in the field and 1 to 4096 tags a report";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let mut tags = seen.iter().cycle();
        let mut report = |count: usize| {
            let tags: Vec<_> = tags.by_ref().take(count).map(flood_tag).collect();
            encode_report(VERSION_1_0_1, 0, &tags).map_err(io::Error::other)
        };
        let mut block = Vec::new();
        let mut block_reads = 0;
        while block.len() < FLOOD_BLOCK_BYTES {
            block.extend(report(per_report)?);
            block_reads += per_report as u64;
        }
        let mut tail = Vec::new();
        let mut left = usize::try_from(reads % block_reads).unwrap_or(0);
        while left > 0 {
            let count = left.min(per_report);
            tail.extend(report(count)?);
            left -= count;
        }
        Ok(Self {
            block: block.into(),
            blocks: reads / block_reads,
            tail: (!tail.is_empty()).then(|| tail.into()),
            started: Instant::now(),
            done,
        })
    }

    pub(super) fn next(&mut self) -> Option<Bytes> {
        if self.blocks == 0 {
            return self.tail.take();
        }
        self.blocks -= 1;
        Some(self.block.clone())
    }

    pub(super) fn finish(self) {
        // Nobody waiting for the end is fine.
        let _ = self.done.send(self.started.elapsed());
    }
}

fn flood_tag(seen: &Seen) -> TagReport<'_> {
    TagReport {
        epc: &seen.epc,
        epc_bits: u16::try_from(seen.epc.len() * 8).unwrap_or(u16::MAX),
        antenna: Some(seen.antenna),
        peak_rssi_dbm: Some(seen.rssi_dbm),
        first_seen_us: Some(seen.at_us),
        last_seen_us: Some(seen.at_us),
        seen_count: Some(1),
        ..Default::default()
    }
}
