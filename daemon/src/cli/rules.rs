//! `gatewarden rules`: what is wrong with a file of rules, what it would have found, and why something was.
//!
//! Nothing here changes anything: a backtest reads a ledger, or a copy of one, in pieces. Absent: putting rules in
//! force, which takes a second person (`change`).

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_config::{SystemEnvironment, parse_rules, render, shipped_rules};
use gatewarden_model::{Entry, RuleEffect, RuleFiring};
use gatewarden_rules::{
    Backtest, BacktestReport, RuleDefinitions, RuleSet, Schema, backtest::Found, explain,
};
use gatewarden_store::LedgerReader;

use super::which::Which;
use crate::run;

/// Entries read at once.
const ENTRIES_AT_ONCE: u64 = 1_000;
/// Microseconds of a day.
const US_A_DAY: i64 = 86_400_000_000;
/// Findings that are printed; JSON has all that the report lists.
const PRINTED_MAX: usize = 50;

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesVerb {
    /// Check a file of rules and tell every mistake with its place.
    Check {
        /// The file.
        file: PathBuf,
        /// Print a JSON array for machines.
        #[arg(long)]
        json: bool,
    },
    /// Run rules over the journal, and list what they would have flagged or stopped.
    Backtest(Box<BacktestArgs>),
    /// Tell why a rule fired: the facts that it looked at, and its condition with their values.
    Explain(ExplainArgs),
    /// List the facts that conditions can look at.
    Facts,
}

#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// The file of rules; the shipped ones where none is named.
    file: Option<PathBuf>,
    /// How far back from the newest entry, in days (90d) or hours (12h); all where it is left out.
    #[arg(long, value_parser = span)]
    since: Option<i64>,
    #[command(flatten)]
    which: Which,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The sequence of the entry that says that a rule fired.
    flag: u64,
    /// The file of rules that are in force; the shipped ones where none is named.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// `90d` or `12h` in microseconds.
fn span(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is not a span: write 90d or 12h");
    let cut = text.len().checked_sub(1).filter(|cut| text.is_char_boundary(*cut));
    let (number, unit) = text.split_at(cut.ok_or_else(wrong)?);
    let unit = match unit {
        "d" => US_A_DAY,
        "h" => US_A_DAY / 24,
        _ => return Err(wrong()),
    };
    number.parse::<u32>().ok().and_then(|n| unit.checked_mul(n.into())).ok_or_else(wrong)
}

