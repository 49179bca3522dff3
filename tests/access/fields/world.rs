//! A gateway whose journal has a mark in every field, made by those who may; and everybody who misses
//! some of them.

use std::{fmt::Write as _, net::SocketAddr};

use gatewarden_simulators::webhook::{SimReceiver, WebhookOptions};
use gatewarden_tests::{BOLT, Caller, Gateway, People, STRANGER, Settings, epc, free_port, until};
use serde_json::{Value, json};
use uuid::Uuid;

/// What stands in each field. Sums and shares of values are marks too.
pub(crate) const MARKS: [(&str, &[&str]); 7] = [
    ("price", &["777123.45", "777123.4567", "777555.55"]),
    ("cost", &["777222.22", "888333.33", "1665555.55", "444111.11", "444222.22"]),
    ("supplier", &["SUPMARK-7", "SUBMARK-7"]),
    ("customer", &["CUSMARK-7"]),
    ("owner", &["OWNMARK-7"]),
    ("notes", &["NOTEMARK-7"]),
    ("custom:*", &["FREEMARK-7"]),
];
const KEY: &str = "test-signature-key";

/// Beside the fixture's configuration; roles and the partner's lane are added to it.
const MORE: &str = r#"
[valuation]
currency = "CNY"
method = "fifo"

[[items]]
code = "MILK-1L"
name = "Milk, 1 litre"
tracking = "lot"
unit = "bottle"

[[accounts]]
kind = "receipt"
debit = "1403"
credit = "2202"

[[accounts]]
kind = "issue"
debit = "5001"
credit = "1403"

[[accounts]]
kind = "landed-cost"
debit = "1403"
credit = "2203"
"#;

/// Somebody who misses some fields.
pub(crate) struct Watcher {
    pub(crate) name: String,
    pub(crate) caller: Caller,
    pub(crate) hidden: Vec<&'static str>,
    /// Whether he may look into everything else.
    pub(crate) sees_the_rest: bool,
}

/// What there is, to be asked for.
#[derive(Default)]
pub(crate) struct Places {
    pub(crate) task: String,
    pub(crate) open_posting: String,
    pub(crate) void: String,
    pub(crate) movements: Vec<String>,
    pub(crate) unit: String,
    pub(crate) tag: String,
    pub(crate) thing: String,
    pub(crate) traced: Vec<(&'static str, String)>,
}

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) people: People,
    pub(crate) local: Caller,
    /// A client that states prices and sees none.
    pub(crate) writer: Caller,
    pub(crate) partner: SimReceiver,
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) places: Places,
}

const MODULES: [&str; 7] =
    ["inbound", "outbound", "count", "transfer", "price", "ledger", "system"];

impl World {
    pub(crate) async fn make() -> Self {
        let bind = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let options = WebhookOptions { bind, secret: KEY.into(), skew_s_max: None };
        let partner = SimReceiver::start_with(options).await.unwrap();
        let mut more = MORE.to_owned();
        for (role, hidden) in roles() {
            let grants: Vec<String> =
                MODULES.iter().map(|module| format!("{module} = [\"view\"]")).collect();
            let seen = MARKS.iter().map(|(field, _)| *field).filter(|f| !hidden.contains(f));
            let seen: Vec<String> = seen.map(|field| format!("\"{field}\"")).collect();
            let _ = writeln!(
                more,
                "[roles.{role}]\ntitle = \"Watches.\"\ngrants = {{ {} }}\nfields = {{ view = [{}] }}\n",
                grants.join(", "),
                seen.join(", ")
            );
        }
        let fields: Vec<String> = MARKS.iter().map(|(field, _)| format!("\"{field}\"")).collect();
        let _ = writeln!(
            more,
            "[[adapters]]\nname = \"partner\"\nkind = \"webhook\"\nurl = \"{}\"\n\
             secret = {{ env = \"TEST_HOOK_SECRET\" }}\nfields_hidden = [{}]\n",
            partner.url(),
            fields.join(", ")
        );
        let gateway = Gateway::start(Settings { more, ..Settings::default() }).await;
        let people = People::enrol(&gateway).await;
        let local = gateway.local();
        let scopes = [
            "inbound:create",
            "outbound:create",
            "field:price:modify",
            "field:supplier:modify",
            "field:notes:modify",
            "field:custom:*:modify",
        ];
        let writer = client(&gateway, "writer", &scopes).await;
        let watchers = watchers(&gateway).await;
        let mut world =
            Self { gateway, people, local, writer, partner, watchers, places: Places::default() };
        world.work().await;
        world
    }

    /// The open posting again, with a price.
    pub(crate) fn guess(&self, value: &str) -> Value {
        asked(&self.places.open_posting, value)
    }

    /// A landed cost on the first movement.
    pub(crate) fn landed(&self, amount: &str) -> Value {
        json!({"movement": self.places.movements[0], "amounts": [amount],
            "document": {"kind": "purchase-order", "number": "F-7"}})
    }

