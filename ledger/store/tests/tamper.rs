//! Attacks on the file, each with the exact words in which `verify` names the first bad entry.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{
    enrolled, filled, folder, group, key, line, moved, options, receipt, removed, started,
    with_pins,
};
use gatewarden_store::{
    Ledger, LedgerReader, OpenOptions, Report, SigningKey, What, verifier_key_text,
};
use rusqlite::Connection;

/// A ledger of 1 + 60 entries, changed by `sql`, verified.
fn verified(sql: &str) -> Report {
    let (_folder, path) = folder();
    drop(filled(&path, 60));
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap()
}

fn key_name() -> String {
    verifier_key_text("gw-1", &key().verifying_key())
}

const NAME: &str = "entry 57 (movement 01970000-0000-7000-8000-000000000039, PO 4500001";

#[test]
fn an_untouched_ledger_is_whole() {
    let report = verified("");
    assert_eq!(report.findings, []);
    assert!(report.ok);
    let counts = (report.entries, report.movements, report.checkpoints, report.size);
    assert_eq!(counts, (61, 60, 61, 61));
}

/// What is done by SQL, and the first words of `verify` after it.
fn cases() -> Vec<(&'static str, String)> {
    vec![
        (
            "UPDATE entry SET bytes = replace(bytes, '\"quantity\":24', '\"quantity\":42') \
             WHERE seq = 57",
            format!("{NAME}): its bytes do not match the tree"),
        ),
        (
            "UPDATE entry SET bytes = bytes || ' ' WHERE seq = 57",
            "entry 57: its bytes do not match the tree and are not in canonical form: they differ \
             from it at byte 945; movement_index still says: movement \
             01970000-0000-7000-8000-000000000039"
                .into(),
        ),
        (
            "UPDATE entry SET bytes = replace(bytes, '24', '24.0') WHERE seq = 57",
            "entry 57: its bytes do not match the tree and can't be read as an entry (not a value of \
             this kind: expected 64 hex digits at line 1 column 935); movement_index still says: \
             movement 01970000-0000-7000-8000-000000000039"
                .into(),
        ),
        (
            "UPDATE entry SET leaf = zeroblob(32) WHERE seq = 57",
            format!("{NAME}): its bytes do not match the tree"),
        ),
        (
            "UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE seq = 56), \
             leaf = (SELECT leaf FROM entry WHERE seq = 56) WHERE seq = 57",
            "entry 57: its bytes call themselves entry 56; movement_index still says: movement \
             01970000-0000-7000-8000-000000000039"
                .into(),
        ),
        (
            "DELETE FROM entry WHERE seq = 57",
            "entry 57: it is missing in the journal; movement_index still says: movement \
             01970000-0000-7000-8000-000000000039"
                .into(),
        ),
        (
            "DELETE FROM entry WHERE seq >= 57",
            "entry 57: it is missing in the journal; movement_index still says: movement \
             01970000-0000-7000-8000-000000000039"
                .into(),
        ),
        (
            "UPDATE movement_index SET day = day + 1 WHERE seq = 57",
            "entry 57: movement_index says it is movement 01970000-0000-7000-8000-000000000039 of \
             day 2026-09-22, but it is not"
                .into(),
        ),
        (
            "UPDATE movement_index SET id = zeroblob(16) WHERE seq = 57",
            "entry 57: movement_index says it is movement 00000000-0000-0000-0000-000000000000 of \
             day 2026-09-21, but it is not"
                .into(),
        ),
        (
            "DELETE FROM movement_index WHERE seq = 57",
            "entry 57: it is movement 01970000-0000-7000-8000-000000000039 of day 2026-09-21, but \
             movement_index does not say so"
                .into(),
        ),
        (
            "INSERT INTO movement_index VALUES (0, zeroblob(16), 1)",
            "entry 0: movement_index says it is movement 00000000-0000-0000-0000-000000000000 of \
             day 1970-01-02, but it is not"
                .into(),
        ),
        (
            "DROP VIEW movement; CREATE VIEW movement AS SELECT 1 AS seq",
            "the view movement has another definition".into(),
        ),
        (
            "UPDATE day SET seq = 2",
            "2026-09-21: day says its first entry is 2, its first that counts entry 1; the journal \
             says its first entry is 1, its first that counts entry 1"
                .into(),
        ),
        (
            "DELETE FROM day",
            "2026-09-21: it is missing in day, the journal says its first entry is 1, its first that \
             counts entry 1"
                .into(),
        ),
        (
            "UPDATE pool SET layers = '20717:1440:5'",
            "pool of M-100 at wh1/dock: pool says quantity 1440, value 0, layers \
             \"20717:1440:5\"; the journal says quantity 1440, value 0, layers \"20717:1440\""
                .into(),
        ),
        (
            "UPDATE pool SET value = 1",
            "pool of M-100 at wh1/dock: pool says quantity 1440, value 1, layers \"20717:1440\"; the \
             journal says quantity 1440, value 0, layers \"20717:1440\""
                .into(),
        ),
        (
            "DELETE FROM pool",
            "pool of M-100 at wh1/dock: it is missing in pool, the journal says quantity 1440, value \
             0, layers \"20717:1440\""
                .into(),
        ),
        (
            "UPDATE thing SET place = 'wh1/home'",
            "thing urn:epc:id:sgtin:0614141.112345.M-10024: thing says item M-100, lot none, serial \
             none, tid none, place wh1/home, unit none, commissioned 0, entry 60; the journal says item \
             M-100, lot none, serial none, tid none, place wh1/dock, unit none, commissioned 0, entry 60"
                .into(),
        ),
        (
            "DELETE FROM thing",
            "thing urn:epc:id:sgtin:0614141.112345.M-10024: it is missing in thing, the journal says \
             item M-100, lot none, serial none, tid none, place wh1/dock, unit none, commissioned 0, entry 60"
                .into(),
        ),
        (
            "INSERT INTO lot VALUES ('M-100', 'L', '', 1)",
            "lot L of M-100: lot says last day none, entry 1; the journal knows of none".into(),
        ),
        (
            "INSERT INTO balance SELECT item, location, 'L', owner, status, unit, 1 FROM balance \
             WHERE location = 'wh1/dock'",
            "stock of M-100 lot L at wh1/dock is 1 in balance, the journal says 0".into(),
        ),
        (
            "UPDATE balance SET quantity = 1 WHERE location = 'wh1/dock'",
            "stock of M-100 at wh1/dock is 1 in balance, the journal says 1440".into(),
        ),
        (
            "DELETE FROM balance WHERE location = 'wh1/dock'",
            "stock of M-100 at wh1/dock is missing in balance, the journal says 1440".into(),
        ),
        (
            "DELETE FROM live WHERE seq = 57",
            "entry 57: it keeps task:00000000-0000-0000-0000-000000007a5c open, but live does not \
             say so"
                .into(),
        ),
        (
            "INSERT INTO live VALUES ('hold:x', 57)",
            "entry 57: live says it keeps hold:x open, but it does not".into(),
        ),
        (
            "UPDATE subject_new SET subjects = replace(subjects, '4:7:mueller,', '') WHERE seq = 57",
            "entry 57: it is about operator \"mueller\", but subject does not say so".into(),
        ),
        (
            "INSERT INTO subject VALUES (0, 4, 'maier', 57, x'')",
            "entry 57: subject says it is about operator \"maier\", but it is not".into(),
        ),
        (
            "INSERT INTO subject VALUES (0, 4, 'mueller', 57, x'ff')",
            "entry 57: subject says it is about an unknown kind \"mueller\", but it is not".into(),
        ),
        (
            "INSERT INTO subject VALUES (0, 4, 'mueller', 57, x'')",
            "entry 57: subject says twice that it is about operator \"mueller\"".into(),
        ),
        (
            // Read as the same subject, and found by no look-up.
            "UPDATE subject_new SET subjects = replace(subjects, ':5:M-100,', ':05:M-100,') \
             WHERE seq = 57",
            "entry 57: subject says it is about an unknown kind \"\", but it is not".into(),
        ),
        (
            "PRAGMA ignore_check_constraints = ON; \
             INSERT INTO subject VALUES (7, 1, 'M-100', 57, x'')",
            "subject: its rows are not those of the journal: rebuild it".into(),
        ),
        (
            "INSERT INTO movement_index VALUES (-5, zeroblob(16), 20000)",
            "movement_index: its rows are not those of the journal: rebuild it".into(),
        ),
        (
            "INSERT INTO movement_index VALUES (9223372036854775807, zeroblob(16), 20000)",
            "entry 9223372036854775807: movement_index says it is movement \
             00000000-0000-0000-0000-000000000000 of day 2024-10-04, but it is not"
                .into(),
        ),
        (
            "UPDATE thing SET lot = 'none' WHERE seq = 60",
            "thing urn:epc:id:sgtin:0614141.112345.M-10024: thing says item M-100, lot \"none\", \
             serial none, tid none, place wh1/dock, unit none, commissioned 0, entry 60; the journal says \
             item M-100, lot none, serial none, tid none, place wh1/dock, unit none, commissioned 0, entry 60"
                .into(),
        ),
        (
            "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('trigger', \
             'sqlite_stat9', 'subject_new', 0, 'CREATE TRIGGER sqlite_stat9 AFTER INSERT ON \
             subject_new BEGIN DELETE FROM subject_new; END'); PRAGMA writable_schema = OFF;",
            "there is a strange trigger sqlite_stat9".into(),
        ),
        (
            "UPDATE subject_new SET subjects = 'x' WHERE seq = 57",
            "entry 57: subject says it is about an unknown kind \"\", but it is not".into(),
        ),
        (
            "UPDATE checkpoint SET note = replace(note, 'gw-1 ', 'gw-2 ') WHERE size = 58",
            format!(
                "the checkpoint of 58 entries can't be trusted: the checkpoint is not signed by the \
                 key {}",
                key_name()
            ),
        ),
        (
            "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 57) \
             WHERE size = 58",
            "the checkpoint stored for 58 entries is one of 57".into(),
        ),
        (
            "DELETE FROM checkpoint WHERE size = 61",
            "entry 60: not covered by any checkpoint".into(),
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON balance BEGIN DELETE FROM balance; END",
            "there is a strange trigger t".into(),
        ),
        (
            "INSERT INTO node VALUES (1, 0, zeroblob(32))",
            "the stored tree has 1 nodes, the journal makes 0".into(),
        ),
        (
            "INSERT INTO checkpoint SELECT 0, note FROM checkpoint WHERE size = 1",
            "there is a checkpoint of 0 entries, which no group ends in".into(),
        ),
        (
            "INSERT INTO checkpoint SELECT -7, note FROM checkpoint WHERE size = 1",
            "there is a checkpoint of -7 entries, which no group ends in".into(),
        ),
        (
            "INSERT INTO checkpoint SELECT 62, note FROM checkpoint WHERE size = 61",
            "the checkpoint of 62 entries can't be trusted, nor are there as many: it is one of 61"
                .into(),
        ),
        (
            "INSERT INTO checkpoint VALUES (9000000000000, 'none')",
            "the checkpoint of 9000000000000 entries can't be trusted, nor are there as many: the \
             checkpoint is of the ledger \"none\", not of \"gw-1\""
                .into(),
        ),
        ("INSERT INTO meta VALUES ('x', 'y')", "there is a strange row \"x\" in meta".into()),
        (
            "DELETE FROM meta WHERE key = 'verifier'",
            "the row \"verifier\" is missing in meta".into(),
        ),
        (
            "UPDATE meta SET value = 'gw-1+00000000+' WHERE key = 'verifier'",
            format!(
                "meta says that the ledger is signed with gw-1+00000000+, not with {}",
                key_name()
            ),
        ),
    ]
}

