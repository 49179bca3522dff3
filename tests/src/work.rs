//! The people, machines, goods and documents of the tests.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Answer, Caller, Gateway, wait::until};

/// The bolts' GTIN-14; seven digits are the company prefix.
pub const BOLT: &str = "00614141812349";
/// The gloves' GTIN-14.
pub const GLOVE: &str = "00614141123452";
/// A GTIN-14 of another company that no item master knows.
pub const STRANGER: &str = "09521234543213";
const PREFIX_DIGITS: usize = 7;

/// The EPC of the `serial`-th piece of an item.
#[must_use]
pub fn epc(gtin: &str, serial: u64) -> Vec<u8> {
    gatewarden_simulators::sgtin96(gtin, serial, PREFIX_DIGITS).to_vec()
}

/// What the daemon calls that piece.
#[must_use]
pub fn key(gtin: &str, serial: u64) -> String {
    format!("(01){gtin}(21){serial}")
}

/// What a document expects, to be changed with struct update.
#[derive(Debug, Clone)]
pub struct Order {
    /// The task's id.
    pub id: Uuid,
    /// Where.
    pub station: &'static str,
    /// `receipt`, `issue`, `transfer`.
    pub kind: &'static str,
    /// The kind of document.
    pub document_kind: &'static str,
    /// Its number.
    pub number: String,
    /// The item.
    pub item: &'static str,
    /// Base units.
    pub quantity: u64,
    /// From where.
    pub from: &'static str,
    /// To where.
    pub to: &'static str,
}

/// A receipt of bolts at the dock.
#[must_use]
pub fn receipt(number: &str, quantity: u64) -> Order {
    Order {
        id: Uuid::new_v4(),
        station: "dock-1",
        kind: "receipt",
        document_kind: "purchase-order",
        number: number.to_owned(),
        item: "BOLT-M8",
        quantity,
        from: "@supplier/ACME",
        to: "wh1/dock",
    }
}

impl Order {
    /// As the ERP posts it.
    #[must_use]
    pub fn task(&self) -> Value {
        json!({
            "id": self.id, "station": self.station, "kind": self.kind,
            "document": {"kind": self.document_kind, "number": self.number},
            "ordered_by": "chen.buyer", "approved_by": "wu.director",
            "lines": [{"line": 10, "item": self.item, "quantity": self.quantity,
                "from": self.from, "to": self.to}],
        })
    }
}

/// Who is enrolled at a gateway.
#[derive(Debug, Clone)]
pub struct People {
    /// A machine that may look at everything.
    pub viewer: Caller,
    /// The ERP.
    pub erp: Caller,
    local: Caller,
    door: Caller,
}

/// The PIN of `root`.
const ROOT_PIN: &str = "6925";
/// The badge and PIN of everybody but `root`.
const STAFF: [(&str, &str, &str, &str); 4] = [
    ("li.wei", "storekeeper", "OP-2001", "8264"),
    ("wang.lead", "warehouse-supervisor", "OP-3001", "3691"),
    ("sam.sales", "sales-assistant", "OP-4001", "4703"),
    ("ma.second", "storekeeper", "OP-5001", "5814"),
];

impl People {
    /// Enrols the administrator `root` (OP-1000, 6925) with the one-time code, then storekeepers
    /// `li.wei` and `ma.second`, supervisor `wang.lead`, sales assistant `sam.sales`, and two
    /// machines; and has the devices approved.
    ///
    /// # Panics
    /// Where anything of it is refused.
    pub async fn enrol(gateway: &Gateway) -> Self {
        let people = Self::enrol_people(gateway).await;
        people.approve_devices_as_root(gateway.devices()).await;
        people
    }

