//! `ledger` fsck, export, import, backup, restore, rebuild, compare, as a person types them.

use std::fs;

use gatewarden_tests::{Gateway, People, Settings};

use super::{err, out};

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_backed_up_while_it_runs_and_brought_back() {
    let mut gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "1001", 1..4).await;
    let backup = gateway.dir().join("backup.db");
    let backup = backup.to_str().unwrap();
    let said = gateway.cli_ok(&["ledger", "backup", backup], "");
    assert!(said.contains("verified"), "{said}");
    people.receive(&gateway, "1002", 11..13).await;
    people.until_delivered(&gateway).await;
    let busy = gateway.cli(&["ledger", "restore", backup], "");
    assert!(err(&busy).contains("is being written by"), "{}", err(&busy));
    let text = gateway.cli_ok(&["ledger", "export"], "");
    assert!(text.ends_with("}}\n") && text.starts_with("{\"header\":"), "{text}");
    assert!(gateway.stop().await.success());

    // An older file in the ledger's place is no ledger to go on with.
    let newer = gateway.dir().join("newer.db");
    fs::rename(gateway.ledger(), &newer).unwrap();
    fs::copy(backup, gateway.ledger()).unwrap();
    let compared = gateway.command().args(["ledger", "compare", backup]).arg(&newer).output();
    assert!(out(&compared.unwrap()).contains("is the beginning of"));
    let mut command = gateway.command();
    let refused = command.args(["run", "--config"]).arg(gateway.config()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", out(&refused));
    assert!(err(&refused).contains("an older file lies in its place"), "{}", err(&refused));

    let refused = gateway.cli(&["ledger", "restore", backup], "");
    assert!(err(&refused).contains("say --accept-loss REASON"), "{}", err(&refused));
    let said = gateway.cli_ok(&["ledger", "restore", backup, "--accept-loss", "a drill"], "");
    assert!(said.contains("signed entries are lost; this is recorded"), "{said}");
    gateway.cli_ok(&["ledger", "verify"], "");
    gateway.cli_ok(&["ledger", "rebuild"], "");
    gateway.cli_ok(&["ledger", "fsck"], "");
    gateway.run().await;
    assert!(gateway.stop().await.success());
}
