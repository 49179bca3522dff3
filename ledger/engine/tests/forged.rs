//! Journals that somebody wrote by hand, with the right key: whatever no signature, no right and no rule led to is
//! told by whoever judges them, with what differs.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
#[path = "common/papers.rs"]
mod papers;

use std::collections::BTreeMap;

use common::{House, pass, session_id, word};
use gatewarden_engine::{Command, Judge, RULES, Reply, version_of};
use gatewarden_model::{
    Action, Actor, ApprovalEvent, Body, Decision, DocumentStep, Entry, ExtraApproval, Hash, Module,
    RuleEffect, RuleFiring, RuleTrigger, Scalar, Verdict,
};
use papers::{
    Papers, at_the_counter, document, parts, requisition, rules_of, stock_taking, stocked,
    stocked_under, text,
};

/// What is said of a journal.
fn judged(house: &House, journal: &[Entry]) -> Vec<String> {
    let mut judge = Judge::knowing(house.engine.access().clone());
    journal.iter().filter_map(|entry| judge.judge(entry)).collect()
}

/// What is said of a journal with one more entry.
fn with(house: &House, body: Body) -> String {
    let mut journal = house.journal.clone();
    journal.push(Entry::new(house.engine.next_seq(), house.now, body));
    let told = judged(house, &journal);
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].clone()
}

/// What is said of a journal in which the entries that `change` takes are others.
fn changed(house: &House, what: &str, change: impl Fn(&mut Body) -> bool) -> String {
    let mut journal = house.journal.clone();
    let touched = journal.iter_mut().filter_map(|entry| change(&mut entry.body).then_some(()));
    assert_eq!(touched.count(), 1, "{what}");
    let told = judged(house, &journal);
    assert!(!told.is_empty(), "{what} is not found");
    told[0].clone()
}

/// The same journal as under other procedures, which nobody asked.
fn under(journal: &[Entry], parts: &BTreeMap<String, String>) -> Vec<Entry> {
    let mut journal = journal.to_vec();
    let new = version_of(parts);
    for entry in &mut journal {
        match &mut entry.body {
            Body::ProceduresDefined { version, parts: all, .. } => {
                (*version, *all) = (new, parts.clone());
            }
            Body::DocumentStepped { step: DocumentStep::Submitted { procedures, .. }, .. } => {
                *procedures = new;
            }
            _ => {}
        }
    }
    journal
}

/// What the policies say to somebody, asked in the open.
fn right(house: &mut House, who: &str, action: Action, module: Module) -> Option<Decision> {
    let (by, what) = (house.by(who), String::new());
    match house.ok(Command::Ask { by, action, module, what }) {
        Reply::Allowed(decision) => Some(decision),
        other => panic!("{other:?}"),
    }
}

/// A requisition that waits for its signature.
fn waiting() -> (House, Hash) {
    let mut house = stocked();
    let digest = house.write(&requisition("MR-2", 1, 5), "ann");
    house.submit("MR-2", digest, "ann");
    (house, digest)
}

fn step(
    number: &str,
    digest: Hash,
    step: DocumentStep,
    by: Actor,
    decision: Option<Decision>,
) -> Body {
    Body::DocumentStepped { document: document(number), version: 1, digest, step, by, decision }
}

#[test]
fn a_step_that_nothing_led_to_is_told() {
    let (house, digest) = waiting();
    let reason = || "complete".to_owned();
    for (made_up, expected) in [
        (DocumentStep::Returned, "nobody returned MR-2 in its approval"),
        (DocumentStep::Rejected, "nobody rejected MR-2 in its approval"),
        (DocumentStep::Approved { signatures: vec![] }, "signatures are missing over this version"),
        (DocumentStep::Superseded, "nothing takes the place of MR-2"),
        (DocumentStep::InForce, "what is put in force is another by what was signed"),
        (
            DocumentStep::Started { task: common::task_id(1) },
            "the task that it is done by is another",
        ),
        (
            DocumentStep::Closed { reason: reason() },
            "when it is done is another by what was signed",
        ),
        (DocumentStep::Cancelled { reason: reason() }, "nobody said that MR-2 is cancelled"),
        (DocumentStep::Own { name: "count".to_owned() }, "nobody said that MR-2 is own"),
    ] {
        let told = with(&house, step("MR-2", digest, made_up, Actor::Daemon, None));
        assert!(told.contains(expected), "{expected}: {told}");
    }
    for made_up in [DocumentStep::Returned, DocumentStep::Approved { signatures: vec![] }] {
        let name = made_up.name();
        let told = with(&house, step("MR-2", digest, made_up, house.by("mia"), None));
        assert!(told.contains(&format!("somebody says that MR-2 is {name}")), "{told}");
    }
}

