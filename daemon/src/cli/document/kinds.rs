//! `gatewarden document fields`: what a document of each kind needs: its head, its lines, its custom fields; and the
//! columns of a CSV of that kind.
//!
//! From the configuration's definitions, or the shipped ones; reads only, and needs no daemon. Absent: what
//! must hold between fields (a check of a document tells that).

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use gatewarden_config::shipped_kinds;
use gatewarden_documents::{
    FieldDeclaration, KindDefinition, Kinds,
    exchange::{ColumnOf, columns_of},
    fields::Level,
};
use gatewarden_model::canonical;
use serde_json::{Value, json};

use super::kind_of;
use crate::{cli::ConfigArg, plain::plain, run};

#[derive(Debug, Args)]
pub(crate) struct FieldsArgs {
    /// Of which kind, such as requisition; all where none is named.
    kind: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArg,
}

/// Tells it.
pub(super) fn fields(args: &FieldsArgs) -> anyhow::Result<ExitCode> {
    let kinds = kinds_of(&args.config)?;
    let wanted = args.kind.as_deref().map(kind_of).transpose()?;
    let all = kinds.kinds.iter().filter(|one| wanted.is_none_or(|kind| kind == one.kind));
    let shown: Vec<(&KindDefinition, Vec<&FieldDeclaration>)> = all
        .map(|one| {
            let here = |field: &&FieldDeclaration| {
                field.kinds.is_empty() || field.kinds.contains(&one.kind)
            };
            (one, kinds.fields.iter().filter(here).collect())
        })
        .collect();
    anyhow::ensure!(!shown.is_empty(), "no procedure defines this kind here");
    if args.json {
        let one = |(kind, fields): &(&KindDefinition, Vec<&FieldDeclaration>)| json!({"kind": kind.kind, "needs": kind.needs, "lines": kind.lines, "fields": fields, "columns": columns_of(kind, fields)});
        let all: Vec<Value> = shown.iter().map(one).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        let texts: Vec<String> = shown.iter().map(|(kind, own)| told(kind, own)).collect();
        print!("{}", texts.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The configuration's kinds, else the shipped ones.
fn kinds_of(config: &ConfigArg) -> anyhow::Result<Kinds> {
    if !config.config.exists() {
        return Ok(shipped_kinds());
    }
    let config = run::load_config_without_secrets(&config.config)?;
    match config.procedures.parts.get("documents") {
        Some(text) => {
            canonical::decode(text.as_bytes()).context("the kinds of document can't be read")
        }
        None => Ok(shipped_kinds()),
    }
}

/// A kind with its fields, for people.
fn told(kind: &KindDefinition, fields: &[&FieldDeclaration]) -> String {
    let mut lines = vec![format!("{}: {}", kind.kind.name(), kind.title)];
    let said = |what: &str, value: &Value| match words(value) {
        words if words.is_empty() => None,
        words => Some(format!("  {what}: {words}")),
    };
    lines.extend(said("head needs", &json!(kind.needs)));
    lines.extend(said("lines", &json!(kind.lines)));
    for field in fields {
        let place = match field.on {
            Level::Document => "custom",
            Level::Line => "lines[].custom",
        };
        let mut holds = json!(field.holds);
        let is = holds.as_object_mut().and_then(|map| map.remove("type")).unwrap_or_default();
        let limits = words(&holds);
        let limits = if limits.is_empty() { limits } else { format!(" ({limits})") };
        let must = match (&field.default, field.required) {
            (Some(default), _) => format!(", {default} where it is left out"),
            (None, true) => ", required".to_owned(),
            (None, false) => String::new(),
        };
        let classes = match field.classes.is_empty() {
            true => String::new(),
            false => format!(", items of class {}", words(&json!(field.classes))),
        };
        let (name, title) = (&field.name, &field.title);
        lines.push(format!(
            "  {place}.{name}: {}{limits}{must}{classes}; right custom:{name}; {title}",
            words(&is)
        ));
    }
    let columns = columns_of(kind, fields);
    for (of, is_line) in [("columns of a CSV", false), ("columns of its lines", true)] {
        let names: Vec<String> =
            columns.iter().filter(|one| one.line == is_line).map(column).collect();
        if !names.is_empty() {
            lines.push(format!("  {of}: {}", names.join(", ")));
        }
    }
    lines.iter().map(|line| format!("{}\n", plain(line))).collect()
}

/// A column for people: `link.work-order (needed; NUMBER or NUMBER##LINE)`.
fn column(one: &ColumnOf) -> String {
    let needed = one.needed.then_some("needed");
    let more: Vec<&str> = needed.into_iter().chain(one.form.as_deref()).collect();
    match more.is_empty() {
        true => one.name.clone(),
        false => format!("{} ({})", one.name, more.join("; ")),
    }
}

/// A value in words: `min 1, max 500, needs from, to`.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let one = |(key, value): (&String, &Value)| {
                format!("{} {}", key.replace('_', " "), words(value))
            };
            map.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn each_field_is_told_with_what_it_takes() {
        let kinds = shipped_kinds();
        assert!(!kinds.fields.is_empty());
        for kind in &kinds.kinds {
            let own: Vec<_> =
                kinds.fields.iter().filter(|one| one.kinds.contains(&kind.kind)).collect();
            let text = told(kind, &own);
            assert!(text.starts_with(kind.kind.name()), "{text}");
            for field in own {
                assert!(text.contains(&format!("custom.{}: ", field.name)), "{text}");
                assert!(text.contains(&format!("right custom:{}", field.name)), "{text}");
            }
            assert!(text.contains("columns of a CSV: kind (needed), number (needed), "), "{text}");
        }
    }
}
