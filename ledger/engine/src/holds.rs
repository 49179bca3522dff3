//! Decisions on what waits: held passes and quarantined ones.
//!
//! Invariants: nobody decides on a pass that he moved himself or stood beside; accepting posts what fits
//! the task as it stands now, and only if all of that can be posted; what a portal doubted counts only by
//! its key, which the entry tells and a person names, and what is or may be a copy only if two decide who
//! both may; an attempt that is refused leaves the pass waiting.

use gatewarden_model::{
    Action, Actor, Body, Comparison, Module, Movement, OperatorId, Pass, PassId, RuleFiring,
    Second, Signal,
    entry::Verdict,
    pass::{Doubt, Doubtful},
};

use crate::{
    access::{Fact, Facts},
    command::{Refusal, Reply},
    compare::compare,
    goods::{of_lines, of_task, worth},
    grade::least_trust_with,
    passes::{Mover, orderer},
    rules::is_named,
    seen,
    state::{Hold, TaskState},
    turn::{Answer, Asked, Fault, REASON_BYTES_MAX, Turn},
};

impl Turn<'_> {
    pub(crate) fn decide_hold(&mut self, pass: PassId, said: HoldVerdict, by: Actor) -> Answer {
        let Some(hold) = self.state.hold(pass).cloned() else {
            return Err(self.unknown_hold(pass, &by));
        };
        let task = self.state.task(hold.task).cloned();
        let asked = hold_asked(&hold, task.as_ref(), &by);
        let looks = self.looks(asked.module, &[Action::Approve]);
        // What accepting it would move; what the task is about where it can't be accepted.
        let would = (looks.has_goods() || looks.has(Fact::Amount))
            .then(|| self.accepted(&hold, &said.doubts, task.as_ref()).ok())
            .flatten();
        let goods = match (&would, &task) {
            (Some((movement, _)), _) => self.goods(looks, of_lines(&movement.lines)),
            (None, Some(open)) => self.goods(looks, of_task(&open.task)),
            (None, None) => None,
        };
        let facts = Facts {
            ordered_by: task.as_ref().and_then(orderer),
            moved_by: Some(hold.operator.as_str()),
            station: Some(&hold.pass.station),
            document: task.as_ref().map(|open| open.task.document.kind),
            movement: task.as_ref().map(|open| open.task.kind),
            goods: goods.as_ref(),
            amount: would.as_ref().and_then(|(movement, _)| worth(&movement.lines)),
            trust: least_trust_with(&hold.pass, &said.doubts),
            ..Facts::default()
        };
        let decision = self.permit(asked.clone(), facts)?;
        let checked =
            said.check(&hold, &by).and_then(|()| self.second_decider(&said, &hold, &by, facts));
        let second = match checked {
            Ok(second) => second,
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        };
        let station = hold.pass.station.clone();
        let decided = |said: HoldVerdict, decision| Body::HoldDecided {
            pass,
            task: hold.task,
            verdict: said.verdict,
            reason: said.reason,
            doubts: said.doubts,
            by: by.clone(),
            second: second.clone(),
            decision,
        };
        if said.verdict == Verdict::Reject {
            self.hold_decided(&hold, decided(said, decision));
            self.no_more_in_hand(hold.task);
            self.signals.push((station, Signal::Off));
            return Ok(Reply::Done);
        }
        let (movement, comparison) = match self.accepted(&hold, &said.doubts, task.as_ref()) {
            Ok(accepted) => accepted,
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        };
        let document = movement.document.clone();
        let firings = match self.may_accept(&movement, &by, second.as_ref()) {
            Ok(firings) => firings,
            Err((fault, firings)) => {
                let (code, message) = self.refused_by_rules(fault, firings, Some(&document));
                return Err(self.deny(asked, code, message, Some(decision)));
            }
        };
        self.hold_decided(&hold, decided(said, decision.clone()));
        let answer = match self.moved(movement, None) {
            Ok(movement) => Ok(Reply::Posted { movement, comparison }),
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        };
        self.record_firings(firings, Some(&document));
        self.close_done(hold.task, by);
        if let Ok(Reply::Posted { movement, .. }) = &answer {
            self.follow(*movement);
        }
        self.signals.push((station, Signal::Go));
        self.memory.answers.insert(pass, answer.clone());
        answer
    }

    /// What rules say of a movement that somebody accepts. Whom they name has to be who decides, or who does so beside
    /// him.
    fn may_accept(
        &self,
        movement: &Movement,
        by: &Actor,
        second: Option<&Second>,
    ) -> Result<Vec<RuleFiring>, (Fault, Vec<RuleFiring>)> {
        let (firings, approvers) = self.rules_before_movement(movement)?;
        let decider = match by {
            Actor::Operator { id, .. } => Some(id),
            _ => None,
        };
        let deciders = || decider.into_iter().chain(second.map(|second| &second.operator));
        let is_met = |named: &String| deciders().any(|who| is_named(self.state, named, who));
        match approvers.iter().find(|named| !is_met(named)) {
            None => Ok(firings),
            Some(named) => {
                let message = format!(
                    "a rule wants {named} to decide on it: have him do so, or join this session as the second person"
                );
                Err((("rule-approver", message), firings))
            }
        }
    }

    /// Who decides beside the first that what may be a copy is none; nobody is needed for anything else.
    fn second_decider(
        &self,
        said: &HoldVerdict,
        hold: &Hold,
        by: &Actor,
        facts: Facts<'_>,
    ) -> Result<Option<Second>, Fault> {
        if !may_be_copies(&hold.pass, &said.doubts) {
            return Ok(None);
        }
        let session = match by {
            Actor::Operator { session: Some(id), .. } => self.state.session(*id),
            _ => None,
        };
        let asked = (hold.decision.module, Action::Approve);
        let second = session.and_then(|session| self.second_of(session, asked, facts));
        match second.filter(|second| !moved_it(hold, &second.operator)) {
            Some(second) => Ok(Some(second)),
            None => {
                let message = "what may be a copy is posted by two people: have somebody else who may \
                               decide it, and did not move it, join this session with badge and PIN";
                Err(("second-person-needed", message.to_owned()))
            }
        }
    }

    fn unknown_hold(&mut self, pass: PassId, by: &Actor) -> Refusal {
        // Which module it would be is not known, so the denial stands under the journal's.
        let asked = Asked::new(by, Action::Approve, Module::Ledger);
        let message = format!(
            "pass {pass} does not wait for a decision, or was decided on: take one from the list of held passes"
        );
        self.deny(asked, "unknown-hold", message, None)
    }

    fn hold_decided(&mut self, hold: &Hold, decided: Body) {
        self.record(decided);
        let held = Ok(Reply::Held { task: hold.task, comparison: hold.comparison.clone() });
        self.memory.answers.insert(hold.pass.id, held);
    }

    /// What accepting a hold posts: the entry after that of the decision.
    fn accepted(
        &self,
        hold: &Hold,
        doubts: &[String],
        task: Option<&TaskState>,
    ) -> Result<(Movement, Comparison), Fault> {
        let Some(task) = task else {
            let message = format!("task {} is closed meanwhile: reject the pass", hold.task);
            return Err(("task-closed", message));
        };
        let Some(session) = hold.pass.session else {
            return Err(("pass-unbound", "the pass has no session: reject it".to_owned()));
        };
        let things = seen::resolve_with(&hold.pass, doubts, &self.settings.items, self.stock);
        let matched = compare(task, &things);
        if matched.parts.iter().all(|part| part.quantity == 0) {
            let message = "nothing of the pass fits the task: reject it".to_owned();
            return Err(("nothing-expected", message));
        }
        let mover = Mover {
            session,
            operator: hold.operator.clone(),
            auth_level: hold.auth_level,
            second: hold.second.clone(),
            decision: hold.decision.clone(),
            resolution_seq: Some(*self.next_seq),
        };
        let seq = self.next_seq.saturating_add(1);
        let movement = self.movement(task, &hold.pass, mover, &matched, seq)?;
        self.check_version(&task.task, &movement)?;
        Ok((movement, matched.comparison))
    }

    pub(crate) fn resolve_quarantine(&mut self, pass: PassId, reason: String, by: Actor) -> Answer {
        // No task says which module it would have been: the right to approve in any will do.
        let asked = Asked::new(&by, Action::Approve, Module::Inbound);
        let others = [Module::Outbound, Module::Count, Module::Transfer];
        let Some(one) = self.state.quarantined(pass).cloned() else {
            let message = format!("pass {pass} is not in quarantine: take one from its list");
            return Err(self.deny(asked, "unknown-quarantine", message, None));
        };
        let mut asked = asked;
        asked.station = Some(one.pass.station.clone());
        let others = others.map(|module| (module, Action::Approve));
        let facts = Facts { station: Some(&one.pass.station), ..Facts::default() };
        let decision = self.permit_any(asked.clone(), &others, facts)?;
        if let Err(message) = check_reason(&reason) {
            return Err(self.deny(asked, "reason-missing", message, Some(decision)));
        }
        let verdict = "dismissed".to_owned();
        self.record(Body::QuarantineResolved { pass, verdict, reason, by, decision });
        self.signals.push((one.pass.station, Signal::Off));
        let answer = Ok(Reply::Quarantined { reason: one.reason });
        self.memory.answers.insert(pass, answer);
        Ok(Reply::Done)
    }
}

