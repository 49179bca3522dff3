//! `access sod` and `access unused` on a ledger that a running gateway made, in which somebody played two
//! parts that the duties allow one by one.

use gatewarden_tests::{Gateway, Order, People, Settings, receipt};
use serde_json::{Value, json};
use uuid::Uuid;

use super::out;

/// What `access sod` finds, and whether it says so by its exit code.
fn sod(gateway: &Gateway, more: &[&str]) -> (Value, Option<i32>) {
    let arguments = [&["access", "sod", "--json"], more].concat();
    let output = gateway.cli(&arguments, "");
    let text = out(&output);
    let found = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    (found, output.status.code())
}

/// A receipt that wang.lead approves here and li.wei receives.
async fn received(gateway: &Gateway, people: &People) -> Value {
    let order: Order = receipt("1001", 1);
    let mut task = order.task();
    task.as_object_mut().unwrap().remove("approved_by");
    people.erp.post_ok("/tasks", &task).await;
    let lead = people.sign_in("wang.lead", None).await;
    lead.post_ok(&format!("/tasks/{}/approve", order.id), &json!({})).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.hardware.show(&[gatewarden_tests::epc(gatewarden_tests::BOLT, 1)]);
    let movement = people.moved("1001").await;
    gateway.hardware.reader.clear_field();
    movement
}

#[tokio::test(flavor = "multi_thread")]
async fn two_parts_of_one_person_are_found_through_the_document() {
    let mut gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol(&gateway).await;
    let movement = received(&gateway, &people).await;
    let (clean, code) = sod(&gateway, &[]);
    assert_eq!((&clean["history"], &clean["granted"], code), (&json!([]), &json!([]), Some(0)));

    // ma.second asks for it to be taken back, on a document of its own, and wang.lead posts that.
    let id = Uuid::new_v4();
    let back = json!({"id": id, "kind": "receipt", "reason": "wrong goods",
        "document": {"kind": "adjustment-request", "number": "A-7"},
        "reverses": movement["id"]});
    people.sign_in("ma.second", None).await.post_ok("/api/v1/postings", &back).await;
    let lead = people.sign_in("wang.lead", None).await;
    lead.post_ok(&format!("/api/v1/postings/{id}/post"), &json!({})).await;

    let (found, code) = sod(&gateway, &[]);
    assert_eq!((code, &found["unmitigated"]), (Some(1), &json!(1)), "{found}");
    let one = &found["history"][0];
    assert_eq!(one["conflict"], "approves-and-reverses", "{one}");
    assert_eq!(one["person"], "wang.lead");
    assert_eq!(one["case"]["document"]["number"], "1001");
    let journal = gateway.journal();
    let kind = |side: &str| {
        let seq = usize::try_from(one[side]["seq"].as_u64().unwrap()).unwrap();
        journal.0[seq]["body"]["kind"].clone()
    };
    assert_eq!((kind("one"), kind("other")), (json!("task-approved"), json!("moved")));

    let words = out(&gateway.cli(&["access", "sod"], ""));
    assert!(words.contains("wang.lead did approves-and-reverses in PO 1001"), "{words}");
    let csv = out(&gateway.cli(&["access", "sod", "--csv"], ""));
    assert!(csv.contains("journal,approves-and-reverses,refuse,wang.lead,PO 1001,"), "{csv}");
    let (later, code) = sod(&gateway, &["--since", "2999-01-01"]);
    assert_eq!((&later["history"], code), (&json!([]), Some(0)));

    // The house says that this is none of its conflicts.
    let path = gateway.config();
    let text = std::fs::read_to_string(&path).unwrap();
    let off = "\n[[sod.conflicts]]\nid = \"approves-and-reverses\"\nseverity = \"off\"\n";
    std::fs::write(&path, format!("{text}{off}")).unwrap();
    assert_eq!(sod(&gateway, &[]).1, Some(0));
    std::fs::write(&path, text).unwrap();

    assert!(gateway.stop().await.success());
    assert_eq!(sod(&gateway, &[]).0, found, "without a daemon too");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_in_conflict_and_unused_rights_are_listed() {
    // A house that let somebody have both, and knows better now.
    let lax = "\n[[sod.conflicts]]\nid = \"asks-and-takes\"\nseverity = \"off\"\n";
    let gateway = Gateway::start(Settings { more: lax.to_owned(), ..Settings::default() }).await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "1001", 1..3).await;
    let both = json!({"operator": "sam.sales", "name": "Sam", "badges": ["OP-4001"],
        "roles": ["sales-assistant", "storekeeper"]});
    gateway.enrolled(std::slice::from_ref(&both)).await;
    gateway.reconfigure(lax, "");
    let (found, code) = sod(&gateway, &[]);
    assert_eq!(code, Some(1), "{found}");
    let granted = found["granted"].as_array().unwrap();
    assert_eq!(granted.len(), 1, "{found}");
    assert_eq!(granted[0]["id"], "asks-and-takes");
    assert_eq!(granted[0]["operator"], "sam.sales");
    assert_eq!(granted[0]["other"][0], json!({"right": "outbound:execute", "role": "storekeeper"}));
    assert_eq!(found["roles"], json!([]), "no default role alone is in conflict");

    let unused = gateway.cli_ok(&["access", "unused", "--days", "1", "--json"], "");
    let unused: Vec<Value> = serde_json::from_str(&unused).unwrap();
    let has = |who: Value, right: &str| {
        unused.iter().any(|one| one["holder"] == who && one["right"] == right)
    };
    assert!(!has(json!({"operator": "li.wei"}), "inbound:execute"), "he did that");
    assert!(has(json!({"operator": "ma.second"}), "inbound:execute"));
    assert!(has(json!({"operator": "li.wei"}), "count:execute"));
    assert!(!has(json!({"operator": "li.wei"}), "count:view"), "looking leaves no entry");
    assert!(!has(json!({"client": "erp"}), "inbound:create"));
    assert!(has(json!({"client": "erp"}), "transfer:create"));
    let bad = gateway.cli(&["access", "unused", "--days", "0"], "");
    assert_eq!(bad.status.code(), Some(2));
}
