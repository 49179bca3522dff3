//! From the portal to the close of the period, each step with its numbers.

use gatewarden_tests::{BOLT, epc, receipt, until};
use serde_json::json;

use crate::cluster::Cluster;
use crate::house::{House, day, posting, told, voucher, with};

const DOCK: &str = "wh1/dock";
const STORE: &str = "wh1/a";

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_received_inspected_put_away_used_counted_corrected_and_closed() {
    play(House::open().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_a_shared_ledger() {
    let Some(cluster) = Cluster::start_new() else { return };
    play(House::open_on(&cluster).await).await;
}

async fn play(house: House) {
    received_at_the_portal(&house).await;
    released_and_put_away(&house).await;
    used_and_counted(&house).await;
    corrected(&house).await;
    entered_late(&house).await;
    closed(&house).await;
    by_command_line(&house).await;
    only_what_is_its_business(&house).await;
    let report = house.gateway.cli_ok(&["ledger", "verify"], "");
    assert!(report.contains("the ledger is whole"), "{report}");
}

/// Ten boxes for 100.00 pass the portal and wait for their inspection.
async fn received_at_the_portal(house: &House) {
    let _dock = house.people.sign_in("li.wei", Some("dock-1")).await;
    let mut task = receipt("4500001", 10).task();
    task["lines"][0]["value"] = json!("100");
    task["lines"][0]["to_status"] = json!("quality-inspection");
    house.people.erp.post_ok("/tasks", &task).await;
    house.gateway.hardware.show(&(1..11).map(|n| epc(BOLT, n)).collect::<Vec<_>>());
    house.people.moved("4500001").await;
    house.gateway.hardware.reader.clear_field();
    until("green", || async { house.gateway.is_green().then_some(()) }).await;
    let rows = house.stock("").await;
    assert_eq!(rows, ["BOLT-M8 wh1/dock quality-inspection 10 = 100"]);
    let vouchers = house.local.list("/api/v1/vouchers").await;
    assert_eq!(voucher(&json!({"voucher": vouchers[0]["lines"]})), ["1403 100", "2202 -100"]);
}

/// What is not released can't be used; two persons release it; then it is put away.
async fn released_and_put_away(house: &House) {
    let line = |from: &str, to: &str| json!([{"line": 10, "item": "BOLT-M8", "quantity": "10", "from": from, "to": to}]);
    let early = posting("issue", ("requisition", "R-0"), line(DOCK, "@production/P"));
    assert_eq!(house.refused(&early).await.1, "stock-short");

    let mut release = posting("status-change", ("inspection", "Q-1"), line(DOCK, DOCK));
    release["lines"][0]["from_status"] = json!("quality-inspection");
    let id = release["id"].as_str().unwrap().to_owned();
    let storekeeper = house.people.sign_in("li.wei", None).await;
    storekeeper.post_ok("/api/v1/postings", &release).await;
    assert_eq!(house.stock("?status=reserved").await, ["BOLT-M8 wh1/dock reserved 10 = 100"]);
    let again = storekeeper.post("/api/v1/postings", &release).await;
    assert_eq!((again.status, &again.body["state"]), (200, &json!("reserved")), "a repeat");
    let other = with(release.clone(), "reason", json!("another"));
    let other = storekeeper.post("/api/v1/postings", &other).await;
    assert_eq!((other.status, &other.body["code"]), (409, &json!("posting-differs")));
    let path = format!("/api/v1/postings/{id}/post");
    let alone = storekeeper.post(&path, &json!({})).await;
    assert_eq!(alone.status, 403, "one person alone: {}", alone.body);
    let lead = house.people.sign_in("wang.lead", None).await;
    let open = lead.list("/api/v1/postings").await;
    assert_eq!((open.len(), &open[0]["id"]), (1, &json!(id)));
    lead.post_ok(&path, &json!({})).await;
    assert_eq!(house.local.get(&format!("/api/v1/postings/{id}")).await["state"], "posted");
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/dock 10 = 100"]);

    let away = posting("put-away", ("transfer-order", "T-1"), line(DOCK, STORE));
    let moved = house.post(&away).await;
    assert_eq!(voucher(&moved), [""; 0], "what stays in stock is no matter of finance");
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 10 = 100"]);
}

/// Four boxes go to production; a count finds five of six.
async fn used_and_counted(house: &House) {
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "4", "from": STORE,
        "to": "@production/P"}]);
    let moved = house.post(&posting("issue", ("requisition", "R-1"), line)).await;
    assert_eq!(moved["lines"][0]["value"], "40");
    assert_eq!(voucher(&moved), ["1403 -40", "5001 40"]);

    let foreign = json!([{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": STORE,
        "to": "@production/P", "owner": "ACME"}]);
    let foreign = posting("issue", ("requisition", "R-2"), foreign);
    let expect = (422, "wrong-owner".to_owned(), "lines[0].owner".to_owned());
    assert_eq!(house.refused(&foreign).await, expect);

    let counts = json!([{"line": 10, "item": "BOLT-M8", "location": STORE, "quantity": "5"}]);
    let count = with(posting("count", ("count-order", "C-1"), json!([])), "counts", counts);
    let moved = house.post(&count).await;
    assert_eq!(
        (&moved["counts"][0]["book"], &moved["counts"][0]["counted"]),
        (&json!(6), &json!(5))
    );
    assert_eq!(voucher(&moved), ["1403 -10", "1901 10"]);
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 5 = 50"]);
}

