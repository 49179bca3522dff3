//! No value of a hidden field leaves by any door. A journal is made through the real doors with a mark
//! in every field; then everybody who misses one of them asks everything that the API describes, with
//! right and wrong queries and bodies, and the mark is looked for in every answer, in what an ERP was
//! sent, and in the daemon's log.

mod walk;
mod world;

use gatewarden_tests::{Caller, Gateway};
use reqwest::Method;
use serde_json::json;

use walk::{doors, walk};
use world::{MARKS, Watcher, World};

/// A text with every mark's field that it tells.
fn told(text: &str) -> Vec<&'static str> {
    let found = MARKS.iter().filter(|(_, marks)| marks.iter().any(|mark| text.contains(mark)));
    found.map(|(field, _)| *field).collect()
}

/// Asserts that an answer tells nothing that the watcher may not see.
fn holds(watcher: &Watcher, what: &str, text: &str) {
    let leaks: Vec<_> = told(text).into_iter().filter(|f| watcher.hidden.contains(f)).collect();
    assert!(leaks.is_empty(), "{} was told {leaks:?} by {what}: {text}", watcher.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_field_leaves_by_no_door() {
    let world = World::make().await;
    let doors = doors(&world.people.viewer, &world.places).await;
    assert!(doors.len() > 80, "only {} doors are tried", doors.len());

    // The box's own account sees everything, so each mark stands behind some door: what is not found
    // below is hidden, not absent.
    let mut seen: Vec<&str> = vec![];
    for (_, text) in walk(&world.local, &doors).await {
        seen.extend(told(&text));
    }
    for (field, _) in MARKS {
        assert!(seen.contains(&field), "no door shows {field} even to the box's own account");
    }
    for watcher in &world.watchers {
        for (door, text) in walk(&watcher.caller, &doors).await {
            holds(watcher, &door, &text);
        }
        wrong_bodies(watcher, &world).await;
    }
    some_fields_are_seen(&world).await;
    guesses_are_told_alike(&world).await;
    erps_and_log(&world).await;
}

/// Hiding does not hide everything: each watcher sees the fields that are not hidden from him.
async fn some_fields_are_seen(world: &World) {
    for watcher in world.watchers.iter().filter(|watcher| watcher.sees_the_rest) {
        let mut text = String::new();
        for door in
            ["/movements?limit=1000", "/tasks", "/api/v1/postings", "/api/v1/stock?all=true"]
        {
            text += &watcher.caller.get(door).await.to_string();
        }
        let found = told(&text);
        for (field, _) in MARKS.iter().filter(|(field, _)| !watcher.hidden.contains(field)) {
            // What comes in from outside is worth its price: who misses one misses such values.
            let other = ["price", "cost"].contains(field)
                && ["price", "cost"].iter().any(|f| watcher.hidden.contains(f));
            assert!(other || found.contains(field), "{} sees no {field}", watcher.name);
        }
    }
}

/// Bodies that are wrong in many ways, and commands that are refused: their errors tell nothing.
async fn wrong_bodies(watcher: &Watcher, world: &World) {
    let open = &world.places.open_posting;
    let doors = [
        ("/api/v1/postings".to_owned(), json!({})),
        ("/api/v1/postings".to_owned(), json!({"id": open, "value": 1})),
        ("/api/v1/postings".to_owned(), world.guess("1.00")),
        (format!("/api/v1/postings/{open}/post"), json!({})),
        (format!("/api/v1/postings/{open}/void"), json!({})),
        (format!("/api/v1/postings/{open}/void"), json!({"reason": ""})),
        ("/tasks".to_owned(), json!({"id": 7})),
        (format!("/tasks/{}/approve", world.places.task), json!({})),
        ("/api/v1/landed-costs".to_owned(), world.landed("-999999999")),
        ("/api/v1/periods/close".to_owned(), json!({"until": "2000-01-01"})),
        ("/api/v1/tags".to_owned(), json!({"tag": 1})),
    ];
    // He may do these, and then there would be nothing left to ask for.
    let done = |path: &str| path.ends_with("/post") || path.ends_with("/approve");
    let may = watcher.name == "warehouse-supervisor";
    for (path, body) in doors.into_iter().filter(|(path, _)| !(may && done(path))) {
        let answer = watcher.caller.post(&path, &body).await;
        assert!(answer.status >= 400, "{path} {body}: {} {}", answer.status, answer.body);
        holds(watcher, &format!("POST {path}"), &format!("{}{}", answer.head, answer.body));
    }
}

/// Filters and repeats: whether a guess is right can't be told from the answer.
async fn guesses_are_told_alike(world: &World) {
    let ask = async |caller: &Caller, path: String| {
        let mut answer = caller.ask(Method::GET, &path, None).await;
        if answer.body.is_object() {
            answer.body["recorded"] = json!(0);
        }
        (answer.status, answer.body)
    };
    for (field, right, wrong) in [
        ("owner", "owner=OWNMARK-7", "owner=NOBODY-7"),
        (
            "supplier",
            "location=@supplier/SUPMARK-7&all=true",
            "location=@supplier/NOBODY-7&all=true",
        ),
        ("supplier", "location=@subcontractor/SUBMARK-7", "location=@subcontractor/NOBODY-7"),
        (
            "customer",
            "location=@customer/CUSMARK-7&all=true",
            "location=@customer/NOBODY-7&all=true",
        ),
    ] {
        for watcher in world.watchers.iter().filter(|w| w.sees_the_rest) {
            for list in ["/api/v1/stock", "/api/v1/stock/ageing"] {
                let right = ask(&watcher.caller, format!("{list}?{right}")).await;
                let wrong = ask(&watcher.caller, format!("{list}?{wrong}")).await;
                if watcher.hidden.contains(&field) {
                    assert_eq!(right, wrong, "{}", watcher.name);
                    assert_eq!((right.0, &right.1["code"]), (403, &json!("field-denied")));
                } else {
                    assert_eq!((right.0, wrong.0), (200, 200), "{}", watcher.name);
                }
            }
        }
    }
    // Keys that nobody knows: a field's name is answered as any other word.
    let blind = &world.watchers[0];
    for path in ["/movements", "/api/v1/stock", "/api/v1/stock/ageing"] {
        let field = ask(&blind.caller, format!("{path}?value=777123.45")).await;
        let word = ask(&blind.caller, format!("{path}?nonsense=1")).await;
        assert_eq!((field.0, &field), (400, &word), "{path}");
    }
    // Sending the open posting again with a guessed price: right and wrong are refused alike.
    let right = world.writer.post("/api/v1/postings", &world.guess("777123.45")).await;
    let wrong = world.writer.post("/api/v1/postings", &world.guess("1.00")).await;
    assert_eq!(right.body["code"], "posting-differs", "{}", right.body);
    assert_eq!((right.status, &right.body["message"]), (wrong.status, &wrong.body["message"]));
    // And whoever may not set a price is told so, not whether it would be the right one.
    let keeper = world.people.sign_in("li.wei", None).await;
    let refused = keeper.post("/api/v1/postings", &world.guess("777123.45")).await;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("field-denied")));
    assert!(refused.body["message"].as_str().unwrap().contains("field price"), "{}", refused.body);
    let entry = super::entry_of(&world.gateway, &refused.body);
    assert_eq!(entry["body"]["kind"], "denied");
}

