//! Gateways on a shared ledger: PostgreSQL dies under them, they die themselves, they want the same
//! stock, and their witnesses come and go.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "../../ledger/store/tests/common/cluster.rs"]
mod cluster;
mod outages;
mod rivals;
mod witnessed;

use std::fs;

use cluster::{ADMIN, Cluster};
use gatewarden_tests::{Gateway, People, Settings};

/// A gateway whose ledger is a lane of a database; its daemon does not run yet.
async fn prepare(cluster: &Cluster, database: &str, name: &str) -> Gateway {
    let gateway = Gateway::prepare(Settings::default()).await;
    let admin = cluster.url(ADMIN, database);
    let mut init = gateway.command();
    init.args(["ledger", "init-postgres", "--url", &admin, "--gateway", name]);
    assert!(init.status().unwrap().success());
    let role = format!("gatewarden_{}", name.replace('-', "_"));
    let ledger = format!("[ledger]\nurl = \"{}\"", cluster.url(&role, database));
    let text = fs::read_to_string(gateway.config()).unwrap();
    let text = text.replacen("\"gw-test\"", &format!("\"{name}\""), 1);
    fs::write(gateway.config(), text.replacen("[ledger]", &ledger, 1)).unwrap();
    gateway
}

/// The same, running, with `li.wei` at the dock.
async fn at_work(cluster: &Cluster, database: &str, name: &str) -> (Gateway, People) {
    let mut gateway = prepare(cluster, database, name).await;
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;
    (gateway, people)
}

/// How many movements of a document there are, whoever counts.
fn movements(cluster: &Cluster, database: &str, number: &str) -> String {
    let sql = format!(
        "SELECT count(*) FROM gatewarden.movement_index JOIN gatewarden.entry USING (lane, seq) \
         WHERE bytes::jsonb #>> '{{body,movement,document,number}}' = '{number}'"
    );
    cluster.sql(ADMIN, database, &sql).unwrap()
}
