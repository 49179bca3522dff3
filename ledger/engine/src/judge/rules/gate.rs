//! Rules that stand before an operation, asked again by the judge: before a document is handed in, before stock moves.
//!
//! Invariant: only rules that look at nothing but what the journal holds whole are asked; of those each must have let
//! it by. Absent: rules that look at history, stock or the hour, whose word stands in the entries of what they found.

use std::collections::HashMap;

use gatewarden_model::{
    Actor, Body, Document, DocumentStep, Entry, Item, ItemId, Movement, OperatorId, RuleTrigger,
    Stamp,
};
use gatewarden_rules::{
    Around, Findings, Ground, History, Rule, RuleSet, Verdict as Means, operation_of,
};

use super::{Rulebook, Verdict, rules_in_force};
use crate::{
    documents::facts::thawed,
    rules::{acting_session, extra_of, is_named, orders_of, put_session},
    state::State,
};

/// Facts that the journal tells whole.
const TOLD: [&str; 6] = ["document.", "lines", "movement.", "item.", "session.", "operation.name"];

/// What the journal knows of the house.
struct Known<'k> {
    state: &'k State,
    items: &'k HashMap<ItemId, Item>,
}

impl Ground for Known<'_> {
    fn item(&self, code: &ItemId) -> Option<&Item> {
        self.items.get(code)
    }

    fn roles(&self, who: &OperatorId) -> Option<Vec<String>> {
        self.state.operator(who).map(|one| one.roles.clone())
    }

    fn orders(&self, document: &Document) -> Option<i64> {
        orders_of(self.state, document)
    }
}

/// Whether a rule looks at nothing else than what the journal tells whole.
fn is_told(rule: &Rule) -> bool {
    let told = |name: &str| TOLD.iter().any(|start| name.starts_with(start));
    rule.names().all(|name| told(name) && name != "lines[].on_hand")
}

impl Rulebook {
    /// What rules say that can be asked again; none where they can't be.
    fn ask<'k>(
        &self,
        state: &'k State,
        items: impl Iterator<Item = &'k ItemId>,
        at: &Stamp,
        ask: impl FnOnce(&RuleSet, Around<'_, Known<'_>>) -> Findings,
    ) -> Option<(Findings, &'k RuleSet)> {
        let set = rules_in_force(state)?;
        let mut items = items;
        if !items.all(|item| self.items.contains_key(item)) {
            return None;
        }
        let (history, ground) = (History::default(), Known { state, items: &self.items });
        let around = Around { history: &history, ground: &ground, at: *at };
        let mut found = ask(set, around);
        let kept = |id: &str| set.rule(id).is_some_and(is_told);
        found.firings.retain(|firing| kept(&firing.rule));
        Some((found, set))
    }

    /// Whether rules let a document be handed in as it was.
    pub(super) fn handed_in(&self, state: &State, document: &Document, entry: &Entry) -> Verdict {
        let Body::DocumentStepped {
            step: DocumentStep::Submitted { facts, lines, extra, .. },
            by,
            ..
        } = &entry.body
        else {
            return Ok(());
        };
        let Some(open) = state.document(document) else { return Ok(()) };
        let items = open.content.lines.iter().map(|line| &line.item);
        let asked = self.ask(state, items, &entry.at, |set, around| {
            set.document(around, (RuleTrigger::Before, "submit"), &open.content, |known| {
                for (name, value) in thawed(facts, lines).iter() {
                    known.set(name.to_owned(), value.clone());
                }
                known.set("document.state", open.frame().name());
                put_session(state, known, by);
            })
        });
        let Some((found, set)) = asked else { return Ok(()) };
        let means = Means::of(&found.firings);
        let number = &document.number;
        if let Some(why) = means.refused.first() {
            return Err(format!("{number} was handed in though it is refused: {why}"));
        }
        let session = acting_session(state, by);
        let level = session.map_or(0, |session| session.auth_level);
        if level < means.step_up {
            let needed = means.step_up;
            return Err(format!("a rule needs level {needed} to hand {number} in, it was {level}"));
        }
        if means.second_person && session.is_none_or(|session| session.second.is_none()) {
            return Err(format!("a rule needs two people to hand {number} in"));
        }
        let due: Vec<_> = found.firings.iter().filter_map(extra_of).collect();
        if let Some(one) = due.iter().find(|one| !extra.contains(one)) {
            let (rule, whom) = (&one.rule, one.approvers.join(", "));
            return Err(format!("rule {rule} asks {whom} to sign {number}, and nobody is asked"));
        }
        let told = |id: &str| set.rule(id).is_none_or(is_told);
        match extra.iter().find(|one| told(&one.rule) && !due.contains(one)) {
            None => Ok(()),
            Some(one) => Err(format!("rule {} asks for no signature of {number}", one.rule)),
        }
    }

    /// Whether rules let stock move as it did.
    pub(super) fn let_move(
        &self,
        state: &State,
        (movement, seen): (&Movement, bool),
        at: &Stamp,
    ) -> Verdict {
        let items = movement.lines.iter().map(|line| &line.item);
        let asked = self.ask(state, items, at, |set, around| {
            set.before_movement(around, operation_of(movement), movement)
        });
        let Some((found, _)) = asked else { return Ok(()) };
        let accepted = movement.pass.filter(|_| !seen);
        let decided = self.decided.as_ref().filter(|(pass, ..)| Some(*pass) == accepted);
        let named = decided.map(|(_, by, second)| {
            let first = match by {
                Actor::Operator { id, .. } => Some(id),
                _ => None,
            };
            let second = second.as_ref().map(|second| &second.operator);
            move |name: &str| first.into_iter().chain(second).any(|who| is_named(state, name, who))
        });
        let named = named.as_ref().map(|named| named as &dyn Fn(&str) -> bool);
        self.let_by(&Means::of(&found.firings), movement, named)
    }

    /// Whether a movement is what rules that found something leave it to be. `named` tells whether whoever accepted it
    /// is somebody.
    pub(super) fn let_by(
        &self,
        means: &Means,
        movement: &Movement,
        named: Option<&dyn Fn(&str) -> bool>,
    ) -> Verdict {
        if let Some(why) = means.refused.first() {
            return Err(format!("it moved what is refused: {why}"));
        }
        if movement.auth_level < means.step_up {
            let (needed, level) = (means.step_up, movement.auth_level);
            return Err(format!("a rule needs level {needed}, it was moved with level {level}"));
        }
        if means.second_person && movement.second.is_none() {
            return Err("a rule needs two people, it was moved by one".to_owned());
        }
        let met = |name: &String| named.is_some_and(|named| named(name));
        match means.approvers.iter().find(|name| !met(name)) {
            None => Ok(()),
            Some(name) => Err(format!("a rule wants {name} to decide on it, and nobody did")),
        }
    }
}
