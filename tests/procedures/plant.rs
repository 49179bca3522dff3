//! A house that makes valves and covers of bolts and gloves: their bills of material in force, stock with a value,
//! and whoever orders from subcontractors and settles with them.

use gatewarden_tests::{BOLT, Caller, GLOVE, day, epc, until};
use serde_json::{Value, json};

use crate::{
    house::{House, path},
    line::yes,
};

/// Where the material lies.
pub(crate) const RACK: &str = "wh1/a-01";
/// A valve's code.
pub(crate) const VALVE: &str = "00614141700011";
/// A cover's code.
pub(crate) const COVER: &str = "00614141700028";

/// What is made, and where it is booked.
const MADE: &str = r#"
[[items]]
code = "VALVE-50"
name = "Valve DN 50"
unit = "piece"
gtins = ["00614141700011"]

[[items]]
code = "COVER-50"
name = "Cover of a valve"
unit = "piece"
gtins = ["00614141700028"]

[[accounts]]
kind = "production-receipt"
debit = "1405"
credit = "5001"

[[accounts]]
kind = "subcontract-in"
debit = "1405"
credit = "1408"
"#;

/// Operator, role, badge, PIN, beside the house's people.
const MORE: [(&str, &str, &str, &str); 2] = [
    ("sven.subcontracts", "subcontracting-clerk", "OP-6101", "4963"),
    ("cora.cost", "cost-accountant", "OP-6102", "7518"),
];

/// The house, with what was approved before.
pub(crate) struct Plant {
    pub(crate) house: House,
    /// The department manager.
    pub(crate) manager: Caller,
    /// The digests of the bills in force: two bolts a valve, a quarter more for scrap; a bolt and a glove a cover.
    pub(crate) valve: String,
    pub(crate) cover: String,
}

impl Plant {
    /// 100 bolts worth 2.00 each and 20 pairs of gloves worth 1.00 in the rack, and both bills by one change order.
    pub(crate) async fn open() -> Self {
        let house = House::with(MADE).await;
        for (operator, role, badge, pin) in MORE {
            let who =
                json!({"operator": operator, "name": operator, "roles": [role], "badges": [badge]});
            house.people.enrol_one(&who, pin).await;
        }
        stocked(&house).await;
        let manager = house.sign_in("mia.manager").await;
        let (valve, cover) = bills(&house).await;
        Self { house, manager, valve, cover }
    }

    /// Signs somebody in at the console.
    pub(crate) async fn sign_in(&self, who: &str) -> Caller {
        match MORE.iter().find(|(operator, ..)| *operator == who) {
            Some((_, _, badge, pin)) => {
                self.house.people.sign_in_with(&json!({"badge": badge, "pin": pin})).await
            }
            None => self.house.sign_in(who).await,
        }
    }

    /// Writes and hands in as one, and has others sign.
    pub(crate) async fn signed(&self, author: &str, signers: &[&str], content: &Value) -> String {
        let by = self.sign_in(author).await;
        let on = self.house.submit(&by, content).await;
        for signer in signers {
            let signer = self.sign_in(signer).await;
            yes(&self.house, &signer, content, &on).await;
        }
        on
    }

    /// Writes and tries to hand in; gives what it is refused with.
    pub(crate) async fn refused(&self, author: &str, content: &Value) -> Value {
        let by = self.sign_in(author).await;
        let digest = self.house.write(&by, content).await["digest"].clone();
        let answer = by.post(&path(content, "/submit"), &json!({"digest": digest})).await;
        assert!(!answer.is_success(), "{content}");
        answer.body
    }

    /// A work order that names both bills.
    pub(crate) fn work_order(&self, number: &str, valves: i64, covers: i64) -> Value {
        json!({
            "document": {"kind": "work-order", "number": number}, "version": 1,
            "title": "Valves and covers", "due": day(30),
            "lines": [{"line": 1, "item": "VALVE-50", "quantity": valves},
                {"line": 2, "item": "COVER-50", "quantity": covers}],
            "links": [self.bill("VALVE-50"), self.bill("COVER-50")],
        })
    }

    /// A link to the version of a bill in force.
    pub(crate) fn bill(&self, product: &str) -> Value {
        let digest = if product == "VALVE-50" { &self.valve } else { &self.cover };
        json!({"document": {"kind": "bom", "number": product}, "digest": digest})
    }

