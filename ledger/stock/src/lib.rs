//! What a movement does to stock: quantities, layers and values, the places of things, lots.
//!
//! `Stock` is what is where. It is fed with entries in sequence (`apply`) and answers what a movement
//! may do (`admit`), what it is worth (`price`) and which rows it changes (`Touched`). The engine
//! decides with it, the store fills its projections with it, `verify` replays with it: one rule, one
//! home. Invariants: the sum over all places of an item is zero; nothing goes below zero at a place
//! that holds stock, at no time of the past either; the value of nothing is nothing; a posting is
//! checked whole before any of it is applied. Pure: no I/O, no clock, no floats. Absent on purpose:
//! who may (the engine), keeping (the store).

pub mod kinds;
pub mod pool;
pub mod stock;

pub use pool::{Layer, Pool, PoolKey};
pub use stock::{LotFacts, Site, SiteStock, StockError, Supply, ThingFacts, Touched, Wants};
