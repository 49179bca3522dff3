//! The house on the day of a material issue: bolts in the rack, a pump with a bill of material in force, a work
//! order for two, and who hands out and receives at the counter.

use gatewarden_tests::{BOLT, Caller, day, until};
use serde_json::{Value, json};

use crate::house::House;

/// Where the bolts lie before.
pub(crate) const RACK: &str = "wh1/a-01";
/// The coil of the counter's red lamp.
const RED: usize = 2;
/// The badge of `bob.buyer`, who asked for nothing.
pub(crate) const BOB: &str = "OP-6006";
/// The badge of `pit.production`, who asks for the bolts.
pub(crate) const PIT: &str = "OP-6008";

/// The house on the day of the issue: what was approved before, by number.
pub(crate) struct Line {
    pub(crate) house: House,
    /// The digest of the bill of material in force: two bolts a pump.
    pub(crate) bom: String,
    /// Who works for production, signed in at the console.
    pub(crate) production: Caller,
    /// The department manager, as his phone signs him in.
    pub(crate) manager: Caller,
}

impl Line {
    /// 100 bolts worth 2.00 each in the rack, PUMP-100 by a bill of material that was approved, and work order
    /// WO-202611-0001 for two pumps.
    pub(crate) async fn open() -> Self {
        let house = House::open().await;
        bought(&house).await;
        let manager = house.sign_in("mia.manager").await;
        pump(&house, &manager).await;
        let bom = bill(&house).await;
        work_order(&house, &manager, "WO-202611-0001", &bom).await;
        let production = house.sign_in("pit.production").await;
        // The storekeeper's session at the counter stays open without him.
        house.people.sign_in("li.wei", Some("counter-1")).await;
        Self { house, bom, production, manager }
    }

    /// A requisition of bolts for pit, approved; nothing was handed out yet.
    pub(crate) async fn approved(&self, number: &str, quantity: i64) -> Value {
        let content = requisition(number, quantity, &self.bom);
        let on = self.house.submit(&self.production, &content).await;
        yes(&self.house, &self.manager, &content, &on).await;
        content
    }

    /// What the counter's scanner reads.
    pub(crate) fn scan(&self, what: &str) {
        self.house.hardware().counter_scanner.scan(what).unwrap();
    }

    /// Shows a badge at the counter, to the entry that says so.
    pub(crate) async fn shows(&self, badge: &str) {
        let before = self.told("receiver-seen").len();
        self.scan(badge);
        until("the badge is an entry", || async {
            (self.told("receiver-seen").len() > before).then_some(())
        })
        .await;
    }

    /// The bodies of a kind in the journal.
    pub(crate) fn told(&self, kind: &str) -> Vec<Value> {
        self.house.gateway.journal().of_kind(kind).cloned().collect()
    }

    /// Scans these pieces, to the entry of this kind that comes of them.
    pub(crate) async fn pieces(&self, codes: &[String], kind: &str) -> Value {
        let before = self.told(kind).len();
        for code in codes {
            self.scan(code);
        }
        until(&format!("an entry {kind}"), || async {
            let told = self.told(kind);
            (told.len() > before).then(|| told[told.len() - 1].clone())
        })
        .await
    }

    /// The counter's lamp says no.
    pub(crate) async fn is_red(&self, why: &str) {
        let lights = &self.house.hardware().counter_lights;
        until(&format!("red: {why}"), || async { lights.coils()[RED].then_some(()) }).await;
    }

    /// The supervisor refuses what is held.
    pub(crate) async fn no_to(&self, held: &Value) {
        let supervisor = self.house.sign_in("wang.lead").await;
        let path = format!("/holds/{}/decision", held["pass"]["id"].as_str().unwrap());
        let no = json!({"verdict": "reject", "reason": "not what was asked for"});
        supervisor.post_ok(&path, &no).await;
    }

    /// Nothing was handed out.
    pub(crate) async fn is_untouched(&self, number: &str) {
        assert_eq!(self.house.stock("BOLT-M8", RACK).await, 100, "{number}");
        assert!(self.house.people.movement(number).await.is_none(), "{number}");
    }
}

/// A box of bolts, as its label says.
pub(crate) fn bolts(serials: std::ops::Range<u32>) -> Vec<String> {
    serials.map(|serial| format!("]d201{BOLT}\u{1d}21{serial}")).collect()
}

