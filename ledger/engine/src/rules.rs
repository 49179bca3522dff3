//! Rules in the turn: what they say before an operation, and what they find after an entry.

use gatewarden_model::{
    Action, Actor, Body, Document, ExtraApproval, Module, OperatorId, RuleEffect, RuleFiring,
};
use serde::{Deserialize, Serialize};

use crate::{
    access::Facts,
    command::Reply,
    documents::facts::Frozen,
    holds::check_reason,
    state::{OpenDocument, State, Todo},
    turn::{Answer, Asked, Fault, Turn, authenticated},
};

/// Placeholder.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Rules {}

/// What rules say about a document that is handed in.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What fired.
    pub(crate) firings: Vec<RuleFiring>,
    /// Who else must sign.
    pub(crate) extra: Vec<ExtraApproval>,
}

impl Turn<'_> {
    pub(crate) fn rules_before_submit(
        &self,
        _: &OpenDocument,
        _: &gatewarden_documents::KindDefinition,
        _: &Frozen,
        _: &Actor,
    ) -> Result<Found, Fault> {
        Ok(Found::default())
    }

    pub(crate) fn record_firings(&mut self, firings: Vec<RuleFiring>, document: Option<&Document>) {
        for firing in firings {
            let document = document.cloned();
            self.record(Body::RuleFired { firing, document });
        }
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
        if let Err((code, reason)) = authenticated(self.state, &by, &Facts::default()) {
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

/// Whether a to-do is for somebody.
pub(crate) fn is_for(state: &State, todo: &Todo, who: &OperatorId) -> bool {
    let named = todo.firing.effects.iter().filter_map(|effect| match effect {
        RuleEffect::Todo { to, .. } => Some(to),
        _ => None,
    });
    named.flatten().any(|one| match one.split_once(':') {
        Some(("operator", name)) => name == who.as_str(),
        Some(("role", role)) => {
            state.operator(who).is_some_and(|one| one.roles.iter().any(|held| held == role))
        }
        _ => false,
    })
}
