//! From definitions to rules, with everything that is wrong told at once.

use std::collections::BTreeSet;

use gatewarden_model::RuleTrigger;

use super::{ENTRIES, OPERATIONS, Rule, RuleMistake, RulePart, Test, find::Fits, looked_at};
use crate::{
    condition::{Condition, ConditionMistake},
    definition::{
        ACTIONS_MAX, Over, PARAMS_MAX, QUIET_H_MAX, RULES_MAX, RuleAction, RuleDefinition,
        RuleDefinitions, TableDefinition,
    },
    nearest::nearest,
    schema::{FactType, Schema},
    table::{self, TABLE_COLUMNS_MAX, TABLE_ROWS_MAX, Table},
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
            rules.push(Rule { definition: definition.clone(), version, test, fits, names });
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

    fn when(&mut self) {
        let definition = self.definition;
        let scheduled = definition.when == RuleTrigger::Schedule;
        if scheduled != definition.cron.is_some() {
            let message = if scheduled { "no time" } else { "a time for what is not scheduled" };
            let expected = "cron = \"0 6 * * *\" where when = \"schedule\", and only there";
            self.key("cron", "no-cron", message, expected.to_owned());
        }
        let known: &[&str] = match definition.when {
            RuleTrigger::Before => &OPERATIONS,
            RuleTrigger::After => &ENTRIES,
            RuleTrigger::Schedule | RuleTrigger::Level => &[],
        };
        for (place, word) in definition.on.iter().enumerate() {
            if !known.contains(&word.as_str()) {
                let near = nearest(word, known.iter().copied());
                let mistake = ConditionMistake {
                    start: 0,
                    end: word.len(),
                    code: "unknown-event",
                    message: format!("unknown event {word:?}"),
                    expected: match known {
                        [] => "nothing: it looks when its time comes, or its level".to_owned(),
                        known => format!("one of {}", known.join(", ")),
                    },
                    hint: near.map(|near| format!("did you mean {near:?}?")),
                };
                self.push(RulePart::Key("on", place), false, mistake);
            }
        }
        let places = definition.over == Over::Places || definition.over == Over::Operators;
        if places && !scheduled {
            let expected = "over = \"items\", or nothing".to_owned();
            self.key(
                "over",
                "over-unscheduled",
                "only a scheduled rule goes through these",
                expected,
            );
        }
    }

    fn numbers(&mut self) {
        let definition = self.definition;
        if definition.params.len() > PARAMS_MAX {
            let expected = format!("at most {PARAMS_MAX}");
            self.key("params", "too-many", "more parameters than there may be", expected);
        }
        if definition.quiet_h > QUIET_H_MAX {
            let expected = format!("at most {QUIET_H_MAX}");
            self.key("quiet_h", "out-of-range", "a quiet span that never ends", expected);
        }
        let texts: Vec<&str> = self.texts();
        let unused: Vec<String> = definition
            .params
            .keys()
            .filter(|name| !texts.iter().any(|text| text.contains(&format!("param.{name}"))))
            .cloned()
            .collect();
        for name in unused {
            let mistake = ConditionMistake {
                start: 0,
                end: 0,
                code: "unused-parameter",
                message: format!("nothing looks at the parameter {name:?}"),
                expected: format!("param.{name} in the condition"),
                hint: None,
            };
            self.push(RulePart::Key("params", 0), true, mistake);
        }
    }

    /// All texts that conditions stand in.
    fn texts(&self) -> Vec<&str> {
        let definition = self.definition;
        let rows = definition.table.iter().flat_map(|table| &table.rows);
        let cells = rows.flat_map(|row| row.cells.iter().chain(&row.condition));
        definition.condition.iter().chain(cells).map(String::as_str).collect()
    }

    fn key_facts(&mut self) {
        let definition = self.definition;
        for (place, name) in definition.key.iter().enumerate() {
            let is = self.schema.fact(name).map(|(_, fact)| fact.is);
            if !matches!(is, Some(FactType::Text | FactType::Integer | FactType::Bool)) {
                self.unknown(RulePart::Key("key", place), name, "a fact that is one value");
            }
        }
    }

    fn unknown(&mut self, part: RulePart, name: &str, expected: &str) {
        let near = self.schema.nearest(name).map(|near| format!("did you mean {near}?"));
        let mistake = ConditionMistake {
            start: 0,
            end: name.len(),
            code: "unknown-fact",
            message: format!("{name:?} is not one"),
            expected: expected.to_owned(),
            hint: near,
        };
        self.push(part, false, mistake);
    }

    fn actions(&mut self) {
        let definition = self.definition;
        let mut lists = vec![(None, &definition.then)];
        if let Some(table) = &definition.table {
            lists.extend(table.rows.iter().enumerate().map(|(row, one)| (Some(row), &one.then)));
            lists.push((Some(table.rows.len()), &table.otherwise));
        }
        if lists.iter().all(|(_, list)| list.is_empty()) {
            let expected = "at least one action, such as { kind = \"flag\" }".to_owned();
            self.whole("no-action", "nothing follows", expected);
        }
        for (row, list) in lists {
            if list.len() > ACTIONS_MAX {
                let expected = format!("at most {ACTIONS_MAX}");
                self.told(
                    RulePart::Action(row, ACTIONS_MAX),
                    "too-many",
                    "too many actions",
                    expected,
                );
            }
            for (place, action) in list.iter().enumerate() {
                self.action(RulePart::Action(row, place), action);
            }
        }
        if definition.table.is_some() && !definition.then.is_empty() {
            let expected = "\"then\" in each row and in \"otherwise\"".to_owned();
            self.key("then", "then-and-table", "a table's rows say what follows", expected);
        }
    }

    fn action(&mut self, part: RulePart, action: &RuleAction) {
        let before = self.definition.when == RuleTrigger::Before;
        match action {
            gate if gate.gates() && !before => {
                let expected = "when = \"before\", or flag, todo, draft, notify".to_owned();
                self.told(
                    part,
                    "gate-too-late",
                    "this decides about what has been already",
                    expected,
                );
            }
            RuleAction::StepUp { level } if !(2..=4).contains(level) => {
                self.told(part, "out-of-range", "no such level", "2, 3 or 4".to_owned());
            }
            RuleAction::Approver { approver } if !is_approver(approver) => {
                self.told(part, "bad-approver", "nobody is named so", approvers());
            }
            RuleAction::Todo { to, .. } | RuleAction::Notify { to, .. }
                if to.is_empty() || !to.iter().all(|one| is_approver(one)) =>
            {
                self.told(part, "bad-approver", "nobody is named so", approvers());
            }
            RuleAction::Draft { item, quantity, .. } => {
                for (name, is) in [(item, FactType::Text), (quantity, FactType::Integer)] {
                    if self.schema.fact(name).map(|(_, fact)| fact.is) != Some(is) {
                        let expected = format!("a fact that is {is}");
                        self.unknown(part.clone(), name, &expected);
                    }
                }
            }
            _ => {}
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

/// Whether somebody can be named so.
fn is_approver(name: &str) -> bool {
    name.split_once(':').is_some_and(|(kind, rest)| {
        matches!(kind, "role" | "operator" | "field" | "manager-of" | "department")
            && (1..=64).contains(&rest.len())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    })
}

fn approvers() -> String {
    "role:NAME, operator:NAME, field:NAME, manager-of:initiator or department:NAME".to_owned()
}
