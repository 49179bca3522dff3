//! A firing: the facts that its rule looked at, what it is about, what follows.

use std::collections::BTreeMap;

use gatewarden_model::{
    DraftLine, RuleEffect, RuleFiring, RuleSubject, Scalar,
    rule::{FIRING_FACTS_MAX, FIRING_SUBJECTS_MAX, FIRING_TEXT_BYTES_MAX},
};

use super::{Rule, SUBJECTS};
use crate::{
    definition::RuleAction,
    facts::{Fact, Facts, Record},
};

/// What an action comes to; nothing where the facts that it needs are not there.
pub(super) fn effect(action: &RuleAction, rule: &Rule, facts: &Facts) -> Option<RuleEffect> {
    let title = || rule.definition.title.clone();
    Some(match action {
        RuleAction::Refuse { reason } => RuleEffect::Refuse { reason: reason.clone() },
        RuleAction::Approver { approver } => RuleEffect::Approver { approver: approver.clone() },
        RuleAction::StepUp { level } => RuleEffect::StepUp { level: *level },
        RuleAction::SecondPerson {} => RuleEffect::SecondPerson,
        RuleAction::Flag {} => RuleEffect::Flag { title: title() },
        RuleAction::Todo { to, title: said, due_h } => RuleEffect::Todo {
            to: to.clone(),
            title: said.clone().unwrap_or_else(title),
            due_h: *due_h,
        },
        RuleAction::Draft { document, item, quantity } => {
            let (Fact::Scalar(Scalar::Text(item)), Fact::Scalar(Scalar::Integer(quantity))) =
                (facts.get(item)?, facts.get(quantity)?)
            else {
                return None;
            };
            let lines = vec![DraftLine { item: item.clone(), quantity: *quantity }];
            RuleEffect::Draft { kind: *document, title: title(), lines }
        }
        RuleAction::Notify { to, template } => {
            RuleEffect::Notify { to: to.clone(), template: template.clone() }
        }
    })
}

pub(super) fn firing(rule: &Rule, facts: &Facts, row: u32, effects: Vec<RuleEffect>) -> RuleFiring {
    let definition = &rule.definition;
    let mut looked: BTreeMap<String, Scalar> = definition
        .params
        .iter()
        .map(|(name, value)| (format!("param.{name}"), bounded(value.clone())))
        .collect();
    for name in rule.names() {
        if looked.len() < FIRING_FACTS_MAX
            && let Some(told) = facts.get(name).and_then(told)
        {
            looked.insert(name.to_owned(), told);
        }
    }
    let subjects = SUBJECTS.iter().filter_map(|(kind, name)| match facts.get(name)? {
        Fact::Scalar(Scalar::Text(key)) => Some(RuleSubject { kind: *kind, key: key.clone() }),
        _ => None,
    });
    RuleFiring {
        rule: definition.id.clone(),
        title: definition.title.clone(),
        version: rule.version,
        trigger: definition.when,
        subjects: subjects.take(FIRING_SUBJECTS_MAX).collect(),
        cause: None,
        key: key_of(rule, facts),
        row,
        facts: looked,
        effects,
    }
}

/// What tells firings of a rule apart.
pub(super) fn key_of(rule: &Rule, facts: &Facts) -> String {
    let mut key = rule.definition.id.clone();
    for name in &rule.definition.key {
        key.push('/');
        match facts.get(name) {
            Some(Fact::Scalar(Scalar::Text(text))) => key.push_str(text),
            Some(Fact::Scalar(other)) => key.push_str(&other.to_string()),
            _ => {}
        }
    }
    key.truncate(key.floor_char_boundary(FIRING_TEXT_BYTES_MAX));
    key
}

/// A fact as a firing keeps it: of records the first few in words, since the document itself is in the journal;
/// nothing of what can't be told.
fn told(fact: &Fact) -> Option<Scalar> {
    let words = |record: &Record| {
        let pairs: Vec<String> =
            record.iter().map(|(name, value)| format!("{name} {value}")).collect();
        Scalar::Text(pairs.join(", "))
    };
    match fact {
        Fact::Scalar(scalar) => Some(bounded(scalar.clone())),
        Fact::Records(records) => {
            let few = records.iter().take(RECORDS_KEPT_MAX).map(words).collect();
            Some(bounded(Scalar::List(few)))
        }
        Fact::Untold(_) => None,
    }
}

/// Most records that a firing keeps.
const RECORDS_KEPT_MAX: usize = 8;
/// Most values of a list that a firing keeps.
pub(super) const LIST_KEPT_MAX: usize = 32;

pub(super) fn bounded(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Text(mut text) => {
            text.truncate(text.floor_char_boundary(FIRING_TEXT_BYTES_MAX));
            Scalar::Text(text)
        }
        Scalar::List(list) => {
            Scalar::List(list.into_iter().take(LIST_KEPT_MAX).map(bounded).collect())
        }
        other => other,
    }
}
