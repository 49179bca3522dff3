//! Procedure 9, engineering change: the only way to a new version of a bill of material. Whoever wrote it never
//! approves it; what was drafted before another version came in force is refused; a work order stays with the
//! version that it names.

use gatewarden_tests::Caller;
use serde_json::{Value, json};

use crate::{
    house::{House, path},
    line::{Line, bill_of, change, requisition, work_order, yes},
};

/// Writes a change with a version of the bill; gives the change, ready to be handed in, and the bill's digest.
async fn drafted(house: &House, who: &Caller, number: &str, bill: &Value) -> (Value, String) {
    let mut order = change(number);
    house.write(who, &order).await;
    let bom = house.write(who, bill).await["digest"].as_str().unwrap().to_owned();
    order["version"] = json!(2);
    order["links"] = json!([{"document": bill["document"], "digest": bom}]);
    (order, bom)
}

/// A version of the bill on a change of this number.
fn version(of: u32, number: &str, bolts: i64, from: i64) -> Value {
    let mut bill = bill_of(&change(number), bolts, from);
    bill["version"] = json!(of);
    bill
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_changes_by_a_change_order_alone() {
    let line = Line::open().await;
    let house = &line.house;
    let engineer = house.sign_in("eva.engineer").await;
    let head = house.sign_in("max.engineering").await;

    // A bill by itself comes into force never, and none from the day on which the one before begins.
    let same_day = version(2, "ECO-2026-0002", 3, 0);
    let (order, bom) = drafted(house, &engineer, "ECO-2026-0002", &same_day).await;
    let alone = engineer.post(&path(&same_day, "/submit"), &json!({"digest": bom})).await;
    assert!(!alone.is_success(), "{}", alone.body);
    let written = house.write(&engineer, &order).await;
    let on = json!({"digest": written["digest"]});
    let overlap = engineer.post(&path(&order, "/submit"), &on).await;
    assert_eq!(overlap.body["code"], "eco-overlap", "{}", overlap.body);

    // It is handed in for a later day; its author does not sign it.
    let tomorrow = version(3, "ECO-2026-0003", 3, 1);
    let (late, _) = drafted(house, &engineer, "ECO-2026-0003", &tomorrow).await;
    let on_late = house.submit(&engineer, &late).await;
    let own = house.decide(&engineer, &late, &on_late, "approve").await;
    assert_eq!(own.status, 403, "{}", own.body);

    // Another change drafts a version after it and is faster: the first one is refused.
    let other = version(4, "ECO-2026-0004", 3, 2);
    let (fast, bom) = drafted(house, &engineer, "ECO-2026-0004", &other).await;
    let on_fast = house.submit(&engineer, &fast).await;
    yes(house, &head, &fast, &on_fast).await;
    assert_eq!(house.document(&fast).await["state"], "closed");
    let superseded = house.decide(&head, &late, &on_late, "approve").await;
    assert_eq!(superseded.body["code"], "eco-digest", "{}", superseded.body);

    // The work order of before stays with its version, a new one names the new: six bolts are its standard.
    work_order(house, &line.manager, "WO-202611-0002", &bom).await;
    for (number, work, bom) in [
        ("MR-202611-0001", "WO-202611-0001", &line.bom),
        ("MR-202611-0002", "WO-202611-0002", &bom),
    ] {
        let mut six = requisition(number, 6, bom);
        six["links"][0]["document"]["number"] = json!(work);
        let digest = house.write(&line.production, &six).await["digest"].clone();
        let told = line.production.post(&path(&six, "/submit"), &json!({"digest": digest})).await;
        let more = told.body["code"] == "excess-without-reason";
        assert_eq!((told.is_success(), more), (work == "WO-202611-0002", work == "WO-202611-0001"));
    }
    let trace = house.trace("ECO-2026-0004");
    assert!(trace.contains("eva.engineer") && trace.contains("max.engineering"), "{trace}");
    house.verify();
}
