//! Procedure 7, subcontracting: material goes out through the door, what was made of it comes in, and the settlement
//! says what was used, lost and earned as the journal gives it; nothing else ends the order.

use gatewarden_tests::{BOLT, Caller, until};
use serde_json::{Value, json};

use crate::{
    house::{House, day, path},
    line::yes,
    plant::{Plant, RACK, VALVE},
};

const ORDER: &str = "SC-202611-0001";
const LEFT: &str = "BOLT-M8 x 2";

/// Two valves of ten bolts, for 8.
fn order(plant: &Plant) -> Value {
    json!({
        "document": {"kind": "subcontract-order", "number": ORDER}, "version": 1,
        "partner": "SUB", "due": day(14), "station": "dock-1",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 10, "from": RACK},
            {"line": 20, "item": "VALVE-50", "quantity": 2, "to": "wh1/dock", "amount": "8"}],
        "links": [plant.bill("VALVE-50")],
    })
}

/// The settlement that the gateway drafts.
async fn draft(who: &Caller, order: &Value) -> (u16, Value) {
    let path = format!("{}?left={}", path(order, "/settlement"), LEFT.replace(' ', "%20"));
    let answer = who.ask(reqwest::Method::GET, &path, None).await;
    (answer.status, answer.body)
}

/// Somebody at the dock.
async fn at_dock(house: &House, badge: &str, pin: &str) -> Caller {
    let door = house.gateway.anybody();
    let body = json!({"badge": badge, "pin": pin});
    let answer = door.post_ok("/stations/dock-1/session", &body).await;
    house.gateway.until_devices(&house.people.viewer, &[]).await;
    door.with_cookie(&answer.cookie.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subcontractor_is_settled_with_by_what_went_out_and_came_in() {
    let plant = Plant::open().await;
    let house = &plant.house;
    let content = order(&plant);
    let clerk = plant.sign_in("sven.subcontracts").await;
    let accountant = plant.sign_in("cora.cost").await;
    let on = house.submit(&clerk, &content).await;

    // Nothing is settled before it is signed, nor while goods are to go or to come; nothing else closes it.
    assert_eq!(draft(&accountant, &content).await.1["code"], "order-not-open");
    yes(house, &plant.manager, &content, &on).await;
    let keeper = house.people.sign_in("ma.second", Some("dock-1")).await;
    plant.through(BOLT, 1..11);
    plant.until_stock("BOLT-M8", RACK, 90).await;
    plant.clear();
    keeper.delete("/session").await;
    assert_eq!(plant.beyond("BOLT-M8", "@subcontractor/SUB").await, 10);
    let (status, out) = draft(&accountant, &content).await;
    assert_eq!((status, &out["code"]), (422, &json!("settlement-goods-out")), "{out}");
    assert!(out["message"].as_str().unwrap().contains("line 20"), "{out}");
    let close = json!({"step": "close", "reason": "he brings no more"});
    let by_hand = clerk.post(&path(&content, "/step"), &close).await;
    assert_eq!(by_hand.body["code"], "settlement-needed", "{}", by_hand.body);

    // The valves come; the receiving clerk takes them over.
    let receiver = at_dock(house, "OP-6010", "3961").await;
    plant.through(VALVE, 1..3);
    plant.until_stock("VALVE-50", "wh1/dock", 2).await;
    plant.clear();
    receiver.delete("/session").await;
    let view = house.document(&content).await;
    assert_eq!(view["state"], "at-subcontractor", "{view}");
    assert_eq!(view["quantities"]["20"]["executed"], 2, "{view}");

    settles(&plant, &accountant, &content).await;
    let trace = house.trace(ORDER);
    for told in ["sven.subcontracts", "mia.manager", "ma.second", "rae.receiver", "settled by"] {
        assert!(trace.contains(told), "{told} is not in {trace}");
    }
    house.verify();
}

/// Eight bolts were used for two valves: four by the bill, one within its scrap, three lost at 2.00 each.
async fn settles(plant: &Plant, accountant: &Caller, order: &Value) {
    let house = &plant.house;
    let (status, drafted) = draft(accountant, order).await;
    assert_eq!(status, 200, "{drafted}");
    let line = &drafted["lines"][0];
    let told = |name: &str| line["custom"][name].as_str().unwrap().to_owned();
    assert_eq!((&line["item"], &line["quantity"]), (&json!("BOLT-M8"), &json!(8)), "{drafted}");
    assert_eq!([told("by-standard"), told("by-allowance"), told("loss")], ["4", "1", "3"]);
    assert_eq!(line["amount"], "6", "{drafted}");
    let sums =
        ["made", "left", "fee", "charges", "balance"].map(|name| drafted["custom"][name].clone());
    assert_eq!(sums, ["VALVE-50/1 x 2", LEFT, "8", "6", "2"]);
    let arguments =
        ["document", "settle", ORDER, "--left", LEFT, "--dry-run", "--badge", "OP-6102"];
    let printed = house.gateway.cli_ok(&arguments, "7518\n");
    assert!(printed.contains("8 of BOLT-M8") && printed.contains("charged 6"), "{printed}");

    // One that says less was lost, or less is owed, is refused with the line and the difference.
    let mut content = drafted.clone();
    content["document"]["number"] = json!("ST-202611-0001");
    content["lines"][0]["quantity"] = json!(7);
    let less = plant.refused("cora.cost", &content).await;
    assert_eq!(less["code"], "settlement-differs", "{less}");
    let words = less["message"].as_str().unwrap();
    assert!(words.contains("lines[0].quantity") && words.contains("is 8 (-1)"), "{words}");
    content["version"] = json!(2);
    content["lines"][0]["quantity"] = json!(8);
    content["lines"][0]["amount"] = json!("4");
    let cheap = plant.refused("cora.cost", &content).await;
    assert!(cheap["message"].as_str().unwrap().contains("lines[0].amount"), "{cheap}");

    // As the journal gives it: two sign, the bolts leave the books, and the order is over.
    content["version"] = json!(3);
    content["lines"][0]["amount"] = json!("6");
    let on = house.submit(accountant, &content).await;
    let own = house.decide(accountant, &content, &on, "approve").await;
    assert_eq!(own.status, 403, "{}", own.body);
    for who in ["mia.manager", "fin.director"] {
        let signer = house.sign_in(who).await;
        yes(house, &signer, &content, &on).await;
    }
    house.people.moved("ST-202611-0001").await;
    let journal = house.gateway.journal();
    let movement = journal.movements().last().unwrap();
    assert_eq!(
        (&movement["kind"], &movement["document_digest"]),
        (&json!("subcontract-in"), &json!(on))
    );
    assert_eq!(plant.beyond("BOLT-M8", "@subcontractor/SUB").await, 2, "what is left is his");
    let place = format!("@production/{ORDER}");
    assert_eq!(plant.beyond("BOLT-M8", &place).await, 8);
    assert_eq!(plant.beyond("VALVE-50", &place).await, -2);
    assert_eq!(house.document(order).await["state"], "closed");
    assert_eq!(house.document(&content).await["state"], "closed");
    is_over(accountant, order, &drafted).await;
}

/// It is settled once.
async fn is_over(accountant: &Caller, order: &Value, drafted: &Value) {
    assert_eq!(draft(accountant, order).await.1["code"], "order-not-open");
    let mut again = drafted.clone();
    again["document"]["number"] = json!("ST-202611-0002");
    let twice = accountant.post("/api/v1/documents", &again).await;
    assert_eq!(twice.body["code"], "document-not-open", "{}", twice.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_settlements_of_one_order_end_it_once() {
    let plant = Plant::open().await;
    let house = &plant.house;
    let content = order(&plant);
    plant.signed("sven.subcontracts", &["mia.manager"], &content).await;
    let keeper = house.people.sign_in("ma.second", Some("dock-1")).await;
    plant.through(BOLT, 1..11);
    plant.until_stock("BOLT-M8", RACK, 90).await;
    plant.clear();
    keeper.delete("/session").await;
    let _receiver = at_dock(house, "OP-6010", "3961").await;
    plant.through(VALVE, 1..3);
    until("the valves are here", || async {
        (house.stock("VALVE-50", "wh1/dock").await == 2).then_some(())
    })
    .await;
    plant.clear();
    let accountant = plant.sign_in("cora.cost").await;
    let (_, mut first) = draft(&accountant, &content).await;
    first["document"]["number"] = json!("ST-202611-0001");
    let on = house.submit(&accountant, &first).await;
    // What the first one set aside can't be used twice.
    let mut second = first.clone();
    second["document"]["number"] = json!("ST-202611-0002");
    let refused = plant.refused("cora.cost", &second).await;
    assert_eq!(refused["code"], "stock-short", "{refused}");
    // Taken back, it sets free what it held; the second one counts.
    let withdraw = json!({"act": "withdraw", "comment": "the other one"});
    let answer = accountant.post(&path(&first, "/act"), &withdraw).await;
    assert!(answer.is_success(), "{}", answer.body);
    assert!(!on.is_empty());
    let digest = house.document(&second).await["digest"].clone();
    let answer = accountant.post(&path(&second, "/submit"), &json!({"digest": digest})).await;
    assert!(answer.is_success(), "{}", answer.body);
    for who in ["mia.manager", "fin.director"] {
        let signer = house.sign_in(who).await;
        yes(house, &signer, &second, digest.as_str().unwrap()).await;
    }
    assert_eq!(house.document(&content).await["state"], "closed");
    assert_eq!(plant.beyond("BOLT-M8", "@subcontractor/SUB").await, 2);
    house.verify();
}
