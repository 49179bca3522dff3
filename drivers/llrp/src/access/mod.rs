//! Access to a tag's memory: read, write, lock, kill, and the proof that it happened.
//!
//! [`AccessRun`] is a pure state machine that adds an AccessSpec, awaits its results and deletes it. Before
//! anything is changed it reads the TIDs of all tags that match: not exactly one is an error. A write is verified
//! by reading the same words back, a lock by a write without the password, which must be refused, a kill by silence.
//!
//! Invariants: results count only if AccessSpecID and OpSpecID are ours, and EPC and TID are the surveyed tag's (the
//! TID where the survey could read one); what the reader refuses after the work is not verified, never undone;
//! every run ends, by its time-out at the latest, with its AccessSpec deleted, or says that it could not
//! ([`AccessRun::leaves_a_spec`]). Absent: sockets and clocks; a lock
//! is not verifiable on a tag whose access password is zero, and is told as not verified.

mod op;
mod request;
mod results;
mod run;

pub use op::{Bank, LockField, Operation, Privilege, Target, access_spec};
pub use request::{AccessRequest, WAITING_MAX};
pub use results::{OpResult, TagResults, results};
pub use run::{AccessError, AccessRun, Job, Outcome};
