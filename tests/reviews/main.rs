//! Access reviews through the running daemon: who may decide on what, what a reviewer is shown, what
//! expires, and that it all survives a kill.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::process::Command;

use gatewarden_tests::{Caller, Gateway, People, Settings, day, until};
use reqwest::Method;
use serde_json::{Value, json};

/// A role that may review, beside the default ones.
const ROLE: &str = "\n[roles.access-owner]\ntitle = \"Confirms what others may do.\"\n\
    grants.system = [\"view\", \"approve\"]\n\n[access]\nreview_hours_min = 0\n";

struct House {
    gateway: Gateway,
    people: People,
    olga: Caller,
    otto: Caller,
    root: Caller,
}

/// A staffed gateway with the reviewers olga and otto at the console.
async fn house() -> House {
    let settings = Settings { more: ROLE.to_owned(), ..Settings::default() };
    let gateway = Gateway::start(settings).await;
    let people = People::enrol(&gateway).await;
    let olga = owner(&gateway, "olga", "OP-6001").await;
    let otto = owner(&gateway, "otto", "OP-6002").await;
    let root = people.sign_in("root", None).await;
    House { gateway, people, olga, otto, root }
}

async fn owner(gateway: &Gateway, name: &str, badge: &str) -> Caller {
    let body = json!({"operator": name, "name": name, "roles": ["access-owner"],
        "badges": [badge], "pin": "6925"});
    gateway.enrolled(std::slice::from_ref(&body)).await;
    let door = gateway.anybody();
    let answer = door.post_ok("/session", &json!({"badge": badge, "pin": "6925"})).await;
    door.with_cookie(answer.cookie.as_deref().unwrap())
}

/// A moment some seconds from now, RFC 3339 with milliseconds.
fn in_seconds(seconds: u32) -> String {
    let mut date = Command::new("date");
    date.args(["-u", "+%Y-%m-%dT%H:%M:%S.%3NZ", "-d", &format!("+{seconds} seconds")]);
    String::from_utf8(date.output().unwrap().stdout).unwrap().trim().to_owned()
}

fn campaign(seconds: u32, roles: &[&str]) -> Value {
    json!({"title": "autumn", "roles": roles, "reviewers": ["olga"], "fallback": "otto",
        "due": in_seconds(seconds)})
}

fn role(operator: &str, role: &str, verdict: &str, why: &str) -> Value {
    json!({"operator": operator, "role": role, "verdict": verdict, "justification": why})
}

/// Roles of everybody, as `/operators` lists them.
async fn roles(caller: &Caller, who: &str) -> Vec<String> {
    let all = caller.list("/operators").await;
    let one = all.into_iter().find(|one| one["id"] == who).unwrap();
    one["roles"].as_array().unwrap().iter().map(|r| r.as_str().unwrap().to_owned()).collect()
}