/// What somebody says of a held pass.
pub(crate) struct HoldVerdict {
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    /// Keys of doubtful things that are to count.
    pub(crate) doubts: Vec<String>,
}

impl HoldVerdict {
    pub(crate) fn new(verdict: Verdict, reason: String, mut doubts: Vec<String>) -> Self {
        doubts.sort_unstable();
        doubts.dedup();
        Self { verdict, reason, doubts }
    }

    /// Whether it has a reason, names what the pass doubts, and is for this one to say.
    fn check(&self, hold: &Hold, by: &Actor) -> Result<(), Fault> {
        match by {
            Actor::Operator { id, .. } if moved_it(hold, id) => {
                let message = "who moved a pass, or stood beside, does not decide on it: have somebody \
                               else do it";
                return Err(("same-person", message.to_owned()));
            }
            Actor::Operator { .. } => {}
            _ if self.doubts.is_empty() => {}
            _ => {
                let message = "only a person can say that what is doubtful went through: sign in";
                return Err(("not-an-operator", message.to_owned()));
            }
        }
        check_reason(&self.reason).map_err(|message| ("reason-missing", message))?;
        if self.verdict == Verdict::Reject && !self.doubts.is_empty() {
            let message = "doubts: a rejected pass posts nothing: leave them out".to_owned();
            return Err(("doubts-rejected", message));
        }
        let known = |key: &&String| hold.pass.doubts.iter().any(|d| d.sighting.thing.key == **key);
        match self.doubts.iter().find(|key| !known(key)) {
            Some(key) => {
                let key: String = key.chars().take(100).collect();
                Err((
                    "unknown-doubt",
                    format!(
                        "doubts: {key:?} is no doubt of this pass: name keys that the held pass tells"
                    ),
                ))
            }
            None => Ok(()),
        }
    }
}

