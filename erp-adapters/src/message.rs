//! The message that carries a movement to systems without a document format of their own.

use gatewarden_model::{
    Hash, Movement, Stamp,
    canonical::{self, CanonicalError},
};
use serde::Serialize;

use crate::Delivery;

/// The version of the message.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Message<'a> {
    version: u32,
    seq: u64,
    entry_sha256: Hash,
    at: Stamp,
    movement: &'a Movement,
}

/// `{"version":1,"seq":…,"entry_sha256":"<hex>","at":{stamp},"movement":{…}}` in the ledger's
/// canonical JSON, so every repeat has the same bytes. Fails only on a value beyond that JSON's
/// limits, which no entry of a journal holds.
pub fn encode(delivery: &Delivery) -> Result<Vec<u8>, CanonicalError> {
    canonical::encode(&Message {
        version: VERSION,
        seq: delivery.seq,
        entry_sha256: delivery.entry,
        at: delivery.at,
        movement: &delivery.movement,
    })
}