/// What an answer that refuses says: status and code, and that the journal has it.
fn refused(gateway: &Gateway, status: u16, code: &str, answer: &gatewarden_tests::Answer) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.body["code"], code, "{}", answer.body);
    let seq = usize::try_from(answer.body["recorded"].as_u64().unwrap()).unwrap();
    assert_eq!(gateway.journal().0[seq]["body"]["kind"], "denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_from_its_opening_to_what_nobody_confirmed() {
    let House { gateway, people, olga, otto, root } = house().await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "1001", 1..3).await;
    let second = people.sign_in("ma.second", Some("counter-1")).await;
    let sales = people.sign_in("sam.sales", None).await;

    let wide = campaign(3600, &["storekeeper", "access-owner"]);
    refused(&gateway, 403, "denied", &sales.post("/reviews", &wide).await);
    refused(&gateway, 403, "denied", &people.erp.ask(Method::GET, "/reviews", None).await);
    let mut own = wide.clone();
    own["fallback"] = json!("olga");
    refused(&gateway, 422, "review-invalid", &root.post("/reviews", &own).await);
    let mut vague = wide.clone();
    vague["due"] = json!("tomorrow");
    let answer = root.post("/reviews", &vague).await;
    assert_eq!((answer.status, &answer.body["field"]), (400, &json!("due")), "{}", answer.body);

    // Everything in one go now: the due time is near.
    let opened = root.post_ok("/reviews", &campaign(20, &["storekeeper", "access-owner"])).await;
    let path = format!("/reviews/{}", opened.body["id"].as_str().unwrap());
    assert_eq!(opened.body["items"], 4, "{}", opened.body);
    let seen = olga.get(&format!("{path}?days=7")).await;
    shows_what_a_reviewer_needs(&seen);
    let decisions = format!("{path}/decisions");
    let li = role("li.wei", "storekeeper", "keep", "at the dock every day");
    refused(&gateway, 403, "not-the-reviewer", &otto.post(&decisions, &li).await);
    refused(&gateway, 403, "not-the-reviewer", &root.post(&decisions, &li).await);
    refused(&gateway, 403, "denied", &gateway.local().post(&decisions, &li).await);
    let own = role("olga", "access-owner", "keep", "mine");
    refused(&gateway, 403, "same-person", &olga.post(&decisions, &own).await);
    let silent = role("li.wei", "storekeeper", "keep", " ");
    refused(&gateway, 422, "reason-missing", &olga.post(&decisions, &silent).await);
    let other = role("li.wei", "buyer", "keep", "?");
    refused(&gateway, 404, "unknown-review-item", &olga.post(&decisions, &other).await);
    olga.post_ok(&decisions, &li).await;
    otto.post_ok(&decisions, &role("olga", "access-owner", "keep", "she reviews")).await;
    let list = gateway.cli_ok(&["access", "review", "list"], "");
    assert!(list.contains("autumn") && list.contains("2 undecided"), "{list}");
    let id = opened.body["id"].as_str().unwrap();
    let shown = gateway.cli_ok(&["access", "review", "show", id], "");
    assert!(shown.contains("keep: at the dock every day"), "{shown}");
    assert!(shown.contains("100 % of 1 peers use it"), "{shown}");

    until("the campaign is over", || async {
        people.viewer.list("/reviews").await.is_empty().then_some(())
    })
    .await;
    assert_eq!(roles(&people.viewer, "li.wei").await, ["storekeeper"]);
    assert_eq!(roles(&people.viewer, "olga").await, ["access-owner"]);
    assert_eq!(roles(&people.viewer, "ma.second").await, [""; 0]);
    assert_eq!(roles(&people.viewer, "otto").await, [""; 0]);
    let answer = second.post("/tasks", &json!({})).await;
    assert_eq!(answer.status, 401, "the session is over: {}", answer.body);
    let late = role("ma.second", "storekeeper", "keep", "too late");
    refused(&gateway, 404, "unknown-review", &olga.post(&decisions, &late).await);

    let journal = gateway.journal();
    let closed = journal.of_kind("review-closed").next().unwrap();
    assert_eq!(closed["reason"], "due");
    let gone: Vec<&Value> = closed["expired"].as_array().unwrap().iter().collect();
    assert_eq!(gone.len(), 2, "{closed}");
    let ended = journal.of_kind("session-ended").filter(|b| b["operator"] == "ma.second");
    assert!(ended.into_iter().any(|b| b["reason"] == "changed"));
    let trace = gateway.cli_ok(&["ledger", "trace", "review", id], "");
    for words in [
        "opened: 4 roles and scopes, for olga to confirm, else otto",
        "storekeeper of li.wei confirmed: at the dock every day",
        "not confirmed and taken away: storekeeper of ma.second; access-owner of otto",
    ] {
        assert!(trace.contains(words), "{words}: {trace}");
    }
    assert!(gateway.cli_ok(&["ledger", "verify"], "").contains("the ledger is whole"));
}

