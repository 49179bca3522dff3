//! Two gateways want the same stock: one gets it, the other an exception that names both sides, once,
//! and both go on.

use gatewarden_tests::{BOLT, Gateway, Order, People, epc, receipt, until};
use serde_json::json;

use crate::{
    at_work,
    cluster::{ADMIN, Cluster},
    movements,
};

/// An issue of bolts from the dock.
fn issue(number: &str, quantity: u64) -> Order {
    Order {
        kind: "issue",
        document_kind: "requisition",
        from: "wh1/dock",
        to: "@production/P1",
        ..receipt(number, quantity)
    }
}

/// What is recorded about a document at a gateway, in words.
async fn about(people: &People, number: &str) -> Vec<String> {
    let lines = people.viewer.list(&format!("/trace/document/{number}")).await;
    lines.iter().map(|line| line["what"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The denial of a document at a gateway, once it is there.
async fn denied(people: &People, number: &str) -> String {
    let denial =
        || async { about(people, number).await.into_iter().find(|w| w.contains("denied")) };
    until(&format!("the denial of {number}"), denial).await
}

/// Puts pieces that nobody has seen yet before a gateway's portal.
fn show(gateway: &Gateway, serials: std::ops::Range<u64>) {
    gateway.hardware.show(&serials.map(|serial| epc(BOLT, serial)).collect::<Vec<_>>());
}

/// The value of a counter without labels, as Prometheus reads it.
async fn counter(people: &People, name: &str) -> u64 {
    let metrics = people.viewer.get("/metrics").await;
    let value = |line: &str| line.strip_prefix(name)?.trim().parse().ok();
    metrics.as_str().unwrap().lines().find_map(value).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_second_gets_one_exception_that_names_both_sides() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let (one, first) = at_work(&cluster, &database, "gw-one").await;
    let (two, second) = at_work(&cluster, &database, "gw-two").await;
    first.receive(&one, "6001", 1..6).await;
    first.open(&issue("R-1", 4)).await;
    second.open(&issue("R-2", 3)).await;

    show(&one, 51..55);
    let taken = first.moved("R-1").await;
    show(&two, 101..104);
    let told = denied(&second, "R-2").await;
    let id = taken["id"].as_str().unwrap();
    for words in [
        "stock of BOLT-M8 at wh1/dock is 1, 3 needed: 2 short",
        &format!("at wh1/dock last taken by movement {id} of gw-one (document R-1, li.wei, "),
    ] {
        assert!(told.contains(words), "{words:?} is not in {told:?}");
    }
    until("red", || async { two.is_red().then_some(()) }).await;

    // What is reserved is taken as well.
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": "wh1/dock",
        "to": "@production/P1"}]);
    let posting = |number: &str| {
        json!({"id": uuid::Uuid::new_v4(), "kind": "issue", "lines": line,
            "document": {"kind": "requisition", "number": number}})
    };
    let reserved = posting("R-3");
    first.erp.post_ok("/api/v1/postings", &reserved).await;
    let refused = second.erp.post("/api/v1/postings", &posting("R-4")).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("stock-short")));
    let told = refused.body["message"].as_str().unwrap();
    let id = reserved["id"].as_str().unwrap();
    let words = format!("last reserved by posting {id} of gw-one (document R-3, erp, ");
    assert!(told.contains(&words), "{words:?} is not in {told:?}");

    // It was said once, and the pass is not tried again: the next one passes by it.
    two.hardware.reader.clear_field();
    second.receive(&two, "6002", 201..203).await;
    let denials = about(&second, "R-2").await.iter().filter(|w| w.contains("denied")).count();
    assert_eq!(denials, 1);
    assert!(second.viewer.list("/holds").await.is_empty());
    one.cli_ok(&["ledger", "verify"], "");
    two.cli_ok(&["ledger", "verify"], "");
}

