//! The questions that an entry's decision answered, built again from the entry and what is open.
//!
//! What an entry or the state tells is taken from there, never from the facts that the decision recorded,
//! so a decision on facts that were not so is found. Only what neither tells (what stock was worth at
//! that moment, the lines behind a held pass, items of another gateway) is taken as recorded. Absent:
//! deciding, and what was never recorded.

use std::collections::HashMap;

use gatewarden_model::{
    Action, Actor, ApprovalEvent, Body, CountSheet, Decision, Document, DocumentStep, ItemClass,
    ItemId, Module, Movement, OperatorId, Pass, Second, TaskId,
};

use crate::{
    access::{Fact, Facts, Goods, Known, Line, Looks},
    apply::actor_name,
    documents::{author_of, facts_of, nowhere, of_content},
    goods::{of_lines, of_posting, of_task, sum, worth},
    grade::{least_trust, least_trust_with},
    passes::orderer,
    reservations::of_posting_head,
    state::{Hold, Reservation, State, TaskState},
};

/// Facts that only stock or another gateway's items tell.
const OF_STOCK: [Fact; 5] =
    [Fact::Amount, Fact::Classes, Fact::Owners, Fact::Statuses, Fact::Warehouses];
/// Who asked.
pub(super) enum By<'e> {
    /// As an entry names him: his session tells the rest.
    Actor(Actor),
    /// The operator of a pass, in a session that may be over.
    Mover(&'e OperatorId),
}

/// What an entry's decision answered.
pub(super) struct Question<'e> {
    pub(super) by: By<'e>,
    /// The facts that it was asked on; where the entry leaves that open, all that could be.
    pub(super) facts: Vec<Known>,
    /// Rights that would have done as well.
    pub(super) others: Vec<(Module, Action)>,
}

/// Who moved a pass, how strongly authenticated, and who stood beside.
struct Mover<'e> {
    operator: &'e OperatorId,
    level: u8,
    beside: Option<&'e str>,
}

fn name_of(second: Option<&Second>) -> Option<&str> {
    second.map(|second| second.operator.as_str())
}

/// The second person, beside the first.
fn beside<'e>(second: &'e Second, first: &'e OperatorId) -> Mover<'e> {
    let beside = Some(first.as_str());
    Mover { operator: &second.operator, level: second.auth_level, beside }
}

/// Builds questions from the state before an entry.
pub(super) struct Asker<'e> {
    pub(super) state: &'e State,
    pub(super) classes: &'e HashMap<ItemId, ItemClass>,
    /// The facts that are wanted.
    pub(super) looks: Looks,
    /// False for decisions from before facts were recorded: then less was known where it was asked.
    pub(super) tells_facts: bool,
}

