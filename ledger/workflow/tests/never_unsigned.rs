//! Whatever people do, and whatever time and changes of people do: nothing is approved without the required
//! signatures over the current content. An oracle that knows nothing of seats keeps who said yes at which
//! step to which content, and says of each approval whether it may be.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use common::{Rig, amount, step, workflow};
use gatewarden_model::{ApprovalEvent, DocumentContent, OperatorId, Verdict};
use gatewarden_workflow::{Instance, Mode, Node, Phase, Workflow};
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: [&str; 8] = ["ann", "bob", "cho", "dan", "eve", "fay", "gus", "boss"];
const STEPS: [&str; 5] = ["one", "two", "three", "four", "five"];

/// The definitions that are tried.
fn definitions() -> Vec<Arc<Workflow>> {
    let all = |name: &str, mode: &str, more| {
        step(name, mode, &["operator:bob", "operator:cho", "operator:eve"], more)
    };
    let any = |name: &str, who: &str, more: Value| step(name, "any-one", &[who], more);
    let back = |to: &str| json!({"return_to": ["initiator", {"node": to}]});
    let branch = json!({"kind": "branch", "name": "dear", "title": "d", "cases": [
        {"title": "very", "when": "amount > 60", "steps": [any("two", "role:finance", json!({}))]},
        {"title": "rather", "when": "amount > 30", "steps": [
            any("three", "role:chief", json!({"signs": ["lines"]}))]}], "otherwise": []});
    let parallel = json!({"kind": "parallel", "name": "both", "title": "b", "lanes": [
        {"title": "left", "steps": [any("two", "role:buyer", json!({}))]},
        {"title": "right", "steps": [any("three", "role:buyer", json!({"distinct_from": ["two"]}))]}]});
    let slow = json!({"remind_after_h": 1, "escalate_after_h": 2,
        "escalate_to": ["manager-of:approver", "role:chief"]});
    [
        json!([
            any("one", "role:buyer", json!({})),
            branch,
            any("four", "operator:ann", back("one"))
        ]),
        json!([all("one", "all", json!({})), all("two", "all-in-order", back("one"))]),
        json!([
            all("one", "quorum", json!({"threshold": 2})),
            any("two", "role:chief", back("one"))
        ]),
        json!([
            any("one", "operator:bob", json!({"signs": ["lines"]})),
            parallel,
            any("four", "role:nobody", slow)
        ]),
    ]
    .into_iter()
    .flat_map(|steps| [workflow(steps.clone(), false), workflow(steps, true)])
    .collect()
}

/// One thing that happens.
#[derive(Debug, Clone)]
struct Op {
    what: usize,
    by: usize,
    other: usize,
    node: usize,
    number: i64,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = (0..26usize, 0..NAMES.len(), 0..NAMES.len(), 0..12usize, 0..100i64)
        .prop_map(|(what, by, other, node, number)| Op { what, by, other, node, number });
    prop::collection::vec(op, 1..70)
}

fn line(op: &Op) -> String {
    let (by, other) = (NAMES[op.by], NAMES[op.other]);
    let node = STEPS.get(op.node);
    let at = node.map_or(by.to_owned(), |node| format!("{by}@{node}"));
    let role = ["buyer", "chief", "finance", "nobody"][op.other % 4];
    match op.what {
        0..=8 => format!("{at} approve"),
        9 => format!("{at} reject"),
        10 => format!("{at} transfer {other}"),
        11 => format!("{at} delegate {other}"),
        12 | 13 => format!("{at} advise yes"),
        14 => format!("{at} add {other} before"),
        15 => format!("{at} add {other} after"),
        16 => format!("{at} remove {other}"),
        17 => format!("{at} return {}", if op.number < 50 { "initiator" } else { "one" }),
        18 => format!("{at} back"),
        19 => format!("{by} waits {}", op.number / 20),
        20 => format!("{by} loses {role}"),
        21 => format!("{by} gains {role}"),
        22 => format!("{} orders {}", if op.number < 70 { "ann" } else { by }, op.number),
        23 => format!("ann notes n{}", op.number),
        24 => "ann resubmits".to_owned(),
        _ if op.number < 10 => format!("{by} leaves"),
        _ => format!("{at} approve old"),
    }
}

/// Who said yes at which step, and to what.
#[derive(Default)]
struct Oracle {
    yes: Vec<(String, OperatorId, DocumentContent)>,
    authors: BTreeSet<OperatorId>,
}

impl Oracle {
    fn hear(&mut self, event: &ApprovalEvent, content: &DocumentContent) {
        match event {
            ApprovalEvent::Decided { node, by, of, verdict: Verdict::Approve, .. } => {
                assert!(
                    !self.authors.contains(by) && !self.authors.contains(of),
                    "nobody signs his own"
                );
                self.yes.push((node.to_string(), by.clone(), content.clone()));
            }
            ApprovalEvent::Carried { node, of, from, .. } => {
                let same = |(at, who, what): &(String, OperatorId, DocumentContent)| {
                    *at == from.to_string() && who == of && what == content
                };
                assert!(self.yes.iter().any(same), "{of} signed this very version at {from}");
                self.yes.push((node.to_string(), of.clone(), content.clone()));
            }
            ApprovalEvent::TakenBack { node, by, .. } => {
                self.yes.retain(|(at, who, _)| *at != node.to_string() || who != by);
            }
            ApprovalEvent::Revised { by, .. } => drop(self.authors.insert(by.clone())),
            _ => {}
        }
    }

