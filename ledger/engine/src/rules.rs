//! Rules in the turn: what they say before an operation, and what follows from what they found.
//!
//! Invariants: a rule that can't be asked refuses; whatever a rule finds is an entry with its version and facts;
//! a rule never does more than its definition names, and what it drafts is a draft like any other, which somebody
//! hands in and others sign. What is asked after an entry, on a schedule and by levels comes as findings from
//! outside (`Command::Fire`), where stock and time are; here it is recorded and done, once for each cause.
//! Absent: conditions and windows (`gatewarden-rules`).

mod after;
mod gates;
mod memory;
mod refused;

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Action, Actor, Body, Day, Document, DocumentContent, DocumentKind, DocumentLine, DraftLine,
    Entry, ExtraApproval, Item, ItemId, Module, Movement, OperatorId, RuleEffect, RuleFiring,
    RuleTrigger,
};
use gatewarden_rules::{
    Around, Facts as RuleFacts, Findings, Ground, RuleSet, StockFacts, Verdict, operation_of,
    orders_behind,
};

pub use after::{AgedStock, FoundAfter, OnHand, ScheduledRule};
pub use memory::RuleMemory;

use crate::{
    access::Facts,
    command::Reply,
    documents::facts::{Frozen, thawed},
    engine::Settings,
    holds::check_reason,
    state::{OpenDocument, Session, State, Todo},
    turn::{Answer, Asked, Fault, REASON_BYTES_MAX, Turn, authenticated, cut},
};

/// Firings that one command brings.
pub const FIRED_MAX: usize = 10_000;
/// Whoever is refused again within so many microseconds is told why, and nobody else is told again.
const REFUSED_QUIET_US: i64 = 60_000_000;

/// What rules say before something is done.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What fired.
    pub(crate) firings: Vec<RuleFiring>,
    /// Who else must sign.
    pub(crate) extra: Vec<ExtraApproval>,
}

/// Why rules let nothing move, and what they found.
pub(crate) type Refused = (Fault, Vec<RuleFiring>);

/// What is known of the house for rules.
struct House<'h> {
    state: &'h State,
    settings: &'h Settings,
    offset_min: i32,
    /// What there is of items, and is to come and go; none where nobody looked it up.
    stock: Option<&'h BTreeMap<ItemId, StockFacts>>,
}

impl Ground for House<'_> {
    fn item(&self, code: &ItemId) -> Option<&Item> {
        self.settings.items.by_code(code)
    }

    fn stock(&self, code: &ItemId) -> Option<StockFacts> {
        self.stock?.get(code).copied()
    }

    fn roles(&self, who: &OperatorId) -> Option<Vec<String>> {
        self.state.operator(who).map(|one| one.roles.clone())
    }

    fn offset_min(&self) -> i32 {
        self.offset_min
    }

    fn is_working(&self, day: Day, minute: u32) -> Option<bool> {
        let known = self.state.procedures_in_force()?;
        let calendar = &known.workflows.calendar;
        let local_us = i64::from(day.number()) * 86_400_000_000 + i64::from(minute) * 60_000_000;
        Some(calendar.is_open(local_us - i64::from(calendar.utc_offset_min) * 60_000_000))
    }

    fn orders(&self, document: &Document) -> Option<i64> {
        orders_of(self.state, document)
    }
}

/// How many orders stand behind a document, itself counted; none where it is not open.
pub(crate) fn orders_of(state: &State, document: &Document) -> Option<i64> {
    state.document(document).map(|open| orders_behind(&open.content))
}

