//! Adapters: how a movement of the ledger becomes a document of an ERP, and how a notice reaches people.
//!
//! One folder an adapter, each with the same files: `map` (pure: movement → request, reply → outcome),
//! `client` (moves the bytes), `mod` (settings and the [`Adapter`]). Invariants: every answer is
//! [`Outcome`]; the movement's id goes out with every message, so that the other side can tell a
//! repeat; whatever may have taken effect is said to be uncertain, never claimed to have failed.
//!
//! Absent on purpose: queues, back-off and order (the daemon's dispatcher), reading configuration
//! (`gatewarden-config`), and proxies taken from the environment.

mod http;
pub mod message;
pub mod mqtt;
pub mod notice;
mod secret;
mod status;
pub mod tryton;
pub mod webhook;

use std::{future::Future, pin::Pin, time::Duration};

use gatewarden_model::{Hash, Movement, Stamp};

pub use http::{SetupError, TimeOuts};
pub use secret::Secret;

/// Longest excerpt of another system's words that is kept, in characters.
pub const EXCERPT_CHARS_MAX: usize = 500;

/// A future that may be sent between threads; the same type as `futures_util`'s.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An entry of the journal on its way to an ERP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The entry's sequence in the journal.
    pub seq: u64,
    /// The digest of the entry's canonical bytes.
    pub entry: Hash,
    /// When the entry was made.
    pub at: Stamp,
    /// What moved.
    pub movement: Movement,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is at the other side, completely.
    Delivered {
        /// What the other side calls it.
        remote_id: String,
    },
    /// It is not known to be there; try again.
    Retry {
        /// What happened, in words for the operator.
        reason: String,
        /// How long to wait, where the other side said so.
        after: Option<Duration>,
        /// It may have taken effect: look it up before sending it again.
        uncertain: bool,
    },
    /// It will never be taken as it is; a person has to see to it.
    Rejected {
        /// Why, in words for the operator.
        reason: String,
    },
}

impl Outcome {
    /// Try again; nothing has taken effect.
    pub(crate) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None, uncertain: false }
    }

    /// Try again, after looking it up: it may have taken effect.
    pub(crate) fn uncertain(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None, uncertain: true }
    }

    /// Refused for good.
    pub(crate) fn rejected(reason: impl Into<String>) -> Self {
        Self::Rejected { reason: reason.into() }
    }
}

/// One ERP. Cheap to call again and again; keeps its own connection or session.
pub trait Adapter: Send + Sync {
    /// Brings one delivery to the ERP. Called with the same delivery again after a
    /// [`Outcome::Retry`] or a crash; it must not take effect twice.
    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome>;

    /// Whether a delivery has arrived: `Ok(Some(remote_id))` it is there, `Ok(None)` it is not (or
    /// the other side tells repeats by the movement's id, so that sending again is harmless),
    /// `Err(reason)` it can't be told now.
    fn look_up<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<String>, String>>;
}

/// The first [`EXCERPT_CHARS_MAX`] characters of `text`, without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut chars = text.trim_matches(|c: char| c.is_whitespace() || c.is_control()).chars();
    let mut out: String = chars.by_ref().take(EXCERPT_CHARS_MAX).map(clean).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_bounded_line() {
        assert_eq!(excerpt(" a\nb\u{7} "), "a b");
        let long = excerpt(&"é".repeat(70_000));
        assert_eq!(long.chars().count(), EXCERPT_CHARS_MAX + 1);
        assert!(long.ends_with('…'));
    }
}
