//! A job as it is handed to the task that has the reader.

use tokio::sync::oneshot;

use super::{AccessError, Job, Outcome};

/// Jobs that may wait for one reader.
pub const WAITING_MAX: usize = 4;

/// A job with where its outcome goes. Nobody who listens any more when it is its turn: nothing is done.
#[derive(Debug)]
pub struct AccessRequest {
    /// What is to be done; its `spec` and `rospec` are chosen by the session.
    pub job: Job,
    /// Told exactly once, unless the driver ends.
    pub answer: oneshot::Sender<Result<Outcome, AccessError>>,
}