impl<'e> Asker<'e> {
    /// The question behind an entry; none where nothing was decided.
    pub(super) fn question(&self, body: &'e Body) -> Result<Option<Question<'e>>, String> {
        let one = |by: &Actor, known: Known| {
            let (by, facts, others) = (By::Actor(by.clone()), vec![known], vec![]);
            Ok(Some(Question { by, facts, others }))
        };
        match body {
            Body::TaskOpened { task, by, decision: Some(said) } => {
                let facts = Facts {
                    station: self.tells_facts.then_some(&task.station),
                    document: Some(task.document.kind),
                    movement: Some(task.kind),
                    ..Facts::default()
                };
                let known = self.known(said, facts, Some(of_task(task)), &[Fact::Amount]);
                let (by, module) = (By::Actor(by.clone()), said.module);
                let others = [Action::Create, Action::Request].map(|action| (module, action));
                Ok(Some(Question { by, facts: vec![known], others: others.to_vec() }))
            }
            Body::DocumentWritten { content, by, decision: Some(said) } => {
                let nowhere = nowhere();
                let lines = Some(of_content(content, &nowhere));
                let known = self.known(said, facts_of(self.state, content, None), lines, &[]);
                one(by, known)
            }
            Body::DocumentStepped {
                document,
                step: DocumentStep::Counted { sheet },
                by: Actor::Operator { id, .. },
                decision: Some(said),
                ..
            } if sheet.pass.is_some() => self.counted(document, sheet, id, said),
            Body::DocumentStepped { document, step, by, decision: Some(said), .. } => {
                let Some(open) = self.state.document(document) else {
                    return Err(format!("it steps {}, which is not open", document.number));
                };
                let author = author_of(&open.by);
                let submits = matches!(step, DocumentStep::Submitted { .. });
                let withdraws = matches!(
                    step,
                    DocumentStep::Approval { event: ApprovalEvent::Withdrawn { .. } }
                );
                let author = (!submits && !withdraws).then_some(author.as_str());
                let nowhere = nowhere();
                let lines = Some(of_content(&open.content, &nowhere));
                let known =
                    self.known(said, facts_of(self.state, &open.content, author), lines, &[]);
                one(by, known)
            }
            Body::Commissioned { item, by, decision, .. } => {
                one(by, self.of_item(decision, Some(item)))
            }
            Body::LabelQueued { label, by, decision } => {
                one(by, self.of_item(decision, label.item.as_ref()))
            }
            Body::LabelDecided { label, by, decision, .. } => {
                let open = self.state.label(*label);
                one(by, self.of_item(decision, open.and_then(|open| open.label.item.as_ref())))
            }
            Body::TagAccessAsked { station, by, second, decision, .. } => {
                let second = name_of(second.as_ref());
                let facts = Facts { station: Some(station), second, ..Facts::default() };
                one(by, self.plain(decision, facts, &[]))
            }
            Body::CostLanded { document, amounts, by, decision, .. } => {
                let facts = Facts {
                    document: Some(document.kind),
                    amount: sum(amounts),
                    ..Facts::default()
                };
                one(by, self.plain(decision, facts, &[]))
            }
            Body::Decommissioned { by, decision, .. }
            | Body::FactorRemoved { by, decision: Some(decision), .. }
            | Body::PeriodClosed { by, decision, .. }
            | Body::Unlocked { by, decision, .. }
            | Body::ReviewOpened { by, decision, .. }
            | Body::ReviewDecided { by, decision, .. }
            | Body::ChangeRequested { by, decision: Some(decision), .. } => {
                one(by, self.plain(decision, Facts::default(), &[]))
            }
            Body::ChangeDecided { id, by, decision: Some(decision), .. } => {
                let Some(open) = self.state.change(*id) else {
                    return Err(format!("it decides on request {id}, which does not wait"));
                };
                let requester = actor_name(&open.by);
                let approves = decision.action == Action::Approve;
                let requested_by = approves.then_some(requester.as_str());
                one(by, self.plain(decision, Facts { requested_by, ..Facts::default() }, &[]))
            }
            Body::Reserved { posting, by, decision, .. } => {
                let facts = of_posting_head(posting);
                one(
                    by,
                    match posting.reverses {
                        None => {
                            self.known(decision, facts, Some(of_posting(posting)), &[Fact::Amount])
                        }
                        Some(_) => self.plain(decision, facts, &OF_STOCK),
                    },
                )
            }
            Body::TaskApproved { task, by, decision, .. } => {
                let Some(open) = self.state.task(*task) else {
                    return Err(format!("it approves task {task}, which is not open"));
                };
                let requested_by = actor_name(&open.by);
                let facts = Facts {
                    ordered_by: open.task.ordered_by.as_deref(),
                    requested_by: Some(&requested_by),
                    ..self.of_open(open)
                };
                let lines = Some(of_task(&open.task));
                one(by, self.known(decision, facts, lines, &[Fact::Amount]))
            }
            Body::QuarantineResolved { pass, by, decision, .. } => {
                let station = self.state.quarantined(*pass).map(|one| &one.pass.station);
                let facts = Facts { station, ..Facts::default() };
                let facts = vec![self.plain(decision, facts, &[])];
                let modules = [Module::Inbound, Module::Outbound, Module::Count, Module::Transfer];
                let others = modules.map(|module| (module, Action::Approve)).to_vec();
                Ok(Some(Question { by: By::Actor(by.clone()), facts, others }))
            }
            Body::HoldDecided { pass, doubts, by, decision, .. } => {
                let Some(hold) = self.state.hold(*pass) else {
                    return Err(format!("it decides on pass {pass}, which is not held"));
                };
                one(by, self.plain(decision, self.of_hold(hold, doubts), &OF_STOCK))
            }
            Body::ReservationEnded { movement, reason, by, decision: Some(decision), .. } => {
                let Some(held) = self.state.reservation(*movement) else {
                    return Err(format!("{movement} was not reserved"));
                };
                let posted = reason == "posted";
                one(by, self.of_reservation(decision, held, posted, None, (None, None)))
            }
            Body::Held { pass, task, operator, auth_level, second, decision, .. } => {
                let open = self.state.task(*task);
                let mover =
                    Mover { operator, level: *auth_level, beside: name_of(second.as_ref()) };
                Ok(Some(self.moved_by(mover, open, pass, decision, None)))
            }
            Body::Moved { movement, pass } => self.moved(movement, pass.as_ref()),
            Body::Denied { by, decision: Some(said), task, pass, document, .. } => {
                Ok(Some(self.denied(by, said, *task, pass.as_ref(), document.as_deref())))
            }
            _ => Ok(None),
        }
    }

    /// The question that the second person's right rests on, and what was answered; none where nobody
    /// stood beside.
    pub(super) fn second_question(
        &self,
        body: &'e Body,
    ) -> Result<Option<(Question<'e>, &'e Decision)>, String> {
        match body {
            Body::Held { pass, task, operator, second: Some(second), .. } => {
                let mover = beside(second, operator);
                let said = &second.decision;
                let open = self.state.task(*task);
                Ok(Some((self.moved_by(mover, open, pass, said, None), said)))
            }
            Body::TagAccessAsked {
                station,
                by: Actor::Operator { id, .. },
                second: Some(second),
                ..
            } => {
                let said = &second.decision;
                let facts = Facts {
                    station: Some(station),
                    second: Some(id.as_str()),
                    auth_level: Some(second.auth_level),
                    ..Facts::default()
                };
                let (by, facts) = (By::Mover(&second.operator), vec![self.plain(said, facts, &[])]);
                Ok(Some((Question { by, facts, others: vec![] }, said)))
            }
            Body::HoldDecided {
                pass,
                doubts,
                by: Actor::Operator { id, .. },
                second: Some(second),
                ..
            } => {
                let Some(hold) = self.state.hold(*pass) else {
                    return Err(format!("it decides on pass {pass}, which is not held"));
                };
                let (mover, said) = (beside(second, id), &second.decision);
                let auth_level = Some(mover.level);
                let hold = self.of_hold(hold, doubts);
                let facts = Facts { second: mover.beside, auth_level, ..hold };
                let facts = vec![self.plain(said, facts, &OF_STOCK)];
                Ok(Some((Question { by: By::Mover(mover.operator), facts, others: vec![] }, said)))
            }
            Body::Moved { movement, pass } => {
                let Some(second) = &movement.second else { return Ok(None) };
                let (mover, said) = (beside(second, &movement.operator), &second.decision);
                if let (Some(task), Some(pass)) = (movement.task, pass) {
                    let open = self.state.task(task);
                    let question = self.moved_by(mover, open, pass, said, Some(movement));
                    return Ok(Some((question, said)));
                }
                let id = movement.reservation.unwrap_or(movement.id);
                let Some(held) = self.state.reservation(id) else {
                    return Err(format!("{id} was not reserved"));
                };
                let standing = (mover.beside, Some(mover.level));
                let known = self.of_reservation(said, held, true, Some(movement), standing);
                let by = By::Mover(mover.operator);
                Ok(Some((Question { by, facts: vec![known], others: vec![] }, said)))
            }
            _ => Ok(None),
        }
    }

    /// Facts with what lines touch; `trusted` ones are as the decision recorded them.
    fn known<'l>(
        &self,
        said: &Decision,
        facts: Facts<'_>,
        lines: Option<impl Iterator<Item = Line<'l>>>,
        trusted: &[Fact],
    ) -> Known {
        let lines = lines.filter(|_| self.looks.has_goods());
        let goods = lines.map(|all| Goods::of(all, |item| self.classes.get(item).copied()));
        // An item that another gateway defined is not in this journal.
        let foreign = goods.as_ref().is_some_and(|goods| goods.classes.is_empty());
        let mut known = self.plain(said, Facts { goods: goods.as_ref(), ..facts }, trusted);
        if foreign {
            self.trust(&mut known, said, &[Fact::Classes]);
        }
        known
    }

