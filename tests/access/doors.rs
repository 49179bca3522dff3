//! Every operation that the API describes refuses who is nobody, and who only pretends.

use gatewarden_tests::{Caller, Settings};
use reqwest::Method;
use serde_json::json;

use super::staffed;

/// What is open: health, what a station says of itself, and the doors at which one becomes somebody (they judge by themselves).
const OPEN: [(&str, &str); 8] = [
    ("get", "/health"),
    ("get", "/stations/{station}/phase"),
    ("post", "/enrol"),
    ("post", "/activate"),
    ("post", "/session"),
    ("post", "/stations/{station}/session"),
    ("get", "/api/v1/links/{token}"),
    ("post", "/api/v1/links/{token}"),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_open_but_health_and_the_doors() {
    let (gateway, people) = staffed(Settings::default()).await;
    let api = people.viewer.get("/openapi.json").await;
    let nobody = gateway.anybody();
    let pretenders = [
        nobody.clone(),
        nobody.with_token("gwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        nobody.with_token(""),
        nobody.with_cookie("gatewarden_session=gwt_AAAA"),
    ];
    let entries = gateway.journal().0.len();
    let mut walked = 0;
    for (path, operations) in api["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            if OPEN.contains(&(method, path)) {
                continue;
            }
            walked += 1;
            for caller in &pretenders {
                refuses(caller, method, path).await;
            }
        }
    }
    assert!(walked >= 30, "only {walked} operations are described");
    assert_eq!(gateway.journal().0.len(), entries, "strangers wrote into the journal");

    let health = nobody.get("/health").await;
    let told: Vec<&String> = health.as_object().unwrap().keys().collect();
    assert_eq!(told, ["status", "version"], "health tells too much");
    let page = nobody.get("/stations/dock-1/page").await;
    assert!(page.as_str().unwrap().contains("<html"), "the station's page can be fetched");
    assert_eq!(nobody.ask(Method::GET, "/nothing/here", None).await.status, 404);
}

async fn refuses(caller: &Caller, method: &str, path: &str) {
    let filled = path
        .replace("{station}", "dock-1")
        .replace("{kind}", "document")
        .replace("{task}", "0a0a0a0a-0000-4000-8000-000000000000")
        .replace("{pass}", "0a0a0a0a-0000-4000-8000-000000000000")
        .replace("{movement}", "0a0a0a0a-0000-4000-8000-000000000000");
    let filled = filled.replace(['{', '}'], "");
    let verb: Method = method.to_uppercase().parse().unwrap();
    let bare = caller.ask(verb.clone(), &filled, None).await;
    let with_body = caller.ask(verb, &filled, Some(&json!({}))).await;
    for answer in [bare, with_body] {
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
        assert_eq!(answer.body["code"], "unauthenticated", "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_time_code_counts_once_and_nothing_is_guessed() {
    let (gateway, _people) = staffed(Settings::default()).await;
    let code = gateway
        .logged(|l| l.split_once("one-time enrolment code: ").map(|(_, code)| code.to_owned()));
    let nobody = gateway.anybody();
    for code in [code.unwrap().as_str(), "", "AAAA-AAAA-AAAA-AAAA"] {
        let body = json!({"code": code, "operator": "eve", "name": "Eve", "badge": "OP-6666",
            "pin": "8264"});
        let answer = nobody.post("/enrol", &body).await;
        assert_eq!(answer.status, 401, "{code}: {}", answer.body);
    }
    let enrolled = gateway.journal();
    assert!(enrolled.of_kind("enrolled").all(|body| body["operator"] != "eve"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_and_a_removed_operator_are_out_at_once() {
    let (gateway, people) = staffed(Settings::default()).await;
    people.viewer.get("/devices").await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    keeper.get("/stations/dock-1").await;

    gateway.cli_ok(&["client", "revoke", "viewer"], "");
    gateway.cli_ok(&["operator", "remove", "li.wei"], "");
    for caller in [&people.viewer, &keeper] {
        assert_eq!(caller.ask(Method::GET, "/devices", None).await.status, 401);
    }
    let (answer, _) = people.try_sign_in("li.wei", Some("dock-1")).await.unwrap();
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert_eq!(super::ends(&gateway, "li.wei"), ["revoked"]);
    let listed = gateway.cli_ok(&["operator", "list"], "");
    assert!(!listed.contains("li.wei") && listed.contains("wang.lead"), "{listed}");
    let listed = gateway.cli_ok(&["client", "list"], "");
    assert!(!listed.contains("viewer") && listed.contains("erp"), "{listed}");
}
