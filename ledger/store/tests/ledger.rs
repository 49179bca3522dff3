//! The writer and the reader: what goes in comes out, and what may not go in leaves no trace.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{
    enrolled, filled, folder, group, key, line, moved, options, receipt, removed, started,
    with_pins,
};
use gatewarden_model::{Subject, SubjectKind};
use gatewarden_store::{
    BalanceFilter, Ledger, LedgerReader, MovementPage, OpenOptions, Proof, StoreError,
};

on_both! {
fn a_ledger_gives_back_what_was_appended_also_after_reopening(home) {
    let mut ledger = filled(home.address(), 300);
    let committed = ledger.committed();
    assert_eq!((ledger.next_seq(), committed.size), (301, 301));
    ledger.append(&group(vec![])).unwrap();
    drop(ledger);
    let ledger = home.open(options());
    assert_eq!(ledger.committed(), committed);
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.len().unwrap(), 301);
    assert_eq!(reader.entry(0).unwrap().unwrap(), started(0));
    assert_eq!(reader.entries(299..400).unwrap(), [receipt(299, 24), receipt(300, 24)]);
    assert_eq!(reader.last_entries(1).unwrap(), [receipt(300, 24)]);
    let page = MovementPage { before: Some(300), limit: 1 };
    assert_eq!(reader.movements(page).unwrap(), [receipt(299, 24)]);
    let subject = Subject { kind: SubjectKind::Document, key: "4500001".into() };
    assert_eq!(reader.touching(&subject, 2).unwrap(), [receipt(299, 24), receipt(300, 24)]);
    let from = |seq, count| reader.touching_from(&subject, seq, count).unwrap();
    assert_eq!(from(0, 2), [receipt(1, 24), receipt(2, 24)]);
    assert_eq!(from(300, 2), [receipt(300, 24)]);
    assert_eq!((from(301, 2).len(), from(0, 1_000).len()), (0, 300));
    assert_eq!(reader.live().unwrap().len(), 300);
    let stock = reader.stock(&BalanceFilter::default()).unwrap();
    assert_eq!(stock.len(), 1);
    assert_eq!((stock[0].location.as_str(), stock[0].quantity), ("wh1/dock", 300 * 24));
    assert_eq!(reader.balances(&BalanceFilter::default()).unwrap().len(), 2);
    let below = Some("wh1".parse().unwrap());
    let filter = BalanceFilter { below, ..BalanceFilter::default() };
    assert_eq!(reader.balances(&filter).unwrap(), stock);
}


fn every_entry_has_a_proof_that_needs_no_database(home) {
    let reader = filled(home.address(), 270).reader().unwrap();
    for seq in [0, 1, 255, 256, 270] {
        let text = reader.proof(seq).unwrap().to_text();
        let proof = Proof::parse(&text).unwrap();
        let proven = proof.check(&key().verifying_key(), "gw-1").unwrap();
        assert_eq!((proven.entry.seq, proven.checkpoint.size), (seq, 271));
        let forged = Proof { entry: receipt(seq, 25).encode().unwrap(), ..proof.clone() };
        assert!(forged.check(&key().verifying_key(), "gw-1").is_err());
        assert!(proof.check(&key().verifying_key(), "gw-2").is_err());
    }
    assert!(matches!(reader.proof(271), Err(StoreError::NoEntry { seq: 271, len: 271 })));
}


fn what_breaks_a_rule_leaves_no_trace(home) {
    let mut ledger = filled(home.address(), 1);
    let before = ledger.committed();
    let take =
        |seq, n| moved(seq, 900 + u128::from(seq), vec![line("M-100", n, "wh1/dock", "@loss")]);
    let cases = [
        (vec![receipt(3, 1)], "entry 3 does not come next: the journal expects 2"),
        (vec![receipt(2, 0)], "quantity 0 is not more than zero"),
        (vec![receipt(2, -1)], "quantity -1 is not more than zero"),
        (vec![moved(2, 9, vec![])], "has no lines"),
        (vec![moved(2, 9, vec![line("A", 1, "wh1", "wh1")])], "from wh1 to itself"),
        (vec![moved(2, 1, vec![line("A", 1, "@loss", "wh1")])], "is already recorded as entry 1"),
        (
            vec![receipt(2, 5), take(3, 20), take(4, 10)],
            "stock of M-100 at wh1/dock is 9, 10 needed: 1 short",
        ),
        (vec![receipt(2, i64::MAX)], "would exceed 64 bits"),
    ];
    for (entries, words) in cases {
        let error = ledger.append(&group(entries)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(ledger.committed(), before);
    }
    ledger.append(&group(vec![receipt(2, 5), take(3, 29)])).unwrap();
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.stock(&BalanceFilter::default()).unwrap(), []);
    assert!(
        reader
            .pass_recorded(gatewarden_model::PassId(uuid::Uuid::from_u128(
                0x0197_0000_0000_7000_8000_0000_0000_0000 + 2
            )))
            .unwrap()
    );
}


