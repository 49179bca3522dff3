//! What is hidden is nowhere in what is written: every kind of entry, with a mark in every field, under
//! every choice of rights; and what is not hidden stays as it is.
#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{collections::BTreeSet, fs, path::Path};

use gatewarden_model::{
    Body, Field, FieldRights, FieldSet, Hash, Mask, Masked, mask::HIDDEN, mask::shows_all,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const ID: &str = "01a2008e-d964-7646-9ece-a19b19b8cac7";

/// What stands in the fields.
#[derive(Debug, Clone)]
struct Marks {
    price: String,
    cost: String,
    supplier: String,
    customer: String,
    owner: String,
    note: String,
    custom: String,
    /// Whether the fields that may be left out stand.
    full: bool,
}

impl Marks {
    fn of(&self, field: &Field) -> &str {
        match field {
            Field::Price => &self.price,
            Field::Cost => &self.cost,
            Field::Supplier => &self.supplier,
            Field::Customer => &self.customer,
            Field::Owner => &self.owner,
            Field::Notes => &self.note,
            Field::Custom(_) | Field::AnyCustom => &self.custom,
        }
    }
}

fn marks() -> impl Strategy<Value = Marks> {
    let text = |name: &str| {
        let name = name.to_owned();
        "[a-zé螺][a-z0-9 .é]{0,12}[a-z0-9]".prop_map(move |tail| format!("{name}{tail}"))
    };
    let price = (0..10_000_u32).prop_map(|n| format!("777{n:04}.5"));
    let cost = (0..10_000_u32).prop_map(|n| format!("888{n:04}.25"));
    (price, cost, text("SUP"), text("CUS"), text("OWN"), text("NOTE"), text("FREE"), any::<bool>())
        .prop_map(|(price, cost, supplier, customer, owner, note, custom, full)| Marks {
            price,
            cost,
            supplier,
            customer,
            owner,
            note,
            custom,
            full,
        })
}

fn decision(allowed: bool) -> Value {
    json!({"allowed": allowed, "action": "create", "module": "inbound", "policies": ["p"],
        "version": Hash::of(b"p")})
}

fn by() -> Value {
    json!({"kind": "client", "id": "erp"})
}

/// A line with a mark in every field; `value` stands for what a document or the stock says.
fn line(m: &Marks, from: &str, to: &str, value: &str) -> Value {
    let mut line = json!({"line": 10, "item": "A", "quantity": 1, "unit": "pcs", "from": from,
        "to": to, "things": [], "owner": m.owner});
    if m.full {
        line["value"] = json!(value);
    }
    line
}

/// Lines from a supplier (what the document said), and on to a subcontractor and a customer.
fn lines(m: &Marks) -> Value {
    let Marks { supplier, customer, .. } = m;
    json!([
        line(m, &format!("@supplier/{supplier}"), "wh1", &m.price),
        line(m, "wh1/a", &format!("@subcontractor/{supplier}/x"), &m.cost),
        line(m, "wh1/a", &format!("@customer/{customer}"), &m.cost),
    ])
}

/// As a task or a posting asks for them: all values are what the document says.
fn asked(m: &Marks, is_posting: bool) -> Value {
    let mut lines = lines(m);
    for line in lines.as_array_mut().unwrap() {
        let line = line.as_object_mut().unwrap();
        line.remove("unit");
        line.remove("things");
        if m.full {
            line.insert("value".into(), json!(m.price));
        }
        if is_posting {
            line.insert("quantity".into(), json!("1"));
        }
    }
    lines
}

fn pass() -> Value {
    let at = json!({"boot": uuid::Uuid::nil(), "mono_us": 1, "wall_us": 1, "synced": true});
    json!({"id": ID, "station": "s", "opened": at, "closed": at, "opened_by": "input",
        "closed_by": "quiet", "sightings": []})
}

fn voucher(m: &Marks) -> Value {
    json!([{"account": "1", "amount": m.cost}, {"account": "2", "amount": format!("-{}", m.cost)}])
}

fn revalues(m: &Marks) -> Value {
    json!([{"seq": 1, "position": 0, "delta": m.cost}])
}

fn document() -> Value {
    json!({"kind": "purchase-order", "number": "1"})
}

fn custom(m: &Marks) -> Value {
    json!({"colour": m.custom, "size": format!("{}x", m.custom)})
}

fn posting(m: &Marks) -> Value {
    let bucket = json!({"owner": m.owner});
    json!({"id": ID, "kind": "receipt", "document": document(), "reason": m.note,
        "lines": asked(m, true), "custom": custom(m),
        "counts": [{"line": 1, "item": "A", "location": "wh1", "bucket": bucket, "quantity": "1"}]})
}

/// The kinds that documents and stock make.
fn of_work(m: &Marks) -> Vec<Value> {
    let (decision, by) = (decision(true), by());
    let hash = Hash::of(b"e");
    let task = json!({"id": ID, "station": "s", "kind": "receipt", "document": document(),
        "lines": asked(m, false), "custom": custom(m)});
    let bucket = json!({"owner": m.owner});
    let movement = json!({"id": ID, "kind": "receipt", "devices": [], "document": document(),
        "session": ID, "operator": "o", "auth_level": 2, "decision": decision, "approved_by": "w",
        "lines": lines(m), "evidence": hash, "revalues": revalues(m), "voucher": voucher(m),
        "counts": [{"line": 1, "item": "A", "location": "wh1", "bucket": bucket, "book": 1,
            "counted": 2}]});
    let comparison = json!({"expected": [], "missing": [], "extra": [], "unknown": [],
        "wrong_item": []});
    vec![
        json!({"kind": "task-opened", "by": by, "task": task}),
        json!({"kind": "task-approved", "task": ID, "content": hash, "by": by,
            "decision": decision}),
        json!({"kind": "task-closed", "task": ID, "reason": "complete", "by": by}),
        json!({"kind": "quarantined", "pass": pass(), "reason": "no task"}),
        json!({"kind": "quarantine-resolved", "pass": ID, "verdict": "dismissed", "reason": m.note,
            "by": by, "decision": decision}),
        json!({"kind": "held", "pass": pass(), "task": ID, "operator": "o", "auth_level": 2,
            "comparison": comparison, "decision": decision}),
        json!({"kind": "hold-decided", "pass": ID, "task": ID, "verdict": "accept",
            "reason": m.note, "by": by, "decision": decision}),
        json!({"kind": "moved", "movement": movement}),
        json!({"kind": "delivered", "movement": ID, "lane": "erp", "remote_id": "7",
            "found": false}),
        json!({"kind": "commissioned", "tag": "t", "item": "A", "by": by, "decision": decision}),
        json!({"kind": "decommissioned", "tag": "t", "reason": m.note, "by": by,
            "decision": decision}),
        json!({"kind": "label-queued", "label": {"id": ID, "printer": "p", "template": "carton",
            "template_digest": hash, "format": hash, "copies": 1}, "by": by, "decision": decision}),
        json!({"kind": "label-changed", "label": ID, "state": "unknown", "reason": "power"}),
        json!({"kind": "label-decided", "label": ID, "verdict": "void", "reason": m.note,
            "by": by, "decision": decision}),
        json!({"kind": "tag-access-asked", "tag": "t", "station": "s", "device": "d",
            "access": {"op": "kill"}, "reason": m.note, "by": by, "decision": decision}),
        json!({"kind": "tag-access-ended", "asked": 1, "tag": "t", "device": "d",
            "outcome": {"state": "unknown", "reason": "no result in time"}}),
        json!({"kind": "reserved", "posting": posting(m), "lines": lines(m), "by": by,
            "decision": decision}),
        json!({"kind": "reservation-ended", "movement": ID, "reason": format!("void: {}", m.note),
            "lines": lines(m), "by": by}),
        json!({"kind": "cost-landed", "movement": ID, "document": document(), "amounts": [m.cost],
            "revalues": revalues(m), "voucher": voucher(m), "by": by, "decision": decision}),
        json!({"kind": "period-closed", "until": "2026-10-31", "by": by, "decision": decision}),
    ]
}

/// What was refused, here and by another system, in words that quote one field each.
fn of_words(m: &Marks) -> Vec<Value> {
    let quotes = [
        format!("lines[0].value: {} has more than 2 decimals: round it to 2", m.price),
        format!("amounts[0]: line 10 is worth {}, more would leave less than nothing", m.cost),
        format!("stock of A at @supplier/{} is 1, 2 needed: 1 short", m.supplier),
        format!("stock of A at @customer/{} is 1, 2 needed: 1 short", m.customer),
        format!("stock of A of {} at wh1 is 1, 2 needed: 1 short", m.owner),
        format!("reason: {:?} is too long", m.note),
        format!("custom: {:?} is too long", m.custom),
    ];
    let denied = |reason: &String| {
        json!({"kind": "denied", "by": by(), "action": "create", "module": "inbound",
            "reason": reason, "decision": decision(true)})
    };
    let rejected = |reason: &String| {
        let reason = format!("http status 422: {reason}");
        json!({"kind": "rejected", "movement": ID, "lane": "erp", "reason": reason})
    };
    quotes.iter().flat_map(|reason| [denied(reason), rejected(reason)]).collect()
}

/// The kinds that keep the system.
fn of_system(m: &Marks) -> Vec<Value> {
    let by = by();
    let hash = Hash::of(b"h");
    let at = json!({"boot": uuid::Uuid::nil(), "mono_us": 1, "wall_us": 1, "synced": true});
    let item = json!({"code": "A", "name": "Bolt", "unit": "pcs"});
    vec![
        json!({"kind": "started", "gateway": "g", "version": "1", "config": hash,
            "policies": hash}),
        json!({"kind": "stopped", "reason": "SIGTERM"}),
        json!({"kind": "enrolled", "operator": "o", "name": "O", "roles": ["r"], "badges": [],
            "by": by}),
        json!({"kind": "removed", "operator": "o", "by": by}),
        json!({"kind": "client-added", "client": "c", "scopes": ["ledger:view"], "token": hash,
            "by": by}),
        json!({"kind": "client-revoked", "client": "c", "by": by}),
        json!({"kind": "session-opened", "session": ID, "operator": "o", "auth_level": 2}),
        json!({"kind": "session-ended", "session": ID, "operator": "o", "reason": "idle"}),
        json!({"kind": "sign-in-refused", "reason": "wrong PIN", "failures": 1, "locked_ms": 0}),
        json!({"kind": "item-defined", "item": item, "by": by}),
        json!({"kind": "policies-defined", "version": hash, "roles": {}}),
        json!({"kind": "key-rotated", "old": "a", "new": "b", "reason": m.note, "by": by}),
        json!({"kind": "restored", "size": 1, "lost": 0, "reason": m.note, "by": by}),
        json!({"kind": "gap", "from": at, "to": at, "reason": "reader away"}),
        json!({"kind": "unread", "pass": pass()}),
    ]
}

/// A golden file's body, of a kind that has no field to hide.
fn golden(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/golden");
    let bytes = fs::read(folder.join(format!("v1-{name}.json"))).unwrap();
    let entry: Value = serde_json::from_slice(&bytes).unwrap();
    entry["body"].clone()
}

/// Requests, reviews, sessions and devices; a decision tells what something was worth and whose it was.
fn of_people(m: &Marks) -> Vec<Value> {
    let plain = [
        "client-used",
        "device-approved",
        "device-back",
        "device-refused",
        "factor-added",
        "factor-used",
        "pin-set",
        "review-closed",
        "review-opened",
        "session-changed",
        "unlocked",
    ];
    let mut all: Vec<Value> = plain.iter().map(|name| golden(name)).collect();
    let noted = [
        ("change-requested", "reason"),
        ("change-requested+policies", "reason"),
        ("change-decided", "reason"),
        ("factor-removed", "reason"),
        ("review-decided", "justification"),
    ];
    all.extend(noted.iter().map(|(name, words)| {
        let mut body = golden(name);
        body[*words] = json!(m.note);
        body
    }));
    let mut denied = golden("denied");
    denied["reason"] = json!("no policy permits it");
    denied["decision"] = decision(false);
    denied["decision"]["facts"] = json!({"amount": m.cost, "owners": m.owner, "warehouses": "wh1"});
    all.push(denied);
    all
}

/// Documents, what became of them, and what rules and notices say.
fn of_documents(m: &Marks) -> Vec<Value> {
    let plain = [
        "document-stepped+submitted",
        "document-stepped+approval-opened",
        "document-stepped+fulfilled",
        "procedures-defined",
        "receiver-seen",
        "rule-fired",
        "notice-settled+delivered",
    ];
    let mut all: Vec<Value> = plain.iter().map(|name| golden(name)).collect();
    for (kind, partner) in [("purchase-order", &m.supplier), ("sales-order", &m.customer)] {
        let mut written = golden("document-written");
        let content = &mut written["content"];
        content["document"]["kind"] = json!(kind);
        content["partner"] = json!(partner);
        content["note"] = json!(m.note);
        content["custom"] = custom(m);
        let line = &mut content["lines"][0];
        line["amount"] = json!(m.price);
        line["from"] = json!(format!("@supplier/{}", m.supplier));
        line["to"] = json!(format!("@customer/{}", m.customer));
        line["owner"] = json!(m.owner);
        line["custom"] = custom(m);
        all.push(written);
    }
    let mut decided = golden("document-stepped+approval-decided");
    decided["step"]["event"]["comment"] = json!(m.note);
    let mut cancelled = golden("document-stepped+cancelled");
    cancelled["step"]["reason"] = json!(m.note);
    let mut counted = golden("document-stepped+counted");
    let sheet = &mut counted["step"]["sheet"];
    for part in ["seen", "book"] {
        sheet[part][0]["bucket"]["owner"] = json!(m.owner);
    }
    sheet["book"][0]["value"] = json!(m.cost);
    let mut done = golden("todo-done");
    done["reason"] = json!(m.note);
    all.extend([decided, cancelled, counted, done]);
    all
}

fn bodies(m: &Marks) -> Vec<Body> {
    let all = [of_work(m), of_words(m), of_system(m), of_people(m), of_documents(m)].concat();
    all.into_iter().map(|value| serde_json::from_value(value).unwrap()).collect()
}

fn some_marks() -> Marks {
    let text = str::to_owned;
    Marks {
        price: text("7770001.5"),
        cost: text("8880001.25"),
        supplier: text("SUPa"),
        customer: text("CUSa"),
        owner: text("OWNa"),
        note: text("NOTEa"),
        custom: text("FREEa"),
        full: true,
    }
}

/// The journal's golden files are one of each kind: none is missing here.
#[test]
fn every_kind_is_among_them() {
    let kind = |body: &Body| json!(body)["kind"].as_str().unwrap().to_owned();
    let here: BTreeSet<String> = bodies(&some_marks()).iter().map(kind).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/golden");
    for file in fs::read_dir(golden).unwrap() {
        let entry: Value =
            serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
        let kind = entry["body"]["kind"].as_str().unwrap();
        assert!(here.contains(kind), "{kind} has no specimen in this test");
    }
}

/// Each mark stands somewhere, or the test below would find nothing in vain.
#[test]
fn every_field_has_its_mark_in_some_entry() {
    let marks = some_marks();
    let whole = json!(bodies(&marks)).to_string();
    for field in Field::ALL {
        assert!(whole.contains(marks.of(&field)), "{field}");
    }
}

proptest! {
    #[test]
    fn no_mark_of_a_hidden_field_is_left(marks in marks(), seen in 0_u8..128) {
        let view = Field::ALL.iter().enumerate().filter(|(at, _)| seen & (1 << at) != 0);
        let view: FieldSet = view.map(|(_, field)| field.clone()).collect();
        let rights = FieldRights { view, ..FieldRights::default() };
        for body in bodies(&marks) {
            let masked = json!(Masked::new(body.clone(), &rights)).to_string();
            for field in Field::ALL.iter().filter(|field| !rights.sees(field)) {
                prop_assert!(!masked.contains(marks.of(field)), "{field} in {masked}");
            }
            // What was masked once is masked: a second time takes nothing more.
            let once: Body = serde_json::from_str(&masked).unwrap();
            let mut twice = once.clone();
            twice.mask(&rights);
            prop_assert_eq!(&twice, &once);
            // And a proof of the whole is for those alone who miss nothing of it.
            prop_assert_eq!(shows_all(&body, &rights), once == body);
        }
    }

    #[test]
    fn who_sees_all_sees_all_of_it(marks in marks()) {
        for body in bodies(&marks) {
            let seen = Masked::new(body.clone(), &FieldRights::all()).into_inner();
            prop_assert_eq!(seen, body);
        }
    }

    /// Hiding one field leaves every other one to be seen, in documents and stock.
    #[test]
    fn no_more_is_hidden_than_has_to_be(marks in marks(), hidden in 0_usize..7) {
        let marks = Marks { full: true, ..marks };
        let hidden = &Field::ALL[hidden];
        let mut view = FieldSet::all();
        view.set(hidden, false);
        let rights = FieldRights { view, ..FieldRights::default() };
        let all: Vec<Body> =
            of_work(&marks).into_iter().map(|v| serde_json::from_value(v).unwrap()).collect();
        let masked = json!(Masked::new(all, &rights)).to_string();
        for field in Field::ALL.iter().filter(|field| *field != hidden) {
            prop_assert!(masked.contains(marks.of(field)), "{field} hidden with {hidden}");
        }
    }
}

#[test]
fn a_custom_field_is_hidden_by_its_name() {
    let marks = some_marks();
    let mut view = FieldSet::all();
    view.set(&"custom:colour".parse().unwrap(), false);
    let rights = FieldRights { view, ..FieldRights::default() };
    let task: Body = serde_json::from_value(of_work(&marks).remove(0)).unwrap();
    let masked = json!(Masked::new(task, &rights));
    assert_eq!(masked["task"]["custom"], json!({"size": "FREEax"}));
}

#[test]
fn whose_stock_it_is_and_that_something_is_hidden_is_told() {
    let marks = some_marks();
    let moved: Body = serde_json::from_value(of_work(&marks).remove(7)).unwrap();
    let masked = json!(Masked::new(moved, &FieldRights::default()));
    let lines = &masked["movement"]["lines"];
    assert_eq!(lines[0]["from"], "@supplier");
    assert_eq!(lines[1]["to"], "@subcontractor");
    assert_eq!(lines[2]["to"], "@customer");
    assert_eq!(lines[0]["owner"], HIDDEN);
}
