//! `ledger`: verify, stock, trace, proof, check-proof, key, checkpoint, on a ledger that a running
//! gateway made.

use std::{fs, process::Command};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use gatewarden_tests::{BOLT, Gateway, People, Settings, gatewarden, key};
use serde_json::Value;

use super::{err, out};

/// A ledger with the receipts 1001 (3 boxes) and 1002 (2 boxes).
async fn made() -> (Gateway, People) {
    let gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "1001", 1..4).await;
    people.receive(&gateway, "1002", 11..13).await;
    people.until_delivered(&gateway).await;
    (gateway, people)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_beside_the_daemon_and_without_it() {
    let (mut gateway, _people) = made().await;
    answers(&gateway);
    assert!(gateway.stop().await.success());
    answers(&gateway);
}

fn answers(gateway: &Gateway) {
    let report: Value =
        serde_json::from_str(&gateway.cli_ok(&["ledger", "verify", "--json"], "")).unwrap();
    assert_eq!((&report["ok"], &report["movements"]), (&true.into(), &2.into()), "{report}");

    let stock: Vec<Value> =
        serde_json::from_str(&gateway.cli_ok(&["ledger", "stock", "--json"], "")).unwrap();
    assert_eq!(stock.len(), 1, "{stock:?}");
    assert_eq!((&stock[0]["item"], &stock[0]["location"]), (&"BOLT-M8".into(), &"wh1/dock".into()));
    assert_eq!(stock[0]["quantity"], 5);
    let all: Vec<Value> =
        serde_json::from_str(&gateway.cli_ok(&["ledger", "stock", "--all", "--json"], "")).unwrap();
    let sum: i64 = all.iter().map(|b| b["quantity"].as_i64().unwrap()).sum();
    assert_eq!(sum, 0, "the sum over all locations is not zero: {all:?}");
    let elsewhere = gateway.cli_ok(&["ledger", "stock", "--location", "wh2", "--json"], "");
    assert_eq!(elsewhere.trim(), "[]");

    let tag = key(BOLT, 2);
    for (kind, subject) in [
        ("document", "1001"),
        ("item", "BOLT-M8"),
        ("operator", "li.wei"),
        ("station", "dock-1"),
        ("tag", tag.as_str()),
    ] {
        let words = gateway.cli_ok(&["ledger", "trace", kind, subject], "");
        for wanted in ["li.wei", "received 3 box of BOLT-M8", "role:storekeeper:inbound:execute"] {
            assert!(words.contains(wanted), "{kind} {subject} lacks {wanted:?}: {words}");
        }
        let lines = gateway.cli_ok(&["ledger", "trace", kind, subject, "--json"], "");
        let lines: Vec<Value> = serde_json::from_str(&lines).unwrap();
        assert!(!lines.is_empty());
    }
    let chain = gateway.cli_ok(&["ledger", "trace", "document", "1001"], "");
    for wanted in ["task opened", "client erp", "approved by wu.director", "at erp as R-000001"] {
        assert!(chain.contains(wanted), "the chain lacks {wanted:?}: {chain}");
    }
    let nothing = gateway.cli(&["ledger", "trace", "tag", "text:nothing"], "");
    assert_eq!(nothing.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_stands_alone_and_a_forged_one_falls() {
    let (gateway, people) = made().await;
    let movement = people.moved("1001").await;
    let id = movement["id"].as_str().unwrap();
    let file = |name: &str, text: &str| {
        let path = gateway.dir().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let proof = gateway.cli_ok(&["ledger", "proof", id], "");
    let over_http = people.viewer.get(&format!("/movements/{id}/proof")).await;
    assert!(over_http.as_str().unwrap().contains(proof.lines().next().unwrap()));
    let trusted = file("ledger.vkey", &gateway.cli_ok(&["ledger", "key"], ""));
    // No database, no configuration: the two files alone.
    let check = |proof: &std::path::Path, key: &std::path::Path| {
        let mut command = Command::new(gatewarden());
        command.args(["ledger", "check-proof"]).arg(proof).arg("--key").arg(key);
        command.env_clear().current_dir("/").output().unwrap()
    };
    let whole = file("whole.proof", &proof);
    let good = check(&whole, &trusted);
    assert!(good.status.success(), "{}", err(&good));
    assert!(out(&good).contains("3 box BOLT-M8, @supplier/"), "{}", out(&good));

    for (name, forged) in [
        ("quantity", forge(&proof, "\"quantity\":3", "\"quantity\":4")),
        ("operator", forge(&proof, "li.wei", "ma.wei")),
        ("index", proof.replacen("\nindex ", "\nindex 1", 1)),
        ("cut", proof[..proof.len() / 2].to_owned()),
        ("empty", String::new()),
    ] {
        assert_ne!(forged, proof, "{name} changed nothing");
        let bad = check(&file("forged.proof", &forged), &trusted);
        assert_eq!(bad.status.code(), Some(1), "{name}: {}", out(&bad));
        assert!(!err(&bad).is_empty(), "{name} is refused without a word");
    }
    // Another gateway's key proves nothing here.
    let other = Gateway::start(Settings::default()).await;
    let stranger = file("stranger.vkey", &other.cli_ok(&["ledger", "key"], ""));
    assert_eq!(check(&whole, &stranger).status.code(), Some(1));
}

/// The proof with other words in its entry, which it holds in base64.
fn forge(proof: &str, from: &str, to: &str) -> String {
    let line = proof.lines().find_map(|line| line.strip_prefix("extra ")).unwrap();
    let entry = String::from_utf8(BASE64_STANDARD.decode(line).unwrap()).unwrap();
    proof.replace(line, &BASE64_STANDARD.encode(entry.replace(from, to)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tail_is_told_by_a_checkpoint_kept_elsewhere() {
    let (mut gateway, people) = made().await;
    assert!(gateway.stop().await.success());
    // The ledger as it was: what a thief makes of it who deletes the tail and its checkpoints.
    let before = gateway.dir().join("before.db");
    let database = rusqlite::Connection::open(gateway.ledger()).unwrap();
    database.execute("VACUUM INTO ?1", [before.to_str().unwrap()]).unwrap();
    drop(database);
    gateway.run().await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "1003", 21..23).await;
    let kept = gateway.dir().join("kept.note");
    fs::write(&kept, gateway.cli_ok(&["ledger", "checkpoint"], "")).unwrap();
    let trusted = gateway.dir().join("ledger.vkey");
    fs::write(&trusted, gateway.cli_ok(&["ledger", "key"], "")).unwrap();

    let verify = |ledger: &std::path::Path, checkpoint: bool| {
        let mut command = Command::new(gatewarden());
        command.args(["ledger", "verify", "--ledger"]).arg(ledger).arg("--key").arg(&trusted);
        if checkpoint {
            command.arg("--checkpoint").arg(&kept);
        }
        command.output().unwrap()
    };
    let real = verify(&gateway.ledger(), true);
    assert!(real.status.success(), "{}{}", out(&real), err(&real));
    let alone = verify(&before, false);
    assert!(alone.status.success(), "{}{}", out(&alone), err(&alone));
    let told = verify(&before, true);
    assert_eq!(told.status.code(), Some(1), "{}", out(&told));
    assert!(out(&told).contains("NOT WHOLE"), "{}", out(&told));
    assert!(out(&told).contains("checkpoint"), "{}", out(&told));
}
