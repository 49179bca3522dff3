//! Every operation of the API with every right: generated from the API's own description, whose
//! `x-requires` says what each needs.
//!
//! Whoever has nothing but a right that is enough is let through; whoever has every right but those is
//! denied, on record; each role of the matrix and each right alone is let through exactly where the
//! description says so; nobody and a revoked token are 401 everywhere.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_tests::{BOLT, Caller, Gateway, Order, People, Settings, epc, receipt, until};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{machine, rights, staffed};

/// One operation, as it is asked.
#[derive(Debug, Clone)]
struct Operation {
    id: String,
    method: Method,
    target: String,
    body: Option<Value>,
    needs: Needs,
}

#[derive(Debug, Clone)]
enum Needs {
    Open,
    Authenticated,
    /// One of these; `person`: never a machine.
    Right {
        any: BTreeSet<String>,
        person: bool,
    },
}

impl Needs {
    fn parse(text: &str, module: &str) -> Self {
        let (text, person) = match text.strip_suffix(" by a person") {
            Some(text) => (text, true),
            None => (text, false),
        };
        match text {
            "open" => Self::Open,
            "authenticated" => Self::Authenticated,
            rights => {
                let any = rights.split(" or ").map(|right| right.replace("{module}", module));
                Self::Right { any: any.collect(), person }
            }
        }
    }

    /// Whether a machine with these rights is let through.
    fn allows(&self, rights: &BTreeSet<String>) -> bool {
        match self {
            Self::Open | Self::Authenticated => true,
            Self::Right { any, person } => {
                !person && any.iter().any(|right| rights.contains(right))
            }
        }
    }
}

/// Something of each kind that an operation is about; what is asked for by right alone must be there.
struct World {
    task: Uuid,
    posting: Uuid,
    hold: String,
    quarantine: String,
    movement: String,
}

async fn world(gateway: &Gateway, people: &People) -> World {
    people.sign_in("li.wei", Some("dock-1")).await;
    let movement = people.receive(gateway, "8501", 1..3).await["id"].as_str().unwrap().to_owned();
    people.until_delivered(gateway).await;
    people.open(&receipt("8502", 3)).await;
    gateway.hardware.show(&[epc(BOLT, 11), epc(BOLT, 12)]);
    let first = |path: &'static str| async move {
        let found =
            until(path, || async { people.viewer.list(path).await.into_iter().next() }).await;
        found["pass"]["id"].as_str().unwrap().to_owned()
    };
    let hold = first("/holds").await;
    gateway.hardware.reader.clear_field();
    gateway.hardware.counter_scanner.scan(&format!("]d201{BOLT}\u{1d}2121")).unwrap();
    let quarantine = first("/quarantine").await;
    let order = Order { station: "counter-1", ..receipt("8503", 1) };
    people.open(&order).await;
    let poster = machine(gateway, "poster", &["count:create".to_owned()]).await;
    let posting = adjustment(Uuid::new_v4());
    poster.post_ok("/api/v1/postings", &posting).await;
    World {
        task: order.id,
        posting: posting["id"].as_str().unwrap().parse().unwrap(),
        hold,
        quarantine,
        movement,
    }
}

fn adjustment(id: Uuid) -> Value {
    json!({"id": id, "kind": "adjustment", "reason": "found",
        "document": {"kind": "adjustment-request", "number": "A-1"},
        "lines": [{"line": 10, "item": "BOLT-M8", "quantity": "1", "from": "@loss/found",
            "to": "wh1/dock"}]})
}

