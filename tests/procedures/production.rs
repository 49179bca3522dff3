//! Procedure 6, production: a work order on proven bills of material, its material handed out at the counter, what
//! was made taken over at the door; each counts on the order, in the books and in finance. Then each wrong turn, and
//! what an engineering change meets.

use gatewarden_tests::until;
use serde_json::{Value, json};

use crate::{
    house::path,
    line::PIT,
    plant::{COVER, Plant, RACK, VALVE, bill, change, material},
};

const ORDER: &str = "WO-202611-0001";

/// Material for the order, as production asks for it.
fn requisition(plant: &Plant, number: &str, bolts: i64, gloves: i64) -> Value {
    json!({
        "document": {"kind": "requisition", "number": number}, "version": 1,
        "requester": "pit.production", "station": "counter-1",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": bolts, "from": RACK},
            {"line": 20, "item": "GLOVE-L", "quantity": gloves, "from": RACK}],
        "links": [{"document": {"kind": "work-order", "number": ORDER}},
            plant.bill("VALVE-50"), plant.bill("COVER-50")],
    })
}

/// What was made, to be taken over at the dock.
fn receipt(number: &str, order: &str, lines: &Value) -> Value {
    json!({
        "document": {"kind": "production-receipt", "number": number}, "version": 1,
        "station": "dock-1", "lines": lines,
        "links": [{"document": {"kind": "work-order", "number": order}}],
    })
}

fn made(line: u32, item: &str, quantity: i64, amount: &str) -> Value {
    json!({"line": line, "item": item, "quantity": quantity, "to": "wh1/dock", "amount": amount})
}

fn voucher(movement: &Value) -> Vec<String> {
    let told = |line: &Value| format!("{} {}", line["account"], line["amount"]).replace('"', "");
    movement["voucher"].as_array().unwrap().iter().map(told).collect()
}

/// The facts that were frozen when a document was handed in last.
fn frozen(plant: &Plant, number: &str) -> Value {
    let journal = plant.house.gateway.journal();
    let steps = journal.of_kind("document-stepped");
    let submitted = steps
        .filter(|body| body["document"]["number"] == number && body["step"]["what"] == "submitted");
    submitted.last().unwrap()["step"]["facts"].clone()
}

