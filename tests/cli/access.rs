//! `access`: can, matrix, why, simulate and lint on the journal of a running gateway, limits and raw
//! Cedar in its configuration, and mistakes in both at their places.

use std::fs;

use gatewarden_tests::{BOLT, Gateway, People, Settings, epc, gatewarden, receipt, until};
use serde_json::Value;

use super::{err, out};

/// The policies of the test: bolts of class C are received at the dock; nobody receives more than the
/// supervisor of the house allows.
const MORE: &str = r#"
[access]
cedar = ["extra.cedar"]

[roles.storekeeper]
title = "Receives into warehouse 1."
grants.inbound = ["view", "create", "modify", "execute"]
grants.price = ["view"]

[[roles.storekeeper.limits]]
modules = ["inbound"]
actions = ["execute"]
warehouses = ["wh1"]
classes_except = ["A"]
document_kinds = ["purchase-order"]
auth_level_min = 2
"#;

const CEDAR: &str = "// Nobody receives at the counter.\n@id(\"not-at-the-counter\")\nforbid (principal, \
action == Action::\"execute\", resource == Module::\"inbound\")\nwhen { context has station && \
context.station == \"counter-1\" };\n";

/// A gateway with these policies, a receipt and a denial.
async fn made() -> (Gateway, People) {
    let mut gateway =
        Gateway::prepare(Settings { more: MORE.to_owned(), ..Settings::default() }).await;
    let _ = gateway.file("extra.cedar", CEDAR);
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "1001", 1..4).await;
    let mut elsewhere = receipt("1002", 1);
    elsewhere.to = "wh2/dock";
    people.open(&elsewhere).await;
    gateway.hardware.show(&[epc(BOLT, 9)]);
    until("the denial", || async { gateway.journal().of_kind("denied").next().map(|_| ()) }).await;
    gateway.hardware.reader.clear_field();
    (gateway, people)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_beside_the_daemon_and_without_it() {
    let (mut gateway, _people) = made().await;
    answers(&gateway);
    assert!(gateway.stop().await.success());
    answers(&gateway);
    others(&gateway);
}

fn answers(gateway: &Gateway) {
    can(gateway);
    why(gateway);
    let lint = gateway.cli_ok(&["access", "lint"], "");
    assert!(lint.contains("fails-open"), "{lint}");
    assert!(lint.contains("extra.cedar:2:1: warning: raw:not-at-the-counter"), "{lint}");
    assert!(lint.ends_with("0 errors, 1 warnings, 0 hints\n"), "{lint}");
    let all = json(&gateway.cli_ok(&["access", "lint", "--operators", "--json"], ""));
    let nobody = |f: &Value| f["code"] == "nobody" && f["policy"] == "role:buyer";
    assert!(all.as_array().unwrap().iter().any(nobody), "{all}");
}

