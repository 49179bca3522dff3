//! Rights taken by writing into the database: of a running daemon and of a stopped one. They open
//! nothing, and `verify` names what was written.

use std::time::Duration;

use gatewarden_tests::{Gateway, People, Settings};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;

use super::staffed;

fn database(gateway: &Gateway) -> Connection {
    let database = Connection::open(gateway.ledger()).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database
}

/// What `verify` says against the ledger.
fn verdict(gateway: &Gateway) -> String {
    let verify = gateway.cli(&["ledger", "verify"], "");
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert!(!verify.status.success(), "verify found nothing: {said}");
    said
}

/// li.wei's enrolment, who becomes an administrator in it.
const PROMOTE: &str = "UPDATE entry SET bytes = replace(bytes, '\"storekeeper\"', '\"administrator\"') \
    WHERE bytes ->> '$.body.kind' = 'enrolled' AND bytes ->> '$.body.operator' = 'li.wei'";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_beside_the_running_daemon_gives_no_right() {
    let (gateway, people) = staffed(Settings::default()).await;
    let keeper = people.sign_in("li.wei", None).await;
    assert_eq!(keeper.ask(Method::GET, "/operators", None).await.status, 403);
    assert_eq!(database(&gateway).execute(PROMOTE, []).unwrap(), 1);
    let scopes = "UPDATE entry SET bytes = replace(bytes, '\"inbound:create\"', '\"ledger:view\"') \
        WHERE bytes ->> '$.body.kind' = 'client-added' AND bytes ->> '$.body.client' = 'erp'";
    assert_eq!(database(&gateway).execute(scopes, []).unwrap(), 1);
    let policies = "UPDATE entry SET bytes = replace(bytes, 'view', 'delete') \
        WHERE bytes ->> '$.body.kind' = 'policies-defined'";
    assert_eq!(database(&gateway).execute(policies, []).unwrap(), 1);

    assert_eq!(keeper.ask(Method::GET, "/operators", None).await.status, 403);
    let again = people.sign_in("li.wei", None).await;
    assert_eq!(again.ask(Method::GET, "/operators", None).await.status, 403);
    assert_eq!(again.delete("/clients/erp").await.status, 403);
    assert_eq!(people.erp.ask(Method::GET, "/stock", None).await.status, 403);
    assert!(
        verdict(&gateway).contains("do not match the tree")
            || verdict(&gateway).contains("does not match")
    );
}

/// Whoever was written to be something must not be it after the start; a daemon that refuses to start
/// on such a ledger is as good.
async fn gives_nothing(mut gateway: Gateway, people: &People, what: &str) {
    let said = verdict(&gateway);
    assert!(said.contains("entry") || said.contains("live"), "{what}: {said}");
    gateway.spawn();
    let began = std::time::Instant::now();
    loop {
        if !gateway.is_running() {
            assert!(
                gateway.has_logged("verify") || gateway.has_logged("does not match"),
                "{what}: it says why and what to do"
            );
            return;
        }
        if gateway.anybody().try_ask(Method::GET, "/health", None).await.is_ok() {
            break;
        }
        assert!(began.elapsed() < gatewarden_tests::PATIENCE, "{what}: neither up nor down");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (answer, keeper) = people.try_sign_in("li.wei", None).await.unwrap();
    if answer.is_success() {
        let seen = keeper.ask(Method::GET, "/operators", None).await;
        assert_eq!(seen.status, 403, "{what} made an administrator: {}", seen.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_edited_while_the_daemon_is_away_gives_no_right() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    assert!(gateway.stop().await.success());
    assert_eq!(database(&gateway).execute(PROMOTE, []).unwrap(), 1);
    gives_nothing(gateway, &people, "an edited enrolment").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_edited_with_its_digest_gives_no_right() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    assert!(gateway.stop().await.success());
    let database = database(&gateway);
    assert_eq!(database.execute(PROMOTE, []).unwrap(), 1);
    let (seq, bytes): (i64, String) = database
        .query_row(
            "SELECT seq, bytes FROM entry WHERE bytes ->> '$.body.kind' = 'enrolled' \
             AND bytes ->> '$.body.operator' = 'li.wei'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let leaf = leaf_of(&bytes);
    database.execute("UPDATE entry SET leaf = ?1 WHERE seq = ?2", (leaf, seq)).unwrap();
    drop(database);
    gives_nothing(gateway, &people, "an enrolment edited with its digest").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demotion_that_is_hidden_gives_no_right_back() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    let body = |role: &str| json!({"operator": "li.wei", "name": "Li Wei", "roles": [role], "badges": ["OP-2001"]});
    gateway.enrolled(&[body("administrator")]).await;
    gateway.enrolled(&[body("storekeeper")]).await;
    assert!(gateway.stop().await.success());
    // The projection that says which entries are in force forgets the last one and finds the one before.
    let database = database(&gateway);
    let seqs: Vec<i64> = database
        .prepare(
            "SELECT seq FROM entry WHERE bytes ->> '$.body.kind' = 'enrolled' \
                  AND bytes ->> '$.body.operator' = 'li.wei' ORDER BY seq",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let [_, promoted, demoted] = seqs[..] else { panic!("{seqs:?}") };
    let live = |seq: i64| -> i64 {
        let sql = "SELECT count(*) FROM live WHERE seq = ?1";
        database.query_row(sql, [seq], |row| row.get(0)).unwrap()
    };
    assert!(live(demoted) > 0);
    if live(promoted) == 0 {
        database.execute("UPDATE live SET seq = ?1 WHERE seq = ?2", (promoted, demoted)).unwrap();
    } else {
        database.execute("DELETE FROM live WHERE seq = ?1", [demoted]).unwrap();
    }
    drop(database);
    gives_nothing(gateway, &people, "a hidden demotion").await;
}

/// SHA-256 of a zero byte and the entry's bytes, as anybody computes it (RFC 6962, 2.1).
fn leaf_of(bytes: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leaf");
    std::fs::write(&path, [&b"\0"[..], bytes.as_bytes()].concat()).unwrap();
    let output = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-binary"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.stdout.len(), 32, "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
