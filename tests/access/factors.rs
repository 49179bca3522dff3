//! Second factors at the daemon's doors: apps and keys are enrolled by two, raise a session once for each
//! code and signature, confirm exactly one posting, and are gone when their owner leaves.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
    time::{SystemTime, UNIX_EPOCH},
};

use gatewarden_simulators::{
    authenticator::{Authenticator, Fault, KeyKind},
    totp,
};
use gatewarden_tests::{Answer, Caller, FakeClock, Gateway, People, Settings, until};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{entry_of, staffed};

fn step() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / totp::STEP_S
}

fn page(gateway: &Gateway) -> String {
    format!("http://localhost:{}", gateway.address().port())
}

/// Says yes to what was asked for, as an administrator.
async fn approve(people: &People, asked: &Answer) {
    assert_eq!(asked.status, 202, "{}", asked.body);
    let root = people.sign_in("root", None).await;
    let path = format!("/changes/{}/decision", asked.body["change"].as_str().unwrap());
    root.post_ok(&path, &json!({"approve": true})).await;
    root.delete("/session").await;
}

async fn offered(caller: &Caller) -> (Value, String) {
    let offer = caller.post_ok("/session/factors/totp", &Value::Null).await.body;
    (offer["factor"].clone(), offer["secret"].as_str().unwrap().to_owned())
}

/// Sets an app up and has it approved; gives the secret and the step whose code proved it.
async fn with_app(people: &People, caller: &Caller) -> (String, u64) {
    let (factor, secret) = offered(caller).await;
    let (wrong, now) = (totp::code(&secret, 1).unwrap(), step());
    let body = |code: &str| json!({"kind": "totp", "factor": factor, "code": code});
    let no = caller.post("/session/factors", &body(&wrong)).await;
    assert_eq!((no.status, &no.body["field"]), (422, &json!("code")), "{}", no.body);
    let code = totp::code(&secret, now).unwrap();
    let asked = caller.post("/session/factors", &body(&code)).await;
    let early = caller.post("/session/step-up", &json!({"code": code})).await;
    assert_eq!((early.status, &early.body["code"]), (422, &json!("no-codes")), "{}", early.body);
    approve(people, &asked).await;
    (secret, now)
}

/// Registers a key and has it approved.
async fn with_key(gateway: &Gateway, people: &People, caller: &Caller) -> Authenticator {
    let mut key = Authenticator::new(KeyKind::Es256, [7; 32]);
    let options = caller.post_ok("/session/factors/passkey", &Value::Null).await.body;
    let registration = key.create(&options, &page(gateway), None).unwrap();
    let body = json!({"kind": "passkey", "name": "blue key", "registration": registration});
    let asked = caller.post("/session/factors", &body).await;
    let again = caller.post("/session/factors", &body).await;
    assert_eq!((again.status, &again.body["code"]), (422, &json!("no-question")));
    let early = caller.post("/session/step-up/options", &Value::Null).await;
    assert_eq!((early.status, &early.body["code"]), (422, &json!("no-passkey")));
    approve(people, &asked).await;
    key
}

async fn by_code(caller: &Caller, secret: &str, step: u64) -> Answer {
    let code = totp::code(secret, step).unwrap();
    caller.post("/session/step-up", &json!({"code": code})).await
}

async fn by_key(
    gateway: &Gateway,
    caller: &Caller,
    key: &mut Authenticator,
    fault: Option<Fault>,
) -> Answer {
    let options = caller.post_ok("/session/step-up/options", &Value::Null).await.body;
    let assertion = key.get(&options, &page(gateway), fault).unwrap();
    caller.post("/session/step-up", &json!({"assertion": assertion})).await
}

