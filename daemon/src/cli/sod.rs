//! `gatewarden access sod`: conflicts of duties in the roles as they are given, and in the journal as it
//! happened. Reads only; works beside the running daemon and on a copy of the files.
//!
//! The roles, and what raw Cedar permits beside them, are those that the journal tells
//! (`PoliciesDefined`), the conflicts those of the configuration. Exit code 1 where anybody has a
//! conflict, or played both parts, without a mitigation that holds or held.

use std::process::ExitCode;

use clap::Args;
use gatewarden_engine::{
    Principal, State,
    sod::{self, Act, Case, Finding, History},
};
use gatewarden_model::{Body, Day, Entry, OperatorId, RoleMatrix, SodSeverity, SodTable};
use gatewarden_store::LedgerReader;
use serde_json::{Value, json};

use super::{access::force, which::Which};
use crate::{
    clock::SystemClock,
    views::{reviews::granted, uses, vouchers::field},
};

/// Conflicts of duties, in roles and in the journal.
#[derive(Debug, Args)]
pub(crate) struct SodArgs {
    #[command(flatten)]
    which: Which,
    /// Of the journal only what ended on this day or later, such as 2026-11-01.
    #[arg(long, value_name = "DAY")]
    since: Option<Day>,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print comma-separated values.
    #[arg(long)]
    csv: bool,
}

/// What was found.
struct Found {
    /// Of people, as `views::reviews::granted` tells them.
    granted: Vec<Value>,
    /// Roles that hold both sides alone.
    roles: Vec<(String, sod::Conflict)>,
    history: Vec<Finding>,
    /// Findings that are not told one by one.
    more: u64,
    /// Documents and movements that were forgotten to bound the memory.
    forgotten: u64,
}

impl Found {
    fn unmitigated(&self) -> u64 {
        let granted = self.granted.iter().filter(|one| one["mitigation"].is_null()).count();
        let played = self.history.iter().filter(|one| one.mitigated.is_none()).count();
        (granted + played) as u64 + self.more
    }
}

