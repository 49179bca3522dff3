//! Notices through the running daemon: what happens is told to whom it concerns, once, also over outages and
//! kills; what nobody takes is visible; a link that nobody made opens nothing.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

mod browser;
mod links;
mod mails;
mod pages;
mod smtp;

use gatewarden_simulators::{
    erp::{Fault, Mode},
    messenger::{SimWeCom, WeComOptions},
};
use gatewarden_tests::{Gateway, Journal, People, Settings, until};
use reqwest::Method;
use serde_json::{Value, json};

/// A gateway that tells the administrator, Ada, by a WeCom app.
async fn house(wecom: &SimWeCom) -> (Gateway, People) {
    let more = format!(
        "\n[[channels]]\nname = \"wecom\"\nkind = \"wecom-app\"\nurl = \"{}\"\ncorp_id = \"corp-id\"\n\
         corp_secret = {{ env = \"WECOM_SECRET\" }}\nagent_id = 1000002\n\n\
         [[contacts]]\noperator = \"root\"\nwecom = \"ada\"\nlanguage = \"en\"\n",
        wecom.url()
    );
    let env = vec![("WECOM_SECRET".to_owned(), "corp-secret".into())];
    let settings =
        Settings { more, env, failures_max: 3, lockout: (3, 1000, 1000), ..Settings::default() };
    let gateway = Gateway::start(settings).await;
    let people = People::enrol(&gateway).await;
    (gateway, people)
}

/// Somebody guesses a PIN until only another person lets its owner in again.
async fn lock_out(gateway: &Gateway, badge: &str) {
    for _ in 0..3 {
        let body = json!({"badge": badge, "pin": "0007"});
        let answer = gateway.anybody().ask(Method::POST, "/session", Some(&body)).await;
        assert!(!answer.is_success(), "{}", answer.body);
    }
}

/// The outcomes of notices of a kind that are recorded, once there are so many.
async fn settled(gateway: &Gateway, notice: &str, count: usize) -> Vec<Value> {
    until("the outcome is an entry", || async {
        let journal = Journal::read(&gateway.ledger());
        let all = journal.of_kind("notice-settled").map(|body| body["settled"].clone());
        let all: Vec<Value> = all.filter(|one| one["notice"] == notice).collect();
        (all.len() >= count).then_some(all)
    })
    .await
}

#[tokio::test]
async fn an_alarm_reaches_whom_it_concerns_and_the_journal_says_so() {
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (gateway, people) = house(&wecom).await;
    lock_out(&gateway, "OP-4001").await;
    let told = settled(&gateway, "locked-out", 1).await;
    assert_eq!(told[0]["receiver"], "operator:root");
    assert_eq!(
        (&told[0]["channel"], &told[0]["outcome"]["kind"]),
        (&json!("wecom"), &json!("delivered"))
    );
    let journal = Journal::read(&gateway.ledger());
    let about = told[0]["about"].as_u64().unwrap();
    let entry = journal.0.iter().find(|entry| entry["seq"] == about).unwrap();
    assert_eq!(entry["body"]["kind"], "sign-in-refused");
    let posted: Vec<_> =
        wecom.posted().into_iter().filter(|one| one.text.contains("sam.sales")).collect();
    assert_eq!(posted.len(), 1, "{posted:?}");
    assert_eq!(posted[0].to, ["ada"]);
    assert!(posted[0].text.contains("failed to sign in 3 times"), "{}", posted[0].text);
    // The page and its links: no data without a token that somebody was sent.
    let door = gateway.anybody();
    for page in ["/inbox", "/approve/gwl_x"] {
        let answer = door.ask(Method::GET, page, None).await;
        assert_eq!(answer.status, 200, "{page}");
    }
    let nobody = door.ask(Method::GET, "/api/v1/links/gwl_AAAA", None).await;
    assert_eq!((nobody.status, &nobody.body["code"]), (404, &json!("not-found")));
    let act = json!({"badge": "OP-1000", "pin": "6925", "verdict": "approve"});
    let nobody = door.ask(Method::POST, "/api/v1/links/gwl_AAAA", Some(&act)).await;
    assert_eq!(nobody.status, 404);
    assert_eq!(door.ask(Method::GET, "/api/v1/notices", None).await.status, 401);
    let waiting = people.viewer.list("/api/v1/notices").await;
    assert!(waiting.iter().all(|row| row["notice"] != "locked-out"), "{waiting:?}");
}

