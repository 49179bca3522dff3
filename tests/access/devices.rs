//! Who a device is: what an unknown or a changed one reads counts for nothing, the station alarms, and
//! an administrator is asked; the approved one works, also after the daemon was killed.

use gatewarden_tests::{BOLT, Gateway, People, Settings, epc, receipt, until};
use serde_json::{Value, json};

use super::staffed;

/// Another reader's MAC address, and that of the one that stands at the dock.
const STRANGER: [u8; 8] = [0x02, 0, 0, 0xFF, 0xFE, 0, 0, 0x99];
const STRANGER_TOLD: &str = "02:00:00:FF:FE:00:00:99";
const OWN: [u8; 8] = [0x02, 0, 0, 0xFF, 0xFE, 0, 0, 0x01];
const OWN_TOLD: &str = "02:00:00:FF:FE:00:00:01";

async fn portal(people: &People) -> Value {
    let devices = people.viewer.list("/devices").await;
    devices.into_iter().find(|device| device["name"] == "portal-1").unwrap()
}

/// The reason for which the newest quarantined pass is.
async fn quarantined(people: &People, more_than: usize) -> String {
    until("a pass is quarantined", || async {
        let passes = people.viewer.list("/quarantine").await;
        let newest = passes.iter().max_by_key(|one| one["seq"].as_u64())?;
        (passes.len() > more_than).then(|| newest["reason"].as_str().unwrap().to_owned())
    })
    .await
}

async fn until_alarmed(gateway: &Gateway) {
    until("red and the buzzer", || async { gateway.is_alarmed().then_some(()) }).await;
}

