//! `gatewarden rules`: what is wrong with a file of rules, what it would have found, and why something was.
//!
//! Nothing here changes anything: a backtest reads a ledger, or a copy of one, in pieces. Rules and fields of the
//! house are those of the configuration, where there is one; what fired is explained by the rules that were in force
//! then, as the journal has them. Absent: putting rules in force, which takes a second person (`change`).

mod house;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use gatewarden_config::{Config, render};
use gatewarden_model::{Actor, Body, Entry, RuleEffect, RuleFiring, RuleTrigger};
use gatewarden_rules::{Backtest, BacktestReport, Explained, backtest::Found, explain};
use gatewarden_store::LedgerReader;
use serde_json::json;

use super::{ConfigArg, which::Which};
use crate::{run, trace};
use house::House;

/// Entries read at once.
const ENTRIES_AT_ONCE: u64 = 1_000;
/// Microseconds of a day.
const US_A_DAY: i64 = 86_400_000_000;
/// Entries before a denial that are looked through for what rules found.
const BEFORE_DENIAL_MAX: u64 = 200;
/// Findings that are printed; JSON has all that the report lists.
const PRINTED_MAX: usize = 50;

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesVerb {
    /// Check rules and tell every mistake with its place.
    Check(CheckArgs),
    /// Run rules over the journal, and list what they would have flagged or stopped.
    Backtest(Box<BacktestArgs>),
    /// Tell why a rule fired, or why rules let something not be: the facts that they looked at, and their conditions
    /// with the values.
    Explain(ExplainArgs),
    /// List the facts that conditions can look at, the house's own fields among them.
    Facts(FactsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The file; where none is named the configuration's rules, or the shipped ones where it has none of its own.
    file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Print a JSON array for machines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FactsArgs {
    #[command(flatten)]
    config: ConfigArg,
}

#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// The file of rules; those of the configuration where none is named, or the shipped ones.
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
    /// The sequence of the entry that says that a rule fired, or that something was denied or held.
    flag: u64,
    /// A file of rules, instead of those that were in force then.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
    /// Print one JSON object; a list of them where several rules fired.
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
        RulesVerb::Check(args) => check(&args),
        RulesVerb::Backtest(args) => backtest(&args),
        RulesVerb::Explain(args) => explained(&args),
        RulesVerb::Facts(args) => {
            for fact in House::of(args.config.if_there()?.as_ref())?.schema.facts() {
                println!("{:32} {:24} {}", fact.name, fact.is.to_string(), fact.doc);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let config = args.config.if_there()?;
    let own = config.as_ref().and_then(|config| config.procedures.files.get("rules"));
    let house = House::of(config.as_ref())?;
    let (name, checked) = match args.file.as_ref().or(own) {
        Some(file) => (file.display().to_string(), house.parse(file)?),
        None => (shipped_name(config.as_ref()), house.parse_shipped()),
    };
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&checked.mistakes)?),
        false => {
            print!("{}", render(&checked.mistakes, &checked.source));
            println!("{name}: {}", run::count(&checked.mistakes));
        }
    }
    let good = checked.rules.is_some();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the shipped rules are called where there are no others: whether they are in force is told with it.
fn shipped_name(config: Option<&Config>) -> String {
    let in_force = config.is_some_and(|config| config.procedures.parts.contains_key("rules"));
    let how = if in_force { "in force as they are" } else { "in force only with [procedures]" };
    format!("no rules of the house; the shipped rules, {how}")
}

fn backtest(args: &BacktestArgs) -> anyhow::Result<ExitCode> {
    let house = House::of(args.which.config_if_there()?.as_ref())?;
    let set = house.set(args.file.as_deref())?;
    let ledger = args.which.open()?;
    let newest = ledger.last_entries(1)?.last().map_or(0, |entry| entry.at.wall_us);
    let since = args.since.map_or(i64::MIN, |span| newest.saturating_sub(span));
    let walk = Backtest::new(&set, since, args.which.utc_offset_min()?);
    let walk = walk.with_fields(house.fields());
    let mut walk = match house.calendar() {
        Some(works) => walk.with_calendar(works),
        None => walk,
    };
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
    let BacktestReport { entries, in_span, movements, documents, refused, stopped, .. } = report;
    println!(
        "{entries} entries, {in_span} of them in the span; {movements} movements and {documents} documents \
         asked about"
    );
    println!("{refused} would have been refused, {stopped} would have waited for somebody");
    let (fired, held, failed, not_asked) = ("fired", "held back", "failed", "not asked");
    println!("{:24} {fired:>8} {held:>10} {failed:>8} {not_asked:>10}", "rule");
    for (rule, count) in &report.rules {
        let (fired, held, failed) = (count.fired, count.held_back, count.failed);
        let not_asked = match (count.not_asked, &count.not_asked_because) {
            (0, Some(_)) => "never".to_owned(),
            (times, _) => times.to_string(),
        };
        let reasons = [&count.failure, &count.not_asked_because];
        let why: Vec<&str> = reasons.into_iter().flatten().map(String::as_str).collect();
        let why = why.join("; ");
        println!("{rule:24} {fired:>8} {held:>10} {failed:>8} {not_asked:>10} {why}");
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
fn firing(entry: &Entry) -> Option<&RuleFiring> {
    match &entry.body {
        Body::RuleFired { firing, .. } => Some(firing),
        _ => None,
    }
}

/// The firings of an entry: its own, or those that were recorded with a denial or a hold just before it.
fn firings(ledger: &LedgerReader, entry: &Entry) -> anyhow::Result<Vec<RuleFiring>> {
    if let Some(firing) = firing(entry) {
        return Ok(vec![firing.clone()]);
    }
    if !matches!(&entry.body, Body::Denied { .. } | Body::Held { .. }) {
        return Ok(vec![]);
    }
    let from = entry.seq.saturating_sub(BEFORE_DENIAL_MAX);
    let before = ledger.entries(from..entry.seq)?;
    // What was decided together bears one time; a rule may have drafted something in between.
    let with_it = |one: &&Entry| {
        let written = matches!(&one.body, Body::DocumentWritten { by: Actor::Daemon, .. });
        one.at == entry.at && (written || firing(one).is_some())
    };
    let mut found: Vec<RuleFiring> =
        before.iter().rev().take_while(with_it).filter_map(firing).cloned().collect();
    found.retain(|firing| firing.trigger == RuleTrigger::Before);
    found.reverse();
    Ok(found)
}

fn explained(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let ledger = args.which.open()?;
    let entry = ledger.entry(args.flag)?;
    let entry = entry.with_context(|| format!("there is no entry {}", args.flag))?;
    let found = firings(&ledger, &entry)?;
    if found.is_empty() {
        return without_rule(&entry, args.json);
    }
    let set = match &args.rules {
        None => match house::in_force(&ledger, args.flag)? {
            Some(set) => set,
            None => House::of(args.which.config_if_there()?.as_ref())?.set(None)?,
        },
        file => House::of(args.which.config_if_there()?.as_ref())?.set(file.as_deref())?,
    };
    let told: Vec<Explained> = found.iter().map(|firing| explain(&set, firing)).collect();
    match (args.json, told.as_slice()) {
        (true, [one]) => println!("{}", serde_json::to_string(one)?),
        (true, all) => println!("{}", serde_json::to_string(all)?),
        (false, all) => all.iter().for_each(tell),
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells of an entry with which no rule fired: what was denied or held, why, and what tells more of it.
fn without_rule(entry: &Entry, json: bool) -> anyhow::Result<ExitCode> {
    let (seq, what) = (entry.seq, trace::whole(entry).what);
    let kind = match &entry.body {
        Body::Denied { .. } => "denied",
        Body::Held { .. } => "held",
        _ => anyhow::bail!(
            "entry {seq} tells of no rule that fired, and of nothing that was denied or held: {what}"
        ),
    };
    // Where no policy was asked the reason is all there is.
    let see = entry.body.decision().map(|_| format!("gatewarden access why {seq}"));
    if json {
        let told = json!({ "entry": seq, "kind": kind, "what": what, "see": see });
        println!("{told}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("entry {seq}: {what}");
    println!("  no rule fired with it");
    if let Some(see) = see {
        println!("  what decided on it: {see}");
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(told: &Explained) {
    println!("{}: {}", told.rule, told.title);
    println!("  version {}", told.version);
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
