//! Access reviews: somebody else confirms what each holds, or it goes.
//!
//! Invariants: nobody decides on what he holds himself, not as the fall-back either; every item has
//! somebody who may decide on it; a decision has its justification; what nobody confirmed by the due
//! time is taken away at the tick after it (a clock set back puts nothing off); whoever opened one takes
//! nothing away by his own word; the house is never left without anybody who holds `system:approve`, by
//! the due time not even without two, whom the closing then names. Absent: withdrawing a
//! campaign (what it asked for would be lost silently), and what the reviewer looks at (`usage`, `sod`).

mod who;

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{
    Action, Actor, Body, ClientId, Module, OperatorId, Review, ReviewId, ReviewItem, ReviewVerdict,
    review::{REVIEW_ITEMS_MAX, REVIEWERS_MAX},
};

use crate::{
    access::Facts,
    command::{Reply, ReviewExpiry},
    holds::check_reason,
    state::ReviewState,
    turn::{Answer, Asked, Fault, Turn, cut},
};
use who::{can_approve, holder, is_held, is_same, items_of, spared};

pub use who::reviewers_of;

/// Campaigns that are open at once.
const REVIEWS_MAX: usize = 16;
/// Longest title, in bytes.
const TITLE_BYTES_MAX: usize = 128;
/// A campaign lasts at most so many days.
const DUE_DAYS_MAX: i64 = 400;
/// People and machines from whom one tick takes something away: each is an entry, with the ends of
/// the sessions, and a group of entries is bounded.
const EXPIRIES_AT_ONCE: usize = 250;

/// People who can approve that stay where nobody confirmed them: a change needs one who asks and one who
/// approves.
const STAY_UNCONFIRMED: usize = 2;

const US_A_DAY: i64 = 86_400_000_000;

