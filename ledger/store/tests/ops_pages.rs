//! Every page of a real ledger file is damaged once in each of several ways: the check must find and
//! name it, or the damage must be without any effect; a repair must give back exactly what was there,
//! or name what is lost.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use common::{enrolled, folder, group, key, line, moved, options, receipt, started, with_pins};
use gatewarden_store::{
    file::{Ledger, LedgerReader},
    ops::{FsckOptions, FsckReport, Repair, fsck, note_newest},
};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use rusqlite::{Connection, types::Value};

const PAGE: usize = 4096;
/// Entries of the ledger that `make` makes.
const LEN: u64 = 126;

/// Short and long entries, PIN hashes, enough of all for inner pages, and free pages at the end.
fn make(path: &Path) {
    let mut ledger = Ledger::open(path, options()).unwrap();
    ledger.append(&group(vec![started(0)])).unwrap();
    let mut seq = 1;
    for round in 0..12_u64 {
        let mut entries = Vec::new();
        for _ in 0..9 {
            entries.push(receipt(seq, 24));
            seq += 1;
        }
        let items = if round % 4 == 0 { 40 } else { 2 };
        let lines = (0..items)
            .map(|n| line(&format!("N-{round}-{n}"), 5, "@supplier/ACME", "wh1/dock"))
            .collect();
        entries.push(moved(seq, seq.into(), lines));
        seq += 1;
        ledger.append(&group(entries)).unwrap();
    }
    for n in 0..5 {
        let (who, phc) = (format!("worker-{n}"), format!("$argon2id$v=19$m=19456,t=2,p=1${n}"));
        let entry = enrolled(seq, &who, Some(&phc));
        seq += 1;
        ledger.append(&with_pins(vec![entry], &[(&who, Some(&phc))])).unwrap();
    }
    note_newest(path, &LedgerReader::open(path).unwrap()).unwrap();
    drop(ledger);
    let database = Connection::open(path).unwrap();
    let sql = "CREATE TABLE gone (x TEXT) STRICT;
        INSERT INTO gone SELECT hex(randomblob(1500)) FROM entry LIMIT 10; DROP TABLE gone;
        PRAGMA wal_checkpoint(TRUNCATE);";
    database.execute_batch(sql).unwrap();
}

/// Tables with their rows.
type Contents = Vec<(String, Vec<Vec<Value>>)>;

/// Every row of every table.
fn contents(path: &Path) -> Result<Contents, rusqlite::Error> {
    let database = Connection::open(path)?;
    let mut tables =
        database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names = tables.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let mut all = Vec::new();
    for name in names {
        let mut select = database.prepare(&format!("SELECT * FROM \"{name}\""))?;
        let columns = select.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|i| row.get(i)).collect();
        let mut rows = select.query_map([], row)?.collect::<Result<Vec<Vec<Value>>, _>>()?;
        rows.sort_by_key(|row| format!("{row:?}"));
        all.push((name, rows));
    }
    Ok(all)
}

/// All is there again, but PIN hashes that were told as lost, and checkpoints between others, whose
/// entries the next one covers.
fn is_as_before(before: &Contents, after: &Contents, report: &FsckReport) -> bool {
    before.iter().zip(after).all(|((name, before), (_, after))| match name.as_str() {
        "checkpoint" => after.iter().all(|row| before.contains(row)),
        "credential" => after.len() + report.pins.len() == before.len(),
        _ => before == after,
    })
}

fn check(path: &Path, repair: bool) -> FsckReport {
    let options = FsckOptions {
        key: key().verifying_key(),
        origin: Some("gw-1".into()),
        repair,
        with: vec![],
    };
    fsck(path, &options).unwrap()
}

/// The ways in which a page is damaged.
fn damage(kind: usize, page: &mut [u8], random: &mut StdRng) {
    match kind {
        0 => {
            let at = random.random_range(0..page.len());
            page[at] ^= 1 << random.random_range(0..8);
        }
        1 => {
            let at = random.random_range(0..page.len() - 512);
            random.fill_bytes(&mut page[at..at + 512]);
        }
        2 => page.fill(0),
        _ => random.fill_bytes(page),
    }
}

