//! `rules.toml`: what a house watches, before and after. The shipped rules are data
//! (`procedures/rules.toml`, embedded); a rule of the file replaces the shipped one of that id, changes only its
//! numbers where it says nothing but those, or takes it out.
//!
//! Invariant: every mistake is told at once, each at its place, those within a condition's text too. Absent:
//! whether somebody holds a role that a rule names, which `workflow check` tells.

mod build;
mod inside;
mod shape;

use std::{collections::BTreeSet, path::Path};

use gatewarden_rules::{RuleDefinitions, RuleMistake, RulePart, Schema};

use crate::{
    Environment, Mistake, Severity,
    fields::{Fields, Span},
    load::{table_of, text_of, whole},
    report::Walk,
};

const SHIPPED: &str = include_str!("../../procedures/rules.toml");

/// What came of a file of rules.
#[derive(Debug, Clone)]
pub struct CheckedRules {
    /// The shipped rules with the file's own on top, where no mistake is an error.
    pub rules: Option<RuleDefinitions>,
    /// The ids of all, of those with mistakes too; none of a file that can't be read.
    pub names: Option<BTreeSet<String>>,
    /// All mistakes in the order of the file.
    pub mistakes: Vec<Mistake>,
    /// The file's text, for `render`.
    pub source: String,
}

/// The rules that are shipped.
#[must_use]
pub fn shipped_rules() -> RuleDefinitions {
    let path = Path::new("rules.toml");
    let env = crate::SystemEnvironment;
    let beneath = RuleDefinitions::default();
    // The text is embedded and a test parses it, so there is something in a build that passed.
    read(path, SHIPPED.as_bytes(), &env, &Schema::standard(), beneath).rules.unwrap_or_default()
}

/// The text of the shipped rules, to begin with.
#[must_use]
pub fn shipped_rules_text() -> &'static str {
    SHIPPED
}

/// Checks the bytes of a file of rules against the facts that there are; `path` is what mistakes call it.
#[must_use]
pub fn parse_rules(
    path: &Path,
    bytes: &[u8],
    env: &dyn Environment,
    schema: &Schema,
) -> CheckedRules {
    read(path, bytes, env, schema, shipped_rules())
}

fn read(
    path: &Path,
    bytes: &[u8],
    env: &dyn Environment,
    schema: &Schema,
    beneath: RuleDefinitions,
) -> CheckedRules {
    let text = text_of(bytes);
    let mut walk = Walk::new(path, text, env);
    let mut names = None;
    let rules = whole(&mut walk, bytes, text).and_then(|()| {
        let root = table_of(&mut walk, &shape::ROOT, text)?;
        let stated = root.tables("rules").iter().filter_map(|table| table.owned("id"));
        let stated: BTreeSet<String> = stated.collect();
        let of_beneath: Vec<String> = beneath.rules.iter().map(|rule| rule.id.clone()).collect();
        let rules = rules(&mut walk, &root, schema, beneath);
        let made = rules.iter().flat_map(|all| all.rules.iter().map(|rule| rule.id.clone()));
        let made: Vec<String> = if rules.is_some() { made.collect() } else { of_beneath };
        names = Some(stated.into_iter().chain(made).collect());
        rules
    });
    let mistakes = walk.finish();
    let good = mistakes.iter().all(|mistake| mistake.severity == Severity::Warning);
    CheckedRules { rules: rules.filter(|_| good), names, mistakes, source: text.to_owned() }
}