impl Turn<'_> {
    pub(crate) fn open_review(&mut self, review: Review, by: Actor) -> Answer {
        let mut asked = Asked::new(&by, Action::Create, Module::System);
        asked.document = Some(cut(&review.title, 64));
        let decision = self.permit(asked.clone(), Facts::default())?;
        let id = review.id;
        let made = match self.state.review(id) {
            Some(open) if is_same(&open.review, &review) => return Ok(Reply::Review(id)),
            Some(_) => {
                Err(("conflict", format!("review {id} is another one already: mint a new id")))
            }
            None => self.made(review),
        };
        match made {
            Ok(review) => {
                self.record(Body::ReviewOpened { review, by, decision });
                Ok(Reply::Review(id))
            }
            Err((code, message)) => Err(self.deny(asked, code, message, Some(decision))),
        }
    }

    /// The campaign with what it asks about, if it can be decided on.
    fn made(&self, review: Review) -> Result<Review, Fault> {
        if self.state.reviews.len() >= REVIEWS_MAX {
            let message = format!("{REVIEWS_MAX} reviews are open: decide on those first");
            return Err(("too-many-reviews", message));
        }
        let title = review.title.as_str();
        let plain = title.trim() == title && !title.chars().any(char::is_control);
        if !(1..=TITLE_BYTES_MAX).contains(&title.len()) || !plain {
            return invalid(format!("title: must be 1 to {TITLE_BYTES_MAX} printable bytes"));
        }
        let span_us = review.due_us.saturating_sub(self.now.wall_us);
        if span_us <= 0 || span_us > DUE_DAYS_MAX * US_A_DAY {
            return invalid(format!("due: must lie ahead, at most {DUE_DAYS_MAX} days"));
        }
        let least_ms = self.settings.review_ms_min;
        if u64::try_from(span_us).unwrap_or(0) < least_ms.saturating_mul(1000) {
            let hours = least_ms.div_ceil(3_600_000);
            return invalid(format!("due: the reviewers need at least {hours} hours"));
        }
        let reviewers: BTreeSet<OperatorId> = review.reviewers.iter().cloned().collect();
        self.check_reviewers(&reviewers, &review.fallback)?;
        let unknown = review.scope.roles.iter().find(|role| !self.access.has_role(role));
        if let Some(role) = unknown {
            let known = self.access.roles();
            return invalid(format!("roles: there is no role {role:?}: there are {known}"));
        }
        let items = items_of(self.state, &review);
        if !(1..=REVIEW_ITEMS_MAX).contains(&items.len()) {
            return invalid(format!(
                "roles: {} things would be asked about, 1 to {REVIEW_ITEMS_MAX} can be: take other \
                 roles",
                items.len()
            ));
        }
        Ok(Review { reviewers: reviewers.into_iter().collect(), items, ..review })
    }

    fn check_reviewers(
        &self,
        reviewers: &BTreeSet<OperatorId>,
        fallback: &OperatorId,
    ) -> Result<(), Fault> {
        if !(1..=REVIEWERS_MAX).contains(&reviewers.len()) {
            return invalid(format!("reviewers: name 1 to {REVIEWERS_MAX}"));
        }
        if reviewers.contains(fallback) {
            return invalid(format!(
                "fallback: {fallback} is a reviewer, and nobody decides on his own: name another"
            ));
        }
        let matrix = self.access.source().0;
        let fits = |who: &&OperatorId| can_approve(self.state, matrix, who);
        match reviewers.iter().chain([fallback]).find(|who| !fits(who)) {
            None => Ok(()),
            Some(who) => invalid(format!(
                "reviewers: {who} is not enrolled or has no role that may approve in system: name \
                 somebody who may"
            )),
        }
    }

    pub(crate) fn decide_review(
        &mut self,
        id: ReviewId,
        item: ReviewItem,
        verdict: ReviewVerdict,
        justification: String,
        by: Actor,
    ) -> Answer {
        let mut asked = Asked::new(&by, Action::Approve, Module::System);
        asked.document = Some(cut(&item.to_string(), 64));
        let decision = self.permit(asked.clone(), Facts::default())?;
        if !matches!(by, Actor::Operator { .. }) {
            let reason = "only a person reviews: sign in";
            return Err(self.deny(asked, "not-an-operator", reason, Some(decision)));
        }
        match self.decidable(id, &item, verdict, &justification, &by) {
            Ok(false) => return Ok(Reply::Done),
            Ok(true) => {}
            Err((code, message)) => return Err(self.deny(asked, code, message, Some(decision))),
        }
        let (told, who) = (item.clone(), by.clone());
        self.record(Body::ReviewDecided { review: id, item, verdict, justification, by, decision });
        if verdict == ReviewVerdict::Revoke {
            self.take_away(&BTreeSet::from([told]), &who);
        }
        if self.state.review(id).is_some_and(|open| open.undecided().next().is_none()) {
            self.close_review(id, "complete", vec![], vec![]);
        }
        Ok(Reply::Done)
    }

    /// Whether this is still to be decided by this one; not where he said so before.
    fn decidable(
        &self,
        id: ReviewId,
        item: &ReviewItem,
        verdict: ReviewVerdict,
        justification: &str,
        by: &Actor,
    ) -> Result<bool, Fault> {
        let Some(open) = self.state.review(id) else {
            return Err(("unknown-review", format!("review {id} is not open")));
        };
        let Actor::Operator { id: who, .. } = by else {
            let message = "only a person reviews what others may do: sign in".to_owned();
            return Err(("not-an-operator", message));
        };
        if open.review.items.binary_search(item).is_err() {
            return Err(("unknown-review-item", format!("review {id} does not ask about {item}")));
        }
        if item.operator() == Some(who) {
            let message = format!("{who} may not decide on what he holds himself");
            return Err(("same-person", message));
        }
        if open.remaining_ms(&self.now) == 0 {
            return Err(("review-over", format!("review {id} was due: ask for the right anew")));
        }
        let matrix = self.access.source().0;
        let assigned = reviewers_of(open, self.state, matrix, item);
        if !assigned.contains(who) {
            let names: Vec<&str> = assigned.iter().map(OperatorId::as_str).collect();
            let message = format!("{item} is for {} to decide on", names.join(" or "));
            return Err(("not-the-reviewer", message));
        }
        check_reason(justification).map_err(|message| ("reason-missing", message))?;
        match open.decided.get(item) {
            Some(said) if said.verdict == verdict => return Ok(false),
            Some(_) => {
                let message =
                    format!("{item} was decided on already: change the enrolment instead");
                return Err(("already-decided", message));
            }
            None => {}
        }
        let alone = || spared(self.state, matrix, [item], 1).contains(item);
        let opened = matches!(&open.by, Actor::Operator { id, .. } if id == who);
        if verdict == ReviewVerdict::Revoke && opened {
            let message = format!(
                "{who} opened this review, and nobody takes away alone: another reviewer decides"
            );
            return Err(("same-person", message));
        }
        if verdict == ReviewVerdict::Revoke && alone() {
            let message =
                format!("without {item} nobody could approve any more: enrol another first");
            return Err(("last-approver", message));
        }
        Ok(true)
    }

    /// Takes away what is due. A campaign that is due closes as soon as nothing of it is left.
    pub(crate) fn time_out_reviews(&mut self) -> Reply {
        let due = |open: &&ReviewState| open.remaining_ms(&self.now) == 0;
        let ids: Vec<ReviewId> = self.state.reviews().filter(due).map(|o| o.review.id).collect();
        let told: Vec<ReviewExpiry> = ids.into_iter().filter_map(|id| self.expire(id)).collect();
        if told.is_empty() { Reply::Done } else { Reply::Reviewed(told) }
    }

    fn expire(&mut self, id: ReviewId) -> Option<ReviewExpiry> {
        let open: Vec<ReviewItem> = self.state.review(id)?.undecided().cloned().collect();
        let spared = spared(self.state, self.access.source().0, &open, STAY_UNCONFIRMED);
        let held = |item: &&ReviewItem| is_held(self.state, item) && !spared.contains(item);
        let mut whose = BTreeSet::new();
        let mut now = BTreeSet::new();
        let mut all = true;
        for item in open.iter().filter(held) {
            let holder = holder(item);
            if whose.len() >= EXPIRIES_AT_ONCE && !whose.contains(&holder) {
                all = false;
                break;
            }
            whose.insert(holder);
            now.insert(item.clone());
        }
        self.take_away(&now, &Actor::Daemon);
        let expired = now.into_iter().collect();
        let told: Vec<ReviewItem> = spared.iter().cloned().collect();
        if all {
            let gone = open.into_iter().filter(|item| !spared.contains(item)).collect();
            self.close_review(id, "due", gone, told.clone());
        }
        Some(ReviewExpiry { review: id, expired, spared: told, closed: all })
    }

    fn close_review(
        &mut self,
        review: ReviewId,
        reason: &str,
        expired: Vec<ReviewItem>,
        spared: Vec<ReviewItem>,
    ) {
        let reason = reason.to_owned();
        self.record(Body::ReviewClosed { review, reason, expired, spared });
    }

    /// Takes roles and scopes away, one entry a holder; the sessions end.
    fn take_away(&mut self, items: &BTreeSet<ReviewItem>, by: &Actor) {
        let mut roles: BTreeMap<&OperatorId, Vec<&String>> = BTreeMap::new();
        let mut scopes: BTreeMap<&ClientId, Vec<&String>> = BTreeMap::new();
        for item in items.iter().filter(|item| is_held(self.state, item)) {
            match item {
                ReviewItem::Role { operator, role } => {
                    roles.entry(operator).or_default().push(role)
                }
                ReviewItem::Scope { client, scope } => {
                    scopes.entry(client).or_default().push(scope);
                }
            }
        }
        for (operator, gone) in roles {
            self.with_fewer_roles(operator, &gone, by.clone());
        }
        for (client, gone) in scopes {
            self.with_fewer_scopes(client, &gone, by.clone());
        }
    }
}

fn invalid<T>(message: String) -> Result<T, Fault> {
    Err(("review-invalid", message))
}
