//! `gatewarden access matrix`: who may do what, as a table, comma-separated values or JSON.
//!
//! It is the role matrix as written; raw Cedar beside it can add and take away, and is counted below.

use std::{collections::BTreeSet, process::ExitCode};

use gatewarden_config::Config;
use gatewarden_model::{Action, Limit, Module, Role};
use serde_json::json;

use super::{super::which::Which, replay};
use crate::views::vouchers::field;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Csv,
    Json,
}

impl Form {
    pub(super) fn of(csv: bool, json: bool) -> Self {
        match (csv, json) {
            (true, _) => Self::Csv,
            (_, true) => Self::Json,
            _ => Self::Table,
        }
    }
}

/// Somebody, or a role, with the roles that count for him.
struct Row<'c> {
    name: String,
    roles: Vec<(&'c str, &'c Role)>,
}

/// One right: in which roles, and each role's limits on it.
struct Right {
    module: Module,
    action: Action,
    roles: Vec<String>,
    /// Empty where one of the roles has it without limits.
    limits: Vec<String>,
}

pub(super) fn print(which: &Which, operators: bool, form: Form) -> anyhow::Result<ExitCode> {
    let config = which.config()?;
    let rows = if operators { of_operators(which, &config)? } else { of_roles(&config) };
    match form {
        Form::Table => print_table(&config, &rows),
        Form::Csv => print!("{}", csv(&rows)),
        Form::Json => println!("{}", json_of(&rows)),
    }
    Ok(ExitCode::SUCCESS)
}

fn of_roles(config: &Config) -> Vec<Row<'_>> {
    let row = |(name, role)| {
        let name: &String = name;
        Row { name: name.clone(), roles: vec![(name.as_str(), role)] }
    };
    config.roles.0.iter().map(row).collect()
}

/// Everybody who is enrolled. A role that the configuration does not know gives nothing.
fn of_operators<'c>(which: &Which, config: &'c Config) -> anyhow::Result<Vec<Row<'c>>> {
    let operators = replay::operators(&which.open()?)?;
    let roles = &config.roles.0;
    Ok(operators
        .into_iter()
        .map(|one| Row {
            name: one.id.to_string(),
            roles: one
                .roles
                .iter()
                .filter_map(|role| roles.get_key_value(role).map(|(name, r)| (name.as_str(), r)))
                .collect(),
        })
        .collect())
}

fn rights(row: &Row<'_>) -> Vec<Right> {
    let mut rights = vec![];
    for module in Module::ALL {
        for action in Action::ALL {
            let has = |role: &Role| role.grants.get(&module).is_some_and(|a| a.contains(&action));
            let of: Vec<&(&str, &Role)> = row.roles.iter().filter(|(_, role)| has(role)).collect();
            if of.is_empty() {
                continue;
            }
            let limits =
                |role: &Role| role.limits_of(module, action).map(words).collect::<Vec<_>>();
            let free = of.iter().any(|(_, role)| limits(role).is_empty());
            let limits =
                if free { vec![] } else { of.iter().map(|(_, r)| limits(r).join("; ")).collect() };
            let roles = of.iter().map(|(name, _)| (*name).to_owned()).collect();
            rights.push(Right { module, action, roles, limits });
        }
    }
    rights
}

