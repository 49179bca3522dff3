//! The words of the domain, their identifiers and the canonical bytes of the ledger.
//!
//! Everything here is data: no async, no I/O, no clock, no randomness. Types that carry a promise
//! (`DeviceId`, `Location`, …) come only from their parsers. What is absent on purpose: deciding
//! (`gatewarden-engine`), keeping (`gatewarden-store`) and speaking to devices (`drivers`).

mod amount;
mod approval;
pub mod backoff;
pub mod canonical;
mod change;
mod day;
pub mod device;
mod document;
pub mod entry;
pub mod epc;
pub mod factor;
pub mod facts;
pub mod field;
pub mod gs1;
mod guards;
pub mod hash;
pub mod identify;
pub mod item;
mod kind;
pub mod label;
pub mod mask;
pub mod movement;
pub mod name;
mod notice;
pub mod pass;
pub mod place;
pub mod posting;
pub mod review;
mod rights;
pub mod roles;
pub mod rule;
pub mod session;
pub mod sod;
mod straight;
pub mod subject;
pub mod tag_access;
mod task;
mod text;
mod thing;
pub mod tid;
pub mod time;

pub use amount::{AMOUNT_DECIMALS, Amount, AmountError};
pub use approval::{
    ApprovalAct, ApprovalEvent, ApprovalSeat, COMMENT_BYTES_MAX, ReturnTo, SignerPlace, Verdict,
};
pub use backoff::Backoff;
pub use change::{Change, ChangeVerdict};
pub use day::{Day, DayError};
pub use device::{DeviceEvent, DeviceState, Read, ReadValue, ScanRead, Signal, TagRead};
pub use document::{
    COUNT_SEEN_MAX, CountBook, CountSeen, CountSheet, DOCUMENT_LINES_MAX, Document,
    DocumentContent, DocumentKind, DocumentLine, DocumentLink, DocumentStep, ExtraApproval,
    LINKS_MAX, LineDone, NOTE_BYTES_MAX,
};
pub use entry::{Actor, Body, Entry};
pub use epc::{Epc, EpcError};
pub use factor::{PasskeyRecord, SecondFactor};
pub use facts::{DeviceFacts, facts_words, is_same_device};
pub use field::{Custom, Field, FieldRights, FieldSet};
pub use guards::{Guards, Levels, TwoPersons, Walking};
pub use hash::Hash;
pub use identify::{Form, Identification, identify};
pub use item::{Item, ItemClass, Tracking, Unit, Valuation, ValuationMethod};
pub use kind::MovementKind;
pub use label::{Label, LabelEvidence, LabelState, LabelTag, LabelVerdict};
pub use mask::{Mask, Masked};
pub use movement::{Confirmation, Movement, MovementLine};
pub use name::{
    ChangeId, ClientId, CustomName, DeviceId, ItemId, LabelId, LaneId, MovementId, NodeId,
    NoticeId, OperatorId, PassId, ReviewId, SessionId, StationId, TaskId, WorkflowId,
};
pub use notice::{NOTICE_REASON_BYTES_MAX, NoticeOutcome, NoticeSettled, RECEIVER_BYTES_MAX};
pub use pass::{Comparison, Direction, Pass, PassClosing, PassOpening, Sighting, Thing, Trust};
pub use place::Location;
pub use posting::{
    Bucket, CountLine, Counted, Posting, PostingLine, Revaluation, StockStatus, VoucherLine,
};
pub use review::{Review, ReviewItem, ReviewScope, ReviewVerdict};
pub use rights::{Action, Decision, Module};
pub use roles::{Limit, OWN, Role, RoleFields, RoleMatrix};
pub use rule::{DraftLine, RuleEffect, RuleFiring, RuleSubject, RuleTrigger, Scalar};
pub use session::{Present, Second, SessionEvent, SessionPhase};
pub use sod::{
    Duty, Mitigation, MitigationOf, Part, Right, SodConflict, SodSeverity, SodTable, Within,
};
pub use subject::{Live, Subject, SubjectKind};
pub use tag_access::{TagBank, TagField, TagLock, TagOp, TagOutcome};
pub use task::{Task, TaskLine};
pub use tid::{Tid, TidFit};
pub use time::{Clock, Stamp};
