//! Two verifiers that share no code, this one and `tests/verify_proof.py`, accept the same good
//! proofs and refuse the same forged ones.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../../proof/tests/common/mod.rs"]
mod common;

use std::{env, fs, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::{Log, key};
use gatewarden_proof::{
    LogKey, Proof, WitnessKey, compact, cosignature::cosign, note::split, proof::PROOF_HEADER,
};

const MOVED: &str = include_str!("moved.json");
const INDEX: u64 = 17;

/// A ledger of 40 entries with a receipt at 17. Key 1 signed up to 30 entries, key 2 from 31 on.
fn ledger() -> Log {
    let mut log = Log::of(40);
    log.entries[INDEX as usize] = MOVED.trim_end().into();
    log
}

/// Two of the witnesses 11, 12, 13 must have cosigned.
fn trust() -> String {
    let mut logs = [1, 2].map(|n| LogKey::always("dock-1", key(n).verifying_key()));
    (logs[0].until, logs[1].from) = (Some(30), 31);
    let witness = |n: u8| {
        let public = WitnessKey { name: format!("w{n}.example"), key: key(n).verifying_key() };
        format!("witness w{n} {}\n", public.text())
    };
    let logs: String = logs.iter().map(|log| log.line() + "\n").collect();
    logs + &[11, 12, 13].map(witness).concat() + "group house 2 w11 w12 w13\nquorum house\n"
}

fn note(log: &Log, size: u64, signer: u8, witnesses: &[u8]) -> String {
    let note = log.note(size, &key(signer));
    let text = split(&note).unwrap().0.to_owned();
    witnesses.iter().fold(note, |note, n| {
        note + &cosign(&text, &format!("w{n}.example"), &key(*n), 1_790_000_100)
    })
}

fn proof_of(log: &Log, size: u64, signer: u8, witnesses: &[u8]) -> Proof {
    Proof {
        entry: log.entries[INDEX as usize].clone(),
        index: INDEX,
        path: log.inclusion(INDEX, size),
        checkpoint: note(log, size, signer, witnesses),
    }
}

fn good() -> Proof {
    proof_of(&ledger(), 40, 2, &[11, 13])
}

/// A proof over a ledger that holds these bytes, every signature right.
fn holding(entry: &str) -> Proof {
    let mut log = ledger();
    log.entries[INDEX as usize] = entry.into();
    proof_of(&log, 40, 2, &[11, 13])
}

fn run(program: &mut Command) -> (i32, String) {
    let output = program.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "it must end in order (python3 needs `cryptography`): {errors}");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// The Python of the tests' peers (which `tests/run` prepares), else that of the machine.
fn python() -> std::path::PathBuf {
    env::var_os("GATEWARDEN_PEERS")
        .map_or("python3".into(), |at| Path::new(&at).join("bin/python3"))
}

/// Whether the second verifier can run. Only without the prepared peers may it be missing.
fn has_python() -> bool {
    let imports = Command::new(python()).args(["-c", "import cryptography"]).output();
    let there = imports.is_ok_and(|output| output.status.success());
    if !there {
        assert!(env::var_os("GATEWARDEN_PEERS").is_none(), "the peers lack `cryptography`");
        eprintln!("SKIPPED: no python3 with `cryptography`; tests/run prepares one");
    }
    there
}

/// What both say of a proof.
fn both(folder: &Path, trust: &str, proof: &str) -> [(i32, String); 2] {
    let (keys, file) = (folder.join("trusted.keys"), folder.join("a.tlog-proof"));
    fs::write(&keys, trust).unwrap();
    fs::write(&file, proof).unwrap();
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verify_proof.py");
    [
        run(Command::new(env!("CARGO_BIN_EXE_gatewarden-verify"))
            .arg("--keys")
            .args([&keys, &file])),
        run(Command::new(python()).arg(first).args([&keys, &file])),
    ]
}

#[test]
fn both_accept_what_is_right() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = ledger();
    let extra = good().checkpoint + "\u{2014} nobody.example AAAAAAAA\n";
    let single = format!("log {}\n", LogKey::always("dock-1", key(1).verifying_key()).text());
    for (name, trust, proof) in [
        ("two of three", trust(), good()),
        ("all of three", trust(), proof_of(&log, 40, 2, &[12, 13, 11])),
        ("the old key in its time", trust(), proof_of(&log, 30, 1, &[11, 12])),
        ("the last entry", trust(), proof_of(&log, 18, 1, &[11, 12])),
        ("a signature of a stranger", trust(), Proof { checkpoint: extra, ..good() }),
        ("no witness is asked for", single, proof_of(&log, 30, 1, &[])),
        ("signs in an entry", trust(), holding(r#"{"a":"\"\\\u000a\u0001é\u2028","seq":17,"v":1}"#.replace("\\u2028", "\u{2028}").as_str())),
    ] {
        for (code, words) in both(folder.path(), &trust, &proof.to_text()) {
            assert_eq!((code, words.starts_with("PASS")), (0, true), "{name}: {words}");
        }
    }
}

/// Forged proofs: what was done, the text, and what the first verifier says.
fn forged() -> Vec<(&'static str, String, &'static str)> {
    let (log, good) = (ledger(), good());
    let text = |proof: Proof| proof.to_text();
    let edited = MOVED.trim_end().replace("\"quantity\":24", "\"quantity\":42");
    assert_ne!(edited, MOVED.trim_end());
    let w14 = cosign(split(&good.checkpoint).unwrap().0, "w12.example", &key(14), 1_790_000_100);
    let later = at_another_time(&good.checkpoint);
    let mut late = good.path.clone();
    late.swap(0, 1);
    let with = |checkpoint: &str| text(Proof { checkpoint: checkpoint.into(), ..good.clone() });
    let other_root = log.note(39, &key(2)).replace("\n39\n", "\n40\n");
    let fork = Log { entries: Log::forked(40, 20).entries };
    vec![
        ("edited entry", text(Proof { entry: edited.into(), ..good.clone() }), "not in the tree"),
        ("wrong index", text(Proof { index: 16, ..good.clone() }), "not in the tree"),
        ("index beyond", text(Proof { index: 40, ..good.clone() }), "not in the tree"),
        ("siblings swapped", text(Proof { path: late, ..good.clone() }), "not in the tree"),
        ("path cut", text(Proof { path: good.path[1..].to_vec(), ..good.clone() }), "not in the"),
        (
            "path longer",
            text(Proof { path: [&good.path[..], &good.path[..1]].concat(), ..good.clone() }),
            "not in the",
        ),
        (
            "another history",
            text(Proof { checkpoint: note(&fork, 40, 2, &[11, 13]), ..good.clone() }),
            "not in the tree",
        ),
        ("wrong root", with(&other_root), "does not fit"),
        ("edited size", with(&good.checkpoint.replace("\n40\n", "\n41\n")), "does not fit"),
        (
            "another ledger",
            with(&good.checkpoint.replacen("dock-1", "dock-2", 1)),
            "no key is trusted",
        ),
        ("unknown log key", text(proof_of(&log, 40, 3, &[11, 13])), "no trusted key"),
        ("stolen old key", text(proof_of(&log, 40, 1, &[11, 13])), "rotated away after 30 entries"),
        ("new key too early", text(proof_of(&log, 30, 2, &[11, 13])), "only from 31 entries on"),
        ("one witness", text(proof_of(&log, 40, 2, &[11])), "too few witnesses"),
        ("one witness twice", text(proof_of(&log, 40, 2, &[11, 11])), "too few witnesses"),
        (
            "cosigned by another key",
            text(Proof { checkpoint: note(&log, 40, 2, &[11]) + &w14, ..good.clone() }),
            "too few witnesses",
        ),
        (
            "cosigned another tree",
            with(&(note(&log, 40, 2, &[11]) + split_last(&note(&log, 39, 2, &[12])))),
            "does not fit",
        ),
        ("another time", with(&later), "does not fit"),
        (
            "no signature",
            with(&good.checkpoint[..=good.checkpoint.find("\n\n").unwrap() + 1]),
            "the signatures don't end",
        ),
        ("cut", text(good.clone()).trim_end().to_owned(), "not a signed checkpoint"),
        (
            "duplicate keys",
            text(holding(r#"{"a":1,"a":2,"seq":17,"v":1}"#)),
            "not the canonical form",
        ),
        (
            "duplicate sequence",
            text(holding(r#"{"seq":18,"seq":17,"v":1}"#)),
            "not the canonical form",
        ),
        ("keys in another order", text(holding(r#"{"v":1,"seq":17}"#)), "not the canonical form"),
        ("white space", text(holding(r#"{"seq":17, "v":1}"#)), "not the canonical form"),
        (
            "needless escape",
            text(holding(r#"{"a":"\u0041","seq":17,"v":1}"#)),
            "not the canonical form",
        ),
        ("short escape", text(holding(r#"{"a":"\n","seq":17,"v":1}"#)), "not the canonical form"),
        ("a float", text(holding(r#"{"a":1.5,"seq":17,"v":1}"#)), "not a 64-bit integer"),
        ("a nan", text(holding(r#"{"a":NaN,"seq":17,"v":1}"#)), "not a value of this kind"),
        ("two values", text(holding(r#"{"seq":17,"v":1}{}"#)), "trailing characters"),
        ("another place", text(holding(r#"{"seq":16,"v":1}"#)), "calls itself 16 but stands at 17"),
        ("another version", text(holding(r#"{"seq":17,"v":2}"#)), "not of version 1"),
        ("no entry", text(holding("17")), "not of version 1"),
        ("spare bits", spare_bits(&text(good.clone())), "32 bytes"),
        ("leading zero", text(good.clone()).replace("index 17", "index 017"), "index NUMBER"),
        ("header", text(good).replace(PROOF_HEADER, "c2sp.org/tlog-proof@v2"), "neither a proof"),
    ]
}

/// The proof with its first sibling's base64 one character longer than its bytes need.
fn spare_bits(proof: &str) -> String {
    let (head, path) = proof.split_once("index 17\n").unwrap();
    format!("{head}index 17\n{}", path.replacen("=\n", "B\n", 1))
}

/// The note with the last cosignature's time one second off.
fn at_another_time(note: &str) -> String {
    let (rest, code) = note.trim_end().rsplit_once(' ').unwrap();
    let mut bytes = STANDARD.decode(code).unwrap();
    bytes[11] ^= 1;
    format!("{rest} {}\n", STANDARD.encode(bytes))
}

fn split_last(note: &str) -> &str {
    note.trim_end().rsplit_once('\n').map_or("", |(rest, _)| &note[rest.len() + 1..])
}

#[test]
fn both_refuse_what_is_forged_and_the_first_says_why() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, proof, why) in forged() {
        let [first, second] = both(folder.path(), &trust(), &proof);
        assert_eq!((first.0, second.0), (1, 1), "{name}: {} {}", first.1, second.1);
        assert!(first.1.starts_with("FAIL") && first.1.contains(why), "{name}: {}", first.1);
        assert!(second.1.starts_with("FAIL"), "{name}: {}", second.1);
    }
}

#[test]
fn a_passed_proof_tells_who_did_what_when_where_and_by_which_rule() {
    let folder = tempfile::tempdir().unwrap();
    let [(_, words), _] = both(folder.path(), &trust(), &good().to_text());
    for line in [
        "PASS  entry 17 of the ledger dock-1\n",
        "  when     2026-09-21T14:13:37Z\n",
        "  what     moved receipt 01970000-0000-7000-8000-000000000001\n",
        "  moved    24 pcs M-100, @supplier/ACME → wh1/dock\n",
        "  who      mueller (badge and PIN), approved by buyer\n",
        "  where    dock-1\n",
        "  document purchase-order 4500001\n",
        "  rule     storekeeper-inbound-execute of the rules 5b3a02e5",
        "  tree     40 entries, signed by dock-1+",
        "  witness  w11 at 2026-09-21T14:15:00Z\n",
        "  quorum   house (2 of 3)\n",
    ] {
        assert!(words.contains(line), "{line:?} is not in\n{words}");
    }
}

#[test]
fn the_text_of_qr_codes_is_read_over_several_files_and_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let keys = put("trusted.keys", &trust());
    let parts = compact::to_parts(&good(), 900).unwrap();
    assert!(parts.len() > 2);
    let (first, rest) = parts.split_first().unwrap();
    let rest = put("rest", &rest.iter().rev().map(|p| format!("{p}\n")).collect::<String>());
    let first = put("first", first);
    let verify = |files: &[&Path]| {
        let program = env!("CARGO_BIN_EXE_gatewarden-verify");
        run(Command::new(program).arg("--keys").arg(&keys).args(files))
    };
    let whole = verify(&[&rest, &first]);
    assert_eq!(whole.0, 0, "{}", whole.1);
    assert_eq!(whole.1.matches("PASS").count(), 1);
    let (code, words) = verify(&[&rest]);
    assert_eq!((code, words.contains("part 1 of ")), (1, true), "{words}");
}

#[test]
fn what_can_t_be_tried_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("bad.keys");
    fs::write(&keys, "log nonsense\n").unwrap();
    let keys = keys.to_str().unwrap();
    for (arguments, words) in [
        (vec![], "usage:"),
        (vec!["--keys", keys], "usage:"),
        (vec!["--keys", keys, "x"], "line 1: not a verifier key"),
        (vec!["--keys", "/nowhere", "x"], "failed to read /nowhere"),
    ] {
        let program = env!("CARGO_BIN_EXE_gatewarden-verify");
        let output = Command::new(program).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn the_entry_is_what_the_extra_line_says() {
    let line = good().to_text();
    let extra = line.lines().find_map(|line| line.strip_prefix("extra ")).unwrap();
    assert_eq!(STANDARD.decode(extra).unwrap(), MOVED.trim_end().as_bytes());
}
