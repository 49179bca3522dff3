//! Stolen tokens and cookies: after they are revoked, in other places than theirs, and made by the thief.

use gatewarden_tests::{Settings, until};
use reqwest::Method;
use serde_json::json;

use super::{machine, raw, staffed};

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_token_is_worth_nothing_once_it_is_revoked() {
    let (gateway, people) = staffed(Settings::default()).await;
    let body = json!({"client": "courier", "scopes": ["ledger:view", "inbound:create"]});
    let token = gateway.token(&body).await;
    let token = token.as_str();
    let thief = gateway.anybody().with_token(token);
    thief.get("/stock").await;
    assert_eq!(gateway.local().delete("/clients/courier").await.status, 204);
    let entries = gateway.journal().0.len();
    for path in ["/stock", "/openapi.json", "/movements", "/devices", "/tasks"] {
        let answer = thief.ask(Method::GET, path, None).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (401, &json!("unauthenticated")),
            "{path}"
        );
    }
    let task = gatewarden_tests::receipt("9001", 1).task();
    assert_eq!(thief.post("/tasks", &task).await.status, 401);
    assert_eq!(gateway.journal().0.len(), entries, "the thief left entries");
    // The name given again to another token does not bring the old one back.
    let again = machine(&gateway, "courier", &["ledger:view".to_owned()]).await;
    again.get("/stock").await;
    let entries = gateway.journal().0.len();
    assert_eq!(thief.ask(Method::GET, "/stock", None).await.status, 401);
    assert_eq!(gateway.journal().0.len(), entries, "the thief left entries");
    // The token stands nowhere in what the gateway keeps.
    for file in std::fs::read_dir(gateway.state()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!found, "{} holds the token", path.display());
    }
    people.viewer.get("/stock").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_in_its_header_alone() {
    let (gateway, _people) = staffed(Settings::default()).await;
    let body = json!({"client": "courier", "scopes": ["ledger:view"]});
    let token = gateway.token(&body).await;
    let token = token.as_str();
    let host = "Host: localhost";
    let get = |target: &str, headers: &[&str]| {
        let start = format!("GET {target} HTTP/1.1");
        let all: Vec<&str> = std::iter::once(host).chain(headers.iter().copied()).collect();
        raw::send(gateway.address(), &raw::request(&start, &all, b"")).status
    };
    let bearer = format!("Authorization: Bearer {token}");
    assert_eq!(get("/stock", &[&bearer]), 200);
    for target in [
        format!("/stock?token={token}"),
        format!("/stock?access_token={token}"),
        format!("/stock?Authorization=Bearer%20{token}"),
        format!("/stock;{token}"),
    ] {
        let status = get(&target, &[]);
        assert!(matches!(status, 401 | 404), "{target}: {status}");
    }
    for header in [
        format!("Authorization: Basic {token}"),
        format!("Authorization: bearer {token}"),
        format!("Authorization: {token}"),
        format!("X-Api-Key: {token}"),
        format!("Cookie: gatewarden_session={token}"),
        format!("Cookie: Authorization=Bearer {token}"),
    ] {
        assert_eq!(get("/stock", &[&header]), 401, "{header}");
    }
    assert_eq!(get("/stock", &[&bearer, &bearer]), 401, "two of one header");
    assert_eq!(get("/stock", &[&bearer, "Authorization: Bearer gwt_other"]), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_ends_with_its_session_and_its_operator() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    keeper.get("/stations/dock-1").await;
    assert_eq!(keeper.delete("/session").await.status, 204);
    assert_eq!(keeper.ask(Method::GET, "/stations/dock-1", None).await.status, 401);
    assert_eq!(keeper.delete("/session").await.status, 401, "signed out twice");

    // Signing in again makes another one, and the old stays dead.
    let again = people.sign_in("li.wei", Some("dock-1")).await;
    again.get("/stations/dock-1").await;
    assert_eq!(keeper.ask(Method::GET, "/stations/dock-1", None).await.status, 401);
    assert_eq!(gateway.local().delete("/operators/li.wei").await.status, 204);
    let answer = again.ask(Method::GET, "/stations/dock-1", None).await;
    assert_eq!((answer.status, &answer.body["code"]), (401, &json!("unauthenticated")));

    let other = people.sign_in("ma.second", None).await;
    gateway.kill();
    gateway.run().await;
    until("the session of before the crash is ended", || async {
        let ended = gateway.journal();
        let mut ended = ended.of_kind("session-ended").filter(|b| b["reason"] == "restart");
        ended.any(|b| b["operator"] == "ma.second").then_some(())
    })
    .await;
    assert_eq!(other.ask(Method::GET, "/stations", None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_can_not_be_fixed_beforehand() {
    let (gateway, _people) = staffed(Settings::default()).await;
    // Nothing is given before the sign-in that could stay the same after it.
    let page = raw::request("GET /stations/dock-1/page HTTP/1.1", &["Host: localhost"], b"");
    let reply = raw::send(gateway.address(), &page);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("set-cookie"), None);

    // A cookie that the attacker put there is not taken over.
    let planted = "gatewarden_session=gwt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let credentials = br#"{"badge": "OP-2001", "pin": "8264"}"#;
    let headers =
        ["Host: localhost", "Content-Type: application/json", &format!("Cookie: {planted}")];
    let sign_in = raw::request("POST /session HTTP/1.1", &headers, credentials);
    let first = raw::send(gateway.address(), &sign_in);
    assert_eq!(first.status, 201, "{first:?}");
    let set = first.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let given = set.split(';').next().unwrap();
    assert_ne!(given, planted);
    let nobody = gateway.anybody();
    assert_eq!(nobody.with_cookie(planted).ask(Method::GET, "/tasks", None).await.status, 401);
    nobody.with_cookie(given).get("/tasks").await;

    // Beside the right one, in either order, it makes both worth nothing.
    for both in [format!("{planted}; {given}"), format!("{given}; {planted}")] {
        let answer = nobody.with_cookie(&both).ask(Method::GET, "/tasks", None).await;
        assert_eq!(answer.status, 401, "{both}");
    }
    // Each sign-in makes a cookie of its own.
    let second = raw::send(gateway.address(), &sign_in);
    let next = second.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(next, given);
    nobody.with_cookie(&next).get("/tasks").await;
}