fn kinds(gateway: &Gateway, kind: &str) -> usize {
    let journal = gateway.journal();
    journal.of_kind(kind).filter(|body| body["device"] == "portal-1").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_device_counts_for_nothing_until_it_is_approved() {
    let gateway = Gateway::start(Settings::default()).await;
    let people = People::enrol_people(&gateway).await;
    gateway.until_devices(&people.viewer, &EVERY_ONE_REFUSED).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    people.open(&receipt("7001", 2)).await;
    gateway.hardware.show(&[epc(BOLT, 1), epc(BOLT, 2)]);
    let reason = quarantined(&people, 0).await;
    assert!(reason.starts_with("device portal-1 was never approved; it tells"), "{reason}");
    assert!(reason.contains(&format!("mac {OWN_TOLD}")), "{reason}");
    until_alarmed(&gateway).await;
    assert!(people.movement("7001").await.is_none());
    let health = gateway.anybody().get("/health").await;
    assert_eq!(health["status"], "degraded");
    let told = portal(&people).await;
    assert_eq!(
        (&told["state"], &told["refused"]["seen"]["mac"]),
        (&json!("refused"), &json!(OWN_TOLD))
    );
    let metrics =
        gateway.local().ask(reqwest::Method::GET, "/metrics", None).await.body.to_string();
    assert!(metrics.contains("gatewarden_devices_refused_total"), "{metrics}");
    gateway.hardware.reader.clear_field();

    // A badge at a scanner that nobody approved signs nobody in, and its number is told to nobody.
    gateway.hardware.counter_scanner.scan("OP-2001").unwrap();
    until("the badge is told of", || async {
        let journal = gateway.journal();
        journal.of_kind("gap").any(|gap| gap["device"] == "scanner-2").then_some(())
    })
    .await;

    // One administrator, on the command line.
    let listed = gateway.cli_ok(&["change", "list"], "");
    assert_eq!(listed.lines().count(), 5, "{listed}");
    for line in listed.lines() {
        let id = line.split('\t').next().unwrap();
        gateway.cli_ok(&["change", "approve", id, "--badge", "OP-1000"], "6925\n");
    }
    assert!(listed.contains(&format!("mac {OWN_TOLD}")), "{listed}");
    gateway.until_devices(&people.viewer, &[]).await;
    people.receive(&gateway, "7002", 11..14).await;
    assert_eq!(gateway.anybody().get("/health").await["status"], "ok");
    assert_eq!(kinds(&gateway, "device-refused"), 1, "once, not once a read");
    gateway.cli_ok(&["ledger", "verify"], "");
}

const EVERY_ONE_REFUSED: [(&str, &str); 5] = [
    ("portal-1", "refused"),
    ("scanner-1", "refused"),
    ("lights-1", "refused"),
    ("scanner-2", "refused"),
    ("lights-2", "refused"),
];

#[tokio::test(flavor = "multi_thread")]
async fn another_reader_in_its_place_is_refused_and_the_old_one_comes_back() {
    let (mut gateway, people) = staffed(Settings::default()).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;
    people.receive(&gateway, "7101", 1..3).await;
    gateway.hardware.reader.replace(STRANGER).await.unwrap();
    gateway.until_devices(&people.viewer, &[("portal-1", "refused")]).await;
    until_alarmed(&gateway).await;
    let why = format!("mac {STRANGER_TOLD} instead of {OWN_TOLD}");
    let told = portal(&people).await;
    assert!(told["reason"].as_str().unwrap().contains(&why), "{told}");
    let mut order = receipt("7102", 2);
    order.station = "dock-1";
    people.open(&order).await;
    gateway.hardware.show(&[epc(BOLT, 21), epc(BOLT, 22)]);
    let reason = quarantined(&people, 0).await;
    assert!(reason.contains(&why), "{reason}");
    gateway.hardware.reader.clear_field();
    assert!(people.movement("7102").await.is_none());

    // Killed meanwhile: it is refused as before, and told of and asked about once.
    gateway.kill();
    gateway.run().await;
    gateway.until_devices(&people.viewer, &[("portal-1", "refused")]).await;
    assert_eq!(people.device_requests().await.len(), 1);
    assert_eq!(kinds(&gateway, "device-refused"), 2);

    // The old one again: nobody is needed, and the request is over.
    gateway.hardware.reader.replace(OWN).await.unwrap();
    gateway.until_devices(&people.viewer, &[]).await;
    assert_eq!(people.device_requests().await.len(), 0);
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.hardware.show(&[epc(BOLT, 31), epc(BOLT, 32)]);
    people.moved("7102").await;
    gateway.hardware.reader.clear_field();

    // And for good: the stranger is approved without a restart.
    gateway.hardware.reader.replace(STRANGER).await.unwrap();
    gateway.until_devices(&people.viewer, &[("portal-1", "refused")]).await;
    people.approve_devices_as_root(1).await;
    gateway.until_devices(&people.viewer, &[]).await;
    people.receive(&gateway, "7103", 41..43).await;
    gateway.cli_ok(&["ledger", "verify"], "");
    let traced = gateway.cli_ok(&["ledger", "trace", "device", "portal-1"], "");
    assert!(traced.contains(&why) && traced.contains("is the approved one again"), "{traced}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_may_say_who_it_is() {
    let mut gateway = Gateway::prepare(Settings::default()).await;
    let name = "name = \"portal-1\"";
    let pin = |mac: &str| format!("{name}\nidentity = {{ mac = \"{mac}\" }}");
    // As it stands on the reader's label: six bytes.
    gateway.reconfigure(name, &pin("02-00-00-00-00-01"));
    gateway.run().await;
    let people = People::enrol(&gateway).await;
    people.sign_in("li.wei", Some("dock-1")).await;
    gateway.until_devices(&people.viewer, &[]).await;
    people.receive(&gateway, "7201", 1..3).await;
    assert_eq!(kinds(&gateway, "device-refused"), 0);
    let journal = gateway.journal();
    let approved = journal.of_kind("device-approved").find(|body| body["device"] == "portal-1");
    assert_eq!(approved.unwrap()["by"]["kind"], "daemon");

    // Pinned to another: the old pin counts until somebody approved that.
    assert!(gateway.stop().await.success());
    gateway.reconfigure("02-00-00-00-00-01", STRANGER_TOLD);
    gateway.run().await;
    gateway.until_devices(&people.viewer, &[]).await;
    let waits = people.viewer.list("/changes").await;
    let [open] = &waits[..] else { panic!("{waits:?}") };
    let pin = format!("devices.portal-1.identity: mac {OWN_TOLD} → mac {STRANGER_TOLD}");
    assert_eq!(open["differs"], json!([pin]));
    let root = people.sign_in("root", None).await;
    let path = format!("/changes/{}/decision", open["id"].as_str().unwrap());
    root.post_ok(&path, &json!({"approve": true})).await;

    // Then it is refused at its next connection, and nobody is asked who could not say yes anyway.
    assert!(gateway.stop().await.success());
    gateway.run().await;
    gateway.until_devices(&people.viewer, &[("portal-1", "refused")]).await;
    assert_eq!(people.device_requests().await.len(), 0);
    let told = portal(&people).await;
    assert_eq!(told["refused"]["known"], json!({"mac": STRANGER_TOLD}));
    gateway.cli_ok(&["ledger", "verify"], "");

    let checked = gateway.cli_ok(&["check"], "");
    assert!(!checked.contains("error"), "{checked}");
    gateway
        .reconfigure(&format!("mac = \"{STRANGER_TOLD}\""), "mac = \"nonsense\", seriall = \"7\"");
    let output = gateway.cli(&["check"], "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("\"nonsense\" is not a MAC address"), "{said}");
    assert!(said.contains("seriall") && said.contains("serial"), "{said}");
}