fn patient() -> Settings {
    Settings { lockout: (10, 5000, 900_000), ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_enrolled_by_two_and_raises_a_session_once_a_code() {
    let operators = "levels = [{ of = \"receipt\", level = 3 }]".to_owned();
    let (mut gateway, people) = staffed(Settings { operators, ..patient() }).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    let (secret, proven) = with_app(&people, &keeper).await;
    // The code that proved the app counts no more, nor does any before it.
    for old in [proven, proven - 1] {
        let no = by_code(&keeper, &secret, old).await;
        assert_eq!(no.status, 401, "{}", no.body);
    }
    let guess = keeper.post("/session/step-up", &json!({"code": "000000"})).await;
    assert_eq!((guess.status, &guess.body["code"]), (401, &json!("sign-in-refused")));
    assert_eq!(entry_of(&gateway, &guess.body)["body"]["failures"], 3, "as a wrong PIN");

    let risen = by_code(&keeper, &secret, proven + 1).await;
    assert_eq!((risen.status, &risen.body["auth_level"]), (200, &json!(3)), "{}", risen.body);
    let movement = people.receive(&gateway, "6601", 1..3).await;
    assert_eq!(movement["auth_level"], 3);
    let replayed = by_code(&keeper, &secret, proven + 1).await;
    assert_eq!(replayed.status, 401);
    assert!(
        replayed.body["message"].as_str().unwrap().contains("has been used"),
        "{}",
        replayed.body
    );
    let me = keeper.get("/session").await;
    assert_eq!((&me["session"]["auth_level"], &me["operator"]), (&json!(3), &json!("li.wei")));
    assert!(me["factors"][0]["used"]["wall_us"].is_i64(), "{me}");
    assert!(!me.to_string().contains(&secret), "{me}");

    // What was used is used after a restart too, and the app goes on with its next code.
    assert!(gateway.stop().await.success());
    gateway.run().await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    assert_eq!(by_code(&keeper, &secret, proven + 1).await.status, 401);
    until("a code after that one is due", || async { (step() > proven).then_some(()) }).await;
    assert_eq!(by_code(&keeper, &secret, step().max(proven + 2)).await.status, 200);
    gateway.cli_ok(&["ledger", "verify"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_revives_no_code() {
    let Some(clock) = FakeClock::new() else { return };
    let env = clock.env();
    let (gateway, people) = staffed(Settings { env, ..patient() }).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    let (secret, proven) = with_app(&people, &keeper).await;
    let set = async |text: &str, steps: usize| {
        clock.set(text);
        until("the step is recorded", || async {
            let journal = gateway.journal();
            let reasons = journal.of_kind("gap").filter_map(|gap| gap["reason"].as_str());
            (reasons.filter(|why| why.contains("wall clock")).count() >= steps).then_some(())
        })
        .await;
    };
    set("-3600\n", 1).await;
    // A code that the app showed an hour ago and nobody used then: by the daemon's clock it is due.
    let past = step() - 3600 / totp::STEP_S;
    let old = by_code(&keeper, &secret, past).await;
    assert_eq!(old.status, 401, "{}", old.body);
    assert!(old.body["message"].as_str().unwrap().contains("has been used"), "{}", old.body);
    set("+0\n", 2).await;
    let risen = by_code(&keeper, &secret, step().max(proven + 1)).await;
    assert_eq!(risen.status, 200, "{}", risen.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_set_up_and_taken_away_at_the_shell() {
    let (gateway, people) = staffed(Settings::default()).await;
    let mut app = gateway.command();
    app.args(["factor", "app", "--badge", "OP-2001"])
        .arg("--config")
        .arg(gateway.config())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut app = app.spawn().unwrap();
    let mut typed = app.stdin.take().unwrap();
    typed.write_all(b"8264\n").unwrap();
    let mut shown = BufReader::new(app.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = shown.find(|line| line.starts_with("secret: ")).unwrap();
    let code = totp::code(line.trim_start_matches("secret: "), step()).unwrap();
    writeln!(typed, "{code}").unwrap();
    let change = shown.next().unwrap();
    assert!(app.wait().unwrap().success());
    let root = people.sign_in("root", None).await;
    root.post_ok(&format!("/changes/{change}/decision"), &json!({"approve": true})).await;
    let listed = gateway.cli_ok(&["factor", "list"], "");
    let row: Vec<&str> = listed.trim_end_matches('\n').split('\t').collect();
    assert_eq!(row[..2], ["li.wei", "totp"], "{listed}");
    gateway.cli_ok(&["factor", "remove", "li.wei", row[2]], "");
    assert_eq!(gateway.cli_ok(&["factor", "list"], ""), "");
    let keys = fs::metadata(gateway.state().join("identity.key")).unwrap();
    assert_eq!(keys.permissions().mode() & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_raises_a_session_and_a_copy_of_it_is_alarmed() {
    let (gateway, people) = staffed(patient()).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    let mut key = with_key(&gateway, &people, &keeper).await;
    for fault in [Fault::WrongOrigin, Fault::NotVerified, Fault::OtherKey, Fault::WrongChallenge] {
        let no = by_key(&gateway, &keeper, &mut key, Some(fault)).await;
        assert_eq!((no.status, &no.body["code"]), (401, &json!("sign-in-refused")), "{fault:?}");
    }
    let options = keeper.post_ok("/session/step-up/options", &Value::Null).await.body;
    let assertion = key.get(&options, &page(&gateway), None).unwrap();
    let body = json!({"assertion": assertion});
    // Asked in this session; another of the same person is another question.
    let elsewhere = people.sign_in("li.wei", None).await;
    let stolen = elsewhere.post("/session/step-up", &body).await;
    assert_eq!((stolen.status, &stolen.body["code"]), (422, &json!("no-question")));
    let risen = keeper.post_ok("/session/step-up", &body).await;
    assert_eq!(risen.body["auth_level"], 4, "{}", risen.body);
    let again = keeper.post("/session/step-up", &body).await;
    assert_eq!((again.status, &again.body["code"]), (422, &json!("no-question")));

    let copied = by_key(&gateway, &keeper, &mut key, Some(Fault::CounterBack)).await;
    assert_eq!((copied.status, &copied.body["code"]), (403, &json!("key-copied")));
    let journal = gateway.journal();
    let alarm = journal.of_kind("denied").last().unwrap();
    assert!(alarm["reason"].as_str().unwrap().contains("copy of the security key"), "{alarm}");

    // A lost key is taken away by an administrator: what it may have raised ends.
    let id = keeper.get("/session").await["factors"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/operators/li.wei/factors/{id}");
    let no = people.sign_in("ma.second", None).await.delete(&path).await;
    assert_eq!(no.status, 403, "{}", no.body);
    let root = people.sign_in("root", None).await;
    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(keeper.ask(Method::GET, "/session", None).await.status, 401);
    gateway.cli_ok(&["ledger", "verify"], "");
}

fn adjustment(number: &str) -> Value {
    json!({"id": Uuid::new_v4(), "kind": "adjustment", "reason": "found",
        "document": {"kind": "adjustment-request", "number": number},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": "@loss/found",
            "to": "wh1/dock"}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_confirms_one_posting_and_its_signature_stays_in_the_ledger() {
    let operators = "confirm_kinds = [\"adjustment\"]".to_owned();
    let (gateway, people) = staffed(Settings { operators, ..patient() }).await;
    let lead = people.sign_in("wang.lead", None).await;
    let mut key = with_key(&gateway, &people, &lead).await;
    let keeper = people.sign_in("li.wei", None).await;
    let (one, two) = (adjustment("A-1"), adjustment("A-2"));
    let path = |posting: &Value, door: &str| {
        format!("/api/v1/postings/{}/{door}", posting["id"].as_str().unwrap())
    };
    for posting in [&one, &two] {
        keeper.post_ok("/api/v1/postings", posting).await;
    }
    let bare = lead.ask(Method::POST, &path(&one, "post"), None).await;
    assert_eq!((bare.status, &bare.body["code"]), (403, &json!("confirmation-needed")));
    let mut answer = async |door: &str| {
        let options = lead.post_ok(door, &Value::Null).await.body;
        json!({"assertion": key.get(&options, &page(&gateway), None).unwrap()})
    };
    // What was signed for one posting, or for rising, is no confirmation of another.
    let of_two = answer(&path(&two, "confirmation")).await;
    let rising = answer("/session/step-up/options").await;
    for wrong in [&of_two, &rising] {
        lead.post_ok(&path(&one, "confirmation"), &Value::Null).await;
        let no = lead.post(&path(&one, "post"), wrong).await;
        assert_eq!((no.status, &no.body["code"]), (422, &json!("key-refused")), "{}", no.body);
    }
    let right = answer(&path(&one, "confirmation")).await;
    lead.post_ok(&path(&one, "post"), &right).await;
    let journal = gateway.journal();
    let movement = journal.movements().find(|one| one["document"]["number"] == "A-1").unwrap();
    let said = &movement["confirmation"];
    assert_eq!(said["factor"], lead.get("/session").await["factors"][0]["id"]);
    assert!(said["signature"].as_str().is_some_and(|s| s.len() > 80), "{movement}");
    gateway.cli_ok(&["ledger", "verify"], "");

    // Who leaves has no key: at once, and when he comes back.
    gateway.cli_ok(&["operator", "remove", "wang.lead"], "");
    let journal = gateway.journal();
    assert_eq!(journal.of_kind("factor-removed").filter(|b| b["reason"] == "left").count(), 1);
    let who = json!({"operator": "wang.lead", "name": "wang.lead",
        "roles": ["warehouse-supervisor"], "badges": ["OP-3001"]});
    people.enrol_one(&who, "3691").await;
    let back = people.sign_in("wang.lead", None).await;
    assert_eq!(back.get("/session").await["factors"], json!([]));
    let no = back.post("/session/step-up/options", &Value::Null).await;
    assert_eq!((no.status, &no.body["code"]), (422, &json!("no-passkey")));
    gateway.cli_ok(&["ledger", "verify"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_card_is_one_badge_in_every_format_and_nobody_looks_like_another() {
    let (gateway, people) = staffed(Settings::default()).await;
    let who = |operator: &str, name: &str, badge: Value| json!({"operator": operator, "name": name, "roles": ["auditor"], "badges": [badge]});
    let card = |number: &str, kind: &str| json!({"number": number, "kind": kind});
    let zoe = json!({"number": "0018226646", "kind": "em4100", "format": "dez10"});
    people.enrol_one(&who("zoe", "Zoe Zander", zoe), "7392").await;
    let door = gateway.anybody();
    for scan in ["0018226646", "022,07638", "01161DD6", "01449430"] {
        door.post_ok("/session", &json!({"badge": scan, "pin": "7392"})).await;
    }
    gateway.hardware.scanner.scan("022,07638").unwrap();
    until("the card is seen at the station", || async {
        let told = door.get("/stations/dock-1/phase").await;
        (told["phase"] == "badge-seen").then_some(())
    })
    .await;
    let listed = people.viewer.list("/operators").await;
    let row = listed.iter().find(|row| row["id"] == "zoe").unwrap();
    let badge = json!({"kind": "em4100", "cloneable": true, "tail": "6646 ,7638"});
    assert_eq!(row["badges"], json!([badge]));
    assert!(gateway.cli_ok(&["operator", "list"], "").contains("em4100! …6646 ,7638"));

    let refused = [
        (who("yan", "Yan", card("161DD6", "hid-prox")), "badges[0]", "badge-taken"),
        (who("yan", "Yan", json!("op - 2001")), "badges[0]", "badge-taken"),
        (who("yan", "Yan", card("12", "magnetic")), "badges[0]", "badge-invalid"),
        (who("yan", "Yan", card("08:11:22:33", "uid-only")), "badges[0]", "badge-invalid"),
        (who("yan", "Ada Adrnin", json!("OP-9")), "name", "name-taken"),
        (who("yan", "Zoe Zаnder", json!("OP-9")), "name", "name-invalid"),
    ];
    for (body, field, code) in refused {
        let no = gateway.local().post("/operators", &body).await;
        let told = (no.status, &no.body["field"], &no.body["code"]);
        assert_eq!(told, (422, &json!(field), &json!(code)), "{body}: {}", no.body);
    }
    let unknown =
        gateway.cli(&["operator", "add", "yan", "--role", "auditor", "--badge", "em410:12"], "");
    let told = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(!unknown.status.success() && told.contains("mifare-classic"), "{told}");
    let uid =
        ["operator", "add", "yan", "--role", "auditor", "--badge", "uid-only:04:A1:B2:C3:D4:E5:F6"];
    gateway.cli_ok(&uid, "");
}
