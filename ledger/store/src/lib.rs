//! Keeps: the journal as an RFC 6962 Merkle tree with signed checkpoints, and its projections, in a
//! SQLite file with one writer or a lane of a PostgreSQL database that several gateways share.
//!
//! `Ledger` writes groups, `LedgerReader` reads and proves, `verify` replays and compares. What is
//! absent on purpose: deciding (`gatewarden-engine`), clocks, async; a caller that must not wait
//! gives the ledger a thread of its own.

mod booked;
mod connection;
mod cosignature;
mod credential;
mod error;
mod facade;
mod fetch;
mod gather;
mod in_force;
mod key;
mod key_files;
mod keys;
mod ledger;
mod lock;
mod lookup;
pub mod ops;
mod past;
mod plan;
pub mod postgres;
mod projection;
mod reader;
mod rebuild;
mod rows;
mod schema;
mod sqlite;
mod stock_view;
mod subjects;
mod verify;
pub mod vfs;
mod wal;

/// What only a ledger in a file has: `Ledger` and `LedgerReader` without the choice of a database.
pub mod file {
    pub use crate::{ledger::Ledger, reader::LedgerReader};
}

pub use booked::BookedDays;
pub use error::StoreError;
pub use facade::{Ledger, LedgerAddress, LedgerReader};
pub use gatewarden_proof::{
    Checkpoint, NoteError, Proof, ProofError, Proven, SigningKey, VerifyingKey, merkle, note,
    parse_verifier_key, proof, verifier_key_text,
};
pub use key::{KeyError, key_text, load_credential_key, load_key, load_or_create_key, new_key};
pub use key_files::{KeyFiles, RETIRED_MAX};
pub use ledger::{Committed, ENTRY_BYTES_MAX, GROUP_ENTRIES_MAX, Group, OpenOptions};
pub use lookup::HISTORY_ENTRIES_MAX;
pub use past::{Evening, PastDay, PastStock, View};
pub use reader::{ANSWER_ENTRIES_MAX, Balance, BalanceFilter, MovementPage, SignedCheckpoint};
pub use rebuild::rebuild;
pub use schema::{APPLICATION_ID, version as schema_version};
pub use stock_view::PoolView;
pub use verify::{FINDINGS_MAX, Finding, Judge, Report, What};
