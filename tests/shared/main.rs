//! A gateway on a shared ledger: PostgreSQL dies under it, and it dies itself, and each pass is
//! posted once all the same.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "../../ledger/store/tests/common/cluster.rs"]
mod cluster;

use std::{fs, path::Path};

use cluster::{ADMIN, Cluster};
use gatewarden_tests::{BOLT, Gateway, People, Settings, epc, receipt, until};

/// A gateway whose ledger is a lane in a new database, with `li.wei` at the dock.
async fn at_work(cluster: &Cluster, database: &str) -> (Gateway, People) {
    let mut gateway = Gateway::prepare(Settings::default()).await;
    let admin = cluster.url(ADMIN, database);
    let mut init = gateway.command();
    init.args(["ledger", "init-postgres", "--url", &admin, "--gateway", "gw-test"]);
    assert!(init.status().unwrap().success());
    point_to(&gateway.config(), &cluster.url("gatewarden_gw_test", database));
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;
    (gateway, people)
}

/// Has a configuration use this ledger.
fn point_to(config: &Path, url: &str) {
    let text = fs::read_to_string(config).unwrap();
    let ledger = format!("[ledger]\nurl = \"{url}\"");
    fs::write(config, text.replacen("[ledger]", &ledger, 1)).unwrap();
}

/// How many movements of a document there are, whoever counts.
fn movements(cluster: &Cluster, database: &str, number: &str) -> String {
    let sql = format!(
        "SELECT count(*) FROM gatewarden.movement_index JOIN gatewarden.entry USING (lane, seq) \
         WHERE bytes::jsonb #>> '{{body,movement,document,number}}' = '{number}'"
    );
    cluster.sql(ADMIN, database, &sql).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_while_postgres_is_dead_is_posted_once_when_it_is_back() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let (mut gateway, people) = at_work(&cluster, &database).await;
    people.receive(&gateway, "5001", 1..3).await;
    people.open(&receipt("5002", 2)).await;

    cluster.kill();
    gateway.hardware.show(&[epc(BOLT, 11), epc(BOLT, 12)]);
    until("red, and the pass is kept", || async {
        (gateway.is_red() && gateway.has_logged("kept in the spool")).then_some(())
    })
    .await;
    gateway.hardware.reader.clear_field();
    // The pass is in the spool: the gateway may die too, and come back while PostgreSQL is away.
    gateway.kill();
    gateway.run().await;
    until("it says that the ledger is away", || async {
        gateway.has_logged("sessions can't be opened").then_some(())
    })
    .await;
    cluster.start();
    until("the start is recorded", || async {
        gateway.has_logged("the start is recorded").then_some(())
    })
    .await;
    let movement = people.moved("5002").await;
    assert_eq!(movement["lines"][0]["quantity"], 2);
    // And once more: what is posted stays posted once.
    gateway.kill();
    gateway.run().await;
    people.moved("5002").await;
    for number in ["5001", "5002"] {
        assert_eq!(movements(&cluster, &database, number), "1", "document {number}");
    }
    gateway.cli_ok(&["ledger", "verify"], "");
    people.until_delivered(&gateway).await;
    assert_eq!(gateway.hardware.erp.received().len(), 2);
}
