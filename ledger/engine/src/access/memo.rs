//! Answers that the policies gave, by the whole question.
//!
//! The policies of an `Access` never change and see nothing but the question (who with which roles
//! or scopes, what, where, on which facts), so the same question has the same answer. An answer
//! with an error is never kept. Bounded; a full memory is emptied.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use gatewarden_model::{Action, Decision, Module};

use super::{Known, Principal};

/// Answers kept at most.
const ANSWERS_MAX: usize = 4096;

/// Everything that a decision can depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    kind: Kind,
    name: Option<String>,
    groups: Vec<String>,
    action: Action,
    module: Module,
    known: Known,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Operator,
    Client,
    Device,
    Local,
}

impl Question {
    /// Of the facts only those that the policies look at belong to it.
    pub(super) fn of(
        principal: &Principal<'_>,
        action: Action,
        module: Module,
        known: Known,
    ) -> Self {
        let (kind, name, groups) = match *principal {
            Principal::Operator { id, roles } => {
                (Kind::Operator, Some(id.as_str().to_owned()), roles.to_vec())
            }
            Principal::Client { id, scopes } => {
                (Kind::Client, Some(id.as_str().to_owned()), scopes.to_vec())
            }
            Principal::Device { id } => (Kind::Device, Some(id.as_str().to_owned()), vec![]),
            Principal::Local { uid } => (Kind::Local, uid.map(|uid| uid.to_string()), vec![]),
        };
        Self { kind, name, groups, action, module, known }
    }

    /// The facts that it is asked on.
    pub(super) fn known(&self) -> &Known {
        &self.known
    }
}

/// The answers so far; clones share them, as they share the policies.
#[derive(Debug, Clone, Default)]
pub(super) struct Memo(Arc<Mutex<HashMap<Question, Decision>>>);

impl Memo {
    /// The answer to this question, if it is kept.
    pub(super) fn get(&self, question: &Question) -> Option<Decision> {
        // A panic while it was locked leaves nothing to trust: then every question is asked.
        self.0.lock().ok()?.get(question).cloned()
    }

    /// Keeps an answer that came without an error.
    pub(super) fn keep(&self, question: Question, decision: &Decision) {
        if !decision.errors.is_empty() {
            return;
        }
        if let Ok(mut answers) = self.0.lock() {
            if answers.len() >= ANSWERS_MAX {
                answers.clear();
            }
            answers.insert(question, decision.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use gatewarden_model::{Amount, DocumentKind, Hash, MovementKind};

    use super::*;
    use crate::access::{Facts, Goods, Looks, Request};

    fn question(request: &Request<'_>) -> Question {
        let Request { principal, action, module, facts } = request;
        Question::of(principal, *action, *module, Known::of(facts, Looks::ALL))
    }

    #[test]
    fn questions_differ_in_everything_that_policies_see() {
        let (a, b) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let (keeper, buyer) = (["storekeeper".to_owned()], ["buyer".to_owned()]);
        let station = "dock-1".parse().unwrap();
        let facts = Facts { ordered_by: Some("x"), ..Facts::default() };
        let device = "dev".parse().unwrap();
        let goods = Goods { warehouses: ["wh1".to_owned()].into(), ..Goods::default() };
        let base = Request {
            principal: Principal::Operator { id: &a, roles: &keeper },
            action: Action::Execute,
            module: Module::Inbound,
            facts,
        };
        let others = [
            Request { principal: Principal::Operator { id: &b, roles: &keeper }, ..base },
            Request { principal: Principal::Operator { id: &a, roles: &buyer }, ..base },
            Request { principal: Principal::Operator { id: &a, roles: &[] }, ..base },
            Request { principal: Principal::Local { uid: None }, ..base },
            Request { principal: Principal::Local { uid: Some(0) }, ..base },
            Request { action: Action::View, ..base },
            Request { module: Module::Outbound, ..base },
            Request { facts: Facts { ordered_by: None, requested_by: Some("x"), ..facts }, ..base },
            Request { facts: Facts { ordered_by: None, moved_by: Some("x"), ..facts }, ..base },
            Request { facts: Facts { station: Some(&station), ..facts }, ..base },
            Request { facts: Facts { auth_level: Some(1), ..facts }, ..base },
            Request { facts: Facts { second: Some("x"), ..facts }, ..base },
            Request { facts: Facts { amount: Some(Amount::ZERO), ..facts }, ..base },
            Request { facts: Facts { goods: Some(&goods), ..facts }, ..base },
            Request { facts: Facts { document: Some(DocumentKind::WorkOrder), ..facts }, ..base },
            Request { facts: Facts { movement: Some(MovementKind::Issue), ..facts }, ..base },
            Request { principal: Principal::Device { id: &device }, ..base },
        ];
        let mut questions: Vec<_> = others.iter().map(question).collect();
        questions.push(question(&base));
        for (place, one) in questions.iter().enumerate() {
            assert!(!questions[place + 1..].contains(one), "{one:?}");
        }
    }

    #[test]
    fn an_answer_with_an_error_is_not_kept_and_the_memory_is_bounded() {
        let question = |uid| {
            let principal = Principal::Local { uid: Some(uid) };
            Question::of(&principal, Action::View, Module::Ledger, Known::default())
        };
        let mut decision = Decision {
            allowed: false,
            action: Action::View,
            module: Module::Ledger,
            policies: vec![],
            version: Hash::of(b""),
            errors: vec!["broken".to_owned()],
            facts: Default::default(),
        };
        let memo = Memo::default();
        memo.keep(question(0), &decision);
        assert_eq!(memo.get(&question(0)), None);
        decision.errors.clear();
        for uid in 0..=u32::try_from(ANSWERS_MAX).unwrap() {
            memo.keep(question(uid), &decision);
        }
        assert_eq!(memo.get(&question(0)), None);
        assert_eq!(memo.0.lock().unwrap().len(), 1);
    }
}
