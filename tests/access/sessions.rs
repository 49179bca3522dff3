//! Badge and PIN: lock-out with growing delay, idle end, hand-over, badge sign-out.

use std::time::{Duration, Instant};

use gatewarden_tests::{Gateway, People, Settings, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ends, entry_of, staffed};

/// Tries a PIN and gives status, what the entry says, and the answer.
async fn attempt(gateway: &Gateway, badge: &str, pin: &str) -> (u16, Value, Value) {
    let body = json!({"badge": badge, "pin": pin});
    let answer = gateway.anybody().post("/stations/dock-1/session", &body).await;
    let entry = match answer.status {
        201 => Value::Null,
        _ => entry_of(gateway, &answer.body)["body"].clone(),
    };
    (answer.status, entry, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_pins_cost_more_and_more_time() {
    let settings = Settings { lockout: (2, 3000, 60_000), ..Settings::default() };
    let (gateway, people) = staffed(settings).await;
    let stranger = attempt(&gateway, "OP-9999", "8417").await;
    for failures in 1..=2 {
        let (status, entry, body) = attempt(&gateway, "OP-2001", "1111").await;
        assert_eq!(status, 401, "{body}");
        assert_eq!((&entry["failures"], &entry["locked_ms"]), (&json!(failures), &json!(0)));
        assert_eq!(body["message"], stranger.2["message"], "a stranger can be told apart");
    }
    let mut locks = vec![];
    for failures in 3..=4 {
        let locked = locked_after_a_wrong_pin(&gateway, failures).await;
        // Even the right PIN opens nothing now, and is not looked at.
        let (status, entry, body) = attempt(&gateway, "OP-2001", "8264").await;
        assert_eq!(status, 429, "{body}");
        assert_eq!(entry["failures"], json!(failures), "a locked attempt counts as a failure");
        locks.push(locked);
    }
    assert_eq!(locks, [3000, 6000], "the delay doubles");
    let since = Instant::now();
    until("the lock ends and the right PIN opens", || async {
        (patiently(&gateway, "8264").await.0 == 201).then_some(())
    })
    .await;
    assert!(since.elapsed() > Duration::from_millis(2000), "the lock was no lock");
    let station = people.viewer.get("/stations/dock-1").await;
    assert_eq!(station["session"]["operator"], "li.wei");
    // The failures are forgotten with the success.
    let (_, entry, _) = attempt(&gateway, "OP-2001", "1111").await;
    assert_eq!(entry["failures"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_survives_a_crash() {
    let settings = Settings { lockout: (0, 600_000, 600_000), ..Settings::default() };
    let (mut gateway, _people) = staffed(settings).await;
    assert_eq!(attempt(&gateway, "OP-2001", "1111").await.1["locked_ms"], 600_000);
    gateway.kill();
    gateway.run().await;
    let (status, _, body) = attempt(&gateway, "OP-2001", "8264").await;
    assert_eq!(status, 429, "{body}");
    // Somebody else is not locked.
    assert_eq!(attempt(&gateway, "OP-5001", "5814").await.0, 201);
}

/// An attempt of li.wei, with a pause after one that came too early: the gate before the sign-in
/// takes no flood of them.
async fn patiently(gateway: &Gateway, pin: &str) -> (u16, Value, Value) {
    let answer = attempt(gateway, "OP-2001", pin).await;
    if answer.0 == 429 {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    answer
}

/// Waits out the lock that stands, then fails once more.
async fn locked_after_a_wrong_pin(gateway: &Gateway, failures: u32) -> u64 {
    let entry = until("the PIN is looked at", || async {
        let (status, entry, _) = patiently(gateway, "1111").await;
        (status == 401).then_some(entry)
    })
    .await;
    assert_eq!(entry["failures"], json!(failures));
    entry["locked_ms"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_walks_away_is_signed_out() {
    let (gateway, people) = staffed(Settings { idle_timeout_s: 10, ..Settings::default() }).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    let since = Instant::now();
    people.receive(&gateway, "6001", 1..3).await;
    keeper.get("/stations/dock-1").await;
    // Only others ask from now on.
    until("the session ends", || async {
        let station = people.viewer.get("/stations/dock-1").await;
        station["session"].is_null().then_some(())
    })
    .await;
    assert!(since.elapsed() >= Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(ends(&gateway, "li.wei"), ["idle"]);
    assert_eq!(keeper.ask(Method::GET, "/stations/dock-1", None).await.status, 401);
    gateway.hardware.show(&[gatewarden_tests::epc(gatewarden_tests::BOLT, 5)]);
    until("what passes now is quarantined", || async {
        people.viewer.list("/quarantine").await.first().map(|_| ())
    })
    .await;
    until("red and buzzer", || async { gateway.is_alarmed().then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_is_handed_over_and_left_by_badge() {
    let (gateway, people) = staffed(Settings::default()).await;
    let first = people.sign_in("li.wei", Some("dock-1")).await;
    let second = people.sign_in("ma.second", Some("dock-1")).await;
    assert_eq!(ends(&gateway, "li.wei"), ["hand-over"]);
    assert_eq!(first.ask(Method::GET, "/stations/dock-1", None).await.status, 401);
    let movement = people.receive(&gateway, "6101", 1..3).await;
    assert_eq!(movement["operator"], "ma.second");

    // One station at a time.
    let moved = people.sign_in("ma.second", Some("counter-1")).await;
    assert_eq!(ends(&gateway, "ma.second"), ["moved"]);
    assert_eq!(second.ask(Method::GET, "/stations", None).await.status, 401);

    gateway.hardware.counter_scanner.scan("OP-5001").unwrap();
    until("the badge signs out", || async {
        let station = people.viewer.get("/stations/counter-1").await;
        station["session"].is_null().then_some(())
    })
    .await;
    assert_eq!(ends(&gateway, "ma.second"), ["moved", "badge"]);
    assert_eq!(moved.ask(Method::GET, "/stations", None).await.status, 401);
    by_scanned_badge(&gateway, &people).await;
}

/// Badge over the scanner, PIN at the page.
async fn by_scanned_badge(gateway: &Gateway, people: &People) {
    let pin = json!({"pin": "8264"});
    let early = gateway.anybody().post("/stations/dock-1/session", &pin).await;
    assert!(!early.is_success(), "a PIN without a badge opened a session");
    gateway.hardware.scanner.scan("op-2001").unwrap();
    gateway.hardware.scanner.scan("OP-2001").unwrap();
    until("badge and PIN open a session", || async {
        let answer = gateway.anybody().post("/stations/dock-1/session", &pin).await;
        answer.is_success().then_some(())
    })
    .await;
    let station = people.viewer.get("/stations/dock-1").await;
    assert_eq!(station["session"]["operator"], "li.wei");
    assert_eq!(station["session"]["auth_level"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_fill_no_journal_and_keep_nobody_out() {
    let (gateway, people) = staffed(Settings::default()).await;
    let before = gateway.journal().of_kind("sign-in-refused").count();
    let mut turned_away = 0;
    for n in 0..100 {
        let body = json!({"badge": format!("OP-X{n}"), "pin": "8417"});
        let answer = gateway.anybody().post("/session", &body).await;
        turned_away += u32::from(answer.status == 429 && answer.body["code"] == "busy");
    }
    let recorded = gateway.journal().of_kind("sign-in-refused").count() - before;
    assert!((60..90).contains(&recorded), "{recorded} of 100 are entries");
    assert_eq!(recorded + turned_away as usize, 100, "an attempt left no trace and no answer");
    people.sign_in("li.wei", Some("dock-1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_hash_that_the_journal_does_not_name_opens_nothing() {
    let (gateway, people) = staffed(Settings::default()).await;
    let database = rusqlite::Connection::open(gateway.ledger()).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    // Li Wei's hash under Wang's name: Li Wei's PIN would open the manager's session.
    let swap = "UPDATE credential SET phc = (SELECT phc FROM credential WHERE operator = 'li.wei') \
                WHERE operator = 'wang.lead'";
    assert_eq!(database.execute(swap, []).unwrap(), 1);
    let body = json!({"badge": "OP-3001", "pin": "8264"});
    assert_eq!(gateway.anybody().post("/session", &body).await.status, 401);
    people.sign_in("li.wei", None).await;
    let verify = gateway.cli(&["ledger", "verify"], "");
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert!(!verify.status.success() && said.contains("wang.lead"), "{said}");
}