    /// As [`People::enrol`], and leaves the devices as they are: refused.
    ///
    /// # Panics
    /// Where anything of it is refused.
    pub async fn enrol_people(gateway: &Gateway) -> Self {
        let code = until("the first start prints a one-time enrolment code", || async {
            gateway.logged(|line| {
                line.split_once("one-time enrolment code: ").map(|(_, code)| code.to_owned())
            })
        })
        .await;
        let door = gateway.anybody();
        let root = json!({"code": code, "operator": "root", "name": "Ada Admin",
            "badge": "OP-1000", "pin": ROOT_PIN});
        door.post_ok("/enrol", &root).await;
        let mut people =
            Self { viewer: door.clone(), erp: door.clone(), local: gateway.local(), door };
        let root = people.sign_in("root", None).await;
        for (operator, role, badge, pin) in STAFF {
            let who = json!({"operator": operator, "name": operator, "roles": [role],
                "badges": [badge]});
            people.enrol_by(&root, &who, pin).await;
        }
        let viewer =
            ["ledger:view", "system:view", "transfer:view", "inbound:view", "outbound:view"];
        people.viewer = people.machine_by(&root, "viewer", &viewer).await;
        let erp = ["inbound:create", "outbound:create", "transfer:create"];
        people.erp = people.machine_by(&root, "erp", &erp).await;
        root.delete("/session").await;
        people
    }

    /// Waits until so many devices have told who they are and were refused, and says yes to each, as an
    /// administrator does who stands before them.
    ///
    /// # Panics
    /// Where that does not come to be.
    pub async fn approve_devices_as_root(&self, count: usize) {
        if count == 0 {
            return;
        }
        let root = self.sign_in("root", None).await;
        let asked = until("every device is asked about", || async {
            let asked = self.device_requests().await;
            (asked.len() >= count).then_some(asked)
        })
        .await;
        for change in asked {
            let path = format!("/changes/{}/decision", change["id"].as_str().expect("an id"));
            root.post_ok(&path, &json!({"approve": true})).await;
        }
        root.delete("/session").await;
    }

    /// The requests for devices that wait.
    ///
    /// # Panics
    /// Where the daemon does not answer.
    pub async fn device_requests(&self) -> Vec<Value> {
        let changes = self.viewer.list("/changes").await;
        changes.into_iter().filter(|one| one["change"]["what"] == "device").collect()
    }

    /// Enrols somebody, as the box's account asks and `root` approves, and sets the PIN with the
    /// one-time code if it needs one.
    ///
    /// # Panics
    /// Where any of it is refused.
    pub async fn enrol_one(&self, who: &Value, pin: &str) {
        let root = self.sign_in("root", None).await;
        self.enrol_by(&root, who, pin).await;
        root.delete("/session").await;
    }

    async fn enrol_by(&self, root: &Caller, who: &Value, pin: &str) {
        let asked = self.local.post_ok("/operators", who).await;
        let yes = approve(root, &asked).await;
        if let Some(code) = whole_code(&asked.body, &yes) {
            let body = json!({"operator": who["operator"], "code": code, "pin": pin});
            self.door.post_ok("/activate", &body).await;
        }
    }

    /// A machine with a token, as the box's account asks and `root` approves.
    ///
    /// # Panics
    /// Where any of it is refused.
    pub async fn machine(&self, name: &str, scopes: &[&str]) -> Caller {
        let root = self.sign_in("root", None).await;
        let machine = self.machine_by(&root, name, scopes).await;
        root.delete("/session").await;
        machine
    }

    async fn machine_by(&self, root: &Caller, name: &str, scopes: &[&str]) -> Caller {
        let body = json!({"client": name, "scopes": scopes});
        let asked = self.local.post_ok("/clients", &body).await;
        approve(root, &asked).await;
        self.door.with_token(asked.body["token"].as_str().expect("the token is shown"))
    }