impl Turn<'_> {
    fn rule_set(&self) -> Option<&RuleSet> {
        let known = self.state.procedures_in_force()?;
        (!known.rules.rules().is_empty()).then_some(&known.rules)
    }

    fn ask<T>(&self, ask: impl FnOnce(&RuleSet, Around<'_, House<'_>>) -> T) -> Option<T> {
        let set = self.rule_set()?;
        let offset_min = self.settings.utc_offset_min;
        let ground = House { state: self.state, settings: self.settings, offset_min, stock: None };
        let history = &self.memory.rules.history;
        Some(ask(set, Around { history, ground: &ground, at: self.now }))
    }

    /// What rules say before a document is handed in.
    pub(crate) fn rules_before_submit(
        &self,
        open: &OpenDocument,
        frozen: &Frozen,
        by: &Actor,
    ) -> Result<Found, Refused> {
        self.rules_before("submit", open, (&open.content, frozen), by)
    }

    /// What rules say before something is done to a document.
    pub(crate) fn rules_before(
        &self,
        operation: &str,
        open: &OpenDocument,
        (content, frozen): (&DocumentContent, &Frozen),
        by: &Actor,
    ) -> Result<Found, Refused> {
        let more = |facts: &mut RuleFacts| {
            for (name, value) in thawed(&frozen.0, &frozen.1).iter() {
                facts.set(name.to_owned(), value.clone());
            }
            facts.set("document.state", open.frame().name());
            put_session(self.state, facts, by);
        };
        let asked = self.ask(|set, around| {
            set.document(around, (RuleTrigger::Before, operation), content, more)
        });
        let Some(findings) = asked else { return Ok(Found::default()) };
        let verdict = self.verdict(&findings);
        if let Err(fault) = verdict.and_then(|verdict| self.stands_up_to(&verdict, by)) {
            return Err((fault, self.hushed_at_least(findings.firings, REFUSED_QUIET_US)));
        }
        let firings = self.hushed(findings.firings);
        let extra = firings.iter().filter_map(extra_of).collect();
        Ok(Found { firings, extra })
    }

    /// What rules say before a movement: what is to be recorded of it, and who has to decide on it, as approvers are
    /// named.
    pub(crate) fn rules_before_movement(
        &self,
        movement: &Movement,
    ) -> Result<(Vec<RuleFiring>, BTreeSet<String>), Refused> {
        let on = operation_of(movement);
        let asked = self.ask(|set, around| set.before_movement(around, on, movement));
        let Some(findings) = asked else { return Ok((vec![], BTreeSet::new())) };
        let verdict = self.verdict(&findings).and_then(|verdict| {
            if movement.auth_level < verdict.step_up {
                return Err(step_up(verdict.step_up, movement.auth_level));
            }
            let alone = movement.second.is_none();
            if verdict.second_person && alone { Err(second_person()) } else { Ok(verdict) }
        });
        let verdict = verdict.map_err(|fault| {
            (fault, self.hushed_at_least(findings.firings.clone(), REFUSED_QUIET_US))
        })?;
        let firings = self.hushed(findings.firings);
        Ok((firings, verdict.approvers))
    }

    /// What findings mean: a rule that can't be asked, or refuses, is a no.
    fn verdict(&self, findings: &Findings) -> Result<Verdict, Fault> {
        let verdict = Verdict::of(&findings.firings);
        if let Some(failure) = findings.failures.first() {
            let message = format!("rule {} can't be asked: {}", failure.rule, failure.error);
            return Err(("rule-failed", message));
        }
        match verdict.refused.first() {
            Some(reason) => Err(("rule-refused", cut(reason, REASON_BYTES_MAX))),
            None => Ok(verdict),
        }
    }

    /// Whether whoever acts is as strongly authenticated, and as little alone, as rules ask.
    fn stands_up_to(&self, verdict: &Verdict, by: &Actor) -> Result<(), Fault> {
        if verdict.step_up == 0 && !verdict.second_person {
            return Ok(());
        }
        let session = acting_session(self.state, by);
        let level = session.map_or(0, |session| session.auth_level);
        if level < verdict.step_up {
            return Err(step_up(verdict.step_up, level));
        }
        let alone = session.is_none_or(|session| session.second.is_none());
        if verdict.second_person && alone { Err(second_person()) } else { Ok(()) }
    }

    /// Firings without what was said lately.
    fn hushed(&self, firings: Vec<RuleFiring>) -> Vec<RuleFiring> {
        self.hushed_at_least(firings, 0)
    }

    /// As `hushed`, where no rule speaks again within so many microseconds.
    fn hushed_at_least(&self, firings: Vec<RuleFiring>, quiet_us: i64) -> Vec<RuleFiring> {
        let Some(set) = self.rule_set() else { return vec![] };
        let said = &self.memory.rules.said;
        let left = |firing| said.hush_at_least(set, firing, self.now.wall_us, quiet_us);
        firings.into_iter().filter_map(left).collect()
    }

    /// What of these is said, where they are recorded one after the other as they stand; nothing is yet.
    pub(crate) fn hushed_in_turn(
        &self,
        firings: Vec<(Document, RuleFiring)>,
    ) -> Vec<(Document, RuleFiring)> {
        let Some(set) = self.rule_set() else { return vec![] };
        let (mut said, now_us) = (self.memory.rules.said.clone(), self.now.wall_us);
        let one = |(document, firing)| {
            let firing = said.hush_at_least(set, firing, now_us, 0)?;
            said.take(&firing, now_us);
            Some((document, firing))
        };
        firings.into_iter().filter_map(one).collect()
    }

    /// Records what rules found, and does what follows.
    pub(crate) fn record_firings(&mut self, firings: Vec<RuleFiring>, document: Option<&Document>) {
        for firing in firings {
            self.memory.rules.said.take(&firing, self.now.wall_us);
            let document = document.cloned();
            self.record(Body::RuleFired { firing: firing.clone(), document });
            for effect in &firing.effects {
                if let RuleEffect::Draft { kind, title: own, lines } = effect {
                    self.draft(*kind, &draft_title(&firing, own), lines);
                }
            }
        }
    }

    /// Writes the draft that a rule names. What can't be drafted is told with the rule's own entry alone.
    fn draft(&mut self, kind: DocumentKind, title: &str, lines: &[DraftLine]) {
        let Ok(number) = self.next_number(kind) else { return };
        let content = drafted(Document { kind, number }, title, lines, Some(self.today().0));
        self.record(Body::DocumentWritten { content, by: Actor::Daemon, decision: None });
    }

    /// Records what rules found after an entry, on a schedule or by a level. What was recorded for the same cause
    /// before is not said again.
    pub(crate) fn fire(&mut self, firings: Vec<RuleFiring>, document: Option<&Document>) -> Answer {
        let Some(set) = self.rule_set() else { return Ok(Reply::Done) };
        let known: BTreeSet<&str> =
            set.rules().iter().map(|rule| rule.definition.id.as_str()).collect();
        let firings = firings.into_iter().take(FIRED_MAX);
        let firings: Vec<_> = firings.filter(|one| known.contains(one.rule.as_str())).collect();
        for firing in firings {
            let again =
                firing.cause.is_some_and(|cause| self.memory.rules.has_fired(&firing.rule, cause));
            if !again {
                // One by one: the first of several that say the same is said.
                let firing = self.hushed(vec![firing]);
                self.record_firings(firing, document);
            }
        }
        Ok(Reply::Done)
    }

    /// Ends a to-do: whoever it is for says what was done.
    pub(crate) fn finish_todo(&mut self, fired: u64, reason: String, by: Actor) -> Answer {
        let mut asked = Asked::new(&by, Action::Modify, Module::Ledger);
        asked.document = Some(format!("to-do {fired}"));
        let Some(todo) = self.state.todos.get(&fired).cloned() else {
            let message = format!("to-do {fired} is not open: it was never opened, or is done");
            return Err(self.deny(asked, "unknown-todo", message, None));
        };
        // Whoever may not act at all is told that first.
        let may = authenticated(self.state, &by, &Facts::default()).map(drop);
        if let Err((code, reason)) = may {
            return Err(self.deny(asked, code, reason, None));
        }
        let own = matches!(&by, Actor::Operator { id, .. } if is_for(self.state, &todo, id));
        if !own {
            let message = "it is not yours to do: it names others";
            return Err(self.deny(asked, "not-yours", message, None));
        }
        if let Err(message) = check_reason(&reason) {
            return Err(self.deny(asked, "reason-missing", message, None));
        }
        self.record(Body::TodoDone { fired, reason, by });
        Ok(Reply::Done)
    }
}

