//! What entries give occasion for, which of them are reactions, and that facts show no more than rights do.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::collections::BTreeMap;

use gatewarden_model::{
    Action, Actor, ApprovalEvent, ApprovalSeat, Body, Decision, Document, DocumentContent,
    DocumentKind, DocumentLine, DocumentStep, Entry, FieldRights, Hash, ItemId, Masked, Module,
    OperatorId, RuleEffect, RuleFiring, RuleSubject, RuleTrigger, Scalar, Stamp, SubjectKind,
    Verdict,
};
use gatewarden_notices::{
    Occasion, On, Severity,
    facts::{Facts, Names, Told, facts, specs},
    occasions, reactions,
    template::Lang,
};
use serde_json::json;

fn stamp() -> Stamp {
    // 2026-11-29T14:03:07Z
    Stamp { boot: uuid::Uuid::nil(), mono_us: 0, wall_us: 1_795_960_987_000_000, synced: true }
}

fn entry(body: Body) -> Entry {
    Entry::new(7, stamp(), body)
}

fn document() -> Document {
    Document { kind: DocumentKind::Requisition, number: "R-1".into() }
}

fn who(name: &str) -> OperatorId {
    name.parse().unwrap()
}

fn stepped(event: ApprovalEvent) -> Entry {
    entry(Body::DocumentStepped {
        document: document(),
        version: 2,
        digest: content().digest(),
        step: DocumentStep::Approval { event },
        by: Actor::Daemon,
        decision: None,
    })
}

fn opened() -> Entry {
    let seat = |name: &str| ApprovalSeat {
        who: who(name),
        source: "role:department-manager".into(),
        weight: 1,
        up: false,
    };
    stepped(ApprovalEvent::Opened {
        node: "manager".parse().unwrap(),
        seats: vec![seat("wu"), seat("chen")],
        fallback: false,
    })
}

fn content() -> DocumentContent {
    let line = json!({"line": 10, "item": "BOLT-M8", "quantity": 40, "amount": "12.5"});
    let line: DocumentLine = serde_json::from_value(line).unwrap();
    DocumentContent {
        document: document(),
        version: 2,
        title: "Bolts\nfor W-7".into(),
        partner: Some("ACME".into()),
        date: None,
        due: Some("2026-12-01".parse().unwrap()),
        requester: Some("li.wei".into()),
        station: None,
        lines: vec![line; 25],
        links: vec![],
        custom: BTreeMap::new(),
        note: "urgent".into(),
    }
}

struct House;

impl Names for House {
    fn item(&self, item: &ItemId) -> Option<(String, String)> {
        (item.as_str() == "BOLT-M8").then(|| ("螺栓 M8".into(), "盒".into()))
    }

    fn person(&self, operator: &OperatorId) -> Option<String> {
        (operator.as_str() == "li.wei").then(|| "李伟".into())
    }

    fn utc_offset_min(&self) -> i32 {
        480
    }
}

fn told(occasion: &Occasion, entry: &Entry, rights: &FieldRights) -> Facts {
    let shown = Masked::new(entry.clone(), rights);
    let document = Masked::new(content(), rights);
    facts(&Told {
        occasion,
        entry: &shown,
        document: occasion.digest.is_some().then_some(&document),
        names: &House,
        lang: Lang::Zh,
        gateway: "gw-1",
        receiver: "吴总",
        severity: Severity::Notice,
        title: "t",
        further: 0,
        step: 0,
        link: Some("https://gw/approve/x"),
        more: &[],
    })
}

#[test]
fn an_open_step_asks_each_of_its_seats_and_what_ends_it_is_a_reaction() {
    let mut all = occasions(&opened());
    let one = all.remove(0);
    assert!(all.is_empty());
    assert_eq!((one.on, one.approvers), (On::ApprovalWaiting, vec![who("wu"), who("chen")]));
    let grant = one.grant.unwrap();
    assert_eq!((&*grant.node, grant.digest), ("manager", content().digest()));
    let subject = one.subject.unwrap();

    let decided = reactions(&stepped(ApprovalEvent::Decided {
        node: "manager".parse().unwrap(),
        by: who("wu"),
        of: who("chen"),
        verdict: Verdict::Approve,
        on: content().digest(),
        comment: String::new(),
    }));
    let whose: Vec<_> = decided.iter().map(|one| one.whose.clone().unwrap()).collect();
    assert_eq!(whose, [who("wu"), who("chen")], "who acted, and in whose place");
    let passed =
        stepped(ApprovalEvent::Passed { node: "manager".parse().unwrap(), cancelled: vec![] });
    assert_eq!(reactions(&passed)[0].whose, None, "nobody need sign there any more");
    let withdrawn = stepped(ApprovalEvent::Withdrawn { by: who("li.wei"), comment: String::new() });
    assert!(subject.starts_with(&reactions(&withdrawn)[0].subject));
    assert!(occasions(&withdrawn).is_empty());
}

