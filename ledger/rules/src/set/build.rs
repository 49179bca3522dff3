//! From definitions to rules, with everything that is wrong told at once.

mod keys;

use std::collections::BTreeSet;

use super::{Rule, RuleMistake, RulePart, Test, find::Fits, looked_at, needs_of};
use crate::{
    condition::{Condition, ConditionMistake},
    definition::{RULES_MAX, RuleDefinition, RuleDefinitions, TableDefinition},
    schema::Schema,
    table::{self, TABLE_COLUMNS_MAX, TABLE_ROWS_MAX, Table},
    wants::Wants,
};

/// Rules of definitions. Warnings alone are no failure; `check` tells them.
pub(super) fn rules(
    definitions: &RuleDefinitions,
    schema: &Schema,
) -> Result<Vec<Rule>, Vec<RuleMistake>> {
    let (rules, mut mistakes) = built(definitions, schema);
    mistakes.retain(|mistake| !mistake.warning);
    if mistakes.is_empty() { Ok(rules) } else { Err(mistakes) }
}

impl RuleDefinitions {
    /// Everything that is wrong with them, warnings too.
    #[must_use]
    pub fn check(&self, schema: &Schema) -> Vec<RuleMistake> {
        built(self, schema).1
    }
}

fn built(definitions: &RuleDefinitions, schema: &Schema) -> (Vec<Rule>, Vec<RuleMistake>) {
    let (mut rules, mut mistakes, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (at, definition) in definitions.rules.iter().enumerate() {
        let mut builder = Builder { at, definition, schema, mistakes: &mut mistakes };
        if at == RULES_MAX {
            builder.whole(
                "too-many",
                "more rules than there may be",
                format!("at most {RULES_MAX}"),
            );
            break;
        }
        if !ids.insert(&definition.id) {
            builder.key(
                "id",
                "rule-twice",
                "there is such a rule already",
                "an id of its own".into(),
            );
        }
        if let Some(test) = builder.rule() {
            let fits = Fits::new(definition);
            let version = definition.version();
            let names = looked_at(definition, &test);
            let (wants, needs) = (Wants::of(names.iter().map(String::as_str)), needs_of(&test));
            let definition = definition.clone();
            rules.push(Rule { definition, version, test, fits, names, wants, needs });
        }
    }
    (rules, mistakes)
}

struct Builder<'b> {
    at: usize,
    definition: &'b RuleDefinition,
    schema: &'b Schema,
    mistakes: &'b mut Vec<RuleMistake>,
}

impl Builder<'_> {
    fn push(&mut self, part: RulePart, warning: bool, mistake: ConditionMistake) {
        let id = self.definition.id.clone();
        self.mistakes.push(RuleMistake { rule: self.at, id, part, warning, mistake });
    }

    fn told(&mut self, part: RulePart, code: &'static str, message: &str, expected: String) {
        let mistake = ConditionMistake {
            start: 0,
            end: 0,
            code,
            message: message.to_owned(),
            expected,
            hint: None,
        };
        self.push(part, false, mistake);
    }

    fn whole(&mut self, code: &'static str, message: &str, expected: String) {
        self.told(RulePart::Whole, code, message, expected);
    }

    fn key(&mut self, key: &'static str, code: &'static str, message: &str, expected: String) {
        self.told(RulePart::Key(key, 0), code, message, expected);
    }

    fn rule(&mut self) -> Option<Test> {
        self.when();
        self.numbers();
        self.key_facts();
        self.actions();
        let definition = self.definition;
        match (&definition.condition, &definition.table) {
            (Some(text), None) => self.condition(text),
            (None, Some(table)) => self.table(table),
            (Some(_), Some(_)) => {
                let expected = "\"if\", or a table, not both".to_owned();
                self.whole("if-and-table", "a condition and a table", expected);
                None
            }
            (None, None) => {
                let expected = "\"if\" with a condition, or a table".to_owned();
                self.whole("no-condition", "neither a condition nor a table", expected);
                None
            }
        }
    }

    fn condition(&mut self, text: &str) -> Option<Test> {
        let parsed = self.parsed(RulePart::Condition, text)?;
        Some(Test::Condition(parsed, self.definition.then.clone()))
    }

    fn parsed(&mut self, part: RulePart, text: &str) -> Option<Condition> {
        match Condition::parse_with(text, self.schema, &self.definition.params) {
            Ok(condition) => Some(condition),
            Err(mistakes) => {
                for mistake in mistakes.0 {
                    self.push(part.clone(), false, mistake);
                }
                None
            }
        }
    }

    fn table(&mut self, written: &TableDefinition) -> Option<Test> {
        if written.rows.len() > TABLE_ROWS_MAX || written.columns.len() > TABLE_COLUMNS_MAX {
            let expected = format!("at most {TABLE_ROWS_MAX} rows, {TABLE_COLUMNS_MAX} columns");
            self.key("table", "too-many", "a table that nobody can read", expected);
            return None;
        }
        let mut whole = true;
        for (at, column) in written.columns.iter().enumerate() {
            if self.schema.fact(column).is_none() {
                self.unknown(RulePart::Column(at), column, "the name of a fact");
                whole = false;
            }
        }
        let rows: Vec<_> = (0..written.rows.len())
            .map(|at| Some((self.row(written, at, whole)?, written.rows[at].then.clone())))
            .collect();
        let table =
            Table::new(rows.into_iter().collect::<Option<Vec<_>>>()?, written.otherwise.clone());
        for row in table.dead() {
            let mistake = ConditionMistake {
                start: 0,
                end: 0,
                code: "dead-row",
                message: "this row can never decide".to_owned(),
                expected: "a row that no earlier one takes all of".to_owned(),
                hint: None,
            };
            let at = usize::try_from(row).unwrap_or(1).saturating_sub(1);
            self.push(RulePart::Row(at), true, mistake);
        }
        whole.then_some(Test::Table(table))
    }

    fn row(&mut self, written: &TableDefinition, at: usize, columns: bool) -> Option<Condition> {
        let row = &written.rows[at];
        match (&row.condition, written.columns.is_empty()) {
            (Some(text), true) if row.cells.is_empty() => {
                self.parsed(RulePart::RowCondition(at), text)
            }
            (None, false) if row.cells.len() == written.columns.len() => {
                if !columns {
                    return None;
                }
                let params = &self.definition.params;
                match table::row(&written.columns, &row.cells, self.schema, params) {
                    Ok(condition) => Some(condition),
                    Err(mistakes) => {
                        for (column, mistake) in mistakes {
                            self.push(RulePart::Cell(at, column), false, mistake);
                        }
                        None
                    }
                }
            }
            _ => {
                let expected = match written.columns.len() {
                    0 => "\"if\" with a condition, since the table has no columns".to_owned(),
                    count => format!("{count} cells, one a column; \"-\" for anything"),
                };
                self.told(
                    RulePart::Row(at),
                    "wrong-row",
                    "this row does not fit the table",
                    expected,
                );
                None
            }
        }
    }
}
