//! Notices through the running daemon: what happens is told to whom it concerns, once, also over outages and
//! kills; what nobody takes is visible; a link that nobody made opens nothing.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use gatewarden_simulators::messenger::{SimWeCom, WeComOptions};
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

/// A gateway with the shipped procedures, that tells its supervisor.
async fn governed(wecom: &SimWeCom) -> (Gateway, People) {
    let more = format!(
        "\n[procedures]\nnotices = \"notices.toml\"\n\n\
         [[channels]]\nname = \"wecom\"\nkind = \"wecom-app\"\nurl = \"{}\"\ncorp_id = \"corp-id\"\n\
         corp_secret = {{ env = \"WECOM_SECRET\" }}\nagent_id = 1000002\n\n\
         [[contacts]]\noperator = \"wang.lead\"\nwecom = \"wang\"\nlanguage = \"en\"\n",
        wecom.url()
    );
    let env = vec![("WECOM_SECRET".to_owned(), "corp-secret".into())];
    let mut gateway = Gateway::prepare(Settings { more, env, ..Settings::default() }).await;
    // Whatever the time of the day is, nobody's hours are quiet.
    let _ = gateway.file("notices.toml", "hours = { from = \"00:00\", to = \"24:00\" }\n");
    gateway.reconfigure("[gateway]\n", "[gateway]\npublic_url = \"https://gw.example\"\n");
    gateway.run().await;
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
async fn a_link_signs_once_for_the_person_whom_it_was_sent_to_and_for_nobody_else() {
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (gateway, people) = governed(&wecom).await;
    let author = people.sign_in("li.wei", None).await;
    let number = "TR-202611-00001";
    let content = json!({"document": {"kind": "transfer-order", "number": number}, "version": 1,
        "title": "To the line", "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 2,
            "from": "wh1/dock", "to": "wh1/line"}]});
    let written = author.post_ok("/api/v1/documents", &content).await;
    let path = format!("/api/v1/documents/transfer-order/{number}/submit");
    author.post_ok(&path, &json!({"digest": written.body["digest"]})).await;

    let token = until("the approver is sent a link", || async {
        let posted = wecom.posted();
        let body = posted.iter().find(|one| one.body.to_string().contains(number))?;
        assert_eq!(body.to, ["wang"]);
        let body = body.body.to_string();
        let token = body.split("https://gw.example/approve/").nth(1)?;
        let end = token.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        Some(token[..end.unwrap_or(token.len())].to_owned())
    })
    .await;
    let (door, path) = (gateway.anybody(), format!("/api/v1/links/{token}"));
    let shown = door.get(&path).await;
    assert_eq!((&shown["operator"], &shown["state"]), (&json!("wang.lead"), &json!("open")));
    assert_eq!(shown["content"]["title"], "To the line");

    let sign = |badge: &str, pin: &str, verdict: &str| json!({"badge": badge, "pin": pin, "verdict": verdict});
    let foreign = door.post(&path, &sign("OP-2001", "8264", "approve")).await;
    assert_eq!((foreign.status, &foreign.body["code"]), (403, &json!("link-foreign")));
    let wrong = door.post(&path, &sign("OP-3001", "0000", "approve")).await;
    assert_eq!(wrong.status, 401, "{}", wrong.body);
    let bare = door.post(&path, &sign("OP-3001", "3691", "reject")).await;
    assert_eq!(
        (bare.status, &bare.body["field"]),
        (400, &json!("comment")),
        "a no without a reason"
    );
    assert_eq!(door.get(&path).await["state"], "open", "nothing was signed");

    let signed = door.post(&path, &sign("OP-3001", "3691", "approve")).await;
    assert_eq!(signed.status, 204, "{}", signed.body);
    let again = door.post(&path, &sign("OP-3001", "3691", "approve")).await;
    assert_eq!((again.status, &again.body["code"]), (410, &json!("link-used")));
    let shown = door.get(&path).await;
    assert_eq!((&shown["state"], &shown["content"]), (&json!("used"), &json!(null)));

    let journal = Journal::read(&gateway.ledger());
    let events = journal.of_kind("document-stepped").map(|body| &body["step"]["event"]);
    let decided: Vec<&Value> = events.filter(|event| event["event"] == "decided").collect();
    assert_eq!(decided.len(), 1);
    assert_eq!(
        (&decided[0]["by"], &decided[0]["on"]),
        (&json!("wang.lead"), &written.body["digest"])
    );
    let refused = journal.of_kind("denied").map(|body| body["reason"].as_str().unwrap());
    let refused = refused.filter(|reason| reason.contains("link of wang.lead"));
    assert_eq!(refused.count(), 2, "the stranger's try and the second one");
}
