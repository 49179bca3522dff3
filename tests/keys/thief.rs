//! A thief has a copy of the ledger and of its key from before the rotation, and continues it.

use std::{fs, process::Command};

use gatewarden_tests::{Gateway, verify_proof};

use super::{err, made, rotations, trusted, whole};

/// Runs the program on the thief's copy.
fn steal(gateway: &Gateway, config: &std::path::Path, arguments: &[&str]) -> String {
    let mut command: Command = gateway.command();
    let output = command.args(arguments).arg("--config").arg(config).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_used_after_the_rotation_counts_no_more() {
    let (mut gateway, people) = made().await;
    let movement = people.moved("1001").await;
    let loot = gateway.dir().join("loot");
    fs::create_dir(&loot).unwrap();
    gateway.cli_ok(&["ledger", "backup", loot.join("ledger.db").to_str().unwrap()], "");
    fs::copy(gateway.state().join("ledger.key"), loot.join("ledger.key")).unwrap();
    let early = gateway.dir().join("early.db").to_str().unwrap().to_owned();
    gateway.cli_ok(&["ledger", "backup", &early], "");
    gateway.cli_ok(&["ledger", "rotate-key", "--reason", "the key was seen"], "");
    let old = rotations(&gateway)[0]["old"].as_str().unwrap().to_owned();
    let keys = trusted(&gateway);
    let lines = fs::read_to_string(&keys).unwrap();
    let until = lines.split_once(" until ").unwrap().1.lines().next().unwrap().to_owned();

    let text = fs::read_to_string(gateway.config()).unwrap();
    let state = gateway.state().display().to_string();
    let config = gateway.file("thief.toml", &text.replace(&state, &loot.display().to_string()));
    let mut size = 0;
    for n in 0_u32.. {
        steal(&gateway, &config, &["client", "add", &format!("c{n}"), "--scope", "inbound:view"]);
        let note = steal(&gateway, &config, &["ledger", "checkpoint"]);
        size = note.lines().nth(1).unwrap().parse::<u64>().unwrap();
        if size > until.parse().unwrap() {
            break;
        }
    }
    let id = movement["id"].as_str().unwrap();
    let forged = gateway.file("forged.proof", &steal(&gateway, &config, &["ledger", "proof", id]));
    let said = verify_proof(&keys, &forged);
    let words = format!(
        "the checkpoint of {size} entries is signed by the key {old}, which was rotated away after \
         {until} entries: whoever signed it has a key that counts no more"
    );
    assert!(!said[0].0 && said[0].1.contains(&words), "{}", said[0].1);
    for (passed, said) in &said[1..] {
        assert!(!passed && said.contains("signed by a key outside its range"), "{said}");
    }

    // His ledger in the place of ours: neither the daemon nor verify take it.
    assert!(gateway.stop().await.success());
    let ours = gateway.dir().join("ours.db");
    fs::rename(gateway.ledger(), &ours).unwrap();
    fs::copy(loot.join("ledger.db"), gateway.ledger()).unwrap();
    let witnessed = gateway.state().join("ledger.witnessed");
    fs::remove_file(&witnessed).unwrap();
    let mut command = gateway.command();
    let refused = command.args(["run", "--config"]).arg(gateway.config()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let words = format!("the ledger is signed with the key {old}, but the key given is ");
    assert!(err(&refused).contains(&words), "{}", err(&refused));
    let verified = gateway.cli(&["ledger", "verify"], "");
    assert_eq!(verified.status.code(), Some(1));
    let said = String::from_utf8(verified.stdout).unwrap();
    assert!(said.contains(&format!("meta says that the ledger is signed with {old}")), "{said}");
    // Nor a copy from before the rotation, though that was whole in its time.
    fs::rename(gateway.ledger(), gateway.dir().join("his.db")).unwrap();
    fs::copy(&early, gateway.ledger()).unwrap();
    let rolled_back = gateway.cli(&["ledger", "verify", "--key", keys.to_str().unwrap()], "");
    assert_eq!(rolled_back.status.code(), Some(1), "{}", err(&rolled_back));
    fs::remove_file(gateway.ledger()).unwrap();
    fs::rename(gateway.dir().join("his.db"), gateway.ledger()).unwrap();
    // The auditor's file has both keys with their ranges: the newest one must have signed.
    let keys = keys.to_str().unwrap();
    let verified = gateway.cli(&["ledger", "verify", "--key", keys], "");
    assert_eq!(verified.status.code(), Some(1));
    let again = String::from_utf8(verified.stdout).unwrap();
    assert!(again.contains(&format!("meta says that the ledger is signed with {old}")), "{again}");
    fs::rename(&ours, gateway.ledger()).unwrap();
    gateway.run().await;
    whole(&gateway);
    gateway.cli_ok(&["ledger", "verify", "--key", keys], "");
    // A copy from before the rotation ends within the old key's range, and is whole.
    let old_copy = gateway.cli(&["ledger", "verify", "--ledger", &early, "--key", keys], "");
    assert!(old_copy.status.success(), "{}", err(&old_copy));
    assert!(err(&old_copy).contains("this copy ends before the key was rotated"));
}