/// Both decide on the same stock before either has written: the lock of the place is held until both
/// wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_decided_on_the_same_stock_one_decides_again() {
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let (one, first) = at_work(&cluster, &database, "gw-one").await;
    let (two, second) = at_work(&cluster, &database, "gw-two").await;
    first.receive(&one, "6001", 1..4).await;
    first.open(&issue("R-1", 3)).await;
    second.open(&issue("R-2", 3)).await;
    let site = b"gatewarden\0site\0BOLT-M8\0wh1/dock";
    let site: String = site.iter().map(|byte| format!("{byte:02x}")).collect();
    let hold = format!(
        "DO $$ BEGIN PERFORM pg_advisory_xact_lock(('x' || encode(substr(sha256('\\x{site}'), 1, 8), \
         'hex'))::bit(64)::bigint); LOOP EXIT WHEN (SELECT count(*) FROM pg_locks \
         WHERE locktype = 'advisory' AND NOT granted) >= 2; PERFORM pg_sleep(0.01); END LOOP; END $$"
    );
    let held = || cluster.sql(ADMIN, &database, &hold).unwrap();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let held = scope.spawn(held);
            show(&one, 51..54);
            show(&two, 101..104);
            held.join().unwrap();
        });
    });
    let (winner, loser, number) = until("one of them has it", || async {
        let (a, b) = (first.movement("R-1").await, second.movement("R-2").await);
        a.map(|m| (m, &second, "R-2")).or(b.map(|m| (m, &first, "R-1")))
    })
    .await;
    let told = denied(loser, number).await;
    let id = winner["id"].as_str().unwrap();
    let words = format!("at wh1/dock last taken by movement {id} of gw-");
    assert!(told.contains("is 0, 3 needed: 3 short") && told.contains(&words), "{told:?}");
    assert!(loser.movement(number).await.is_none());
    let conflicts = counter(&first, "gatewarden_ledger_conflicts_total").await
        + counter(&second, "gatewarden_ledger_conflicts_total").await;
    assert!(conflicts >= 1, "both had decided");
    one.cli_ok(&["ledger", "verify"], "");
    two.cli_ok(&["ledger", "verify"], "");
}

/// A movement that loses every time: the server gives way for it whenever it is to be written.
#[tokio::test(flavor = "multi_thread")]
async fn what_loses_every_time_ends_after_a_bounded_number_of_tries() {
    const ROUNDS: u64 = 8;
    let Some(cluster) = Cluster::start_new() else { return };
    let database = cluster.database();
    let (gateway, people) = at_work(&cluster, &database, "gw-one").await;
    let lose = "CREATE SEQUENCE public.tries; GRANT USAGE ON SEQUENCE public.tries TO PUBLIC;
        CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.bytes LIKE '%\"kind\":\"moved\"%' THEN
                PERFORM nextval('public.tries');
                RAISE EXCEPTION 'another was faster' USING ERRCODE = 'serialization_failure';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER lose BEFORE INSERT ON gatewarden.entry
            FOR EACH ROW EXECUTE FUNCTION public.lose();";
    cluster.sql(ADMIN, &database, lose).unwrap();
    people.open(&receipt("6001", 2)).await;
    show(&gateway, 1..3);
    let told = denied(&people, "6001").await;
    assert!(told.contains("given up after 8 rounds, try it anew"), "{told:?}");
    assert!(told.contains("another was faster"), "{told:?}");
    gateway.hardware.reader.clear_field();
    let tries = || cluster.sql(ADMIN, &database, "SELECT last_value FROM public.tries").unwrap();
    let tried: u64 = tries().parse().unwrap();
    assert!((2..=ROUNDS + 1).contains(&tried), "{tried} tries");

    // Nothing tries it any more, and its goods can pass again.
    cluster.sql(ADMIN, &database, "DROP TRIGGER lose ON gatewarden.entry").unwrap();
    people.receive(&gateway, "6002", 11..14).await;
    show(&gateway, 31..33);
    people.moved("6001").await;
    assert_eq!(tries(), tried.to_string());
    assert_eq!(movements(&cluster, &database, "6001"), "1");
    gateway.cli_ok(&["ledger", "verify"], "");
}
