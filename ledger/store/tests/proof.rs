//! Proofs from strangers: whatever is changed in the text, it proves the same entry or nothing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{filled, folder, key};
use gatewarden_store::{Proof, ProofError};
use proptest::prelude::*;

#[test]
fn no_change_of_one_byte_proves_anything_else() {
    let (_folder, path) = folder();
    let reader = filled(&path, 4).reader().unwrap();
    let text = reader.proof(3).unwrap().to_text();
    let good = Proof::parse(&text).unwrap().check(&key().verifying_key(), "gw-1").unwrap();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        let proven =
            Proof::parse(&changed).and_then(|proof| proof.check(&key().verifying_key(), "gw-1"));
        assert!(proven.map_or(true, |proven| proven == good), "byte {at}");
        let cut = text.get(..at).map(Proof::parse);
        let cut = cut.map(|proof| proof.and_then(|p| p.check(&key().verifying_key(), "gw-1")));
        assert!(!matches!(cut, Some(Ok(_))), "cut at {at}");
    }
}

#[test]
fn a_proof_says_what_is_wrong_with_it() {
    let (_folder, path) = folder();
    let reader = filled(&path, 4).reader().unwrap();
    let proof = reader.proof(3).unwrap();
    let key = key().verifying_key();
    let words = |proof: &Proof| proof.check(&key, "gw-1").unwrap_err().to_string();
    let moved = Proof { index: 2, ..proof.clone() };
    assert_eq!(words(&moved), "entry 2 is not in the tree of 5 entries that was signed");
    let foreign = proof.check(&key, "gw-9").unwrap_err().to_string();
    assert_eq!(foreign, "the checkpoint is of the ledger \"gw-1\", not of \"gw-9\"");
    for bad in ["", "x\n\n", "c2sp.org/tlog-proof@v1\nindex 3\n\n", "c2sp.org/tlog-proof@v1\n\n"] {
        assert!(matches!(Proof::parse(bad), Err(ProofError::Shape(_))), "{bad:?}");
    }
    let leading_zero = proof.to_text().replace("index 3", "index 03");
    assert!(matches!(Proof::parse(&leading_zero), Err(ProofError::Shape(_))));
}

proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(text in "(c2sp.org/tlog-proof@v1\n)?(extra [a-zA-Z0-9=]{0,20}\n)?(index [0-9]{0,22}\n)?[ -~\n\u{2014}]{0,200}") {
        let proven = Proof::parse(&text).and_then(|proof| proof.check(&key().verifying_key(), "gw-1"));
        prop_assert!(proven.is_err());
    }
}
