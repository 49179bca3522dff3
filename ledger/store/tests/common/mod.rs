//! What the store's tests share: made entries, and a ledger in a folder that goes away.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test helper; not every test uses all of it"
)]

pub mod cluster;
pub mod home;
pub mod proxy;
pub mod tls;

use std::path::PathBuf;

use gatewarden_model::{
    Action, Actor, Body, Decision, Document, DocumentKind, Entry, Hash, Module, Movement,
    MovementId, MovementKind, MovementLine, PassId, SessionId, Stamp, TaskId,
};
use gatewarden_store::{Group, Ledger, LedgerAddress, OpenOptions, SigningKey};
use tempfile::TempDir;
use uuid::Uuid;

/// A stamp `n` seconds after a fixed moment.
pub fn stamp(n: u64) -> Stamp {
    let wall_us = 1_790_000_000_000_000 + i64::try_from(n).unwrap() * 1_000_000;
    Stamp { boot: Uuid::from_u128(0xb007), mono_us: n * 1_000_000, wall_us, synced: true }
}

/// A decision that allowed something.
pub fn decision() -> Decision {
    Decision {
        allowed: true,
        action: Action::Execute,
        module: Module::Inbound,
        policies: vec!["storekeeper-inbound-execute".into()],
        version: Hash::of(b"policies"),
        errors: vec![],
        facts: Default::default(),
    }
}

/// A line of a movement.
pub fn line(item: &str, quantity: i64, from: &str, to: &str) -> MovementLine {
    MovementLine {
        line: 10,
        item: item.parse().unwrap(),
        lot: None,
        quantity,
        unit: "pcs".into(),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        things: vec![format!("urn:epc:id:sgtin:0614141.112345.{item}{quantity}")],
        stated: None,
        owner: None,
        from_status: Default::default(),
        to_status: Default::default(),
        from_unit: None,
        to_unit: None,
        expires: None,
        value: None,
    }
}

/// Entry `seq`: a movement of these lines, with the id `id`.
pub fn moved(seq: u64, id: u128, lines: Vec<MovementLine>) -> Entry {
    let pass = PassId(Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + id));
    let movement = Movement {
        document_digest: None,
        received_by: None,
        id: MovementId::from(pass),
        kind: MovementKind::Receipt,
        document: Document { kind: DocumentKind::PurchaseOrder, number: "4500001".into() },
        task: Some(TaskId(Uuid::from_u128(0x7a5c))),
        station: Some("dock-1".parse().unwrap()),
        devices: vec!["portal-1".parse().unwrap()],
        pass: Some(pass),
        session: SessionId(Uuid::from_u128(0x5e55)),
        operator: "mueller".parse().unwrap(),
        auth_level: 2,
        decision: decision(),
        approval_seq: None,
        approved_by: "buyer".into(),
        resolution_seq: None,
        lines,
        evidence: Hash::of(b"pass"),
        reservation: None,
        effective: None,
        second: None,
        back_dated: false,
        reverses: None,
        counts: vec![],
        revalues: vec![],
        voucher: vec![],
        confirmation: None,
    };
    Entry::new(seq, stamp(seq), Body::Moved { movement, pass: None })
}

/// Entry `seq`: a receipt of `quantity` M-100 at the dock.
pub fn receipt(seq: u64, quantity: i64) -> Entry {
    moved(seq, seq.into(), vec![line("M-100", quantity, "@supplier/ACME", "wh1/dock")])
}

/// Entry `seq`: the daemon started.
pub fn started(seq: u64) -> Entry {
    let (config, policies) = (Hash::of(b"config"), Hash::of(b"policies"));
    let body = Body::Started { gateway: "gw-1".into(), version: "0.1.0".into(), config, policies };
    Entry::new(seq, stamp(seq), body)
}

/// Entry `seq`: somebody is enrolled, with the PIN hash `phc` in force.
pub fn enrolled(seq: u64, who: &str, phc: Option<&str>) -> Entry {
    let body = Body::Enrolled {
        operator: who.parse().unwrap(),
        name: who.to_owned(),
        roles: vec!["storekeeper".into()],
        badges: vec![Hash::of(who.as_bytes())],
        pin: phc.map(|phc| Hash::of(phc.as_bytes())),
        kinds: Default::default(),
        tails: Default::default(),
        activation: None,
        change: None,
        mitigations: vec![],
        by: Actor::Local { uid: 0 },
    };
    Entry::new(seq, stamp(seq), body)
}

/// Entry `seq`: somebody is removed.
pub fn removed(seq: u64, who: &str) -> Entry {
    let body = Body::Removed { operator: who.parse().unwrap(), by: Actor::Local { uid: 0 } };
    Entry::new(seq, stamp(seq), body)
}

/// A group with PIN hashes.
pub fn with_pins(entries: Vec<Entry>, pins: &[(&str, Option<&str>)]) -> Group {
    let pin = |(who, phc): &(&str, Option<&str>)| (who.parse().unwrap(), phc.map(str::to_owned));
    Group { entries, credentials: pins.iter().map(pin).collect() }
}

/// A group of these entries.
pub fn group(entries: Vec<Entry>) -> Group {
    Group { entries, credentials: vec![] }
}

/// The key of the tests.
pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

/// The options of the tests.
pub fn options() -> OpenOptions {
    OpenOptions { key: key(), more_keys: vec![], origin: "gw-1".into(), vfs: None }
}

/// A folder with the path of a ledger in it.
pub fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    (folder, path)
}

/// A ledger of `n` receipts of 24, one a group, after one entry that is none.
pub fn filled(address: impl Into<LedgerAddress>, n: u64) -> Ledger {
    let mut ledger = Ledger::open(address, options()).unwrap();
    ledger.append(&group(vec![started(0)])).unwrap();
    for seq in 1..=n {
        ledger.append(&group(vec![receipt(seq, 24)])).unwrap();
    }
    ledger
}
