//! The words of the domain, their identifiers and the canonical bytes of the ledger.
//!
//! Everything here is data: no async, no I/O, no clock, no randomness. Types that carry a promise
//! (`DeviceId`, `Location`, …) come only from their parsers. What is absent on purpose: deciding
//! (`gatewarden-engine`), keeping (`gatewarden-store`) and speaking to devices (`drivers`).

mod amount;
pub mod backoff;
pub mod canonical;
mod day;
pub mod device;
pub mod entry;
pub mod epc;
pub mod gs1;
pub mod hash;
pub mod identify;
pub mod item;
pub mod movement;
pub mod name;
pub mod pass;
pub mod place;
pub mod posting;
pub mod roles;
pub mod subject;
mod text;
mod thing;
pub mod time;

pub use amount::{AMOUNT_DECIMALS, Amount, AmountError};
pub use backoff::Backoff;
pub use day::{Day, DayError};
pub use device::{DeviceEvent, DeviceState, Read, ReadValue, ScanRead, Signal, TagRead};
pub use entry::{Actor, Body, Entry};
pub use epc::{Epc, EpcError};
pub use hash::Hash;
pub use identify::{Form, Identification, identify};
pub use item::{Item, ItemClass, Tracking, Unit, Valuation, ValuationMethod};
pub use movement::{
    Action, Decision, Document, DocumentKind, Module, Movement, MovementKind, MovementLine, Task,
    TaskLine,
};
pub use name::{
    ClientId, DeviceId, ItemId, LaneId, MovementId, OperatorId, PassId, SessionId, StationId,
    TaskId,
};
pub use pass::{Comparison, Direction, Pass, PassClosing, PassOpening, Sighting, Thing, Trust};
pub use place::Location;
pub use posting::{
    Bucket, CountLine, Counted, Posting, PostingLine, Revaluation, StockStatus, VoucherLine,
};
pub use roles::{Role, RoleMatrix};
pub use subject::{Live, Subject, SubjectKind};
pub use time::{Clock, Stamp};
