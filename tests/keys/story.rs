//! A rotation on the running daemon, movements before and after it, proofs of both, and the way back
//! by a backup.

use std::{fs, os::unix::fs::PermissionsExt as _};

use gatewarden_tests::{Gateway, verify_proof};
use serde_json::Value;

use super::{id, key_files, made, rotations, trusted, whole};

fn proof(gateway: &Gateway, movement: &Value, name: &str) -> std::path::PathBuf {
    gateway.file(name, &gateway.cli_ok(&["ledger", "proof", movement["id"].as_str().unwrap()], ""))
}

fn passes(keys: &std::path::Path, proof: &std::path::Path) {
    for (passed, said) in verify_proof(keys, proof) {
        assert!(passed && said.starts_with("PASS"), "{}: {said}", proof.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_and_what_comes_after_is_proven() {
    let (mut gateway, people) = made().await;
    let first = people.moved("1001").await;
    let early = proof(&gateway, &first, "early.proof");
    let said = gateway.cli_ok(&["ledger", "rotate-key", "--reason", "yearly"], "");
    let [rotation] = &rotations(&gateway)[..] else { panic!("one rotation") };
    let (old, new) = (rotation["old"].as_str().unwrap(), rotation["new"].as_str().unwrap());
    assert!(said.contains(&format!("gives the ledger to the key {new}\n")), "{said}");
    assert!(said.contains(&format!("the old key {old} signs nothing any more")), "{said}");
    let uid = nix::unistd::getuid().as_raw();
    assert_eq!(rotation["by"], serde_json::json!({"kind": "local", "uid": uid}));
    assert_eq!(rotation["reason"], "yearly");
    // Right after it, with the new key alone, and before anything else is recorded.
    whole(&gateway);
    let retired = format!("ledger.key.retired-{}", id(old));
    assert_eq!(key_files(&gateway), ["ledger.key".to_owned(), retired.clone()]);
    for name in ["ledger.key", &retired] {
        let mode = fs::metadata(gateway.state().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    let second = people.receive(&gateway, "1002", 11..13).await;
    whole(&gateway);
    let keys = trusted(&gateway);
    let lines = fs::read_to_string(&keys).unwrap();
    assert!(lines.contains(&format!("log {old} until ")), "{lines}");
    assert!(lines.contains(&format!("log {new} from ")), "{lines}");
    passes(&keys, &early);
    passes(&keys, &proof(&gateway, &first, "first.proof"));
    passes(&keys, &proof(&gateway, &second, "second.proof"));
    let trace = gateway.cli_ok(&["ledger", "trace", "1002"], "");
    assert!(trace.contains("received 2 box"), "{trace}");

    // And without a daemon, keeping nothing.
    assert!(gateway.stop().await.success());
    let arguments = ["ledger", "rotate-key", "--forget-old", "--reason", "li.wei had a copy"];
    let said = gateway.cli_ok(&arguments, "");
    assert!(said.contains("and nothing is kept of it"), "{said}");
    assert_eq!(key_files(&gateway), ["ledger.key".to_owned(), retired]);
    whole(&gateway);
    gateway.run().await;
    assert_eq!(rotations(&gateway).len(), 2);
    whole(&gateway);
    passes(&trusted(&gateway), &proof(&gateway, &second, "second.proof"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_is_brought_back_with_the_kept_key_and_rotated_anew() {
    let (mut gateway, people) = made().await;
    let backup = gateway.dir().join("before.db");
    gateway.cli_ok(&["ledger", "backup", backup.to_str().unwrap()], "");
    gateway.cli_ok(&["ledger", "rotate-key", "--reason", "yearly"], "");
    people.receive(&gateway, "1002", 11..13).await;
    let [rotation] = &rotations(&gateway)[..] else { panic!("one rotation") };
    let (old, new) = (rotation["old"].as_str().unwrap(), rotation["new"].as_str().unwrap());
    assert!(gateway.stop().await.success());
    let restore = ["ledger", "restore", backup.to_str().unwrap()];
    let refused = gateway.cli(&restore, "");
    assert!(super::err(&refused).contains("say --accept-loss REASON"), "{}", super::err(&refused));
    let said = gateway.cli_ok(&[&restore[..], &["--accept-loss", "a drill"]].concat(), "");
    let words = format!("the ledger is back before a rotation and signed with {old} again: rotate");
    assert!(said.contains(&words), "{said}");
    assert_eq!(
        key_files(&gateway),
        ["ledger.key".to_owned(), format!("ledger.key.retired-{}", id(new))]
    );
    whole(&gateway);
    gateway.run().await;
    gateway.cli_ok(&["ledger", "rotate-key", "--reason", "after the drill"], "");
    assert_eq!(rotations(&gateway).len(), 1, "that of the lost history is gone");
    whole(&gateway);
    assert_eq!(people.moved("1001").await["document"]["number"], "1001");
}
