//! What needs a second person, over HTTP and on the command line: asked for by one, approved by
//! another, and nothing in force before.

use gatewarden_tests::{Gateway, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{entry_of, staffed};

const EVA: &str = r#"{"operator": "eva.admin", "name": "Eva", "roles": ["administrator"], "badges": ["OP-1001"]}"#;

fn change_of(answer: &gatewarden_tests::Answer) -> String {
    format!("/changes/{}", answer.body["change"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_alone_lets_nobody_in_and_becomes_nobody_else() {
    let (gateway, people) = staffed(Settings::default()).await;
    let root = people.sign_in("root", None).await;
    let zoe = json!({"operator": "zoe", "name": "Zoe", "roles": ["storekeeper"],
        "badges": [{"number": "OP-9001", "kind": "printed"}], "reason": "starts on Monday"});
    let asked = root.post_ok("/operators", &zoe).await;
    assert_eq!(asked.status, 202);
    let decision = format!("{}/decision", change_of(&asked));
    let own = root.post(&decision, &json!({"approve": true})).await;
    assert_eq!((own.status, &own.body["code"]), (403, &json!("denied")), "{}", own.body);
    let policies = &entry_of(&gateway, &own.body)["body"]["decision"]["policies"];
    assert_eq!(*policies, json!(["duty:never-approve-own-request"]));
    let boxes = gateway.local().post(&decision, &json!({"approve": true})).await;
    assert_eq!(boxes.status, 403, "{}", boxes.body);
    let keeper = people.sign_in("li.wei", None).await;
    assert_eq!(keeper.post(&decision, &json!({"approve": true})).await.status, 403);
    assert_eq!(keeper.ask(Method::GET, "/changes", None).await.status, 403);

    let waits = people.viewer.list("/changes").await;
    let [open] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!((&open["by"]["id"], &open["reason"]), (&json!("root"), &json!("starts on Monday")));
    let badge = json!({"kind": "printed", "cloneable": true, "tail": "001", "new": true});
    assert_eq!((&open["change"]["badges"], &open["before"]), (&json!([badge]), &Value::Null));
    let gives = &open["change"]["gives"]["storekeeper"];
    assert_eq!(gives["grants"]["price"], json!(["view"]), "{open}");
    assert_eq!(open["change"]["conflicts"], json!([]));
    let whole = open.to_string();
    for secret in ["tails", "9001", "kinds", "\"token\""] {
        assert!(!whole.contains(secret), "{secret}: {whole}");
    }
    assert_eq!(
        gateway
            .anybody()
            .post("/session", &json!({"badge": "OP-9001", "pin": "2583"}))
            .await
            .status,
        401
    );

    // A second administrator, whom the box's account asked for and root approves, may.
    people.enrol_one(&serde_json::from_str(EVA).unwrap(), "1597").await;
    let eva =
        gateway.anybody().post_ok("/session", &json!({"badge": "OP-1001", "pin": "1597"})).await;
    let eva = gateway.anybody().with_cookie(eva.cookie.as_deref().unwrap());
    let no = eva.post(&decision, &json!({"approve": false})).await;
    assert_eq!((no.status, &no.body["code"]), (422, &json!("reason-missing")));
    let yes = eva.post_ok(&decision, &json!({"approve": true, "reason": "met her"})).await;
    let hers = yes.body["activation_half"].as_str().unwrap();
    assert_eq!(yes.body["other_half"], "asker");
    let his = asked.body["activation_half"].as_str().unwrap();
    let code = format!("{his} {hers}");
    assert_eq!(eva.post(&decision, &json!({"approve": true})).await.status, 404, "decided twice");

    // Neither who asked nor who approved can set her PIN alone; with both halves she does, once.
    let door = gateway.anybody();
    for code in ["AAAA-AAAA-AAAA-AAAA", his, hers, &format!("{his}{his}"), &format!("{hers}{hers}")]
    {
        let wrong = json!({"operator": "zoe", "code": code, "pin": "2583"});
        let answer = door.post("/activate", &wrong).await;
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!("activation-refused")));
    }
    let weak = json!({"operator": "zoe", "code": code, "pin": "1234"});
    assert_eq!(
        door.post("/activate", &weak).await.status,
        422,
        "a weak PIN does not cost the code"
    );
    let swapped = format!("{hers}{his}").to_lowercase();
    let right = json!({"operator": "zoe", "code": swapped, "pin": "2583"});
    door.post_ok("/activate", &right).await;
    assert_eq!(door.post("/activate", &right).await.status, 401, "the code counts once");
    door.post_ok("/session", &json!({"badge": "op-9001", "pin": "2583"})).await;
    gateway.cli_ok(&["ledger", "verify"], "");
    let traced = gateway.cli_ok(&["ledger", "trace", "operator", "zoe"], "");
    assert!(traced.contains("asks for zoe (Zoe) as storekeeper: starts on Monday"), "{traced}");
    assert!(traced.contains("set a PIN with the one-time code"), "{traced}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_when_approved_and_until_its_time() {
    let (gateway, people) = staffed(Settings::default()).await;
    let body =
        json!({"client": "till", "scopes": ["inbound:view"], "until": "2020-01-01T00:00:00Z"});
    let past = gateway.local().post("/clients", &body).await;
    assert_eq!((past.status, &past.body["code"]), (422, &json!("client-invalid")), "{}", past.body);
    let body = json!({"client": "till", "scopes": ["inbound:view"], "until": "tomorrow"});
    let odd = gateway.local().post("/clients", &body).await;
    assert_eq!((odd.status, &odd.body["field"]), (400, &json!("until")), "{}", odd.body);
    let body =
        json!({"client": "till", "scopes": ["inbound:view"], "until": "2999-01-01T00:00:00Z"});
    let asked = gateway.local().post_ok("/clients", &body).await;
    let token = asked.body["token"].as_str().unwrap();
    let machine = gateway.anybody().with_token(token);
    assert_eq!(machine.ask(Method::GET, "/stations", None).await.status, 401, "nobody approved");
    let root = people.sign_in("root", None).await;
    root.post_ok(&format!("{}/decision", change_of(&asked)), &json!({"approve": true})).await;
    machine.get("/stations").await;
    machine.get("/stations").await;
    let clients = people.viewer.list("/clients").await;
    let till = clients.iter().find(|client| client["id"] == "till").unwrap();
    assert!(till["used"]["wall_us"].is_i64() && till["until_us"].is_i64(), "{till}");
    let journal = gateway.journal();
    assert_eq!(journal.of_kind("client-used").filter(|b| b["client"] == "till").count(), 1);
    gateway.cli_ok(&["client", "revoke", "till"], "");
    assert_eq!(machine.ask(Method::GET, "/stations", None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_asks_approves_rejects_and_takes_back() {
    let (gateway, people) = staffed(Settings::default()).await;
    let add = |who: &str, badge: &str| {
        let args = ["operator", "add", who, "--role", "buyer", "--badge", badge];
        let said = gateway.cli_ok(&args, "");
        let (id, half) = said.split_once('\n').unwrap();
        (id.to_owned(), half.trim().rsplit(' ').next().unwrap().to_owned())
    };
    let (one, first) = add("uno", "printed:OP-8001");
    let ((two, _), (three, _)) = (add("due", "OP-8002"), add("tre", "OP-8003"));
    let listed = gateway.cli_ok(&["change", "list"], "");
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.starts_with(&format!("{one}\toperator\tuno\tbuyer\tlocal\t")), "{listed}");
    let root = ["--badge", "OP-1000"];
    let said = gateway.cli_ok(&[&["change", "approve", &one][..], &root].concat(), "6925\n");
    let second = said.trim().rsplit(' ').next().unwrap();
    let alone = gateway.cli(&["operator", "activate", "uno"], &format!("{second}\n7392\n"));
    assert!(!alone.status.success(), "{alone:?}");
    gateway.cli_ok(&["operator", "activate", "uno"], &format!("{second} {first}\n7392\n"));
    let no = [&["change", "reject", &two, "--reason", "unknown here"][..], &root].concat();
    gateway.cli_ok(&no, "6925\n");
    gateway.cli_ok(&["change", "withdraw", &three], "");
    assert_eq!(gateway.cli_ok(&["change", "list"], ""), "");
    let door = gateway.anybody();
    let session = door.post_ok("/session", &json!({"badge": "OP-8001", "pin": "7392"})).await;

    // A PIN of one's own, changed by oneself.
    let uno = door.with_cookie(session.cookie.as_deref().unwrap());
    uno.post_ok("/session/pin", &json!({"old": "7392", "new": "9274"})).await;
    let wrong = uno.post("/session/pin", &json!({"old": "7392", "new": "8163"})).await;
    assert_eq!((wrong.status, &wrong.body["code"]), (422, &json!("pin-wrong")), "{}", wrong.body);
    assert_eq!(
        uno.ask(Method::GET, "/stations", None).await.status,
        401,
        "a guess ends the session"
    );
    assert_eq!(
        door.post("/session", &json!({"badge": "OP-8001", "pin": "7392"})).await.status,
        401
    );
    door.post_ok("/session", &json!({"badge": "OP-8001", "pin": "9274"})).await;
    gateway.cli_ok(&["ledger", "verify"], "");
    drop(people);
}

/// Where nobody asked, two approve and each has a half: who has the box's account and approves last has
/// no more than his own, and who asks while no daemon runs has his half all the same.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_approve_each_has_a_half() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    assert!(gateway.stop().await.success());
    let add = ["operator", "add", "eva.admin", "--role", "administrator", "--badge", "OP-1001"];
    let said = gateway.cli_ok(&add, "");
    let (change, half) = said.split_once('\n').unwrap();
    let half = half.trim().rsplit(' ').next().unwrap();
    gateway.run().await;
    let root = people.sign_in("root", None).await;
    let yes = root.post_ok(&format!("/changes/{change}/decision"), &json!({"approve": true})).await;
    let code = format!("{half}{}", yes.body["activation_half"].as_str().unwrap());
    let door = gateway.anybody();
    door.post_ok("/activate", &json!({"operator": "eva.admin", "code": code, "pin": "1597"})).await;
    let eva = door.post_ok("/session", &json!({"badge": "OP-1001", "pin": "1597"})).await;
    let eva = door.with_cookie(eva.cookie.as_deref().unwrap());

    let zoe =
        json!({"operator": "zoe", "name": "Zoe", "roles": ["storekeeper"], "badges": ["OP-9001"]});
    let asked = gateway.local().post_ok("/operators", &zoe).await;
    assert_eq!(asked.body["takes_two"], true);
    let decision = format!("{}/decision", change_of(&asked));
    let first = eva.post_ok(&decision, &json!({"approve": true})).await;
    assert_eq!(
        (&first.body["state"], &first.body["other_half"]),
        (&json!("needs-another"), &json!("next-approver"))
    );
    let last = root.post_ok(&decision, &json!({"approve": true})).await;
    assert_eq!(last.body["other_half"], "first-approver");
    let [asker, first, last] =
        [&asked, &first, &last].map(|answer| answer.body["activation_half"].as_str().unwrap());
    let set = |code: String| json!({"operator": "zoe", "code": code, "pin": "2583"});
    let both = door.post("/activate", &set(format!("{asker}{last}"))).await;
    assert_eq!(both.status, 401, "the asker's half does not count: root may have asked");
    door.post_ok("/activate", &set(format!("{first}{last}"))).await;
    gateway.cli_ok(&["ledger", "verify"], "");
}

/// Other roles in the configuration wait: those that were approved stay in force.
#[tokio::test(flavor = "multi_thread")]
async fn other_roles_of_the_configuration_wait_for_a_second_person() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    assert!(gateway.stop().await.success());
    let more = "[roles.buyer]\ntitle = \"Buys.\"\ngrants.ledger = [\"view\"]\n\n[ledger]";
    gateway.reconfigure("[ledger]", more);
    gateway.run().await;
    people
        .enrol_one(
            &json!({"operator": "bob", "name": "Bob", "roles": ["buyer"], "badges": ["OP-8101"]}),
            "7392",
        )
        .await;
    let bob = |gateway: &Gateway| {
        let door = gateway.anybody();
        async move {
            let body = json!({"badge": "OP-8101", "pin": "7392"});
            let cookie = door.post_ok("/session", &body).await.cookie.unwrap();
            door.with_cookie(&cookie)
        }
    };
    let buyer = bob(&gateway).await;
    assert_eq!(buyer.ask(Method::GET, "/movements", None).await.status, 403, "it is in force");
    let waits = people.viewer.list("/changes").await;
    let [open] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!(
        (&open["change"]["what"], &open["by"]["kind"]),
        (&json!("policies"), &json!("daemon"))
    );
    assert_ne!(open["change"]["roles"]["buyer"], open["before"]["roles"]["buyer"]);
    let root = people.sign_in("root", None).await;
    let path = format!("/changes/{}/decision", open["id"].as_str().unwrap());
    root.post_ok(&path, &json!({"approve": true})).await;
    buyer.get("/movements").await;
    gateway.kill();
    gateway.run().await;
    assert!(people.viewer.list("/changes").await.is_empty());
    bob(&gateway).await.get("/movements").await;
    gateway.cli_ok(&["ledger", "verify"], "");
}

/// Who looks at the lists, or decides on a request, sees how somebody stands and what he would have.
#[tokio::test(flavor = "multi_thread")]
async fn lists_and_requests_tell_how_everybody_stands() {
    let (gateway, people) = staffed(Settings::default()).await;
    let args = ["operator", "add", "zoe", "--role", "storekeeper", "--badge"];
    let asked = gateway.cli_ok(&[&args[..], &["em4100/dez10:0018226646"]].concat(), "");
    let id = asked.lines().next().unwrap();
    let listed = gateway.cli_ok(&["change", "list"], "");
    assert!(listed.trim_end().ends_with("em4100! …6646 ,7638 new"), "{listed}");
    let shown = gateway.cli_ok(&["change", "show", id], "");
    for wanted in [
        "what     operator zoe",
        "by       local",
        "  storekeeper: Receives, issues, counts",
        "    inbound: view, create, modify, execute",
        "badges   em4100! …6646 ,7638 new (! a copy can be made)",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    assert!(!shown.contains("0018226646"), "{shown}");
    let unknown = ["change", "show", "0197f3c0-0000-7000-8000-000000000000"];
    assert!(!gateway.cli(&unknown, "").status.success());

    // Who may not ask does not learn either whose badge or name is taken.
    let sales = people.sign_in("sam.sales", None).await;
    for badge in ["OP-2001", "OP-7777"] {
        let body = json!({"operator": "eve", "name": "Eve", "roles": [], "badges": [badge]});
        let answer = sales.post("/operators", &body).await;
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!("denied")), "{badge}");
        assert!(answer.body["recorded"].is_u64(), "{}", answer.body);
    }

    let root = people.sign_in("root", None).await;
    root.post_ok(&format!("/changes/{id}/decision"), &json!({"approve": true})).await;
    let row = |who: &'static str| async {
        let all = people.viewer.list("/operators").await;
        all.into_iter().find(|row| row["id"] == *who).unwrap()
    };
    let zoe = row("zoe").await;
    assert_eq!((&zoe["pin"], &zoe["lock"]), (&json!(false), &Value::Null), "{zoe}");
    assert!(zoe["activation"]["remaining_ms"].as_u64().unwrap() > 604_000_000, "{zoe}");
    assert!(zoe["since"].as_str().unwrap().ends_with('Z'), "{zoe}");
    let listed = gateway.cli_ok(&["operator", "list"], "");
    let line = listed.lines().find(|line| line.starts_with("zoe\t")).unwrap();
    assert!(line.contains("no PIN, waits for activation, 168 h left\tsince 20"), "{line}");

    let wrong = json!({"badge": "OP-2001", "pin": "0001"});
    assert_eq!(gateway.anybody().post("/session", &wrong).await.status, 401);
    let li = row("li.wei").await;
    assert_eq!((&li["pin"], &li["activation"]), (&json!(true), &Value::Null), "{li}");
    assert_eq!(
        (&li["lock"]["failures"], &li["lock"]["until_unlocked"]),
        (&json!(1), &json!(false))
    );
    assert!(li["lock"]["remaining_ms"].is_u64(), "{li}");

    // Asked for with another card: which is new, and which he has.
    let again = json!({"operator": "zoe", "name": "Zoe", "roles": ["storekeeper"],
        "badges": [{"number": "0018226646", "kind": "em4100", "format": "dez10"}, "PAPER-0815"]});
    root.post_ok("/operators", &again).await;
    let open = people.viewer.list("/changes").await.remove(0);
    let tails = |badges: &Value| {
        let one = |badge: &Value| (badge["tail"].clone(), badge["new"].clone());
        let mut all: Vec<_> = badges.as_array().unwrap().iter().map(one).collect();
        all.sort_by_key(|(tail, _)| tail.to_string());
        all
    };
    let expect = [(json!("0815"), json!(true)), (json!("6646 ,7638"), json!(false))];
    assert_eq!(tails(&open["change"]["badges"]), expect);
    assert_eq!(tails(&open["before"]["badges"]), [(json!("6646 ,7638"), Value::Null)]);

    let clients = people.viewer.list("/clients").await;
    let viewer = clients.iter().find(|client| client["id"] == "viewer").unwrap();
    assert!(viewer["last_used"].is_string() && viewer["since"].is_string(), "{viewer}");
    assert_eq!((&viewer["until"], &viewer["expired"]), (&Value::Null, &json!(false)));
    let listed = gateway.cli_ok(&["client", "list"], "");
    let line = listed.lines().find(|line| line.starts_with("viewer\t")).unwrap();
    assert!(line.contains("\tdoes not expire\tlast used 20"), "{line}");
    gateway.cli_ok(&["ledger", "verify"], "");
}
