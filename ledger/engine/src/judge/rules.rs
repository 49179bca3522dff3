//! Rules in the journal: was everything that one is said to have found found by a rule in force, was what it decides
//! followed, and was nothing drafted or done in its name that it did not ask for?
//!
//! Rules that look at the document, the movement, the item and the session alone are asked again before a document is
//! handed in and before stock moves, so that one who leaves a rule out is found. Invariant: an honest journal is never
//! told; what a rule can't be asked again on (history, stock, the hour, items of another gateway) is taken as it is
//! told, and held to the rule's definition. Absent: which rules should have found something after the fact.

mod gate;

use std::collections::{HashMap, VecDeque};

use gatewarden_model::{
    Actor, Body, Document, DocumentContent, DocumentKind, DocumentStep, DraftLine, Entry,
    ExtraApproval, Hash, Item, ItemId, PassId, RuleEffect, RuleFiring, RuleTrigger, Second, Stamp,
};
use gatewarden_rules::{RuleSet, Verdict as Means, entry_word};

use super::Verdict;
use crate::{
    access::Facts,
    holds::check_reason,
    rules::{draft_title, drafted, extra_of, is_for},
    state::State,
    turn::authenticated,
};

/// Entries of which it is remembered what they were, for firings that follow them.
const WORDS_MAX: usize = 65_536;
/// Firings before an operation that are kept until it is done or refused.
const PENDING_MAX: usize = 1_000;

/// A document that a firing drafts.
#[derive(Debug)]
struct Draft {
    kind: DocumentKind,
    title: String,
    lines: Vec<DraftLine>,
}

/// What is remembered of rules between entries.
#[derive(Debug, Default)]
pub(super) struct Rulebook {
    /// Every item that the journal defines.
    items: HashMap<ItemId, Item>,
    /// The definitions that were in force before those that are: what was asked just before a change may come late.
    before: Option<Hash>,
    /// The drafts that must follow.
    drafts: VecDeque<Draft>,
    /// What was handed in just before, with the approvals that rules ask for.
    submitted: Option<(Document, Vec<ExtraApproval>)>,
    /// What rules said before an operation of this very moment.
    pending: Vec<(Stamp, Option<Document>, RuleFiring)>,
    /// What moved last: what rules said of it may be told after it.
    moved: Option<(Stamp, Document)>,
    /// Who decided last on a pass that was held.
    decided: Option<(PassId, Actor, Option<Second>)>,
    /// What the last entries were, from `first` on.
    words: VecDeque<Option<&'static str>>,
    /// The entry of the oldest word.
    first: u64,
}

impl Rulebook {
    /// Keeps what later entries rest on; `state` is that of before.
    pub(super) fn count(&mut self, state: &State, entry: &Entry) {
        self.remember_word(entry);
        match &entry.body {
            Body::ItemDefined { item, .. } => {
                self.items.insert(item.code.clone(), item.clone());
            }
            Body::ProceduresDefined { .. } => self.before = state.procedures_version(),
            Body::RuleFired { firing, document } => return self.fired(entry, firing, document),
            Body::DocumentWritten { by: Actor::Daemon, decision: None, .. } => {
                self.drafts.pop_front();
                return;
            }
            Body::HoldDecided { pass, by, second, .. } => {
                self.decided = Some((*pass, by.clone(), second.clone()));
            }
            Body::Moved { movement, .. } => {
                self.moved = Some((entry.at, movement.document.clone()));
                self.pending.clear();
            }
            Body::Held { .. } | Body::Denied { .. } => self.pending.clear(),
            _ => {}
        }
        self.drafts.clear();
        self.submitted = match &entry.body {
            Body::DocumentStepped {
                document, step: DocumentStep::Submitted { extra, .. }, ..
            } => Some((document.clone(), extra.clone())),
            _ => None,
        };
    }

    fn fired(&mut self, entry: &Entry, firing: &RuleFiring, document: &Option<Document>) {
        self.drafts = firing
            .effects
            .iter()
            .filter_map(|effect| match effect {
                RuleEffect::Draft { kind, title, lines } => {
                    let title = draft_title(firing, title);
                    Some(Draft { kind: *kind, title, lines: lines.clone() })
                }
                _ => None,
            })
            .collect();
        let is_over = self
            .moved
            .as_ref()
            .is_some_and(|(at, moved)| *at == entry.at && Some(moved) == document.as_ref());
        let is_before = firing.trigger == RuleTrigger::Before && !is_over;
        if is_before && self.submitted.is_none() && self.pending.len() < PENDING_MAX {
            self.pending.push((entry.at, document.clone(), firing.clone()));
        }
    }

