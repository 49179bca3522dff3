//! The way of a document through the tree: which steps its facts lead to, which are reached, what comes
//! before what. It follows from the branches that were decided and from what is signed, and is never kept.

use gatewarden_model::NodeId;

use crate::{Approve, Fault, Instance, Node, Notify};

/// What is reached and not done.
#[derive(Default)]
pub(crate) struct Reached<'a> {
    pub(crate) open: Vec<&'a Approve>,
    pub(crate) tell: Vec<&'a Notify>,
}

impl Instance {
    /// The steps of the way that a branch takes.
    pub(crate) fn taken<'a>(&self, branch: &'a crate::Branch) -> &'a [Node] {
        match self.cases.get(&branch.name) {
            Some(Some(case)) => {
                branch.cases.get(*case as usize).map_or(&[], |case| case.steps.as_slice())
            }
            _ => &branch.otherwise,
        }
    }

    /// The approving steps below a sequence, on the way that is taken.
    pub(crate) fn on_way<'a>(&self, steps: &'a [Node], out: &mut Vec<&'a Approve>) {
        for node in steps {
            match node {
                Node::Approve(approve) => out.push(approve),
                Node::Notify(_) => {}
                Node::Branch(branch) => self.on_way(self.taken(branch), out),
                Node::Parallel(all) => {
                    all.lanes.iter().for_each(|lane| self.on_way(&lane.steps, out));
                }
            }
        }
    }

    /// Every approving step that this version needs.
    #[must_use]
    pub fn way(&self) -> Vec<&Approve> {
        let mut out = vec![];
        self.on_way(&self.workflow.steps, &mut out);
        out
    }

    pub(crate) fn reached(&self) -> Reached<'_> {
        let mut out = Reached::default();
        self.reach(&self.workflow.steps, &mut out);
        out
    }

    /// Whether a sequence is done; what is reached in it and not done goes into `out`.
    fn reach<'a>(&'a self, steps: &'a [Node], out: &mut Reached<'a>) -> bool {
        for node in steps {
            let done = match node {
                Node::Approve(approve) => {
                    let passed = self.seatings.get(&approve.name).is_some_and(|s| s.passed);
                    if !passed {
                        out.open.push(approve);
                    }
                    passed
                }
                Node::Notify(notify) => {
                    if !self.told.contains(&notify.name) {
                        out.tell.push(notify);
                    }
                    true
                }
                Node::Branch(branch) => self.reach(self.taken(branch), out),
                Node::Parallel(all) => {
                    let lanes = all.lanes.iter().map(|lane| self.reach(&lane.steps, out));
                    // Every lane is looked at, whether another is done or not.
                    lanes.filter(|done| !done).count() == 0
                }
            };
            if !done {
                return false;
            }
        }
        true
    }

    /// The approving steps that come after one, on the way that is taken.
    pub(crate) fn following(&self, node: &NodeId) -> Vec<&Approve> {
        let mut out = vec![];
        self.after(&self.workflow.steps, node, &mut out);
        out
    }

    fn after<'a>(&self, steps: &'a [Node], target: &NodeId, out: &mut Vec<&'a Approve>) -> bool {
        for (index, node) in steps.iter().enumerate() {
            let found = match node {
                Node::Approve(approve) => approve.name == *target,
                Node::Notify(_) => false,
                Node::Branch(branch) => self.after(self.taken(branch), target, out),
                Node::Parallel(all) => {
                    all.lanes.iter().any(|lane| self.after(&lane.steps, target, out))
                }
            };
            if found {
                self.on_way(&steps[index + 1..], out);
                return true;
            }
        }
        false
    }

    /// The step of the way with this name.
    pub(crate) fn step(&self, name: &NodeId) -> Result<&Approve, Fault> {
        let found = self.way().into_iter().find(|node| node.name == *name);
        found.ok_or_else(|| Fault::UnknownStep(name.clone()))
    }
}