    /// Tries to sign somebody of [`People::enrol`] in at a station, or at the console.
    ///
    /// # Errors
    /// Where the daemon does not answer.
    ///
    /// # Panics
    /// Where there is no such person.
    pub async fn try_sign_in(
        &self,
        who: &str,
        station: Option<&str>,
    ) -> Result<(Answer, Caller), reqwest::Error> {
        let known = STAFF.iter().find(|(operator, ..)| *operator == who);
        let (badge, pin) = known.map_or(("OP-1000", ROOT_PIN), |(_, _, badge, pin)| (badge, pin));
        assert!(known.is_some() || who == "root", "nobody is called {who}");
        let path = station.map_or("/session".to_owned(), |s| format!("/stations/{s}/session"));
        let body = json!({"badge": badge, "pin": pin});
        let answer = self.door.try_ask(Method::POST, &path, Some(&body)).await?;
        let caller = self.door.with_cookie(answer.cookie.as_deref().unwrap_or_default());
        Ok((answer, caller))
    }

    /// Signs somebody in.
    ///
    /// # Panics
    /// Where that is refused.
    pub async fn sign_in(&self, who: &str, station: Option<&str>) -> Caller {
        let (answer, caller) = match self.try_sign_in(who, station).await {
            Ok(answered) => answered,
            Err(error) => panic!("signing {who} in: {error}"),
        };
        assert!(answer.is_success(), "signing {who} in: {} {}", answer.status, answer.body);
        caller
    }

    /// Signs somebody in at the console by badge and PIN, such as `{"badge": "OP-9", "pin": "8264"}`.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn sign_in_with(&self, credentials: &Value) -> Caller {
        let answer = self.door.post("/session", credentials).await;
        let caller = self.door.with_cookie(answer.cookie.as_deref().unwrap_or_default());
        assert!(answer.is_success(), "signing in: {} {}", answer.status, answer.body);
        caller
    }

    /// Opens a task.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn open(&self, order: &Order) {
        self.erp.post_ok("/tasks", &order.task()).await;
    }

    /// Waits for a document's movement, the newest if there are several.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn moved(&self, number: &str) -> Value {
        until(&format!("the movement of {number}"), || self.movement(number)).await
    }

    /// A document's movement, if there is one.
    ///
    /// # Panics
    /// Where the daemon does not answer.
    pub async fn movement(&self, number: &str) -> Option<Value> {
        let entries = self.viewer.list("/movements?limit=1000").await;
        let mut movements = entries.into_iter().map(|entry| entry["body"]["movement"].clone());
        movements.find(|movement| movement["document"]["number"] == number)
    }

    /// Receives bolts with these serials on a new order, to the green light, with `li.wei` signed
    /// in at the dock.
    ///
    /// # Panics
    /// Where they are not received.
    pub async fn receive(
        &self,
        gateway: &Gateway,
        number: &str,
        serials: std::ops::Range<u64>,
    ) -> Value {
        self.open(&receipt(number, serials.end - serials.start)).await;
        gateway.hardware.show(&serials.map(|serial| epc(BOLT, serial)).collect::<Vec<_>>());
        let movement = self.moved(number).await;
        gateway.hardware.reader.clear_field();
        until("green", || async { gateway.is_green().then_some(()) }).await;
        movement
    }

    /// Waits until the ERP has every movement and nothing is on its way.
    ///
    /// # Panics
    /// Where that does not come to be.
    pub async fn until_delivered(&self, gateway: &Gateway) {
        until("every movement is delivered", || async {
            let waiting = self.viewer.list("/deliveries").await;
            let movements = self.viewer.list("/movements?limit=1000").await;
            let received = gateway.hardware.erp.received();
            let has = |entry: &Value| {
                let id = &entry["body"]["movement"]["id"];
                received.iter().any(|r| *id == r.id)
            };
            (waiting.is_empty() && movements.iter().all(has)).then_some(())
        })
        .await;
    }
}