/// What is known of the session in which somebody acts.
pub(crate) fn put_session(state: &State, facts: &mut RuleFacts, by: &Actor) {
    let Actor::Operator { id, .. } = by else { return };
    facts.set("session.operator", id.as_str());
    if let Some(operator) = state.operator(id) {
        facts.set("session.roles", operator.roles.clone());
    }
    if let Some(session) = acting_session(state, by) {
        facts.set("session.auth_level", i64::from(session.auth_level));
        facts.set("session.second", session.second.is_some());
        if let Some(station) = &session.station {
            facts.set("session.station", station.as_str());
        }
    }
}

/// The session in which a person acts.
pub(crate) fn acting_session<'s>(state: &'s State, by: &Actor) -> Option<&'s Session> {
    let Actor::Operator { id, session } = by else { return None };
    crate::turn::session_of(state, id, *session)
}

/// The draft that a rule names, of a day. Its title is told with the rule's name.
pub(crate) fn drafted(
    document: Document,
    title: &str,
    lines: &[DraftLine],
    date: Option<Day>,
) -> DocumentContent {
    let line = |(at, line): (usize, &DraftLine)| {
        let number = u32::try_from(at).ok()?.checked_add(1)?.checked_mul(10)?;
        Some(DocumentLine::new(number, line.item.parse().ok()?, line.quantity))
    };
    DocumentContent {
        title: cut(title, 200),
        date,
        lines: lines.iter().enumerate().filter_map(line).collect(),
        ..DocumentContent::new(document)
    }
}

