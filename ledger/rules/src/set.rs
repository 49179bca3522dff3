//! A set of rules, checked and made ready to be asked often.
//!
//! Invariants: every condition and cell was checked against one schema; rules are found by trigger, operation or
//! entry, movement kind and item, so that most are never asked; a definition's digest is its version, which each
//! firing names. Absent: when somebody asks (the engine), and doing what follows.

mod ask;
mod build;
mod find;
mod firing;
mod held;
mod keyed;
mod mistake;

use std::sync::Arc;

use gatewarden_model::{Hash, RuleTrigger};

pub use ask::{Failure, Findings, Verdict};
pub use find::{Event, Touched};
pub use mistake::{RuleMistake, RulePart};

use crate::{
    condition::{Condition, Need},
    definition::{RuleAction, RuleDefinition, RuleDefinitions},
    schema::Schema,
    table::Table,
    wants::Wants,
};
use find::{Fits, Index};

/// Before which operations a rule may look.
pub const OPERATIONS: [&str; 8] =
    ["submit", "approve", "execute", "post", "count", "change", "close", "cancel"];

/// After which entries a rule may look, as the journal names them.
pub const ENTRIES: [&str; 18] = [
    "moved",
    "held",
    "hold-decided",
    "quarantined",
    "quarantine-resolved",
    "unread",
    "denied",
    "task-opened",
    "task-approved",
    "task-closed",
    "document-written",
    "document-stepped",
    "item-defined",
    "commissioned",
    "sign-in-refused",
    "cost-landed",
    "reserved",
    "gap",
];

/// What a rule asks.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Condition(Condition, Vec<RuleAction>),
    Table(Table<Vec<RuleAction>>),
}

/// One rule of a set.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it is.
    pub definition: RuleDefinition,
    /// The digest of its definition.
    pub version: Hash,
    pub(crate) test: Test,
    fits: Fits,
    names: Box<[String]>,
    /// The same, as wants.
    wants: Wants,
    /// One of these must be met, or it does not fire; none where that can't be told.
    needs: Option<Vec<Need>>,
}

impl Rule {
    /// The names of the facts that it looks at, each once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The condition, where it has one, or that of a row of its table.
    #[must_use]
    pub fn condition(&self, row: u32) -> Option<&Condition> {
        match &self.test {
            Test::Condition(condition, _) => Some(condition),
            Test::Table(table) => table.condition(row),
        }
    }
}

/// What must be so for a rule to fire: one of these.
fn needs_of(test: &Test) -> Option<Vec<Need>> {
    match test {
        Test::Condition(condition, _) => condition.needs(),
        // Where no row holds, `otherwise` follows.
        Test::Table(table) if !table.otherwise().is_empty() => None,
        Test::Table(table) => {
            let all = table.conditions().map(Condition::needs).collect::<Option<Vec<_>>>()?;
            let all: Vec<Need> = all.into_iter().flatten().collect();
            (all.len() <= TABLE_NEEDS_MAX).then_some(all)
        }
    }
}

/// Most needs of a table; one with more is always asked.
const TABLE_NEEDS_MAX: usize = 64;

/// The facts that firings are about.
pub(crate) fn subject_wants() -> Wants {
    Wants::of(SUBJECTS.iter().map(|(_, name)| *name))
}

/// The facts that a rule looks at: in its conditions, in what it drafts, in its key.
fn looked_at(definition: &RuleDefinition, test: &Test) -> Box<[String]> {
    let conditions: Vec<&Condition> = match test {
        Test::Condition(condition, _) => vec![condition],
        Test::Table(table) => table.conditions().collect(),
    };
    let mut names: Vec<String> = definition.key.clone();
    names.extend(conditions.iter().flat_map(|one| one.names()).map(str::to_owned));
    names.extend(conditions.iter().flat_map(|one| one.values()).map(str::to_owned));
    for action in definition.actions() {
        if let RuleAction::Draft { item, quantity, .. } = action {
            names.extend([item.clone(), quantity.clone()]);
        }
    }
    names.sort_unstable();
    names.dedup();
    names.into()
}

/// Rules that are in force together.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    definitions: Arc<RuleDefinitions>,
    rules: Vec<Rule>,
    index: Index,
    wants: Wants,
}

impl RuleSet {
    /// Checks definitions and makes a set of them. Fails with everything that is wrong.
    pub fn new(
        definitions: Arc<RuleDefinitions>,
        schema: &Schema,
    ) -> Result<Self, Vec<RuleMistake>> {
        let rules = build::rules(&definitions, schema)?;
        let all = rules.iter().map(|rule| rule.wants);
        let wants = all.fold(subject_wants(), Wants::and);
        let index = Index::new(&rules);
        Ok(Self { definitions, rules, index, wants })
    }

    /// What it was made of.
    #[must_use]
    pub fn definitions(&self) -> &RuleDefinitions {
        &self.definitions
    }

    /// All rules, in the order of their definitions.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.definition.id == id)
    }

    /// Which facts some rule looks at.
    #[must_use]
    pub fn wants(&self) -> &Wants {
        &self.wants
    }

    /// The scheduled rules with their times, as cron writes them.
    pub fn scheduled(&self) -> impl Iterator<Item = (&Rule, &str)> {
        let scheduled = |rule: &&Rule| rule.definition.when == RuleTrigger::Schedule;
        let all = self.rules.iter().filter(scheduled);
        all.filter_map(|rule| Some((rule, rule.definition.cron.as_deref()?)))
    }
}

/// What firings are about, by the facts that name it.
pub(crate) const SUBJECTS: [(gatewarden_model::SubjectKind, &str); 6] = {
    use gatewarden_model::SubjectKind::{Document, Item, Movement, Operator, Station, Tag};
    [
        (Item, "item.code"),
        (Document, "document.number"),
        (Operator, "session.operator"),
        (Tag, "history.two_places_tag"),
        (Movement, "history.quarantine_pass"),
        (Station, "session.station"),
    ]
};