    fn remember_word(&mut self, entry: &Entry) {
        if self.words.is_empty() {
            self.first = entry.seq;
        }
        self.words.push_back(entry_word(&entry.body));
        if self.words.len() > WORDS_MAX {
            self.words.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// What an entry was: none where that is not remembered.
    fn word(&self, seq: u64) -> Option<Option<&'static str>> {
        let at = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        self.words.get(at).copied()
    }

    /// Judges what an entry says in the name of rules, or does though they say no.
    pub(super) fn judge(&self, state: &State, entry: &Entry) -> Verdict {
        match &entry.body {
            Body::RuleFired { firing, document } => {
                self.found(state, entry.seq, firing, document.as_ref())
            }
            Body::TodoDone { fired, reason, by } => done(state, *fired, reason, by),
            Body::DocumentWritten { content, by: Actor::Daemon, decision: None } => {
                self.drafted(content)
            }
            Body::DocumentStepped { document, step: DocumentStep::Submitted { .. }, .. } => {
                self.handed_in(state, document, entry)
            }
            Body::Moved { movement, pass } => {
                self.stood_in_the_way(entry)?;
                self.let_move(state, (movement, pass.is_some()), &entry.at)
            }
            _ => Ok(()),
        }
    }

    /// Whether a rule in force finds this.
    fn found(
        &self,
        state: &State,
        seq: u64,
        firing: &RuleFiring,
        document: Option<&Document>,
    ) -> Verdict {
        let id = &firing.rule;
        let Some(set) = rules_in_force(state) else {
            return Err(format!("rule {id} found something, and no rules are in force"));
        };
        let before = firing.trigger == RuleTrigger::Before;
        let held = set.holds(firing);
        if held.is_err() {
            let older = self.before.filter(|_| !before).and_then(|old| state.procedures_of(&old));
            if older.is_none_or(|older| older.rules.holds(firing).is_err()) {
                return held;
            }
        }
        self.caused(set, seq, firing)?;
        if before && document.is_none() {
            return Err(format!("rule {id} looks before something is done, and names nothing"));
        }
        self.heeded(firing, document)
    }

    /// Whether what a rule decides on handing in was done.
    fn heeded(&self, firing: &RuleFiring, document: Option<&Document>) -> Verdict {
        let Some((handed, extra)) = &self.submitted else { return Ok(()) };
        let id = &firing.rule;
        if firing.trigger != RuleTrigger::Before || document != Some(handed) {
            return Ok(());
        }
        if let Some(why) = Means::of(std::slice::from_ref(firing)).refused.first() {
            return Err(format!("{} was handed in though it is refused: {why}", handed.number));
        }
        match extra_of(firing) {
            Some(asked) if !extra.contains(&asked) => {
                Err(format!("rule {id} asks for a signature that {} is not given", handed.number))
            }
            _ => Ok(()),
        }
    }

    /// Whether a firing names what it follows.
    fn caused(&self, set: &RuleSet, seq: u64, firing: &RuleFiring) -> Verdict {
        let id = &firing.rule;
        let follows = matches!(firing.trigger, RuleTrigger::After | RuleTrigger::Level);
        let Some(cause) = firing.cause else {
            return match follows {
                true => Err(format!("rule {id} names no entry that it follows")),
                false => Ok(()),
            };
        };
        if !follows || cause >= seq {
            return Err(format!("rule {id} can't follow entry {cause}"));
        }
        let Some(word) = self.word(cause) else { return Ok(()) };
        let on = set.rule(id).map_or(&[][..], |rule| &rule.definition.on);
        let fits = match firing.trigger {
            RuleTrigger::Level => word == Some("moved"),
            _ => word.is_some_and(|word| on.is_empty() || on.iter().any(|one| one == word)),
        };
        match fits {
            true => Ok(()),
            false => Err(format!("rule {id} does not look at what entry {cause} is")),
        }
    }

    /// Whether a document that nobody wrote is the draft of a rule.
    fn drafted(&self, content: &DocumentContent) -> Verdict {
        let number = &content.document.number;
        let Some(draft) = self.drafts.front() else {
            return Err(format!("nobody wrote {number}, and no rule drafts it"));
        };
        let document = Document { kind: draft.kind, number: number.clone() };
        match drafted(document, &draft.title, &draft.lines, content.date) == *content {
            true => Ok(()),
            false => Err(format!("{number} is another than the draft that its rule asks for")),
        }
    }

    /// Whether stock moved at the very moment at which a rule said no.
    fn stood_in_the_way(&self, entry: &Entry) -> Verdict {
        let Body::Moved { movement, .. } = &entry.body else { return Ok(()) };
        let of_this = |at: &Stamp, document: &Option<Document>| {
            *at == entry.at && document.as_ref() == Some(&movement.document)
        };
        let said = self.pending.iter().filter(|(at, document, _)| of_this(at, document));
        let said: Vec<RuleFiring> = said.map(|(.., firing)| firing.clone()).collect();
        self.let_by(&Means::of(&said), movement, None)
    }
}

/// The rules that are in force.
fn rules_in_force(state: &State) -> Option<&RuleSet> {
    let known = state.procedures_in_force()?;
    (!known.rules.rules().is_empty()).then_some(&known.rules)
}

/// Whether a to-do was done by whom it was for.
fn done(state: &State, fired: u64, reason: &str, by: &Actor) -> Verdict {
    let Some(todo) = state.todos.get(&fired) else {
        return Err(format!("it ends to-do {fired}, which is not open"));
    };
    authenticated(state, by, &Facts::default()).map_err(|(_, reason)| reason)?;
    match by {
        Actor::Operator { id, .. } if is_for(state, todo, id) => check_reason(reason),
        _ => Err(format!("to-do {fired} is for others")),
    }
}
