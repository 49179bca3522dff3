//! One-time links: before its person is signed in one tells that a decision waits and nothing else; then it
//! shows what that person may see and is asked; it signs once. Whatever is wrong with it has a code of its
//! own.

use gatewarden_simulators::messenger::{SimWeCom, WeComOptions};
use gatewarden_tests::{Caller, FakeClock, Gateway, Journal, People, Settings, until};
use reqwest::Method;
use serde_json::{Value, json};

/// What the transfers are worth; a supervisor sees no prices.
const WORTH: &str = "7431";

/// A gateway with the shipped procedures that tells its supervisor, and somebody who orders transfers.
pub(crate) async fn governed(wecom: &SimWeCom, clock: Option<&FakeClock>) -> (Gateway, People) {
    let more = format!(
        "\n[procedures]\nnotices = \"notices.toml\"\n\n\
         [roles.mover]\ntitle = \"Orders transfers.\"\ngrants.transfer = [\"view\", \"create\", \"modify\"]\n\
         grants.price = [\"view\", \"modify\"]\n\n\
         [[channels]]\nname = \"wecom\"\nkind = \"wecom-app\"\nurl = \"{}\"\ncorp_id = \"corp-id\"\n\
         corp_secret = {{ env = \"WECOM_SECRET\" }}\nagent_id = 1000002\n\n\
         [[contacts]]\noperator = \"wang.lead\"\nwecom = \"wang\"\nlanguage = \"en\"\n",
        wecom.url()
    );
    let mut env = vec![("WECOM_SECRET".to_owned(), "corp-secret".into())];
    env.extend(clock.map(FakeClock::env).unwrap_or_default());
    let mut gateway = Gateway::prepare(Settings { more, env, ..Settings::default() }).await;
    // Whatever the time of the day is, nobody's hours are quiet.
    let _ = gateway.file("notices.toml", "hours = { from = \"00:00\", to = \"24:00\" }\n");
    gateway.reconfigure("[gateway]\n", "[gateway]\npublic_url = \"https://gw.example\"\n");
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    let mover =
        json!({"operator": "moe.mover", "name": "Moe", "roles": ["mover"], "badges": ["OP-6001"]});
    people.enrol_one(&mover, "5208").await;
    (gateway, people)
}

/// Hands a transfer in; gives its digest.
pub(crate) async fn transfer(people: &People, number: &str) -> Value {
    let author = people.sign_in_with(&json!({"badge": "OP-6001", "pin": "5208"})).await;
    let content = json!({"document": {"kind": "transfer-order", "number": number}, "version": 1,
        "title": "To the line", "station": "dock-1", "lines": [{"line": 10, "item": "BOLT-M8",
            "quantity": 2, "amount": WORTH, "from": "wh1/dock", "to": "wh1/line"}]});
    let written = author.post_ok("/api/v1/documents", &content).await;
    let path = format!("/api/v1/documents/transfer-order/{number}/submit");
    author.post_ok(&path, &json!({"digest": written.body["digest"]})).await;
    written.body["digest"].clone()
}

/// The token that the approver was sent.
pub(crate) async fn token(wecom: &SimWeCom, number: &str) -> String {
    until("the approver is sent a link", || async {
        let posted = wecom.posted();
        let body = posted.iter().find(|one| one.body.to_string().contains(number))?;
        assert_eq!(body.to, ["wang"]);
        let body = body.body.to_string();
        let token = body.split("https://gw.example/approve/").nth(1)?;
        let end = token.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        Some(token[..end.unwrap_or(token.len())].to_owned())
    })
    .await
}

/// What is asked of a link, and the code of the answer.
async fn code(who: &Caller, method: Method, path: &str, body: Option<&Value>) -> (u16, String) {
    let answer = who.ask(method, path, body).await;
    let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
    assert!(!answer.body.to_string().contains("BOLT-M8"), "{}", answer.body);
    (answer.status, code)
}

fn said(verdict: &str) -> Value {
    json!({ "verdict": verdict })
}