#[test]
fn each_damaged_page_is_found_and_named_or_harmless() {
    let (_folder, path) = folder();
    make(&path);
    let whole = contents(&path).unwrap();
    let untouched = check(&path, false);
    assert!(untouched.ok, "{untouched:#?}");
    let bytes = fs::read(&path).unwrap();
    let witnessed = fs::read(path.with_extension("witnessed")).unwrap();
    let pages = bytes.len() / PAGE;
    assert!(pages > 40, "{pages} pages are too few to be worth it");
    let (mut named, mut harmless, mut repaired, mut lossy) = (0, 0, 0, 0);
    for number in 1..=pages {
        for kind in [0, 1 + number % 3] {
            let seed = (number * 10 + kind) as u64;
            let mut random = StdRng::seed_from_u64(seed);
            let (_folder, path) = folder();
            let mut copy = bytes.clone();
            let start = (number - 1) * PAGE;
            damage(kind, &mut copy[start..start + PAGE], &mut random);
            fs::write(&path, &copy).unwrap();
            fs::write(path.with_extension("witnessed"), &witnessed).unwrap();
            let told = format!("page {number}, damage {kind}");
            let report = check(&path, true);
            if report.ok {
                harmless += 1;
                assert_eq!(contents(&path).unwrap(), whole, "{told}: silently something else");
                Ledger::open(&path, options()).unwrap();
                continue;
            }
            let page = u32::try_from(number).unwrap();
            let found = report.damaged.iter().any(|damaged| damaged.page == page);
            assert!(found, "{told} is not named: {report:#?}");
            named += 1;
            if report.lost.is_empty() {
                repaired += 1;
                assert!(matches!(report.repair, Repair::Done { .. }), "{told}: {report:#?}");
                assert!(is_as_before(&whole, &contents(&path).unwrap(), &report), "{told}");
                assert!(check(&path, false).ok || !report.pins.is_empty(), "{told}");
            } else {
                lossy += 1;
                let Repair::Incomplete { salvaged, .. } = &report.repair else {
                    panic!("{told}: {report:#?}")
                };
                assert_eq!(fs::read(&path).unwrap(), copy, "{told}: the damaged file was changed");
                assert_eq!(LedgerReader::open(salvaged).unwrap().len().unwrap(), report.size);
                assert!(
                    report.known == LEN && report.lost[0].0 >= report.size,
                    "{told}: {report:#?}"
                );
            }
        }
    }
    println!(
        "{pages} pages: {named} named, {harmless} harmless; {repaired} repaired, {lossy} with loss"
    );
    assert!(repaired > 0 && lossy > 0 && harmless > 0);
}

/// A damaged page's file, as it lies there.
fn damaged_entry_page(path: &Path) -> (PathBuf, u32) {
    let report = check(path, false);
    assert!(report.ok);
    let bytes = fs::read(path).unwrap();
    // The page on which entry 57 stands: its bytes hold this id.
    let id = b"01970000-0000-7000-8000-000000000039\",\"kind\":\"receipt\"";
    let at = bytes.windows(id.len()).position(|window| window == id).unwrap();
    let page = at / PAGE;
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0; PAGE], (page * PAGE) as u64).unwrap();
    (path.to_owned(), u32::try_from(page + 1).unwrap())
}

#[test]
fn what_a_backup_still_has_is_not_lost() {
    let (folder, path) = folder();
    make(&path);
    let whole = contents(&path).unwrap();
    let backup = folder.path().join("backup.db");
    LedgerReader::open(&path).unwrap().backup(&backup, &key().verifying_key()).unwrap();
    let (path, page) = damaged_entry_page(&path);
    let alone = check(&path, false);
    assert!(alone.lost.iter().any(|(first, last)| (*first..=*last).contains(&57)), "{alone:#?}");
    assert!(alone.damaged.iter().any(|d| d.page == page && d.what == "the table entry"));
    let options =
        FsckOptions { key: key().verifying_key(), origin: None, repair: true, with: vec![backup] };
    let report = fsck(&path, &options).unwrap();
    assert_eq!((report.lost_words(), report.size), (String::new(), LEN));
    let Repair::Done { set_aside } = report.repair else { panic!("{report:#?}") };
    assert!(set_aside.exists());
    assert_eq!(contents(&path).unwrap(), whole);
    assert!(check(&path, false).ok);
}
