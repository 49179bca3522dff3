//! What is told to whom, when and in which words.
//!
//! [`NoticeSet`] is what a house has decided: on which occasions, to which receivers, by which channels, in
//! which words. [`occasions`] reads occasions off entries, [`facts`] makes what templates may say of one from
//! an entry that is masked for its receiver, and [`Queue`] says what to send now: it paces, merges repeats,
//! waits for the end of quiet hours, makes digests instead of losing anything, and escalates until somebody
//! reacts. Invariants: pure (time is an argument); everything bounded; each notice ends in exactly one
//! outcome. Absent on purpose: sending (`erp-adapters`), keeping (the daemon's spool), who holds a role.

pub mod digest;
pub mod facts;
mod occasion;
mod queue;
mod quiet;
mod set;
pub mod template;
pub mod terms;

pub use occasion::{Grant, Occasion, On, Reaction, occasions, reactions};
pub use queue::{
    Answer, ChannelLimits, Escalate, FAILURES_MAX, GIVE_UP_US, Key, Offer, Offered, PAUSE_US_MAX,
    Queue, REJECTED_MAX, RETRY_US_FIRST, RETRY_US_MAX, ROWS_MAX, Rate, Row, RowState, Sending,
    WATCHED_MAX,
};
pub use quiet::{HOLIDAYS_MAX, Hours, QUIET_DAYS_MAX, QuietHours};
pub use set::{
    CHANNELS_MAX, ESCALATIONS_MAX, Escalation, NOTICES_MAX, Notice, NoticeSet, Only, RECEIVERS_MAX,
    Receiver, ReceiverError, SAME_MAX, SetFault, Severity, Waiting,
};
