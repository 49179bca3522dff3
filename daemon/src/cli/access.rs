//! `gatewarden access`: who may do what and why, what a change of policies would change, and what is
//! wrong with them. Everything here reads only, beside the running daemon or without it.
//!
//! `can`, `matrix` and `why` ask the policies in force (`force`); `lint` and `simulate` look at texts
//! that need not be. Absent: changing anything.

mod can;
pub(super) mod force;
mod lint;
mod matrix;
mod replay;
mod simulate;
mod why;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use gatewarden_engine::Known;

use super::{review, sod, which::Which};

/// What is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum AccessVerb {
    /// Tell what is wrong with the policies: that never or always apply, that others shadow, that stand
    /// twice, that name what there is not.
    Lint {
        #[command(flatten)]
        which: Which,
        /// Look into the ledger too, for roles that nobody has.
        #[arg(long)]
        operators: bool,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Tell whether somebody may do something by the policies in force, by which of them, and what stands
    /// in the way. Ends with 1 where he may not.
    Can(CanArgs),
    /// Print who may do what by the policies in force: roles by modules, limits marked with *, what raw
    /// Cedar permits with +.
    Matrix {
        #[command(flatten)]
        which: Which,
        /// By the configuration's policies, which need not be in force.
        #[arg(long)]
        proposed: bool,
        /// By operators, with all roles that each has.
        #[arg(long)]
        operators: bool,
        /// Comma-separated values, one right a row.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// One JSON array, one right an object.
        #[arg(long)]
        json: bool,
    },
    /// Tell which policies decided on an entry, on which facts, and what they would decide today.
    Why {
        #[command(flatten)]
        which: Which,
        /// The entry's number, or a movement's id.
        #[arg(value_name = "ENTRY")]
        entry: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Decide again what was decided in the last days, under other policies, and list what differs.
    Simulate(SimulateArgs),
    /// Conflicts of duties: in the roles as they are given, and in the journal as it happened. Exit code
    /// 1 where one is not borne by a mitigation.
    Sod(sod::SodArgs),
    /// Rights that nobody used for so many days, by operator and client.
    Unused(review::UnusedArgs),
    /// Access reviews: open, list, show.
    #[command(subcommand)]
    Review(review::ReviewVerb),
}

/// A question.
#[derive(Debug, Args)]
pub(crate) struct CanArgs {
    #[command(flatten)]
    pub(super) which: Which,
    /// An operator's id, role:NAME (several with commas), client:ID, device:ID or local.
    pub(super) who: String,
    /// view, create, modify, delete, request, approve or execute.
    pub(super) action: String,
    /// A module, such as inbound.
    #[arg(value_name = "RESOURCE")]
    pub(super) module: String,
    /// Ask the configuration's policies, which need not be in force.
    #[arg(long)]
    pub(super) proposed: bool,
    /// What is known, such as amount=5000.01 or classes=B,C; several times.
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    pub(super) facts: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What to try.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    pub(super) which: Which,
    /// The other policies: a configuration, a file with [access] and [roles.NAME] alone, or a folder
    /// with one of these as gateway.toml or policies.toml.
    #[arg(long)]
    pub(super) policies: PathBuf,
    /// How many days, counted back from the newest entry.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(super) days: u32,
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Answers.
pub(crate) fn access(verb: AccessVerb) -> anyhow::Result<ExitCode> {
    match verb {
        AccessVerb::Lint { which, operators, json } => lint::lint(&which, operators, json),
        AccessVerb::Can(args) => can::can(&args),
        AccessVerb::Matrix { which, proposed, operators, csv, json } => {
            matrix::print(&which, proposed, operators, matrix::Form::of(csv, json))
        }
        AccessVerb::Why { which, entry, json } => why::why(&which, &entry, json),
        AccessVerb::Simulate(args) => simulate::simulate(&args),
        AccessVerb::Sod(args) => sod::run(&args),
        AccessVerb::Unused(args) => review::run_unused(&args),
        AccessVerb::Review(verb) => super::block_on(review::run(verb))?,
    }
}

/// Facts from the command line.
fn facts(given: &[String]) -> anyhow::Result<Known> {
    let mut known = Known::default();
    for one in given {
        let Some((name, value)) = one.split_once('=') else {
            anyhow::bail!("{one:?} is no fact: write NAME=VALUE, such as amount=5000")
        };
        anyhow::ensure!(!known.told().contains_key(name), "the fact {name} is given twice");
        known.add(name, value)?;
    }
    Ok(known)
}