    /// Makes the journal.
    async fn work(&mut self) {
        let supplier = "@supplier/SUPMARK-7";
        let line = |item: &str, from: &str, to: &str, quantity: &str| json!({"line": 10, "item": item, "quantity": quantity, "from": from, "to": to});
        let mut bought = line("BOLT-M8", supplier, "wh1/a", "1");
        bought["value"] = json!("777222.22");
        self.post("receipt", ("purchase-order", "D-1"), bought).await;
        let landed = self.landed("888333.33");
        let books = client(&self.gateway, "books", &["price:modify", "price:view"]).await;
        books.post_ok("/api/v1/landed-costs", &landed).await;
        let mut other = line("BOLT-M8", supplier, "wh1/b", "1");
        other["value"] = json!("444111.11");
        self.post("receipt", ("purchase-order", "D-2"), other).await;
        let away = line("BOLT-M8", "wh1/b", "@customer/CUSMARK-7", "1");
        self.post("shipment", ("sales-order", "D-3"), away).await;
        let mut third = line("BOLT-M8", supplier, "wh1/c", "1");
        third["value"] = json!("444222.22");
        self.post("receipt", ("purchase-order", "D-4"), third).await;
        let out = line("BOLT-M8", "wh1/c", "@subcontractor/SUBMARK-7", "1");
        self.post("subcontract-out", ("subcontract-order", "D-5"), out).await;
        self.places.unit = "340123450000000017".to_owned();
        let mut consigned = line("MILK-1L", supplier, "wh1/a", "5");
        consigned["owner"] = json!("OWNMARK-7");
        consigned["lot"] = json!("L7");
        consigned["to_unit"] = json!(self.places.unit);
        self.post("receipt", ("purchase-order", "D-6"), consigned).await;
        self.rejected().await;
        self.waiting().await;
        self.refused_and_seen().await;
        let id = &self.places.movements[0];
        self.places.traced = vec![
            ("item", "BOLT-M8".into()),
            ("item", "MILK-1L".into()),
            ("tag", self.places.tag.clone()),
            ("movement", id.clone()),
            ("task", self.places.task.clone()),
            ("operator", "li.wei".into()),
            ("operator", "wang.lead".into()),
            ("station", "dock-1".into()),
            ("device", "portal-1".into()),
            ("client", "erp".into()),
            ("client", "books".into()),
            ("lot", "MILK-1L/L7".into()),
        ];
        for n in 1..=9 {
            self.places.traced.push(("document", format!("D-{n}")));
        }
        self.places.traced.push(("document", "F-7".into()));
    }

    /// Everybody has the movements so far; of the next the partner says what he may not know either.
    async fn rejected(&mut self) {
        let count = self.places.movements.len();
        until("both have every movement", || async {
            let (erp, partner) = (self.gateway.hardware.erp.received(), self.partner.received());
            (erp.len() == count && partner.len() == count).then_some(())
        })
        .await;
        self.partner.reject(Some("SUPMARK-7 for CUSMARK-7 of OWNMARK-7, 777555.55 or 888333.33"));
        let consigned = json!({"line": 10, "item": "MILK-1L", "quantity": "1", "lot": "L7",
            "from": "@supplier/SUPMARK-7", "to": "wh1/a", "owner": "OWNMARK-7"});
        self.post("receipt", ("purchase-order", "D-9"), consigned).await;
        until("the partner rejects it", || async {
            let rows = self.people.viewer.list("/deliveries").await;
            rows.iter().any(|row| row["state"] == "rejected").then_some(())
        })
        .await;
    }

    /// What waits: a task, an open posting, one that was voided.
    async fn waiting(&mut self) {
        let id = Uuid::new_v4().to_string();
        let task = json!({"id": id, "station": "dock-1", "kind": "receipt",
            "document": {"kind": "purchase-order", "number": "D-7"}, "ordered_by": "chen.buyer",
            "custom": {"colour": "FREEMARK-7"},
            "lines": [{"line": 10, "item": "BOLT-M8", "quantity": 1, "value": "777555.55",
                "from": "@supplier/SUPMARK-7", "to": "wh1/dock", "owner": null}]});
        self.people.erp.post_ok("/tasks", &task).await;
        self.places.task = id;
        let open = Uuid::new_v4().to_string();
        self.people.erp.post_ok("/api/v1/postings", &asked(&open, "777123.45")).await;
        self.places.open_posting = open;
        let void = Uuid::new_v4().to_string();
        self.people.erp.post_ok("/api/v1/postings", &asked(&void, "777123.45")).await;
        let reason = json!({"reason": "NOTEMARK-7 void"});
        self.people.erp.post_ok(&format!("/api/v1/postings/{void}/void"), &reason).await;
        self.places.void = void;
    }

