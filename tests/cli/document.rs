//! `document import` and `document export`: a file goes through the same door as everything else, whole or not at
//! all, and what comes out goes in again without a change.

use gatewarden_tests::{Gateway, Settings};
use serde_json::{Value, json};

use super::{err, out};

const PIN: &str = "8264\n";
const TABLES: &str = r#"
[access]
template = "make-to-order"

[procedures]

[roles.foreman]
title = "Plans work and asks for its material."
grants.production = ["view", "create", "modify"]
grants.outbound = ["view", "request"]
"#;
const RIGHT: &str = "\
number,requester,title,item,quantity,line.due
PR-1,pia.planner,For the June orders,BOLT-M8,100,2099-01-15
PR-1,pia.planner,For the June orders,GLOVE-L,20,2099-01-16
PR-2,pia.planner,,BOLT-M8,50,2099-01-15
";
const WRONG: &str = "\
number,requester,title,item,quantity,line.due
PR-1,pia.planner,,BOLT-M8,100,2099-01-15
PR-2,nobody.known,,NUT-M8,fifty,2099-01-15
PR-3,nobody.known,,NUT-M8,50,2099-01-15
";

/// A gateway in which somebody may ask for purchases. The shipped kinds of document are in force from its first
/// start, when nobody is there yet who could approve them.
pub(crate) async fn gateway() -> Gateway {
    let mut gateway =
        Gateway::prepare(Settings { more: TABLES.to_owned(), ..Settings::default() }).await;
    gateway.run().await;
    let person = |operator: &str, role: &str, badge: &str| json!({"operator": operator, "name": operator, "roles": [role], "badges": [badge], "pin": "8264"});
    let people = [
        person("pia.planner", "planner", "OP-2001"),
        person("rita.receiver", "receiving-clerk", "OP-2002"),
        person("fu.foreman", "foreman", "OP-2003"),
    ];
    gateway.enrolled(&people).await;
    gateway
}

/// An import by somebody: whether it was good, what was printed, what was told.
fn import(gateway: &Gateway, text: &str, badge: &str, more: &[&str]) -> (bool, String, String) {
    let file = gateway.file("requests.csv", text).display().to_string();
    let arguments = ["document", "import", &file, "--kind", "purchase-request", "--badge", badge];
    let output = gateway.cli(&[&arguments, more].concat(), PIN);
    (output.status.success(), out(&output), err(&output))
}

