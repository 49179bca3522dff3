//! `gatewarden access matrix`: who may do what, as a table, comma-separated values or JSON.
//!
//! It is the role matrix in force, with what raw Cedar permits beside it, on some facts or on all. What
//! raw Cedar takes away on some facts is named below and not worked in.

use std::{collections::BTreeSet, process::ExitCode};

use gatewarden_engine::{Access, Who, access::RawRight};
use gatewarden_model::{Action, Module, Role, RoleMatrix};
use serde_json::json;

use super::{super::which::Which, force::Force, replay};
use crate::views::{limits::limit_words, vouchers::field};

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

/// Somebody, or a role, with the roles that count for him and what raw Cedar permits him.
struct Row<'c> {
    name: String,
    roles: Vec<(&'c str, &'c Role)>,
    raw: Vec<RawRight>,
}

/// One right: in which roles, and each role's limits on it.
struct Right {
    module: Module,
    action: Action,
    roles: Vec<String>,
    /// Empty where one of the roles has it without limits.
    limits: Vec<String>,
    /// What raw Cedar permits of it.
    raw: Option<RawRight>,
}

impl Right {
    /// The raw policies in words.
    fn raw_words(&self) -> String {
        let Some(raw) = &self.raw else { return String::new() };
        let on = if raw.conditional { " (on some facts)" } else { "" };
        format!("{}{on}", raw.policies.join(" "))
    }
}

pub(super) fn print(
    which: &Which,
    proposed: bool,
    operators: bool,
    form: Form,
) -> anyhow::Result<ExitCode> {
    let force = Force::find(which, proposed)?;
    let access = &force.access;
    let (matrix, _) = access.source();
    let rows =
        if operators { of_operators(which, matrix, access)? } else { of_roles(matrix, access)? };
    match form {
        Form::Table => print_table(&rows, &access.raw_forbids()),
        Form::Csv => print!("{}", csv(&rows)),
        Form::Json => println!("{}", json_of(&rows)),
    }
    force.tell();
    Ok(ExitCode::SUCCESS)
}

fn of_roles<'c>(matrix: &'c RoleMatrix, access: &Access) -> anyhow::Result<Vec<Row<'c>>> {
    let row = |(name, role): (&'c String, &'c Role)| {
        // Nobody's id is this: a policy about himself never applies.
        let who = Who::Operator("somebody-in-this-role".parse()?, vec![name.clone()]);
        let raw = access.raw_rights(&who.principal());
        Ok(Row { name: name.clone(), roles: vec![(name.as_str(), role)], raw })
    };
    matrix.0.iter().map(row).collect()
}

/// Everybody who is enrolled. A role that the policies do not know gives nothing.
fn of_operators<'c>(
    which: &Which,
    matrix: &'c RoleMatrix,
    access: &Access,
) -> anyhow::Result<Vec<Row<'c>>> {
    let operators = replay::operators(&which.open()?)?;
    let row = |one: gatewarden_engine::Operator| {
        let known = one.roles.iter().filter_map(|role| matrix.0.get_key_value(role));
        let roles = known.map(|(name, role)| (name.as_str(), role)).collect();
        let name = one.id.to_string();
        let raw = access.raw_rights(&Who::Operator(one.id, one.roles).principal());
        Row { name, roles, raw }
    };
    Ok(operators.into_iter().map(row).collect())
}

fn rights(row: &Row<'_>) -> Vec<Right> {
    let mut rights = vec![];
    for module in Module::ALL {
        for action in Action::ALL {
            let has = |role: &Role| role.grants.get(&module).is_some_and(|a| a.contains(&action));
            let of: Vec<&(&str, &Role)> = row.roles.iter().filter(|(_, role)| has(role)).collect();
            let raw = row.raw.iter().find(|raw| (raw.module, raw.action) == (module, action));
            if of.is_empty() && raw.is_none() {
                continue;
            }
            let limits =
                |role: &Role| role.limits_of(module, action).map(limit_words).collect::<Vec<_>>();
            let free = of.iter().any(|(_, role)| limits(role).is_empty());
            let limits =
                if free { vec![] } else { of.iter().map(|(_, r)| limits(r).join("; ")).collect() };
            let roles = of.iter().map(|(name, _)| (*name).to_owned()).collect();
            rights.push(Right { module, action, roles, limits, raw: raw.cloned() });
        }
    }
    rights
}

fn print_table(rows: &[Row<'_>], forbids: &BTreeSet<String>) {
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
                    let limited = if right.limits.is_empty() { "" } else { "*" };
                    let raw = if right.raw.is_some() { "+" } else { "" };
                    format!("{}{limited}{raw}", right.action.name())
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
        for right in rights.iter().filter(|right| right.raw.is_some()) {
            let (module, action) = (right.module.name(), right.action.name());
            println!("+ {} {action} {module}: {}", row.name, right.raw_words());
        }
    }
    if !forbids.is_empty() {
        let list = forbids.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        println!("raw Cedar can take away of it: {list}: ask `access can`");
    }
}

fn csv(rows: &[Row<'_>]) -> String {
    let mut text = String::from("who,module,action,roles,limits,raw\r\n");
    for row in rows {
        for right in rights(row) {
            text.push_str(&format!(
                "{},{},{},{},{},{}\r\n",
                field(&row.name),
                right.module.name(),
                right.action.name(),
                field(&right.roles.join(" ")),
                field(&right.limits.join(" | or: ")),
                field(&right.raw_words())
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
                "roles": right.roles, "limits": right.limits,
                "raw": right.raw.as_ref().map(|raw| &raw.policies),
                "raw_conditional": right.raw.as_ref().map(|raw| raw.conditional)})
        })
    };
    rows.iter().flat_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use gatewarden_model::Limit;

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
        let raw = RawRight {
            module: Module::Count,
            action: Action::View,
            policies: vec!["raw:a,b".to_owned()],
            conditional: true,
        };
        let rows = [Row { name: "=x".to_owned(), roles: vec![("-r", &role)], raw: vec![raw] }];
        let text = csv(&rows);
        let expected = "who,module,action,roles,limits,raw\r\n\
                        '=x,outbound,execute,'-r,\"owners =cmd|'/C calc'!A0,\"\"x\"\"\",\r\n\
                        '=x,count,view,,,\"raw:a,b (on some facts)\"\r\n";
        assert_eq!(text, expected);
        let rows = json_of(&rows);
        assert_eq!(rows[0]["limits"][0], "owners =cmd|'/C calc'!A0,\"x\"");
        assert_eq!(rows[1]["raw"][0], "raw:a,b");
    }
}
