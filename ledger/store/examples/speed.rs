//! What a movement costs, and what a question costs once there are many: the figures of the issue's
//! section "Speed", made anew by
//! `cargo run --release -p gatewarden-store --example speed -- [ENTRIES] [ENTRIES A GROUP] [FOLDER]`.
//! With FOLDER the ledger stays there, and `speed verify FOLDER` verifies it again.
//!
//! CPU time is that of the whole process, so a busy machine changes it little. Each tag is received,
//! put away, transferred and shipped; items are valued by FIFO; every projection is kept.
#![allow(clippy::unwrap_used, reason = "a measurement stops at the first surprise")]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use gatewarden_model::{
    Action, Actor, Body, Decision, Document, DocumentKind, Entry, Hash, Item, Module, Movement,
    MovementId, MovementKind, MovementLine, PassId, SessionId, Stamp, Subject, SubjectKind, TaskId,
    Tracking, Valuation, ValuationMethod,
};
use gatewarden_store::{BalanceFilter, Group, Ledger, LedgerReader, OpenOptions, SigningKey};
use nix::time::{ClockId, clock_gettime};
use uuid::Uuid;

const ITEMS: u64 = 200;
/// Movements of one tag.
const LIFE: u64 = 4;
/// Tags that are in the house at a time.
const ALIVE: u64 = 500;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [verb, folder] = words.as_slice()
        && verb == "verify"
    {
        let reader = LedgerReader::open(&Path::new(folder).join("ledger.db")).unwrap();
        return verify(&reader);
    }
    let number = |at: usize, or: u64| words.get(at).map_or(or, |text| text.parse().unwrap());
    let (entries, size) = (number(0, 100_000), number(1, 100));
    let temporary = tempfile::tempdir_in(".").unwrap();
    let folder = words.get(2).map_or(temporary.path(), Path::new);
    let path = folder.join("ledger.db");
    let options = OpenOptions { key: key(), more_keys: vec![], origin: "speed".into(), vfs: None };
    let mut ledger = Ledger::open(&path, options).unwrap();
    let next = fill(&mut ledger, entries, size);
    let reader = ledger.reader().unwrap();
    let middle = next / 2;
    timed("inclusion proof", || drop(reader.proof(middle).unwrap()));
    let filter = BalanceFilter { item: Some(code(7)), ..BalanceFilter::default() };
    timed("stock of one item", || drop(reader.balances(&filter).unwrap()));
    let tag = Subject { kind: SubjectKind::Tag, key: thing(middle / LIFE) };
    timed("trace of one tag", || drop(reader.touching(&tag, 1000).unwrap()));
    verify(&reader);
    println!("{} bytes of database an entry", std::fs::metadata(&path).unwrap().len() / next);
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

/// Appends the items and so many movements; how many entries there are then.
fn fill(ledger: &mut Ledger, entries: u64, size: u64) -> u64 {
    ledger.append(&group((0..ITEMS).map(item).collect())).unwrap();
    let mut next = ITEMS;
    let step = (entries / 10).max(1);
    while next < ITEMS + entries {
        let (cpu, wall, first) = (cpu(), Instant::now(), next);
        let mut making = Duration::ZERO;
        while next < first + step {
            let before = self::cpu();
            let made = group((next..next + size).map(|seq| moved(seq, seq - ITEMS)).collect());
            making += self::cpu() - before;
            ledger.append(&made).unwrap();
            next += size;
        }
        let count = next - first;
        let cost = (self::cpu() - cpu - making).as_nanos() / u128::from(count);
        let rate = u128::from(count) * 1_000_000_000 / wall.elapsed().as_nanos();
        println!("to {next:>8}: {cost:>6} ns of CPU a movement, {rate} a second");
    }
    next
}

