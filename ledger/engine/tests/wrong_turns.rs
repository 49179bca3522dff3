//! Bad input, as a table: documents that can't be, signatures that don't count, bills of material in a circle. Each
//! has a code and a message that names the field, and leaves everything as it was.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
#[path = "common/papers.rs"]
mod papers;

use std::collections::BTreeMap;

use common::{House, at, matrix, pass, session_id, settings, word};
use gatewarden_config::shipped_kinds;
use gatewarden_documents::{Frame, kinds::Amend};
use gatewarden_engine::{Access, Command, DOCUMENTS, DocumentAct, ItemMaster, Settings, WORKFLOWS};
use gatewarden_model::{
    Action, ApprovalAct, Body, Document, DocumentContent, DocumentKind, DocumentLink, Hash, Module,
    Verdict, entry::Verdict::Reject,
};
use gatewarden_workflow::{Mode, Workflows};
use papers::{
    Papers, approved, at_the_counter, document, kinds, parts, requisition, step, stocked,
    stocked_under, text, workflow, workflows,
};

/// A refusal's code and message; nothing but its denial is recorded, and no document is another.
fn refused(house: &mut House, command: Command) -> (&'static str, String) {
    house.look(&command);
    let before: Vec<_> = house.engine.state().documents().cloned().collect();
    let entries = house.journal.len();
    let outcome = house.handle(command.clone());
    let refusal = outcome.answer.expect_err(&format!("{command:?}"));
    let after: Vec<_> = house.engine.state().documents().cloned().collect();
    assert_eq!(before, after, "{}: nothing is half done", refusal.message);
    let told = &house.journal[entries..];
    assert!(told.iter().all(|entry| matches!(entry.body, Body::Denied { .. })), "{told:?}");
    (refusal.code, refusal.message)
}

