//! Starts and ends: a second daemon is refused, a death leaves a gap, an orderly stop none, and what
//! the shell writes in between hides neither.

use gatewarden_tests::{Gateway, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{all_is_well, at_work};

/// The gaps of the daemon as a whole.
fn own_gaps(gateway: &Gateway) -> Vec<Value> {
    let journal = gateway.journal();
    journal.of_kind("gap").filter(|gap| gap["device"].is_null()).cloned().collect()
}

fn enrol(gateway: &Gateway, operator: &str, badge: &str) {
    let arguments = ["operator", "add", operator, "--role", "buyer", "--badge", badge];
    gateway.cli_ok(&arguments, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_is_a_gap_and_a_stop_is_none() {
    let (mut gateway, people) = at_work(Settings::default()).await;
    assert!(gateway.stop().await.success());
    enrol(&gateway, "while.stopped", "OP-7001");
    gateway.run().await;
    assert_eq!(own_gaps(&gateway), Vec::<Value>::new(), "an orderly stop is no gap");

    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "6001", 1..3).await;
    people.until_delivered(&gateway).await;
    let last = gateway.journal().0.last().unwrap()["at"].clone();
    gateway.kill();
    enrol(&gateway, "while.dead", "OP-7002");
    gateway.run().await;
    let gaps = own_gaps(&gateway);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0]["from"], last, "the shell's entry hides a part of the gap");
    let ends = gateway.journal();
    let ends: Vec<&Value> = ends.of_kind("session-ended").collect();
    assert!(ends.iter().any(|end| end["reason"] == "restart"), "{ends:?}");
    all_is_well(&gateway, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_asked_for_and_not_made_anew() {
    let (mut gateway, people) = at_work(Settings::default()).await;
    assert!(gateway.stop().await.success());
    let key = gateway.state().join("ledger.key");
    let kept = gateway.dir().join("kept.key");
    std::fs::rename(&key, &kept).unwrap();
    for arguments in
        [&["run"][..], &["operator", "list"], &["ledger", "rotate-key", "--reason", "x"]]
    {
        let refused = gateway.cli(arguments, "");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{arguments:?}");
        let way_out = format!("bring {} back from where you keep a copy", key.display());
        assert!(said.contains(&way_out), "{arguments:?}: {said}");
        assert!(!key.exists(), "{arguments:?} made a key for a ledger that has one");
    }
    std::fs::rename(&kept, &key).unwrap();
    gateway.run().await;
    all_is_well(&gateway, &people).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_is_refused_and_the_first_works_on() {
    let (gateway, people) = at_work(Settings::default()).await;
    let config = gateway.dir().join("second.toml");
    let port = gatewarden_tests::free_port();
    std::fs::write(&config, gateway.config_text(port, "gw-test")).unwrap();
    let mut second = gateway.command();
    let second = second.args(["run", "--config"]).arg(&config).output();
    let second = tokio::task::spawn_blocking(move || second.unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success(), "two daemons write one ledger");
    assert!(said.contains("ledger.db is being written by"), "not clear: {said}");
    // The control socket is still the first one's.
    let operator = json!({"operator": "new.one", "name": "New One", "roles": ["buyer"],
        "badges": ["OP-7777"]});
    let answer = gateway.local().ask(Method::POST, "/operators", Some(&operator)).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    people.receive(&gateway, "3301", 1..3).await;
    all_is_well(&gateway, &people).await;
}
