//! What a movement does to stock: quantities, layers and values, the places of things, lots.
//!
//! `Stock` is what is where. It is fed with entries in sequence (`apply`) and answers what a movement
//! may do (`admit`), what it is worth (`price`) and which rows it changes (`Touched`). The engine
//! decides with it, the store fills its projections with it, `verify` replays with it: one rule, one
//! home. Invariants: the sum over all places of an item is zero; nothing goes below zero at a place
//! that holds stock, at no time of the past either; the value of nothing is nothing; a posting is
//! checked whole before any of it is applied. Pure: no I/O, no clock, no floats. Absent on purpose:
//! who may (the engine), keeping (the store).

mod admit;
mod apply;
mod code;
mod error;
mod facts;
mod flow;
pub mod kinds;
mod places;
mod plan;
pub mod pool;
mod price;
pub mod quantity;
mod replay;
mod resolve;
mod revalue;
mod stock;
mod tracking;
mod voucher;
mod wants;

pub use admit::{LINES_MAX, check_line_count};
pub use apply::{free_lines, hold_lines};
pub use code::check_code;
pub use error::StockError;
pub use facts::{LotFacts, Site, SiteStock, Supply, ThingFacts, Touched, Wants};
pub use places::Places;
pub use pool::{Layer, Parcel, Pool, PoolKey};
pub use resolve::Resolved;
pub use revalue::{REVALUES_MAX, reversal_lines};
pub use stock::{RECENT_ENTRIES_MAX, Stock};
pub use voucher::{AccountRule, Accounts, AccountsFor};