    /// What was refused in words that quote a field, tags that came and went, a pass that nobody claims.
    async fn refused_and_seen(&mut self) {
        let id = Uuid::new_v4().to_string();
        let fine = self.people.erp.post("/api/v1/postings", &asked(&id, "777123.4567")).await;
        assert_eq!(fine.body["code"], "value-decimals", "{}", fine.body);
        let keeper = self.people.sign_in("li.wei", None).await;
        let tag = "(01)00614141812349(21)77";
        keeper.post_ok("/api/v1/tags", &json!({"tag": tag, "item": "BOLT-M8"})).await;
        let gone = json!({"tag": tag, "reason": "NOTEMARK-7 torn off"});
        let gone = keeper.ask(reqwest::Method::DELETE, "/api/v1/tags", Some(&gone)).await;
        assert!(gone.is_success(), "{}", gone.body);
        self.places.tag = tag.to_owned();
        self.places.thing = gatewarden_tests::key(BOLT, 5);
        self.gateway.hardware.show(&[epc(STRANGER, 1), epc(BOLT, 5)]);
        let pass = until("a pass is in quarantine", || async {
            let all = self.people.viewer.list("/quarantine").await;
            all.first().map(|one| one["pass"]["id"].as_str().unwrap().to_owned())
        })
        .await;
        self.gateway.hardware.reader.clear_field();
        let lead = self.people.sign_in("wang.lead", None).await;
        let why = json!({"reason": "NOTEMARK-7 a passer-by"});
        lead.post_ok(&format!("/quarantine/{pass}/dismiss"), &why).await;
        self.places.movements.push(pass);
    }

    /// Asked for by the ERP, posted by the supervisor.
    async fn post(&mut self, kind: &str, document: (&str, &str), line: Value) {
        let id = Uuid::new_v4().to_string();
        let posting = json!({"id": id, "kind": kind, "reason": "NOTEMARK-7", "lines": [line],
            "custom": {"colour": "FREEMARK-7"},
            "document": {"kind": document.0, "number": document.1}});
        self.people.erp.post_ok("/api/v1/postings", &posting).await;
        let lead = self.people.sign_in("wang.lead", None).await;
        lead.post_ok(&format!("/api/v1/postings/{id}/post"), &json!({})).await;
        self.places.movements.push(id);
    }
}

fn asked(id: &str, value: &str) -> Value {
    json!({"id": id, "kind": "receipt", "reason": "NOTEMARK-7 urgent",
        "document": {"kind": "purchase-order", "number": "D-8"}, "custom": {"colour": "FREEMARK-7"},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": "@supplier/SUPMARK-7",
            "to": "wh1/a", "value": value}]})
}

/// A role that sees nothing, and one for each field that it misses.
fn roles() -> Vec<(String, Vec<&'static str>)> {
    let all = MARKS.iter().map(|(field, _)| *field).collect();
    let one = |(field, _): &(&'static str, _)| {
        (format!("no-{}", field.trim_end_matches(":*")), vec![*field])
    };
    std::iter::once(("blind".to_owned(), all)).chain(MARKS.iter().map(one)).collect()
}

async fn client(gateway: &Gateway, name: &str, scopes: &[&str]) -> Caller {
    let body = json!({"client": name, "scopes": scopes});
    gateway.anybody().with_token(&gateway.token(&body).await)
}

/// Operators of those roles and of the default ones, and clients.
async fn watchers(gateway: &Gateway) -> Vec<Watcher> {
    let mut watchers = vec![];
    let shipped: [(&str, &[&str]); 3] = [
        ("sales-assistant", &["cost", "supplier", "owner"]),
        ("warehouse-supervisor", &["price", "cost"]),
        ("administrator", &["price", "cost"]),
    ];
    let shipped = shipped.iter().map(|(role, hidden)| ((*role).to_owned(), hidden.to_vec(), false));
    let made = roles().into_iter().map(|(role, hidden)| (role, hidden, true));
    for (n, (role, hidden, sees_the_rest)) in made.chain(shipped).enumerate() {
        let operator = format!("w{n}");
        let badge = format!("OP-77{n:02}");
        let body = json!({"operator": operator, "name": operator, "roles": [role],
            "badges": [badge], "pin": "4826"});
        gateway.enrolled(std::slice::from_ref(&body)).await;
        let door = gateway.anybody();
        let signed = door.post_ok("/session", &json!({"badge": badge, "pin": "4826"})).await;
        let caller = door.with_cookie(signed.cookie.as_deref().unwrap());
        watchers.push(Watcher { name: role, caller, hidden, sees_the_rest });
    }
    let views: Vec<String> = MODULES.iter().map(|module| format!("{module}:view")).collect();
    let plain: Vec<&str> =
        views.iter().map(String::as_str).filter(|scope| *scope != "price:view").collect();
    let narrow: Vec<&str> =
        views.iter().map(String::as_str).chain(["field:supplier:view"]).collect();
    let others = MARKS.iter().map(|(field, _)| *field).filter(|f| *f != "supplier").collect();
    for (name, scopes, hidden) in
        [("plain", plain, vec!["price", "cost"]), ("narrow", narrow, others)]
    {
        let caller = client(gateway, name, &scopes).await;
        watchers.push(Watcher { name: name.to_owned(), caller, hidden, sees_the_rest: true });
    }
    watchers
}
