//! `gatewarden access lint`: ends with 1 where something can't be meant so.

use std::{collections::BTreeSet, process::ExitCode};

use gatewarden_engine::access::{Weight, lint as look};
use serde_json::json;

use super::{super::which::Which, replay};
use crate::policies;

pub(super) fn lint(which: &Which, operators: bool, json: bool) -> anyhow::Result<ExitCode> {
    let config = which.config()?;
    // Mistakes are told at their places before anything is looked at.
    policies::build(&config)?;
    let granted = operators.then(|| granted(which)).transpose()?;
    let found = look(&config.roles, &config.access.cedar_text(), granted.as_ref())?;
    let told: Vec<_> =
        found.iter().map(|one| (one, policies::place(&config.access, one))).collect();
    if json {
        let list: Vec<_> = told
            .iter()
            .map(|(one, at)| {
                json!({"severity": one.weight.name(), "code": one.code, "policy": one.policy,
                    "message": one.message, "at": at})
            })
            .collect();
        println!("{}", serde_json::Value::from(list));
    } else {
        for (one, at) in &told {
            let at = at.as_ref().map_or_else(String::new, |at| format!("{at}: "));
            println!("{at}{}: {}: {} [{}]", one.weight.name(), one.policy, one.message, one.code);
        }
        let count = |weight| found.iter().filter(|one| one.weight == weight).count();
        let (errors, warnings) = (count(Weight::Error), count(Weight::Warning));
        println!("{errors} errors, {warnings} warnings, {} hints", count(Weight::Hint));
    }
    let wrong = found.iter().any(|one| one.weight == Weight::Error);
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The roles that somebody has.
fn granted(which: &Which) -> anyhow::Result<BTreeSet<String>> {
    let operators = replay::operators(&which.open()?)?;
    Ok(operators.into_iter().flat_map(|one| one.roles).collect())
}
