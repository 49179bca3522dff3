//! Definitions: a workflow is a tree of steps that are gone through from top to bottom.
//!
//! Serialised they are canonical (whole numbers, texts, lists, maps), so the journal keeps them, and the
//! digest of that is a definition's version. Absent: whether a definition makes sense (`check`).

use std::collections::BTreeMap;

use gatewarden_model::{DocumentKind, Hash, NodeId, ReturnTo, WorkflowId, canonical};
use serde::{Deserialize, Serialize};

use crate::{Calendar, Department, Substitution, Who};

/// Most workflows of a house.
pub const WORKFLOWS_MAX: usize = 64;
/// Most steps of one workflow, branches' and lanes' included.
pub const STEPS_MAX: usize = 100;
/// Deepest nesting of branches and lanes in each other.
pub const NEST_MAX: usize = 5;
/// Most cases of a branch, or lanes of a parallel step.
pub const CASES_MAX: usize = 16;
/// Most members of one list of people.
pub const WHO_MAX: usize = 32;

/// All that a house has decided about approvals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workflows {
    /// The workflows.
    pub workflows: Vec<Workflow>,
    /// Who manages whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<Department>,
    /// Who stands in for whom, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub substitutions: Vec<Substitution>,
    /// When people work.
    pub calendar: Calendar,
}

/// Who must sign one kind of document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Its name.
    pub name: WorkflowId,
    /// What it is, in a line.
    pub title: String,
    /// The kinds of document that go through it.
    pub kinds: Vec<DocumentKind>,
    /// Whether somebody who signed this very version at one step need not sign it again at another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// Who is asked where a step's own approvers come out empty.
    pub fallback: Vec<Who>,
    /// The steps, from top to bottom.
    pub steps: Vec<Node>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Node {
    /// Somebody signs.
    Approve(Approve),
    /// The facts say which way.
    Branch(Branch),
    /// All lanes at once; it goes on when each is done.
    Parallel(Parallel),
    /// Somebody is told, and nothing waits for him.
    Notify(Notify),
}

/// How the approvers of one step decide together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The first decision is that of all (或签).
    AnyOne,
    /// All sign, at once; one no ends it (会签).
    All,
    /// All sign, one after the other as they are named; one no ends it (会签).
    AllInOrder,
    /// Votes are weighed until a threshold is reached, or can't be any more (票签).
    Quorum,
}

/// What may be done at a step beside deciding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allowed {
    /// Hand the decision over (转办).
    Transfer,
    /// Ask for advice (委派).
    Delegate,
    /// Add signers, and take them away again (加签, 减签).
    AddSigner,
    /// Take one's signature back before the next acts (拿回).
    TakeBack,
}

impl Allowed {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Transfer, Self::Delegate, Self::AddSigner, Self::TakeBack];
}

/// A step at which somebody signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// Its name, unique within the workflow.
    pub name: NodeId,
    /// What it is, in a line.
    pub title: String,
    /// How they decide together.
    pub mode: Mode,
    /// Who is asked.
    pub approvers: Vec<Who>,
    /// Quorum: what the vote of each that is named so weighs; 1 where nothing is said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<Who, u32>,
    /// Quorum: the weight that it takes; 0 for the other modes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub threshold: u32,
    /// The fields that a signature here covers; everything where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<String>,
    /// Steps whose signers may not sign here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distinct_from: Vec<NodeId>,
    /// What may be done beside deciding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allowed>,
    /// To whom a decision may be handed over; anybody where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfer_to: Vec<Who>,
    /// To where it may be sent back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub return_to: Vec<ReturnTo>,
    /// After how many working hours they are reminded, and again after as many; 0 for never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub remind_after_h: u32,
    /// After how many working hours it goes to the first of `escalate_to`, after twice as many to the
    /// second, and so on; 0 for never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub escalate_after_h: u32,
    /// Who may decide too when time runs out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate_to: Vec<Who>,
}

// serde hands references to what decides on skipping.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A step at which the facts say which way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// Its name, unique within the workflow.
    pub name: NodeId,
    /// What it asks, in a line.
    pub title: String,
    /// The cases; the first that holds is taken.
    pub cases: Vec<Case>,
    /// Where none holds; may be empty, but is always said.
    pub otherwise: Vec<Node>,
}

/// One way of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is, in a line.
    pub title: String,
    /// When it is taken, in CEL.
    pub when: String,
    /// Its steps.
    pub steps: Vec<Node>,
}

/// A step of several lanes at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// Its name, unique within the workflow.
    pub name: NodeId,
    /// What it is, in a line.
    pub title: String,
    /// The lanes.
    pub lanes: Vec<Lane>,
}

/// One lane of a parallel step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// What it is, in a line.
    pub title: String,
    /// Its steps.
    pub steps: Vec<Node>,
}

/// A step at which somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Its name, unique within the workflow.
    pub name: NodeId,
    /// What it is, in a line.
    pub title: String,
    /// Who.
    pub whom: Vec<Who>,
}

impl Node {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &NodeId {
        match self {
            Self::Approve(node) => &node.name,
            Self::Branch(node) => &node.name,
            Self::Parallel(node) => &node.name,
            Self::Notify(node) => &node.name,
        }
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Approve(node) => &node.title,
            Self::Branch(node) => &node.title,
            Self::Parallel(node) => &node.title,
            Self::Notify(node) => &node.title,
        }
    }

    /// The sequences of steps below it.
    #[must_use]
    pub fn below(&self) -> Vec<&[Node]> {
        match self {
            Self::Approve(_) | Self::Notify(_) => vec![],
            Self::Branch(branch) => {
                let cases = branch.cases.iter().map(|case| case.steps.as_slice());
                cases.chain([branch.otherwise.as_slice()]).collect()
            }
            Self::Parallel(parallel) => {
                parallel.lanes.iter().map(|lane| lane.steps.as_slice()).collect()
            }
        }
    }
}

impl Workflow {
    /// The digest of its canonical bytes: which version it is.
    #[must_use]
    pub fn version(&self) -> Hash {
        // Nested no deeper than `NEST_MAX`, of whole numbers, texts, lists and maps: there are bytes.
        Hash::of(&canonical::encode(self).unwrap_or_default())
    }

    /// All its steps, from top to bottom, with how deep each is nested.
    #[must_use]
    pub fn all(&self) -> Vec<(usize, &Node)> {
        fn walk<'a>(steps: &'a [Node], depth: usize, out: &mut Vec<(usize, &'a Node)>) {
            for node in steps {
                out.push((depth, node));
                // A definition by hand may be deeper than any that was checked.
                if depth < canonical::DEPTH_MAX {
                    node.below().into_iter().for_each(|steps| walk(steps, depth + 1, out));
                }
            }
        }
        let mut out = vec![];
        walk(&self.steps, 0, &mut out);
        out
    }

    /// The approving step of this name.
    #[must_use]
    pub fn approve(&self, name: &NodeId) -> Option<&Approve> {
        self.all().into_iter().find_map(|(_, node)| match node {
            Node::Approve(approve) if approve.name == *name => Some(approve),
            _ => None,
        })
    }
}

impl Workflows {
    /// The workflow of a kind of document.
    #[must_use]
    pub fn of_kind(&self, kind: DocumentKind) -> Option<&Workflow> {
        self.workflows.iter().find(|workflow| workflow.kinds.contains(&kind))
    }

    /// The workflow of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Workflow> {
        self.workflows.iter().find(|workflow| workflow.name.as_str() == name)
    }
}