/// What an operation is asked with, and the module of the document that it is about.
fn asked(id: &str, world: &World) -> (Option<Value>, &'static str) {
    let reason = || json!({"reason": "so it is"});
    let body = match id {
        "tasks-open" => receipt("8504", 1).task(),
        "postings-reserve" => adjustment(Uuid::new_v4()),
        "documents-check" => json!({"document": {"kind": "purchase-order", "number": "PO-1"},
            "version": 1, "lines": []}),
        "imports-begin" => json!({"mode": "dry-run"}),
        "imports-put" => json!({"documents": []}),
        "imports-end" => json!({"commit": false}),
        "labels-queue" => json!({"printer": "zebra-1", "template": "carton"}),
        "labels-decide" => json!({"decision": "void", "reason": "so it is"}),
        "tags-commission" => json!({"tag": format!("(01){BOLT}(21)900"), "item": "BOLT-M8"}),
        "tags-decommission" => json!({"tag": format!("(01){BOLT}(21)901"), "reason": "torn"}),
        "tags-access" => json!({"op": "read", "bank": "tid", "words": 6}),
        "landed-costs-add" => json!({"movement": world.movement, "amounts": ["1"],
            "document": {"kind": "purchase-order", "number": "F-1"}}),
        "periods-close" => json!({"until": "2020-01-01"}),
        "operators-enrol" => json!({"operator": "eve", "name": "Eve", "roles": ["auditor"],
            "badges": ["OP-6001"]}),
        "changes-decide" => json!({"approve": true}),
        "reviews-open" => json!({"title": "autumn", "reviewers": ["root"], "fallback": "sam.sales",
            "due": "2999-01-01T00:00:00Z"}),
        "reviews-decide" => json!({"operator": "sam.sales", "role": "sales-assistant",
            "verdict": "keep", "justification": "so it is"}),
        "clients-add" => json!({"client": "eve", "scopes": ["ledger:view"]}),
        "holds-decide" => json!({"verdict": "reject", "reason": "so it is"}),
        "quarantine-dismiss" | "postings-void" | "ledger-key-rotate" => reason(),
        _ => Value::Null,
    };
    let module = if id.starts_with("postings-") { "count" } else { "inbound" };
    ((!body.is_null()).then_some(body), module)
}

/// All operations, those that end something last.
async fn operations(caller: &Caller, world: &World) -> Vec<Operation> {
    let api = caller.get("/openapi.json").await;
    let mut all = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let id = described["operationId"].as_str().unwrap().to_owned();
            let requires = described["x-requires"].as_str();
            let requires = requires.unwrap_or_else(|| panic!("{id} does not say what it needs"));
            let (body, module) = asked(&id, world);
            let pass = if id.starts_with("holds") { &world.hold } else { &world.quarantine };
            let target = path
                .replace("{station}", "dock-1")
                .replace("{task}", &world.task.to_string())
                .replace("{id}", &world.posting.to_string())
                .replace("{movement}", &world.movement)
                .replace("{pass}", pass)
                .replace("{operator}", "sam.sales")
                .replace("{client}", "nobody-yet")
                .replace("{change}", &Uuid::nil().to_string())
                .replace("{review}", &Uuid::nil().to_string())
                .replace("{import}", &Uuid::nil().to_string())
                .replace("{lane}", "erp")
                .replace("documents/{kind}", "documents/purchase-order")
                .replace("{kind}", "document")
                .replace("{epc}", "3074257BF7194E4000001A85")
                .replace("{item}", "BOLT-M8");
            let target = target.replace(['{', '}'], "");
            let method: Method = method.to_uppercase().parse().unwrap();
            let needs = Needs::parse(requires, module);
            all.push(Operation { id, method, target, body, needs });
        }
    }
    // What ends a thing comes after what only needs it.
    let ends = |o: &Operation| {
        let among = |words: &[&str]| words.iter().any(|word| o.id.ends_with(word));
        let late = among(&["approve", "decide", "dismiss", "post", "remove", "sign-out"]);
        let last = among(&["withdraw", "void"]);
        u8::from(late) + 2 * u8::from(last)
    };
    all.sort_by_key(ends);
    all
}

impl Operation {
    async fn ask(&self, caller: &Caller) -> (u16, Value) {
        let answer = caller.ask(self.method.clone(), &self.target, self.body.as_ref()).await;
        (answer.status, answer.body)
    }
}