/// Bolts that are there with a value, before anything is asked for.
async fn bought(house: &House) {
    let clerk = house.sign_in("li.wei").await;
    let content = json!({
        "document": {"kind": "adjustment-request", "number": "AD-202611-0001"}, "version": 1,
        "note": "first stock", "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 100,
            "from": "@loss/opening", "to": RACK, "amount": "200"}],
    });
    let on = house.submit(&clerk, &content).await;
    for who in ["wang.lead", "fin.director"] {
        let signer = house.sign_in(who).await;
        yes(house, &signer, &content, &on).await;
    }
    assert_eq!(house.stock("BOLT-M8", RACK).await, 100);
}

/// The pump becomes an item by a document that the engineer writes and the manager signs.
async fn pump(house: &House, manager: &Caller) {
    let engineer = house.sign_in("eva.engineer").await;
    let content = json!({
        "document": {"kind": "item", "number": "PUMP-100"}, "version": 1, "title": "Pump 100",
        "custom": {"unit": "piece"},
    });
    let on = house.submit(&engineer, &content).await;
    yes(house, manager, &content, &on).await;
}

/// An engineering change puts the bill in force: two bolts a pump. Gives the digest of the bill.
async fn bill(house: &House) -> String {
    let engineer = house.sign_in("eva.engineer").await;
    let mut change = change("ECO-2026-0001");
    house.write(&engineer, &change).await;
    let bill = bill_of(&change, 2, 0);
    let bom = house.write(&engineer, &bill).await["digest"].as_str().unwrap().to_owned();
    change["version"] = json!(2);
    change["links"] = json!([{"document": bill["document"], "digest": bom}]);
    let on = house.submit(&engineer, &change).await;
    let own = house.decide(&engineer, &change, &on, "approve").await;
    assert_eq!(own.status, 403, "the author never approves it: {}", own.body);
    let head = house.sign_in("max.engineering").await;
    yes(house, &head, &change, &on).await;
    assert_eq!(house.document(&change).await["state"], "closed");
    bom
}

/// An engineering change that names no bill yet.
pub(crate) fn change(number: &str) -> Value {
    json!({
        "document": {"kind": "engineering-change", "number": number}, "version": 1,
        "title": "The pump is designed", "note": "drawn and tried",
    })
}

/// The first version of the pump's bill: so many bolts each, from a day on that is so many from today.
pub(crate) fn bill_of(change: &Value, bolts: i64, from: i64) -> Value {
    json!({
        "document": {"kind": "bom", "number": "PUMP-100"}, "version": 1,
        "custom": {"effective-from": day(from)},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": bolts}],
        "links": [{"document": change["document"]}],
    })
}

/// A work order for two pumps that names the version of the bill.
pub(crate) async fn work_order(house: &House, manager: &Caller, number: &str, bom: &str) {
    let planner = house.sign_in("pia.planner").await;
    let content = json!({
        "document": {"kind": "work-order", "number": number}, "version": 1,
        "title": "Two pumps", "due": day(30),
        "lines": [{"line": 1, "item": "PUMP-100", "quantity": 2}],
        "links": [{"document": {"kind": "bom", "number": "PUMP-100"}, "digest": bom}],
    });
    let on = house.submit(&planner, &content).await;
    yes(house, manager, &content, &on).await;
    assert_eq!(house.document(&content).await["state"], "released");
}

/// Bolts for the work order, as pit asks for them at the counter.
pub(crate) fn requisition(number: &str, quantity: i64, bom: &str) -> Value {
    json!({
        "document": {"kind": "requisition", "number": number}, "version": 1,
        "requester": "pit.production", "station": "counter-1",
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": quantity, "from": RACK}],
        "links": [{"document": {"kind": "work-order", "number": "WO-202611-0001"}},
            {"document": {"kind": "bom", "number": "PUMP-100"}, "digest": bom}],
    })
}

/// Signs, and must be let.
pub(crate) async fn yes(house: &House, who: &Caller, content: &Value, on: &str) {
    let answer = house.decide(who, content, on, "approve").await;
    assert!(answer.is_success(), "{}: {}", content["document"], answer.body);
}
