//! The value and the age of what is of one lot and owner at one place.

use gatewarden_model::{Amount, Day};

/// Which part of an item at a place: value does not depend on status or packing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct PoolKey {
    /// Its lot.
    pub lot: Option<String>,
    /// Who owns consigned stock; the house where none. Consigned stock has no value.
    pub owner: Option<String>,
}

/// Stock that came in on one day at one cost a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The day it came into the house; a transfer keeps it.
    pub day: Day,
    /// Base units, more than zero.
    pub quantity: i64,
    /// Its value. Under the moving average nothing: the pool has it.
    pub value: Amount,
}

/// The layers of one pool, the oldest first. Layers of one day with one cost a piece are one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// The layers.
    pub layers: Vec<Layer>,
    /// The value of all of it: that of the layers under FIFO. Nothing where there are no layers.
    pub value: Amount,
}