fn export(gateway: &Gateway, form: &str) -> String {
    let arguments =
        ["document", "export", "--kind", "purchase-request", form, "--badge", "OP-2001"];
    gateway.cli_ok(&arguments, PIN)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_through_the_door_whole_or_not_at_all() {
    let gateway = gateway().await;
    let planner = "OP-2001";
    // Everything is told, and nothing is in.
    for more in [&["--dry-run"][..], &[]] {
        let (good, printed, told) = import(&gateway, WRONG, planner, more);
        assert!(!good && printed.contains("2 refused"), "{printed}{told}");
        assert!(
            told.contains("row 3, column 5 (quantity), purchase request PR-2: \"fifty\""),
            "{told}"
        );
        assert!(told.contains("row 4, column 4 (item), purchase request PR-3:"), "{told}");
        assert!(told.contains("row 4, column 2 (requester), purchase request PR-3:"), "{told}");
        assert_eq!(export(&gateway, "--lines"), "");
    }
    let (good, printed, told) = import(&gateway, RIGHT, planner, &["--dry-run"]);
    assert!(
        good && printed.contains("tried, nothing was written: 2 documents, 3 lines; 2 new"),
        "{printed}{told}"
    );
    assert_eq!(export(&gateway, "--lines"), "");

    // Whoever may not, may not by a file either.
    let (good, printed, told) = import(&gateway, RIGHT, "OP-2002", &[]);
    assert!(!good && printed.contains("nothing was written"), "{printed}{told}");
    assert_eq!(export(&gateway, "--lines"), "");

    let (good, printed, told) = import(&gateway, RIGHT, planner, &[]);
    assert!(good && printed.contains("written: 2 documents, 3 lines; 2 new"), "{printed}{told}");
    let (good, printed, _) = import(&gateway, RIGHT, planner, &[]);
    assert!(good && printed.contains("0 new, 0 changed, 2 the same"), "{printed}");
    let (good, printed, _) = import(&gateway, &RIGHT.replace(",50,", ",60,"), planner, &[]);
    assert!(good && printed.contains("0 new, 1 changed, 1 the same"), "{printed}");

    // What comes out goes in again without a change, in each form.
    for form in ["--csv", "--json", "--lines"] {
        let text = export(&gateway, form);
        assert!(text.contains("For the June orders") && text.contains("60"), "{text}");
        let (good, printed, told) = import(&gateway, &text, planner, &["--each"]);
        assert!(
            good && printed.contains("0 new, 0 changed, 2 the same"),
            "{form}: {printed}{told}"
        );
    }

    // Document by document, what is right is in.
    let (good, printed, told) =
        import(&gateway, &WRONG.replace("PR-1", "PR-9"), planner, &["--each", "--json"]);
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert!(!good, "{report} {told}");
    assert_eq!(
        (&report["outcome"], &report["new"], &report["refused"]),
        (&json!("written-in-part"), &json!(1), &json!(2))
    );
    assert!(!gateway.dir().join("requests.csv.progress").exists());
    what_has_no_number_is_told_how_to_get_one(&gateway);
    what_a_draft_is_not_enough_for_is_told_and_nothing_is_in(&gateway).await;
    versions_are_compared(&gateway).await;
    gateway.cli_ok(&["ledger", "verify"], "");
}

/// A file comes in again without a second document of it, so each has a number; alone it is given one.
fn what_has_no_number_is_told_how_to_get_one(gateway: &Gateway) {
    let order = json!({"document": {"kind": "work-order", "number": ""}, "version": 1,
        "title": "Pumps", "due": "2099-02-01",
        "lines": [{"line": 1, "item": "BOLT-M8", "quantity": 5}]});
    let file = gateway.file("unnumbered.json", &order.to_string()).display().to_string();
    for more in [&["--dry-run"][..], &["--each"], &[]] {
        let arguments = ["document", "import", &file, "--badge", "OP-2003"];
        let output = gateway.cli(&[&arguments, more].concat(), PIN);
        let told = err(&output);
        assert!(!output.status.success(), "{told}");
        assert!(told.contains("(document.number): it has no number"), "{told}");
        assert!(told.contains("state one, or write it alone by the API"), "{told}");
    }
}

/// A requisition needs a work order that is approved; one that comes in the same file is only a draft.
async fn what_a_draft_is_not_enough_for_is_told_and_nothing_is_in(gateway: &Gateway) {
    let order = json!({"document": {"kind": "work-order", "number": "WO-1"}, "version": 1,
        "title": "Pumps", "due": "2099-02-01",
        "lines": [{"line": 1, "item": "BOLT-M8", "quantity": 5}]});
    let requisition = json!({"document": {"kind": "requisition", "number": "MR-1"}, "version": 1,
        "requester": "fu.foreman", "station": "counter-1",
        "links": [{"document": {"kind": "work-order", "number": "WO-1"}}],
        "lines": [{"line": 1, "item": "GLOVE-L", "quantity": 5, "from": "wh1/dock"}]});
    let text = format!("{order}\n{requisition}\n");
    let file = gateway.file("both.json", &text).display().to_string();
    let arguments = ["document", "import", &file, "--json", "--badge", "OP-2003"];
    let output = gateway.cli(&arguments, PIN);
    let report: Value = serde_json::from_str(&out(&output)).unwrap_or_default();
    assert_eq!(report["outcome"], "nothing-written", "{report} {}", err(&output));
    assert_eq!((&report["new"], &report["refused"]), (&json!(1), &json!(1)), "{report}");
    let codes: Vec<_> =
        report["mistakes"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["document-not-open"], "{report}");
    let local = gateway.local();
    let answer = local.ask(reqwest::Method::GET, "/api/v1/documents/work-order/WO-1", None).await;
    assert_eq!(answer.status, 404, "nothing of it is in: {}", answer.body);
    // The same by the API, with every mistake where it stands in the text.
    let broken = json!({"document": {"kind": "work-order", "number": "WO-2"}, "version": "one",
        "lines": [{"line": 1, "item": "BOLT-M8", "quantity": 1.5}, {"line": 1, "quantity": 2}]});
    let door = gateway.anybody();
    let signed = door.post_ok("/session", &json!({"badge": "OP-2003", "pin": "8264"})).await;
    let foreman = door.with_cookie(signed.cookie.as_deref().unwrap());
    let checked = local.post_ok("/api/v1/documents/check", &broken).await.body;
    let found: Vec<_> = checked["mistakes"].as_array().unwrap().iter().collect();
    for (field, code) in [
        ("version", "type-wrong"),
        ("lines[0].quantity", "quantity-malformed"),
        ("lines[1].item", "item-missing"),
    ] {
        let one = found.iter().find(|one| one["field"] == field && one["code"] == code);
        let one = one.unwrap_or_else(|| panic!("{field} is not in {checked}"));
        assert!(one["line"] == 1 && one["column"].as_u64() > Some(1), "{one}");
    }
    let checked = foreman.post_ok("/api/v1/documents/check", &requisition).await.body;
    assert_eq!(checked["mistakes"][0]["code"], "unknown-document", "{checked}");
    assert_eq!(checked["mistakes"][0]["field"], "links[0]", "{checked}");
}

/// Each version is kept, and any two are compared; whoever may not see the document may not compare it.
async fn versions_are_compared(gateway: &Gateway) {
    let diff = |more: &[&str]| {
        let arguments = ["document", "diff", "purchase-request", "PR-2", "--badge", "OP-2001"];
        gateway.cli_ok(&[&arguments, more].concat(), PIN)
    };
    let told = diff(&[]);
    assert!(told.contains("PR-2 version 1 → 2"), "{told}");
    assert!(told.contains("quantity: 50 → 60"), "{told}");
    assert_eq!(told.matches('→').count(), 2, "nothing else differs: {told}");
    let only = ["document", "diff", "purchase-request", "PR-1", "--badge", "OP-2001"];
    let only = gateway.cli_ok(&only, PIN);
    assert!(only.contains("PR-1: there is no version before 1 to compare it with"), "{only}");
    let same = diff(&["--from", "2", "--to", "2"]);
    assert!(same.contains("nothing differs"), "{same}");
    let json: Value = serde_json::from_str(&diff(&["--from", "2", "--to", "1", "--json"])).unwrap();
    assert_eq!(json["lines"][0]["what"], "changed");
    assert_eq!(
        json["lines"][0]["fields"],
        json!([{"field": "quantity", "old": "60", "new": "50"}])
    );
    let arguments = ["document", "diff", "purchase-request", "PR-2", "--badge", "OP-2001"];
    let output = gateway.cli(&[&arguments[..], &["--to", "7"]].concat(), PIN);
    assert!(err(&output).contains("there is no version 7: there are 1 to 2"), "{}", err(&output));
}