fn shows_what_a_reviewer_needs(seen: &Value) {
    let items = seen["items"].as_array().unwrap();
    let item = |who: &str| items.iter().find(|item| item["operator"] == who).unwrap();
    let right = |who: &str, right: &str| {
        let all = item(who)["rights"].as_array().unwrap();
        all.iter().find(|one| one["right"] == right).unwrap().clone()
    };
    let own = right("li.wei", "inbound:execute");
    assert_eq!((&own["used"]["count"], &own["peers_pct"]), (&json!(1), &json!(0)), "{own}");
    assert!(own["used"]["at"].as_str().unwrap().starts_with("20"), "{own}");
    let other = right("ma.second", "inbound:execute");
    assert_eq!((&other["used"], &other["peers_pct"]), (&Value::Null, &json!(100)), "{other}");
    assert_eq!(right("li.wei", "inbound:view")["recorded"], false);
    assert_eq!(item("olga")["reviewers"], json!(["otto"]), "nobody reviews himself");
    assert_eq!(item("otto")["reviewers"], json!(["olga"]));
    assert_eq!(item("li.wei")["reviewers"], json!(["olga"]));
    assert_eq!(item("li.wei")["decided"], Value::Null);
    assert_eq!(item("li.wei")["conflicts"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_immediate_and_a_campaign_outlives_a_kill() {
    let House { mut gateway, people, olga, root, .. } = house().await;
    // Somebody with both sides of a conflict, for the reviewer to see.
    let borne = ["issues-and-approves", "transfers-and-approves"];
    let borne =
        borne.map(|id| json!({"conflict": id, "reason": "night shift of one", "until": day(30)}));
    let both = json!({"operator": "li.wei", "name": "Li Wei", "badges": ["OP-2001"],
        "roles": ["storekeeper", "department-manager"], "mitigations": borne});
    gateway.enrolled(std::slice::from_ref(&both)).await;
    let keeper = people.sign_in("li.wei", None).await;
    keeper.get("/stations").await;
    let mut wide = campaign(3600, &[]);
    wide["clients"] = json!(true);
    let opened = root.post_ok("/reviews", &wide).await;
    let path = format!("/reviews/{}", opened.body["id"].as_str().unwrap());
    let seen = olga.get(&path).await;
    let conflicts: Vec<&str> = seen["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["operator"] == "li.wei" && item["role"] == "storekeeper")
        .flat_map(|item| item["conflicts"].as_array().unwrap())
        .map(|conflict| conflict["id"].as_str().unwrap())
        .collect();
    assert_eq!(conflicts, ["issues-and-approves", "transfers-and-approves"]);

    let decisions = format!("{path}/decisions");
    let gone = role("li.wei", "department-manager", "revoke", "he is no manager");
    olga.post_ok(&decisions, &gone).await;
    assert_eq!(roles(&people.viewer, "li.wei").await, ["storekeeper"]);
    let answer = keeper.ask(Method::GET, "/stations", None).await;
    assert_eq!(answer.status, 401, "a session with the old roles: {}", answer.body);
    let erp = json!({"client": "erp", "scope": "transfer:create", "verdict": "revoke",
        "justification": "the ERP transfers nothing"});
    olga.post_ok(&decisions, &erp).await;
    let clients = people.viewer.list("/clients").await;
    let erp = clients.iter().find(|one| one["id"] == "erp").unwrap();
    assert_eq!(erp["scopes"], json!(["inbound:create", "outbound:create"]));
    let token = people.erp.ask(Method::GET, "/stations", None).await;
    assert!(token.is_success(), "the token with fewer scopes is good: {}", token.body);

    let before = people.viewer.get(&path).await;
    gateway.kill();
    gateway.run().await;
    let after = people.viewer.get(&path).await;
    assert_eq!(before["items"], after["items"]);
    let said: Vec<&Value> = after["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| !item["decided"].is_null())
        .map(|item| &item["decided"]["verdict"])
        .collect();
    assert_eq!(said, ["revoke", "revoke"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_two_who_can_approve_are_kept_and_told_aloud() {
    let House { gateway, people, root, .. } = house().await;
    root.post_ok("/reviews", &campaign(4, &["access-owner", "administrator"])).await;
    until("the campaign is over", || async {
        people.viewer.list("/reviews").await.is_empty().then_some(())
    })
    .await;
    assert_eq!(roles(&people.viewer, "olga").await, [""; 0]);
    assert_eq!(roles(&people.viewer, "otto").await, ["access-owner"]);
    assert_eq!(roles(&people.viewer, "root").await, ["administrator"]);
    let journal = gateway.journal();
    let closed = journal.of_kind("review-closed").next().unwrap();
    let spared = closed["spared"].as_array().unwrap();
    let spared: Vec<&str> = spared.iter().filter_map(|item| item["operator"].as_str()).collect();
    assert_eq!(spared, ["otto", "root"], "{closed}");
    until("the log tells it aloud", || async {
        gateway.logged(|line| {
            (line.contains("too few could approve") && line.contains("of root")).then_some(())
        })
    })
    .await;
    let trace = gateway.cli_ok(&["ledger", "trace", "operator", "root"], "");
    assert!(trace.contains("NOT CONFIRMED AND KEPT"), "{trace}");
}
