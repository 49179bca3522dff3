//! A house with the shipped procedures: its configuration, its people, and what they do with documents.

pub(crate) use gatewarden_tests::day;
use gatewarden_tests::{Answer, Caller, Gateway, Hardware, People, Settings};
use serde_json::{Value, json};

/// Beside the fixture's configuration.
const PROCEDURES: &str = r#"
[access]
template = "make-to-order"

[roles.sales-assistant]
title = "Asks for stock to be issued, and never takes it."
grants.outbound = ["view", "request"]

[procedures]

[valuation]
currency = "CNY"
method = "moving-average"

[[accounts]]
kind = "receipt"
debit = "1403"
credit = "2202"

[[accounts]]
kind = "production-issue"
debit = "5001"
credit = "1403"

[[accounts]]
kind = "adjustment"
debit = "1902"
credit = "1403"

[[accounts]]
kind = "count"
debit = "1901"
credit = "1403"

[[accounts]]
kind = "shipment"
debit = "6401"
credit = "1405"
"#;

/// Operator, role, badge, PIN, beside the fixture's people.
const MORE: [(&str, &str, &str, &str); 10] = [
    ("mia.manager", "department-manager", "OP-6001", "5208"),
    ("fin.director", "finance-director", "OP-6002", "7316"),
    ("eva.engineer", "engineer", "OP-6003", "4827"),
    ("max.engineering", "engineering-manager", "OP-6004", "9315"),
    ("pia.planner", "planner", "OP-6005", "6142"),
    ("bob.buyer", "buyer", "OP-6006", "3859"),
    ("ines.inspector", "inspector", "OP-6007", "8471"),
    ("pit.production", "production", "OP-6008", "2694"),
    ("sia.sales", "sales", "OP-6009", "7583"),
    ("rae.receiver", "receiving-clerk", "OP-6010", "3961"),
];

/// The gateway and whoever is enrolled.
pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) people: People,
    /// The box's account: it sees everything.
    pub(crate) local: Caller,
}

impl House {
    /// Starts it, with everybody enrolled.
    pub(crate) async fn open() -> Self {
        Self::with("").await
    }

    /// As `open`, with more tables of the configuration.
    pub(crate) async fn with(more: &str) -> Self {
        let settings = Settings { more: format!("{PROCEDURES}{more}"), ..Settings::default() };
        let gateway = Gateway::start(settings).await;
        let people = People::enrol(&gateway).await;
        for (operator, role, badge, pin) in MORE {
            let who =
                json!({"operator": operator, "name": operator, "roles": [role], "badges": [badge]});
            people.enrol_one(&who, pin).await;
        }
        let local = gateway.local();
        Self { gateway, people, local }
    }

    /// The simulated hardware.
    #[allow(dead_code, reason = "stories without devices need none")]
    pub(crate) fn hardware(&self) -> &Hardware {
        &self.gateway.hardware
    }

    /// Signs somebody in at the console.
    pub(crate) async fn sign_in(&self, who: &str) -> Caller {
        let known = MORE.iter().find(|(operator, ..)| *operator == who);
        match known {
            Some((_, _, badge, pin)) => {
                self.people.sign_in_with(&json!({"badge": badge, "pin": pin})).await
            }
            None => self.people.sign_in(who, None).await,
        }
    }

    /// Writes a version as somebody; gives what is answered.
    pub(crate) async fn write(&self, who: &Caller, content: &Value) -> Value {
        let answer = who.post("/api/v1/documents", content).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body
    }

    /// Writes a version and hands it in; gives its digest.
    pub(crate) async fn submit(&self, who: &Caller, content: &Value) -> String {
        let written = self.write(who, content).await;
        let digest = written["digest"].as_str().unwrap().to_owned();
        let answer = who.post(&path(content, "/submit"), &json!({"digest": digest})).await;
        assert!(answer.is_success(), "{}", answer.body);
        digest
    }

    /// Signs, or says no; gives the answer.
    pub(crate) async fn decide(
        &self,
        who: &Caller,
        content: &Value,
        on: &str,
        verdict: &str,
    ) -> Answer {
        let act = json!({"act": "decide", "on": on, "verdict": verdict, "comment": "looked at"});
        who.post(&path(content, "/act"), &act).await
    }

    /// A document as the box's account sees it.
    pub(crate) async fn document(&self, content: &Value) -> Value {
        self.local.get(&path(content, "")).await
    }

    /// Base units of an item at a place.
    pub(crate) async fn stock(&self, item: &str, place: &str) -> i64 {
        let rows = self.local.list(&format!("/api/v1/stock?item={item}&location={place}")).await;
        rows.iter().filter_map(|row| row["quantity"].as_i64()).sum()
    }

    /// Stock that is there before a procedure governs how: an adjustment that others approve.
    pub(crate) async fn found(&self, number: &str, item: &str, quantity: i64, place: &str) {
        self.adjusted(number, item, quantity, ("@loss/opening", place)).await;
    }

    /// Stock that is gone, likewise.
    pub(crate) async fn taken(&self, number: &str, item: &str, quantity: i64, place: &str) {
        self.adjusted(number, item, quantity, (place, "@loss/gone")).await;
    }

    async fn adjusted(&self, number: &str, item: &str, quantity: i64, (from, to): (&str, &str)) {
        let clerk = self.sign_in("li.wei").await;
        let content = json!({
            "document": {"kind": "adjustment-request", "number": number}, "version": 1,
            "note": "counted by hand", "lines": [{"line": 10, "item": item, "quantity": quantity,
                "from": from, "to": to}],
        });
        let on = self.submit(&clerk, &content).await;
        for who in ["wang.lead", "fin.director"] {
            let signer = self.sign_in(who).await;
            let answer = self.decide(&signer, &content, &on, "approve").await;
            assert!(answer.is_success(), "{who}: {}", answer.body);
        }
    }

    /// The whole ledger is verified, and told whole.
    pub(crate) fn verify(&self) {
        let told = self.gateway.cli_ok(&["ledger", "verify"], "");
        assert!(told.contains("the ledger is whole"), "{told}");
    }

    /// The trace of a document, from its origin to all that followed.
    pub(crate) fn trace(&self, number: &str) -> String {
        self.gateway.cli_ok(&["ledger", "trace", "document", number], "")
    }
}

/// Where a document is, and what is done to it.
pub(crate) fn path(content: &Value, what: &str) -> String {
    let document = &content["document"];
    let (kind, number) = (document["kind"].as_str().unwrap(), document["number"].as_str().unwrap());
    format!("/api/v1/documents/{kind}/{number}{what}")
}

/// A number of this month, such as `PO-202611-0001` with four digits.
pub(crate) fn number(kind: &str, count: u32, digits: usize) -> String {
    let today = day(0);
    format!("{kind}-{}{}-{count:0digits$}", &today[..4], &today[5..7])
}