/// An adjustment by mistake, and its reversal: both stay, stock and value are as before.
async fn corrected(house: &House) {
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": "@loss/found",
        "to": STORE}]);
    let mistake = posting("adjustment", ("adjustment-request", "A-1"), line);
    let mistake = with(mistake, "reason", json!("found one"));
    let moved = house.post(&mistake).await;
    assert_eq!(voucher(&moved), ["1403 10", "1902 -10"]);
    let back = posting("adjustment", ("adjustment-request", "A-2"), json!([]));
    let back = with(with(back, "reason", json!("it was none")), "reverses", moved["id"].clone());
    let taken = house.post(&back).await;
    assert_eq!(voucher(&taken), ["1403 -10", "1902 10"]);
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 5 = 50"]);
    let twice = with(back, "id", json!(uuid::Uuid::new_v4()));
    let storekeeper = house.people.sign_in("li.wei", None).await;
    let refused = told(&storekeeper.post("/api/v1/postings", &twice).await);
    assert_eq!(refused.1, "reversed-already");
}

/// A receipt of yesterday, entered today: ten boxes for 300.00 that nobody booked. What was used and
/// lost since is worth the mean of both receipts, 20.00 a box instead of 10.00.
async fn entered_late(house: &House) {
    let (yesterday, before) = (day(-1), day(-2));
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "10", "from": "@supplier/ACME",
        "to": STORE, "value": "300"}]);
    let late = posting("receipt", ("purchase-order", "4500000"), line);
    let late = with(with(late, "reason", json!("not booked")), "effective", json!(yesterday));
    let moved = house.post(&late).await;
    assert_eq!((&moved["effective"], &moved["back_dated"]), (&json!(yesterday), &json!(true)));
    let booked = ["1403 250", "1901 10", "2202 -300", "5001 40"];
    assert_eq!(voucher(&moved), booked);
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 15 = 300"]);

    let on = |day: &str, view: &str| format!("?on={day}&view={view}");
    assert_eq!(house.stock(&on(&yesterday, "known")).await, [""; 0], "nobody knew of it then");
    let corrected = ["BOLT-M8 wh1/a 10 = 300"];
    assert_eq!(house.stock(&on(&yesterday, "corrected")).await, corrected);
    assert_eq!(house.stock(&on(&before, "corrected")).await, [""; 0]);
    let today = house.stock(&on(&day(0), "corrected")).await;
    assert_eq!(today, house.stock("").await, "the evening of today is now");
    let cli = ["ledger", "stock", "--on", &yesterday, "--view", "corrected", "--value", "--json"];
    let cli: Vec<serde_json::Value> =
        serde_json::from_str(&house.gateway.cli_ok(&cli, "")).unwrap();
    assert_eq!((&cli[0]["quantity"], &cli[0]["value"]), (&json!(10), &json!("300")));
    let csv = house.gateway.cli_ok(&["ledger", "vouchers", "--to", &yesterday, "--csv"], "");
    assert!(csv.contains(",receipt,") && csv.contains(",2202,,300\r\n"), "{csv}");
    let aged = house.local.list("/api/v1/stock/ageing").await;
    assert_eq!(aged[0]["days_0_30"], json!({"quantity": 15, "value": "300"}));
    assert_eq!(aged[0]["oldest"], json!(yesterday));
}