    /// What passes the door, until it is taken away.
    pub(crate) fn through(&self, gtin: &str, serials: std::ops::Range<u64>) {
        self.house.hardware().show(&serials.map(|serial| epc(gtin, serial)).collect::<Vec<_>>());
    }

    pub(crate) fn clear(&self) {
        self.house.hardware().reader.clear_field();
    }

    /// The supervisor refuses what is held.
    pub(crate) async fn no_to(&self, held: &Value) {
        let lead = self.house.sign_in("wang.lead").await;
        let path = format!("/holds/{}/decision", held["pass"]["id"].as_str().unwrap());
        lead.post_ok(&path, &json!({"verdict": "reject", "reason": "not what was asked for"}))
            .await;
    }

    /// Base units of an item at a place that is none of the building.
    pub(crate) async fn beyond(&self, item: &str, place: &str) -> i64 {
        let path = format!("/api/v1/stock?all=true&item={item}&location={place}");
        let rows = self.house.local.list(&path).await;
        rows.iter().filter_map(|row| row["quantity"].as_i64()).sum()
    }

    /// Waits until so much of an item is at a place of the building.
    pub(crate) async fn until_stock(&self, item: &str, place: &str, quantity: i64) {
        until(&format!("{quantity} of {item} at {place}"), || async {
            (self.house.stock(item, place).await == quantity).then_some(())
        })
        .await;
    }
}

/// Labels of pieces.
pub(crate) fn labels(gtin: &str, serials: std::ops::Range<u32>) -> Vec<String> {
    serials.map(|serial| format!("]d201{gtin}\u{1d}21{serial}")).collect()
}

/// What of a material is scanned for two valves and a cover.
pub(crate) fn material(first: u32) -> Vec<String> {
    let mut codes = labels(BOLT, first..first + 6);
    codes.extend(labels(GLOVE, first..first + 1));
    codes
}

async fn stocked(house: &House) {
    let clerk = house.sign_in("li.wei").await;
    let content = json!({
        "document": {"kind": "adjustment-request", "number": "AD-202611-0001"}, "version": 1,
        "note": "first stock", "lines": [
            {"line": 10, "item": "BOLT-M8", "quantity": 100, "from": "@loss/opening", "to": RACK,
                "amount": "200"},
            {"line": 20, "item": "GLOVE-L", "quantity": 20, "from": "@loss/opening", "to": RACK,
                "amount": "20"}],
    });
    let on = house.submit(&clerk, &content).await;
    for who in ["wang.lead", "fin.director"] {
        let signer = house.sign_in(who).await;
        yes(house, &signer, &content, &on).await;
    }
}

/// One change order brings both bills; gives their digests.
async fn bills(house: &House) -> (String, String) {
    let engineer = house.sign_in("eva.engineer").await;
    let mut change = change("ECO-2026-0001");
    house.write(&engineer, &change).await;
    let valve = bill(
        &change,
        "VALVE-50",
        1,
        0,
        &json!([
        {"line": 10, "item": "BOLT-M8", "quantity": 2, "custom": {"scrap-permille": "250"}}]),
    );
    let cover = bill(
        &change,
        "COVER-50",
        1,
        0,
        &json!([
        {"line": 10, "item": "BOLT-M8", "quantity": 1}, {"line": 20, "item": "GLOVE-L", "quantity": 1}]),
    );
    let mut digests = vec![];
    for bill in [&valve, &cover] {
        digests.push(house.write(&engineer, bill).await["digest"].as_str().unwrap().to_owned());
    }
    change["version"] = json!(2);
    change["links"] = json!([{"document": valve["document"], "digest": digests[0]},
        {"document": cover["document"], "digest": digests[1]}]);
    let on = house.submit(&engineer, &change).await;
    let head = house.sign_in("max.engineering").await;
    yes(house, &head, &change, &on).await;
    let cover = digests.pop().unwrap();
    (digests.pop().unwrap(), cover)
}

/// An engineering change that names no bill yet.
pub(crate) fn change(number: &str) -> Value {
    json!({
        "document": {"kind": "engineering-change", "number": number}, "version": 1,
        "title": "The valve is designed", "note": "drawn and tried",
    })
}

/// A version of a bill on a change, from a day on that is so many from today.
pub(crate) fn bill(change: &Value, product: &str, version: u32, from: i64, lines: &Value) -> Value {
    json!({
        "document": {"kind": "bom", "number": product}, "version": version,
        "custom": {"effective-from": day(from)}, "lines": lines,
        "links": [{"document": change["document"]}],
    })
}
