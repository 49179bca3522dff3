//! By which policies a question is answered: by those in force, as the journal tells them, while those
//! of the configuration may wait for a second person; and where a raw policy stands.
//!
//! Without a journal, or before it tells any policies, those of the configuration are what the first
//! start puts in force. Absent: putting anything in force.

use anyhow::Context as _;
use gatewarden_config::Config;
use gatewarden_engine::{Access, State};
use gatewarden_model::{Change, SodTable};
use serde_json::{Value, json};

use super::{super::which::Which, replay};
use crate::{policies, run};

/// Policies, and whose they are.
pub(in super::super) struct Force {
    pub(in super::super) access: Access,
    origin: Origin,
    config: Option<Config>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// In force; the configuration has the same.
    InForce,
    /// In force; the configuration has others, and they were asked for.
    Waits,
    /// In force; the configuration has others, and nobody was asked yet.
    Differs,
    /// In force; there is no configuration to compare with.
    Alone,
    /// Of the configuration: the journal tells none yet.
    Unstarted,
    /// Of the configuration, because that was asked for.
    Proposed,
}

impl Force {
    /// The policies in force, or those of the configuration where `proposed` asks for them.
    pub(super) fn find(which: &Which, proposed: bool) -> anyhow::Result<Self> {
        if proposed {
            return Self::configured(which, Origin::Proposed);
        }
        let Some(ledger) = which.open_if_there()? else {
            return Self::configured(which, Origin::Unstarted);
        };
        let state = replay::state(&ledger)?;
        match in_force(&state)? {
            None => Self::configured(which, Origin::Unstarted),
            Some(access) => {
                let config = which.config().ok();
                let origin =
                    config.as_ref().map_or(Origin::Alone, |c| compared(&state, &access, c));
                Ok(Self { access, origin, config })
            }
        }
    }

    fn configured(which: &Which, origin: Origin) -> anyhow::Result<Self> {
        let config = which.config()?;
        Ok(Self { access: policies::build(&config)?, origin, config: Some(config) })
    }

    /// Says on standard error whose policies answered.
    pub(super) fn tell(&self) {
        let version = self.access.version();
        let words = match self.origin {
            Origin::InForce => "in force, as the configuration has them".to_owned(),
            Origin::Waits => {
                "in force; the configuration's wait for approval: gatewarden change list"
                    .to_owned()
            }
            Origin::Differs => "in force; the configuration has others, which the daemon asks a second \
                                person for when it starts with them"
                .to_owned(),
            Origin::Alone => "in force; no configuration was read to compare with".to_owned(),
            Origin::Unstarted => {
                "of the configuration: nothing is in force yet, the first start puts them in force"
                    .to_owned()
            }
            Origin::Proposed => {
                "of the configuration, which need not be in force: leave --proposed out to ask those"
                    .to_owned()
            }
        };
        eprintln!("policies {version} {words}");
    }

    /// The same for machines: whose policies answered, and what of the configuration is to be known.
    pub(super) fn told(&self) -> Value {
        let (source, configuration) = match self.origin {
            Origin::InForce => ("journal", "same"),
            Origin::Waits => ("journal", "waits-for-approval"),
            Origin::Differs => ("journal", "differs"),
            Origin::Alone => ("journal", "not-read"),
            Origin::Unstarted => ("configuration", "not-started"),
            Origin::Proposed => ("configuration", "proposed"),
        };
        json!({"version": self.access.version(), "source": source, "configuration": configuration})
    }

    /// Where a raw policy of a set stands: in a file where the configuration still has that text, else
    /// by its line in the journal's.
    pub(super) fn place(&self, access: &Access, id: &str) -> Option<String> {
        let at = access.raw_place(id)?;
        let (_, cedar) = access.source();
        let section = self.config.as_ref().map(|config| &config.access);
        if let Some(section) = section.filter(|section| section.cedar_text() == cedar) {
            let (file, line, column) = section.place(at)?;
            return Some(format!("{}:{line}:{column}", file.display()));
        }
        let line = cedar.get(..at)?.matches('\n').count() + 1;
        Some(format!("line {line} of the raw Cedar of that time"))
    }
}

/// The policies that the journal names last; none before it names any.
pub(in super::super) fn in_force(state: &State) -> anyhow::Result<Option<Access>> {
    let Some(known) = state.policies_in_force() else { return Ok(None) };
    // An older program may have written them in a form of its own: they mean the same in today's.
    let access =
        Access::recorded(&known.roles, &known.cedar, known.guards.as_deref(), known.version)
            .or_else(|_| Access::new(&known.roles, &known.cedar))
            .context("failed to build the policies that the journal has in force")?;
    Ok(Some(access))
}

fn compared(state: &State, access: &Access, config: &Config) -> Origin {
    let (roles, cedar) = (&config.roles, &config.access.cedar_text());
    let guards = run::engine_settings(config).guards();
    let sod = |table: &SodTable| *table == config.sod;
    let is_in_force = state.policies_in_force().is_none_or(|known| sod(&known.sod));
    // A journal from before settings stood in it takes over the configured ones.
    let same = access.guards().is_none_or(|known| *known == guards);
    if access.source() == (roles, cedar) && same && is_in_force {
        return Origin::InForce;
    }
    let asks = |change: &Change| match change {
        Change::Policies { roles: asked, cedar: text, guards: settings, sod: table, .. } => {
            let settings = settings.as_deref();
            (asked, text, settings) == (roles, cedar, Some(&guards)) && sod(table)
        }
        _ => false,
    };
    if state.changes().any(|open| asks(&open.change)) { Origin::Waits } else { Origin::Differs }
}
