//! Pure: what an HTTP status means that is no success.
//!
//! Invariants: what another system may have carried out is uncertain, never claimed to have failed; a
//! redirect is never followed. Absent: what a success must prove (each adapter's `map`).

use crate::{Outcome, excerpt, http::Answer};

impl Answer {
    /// The body's beginning, for an operator.
    pub(crate) fn text(&self) -> String {
        excerpt(&String::from_utf8_lossy(&self.body))
    }
}

/// What a reply with any status but 2xx means.
pub(crate) fn refusal(answer: &Answer) -> Outcome {
    let reason = || format!("http status {}: {}", answer.status, answer.text());
    match answer.status {
        // A server or gateway error can come after the receiver has committed; 503 comes before.
        408 | 425 | 429 | 500..=599 => Outcome::Retry {
            reason: reason(),
            after: answer.retry_after,
            uncertain: answer.status >= 500 && answer.status != 503,
        },
        // What goes elsewhere for now may be a network that wants people to sign in first.
        302 | 303 | 307 => unproven(answer, "redirects are not followed, set the final url"),
        300..=399 => Outcome::rejected(format!(
            "http status {}: redirects are not followed, set the final url",
            answer.status
        )),
        _ => Outcome::rejected(reason()),
    }
}

/// It may have taken effect: it is looked up, or repeated with the same key.
pub(crate) fn unproven(answer: &Answer, why: &str) -> Outcome {
    let (status, text) = (answer.status, answer.text());
    let reason = format!("http status {status}: the answer proves no delivery, {why}: {text}");
    Outcome::Retry { reason, after: answer.retry_after, uncertain: true }
}