impl Gateway {
    /// Enrols operators as `POST /operators` takes them, as the box's account asks and `root` approves. Who
    /// has a `pin` sets it with the one-time code.
    ///
    /// # Panics
    /// Where any of it is refused.
    pub async fn enrolled(&self, all: &[Value]) {
        let root = self.root().await;
        for who in all {
            let asked = self.local().post_ok("/operators", who).await;
            let code = self.approved(&root, &asked).await;
            if let (Some(pin), Some(code)) = (who["pin"].as_str(), code) {
                let body = json!({"operator": who["operator"], "code": code, "pin": pin});
                self.local().post_ok("/activate", &body).await;
                let roles = who["roles"].to_string();
                if roles.contains("administrator") || roles.contains("access-owner") {
                    self.note_approver(&json!({"badge": who["badges"][0], "pin": pin}));
                }
            }
        }
    }

    /// The token of a machine as `POST /clients` takes it, as the box's account asks and `root` approves.
    ///
    /// # Panics
    /// Where any of it is refused.
    pub async fn token(&self, client: &Value) -> String {
        let root = self.root().await;
        let asked = self.local().post_ok("/clients", client).await;
        self.approved(&root, &asked).await;
        asked.body["token"].as_str().expect("the token is shown").to_owned()
    }

    /// Approved by `root`, and by another one who was enrolled here and may, where it needs two; gives the
    /// one-time code, if there is one.
    async fn approved(&self, root: &Caller, asked: &Answer) -> Option<String> {
        let change = asked.body["change"].as_str().expect("the request has an id");
        let (path, yes) = (format!("/changes/{change}/decision"), json!({"approve": true}));
        let answer = root.post_ok(&path, &yes).await;
        if answer.body["state"] != "needs-another" {
            return whole_code(&asked.body, &answer.body);
        }
        let credentials = self.an_approver().expect("somebody else may approve");
        let signed = self.local().post_ok("/session", &credentials).await;
        let other = self.local().with_cookie(signed.cookie.as_deref().expect("a session"));
        let last = other.post_ok(&path, &yes).await;
        other.delete("/session").await;
        whole_code(&answer.body, &last.body)
    }

    /// `root` in a session over the control socket, the same as before while it is open; enrolled first, if
    /// nobody is.
    async fn root(&self) -> Caller {
        if let Some(cookie) = self.root_cookie() {
            let root = self.local().with_cookie(&cookie);
            if root.ask(Method::GET, "/session", None).await.is_success() {
                return root;
            }
        }
        let code = self.logged(|line| {
            line.split_once("one-time enrolment code: ").map(|(_, code)| code.to_owned())
        });
        let first = json!({"code": code, "operator": "root", "name": "Ada Admin",
            "badge": "OP-1000", "pin": ROOT_PIN});
        if self.local().list("/operators").await.is_empty() {
            self.local().post_ok("/enrol", &first).await;
        }
        let credentials = json!({"badge": "OP-1000", "pin": ROOT_PIN});
        let answer = self.local().post_ok("/session", &credentials).await;
        let cookie = answer.cookie.as_deref().expect("a session has a cookie");
        self.note_root(cookie);
        self.local().with_cookie(cookie)
    }
}

/// The one-time code whose halves were in two answers: of who asked, or approved first, and of who approved
/// last; none where it takes none.
fn whole_code(first: &Value, last: &Value) -> Option<String> {
    let half = |answer: &Value| answer["activation_half"].as_str().map(str::to_owned);
    if last["state"] != "in-force" {
        return None;
    }
    Some(format!("{} {}", half(first)?, half(last)?))
}

/// Says yes to what was asked for.
async fn approve(root: &Caller, asked: &Answer) -> Value {
    let change = asked.body["change"].as_str().expect("the request has an id");
    let path = format!("/changes/{change}/decision");
    root.post_ok(&path, &json!({"approve": true})).await.body
}

/// A day in UTC, so many days from today, as `2026-11-28`.
///
/// # Panics
/// Where the clock stands before 1970.
#[must_use]
pub fn day(from_today: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("it is after 1970");
    let days = i64::try_from(now.as_secs() / 86_400).expect("not so late") + from_today;
    // Days since 1970 to a date (H. Hinnant, civil_from_days).
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let y = yoe + era * 400 + i64::from(m <= 2);
    format!("{y:04}-{m:02}-{d:02}")
}