    /// Those who said yes at a step to all that it signs of this content.
    fn signers(
        &self,
        node: &gatewarden_workflow::Approve,
        content: &DocumentContent,
    ) -> BTreeSet<&OperatorId> {
        let same = |signed: &DocumentContent| match node.signs.is_empty() {
            true => DocumentContent { version: content.version, ..signed.clone() } == *content,
            // The only other list in these definitions.
            false => signed.lines == content.lines,
        };
        let here = self.yes.iter().filter(|(at, who, what)| {
            *at == node.name.to_string() && !self.authors.contains(who) && same(what)
        });
        here.map(|(_, who, _)| who).collect()
    }

    /// The steps that the content needs, found by itself.
    fn needs<'a>(
        steps: &'a [Node],
        content: &DocumentContent,
    ) -> Vec<&'a gatewarden_workflow::Approve> {
        let below = |node: &'a Node| match node {
            Node::Approve(step) => vec![step],
            Node::Notify(_) => vec![],
            Node::Parallel(all) => {
                all.lanes.iter().flat_map(|lane| Self::needs(&lane.steps, content)).collect()
            }
            Node::Branch(branch) => {
                let number = |when: &str| when["amount > ".len()..].parse::<i64>().unwrap();
                let case = branch.cases.iter().find(|case| amount(content) > number(&case.when));
                Self::needs(case.map_or(&branch.otherwise, |case| &case.steps), content)
            }
        };
        steps.iter().flat_map(below).collect()
    }

    fn check(&self, workflow: &Workflow, content: &DocumentContent) {
        let needs = Self::needs(&workflow.steps, content);
        assert!(!needs.is_empty());
        let signed: BTreeMap<String, BTreeSet<&OperatorId>> =
            needs.iter().map(|node| (node.name.to_string(), self.signers(node, content))).collect();
        for node in needs {
            let signers = &signed[&node.name.to_string()];
            let least = match node.mode {
                Mode::AnyOne => 1,
                Mode::All | Mode::AllInOrder => node.approvers.len(),
                Mode::Quorum => node.threshold as usize,
            };
            assert!(signers.len() >= least, "{}: {signers:?} of {least}", node.name);
            for other in &node.distinct_from {
                // Somebody may have signed both and been sent back at one of them: one signer each is
                // enough that the other did not give.
                let others = &signed[&other.to_string()];
                let all: BTreeSet<_> = signers.union(others).collect();
                assert!(all.len() >= 2, "two persons at {} and {other}", node.name);
            }
        }
    }
}

/// Whoever decides is there, and is what he is asked as at this very moment: by his own name, by the role that the
/// definition names, or by one of those to whom it escalates; handed over or added needs no more than being there.
fn is_asked_still(event: &ApprovalEvent, before: &Instance, rig: &Rig) {
    let ApprovalEvent::Decided { node, by, of, .. } = event else { return };
    assert!(rig.roles.contains_key(by), "{by} is not there");
    let has = |who: &OperatorId, named: &str| match named.split_once(':') {
        Some(("role", role)) => rig.roles.get(who).is_some_and(|roles| roles.contains(role)),
        Some(("operator", name)) => who.as_str() == name,
        // Whoever manages the shop.
        Some(("manager-of", _)) => who.as_str() == "boss",
        _ => false,
    };
    let seats = &before.seating(node).unwrap().seats;
    let seat = seats.iter().find(|seat| !seat.gone && seat.who == *of).unwrap();
    let stands_in = [("fay", "cho"), ("gus", "dan")].contains(&(by.as_str(), of.as_str()));
    if by == of || stands_in {
        assert!(rig.roles.contains_key(of), "{of}, in whose place {by} decides, is not there");
        assert!(seat.given || has(of, &seat.source), "{of} is not {} any more", seat.source);
    } else {
        let step = before.workflow().approve(node).unwrap();
        let named = step.escalate_to.iter().any(|who| has(by, &who.to_string()));
        assert!(named && seat.also.contains(by), "{by} decides in the place of {of} as nobody");
    }
}

fn play(definition: usize, ops: &[Op]) -> Phase {
    let workflow = &definitions()[definition];
    let people =
        ["ann:", "bob:buyer", "cho:buyer", "dan:chief", "eve:finance", "fay:", "gus:", "boss:"];
    let house = json!({"departments": [{"name": "shop", "manager": "boss", "members": ["ann", "bob"]}],
        "substitutions": [{"absent": "cho", "substitute": "fay", "from": "2026-11-29", "to": "2026-12-01"},
            {"absent": "dan", "substitute": "gus", "from": "2026-11-29", "to": "2026-12-05"}]});
    let mut rig = Rig::start(workflow, &people, &house, 10).unwrap();
    let mut oracle = Oracle::default();
    oracle.authors.insert(common::id("ann"));
    let mut heard = 0;
    for op in ops {
        let line = line(op);
        let before = rig.instance.clone();
        let result = rig.play(&line);
        if line.ends_with("approve old") {
            assert!(result.is_err(), "a superseded version is never signed");
        }
        for event in &rig.events[heard..] {
            oracle.hear(event, &rig.content);
            is_asked_still(event, &before, &rig);
        }
        heard = rig.events.len();
        // Asserts that the gate is open if and only if it is approved.
        rig.stands();
        if rig.instance.phase() == Phase::Approved {
            oracle.check(workflow, &rig.content);
            break;
        }
    }
    rig.instance.phase()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_approved_without_its_signatures(definition in 0..8usize, ops in ops()) {
        play(definition, &ops);
    }
}

/// The property is not empty: of eager people many documents are approved, in every definition.
#[test]
fn documents_are_approved_at_all() {
    for definition in 0..definitions().len() {
        let eager =
            (0..400).map(|i| Op { what: 0, by: 1 + i % 7, other: 0, node: i % 4, number: 0 });
        assert_eq!(play(definition, &eager.collect::<Vec<_>>()), Phase::Approved, "{definition}");
    }
}
