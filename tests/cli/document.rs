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
async fn gateway() -> Gateway {
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
    what_is_refused_after_the_trial_takes_the_rest_back(&gateway).await;
    gateway.cli_ok(&["ledger", "verify"], "");
}

/// A requisition needs a work order that is approved. One that comes in the same file is only a draft, which a trial
/// can't know: what was written before is cancelled.
async fn what_is_refused_after_the_trial_takes_the_rest_back(gateway: &Gateway) {
    let order = json!({"document": {"kind": "work-order", "number": "WO-1"}, "version": 1,
        "title": "Pumps", "due": "2099-02-01",
        "lines": [{"line": 1, "item": "BOLT-M8", "quantity": 5}]});
    let requisition = json!({"document": {"kind": "requisition", "number": "MR-1"}, "version": 1,
        "requester": "fu.foreman", "station": "counter-1",
        "links": [{"document": {"kind": "work-order", "number": "WO-1"}}],
        "lines": [{"line": 1, "item": "GLOVE-L", "quantity": 5, "from": "wh1/dock"}]});
    let file =
        gateway.file("both.json", &format!("{order}\n{requisition}\n")).display().to_string();
    let arguments = ["document", "import", &file, "--json", "--badge", "OP-2003"];
    let output = gateway.cli(&arguments, PIN);
    let report: Value = serde_json::from_str(&out(&output)).unwrap_or_default();
    assert_eq!(report["outcome"], "nothing-written", "{report} {}", err(&output));
    assert_eq!(report["new"], 1, "the order was written, then the requisition refused: {report}");
    let view = gateway.local().get("/api/v1/documents/work-order/WO-1").await;
    assert_eq!(view["state"], "cancelled", "{view}");
}
