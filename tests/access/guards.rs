//! The settings that decide beside roles: a configuration that loosens them counts for nothing until a
//! second person has approved it, whatever restarts in between.

use gatewarden_tests::{Gateway, People, Settings, epc, receipt, until};
use serde_json::{Value, json};

use super::staffed;

/// Shows goods for an order that nobody alone is let move, until that is denied; gives the reason.
async fn denied(gateway: &Gateway, people: &People, number: &str, serial: u64) -> String {
    let denials = || gateway.journal().of_kind("denied").count();
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;
    let before = denials();
    people.open(&receipt(number, 1)).await;
    gateway.hardware.show(&[epc(gatewarden_tests::BOLT, serial)]);
    until("it is denied", || async { (denials() > before).then_some(()) }).await;
    gateway.hardware.reader.clear_field();
    until("red", || async { gateway.is_red().then_some(()) }).await;
    let journal = gateway.journal();
    journal.of_kind("denied").last().unwrap()["reason"].as_str().unwrap().to_owned()
}

/// The version of the policies by which the newest decision was made.
fn version(gateway: &Gateway) -> Value {
    let journal = gateway.journal();
    let decided = journal.0.iter().rev().find_map(|entry| entry["body"].get("decision"));
    decided.unwrap()["version"].clone()
}

/// Whether root may unlock somebody, which takes level 3 as long as the settings say so.
async fn unlock(people: &People) -> Value {
    let root = people.sign_in("root", None).await;
    root.post("/operators/li.wei/unlock", &Value::Null).await.body["code"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_looser_file_waits_for_a_second_person_over_restarts() {
    let two = "two_persons = { kinds = [\"receipt\"] }";
    let level = "levels = [{ of = \"system:modify\", level = 3 }]";
    let operators = format!("{two}\n{level}");
    let (mut gateway, people) = staffed(Settings { operators, ..Settings::default() }).await;
    assert!(denied(&gateway, &people, "8101", 1).await.contains("needs two people"));
    assert_eq!(unlock(&people).await, "step-up-needed");
    let strict = version(&gateway);
    assert!(gateway.stop().await.success());
    gateway.cli_ok(&["ledger", "verify"], "");

    // Whoever can write the file takes all of it out, and restarts the daemon twice.
    gateway.reconfigure(two, "");
    gateway.reconfigure(level, "");
    gateway.run().await;
    assert!(denied(&gateway, &people, "8102", 2).await.contains("needs two people"));
    gateway.kill();
    gateway.run().await;
    assert!(denied(&gateway, &people, "8103", 3).await.contains("needs two people"));
    assert_eq!(unlock(&people).await, "step-up-needed");
    assert_eq!(version(&gateway), strict);
    let waits = people.viewer.list("/changes").await;
    let [open] = &waits[..] else { panic!("{waits:?}") };
    assert_eq!(open["before"]["guards"]["two_persons"], json!({"kinds": ["receipt"]}));
    assert_eq!(open["change"]["guards"].get("two_persons"), None, "{open}");
    let differs =
        ["operators.levels.system:modify: 3 → none", "operators.two_persons.kinds: receipt → none"];
    assert_eq!(open["differs"], json!(differs));
    let listed = gateway.cli_ok(&["change", "list"], "");
    assert!(differs.iter().all(|line| listed.contains(line)), "{listed}");
    let asked = gateway.cli(&["access", "matrix"], "");
    let told = String::from_utf8_lossy(&asked.stderr);
    assert!(told.contains("the configuration's wait for approval"), "{told}");
    gateway.cli_ok(&["ledger", "verify"], "");

    // Approved, it is in force at once, and stays so.
    let root = people.sign_in("root", None).await;
    let path = format!("/changes/{}/decision", open["id"].as_str().unwrap());
    root.post_ok(&path, &json!({"approve": true})).await;
    assert_ne!(unlock(&people).await, "step-up-needed");
    people.sign_in("li.wei", Some("dock-1")).await;
    people.receive(&gateway, "8104", 11..13).await;
    let loose = version(&gateway);
    assert_ne!(loose, strict, "the version covers them");
    gateway.kill();
    gateway.run().await;
    assert!(people.viewer.list("/changes").await.is_empty());
    gateway.cli_ok(&["ledger", "verify"], "");
    let denial = {
        let journal = gateway.journal();
        let of = |entry: &&Value| {
            entry["body"]["kind"] == "denied"
                && entry["body"]["decision"]["module"] == "system"
                && entry["body"]["decision"]["version"] == strict
        };
        journal.0.iter().find(of).unwrap()["seq"].to_string()
    };
    let why = gateway.cli_ok(&["access", "why", &denial], "");
    assert!(why.contains("beside them: operators.levels.system:modify = 3"), "{why}");
}

/// Roles that would give somebody both sides of a conflict: he is named, and they need words for it.
#[tokio::test(flavor = "multi_thread")]
async fn roles_that_give_somebody_a_conflict_need_a_mitigation() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    assert!(gateway.stop().await.success());
    let more = "[roles.sales-assistant]\ntitle = \"Asks and approves.\"\n\
        grants.inbound = [\"view\"]\ngrants.outbound = [\"view\", \"request\", \"approve\"]\n\
        grants.price = [\"view\"]\n\n[ledger]";
    gateway.reconfigure("[ledger]", more);
    gateway.run().await;
    let listed = gateway.cli_ok(&["change", "list"], "");
    let who = "sam.sales would hold asks-and-approves (mitigate): outbound:request by \
               sales-assistant with outbound:approve by sales-assistant";
    assert!(listed.contains(who), "{listed}");
    let id = listed.split('\t').next().unwrap();
    let waits = people.viewer.list("/changes").await;
    assert_eq!(waits[0]["conflicts"][0]["operator"], "sam.sales", "{waits:?}");

    let approve = ["change", "approve", id, "--badge", "OP-1000"];
    let bare = gateway.cli(&approve, "6925\n");
    let said = String::from_utf8_lossy(&bare.stderr).into_owned();
    assert!(!bare.status.success() && said.contains("say in a mitigation"), "{said}");
    assert!(said.contains("sam.sales would hold asks-and-approves"), "{said}");
    let until = gatewarden_tests::day(30);
    let words = format!("sam.sales:asks-and-approves={until}:wang looks at each");
    gateway.cli_ok(&[&approve[..], &["--mitigation", &words]].concat(), "6925\n");
    assert!(people.viewer.list("/changes").await.is_empty());
    let sod = gateway.cli(&["access", "sod"], "");
    let told = String::from_utf8_lossy(&sod.stdout).into_owned();
    assert!(told.contains(&format!("borne until {until}: wang looks at each")), "{told}");
    assert!(sod.status.success(), "{told}");
    gateway.cli_ok(&["ledger", "verify"], "");
    gateway.kill();
    gateway.run().await;
    gateway.cli_ok(&["ledger", "verify"], "");
}
