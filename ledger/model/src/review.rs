//! Access reviews: campaigns in which somebody confirms, or takes away, what each person and machine
//! may do. Data only; the rules are the engine's (`gatewarden_engine`, `reviews`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ClientId, OperatorId, ReviewId};

/// Most things that one campaign asks about.
pub const REVIEW_ITEMS_MAX: usize = 5000;
/// Most reviewers of a campaign.
pub const REVIEWERS_MAX: usize = 32;

/// One thing that is confirmed or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReviewItem {
    /// A role of an operator.
    Role {
        /// Whose.
        operator: OperatorId,
        /// Which.
        role: String,
    },
    /// A scope of a machine's token.
    Scope {
        /// Whose.
        client: ClientId,
        /// Which, `module:action`.
        scope: String,
    },
}

impl ReviewItem {
    /// The person it is about; none for a machine.
    #[must_use]
    pub fn operator(&self) -> Option<&OperatorId> {
        match self {
            Self::Role { operator, .. } => Some(operator),
            Self::Scope { .. } => None,
        }
    }
}

impl fmt::Display for ReviewItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { operator, role } => write!(f, "{role} of {operator}"),
            Self::Scope { client, scope } => write!(f, "{scope} of client {client}"),
        }
    }
}

/// Whom a campaign asks about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewScope {
    /// The roles asked about; all where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Whether the machines' scopes are asked about too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clients: bool,
}

/// A campaign as it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Its id; minted by the caller, so that a repeated request is harmless.
    pub id: ReviewId,
    /// What it is called, 1 to 128 printable bytes.
    pub title: String,
    /// Whom it asks about.
    #[serde(default)]
    pub scope: ReviewScope,
    /// Who confirms, sorted; nobody his own.
    pub reviewers: Vec<OperatorId>,
    /// Who confirms what a reviewer holds himself, and what no reviewer is left for.
    pub fallback: OperatorId,
    /// What is not confirmed by then expires: microseconds of the wall clock since
    /// 1970-01-01T00:00:00Z.
    pub due_us: i64,
    /// What was held when it opened, sorted.
    pub items: Vec<ReviewItem>,
}

/// What was decided on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewVerdict {
    /// It is needed.
    Keep,
    /// It is taken away at once.
    Revoke,
}
