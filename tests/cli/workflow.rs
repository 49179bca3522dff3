//! `workflow show`, `check` and `simulate`, as somebody who keeps the procedures of a house uses them.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{err, out, run};

const PEOPLE: &str = r#"{"ann": ["production"], "mia": ["department-manager"], "max": ["department-manager"],
    "fin": ["finance-director"], "ada": ["administrator"]}"#;

fn requisition(amount: &str) -> Value {
    json!({"document": {"kind": "requisition", "number": "R-1"}, "version": 1, "requester": "ann",
        "lines": [{"line": 1, "item": "BOLT-M8", "quantity": 5, "amount": amount}]})
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_shipped_workflows_are_drawn_and_have_no_mistake() {
    let nowhere = ["--config", "/nowhere/gateway.toml"];
    let shown = run(&[&["workflow", "show", "requisition"][..], &nowhere].concat());
    let text = out(&shown);
    assert!(shown.status.success(), "{}", err(&shown));
    for part in [
        "■ manager  Department manager",
        "◆ dear",
        "1. over 5,000 or of class A  if has(document.amount)",
        "└─ otherwise",
        "straight on",
        "▼ approved",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let all = out(&run(&[&["workflow", "show"][..], &nowhere].concat()));
    assert!(all.contains("adjustment: Adjustment of stock") && all.len() > 5 * text.len());

    let svg = out(&run(&[&["workflow", "show", "adjustment", "--svg"][..], &nowhere].concat()));
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(!svg.contains("<script") && !svg.contains("href"), "nothing from elsewhere");
    assert_eq!(svg.matches("<rect class=\"c approve\"").count(), 2, "{svg}");
    let two = run(&[&["workflow", "show", "--svg"][..], &nowhere].concat());
    assert!(err(&two).contains("name one workflow"), "{}", err(&two));
    let none = run(&[&["workflow", "show", "requisitoin"][..], &nowhere].concat());
    assert!(err(&none).contains("there is no workflow"), "{}", err(&none));

    let check = run(&[&["workflow", "check"][..], &nowhere].concat());
    assert!(check.status.success(), "{}{}", out(&check), err(&check));
    let roles: Value =
        serde_json::from_str(&out(&run(&[&["workflow", "show", "--json"][..], &nowhere].concat())))
            .unwrap();
    assert_eq!(roles.as_array().unwrap().len(), 22);
}

#[test]
fn mistakes_are_told_with_their_place_and_what_nobody_holds_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = gatewarden_tests::root().join("config/tests/workflows.toml");
    let file = file.to_str().unwrap();
    let nowhere = ["--config", "/nowhere/gateway.toml"];
    let bad = run(&[&["workflow", "check", "--file", file][..], &nowhere].concat());
    assert_eq!(bad.status.code(), Some(1));
    let told = out(&bad);
    for part in [
        &format!("{file}:35:98: step \"later\" does not come before \"back\""),
        &format!("{file}:39:33: \"over 10\" is never taken"),
        &format!("{file}:20:28: unknown fact \"document.amout\""),
        &format!("{file}:19:3: missing key \"otherwise\""),
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = run(&[&["workflow", "check", "--json", "--file", file][..], &nowhere].concat());
    let json: Value = serde_json::from_str(&out(&json)).unwrap();
    assert!(json["mistakes"].as_array().unwrap().len() >= 30, "{json}");

    let people = written(folder.path(), "people.json", PEOPLE);
    let lonely = run(&[&["workflow", "check", "--people", &people][..], &nowhere].concat());
    let told = out(&lonely);
    assert!(told.contains("engineering-change, step engineering: warning: nobody holds the role \"engineering-manager\""), "{told}");
    let other = "adjustment: warning: nobody holds the role \"warehouse-supervisor\"";
    assert!(told.contains(other) && lonely.status.success(), "a manager is there: {told}");
    let people = written(folder.path(), "people.json", "{\"ann\": []}");
    let alone = run(&[&["workflow", "check", "--people", &people][..], &nowhere].concat());
    let told = out(&alone);
    assert!(told.contains("adjustment: nobody holds the role \"department-manager\""), "{told}");
    assert_eq!(alone.status.code(), Some(1), "nobody at all");
}

#[test]
fn a_simulation_says_who_would_sign_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let people = written(folder.path(), "people.json", PEOPLE);
    let simulate = |document: &Value, more: &[&str]| {
        let file = written(folder.path(), "doc.json", &document.to_string());
        let common = ["--people", &people, "--config", "/nowhere/gateway.toml"];
        run(&[&["workflow", "simulate", &file][..], &common, more].concat())
    };
    let cheap = simulate(&requisition("4999.99"), &[]);
    let text = out(&cheap);
    assert!(cheap.status.success(), "{text}{}", err(&cheap));
    assert!(
        text.starts_with("requisition R-1, version 1, submitted by ann: Material requisition\n"),
        "{text}"
    );
    assert!(
        text.contains("→ max as role:department-manager, because manager-of:requester is nobody"),
        "{text}"
    );
    assert!(text.contains("otherwise: no case holds"), "{text}");
    assert!(text.contains("not on its way: director"), "{text}");

    let dear = simulate(&requisition("5000.01"), &["--json"]);
    let dear: Value = serde_json::from_str(&out(&dear)).unwrap();
    let steps: Vec<&str> = dear["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["node"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["manager", "dear", "director", "excess"], "{dear}");
    assert_eq!(dear["steps"][2]["seats"][0]["who"], "fin", "{dear}");

    // Nobody signs his own: the other manager is asked.
    let own = simulate(&requisition("1"), &["--by", "max"]);
    assert!(out(&own).contains("→ mia as") && !out(&own).contains("→ max as"), "{}", out(&own));
    // As an export writes it.
    let listed = simulate(&json!([requisition("1")]), &["--by", "max"]);
    assert_eq!(out(&listed), out(&own));
    let two = simulate(&json!([requisition("1"), requisition("2")]), &[]);
    assert!(err(&two).contains("2 documents: give one"), "{}", err(&two));
    let nobody = simulate(&requisition("1"), &["--by", "maxx"]);
    assert!(!nobody.status.success(), "{}", out(&nobody));
    assert!(err(&nobody).contains("nobody called maxx"), "{}", err(&nobody));
    // A house with nobody in it.
    let people = written(folder.path(), "people.json", "{\"ann\": []}");
    let alone = simulate(&requisition("1"), &[]);
    assert_eq!(alone.status.code(), Some(1), "{people}");
    assert!(out(&alone).contains("NOBODY can be asked"), "{}", out(&alone));
    let strange = simulate(&json!({"kind": 1}), &[]);
    assert!(err(&strange).contains("is no document"), "{}", err(&strange));
}
