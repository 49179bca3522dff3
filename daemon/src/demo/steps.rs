//! The eight steps of the demo, each with what must be true at its end.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    client::Caller,
    world::{BOLT_GTIN, World, epc},
};

/// Coils as the demo's light stacks are wired.
const GREEN: usize = 0;
const RED: usize = 2;
const BUZZER: usize = 3;
/// A tag that nobody's item master knows: a GTIN of another company.
const STRANGER_GTIN: &str = "09521234543213";

fn tell(who: &str, what: &str, why: &str) {
    println!("   {who:<22} {what}\n   {:<22} └ {why}", "");
}

fn step(number: u32, title: &str) {
    println!("\n{number}. {title}");
}

/// Plays all steps; the first expectation that does not hold is the error.
pub(super) async fn play(world: &mut World) -> anyhow::Result<()> {
    prepare(world).await?;
    nobody_signed_in(world).await.context("step 1")?;
    world.steps_done = 1;
    let keeper = storekeeper_signs_in(world).await.context("step 2")?;
    world.steps_done = 2;
    receive(world).await.context("step 3")?;
    world.steps_done = 3;
    discrepancy(world).await.context("step 4")?;
    world.steps_done = 4;
    denied(world).await.context("step 5")?;
    world.steps_done = 5;
    outage(world).await.context("step 6")?;
    world.steps_done = 6;
    kill(world, &keeper).await.context("step 7")?;
    world.steps_done = 7;
    tamper(world).await.context("step 8")?;
    world.steps_done = 8;
    Ok(())
}

async fn prepare(world: &mut World) -> anyhow::Result<()> {
    println!("gatewarden demo: simulated LLRP portal, serial scanners, Modbus light stacks and an");
    println!("ERP behind a webhook, all over loopback, files in {}", world.dir().display());
    let ready = world.start_daemon().await?;
    println!("   the daemon was ready after {} ms", ready.as_millis());
    let code = world
        .until("the first start prints a one-time enrolment code", || async {
            Ok(world.enrolment_code())
        })
        .await?;
    let first = json!({"code": code, "operator": "root", "name": "Ada Admin", "badge": "OP-1000",
        "pin": "6925"});
    world.anybody()?.post("/enrol", first).await?;
    tell("root", "enrolled with the one-time code", "there is no default password");
    let root = json!({"badge": "OP-1000", "pin": "6925"});
    let root = world.anybody()?.sign_in("/session", root).await?;
    for (id, name, role, badge, pin) in [
        ("li.wei", "Li Wei", "storekeeper", "OP-2001", "8264"),
        ("zhang.min", "Zhang Min", "department-manager", "OP-3001", "3691"),
        ("sam.sales", "Sam Sales", "sales-assistant", "OP-4001", "4703"),
    ] {
        let args = ["operator", "add", id, "--name", name, "--role", role, "--badge", badge];
        let asked = world.cli_ok(&args, "")?;
        let (change, told) = asked.split_once('\n').context("the request has no one-time code")?;
        let askers = told.trim().rsplit(' ').next().unwrap_or_default();
        let half = approve(&root, change.trim()).await?;
        let half = half.context("the approval gave no one-time code")?;
        world.cli_ok(&["operator", "activate", id], &format!("{askers} {half}\n{pin}\n"))?;
        let how =
            "asked for on the box, approved by root, each with half of a code; the PIN is his own";
        tell(id, &format!("enrolled as {role}"), how);
    }
    let scopes = |list: &[&str]| -> Vec<String> {
        list.iter().flat_map(|s| ["--scope".to_owned(), (*s).to_owned()]).collect()
    };
    let viewer = scopes(&["ledger:view", "system:view", "transfer:view"]);
    world.viewer = client(world, &root, "viewer", &viewer).await?;
    let erp = scopes(&["inbound:create", "outbound:create", "transfer:create"]);
    world.erp_client = client(world, &root, "erp", &erp).await?;
    approve_devices(world, &root).await?;
    world
        .until("all devices are up", || async {
            let devices = world.viewer.get("/devices").await?;
            let up = |d: &Value| d["state"] == "up";
            Ok(devices.as_array().is_some_and(|list| list.iter().all(up)).then_some(()))
        })
        .await
}

