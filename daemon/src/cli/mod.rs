//! The command line.

mod changes;
mod control;
mod identify;
mod keys;
mod ledger;
mod ledger_ops;
mod people;
mod person;
mod post;
mod probe;
mod proof;
mod qr;
mod review;
mod sod;
mod stock;
mod which;
mod witness;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{bench, demo, logging, run};

/// Zero trust for stock: the gateway of a warehouse.
#[derive(Debug, Parser)]
#[command(name = "gatewarden", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Verb,
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigArg {
    /// The gateway's configuration.
    #[arg(long, short, env = "GATEWARDEN_CONFIG", default_value = "/etc/gatewarden/gateway.toml")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the daemon.
    Run(ConfigArg),
    /// Check a configuration and report every mistake with its place.
    Check {
        #[command(flatten)]
        config: ConfigArg,
        /// Print a JSON array for machines.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of the configuration, for editors.
    Schema,
    /// Play the main job on simulated hardware, then stay up for looking around.
    Demo(demo::DemoArgs),
    /// Tell what EPCs, scans, element strings or Digital Links say, one a line from standard input
    /// or the arguments.
    Identify(identify::IdentifyArgs),
    /// Tell what a device is and what it sees, such as llrp://HOST:5084.
    Probe(probe::ProbeArgs),
    /// Enrol, list or remove operators.
    #[command(subcommand)]
    Operator(people::OperatorVerb),
    /// Give machines tokens, list or revoke them.
    #[command(subcommand)]
    Client(people::ClientVerb),
    /// Decide on what needs a second person: enrolments, tokens, devices, policies.
    #[command(subcommand)]
    Change(changes::ChangeVerb),
    /// Ask for a posting by hand, or decide on one that waits: always as a person, by badge and PIN.
    Post(post::PostArgs),
    /// Look into the ledger (verify, stock, trace, proof) and operate on it (fsck, backup, restore).
    #[command(subcommand)]
    Ledger(ledger::LedgerVerb),
    /// Look into who may do what: conflicts of duties, reviews, rights that nobody uses.
    #[command(subcommand)]
    Access(AccessVerb),
    /// Watch other gateways' ledgers: cosign what continues what was seen, refuse a second history.
    Witness(witness::WitnessArgs),
    /// Measure this machine's speed against a limit measured in the same run.
    #[command(subcommand)]
    Bench(bench::BenchVerb),
}

#[derive(Debug, Subcommand)]
enum AccessVerb {
    /// Conflicts of duties: in the roles as they are given, and in the journal as it happened. Exit code
    /// 1 where one is not borne by a mitigation.
    Sod(sod::SodArgs),
    /// Rights that nobody used for so many days, by operator and client.
    Unused(review::UnusedArgs),
    /// Access reviews: open, list, show.
    #[command(subcommand)]
    Review(review::ReviewVerb),
}

/// Does what was asked.
pub(crate) fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Verb::Run(ConfigArg { config }) => {
            logging::init("info");
            block_on(run::run(run::load_config(&config)?))??;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Check { config, json } => check(&config, json),
        Verb::Schema => {
            println!("{}", serde_json::to_string_pretty(&gatewarden_config::schema())?);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Demo(args) => block_on(demo::demo(args))?,
        Verb::Identify(args) => identify::identify(&args),
        Verb::Probe(args) => block_on(probe::probe(args))?,
        Verb::Operator(verb) => block_on(people::operator(verb))?,
        Verb::Client(verb) => block_on(people::client(verb))?,
        Verb::Change(verb) => block_on(changes::change(verb))?,
        Verb::Post(args) => block_on(post::post(args))?,
        Verb::Ledger(verb) => ledger::ledger(verb),
        Verb::Access(AccessVerb::Sod(args)) => sod::run(&args),
        Verb::Access(AccessVerb::Unused(args)) => review::run_unused(&args),
        Verb::Access(AccessVerb::Review(verb)) => block_on(review::run(verb))?,
        Verb::Witness(args) => block_on(witness::witness(args))?,
        Verb::Bench(verb) => bench::bench(verb),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(Box::pin(future)))
}

fn check(config: &ConfigArg, json: bool) -> anyhow::Result<ExitCode> {
    let path = &config.config;
    let checked = gatewarden_config::check(path, &gatewarden_config::SystemEnvironment);
    let mistakes = &checked.mistakes;
    if json {
        println!("{}", serde_json::to_string_pretty(mistakes)?);
    } else {
        print!("{}", gatewarden_config::render(mistakes, &checked.source));
        println!("{}: {}", path.display(), run::count(mistakes));
    }
    let mut ok = checked.config.is_some();
    // Keys are no matter of the configuration's crate.
    let witnesses =
        checked.config.as_ref().map(|config| crate::witnesses::trust(&config.witnesses));
    if let Some(Err(error)) = witnesses {
        eprintln!("{}: {error:#}", path.display());
        ok = false;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