/// A limit in words.
fn words(limit: &Limit) -> String {
    fn list<T>(of: Option<&Vec<T>>, before: &str, name: impl Fn(&T) -> &str) -> Option<String> {
        Some(format!("{before} {}", of?.iter().map(name).collect::<Vec<_>>().join(", ")))
    }
    let all = [
        list(limit.warehouses.as_ref(), "warehouses", String::as_str),
        list(limit.classes.as_ref(), "classes", |class| class.name()),
        list(limit.classes_except.as_ref(), "not classes", |class| class.name()),
        limit.amount_max.map(|most| format!("up to {most}")),
        list(limit.document_kinds.as_ref(), "on", |kind| kind.name()),
        list(limit.movement_kinds.as_ref(), "only", |kind| kind.name()),
        list(limit.owners.as_ref(), "owners", String::as_str),
        list(limit.statuses.as_ref(), "statuses", |status| status.name()),
        list(limit.stations.as_ref(), "stations", |station| station.as_str()),
        limit.auth_level_min.map(|least| format!("auth level {least} or more")),
        limit.two_persons.then(|| "two persons".to_owned()),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn print_table(config: &Config, rows: &[Row<'_>]) {
    let all: Vec<Vec<Right>> = rows.iter().map(rights).collect();
    let used: BTreeSet<Module> = all.iter().flatten().map(|right| right.module).collect();
    let modules: Vec<Module> = Module::ALL.into_iter().filter(|m| used.contains(m)).collect();
    let mut lines = vec![["who".to_owned()].into_iter().collect::<Vec<_>>()];
    lines[0].extend(modules.iter().map(|module| module.name().to_owned()));
    for (row, rights) in rows.iter().zip(&all) {
        let cell = |module: &Module| {
            let here = rights.iter().filter(|right| right.module == *module);
            let words: Vec<String> = here
                .map(|right| {
                    let mark = if right.limits.is_empty() { "" } else { "*" };
                    format!("{}{mark}", right.action.name())
                })
                .collect();
            if words.is_empty() { "–".to_owned() } else { words.join("/") }
        };
        let mut line = vec![row.name.clone()];
        line.extend(modules.iter().map(cell));
        lines.push(line);
    }
    let width = |column: usize| lines.iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=modules.len()).map(width).collect();
    for line in &lines {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("| {} |", cells.join(" | "));
    }
    for (row, rights) in rows.iter().zip(&all) {
        for right in rights.iter().filter(|right| !right.limits.is_empty()) {
            let (module, action) = (right.module.name(), right.action.name());
            println!("* {} {action} {module}: {}", row.name, right.limits.join(" | or: "));
        }
    }
    let files = config.access.cedar.len();
    if files > 0 {
        println!("{files} files of raw Cedar beside it can add and take away: ask `access can`");
    }
}

fn csv(rows: &[Row<'_>]) -> String {
    let mut text = String::from("who,module,action,roles,limits\r\n");
    for row in rows {
        for right in rights(row) {
            text.push_str(&format!(
                "{},{},{},{},{}\r\n",
                field(&row.name),
                right.module.name(),
                right.action.name(),
                field(&right.roles.join(" ")),
                field(&right.limits.join(" | or: "))
            ));
        }
    }
    text
}

fn json_of(rows: &[Row<'_>]) -> serde_json::Value {
    let of_row = |row: &Row<'_>| {
        let name = row.name.clone();
        rights(row).into_iter().map(move |right| {
            json!({"who": name, "module": right.module.name(), "action": right.action.name(),
                "roles": right.roles, "limits": right.limits})
        })
    };
    rows.iter().flat_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_limit_breaks_out_of_its_field_or_becomes_a_formula() {
        let limit = Limit {
            modules: vec![Module::Outbound],
            actions: vec![Action::Execute],
            owners: Some(vec!["=cmd|'/C calc'!A0,\"x\"".to_owned()]),
            ..Limit::default()
        };
        let grants = [(Module::Outbound, vec![Action::Execute])].into();
        let role = Role { title: "=1".to_owned(), grants, fields: None, limits: vec![limit] };
        let rows = [Row { name: "=x".to_owned(), roles: vec![("-r", &role)] }];
        let text = csv(&rows);
        let expected = "who,module,action,roles,limits\r\n\
                        '=x,outbound,execute,'-r,\"owners =cmd|'/C calc'!A0,\"\"x\"\"\"\r\n";
        assert_eq!(text, expected);
        assert_eq!(json_of(&rows)[0]["limits"][0], "owners =cmd|'/C calc'!A0,\"x\"");
    }
}