/// Nothing that a device reads counts before somebody has approved who it is.
async fn approve_devices(world: &World, root: &Caller) -> anyhow::Result<()> {
    let count = world.viewer.get("/devices").await?.as_array().map_or(0, Vec::len);
    let asked = world
        .until("every device is asked about", || async {
            let changes = root.get("/changes").await?;
            let devices = changes.as_array().into_iter().flatten();
            let devices = devices.filter(|one| one["change"]["what"] == "device").cloned();
            let devices: Vec<Value> = devices.collect();
            Ok((devices.len() >= count).then_some(devices))
        })
        .await?;
    for one in &asked {
        approve(root, one["id"].as_str().unwrap_or_default()).await?;
        let change = &one["change"];
        let fact = |name: &str| Some((name.to_owned(), change["identity"][name].as_str()?));
        let told = ["mac", "serial", "address", "path"].into_iter().find_map(fact);
        let (name, value) = told.context("a device tells nothing")?;
        let device = change["device"].as_str().unwrap_or_default();
        // The path of a pseudo-terminal in the demo's folder says nothing but its name.
        let value = value.rsplit('/').next().unwrap_or(value);
        tell(
            device,
            &format!("told {name} {value}"),
            "refused until root approved that it is this one",
        );
    }
    Ok(())
}

/// Says yes to a request; gives its half of a one-time code, if it comes with one.
async fn approve(root: &Caller, change: &str) -> anyhow::Result<Option<String>> {
    let path = format!("/changes/{change}/decision");
    let answer = root.post(&path, json!({"approve": true})).await?;
    Ok(answer["activation_half"].as_str().map(str::to_owned))
}

/// A machine whose token root approved.
async fn client(
    world: &World,
    root: &Caller,
    name: &str,
    scopes: &[String],
) -> anyhow::Result<Caller> {
    let mut args = vec!["client", "add", name];
    args.extend(scopes.iter().map(String::as_str));
    let token = world.cli_ok(&args, "")?;
    let open = root.get("/changes").await?;
    let waits = open.as_array().into_iter().flatten().find(|one| one["change"]["client"] == name);
    let change = waits.and_then(|one| one["id"].as_str()).context("the token is not asked for")?;
    approve(root, change).await?;
    Ok(world.anybody()?.with_token(token.trim()))
}

fn bolts(serials: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    serials.map(|serial| epc(BOLT_GTIN, serial)).collect()
}

async fn until_coils(
    world: &World,
    what: &str,
    coils: impl Fn() -> Vec<bool>,
    on: &[usize],
) -> anyhow::Result<()> {
    world
        .until(what, || async {
            let now = coils();
            let right = now.iter().take(4).enumerate().all(|(i, lit)| *lit == on.contains(&i));
            Ok(right.then_some(()))
        })
        .await
}

/// Shows tags until `done`, then takes them out of the field.
async fn pass<T, F>(
    world: &World,
    tags: &[Vec<u8>],
    what: &str,
    done: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    world.show_tags(tags);
    // A pallet stands in the door for about a second.
    tokio::time::sleep(Duration::from_millis(900)).await;
    world.reader.clear_field();
    let found = world.until(what, done).await;
    // Tags must have left for longer than they may linger before they can come again.
    tokio::time::sleep(Duration::from_millis(700)).await;
    found
}

