//! Decides: who may, whose pass it is, what it means, what is posted.
//!
//! One value, `Engine`, takes commands with the time they came at and answers with entries to
//! flush, a reply or a refusal, and the signals to show after the flush. Invariants: pure (no
//! async, I/O, clock or randomness; ids and time are arguments); any error while deciding denies;
//! whatever somebody asked for and did not get is an entry, or counted in one (`denials`); stock adds up to zero and no physical
//! place goes negative; the same command twice posts once. Absent on purpose: keeping entries
//! (`gatewarden-store`), checking PINs and minting ids (the daemon).

pub mod access;
mod apply;
mod changes;
pub mod command;
mod compare;
mod denials;
mod devices;
mod documents;
mod engine;
mod factors;
mod fields;
mod giving_up;
mod goods;
mod grade;
mod holds;
mod impact;
pub mod items;
pub mod judge;
mod keeping;
mod labels;
mod lines;
mod memory;
mod needs;
mod passes;
mod people;
mod postings;
mod procedures;
mod receivers;
mod reservations;
mod reviews;
mod rules;
mod seen;
mod sessions;
mod settings;
pub mod settlements;
pub mod sod;
pub mod state;
mod tag_access;
mod task_rules;
mod tasks;
mod turn;
pub mod usage;
pub mod window;
mod workflows;

pub use gatewarden_model::{Levels, TwoPersons, Walking};

pub use access::{Access, AccessError, Fact, Facts, Goods, Known, Principal, Request};
pub use apply::Retelling;
pub use changes::{CHANGE_MS_MAX, Gained, gained_by};
pub use command::{
    ActivationCodes, Command, Factor, FactorCheck, Outcome, PinCheck, Refusal, Reply, ReviewExpiry,
};
pub use denials::RECORDED_MAX as DENIALS_RECORDED_MAX;
pub use documents::{
    BinCount, DOCUMENTS_AT_ONCE_MAX, DOCUMENTS_MAX, DocumentAct, LOOKED_UP_MAX, Page, Trial, Tried,
    WRITTEN_AT_ONCE_MAX,
};
pub use engine::{Engine, Settings};
pub use factors::{FACTORS_MAX, FactorUse, KnownFactor};
pub use gatewarden_identity::activation::Holder;
pub use gatewarden_rules::Memory as RuleLevels;
pub use impact::ChangeImpact;
pub use items::ItemMaster;
pub use judge::{Judge, Replayed, Who};
pub use keeping::ITEMS_AT_ONCE;
pub use labels::LABELS_OPEN_MAX;
pub use memory::Past;
pub use people::ACTIVATION_MS_MAX;
pub use procedures::{
    DOCUMENTS, NOTICES, PARTS, PARTS_BYTES_MAX, Procedures, ProceduresError, RULES, WORKFLOWS,
    version_of,
};
pub use reviews::reviewers_of;
pub use rules::{AgedStock, FIRED_MAX, FoundAfter, OnHand, RuleMemory, ScheduledRule};
pub use sessions::{
    machine,
    often::{
        OFTEN_WINDOW_US, PINS_OFTEN_MAX, SESSIONS_OFTEN_MAX, STATION_OFTEN_MAX, STEP_UPS_OFTEN_MAX,
    },
    scans::{BADGE_SEEN_MS_MAX, SCAN_EVERY_US, SCANS_AT_ONCE_MAX},
};
pub use state::{
    Activation, Approval, Client, Count, CountPhase, Hold, KnownDevice, LineProgress, Lockout,
    OpenChange, OpenDocument, OpenLabel, Operator, Policies, Quarantine, RefusedDevice,
    Reservation, ReviewState, Reviewed, Session, State, TaskState, Todo,
};
pub use tasks::is_same;
pub use window::{PassWindow, ReadMeta, Sight, Step, WindowSettings};
