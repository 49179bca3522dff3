//! `gatewarden bench devices`: how fast what devices say becomes sightings and lights.
//!
//! In parts that can be chosen: `codecs` (LLRP, EPC, GS1 on one core), `memory` (this process while half
//! a million distinct tags go by), `reads` (sixteen readers to sightings, every read accounted for),
//! `light` (a scan to the lamp), `back` (a reader's return), `peers` (other programs on the same bytes).
//! Simulated readers that flood run in a child process of this program, so that what they take is theirs.
//! Absent: judging machines.

mod back;
mod codecs;
mod light;
mod memory;
mod peers;
mod reads;
mod serve;

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

pub(super) use serve::serve;

use super::{Output, report::Report};

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// LLRP, EPC and GS1 decoding, one core.
    Codecs,
    /// Memory while distinct tags go by.
    Memory,
    /// Readers to sightings.
    Reads,
    /// A scan to the light.
    Light,
    /// A reader's return.
    Back,
    /// Other programs on the same bytes, where a python has them.
    Peers,
}

#[derive(Debug, Args)]
pub(crate) struct DevicesArgs {
    /// What to measure.
    #[arg(long = "part", value_name = "PART", value_delimiter = ',',
        default_values = ["codecs", "memory", "reads", "light", "back", "peers"])]
    parts: Vec<Part>,
    /// How long each codec and each peer decodes.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Simulated readers, one a station.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=32))]
    readers: u8,
    /// Reads that each reader sends in the part `reads`.
    #[arg(long, default_value_t = 250_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    reads: u64,
    /// Distinct tags that go by in the part `memory`.
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    distinct: u64,
    /// Scans in the part `light`.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    scans: u32,
    /// How often the reader goes away in the part `back`.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    drops: u32,
    /// A virtual environment with the peers' packages; else the one that GATEWARDEN_PEERS names.
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,
    /// Be the simulated readers of another such bench.
    #[arg(long, hide = true)]
    serve: Option<u8>,
    #[command(flatten)]
    output: Output,
}

impl DevicesArgs {
    pub(super) fn output(&self) -> Output {
        self.output
    }

    pub(super) fn serve(&self) -> Option<u8> {
        self.serve
    }

    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}

/// Measures all parts that are asked for, in the order of the report.
pub(super) async fn measure(args: DevicesArgs) -> anyhow::Result<Report> {
    let mut report = Report::new("devices");
    let time = Duration::from_secs(args.seconds.into());
    if args.has(Part::Codecs) {
        codecs::measure(time, &mut report)?;
    }
    // Before what floods: memory that was freed is not all given back.
    if args.has(Part::Memory) {
        memory::measure(args.readers, args.distinct, &mut report).await?;
    }
    if args.has(Part::Reads) {
        reads::measure(args.readers, args.reads, &mut report).await?;
    }
    if args.has(Part::Light) {
        light::measure(args.scans, &mut report).await?;
    }
    if args.has(Part::Back) {
        back::measure(args.drops, &mut report).await?;
    }
    if args.has(Part::Peers) {
        peers::measure(time, args.peers, &mut report)?;
    }
    if cfg!(debug_assertions) {
        report.note("a debug build: the goals are for a release build");
    }
    Ok(report)
}

/// The time at a percentile of times that are sorted here, in milliseconds; zero of none.
fn ms_at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get(last * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
