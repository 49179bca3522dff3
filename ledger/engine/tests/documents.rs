//! Documents from the first version to the last movement: who writes, signs, executes; and each wrong turn.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
#[path = "common/papers.rs"]
mod papers;

use std::{collections::BTreeMap, sync::Arc};

use common::{House, at, badge, erp, pass, session_id, settings, word};
use gatewarden_documents::Frame;
use gatewarden_engine::{
    Access, Command, DOCUMENTS, DocumentAct, Judge, Past, RULES, Reply, RuleMemory, Settings,
    Trial, Tried,
};
use gatewarden_model::{
    Action, ApprovalAct, ApprovalEvent, Body, DocumentContent, DocumentKind, DocumentStep, Hash,
    Limit, Module, MovementKind, Verdict,
};
use papers::{
    Papers, adjustment, approved, at_the_counter, document, house, kinds, parts, requisition,
    rules_of, stock_taking, stock_taking_before, stocked, stocked_under, text,
};

#[test]
fn material_is_handed_out_to_whoever_asked_for_it_on_what_was_signed() {
    let (mut house, digest) = approved();
    let task = house.engine.state().tasks().next().unwrap().task.clone();
    assert_eq!((task.kind, task.document_digest), (MovementKind::Issue, Some(digest)));
    assert_eq!(task.approved_by.as_deref(), Some("mia"));
    house.sign_in(2, Some("counter-1"), "sue");
    house.now = at(10);
    // Nobody stands there, then somebody else does.
    let things = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5";
    let first = pass(11, "counter-1", Some(session_id(2)), 8, things);
    assert_eq!(word(&house.handle(Command::Pass(first))), "receiver-missing");
    house.ok(Command::Badge { station: "counter-1".parse().unwrap(), badge: badge("bob") });
    let second = pass(12, "counter-1", Some(session_id(2)), 8, things);
    assert_eq!(word(&house.handle(Command::Pass(second))), "receiver-missing");
    house.ok(Command::Badge { station: "counter-1".parse().unwrap(), badge: badge("ann") });
    house.now = at(12);
    let third = pass(13, "counter-1", Some(session_id(2)), 9, things);
    assert_eq!(word(&house.handle(Command::Pass(third))), "posted");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 95);
    let moved = house.journal.iter().rev().find_map(|entry| match &entry.body {
        Body::Moved { movement, .. } => Some(movement.clone()),
        _ => None,
    });
    let moved = moved.unwrap();
    assert_eq!(moved.document_digest, Some(digest));
    assert_eq!(moved.received_by.unwrap().as_str(), "ann");
    assert_eq!(house.frame("MR-1"), None, "what is complete is closed");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn whoever_steps_up_after_the_requester_is_who_stands_there() {
    let (mut house, _) = approved();
    house.sign_in(2, Some("counter-1"), "sue");
    for who in ["ann", "bob"] {
        house.ok(Command::Badge { station: "counter-1".parse().unwrap(), badge: badge(who) });
    }
    house.now = at(12);
    let things = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5";
    let seen = pass(13, "counter-1", Some(session_id(2)), 9, things);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "receiver-wrong");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 100);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn nobody_signs_his_own_nor_what_is_not_the_newest() {
    let mut house = stocked();
    let digest = house.write(&requisition("MR-2", 1, 5), "ann");
    let early = house.sign("MR-2", digest, "mia");
    assert_eq!(house.refused(early), "no-approval");
    house.submit("MR-2", digest, "ann");
    let own = house.sign("MR-2", digest, "ann");
    assert_eq!(house.refused(own), "denied");
    let other = house.sign("MR-2", Hash::of(b"another"), "mia");
    assert_eq!(house.refused(other), "superseded-version");
    let stranger = house.sign("MR-2", digest, "max");
    assert_eq!(house.refused(stranger), "not-asked");
    // Another version: what was signed does not count for it.
    let second = house.write(&requisition("MR-2", 2, 50), "ann");
    assert_eq!(house.frame("MR-2"), Some(Frame::Draft));
    let old = house.sign("MR-2", digest, "mia");
    assert_ne!(word(&house.handle(old)), "ok");
    house.submit("MR-2", second, "ann");
    let sign = house.sign("MR-2", second, "mia");
    house.ok(sign.clone());
    assert_ne!(word(&house.handle(sign)), "ok", "twice");
    assert_eq!(house.engine.state().tasks().next().unwrap().task.lines[0].quantity, 50);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn no_other_door_leads_to_a_movement_that_a_procedure_governs() {
    let mut house = stocked();
    let mut task =
        common::task(7, "counter-1", MovementKind::Issue, &["10 BOLT-M8 5 wh1/dock @loss/tools"]);
    assert_eq!(
        house.refused(Command::OpenTask { task: task.clone(), by: erp() }),
        "document-needed"
    );
    task.document_digest = Some(Hash::of(b"made up"));
    assert_eq!(house.refused(Command::OpenTask { task, by: erp() }), "task-invalid");
    let posting = common::posting(7, MovementKind::Issue, &["10 BOLT-M8 5 wh1/dock @loss/tools"]);
    let reserve = house.reserve(posting, "sue");
    assert_eq!(house.refused(reserve), "document-needed");
    // Neither is what came in taken back by hand.
    let back = gatewarden_model::Posting {
        reason: Some("it was never here".to_owned()),
        reverses: Some(common::movement_id(1)),
        ..common::posting(8, MovementKind::Receipt, &[])
    };
    let reserve = house.reserve(back, "sue");
    assert_eq!(house.refused(reserve), "document-needed");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 100);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn withdrawing_while_it_is_picked_leaves_nothing_to_hand_out() {
    let (mut house, digest) = approved();
    house.sign_in(2, Some("counter-1"), "sue");
    let (document, by) = (document("MR-1"), house.by("ann"));
    let cancel = |digest| Command::EndDocument {
        document: document.clone(),
        act: DocumentAct::Cancel,
        digest,
        reason: "not needed any more".to_owned(),
        by: by.clone(),
    };
    assert_eq!(house.refused(cancel(Some(Hash::of(b"another")))), "version-stale");
    house.ok(cancel(Some(digest)));
    assert_eq!(house.engine.state().tasks().count(), 0);
    house.now = at(10);
    let late = pass(11, "counter-1", Some(session_id(2)), 8, "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5");
    assert_eq!(word(&house.handle(Command::Pass(late))), "quarantined");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn nothing_moves_on_a_version_that_a_newer_one_replaces() {
    let (mut house, _) = approved();
    house.sign_in(2, Some("counter-1"), "sue");
    house.ok(Command::Badge { station: "counter-1".parse().unwrap(), badge: badge("ann") });
    let second = house.write(&requisition("MR-1", 2, 3), "ann");
    house.now = at(10);
    let five = pass(11, "counter-1", Some(session_id(2)), 8, "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5");
    assert_eq!(word(&house.handle(Command::Pass(five))), "version-superseded");
    house.submit("MR-1", second, "ann");
    let sign = house.sign("MR-1", second, "mia");
    house.ok(sign);
    let open: Vec<_> = house.engine.state().tasks().map(|open| open.task.clone()).collect();
    assert_eq!(open.len(), 1, "what the first version opened is over");
    assert_eq!((open[0].lines[0].quantity, open[0].document_digest), (3, Some(second)));
    house.now = at(12);
    let three = pass(12, "counter-1", Some(session_id(2)), 11, "bolt#1 bolt#2 bolt#3");
    assert_eq!(word(&house.handle(Command::Pass(three))), "posted");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 97);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_newer_version_opens_what_is_left_and_no_more() {
    let (mut house, _) = at_the_counter(parts());
    let three = pass(11, "counter-1", Some(session_id(2)), 8, "bolt#1 bolt#2 bolt#3");
    assert_eq!(word(&house.handle(Command::Pass(three))), "held 3+0-1?0!0");
    let accept = house.decide(11, gatewarden_model::entry::Verdict::Accept, "max");
    house.ok(accept);
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 97);
    let mut content = requisition("MR-1", 2, 5);
    content.note = "by noon".to_owned();
    let second = house.write(&content, "ann");
    house.submit("MR-1", second, "ann");
    let sign = house.sign("MR-1", second, "mia");
    house.ok(sign);
    let open: Vec<i64> =
        house.engine.state().tasks().map(|open| open.task.lines[0].quantity).collect();
    assert_eq!(open, [2]);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_rule_holds_for_what_somebody_accepts_too() {
    let mut parts = parts();
    parts.insert(RULES.to_owned(), text(&stock_taking()));
    let (mut house, _) = at_the_counter(parts);
    let six = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5 bolt#6";
    let seen = pass(11, "counter-1", Some(session_id(2)), 8, six);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "held 5+1-0?0!0");
    let accept = house.decide(11, gatewarden_model::entry::Verdict::Accept, "max");
    assert_eq!(house.refused(accept), "rule-refused");
    let five = pass(12, "counter-1", Some(session_id(2)), 8, "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5");
    assert_eq!(word(&house.handle(Command::Pass(five))), "rule-refused");
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 100);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// What rules found, as the journal has it: rule, its effects, and the code of the denial that follows it.
fn found(house: &House) -> Vec<(String, usize, &'static str)> {
    let entries = house.journal.windows(2);
    let each = entries.filter_map(|two| match (&two[0].body, &two[1].body) {
        (Body::RuleFired { firing, .. }, Body::Denied { .. }) => {
            Some((firing.rule.clone(), firing.effects.len(), "denied"))
        }
        (Body::RuleFired { firing, .. }, _) => {
            Some((firing.rule.clone(), firing.effects.len(), "let be"))
        }
        _ => None,
    });
    each.collect()
}

/// A rule that can't be reckoned out refuses, says why, and leaves the facts for whoever asks.
#[test]
fn what_a_rule_refuses_of_a_document_is_recorded_with_its_facts() {
    let mut parts = parts();
    let own = r#"
[[rules]]
id = "share"
title = "A share of what is asked for."
when = "before"
on = ["submit"]
if = "100 / (lines.exists(l, l.quantity > 10) ? 0 : 1) > 1000"
then = [{ kind = "flag" }, { kind = "todo", to = ["role:warehouse-supervisor"], title = "Look." }]
quiet_h = 0
"#;
    parts.insert(RULES.to_owned(), text(&rules_of(own)));
    let mut house = stocked_under(parts);
    let digest = house.write(&requisition("MR-1", 1, 11), "ann");
    let submit = |house: &House| Command::SubmitDocument {
        document: document("MR-1"),
        digest,
        by: house.by("ann"),
    };
    let command = submit(&house);
    house.look(&command);
    let outcome = house.handle(command);
    let refusal = outcome.answer.unwrap_err();
    assert_eq!(refusal.code, "rule-failed");
    assert!(refusal.message.contains("division by zero"), "{}", refusal.message);
    assert_eq!(house.frame("MR-1"), Some(Frame::Draft));
    assert_eq!(found(&house), [("share".to_owned(), 1, "denied")]);
    // Whoever goes on asking does not fill the journal.
    let before = house.journal.len();
    for _ in 0..300 {
        let command = submit(&house);
        assert_eq!(house.handle(command).answer.unwrap_err().code, "rule-failed");
    }
    assert!(house.journal.len() - before < 130, "{}", house.journal.len() - before);
    let seqs: Vec<u64> = house.journal.iter().map(|entry| entry.seq).collect();
    assert!(seqs.windows(2).all(|two| two[0] + 1 == two[1]), "nothing is missing");
    let few = house.write(&requisition("MR-2", 1, 2), "ann");
    house.submit("MR-2", few, "ann");
    assert_eq!(house.frame("MR-2"), Some(Frame::InApproval));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn rules_hold_before_a_signature_another_version_and_an_end() {
    let mut parts = parts();
    let refuse = |on: &str| {
        format!(
            r#"
[[rules]]
id = "not-{on}"
title = "Nobody does that of five."
when = "before"
on = ["{on}"]
if = "lines.exists(l, l.quantity == 5)"
then = [{{ kind = "refuse", reason = "not of five" }}]
"#
        )
    };
    let own: String = ["approve", "change", "cancel"].map(refuse).concat();
    parts.insert(RULES.to_owned(), text(&rules_of(&own)));
    let mut house = stocked_under(parts);
    let digest = house.write(&requisition("MR-1", 1, 5), "ann");
    let five = requisition("MR-1", 2, 5);
    let change = Command::WriteDocument { content: five, by: house.by("ann") };
    assert_eq!(house.refused(change), "rule-refused");
    house.submit("MR-1", digest, "ann");
    let sign = house.sign("MR-1", digest, "mia");
    assert_eq!(house.refused(sign), "rule-refused");
    let cancel = Command::EndDocument {
        document: document("MR-1"),
        act: DocumentAct::Cancel,
        digest: None,
        reason: "no longer needed".to_owned(),
        by: house.by("ann"),
    };
    assert_eq!(house.refused(cancel), "rule-refused");
    assert_eq!(house.frame("MR-1"), Some(Frame::InApproval));
    let told: Vec<String> = found(&house).into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(told, ["not-change", "not-approve", "not-cancel"]);
    let six = house.write(&requisition("MR-2", 1, 6), "ann");
    house.submit("MR-2", six, "ann");
    let sign = house.sign("MR-2", six, "mia");
    house.ok(sign);
    assert_eq!(house.frame("MR-2"), Some(Frame::InExecution));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn rules_are_asked_after_what_happens_to_a_document_too() {
    let mut parts = parts();
    let own = r#"
[[rules]]
id = "big"
title = "A big requisition was written."
when = "after"
on = ["document-written", "document-stepped"]
scope = { document_kinds = ["requisition"] }
if = "lines.exists(l, l.quantity > 9) && document.author == 'ann'"
then = [{ kind = "flag" }]
"#;
    parts.insert(RULES.to_owned(), text(&rules_of(own)));
    let mut house = stocked_under(parts);
    let few = house.write(&requisition("MR-1", 1, 5), "ann");
    house.submit("MR-1", few, "ann");
    let many = house.write(&requisition("MR-2", 1, 50), "ann");
    house.submit("MR-2", many, "ann");
    let (entries, none) = (house.journal.clone(), BTreeMap::new());
    let found = house.engine.found_after(&entries, &none, &mut Default::default());
    let told: Vec<_> = found.firings.iter().map(|one| (one.rule.as_str(), one.cause)).collect();
    let of = |entry: &&gatewarden_model::Entry| match &entry.body {
        Body::DocumentWritten { content, .. } => content.document == document("MR-2"),
        Body::DocumentStepped { document: of, .. } => *of == document("MR-2"),
        _ => false,
    };
    let expected: Vec<_> = entries.iter().filter(of).map(|one| ("big", Some(one.seq))).collect();
    assert_eq!(told, expected);
    assert!(found.failures.is_empty(), "{:?}", found.failures);
}

#[test]
fn what_was_read_of_the_journal_takes_the_place_of_what_is_not_remembered() {
    use gatewarden_rules::{Asking, Facts, Wants};
    let mut parts = parts();
    parts.insert(RULES.to_owned(), text(&rules_of("")));
    let (house, _) = at_the_counter(parts);
    let bolt = "BOLT-M8".parse().unwrap();
    let now_us = house.now.wall_us;
    let told = |engine: &gatewarden_engine::Engine| {
        let mut facts = Facts::new();
        let asking = Asking::Item { item: &bolt, place: None, coming: None };
        engine.history().put(&mut facts, &Wants::all(), asking, now_us);
        facts
    };
    assert_eq!(house.engine.unremembered(now_us), None, "it was there from the beginning");
    let mut again = house.restarted();
    again.begin_recall(Some(i64::MAX));
    assert_ne!(told(&again), told(&house.engine));
    let settings = again.unremembered(now_us).expect("prices and idle stock are asked for");
    let (half, mut read) = (house.journal.len() / 2, RuleMemory::whole(settings));
    house.journal[..half].iter().for_each(|entry| read.take(entry));
    assert_eq!(read.next(), house.journal[half].seq);
    let other =
        RuleMemory::whole(gatewarden_rules::HistorySettings { turn_h: 7, ..Default::default() });
    assert!(!again.remember(other, &house.journal), "rules ask for something else");
    // Some entries were read already: they count once.
    assert!(again.remember(read, &house.journal[half - 5..]));
    assert_eq!(told(&again), told(&house.engine));
    assert_eq!(again.unremembered(now_us), None);
}

#[test]
fn what_is_complete_closes_when_nothing_is_held_any_more() {
    let (mut house, _) = at_the_counter(parts());
    let six = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5 bolt#6";
    let extra = pass(11, "counter-1", Some(session_id(2)), 8, six);
    assert_eq!(word(&house.handle(Command::Pass(extra))), "held 5+1-0?0!0");
    house.now = at(14);
    let five = pass(12, "counter-1", Some(session_id(2)), 11, "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5");
    assert_eq!(word(&house.handle(Command::Pass(five))), "posted");
    assert_eq!(house.frame("MR-1"), Some(Frame::InExecution), "a pass of it is held");
    let reject = house.decide(11, gatewarden_model::entry::Verdict::Reject, "max");
    house.ok(reject);
    assert_eq!(house.frame("MR-1"), None);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_was_taken_back_is_written_anew_before_it_is_posted() {
    let mut house = stocked();
    house.sign_in(3, None, "sue");
    let content = adjustment();
    let (document, digest) = (content.document.clone(), house.write(&content, "sue"));
    let by = house.by("sue");
    let submit = Command::SubmitDocument { document: document.clone(), digest, by: by.clone() };
    house.ok(submit.clone());
    let act = ApprovalAct::Withdraw { comment: "not yet".to_owned() };
    house.ok(Command::ActOnDocument { document, act, by });
    assert_eq!(house.engine.state().reservations().count(), 0);
    assert_eq!(house.refused(submit), "version-spent");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn whom_a_newer_version_is_for_does_not_sign_it() {
    let mut house = stocked();
    let first = house.write(&requisition("MR-3", 1, 5), "ann");
    house.submit("MR-3", first, "ann");
    let mut content = requisition("MR-3", 2, 500);
    content.requester = Some("mia".to_owned());
    let second = house.write(&content, "ann");
    house.submit("MR-3", second, "ann");
    let sign = house.sign("MR-3", second, "mia");
    assert_ne!(word(&house.handle(sign)), "ok");
    assert_eq!(house.frame("MR-3"), Some(Frame::InApproval));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn what_is_posted_by_its_approval_takes_two() {
    let mut house = stocked();
    house.sign_in(3, None, "sue");
    let content = adjustment();
    let digest = house.write(&content, "sue");
    let document = content.document.clone();
    let by = house.by("sue");
    house.ok(Command::SubmitDocument { document: document.clone(), digest, by });
    assert_eq!(house.engine.state().reservations().count(), 1);
    let act = |on| ApprovalAct::Decide {
        node: None,
        on,
        verdict: Verdict::Approve,
        comment: String::new(),
    };
    let by = house.by("max");
    house.ok(Command::ActOnDocument { document: document.clone(), act: act(digest), by });
    assert_eq!(house.stock("BOLT-M8", "wh1/dock"), 97);
    assert!(house.engine.state().document(&document).is_none(), "closed");
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_limit_on_movements_holds_for_the_documents_that_lead_to_them() {
    for (kind, writes) in [(MovementKind::Adjustment, true), (MovementKind::Scrap, false)] {
        let mut matrix = common::matrix();
        matrix.0.get_mut("storekeeper").unwrap().limits = vec![Limit {
            modules: vec![Module::Count],
            actions: vec![Action::Create],
            movement_kinds: Some(vec![kind]),
            ..Limit::default()
        }];
        let settings = Settings { procedures: parts(), ..settings() };
        let mut house = House::with_both(settings, Access::new(&matrix, "").unwrap());
        house.ok(Command::DefineProcedures);
        house.sign_in(3, None, "sue");
        let mut content = requisition("AD-1", 1, 3);
        content.document.kind = DocumentKind::AdjustmentRequest;
        (content.requester, content.station) = (None, None);
        content.note = "three are missing".to_owned();
        content.lines[0].to = Some("@loss/count".parse().unwrap());
        let by = house.by("sue");
        let command = Command::WriteDocument { content: content.clone(), by };
        match writes {
            true => drop(house.write(&content, "sue")),
            false => assert_eq!(house.refused(command), "denied"),
        }
        assert_eq!(house.judged(), Vec::<String>::new());
    }
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let (house, _) = approved();
    let again = house.restarted();
    assert_eq!(again.state(), house.engine.state());
}

#[test]
fn numbers_are_used_once() {
    let mut house = stocked();
    let content = requisition("MR-9", 1, 5);
    let command = Command::WriteDocument { content, by: house.by("ann") };
    assert_eq!(house.refused(command.clone()), "not-looked-up");
    let past = Past { frame: Frame::Closed, lines: [10].into(), digests: Default::default() };
    house.engine.supply_document(document("MR-9"), Some(past));
    assert_eq!(house.refused(command), "number-twice");
}

/// How many versions are in the journal.
fn versions(house: &House) -> usize {
    house.journal.iter().filter(|one| matches!(one.body, Body::DocumentWritten { .. })).count()
}

fn link_to(number: &str) -> gatewarden_model::DocumentLink {
    gatewarden_model::DocumentLink { document: document(number), line: None, digest: None }
}

/// The house in which a requisition may follow from another.
fn chained() -> House {
    let mut kinds = kinds();
    let kind = kinds.kinds.iter_mut().find(|kind| kind.kind == DocumentKind::Requisition).unwrap();
    let rule = serde_json::json!({"to": "requisition", "max": 1});
    kind.links = vec![serde_json::from_value(rule).unwrap()];
    let mut parts = parts();
    parts.insert(DOCUMENTS.to_owned(), text(&kinds));
    stocked_under(parts)
}

#[test]
fn many_versions_are_written_in_one_turn_or_not_at_all() {
    let mut house = chained();
    let by = house.by("ann");
    let all = |contents: Vec<DocumentContent>| Command::WriteDocuments {
        contents: Arc::new(contents),
        by: by.clone(),
    };
    // The second follows from the first, which stands before it.
    let mut second = requisition("MR-2", 1, 7);
    second.links = vec![link_to("MR-1")];
    let wrong = all(vec![requisition("MR-1", 1, 5), second.clone(), requisition("MR-3", 1, -1)]);
    house.look(&wrong);
    assert_eq!(house.refused(wrong), "quantity-negative");
    assert_eq!((versions(&house), house.frame("MR-1")), (0, None), "nothing half done");
    let twice = all(vec![requisition("MR-1", 1, 5), requisition("MR-1", 1, 6)]);
    house.look(&twice);
    assert_eq!(house.refused(twice), "document-twice");
    let backwards = all(vec![second.clone(), requisition("MR-1", 1, 5)]);
    house.look(&backwards);
    assert_eq!(house.refused(backwards), "unknown-document");
    assert_eq!(versions(&house), 0);

    let right = all(vec![requisition("MR-1", 1, 5), second.clone()]);
    house.look(&right);
    assert_eq!(house.ok(right.clone()), Reply::Documents { written: 2 });
    assert_eq!(versions(&house), 2);
    // Again, it is there; with another content it is the next version, whatever number is stated.
    assert_eq!(house.ok(right), Reply::Documents { written: 0 });
    second.lines[0].quantity = 8;
    assert_eq!(
        house.ok(all(vec![requisition("MR-1", 9, 5), second])),
        Reply::Documents { written: 1 }
    );
    let open = house.engine.state().document(&document("MR-2")).unwrap();
    assert_eq!((open.content.version, versions(&house)), (2, 3));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn rules_before_a_change_hold_for_versions_written_together() {
    let own = r#"
[[rules]]
id = "not-five"
title = "Nobody changes one to five."
when = "before"
on = ["change"]
if = "lines.exists(l, l.quantity == 5)"
then = [{ kind = "refuse", reason = "not of five" }]

[[rules]]
id = "seven"
title = "Sevens are looked at."
when = "before"
on = ["change"]
if = "lines.exists(l, l.quantity == 7)"
quiet_h = 1
key = ["document.kind"]
then = [{ kind = "todo", to = ["role:warehouse-supervisor"], title = "Look at it.", due_h = 24 }]
"#;
    let mut parts = parts();
    parts.insert(RULES.to_owned(), text(&rules_of(own)));
    let mut house = stocked_under(parts);
    let rules = |house: &House| {
        let fired = house.journal.iter().filter_map(|entry| match &entry.body {
            Body::RuleFired { firing, .. } => Some(firing.rule.clone()),
            _ => None,
        });
        fired.collect::<Vec<_>>()
    };
    let all = |house: &House, quantities: [i64; 3]| {
        let number = |(n, quantity)| requisition(&format!("MR-{n}"), 1, quantity);
        let contents = Arc::new((1..).zip(quantities).map(number).collect());
        Command::WriteDocuments { contents, by: house.by("ann") }
    };
    // What is new is no change.
    let new = all(&house, [5, 2, 3]);
    house.look(&new);
    assert_eq!(house.ok(new), Reply::Documents { written: 3 });
    assert!(rules(&house).is_empty());
    // One that is refused has none of them written; what is recorded is as if it were written alone.
    let changed = all(&house, [6, 7, 5]);
    assert_eq!(house.refused(changed), "rule-refused");
    assert_eq!(versions(&house), 3);
    assert_eq!(rules(&house), ["not-five"]);
    let of = house.journal.iter().rev().find_map(|entry| match &entry.body {
        Body::RuleFired { document, .. } => document.clone(),
        _ => None,
    });
    assert_eq!(of, Some(document("MR-3")));
    assert!(matches!(house.journal.last().unwrap().body, Body::Denied { .. }));
    // What they find where they let it be is told once, as if one were written after the other.
    let changed = all(&house, [7, 7, 4]);
    assert_eq!(house.ok(changed), Reply::Documents { written: 3 });
    assert_eq!(rules(&house), ["not-five", "seven"]);
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn a_trial_tells_what_writing_would_do_and_leaves_no_trace() {
    let mut house = chained();
    let digest = house.write(&requisition("MR-1", 1, 5), "ann");
    house.submit("MR-1", digest, "ann");
    let entries = house.journal.len();
    let mut trial = Trial::of(house.by("ann"));
    let same = house.engine.try_version(&mut trial, requisition("MR-1", 7, 5));
    assert_eq!(same, Ok(Tried::Same));
    let new = requisition("MR-2", 1, 5);
    assert_eq!(trial.unknown(&house.engine, &new), [document("MR-2")]);
    let code = |tried: Result<Tried, Vec<gatewarden_documents::Mistake>>| {
        tried.unwrap_err().into_iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(code(house.engine.try_version(&mut trial, new.clone())), ["not-looked-up"]);
    trial.tell(document("MR-2"), None);
    let tried = house.engine.try_version(&mut trial, new.clone());
    assert_eq!(tried, Ok(Tried::Written { content: Box::new(new), is_new: true }));
    let mut third = requisition("MR-3", 1, -5);
    third.links = vec![link_to("MR-2"), link_to("MR-7")];
    third.requester = Some("nobody.known".to_owned());
    [document("MR-3"), document("MR-7")].into_iter().for_each(|one| trial.tell(one, None));
    let all = code(house.engine.try_version(&mut trial, third));
    for one in ["unknown-operator", "quantity-negative", "unknown-document", "too-many-links"] {
        assert!(all.contains(&one), "{one} is not in {all:?}");
    }
    // Numbers are given to documents that come alone; together they could not come in again.
    let unnumbered = house.engine.try_version(&mut trial, requisition("", 1, 5)).unwrap_err();
    assert_eq!(
        (unnumbered[0].code, unnumbered[0].field.as_str()),
        ("number-missing", "document.number")
    );
    assert!(unnumbered[0].message.contains("state one, or write it alone"), "{unnumbered:?}");
    // Whoever may not write it has nothing looked up for him.
    let mut links = requisition("MR-4", 1, 5);
    links.links = (0..60).map(|n| link_to(&format!("MR-9{n}"))).collect();
    let mut nobody = Trial::of(erp());
    assert_eq!(nobody.unknown(&house.engine, &links), []);
    assert_eq!(code(house.engine.try_version(&mut nobody, links.clone())), ["denied"]);
    let write = Command::WriteDocument { content: links.clone(), by: erp() };
    assert_eq!(house.engine.missing_documents(&house.now, &write), []);
    let write = Command::WriteDocument { content: links.clone(), by: house.by("ann") };
    assert_eq!(house.engine.missing_documents(&house.now, &write).len(), 61);
    // More links than a document may have are refused unseen.
    links.links = (0..4_000).map(|n| link_to(&format!("MR-{n}"))).collect();
    let write = Command::WriteDocument { content: links, by: house.by("ann") };
    assert_eq!(house.engine.missing_documents(&house.now, &write), [document("MR-4")]);
    assert_eq!(house.journal.len(), entries);
}

#[test]
fn what_was_rejected_is_not_handed_in_again() {
    let mut house = stocked();
    let digest = house.write(&requisition("MR-1", 1, 5), "ann");
    house.submit("MR-1", digest, "ann");
    // The same again is harmless while it waits.
    house.submit("MR-1", digest, "ann");
    let act = ApprovalAct::Decide {
        node: None,
        on: digest,
        verdict: Verdict::Reject,
        comment: "no".to_owned(),
    };
    let by = house.by("mia");
    house.ok(Command::ActOnDocument { document: document("MR-1"), act, by });
    assert_eq!(house.frame("MR-1"), Some(Frame::Rejected));
    let by = house.by("ann");
    let again = Command::SubmitDocument { document: document("MR-1"), digest, by };
    assert_eq!(house.refused(again), "step-not-allowed");
}

#[test]
fn a_refusal_by_a_rule_names_the_entry_that_explains_it() {
    let mut parts = parts();
    parts.insert(RULES.to_owned(), text(&stock_taking_before("submit")));
    let mut house = stocked_under(parts);
    let digest = house.write(&requisition("MR-1", 1, 5), "ann");
    let by = house.by("ann");
    let submit = Command::SubmitDocument { document: document("MR-1"), digest, by };
    let refusal = house.handle(submit).answer.unwrap_err();
    let fired = house.journal.iter().find(|one| matches!(one.body, Body::RuleFired { .. }));
    let fired = fired.unwrap().seq;
    assert_eq!(refusal.code, "rule-refused");
    let words = format!("rule stock-taking); gatewarden rules explain {fired} tells why");
    assert!(refusal.message.contains(&words), "{}", refusal.message);
    assert!(refusal.recorded > Some(fired));
    assert_eq!(house.frame("MR-1"), Some(Frame::Draft));
    assert_eq!(house.judged(), Vec::<String>::new());
}

#[test]
fn procedures_change_only_when_somebody_else_approves() {
    let house = house();
    let mut settings = house.engine.settings().clone();
    let mut other = kinds();
    other.kinds.retain(|kind| kind.kind != DocumentKind::Requisition);
    settings.procedures.insert(DOCUMENTS.to_owned(), text(&other));
    let mut engine =
        gatewarden_engine::Engine::new(settings, common::access(), house.engine.next_seq());
    common::live(&house.journal).into_iter().for_each(|entry| engine.replay(entry));
    let before = engine.state().procedures_version();
    let outcome = engine.handle(house.now, Command::DefineProcedures);
    let Ok(Reply::Requested(id)) = outcome.answer else { panic!("{:?}", outcome.answer) };
    assert_eq!(engine.state().procedures_version(), before);
    let by = house.by("adam");
    let outcome = engine.handle(
        house.now,
        Command::DecideChange {
            id,
            approve: true,
            reason: String::new(),
            activation: None,
            mitigations: vec![],
            by,
        },
    );
    assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
    assert_ne!(engine.state().procedures_version(), before);
    let mut judge = Judge::knowing(common::access());
    let journal = house.journal.iter().chain(&outcome.entries);
    // The request's own entry is not in the journal of the house.
    let told: Vec<_> = journal.filter_map(|entry| judge.judge(entry)).collect();
    assert!(told.iter().all(|line| line.contains("request")), "{told:?}");
}

/// A journal in which something about the document was changed by a program that signs whatever it likes.
#[test]
fn the_judge_finds_what_no_signature_led_to() {
    let (mut house, _) = approved();
    house.sign_in(2, Some("counter-1"), "sue");
    house.ok(Command::Badge { station: "counter-1".parse().unwrap(), badge: badge("ann") });
    house.now = at(12);
    let things = "bolt#1 bolt#2 bolt#3 bolt#4 bolt#5";
    let seen = pass(13, "counter-1", Some(session_id(2)), 9, things);
    assert_eq!(word(&house.handle(Command::Pass(seen))), "posted");
    type Forge = fn(&mut Body) -> bool;
    let forged: [(&str, Forge); 7] = [
        ("a signature by another person", |body| match body {
            Body::DocumentStepped {
                step: DocumentStep::Approval { event: ApprovalEvent::Decided { by, of, .. } },
                ..
            } => {
                (*by, *of) = ("max".parse().unwrap(), "max".parse().unwrap());
                true
            }
            _ => false,
        }),
        ("a branch of the workflow left out", |body| match body {
            Body::DocumentStepped { step: DocumentStep::Submitted { workflow, .. }, .. } => {
                *workflow = None;
                true
            }
            _ => false,
        }),
        ("other facts than those of the version", |body| match body {
            Body::DocumentStepped { step: DocumentStep::Submitted { lines, .. }, .. } => {
                lines[0].insert("quantity".to_owned(), 1_i64.into());
                true
            }
            _ => false,
        }),
        ("more on the task than was signed", |body| match body {
            Body::TaskOpened { task, .. } if task.document_digest.is_some() => {
                task.lines[0].quantity = 50;
                true
            }
            _ => false,
        }),
        ("another receiver", |body| match body {
            Body::Moved { movement, .. } if movement.received_by.is_some() => {
                movement.received_by = Some("bob".parse().unwrap());
                true
            }
            _ => false,
        }),
        ("nobody's badge", |body| match body {
            Body::ReceiverSeen { operator, .. } => {
                *operator = "bob".parse().unwrap();
                true
            }
            _ => false,
        }),
        ("another version on the movement", |body| match body {
            Body::Moved { movement, .. } if movement.document_digest.is_some() => {
                movement.document_digest = None;
                true
            }
            _ => false,
        }),
    ];
    assert_eq!(house.judged(), Vec::<String>::new());
    for (what, forge) in forged {
        let mut journal = house.journal.clone();
        let touched: usize =
            journal.iter_mut().map(|entry| usize::from(forge(&mut entry.body))).sum();
        assert_eq!(touched, 1, "{what}");
        let mut judge = Judge::knowing(house.engine.access().clone());
        let told: Vec<_> = journal.iter().filter_map(|entry| judge.judge(entry)).collect();
        assert!(!told.is_empty(), "{what} is not found");
    }
    for gone in 0..house.journal.len() {
        let is_step = matches!(house.journal[gone].body, Body::DocumentStepped { .. });
        let last = matches!(
            &house.journal[gone].body,
            Body::DocumentStepped { step: DocumentStep::Closed { .. }, .. }
        );
        if is_step && !last {
            let mut judge = Judge::knowing(house.engine.access().clone());
            let rest = house.journal.iter().enumerate().filter(|(at, _)| *at != gone);
            let told: Vec<_> = rest.filter_map(|(_, entry)| judge.judge(entry)).collect();
            assert!(!told.is_empty(), "{:?} is not missed", house.journal[gone].body);
        }
    }
}
