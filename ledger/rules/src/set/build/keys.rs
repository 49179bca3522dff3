//! What is wrong with a rule beside its conditions: its time, events, numbers, key and actions.

use gatewarden_model::RuleTrigger;

use super::Builder;
use crate::{
    condition::ConditionMistake,
    definition::{ACTIONS_MAX, Over, PARAMS_MAX, QUIET_H_MAX, RuleAction},
    nearest::nearest,
    schema::FactType,
    set::{ENTRIES, OPERATIONS, RulePart},
};

impl Builder<'_> {
    pub(super) fn when(&mut self) {
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

    pub(super) fn numbers(&mut self) {
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

    pub(super) fn key_facts(&mut self) {
        let definition = self.definition;
        for (place, name) in definition.key.iter().enumerate() {
            let is = self.schema.fact(name).map(|(_, fact)| fact.is);
            if !matches!(is, Some(FactType::Text | FactType::Integer | FactType::Bool)) {
                self.unknown(RulePart::Key("key", place), name, "a fact that is one value");
            }
        }
    }

    pub(super) fn unknown(&mut self, part: RulePart, name: &str, expected: &str) {
        let near = self.schema.nearest(name).map(|near| format!("did you mean {near}?"));
        let message = match self.schema.fact(name) {
            Some((_, fact)) => format!("the fact {name:?} is {}", fact.is),
            None => format!("unknown fact {name:?}"),
        };
        let mistake = ConditionMistake {
            start: 0,
            end: name.len(),
            code: "unknown-fact",
            message,
            expected: expected.to_owned(),
            hint: near,
        };
        self.push(part, false, mistake);
    }

    pub(super) fn actions(&mut self) {
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
