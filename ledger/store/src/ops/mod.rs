//! Operating a ledger: check and repair its file, take it along as text, back it up, bring it back.
//!
//! Everything here keeps to one rule: what is there is never overwritten or deleted; it is set aside
//! under a name that says so, and what takes its place has been verified first.

mod backup;
mod compare;
mod compose;
mod error;
pub(crate) mod files;
mod fsck;
mod order;
mod pages;
mod reserve;
mod restore;
mod rows;
mod salvage;
mod start;
mod text;
mod trust;
mod walk;
mod witnessed;

pub use compare::{Difference, compare};
pub use error::OpsError;
pub use fsck::{DamagedPage, FsckOptions, FsckReport, Repair, fsck};
pub use reserve::Reserve;
pub use restore::{AcceptedLoss, RestoreOptions, Restored, restore};
pub use start::check_start;
pub use text::{Carried, ExportOptions, export_origin, import};
pub use witnessed::{Standing, Witnessed, check_witnessed, note_newest, witnessed_path};
