//! From a pass to a movement: bound to a session, compared with an approved task, allowed, in
//! stock; or quarantined, denied or held with its reason.
//!
//! Invariants: every pass that saw anything ends in exactly one entry that holds it or the movement
//! it caused, and the same pass twice in that one only; a pass that was interrupted, or in which a
//! portal has doubts about goods of the task, never posts by itself; green is only for what is posted, or counted where a count waits for it.

use gatewarden_model::{
    Action, Actor, Amount, Body, Comparison, Day, Decision, DocumentKind, Hash, Movement,
    MovementId, OperatorId, Pass, PassClosing, PassOpening, Second, SessionId, Signal, TaskId,
    canonical, pass::Doubtful,
};

use crate::{
    access::{Fact, Facts, Looks},
    command::{Refusal, Reply},
    compare::{Match, compare},
    documents::counts::check_frozen,
    goods::{of_lines, of_task, undecided, worth},
    grade::{grade, least_trust},
    lines::movement_lines,
    receivers::check_receiver,
    seen,
    sessions::actor_in,
    state::{OpenDocument, Session, TaskState},
    turn::{Answer, Asked, Fault, Turn, fault},
};

/// Who moved a pass, as its movement tells.
pub(crate) struct Mover {
    pub(crate) session: SessionId,
    pub(crate) operator: OperatorId,
    pub(crate) auth_level: u8,
    pub(crate) second: Option<Second>,
    pub(crate) decision: Decision,
    pub(crate) resolution_seq: Option<u64>,
}

impl Mover {
    fn new(session: Session, decision: Decision, second: Option<Second>) -> Self {
        let Session { id, operator, auth_level, .. } = session;
        Self { session: id, operator, auth_level, second, decision, resolution_seq: None }
    }
}

/// What a station's tasks mean for a pass.
pub(crate) enum Choice {
    Nothing,
    Unapproved(TaskId),
    Task(TaskId, Match),
}

