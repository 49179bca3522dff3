//! Where definitions, kinds, items and people come from: files, the configuration, the ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context as _;
use gatewarden_config::{
    Mistake, SystemEnvironment, parse_workflows, shipped_kinds, shipped_workflows,
};
use gatewarden_documents::Kinds;
use gatewarden_model::{DocumentKind, Item, OperatorId};
use gatewarden_rules::Schema;
use gatewarden_workflow::{Directory, Roster, Workflows};

use super::From;
use crate::cli::{procedures::part, sod};

/// Longest file of people, in bytes.
const PEOPLE_BYTES_MAX: u64 = 16 << 20;

/// All that is known of a house.
pub(super) struct House {
    pub(super) workflows: Workflows,
    pub(super) kinds: Kinds,
    /// The facts that conditions may ask for.
    pub(super) schema: Schema,
    pub(super) items: Vec<Item>,
    pub(super) roles: Option<BTreeSet<String>>,
    pub(super) people: Option<BTreeMap<OperatorId, BTreeSet<String>>>,
}

/// A house, and what is wrong with the file that says it.
pub(super) struct Read {
    /// What the definitions come from.
    pub(super) name: String,
    pub(super) house: Option<House>,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) source: String,
}

impl House {
    /// Reads everything; fails where the definitions have mistakes.
    pub(super) fn find(from: &From) -> anyhow::Result<Self> {
        let read = Self::read(from)?;
        let told = || gatewarden_config::render(&read.mistakes, &read.source);
        read.house.with_context(|| format!("{} can't be used:\n{}", read.name, told()))
    }

    /// Reads everything, with the mistakes of a file of workflows.
    pub(super) fn read(from: &From) -> anyhow::Result<Read> {
        let config = from.which.config_if_there()?;
        let kinds = part::<Kinds>(config.as_ref(), "documents")?.unwrap_or_else(shipped_kinds);
        let schema = Schema::of_house(kinds.facts())?;
        let roles = config.as_ref().map(|config| config.roles.0.keys().cloned().collect());
        let (mut name, mut source, mut mistakes) =
            ("the shipped workflows".to_owned(), String::new(), vec![]);
        let workflows = match &from.file {
            Some(path) => {
                name = path.display().to_string();
                let bytes =
                    std::fs::read(path).with_context(|| format!("failed to read {name}"))?;
                let roster = Roster { roles: roles.clone(), people: None };
                let checked = parse_workflows(path, &bytes, &SystemEnvironment, &schema, &roster);
                (source, mistakes) = (checked.source, checked.mistakes);
                checked.workflows
            }
            None => {
                let own = part::<Workflows>(config.as_ref(), "workflows")?;
                if own.is_some() {
                    name = "the configuration's workflows".to_owned();
                }
                Some(own.unwrap_or_else(shipped_workflows))
            }
        };
        let people = Self::people_of(from, config.is_some())?;
        let items = config.map(|config| config.items).unwrap_or_default();
        let house =
            workflows.map(|workflows| Self { workflows, kinds, schema, items, roles, people });
        Ok(Read { name, house, mistakes, source })
    }

    /// The people of a file, or of the ledger where there is one.
    fn people_of(
        from: &From,
        configured: bool,
    ) -> anyhow::Result<Option<BTreeMap<OperatorId, BTreeSet<String>>>> {
        if let Some(path) = &from.people {
            let people = bounded(path, PEOPLE_BYTES_MAX)?;
            let read = serde_json::from_slice(&people);
            return read
                .with_context(|| format!("{} is no people by name", path.display()))
                .map(Some);
        }
        if !configured && !from.which.names_ledger() {
            return Ok(None);
        }
        let Some(ledger) = from.which.open_if_there()? else { return Ok(None) };
        let (state, _) = sod::people(&ledger)?;
        let roles = |roles: &[String]| roles.iter().cloned().collect();
        Ok(Some(state.operators().map(|one| (one.id.clone(), roles(&one.roles))).collect()))
    }

    /// The people as an approval of a kind of document sees them; none where they are not known.
    pub(super) fn directory(&self, kind: Option<DocumentKind>) -> Option<Directory<'_>> {
        let operators = self.people.clone()?;
        Some(Directory { operators, house: &self.workflows, kind })
    }
}

/// The bytes of a file that is not longer than it may be.
pub(super) fn bounded(path: &Path, max: u64) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("failed to read {}", path.display());
    let length = std::fs::metadata(path).with_context(failed)?.len();
    anyhow::ensure!(length <= max, "{} has {length} bytes: at most {max}", path.display());
    std::fs::read(path).with_context(failed)
}
