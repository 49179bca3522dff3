//! PostgreSQL dies under a gateway, and the gateway itself: each pass is posted once all the same.

use gatewarden_tests::{BOLT, epc, receipt, until};

use crate::{at_work, cluster::Cluster, movements};

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_while_postgres_is_dead_is_posted_once_when_it_is_back() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let (mut gateway, people) = at_work(&cluster, &database, "gw-test").await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_lives_through_the_outage_goes_on_by_itself() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let (gateway, people) = at_work(&cluster, &database, "gw-test").await;
    people.receive(&gateway, "5001", 1..3).await;
    for (number, serial) in [("5002", 11), ("5003", 21)] {
        people.open(&receipt(number, 2)).await;
        cluster.kill();
        gateway.hardware.show(&[epc(BOLT, serial), epc(BOLT, serial + 1)]);
        until("red, while it is away", || async { gateway.is_red().then_some(()) }).await;
        gateway.hardware.reader.clear_field();
        cluster.start();
        until("it is posted", || async {
            (movements(&cluster, &database, number) == "1").then_some(())
        })
        .await;
        until("green", || async { gateway.is_green().then_some(()) }).await;
        assert_eq!(movements(&cluster, &database, number), "1", "document {number}");
    }
    gateway.cli_ok(&["ledger", "verify"], "");
}