#[test]
fn a_step_by_another_right_or_from_another_state_is_told() {
    let (mut house, digest) = waiting();
    let view = right(&mut house, "mia", Action::View, Module::Outbound);
    let request = right(&mut house, "ann", Action::Request, Module::Outbound);
    let event = ApprovalEvent::Decided {
        node: "manager".parse().unwrap(),
        by: "mia".parse().unwrap(),
        of: "mia".parse().unwrap(),
        verdict: Verdict::Approve,
        on: digest,
        comment: String::new(),
    };
    let (mia, ann) = (house.by("mia"), house.by("ann"));
    let signed = step("MR-2", digest, DocumentStep::Approval { event }, mia.clone(), view.clone());
    let cancelled = DocumentStep::Cancelled { reason: "no".to_owned() };
    let cancelled = step("MR-2", digest, cancelled, mia.clone(), view.clone());
    let own = DocumentStep::Own { name: "count".to_owned() };
    let own = step("MR-2", digest, own, mia.clone(), view.clone());
    let content = requisition("MR-3", 1, 5);
    let written = Body::DocumentWritten { content, by: mia, decision: view };
    let again = house.journal.iter().rev().find_map(|entry| match &entry.body {
        body @ Body::DocumentStepped { step: DocumentStep::Submitted { .. }, .. } => {
            Some(body.clone())
        }
        _ => None,
    });
    let short = DocumentStep::Closed { reason: "no more".to_owned() };
    let short = step("MR-2", digest, short, ann, request);
    for (body, expected) in [
        (signed, "the step approve needs approve in outbound, decided was view in outbound"),
        (cancelled, "the step cancel needs request in outbound, decided was view in outbound"),
        (own, "nobody takes the step count by hand"),
        (written, "the step write needs request in outbound, decided was view in outbound"),
        (again.unwrap(), "state: it is in-approval, where submit is no step"),
        (short, "state: it is in-approval, where close-short is no step"),
    ] {
        let told = with(&house, body);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn what_nobody_wrote_and_what_is_over_is_told() {
    let (mut house, _) = at_the_counter(parts());
    let five = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5";
    let seen = pass(11, "counter-1", Some(session_id(2)), 8, five);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    assert_eq!(house.frame("MR-1"), None);
    let content = requisition("MR-7", 1, 5);
    let nobodys = Body::DocumentWritten { content, by: Actor::Daemon, decision: None };
    let decision = right(&mut house, "ann", Action::Request, Module::Outbound);
    let written = house.journal.iter().find_map(|entry| match &entry.body {
        body @ Body::DocumentWritten { .. } => Some(body.clone()),
        _ => None,
    });
    let unheard =
        Body::DocumentWritten { content: requisition("MR-8", 2, 5), by: house.by("ann"), decision };
    let unopened = Body::TodoDone { fired: 1, reason: "done".to_owned(), by: house.by("ann") };
    for (body, expected) in [
        (nobodys, "nobody wrote MR-7, and no rule drafts it"),
        (written.unwrap(), "there was a document MR-1 before, which is over"),
        (unheard, "version 2 does not follow version 0"),
        (unopened, "it ends to-do 1, which is not open"),
    ] {
        let told = with(&house, body);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_task_that_moves_more_than_was_signed_is_told() {
    let (mut house, _) = at_the_counter(parts());
    let five = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5";
    let seen = pass(11, "counter-1", Some(session_id(2)), 8, five);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    let told = changed(&house, "more on the movement", |body| match body {
        Body::Moved { movement, .. } if movement.document_digest.is_some() => {
            movement.lines[0].quantity = 50;
            true
        }
        _ => false,
    });
    assert!(told.contains("lines.10: MR-1 has less open than this moves"), "{told}");
}

/// What the house of the rules watches.
const RULES_TOML: &str = r#"
[[rules]]
id = "over-ten"
title = "More than ten of something."
when = "before"
on = ["submit"]
scope = { document_kinds = ["requisition"] }
params = { limit = 10 }
if = "lines.exists(l, l.quantity > param.limit)"
then = [
    { kind = "approver", approver = "role:warehouse-supervisor" },
    { kind = "todo", to = ["operator:max"], title = "Ask what it is for." },
]
key = ["document.number"]

[[rules]]
id = "for-the-line"
title = "Something for the line."
when = "before"
on = ["submit"]
params = { for = "bolts for the line" }
if = "document.title == param.for"
then = [{ kind = "flag" }]
key = ["document.number"]
"#;

fn with_rules(file: &str) -> BTreeMap<String, String> {
    let mut parts = parts();
    parts.insert(RULES.to_owned(), text(&rules_of(file)));
    parts
}

/// A requisition of fifty, which rules found something about.
fn watched() -> (House, u64) {
    let mut house = stocked_under(with_rules(RULES_TOML));
    let digest = house.write(&requisition("MR-2", 1, 50), "ann");
    let submit =
        Command::SubmitDocument { document: document("MR-2"), digest, by: house.by("ann") };
    house.look(&submit);
    house.ok(submit);
    let fired: Vec<u64> = house
        .journal
        .iter()
        .filter(|entry| matches!(&entry.body, Body::RuleFired { .. }))
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(fired.len(), 2);
    assert_eq!(house.judged(), Vec::<String>::new());
    (house, fired[0])
}

fn firing<'b>(body: &'b mut Body, rule: &str) -> Option<&'b mut RuleFiring> {
    match body {
        Body::RuleFired { firing, .. } if firing.rule == rule => Some(firing),
        _ => None,
    }
}

#[test]
fn a_firing_that_its_rule_does_not_give_is_told() {
    let (house, _) = watched();
    type Forge = fn(&mut RuleFiring);
    let forged: [(&str, Forge, &str); 10] = [
        ("for-the-line", |f| f.rule = "no-such".into(), "no rule no-such is in force"),
        ("for-the-line", |f| f.version = Hash::of(b"other"), "rule for-the-line in force is "),
        ("for-the-line", |f| f.title = "Nothing.".into(), "has another title"),
        ("for-the-line", |f| f.trigger = RuleTrigger::After, "looks at another time"),
        ("for-the-line", |f| f.row = 3, "rule for-the-line has no row 3"),
        (
            "for-the-line",
            |f| drop(f.facts.insert("param.for".into(), Scalar::from("x"))),
            "has another param.for",
        ),
        (
            "for-the-line",
            |f| drop(f.facts.insert("document.title".into(), Scalar::from("x"))),
            "does not find it in the facts that it tells",
        ),
        ("for-the-line", |f| f.key = "other".into(), "tells such firings apart by another key"),
        (
            "over-ten",
            |f| f.effects.retain(|effect| !matches!(effect, RuleEffect::Approver { .. })),
            "rule over-ten asks for Approver",
        ),
        ("over-ten", |f| f.effects.push(RuleEffect::SecondPerson), "does not ask for SecondPerson"),
    ];
    for (rule, forge, expected) in forged {
        let told = changed(&house, expected, |body| firing(body, rule).map(forge).is_some());
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_firing_after_the_fact_names_what_it_follows_and_drafts_what_it_says() {
    let mut parts = parts();
    let file = r#"
[[rules]]
id = "moved"
title = "Something moved."
when = "after"
on = ["moved"]
over = "items"
if = "movement.quantity > 0"
then = [
    { kind = "draft", document = "purchase-suggestion", item = "item.code", quantity = "movement.quantity" },
]
"#;
    parts.insert(RULES.to_owned(), text(&rules_of(file)));
    let (mut house, _) = at_the_counter(parts);
    let five = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5";
    let seen = pass(11, "counter-1", Some(session_id(2)), 8, five);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    let entries = house.last.clone().unwrap().entries;
    let found = house.engine.found_after(&entries, &BTreeMap::new(), &mut Default::default());
    assert_eq!(found.firings.len(), 1, "{found:?}");
    let fire = Command::Fire { firings: found.firings, document: None };
    house.look(&fire);
    house.ok(fire);
    assert_eq!(house.judged(), Vec::<String>::new());
    let draft = changed(&house, "another draft", |body| match body {
        Body::DocumentWritten { content, by: Actor::Daemon, .. } => {
            content.lines[0].quantity = 500;
            true
        }
        _ => false,
    });
    assert!(draft.contains("is another than the draft that its rule asks for"), "{draft}");
    let moved =
        house.journal.iter().rev().find(|e| matches!(e.body, Body::Moved { .. })).unwrap().seq;
    for (cause, expected) in [
        (None, "rule moved names no entry that it follows"),
        (Some(moved + 100), "rule moved can't follow entry"),
        (Some(moved - 1), "rule moved does not look at what entry"),
    ] {
        let told = changed(&house, expected, |body| {
            firing(body, "moved").map(|firing| firing.cause = cause).is_some()
        });
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn what_a_rule_decides_is_what_follows() {
    let (house, fired) = watched();
    let unasked = changed(&house, "an approver is left out", |body| match body {
        Body::DocumentStepped { step: DocumentStep::Submitted { extra, .. }, .. } => {
            extra.clear();
            true
        }
        _ => false,
    });
    let expected = "rule over-ten asks role:warehouse-supervisor to sign MR-2, and nobody is asked";
    assert!(unasked.contains(expected), "{unasked}");
    let made_up = changed(&house, "another approver", |body| match body {
        Body::DocumentStepped { step: DocumentStep::Submitted { extra, .. }, .. } => {
            extra.push(ExtraApproval {
                rule: "for-the-line".to_owned(),
                title: "x".to_owned(),
                approvers: vec!["role:buyer".to_owned()],
            });
            true
        }
        _ => false,
    });
    assert!(made_up.contains("rule for-the-line asks for no signature of MR-2"), "{made_up}");
    let done = |who: &str, reason: &str| Body::TodoDone {
        fired,
        reason: reason.to_owned(),
        by: house.by(who),
    };
    for (body, expected) in [
        (done("ann", "asked"), "is for others"),
        (done("max", " "), "a reason is needed"),
        (Body::TodoDone { fired, reason: "x".to_owned(), by: Actor::Daemon }, "is for others"),
    ] {
        let told = with(&house, body);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let mut house = house;
    let (reason, by) = ("asked".to_owned(), house.by("max"));
    house.ok(Command::FinishTodo { fired, reason: reason.clone(), by: by.clone() });
    assert_eq!(house.judged(), Vec::<String>::new());
    let twice = with(&house, Body::TodoDone { fired, reason, by });
    assert!(twice.contains(&format!("it ends to-do {fired}, which is not open")), "{twice}");
}

#[test]
fn what_a_rule_refuses_neither_is_handed_in_nor_moves() {
    let (mut house, _) = at_the_counter(parts());
    let five = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5";
    let seen = pass(11, "counter-1", Some(session_id(2)), 8, five);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
    let mut counted = parts();
    counted.insert(RULES.to_owned(), text(&stock_taking()));
    let rule = |then: &str, on: &str| {
        with_rules(&format!(
            "[[rules]]\nid = \"no\"\ntitle = \"No.\"\nwhen = \"before\"\non = [\"{on}\"]\n\
             if = \"document.kind == 'requisition'\"\nthen = [{then}]\n"
        ))
    };
    let (refuse, two, level) = (
        "{ kind = \"refuse\", reason = \"not now\" }",
        "{ kind = \"second-person\" }",
        "{ kind = \"step-up\", level = 3 }",
    );
    let whom = "{ kind = \"approver\", approver = \"role:buyer\" }";
    for (parts, expected) in [
        (counted, "it moved what is refused: stock is taken (rule stock-taking)"),
        (rule(two, "execute"), "a rule needs two people, it was moved by one"),
        (rule(level, "execute"), "a rule needs level 3, it was moved with level 2"),
        (rule(whom, "execute"), "a rule wants role:buyer to decide on it, and nobody did"),
        (rule(refuse, "submit"), "MR-1 was handed in though it is refused: not now (rule no)"),
        (rule(two, "submit"), "a rule needs two people to hand MR-1 in"),
        (rule(level, "submit"), "a rule needs level 3 to hand MR-1 in, it was 2"),
        (rule(whom, "submit"), "rule no asks role:buyer to sign MR-1, and nobody is asked"),
    ] {
        let told = judged(&house, &under(&house.journal, &parts));
        assert!(told.iter().any(|one| one.contains(expected)), "{expected}: {told:?}");
    }
}
