//! `gatewarden access simulate`: what other policies would have decided in the last days.
//!
//! A decision is asked again on all facts that the journal tells. A fact that the other policies look at
//! and that it does not tell is not known, which a limit denies; such a change is marked, because the
//! running daemon would have known more.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use gatewarden_config::{CONFIG_BYTES_MAX, SystemEnvironment, parse_policies, render};
use gatewarden_engine::{Access, Fact, Replayed};
use gatewarden_model::{Decision, Entry};
use serde::Serialize;

use super::{SimulateArgs, replay};
use crate::{policies, run, trace};

const US_PER_DAY: i64 = 86_400_000_000;
/// Most changes that are kept; further ones are counted.
const CHANGES_MAX: usize = 100_000;

/// What came out.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    /// The version of the other policies.
    version: String,
    /// Decisions that were asked again.
    decisions: u64,
    /// Those that can't be: who asked is not in the journal.
    unanswerable: u64,
    /// How many differ.
    changed: u64,
    /// Those, in the order of the journal.
    changes: Vec<Change>,
}

#[derive(Debug, Serialize)]
struct Change {
    entry: u64,
    when: String,
    who: String,
    what: String,
    action: &'static str,
    module: &'static str,
    before: Answer,
    after: Answer,
    /// Facts that the other policies look at and that the journal does not tell.
    unknown: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Answer {
    allowed: bool,
    policies: Vec<String>,
    errors: Vec<String>,
}

pub(super) fn simulate(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let access = other(&args.policies)?;
    let ledger = args.which.open()?;
    let len = ledger.len()?;
    let newest = ledger.last_entries(1)?.last().map_or(0, |entry| entry.at.wall_us);
    let since = newest.saturating_sub(i64::from(args.days) * US_PER_DAY);
    let mut outcome = Outcome { version: access.version().to_string(), ..Outcome::default() };
    replay::go_through(&ledger, len, |judge, entry| {
        if entry.at.wall_us >= since && entry.body.decision().is_some() {
            outcome.add(&access, entry, judge.replayed(entry));
        }
        Ok(())
    })?;
    if args.json {
        println!("{}", serde_json::to_string(&outcome)?)
    } else {
        outcome.print(args.days)
    }
    Ok(ExitCode::SUCCESS)
}

impl Outcome {
    fn add(&mut self, access: &Access, entry: &Entry, question: Option<Replayed>) {
        let Some(question) = question else {
            self.unanswerable += 1;
            return;
        };
        self.decisions += 1;
        let after = question.under(access);
        if after.allowed == question.said.allowed {
            return;
        }
        self.changed += 1;
        if self.changes.len() >= CHANGES_MAX {
            return;
        }
        let looks = access.looks(after.module, after.action);
        let unknown = |fact: &Fact| looks.has(*fact) && !question.known.has(*fact);
        let line = trace::whole(entry);
        self.changes.push(Change {
            entry: line.seq,
            when: line.when,
            who: line.who,
            what: line.what,
            action: after.action.name(),
            module: after.module.name(),
            before: answer(&question.said),
            unknown: Fact::ALL.into_iter().filter(unknown).map(Fact::name).collect(),
            after: answer(&after),
        });
    }

    fn print(&self, days: u32) {
        for change in &self.changes {
            println!("#{} {} {}", change.entry, change.when, change.who);
            println!("    what   {} ({} {})", change.what, change.action, change.module);
            println!("    before {}", change.before.words());
            println!("    after  {}", change.after.words());
            if !change.unknown.is_empty() {
                println!("    the journal does not tell {}", change.unknown.join(", "));
            }
        }
        let (decisions, changed) = (self.decisions, self.changed);
        println!("{decisions} decisions of {days} days, {changed} would differ");
        println!("the settings beside the policies (levels, two persons) are not simulated");
        if self.unanswerable > 0 {
            println!(
                "{} can't be asked again: the journal does not tell enough",
                self.unanswerable
            );
        }
    }
}

impl Answer {
    fn words(&self) -> String {
        let verdict = if self.allowed { "allowed" } else { "denied" };
        let by = match (&self.errors[..], &self.policies[..]) {
            ([], []) => "no policy".to_owned(),
            ([], policies) => policies.join(", "),
            (errors, _) => format!("error {}", errors.join("; ")),
        };
        format!("{verdict} by {by}")
    }
}

fn answer(decision: &Decision) -> Answer {
    let Decision { allowed, policies, errors, .. } = decision;
    Answer { allowed: *allowed, policies: policies.clone(), errors: errors.clone() }
}

/// The policies of a file or folder.
fn other(path: &Path) -> anyhow::Result<Access> {
    let file = if path.is_dir() { within(path)? } else { path.to_owned() };
    let bytes = std::fs::metadata(&file)
        .and_then(|about| {
            let fits = about.len() <= CONFIG_BYTES_MAX as u64;
            if fits { std::fs::read(&file) } else { Err(std::io::ErrorKind::FileTooLarge.into()) }
        })
        .with_context(|| format!("failed to read {}", file.display()))?;
    let whole = std::str::from_utf8(&bytes)
        .is_ok_and(|text| text.lines().any(|line| line.trim_start().starts_with("[gateway]")));
    if whole {
        return policies::build(&run::load_config_without_secrets(&file)?);
    }
    let checked = parse_policies(&file, &bytes, &SystemEnvironment);
    eprint!("{}", render(&checked.mistakes, &checked.source));
    let (roles, section) = checked
        .policies
        .with_context(|| format!("{}: {}", file.display(), run::count(&checked.mistakes)))?;
    policies::of(&roles, &section)
}

fn within(folder: &Path) -> anyhow::Result<PathBuf> {
    let names = ["gateway.toml", "policies.toml"];
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{} has neither {}", folder.display(), names.join(" nor ")))
}
