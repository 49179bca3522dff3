//! Gateways on a shared ledger: PostgreSQL dies under them, they die themselves, they want the same
//! stock, their witnesses come and go, and the way there is guarded.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "../../ledger/store/tests/common/cluster.rs"]
mod cluster;
mod outages;
mod rivals;
mod secured;
#[path = "../../ledger/store/tests/common/tls.rs"]
mod tls;
mod witnessed;

use cluster::{ADMIN, Cluster};
use gatewarden_tests::{Gateway, People, Settings};

/// A gateway whose ledger is a lane of a database, running, with `li.wei` at the dock.
async fn at_work(cluster: &Cluster, database: &str, name: &str) -> (Gateway, People) {
    let mut gateway = Gateway::prepare(Settings::default()).await;
    let role = format!("gatewarden_{}", name.replace('-', "_"));
    gateway.join(&cluster.url(ADMIN, database), &cluster.url(&role, database), name);
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
