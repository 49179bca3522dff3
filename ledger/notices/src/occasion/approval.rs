//! What the steps of a document and the firings of rules give reason to tell, and which of them are reactions.

use gatewarden_model::{
    ApprovalEvent, ApprovalSeat, Document, DocumentStep, Hash, NodeId, OperatorId, ReturnTo,
    RuleEffect, RuleFiring,
};

use super::{Grant, Occasion, On, Reaction};
use crate::Receiver;

/// What a reaction on a document, or at a node of its workflow, names.
fn subject(document: &Document, node: Option<&NodeId>) -> String {
    let Document { kind, number } = document;
    match node {
        // A number may hold anything; a node is a name, so the last part is the node.
        Some(node) => format!("document/{}/{number}/{node}", kind.name()),
        None => format!("document/{}/{number}", kind.name()),
    }
}

/// The occasions of a step.
pub(super) fn of_step(
    about: u64,
    document: &Document,
    digest: Hash,
    step: &DocumentStep,
) -> Vec<Occasion> {
    let on = |on| {
        let mut one = Occasion::new(on, about).on_document(document);
        one.digest = Some(digest);
        vec![one]
    };
    match step {
        DocumentStep::Approved { .. } => on(On::Approved),
        DocumentStep::Rejected => on(On::Rejected),
        DocumentStep::Approval { event } => of_event(about, document, digest, event),
        _ => vec![],
    }
}

fn of_event(about: u64, document: &Document, digest: Hash, event: &ApprovalEvent) -> Vec<Occasion> {
    let new = |on| {
        let mut one = Occasion::new(on, about).on_document(document);
        one.digest = Some(digest);
        one
    };
    let waits = |node: &NodeId, approvers: Vec<OperatorId>| {
        if approvers.is_empty() {
            return vec![];
        }
        let mut one = new(On::ApprovalWaiting);
        one.approvers = approvers;
        one.subject = Some(subject(document, Some(node)));
        let (document, node) = (document.clone(), node.to_string());
        one.grant = Some(Grant { document, digest, node });
        vec![one]
    };
    let seats = |seats: &[ApprovalSeat]| seats.iter().map(|seat| seat.who.clone()).collect();
    match event {
        ApprovalEvent::Opened { node, seats: all, .. }
        | ApprovalEvent::Reseated { node, seats: all, .. } => waits(node, seats(all)),
        ApprovalEvent::Transferred { node, to, .. } | ApprovalEvent::Delegated { node, to, .. } => {
            waits(node, vec![to.clone()])
        }
        ApprovalEvent::SignerAdded { node, who, .. } => waits(node, vec![who.clone()]),
        ApprovalEvent::Reminded { node, whom, .. } => waits(node, whom.clone()),
        ApprovalEvent::Escalated { node, to, .. } => waits(node, to.clone()),
        ApprovalEvent::Voided { node, of, .. } => waits(node, of.clone()),
        ApprovalEvent::Notified { whom, .. } => {
            let mut one = new(On::Copied);
            one.named = whom.iter().cloned().map(Receiver::Operator).collect();
            vec![one]
        }
        ApprovalEvent::Returned { to: ReturnTo::Initiator, .. } => vec![new(On::Returned)],
        _ => vec![],
    }
}

/// What a step answers.
pub(super) fn reactions_of_step(document: &Document, step: &DocumentStep) -> Vec<Reaction> {
    let whole = || vec![Reaction { subject: subject(document, None), whose: None }];
    let node = |node: &NodeId, whose: &[&OperatorId]| {
        let subject = subject(document, Some(node));
        match whose {
            [] => vec![Reaction { subject, whose: None }],
            whose => whose
                .iter()
                .map(|&who| Reaction { subject: subject.clone(), whose: Some(who.clone()) })
                .collect(),
        }
    };
    let DocumentStep::Approval { event } = step else {
        let is_over =
            !matches!(step, DocumentStep::Submitted { .. } | DocumentStep::Started { .. });
        return if is_over { whole() } else { vec![] };
    };
    match event {
        ApprovalEvent::Decided { node: at, by, of, .. }
        | ApprovalEvent::Advised { node: at, by, of, .. } => node(at, &[by, of]),
        ApprovalEvent::Transferred { node: at, of, .. } => node(at, &[of]),
        ApprovalEvent::SignerRemoved { node: at, who, .. } => node(at, &[who]),
        ApprovalEvent::Reseated { node: at, lost, .. } if !lost.is_empty() => {
            node(at, &lost.iter().collect::<Vec<_>>())
        }
        ApprovalEvent::Carried { node: at, of, .. } => node(at, &[of]),
        ApprovalEvent::Passed { node: at, .. } | ApprovalEvent::Returned { node: at, .. } => {
            node(at, &[])
        }
        ApprovalEvent::Rejected { .. }
        | ApprovalEvent::Withdrawn { .. }
        | ApprovalEvent::Revised { .. }
        | ApprovalEvent::Approved { .. } => whole(),
        _ => vec![],
    }
}

/// The occasions of a firing: itself, and each to-do that it opens.
pub(super) fn of_firing(
    about: u64,
    firing: &RuleFiring,
    document: Option<&Document>,
) -> Vec<Occasion> {
    let new = |on, to: &[String]| {
        let mut one = Occasion::new(on, about);
        one.document = document.cloned();
        one.rule = Some(firing.rule.clone());
        one.named = to.iter().filter_map(|name| name.parse().ok()).collect();
        one
    };
    let told = firing.effects.iter().filter_map(|effect| match effect {
        RuleEffect::Notify { to, .. } => Some(to.as_slice()),
        _ => None,
    });
    let told: Vec<String> = told.flatten().cloned().collect();
    let todos = firing.effects.iter().filter_map(|effect| match effect {
        RuleEffect::Todo { to, .. } => {
            let mut one = new(On::TodoOpened, to);
            one.subject = Some(format!("todo/{about}"));
            Some(one)
        }
        _ => None,
    });
    std::iter::once(new(On::RuleFired, &told)).chain(todos.take(1)).collect()
}

/// Who acted at which node, and what was said: for the facts.
pub(crate) fn acted(step: &DocumentStep) -> (Option<&NodeId>, Option<&OperatorId>, Option<&str>) {
    let DocumentStep::Approval { event } = step else { return (None, None, None) };
    match event {
        ApprovalEvent::Decided { node, by, comment, .. }
        | ApprovalEvent::Returned { node, by, comment, .. }
        | ApprovalEvent::Transferred { node, by, comment, .. }
        | ApprovalEvent::Delegated { node, by, comment, .. }
        | ApprovalEvent::SignerAdded { node, by, comment, .. } => {
            (Some(node), Some(by), Some(comment))
        }
        ApprovalEvent::Opened { node, .. }
        | ApprovalEvent::Reseated { node, .. }
        | ApprovalEvent::Reminded { node, .. }
        | ApprovalEvent::Escalated { node, .. }
        | ApprovalEvent::Voided { node, .. }
        | ApprovalEvent::Notified { node, .. } => (Some(node), None, None),
        _ => (None, None, None),
    }
}