fn is_no((status, body): &(u16, Value)) -> bool {
    // A field that is hidden is no right that is missing.
    let other = ["not-an-operator", "field-denied"].iter().any(|code| body["code"] == *code);
    matches!(status, 401 | 403) && !other
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_with_every_right_is_as_the_description_says() {
    let (gateway, people) = staffed(Settings::default()).await;
    let world = world(&gateway, &people).await;
    let all = rights();
    let everything = machine(&gateway, "omni", &all).await;
    let operations = operations(&everything, &world).await;
    assert!(operations.len() >= 50, "only {} operations are described", operations.len());

    // Each right alone.
    let mut single = BTreeMap::new();
    for right in &all {
        let name = format!("only-{}", right.replace(':', "-"));
        single.insert(right.clone(), machine(&gateway, &name, std::slice::from_ref(right)).await);
    }
    let nobody = gateway.anybody();
    let revoked = machine(&gateway, "gone", &all).await;
    assert_eq!(gateway.local().delete("/clients/gone").await.status, 204);

    let mut wrong = Vec::new();
    let mut asked = 0;
    for operation in &operations {
        let Operation { id, needs, .. } = operation;
        if matches!(needs, Needs::Open) {
            continue;
        }
        for (who, caller) in [("nobody", &nobody), ("a revoked token", &revoked)] {
            let (status, body) = operation.ask(caller).await;
            asked += 1;
            if status != 401 || body["code"] != "unauthenticated" {
                wrong.push(format!("{id} by {who}: {status} {body}"));
            }
        }
        // Who is denied is asked first, so that what the others end is there.
        let (allowed, denied): (Vec<_>, Vec<_>) =
            single.iter().partition(|(right, _)| needs.allows(&BTreeSet::from([(*right).clone()])));
        for (right, caller) in denied {
            let answer = operation.ask(caller).await;
            asked += 1;
            if answer.0 != 403 {
                wrong.push(format!("{id} with {right} alone: {} {}", answer.0, answer.1));
            }
        }
        if let Needs::Right { any, .. } = needs {
            let rest: Vec<String> = all.iter().filter(|r| !any.contains(*r)).cloned().collect();
            let name = format!("all-but-{id}");
            let caller = machine(&gateway, &name, &rest).await;
            let (status, body) = operation.ask(&caller).await;
            let by = body["recorded"].as_u64().map(|seq| {
                let journal = gateway.journal();
                journal.0[usize::try_from(seq).unwrap()]["body"].clone()
            });
            let told = by.as_ref().is_some_and(|b| b["kind"] == "denied" && b["by"]["id"] == *name);
            asked += 1;
            if status != 403 || !told {
                wrong.push(format!("{id} with all but {any:?}: {status} {body}, recorded {by:?}"));
            }
        }
        for (right, caller) in allowed {
            let answer = operation.ask(caller).await;
            asked += 1;
            if is_no(&answer) || answer.0 >= 500 {
                wrong.push(format!("{id} with {right}: {} {}", answer.0, answer.1));
            }
        }
    }
    println!("{asked} requests to {} operations", operations.len());
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    gateway.cli_ok(&["ledger", "verify"], "");
}

/// The roles of the default matrix, as the file says them: `role → rights`.
fn roles() -> BTreeMap<String, BTreeSet<String>> {
    let path = gatewarden_tests::root().join("config/roles/default.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let mut roles: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut role = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("[roles.").and_then(|l| l.strip_suffix(']')) {
            role = name.to_owned();
        } else if let Some(grant) = line.strip_prefix("grants.") {
            let (module, actions) = grant.split_once(" = ").unwrap();
            let actions = actions.trim_matches(['[', ']']).split(", ");
            let rights = actions.map(|action| format!("{module}:{}", action.trim_matches('"')));
            roles.entry(role.clone()).or_default().extend(rights);
        }
    }
    roles
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_of_the_matrix_may_ask_what_its_rights_say() {
    let (gateway, people) = staffed(Settings::default()).await;
    let world = world(&gateway, &people).await;
    let everything = machine(&gateway, "omni", &rights()).await;
    let operations = operations(&everything, &world).await;
    let roles = roles();
    assert!(roles.len() >= 8, "{:?}", roles.keys());
    let mut wrong = Vec::new();
    for (n, (role, rights)) in roles.iter().enumerate() {
        let badge = format!("OP-8{n:03}");
        let body = json!({"operator": format!("role-{n}"), "name": role, "roles": [role],
            "badges": [badge], "pin": "7410"});
        gateway.enrolled(std::slice::from_ref(&body)).await;
        let answer =
            gateway.anybody().post_ok("/session", &json!({"badge": badge, "pin": "7410"})).await;
        let caller = gateway.anybody().with_cookie(answer.cookie.as_deref().unwrap());
        for operation in &operations {
            // Looking changes nothing, so that each role meets the same world; what changes something is
            // asked of each right above, and here of those that must be denied.
            let Needs::Right { any, .. } = &operation.needs else { continue };
            let allowed = any.iter().any(|right| rights.contains(right));
            if allowed && operation.method != Method::GET {
                continue;
            }
            let answer = operation.ask(&caller).await;
            if allowed == is_no(&answer) || !allowed && answer.0 != 403 {
                let (status, body) = answer;
                wrong.push(format!("{} by {role}: {status} {body}", operation.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
