//! What a witness remembers: an old backup, and a ledger whose key was rotated.

use std::fs;

use gatewarden_tests::{until, verify_proof};
use serde_json::json;

use super::{Witness, all_witnessed, gateway, metric, section, until_health};

#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_gets_no_cosignature_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut hq = Witness::prepare(folder.path(), "hq");
    let (mut gateway, people) = gateway(section(1, "", &[&hq])).await;
    hq.run(&gateway);
    let backup = gateway.dir().join("old.db");
    gateway.cli_ok(&["ledger", "backup", backup.to_str().unwrap()], "");
    let note = gateway.cli_ok(&["ledger", "checkpoint"], "");
    let size: u64 = note.lines().nth(1).unwrap().parse().unwrap();
    people.receive(&gateway, "1001", 1..4).await;
    for n in 0..20 {
        let body = json!({"client": format!("c{n}"), "scopes": ["inbound:view"]});
        gateway.local().post_ok("/clients", &body).await;
    }
    all_witnessed(&people).await;
    assert!(gateway.stop().await.success());
    // Somebody who can also remove what lies beside the ledger.
    fs::copy(&backup, gateway.ledger()).unwrap();
    fs::remove_file(gateway.state().join("ledger.witnessed")).unwrap();
    gateway.run().await;
    until_health(&gateway, "degraded").await;
    until("the witness's memory is told", || async {
        gateway.logged(|line| {
            let (_, rest) = line.split_once("THE WITNESS KNOWS ")?;
            let known: u64 = rest.split(' ').next()?.parse().ok()?;
            (known > size + 10 && rest.contains("it lost history, such as by an old backup"))
                .then_some(())
        })
    })
    .await;
    // Also when the ledger has outgrown what the witness saw: it is another history then.
    for n in 0..40 {
        let body = json!({"client": format!("d{n}"), "scopes": ["inbound:view"]});
        gateway.local().post_ok("/clients", &body).await;
    }
    until("the other history is told", || async {
        gateway.has_logged("THE WITNESS SAW ANOTHER HISTORY").then_some(())
    })
    .await;
    until_health(&gateway, "degraded").await;
    assert!(metric(&people, "gatewarden_ledger_unwitnessed_entries").await.unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_the_witness_wants_the_new_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut hq = Witness::prepare(folder.path(), "hq");
    let (gateway, people) = gateway(section(1, "", &[&hq])).await;
    hq.run(&gateway);
    let first = people.receive(&gateway, "1001", 1..4).await;
    all_witnessed(&people).await;
    gateway.cli_ok(&["ledger", "rotate-key", "--reason", "yearly"], "");
    let second = people.receive(&gateway, "1002", 11..13).await;
    until("the witness asks for the new keys", || async {
        gateway.has_logged("no trusted key of the ledger").then_some(())
    })
    .await;
    hq.kill();
    hq.run(&gateway);
    all_witnessed(&people).await;
    let keys = gateway.file("trusted.keys", &gateway.cli_ok(&["ledger", "key"], ""));
    for movement in [first, second] {
        let id = movement["id"].as_str().unwrap();
        let proof = gateway.file("a.proof", &gateway.cli_ok(&["ledger", "proof", id], ""));
        let said = verify_proof(&keys, &proof);
        assert!(said.iter().all(|(passed, _)| *passed), "{said:?}");
    }
}