fn verify(reader: &LedgerReader) {
    let (before, wall) = (cpu(), Instant::now());
    let report = reader.verify(&key().verifying_key()).unwrap();
    assert!(report.ok, "{:?}", report.findings);
    let (taken, cpu) = (wall.elapsed(), cpu() - before);
    println!(
        "verify: {} entries a second, {} ns of CPU an entry",
        u128::from(report.entries) * 1_000_000_000 / taken.as_nanos(),
        cpu.as_nanos() / u128::from(report.entries)
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{peak}");
}

fn timed(what: &str, mut ask: impl FnMut()) {
    ask();
    let wall = Instant::now();
    for _ in 0..20 {
        ask();
    }
    println!("{what}: {} us", wall.elapsed().as_micros() / 20);
}

fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).unwrap().into()
}

fn group(entries: Vec<Entry>) -> Group {
    Group { entries, credentials: vec![] }
}

fn stamp(seq: u64) -> Stamp {
    let us = seq * 50_000;
    let wall_us = 1_790_000_000_000_000 + i64::try_from(us).unwrap();
    Stamp { boot: Uuid::from_u128(0xb007), mono_us: us, wall_us, synced: true }
}

fn code(n: u64) -> gatewarden_model::ItemId {
    format!("M-{n:04}").parse().unwrap()
}

fn thing(tag: u64) -> String {
    format!("(01)00614141{:06}(21){tag}", tag % ITEMS)
}

fn item(seq: u64) -> Entry {
    let valuation =
        Valuation { method: ValuationMethod::Fifo, currency: "EUR".into(), decimals: 2 };
    let item = Item {
        code: code(seq),
        name: format!("Item {seq}"),
        class: Default::default(),
        tracking: Tracking::None,
        unit: "pcs".into(),
        units: vec![],
        gtins: vec![],
        safety_stock: None,
        lead_time_days: None,
        valuation: Some(valuation),
    };
    Entry::new(seq, stamp(seq), Body::ItemDefined { item, by: Actor::Daemon })
}

/// Movement `n`: of `ALIVE` tags each makes its first step, then each its second, and so on.
fn moved(seq: u64, n: u64) -> Entry {
    let (round, place) = (n / (ALIVE * LIFE), n % (ALIVE * LIFE));
    let (life, tag) = (place / ALIVE, round * ALIVE + place % ALIVE);
    let bin = format!("wh1/bin-{:02}", tag % 40);
    let (kind, from, to) = match life {
        0 => (MovementKind::Receipt, "@supplier/ACME", "wh1/dock"),
        1 => (MovementKind::PutAway, "wh1/dock", bin.as_str()),
        2 => (MovementKind::Transfer, bin.as_str(), "wh1/out"),
        _ => (MovementKind::Shipment, "wh1/out", "@customer/C-1"),
    };
    let item = code(tag % ITEMS);
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    let mut line = MovementLine::new(10, item, 1, "pcs".into(), from, to);
    line.things = vec![thing(tag)];
    line.value = Some("12.5".parse().unwrap());
    // UUIDv7: the time first.
    let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + (u128::from(n) << 80));
    let movement = Movement {
        document_digest: None,
        received_by: None,
        id: MovementId(id),
        kind,
        document: Document {
            kind: DocumentKind::PurchaseOrder,
            number: format!("45{:05}", n / 20),
        },
        task: Some(TaskId(Uuid::from_u128(
            0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(n / 20),
        ))),
        station: Some("dock-1".parse().unwrap()),
        devices: vec!["portal-1".parse().unwrap()],
        pass: Some(PassId(id)),
        session: SessionId(Uuid::from_u128(0x5e55)),
        operator: "mueller".parse().unwrap(),
        auth_level: 2,
        decision: Decision {
            allowed: true,
            action: Action::Execute,
            module: Module::Inbound,
            policies: vec!["storekeeper-inbound-execute".into()],
            version: Hash::of(b"policies"),
            errors: vec![],
            facts: Default::default(),
        },
        approval_seq: None,
        approved_by: "buyer".into(),
        resolution_seq: None,
        lines: vec![line],
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
