//! Bills of material, subcontract orders and their settlement, and what is asked about by its value, in the engine
//! and in the judge who makes it again.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::collections::BTreeMap;

use common::{House, at, pass, session_id, settings, word};
use gatewarden_documents::{Frame, Kinds};
use gatewarden_engine::{
    Access, Command, DOCUMENTS, Judge, Reply, Settings, WORKFLOWS, settlements::read_left,
};
use gatewarden_model::{
    ApprovalAct, Body, Document, DocumentContent, DocumentKind, DocumentLine, DocumentStep, Entry,
    Hash, MovementKind, Role, Scalar, Verdict, canonical,
};
use gatewarden_workflow::Workflows;
use serde_json::{Value, json};

/// Who plans, who signs, and one who could do both.
fn access() -> Access {
    let mut matrix = common::matrix();
    let mut role = |name: &str, grants: &[(&str, &str)]| {
        let mut role = Role { title: name.to_owned(), ..Role::default() };
        for (module, actions) in grants {
            let actions = actions.split(' ').map(common::action).collect();
            role.grants.insert(common::module(module), actions);
        }
        matrix.0.insert(name.to_owned(), role);
    };
    role(
        "planner",
        &[
            ("bom", "view create modify"),
            ("subcontract", "view create modify"),
            ("finance", "view create modify"),
            ("inbound", "view create request"),
            ("outbound", "view request"),
            ("production", "view create modify"),
            ("count", "view create modify"),
        ],
    );
    role(
        "boss",
        &[
            ("bom", "view create modify approve"),
            ("subcontract", "view approve"),
            ("inbound", "view approve"),
            ("outbound", "view approve"),
            ("production", "view approve"),
            ("count", "view approve"),
        ],
    );
    Access::new(&matrix, "").unwrap()
}

/// The shipped kinds, each signed by any boss.
fn parts() -> BTreeMap<String, String> {
    let mut kinds: Kinds = gatewarden_config::procedures::documents::shipped_kinds();
    for kind in &mut kinds.kinds {
        kind.numbers_given = true;
        if kind.workflow.is_some() {
            kind.workflow = Some("boss".to_owned());
        }
    }
    let workflow = json!({"workflows": [{
        "name": "boss", "title": "A boss", "kinds": kinds.kinds.iter().map(|one| one.kind.name())
            .collect::<Vec<_>>(),
        "fallback": ["role:boss"],
        "steps": [{"kind": "approve", "name": "boss", "title": "A boss", "mode": "any-one",
            "approvers": ["role:boss"]}],
    }]});
    let workflows: Workflows = serde_json::from_value(workflow).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    BTreeMap::from([
        (DOCUMENTS.to_owned(), text(canonical::encode(&kinds).unwrap())),
        (WORKFLOWS.to_owned(), text(canonical::encode(&workflows).unwrap())),
    ])
}

fn content(says: Value) -> DocumentContent {
    serde_json::from_value(says).unwrap()
}

trait Papers {
    fn write(&mut self, content: &DocumentContent, who: &str) -> Hash;
    fn hand_in(&mut self, content: &DocumentContent, who: &str) -> Command;
    fn sign(&mut self, content: &DocumentContent, who: &str) -> Command;
    fn signed(&mut self, content: &DocumentContent);
    fn frame(&self, document: &Document) -> Option<Frame>;
    fn frozen(&self, document: &Document) -> BTreeMap<String, Scalar>;
}

impl Papers for House {
    fn write(&mut self, content: &DocumentContent, who: &str) -> Hash {
        let command = Command::WriteDocument { content: content.clone(), by: self.by(who) };
        for missing in self.engine.missing_documents(&self.now, &command) {
            self.engine.supply_document(missing, None);
        }
        match self.ok(command) {
            Reply::Document { digest, .. } => digest,
            other => panic!("{other:?}"),
        }
    }

    fn hand_in(&mut self, content: &DocumentContent, who: &str) -> Command {
        let digest = self.write(content, who);
        Command::SubmitDocument { document: content.document.clone(), digest, by: self.by(who) }
    }

    fn sign(&mut self, content: &DocumentContent, who: &str) -> Command {
        let act = ApprovalAct::Decide {
            node: None,
            on: content.digest(),
            verdict: Verdict::Approve,
            comment: String::new(),
        };
        Command::ActOnDocument { document: content.document.clone(), act, by: self.by(who) }
    }