#[test]
fn each_attack_is_named() {
    let mut others = vec![];
    for (sql, words) in cases() {
        let report = verified(sql);
        assert!(!report.ok, "{sql}");
        let first = &report.findings[0].message;
        if *first != words {
            others.push(format!("{sql}\n  {first:?}\n  {words:?}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

/// PIN hashes have their own test below, cosignatures one in `attacks`: they are no projection.
#[test]
fn every_table_is_attacked() {
    let (_folder, path) = folder();
    drop(filled(&path, 1));
    let database = Connection::open(&path).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut select = database.prepare(sql).unwrap();
    let tables = select.query_map([], |row| row.get(0)).unwrap();
    let tables: Vec<String> = tables.collect::<Result<_, _>>().unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    for table in tables.iter().filter(|t| !["credential", "cosignature"].contains(&t.as_str())) {
        let ways = ["UPDATE", "DELETE FROM", "INSERT INTO"].map(|way| format!("{way} {table} "));
        let is_attacked = cases()
            .iter()
            .any(|(sql, _)| ways.iter().any(|way| format!("{sql} ").contains(way.as_str())));
        assert!(is_attacked, "no attack on {table}: what would verify say?");
    }
}

#[test]
fn an_edit_with_its_hash_made_anew_is_caught_by_the_signed_root() {
    let (_folder, path) = folder();
    drop(filled(&path, 60));
    let forged = receipt(57, 42).encode().unwrap();
    let leaf = gatewarden_store::merkle::leaf_hash(&forged);
    let database = Connection::open(&path).unwrap();
    let text = String::from_utf8(forged).unwrap();
    database
        .execute("UPDATE entry SET bytes = ?1, leaf = ?2 WHERE seq = 57", (text, leaf.0))
        .unwrap();
    let sql = "UPDATE pool SET quantity = quantity + 18, layers = '20717:1458';
        UPDATE balance SET quantity = quantity + 18 WHERE location = 'wh1/dock';
        UPDATE balance SET quantity = quantity - 18 WHERE location <> 'wh1/dock'";
    database.execute_batch(sql).unwrap();
    let report = LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap();
    assert_eq!((report.findings[0].seq, report.findings[0].what), (Some(57), What::Checkpoint));
    assert_eq!(
        report.findings[0].message,
        "entry 57: the tree does not lead to the root that the checkpoint of 58 entries signed; \
         what was recorded there was changed, and its hash made anew"
    );
    assert!(Ledger::open(&path, options()).is_err(), "nor does the writer go on with it");
}

#[test]
fn a_whole_ledger_made_anew_needs_the_key() {
    let (_folder, path) = folder();
    let thief = OpenOptions { key: SigningKey::from_bytes(&[9; 32]), ..options() };
    let mut ledger = Ledger::open(&path, thief).unwrap();
    ledger.append(&group(vec![receipt(0, 1)])).unwrap();
    let report = ledger.reader().unwrap().verify(&key().verifying_key()).unwrap();
    assert_eq!((report.ok, report.size), (false, 0));
    let words = format!(
        "the checkpoint of 1 entries can't be trusted: the checkpoint is not signed by the key {}",
        key_name()
    );
    assert_eq!(report.findings[0].message, words);
}

#[test]
fn a_deleted_tail_or_another_history_is_caught_by_a_checkpoint_kept_elsewhere() {
    let (_folder, path) = folder();
    let ledger = filled(&path, 60);
    let kept = ledger.reader().unwrap().checkpoint().unwrap().unwrap().note;
    drop(ledger);
    let (_other, shorter) = folder();
    let ledger = filled(&shorter, 50);
    let reader = ledger.reader().unwrap();
    let key = key().verifying_key();
    assert!(reader.verify(&key).unwrap().ok, "from the inside nothing can be seen");
    let report = reader.verify_against(&key, Some(&kept)).unwrap();
    assert_eq!(report.findings[0].message, "entry 51: it is missing in the journal");
    let words = "entries 51 to 60 were deleted: the checkpoint kept elsewhere covers 61 entries, \
        the journal has 51";
    assert!(report.findings.iter().any(|finding| finding.message == words));
    let (_third, different) = folder();
    let mut ledger = filled(&different, 59);
    ledger.append(&group(vec![receipt(60, 7)])).unwrap();
    let report = ledger.reader().unwrap().verify_against(&key, Some(&kept)).unwrap();
    let words = "two histories: the checkpoint kept elsewhere of 61 entries signed another root than \
        the first 61 entries here have; `gatewarden ledger compare` with a copy of the other names \
        the first that differs";
    assert_eq!((report.findings.len(), report.findings[0].message.as_str()), (1, words));
    assert!(LedgerReader::open(&path).unwrap().verify_against(&key, Some(&kept)).unwrap().ok);
    let garbage = reader.verify_against(&key, Some("garbage")).unwrap();
    assert!(!garbage.ok);
}

/// A ledger of five people: `li.wei` (entry 1, a PIN), `mueller` (2, a PIN, kept by 3), `novak` (4,
/// without PIN), `gone` (5, a PIN; removed by 6), `back` (7, removed by 8, a PIN by 9).
fn staffed(path: &std::path::Path) {
    let mut ledger = filled(path, 0);
    let (l, m, g) = (Some("$l"), Some("$m"), Some("$g"));
    let groups = [
        with_pins(vec![enrolled(1, "li.wei", l)], &[("li.wei", l)]),
        with_pins(vec![enrolled(2, "mueller", m)], &[("mueller", m)]),
        with_pins(vec![enrolled(3, "mueller", m), enrolled(4, "novak", None)], &[]),
        with_pins(vec![enrolled(5, "gone", g)], &[("gone", g)]),
        with_pins(vec![removed(6, "gone")], &[("gone", None)]),
        with_pins(vec![enrolled(7, "back", g), removed(8, "back")], &[("back", None)]),
        with_pins(vec![enrolled(9, "back", m)], &[("back", m)]),
    ];
    for group in groups {
        ledger.append(&group).unwrap();
    }
}

#[test]
fn an_edited_pin_hash_is_named_with_its_operator_and_his_last_enrolment() {
    let cases = [
        (
            "UPDATE credential SET phc = '$x' WHERE operator = 'li.wei'",
            Some(1),
            "entry 1 (li.wei enrolled): the PIN hash in credential is not the one it names",
        ),
        (
            "UPDATE credential SET phc = (SELECT phc FROM credential WHERE operator = 'li.wei') \
             WHERE operator = 'mueller'",
            Some(3),
            "entry 3 (mueller enrolled): the PIN hash in credential is not the one it names",
        ),
        (
            "UPDATE credential SET phc = '$g' WHERE operator = 'back'",
            Some(9),
            "entry 9 (back enrolled): the PIN hash in credential is not the one it names",
        ),
        (
            "DELETE FROM credential WHERE operator = 'li.wei'",
            Some(1),
            "entry 1 (li.wei enrolled): the PIN hash that it names is missing in credential",
        ),
        (
            "INSERT INTO credential VALUES ('novak', '$n')",
            Some(4),
            "entry 4 (novak enrolled): it names no PIN hash, but credential has one",
        ),
        (
            "INSERT INTO credential VALUES ('gone', '$g')",
            Some(6),
            "entry 6 (gone removed): credential still has a PIN hash",
        ),
        (
            "INSERT INTO credential VALUES ('maier', '$m')",
            None,
            "credential has a PIN hash of \"maier\", whom no entry enrolled",
        ),
    ];
    for (sql, seq, words) in cases {
        let (_folder, path) = folder();
        staffed(&path);
        let verify = || LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap();
        assert_eq!(verify().findings, []);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let findings = verify().findings;
        let found: Vec<_> = findings.iter().map(|f| (f.seq, f.what, f.message.as_str())).collect();
        assert_eq!(found, [(seq, What::Credential, words)], "{sql}");
    }
}

#[test]
fn an_edited_hash_is_caught_also_where_the_enrolment_is_edited_to_fit() {
    let (_folder, path) = folder();
    staffed(&path);
    let hash = |phc: &str| gatewarden_model::Hash::of(phc.as_bytes());
    let sql = format!(
        "UPDATE entry SET bytes = replace(bytes, '{}', '{}') WHERE seq = 1;
         UPDATE credential SET phc = '$x' WHERE operator = 'li.wei'",
        hash("$l"),
        hash("$x")
    );
    Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    let report = LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap();
    assert_eq!((report.findings[0].seq, report.findings[0].what), (Some(1), What::Bytes));
    let live = LedgerReader::open(&path).unwrap().live().unwrap_err().to_string();
    let words = "entry 1: its bytes do not match the tree; run `gatewarden ledger verify`";
    assert_eq!(live, words);
}

#[test]
fn more_entries_between_two_checkpoints_than_a_group_has_are_seen() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    for first in [0, 9000, 18_000] {
        ledger.append(&group((first..first + 9000).map(started).collect())).unwrap();
    }
    drop(ledger);
    let sql = "DELETE FROM checkpoint WHERE size = 18000";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let report = LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap();
    let found: Vec<_> = report.findings.iter().map(|f| f.message.as_str()).collect();
    let words = "entries 9000 to 26999: checkpoints between them are missing, for each group of at \
        most 16384 entries has one";
    assert_eq!(found, [words]);
}

#[test]
fn folded_entries_about_a_subject_can_not_be_hidden_in_another_era() {
    let (_folder, path) = folder();
    drop(filled(&path, 600));
    let connection = Connection::open(&path).unwrap();
    let sql =
        "PRAGMA ignore_check_constraints = ON; UPDATE subject SET era = 7 WHERE key = 'M-100'";
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let report = LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap();
    let words = "entry 1: it is about item \"M-100\", but subject does not say so";
    assert_eq!(report.findings[0].message, words);
}

#[test]
fn a_row_with_a_text_that_is_no_text_is_not_taken_for_another() {
    let (_folder, path) = folder();
    drop(filled(&path, 60));
    for table in ["balance", "pool"] {
        let connection = Connection::open(&path).unwrap();
        let sql =
            format!("UPDATE {table} SET lot = CAST(x'ff' AS TEXT) WHERE location = 'wh1/dock'");
        assert_eq!(connection.execute(&sql, []).unwrap(), 1);
        drop(connection);
        let report = LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap();
        let words = format!(
            "the check could not go on: the ledger was changed behind its back: {table}: a row has a \
             text that is not UTF-8; run `gatewarden ledger verify`"
        );
        assert_eq!(report.findings[0].message, words);
        let connection = Connection::open(&path).unwrap();
        connection.execute(&format!("UPDATE {table} SET lot = '' WHERE lot <> ''"), []).unwrap();
    }
}

#[test]
fn lots_and_pools_that_are_called_the_same_are_told_apart() {
    let (_folder, path) = folder();
    let mut ledger = Ledger::open(&path, options()).unwrap();
    ledger.append(&group(vec![started(0)])).unwrap();
    let lines = [("C", "A of B", None), ("B of C", "A", None), ("C", "x of y", None)];
    for (seq, (item, lot, owner)) in (1..).zip(lines.into_iter().chain([("C", "x", Some("y"))])) {
        let mut line = line(item, 3, "@supplier/ACME", "wh1/dock");
        (line.lot, line.owner) = (Some(lot.into()), owner.map(str::to_owned));
        ledger.append(&group(vec![moved(seq, seq.into(), vec![line])])).unwrap();
    }
    drop(ledger);
    let verified =
        || LedgerReader::open(&path).unwrap().verify(&key().verifying_key()).unwrap().findings;
    assert_eq!(verified(), []);
    let connection = Connection::open(&path).unwrap();
    assert_eq!(connection.execute("DELETE FROM pool WHERE owner = 'y'", []).unwrap(), 1);
    assert_eq!(
        connection.execute("UPDATE lot SET expires = 'none' WHERE lot = 'A'", []).unwrap(),
        1
    );
    drop(connection);
    let words: Vec<_> = verified().into_iter().map(|finding| finding.message).collect();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words[0].starts_with("pool of C lot x of y at wh1/dock: it is missing in pool"));
    assert!(words[1].starts_with("lot A of B of C: lot says last day \"none\""));
}

/// What a start says to a ledger of people into which this was written.
fn in_force(sql: &str) -> Result<(), String> {
    let (_folder, path) = folder();
    staffed(&path);
    // Many tiles later, the edge of the tree alone tells nothing of the people.
    let mut ledger = Ledger::open(&path, options()).unwrap();
    ledger.append(&group((10..700).map(started).collect())).unwrap();
    drop(ledger);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let ledger = Ledger::open(&path, options()).map_err(|error| format!("open: {error}"))?;
    ledger.check_in_force().map_err(|error| error.to_string())
}

#[test]
fn nobodys_rights_are_taken_from_rows_that_the_journal_does_not_say() {
    assert_eq!(in_force(""), Ok(()));
    for (sql, wanted) in [
        ("UPDATE entry SET bytes = replace(bytes, 'li.wei', 'mallor') WHERE seq = 1", "entry 1"),
        ("UPDATE entry SET bytes = bytes || ' ' WHERE seq = 300", "entry 300"),
        (
            "UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE seq = 2), \
             leaf = (SELECT leaf FROM entry WHERE seq = 2) WHERE seq = 1",
            "do not lead to the signed root",
        ),
        ("DELETE FROM live WHERE key = 'operator:mueller' AND seq = 3", "operator:mueller: "),
        ("DELETE FROM live WHERE key = 'operator:li.wei'", "operator:li.wei: "),
        ("INSERT INTO live VALUES ('operator:gone', 5)", "operator:gone: "),
        ("INSERT INTO live VALUES ('client:gone', 5)", "client:gone: "),
        ("INSERT INTO live VALUES ('lockout:li.wei', 5)", "lockout:li.wei: "),
    ] {
        let told = in_force(sql).expect_err(sql);
        assert!(told.contains(wanted), "{sql}: {told}");
    }
}
