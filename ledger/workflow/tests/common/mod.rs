//! A small house for the tests: people, facts, a document that can be revised, and a script of acts, each of
//! which is held to what follows by whoever checks a journal.
// Not every test uses all of it, and a test may fail loudly.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewarden_model::{
    ApprovalAct, ApprovalEvent, DocumentContent, NodeId, OperatorId, ReturnTo, SignerPlace,
    Verdict, canonical,
};
use gatewarden_workflow::{
    Around, Decide, Directory, Fault, Instance, Now, Phase, Revision, Submission, Told, Workflow,
    Workflows,
};
use serde_json::{Value, json};

pub(crate) const HOUR_US: i64 = 3_600_000_000;

pub(crate) fn id(name: &str) -> OperatorId {
    OperatorId::parse(name).unwrap()
}

pub(crate) fn node(name: &str) -> NodeId {
    NodeId::parse(name).unwrap()
}

/// An approving step with everything allowed.
pub(crate) fn step(name: &str, mode: &str, approvers: &[&str], more: Value) -> Value {
    let mut step = json!({"kind": "approve", "name": name, "title": name, "mode": mode,
        "approvers": approvers, "allow": ["transfer", "delegate", "add-signer", "take-back"],
        "return_to": ["initiator"]});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

pub(crate) fn workflow(steps: Value, once: bool) -> Arc<Workflow> {
    let mut all = json!({"name": "test", "title": "Test", "kinds": ["requisition"],
        "fallback": ["role:chief"], "steps": steps});
    if once {
        all["once"] = json!(true);
    }
    Arc::new(serde_json::from_value(all).unwrap())
}

/// Conditions `amount > N`, and one that divides by zero.
pub(crate) struct Facts(pub(crate) DocumentContent);

pub(crate) fn amount(content: &DocumentContent) -> i64 {
    content.lines[0].quantity
}

impl Decide for Facts {
    fn holds(&self, condition: &str) -> Result<bool, String> {
        let number = condition.strip_prefix("amount > ").ok_or("division by zero")?;
        Ok(amount(&self.0) > number.parse::<i64>().unwrap())
    }

    fn person(&self, field: &str) -> Option<OperatorId> {
        (field == "requester").then(|| self.0.requester.as_deref().map(id)).flatten()
    }
}

pub(crate) struct Rig {
    pub(crate) house: Workflows,
    pub(crate) roles: BTreeMap<OperatorId, BTreeSet<String>>,
    pub(crate) content: DocumentContent,
    pub(crate) now_us: i64,
    pub(crate) instance: Instance,
    pub(crate) events: Vec<ApprovalEvent>,
    entry: u64,
}

pub(crate) fn content(amount: i64) -> DocumentContent {
    serde_json::from_value(json!({"document": {"kind": "requisition", "number": "R-1"},
        "version": 1, "requester": "ann", "lines": [{"line": 1, "item": "A", "quantity": amount}]}))
    .unwrap()
}

impl Rig {
    /// `people` as `name:role,role`, in the department of `boss`; `ann` submits.
    pub(crate) fn start(
        workflow: &Arc<Workflow>,
        people: &[&str],
        more: &Value,
        amount: i64,
    ) -> Result<Self, Fault> {
        let mut house = json!({"calendar": {"hours": ["08:00-18:00"],
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}});
        house.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let house: Workflows = serde_json::from_value(house).unwrap();
        let person = |text: &&str| {
            let (name, roles) = text.split_once(':').unwrap_or((text, ""));
            let roles = roles.split(',').filter(|role| !role.is_empty()).map(str::to_owned);
            (id(name), roles.collect())
        };
        let content = content(amount);
        let submission = Submission {
            document: content.document.clone(),
            initiator: id("ann"),
            authors: BTreeSet::new(),
            version: 1,
            digest: content.digest(),
            extra: vec![],
        };
        let mut rig = Self {
            house,
            roles: people.iter().map(person).collect(),
            now_us: 20_786 * 24 * HOUR_US + 8 * HOUR_US,
            instance: Instance::empty(workflow, submission.clone()),
            content,
            events: vec![],
            entry: 1,
        };
        let told = Told { at_us: rig.now_us, entry: 1 };
        let (instance, events) = rig.around(|around| {
            let (_, events) = Instance::start(workflow, submission.clone(), around)?;
            let follow = Instance::follow_start(workflow, submission, &events, told, around)?;
            Ok((follow, events))
        })?;
        (rig.instance, rig.events) = (instance, events);
        Ok(rig)
    }

    pub(crate) fn around<T>(&self, then: impl FnOnce(&Around<'_>) -> T) -> T {
        let people = Directory {
            operators: self.roles.clone(),
            house: &self.house,
            kind: Some(self.content.document.kind),
        };
        let day = self.house.calendar.day(self.now_us);
        then(&Around {
            people: &people,
            decide: &Facts(self.content.clone()),
            calendar: &self.house.calendar,
            now: Now { us: self.now_us, day },
        })
    }

    /// Takes in what was answered, as a journal would give it to whoever checks it.
    fn take(&mut self, events: Vec<ApprovalEvent>) {
        self.entry += 1;
        let told = Told { at_us: self.now_us, entry: self.entry };
        let mut follow = self.instance.clone();
        if !events.is_empty() {
            let back = events.iter().map(|event| {
                canonical::decode::<ApprovalEvent>(&canonical::encode(event).unwrap()).unwrap()
            });
            let back: Vec<_> = back.collect();
            self.around(|around| follow.follow(&back, told, around)).unwrap();
        }
        events.iter().for_each(|event| self.instance.apply(event, told));
        assert_eq!(self.instance, follow, "the journal gives the same state again");
        self.events.extend(events);
    }

    pub(crate) fn act(&mut self, by: &str, act: &ApprovalAct) -> Result<(), Fault> {
        let events = self.around(|around| self.instance.act(&id(by), act, around))?;
        self.take(events);
        Ok(())
    }

    pub(crate) fn revise(
        &mut self,
        by: &str,
        change: impl FnOnce(&mut DocumentContent),
    ) -> Result<(), Fault> {
        let mut next = self.content.clone();
        change(&mut next);
        if next != self.content {
            next.version += 1;
        }
        let revision = Revision::between(id(by), &self.content, &next);
        let before = std::mem::replace(&mut self.content, next);
        match self.around(|around| self.instance.revise(&revision, around)) {
            Ok(events) => {
                self.take(events);
                Ok(())
            }
            Err(fault) => {
                self.content = before;
                Err(fault)
            }
        }
    }

    pub(crate) fn tick(&mut self) {
        let events = self.around(|around| self.instance.tick(around));
        self.take(events);
    }

    /// How it stands: who may act now, or how it ended.
    pub(crate) fn stands(&self) -> String {
        let gate = self.instance.gate(&self.content.digest());
        assert_eq!(gate.is_ok(), self.instance.phase() == Phase::Approved, "{gate:?}");
        match self.instance.phase() {
            Phase::Running => {
                let asked: Vec<&str> =
                    self.instance.asked().into_iter().map(OperatorId::as_str).collect();
                asked.join(" ")
            }
            over => over.to_string(),
        }
    }

    /// One line of a script.
    pub(crate) fn play(&mut self, line: &str) -> Result<(), Fault> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let on = self.content.digest();
        let comment = String::new;
        let (by, node_) =
            words[0].split_once('@').map_or((words[0], None), |(by, n)| (by, Some(node(n))));
        let act = match words[1..] {
            ["approve"] => ApprovalAct::Decide {
                node: node_,
                on,
                verdict: Verdict::Approve,
                comment: comment(),
            },
            ["approve", "old"] => {
                let on = content(-1).digest();
                ApprovalAct::Decide {
                    node: node_,
                    on,
                    verdict: Verdict::Approve,
                    comment: comment(),
                }
            }
            ["reject"] => ApprovalAct::Decide {
                node: node_,
                on,
                verdict: Verdict::Reject,
                comment: comment(),
            },
            ["advise", word] => {
                let verdict = if word == "yes" { Verdict::Approve } else { Verdict::Reject };
                ApprovalAct::Advise { node: node_, on, verdict, comment: comment() }
            }
            ["transfer", to] => {
                ApprovalAct::Transfer { node: node_, to: id(to), comment: comment() }
            }
            ["delegate", to] => {
                ApprovalAct::Delegate { node: node_, to: id(to), comment: comment() }
            }
            ["add", who, place] => {
                let place =
                    if place == "before" { SignerPlace::Before } else { SignerPlace::After };
                ApprovalAct::AddSigner { node: node_, who: id(who), place, comment: comment() }
            }
            ["remove", who] => ApprovalAct::RemoveSigner { node: node_, who: id(who) },
            ["return", "initiator"] => {
                ApprovalAct::Return { node: node_, on, to: ReturnTo::Initiator, comment: comment() }
            }
            ["return", to] => ApprovalAct::Return {
                node: node_,
                on,
                to: ReturnTo::Node(node(to)),
                comment: comment(),
            },
            ["back"] => ApprovalAct::TakeBack { node: node_ },
            ["withdraw"] => ApprovalAct::Withdraw { comment: comment() },
            ["waits", hours] => {
                self.now_us += hours.parse::<i64>().unwrap() * HOUR_US;
                self.tick();
                return Ok(());
            }
            ["loses", role] => {
                if let Some(roles) = self.roles.get_mut(&id(by)) {
                    roles.remove(role);
                }
                return Ok(());
            }
            ["gains", role] => {
                self.roles.entry(id(by)).or_default().insert(role.to_owned());
                self.tick();
                return Ok(());
            }
            ["leaves"] => {
                self.roles.remove(&id(by));
                return Ok(());
            }
            ["notes", text] => return self.revise(by, |content| content.note = text.to_owned()),
            ["orders", number] => {
                let number = number.parse().unwrap();
                return self.revise(by, |content| content.lines[0].quantity = number);
            }
            ["resubmits"] => return self.revise(by, |_| ()),
            _ => panic!("no such line: {line}"),
        };
        self.act(by, &act)
    }

    /// Plays a script of lines `what => how it stands, or !code of the refusal`.
    pub(crate) fn script(&mut self, row: &str, lines: &[&str]) {
        for line in lines {
            let (what, expect) = line.split_once(" => ").unwrap();
            let before = self.instance.clone();
            let found = match self.play(what) {
                Ok(()) => self.stands(),
                Err(fault) => {
                    assert_eq!(before, self.instance, "a refusal changes nothing");
                    assert!(!fault.to_string().is_empty());
                    format!("!{}", fault.code())
                }
            };
            assert_eq!(found, expect, "{row}: {what}");
        }
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        let kind = |event: &ApprovalEvent| {
            serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned()
        };
        self.events.iter().map(kind).collect()
    }
}
