//! What a review asks about, who may decide on it, and what must not be taken away.
//!
//! Invariants: whoever may decide on an item is never the one whom it is about, and there is always
//! somebody; of the last who hold `system:approve` a role stays. Functions of the state alone.

use std::collections::BTreeSet;

use gatewarden_model::{ClientId, OperatorId, Review, ReviewItem, RoleMatrix};

use crate::state::{Client, Operator, ReviewState, State, approves};

/// Whether it is the same campaign; what it is about is found when it opens.
pub(super) fn is_same(open: &Review, asked: &Review) -> bool {
    let mut reviewers = asked.reviewers.clone();
    reviewers.sort_unstable();
    reviewers.dedup();
    let items = open.items.clone();
    *open == Review { reviewers, items, ..asked.clone() }
}

/// What is held now within the campaign's scope, sorted.
pub(super) fn items_of(state: &State, review: &Review) -> Vec<ReviewItem> {
    let scope = &review.scope;
    let within = |role: &&String| scope.roles.is_empty() || scope.roles.contains(role);
    let of_operator = |operator: &Operator| {
        let id = operator.id.clone();
        let roles = operator.roles.iter().filter(within).cloned();
        roles.map(|role| ReviewItem::Role { operator: id.clone(), role }).collect::<Vec<_>>()
    };
    let of_client = |client: &Client| {
        let scopes = client.scopes.iter().cloned();
        let id = client.id.clone();
        scopes.map(|scope| ReviewItem::Scope { client: id.clone(), scope }).collect::<Vec<_>>()
    };
    let clients = state.clients().filter(|_| scope.clients).flat_map(of_client);
    let mut items: Vec<_> = state.operators().flat_map(of_operator).chain(clients).collect();
    items.sort_unstable();
    items
}

/// Who may decide on an item: the reviewers who still may approve, and the fall-back for what a reviewer
/// holds himself or where no reviewer is left. Never the one whom it is about.
#[must_use]
pub fn reviewers_of(
    open: &ReviewState,
    state: &State,
    matrix: &RoleMatrix,
    item: &ReviewItem,
) -> Vec<OperatorId> {
    let Review { reviewers, fallback, .. } = &open.review;
    let able = |who: &&OperatorId| can_approve(state, matrix, who);
    let own = item.operator().is_some_and(|whom| reviewers.contains(whom));
    let able: Vec<OperatorId> = reviewers.iter().filter(|_| !own).filter(able).cloned().collect();
    if !able.is_empty() || item.operator() == Some(fallback) {
        return able;
    }
    vec![fallback.clone()]
}

/// Whether an operator is enrolled and a role of his grants `system:approve`.
pub(crate) fn can_approve(state: &State, matrix: &RoleMatrix, who: &OperatorId) -> bool {
    state.approvers(matrix).any(|operator| operator.id == *who)
}

/// Which of these must not be taken away all together, so that `stay` people still can approve, or as
/// many of them as can now: of each further one, the role that lets him.
pub(super) fn spared<'i>(
    state: &State,
    matrix: &RoleMatrix,
    items: impl IntoIterator<Item = &'i ReviewItem>,
    stay: usize,
) -> BTreeSet<ReviewItem> {
    let going: BTreeSet<(&OperatorId, &str)> = items
        .into_iter()
        .filter_map(|item| match item {
            ReviewItem::Role { operator, role } => Some((operator, role.as_str())),
            ReviewItem::Scope { .. } => None,
        })
        .collect();
    let (mut staying, mut losing) = (0, vec![]);
    for operator in state.operators() {
        let mut lets = operator.roles.iter().filter(|role| approves(matrix, role));
        let Some(role) = lets.clone().next_back() else { continue };
        if lets.any(|role| !going.contains(&(&operator.id, role.as_str()))) {
            staying += 1;
        } else {
            losing.push(ReviewItem::Role { operator: operator.id.clone(), role: role.clone() });
        }
    }
    losing.into_iter().rev().take(stay.saturating_sub(staying)).collect()
}

pub(super) fn is_held(state: &State, item: &ReviewItem) -> bool {
    match item {
        ReviewItem::Role { operator, role } => {
            state.operator(operator).is_some_and(|o| o.roles.contains(role))
        }
        ReviewItem::Scope { client, scope } => {
            state.clients.get(client).is_some_and(|c| c.scopes.contains(scope))
        }
    }
}

pub(super) fn holder(item: &ReviewItem) -> (Option<OperatorId>, Option<ClientId>) {
    match item {
        ReviewItem::Role { operator, .. } => (Some(operator.clone()), None),
        ReviewItem::Scope { client, .. } => (None, Some(client.clone())),
    }
}