/// The ERP has all of it; a partner from whom everything is hidden has none; the log tells nothing.
async fn erps_and_log(world: &World) {
    let sent = |erp: &gatewarden_simulators::webhook::SimReceiver| {
        let received = erp.received();
        assert!(received.len() >= 3, "{} movements were delivered", received.len());
        received
            .iter()
            .map(|one| String::from_utf8_lossy(&one.body).into_owned())
            .collect::<String>()
    };
    let whole = sent(&world.gateway.hardware.erp);
    for field in ["cost", "supplier", "customer", "owner"] {
        assert!(told(&whole).contains(&field), "the ERP has no {field}");
    }
    assert_eq!(told(&sent(&world.partner)), Vec::<&str>::new());
    assert!(!in_log(&world.gateway, "gatewarden"), "the log has no marks, but it has lines");
}

/// Whether any line of the log tells a mark; `word` must be in some line.
fn in_log(gateway: &Gateway, word: &str) -> bool {
    assert!(gateway.has_logged(word) || gateway.has_logged("ready"), "the log is empty");
    gateway.logged(|line| (!told(line).is_empty()).then(|| eprintln!("{line}"))).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_for_those_who_see_all_of_it() {
    let world = World::make().await;
    let path = format!("/movements/{}/proof", world.places.movements[0]);
    for watcher in &world.watchers {
        let answer = watcher.caller.ask(Method::GET, &path, None).await;
        assert_eq!(answer.status, 403, "{}: {}", watcher.name, answer.body);
        let entry = super::entry_of(&world.gateway, &answer.body);
        assert_eq!(entry["body"]["kind"], "denied", "{}", watcher.name);
    }
    let all = world.local.ask(Method::GET, &path, None).await;
    let whole = walk::in_clear(all.body.as_str().unwrap());
    assert!(all.is_success() && whole.contains("777222.22"), "{whole}");
}
