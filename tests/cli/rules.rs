//! `rules facts`, `check`, `backtest` and `explain`, in a house with a field and rules of its own.

use std::{fs, path::Path};

use gatewarden_tests::{Gateway, Settings, until};
use serde_json::{Value, json};

use super::{err, out, run};

const PIN: &str = "8264\n";
const TABLES: &str = r#"
[access]
template = "make-to-order"

[procedures]
documents = "documents.toml"
rules = "rules.toml"
"#;
const DOCUMENTS: &str = r#"
[[fields]]
name = "urgency"
title = "How urgent it is"
kinds = ["purchase-request"]
type = "integer"
min = 0
max = 9
"#;
const RULES: &str = r#"
[[rules]]
id = "urgent"
title = "A request that can't wait."
when = "after"
on = ["document-written"]
scope = { document_kinds = ["purchase-request"] }
params = { from = 7 }
if = "has(document.custom.urgency) && document.custom.urgency >= param.from"
then = [{ kind = "flag" }]

[[rules]]
id = "not-more"
title = "Nobody asks for more than he did."
when = "before"
on = ["change"]
scope = { document_kinds = ["purchase-request"] }
if = "lines.exists(l, l.quantity > 500)"
then = [{ kind = "refuse", reason = "ask anew" }]
"#;

async fn gateway() -> Gateway {
    let settings = Settings { more: TABLES.to_owned(), ..Settings::default() };
    let mut gateway = Gateway::prepare(settings).await;
    let _ = gateway.file("documents.toml", DOCUMENTS);
    let _ = gateway.file("rules.toml", RULES);
    gateway.run().await;
    let pia = json!({"operator": "pia.planner", "name": "pia.planner", "roles": ["planner"],
        "badges": ["OP-2001"], "pin": "8264"});
    gateway.enrolled(&[pia]).await;
    gateway
}

fn import(gateway: &Gateway, quantity: u32, urgency: u32) -> (bool, String) {
    let text = format!(
        "number,requester,title,item,quantity,line.due,custom.urgency\n\
         PR-1,pia.planner,For June,BOLT-M8,{quantity},2099-01-15,{urgency}\n"
    );
    let file = gateway.file("requests.csv", &text).display().to_string();
    let arguments =
        ["document", "import", &file, "--kind", "purchase-request", "--badge", "OP-2001"];
    let output = gateway.cli(&arguments, PIN);
    (output.status.success(), out(&output) + &err(&output))
}

fn backtest(gateway: &Gateway) -> Value {
    serde_json::from_str(&gateway.cli_ok(&["rules", "backtest", "--json"], "")).unwrap()
}