#[test]
fn facts_show_no_more_than_the_rights_of_whoever_is_told() {
    let entry = opened();
    let mut occasion = occasions(&entry).remove(0);
    occasion.know(Some("li.wei"), Some(&who("zhao")));
    let all = told(&occasion, &entry, &FieldRights::all());
    for (name, value) in [
        ("kind", json!("领料单")),
        ("number", json!("R-1")),
        ("version", json!(2)),
        ("about", json!("Bolts for W-7")),
        ("partner", json!("ACME")),
        ("due", json!("2026-12-01")),
        ("requester", json!("李伟")),
        ("author", json!("zhao")),
        ("amount", json!("312.5")),
        ("node", json!("manager")),
        ("note", json!("urgent")),
        ("more", json!(5)),
        ("time", json!("2026-11-29 22:03:07")),
        ("link", json!("https://gw/approve/x")),
    ] {
        assert_eq!(all[name], value, "{name}");
    }
    assert_eq!(all["lines"].as_array().unwrap().len(), 20);
    assert_eq!(all["lines"][0]["unit"], json!("盒"));

    let few = told(&occasion, &entry, &FieldRights::default());
    assert_eq!((&few["amount"], &few["number"]), (&json!(null), &json!("R-1")));
    let text = serde_json::to_string(&few).unwrap();
    for hidden in ["12.5", "ACME", "urgent"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn a_firing_tells_whom_its_rule_says_and_opens_a_to_do_until_it_is_done() {
    let firing = RuleFiring {
        rule: "safety-stock".into(),
        title: "Stock falls below its safety level.".into(),
        version: Hash::of(b"rule"),
        trigger: RuleTrigger::Level,
        subjects: vec![RuleSubject { kind: SubjectKind::Item, key: "BOLT-M8".into() }],
        cause: None,
        key: String::new(),
        row: 0,
        facts: BTreeMap::from([("stock.projected".into(), Scalar::Integer(-3))]),
        effects: vec![
            RuleEffect::Notify { to: vec!["role:buyer".into()], template: "x".into() },
            RuleEffect::Todo {
                to: vec!["operator:chen".into(), "nonsense".into()],
                title: "Buy bolts".into(),
                due_h: Some(24),
            },
        ],
    };
    let entry = entry(Body::RuleFired { firing, document: None });
    let all = occasions(&entry);
    let on: Vec<_> = all.iter().map(|one| (one.on, one.named.len())).collect();
    assert_eq!(on, [(On::RuleFired, 1), (On::TodoOpened, 1)]);
    let made = told(&all[1], &entry, &FieldRights::all());
    assert_eq!((&made["todo"], &made["due"]), (&json!("Buy bolts"), &json!("2026-11-30 22:03:07")));
    assert_eq!(made["facts"], json!([{"name": "stock.projected", "value": "-3"}]));
    let done = Body::TodoDone { fired: 7, reason: "bought".into(), by: Actor::Daemon };
    assert_eq!(Some(&reactions(&Entry::new(9, stamp(), done))[0].subject), all[1].subject.as_ref());
}

#[test]
fn every_occasion_has_all_facts_of_its_table_whatever_the_entry() {
    let denied = entry(Body::Denied {
        by: Actor::Nobody,
        action: Action::Execute,
        module: Module::Outbound,
        reason: "no\nsession".into(),
        decision: None::<Decision>,
        station: None,
        task: None,
        document: None,
        pass: None,
        further: None,
    });
    let made = told(&occasions(&denied)[0], &denied, &FieldRights::default());
    assert_eq!((&made["action"], &made["module"]), (&json!("执行"), &json!("出库")));
    for on in On::ALL {
        let made = told(&Occasion::new(on, 7), &denied, &FieldRights::all());
        let names: Vec<&str> = specs(on).iter().map(|spec| spec.name).collect();
        assert!(names.iter().all(|name| made.contains_key(*name)), "{}", on.name());
        assert_eq!(made.len(), names.len());
    }
}