async fn nobody_signed_in(world: &World) -> anyhow::Result<()> {
    step(1, "A pallet passes with nobody signed in");
    let list = || async {
        let list = world.viewer.get("/quarantine").await?;
        let things =
            list.as_array().and_then(|l| Some(l.first()?["pass"]["sightings"].as_array()?.len()));
        Ok(things)
    };
    let things = pass(world, &bolts(1..25), "the pass is quarantined", list).await?;
    ensure!(things == 24, "24 tags passed and {things} are in quarantine");
    until_coils(world, "red light and buzzer", || world.lights.coils(), &[RED, BUZZER]).await?;
    ensure!(world.movements().await?.is_empty(), "an unbound pass was posted");
    tell(
        "nobody",
        "24 tags at dock-1: quarantined, red, buzzer",
        "a read without a session proves nothing about who moved it",
    );
    Ok(())
}

async fn storekeeper_signs_in(world: &World) -> anyhow::Result<Caller> {
    step(2, "A storekeeper signs in");
    sign_in(world).await
}

async fn sign_in(world: &World) -> anyhow::Result<Caller> {
    let anybody = world.anybody()?;
    let wrong = json!({"badge": "OP-2001", "pin": "7029"});
    let refused = anybody.ask(Method::POST, "/stations/dock-1/session", Some(wrong)).await?;
    let refused = refused.err().context("a wrong PIN was accepted")?;
    ensure!(refused.recorded.is_some(), "a refused sign-in was not recorded");
    tell("li.wei", "wrong PIN: refused", "a badge is a name, not a proof; the attempt is an entry");
    world.scanner.scan("OP-2001")?;
    let keeper = world
        .until("badge and PIN open a session", || async {
            let body = json!({"pin": "8264"});
            Ok(anybody.sign_in("/stations/dock-1/session", body).await.ok())
        })
        .await?;
    let station = keeper.get("/stations/dock-1").await?;
    ensure!(station["session"]["operator"] == "li.wei", "the session is not li.wei's: {station}");
    ensure!(station["session"]["auth_level"] == 2, "badge and PIN are not level 2: {station}");
    tell(
        "li.wei",
        "badge scanned, PIN at the station's page: signed in at dock-1",
        "authenticated by badge and PIN, level 2, bound to this station",
    );
    Ok(keeper)
}

struct Order<'a> {
    station: &'a str,
    kind: &'a str,
    document: (&'a str, &'a str),
    item: &'a str,
    quantity: u32,
    from: &'a str,
    to: &'a str,
}

async fn open_task(world: &World, order: &Order<'_>) -> anyhow::Result<Uuid> {
    let id = Uuid::new_v4();
    let task = json!({
        "id": id, "station": order.station, "kind": order.kind,
        "document": {"kind": order.document.0, "number": order.document.1},
        "ordered_by": "chen.buyer", "approved_by": "wu.director",
        "lines": [{"line": 10, "item": order.item, "quantity": order.quantity,
            "from": order.from, "to": order.to}],
    });
    world.erp_client.post("/tasks", task).await.map(|_| id)
}

fn receipt(number: &str, quantity: u32) -> Order<'_> {
    Order {
        station: "dock-1",
        kind: "receipt",
        document: ("purchase-order", number),
        item: "BOLT-M8",
        quantity,
        from: "@supplier/ACME",
        to: "wh1/dock",
    }
}

async fn movement_of(world: &World, document: &str) -> anyhow::Result<Option<Value>> {
    let found = world
        .movements()
        .await?
        .into_iter()
        .find(|entry| entry["body"]["movement"]["document"]["number"] == document);
    Ok(found.map(|entry| entry["body"]["movement"].clone()))
}

