//! From the configuration to the policies in force, with mistakes in raw Cedar told at their places.
//!
//! Absent: what the policies mean (the engine), reading files (the configuration).

use anyhow::Context as _;
use gatewarden_config::{AccessSection, Config, Mistake, Severity, render};
use gatewarden_engine::{
    Access, AccessError,
    access::{Finding, RawMistake, Weight, lint},
};
use gatewarden_model::RoleMatrix;

use crate::run;

/// The policies of a configuration with the settings that decide beside them; mistakes in its raw Cedar go
/// to standard error.
pub(crate) fn build(config: &Config) -> anyhow::Result<Access> {
    let access = of(&config.roles, &config.access)?;
    Ok(access.with_guards(run::engine_settings(config).guards()))
}

/// The policies of a role matrix and raw Cedar.
pub(crate) fn of(roles: &RoleMatrix, section: &AccessSection) -> anyhow::Result<Access> {
    Access::new(roles, &section.cedar_text()).map_err(|error| {
        for mistake in mistakes(section, &error) {
            eprint!("{}", shown(section, &mistake));
        }
        anyhow::Error::new(error).context("failed to build the policies")
    })
}

/// What is wrong with the raw Cedar; none where it is something else.
pub(crate) fn mistakes(section: &AccessSection, error: &AccessError) -> Vec<Mistake> {
    let AccessError::Raw(raw) = error else { return vec![] };
    let one = |RawMistake { start, end, message, hint }: &RawMistake| {
        let width = section
            .cedar_text()
            .get(*start..*end)
            .map_or(1, |meant| meant.lines().next().unwrap_or("").chars().count().max(1));
        let (file, line, column) = section.place(*start)?;
        Some(Mistake {
            file: file.to_owned(),
            line,
            column,
            width: u32::try_from(width).unwrap_or(u32::MAX),
            severity: Severity::Error,
            code: "bad-policy",
            message: message.clone(),
            expected: "a policy that fits the schema".to_owned(),
            hint: hint.clone(),
        })
    };
    raw.iter().filter_map(one).collect()
}

/// A mistake with its source line.
pub(crate) fn shown(section: &AccessSection, mistake: &Mistake) -> String {
    let file = section.cedar.iter().find(|file| file.path == mistake.file);
    render(std::slice::from_ref(mistake), file.map_or("", |file| &file.text))
}

/// Where a finding stands: `FILE:LINE:COLUMN` of raw Cedar, else the policy's id alone.
pub(crate) fn place(section: &AccessSection, finding: &Finding) -> Option<String> {
    let (file, line, column) = section.place(finding.at?)?;
    Some(format!("{}:{line}:{column}", file.display()))
}

/// What of the policies can't be meant so, in words. They can be used all the same.
pub(crate) fn doubts(config: &Config) -> anyhow::Result<Vec<String>> {
    let found = lint(&config.roles, &config.access.cedar_text(), None)
        .context("failed to look at the policies")?;
    let told = |one: &Finding| {
        let at = place(&config.access, one).map_or_else(String::new, |at| format!("{at}: "));
        format!("{at}warning: {}: {}", one.policy, one.message)
    };
    Ok(found.iter().filter(|one| one.weight == Weight::Error).map(told).collect())
}