    /// By petra, signed by bo.
    fn signed(&mut self, content: &DocumentContent) {
        let submit = self.hand_in(content, "petra");
        self.ok(submit);
        let sign = self.sign(content, "bo");
        self.ok(sign);
    }

    fn frame(&self, document: &Document) -> Option<Frame> {
        self.engine.state().document(document).map(|open| open.frame())
    }

    fn frozen(&self, document: &Document) -> BTreeMap<String, Scalar> {
        let facts = self.journal.iter().rev().find_map(|entry| match &entry.body {
            Body::DocumentStepped {
                document: of,
                step: DocumentStep::Submitted { facts, .. },
                ..
            } if of == document => Some(facts.clone()),
            _ => None,
        });
        facts.unwrap()
    }
}

/// Ten pumps worth 10.00 each at the dock, and whoever plans and signs.
fn house() -> House {
    let settings = Settings { procedures: parts(), ..settings() };
    let mut house = House::with_both(settings, access());
    for (n, (who, role)) in
        [("petra", "planner"), ("bo", "boss"), ("bea", "boss")].into_iter().enumerate()
    {
        house.enrol(who, &[role]);
        house.sign_in(800 + n as u128, None, who);
    }
    house.sign_in(1, Some("dock-1"), "sam");
    let mut task =
        common::task(1, "dock-1", MovementKind::Receipt, &["10 PUMP 10 @supplier/ACME wh1/dock"]);
    task.lines[0].value = Some("100".parse().unwrap());
    house.ok(Command::OpenTask { task, by: common::erp() });
    let pumps: Vec<String> = (1..=10).map(|n| format!("pump#{n}")).collect();
    let seen = pass(1, "dock-1", Some(session_id(1)), 1, &pumps.join(" "));
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    house.ok(Command::DefineProcedures);
    house
}

fn change(number: &str, draft: Option<&DocumentContent>) -> DocumentContent {
    let mut says = json!({
        "document": {"kind": "engineering-change", "number": number}, "version": 1,
        "title": "nuts of pumps", "note": "tried",
    });
    if let Some(draft) = draft {
        says["version"] = json!(2);
        says["links"] = json!([{"document": draft.document, "digest": draft.digest()}]);
    }
    content(says)
}

/// A nut of one pump.
fn bill(change: &str) -> DocumentContent {
    content(json!({
        "document": {"kind": "bom", "number": "NUT-M8"}, "version": 1,
        "custom": {"effective-from": "2026-01-01"},
        "lines": [{"line": 10, "item": "PUMP", "quantity": 1}],
        "links": [{"document": {"kind": "engineering-change", "number": change}}],
    }))
}

/// The bill of the nut, from the day of the test on.
fn today_bill(house: &House, change: &str) -> DocumentContent {
    let mut draft = bill(change);
    let day = gatewarden_model::Day::of(&house.now, 0).to_string();
    draft.custom.insert("effective-from".parse().unwrap(), day);
    draft
}

/// The bill in force.
fn with_bill(house: &mut House) -> DocumentContent {
    house.write(&change("ECO-1", None), "petra");
    let draft = today_bill(house, "ECO-1");
    house.write(&draft, "petra");
    house.signed(&change("ECO-1", Some(&draft)));
    draft
}

#[test]
fn whoever_drafts_a_bill_does_not_sign_the_change_that_brings_it() {
    let mut house = house();
    house.write(&change("ECO-1", None), "petra");
    let draft = today_bill(&house, "ECO-1");
    house.write(&draft, "bo");
    let order = change("ECO-1", Some(&draft));
    let submit = house.hand_in(&order, "petra");
    house.ok(submit);
    let own = house.sign(&order, "bo");
    assert_eq!(house.refused(own), "own-document");
    assert_eq!(house.frame(&draft.document), Some(Frame::Draft));
    let other = house.sign(&order, "bea");
    house.ok(other);
    assert_eq!(house.frame(&draft.document), Some(Frame::InExecution));
    assert_eq!(house.judged(), Vec::<String>::new());
    // A journal that says he signed it all the same.
    let forged = forge(&house, |body| match body {
        Body::DocumentStepped {
            step:
                DocumentStep::Approval {
                    event: gatewarden_model::ApprovalEvent::Decided { by, of, .. },
                },
            by: who,
            ..
        } => {
            (*by, *of) = ("bo".parse().unwrap(), "bo".parse().unwrap());
            *who = gatewarden_model::Actor::Operator { id: "bo".parse().unwrap(), session: None };
            true
        }
        _ => false,
    });
    assert!(!forged.is_empty());
}

