//! The command line.

mod access;
mod changes;
mod control;
mod document;
mod enrolled;
mod factors;
mod first;
mod hold;
mod identify;
mod init;
mod keys;
mod labels;
mod ledger;
mod ledger_ops;
mod notify;
mod people;
mod person;
mod post;
mod probe;
mod procedures;
mod proof;
mod qr;
mod replay;
mod review;
mod rows;
mod rules;
mod sod;
mod stock;
mod tag;
mod which;
mod witness;
mod workflow;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use gatewarden_config::Config;
use gatewarden_engine::Access;

use crate::{bench, channels, clock::SystemClock, demo, logging, policies, run};

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

impl ConfigArg {
    /// The configuration, for what needs no secret; none where there is no such file.
    fn if_there(&self) -> anyhow::Result<Option<gatewarden_config::Config>> {
        let there = self.config.exists();
        there.then(|| crate::run::load_config_without_secrets(&self.config)).transpose()
    }
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
    /// Write a configuration to begin with, for a factory that makes to order or to stock.
    Init(init::InitArgs),
    /// Play the main job on simulated hardware, then stay up for looking around; or start simulated devices
    /// alone, for a gateway of your own.
    Demo(demo::DemoArgs),
    /// Tell what EPCs, scans, element strings or Digital Links say, one a line from standard input
    /// or the arguments.
    Identify(identify::IdentifyArgs),
    /// Tell what a device is and what it sees, such as llrp://HOST:5084.
    Probe(probe::ProbeArgs),
    /// Replay a recorded trace of a station, from the reads to the passes.
    Replay(replay::ReplayArgs),
    /// Enrol, list or remove operators.
    #[command(subcommand)]
    Operator(people::OperatorVerb),
    /// Set up one-time codes, list second factors, take one away.
    #[command(subcommand)]
    Factor(factors::FactorVerb),
    /// Give machines tokens, list or revoke them.
    #[command(subcommand)]
    Client(people::ClientVerb),
    /// Decide on what needs a second person: enrolments, tokens, devices, policies.
    #[command(subcommand)]
    Change(changes::ChangeVerb),
    /// Ask for a posting by hand, or decide on one that waits: always as a person, by badge and PIN.
    Post(post::PostArgs),
    /// List the passes that are held or in quarantine; decide on one as a person, by badge and PIN.
    #[command(subcommand)]
    Hold(hold::HoldVerb),
    /// Look at a document, hand it in or sign it; bring documents in from a file, or out into one. What
    /// changes anything is done as a person, by badge and PIN.
    #[command(subcommand)]
    Document(document::DocumentVerb),
    /// Have a label printed, as a person, by badge and PIN.
    Print(Box<labels::PrintArgs>),
    /// What became of labels; decide about those of which nobody knows whether they were printed.
    #[command(subcommand)]
    Labels(labels::LabelsVerb),
    /// Send one message by a channel of notices, to try it, and tell what became of it.
    Notify(Box<notify::NotifyArgs>),
    /// Let a reader read, write, lock or kill a tag, or bind tags to pieces: always as a person.
    #[command(subcommand)]
    Tag(tag::TagVerb),
    /// Look into the ledger (verify, stock, trace, proof) and operate on it (fsck, backup, restore).
    #[command(subcommand)]
    Ledger(ledger::LedgerVerb),
    /// Watch other gateways' ledgers: cosign what continues what was seen, refuse a second history.
    Witness(witness::WitnessArgs),
    /// Who may do what and why, what other policies would change, what is wrong with them, conflicts of
    /// duties, reviews, rights that nobody uses.
    #[command(subcommand)]
    Access(access::AccessVerb),
    /// Check rules, run them over the journal, tell why one fired.
    #[command(subcommand)]
    Rules(rules::RulesVerb),
    /// Who must sign which document: draw it, check it, say who would sign a document.
    #[command(subcommand)]
    Workflow(workflow::WorkflowVerb),
    /// Measure this machine's speed against a limit measured in the same run.
    #[command(subcommand)]
    Bench(bench::BenchVerb),
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
        Verb::Init(args) => init::init(&args),
        Verb::Demo(args) => block_on(demo::demo(args))?,
        Verb::Identify(args) => identify::identify(&args),
        Verb::Probe(args) => block_on(probe::probe(args))?,
        Verb::Replay(args) => replay::run(&args),
        Verb::Operator(verb) => block_on(people::operator(verb))?,
        Verb::Factor(verb) => block_on(factors::factor(verb))?,
        Verb::Client(verb) => block_on(people::client(verb))?,
        Verb::Change(verb) => block_on(changes::change(verb))?,
        Verb::Post(args) => block_on(post::post(args))?,
        Verb::Hold(verb) => block_on(hold::hold(verb))?,
        Verb::Document(verb) => block_on(document::document(verb))?,
        Verb::Print(args) => block_on(labels::print(*args))?,
        Verb::Labels(verb) => block_on(labels::labels(verb))?,
        Verb::Notify(args) => block_on(notify::notify(*args))?,
        Verb::Tag(verb) => block_on(tag::tag(verb))?,
        Verb::Ledger(verb) => ledger::ledger(verb),
        Verb::Witness(args) => block_on(witness::witness(args))?,
        Verb::Access(verb) => access::access(verb),
        Verb::Rules(verb) => rules::rules(verb),
        Verb::Workflow(verb) => workflow::workflow(verb),
        Verb::Bench(verb) => bench::bench(verb),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(Box::pin(future)))
}

/// Whether every channel can be made, its certificates too; says which can't.
fn channels_work(config: Option<&Config>) -> bool {
    let (clock, mut good) = (SystemClock::shared(), true);
    for section in config.into_iter().flat_map(|config| &config.channels) {
        if let Err(error) = channels::channel(section, &clock) {
            eprintln!("{error:#}");
            good = false;
        }
    }
    good
}

fn check(config: &ConfigArg, json: bool) -> anyhow::Result<ExitCode> {
    let path = &config.config;
    let checked = enrolled::checked(path);
    let mut mistakes = checked.mistakes.clone();
    if !json {
        print!("{}", gatewarden_config::render_files(&mistakes, &checked.sources));
    }
    let mut ok = checked.config.is_some();
    // Policies are no matter of the configuration's crate: it reads them, the engine knows them.
    if let Some(config) = &checked.config
        && let Err(error) = Access::new(&config.roles, &config.access.cedar_text())
    {
        ok = false;
        let raw = policies::mistakes(&config.access, &error);
        if raw.is_empty() {
            eprintln!("{}: {error}", path.display());
        }
        for mistake in raw.iter().filter(|_| !json) {
            print!("{}", policies::shown(&config.access, mistake));
        }
        mistakes.extend(raw);
    }
    if let Some(config) = checked.config.as_ref().filter(|_| ok) {
        policies::doubts(config)?.iter().for_each(|doubt| eprintln!("{doubt}"));
    }
    if let Some(config) = &checked.config {
        let wrong = crate::labels::mistakes(&config.devices);
        wrong.iter().filter(|_| !json).for_each(|mistake| println!("{mistake}"));
        ok &= wrong.is_empty();
        mistakes.extend(wrong);
    }
    match json {
        true => println!("{}", serde_json::to_string_pretty(&mistakes)?),
        false => println!("{}: {}", path.display(), run::count(&mistakes)),
    }
    ok &= channels_work(checked.config.as_ref());
    // Keys are no matter of the configuration's crate.
    let witnesses =
        checked.config.as_ref().map(|config| crate::witnesses::trust(&config.witnesses));
    if let Some(Err(error)) = witnesses {
        eprintln!("{}: {error:#}", path.display());
        ok = false;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
