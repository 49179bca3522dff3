//! Who must sign a document, in which order, and what each signature does.
//!
//! [`Workflow`] is a definition: a tree of steps. [`Instance`] is one document on its way through one, a
//! pure state machine: `start`, `act`, `revise` and `tick` say what happens as events, `apply` takes them
//! in, `follow` is for whoever checks a journal afterwards, `gate` says whether every required signature is
//! there over a version. Invariants: nothing is ever approved by time, by nobody, or by whoever wrote it; a
//! signature covers the fields that its step names and ends when one of them changes; a running instance
//! keeps its definition; the same events give the same state; everything is bounded. Absent on purpose:
//! clocks, people and facts, which come as arguments ([`Around`]); rights beside being asked (the engine's
//! policies); sending notices; keeping anything.

mod acts;
mod advance;
mod apply;
mod around;
mod back;
mod calendar;
mod check;
mod covers;
mod dead;
mod definition;
mod fault;
mod follow;
mod gate;
mod instance;
mod people;
mod resolve;
mod seating;
mod show;
mod simulate;
mod tick;
mod way;
mod who;

pub use around::{Around, Decide, Now};
pub use calendar::{CALENDAR_DAYS_MAX, Calendar, Hours, Weekday};
pub use check::{Finding, Roster, Spot, check};
pub use covers::{changed, covered, is_field};
pub use definition::{
    Allowed, Approve, Branch, CASES_MAX, Case, Lane, Mode, NEST_MAX, Node, Notify, Parallel,
    STEPS_MAX, WHO_MAX, WORKFLOWS_MAX, Workflow, Workflows,
};
pub use fault::Fault;
pub use follow::act_of;
pub use gate::Missing;
pub use instance::{Extra, Instance, Phase, REVISIONS_MAX, Revision, Submission, Told};
pub use people::{DEPARTMENTS_MAX, Department, Directory, People, SUBSTITUTIONS_MAX, Substitution};
pub use seating::{Added, Advice, SEATS_MAX, Seat, Seating, Signature};
pub use show::{Mark, Tone, svg, text};
pub use simulate::{Simulated, Simulation, simulate};
pub use who::{Who, WhoError};
