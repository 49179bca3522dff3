//! What witnesses sign is kept beside the checkpoints, on either database, and proofs carry it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{filled, group, key, receipt, stamp};
use gatewarden_model::{Actor, Body, Entry};
use gatewarden_proof::{KnownWitness, LogKey, SigningKey, Trust, WitnessKey, cosignature::cosign};
use gatewarden_store::{LedgerReader, verifier_key_text};

/// The key of the witness `hq.example/wN`.
fn witness_key(n: u8) -> (String, SigningKey) {
    (format!("hq.example/w{n}"), SigningKey::from_bytes(&[100 + n; 32]))
}

/// The ledger's key and the witnesses 1 and 2, of whom `least` must sign.
fn trust(least: usize) -> Trust {
    let known = |n| {
        let (name, key) = witness_key(n);
        KnownWitness { name: format!("w{n}"), key: WitnessKey { name, key: key.verifying_key() } }
    };
    let log = LogKey::always("gw-1", key().verifying_key());
    Trust::with_quorum(vec![log], vec![known(1), known(2)], least)
}

/// What the witness `n` signs of the newest checkpoint, and that one's size.
fn sign(reader: &LedgerReader, n: u8, time: u64) -> (u64, String) {
    let newest = reader.checkpoint().unwrap().unwrap();
    let text = newest.note.rfind("\n\n").map(|blank| &newest.note[..=blank]).unwrap();
    let (name, key) = witness_key(n);
    (newest.checkpoint.size, cosign(text, &name, &key, time).trim_end().to_owned())
}

on_both! {
fn a_proof_carries_the_newest_lines_that_make_the_quorum(home) {
    let mut ledger = filled(home.address(), 3);
    let reader = home.reader();
    let at = |time| trust(1).open(&reader.witnessed(3, &trust(1)).unwrap().unwrap().note)
        .is_ok_and(|sealed| sealed.cosigned.iter().any(|one| one.time == time));
    assert_eq!(reader.cosigned_by(&trust(1)).unwrap(), (0, vec![0, 0]));
    let (proof, witnessed) = reader.witnessed_proof(3, &trust(1)).unwrap();
    assert!(!witnessed);
    assert!(proof.check(&key().verifying_key(), "gw-1").is_ok());

    let (size, line) = sign(&reader, 1, 1_790_000_100);
    ledger.put_cosignature(size, &line).unwrap();
    ledger.put_cosignature(size, &line).unwrap();
    assert_eq!(reader.cosignatures(size).unwrap(), [("hq.example/w1".into(), line)]);
    assert!(at(1_790_000_100));
    // The same witness once more: the newest line counts, the other order of times or not.
    let (_, later) = sign(&reader, 1, 1_790_000_200);
    ledger.put_cosignature(size, &later).unwrap();
    assert_eq!(reader.cosignatures(size).unwrap(), [("hq.example/w1".into(), later)]);
    assert!(at(1_790_000_200));
    assert_eq!(reader.cosigned_by(&trust(1)).unwrap(), (4, vec![4, 0]));
    assert_eq!(reader.cosigned_by(&trust(2)).unwrap(), (0, vec![4, 0]));

    // A quorum of two stands on the older checkpoint only, and proves what that one covers.
    let (size, line) = sign(&reader, 2, 1_790_000_300);
    ledger.put_cosignature(size, &line).unwrap();
    ledger.append(&group(vec![receipt(4, 24)])).unwrap();
    let (size, line) = sign(&reader, 1, 1_790_000_400);
    ledger.put_cosignature(size, &line).unwrap();
    assert_eq!(reader.quorum_beyond(0, &trust(2)).unwrap(), Some(4));
    assert_eq!(reader.quorum_beyond(0, &trust(1)).unwrap(), Some(5));
    assert_eq!(reader.quorum_beyond(4, &trust(2)).unwrap(), None);
    let (proof, witnessed) = reader.witnessed_proof(3, &trust(2)).unwrap();
    let sealed = trust(2).open(&proof.checkpoint).unwrap();
    assert!(witnessed && sealed.checkpoint.size == 4);
    assert!(!reader.witnessed_proof(4, &trust(2)).unwrap().1);
    assert!(reader.witnessed_proof(4, &trust(1)).unwrap().1);
    assert_eq!(reader.verify(&key().verifying_key()).unwrap().findings, []);
}


fn a_line_of_no_checkpoint_is_not_kept(home) {
    let mut ledger = filled(home.address(), 2);
    let (size, line) = sign(&home.reader(), 1, 1_790_000_100);
    ledger.put_cosignature(size + 1, &line).unwrap();
    assert_eq!(home.reader().cosignatures(size + 1).unwrap(), []);
    assert!(ledger.put_cosignature(size, "no line").is_err());
    assert_eq!(home.reader().cosigned_by(&trust(1)).unwrap(), (0, vec![0, 0]));
}


fn the_keys_of_a_ledger_are_told_by_its_journal(home) {
    let ledger = filled(home.address(), 2);
    let keys = home.reader().log_keys().unwrap();
    let told: Vec<_> = keys.iter().map(|key| (key.text(), key.from, key.until)).collect();
    assert_eq!(told, [(ledger.verifier_key().to_owned(), 0, None)]);
}

fn a_changed_key_is_told_with_the_sizes_that_each_counts_for(home) {
    let mut ledger = filled(home.address(), 2);
    let new = SigningKey::from_bytes(&[43; 32]);
    let name = |key: &SigningKey| verifier_key_text("gw-1", &key.verifying_key());
    let names = [name(&key()), name(&new)];
    let [old, next] = names.clone();
    let by = Actor::Local { uid: 0 };
    let rotated = Body::KeyRotated { old, new: next, reason: "yearly".into(), by };
    ledger.offer_key(new);
    ledger.append(&group(vec![Entry::new(3, stamp(3), rotated)])).unwrap();
    ledger.append(&group(vec![receipt(4, 1)])).unwrap();
    let reader = home.reader();
    let keys = reader.log_keys().unwrap();
    let told: Vec<_> = keys.iter().map(|key| (key.text(), key.from, key.until)).collect();
    let [old, next] = names;
    assert_eq!(told, [(old, 0, Some(4)), (next.clone(), 5, None)]);
    assert_eq!(reader.verifier_key().unwrap(), next);
    // Under the keys that the journal tells, old and new entries are proven.
    let trust = Trust::of_logs(keys);
    for seq in [1, 4] {
        let (proof, _) = reader.witnessed_proof(seq, &trust).unwrap();
        let sealed = trust.open(&proof.checkpoint).unwrap();
        assert_eq!((proof.index, sealed.checkpoint.size), (seq, 5));
    }
    assert_eq!(reader.verify(&key().verifying_key()).unwrap().findings, []);
}
}