/// What a judge says of the journal with some of it changed.
fn forge(house: &House, change: impl Fn(&mut Body) -> bool) -> Vec<String> {
    let mut journal = house.journal.clone();
    let touched = journal.iter_mut().filter(|entry| {
        let mut body = entry.body.clone();
        change(&mut body)
    });
    assert!(touched.count() > 0, "nothing was changed");
    for entry in &mut journal {
        change(&mut entry.body);
    }
    told(house, &journal)
}

fn told(house: &House, journal: &[Entry]) -> Vec<String> {
    let mut judge = Judge::knowing(house.engine.access().clone());
    journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

fn line(number: u32, item: &str, quantity: i64) -> DocumentLine {
    serde_json::from_value(json!({"line": number, "item": item, "quantity": quantity})).unwrap()
}

#[test]
fn what_states_no_amount_is_asked_about_by_what_it_takes() {
    let mut house = house();
    let scrap = |number: &str, amount: Option<&str>| {
        let mut content = content(json!({
            "document": {"kind": "scrap-request", "number": number}, "version": 1,
            "note": "broken", "station": "dock-1",
            "lines": [{"line": 10, "item": "PUMP", "quantity": 3, "from": "wh1/dock",
                "to": "@loss/scrap"}],
        }));
        content.lines[0].amount = amount.map(|amount| amount.parse().unwrap());
        content
    };
    for (number, stated, asked) in
        [("SR-1", None, 300_000), ("SR-2", Some("1"), 300_000), ("SR-3", Some("99"), 990_000)]
    {
        let content = scrap(number, stated);
        let submit = house.hand_in(&content, "petra");
        house.ok(submit);
        let facts = house.frozen(&content.document);
        assert_eq!(facts.get("document.amount"), Some(&Scalar::Integer(asked)), "{number}");
    }
    // What has no value, or is not there, tells none.
    let mut nothing = scrap("SR-4", None);
    nothing.lines[0].item = "BOLT-M8".parse().unwrap();
    let submit = house.hand_in(&nothing, "petra");
    house.ok(submit);
    assert_eq!(house.frozen(&nothing.document).get("document.amount"), None);
    assert_eq!(house.judged(), Vec::<String>::new());
    // It is never said to be less than the document itself says.
    let low = forge(&house, |body| match body {
        Body::DocumentStepped { document, step: DocumentStep::Submitted { facts, .. }, .. }
            if document.number == "SR-3" =>
        {
            facts.insert("document.amount".to_owned(), 1_i64.into());
            true
        }
        _ => false,
    });
    assert!(low.iter().any(|line| line.contains("document.amount")), "{low:?}");
}

/// A subcontract order of which five pumps went out.
fn sent() -> (House, Document) {
    let mut house = house();
    let draft = with_bill(&mut house);
    let mut order = content(json!({
        "document": {"kind": "subcontract-order", "number": "SC-1"}, "version": 1,
        "partner": "SUB", "due": "2030-01-01", "station": "dock-1",
        "links": [{"document": draft.document, "digest": draft.digest()}],
    }));
    let mut out = line(10, "PUMP", 5);
    out.from = Some("wh1/dock".parse().unwrap());
    let mut back = line(20, "NUT-M8", 4);
    back.to = Some("wh1/dock".parse().unwrap());
    back.amount = Some("20".parse().unwrap());
    order.lines = vec![out, back];
    house.signed(&order);
    house.now = at(20);
    let pumps = "pump#1 pump#2 pump#3 pump#4 pump#5";
    let seen = pass(11, "dock-1", Some(session_id(1)), 18, pumps);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    (house, order.document)
}

/// One of which all has moved: four nuts came in, too.
fn worked() -> (House, Document) {
    let (mut house, order) = sent();
    house.now = at(30);
    let nuts = "nut#1 nut#2 nut#3 nut#4";
    let seen = pass(12, "dock-1", Some(session_id(1)), 28, nuts);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    (house, order)
}

fn drafted(house: &House, order: &Document, left: &str) -> DocumentContent {
    let day = gatewarden_model::Day::of(&house.now, 0);
    let mut draft = house.engine.draft_settlement(order, day, &read_left(left).unwrap()).unwrap();
    draft.document.number = "ST-1".to_owned();
    draft
}

#[test]
fn a_settlement_names_the_passes_that_it_waits_for() {
    let (mut house, order) = sent();
    house.now = at(30);
    let nuts = "nut#1 nut#2 nut#3 nut#4 nut#5";
    let seen = pass(12, "dock-1", Some(session_id(1)), 28, nuts);
    let id = seen.id.to_string();
    assert!(word(&house.handle(Command::Pass(seen))).starts_with("held"));
    let day = gatewarden_model::Day::of(&house.now, 0);
    let left = read_left("").unwrap();
    let (code, told) = house.engine.draft_settlement(&order, day, &left).unwrap_err();
    assert_eq!(code, "settlement-in-hand");
    assert!(told.contains(&id) && told.contains("accept or reject each"), "{told}");
}

#[test]
fn a_settlement_says_what_the_journal_gives_and_ends_its_order() {
    let (mut house, order) = worked();
    assert_eq!(
        house.frame(&order),
        Some(Frame::InExecution),
        "all of it has moved, and it is open"
    );
    let settlement = drafted(&house, &order, "");
    let custom = |name: &str| settlement.custom.get(&name.parse().unwrap()).cloned().unwrap();
    let sums = ["made", "fee", "charges", "balance"].map(custom);
    assert_eq!(sums, ["NUT-M8/1 x 4", "20", "10", "10"]);
    let mut wrong = settlement.clone();
    wrong.lines[0].amount = Some("9".parse().unwrap());
    let submit = house.hand_in(&wrong, "petra");
    assert_eq!(house.refused(submit), "settlement-differs");
    let mut right = settlement;
    right.version = 2;
    house.signed(&right);
    assert_eq!(house.frame(&order), None, "settled");
    assert_eq!(house.frame(&right.document), None, "and done");
    assert_eq!(house.stock("PUMP", "@subcontractor/SUB"), 0);
    assert_eq!(house.stock("PUMP", "@production/SC-1"), 5);
    assert_eq!(house.judged(), Vec::<String>::new());
    let again = house.restarted();
    // What is over stays over, though the newest number of its kind is kept.
    assert!(again.state() == house.engine.state());
}

#[test]
fn what_is_left_stays_in_the_books_and_is_not_charged() {
    let (mut house, order) = worked();
    let settlement = drafted(&house, &order, "PUMP x 1");
    assert_eq!(settlement.lines[0].quantity, 4);
    house.signed(&settlement);
    assert_eq!(house.stock("PUMP", "@subcontractor/SUB"), 1);
    assert_eq!(house.judged(), Vec::<String>::new());
    for (left, why) in [("PUMP x 6", "settlement-negative"), ("CHIP x 1", "settlement-left")] {
        let (house, order) = worked();
        let day = gatewarden_model::Day::of(&house.now, 0);
        let refused = house.engine.draft_settlement(&order, day, &read_left(left).unwrap());
        assert_eq!(refused.unwrap_err().0, why, "{left}");
    }
    for wrong in ["PUMP", "PUMP x -1", "PUMP x 1, PUMP x 2", "PUMP x y"] {
        assert_eq!(read_left(wrong).unwrap_err().0, "settlement-left", "{wrong}");
    }
}

#[test]
fn the_judge_finds_a_settlement_that_the_journal_does_not_give() {
    let (mut house, order) = worked();
    let settlement = drafted(&house, &order, "");
    house.signed(&settlement);
    assert_eq!(house.judged(), Vec::<String>::new());
    // What went out was worth more than it was charged with.
    let dear = forge(&house, |body| match body {
        Body::Moved { movement, .. } if movement.kind == MovementKind::SubcontractOut => {
            movement.lines[0].value = Some("500".parse().unwrap());
            true
        }
        _ => false,
    });
    assert!(dear.iter().any(|line| line.contains("settlement-differs")), "{dear:?}");
    // More came in than was paid for.
    let more = forge(&house, |body| match body {
        Body::Moved { movement, .. }
            if movement.kind == MovementKind::SubcontractIn && movement.pass.is_some() =>
        {
            movement.lines[0].quantity = 3;
            true
        }
        _ => false,
    });
    assert!(more.iter().any(|line| line.contains("settlement")), "{more:?}");
    // The order ends without one.
    let unsettled = forge(&house, |body| match body {
        Body::DocumentStepped { document, step: DocumentStep::Closed { reason }, .. }
            if document.kind == DocumentKind::SubcontractOrder =>
        {
            *reason = "complete".to_owned();
            true
        }
        _ => false,
    });
    assert!(unsettled.iter().any(|line| line.contains("settlement")), "{unsettled:?}");
}