async fn receive(world: &World) -> anyhow::Result<()> {
    step(3, "24 tags of purchase order 4500001 pass");
    open_task(world, &receipt("4500001", 24)).await?;
    tell(
        "erp",
        "PO 4500001: 24 boxes of BOLT-M8 expected at dock-1",
        "ordered by chen.buyer, approved by wu.director",
    );
    let movement =
        pass(world, &bolts(1..25), "the receipt is posted", || movement_of(world, "4500001"))
            .await?;
    ensure!(movement["operator"] == "li.wei", "the movement is not li.wei's: {movement}");
    ensure!(movement["lines"][0]["quantity"] == 24, "not 24 boxes: {movement}");
    until_coils(world, "green light", || world.lights.coils(), &[GREEN]).await?;
    tell(
        "li.wei",
        "24 boxes received into wh1/dock, green",
        "all 24 expected, none missing, none strange; green only after the flush",
    );
    world.until_all_delivered().await?;
    tell(
        "erp",
        "has the movement",
        "delivered by the signed webhook, idempotency key = movement id",
    );
    let id = movement["id"].as_str().context("a movement without an id")?;
    let (proof, key) = (world.dir().join("movement.proof"), world.dir().join("ledger.vkey"));
    std::fs::write(&proof, world.cli_ok(&["ledger", "proof", id], "")?)?;
    std::fs::write(&key, world.cli_ok(&["ledger", "key"], "")?)?;
    let checked = std::process::Command::new(std::env::current_exe()?)
        .args(["ledger", "check-proof"])
        .arg(&proof)
        .arg("--key")
        .arg(&key)
        .output()?;
    ensure!(checked.status.success(), "the movement's proof does not check");
    tell(
        "an auditor",
        "checks the movement's proof offline",
        "inclusion in the signed tree, with nothing but the public key",
    );
    Ok(())
}

async fn discrepancy(world: &World) -> anyhow::Result<()> {
    step(4, "A transfer with one tag missing and one stranger");
    let order = Order {
        station: "dock-1",
        kind: "transfer",
        document: ("transfer-order", "7001"),
        item: "BOLT-M8",
        quantity: 12,
        from: "wh1/dock",
        to: "wh1/a-01",
    };
    let task = open_task(world, &order).await?;
    let mut tags = bolts(1..12);
    tags.push(epc(STRANGER_GTIN, 99));
    let hold = pass(world, &tags, "the pass is held", || async {
        let holds = world.viewer.get("/holds").await?;
        Ok(holds.as_array().and_then(|list| list.first().cloned()))
    })
    .await?;
    let comparison = &hold["comparison"];
    ensure!(comparison["expected"].as_array().map(Vec::len) == Some(11), "{comparison}");
    ensure!(comparison["missing"][0]["quantity"] == 1, "one is missing: {comparison}");
    ensure!(comparison["unknown"].as_array().map(Vec::len) == Some(1), "{comparison}");
    until_coils(world, "red light", || world.lights.coils(), &[RED]).await?;
    ensure!(movement_of(world, "7001").await?.is_none(), "a discrepancy was posted");
    tell(
        "li.wei",
        "11 of 12 and a stranger: held, red",
        "a discrepancy waits for somebody who may decide",
    );
    let manager =
        world.anybody()?.sign_in("/session", json!({"badge": "OP-3001", "pin": "3691"})).await?;
    let pass = hold["pass"]["id"].as_str().context("a hold without a pass")?;
    let decision = json!({"verdict": "accept", "reason": "one box left on the truck, stranger is the driver's own"});
    manager.post(&format!("/holds/{pass}/decision"), decision).await?;
    let movement = movement_of(world, "7001").await?.context("the decision posted nothing")?;
    ensure!(movement["lines"][0]["quantity"] == 11, "not 11: {movement}");
    let seq = movement["resolution_seq"].as_u64().context("the decision is not in the movement")?;
    until_coils(world, "green light", || world.lights.coils(), &[GREEN]).await?;
    tell(
        "zhang.min",
        "accepts 11; the 12th stays open on the task",
        &format!("department manager: approve transfer; entry {seq} is bound into the movement"),
    );
    let withdrawn = world.erp_client.ask(Method::DELETE, &format!("/tasks/{task}"), None).await?;
    withdrawn.context("withdrawing the rest of 7001")?;
    tell("erp", "withdraws the rest of 7001", "the box will come on another order");
    world.until_all_delivered().await
}

