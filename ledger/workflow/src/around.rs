//! What a decision depends on beside the document's own history: people, facts, working hours, time.

use gatewarden_model::{Day, OperatorId};

use crate::{Calendar, People};

/// The facts of one version of a document, frozen when it was submitted.
pub trait Decide {
    /// Whether a condition of a branch holds. Fails in words where it can't be told, which refuses the
    /// submission.
    fn holds(&self, condition: &str) -> Result<bool, String>;
    /// Whom a field of the document names.
    fn person(&self, field: &str) -> Option<OperatorId>;
}

/// The time of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Microseconds of the wall clock since 1970-01-01T00:00:00Z.
    pub us: i64,
    /// The day of the business.
    pub day: Day,
}

/// All of it.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Who is there.
    pub people: &'a dyn People,
    /// The facts.
    pub decide: &'a dyn Decide,
    /// When people work.
    pub calendar: &'a Calendar,
    /// When it is.
    pub now: Now,
}
