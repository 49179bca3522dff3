//! `gatewarden bench`: how fast and how small this program is on this machine, each figure beside
//! its goal and, where there is one, beside a limit measured in the same run.
//!
//! What is measured is the daemon's own code on its own paths; only the world around it (readers,
//! a disk's flush time) is simulated. Absent: judging machines. A bench fails only if it could not
//! measure; that a goal is missed is a figure like any other.

mod access;
mod devices;
mod hall;
mod ledger;
mod llrp;
mod mask;
mod portal;
mod reads;
mod report;
mod sign_in;
mod size;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use devices::DevicesArgs;
use ledger::LedgerArgs;
use report::Report;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchVerb {
    /// Tag reports decoded a second on one core, beside pyllrp where it is at hand.
    Llrp(LlrpArgs),
    /// Reads a second from four readers' sockets to sightings, and whether one was dropped.
    Reads(ReadsArgs),
    /// Devices: codecs, sixteen readers, memory, scan to light, a reader's return, and peers.
    Devices(Box<DevicesArgs>),
    /// Movements a second as multiples of the disk's flushes a second, growth, and peers.
    Ledger(Box<LedgerArgs>),
    /// Decisions of the access policies, beside raw Cedar with the same policies.
    Access(AccessArgs),
    /// How long it takes to find out which fields somebody may see, and to hide the others.
    Mask(MaskArgs),
    /// How often a portal is right about tags and their direction, beside the EdgeX rule.
    Portal(PortalArgs),
    /// What 200 rules cost a movement, a day's scan over a million layers, a backtest.
    Rules(RulesArgs),
    /// Signing in with badge and PIN, and what it does to the reads of other stations.
    SignIn(SignInArgs),
    /// Memory of the idle daemon, time until it is ready, size of this program.
    Size(SizeArgs),
}

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LlrpArgs {
    /// How long to decode.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// A python that has pyllrp; else that of the virtual environment in GATEWARDEN_PEERS.
    #[arg(long, value_name = "PATH")]
    peer_python: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ReadsArgs {
    /// Simulated readers, one a station.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    readers: u8,
    /// Reads that each reader sends.
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    reads: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    /// Questions that are asked each way.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    decisions: u32,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct MaskArgs {
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct PortalArgs {
    /// Passes that are drawn.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    passes: u32,
    /// The seed of the first; those of the others follow.
    #[arg(long, default_value_t = 2_000_001)]
    seed: u64,
    /// A portal without photo-eyes.
    #[arg(long)]
    no_beams: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// Movements posted with rules, and as many without.
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    movements: u64,
    /// Rules that are in force.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(20..=500))]
    rules: u16,
    /// Layers of stock that a day's scan goes through.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    layers: u32,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct SignInArgs {
    /// How often somebody signs in.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=15))]
    times: u32,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct SizeArgs {
    /// How long the daemon idles before its memory is read.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=3600))]
    seconds: u64,
    #[command(flatten)]
    output: Output,
}

/// Measures what was asked for, and prints it.
pub(crate) fn bench(verb: BenchVerb) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (report, output): (Report, Output) = match verb {
        BenchVerb::Llrp(args) => (llrp::measure(args.seconds, args.peer_python)?, args.output),
        BenchVerb::Reads(args) => {
            let plan = reads::Plan { readers: args.readers, reads_each: args.reads };
            (runtime.block_on(Box::pin(reads::measure(plan)))?, args.output)
        }
        BenchVerb::Devices(args) => {
            if let Some(readers) = args.serve() {
                runtime.block_on(devices::serve(readers))?;
                return Ok(ExitCode::SUCCESS);
            }
            let output = args.output();
            (runtime.block_on(Box::pin(devices::measure(*args)))?, output)
        }
        BenchVerb::Ledger(args) => {
            let output = args.output();
            (runtime.block_on(Box::pin(ledger::measure(args.plan())))?, output)
        }
        BenchVerb::Access(args) => (access::measure(args.decisions)?, args.output),
        BenchVerb::Mask(args) => (mask::measure()?, args.output),
        BenchVerb::Portal(args) => {
            let PortalArgs { passes, seed, no_beams, output } = args;
            (portal::measure(portal::Plan { passes, seed, beams: !no_beams })?, output)
        }
        BenchVerb::Rules(args) => {
            let RulesArgs { movements, rules, layers, output } = args;
            (ledger::rules::measure(ledger::rules::Plan { movements, rules, layers })?, output)
        }
        BenchVerb::SignIn(args) => {
            (runtime.block_on(Box::pin(sign_in::measure(args.times)))?, args.output)
        }
        BenchVerb::Size(args) => {
            (runtime.block_on(Box::pin(size::measure(args.seconds)))?, args.output)
        }
    };
    print!("{}", if output.json { report.json() } else { report.table() });
    Ok(ExitCode::SUCCESS)
}
