//! Procedure 1, material issue: engineering puts a bill of material in force, a work order names that very
//! version, production asks for its material, somebody else approves, the storekeeper scans the material and
//! the badge of whoever asked for it; stock, work order and finance follow at once. Then each wrong turn, after
//! which nothing has moved.

use gatewarden_tests::{BOLT, GLOVE};
use serde_json::{Value, json};

use crate::{
    house::path,
    line::{BOB, Line, PIT, RACK, bolts, requisition, yes},
};

#[tokio::test(flavor = "multi_thread")]
async fn material_goes_to_whoever_asked_for_it_and_everything_follows() {
    let line = Line::open().await;
    let house = &line.house;
    let number = "MR-202611-0001";
    let content = requisition(number, 4, &line.bom);
    let on = house.submit(&line.production, &content).await;
    line.is_untouched(number).await;
    let asked = line.manager.get("/api/v1/inbox").await;
    assert_eq!(asked["documents"][0]["document"]["number"], number, "{asked}");
    yes(house, &line.manager, &content, &on).await;
    let view = house.document(&content).await;
    let line_10 = &view["quantities"]["10"];
    assert_eq!(view["state"], "picking", "{view}");
    assert_eq!((&line_10["approved"], &line_10["executed"]), (&json!(4), &json!(0)), "{view}");

    line.shows(PIT).await;
    let moved = line.pieces(&bolts(1..5), "moved").await["movement"].clone();
    assert_eq!(moved["document"]["number"], number, "{moved}");
    assert_eq!(moved["document_digest"], json!(on), "what was signed stands on the movement");
    assert_eq!(moved["kind"], "production-issue");
    assert_eq!(
        (&moved["operator"], &moved["received_by"]),
        (&json!("li.wei"), &json!("pit.production"))
    );
    assert_eq!(house.stock("BOLT-M8", RACK).await, 96);
    is_told_when_it_is_over(&line, &content, &on).await;

    // The work order knows what it consumed, finance what it cost.
    let order = json!({"document": {"kind": "work-order", "number": "WO-202611-0001"}});
    assert_eq!(house.document(&order).await["consumed"], json!({"BOLT-M8": 4}));
    let told = |line: &Value| format!("{} {}", line["account"], line["amount"]).replace('"', "");
    let voucher: Vec<String> = moved["voucher"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(voucher, ["1403 -8", "5001 8"]);
    let vouchers = house.local.get("/api/v1/vouchers").await.to_string();
    assert!(vouchers.contains(number), "{vouchers}");

    // Who did what, in which order, to the second.
    assert_eq!(
        steps(&line, number),
        [
            "written pit.production",
            "submitted pit.production",
            "approval mia.manager",
            "moved li.wei",
            "closed"
        ]
    );
    let trace = house.trace(number);
    for told in ["pit.production", "mia.manager", "li.wei", "signed at"] {
        assert!(trace.contains(told), "{told} in {trace}");
    }
    house.verify();
}

/// One that is over tells who signed and what was executed, as it did while it was open.
async fn is_told_when_it_is_over(line: &Line, content: &Value, on: &str) {
    let view = line.house.document(content).await;
    assert_eq!(view["state"], "closed", "{view}");
    let signed = &view["approval"]["signed"][0];
    assert_eq!((&signed["by"], &signed["verdict"]), (&json!("mia.manager"), &json!("approve")));
    assert_eq!((&signed["on"], &view["digest"]), (&json!(on), &json!(on)));
    assert_eq!(view["approval"]["phase"], "approved", "{view}");
    assert_eq!(view["approval"]["waiting"], json!([]), "{view}");
    assert_eq!(
        view["quantities"]["10"],
        json!({"ordered": 4, "approved": 4, "executed": 4, "in_hand": 0, "open": 0})
    );
    let number = content["document"]["number"].as_str().unwrap();
    let shown = line.house.gateway.cli_ok(&["document", "show", "requisition", number], "");
    for told in ["closed, by pit.production", "approve by mia.manager", "0 open", on] {
        assert!(shown.contains(told), "{told} is not in {shown}");
    }
}

/// What the journal says of a document, each with who did it; the stamps never go back.
fn steps(line: &Line, number: &str) -> Vec<String> {
    let (mut told, mut last) = (vec![], 0);
    for entry in &line.house.gateway.journal().0 {
        let body = &entry["body"];
        let (what, by) = match body["kind"].as_str().unwrap_or_default() {
            "document-written" if body["content"]["document"]["number"] == number => {
                ("written", &body["by"]["id"])
            }
            "document-stepped" if body["document"]["number"] == number => {
                (body["step"]["what"].as_str().unwrap_or("?"), &body["by"]["id"])
            }
            "moved" if body["movement"]["document"]["number"] == number => {
                ("moved", &body["movement"]["operator"])
            }
            _ => continue,
        };
        let at = entry["at"]["wall_us"].as_u64().unwrap();
        assert!(at >= last && at > 0, "{entry}");
        last = at;
        let by = by.as_str().unwrap_or_default();
        // What the gateway does of itself follows from what somebody did.
        if !by.is_empty() || what == "closed" {
            told.push(format!("{what} {by}").trim_end().to_owned());
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_handed_out_on_a_wrong_turn() {
    let line = Line::open().await;
    let house = &line.house;

    // More than the bill gives for the order needs a reason.
    let mut more = requisition("MR-202611-0001", 5, &line.bom);
    let digest = house.write(&line.production, &more).await["digest"].clone();
    let refused = line.production.post(&path(&more, "/submit"), &json!({"digest": digest})).await;
    assert!(!refused.is_success(), "{}", refused.body);
    assert_eq!(refused.body["code"], "excess-without-reason", "{}", refused.body);
    line.is_untouched("MR-202611-0001").await;
    more["version"] = json!(2);
    more["lines"][0]["quantity"] = json!(4);
    let on = house.submit(&line.production, &more).await;
    let own = house.decide(&line.production, &more, &on, "approve").await;
    assert_eq!(own.status, 403, "nobody signs his own: {}", own.body);
    yes(house, &line.manager, &more, &on).await;

    // Nobody showed a badge, then somebody else did.
    let denied = line.pieces(&bolts(1..5), "denied").await;
    assert!(denied["reason"].as_str().unwrap().contains("scan his badge"), "{denied}");
    line.is_red("no badge").await;
    line.scan(BOB);
    let denied = line.pieces(&bolts(1..5), "denied").await;
    assert_eq!(denied["document"], "MR-202611-0001", "{denied}");
    line.is_untouched("MR-202611-0001").await;

    // His, and then another's who steps up: the goods would be the other's.
    line.shows(PIT).await;
    line.shows(BOB).await;
    let denied = line.pieces(&bolts(1..5), "denied").await;
    assert!(denied["reason"].as_str().unwrap().contains("bob.buyer"), "{denied}");
    line.is_untouched("MR-202611-0001").await;

    // Gloves for bolts, then a box too many: it is held, and the supervisor says no.
    line.shows(PIT).await;
    let held = line.pieces(&[format!("]d201{GLOVE}\u{1d}219")], "held").await;
    assert_eq!(held["comparison"]["wrong_item"][0]["item"], "GLOVE-L", "{held}");
    line.is_red("wrong material").await;
    line.no_to(&held).await;
    let held = line.pieces(&bolts(1..6), "held").await;
    assert_eq!(held["comparison"]["extra"].as_array().unwrap().len(), 1, "{held}");
    line.no_to(&held).await;
    line.is_untouched("MR-202611-0001").await;

    // It is withdrawn while it is picked: what is scanned then belongs to nothing.
    let cancel = json!({"step": "cancel", "reason": "the pump is not built today"});
    let answer = line.production.post(&path(&more, "/step"), &cancel).await;
    assert!(answer.is_success(), "{}", answer.body);
    let late = line.pieces(&bolts(1..5), "quarantined").await;
    assert!(late["reason"].as_str().unwrap().contains("no task"), "{late}");
    line.is_untouched("MR-202611-0001").await;
    let trace = house.trace("MR-202611-0001");
    assert!(trace.contains("cancelled") && trace.contains("denied"), "{trace}");
    house.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_requisition_gets_what_the_bill_has_left() {
    let line = Line::open().await;
    line.approved("MR-202611-0001", 3).await;
    line.shows(PIT).await;
    line.pieces(&bolts(1..4), "moved").await;
    assert_eq!(line.house.stock("BOLT-M8", RACK).await, 97);

    // One is left of the four; two are one too many.
    let mut second = requisition("MR-202611-0002", 2, &line.bom);
    let digest = line.house.write(&line.production, &second).await["digest"].clone();
    let submit = path(&second, "/submit");
    let refused = line.production.post(&submit, &json!({"digest": digest})).await;
    assert_eq!(refused.body["code"], "excess-without-reason", "{}", refused.body);

    // With a reason it takes another signature than the manager's.
    second["version"] = json!(2);
    second["lines"][0]["custom"] = json!({"excess-reason": "one thread is stripped"});
    let on = line.house.submit(&line.production, &second).await;
    yes(&line.house, &line.manager, &second, &on).await;
    assert_eq!(line.house.document(&second).await["state"], "in-approval");
    let director = line.house.sign_in("fin.director").await;
    yes(&line.house, &director, &second, &on).await;
    assert_eq!(line.house.stock("BOLT-M8", RACK).await, 97);
    line.scan(PIT);
    line.pieces(&bolts(11..13), "moved").await;
    assert_eq!(line.house.stock("BOLT-M8", RACK).await, 95);
    line.house.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_pick_and_another_lot_move_nothing() {
    let line = Line::open().await;
    let content = line.approved("MR-202611-0001", 4).await;
    line.shows(PIT).await;

    // Two of four are not what was asked for; in the middle of the third label the scanner dies.
    let scanner = &line.house.hardware().counter_scanner;
    let held = line.pieces(&bolts(1..3), "held").await;
    scanner.half_scan(&bolts(3..4)[0]).unwrap();
    scanner.unplug();
    line.house.gateway.until_devices(&line.house.people.viewer, &[("scanner-2", "down")]).await;
    assert_eq!(held["comparison"]["missing"][0]["item"], "BOLT-M8", "{held}");
    line.is_untouched("MR-202611-0001").await;
    scanner.replug().unwrap();
    line.no_to(&held).await;
    let viewer = &line.house.people.viewer;
    line.house.gateway.until_devices(viewer, &[]).await;
    assert_eq!(line.house.document(&content).await["state"], "picking");

    // All of it again, and the badge, which may be too long ago.
    line.scan(PIT);
    line.pieces(&bolts(1..5), "moved").await;
    assert_eq!(line.house.stock("BOLT-M8", RACK).await, 96);

    // Of one lot, and another is scanned.
    let mut of_lot = requisition("MR-202611-0002", 1, &line.bom);
    of_lot["lines"][0]["lot"] = json!("L7");
    of_lot["lines"][0]["custom"] = json!({"excess-reason": "one broke"});
    let on = line.house.submit(&line.production, &of_lot).await;
    yes(&line.house, &line.manager, &of_lot, &on).await;
    let director = line.house.sign_in("fin.director").await;
    yes(&line.house, &director, &of_lot, &on).await;
    line.scan(PIT);
    let held = line.pieces(&[format!("]d201{BOLT}10L8\u{1d}2111")], "held").await;
    assert!(held["comparison"]["extra"][0].is_object(), "{held}");
    line.is_red("another lot").await;
    assert_eq!(line.house.stock("BOLT-M8", RACK).await, 96);
    line.house.verify();
}
