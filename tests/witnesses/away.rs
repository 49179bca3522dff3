//! Witnesses that are away, killed, and back; and movements that wait for them.

use gatewarden_tests::{BOLT, Gateway, epc, receipt, until};
use serde_json::json;

use super::{Witness, all_witnessed, gateway, health, metric, section, until_health};

/// Records `count` entries that move nothing.
async fn fill(gateway: &Gateway, name: &str, count: u32) {
    for n in 0..count {
        let body = json!({"client": format!("{name}{n}"), "scopes": ["inbound:view"]});
        gateway.local().post_ok("/clients", &body).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_movements_stop_and_go_on_when_the_witness_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut hq = Witness::prepare(folder.path(), "hq");
    let limits = "unwitnessed_rows_max = 40\nbeyond = \"stop\"\n";
    let (gateway, people) = gateway(section(1, limits, &[&hq])).await;
    hq.run(&gateway);
    all_witnessed(&people).await;
    people.receive(&gateway, "1001", 1..4).await;
    until_health(&gateway, "ok").await;
    all_witnessed(&people).await;
    hq.kill();

    fill(&gateway, "a", 41).await;
    until_health(&gateway, "degraded").await;
    let rows = metric(&people, "gatewarden_ledger_unwitnessed_entries").await.unwrap();
    assert!((41..60).contains(&rows), "{rows} rows wait");
    let before = metric(&people, "gatewarden_ledger_unwitnessed_seconds").await.unwrap();
    until("the wait grows", || async {
        let now = metric(&people, "gatewarden_ledger_unwitnessed_seconds").await.unwrap();
        (now > before).then_some(())
    })
    .await;

    // By hand: refused at once, in words.
    let posting = json!({
        "id": uuid::Uuid::new_v4(), "kind": "transfer",
        "document": {"kind": "transfer-order", "number": "T-1"},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": "wh1/dock", "to": "wh1/a-01"}],
    });
    let keeper = people.sign_in("ma.second", None).await;
    let refused = keeper.post("/api/v1/postings", &posting).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (503, &json!("unwitnessed")),
        "{refused:?}"
    );
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.starts_with("no movement is accepted: "), "{message}");
    assert!(
        message
            .ends_with("entries wait for their witnesses, the limit is 40: see to the witnesses"),
        "{message}"
    );

    // By a pass: red, and kept; looking and enrolling go on.
    people.open(&receipt("1002", 2)).await;
    gateway.hardware.show(&[epc(BOLT, 11), epc(BOLT, 12)]);
    until("the pass is held back", || async {
        (gateway.is_red() && gateway.has_logged("kept in the spool")).then_some(())
    })
    .await;
    gateway.hardware.reader.clear_field();
    assert!(people.movement("1002").await.is_none());
    fill(&gateway, "b", 1).await;
    assert_eq!(health(&gateway).await, "degraded");

    hq.run(&gateway);
    assert_eq!(people.moved("1002").await["document"]["number"], "1002");
    until("green", || async { gateway.is_green().then_some(()) }).await;
    until_health(&gateway, "ok").await;
    all_witnessed(&people).await;
    let told = keeper.post("/api/v1/postings", &posting).await;
    assert!(told.is_success(), "{told:?}");
    assert_eq!(gateway.journal().movements().count(), 2, "the pass was posted once");
    gateway.cli_ok(&["ledger", "verify"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_waits_too_long_is_told_and_movements_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let hq = Witness::prepare(folder.path(), "hq");
    let limits = "unwitnessed_seconds_max = 1\nbeyond = \"tell\"\n";
    let (gateway, people) = gateway(section(1, limits, &[&hq])).await;
    until_health(&gateway, "degraded").await;
    assert!(gateway.has_logged("s for its witnesses, the limit is 1 s: see to the witnesses"));
    people.receive(&gateway, "1001", 1..4).await;
    assert_eq!(health(&gateway).await, "degraded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_killed_and_back_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut hq = Witness::prepare(folder.path(), "hq");
    let (mut gateway, people) = gateway(section(1, "", &[&hq])).await;
    hq.run(&gateway);
    for round in 0..4 {
        fill(&gateway, &format!("r{round}-"), 3).await;
        hq.kill();
        fill(&gateway, &format!("s{round}-"), 3).await;
        hq.run(&gateway);
        all_witnessed(&people).await;
    }
    // And a gateway that is killed knows again what was cosigned.
    gateway.kill();
    gateway.run().await;
    all_witnessed(&people).await;
    assert_eq!(health(&gateway).await, "ok");
}