/// Material of the whole order at the counter, on what is approved.
async fn handed_out(plant: &Plant) -> Value {
    let house = &plant.house;
    let content = requisition(plant, "MR-202611-0001", 6, 1);
    plant.signed("pit.production", &["mia.manager"], &content).await;
    house.people.sign_in("li.wei", Some("counter-1")).await;
    let scanner = &house.hardware().counter_scanner;
    scanner.scan(PIT).unwrap();
    until("the badge is an entry", || async {
        house.gateway.journal().of_kind("receiver-seen").next().map(|_| ())
    })
    .await;
    for code in material(1) {
        scanner.scan(&code).unwrap();
    }
    plant.until_stock("BOLT-M8", RACK, 94).await;
    let journal = house.gateway.journal();
    journal.movements().find(|one| one["document"]["number"] == "MR-202611-0001").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_comes_in_against_its_order_and_its_material() {
    let plant = Plant::open().await;
    let house = &plant.house;
    let order = plant.work_order(ORDER, 2, 1);
    plant.signed("pia.planner", &["mia.manager"], &order).await;

    // Every line of the order has its own bill: five bolts with scrap for the valves, one for the cover.
    let more = plant.refused("pit.production", &requisition(&plant, "MR-202611-0009", 7, 1)).await;
    assert_eq!(more["code"], "excess-without-reason", "{more}");
    let issued = handed_out(&plant).await;
    assert_eq!(issued["kind"], "production-issue");
    assert_eq!(voucher(&issued), ["1403 -13", "5001 13"]);
    let facts = frozen(&plant, "MR-202611-0001");
    assert_eq!(facts["document.bom"], "COVER-50/1 VALVE-50/1", "the proven versions: {facts}");
    assert_eq!(facts["document.amount"], 130_000, "what it takes is worth so much: {facts}");
    assert_eq!(house.document(&order).await["consumed"], json!({"BOLT-M8": 6, "GLOVE-L": 1}));

    // One valve first, then the rest; the door sees one too many and holds it.
    let first = receipt("FR-202611-00001", ORDER, &json!([made(10, "VALVE-50", 1, "9")]));
    plant.signed("pit.production", &["mia.manager"], &first).await;
    let keeper = house.people.sign_in("ma.second", Some("dock-1")).await;
    plant.through(VALVE, 1..3);
    let held = house.held().await;
    assert_eq!(held["comparison"]["extra"].as_array().unwrap().len(), 1, "{held}");
    plant.clear();
    plant.no_to(&held).await;
    plant.through(VALVE, 11..12);
    let movement = house.people.moved("FR-202611-00001").await;
    plant.clear();
    assert_eq!(
        (&movement["kind"], &movement["operator"]),
        (&json!("production-receipt"), &json!("ma.second"))
    );
    let told = house.document(&order).await["quantities"]["1"].clone();
    assert_eq!((&told["executed"], &told["open"]), (&json!(1), &json!(1)), "{told}");

    // The rest, and no more than the rest.
    let lines = json!([made(10, "VALVE-50", 2, "18"), made(20, "COVER-50", 1, "4")]);
    let mut rest = receipt("FR-202611-00002", ORDER, &lines);
    let over = plant.refused("pit.production", &rest).await;
    assert_eq!(over["code"], "over-order", "{over}");
    assert!(over["message"].as_str().unwrap().contains("line 1"), "{over}");
    rest["version"] = json!(2);
    rest["lines"] = json!([made(10, "VALVE-50", 1, "9"), made(20, "COVER-50", 1, "4")]);
    plant.signed("pit.production", &["mia.manager"], &rest).await;
    let mut field = vec![gatewarden_tests::epc(VALVE, 12)];
    field.push(gatewarden_tests::epc(COVER, 1));
    house.hardware().show(&field);
    plant.until_stock("COVER-50", "wh1/dock", 1).await;
    plant.clear();
    drop(keeper);
    assert_eq!(house.stock("VALVE-50", "wh1/dock").await, 2);
    assert_eq!(house.document(&order).await["state"], "closed");

    // What production had is balanced: material went in, products came out.
    let place = format!("@production/{ORDER}");
    for (item, quantity) in [("BOLT-M8", 6), ("GLOVE-L", 1), ("VALVE-50", -2), ("COVER-50", -1)] {
        assert_eq!(plant.beyond(item, &place).await, quantity, "{item}");
    }
    let movements: Vec<Value> = house.gateway.journal().movements().cloned().collect();
    assert_eq!(voucher(movements.last().unwrap()), ["1405 13", "5001 -13"]);
    let trace = house.trace(ORDER);
    for told in ["pia.planner", "mia.manager", "MR-202611-0001", "FR-202611-00002"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_in_on_an_order_that_is_not_open() {
    let plant = Plant::open().await;
    let house = &plant.house;
    let production = plant.sign_in("pit.production").await;
    let order = plant.work_order(ORDER, 1, 1);
    let planner = plant.sign_in("pia.planner").await;
    let on = house.submit(&planner, &order).await;
    let content = receipt("FR-202611-00001", ORDER, &json!([made(10, "VALVE-50", 1, "9")]));

    // Nobody signed the order yet.
    let early = production.post("/api/v1/documents", &content).await;
    assert_eq!(early.body["code"], "document-not-open", "{}", early.body);
    crate::line::yes(house, &plant.manager, &order, &on).await;
    // What it does not make does not come in on it.
    let strange = receipt("FR-202611-00002", ORDER, &json!([made(10, "GLOVE-L", 1, "9")]));
    let strange = plant.refused("pit.production", &strange).await;
    assert_eq!(strange["code"], "not-ordered", "{strange}");
    // Two that fit one by one don't fit together: the second is refused where it would move.
    for number in ["FR-202611-00003", "FR-202611-00004"] {
        let content = receipt(number, ORDER, &json!([made(10, "VALVE-50", 1, "9")]));
        plant.signed("pit.production", &["mia.manager"], &content).await;
    }
    house.people.sign_in("ma.second", Some("dock-1")).await;
    plant.through(VALVE, 1..2);
    plant.until_stock("VALVE-50", "wh1/dock", 1).await;
    plant.clear();
    let denied = || house.gateway.journal().of_kind("denied").count();
    let before = denied();
    plant.through(VALVE, 2..3);
    until("the second is refused", || async { (denied() > before).then_some(()) }).await;
    plant.clear();
    assert_eq!(house.stock("VALVE-50", "wh1/dock").await, 1);
    let told = house.gateway.journal();
    let why = told.of_kind("denied").last().unwrap()["reason"].as_str().unwrap().to_owned();
    assert!(why.contains(ORDER), "{why}");

    // What was made of it can't be undone by cancelling; once all is made nothing comes in on it any more.
    let cancel = json!({"step": "cancel", "reason": "no cover is needed"});
    let refused = planner.post(&path(&order, "/step"), &cancel).await;
    assert_eq!(refused.body["code"], "document-executed", "{}", refused.body);
    let cover = receipt("FR-202611-00005", ORDER, &json!([made(10, "COVER-50", 1, "4")]));
    let late = receipt("FR-202611-00006", ORDER, &json!([made(10, "COVER-50", 1, "4")]));
    let on_late = house.submit(&production, &late).await;
    plant.signed("pit.production", &["mia.manager"], &cover).await;
    plant.through(COVER, 1..2);
    plant.until_stock("COVER-50", "wh1/dock", 1).await;
    plant.clear();
    assert_eq!(house.document(&order).await["state"], "closed");
    let after = house.decide(&plant.manager, &late, &on_late, "approve").await;
    assert_eq!(after.body["code"], "order-not-open", "{}", after.body);
    house.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_tells_what_it_meets() {
    let plant = Plant::open().await;
    let house = &plant.house;
    plant.signed("pia.planner", &["mia.manager"], &plant.work_order(ORDER, 2, 1)).await;
    let engineer = house.sign_in("eva.engineer").await;
    let mut order = change("ECO-2026-0002");
    house.write(&engineer, &order).await;
    let lines = json!([{"line": 10, "item": "GLOVE-L", "quantity": 2}]);
    let draft = bill(&order, "VALVE-50", 2, 1, &lines);
    let digest = house.write(&engineer, &draft).await["digest"].clone();
    order["version"] = json!(2);
    order["links"] = json!([{"document": draft["document"], "digest": digest}]);
    house.write(&engineer, &order).await;

    let found = engineer.get(&path(&order, "/impact")).await;
    assert_eq!(found["replaced"], json!({"BOLT-M8": "gone"}), "{found}");
    let work = &found["works"][0];
    assert_eq!(work["work"]["number"], ORDER, "{found}");
    assert_eq!((&work["work"]["open"], &work["names"]), (&json!(2), &json!(1)), "{found}");
    assert_eq!(found["works"].as_array().unwrap().len(), 1, "the cover's line is not met: {found}");
    assert_eq!(found["stock"][0]["held"]["location"], RACK, "{found}");
    assert_eq!(found["stock"][0]["held"]["quantity"], 100, "{found}");
    let changes = found["changes"].to_string();
    assert!(changes.contains("BOLT-M8") && changes.contains("GLOVE-L"), "{changes}");
    let arguments = ["document", "impact", "ECO-2026-0002", "--badge", "OP-6003"];
    let told = house.gateway.cli_ok(&arguments, "4827\n");
    assert!(
        told.contains(ORDER) && told.contains("names version 1") && told.contains(RACK),
        "{told}"
    );
    // Who may not see bills sees nothing of it.
    let seller = house.sign_in("sia.sales").await;
    let no = seller.ask(reqwest::Method::GET, &path(&order, "/impact"), None).await;
    assert_eq!(no.status, 403, "{}", no.body);
    house.verify();
}