/// Runs `gatewarden access sod`.
pub(crate) fn run(args: &SodArgs) -> anyhow::Result<ExitCode> {
    let table = args.which.sod()?;
    let today = Day::of(&SystemClock::shared().now(), args.which.utc_offset_min()?);
    let found = look(&args.which.open()?, table, args.since, today)?;
    if args.json {
        println!("{}", serde_json::to_string(&as_json(&found))?);
    } else if args.csv {
        print!("{}", as_csv(&found));
    } else {
        print!("{}", as_text(&found));
    }
    Ok(if found.unmitigated() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The state of people and machines, and the roles in force, as the journal tells them.
pub(super) fn people(ledger: &LedgerReader) -> anyhow::Result<(State, RoleMatrix)> {
    let live = ledger.live()?;
    let roles = live.iter().rev().find_map(|entry| match &entry.body {
        Body::PoliciesDefined { roles, .. } => Some(roles.clone()),
        _ => None,
    });
    Ok((State::of(&live), roles.unwrap_or_default()))
}

fn look(
    ledger: &LedgerReader,
    table: SodTable,
    since: Option<Day>,
    today: Day,
) -> anyhow::Result<Found> {
    let (state, matrix) = people(ledger)?;
    let access = force::in_force(&state)?;
    let raw = |id: &OperatorId, roles: &[String]| match &access {
        Some(access) => access.raw_rights(&Principal::Operator { id, roles }),
        None => vec![],
    };
    // Nobody's id is this: a policy about himself never applies.
    let anybody = OperatorId::parse("somebody-in-this-role")?;
    let of_roles = |operator: &gatewarden_engine::Operator| {
        let raw = raw(&operator.id, &operator.roles);
        let holding = sod::Holding { roles: &operator.roles, matrix: &matrix, raw: &raw };
        let found = sod::conflicts_of(holding, &table);
        found.iter().map(|conflict| granted(conflict, operator, today)).collect::<Vec<_>>()
    };
    let granted = state.operators().flat_map(of_roles).collect();
    let roles = sod::lint(&matrix, &table, |roles| raw(&anybody, roles));
    let mut history = History::new(table);
    uses::each_from(ledger, 0, |entry: &Entry| history.feed(entry))?;
    let late = |finding: &&Finding| since.is_none_or(|since| finding.day() >= since);
    let (more, forgotten) = (history.more(), history.forgotten());
    let history = history.findings().filter(late).cloned().collect();
    Ok(Found { granted, roles, history, more, forgotten })
}

fn as_json(found: &Found) -> Value {
    let roles = found.roles.iter().map(|(role, conflict)| {
        let mut told = json!(conflict);
        told["role"] = json!(role);
        told
    });
    json!({
        "granted": found.granted,
        "roles": roles.collect::<Vec<_>>(),
        "history": found.history,
        "more": found.more,
        "forgotten": found.forgotten,
        "unmitigated": found.unmitigated(),
    })
}

fn case(case: &Case) -> String {
    match case {
        Case::Document(document) => format!("{} {}", document.kind.words(), document.number),
        Case::Operator(id) => format!("enrolment of {id}"),
        Case::House => "the house".to_owned(),
    }
}

fn act(act: &Act) -> String {
    format!("{} (entry {}, {})", act.part.name(), act.seq, act.day)
}

fn as_text(found: &Found) -> String {
    let mut text = String::new();
    for (role, conflict) in &found.roles {
        text.push_str(&format!("role {role} alone has the conflict {}\n", conflict.words()));
    }
    for one in &found.granted {
        let word = |key: &str| one[key].as_str().unwrap_or_default();
        let borne = match (one["mitigation"]["until"].as_str(), one["ran_out"].as_str()) {
            (Some(until), _) => {
                let reason = one["mitigation"]["reason"].as_str().unwrap_or_default();
                format!("borne until {until}: {reason}")
            }
            (None, Some(until)) => format!("NOT BORNE: the mitigation ran out on {until}"),
            (None, None) if word("severity") == SodSeverity::Mitigate.name() => {
                "NOT BORNE: take a role away or record a mitigation".to_owned()
            }
            (None, None) => "NOT BORNE: take a role away".to_owned(),
        };
        let side = |key: &str| {
            let vias = one[key].as_array().into_iter().flatten();
            let words = vias.map(|via| {
                let part = |key: &str| via[key].as_str().unwrap_or_default().to_owned();
                format!("{} by {}", part("right"), part("role"))
            });
            words.collect::<Vec<_>>().join(", ")
        };
        text.push_str(&format!(
            "{} holds {}: {}\n    {}\n    {}\n    {borne}\n",
            word("operator"),
            word("id"),
            word("title"),
            side("one"),
            side("other"),
        ));
    }
    for Finding { conflict, title, case: of, person, one, other, mitigated, .. } in &found.history {
        let borne = match mitigated {
            Some(until) => format!("borne then, until {until}"),
            None => "NOT BORNE".to_owned(),
        };
        text.push_str(&format!(
            "{person} did {conflict} in {}: {title}\n    {} and {}\n    {borne}\n",
            case(of),
            act(one),
            act(other),
        ));
    }
    if found.more > 0 {
        text.push_str(&format!("and {} more in the journal\n", found.more));
    }
    if found.forgotten > 0 {
        let n = found.forgotten;
        text.push_str(&format!(
            "{n} old documents were not followed to the end, to bound the memory\n"
        ));
    }
    let unmitigated = found.unmitigated();
    text.push_str(&match unmitigated {
        0 => "no conflict of duties that is not borne\n".to_owned(),
        n => format!("{n} conflicts of duties that are not borne\n"),
    });
    text
}

fn as_csv(found: &Found) -> String {
    let mut text = String::from(
        "where,conflict,severity,person,case,one,one_entry,other,other_entry,day,borne_until,title\r\n",
    );
    for one in &found.granted {
        let word = |key: &str| field(one[key].as_str().unwrap_or_default());
        let via = |key: &str| field(one[key][0]["right"].as_str().unwrap_or_default());
        let until = field(one["mitigation"]["until"].as_str().unwrap_or_default());
        text.push_str(&format!(
            "roles,{},{},{},,{},,{},,,{until},{}\r\n",
            word("id"),
            word("severity"),
            word("operator"),
            via("one"),
            via("other"),
            word("title"),
        ));
    }
    for finding in &found.history {
        let Finding { conflict, title, severity, case: of, person, one, other, .. } = finding;
        let until = finding.mitigated.map(|day| day.to_string()).unwrap_or_default();
        text.push_str(&format!(
            "journal,{},{},{},{},{},{},{},{},{},{until},{}\r\n",
            field(conflict),
            severity.name(),
            field(person),
            field(&case(of)),
            one.part.name(),
            one.seq,
            other.part.name(),
            other.seq,
            finding.day(),
            field(title),
        ));
    }
    text
}