/// Whether one of these doubtful things of a pass is or may be a copy.
pub(crate) fn may_be_copies(pass: &Pass, keys: &[String]) -> bool {
    let copy = |why: Doubtful| matches!(why, Doubtful::Suspect | Doubtful::AnotherTid);
    let counts = |doubt: &Doubt| keys.contains(&doubt.sighting.thing.key);
    pass.doubts.iter().any(|doubt| copy(doubt.why) && counts(doubt))
}

/// Whether somebody moved a held pass, or stood beside as the second person.
pub(crate) fn moved_it(hold: &Hold, who: &OperatorId) -> bool {
    hold.operator == *who || hold.second.as_ref().is_some_and(|second| second.operator == *who)
}

fn hold_asked(hold: &Hold, task: Option<&TaskState>, by: &Actor) -> Asked {
    let mut asked = Asked::new(by, Action::Approve, hold.decision.module);
    asked.station = Some(hold.pass.station.clone());
    asked.task = Some(hold.task);
    match task {
        Some(open) => asked.on_task(&open.task),
        None => asked,
    }
}

pub(crate) fn check_reason(reason: &str) -> Result<(), String> {
    if reason.trim().is_empty() || reason.len() > REASON_BYTES_MAX {
        return Err(format!("a reason is needed: say why in 1 to {REASON_BYTES_MAX} bytes"));
    }
    Ok(())
}