#[tokio::test]
async fn a_link_tells_nothing_before_its_person_signed_in_and_then_what_he_may_see() {
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (gateway, people) = governed(&wecom, None).await;
    let number = "TR-202611-00001";
    let digest = transfer(&people, number).await;
    let path = format!("/api/v1/links/{}", token(&wecom, number).await);

    // Nobody, a machine, a cookie that is none: that a decision waits, to the letter.
    let door = gateway.anybody();
    let pretender = door.with_cookie("gatewarden_session=gwt_AAAA");
    for stranger in [&door, &people.viewer, &pretender] {
        assert_eq!(stranger.get(&path).await, json!({"state": "open"}));
    }
    assert_eq!(code(&door, Method::POST, &path, Some(&said("approve"))).await.0, 401);
    let other = people.sign_in("li.wei", None).await;
    let foreign = (403, "link-foreign".to_owned());
    assert_eq!(code(&other, Method::GET, &path, None).await, foreign);
    assert_eq!(code(&other, Method::POST, &path, Some(&said("approve"))).await, foreign);

    let wang = people.sign_in("wang.lead", None).await;
    let shown = wang.get(&path).await;
    let decision = &shown["decision"];
    assert_eq!((&decision["operator"], &shown["state"]), (&json!("wang.lead"), &json!("open")));
    assert_eq!(decision["content"]["title"], "To the line");
    assert_eq!(decision["content"]["lines"][0]["quantity"], 2);
    assert!(!shown.to_string().contains(WORTH), "masked by his rights: {shown}");

    let bare = wang.post(&path, &said("reject")).await;
    assert_eq!(
        (bare.status, &bare.body["field"]),
        (400, &json!("comment")),
        "a no without a reason"
    );
    assert_eq!(wang.post(&path, &said("approve")).await.status, 204);
    let used = (410, "link-used".to_owned());
    assert_eq!(code(&wang, Method::POST, &path, Some(&said("approve"))).await, used);
    for who in [&door, &wang] {
        assert_eq!(code(who, Method::GET, &path, None).await, used);
    }

    let journal = Journal::read(&gateway.ledger());
    let events = journal.of_kind("document-stepped").map(|body| &body["step"]["event"]);
    let decided: Vec<&Value> = events.filter(|event| event["event"] == "decided").collect();
    assert_eq!(decided.len(), 1);
    assert_eq!((&decided[0]["by"], &decided[0]["on"]), (&json!("wang.lead"), &digest));
    let refused = journal.of_kind("denied").map(|body| body["reason"].as_str().unwrap());
    let refused = refused.filter(|reason| reason.contains("link of wang.lead"));
    assert_eq!(refused.count(), 3, "what was tried with it is recorded, looking is not");
}

#[tokio::test]
async fn badge_and_pin_sign_without_a_session_and_what_was_decided_elsewhere_is_over() {
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (gateway, people) = governed(&wecom, None).await;
    let door = gateway.anybody();
    let sign = |badge: &str, pin: &str| json!({"badge": badge, "pin": pin, "verdict": "approve"});
    let number = "TR-202611-00001";
    let _ = transfer(&people, number).await;
    let path = format!("/api/v1/links/{}", token(&wecom, number).await);
    let foreign = code(&door, Method::POST, &path, Some(&sign("OP-2001", "8264"))).await;
    assert_eq!(foreign, (403, "link-foreign".to_owned()));
    assert_eq!(code(&door, Method::POST, &path, Some(&sign("OP-3001", "0000"))).await.0, 401);
    let half = json!({"badge": "OP-3001", "verdict": "approve"});
    assert_eq!(door.post(&path, &half).await.body["field"], "pin");
    assert_eq!(door.get(&path).await["state"], "open", "nothing was signed");
    let signed = door.post(&path, &sign("OP-3001", "3691")).await;
    assert_eq!(signed.status, 204, "{}", signed.body);
    let again = code(&door, Method::POST, &path, Some(&sign("OP-3001", "3691"))).await;
    assert_eq!(again, (410, "link-used".to_owned()));

    // Decided at the inbox: the link says so to its person, and to nobody else.
    let number = "TR-202611-00002";
    let digest = transfer(&people, number).await;
    let path = format!("/api/v1/links/{}", token(&wecom, number).await);
    let wang = people.sign_in("wang.lead", None).await;
    let act = json!({"act": "decide", "on": digest, "verdict": "approve"});
    wang.post_ok(&format!("/api/v1/documents/transfer-order/{number}/act"), &act).await;
    assert_eq!(door.get(&path).await, json!({"state": "open"}));
    assert_eq!(code(&wang, Method::GET, &path, None).await, (410, "link-over".to_owned()));
    assert!(!wang.post(&path, &said("approve")).await.is_success());

    // Whoever is here no more opens nothing, by session or by badge.
    let number = "TR-202611-00003";
    let _ = transfer(&people, number).await;
    let path = format!("/api/v1/links/{}", token(&wecom, number).await);
    assert!(wang.get(&path).await["decision"].is_object());
    let root = people.sign_in("root", None).await;
    assert!(root.delete("/operators/wang.lead").await.is_success());
    assert_eq!(wang.get(&path).await, json!({"state": "open"}));
    assert_eq!(code(&wang, Method::POST, &path, Some(&said("approve"))).await.0, 401);
    assert_eq!(code(&door, Method::POST, &path, Some(&sign("OP-3001", "3691"))).await.0, 401);
}

#[tokio::test]
async fn a_link_whose_time_is_over_says_so() {
    let Some(clock) = FakeClock::new() else { return };
    let wecom = SimWeCom::start(WeComOptions::default()).await.unwrap();
    let (gateway, people) = governed(&wecom, Some(&clock)).await;
    let number = "TR-202611-00001";
    let _ = transfer(&people, number).await;
    let path = format!("/api/v1/links/{}", token(&wecom, number).await);
    let door = gateway.anybody();
    assert_eq!(door.get(&path).await["state"], "open");
    clock.set(&format!("+{}", 73 * 3600));
    let expired = (410, "link-expired".to_owned());
    until("it is over", || async {
        (code(&door, Method::GET, &path, None).await == expired).then_some(())
    })
    .await;
    let sign = json!({"badge": "OP-3001", "pin": "3691", "verdict": "approve"});
    assert_eq!(code(&door, Method::POST, &path, Some(&sign)).await, expired);
}