async fn denied(world: &World) -> anyhow::Result<()> {
    step(5, "A sales assistant tries to take stock");
    let sales = world
        .anybody()?
        .sign_in("/stations/counter-1/session", json!({"badge": "OP-4001", "pin": "4703"}))
        .await?;
    let order = Order {
        station: "counter-1",
        kind: "issue",
        document: ("requisition", "R-88"),
        item: "BOLT-M8",
        quantity: 1,
        from: "wh1/a-01",
        to: "@production/line-1",
    };
    open_task(world, &order).await?;
    let before = world.movements().await?.len();
    world.counter_scanner.scan(&format!("]d201{BOLT_GTIN}\u{1d}211"))?;
    let denial = world
        .until("the denial is an entry", || async {
            let trace = world.viewer.get("/trace/document/R-88").await?;
            let denied = |l: &&Value| l["what"].as_str().is_some_and(|w| w.starts_with("denied"));
            Ok(trace.as_array().and_then(|lines| lines.iter().find(denied).cloned()))
        })
        .await?;
    ensure!(denial["who"] == "sam.sales", "the denial does not name sam.sales: {denial}");
    until_coils(world, "red light", || world.counter_lights.coils(), &[RED]).await?;
    ensure!(world.movements().await?.len() == before, "a denied movement was posted");
    let rule = denial["rule"].as_str().unwrap_or_default();
    tell("sam.sales", &format!("scan at counter-1: denied, red, entry {}", denial["seq"]), rule);
    let out = sales.ask(Method::DELETE, "/stations/counter-1/session", None).await?;
    out.context("signing out")?;
    Ok(())
}

async fn receive_one(world: &World, number: &str, serial: u64) -> anyhow::Result<Value> {
    open_task(world, &receipt(number, 1)).await?;
    pass(world, &bolts(serial..serial + 1), "the receipt is posted", || movement_of(world, number))
        .await
}

async fn outage(world: &World) -> anyhow::Result<()> {
    step(6, "The ERP goes away, three movements wait, it comes back");
    world.erp.go_away().await;
    tell("erp", "does not answer any more", "the warehouse works on: the ledger is on the box");
    for (i, number) in ["4500002", "4500003", "4500004"].into_iter().enumerate() {
        receive_one(world, number, 101 + i as u64).await?;
    }
    let before = world.erp.received().len();
    let waiting = world.viewer.get("/deliveries").await?;
    ensure!(waiting.as_array().map(Vec::len) == Some(3), "three should wait: {waiting}");
    tell(
        "li.wei",
        "receives three more orders, green each time",
        "three deliveries wait, visibly, with their reason",
    );
    world.erp.come_back().await?;
    world.until_all_delivered().await?;
    let received = world.erp.received().len();
    ensure!(received == before + 3, "the ERP has {received} movements, {} expected", before + 3);
    ensure!(world.erp.repeats() == 0, "the ERP was sent something twice");
    tell(
        "erp",
        "is back and has each of the three exactly once",
        "order kept per document, retried with back-off",
    );
    Ok(())
}