impl Turn<'_> {
    pub(crate) fn pass(&mut self, mut pass: Pass) -> Answer {
        if let Some(answer) = self.answered(&pass) {
            return answer;
        }
        if pass.is_empty() {
            return Ok(self.unread(pass));
        }
        grade(&mut pass, self.stock);
        let (id, station) = (pass.id, pass.station.clone());
        let is_copied = pass.doubts.iter().any(|doubt| doubt.why == Doubtful::AnotherTid);
        let (answer, signal) = match self.judge(pass) {
            Ok(reply @ (Reply::Posted { .. } | Reply::Counted { .. })) => (Ok(reply), Signal::Go),
            Ok(reply @ Reply::Quarantined { .. }) => (Ok(reply), Signal::Alarm),
            other if is_copied => (other, Signal::Alarm),
            other => (other, Signal::Stop),
        };
        self.signals.push((station, signal));
        self.memory.answers.insert(id, answer.clone());
        answer
    }

    /// What was answered to this pass before.
    fn answered(&self, pass: &Pass) -> Option<Answer> {
        if let Some(answer) = self.memory.answers.get(&pass.id) {
            return Some(answer.clone());
        }
        if let Some(hold) = self.state.hold(pass.id) {
            let comparison = hold.comparison.clone();
            return Some(Ok(Reply::Held { task: hold.task, comparison }));
        }
        let of_count = |open: &&OpenDocument| {
            open.count.as_ref().is_some_and(|count| count.passes.contains(&pass.id))
        };
        if let Some(open) = self.state.documents_of(DocumentKind::CountOrder).find(of_count) {
            let (document, bin) = (open.document().clone(), None);
            return Some(Ok(Reply::Counted { document, bin, done: false }));
        }
        let held = self.state.quarantined(pass.id)?;
        Some(Ok(Reply::Quarantined { reason: held.reason.clone() }))
    }

    /// Nothing was heard. That something broke a beam nevertheless is an event.
    fn unread(&mut self, pass: Pass) -> Reply {
        if pass.opened_by == PassOpening::Input {
            self.memory.answers.insert(pass.id, Ok(Reply::Empty));
            self.record(Body::Unread { pass });
        }
        Reply::Empty
    }

    /// Whether what a portal was not sure of may concern this task: what may be a copy always does,
    /// and else what stands for goods that the task is about. A tag of the next door's is no reason
    /// to stop a pallet.
    fn is_in_doubt(&self, pass: &Pass, task: &TaskState) -> bool {
        let is_copy = |why| matches!(why, Doubtful::Suspect | Doubtful::AnotherTid);
        if pass.doubts.iter().any(|doubt| is_copy(doubt.why)) {
            return true;
        }
        let doubted = seen::resolve_doubts(pass, &self.settings.items, self.stock);
        let items = seen::items(&doubted);
        task.task.lines.iter().any(|line| {
            items.contains(&line.item) || doubted.iter().any(|d| line.things.contains(&d.thing.key))
        })
    }

    fn judge(&mut self, pass: Pass) -> Answer {
        if let Some(reason) = self.unknown_device(&pass) {
            return Ok(self.quarantine(pass, reason));
        }
        if let Some(reason) = told_late(&pass) {
            return Ok(self.quarantine(pass, reason));
        }
        let session = match self.bound_session(&pass) {
            Ok(session) => session,
            Err(reason) => return Ok(self.quarantine(pass, reason)),
        };
        self.moved_in(&session, pass.closed);
        if let Some(answer) = self.count_pass(&pass, &session) {
            return answer;
        }
        let (task, matched) = match self.choose(&pass) {
            Choice::Task(task, matched) => (task, matched),
            Choice::Nothing => {
                let reason = format!("no task is open at {}", pass.station);
                return Ok(self.quarantine(pass, reason));
            }
            Choice::Unapproved(task) => return Err(self.not_approved(task, &pass, &session)),
        };
        let Some(task) = self.state.task(task).cloned() else {
            let reason = format!("no task is open at {}", pass.station);
            return Ok(self.quarantine(pass, reason));
        };
        let (decision, second) = self.may_execute(&task, &pass, &session, &matched)?;
        if let Err((code, reason)) = check_receiver(self.state, &task.task, &pass) {
            let asked = Asked::new(&actor_in(&session), Action::Execute, task.task.kind.module());
            let asked = asked.on_task(&task.task).on_pass(&pass);
            return Err(self.deny(asked, code, reason, Some(decision)));
        }
        let whole = pass.closed_by != PassClosing::Interrupted && matched.comparison.is_complete();
        if !whole || self.is_in_doubt(&pass, &task) {
            let comparison = matched.comparison;
            let who = Mover::new(session, decision, second);
            return Ok(self.hold(pass, task.task.id, who, comparison));
        }
        self.post(&task, &pass, Mover::new(session, decision, second), matched)
    }

    fn quarantine(&mut self, pass: Pass, reason: String) -> Reply {
        self.record(Body::Quarantined { pass, reason: reason.clone() });
        Reply::Quarantined { reason }
    }

    fn hold(&mut self, pass: Pass, task: TaskId, who: Mover, comparison: Comparison) -> Reply {
        self.record(Body::Held {
            pass,
            task,
            operator: who.operator,
            auth_level: who.auth_level,
            second: who.second,
            comparison: comparison.clone(),
            decision: who.decision,
        });
        Reply::Held { task, comparison }
    }

    /// The first approved task that the pass completes, else the one with the most things
    /// expected, ties to the oldest.
    pub(crate) fn choose(&self, pass: &Pass) -> Choice {
        let mut best: Option<(TaskId, Match)> = None;
        let mut unapproved = None;
        let things = seen::resolve(pass, &self.settings.items, self.stock);
        for open in self.state.tasks_at(&pass.station) {
            if open.approval.is_none() {
                unapproved = unapproved.or(Some(open.task.id));
                continue;
            }
            let found = compare(open, &things);
            if found.comparison.is_complete() {
                return Choice::Task(open.task.id, found);
            }
            let expected = |of: &Match| of.comparison.expected.len();
            if best.as_ref().is_none_or(|(_, b)| expected(&found) > expected(b)) {
                best = Some((open.task.id, found));
            }
        }
        match (best, unapproved) {
            (Some((task, found)), _) => Choice::Task(task, found),
            (None, Some(task)) => Choice::Unapproved(task),
            (None, None) => Choice::Nothing,
        }
    }

    fn not_approved(&mut self, task: TaskId, pass: &Pass, session: &Session) -> Refusal {
        let Some(open) = self.state.task(task).cloned() else {
            return Refusal { code: "unknown-task", message: String::new(), recorded: None };
        };
        let module = open.task.kind.module();
        let asked = Asked::new(&actor_in(session), Action::Execute, module);
        let number = &open.task.document.number;
        let reason = format!("document {number} is not approved: have task {task} approved first");
        self.deny(asked.on_task(&open.task).on_pass(pass), "not-approved", reason, None)
    }

    fn may_execute(
        &mut self,
        task: &TaskState,
        pass: &Pass,
        session: &Session,
        matched: &Match,
    ) -> Result<(Decision, Option<Second>), Refusal> {
        let (kind, module) = (task.task.kind, task.task.kind.module());
        let asked = Asked::new(&actor_in(session), Action::Execute, module);
        let asked = asked.on_task(&task.task).on_pass(pass);
        let looks = self.looks(module, &[Action::Execute]);
        let lines = if looks.has_goods() {
            movement_lines(task, &matched.parts, &self.settings.items)
        } else {
            vec![]
        };
        // Where nothing fits the task, it is what the task is about that was tried.
        let goods = match lines.is_empty() {
            true => self.goods(looks, of_task(&task.task)),
            false => self.goods(looks, of_lines(&lines)),
        };
        let facts = Facts {
            ordered_by: orderer(task),
            station: Some(&pass.station),
            auth_level: Some(session.auth_level),
            document: Some(task.task.document.kind),
            movement: Some(task.task.kind),
            goods: goods.as_ref(),
            amount: self.worth_of_pass(looks, task, pass, session, matched),
            trust: least_trust(pass),
            ..Facts::default()
        };
        let second = self.second_of(session, (module, Action::Execute), facts);
        let facts =
            Facts { second: second.as_ref().map(|second| second.operator.as_str()), ..facts };
        let decision = self.permit_in(asked.clone(), session, facts)?;
        let items = task.task.lines.iter().map(|line| &line.item);
        match self.check_two(kind, items, &session.operator, second.as_ref()) {
            Ok(()) => Ok((decision, second)),
            Err((code, reason)) => Err(self.deny(asked, code, reason, Some(decision))),
        }
    }

    /// What a pass would move is worth, if that is looked at and it can be moved.
    fn worth_of_pass(
        &self,
        looks: Looks,
        task: &TaskState,
        pass: &Pass,
        session: &Session,
        matched: &Match,
    ) -> Option<Amount> {
        if !looks.has(Fact::Amount) || matched.parts.is_empty() {
            return None;
        }
        let mover = Mover {
            session: session.id,
            operator: session.operator.clone(),
            auth_level: session.auth_level,
            second: None,
            decision: undecided(),
            resolution_seq: None,
        };
        let movement = self.movement(task, pass, mover, matched, *self.next_seq).ok()?;
        worth(&movement.lines)
    }

    /// Posts what is expected, if stock allows it, and closes the task when that was all.
    pub(crate) fn post(
        &mut self,
        task: &TaskState,
        pass: &Pass,
        mover: Mover,
        matched: Match,
    ) -> Answer {
        let by = Actor::Operator { id: mover.operator.clone(), session: Some(mover.session) };
        let (decision, level) = (mover.decision.clone(), mover.auth_level);
        let (session, second) = (mover.session, mover.second.clone());
        let asked = Asked::new(&by, Action::Execute, task.task.kind.module());
        let asked = asked.on_task(&task.task).on_pass(pass);
        let drafted = self.movement(task, pass, mover, &matched, *self.next_seq);
        let drafted = match drafted {
            Ok(movement) => movement,
            Err((code, reason)) => return Err(self.deny(asked, code, reason, Some(decision))),
        };
        if let Err((code, reason)) = self.check_version(&task.task, &drafted) {
            return Err(self.deny(asked, code, reason, Some(decision)));
        }
        match self.rules_before_movement(&drafted) {
            Ok((firings, approvers)) if approvers.is_empty() => {
                self.record_firings(firings, Some(&task.task.document));
            }
            Ok((firings, _)) => {
                self.record_firings(firings, Some(&task.task.document));
                let (operator, resolution_seq) = (drafted.operator, None);
                let who = Mover {
                    session,
                    operator,
                    auth_level: level,
                    second,
                    decision,
                    resolution_seq,
                };
                return Ok(self.hold(pass.clone(), task.task.id, who, matched.comparison));
            }
            Err((fault, firings)) => {
                let document = Some(&task.task.document);
                let (code, reason) = self.refused_by_rules(fault, firings, document);
                return Err(self.deny(asked, code, reason, Some(decision)));
            }
        }
        let movement = match self.moved(drafted, Some(pass.clone())) {
            Ok(movement) => movement,
            Err((code, reason)) => return Err(self.deny(asked, code, reason, Some(decision))),
        };
        self.close_done(task.task.id, by);
        self.follow(movement);
        Ok(Reply::Posted { movement, comparison: matched.comparison })
    }

    /// Records a movement that was priced.
    pub(crate) fn moved(
        &mut self,
        movement: Movement,
        pass: Option<Pass>,
    ) -> Result<MovementId, Fault> {
        let (id, reservation) = (movement.id, movement.reservation);
        let by = Actor::Operator { id: movement.operator.clone(), session: Some(movement.session) };
        self.record_stock(Body::Moved { movement, pass })?;
        if let Some(reservation) = reservation {
            self.end_used(reservation, &by);
        }
        Ok(id)
    }

    /// Closes a task that expects nothing any more.
    pub(crate) fn close_done(&mut self, task: TaskId, by: Actor) {
        if self.state.task(task).is_some_and(TaskState::is_done) {
            self.close_task(task, "complete", by);
        }
    }

    /// The movement that its entry, of sequence `seq`, records; or why there can be none.
    pub(crate) fn movement(
        &self,
        task: &TaskState,
        pass: &Pass,
        mover: Mover,
        matched: &Match,
        seq: u64,
    ) -> Result<Movement, Fault> {
        let lines = movement_lines(task, &matched.parts, &self.settings.items);
        let Some(approval) = &task.approval else {
            return Err(("not-approved", "the task is not approved".to_owned()));
        };
        let evidence = match canonical::encode(pass) {
            Ok(bytes) => Hash::of(&bytes),
            Err(error) => return Err(("pass-invalid", error.to_string())),
        };
        let mut devices: Vec<_> = pass.seen().map(|s| s.device.clone()).collect();
        devices.sort_unstable();
        devices.dedup();
        if let Some(id) = task.task.reservation {
            self.within(id, &lines)?;
        }
        let (day, effective) = self.today();
        let mut movement = Movement {
            document_digest: task.task.document_digest,
            // Nothing that is posted or held came this far without him.
            received_by: task.task.requester.clone(),
            id: MovementId::from(pass.id),
            kind: task.task.kind,
            document: task.task.document.clone(),
            task: Some(task.task.id),
            station: Some(pass.station.clone()),
            devices,
            pass: Some(pass.id),
            session: mover.session,
            operator: mover.operator,
            auth_level: mover.auth_level,
            second: mover.second,
            decision: mover.decision,
            approval_seq: approval.seq,
            approved_by: approval.by.clone(),
            resolution_seq: mover.resolution_seq,
            lines,
            evidence,
            reservation: task.task.reservation,
            effective,
            back_dated: false,
            reverses: None,
            counts: vec![],
            revalues: vec![],
            voucher: vec![],
            confirmation: None,
        };
        self.settle(seq, day, &mut movement)?;
        Ok(movement)
    }

    /// Holds a movement against the rules of the stock, and says what it is worth.
    pub(crate) fn settle(&self, seq: u64, day: Day, movement: &mut Movement) -> Result<(), Fault> {
        check_frozen(self.state, movement)?;
        self.stock.admit(movement, day).map_err(fault)?;
        self.stock.price(self.in_order(seq), day, movement).map_err(fault)?;
        movement.voucher = self.stock.voucher(&self.settings.accounts, movement).map_err(fault)?;
        Ok(())
    }
}

/// Why nobody may claim what was told too late to belong to a pass: who stood there then is not known.
fn told_late(pass: &Pass) -> Option<String> {
    let late = pass.doubts.iter().filter(|doubt| doubt.why == Doubtful::Late).count();
    let all = late > 0 && late == pass.doubts.len() && pass.sightings.is_empty();
    all.then(|| {
        format!("{late} tags {}; look where they are, and bring them again", Doubtful::Late.words())
    })
}

/// Who ordered the document: as the ERP says, else whoever opened the task by asking for it.
pub(crate) fn orderer(task: &TaskState) -> Option<&str> {
    let asked = task.decision.as_ref().is_some_and(|d| d.action == Action::Request);
    match (&task.task.ordered_by, &task.by) {
        (Some(name), _) => Some(name),
        (None, Actor::Operator { id, .. }) if asked => Some(id.as_str()),
        _ => None,
    }
}
