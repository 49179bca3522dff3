//! Proves: the Merkle tree, signed checkpoints and the proof of one entry, as bytes and numbers only.
//!
//! What is absent on purpose: databases, files, the network, clocks and async. The store keeps a
//! tree with it, the verifier checks one with it, and both read the same code.

pub mod merkle;
pub mod note;
pub mod proof;

pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use note::{Checkpoint, NoteError, parse_verifier_key, verifier_key_text};
pub use proof::{Proof, ProofError, Proven};
