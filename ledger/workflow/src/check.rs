//! What is wrong with definitions, as far as they and a list of people tell: all of it at once.
//!
//! An error is what could never work, or would let something pass unsigned; a warning is what surely was not
//! meant so. Absent: whether a condition is well formed, which whoever knows the facts says.

mod house;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{NodeId, WorkflowId};

use crate::{
    Directory, Node, Workflow, Workflows,
    definition::{NEST_MAX, STEPS_MAX},
};

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spot {
    /// A workflow, by its index.
    Workflow(usize),
    /// A step: the workflow's index, and its own in the order from top to bottom.
    Step(usize, usize),
    /// A case of a branch: as a step, and the case's index; the one after the last is the way otherwise.
    Case(usize, usize, usize),
    /// A department, by its index.
    Department(usize),
    /// A substitution, by its index.
    Substitution(usize),
    /// The calendar.
    Calendar,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Where.
    pub spot: Spot,
    /// The key there that it is about.
    pub key: &'static str,
    /// In which workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowId>,
    /// At which step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// Whether it only surely was not meant so.
    pub warning: bool,
    /// Which kind of mistake it is, stable for machines.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: String,
}

/// What is known of people; nothing is said of what is not known.
#[derive(Debug, Clone, Default)]
pub struct Roster<'a> {
    /// The roles that there are.
    pub roles: Option<BTreeSet<String>>,
    /// The people.
    pub people: Option<&'a Directory<'a>>,
}

/// What is found, with where the look is at.
pub(crate) struct Found<'a> {
    pub(crate) roster: &'a Roster<'a>,
    pub(crate) departments: BTreeSet<&'a str>,
    pub(crate) workflow: Option<WorkflowId>,
    pub(crate) node: Option<NodeId>,
    pub(crate) spot: Spot,
    findings: Vec<Finding>,
}

impl Found<'_> {
    pub(crate) fn error(
        &mut self,
        key: &'static str,
        code: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.record(false, key, code, message.into(), expected.into());
    }

    pub(crate) fn warn(
        &mut self,
        key: &'static str,
        code: &'static str,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.record(true, key, code, message.into(), expected.into());
    }

    fn record(
        &mut self,
        warning: bool,
        key: &'static str,
        code: &'static str,
        message: String,
        expected: String,
    ) {
        let (spot, workflow, node) = (self.spot.clone(), self.workflow.clone(), self.node.clone());
        self.findings.push(Finding { spot, key, workflow, node, warning, code, message, expected });
    }
}

/// All that is wrong.
#[must_use]
pub fn check(house: &Workflows, roster: &Roster<'_>) -> Vec<Finding> {
    let departments = house.departments.iter().map(|one| one.name.as_str()).collect();
    let mut found = Found {
        roster,
        departments,
        workflow: None,
        node: None,
        spot: Spot::Calendar,
        findings: vec![],
    };
    house::calendar(&mut found, &house.calendar);
    house::departments(&mut found, house);
    house::substitutions(&mut found, house);
    let mut names = BTreeMap::new();
    let mut kinds = BTreeMap::new();
    for (index, workflow) in house.workflows.iter().enumerate() {
        found.spot = Spot::Workflow(index);
        found.workflow = Some(workflow.name.clone());
        found.node = None;
        if names.insert(&workflow.name, index).is_some() {
            let message = format!("workflow {:?} is there twice", workflow.name);
            found.error("name", "duplicate-name", message, "a name of its own");
        }
        for kind in &workflow.kinds {
            if let Some(other) = kinds.insert(*kind, &workflow.name) {
                let message = format!("{} goes through {other:?} already", kind.name());
                found.error("kinds", "duplicate-kind", message, "one workflow a kind of document");
            }
        }
        one(&mut found, index, workflow);
    }
    found.findings
}

fn one(found: &mut Found<'_>, index: usize, workflow: &Workflow) {
    if workflow.fallback.is_empty() {
        let message = "nobody would be asked where a step's approvers come out empty";
        found.error(
            "fallback",
            "no-fallback",
            message,
            "somebody, such as role:warehouse-supervisor",
        );
    }
    let (message, expected) =
        ("there is a way on which nobody signs", "an approving step on every way");
    if !always_signed(&workflow.steps, 0) {
        found.error("steps", "unsigned-way", message, expected);
    }
    // One who is there is enough.
    let alone = !steps::somebody(found, &workflow.fallback);
    steps::people(found, "fallback", &workflow.fallback, alone);
    let all = workflow.all();
    if all.len() > STEPS_MAX {
        let message = format!("workflow {:?} has {} steps", workflow.name, all.len());
        found.error("steps", "too-many", message, format!("at most {STEPS_MAX}"));
    }
    let mut seen = BTreeSet::new();
    for (at, (depth, node)) in all.iter().enumerate() {
        found.spot = Spot::Step(index, at);
        found.node = Some(node.name().clone());
        if !seen.insert(node.name()) {
            let message = format!("step {:?} is there twice", node.name());
            found.error("name", "duplicate-name", message, "a name of its own in the workflow");
        }
        if *depth > NEST_MAX {
            let message = format!("step {:?} is nested {depth} deep", node.name());
            found.error(
                "name",
                "bad-nesting",
                message,
                format!("at most {NEST_MAX} branches in each other"),
            );
        }
        steps::step(found, workflow, node, (index, at));
    }
}

/// Whether somebody signs whichever way is taken.
fn always_signed(steps: &[Node], depth: usize) -> bool {
    let deeper = |steps: &[Node]| depth < NEST_MAX * 2 && always_signed(steps, depth + 1);
    steps.iter().any(|node| match node {
        Node::Approve(_) => true,
        Node::Notify(_) => false,
        Node::Branch(_) => node.below().into_iter().all(deeper),
        Node::Parallel(_) => node.below().into_iter().any(deeper),
    })
}