fn can(gateway: &Gateway) {
    let facts = ["warehouses=wh1", "classes=C", "document=purchase-order", "auth_level=2"];
    let mut good = vec!["access", "can", "li.wei", "execute", "inbound"];
    good.extend(facts.iter().flat_map(|fact| ["--fact", fact]));
    let told = gateway.cli_ok(&good, "");
    for wanted in ["allowed: li.wei", "role:storekeeper:inbound:execute", "containsAll", "station"]
    {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let mut bad = good.clone();
    bad.extend(["--fact", "station=counter-1"]);
    let words = out(&gateway.cli(&bad, ""));
    assert!(words.contains("by raw:not-at-the-counter at ") && words.contains("extra.cedar:2:1"));
    bad.push("--json");
    let denied = gateway.cli(&bad, "");
    assert_eq!(denied.status.code(), Some(1), "{}", err(&denied));
    let denied = json(&out(&denied));
    assert_eq!(denied["policies"][0]["id"], "raw:not-at-the-counter", "{denied}");
    assert_eq!(denied["policies_from"]["configuration"], "same", "{denied}");
    nearest(gateway);
    for (arguments, words) in [
        (vec!["nobody", "view", "inbound"], "is not enrolled"),
        (vec!["role:ghost", "view", "inbound"], "there is no role \"ghost\""),
        (vec!["li.wei", "steal", "inbound"], "there are view, create"),
        (vec!["li.wei", "view", "inbond"], "there is no module"),
        (vec!["li.wei", "view", "inbound", "--fact", "colour=red"], "is no fact"),
        (vec!["li.wei", "view", "inbound", "--fact", "amount=1,5"], "an amount such as"),
    ] {
        let output = gateway.cli(&[&["access", "can"][..], &arguments].concat(), "");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    }
    let viewer = gateway.cli(&["access", "can", "client:viewer", "view", "ledger"], "");
    assert!(out(&viewer).contains("by scope:ledger:view"), "{}", out(&viewer));
}

/// What stands in the way of a no that no policy forbids.
fn nearest(gateway: &Gateway) {
    let ask = |who: &str, action: &str, more: &[&str]| {
        let output =
            gateway.cli(&[&["access", "can", who, action, "inbound"][..], more].concat(), "");
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        assert!(err(&output).contains(" in force, as the configuration has them"), "{output:?}");
        out(&output)
    };
    let facts = ["--fact", "warehouses=wh1,wh2", "--fact", "classes=A"];
    let told = ask("li.wei", "execute", &facts);
    for wanted in [
        "but role storekeeper permits execute inbound on warehouse wh1 (warehouses): warehouse wh2 is \
         not in [wh1]",
        "and on no class A (classes_except): class A is among [A]",
        "(document_kinds): document is not known",
        "at auth level 2 or more (auth_level_min): auth_level is not known",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let told = ask("li.wei", "approve", &[]);
    assert!(told.contains("no role of his grants it at all: he has storekeeper"), "{told}");
    let told = json(&ask("li.wei", "execute", &["--json"]));
    let limits = &told["missed"]["roles"][0]["limits"];
    assert_eq!((&limits[0]["limit"], &limits[0]["is"]), (&"warehouses".into(), &Value::Null));
}

fn why(gateway: &Gateway) {
    let journal = gateway.journal();
    let movement = journal.movements().next().unwrap();
    let (id, decision) = (movement["id"].as_str().unwrap(), &movement["decision"]);
    assert_eq!(decision["facts"]["warehouses"], "wh1", "{decision}");
    let told = gateway.cli_ok(&["access", "why", id], "");
    for wanted in [
        "as    storekeeper",
        "then  allowed: execute inbound",
        "by role:storekeeper:inbound:execute",
        "[\"wh1\"].containsAll(context.warehouses)",
        "on classes = C",
        "now   allowed, by",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let denied = journal.0.iter().find(|entry| entry["body"]["kind"] == "denied").unwrap();
    let seq = denied["seq"].to_string();
    let why = json(&gateway.cli_ok(&["access", "why", &seq, "--json"], ""));
    assert_eq!((&why["allowed"], &why["now"]["allowed"]), (&false.into(), &false.into()), "{why}");
    assert_eq!(why["decided_on"]["warehouses"], "wh2", "{why}");
    let missed = &why["missed"]["roles"][0]["limits"];
    assert_eq!(missed[0]["is"], "warehouse wh2 is not in [wh1]", "{why}");
    assert_eq!(missed.as_array().unwrap().len(), 1, "{why}");
    let reason = denied["body"]["reason"].as_str().unwrap();
    assert!(!reason.contains("wh2"), "the journal has it by its facts: {reason}");
    let words = gateway.cli_ok(&["access", "why", &seq], "");
    assert!(words.contains("(warehouses): warehouse wh2 is not in [wh1]"), "{words}");
    for (entry, words) in [("0", "nothing was decided"), ("99999", "no entry"), ("x", "neither")] {
        let output = gateway.cli(&["access", "why", entry], "");
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains(words), "{entry}: {}", err(&output));
    }
}

/// What other policies would have said, and the matrix.
fn others(gateway: &Gateway) {
    let folder = gateway.dir().join("new");
    fs::create_dir(&folder).unwrap();
    let policies = folder.join("policies.toml");
    let wider = MORE.replace("[\"wh1\"]", "[\"wh1\", \"wh2\"]").replace("\"extra.cedar\"", "");
    fs::write(&policies, wider).unwrap();
    let folder = folder.to_str().unwrap();
    let told = json(&gateway.cli_ok(&["access", "simulate", "--policies", folder, "--json"], ""));
    assert_eq!(told["changed"], 1, "{told}");
    let change = &told["changes"][0];
    assert_eq!(
        (&change["before"]["allowed"], &change["after"]["allowed"]),
        (&false.into(), &true.into())
    );
    assert_eq!(change["after"]["policies"][0], "role:storekeeper:inbound:execute");

    let dear = MORE.replace("auth_level_min = 2", "amount_max = \"5000\"");
    fs::write(&policies, dear.replace("\"extra.cedar\"", "")).unwrap();
    let words = gateway.cli_ok(&["access", "simulate", "--policies", folder, "--days", "1"], "");
    for wanted in
        ["received 3 box of BOLT-M8", "after  denied by no policy", "does not tell amount"]
    {
        assert!(words.contains(wanted), "{wanted}: {words}");
    }
    fs::write(&policies, "[roles.x]\ntitle = \"X.\"\n[[roles.x.limits]]\nmodules = [\"inbond\"]\n")
        .unwrap();
    let bad = gateway.cli(&["access", "simulate", "--policies", folder], "");
    assert_eq!(bad.status.code(), Some(1));
    assert!(err(&bad).contains("did you mean \"inbound\"?"), "{}", err(&bad));

    let table = gateway.cli_ok(&["access", "matrix"], "");
    let keeper = table.lines().find(|line| line.starts_with("| storekeeper")).unwrap();
    assert!(keeper.contains("view/create/modify/execute*"), "{keeper}");
    assert!(
        table.contains("* storekeeper execute inbound: warehouses wh1, not classes A"),
        "{table}"
    );
    let rows = json(&gateway.cli_ok(&["access", "matrix", "--operators", "--json"], ""));
    let of_li = |row: &&Value| row["who"] == "li.wei" && row["action"] == "execute";
    let of_li: Vec<&Value> = rows.as_array().unwrap().iter().filter(of_li).collect();
    assert_eq!(of_li.len(), 1, "{of_li:?}");
    let csv = gateway.cli_ok(&["access", "matrix", "--csv"], "");
    assert!(csv.starts_with("who,module,action,roles,limits,raw\r\n"), "{csv}");
}

/// Raw Cedar that lets storekeepers approve what they receive, and wider limits.
const HELPERS: &str = "@id(\"helpers\")\npermit (principal in Role::\"storekeeper\", action == \
                       Action::\"approve\", resource == Module::\"inbound\")\nwhen { context has amount };\n";

/// What the configuration says is in force when somebody approved it, and what raw Cedar permits counts.
#[tokio::test(flavor = "multi_thread")]
async fn it_answers_by_what_is_in_force_and_counts_what_raw_cedar_permits() {
    let mut gateway =
        Gateway::prepare(Settings { more: MORE.to_owned(), ..Settings::default() }).await;
    let _ = gateway.file("extra.cedar", CEDAR);
    let facts = ["warehouses=wh2", "classes=C", "document=purchase-order", "auth_level=2"];
    let can = |gateway: &Gateway, who: &str, more: &[&str]| {
        let asked = ["access", "can", who, "execute", "inbound"];
        let facts = facts.iter().flat_map(|fact| ["--fact", fact]);
        let all: Vec<&str> = asked.into_iter().chain(facts).chain(more.iter().copied()).collect();
        let output = gateway.cli(&all, "");
        (output.status.code(), out(&output), err(&output))
    };
    let (code, _, note) = can(&gateway, "role:storekeeper", &[]);
    assert_eq!(code, Some(1));
    assert!(note.contains("of the configuration: nothing is in force yet"), "{note}");
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    let sod = |gateway: &Gateway| {
        let output = gateway.cli(&["access", "sod"], "");
        (output.status.code(), out(&output))
    };
    assert_eq!(sod(&gateway).0, Some(0));
    assert!(gateway.stop().await.success());

    // Other policies in the configuration: wider limits, and raw Cedar more.
    let _ = gateway.file("extra.cedar", &format!("{CEDAR}{HELPERS}"));
    gateway.reconfigure("warehouses = [\"wh1\"]", "warehouses = [\"wh1\", \"wh2\"]");
    let differs = |gateway: &Gateway, words: &str, field: &str| {
        let (code, told, note) = can(gateway, "li.wei", &[]);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("warehouse wh2 is not in [wh1]"), "{told}");
        assert!(note.trim_end().lines().last().unwrap().contains(words), "{note}");
        let (_, told, _) = can(gateway, "li.wei", &["--json"]);
        assert_eq!(json(&told)["policies_from"]["configuration"], field);
        let (code, _, note) = can(gateway, "li.wei", &["--proposed"]);
        assert_eq!(code, Some(0));
        assert!(note.contains("which need not be in force"), "{note}");
        let table = gateway.cli_ok(&["access", "matrix"], "");
        assert!(table.contains("inbound: warehouses wh1, not") && !table.contains('+'), "{table}");
        let proposed = gateway.cli_ok(&["access", "matrix", "--proposed"], "");
        assert!(proposed.contains("/approve+"), "{proposed}");
    };
    differs(&gateway, "the daemon asks a second person", "differs");
    gateway.run().await;
    let waits = "the configuration's wait for approval: gatewarden change list";
    differs(&gateway, waits, "waits-for-approval");
    assert_eq!(sod(&gateway).0, Some(0), "it waits");

    let change = people.viewer.list("/changes").await[0]["id"].as_str().unwrap().to_owned();
    let root = people.sign_in("root", None).await;
    let path = format!("/changes/{change}/decision");
    // What raw Cedar gives is a conflict like any other: nobody says yes to it without a word.
    let refused = root.post(&path, &serde_json::json!({"approve": true})).await;
    assert_eq!(refused.body["code"], "duties-conflict", "{}", refused.body);
    let until = gatewarden_tests::day(30);
    let borne = ["li.wei", "ma.second"].map(|who| {
        serde_json::json!({"operator": who, "conflict": "receives-and-approves",
            "until": until, "reason": "wang looks at each"})
    });
    root.post_ok(&path, &serde_json::json!({"approve": true, "mitigations": borne})).await;
    assert_eq!(can(&gateway, "li.wei", &[]).0, Some(0));
    let table = gateway.cli_ok(&["access", "matrix", "--operators"], "");
    let of_li = table.lines().find(|line| line.starts_with("| li.wei")).unwrap();
    assert!(of_li.contains("view/create/modify/approve+/execute*"), "{table}");
    assert!(table.contains("+ li.wei approve inbound: raw:helpers (on some facts)"), "{table}");
    assert!(table.contains("raw Cedar can take away of it: raw:not-at-the-counter"), "{table}");
    let csv = gateway.cli_ok(&["access", "matrix", "--csv"], "");
    assert!(csv.contains("storekeeper,inbound,approve,,,raw:helpers (on some facts)\r\n"), "{csv}");
    let asked = ["access", "can", "li.wei", "approve", "inbound"];
    let told = out(&gateway.cli(&asked, ""));
    assert!(told.contains("but raw:helpers permits it on other facts"), "{told}");
    let (code, told) = sod(&gateway);
    assert_eq!(code, Some(0), "{told}");
    let borne = format!("borne until {until}: wang looks at each");
    for wanted in
        ["li.wei holds receives-and-approves", "inbound:approve by raw:helpers", borne.as_str()]
    {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }

    // Nor is anybody given the role from here on without a word on it.
    let ann = serde_json::json!({"operator": "ann", "name": "Ann", "roles": ["storekeeper"],
        "badges": ["OP-7001"]});
    let refused = root.post("/operators", &ann).await;
    assert_eq!(refused.body["code"], "duties-conflict", "{}", refused.body);
    gateway.cli_ok(&["ledger", "verify"], "");
}

#[test]
fn mistakes_in_limits_and_raw_cedar_are_told_at_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("gateway.toml");
    let check = |more: &str, cedar: &str| {
        fs::write(dir.path().join("extra.cedar"), cedar).unwrap();
        let head = format!("[gateway]\nname = \"gw\"\nstate_dir = {:?}\n", dir.path());
        fs::write(&config, head + more).unwrap();
        let arguments = ["check", "--config", config.to_str().unwrap()];
        let output = std::process::Command::new(gatewarden()).args(arguments).output().unwrap();
        (output.status.success(), out(&output) + &err(&output))
    };
    let access = "[access]\ncedar = [\"extra.cedar\"]\n";
    let (ok, told) = check(access, CEDAR);
    assert!(ok, "{told}");
    let (ok, told) =
        check(access, "// one\npermit (principal, action == Action::\"exceute\", resource);");
    assert!(!ok && told.contains("extra.cedar:2:30: "), "{told}");
    let (ok, told) =
        check(access, "permit (principal, action, resource)\nwhen { context.amount > 5 };");
    assert!(!ok && told.contains("extra.cedar:2:8: "), "{told}");
    let (ok, told) = check("[access]\ncedar = [\"none.cedar\"]\n", "");
    assert!(!ok && told.contains("gateway.toml:5:10: failed to read"), "{told}");
    let limit = "[[locations]]\npath = \"wh1\"\nkind = \"warehouse\"\n[roles.x]\ntitle = \"X.\"\n\
                 grants.outbound = [\"execute\"]\n[[roles.x.limits]]\nmodules = [\"outbound\"]\n\
                 actions = [\"execute\"]\n";
    for (line, place, words) in [
        ("warehouses = [\"wh1\"]", "", ""),
        ("warehouses = [\"wh11\"]", "13:15", "did you mean \"wh1\"?"),
        ("warehouses = [\"wh1/a\"]", "13:15", "write \"wh1\""),
        ("classes = []", "13:11", "nothing is ever allowed"),
        ("classes = [\"D\"]", "13:12", "unknown class"),
        ("amount_max = \"5,000\"", "13:14", "an amount"),
        ("amount_max = 5000", "13:14", "put it in quotes"),
        ("auth_level_min = 9", "13:18", "out of range"),
        ("two_persons = false", "10:1", "limits nothing"),
    ] {
        let (ok, told) = check(&format!("{limit}{line}\n"), "");
        assert_eq!(ok, words.is_empty(), "{line}: {told}");
        assert!(told.contains(&format!("gateway.toml:{place}")) || ok, "{line}: {told}");
        assert!(told.contains(words), "{line}: {told}");
    }
}
