//! The clock set back, while the daemon runs and before it starts: what ended stays ended.
//!
//! Only the daemon's own process sees that: Debian's `libfaketime` changes the wall clock it reads and
//! leaves the monotonic one alone. Where the library is missing the test says so. One-time
//! codes are tried with the other second factors, tokens that expire in the engine's tests.

use gatewarden_tests::{FakeClock, Gateway, Settings, until};
use reqwest::Method;
use serde_json::json;

use super::{machine, staffed};

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_revives_no_session_no_token_and_no_locked_badge() {
    let Some(clock) = FakeClock::new() else { return };
    let env = clock.env();
    let lockout = (1, 600_000, 600_000);
    let (mut gateway, people) = staffed(Settings { env, lockout, ..Settings::default() }).await;

    let stolen = machine(&gateway, "courier", &["ledger:view".to_owned()]).await;
    assert_eq!(gateway.local().delete("/clients/courier").await.status, 204);
    let ended = people.sign_in("ma.second", Some("dock-1")).await;
    assert_eq!(ended.delete("/session").await.status, 204);
    let open = people.sign_in("wang.lead", None).await;
    for _ in 0..2 {
        attempt(&gateway, "1111").await;
    }
    assert_eq!(attempt(&gateway, "8264").await, 429, "the badge is locked");

    clock.set("-31536000");
    until("the step is recorded", || async {
        let journal = gateway.journal();
        let mut reasons = journal.of_kind("gap").filter_map(|gap| gap["reason"].as_str());
        reasons.any(|reason| reason.contains("wall clock")).then_some(())
    })
    .await;
    let status = |caller: &gatewarden_tests::Caller, path: &'static str| {
        let caller = caller.clone();
        async move { caller.ask(Method::GET, path, None).await.status }
    };
    assert_eq!(status(&stolen, "/stock").await, 401, "the revoked token came back");
    assert_eq!(status(&ended, "/tasks").await, 401, "the session that ended came back");
    assert_eq!(attempt(&gateway, "8264").await, 429, "the lock ended");
    assert_eq!(status(&open, "/tasks").await, 200, "an open session ends by its own time");

    // And at the next start, a year earlier.
    gateway.kill();
    gateway.run().await;
    assert_eq!(status(&stolen, "/stock").await, 401);
    assert_eq!(status(&ended, "/tasks").await, 401);
    assert_eq!(status(&open, "/tasks").await, 401, "no session outlives the daemon");
    assert_eq!(attempt(&gateway, "8264").await, 429, "the lock ended with the restart");
    let journal = gateway.journal();
    let restarts = journal.of_kind("session-ended").filter(|b| b["reason"] == "restart");
    // Beside root, who let the machine in.
    let restarts = restarts.map(|b| b["operator"].clone()).filter(|who| who != "root");
    assert_eq!(restarts.collect::<Vec<_>>(), ["wang.lead"]);
    people.sign_in("ma.second", Some("dock-1")).await;
    people.viewer.get("/stock").await;
}

/// An attempt of li.wei.
async fn attempt(gateway: &Gateway, pin: &str) -> u16 {
    gateway.anybody().post("/session", &json!({"badge": "OP-2001", "pin": pin})).await.status
}