/// Does what was asked.
pub(crate) fn rules(verb: RulesVerb) -> anyhow::Result<ExitCode> {
    match verb {
        RulesVerb::Check { file, json } => check(&file, json),
        RulesVerb::Backtest(args) => backtest(&args),
        RulesVerb::Explain(args) => explained(&args),
        RulesVerb::Facts => {
            for fact in Schema::standard().facts() {
                println!("{:32} {:24} {}", fact.name, fact.is.to_string(), fact.doc);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let bytes =
        std::fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    let checked = parse_rules(file, &bytes, &SystemEnvironment, &Schema::standard());
    match json {
        true => println!("{}", serde_json::to_string_pretty(&checked.mistakes)?),
        false => {
            print!("{}", render(&checked.mistakes, &checked.source));
            println!("{}: {}", file.display(), run::count(&checked.mistakes));
        }
    }
    let good = checked.rules.is_some();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The rules of a file, or those that are shipped.
fn set(file: Option<&Path>) -> anyhow::Result<RuleSet> {
    let definitions: RuleDefinitions = match file {
        None => shipped_rules(),
        Some(file) => {
            let name = file.display();
            let bytes = std::fs::read(file).with_context(|| format!("failed to read {name}"))?;
            let checked = parse_rules(file, &bytes, &SystemEnvironment, &Schema::standard());
            let shown = || render(&checked.mistakes, &checked.source);
            checked.rules.with_context(|| format!("{name} can't be used:\n{}", shown()))?
        }
    };
    let made = RuleSet::new(Arc::new(definitions), &Schema::standard());
    made.map_err(|mistakes| {
        let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the rules can't be used: {}", told.join("; "))
    })
}

fn backtest(args: &BacktestArgs) -> anyhow::Result<ExitCode> {
    let set = set(args.file.as_deref())?;
    let ledger = args.which.open()?;
    let newest = ledger.last_entries(1)?.last().map_or(0, |entry| entry.at.wall_us);
    let since = args.since.map_or(i64::MIN, |span| newest.saturating_sub(span));
    let mut walk = Backtest::new(&set, since, args.which.utc_offset_min()?);
    go_through(&ledger, |entry| walk.take(entry))?;
    let report = walk.finish();
    match args.json {
        true => println!("{}", serde_json::to_string(&report)?),
        false => print(&report),
    }
    Ok(ExitCode::SUCCESS)
}

fn go_through(ledger: &LedgerReader, mut each: impl FnMut(&Entry)) -> anyhow::Result<()> {
    let (end, mut from) = (ledger.len()?, 0);
    while from < end {
        let upto = end.min(from + ENTRIES_AT_ONCE);
        ledger.entries(from..upto)?.iter().for_each(&mut each);
        from = upto;
    }
    Ok(())
}

fn print(report: &BacktestReport) {
    let BacktestReport { entries, in_span, movements, refused, stopped, .. } = report;
    println!("{entries} entries, {in_span} of them in the span, {movements} movements asked about");
    println!("{refused} would have been refused, {stopped} would have waited for somebody");
    println!("{:24} {:>8} {:>10} {:>8}", "rule", "fired", "held back", "failed");
    for (rule, count) in &report.rules {
        let (fired, held, failed) = (count.fired, count.held_back, count.failed);
        let why = count.failure.as_deref().unwrap_or_default();
        println!("{rule:24} {fired:>8} {held:>10} {failed:>8} {why}");
    }
    for found in report.found.iter().take(PRINTED_MAX) {
        println!("{}", line(found));
    }
    let more = report.found.len().saturating_sub(PRINTED_MAX);
    if more > 0 || report.cut {
        println!(
            "and {more} more{}",
            if report.cut { ", and others that are not listed" } else { "" }
        );
    }
    if report.overflow {
        println!("note: more happened than rules remember; counts of the history may be too low");
    }
}

fn line(found: &Found) -> String {
    let firing = &found.firing;
    let entry = found.seq.map_or_else(|| "a day's end".to_owned(), |seq| format!("entry {seq}"));
    let subjects: Vec<&str> = firing.subjects.iter().map(|s| s.key.as_str()).collect();
    let effects: Vec<String> = firing.effects.iter().map(effect).collect();
    let (rule, about, what) = (&firing.rule, subjects.join(" "), effects.join(", "));
    format!("{entry}: {rule}: {about}: {what}")
}

fn effect(effect: &RuleEffect) -> String {
    match effect {
        RuleEffect::Refuse { reason } => format!("refuse ({reason})"),
        RuleEffect::Failed { message, .. } => format!("refuse ({message})"),
        RuleEffect::Approver { approver } => format!("{approver} must sign"),
        RuleEffect::StepUp { level } => format!("level {level} needed"),
        RuleEffect::SecondPerson => "second person needed".to_owned(),
        RuleEffect::Flag { .. } => "flag".to_owned(),
        RuleEffect::Todo { to, .. } => format!("to-do for {}", to.join(", ")),
        RuleEffect::Draft { kind, lines, .. } => {
            let lines: Vec<String> =
                lines.iter().map(|line| format!("{} x {}", line.quantity, line.item)).collect();
            format!("draft a {} of {}", kind.words(), lines.join(", "))
        }
        RuleEffect::Notify { to, .. } => format!("tell {}", to.join(", ")),
    }
}

/// The firing that an entry tells.
fn firing(entry: &Entry) -> anyhow::Result<Option<RuleFiring>> {
    let mut body = serde_json::to_value(&entry.body)?;
    if body["kind"] != "rule-fired" {
        return Ok(None);
    }
    Ok(Some(serde_json::from_value(body["firing"].take())?))
}

fn explained(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let set = set(args.rules.as_deref())?;
    let ledger = args.which.open()?;
    let entry = ledger.entry(args.flag)?;
    let entry = entry.with_context(|| format!("there is no entry {}", args.flag))?;
    let firing = firing(&entry)?
        .with_context(|| format!("entry {} tells of no rule that fired", args.flag))?;
    let told = explain(&set, &firing);
    if args.json {
        println!("{}", serde_json::to_string(&told)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}: {}", told.rule, told.title);
    for part in &told.parts {
        let answer = part.holds.map_or("no answer", |holds| if holds { "yes" } else { "no" });
        println!("  {answer:9} {} {}", part.part, part.note);
    }
    if !told.in_force {
        println!("  another version of the rule fired: name it with --rules");
    }
    for (name, value) in &told.facts {
        println!("  {name} = {value}");
    }
    for one in &told.effects {
        println!("  so: {}", effect(one));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_days_or_hours() {
        assert_eq!(span("90d"), Ok(90 * US_A_DAY));
        assert_eq!(span("12h"), Ok(US_A_DAY / 2));
        for wrong in ["", "d", "90", "-1d", "5ä", "99999999999d"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
