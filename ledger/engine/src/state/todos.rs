//! What somebody has to do because a rule found something.

use gatewarden_model::{Document, Entry, RuleEffect, RuleFiring, Stamp};

use super::State;

/// A to-do that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo {
    /// The entry of the firing that opened it.
    pub fired: u64,
    /// When.
    pub at: Stamp,
    /// What the rule found.
    pub firing: RuleFiring,
    /// On which document.
    pub document: Option<Document>,
}

impl State {
    /// Keeps what a firing leaves to do.
    pub(crate) fn rule_fired(
        &mut self,
        entry: &Entry,
        firing: &RuleFiring,
        document: Option<&Document>,
    ) {
        if firing.effects.iter().any(|effect| matches!(effect, RuleEffect::Todo { .. })) {
            let (fired, at) = (entry.seq, entry.at);
            let (firing, document) = (firing.clone(), document.cloned());
            self.todos.insert(fired, Todo { fired, at, firing, document });
        }
    }

    /// All to-dos that are open, oldest first.
    pub fn todos(&self) -> impl Iterator<Item = &Todo> {
        self.todos.values()
    }
}