    /// Facts of what is about one item, or about none.
    fn of_item(&self, said: &Decision, item: Option<&ItemId>) -> Known {
        let Some(item) = item else { return self.plain(said, Facts::default(), &[]) };
        let class = self.classes.get(item).copied();
        let goods = Goods { classes: class.into_iter().collect(), ..Goods::default() };
        let facts = Facts { goods: Some(&goods), ..Facts::default() };
        let trusted = if class.is_some() { &[][..] } else { &[Fact::Classes] };
        self.plain(said, facts, trusted)
    }

    fn plain(&self, said: &Decision, facts: Facts<'_>, trusted: &[Fact]) -> Known {
        let mut known = Known::of(&facts, self.looks);
        self.trust(&mut known, said, trusted);
        known
    }

    fn trust(&self, known: &mut Known, said: &Decision, trusted: &[Fact]) {
        for fact in trusted.iter().filter(|fact| self.looks.has(**fact)) {
            if let Some(text) = said.facts.get(fact.name()) {
                // What is no value of this fact stays unknown, and the answers differ.
                let _ = known.add(fact.name(), text);
            }
        }
    }

    fn of_open<'t>(&self, open: &'t TaskState) -> Facts<'t> {
        Facts {
            station: Some(&open.task.station),
            document: Some(open.task.document.kind),
            movement: Some(open.task.kind),
            ..Facts::default()
        }
    }

    fn of_hold<'h>(&'h self, hold: &'h Hold, doubts: &[String]) -> Facts<'h> {
        let open = self.state.task(hold.task);
        Facts {
            ordered_by: open.and_then(orderer),
            moved_by: Some(hold.operator.as_str()),
            station: Some(&hold.pass.station),
            document: open.map(|open| open.task.document.kind),
            movement: open.map(|open| open.task.kind),
            trust: least_trust_with(&hold.pass, doubts),
            ..Facts::default()
        }
    }

    fn of_reservation(
        &self,
        said: &Decision,
        held: &Reservation,
        posted: bool,
        movement: Option<&Movement>,
        (second, auth_level): (Option<&str>, Option<u8>),
    ) -> Known {
        let reserver = actor_name(&held.by);
        let facts = Facts {
            requested_by: posted.then_some(reserver.as_str()),
            second,
            auth_level,
            amount: movement.and_then(|movement| worth(&movement.lines)),
            ..of_posting_head(&held.posting)
        };
        let trusted = if movement.is_some() { &[][..] } else { &[Fact::Amount, Fact::Second] };
        match (held.posting.reverses, movement) {
            (None, _) => self.known(said, facts, Some(of_posting(&held.posting)), trusted),
            (Some(_), Some(movement)) => {
                self.known(said, facts, Some(of_lines(&movement.lines)), trusted)
            }
            (Some(_), None) => {
                let mut known = self.plain(said, facts, &OF_STOCK);
                self.trust(&mut known, said, &[Fact::Second]);
                known
            }
        }
    }

    /// The question on what devices saw for a count.
    fn counted(
        &self,
        document: &Document,
        sheet: &CountSheet,
        who: &'e OperatorId,
        said: &Decision,
    ) -> Result<Option<Question<'e>>, String> {
        let (Some(open), Some(pass)) = (self.state.document(document), &sheet.pass) else {
            return Err(format!("it counts on {}, which is not open", document.number));
        };
        let facts = Facts {
            station: Some(&pass.station),
            auth_level: Some(sheet.auth_level),
            ..facts_of(self.state, &open.content, None)
        };
        let nowhere = nowhere();
        let lines = Some(of_content(&open.content, &nowhere));
        let known = self.known(said, facts, lines, &[]);
        Ok(Some(Question { by: By::Mover(who), facts: vec![known], others: vec![] }))
    }

    /// The question on a pass; `movement` where it moved.
    fn moved_by(
        &self,
        Mover { operator, level, beside }: Mover<'e>,
        open: Option<&TaskState>,
        pass: &Pass,
        said: &'e Decision,
        movement: Option<&Movement>,
    ) -> Question<'e> {
        let facts = Facts {
            ordered_by: open.and_then(orderer),
            station: Some(&pass.station),
            auth_level: Some(level),
            second: beside,
            document: open.map(|open| open.task.document.kind),
            movement: open.map(|open| open.task.kind),
            amount: movement.and_then(|movement| worth(&movement.lines)),
            trust: least_trust(pass),
            ..Facts::default()
        };
        let known = match movement {
            Some(moved) => self.known(said, facts, Some(of_lines(&moved.lines)), &[]),
            None => self.plain(said, facts, &OF_STOCK),
        };
        Question { by: By::Mover(operator), facts: vec![known], others: vec![] }
    }

    fn moved(
        &self,
        movement: &'e Movement,
        pass: Option<&Pass>,
    ) -> Result<Option<Question<'e>>, String> {
        let said = &movement.decision;
        match (movement.task, pass) {
            (Some(task), Some(pass)) => {
                let Some(open) = self.state.task(task) else {
                    return Err(format!("it moved for task {task}, which is not open"));
                };
                let mover = Mover {
                    operator: &movement.operator,
                    level: movement.auth_level,
                    beside: name_of(movement.second.as_ref()),
                };
                Ok(Some(self.moved_by(mover, Some(open), pass, said, Some(movement))))
            }
            (None, None) => {
                let id = movement.reservation.unwrap_or(movement.id);
                let Some(held) = self.state.reservation(id) else {
                    return Err(format!("{id} was not reserved"));
                };
                let standing = (name_of(movement.second.as_ref()), None);
                let known = self.of_reservation(said, held, true, Some(movement), standing);
                let (id, session) = (movement.operator.clone(), Some(movement.session));
                let by = By::Actor(Actor::Operator { id, session });
                Ok(Some(Question { by, facts: vec![known], others: vec![] }))
            }
            _ => Err("it has neither a task with its pass nor a reservation".to_owned()),
        }
    }

    fn denied(
        &self,
        by: &'e Actor,
        said: &'e Decision,
        task: Option<TaskId>,
        pass: Option<&Pass>,
        document: Option<&str>,
    ) -> Question<'e> {
        let open = task.and_then(|task| self.state.task(task));
        if let (Some(pass), Actor::Operator { id, session }) = (pass, by) {
            let session = session.and_then(|session| self.state.session(session));
            let level = session.map_or(2, |session| session.auth_level);
            let mut question =
                self.moved_by(Mover { operator: id, level, beside: None }, open, pass, said, None);
            let denial = &[Fact::Document, Fact::Movement, Fact::Second];
            question.facts.iter_mut().for_each(|known| self.trust(known, said, denial));
            return question;
        }
        // Nothing rests on a denial, so the facts that it recorded are believed.
        let facts = match self.tells_facts {
            true => vec![self.plain(said, Facts::default(), &Fact::ALL)],
            false => self.could_be(said, task, open, document),
        };
        Question { by: By::Actor(by.clone()), facts, others: vec![] }
    }

    /// An early denial does not tell which question it answers: all that could have been asked then.
    fn could_be(
        &self,
        said: &Decision,
        task: Option<TaskId>,
        open: Option<&TaskState>,
        document: Option<&str>,
    ) -> Vec<Known> {
        let held = self.state.reservations();
        let of_document =
            held.filter(|held| Some(held.posting.document.number.as_str()) == document);
        let requesters: Vec<String> = open
            .map(|open| actor_name(&open.by))
            .into_iter()
            .chain(of_document.map(|held| actor_name(&held.by)))
            .collect();
        let station = open.map(|open| &open.task.station);
        let mut questions = vec![Facts::default()];
        for requester in &requesters {
            let requested_by = Some(requester.as_str());
            questions.push(Facts { requested_by, ..Facts::default() });
            if let Some(open) = open {
                let ordered_by = open.task.ordered_by.as_deref();
                questions.push(Facts { ordered_by, requested_by, station, ..Facts::default() });
            }
        }
        let holds = self.state.holds().filter(|hold| task == Some(hold.task));
        questions.extend(holds.map(|hold| self.of_hold(hold, &[])));
        let places = self.state.quarantine().map(|one| &one.pass.station);
        questions.extend(places.map(|at| Facts { station: Some(at), ..Facts::default() }));
        questions.into_iter().map(|facts| self.plain(said, facts, &[])).collect()
    }
}
