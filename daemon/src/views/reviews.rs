//! An access review as a reviewer sees it: each item with whom it is for, what was decided, the last use
//! of its rights, the peers' share, and the conflicts of duties it is part of.

use gatewarden_engine::{
    Operator, ReviewState, State, reviewers_of,
    sod::{self, Conflict},
    usage::{Peers, Uses},
};
use gatewarden_model::{Day, ReviewItem, RoleMatrix, SodTable, Stamp};
use serde_json::{Value, json};

/// What every view of a review needs beside the review.
pub(crate) struct Around {
    /// People, machines and reviews.
    pub(crate) state: State,
    pub(crate) matrix: RoleMatrix,
    pub(crate) table: SodTable,
    pub(crate) now: Stamp,
    pub(crate) today: Day,
}

/// A campaign in one line.
pub(crate) fn summary(open: &ReviewState, now: &Stamp) -> Value {
    let review = &open.review;
    json!({
        "id": review.id,
        "title": review.title,
        "roles": review.scope.roles,
        "clients": review.scope.clients,
        "reviewers": review.reviewers,
        "fallback": review.fallback,
        "due": moment(review.due_us),
        "remaining_ms": open.remaining_ms(now),
        "items": review.items.len(),
        "undecided": open.undecided().count(),
        "opened_by": open.by,
        "opened": moment(open.at.wall_us),
        "seq": open.seq,
    })
}

/// A campaign with all its items; `days` is the span of the uses.
pub(crate) fn detail(open: &ReviewState, around: &Around, uses: &Uses, days: u32) -> Value {
    let peers = Peers::new(&around.state, &around.matrix, uses);
    let mut told = summary(open, &around.now);
    told["days"] = json!(days);
    told["items"] = open.review.items.iter().map(|one| item(one, open, around, &peers)).collect();
    told
}

fn item(item: &ReviewItem, open: &ReviewState, around: &Around, peers: &Peers<'_>) -> Value {
    let mut told = json!(item);
    told["reviewers"] = json!(reviewers_of(open, &around.state, &around.matrix, item));
    told["decided"] = json!(open.decided.get(item));
    let rights = peers.facts(item).into_iter().map(|facts| {
        let mut right = json!(facts);
        right["used"] = match facts.used {
            None => Value::Null,
            Some(used) => {
                json!({"seq": used.seq, "at": moment(used.at.wall_us), "count": used.count})
            }
        };
        right
    });
    told["rights"] = rights.collect();
    told["conflicts"] = conflicts(item, around).into_iter().collect();
    told
}

/// The conflicts of duties that a role is one side of.
fn conflicts(item: &ReviewItem, around: &Around) -> Vec<Value> {
    let ReviewItem::Role { operator, role } = item else { return vec![] };
    let Some(operator) = around.state.operator(operator) else { return vec![] };
    let found = sod::conflicts(&operator.roles, &around.matrix, &around.table);
    let touches = |conflict: &Conflict| {
        conflict.one.iter().chain(&conflict.other).any(|via| via.role == *role)
    };
    let told = found.into_iter().filter(touches);
    told.map(|conflict| granted(&conflict, operator, around.today)).collect()
}

/// A conflict of an operator's roles, with what was said for it.
pub(crate) fn granted(conflict: &Conflict, operator: &Operator, today: Day) -> Value {
    let mut told = json!(conflict);
    told["operator"] = json!(operator.id);
    told["mitigation"] = json!(conflict.mitigation(&operator.mitigations, today));
    let over = operator.mitigations.iter().find(|m| m.conflict == conflict.id && m.until < today);
    told["ran_out"] = json!(over.map(|said| said.until));
    told
}

/// A moment of the wall clock, RFC 3339 in UTC.
pub(crate) fn moment(wall_us: i64) -> String {
    jiff::Timestamp::from_microsecond(wall_us)
        .map_or_else(|_| format!("{wall_us} µs"), |moment| format!("{moment:.3}"))
}
