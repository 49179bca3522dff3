//! What rules of a house are made of: its fields, its own rules, its calendar; from the configuration, or as the
//! journal has them.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use gatewarden_config::{
    CheckedRules, Config, SystemEnvironment, parse_rules, render, shipped_kinds, shipped_rules,
    shipped_rules_text,
};
use gatewarden_documents::Kinds;
use gatewarden_engine::Procedures;
use gatewarden_model::{Body, Day};
use gatewarden_rules::{RuleDefinitions, RuleSet, Schema, backtest::PutFields};
use gatewarden_store::LedgerReader;
use gatewarden_workflow::Workflows;

use crate::cli::procedures::{part, put_own};

/// Microseconds of a minute.
const US_A_MINUTE: i64 = 60_000_000;

/// Whether people work on a day at a minute of it.
pub(super) type Works = Arc<dyn Fn(Day, u32) -> bool + Send + Sync>;

/// What is known of a house.
pub(super) struct House {
    /// The facts that conditions may ask for.
    pub(super) schema: Schema,
    /// The configuration's rules; none where it has none.
    rules: Option<RuleDefinitions>,
    workflows: Option<Workflows>,
    kinds: Kinds,
}

impl House {
    /// The house of a configuration; without one, what is shipped.
    pub(super) fn of(config: Option<&Config>) -> anyhow::Result<Self> {
        let kinds = part::<Kinds>(config, "documents")?.unwrap_or_else(shipped_kinds);
        Ok(Self {
            schema: Schema::of_house(kinds.facts())?,
            rules: part(config, "rules")?,
            workflows: part(config, "workflows")?,
            kinds,
        })
    }

    /// Checks a file of rules against the facts of the house.
    pub(super) fn parse(&self, file: &Path) -> anyhow::Result<CheckedRules> {
        let bytes =
            std::fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
        Ok(parse_rules(file, &bytes, &SystemEnvironment, &self.schema))
    }

    /// Checks the shipped rules against the facts of the house.
    pub(super) fn parse_shipped(&self) -> CheckedRules {
        let (path, bytes) = (Path::new("the shipped rules"), shipped_rules_text().as_bytes());
        parse_rules(path, bytes, &SystemEnvironment, &self.schema)
    }

    /// The rules of a file, or those of the configuration, or those that are shipped.
    pub(super) fn set(&self, file: Option<&Path>) -> anyhow::Result<RuleSet> {
        let definitions = match file {
            None => self.rules.clone().unwrap_or_else(shipped_rules),
            Some(file) => {
                let checked = self.parse(file)?;
                let shown = || render(&checked.mistakes, &checked.source);
                let told = || format!("{} can't be used:\n{}", file.display(), shown());
                checked.rules.with_context(told)?
            }
        };
        RuleSet::new(Arc::new(definitions), &self.schema).map_err(|mistakes| {
            let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("the rules can't be used: {}", told.join("; "))
        })
    }

    /// Puts the house's own fields of a document, by their types.
    pub(super) fn fields(&self) -> PutFields {
        let declared = self.kinds.fields.clone();
        Arc::new(move |content, facts| put_own(facts, content, &declared))
    }

    /// The house's working calendar.
    pub(super) fn calendar(&self) -> Option<Works> {
        let calendar = self.workflows.as_ref()?.calendar.clone();
        let east_us = i64::from(calendar.utc_offset_min) * US_A_MINUTE;
        Some(Arc::new(move |day, minute| {
            let midnight_us = i64::from(day.number()) * 24 * 60 * US_A_MINUTE;
            calendar.is_open(midnight_us + i64::from(minute) * US_A_MINUTE - east_us)
        }))
    }
}

/// The rules that were in force when an entry was written, as the journal has them.
pub(super) fn in_force(ledger: &LedgerReader, seq: u64) -> anyhow::Result<Option<RuleSet>> {
    let live = ledger.live()?;
    let mut parts =
        live.iter().filter(|entry| entry.seq < seq).filter_map(|entry| match &entry.body {
            Body::ProceduresDefined { parts, .. } => Some(parts),
            _ => None,
        });
    let read = parts.next_back().map(Procedures::read).transpose()?;
    Ok(read.map(|procedures| procedures.rules))
}
