//! `gatewarden workflow`: draw who must sign which document, check definitions, say who would have to sign a
//! document and why. Reads only; works beside the running daemon, and without any.
//!
//! The definitions are those of `--file`, else those of the configuration, else the shipped ones. They need
//! not be in force. Absent: changing anything, and how a running approval stands (the API tells it).

mod house;
mod simulate;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_config::render;
use gatewarden_workflow::{Finding, Roster, Workflow, Workflows, check, svg, text};
use serde_json::json;

use super::which::Which;
use house::House;

/// What is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowVerb {
    /// Draw workflows, as text or as SVG.
    Show(ShowArgs),
    /// Look for dead branches, missing defaults, approvers that nobody is, ways in a circle. Ends with 1
    /// where something can't work.
    Check(CheckArgs),
    /// Tell who would have to sign a document, and why, and which way it would take, without writing
    /// anything:
    /// `gatewarden workflow simulate DOC.json --by OPERATOR`, where DOC.json holds {"document": {"kind": …,
    /// "number": …}, "version": 1, "lines": […]} as `POST /api/v1/documents` takes it (`gatewarden document
    /// fields KIND` tells what it needs). Ends with 1 where somebody must and nobody is there.
    Simulate(simulate::SimulateArgs),
}

/// Where definitions and people come from.
#[derive(Debug, Args)]
struct From {
    #[command(flatten)]
    which: Which,
    /// A file of workflows, instead of the one that the configuration names.
    #[arg(long)]
    file: Option<PathBuf>,
    /// A JSON file of people with their roles, such as {"li.wei": ["storekeeper"]}, instead of the ledger's.
    #[arg(long)]
    people: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is drawn.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The workflows, or kinds of document, to show; all where none is named.
    names: Vec<String>,
    /// Print one workflow as SVG.
    #[arg(long, conflicts_with = "json")]
    svg: bool,
    #[command(flatten)]
    from: From,
}

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    from: From,
}

/// Runs `gatewarden workflow`.
pub(crate) fn workflow(verb: WorkflowVerb) -> anyhow::Result<ExitCode> {
    match verb {
        WorkflowVerb::Show(args) => show(&args),
        WorkflowVerb::Check(args) => checked(&args),
        WorkflowVerb::Simulate(args) => simulate::run(&args),
    }
}

/// The workflows that are named, by their own name or by a kind of document.
fn named<'w>(house: &'w Workflows, names: &[String]) -> anyhow::Result<Vec<&'w Workflow>> {
    if names.is_empty() {
        return Ok(house.workflows.iter().collect());
    }
    let find = |name: &String| {
        let kind = gatewarden_model::DocumentKind::of_name(name);
        let found = house.named(name).or_else(|| house.of_kind(kind?));
        let known = || {
            let all: Vec<&str> = house.workflows.iter().map(|one| one.name.as_str()).collect();
            format!("there is no workflow {name:?}: there are {}", all.join(", "))
        };
        found.with_context(known)
    };
    names.iter().map(find).collect()
}

fn show(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let house = House::find(&args.from)?;
    let shown = named(&house.workflows, &args.names)?;
    if args.svg {
        let [one] = shown[..] else { anyhow::bail!("name one workflow to draw as SVG") };
        print!("{}", svg(one, &BTreeMap::new()));
    } else if args.from.json {
        println!("{}", serde_json::to_string_pretty(&shown)?);
    } else {
        let texts: Vec<String> = shown.iter().map(|one| text(one, &BTreeMap::new())).collect();
        print!("{}", texts.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn checked(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let read = House::read(&args.from)?;
    let errors = read.mistakes.iter().any(|one| one.severity == gatewarden_config::Severity::Error);
    // What the file's own reading told is not told again.
    let told = |finding: &Finding| read.mistakes.iter().any(|one| one.message == finding.message);
    let mut findings = vec![];
    if let Some(house) = &read.house {
        let people = house.directory(None);
        let roster = Roster { roles: house.roles.clone(), people: people.as_ref() };
        findings = check(&house.workflows, &roster);
        findings.retain(|finding| !told(finding));
        // The shipped workflows name roles that not every house has: the fall-back is asked there. In a
        // file of the house such a name is a mistake, and was told as one.
        let not_here = findings.iter_mut().filter(|finding| finding.code == "unknown-role");
        not_here.for_each(|finding| finding.warning = true);
    }
    let failed = errors || findings.iter().any(|finding| !finding.warning);
    if args.from.json {
        println!("{}", json!({ "mistakes": read.mistakes, "findings": findings }));
    } else {
        print!("{}", render(&read.mistakes, &read.source));
        findings.iter().for_each(|finding| println!("{}", line(finding)));
        let count = read.mistakes.len() + findings.len();
        println!(
            "{}: {}",
            read.name,
            if count == 0 { "no mistake".to_owned() } else { format!("{count} found") }
        );
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A finding in a line.
fn line(finding: &Finding) -> String {
    let place = match (&finding.workflow, &finding.node) {
        (Some(workflow), Some(node)) => format!("{workflow}, step {node}: "),
        (Some(workflow), None) => format!("{workflow}: "),
        _ => String::new(),
    };
    let warning = if finding.warning { "warning: " } else { "" };
    format!("{place}{warning}{} (expected {})", finding.message, finding.expected)
}
