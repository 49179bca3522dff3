//! A gateway whose stock is valued: its configuration, its people, and postings by two of them.

use crate::cluster::{ADMIN, Cluster};
pub(crate) use gatewarden_tests::day;
use gatewarden_tests::{Answer, Caller, Gateway, People, Settings};
use serde_json::{Value, json};
use uuid::Uuid;

/// Beside the fixture's configuration.
const VALUED: &str = r#"
[valuation]
currency = "CNY"
method = "moving-average"

[[items]]
code = "MILK-1L"
name = "Milk, 1 litre"
tracking = "lot"
unit = "bottle"
units = [{ name = "crate", of = "12" }]
valuation = "fifo"

[[locations]]
path = "wh1"
kind = "warehouse"

[[locations]]
path = "wh1/dock"
kind = "zone"

[[locations]]
path = "wh1/a"
kind = "zone"

[[accounts]]
kind = "receipt"
debit = "1403"
credit = "2202"

[[accounts]]
kind = "issue"
debit = "5001"
credit = "1403"

[[accounts]]
kind = "count"
debit = "1901"
credit = "1403"

[[accounts]]
kind = "adjustment"
debit = "1902"
credit = "1403"

# Nobody answers there: what is for this lane waits where it can be seen.
[[adapters]]
name = "finance"
kind = "webhook"
url = "http://127.0.0.1:9/"
secret = { env = "TEST_HOOK_SECRET" }
kinds = ["issue", "scrap"]

[[accounts]]
kind = "landed-cost"
debit = "1403"
credit = "2203"
"#;

/// The gateway, who is enrolled, and two people at consoles.
pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) people: People,
    /// The box's account: it sees everything.
    pub(crate) local: Caller,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::furnish(Gateway::prepare(Settings::default()).await).await
    }

    /// The same with a lane of a shared ledger.
    pub(crate) async fn open_on(cluster: &Cluster) -> Self {
        let gateway = Gateway::prepare(Settings::default()).await;
        let database = cluster.database();
        let url = cluster.url("gatewarden_gw_test", &database);
        gateway.join(&cluster.url(ADMIN, &database), &url, "gw-test");
        Self::furnish(gateway).await
    }

    async fn furnish(mut gateway: Gateway) -> Self {
        let text = std::fs::read_to_string(gateway.config()).unwrap();
        std::fs::write(gateway.config(), text + VALUED).unwrap();
        gateway.run().await;
        let people = People::enrol(&gateway).await;
        let local = gateway.local();
        Self { gateway, people, local }
    }

    /// Reserves as li.wei, posts as wang.lead, and gives the movement. A storekeeper states no price:
    /// what has one the ERP reserves.
    pub(crate) async fn post(&self, posting: &Value) -> Value {
        let id = posting["id"].as_str().unwrap();
        let storekeeper = self.people.sign_in("li.wei", None).await;
        let priced =
            posting["lines"].as_array().into_iter().flatten().any(|l| l["value"].is_string());
        let asker = if priced { &self.people.erp } else { &storekeeper };
        let answer = asker.post("/api/v1/postings", posting).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let lead = self.people.sign_in("wang.lead", None).await;
        lead.post_ok(&format!("/api/v1/postings/{id}/post"), &json!({})).await;
        self.local.get(&format!("/movements/{id}")).await["body"]["movement"].clone()
    }

    /// What a posting that must be refused is answered: status, code, field.
    pub(crate) async fn refused(&self, posting: &Value) -> (u16, String, String) {
        told(&self.people.erp.post("/api/v1/postings", posting).await)
    }

    /// `item quantity value` of each bucket, by the box's account.
    pub(crate) async fn stock(&self, query: &str) -> Vec<String> {
        let rows = self.local.list(&format!("/api/v1/stock{query}")).await;
        let text = |row: &Value| {
            let status = row["status"].as_str().map(|s| format!(" {s}")).unwrap_or_default();
            let value = row["value"].as_str().map(|v| format!(" = {v}")).unwrap_or_default();
            let place = row["location"].as_str().unwrap();
            format!("{} {place}{status} {}{value}", row["item"].as_str().unwrap(), row["quantity"])
        };
        rows.iter().map(text).collect()
    }
}

/// Status, code and field of a refusal.
pub(crate) fn told(answer: &Answer) -> (u16, String, String) {
    let text = |key: &str| answer.body[key].as_str().unwrap_or_default().to_owned();
    assert!(!answer.is_success(), "{} {}", answer.status, answer.body);
    assert!(!text("message").is_empty());
    (answer.status, text("code"), text("field"))
}

/// A path that ends in any text, such as a thing's key.
pub(crate) fn path_of(begin: &str, last: &str) -> String {
    let mut url = reqwest::Url::parse(&format!("http://gatewarden{begin}")).unwrap();
    url.path_segments_mut().unwrap().push(last);
    url.path().to_owned()
}

/// A posting with these lines.
pub(crate) fn posting(kind: &str, document: (&str, &str), lines: Value) -> Value {
    json!({"id": Uuid::new_v4(), "kind": kind, "lines": lines,
        "document": {"kind": document.0, "number": document.1}})
}

/// The same with one more key.
pub(crate) fn with(mut value: Value, key: &str, inner: Value) -> Value {
    value[key] = inner;
    value
}

/// `account amount` of a movement's voucher.
pub(crate) fn voucher(movement: &Value) -> Vec<String> {
    let lines = movement["voucher"].as_array().cloned().unwrap_or_default();
    let text = |line: &Value| {
        format!("{} {}", line["account"].as_str().unwrap(), line["amount"].as_str().unwrap())
    };
    lines.iter().map(text).collect()
}
