//! Proves: the Merkle tree, signed checkpoints, cosignatures, the witness protocol and the proof of
//! one entry, as bytes and numbers only.
//!
//! What is absent on purpose: databases, files, the network, clocks and async. The store keeps a
//! tree with it, a witness decides with it, the verifier checks with it: all read the same code.

pub mod compact;
pub mod cosignature;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod trust;
pub mod witness;

pub use cosignature::WitnessKey;
pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use note::{Checkpoint, NoteError, parse_verifier_key, verifier_key_text};
pub use proof::{Checked, Proof, ProofError, Proven};
pub use trust::{Cosigned, KnownWitness, LogKey, Sealed, Trust, TrustError};