async fn kill(world: &mut World, keeper: &Caller) -> anyhow::Result<()> {
    step(7, "The daemon is killed between flush and delivery");
    ensure!(keeper.get("/stations/dock-1").await.is_ok(), "li.wei is not signed in any more");
    world.erp.go_away().await;
    receive_one(world, "4500005", 201).await?;
    tell("li.wei", "receives order 4500005: flushed, green, not delivered", "the ERP is away");
    world.kill_daemon()?;
    tell("somebody", "kill -9", "no goodbye, no clean-up");
    world.erp.come_back().await?;
    let ready = world.start_daemon().await?;
    world.until_all_delivered().await?;
    tell(
        "the daemon",
        &format!("is back after {} ms and delivers it", ready.as_millis()),
        "the cursor of the lane is on disk; li.wei must sign in again",
    );
    let refused = keeper.ask(Method::GET, "/stations/dock-1", None).await?;
    ensure!(refused.is_err(), "a session survived the restart");

    sign_in(world).await?;
    let before = world.erp.received().len();
    world.erp.hang_after_commit(true);
    receive_one(world, "4500006", 202).await?;
    world
        .until("the ERP has booked it", || async {
            Ok((world.erp.received().len() == before + 1).then_some(()))
        })
        .await?;
    world.kill_daemon()?;
    world.erp.hang_after_commit(false);
    world.start_daemon().await?;
    world.until_all_delivered().await?;
    let trace = world.viewer.get("/trace/document/4500006").await?;
    let found = trace.to_string().contains("found there after a lost answer");
    ensure!(found, "the delivery was not looked up before it was sent again: {trace}");
    let summary = world.summary().await?;
    ensure!(summary.lost == 0, "{} movements were lost", summary.lost);
    ensure!(summary.duplicates == 0, "{} movements came twice", summary.duplicates);
    tell(
        "the daemon",
        "killed again after the ERP booked 4500006 but before it said so: looked up, found",
        "nothing lost, nothing twice",
    );
    Ok(())
}

async fn tamper(world: &mut World) -> anyhow::Result<()> {
    step(8, "Somebody edits a quantity in ledger.db with SQL");
    let clean = world.cli_ok(&["ledger", "verify"], "")?;
    println!("   before: {}", clean.lines().next().unwrap_or_default());
    let movement = movement_of(world, "4500001").await?.context("PO 4500001 is not there")?;
    let id = movement["id"].as_str().context("a movement without an id")?.to_owned();
    let database = rusqlite::Connection::open(world.ledger_path())?;
    database.busy_timeout(Duration::from_secs(5))?;
    let seq: i64 =
        database.query_row("SELECT seq FROM movement WHERE id = ?1", [&id], |row| row.get(0))?;
    let bytes: String =
        database.query_row("SELECT bytes FROM entry WHERE seq = ?1", [seq], |row| row.get(0))?;
    let add = |quantity: i64| {
        let sql = "UPDATE balance SET quantity = quantity + ?1 \
                   WHERE item = 'BOLT-M8' AND location = 'wh1/dock'";
        database.execute(sql, [quantity])
    };
    ensure!(add(6)? == 1, "there is no BOLT-M8 at wh1/dock");
    let said = verify_fails(world)?;
    let named = said.contains("BOLT-M8 at wh1/dock is") && said.contains("the journal says");
    ensure!(named, "verify does not name the stock of BOLT-M8 at wh1/dock: {said}");
    tell(
        "somebody",
        "UPDATE balance SET quantity = quantity + 6 WHERE item = 'BOLT-M8' AND location = 'wh1/dock'",
        &first_finding(&said),
    );
    add(-6)?;
    let text = bytes.replace("\"quantity\":24", "\"quantity\":20");
    let write = |bytes: &str| {
        let values = rusqlite::params![bytes, seq];
        database.execute("UPDATE entry SET bytes = ?1 WHERE seq = ?2", values)
    };
    ensure!(write(&text)? == 1, "there is no entry {seq}");
    let said = verify_fails(world)?;
    ensure!(said.contains(&format!("entry {seq}")), "verify does not name entry {seq}: {said}");
    tell("somebody", "makes 24 received boxes 20 in the journal", &first_finding(&said));
    write(&bytes)?;
    world.cli_ok(&["ledger", "verify"], "")?;
    world.tamper_detected = true;
    tell("an auditor", "puts it back and verifies again", "the ledger is whole");
    Ok(())
}

fn verify_fails(world: &World) -> anyhow::Result<String> {
    let output = world.cli(&["ledger", "verify"], "")?;
    ensure!(!output.status.success(), "an edited ledger was found in order");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn first_finding(said: &str) -> String {
    let line = said.lines().find(|line| line.starts_with("  ")).unwrap_or_default();
    format!("verify: {}", line.trim())
}