/// Whether a refusal is this one.
fn is(found: (&'static str, String), code: &str, says: &str) {
    assert!(found.0 == code && found.1.contains(says), "{code}: {says}: {found:?}");
}

#[test]
fn a_document_that_cant_be_is_refused_by_its_field() {
    let mut house = stocked();
    type Break = fn(&mut DocumentContent);
    let cases: [(Break, &str, &str); 16] = [
        (|c| c.lines[0].quantity = 0, "quantity-zero", "lines[0].quantity: "),
        (|c| c.lines[0].quantity = -5, "quantity-negative", "lines[0].quantity: "),
        (|c| c.lines[0].quantity = i64::MAX, "quantity-overflow", "lines[0].quantity: "),
        (|c| c.lines[0].item = "BOLT-M9".parse().unwrap(), "unknown-item", "lines[0].item: "),
        (|c| c.lines.push(c.lines[0].clone()), "line-twice", "lines[1].line: "),
        (|c| c.requester = Some("nobody".into()), "unknown-operator", "requester: "),
        (|c| c.requester = None, "field-missing", "requester: a requisition needs it: state it"),
        (|c| c.station = Some("Moon Base".into()), "unknown-station", "station: "),
        (|c| c.note = "n".repeat(10_000_000), "note-too-long", "note: "),
        (
            |c| {
                c.date = Some("2027-02-02".parse().unwrap());
                c.due = Some("2027-01-02".parse().unwrap());
            },
            "dates-reversed",
            "due: ",
        ),
        (|c| c.lines[0].to = Some("@customer/C".parse().unwrap()), "leg-unknown", "lines[0].to: "),
        (|c| c.document.number = "М-1".into(), "code-lookalike", "document.number: "),
        (|c| c.document.number = "9".repeat(99), "number-malformed", "document.number: "),
        (|c| c.version = 7, "version-stale", "version: the next version is 1, this is 7"),
        (
            |c| drop(c.custom.insert("surplus".parse().unwrap(), "1".into())),
            "unknown-field",
            "custom.surplus: ",
        ),
        (|c| c.lines.clear(), "lines-missing", "lines: "),
    ];
    for (n, (breaks, code, says)) in cases.into_iter().enumerate() {
        let mut content = requisition(&format!("MR-{n}"), 1, 5);
        breaks(&mut content);
        let command = Command::WriteDocument { content, by: house.by("ann") };
        is(refused(&mut house, command), code, says);
    }
    assert_eq!(house.engine.state().documents().count(), 0);
    // All that is wrong is counted.
    let mut content = requisition("MR-99", 1, 0);
    content.requester = Some("nobody".into());
    let command = Command::WriteDocument { content, by: house.by("ann") };
    is(refused(&mut house, command), "unknown-operator", "(and 1 more mistakes)");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_number_is_used_once() {
    let mut house = stocked();
    house.write(&requisition("MR-1", 1, 5), "ann");
    let content = requisition("MR-1", 1, 6);
    let command = Command::WriteDocument { content, by: house.by("ann") };
    is(refused(&mut house, command), "version-stale", "the next version is 2, this is 1");
}

/// A requisition of two steps: any manager, then the supervisor.
fn two_steps() -> BTreeMap<String, String> {
    let mut flows = workflows();
    flows.workflows[0] = workflow(
        "requisition",
        &[DocumentKind::Requisition],
        vec![
            step("manager", "role:department-manager", Mode::AnyOne),
            step("supervisor", "role:warehouse-supervisor", Mode::AnyOne),
        ],
    );
    let mut parts = parts();
    parts.insert(WORKFLOWS.to_owned(), text(&flows));
    parts
}

fn act(house: &House, number: &str, act: ApprovalAct, who: &str) -> Command {
    Command::ActOnDocument { document: document(number), act, by: house.by(who) }
}

#[test]
fn a_signature_is_given_once_on_the_newest_version_by_who_is_asked() {
    let mut house = stocked_under(two_steps());
    house.enrol("meg", &["department-manager"]);
    house.sign_in(50, None, "meg");
    let first = house.write(&requisition("MR-1", 1, 5), "ann");
    house.submit("MR-1", first, "ann");
    let (one, other) = (house.sign("MR-1", first, "mia"), house.sign("MR-1", first, "meg"));
    house.ok(one.clone());
    // At the same moment, and once more.
    is(refused(&mut house, other), "decided-already", "step \"manager\" is decided already");
    is(refused(&mut house, one), "signed-already", "mia has decided at step \"manager\" already");
    let stranger = house.sign("MR-1", Hash::of(b"another"), "max");
    is(refused(&mut house, stranger), "superseded-version", "is superseded: look at ");
    let second = house.write(&requisition("MR-1", 2, 6), "ann");
    let early = house.sign("MR-1", second, "max");
    is(
        refused(&mut house, early),
        "no-approval",
        "MR-1 version 2 waits for no signature: it is draft",
    );
    house.submit("MR-1", second, "ann");
    let old = house.sign("MR-1", first, "mia");
    is(refused(&mut house, old), "superseded-version", "is superseded: look at ");
    let not_yet = house.sign("MR-1", second, "max");
    is(refused(&mut house, not_yet), "not-asked", "max is not asked to sign this");
    let sign = house.sign("MR-1", second, "meg");
    house.ok(sign);
    let sign = house.sign("MR-1", second, "max");
    house.ok(sign.clone());
    is(
        refused(&mut house, sign),
        "no-approval",
        "MR-1 version 2 waits for no signature: it is in-execution",
    );
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn whoever_lost_the_role_or_left_meanwhile_signs_nothing() {
    let mut house = stocked();
    house.enrol("meg", &["department-manager"]);
    house.sign_in(50, None, "meg");
    let digest = house.write(&requisition("MR-1", 1, 5), "ann");
    house.submit("MR-1", digest, "ann");
    // Another role, which may approve such documents too.
    house.enrol("mia", &["warehouse-supervisor"]);
    house.sign_in(51, None, "mia");
    let sign = house.sign("MR-1", digest, "mia");
    is(
        refused(&mut house, sign),
        "role-lost",
        "mia may not sign at step \"manager\" any more as role:department-manager",
    );
    let left = house.by("meg");
    house.ok(Command::Remove { operator: "meg".parse().unwrap(), by: house.by("adam") });
    let by = left;
    let decide = ApprovalAct::Decide {
        node: None,
        on: digest,
        verdict: Verdict::Approve,
        comment: String::new(),
    };
    let command = Command::ActOnDocument { document: document("MR-1"), act: decide, by };
    is(refused(&mut house, command), "not-authenticated", "meg is not enrolled");
    assert_eq!(house.frame("MR-1"), Some(Frame::InApproval));
    // Nobody holds the role any more: the fall-back is asked, and nothing passed meanwhile.
    house.now = at(120);
    house.ok(Command::Tick);
    let sign = house.sign("MR-1", digest, "max");
    house.ok(sign);
    assert_eq!(house.frame("MR-1"), Some(Frame::InExecution));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_is_being_executed_is_cancelled_and_not_withdrawn() {
    let (mut house, _) = approved();
    let withdraw = || ApprovalAct::Withdraw { comment: "not needed".to_owned() };
    let command = act(&house, "MR-1", withdraw(), "ann");
    is(
        refused(&mut house, command),
        "step-not-allowed",
        "state: it is in-execution, where withdraw is no step: there are ",
    );
    assert_eq!(house.engine.state().tasks().count(), 1);
    let (document_, by) = (document("MR-1"), house.by("ann"));
    let (end, reason) = (DocumentAct::Cancel, "not needed".to_owned());
    house.ok(Command::EndDocument { document: document_, act: end, digest: None, reason, by });
    let command = act(&house, "MR-1", withdraw(), "ann");
    is(refused(&mut house, command), "unknown-document", "requisition MR-1 is not open");
    // Before its last signature it is taken back, by whoever handed it in alone.
    let digest = house.write(&requisition("MR-2", 1, 5), "ann");
    house.submit("MR-2", digest, "ann");
    house.enrol("art", &["sales-assistant"]);
    house.sign_in(60, None, "art");
    let command = act(&house, "MR-2", withdraw(), "art");
    is(refused(&mut house, command), "not-initiator", "only ann, who submitted it, may do that");
    house.ok(act(&house, "MR-2", withdraw(), "ann"));
    assert_eq!(house.frame("MR-2"), Some(Frame::Draft));
    let command = act(&house, "MR-2", withdraw(), "ann");
    is(refused(&mut house, command), "step-not-allowed", "state: it is draft");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_is_in_hand_or_fixed_is_not_written_anew() {
    let (mut house, _) = at_the_counter(parts());
    let three = pass(11, "counter-1", Some(session_id(2)), 8, "bolt#1 bolt#2 bolt#3");
    assert_eq!(word(&house.handle(Command::Pass(three))), "held 3+0-1?0!0");
    let write = |house: &House| Command::WriteDocument {
        content: requisition("MR-1", 2, 3),
        by: house.by("ann"),
    };
    let command = write(&house);
    is(refused(&mut house, command), "document-in-hand", "finish or decide on it first");
    let reject = house.decide(11, Reject, "max");
    house.ok(reject);
    let command = write(&house);
    house.look(&command);
    house.ok(command);
    assert_eq!(house.judged(), Vec::<String>::new());

    let mut fixed = kinds();
    for kind in &mut fixed.kinds {
        kind.amend = Amend::Draft;
    }
    let mut parts = parts();
    parts.insert(DOCUMENTS.to_owned(), text(&fixed));
    let mut house = stocked_under(parts);
    let digest = house.write(&requisition("MR-1", 1, 5), "ann");
    house.submit("MR-1", digest, "ann");
    let command = write(&house);
    is(
        refused(&mut house, command),
        "not-amended",
        "state: a requisition is not amended once it is in-approval: cancel it",
    );
}

/// A house of parts L0, L1 … whose engineers are ann and mia.
fn engineers() -> House {
    let parts = (0..80)
        .map(|n| gatewarden_model::Item { gtins: vec![], ..common::item(&format!("L{n}"), "") });
    let flows = Workflows {
        workflows: vec![workflow(
            "engineering-change",
            &[DocumentKind::EngineeringChange],
            vec![step("engineering", "role:department-manager", Mode::AnyOne)],
        )],
        ..Workflows::default()
    };
    let mut shipped = shipped_kinds();
    let bom = [DocumentKind::Bom, DocumentKind::EngineeringChange];
    shipped.kinds.retain(|kind| bom.contains(&kind.kind));
    shipped.fields.retain(|field| field.kinds.iter().any(|kind| bom.contains(kind)));
    for field in &mut shipped.fields {
        field.kinds.retain(|kind| bom.contains(kind));
    }
    for kind in &mut shipped.kinds {
        kind.numbers_given = true;
    }
    let procedures = BTreeMap::from([
        (DOCUMENTS.to_owned(), text(&shipped)),
        (WORKFLOWS.to_owned(), text(&flows)),
    ]);
    let mut roles = matrix();
    let mut grant = |role: &str, actions: &[Action]| {
        roles.0.get_mut(role).unwrap().grants.insert(Module::Bom, actions.to_vec());
    };
    grant("sales-assistant", &[Action::View, Action::Create, Action::Modify]);
    grant("department-manager", &[Action::View, Action::Approve]);
    let settings = Settings { procedures, items: ItemMaster::new(parts), ..settings() };
    let mut house = House::with_both(settings, Access::new(&roles, "").unwrap());
    house.ok(Command::DefineProcedures);
    house
}

fn change(number: &str) -> DocumentContent {
    let document = Document { kind: DocumentKind::EngineeringChange, number: number.to_owned() };
    DocumentContent {
        document,
        requester: None,
        station: None,
        lines: vec![],
        note: "tried".to_owned(),
        ..requisition(number, 1, 1)
    }
}

/// The first version of a bill: one of `part` in each `product`.
fn bill(product: usize, part: usize, change: &DocumentContent) -> DocumentContent {
    let document = Document { kind: DocumentKind::Bom, number: format!("L{product}") };
    let mut content =
        DocumentContent { document, requester: None, station: None, ..requisition("", 1, 1) };
    content.lines[0].item = format!("L{part}").parse().unwrap();
    (content.lines[0].from, content.lines[0].to) = (None, None);
    content.custom.insert("effective-from".parse().unwrap(), "2027-01-16".to_owned());
    content.links =
        vec![DocumentLink { document: change.document.clone(), line: None, digest: None }];
    content
}

/// A change that puts bills in force, each of one part in a product: its submission.
fn proposes(house: &mut House, number: &str, bills: &[(usize, usize)]) -> (Command, Hash) {
    let mut order = change(number);
    house.write(&order, "ann");
    let mut links = vec![];
    for (product, part) in bills {
        let bill = bill(*product, *part, &order);
        let digest = Some(house.write(&bill, "ann"));
        links.push(DocumentLink { document: bill.document, line: None, digest });
    }
    (order.version, order.links) = (2, links);
    let digest = house.write(&order, "ann");
    let (document, by) = (order.document, house.by("ann"));
    (Command::SubmitDocument { document, digest, by }, digest)
}

#[test]
fn a_bill_of_material_in_a_circle_is_refused_by_the_parts_of_it() {
    let mut house = engineers();
    let (submit, _) = proposes(&mut house, "ECO-1", &[(0, 1), (1, 2), (2, 0)]);
    let (code, message) = refused(&mut house, submit);
    assert_eq!(code, "bom-cycle", "{message}");
    for part in ["L0", "L1", "L2"] {
        assert!(message.contains(part), "{message}");
    }
    let (submit, _) = proposes(&mut house, "ECO-2", &[(7, 7)]);
    let (code, message) = refused(&mut house, submit);
    assert!(code == "bom-cycle" && message.contains("L7"), "{code}: {message}");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn sixty_levels_come_in_force_and_more_than_there_may_be_are_told() {
    let mut house = engineers();
    let sixty: Vec<(usize, usize)> = (0..60).map(|level| (level, level + 1)).collect();
    let (submit, digest) = proposes(&mut house, "ECO-1", &sixty);
    house.ok(submit);
    let decide = |on| ApprovalAct::Decide {
        node: None,
        on,
        verdict: Verdict::Approve,
        comment: String::new(),
    };
    let document = change("ECO-1").document;
    house.ok(Command::ActOnDocument { document, act: decide(digest), by: house.by("mia") });
    let bills = house.engine.state().documents_of(DocumentKind::Bom);
    assert_eq!(bills.filter(|open| open.versions.len() == 1).count(), 60);
    let deeper: Vec<(usize, usize)> = (60..66).map(|level| (level, level + 1)).collect();
    let (submit, _) = proposes(&mut house, "ECO-2", &deeper);
    let (code, message) = refused(&mut house, submit);
    assert!(
        code == "bom-too-deep" && message.contains("make the tree flatter"),
        "{code}: {message}"
    );
    assert_eq!(house.judged(), Vec::<String>::new());
}