/// How a draft is titled.
pub(crate) fn draft_title(firing: &RuleFiring, own: &str) -> String {
    let title = if own.is_empty() { firing.title.as_str() } else { own };
    format!("{title} (rule {})", firing.rule)
}

fn step_up(needed: u8, level: u8) -> Fault {
    let message =
        format!("a rule needs level {needed} and this session has level {level}: raise it");
    ("step-up-needed", message)
}

fn second_person() -> Fault {
    let message =
        "a rule needs a second person: have somebody join this session with badge and PIN";
    ("second-person-needed", message.to_owned())
}

/// The approval that a firing asks for, if it asks for one.
pub(crate) fn extra_of(firing: &RuleFiring) -> Option<ExtraApproval> {
    let approvers: Vec<String> = firing
        .effects
        .iter()
        .filter_map(|effect| match effect {
            RuleEffect::Approver { approver } => Some(approver.clone()),
            _ => None,
        })
        .collect();
    let (rule, title) = (firing.rule.clone(), firing.title.clone());
    (!approvers.is_empty()).then_some(ExtraApproval { rule, title, approvers })
}

/// Whether an entry says only that rules let something not be: it does nothing.
pub(crate) fn only_refuses(entry: &Entry) -> bool {
    let Body::RuleFired { firing, .. } = &entry.body else { return false };
    firing.trigger == RuleTrigger::Before && gatewarden_rules::Memory::only_decides(firing)
}

/// Whether somebody is whom a rule names: an operator, or one who holds a role.
pub(crate) fn is_named(state: &State, named: &str, who: &OperatorId) -> bool {
    match named.split_once(':') {
        Some(("operator", name)) => name == who.as_str(),
        Some(("role", role)) => {
            state.operator(who).is_some_and(|one| one.roles.iter().any(|held| held == role))
        }
        _ => false,
    }
}

/// Whether a to-do is for somebody.
pub(crate) fn is_for(state: &State, todo: &Todo, who: &OperatorId) -> bool {
    let named = todo.firing.effects.iter().filter_map(|effect| match effect {
        RuleEffect::Todo { to, .. } => Some(to),
        _ => None,
    });
    named.flatten().any(|one| is_named(state, one, who))
}