#[tokio::test]
async fn an_outage_and_a_kill_lose_nothing_and_tell_nothing_twice() {
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (mut gateway, people) = house(&wecom).await;
    wecom.go_away().await;
    lock_out(&gateway, "OP-4001").await;
    until("the notice waits with its reason", || async {
        let rows = people.viewer.list("/api/v1/notices").await;
        rows.into_iter().find(|row| row["notice"] == "locked-out" && row["reason"].is_string())
    })
    .await;
    gateway.kill();
    wecom.come_back().await.unwrap();
    gateway.run().await;
    let told = settled(&gateway, "locked-out", 1).await;
    assert_eq!(told[0]["outcome"]["kind"], "delivered");
    // A second one comes after whatever was left of the first.
    lock_out(&gateway, "OP-2001").await;
    let told = settled(&gateway, "locked-out", 2).await;
    assert_eq!(told.len(), 2);
    let posted = wecom.posted();
    let of = |name: &str| posted.iter().filter(|one| one.text.contains(name)).count();
    assert_eq!((of("sam.sales"), of("li.wei")), (1, 1), "{posted:?}");
}

#[tokio::test]
async fn what_no_channel_takes_is_visible_and_can_be_tried_again() {
    let options = WeComOptions { users: Some(vec!["somebody".into()]), ..WeComOptions::default() };
    let wecom = SimWeCom::start(options).await.unwrap();
    let (gateway, people) = house(&wecom).await;
    lock_out(&gateway, "OP-4001").await;
    let told = settled(&gateway, "locked-out", 1).await;
    assert_eq!(told[0]["outcome"]["kind"], "rejected", "{told:?}");
    let rejected = until("it stands among the rejected", || async {
        let rows = people.viewer.list("/api/v1/notices").await;
        rows.into_iter().find(|row| row["notice"] == "locked-out" && row["state"] == "rejected")
    })
    .await;
    let path = format!("/api/v1/notices/{}/retry", rejected["id"]);
    let denied = people.viewer.ask(Method::POST, &path, None).await;
    assert_eq!(denied.status, 403);
    let root = people.sign_in("root", None).await;
    assert_eq!(root.ask(Method::POST, &path, None).await.status, 202);
    assert_eq!(settled(&gateway, "locked-out", 2).await.len(), 2, "refused again, visibly");
    let none = root.ask(Method::POST, "/api/v1/notices/999999/retry", None).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn a_kill_between_sending_and_recording_repeats_at_most_once_and_the_repeat_is_marked() {
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (mut gateway, _people) = house(&wecom).await;
    // WeCom takes the message and the answer never comes: there the power goes.
    wecom.faults().set(Fault { mode: Mode::TimeoutAfterCommit, times: None });
    lock_out(&gateway, "OP-4001").await;
    let sent = || wecom.posted().into_iter().filter(|one| one.text.contains("sam.sales"));
    until("WeCom has it", || async { sent().next() }).await;
    gateway.kill();
    assert!(
        gateway.journal().of_kind("notice-settled").next().is_none(),
        "nothing is recorded yet"
    );
    wecom.faults().clear();
    gateway.run().await;
    let told = settled(&gateway, "locked-out", 1).await;
    assert_eq!(told[0]["outcome"]["kind"], "delivered");
    let all: Vec<_> = sent().collect();
    assert!(all.len() as u64 + wecom.repeats() <= 2, "{all:?}");
    let reference = |text: &str| text.rsplit('#').next().map(str::to_owned);
    assert!(all.iter().all(|one| reference(&one.text) == reference(&all[0].text)), "{all:?}");
    // Later starts tell nothing of it again.
    gateway.kill();
    gateway.run().await;
    lock_out(&gateway, "OP-2001").await;
    assert_eq!(settled(&gateway, "locked-out", 2).await.len(), 2);
    assert_eq!(sent().count(), all.len());
}
