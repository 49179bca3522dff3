//! What becomes of a session while it is open: idle and resumed, too weak for what it does, alone
//! where two are needed, in two places at once; and who opens what failures have locked.

use gatewarden_tests::{Gateway, People, Settings, epc, receipt, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{entry_of, staffed};

async fn phase(gateway: &Gateway, station: &str) -> String {
    let told = gateway.anybody().get(&format!("/stations/{station}/phase")).await;
    assert_eq!(
        told.as_object().unwrap().len(),
        1,
        "a stranger is told more than the state: {told}"
    );
    told["phase"].as_str().unwrap().to_owned()
}

/// What happened to sessions at a station, in order.
fn events(gateway: &Gateway, station: &str) -> Vec<String> {
    let journal = gateway.journal();
    let here = journal.of_kind("session-changed").filter(|body| body["station"] == station);
    here.map(|body| body["event"].as_str().unwrap().to_owned()).collect()
}

/// Shows goods for an order that nobody can be let move, until that is denied; gives the reason.
async fn denied(gateway: &Gateway, people: &People, number: &str, serial: u64) -> String {
    let denials = || gateway.journal().of_kind("denied").count();
    let before = denials();
    people.open(&receipt(number, 1)).await;
    gateway.hardware.show(&[epc(gatewarden_tests::BOLT, serial)]);
    until("it is denied", || async { (denials() > before).then_some(()) }).await;
    gateway.hardware.reader.clear_field();
    until("red", || async { gateway.is_red().then_some(()) }).await;
    let journal = gateway.journal();
    journal.of_kind("denied").last().unwrap()["reason"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_resumes_with_the_pin() {
    let settings = Settings { idle_timeout_s: 10, idle_end_s: 600, ..Settings::default() };
    let (gateway, people) = staffed(settings).await;
    assert_eq!(phase(&gateway, "dock-1").await, "free");
    gateway.hardware.scanner.scan("OP-2001").unwrap();
    until("the badge is seen", || async {
        (phase(&gateway, "dock-1").await == "badge-seen").then_some(())
    })
    .await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    assert_eq!(phase(&gateway, "dock-1").await, "authenticated");
    until("the session is idle", || async {
        (phase(&gateway, "dock-1").await == "idle").then_some(())
    })
    .await;
    let look = keeper.ask(Method::GET, "/stations/dock-1", None).await;
    assert_eq!((look.status, &look.body["code"]), (401, &json!("session-idle")));
    gateway.hardware.show(&[epc(gatewarden_tests::BOLT, 5)]);
    until("what passes now is quarantined", || async {
        let held = people.viewer.list("/quarantine").await;
        held.first().map(|one| assert!(one["reason"].as_str().unwrap().contains("idle"), "{one}"))
    })
    .await;
    gateway.hardware.reader.clear_field();

    let wrong = keeper.post("/session/resume", &json!({"pin": "1111"})).await;
    assert_eq!(wrong.status, 401, "{}", wrong.body);
    assert_eq!(entry_of(&gateway, &wrong.body)["body"]["failures"], 1);
    let again = keeper.post_ok("/session/resume", &json!({"pin": "8264"})).await;
    assert_eq!(again.body["operator"], "li.wei");
    let movement = people.receive(&gateway, "6301", 1..3).await;
    assert_eq!(movement["operator"], "li.wei");
    let told = ["scanned", "quiet", "resumed"];
    assert_eq!(events(&gateway, "dock-1"), told);
}

/// Every door that does something, in a session that is idle: nothing happens but what leads out of it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_in_a_session_that_rests() {
    const OUT: [&str; 3] = ["session-resume", "session-end", "stations-sign-out"];
    let settings = Settings { idle_timeout_s: 10, idle_end_s: 600, ..Settings::default() };
    let (gateway, people) = staffed(settings).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    let api = people.viewer.get("/openapi.json").await;
    until("the session is idle", || async {
        (phase(&gateway, "dock-1").await == "idle").then_some(())
    })
    .await;
    let before = gateway.journal().0.len();
    let mut tried = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if method == "get" || operation["x-requires"] == "open" || OUT.contains(&id) {
                continue;
            }
            let path = path.replace("{station}", "dock-1");
            let path: String = path
                .split('/')
                .map(|part| if part.starts_with('{') { "x" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = keeper.ask(method, &path, Some(&json!({}))).await;
            let told = (answer.status, &answer.body["code"]);
            assert_eq!(told, (401, &json!("session-idle")), "{id}: {}", answer.body);
            let denied = &entry_of(&gateway, &answer.body)["body"];
            assert_eq!(
                (&denied["kind"], &denied["by"]["id"]),
                (&json!("denied"), &json!("li.wei"))
            );
            if id == "stations-close-pass" {
                assert_eq!(denied["document"], "POST /stations/{station}/close-pass");
            }
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} doors");
    assert_eq!(gateway.journal().0.len(), before + tried, "one entry each, and nothing else");
    keeper.post_ok("/session/resume", &json!({"pin": "8264"})).await;
    let close = keeper.post("/stations/dock-1/close-pass", &Value::Null).await;
    assert_eq!(close.status, 202, "{}", close.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_higher_level_is_refused_and_says_how() {
    let operators =
        "levels = [{ of = \"receipt\", level = 3 }, { of = \"system:modify\", level = 3 }]";
    let settings = Settings { operators: operators.to_owned(), ..Settings::default() };
    let (gateway, people) = staffed(settings).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    let reason = denied(&gateway, &people, "6401", 1).await;
    assert!(reason.contains("needs level 3") && reason.contains("one-time code"), "{reason}");

    let root = people.sign_in("root", None).await;
    let unlock = root.post("/operators/li.wei/unlock", &Value::Null).await;
    assert_eq!((unlock.status, &unlock.body["code"]), (403, &json!("step-up-needed")));
    let decision = &entry_of(&gateway, &unlock.body)["body"]["decision"];
    assert_eq!(decision["allowed"], true, "the policies had said yes: {decision}");
    // Who may not do it at all is told that, not to step up.
    let keeper = people.sign_in("sam.sales", None).await;
    let no = keeper.post("/operators/li.wei/unlock", &Value::Null).await;
    assert_eq!((no.status, &no.body["code"]), (403, &json!("denied")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_two_people_moves_with_both_of_them_on_record() {
    let operators = "two_persons = { kinds = [\"receipt\"] }".to_owned();
    let (gateway, people) = staffed(Settings { operators, ..Settings::default() }).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    let reason = denied(&gateway, &people, "6501", 1).await;
    assert!(reason.contains("needs two people"), "{reason}");

    let himself = json!({"badge": "OP-2001", "pin": "8264"});
    let alone = keeper.post("/session/second", &himself).await;
    assert_eq!((alone.status, &alone.body["code"]), (403, &json!("same-person")));
    let wrong = keeper.post("/session/second", &json!({"badge": "OP-5001", "pin": "1111"})).await;
    assert_eq!(wrong.status, 401, "{}", wrong.body);
    let joined =
        keeper.post_ok("/session/second", &json!({"badge": "OP-5001", "pin": "5814"})).await;
    assert_eq!(joined.body["second"]["operator"], "ma.second");
    let shown = keeper.get("/stations/dock-1").await;
    assert_eq!(shown["session"]["second"]["operator"], "ma.second");

    let movement = people.receive(&gateway, "6502", 11..13).await;
    assert_eq!((&movement["operator"], &movement["auth_level"]), (&json!("li.wei"), &json!(2)));
    assert_eq!(
        (&movement["station"], &movement["session"]),
        (&json!("dock-1"), &joined.body["id"])
    );
    assert_eq!(movement["devices"], json!(["portal-1"]));
    assert_eq!(movement["second"]["operator"], "ma.second");
    assert_eq!(movement["second"]["decision"]["allowed"], true);

    assert_eq!(keeper.delete("/session/second").await.status, 204);
    let reason = denied(&gateway, &people, "6503", 21).await;
    assert!(reason.contains("needs two people"), "{reason}");
    assert!(gateway.cli(&["ledger", "verify"], "").status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_in_two_places_is_refused_alarmed_and_locks_the_first() {
    let operators = "walking_s_min = 600".to_owned();
    let (gateway, people) = staffed(Settings { operators, ..Settings::default() }).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    gateway.hardware.counter_scanner.scan("OP-2001").unwrap();
    // The light alone may still tell of a device that was refused before it was approved.
    until("it is told", || async {
        (!events(&gateway, "dock-1").is_empty() && gateway.is_alarmed()).then_some(())
    })
    .await;
    let counter = people.viewer.get("/stations/counter-1").await;
    assert_eq!(counter["light"], "alarm");
    let look = keeper.ask(Method::GET, "/stations/dock-1", None).await;
    assert_eq!((look.status, &look.body["code"]), (401, &json!("session-locked")));
    assert_eq!(events(&gateway, "dock-1"), ["too-fast"]);

    // The right PIN does not help there either: it may have been watched.
    let body = json!({"badge": "OP-2001", "pin": "8264"});
    let there = gateway.anybody().post("/stations/counter-1/session", &body).await;
    assert_eq!((there.status, &there.body["code"]), (403, &json!("too-fast")));
    let told = gateway.journal();
    let suspected = told.of_kind("sign-in-refused").next().unwrap();
    assert_eq!(
        (&suspected["station"], &suspected["operator"]),
        (&json!("counter-1"), &json!("li.wei"))
    );

    keeper.post_ok("/session/resume", &json!({"pin": "8264"})).await;
    let movement = people.receive(&gateway, "6601", 1..3).await;
    assert_eq!(movement["operator"], "li.wei");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_failures_locked_out_somebody_else_unlocks() {
    let settings = Settings { failures_max: 3, lockout: (3, 1000, 1000), ..Settings::default() };
    let (gateway, people) = staffed(settings).await;
    let attempt = async |pin: &str| {
        let body = json!({"badge": "OP-2001", "pin": pin});
        gateway.anybody().post("/session", &body).await.status
    };
    let lock = async || {
        for _ in 0..3 {
            assert_eq!(attempt("1111").await, 401);
        }
        assert_eq!(attempt("8264").await, 429, "the right PIN opens nothing");
    };
    lock().await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(attempt("8264").await, 429, "waiting does not help");
    let refused = gateway.journal();
    let last = refused.of_kind("sign-in-refused").last().unwrap();
    assert_eq!(last["until_unlocked"], true, "{last}");

    let root = people.sign_in("root", None).await;
    let own = root.post(&["/operators", "root", "unlock"].join("/"), &Value::Null).await;
    assert_eq!((own.status, &own.body["code"]), (403, &json!("same-person")));
    let sales = people.sign_in("sam.sales", None).await;
    assert_eq!(sales.post("/operators/li.wei/unlock", &Value::Null).await.status, 403);
    let done = root.post("/operators/li.wei/unlock", &Value::Null).await;
    assert_eq!(done.status, 204, "{}", done.body);
    assert_eq!(attempt("8264").await, 201);

    lock().await;
    // The box's own account alone could else try PINs for ever.
    assert!(!gateway.cli(&["operator", "unlock", "li.wei"], "").status.success());
    gateway.cli_ok(&["operator", "unlock", "li.wei", "--badge", "OP-1000"], "6925\n");
    assert_eq!(attempt("8264").await, 201);
    let journal = gateway.journal();
    let by: Vec<&Value> = journal.of_kind("unlocked").map(|body| &body["by"]["kind"]).collect();
    assert_eq!(by, ["operator", "operator"]);
    assert!(gateway.cli(&["ledger", "verify"], "").status.success());
}
