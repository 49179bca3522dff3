//! Campaigns of access review that are open, and what was said in them.
//!
//! Data as the entries left it. Absent: who may decide (`crate::reviews`).

use std::collections::BTreeMap;

use gatewarden_model::{Actor, Review, ReviewItem, ReviewVerdict, Stamp};
use serde::Serialize;

use crate::state::remaining_ms;

/// What a reviewer said of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// The entry that says so.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// Whether it stays.
    pub verdict: ReviewVerdict,
    /// Why.
    pub justification: String,
    /// By whom.
    pub by: Actor,
}

/// An open campaign of access review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewState {
    /// The entry that opened it.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// As it was opened.
    pub review: Review,
    /// Who opened it.
    pub by: Actor,
    /// What was decided so far.
    pub decided: BTreeMap<ReviewItem, Reviewed>,
}

impl ReviewState {
    /// Milliseconds until it is due, rounded up. A wall clock that is set back does not put it off.
    #[must_use]
    pub fn remaining_ms(&self, now: &Stamp) -> u64 {
        let span_us = self.review.due_us.saturating_sub(self.at.wall_us);
        remaining_ms(&self.at, u64::try_from(span_us).unwrap_or(0).div_ceil(1000), now)
    }

    /// What nobody decided on yet.
    pub fn undecided(&self) -> impl Iterator<Item = &ReviewItem> {
        self.review.items.iter().filter(|item| !self.decided.contains_key(item))
    }
}