/// The same by the command line, each time as a person with badge and PIN.
async fn by_command_line(house: &House) {
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "5", "from": STORE, "to": DOCK}]);
    let away = posting("transfer", ("transfer-order", "T-2"), line);
    let id = away["id"].as_str().unwrap();
    let file = house.gateway.dir().join("posting.json");
    std::fs::write(&file, away.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let ask = ["post", file, "--badge", "OP-2001"];
    let wrong = house.gateway.cli(&ask, "9999\n");
    assert!(!wrong.status.success(), "a wrong PIN");
    assert_eq!(house.gateway.cli_ok(&ask, "8264\n").trim(), format!("{id} reserved"));
    let open = house.gateway.cli_ok(&["post", "list"], "");
    assert_eq!(open.trim(), format!("{id}\ttransfer\tT-2\tli.wei operator"));
    let approve = ["post", "approve", id, "--badge"];
    let alone = house.gateway.cli(&[&approve[..], &["OP-2001"]].concat(), "8264\n");
    assert!(!alone.status.success(), "whoever asked may not post");
    let posted = house.gateway.cli_ok(&[&approve[..], &["OP-3001"]].concat(), "3691\n");
    assert_eq!(posted.trim(), format!("{id} posted"));
    assert_eq!(house.stock("").await, ["BOLT-M8 wh1/a 10 = 200", "BOLT-M8 wh1/dock 5 = 100"]);

    let again = with(away.clone(), "id", json!(uuid::Uuid::new_v4()));
    std::fs::write(file, again.to_string()).unwrap();
    let id = again["id"].as_str().unwrap();
    house.gateway.cli_ok(&ask, "8264\n");
    let void = ["post", "void", id, "--reason", "a mistake", "--badge", "OP-2001"];
    assert_eq!(house.gateway.cli_ok(&void, "8264\n").trim(), format!("{id} voided"));
    assert_eq!(house.stock("?status=reserved").await, [""; 0]);
    assert_eq!(house.local.get(&format!("/api/v1/postings/{id}")).await["state"], "void");
    let trace = house.gateway.cli_ok(&["ledger", "trace", "movement", id], "");
    assert!(trace.contains("waits for a second person"), "{trace}");
    assert!(trace.contains("void: a mistake; free again: 5 box of BOLT-M8"), "{trace}");
}

/// A lane that is told its kinds has those alone; the others are nowhere in it, nor refused by it.
async fn only_what_is_its_business(house: &House) {
    let waiting = house.local.list("/deliveries").await;
    let finance: Vec<_> = waiting.iter().filter(|row| row["lane"] == "finance").collect();
    assert_eq!(finance.len(), 1, "{waiting:?}");
    assert_eq!(finance[0]["document"], "R-1");
}

/// Who may not see prices sees none; who may close closes; before that day nothing counts any more.
async fn closed(house: &House) {
    let rows = house.people.viewer.list("/api/v1/stock").await;
    assert!(rows.iter().all(|row| row.get("value").is_none()), "{rows:?}");
    let movements = house.people.viewer.list("/movements").await;
    let told_value = movements.iter().any(|m| {
        let text = m.to_string();
        text.contains("\"value\"") || text.contains("voucher") || text.contains("revalues")
    });
    assert!(!told_value, "{movements:?}");
    assert_eq!(
        told(&house.people.viewer.ask(reqwest::Method::GET, "/api/v1/vouchers", None).await).0,
        403
    );

    let scopes = ["price:approve", "price:modify", "price:view"];
    let books = house.people.machine("books", &scopes).await;
    let yesterday = day(-1);
    let refused =
        house.people.erp.post("/api/v1/periods/close", &json!({"until": yesterday})).await;
    assert_eq!(refused.status, 403);
    books.post_ok("/api/v1/periods/close", &json!({"until": yesterday})).await;
    let line = json!([{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": "@supplier/ACME",
        "to": STORE, "value": "1"}]);
    let late = posting("receipt", ("purchase-order", "4500002"), line);
    let late = with(with(late, "reason", json!("late")), "effective", json!(yesterday));
    let expect = (422, "period-closed".to_owned(), "effective".to_owned());
    assert_eq!(house.refused(&late).await, expect);
}
