//! What people do from the shell, each with his badge: with documents by the same doors, bound to the version that
//! was printed; with passes that wait for a decision.

use serde_json::{Value, json};

use crate::{
    house::House,
    line::{Line, PIT, RACK, bolts},
};

const KIND: &str = "adjustment-request";
const NUMBER: &str = "AD-202611-0002";
const CLERK: (&str, &str) = ("OP-2001", "8264");
const LEAD: (&str, &str) = ("OP-3001", "3691");
const DIRECTOR: (&str, &str) = ("OP-6002", "7316");

/// What a verb tells and prints, whether it is let or not.
fn typed(house: &House, verb: &str, rest: &[&str], (badge, pin): (&str, &str)) -> String {
    let named = [&["document", verb, KIND, NUMBER][..], rest, &["--badge", badge]].concat();
    let output = house.gateway.cli(&named, &format!("{pin}\n"));
    let text = [output.stderr, output.stdout].concat();
    String::from_utf8(text).unwrap()
}

fn inbox(house: &House, (badge, pin): (&str, &str)) -> String {
    house.gateway.cli_ok(&["document", "inbox", "--badge", badge], &format!("{pin}\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_goes_its_way_from_the_shell() {
    let house = House::open().await;
    let clerk = house.sign_in("li.wei").await;
    let mut content = json!({
        "document": {"kind": KIND, "number": NUMBER}, "version": 1, "title": "By hand",
        "note": "found behind the rack", "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 2,
            "from": "@loss/opening", "to": "wh1/a-01"}],
    });
    house.write(&clerk, &content).await;
    assert_eq!(inbox(&house, LEAD), "nothing waits for you\n");
    let said = typed(&house, "submit", &[], CLERK);
    assert!(said.contains("2 of BOLT-M8") && said.ends_with("handed in\n"), "{said}");
    let waits = inbox(&house, LEAD);
    assert_eq!(waits, format!("to sign\t{KIND} {NUMBER} version 1\tby li.wei\tBy hand\n"));

    // The workflow says what a signer may do beside signing; whoever handed it in takes it back.
    let said = typed(&house, "hand-over", &["--to", "mia.manager"], LEAD);
    assert!(said.contains("digest") && !said.contains("handed over"), "{said}");
    let said = typed(&house, "withdraw", &["--comment", "three, not two"], LEAD);
    assert!(!said.ends_with("withdrawn\n"), "only whoever handed it in: {said}");
    let said = typed(&house, "withdraw", &["--comment", "three, not two"], CLERK);
    assert!(said.ends_with("withdrawn\n"), "{said}");
    assert_eq!(inbox(&house, LEAD), "nothing waits for you\n");

    (content["version"], content["lines"][0]["quantity"]) = (json!(2), json!(3));
    house.submit(&clerk, &content).await;
    for who in [LEAD, DIRECTOR] {
        let said = typed(&house, "sign", &["approve"], who);
        assert!(said.contains("3 of BOLT-M8") && said.ends_with("signed\n"), "{said}");
    }
    assert_eq!(house.stock("BOLT-M8", "wh1/a-01").await, 3);
    let said = typed(&house, "cancel", &["--reason", "too late"], CLERK);
    assert!(said.contains("closed, by li.wei") && !said.ends_with("cancelled\n"), "{said}");
    for told in ["manager: approve by wang.lead", "director: approve by fin.director", "0 open"] {
        assert!(said.contains(told), "{told} is not in {said}");
    }
    house.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_ends_from_the_shell_in_the_version_that_was_seen() {
    let house = House::open().await;
    let clerk = house.sign_in("li.wei").await;
    let content = json!({
        "document": {"kind": KIND, "number": NUMBER}, "version": 1, "note": "found",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 2, "from": "@loss/opening",
            "to": "wh1/a-01"}],
    });
    house.submit(&clerk, &content).await;
    let stale = json!({"step": "cancel", "reason": "not found", "digest": "0".repeat(64)});
    let no = clerk.post(&crate::house::path(&content, "/step"), &stale).await;
    assert_eq!(no.body["code"], "version-stale", "{}", no.body);
    let said = typed(&house, "close", &["--reason", "enough"], CLERK);
    assert!(
        said.contains("state:") && !said.ends_with("closed\n"),
        "nothing is done of it: {said}"
    );
    let said = typed(&house, "cancel", &["--reason", " "], CLERK);
    assert!(said.contains("a reason is needed"), "{said}");
    let said = typed(&house, "cancel", &["--reason", "not found"], CLERK);
    assert!(said.ends_with("cancelled\n"), "{said}");
    let view = house.document(&content).await;
    assert_eq!(
        (&view["state"], &view["quantities"]["10"]["open"]),
        (&json!("cancelled"), &json!(0))
    );
    assert_eq!(view["approval"]["waiting"], json!([]), "nobody is asked any more: {view}");
    house.verify();
}

/// What deciding on a pass says, whether it is let or not.
fn decided(house: &House, verb: &str, pass: &Value, (badge, pin): (&str, &str)) -> String {
    let pass = pass["pass"]["id"].as_str().unwrap();
    let named = ["hold", verb, pass, "--reason", "looked at", "--badge", badge];
    let output = house.gateway.cli(&named, &format!("{pin}\n"));
    String::from_utf8([output.stderr, output.stdout].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_seen_and_decided_from_the_shell() {
    let line = Line::open().await;
    let (house, number) = (&line.house, "MR-202611-0001");
    let list = || house.gateway.cli_ok(&["hold", "list"], "");
    assert_eq!(list(), "no pass waits for a decision\n");
    let stray = line.pieces(&bolts(9..10), "quarantined").await;
    line.approved(number, 4).await;
    line.shows(PIT).await;
    let held = line.pieces(&bolts(1..3), "held").await;
    let (id, lost) = (held["pass"]["id"].as_str().unwrap(), stray["pass"]["id"].as_str().unwrap());
    let told = list();
    let rest = format!("counter-1\tby li.wei\t{number}\t2 expected, 2 missing");
    assert!(told.starts_with(&format!("held\t{id}\t{rest}\nquarantined\t{lost}\t")), "{told}");
    let json: Value =
        serde_json::from_str(&house.gateway.cli_ok(&["hold", "list", "--json"], "")).unwrap();
    assert_eq!(json["holds"][0]["pass"]["id"], id, "{json}");
    assert_eq!(json["quarantine"][0]["pass"]["id"], lost, "{json}");

    let said = decided(house, "accept", &held, CLERK);
    assert!(!said.contains("accepted"), "nobody decides on his own: {said}");
    let said = decided(house, "reject", &held, LEAD);
    assert!(said.ends_with(&format!("{id} rejected\n")), "{said}");
    let said = decided(house, "dismiss", &stray, LEAD);
    assert!(said.ends_with(&format!("{lost} dismissed\n")), "{said}");
    assert_eq!(list(), "no pass waits for a decision\n");
    line.is_untouched(number).await;

    line.scan(PIT);
    let held = line.pieces(&bolts(1..3), "held").await;
    let said = decided(house, "accept", &held, LEAD);
    assert!(said.contains(" accepted, movement "), "{said}");
    assert_eq!(house.stock("BOLT-M8", RACK).await, 98);
    house.verify();
}
