//! The configurations to begin with, as `gatewarden init` writes them: each passes `check`, and runs with its own
//! simulators up to a delivery that is received. What is there is never written over.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{fs, path::Path, process::Output, sync::Arc, time::Duration};

use gatewarden_simulators::scenario::{Scenario, play};
use gatewarden_tests::{Caller, Gateway, Settings, gatewarden, until};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(150);
/// Pieces of a delivery, as the simulators say.
const PIECES: u64 = 6;

fn init(arguments: &[&str], dir: Option<&Path>) -> Output {
    let mut command = std::process::Command::new(gatewarden());
    command.arg("init").args(arguments).args(dir);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A gateway as it was written; only the port on which it listens is its own.
async fn begun(template: &str) -> Gateway {
    let mut gateway = Gateway::prepare(Settings::default()).await;
    fs::remove_file(gateway.config()).unwrap();
    let written = init(&["--template", template, "--name", "gw-test"], Some(gateway.dir()));
    assert!(written.status.success(), "{}", text(&written.stderr));
    let config = gateway.config().display().to_string();
    assert!(text(&written.stdout).contains(&format!("gatewarden check --config {config}")));
    let checked = gateway.cli_ok(&["check"], "");
    assert!(checked.ends_with("no mistakes\n"), "{checked}");
    gateway.reconfigure("127.0.0.1:8420", &gateway.address().to_string());
    gateway.run().await;
    gateway
}

/// Enrols who receives and who decides, and gives the ERP's client.
async fn staff(gateway: &Gateway) -> Caller {
    let person = |operator: &str, role: &str, badge: &str| json!({"operator": operator, "name": operator, "roles": [role], "badges": [badge], "pin": "8264"});
    let people = [
        person("li.wei", "receiving-clerk", "OP-2001"),
        person("ma.store", "storekeeper", "OP-2002"),
        person("wu.manager", "department-manager", "OP-3001"),
    ];
    gateway.enrolled(&people).await;
    let erp = json!({"client": "erp", "scopes": ["inbound:create"]});
    gateway.anybody().with_token(&gateway.token(&erp).await)
}

/// Says yes to every device, once each has asked.
async fn approve_devices(gateway: &Gateway) {
    let credentials = json!({"badge": "OP-1000", "pin": "6925"});
    let signed = gateway.local().post_ok("/session", &credentials).await;
    let root = gateway.local().with_cookie(signed.cookie.as_deref().unwrap());
    let asked = until("every device is asked about", || async {
        let mut changes = gateway.local().list("/changes").await;
        changes.retain(|one| one["change"]["what"] == "device");
        (changes.len() == gateway.devices()).then_some(changes)
    })
    .await;
    for change in asked {
        let path = format!("/changes/{}/decision", change["id"].as_str().unwrap());
        root.post_ok(&path, &json!({"approve": true})).await;
    }
    root.delete("/session").await;
}

/// The simulators of the gateway, under way.
fn simulated(gateway: &Gateway, stop: &CancellationToken) -> JoinHandle<Result<(), String>> {
    let text = fs::read_to_string(gateway.dir().join("simulators.toml")).unwrap();
    let scenario = Scenario::parse(&text).unwrap();
    let stop = stop.clone();
    tokio::spawn(async move {
        let told = Arc::new(|event| println!("{event}"));
        let played = timeout(PATIENCE, play(scenario, told, stop)).await.unwrap();
        played.map_err(|error| error.to_string())
    })
}

async fn received(template: &str, item: &str) {
    let gateway = begun(template).await;
    let erp = staff(&gateway).await;
    let order = json!({"id": Uuid::new_v4(), "station": "receiving", "kind": "receipt",
        "document": {"kind": "purchase-order", "number": "PO-1"},
        "ordered_by": "chen.buyer", "approved_by": "wu.manager",
        "lines": [{"line": 10, "item": item, "quantity": PIECES, "value": "1200",
            "from": "@supplier/ACME", "to": "wh1/dock"}]});
    erp.post_ok("/tasks", &order).await;
    // On the first day the devices ask who they are, and nothing that they read counts.
    let stop = CancellationToken::new();
    let first = simulated(&gateway, &stop);
    approve_devices(&gateway).await;
    stop.cancel();
    drop(first.await.unwrap());
    assert!(movements(&gateway).await.is_empty());

    let clerk = json!({"badge": "OP-2001", "pin": "8264"});
    gateway.anybody().post_ok("/stations/receiving/session", &clerk).await;
    assert_eq!(simulated(&gateway, &CancellationToken::new()).await.unwrap(), Ok(()));
    let moved = movements(&gateway).await;
    assert_eq!(moved.len(), 1, "{moved:?}");
    let lines = moved[0]["lines"].as_array().unwrap();
    let sum: u64 = lines.iter().filter_map(|line| line["quantity"].as_u64()).sum();
    assert_eq!((sum, &moved[0]["document"]["number"]), (PIECES, &json!("PO-1")), "{}", moved[0]);
    let stock = gateway.local().list(&format!("/api/v1/stock?item={item}")).await;
    assert_eq!(stock[0]["value"], "1200", "{stock:?}");
    gateway.cli_ok(&["ledger", "verify"], "");
}

async fn movements(gateway: &Gateway) -> Vec<Value> {
    let entries = gateway.local().list("/movements?limit=100").await;
    entries.into_iter().map(|entry| entry["body"]["movement"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn make_to_order_runs_as_it_is_written() {
    received("make-to-order", "MOTOR-4KW").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn make_to_stock_runs_as_it_is_written() {
    received("make-to-stock", "BOARD-18").await;
}

#[test]
fn what_is_there_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("simulators.toml");
    fs::write(&own, "mine").unwrap();
    let refused = init(&["--template", "make-to-stock"], Some(dir.path()));
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("simulators.toml"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
    assert!(!dir.path().join("gateway.toml").exists(), "nothing else is written either");

    // Into a folder that is not there yet, with a space in its name.
    let new = dir.path().join("my gate/1");
    assert!(init(&["--template", "make-to-stock"], Some(&new)).status.success());
    let written = fs::read_to_string(new.join("gateway.toml")).unwrap();
    assert!(written.contains(&format!("path = \"{}/scanner-counter\"", new.display())));
    assert_eq!(init(&["--template", "make-to-stock"], Some(&new)).status.code(), Some(1));
}

#[test]
fn what_there_is_is_listed_and_what_there_is_not_is_told() {
    let listed = text(&init(&["--list"], None).stdout);
    let names: Vec<_> = listed.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(names, ["make-to-order", "make-to-stock"]);
    let dir = tempfile::tempdir().unwrap();
    let unknown = init(&["--template", "make-to-measure"], Some(&dir.path().join("x")));
    assert!(text(&unknown.stderr).contains("use make-to-order or make-to-stock"));
    let name =
        init(&["--template", "make-to-stock", "--name", "No Slug"], Some(&dir.path().join("x")));
    assert!(text(&name.stderr).contains("--name"), "{}", text(&name.stderr));
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none());
}
