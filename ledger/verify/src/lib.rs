//! Checks proofs of movements against trusted keys, and tells them in words.
//!
//! `read` takes the files that somebody was given (proofs as text, or parts scanned from QR codes),
//! `judge` checks one proof, `Story` says who did what, when, where and why it was allowed. The
//! daemon's `ledger check-proof` and the small program `gatewarden-verify` both use it. Absent:
//! database, network, clocks; knowledge of what every kind of entry means: fields that are not
//! known are shown as they stand.

mod input;
mod story;

use std::fmt::Write as _;

use gatewarden_proof::{Checked, Proof, ProofError, Trust};

pub use input::{InputError, Read, read};
pub use story::{Story, utc};

/// Checks a proof.
pub fn judge(trust: &Trust, proof: &Proof) -> Result<Checked, ProofError> {
    proof.check_with(trust)
}

/// What a checked proof proves, in lines.
#[must_use]
pub fn told(checked: &Checked, trust: &Trust) -> String {
    let sealed = &checked.sealed;
    let mut text =
        format!("PASS  entry {} of the ledger {}\n", checked.index, sealed.checkpoint.origin);
    for (name, words) in Story::of(&checked.entry).lines() {
        let _ = writeln!(text, "  {name:<8} {words}");
    }
    let _ = writeln!(
        text,
        "  {:<8} {} entries, signed by {}",
        "tree", sealed.checkpoint.size, sealed.key
    );
    for cosigned in &sealed.cosigned {
        let _ = writeln!(text, "  {:<8} {} at {}", "witness", cosigned.witness, utc(cosigned.time));
    }
    let _ = writeln!(text, "  {:<8} {}", "quorum", trust.rule());
    text
}
