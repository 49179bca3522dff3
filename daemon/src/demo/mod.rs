//! `gatewarden demo`: the main job on simulated hardware, told step by step.
//!
//! The daemon that plays is this same program, started as a child with a configuration of its own:
//! it meets the simulators over the real protocols and is asked and killed like any other. The demo
//! itself holds no knowledge of stock; it acts as the people, the hardware and the ERP would, and
//! compares what it can see from outside with what must be. This is the one folder of the daemon
//! that uses the simulators.

mod client;
mod devices;
mod steps;
mod world;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

pub(crate) use world::World;

use devices::DemoVerb;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DemoArgs {
    #[command(subcommand)]
    verb: Option<DemoVerb>,
    /// Leave after the last step; the exit code says whether every expectation held.
    #[arg(long)]
    once: bool,
    /// End with one line of JSON that sums up.
    #[arg(long)]
    json: bool,
}

/// What it all came to, in the order in which it is printed.
#[derive(Debug, Serialize)]
struct Sum {
    steps: u32,
    movements: usize,
    delivered: usize,
    duplicates: u64,
    lost: usize,
    tamper_detected: bool,
}

/// Plays the demo, or starts simulated devices alone.
pub(crate) async fn demo(args: DemoArgs) -> anyhow::Result<ExitCode> {
    if let Some(verb) = args.verb {
        return devices::run(verb).await;
    }
    let mut world = World::begin(args.once).await?;
    let played = steps::play(&mut world).await;
    let summary = world.summary().await?;
    if let Err(error) = &played {
        println!("\nFAILED: {error:#}");
        world.show_log();
    } else {
        println!("\nEvery expectation held.");
    }
    if args.json {
        let sum = Sum {
            steps: world.steps_done,
            movements: summary.movements,
            delivered: summary.delivered,
            duplicates: summary.duplicates,
            lost: summary.lost,
            tamper_detected: world.tamper_detected,
        };
        println!("{}", serde_json::to_string(&sum)?);
    }
    let ok = played.is_ok() && summary.duplicates == 0 && summary.lost == 0;
    if !args.once && ok {
        world.invite();
        tokio::signal::ctrl_c().await?;
    }
    world.end().await;
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