fn a_pin_hash_is_kept_beside_the_entry_that_names_it(home) {
    let mut ledger = filled(home.address(), 0);
    let mueller = "mueller".parse().unwrap();
    let (a, b) = (Some("$argon2id$a"), Some("$argon2id$b"));
    let with = |seq, phc| enrolled(seq, "mueller", phc);
    let groups = [
        (with_pins(vec![with(1, None)], &[]), None),
        (with_pins(vec![with(2, a)], &[("mueller", a)]), a),
        (with_pins(vec![with(3, a)], &[]), a),
        (with_pins(vec![with(4, a), with(5, b)], &[("mueller", a), ("mueller", b)]), b),
        (with_pins(vec![removed(6, "mueller")], &[("mueller", None)]), None),
        (with_pins(vec![with(7, a)], &[("mueller", a)]), a),
        (with_pins(vec![removed(8, "mueller")], &[]), None),
        (
            with_pins(
                vec![with(9, a), removed(10, "mueller")],
                &[("mueller", a), ("mueller", None)],
            ),
            None,
        ),
        (
            with_pins(
                vec![removed(11, "mueller"), with(12, b)],
                &[("mueller", None), ("mueller", b)],
            ),
            b,
        ),
    ];
    for (group, phc) in groups {
        ledger.append(&group).unwrap();
        let reader = ledger.reader().unwrap();
        assert_eq!(reader.credential(&mueller).unwrap().as_deref(), phc);
        assert_eq!(reader.verify(&key().verifying_key()).unwrap().findings, []);
    }
}


fn a_pin_hash_that_its_entry_does_not_name_is_refused_whole(home) {
    let mut ledger = filled(home.address(), 0);
    let (a, b) = (Some("$argon2id$a"), Some("$argon2id$b"));
    let with = |seq, phc| enrolled(seq, "mueller", phc);
    ledger.append(&with_pins(vec![with(1, a)], &[("mueller", a)])).unwrap();
    let before = ledger.committed();
    let other = "the PIN hash given for mueller is not the one it names";
    let alone = "the PIN hash of mueller comes without an entry that names it";
    let groups = [
        (with_pins(vec![with(2, a)], &[("mueller", b)]), format!("entry 2: {other}")),
        (with_pins(vec![with(2, a)], &[("mueller", None)]), format!("entry 2: {other}")),
        (with_pins(vec![with(2, None)], &[("mueller", b)]), format!("entry 2: {other}")),
        (with_pins(vec![with(2, b), with(3, a)], &[("mueller", b)]), format!("entry 3: {other}")),
        (with_pins(vec![removed(2, "mueller")], &[("mueller", b)]), format!("entry 2: {other}")),
        (with_pins(vec![enrolled(2, "li.wei", b)], &[("mueller", b)]), alone.to_owned()),
        (with_pins(vec![], &[("mueller", b)]), alone.to_owned()),
        (with_pins(vec![], &[("mueller", None)]), alone.to_owned()),
    ];
    for (group, words) in groups {
        let error = ledger.append(&group).unwrap_err().to_string();
        assert!(error.starts_with(&words), "{error}");
        assert_eq!(ledger.committed(), before);
        let stored = ledger.reader().unwrap().credential(&"mueller".parse().unwrap()).unwrap();
        assert_eq!(stored.as_deref(), a);
    }
}
}

#[test]
fn one_writer_one_gateway_one_key() {
    let (_folder, path) = folder();
    let ledger = filled(&path, 1);
    let second = Ledger::open(&path, options()).unwrap_err().to_string();
    assert!(
        second.contains(&format!("being written by process {}", std::process::id())),
        "{second}"
    );
    drop(ledger);
    let other = OpenOptions { origin: "gw-2".into(), ..options() };
    assert!(matches!(Ledger::open(&path, other), Err(StoreError::WrongOrigin { .. })));
    let other =
        OpenOptions { key: gatewarden_store::SigningKey::from_bytes(&[1; 32]), ..options() };
    assert!(matches!(Ledger::open(&path, other), Err(StoreError::WrongKey { .. })));
    let strange = path.with_file_name("strange.db");
    rusqlite::Connection::open(&strange).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(Ledger::open(&strange, options()), Err(StoreError::NotALedger)));
    assert!(matches!(LedgerReader::open(&strange), Err(StoreError::NotALedger)));
    let file = rusqlite::Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Ledger::open(&path, options()), Err(StoreError::TooNew { found: 99, .. })));
}

#[test]
fn what_one_group_opens_and_closes_again_is_as_if_it_came_in_many() {
    let entries = [
        enrolled(0, "ann", None),
        removed(1, "ann"),
        enrolled(2, "ann", None),
        enrolled(3, "bob", None),
        removed(4, "bob"),
        enrolled(5, "ann", None),
        removed(6, "carl"),
        enrolled(7, "carl", None),
    ];
    let (_one, together) = folder();
    let (_other, apart) = folder();
    let mut ledger = Ledger::open(&together, options()).unwrap();
    ledger.append(&group(entries.to_vec())).unwrap();
    let mut singly = Ledger::open(&apart, options()).unwrap();
    for entry in entries.clone() {
        singly.append(&group(vec![entry])).unwrap();
    }
    let live = ledger.reader().unwrap().live().unwrap();
    assert_eq!(live, singly.reader().unwrap().live().unwrap());
    assert_eq!(live.iter().map(|e| e.seq).collect::<Vec<_>>(), [2, 5, 7]);
    let report = ledger.reader().unwrap().verify(&key().verifying_key()).unwrap();
    assert!(report.ok, "{report:?}");
}