/// The rules of a file on top of others.
fn rules(
    walk: &mut Walk<'_>,
    root: &Fields,
    schema: &Schema,
    beneath: RuleDefinitions,
) -> Option<RuleDefinitions> {
    let with_beneath = root.bool("defaults")?;
    let mut all = if with_beneath { beneath } else { RuleDefinitions::default() };
    if root.has("history") && root.place("history") != root.at {
        // What is wrong with it was told.
        all.history = root.table("history").and_then(build::history).unwrap_or(all.history);
    }
    let (mut own, mut of) = (RuleDefinitions::default(), Vec::new());
    for fields in root.tables("rules") {
        match build::rule(walk, fields, &all.rules) {
            build::Built::Rule(rule) => {
                own.rules.push(*rule);
                of.push(fields);
            }
            build::Built::Off(id) => all.rules.retain(|rule| rule.id != id),
            build::Built::Wrong => {}
        }
    }
    for mistake in own.check(schema) {
        if let Some(fields) = of.get(mistake.rule).filter(|fields| !follows(walk, fields, &mistake))
        {
            tell(walk, fields, &mistake);
        }
    }
    for rule in own.rules {
        match all.rules.iter().position(|known| known.id == rule.id) {
            Some(place) => all.rules[place] = rule,
            None => all.rules.push(rule),
        }
    }
    Some(all)
}

/// Whether a mistake only follows from another that was told: from a key that is wrong or missing.
fn follows(walk: &Walk<'_>, fields: &Fields, mistake: &RuleMistake) -> bool {
    let spoilt = |key: &str| fields.stands(key) && !fields.has(key);
    match mistake.mistake.code {
        "no-condition" => spoilt("if") || spoilt("table"),
        "no-action" => {
            let within = ["then", "table"].map(|key| fields.place(key));
            spoilt("then") || within.into_iter().any(|at| walk.has_errors_in(at))
        }
        "no-cron" | "unknown-event" | "over-unscheduled" | "gate-too-late" => {
            !fields.has("when") || spoilt("cron")
        }
        _ => false,
    }
}

/// Tells a mistake of a rule at its place in the file.
fn tell(walk: &mut Walk<'_>, fields: &Fields, mistake: &RuleMistake) {
    let (at, within) = place(fields, &mistake.part);
    let told = &mistake.mistake;
    let at = match within && told.end > 0 {
        true => inside::place(walk.source.within(at), at, told.start, told.end),
        false => at,
    };
    let (message, expected) = (told.message.clone(), told.expected.clone());
    match mistake.warning {
        true => walk.warn(at, told.code, message, expected, told.hint.clone()),
        false => walk.error(at, told.code, message, expected, told.hint.clone()),
    }
}

/// Where a part of a rule stands, and whether that is a text that the mistake has a place in.
fn place(fields: &Fields, part: &RulePart) -> (Span, bool) {
    let table = fields.table("table");
    let row = |at: usize| table.and_then(|table| table.tables("rows").get(at));
    let item = |of: Option<&Fields>, key: &str, at: usize| {
        of.and_then(|of| of.list(key).get(at).map(|value| value.at))
    };
    let actions = |of: Option<&Fields>, key: &str, at: usize| {
        of.and_then(|of| of.tables(key).get(at).map(|action| action.at))
    };
    let (found, within) = match *part {
        RulePart::Whole => (None, false),
        RulePart::Key(key, at) => (item(Some(fields), key, at).or(Some(fields.place(key))), false),
        RulePart::Condition => (Some(fields.place("if")), true),
        RulePart::Column(at) => (item(table, "columns", at), false),
        RulePart::Row(at) => (row(at).map(|row| row.at), false),
        RulePart::RowCondition(at) => (row(at).map(|row| row.place("if")), true),
        RulePart::Cell(at, column) => (item(row(at), "cells", column), true),
        RulePart::Action(None, at) => (actions(Some(fields), "then", at), false),
        RulePart::Action(Some(at), action) => match row(at) {
            Some(row) => (actions(Some(row), "then", action), false),
            None => (actions(table, "otherwise", action), false),
        },
    };
    (found.unwrap_or(fields.at), within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_has_no_mistake() {
        let (path, env) = (Path::new("rules.toml"), crate::SystemEnvironment);
        let beneath = RuleDefinitions::default();
        let checked = read(path, SHIPPED.as_bytes(), &env, &Schema::standard(), beneath);
        assert!(checked.mistakes.is_empty(), "{}", crate::render(&checked.mistakes, SHIPPED));
        assert_eq!(shipped_rules().rules.len(), 11, "four, and seven more");
    }
}