/// The newest entries that tell of a rule, with what is told.
fn explained(gateway: &Gateway, rule: &str) -> Vec<(u64, Value)> {
    let length = backtest(gateway)["entries"].as_u64().unwrap();
    let told = |seq: u64| {
        let output = gateway.cli(&["rules", "explain", &seq.to_string(), "--json"], "");
        let value: Value = serde_json::from_str(&out(&output)).ok()?;
        (value["rule"] == rule).then_some((seq, value))
    };
    (length.saturating_sub(8)..length).filter_map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_house_are_checked_run_over_the_journal_and_explained() {
    let gateway = gateway().await;
    assert!(gateway.cli_ok(&["rules", "facts"], "").contains("document.custom.urgency"));
    assert!(gateway.cli_ok(&["rules", "check"], "").contains("rules.toml"));
    let wrong = RULES.replace("param.from\"", "param.from && document.custom.urgncy > 1\"");
    let wrong = gateway.file("wrong.toml", &wrong).display().to_string();
    let checked = gateway.cli(&["rules", "check", &wrong], "");
    assert!(!checked.status.success());
    assert!(out(&checked).contains("did you mean document.custom.urgency?"), "{}", out(&checked));

    let (good, told) = import(&gateway, 100, 8);
    assert!(good, "{told}");
    let fired =
        until("the request is flagged", || async { explained(&gateway, "urgent").pop() }).await;
    assert_eq!(fired.1["facts"]["document.custom.urgency"], 8, "{fired:?}");
    assert_eq!(fired.1["facts"]["param.from"], 7);
    assert_eq!(fired.1["in_force"], true, "the journal has the rules of then");

    // What a rule refuses is told by the denial as by the firing.
    let (good, told) = import(&gateway, 600, 8);
    assert!(!good && told.contains("ask anew"), "{told}");
    let refused = explained(&gateway, "not-more");
    let [(firing, one), (denial, other)] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!((firing + 1, one), (*denial, other));
    assert_eq!(one["effects"][0]["effect"], "refuse", "{one}");

    what_no_rule_denied_is_told_too(&gateway);

    let report = backtest(&gateway);
    assert_eq!(report["rules"]["urgent"]["fired"], 1, "{report}");
    assert_eq!(report["rules"]["not-more"]["fired"], 0);
    let because = report["rules"]["not-more"]["not_asked_because"].as_str().unwrap();
    assert!(because.contains("before change"), "{because}");

    gateway.reconfigure("rules = \"rules.toml\"", "");
    let checked = gateway.cli_ok(&["rules", "check"], "");
    assert!(checked.contains("the shipped rules, in force as they are: no mistakes"), "{checked}");
}

/// A denial for want of a right is told with its reason, and with the command that tells more.
fn what_no_rule_denied_is_told_too(gateway: &Gateway) {
    let text = "number,partner,title,item,quantity,amount\nSO-1,ACME,Bolts,BOLT-M8,5,10\n";
    let file = gateway.file("orders.csv", text).display().to_string();
    let order = ["document", "import", &file, "--kind", "sales-order", "--badge", "OP-2001"];
    let output = gateway.cli(&order, PIN);
    assert!(!output.status.success(), "{}", out(&output));
    let journal = gateway.journal();
    let denied = journal.0.iter().rfind(|entry| entry["body"]["kind"] == "denied").unwrap();
    let seq = denied["seq"].to_string();
    let told = gateway.cli_ok(&["rules", "explain", &seq], "");
    let reason = denied["body"]["reason"].as_str().unwrap();
    for wanted in ["denied to", reason, "no rule fired", &format!("gatewarden access why {seq}")] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    assert!(
        gateway.cli(&["access", "why", &seq], "").status.success(),
        "what is named can be asked"
    );
    let told = gateway.cli_ok(&["rules", "explain", &seq, "--json"], "");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["kind"], "denied", "{told}");
    let neither = gateway.cli(&["rules", "explain", "0"], "");
    assert_eq!(neither.status.code(), Some(1));
    assert!(err(&neither).contains("nothing that was denied or held"), "{}", err(&neither));
}

#[test]
fn where_a_house_has_no_rules_of_its_own_the_shipped_ones_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("gateway.toml");
    let check = ["rules", "check", "--config", nowhere.to_str().unwrap()];
    let checked = run(&check);
    assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
    assert!(
        out(&checked).contains("the shipped rules, in force only with [procedures]: no mistakes")
    );
    let mistakes = out(&run(&[&check[..], &["--json"]].concat()));
    assert_eq!(mistakes.trim(), "[]");
}

#[test]
fn without_a_configuration_the_shipped_rules_and_facts_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = ["--config", "/nowhere/gateway.toml"];
    let facts = out(&run(&[&["rules", "facts"][..], &nowhere].concat()));
    assert!(facts.contains("stock.projected") && !facts.contains("urgency"), "{facts}");
    let check =
        |path: &Path| run(&[&["rules", "check", path.to_str().unwrap()][..], &nowhere].concat());
    let file = folder.path().join("rules.toml");
    fs::write(&file, RULES).unwrap();
    let checked = check(&file);
    assert_eq!(checked.status.code(), Some(1), "the field is the house's");
    assert!(
        out(&checked).contains("unknown fact \"document.custom.urgency\""),
        "{}",
        out(&checked)
    );
}
