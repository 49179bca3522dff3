//! Duties stay apart: a second person decides, a sales assistant takes nothing, and each denial is
//! an entry that names who, what and why.

use gatewarden_tests::{BOLT, Order, Settings, day, epc, receipt, until};
use serde_json::json;

use super::{entry_of, staffed};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_person_decides_on_a_discrepancy() {
    let (gateway, people) = staffed(Settings::default()).await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    people.open(&receipt("7001", 3)).await;
    gateway.hardware.show(&[epc(BOLT, 1), epc(BOLT, 2)]);
    let hold = until("the pass is held", || async {
        people.viewer.list("/holds").await.into_iter().next()
    })
    .await;
    gateway.hardware.reader.clear_field();
    until("red light", || async { gateway.is_red().then_some(()) }).await;
    let path = format!("/holds/{}/decision", hold["pass"]["id"].as_str().unwrap());
    let accept = json!({"verdict": "accept", "reason": "the third comes tomorrow"});

    // Neither the operator, nor his colleague without the right, nor a machine, nor the box itself.
    let colleague = people.sign_in("ma.second", None).await;
    for (who, caller) in [
        ("li.wei", &keeper),
        ("ma.second", &colleague),
        ("erp", &people.erp),
        ("local", &gateway.local()),
    ] {
        let answer = caller.post(&path, &accept).await;
        assert_eq!(answer.status, 403, "{who}: {}", answer.body);
        let entry = entry_of(&gateway, &answer.body);
        assert_eq!(entry["body"]["kind"], "denied", "{who}");
        assert_eq!(entry["body"]["action"], "approve", "{who}");
    }
    assert!(people.movement("7001").await.is_none());

    let supervisor = people.sign_in("wang.lead", None).await;
    let silent = json!({"verdict": "accept", "reason": " "});
    assert_eq!(supervisor.post(&path, &silent).await.status, 422, "a decision without a reason");
    supervisor.post_ok(&path, &accept).await;
    let movement = people.moved("7001").await;
    assert_eq!(movement["lines"][0]["quantity"], 2);
    assert_eq!(movement["operator"], "li.wei");
    let seq = movement["resolution_seq"].as_u64().unwrap();
    let decided = &gateway.journal().0[usize::try_from(seq).unwrap()]["body"];
    assert_eq!(decided["by"]["id"], "wang.lead", "{decided}");
    assert_eq!(decided["reason"], "the third comes tomorrow");
    assert_eq!(supervisor.post(&path, &accept).await.status, 404, "decided twice");
    until("green light", || async { gateway.is_green().then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_on_his_own_pass_whatever_his_roles() {
    let lax = "\n[[sod.conflicts]]\nid = \"moves-and-clears-differences\"\nseverity = \"off\"\n";
    let (gateway, people) = staffed(Settings { more: lax.to_owned(), ..Settings::default() }).await;
    // Somebody who may both move and approve.
    let both = json!({"operator": "li.wei", "name": "Li Wei", "badges": ["OP-2001"],
        "roles": ["storekeeper", "warehouse-supervisor"], "mitigations": mitigations()});
    people.enrol_one(&both, "8264").await;
    let keeper = people.sign_in("li.wei", Some("dock-1")).await;
    people.open(&receipt("7101", 2)).await;
    gateway.hardware.show(&[epc(BOLT, 1)]);
    let hold = until("the pass is held", || async {
        people.viewer.list("/holds").await.into_iter().next()
    })
    .await;
    gateway.hardware.reader.clear_field();
    let path = format!("/holds/{}/decision", hold["pass"]["id"].as_str().unwrap());
    let answer = keeper.post(&path, &json!({"verdict": "accept", "reason": "mine"})).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let entry = entry_of(&gateway, &answer.body);
    let policies = entry["body"]["decision"]["policies"].to_string();
    assert!(policies.contains("duty:never-approve-own-pass"), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sales_assistant_takes_no_stock() {
    let (gateway, people) = staffed(Settings::default()).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "7201", 1..4).await;
    let order = Order {
        station: "counter-1",
        kind: "issue",
        document_kind: "requisition",
        from: "wh1/dock",
        to: "@production/line-1",
        ..receipt("R-88", 1)
    };
    people.open(&order).await;
    let scan = format!("]d201{BOLT}\u{1d}211");
    people.sign_in("sam.sales", Some("counter-1")).await;
    gateway.hardware.counter_scanner.scan(&scan).unwrap();
    let denied = until("the denial is an entry", || async {
        let journal = gateway.journal();
        let mut denied = journal.of_kind("denied").filter(|body| body["document"] == "R-88");
        denied.next().cloned()
    })
    .await;
    assert_eq!(denied["by"]["id"], "sam.sales", "{denied}");
    assert_eq!((&denied["action"], &denied["module"]), (&json!("execute"), &json!("outbound")));
    assert_eq!(denied["decision"]["allowed"], false);
    assert!(denied["pass"]["sightings"][0].is_object(), "what was seen is kept: {denied}");
    assert!(people.movement("R-88").await.is_none());
    let trace = gateway.cli_ok(&["ledger", "trace", "operator", "sam.sales"], "");
    assert!(trace.contains("denied to execute outbound"), "{trace}");

    // The storekeeper takes it.
    people.sign_in("ma.second", Some("counter-1")).await;
    gateway.hardware.counter_scanner.scan(&scan).unwrap();
    assert_eq!(people.moved("R-88").await["operator"], "ma.second");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_end_where_the_matrix_says() {
    let (gateway, people) = staffed(Settings::default()).await;
    let sales = people.sign_in("sam.sales", None).await;
    let admin = people.sign_in("root", None).await;
    for (who, caller, path) in [
        ("sam.sales", &sales, "/movements"),
        ("sam.sales", &sales, "/operators"),
        ("sam.sales", &sales, "/metrics"),
        ("root", &admin, "/holds"),
        ("erp", &people.erp, "/stock"),
    ] {
        let answer = caller.ask(reqwest::Method::GET, path, None).await;
        assert_eq!(answer.status, 403, "{who} {path}: {}", answer.body);
        let entry = entry_of(&gateway, &answer.body);
        assert_eq!(entry["body"]["kind"], "denied", "{who} {path}");
        assert_eq!(entry["body"]["by"]["id"], who, "{path}");
    }
    // An administrator keeps the system and never opens a task; nobody changes himself.
    let answer = admin.post("/tasks", &receipt("7301", 1).task()).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let own = json!({"operator": "root", "name": "Root", "roles": ["storekeeper"],
        "badges": ["OP-1000"]});
    let answer = admin.post("/operators", &own).await;
    assert!(!answer.is_success(), "root made himself a storekeeper");
    assert_eq!(entry_of(&gateway, &answer.body)["body"]["kind"], "denied");
    admin.get("/operators").await;
}

/// What makes it bearable that somebody both moves and approves, for a month.
fn mitigations() -> serde_json::Value {
    [
        "receives-and-approves",
        "issues-and-approves",
        "transfers-and-approves",
        "counts-and-approves",
    ]
    .map(|conflict| json!({"conflict": conflict, "reason": "night shift of one", "until": day(30)}))
    .into()
}
