//! What goes back to whom it came from: no more than came, on the documents that say so.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
mod papers;

use gatewarden_documents::Frame;
use gatewarden_engine::{Command, Engine, Reply, Settings};
use gatewarden_model::{Body, DocumentContent, MovementKind, StockStatus};
use papers::{Papers, bolts, content, receipt, received};

/// Bolts that go back to ACME on what GR-1 brought.
fn back(number: &str, quantity: i64) -> DocumentContent {
    let rest = format!(
        "note = 'torn threads'\npartner = 'ACME'\nstation = 'dock-1'\n\
         links = [{{ document = {{ kind = 'receipt', number = 'GR-1' }} }}]\n\
         lines = [{{ line = 10, item = 'BOLT-M8', quantity = {quantity}, from = 'wh1/dock', \
         to = '@supplier/ACME' }}]"
    );
    content("return-order", number, &rest)
}

#[test]
fn no_more_goes_back_to_a_supplier_than_came_from_him() {
    let (mut house, came) = received(10, "available");
    assert_eq!(house.frame(&came), None, "the receipt is over");
    let submit = house.submit(&back("RT-1", 11), "sue");
    assert_eq!(house.refused(submit), "more-than-moved");
    let mut nothing = back("RT-2", 3);
    nothing.links.clear();
    let submit = house.submit(&nothing, "sue");
    assert_eq!(house.refused(submit), "source-missing");
    let six = back("RT-3", 6);
    house.signed(&six, &["mia"]);
    // What another return is still to bring back counts, and so does what it brought.
    let five = back("RT-4", 5);
    let submit = house.submit(&five, "sue");
    assert_eq!(house.refused(submit.clone()), "more-than-moved");
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(1..=6)), "posted");
    assert_eq!(house.frame(&six), None);
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 4);
    assert_eq!(house.refused(submit), "more-than-moved");
    let four = back("RT-5", 4);
    house.signed(&four, &["mia"]);
    assert_eq!(house.seen(3, "dock-1", 1, &bolts(7..=10)), "posted");
    assert_eq!(house.lies("wh1/dock", StockStatus::Available), 0);
    let moved = house.journal.iter().rev().find_map(|entry| match &entry.body {
        Body::Moved { movement, .. } => Some(movement.clone()),
        _ => None,
    });
    assert_eq!(moved.unwrap().kind, MovementKind::SupplierReturn);
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// An engine that was started anew reads what came and went back in the journal.
#[test]
fn what_went_back_before_a_restart_counts() {
    let (mut house, _) = received(10, "available");
    house.signed(&back("RT-1", 6), &["mia"]);
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(1..=6)), "posted");
    house.engine = house.restarted();
    let submit = house.submit(&back("RT-2", 5), "sue");
    assert_eq!(house.refused(submit), "more-than-moved");
    let four = back("RT-3", 4);
    house.signed(&four, &["mia"]);
    assert_eq!(house.frame(&four), Some(Frame::InExecution));
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// What goes back is held against the goods that came, not against what was ordered.
#[test]
fn the_judge_finds_what_was_never_moved() {
    let (mut house, _) = received(10, "available");
    house.signed(&back("RT-1", 6), &["mia"]);
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(1..=6)), "posted");
    assert_eq!(house.judged(), Vec::<String>::new());
    let mut journal = house.journal.clone();
    for entry in &mut journal {
        if let Body::Moved { movement, .. } = &mut entry.body
            && movement.kind == MovementKind::Receipt
        {
            movement.lines[0].quantity = 5;
        }
    }
    let told = house.judged_of(&journal);
    assert!(told.iter().any(|line| line.contains("to go back")), "{told:?}");
}

/// A document that began and ended since the start is over, and was one: its number is used, and others name it.
#[test]
fn what_ended_since_the_start_is_known() {
    let (mut house, came) = received(3, "available");
    let command = Command::WriteDocument { content: came, by: house.by("sue") };
    house.command(&command);
    assert_eq!(house.refused(command), "number-twice");
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// A number about which more is recorded than is read counts as used, and nothing is found out about it twice.
#[test]
fn a_number_of_which_too_much_is_told_is_not_given_again() {
    let mut house = papers::house();
    let much = receipt("GR-9", 3, "available");
    let write = Command::WriteDocument { content: much.clone(), by: house.by("sue") };
    let missing = house.engine.missing_documents(&house.now, &write);
    assert_eq!(missing, std::slice::from_ref(&much.document));
    house.engine.supply_unread(vec![much.document.clone()]);
    assert_eq!(house.engine.missing_documents(&house.now, &write), []);
    assert_eq!(house.refused(write), "too-much-to-read");
    // Nothing names it either.
    let mut back = back("RT-9", 1);
    back.links[0].document = much.document;
    let write = Command::WriteDocument { content: back, by: house.by("sue") };
    house.command(&write);
    assert_eq!(house.refused(write), "unknown-document");
    // Of numbers that are made the next one is taken.
    let mut unnamed = receipt("", 3, "available");
    unnamed.document.number.clear();
    let write = Command::WriteDocument { content: unnamed, by: house.by("sue") };
    let missing = house.engine.missing_documents(&house.now, &write);
    house.engine.supply_unread(vec![missing[0].clone()]);
    house.command(&write);
    match house.ok(write) {
        Reply::Document { document, .. } => assert_eq!(document, missing[1]),
        other => panic!("{other:?}"),
    }
}

/// Reading for a page takes time: none is read for somebody without the right, nor twice where it is too much.
#[test]
fn no_page_is_read_for_whoever_is_refused_anyway() {
    let (mut house, came) = received(10, "available");
    house.engine = house.restarted();
    let three = back("RT-1", 3);
    let digest = house.write(&three, "sue");
    let submit = |house: &common::House, who| {
        let document = three.document.clone();
        Command::SubmitDocument { document, digest, by: house.by(who) }
    };
    assert_eq!(house.engine.missing_pages(&submit(&house, "ann")), []);
    let hers = submit(&house, "sue");
    assert_eq!(house.engine.missing_pages(&hers), std::slice::from_ref(&came.document));
    house.engine.supply_page(came.document, None);
    assert_eq!(house.engine.missing_pages(&hers), []);
    assert_eq!(house.refused(hers), "too-much-to-read");
}

/// What was moved before its kind had to be named counts for the judge as for the engine.
#[test]
fn what_came_under_earlier_procedures_goes_back_under_later_ones() {
    let mut house = papers::without_procedures();
    let mut settings = house.engine.settings().clone();
    let mut kinds = gatewarden_config::shipped_kinds();
    for kind in &mut kinds.kinds {
        kind.numbers_given = true;
        kind.legs.iter_mut().for_each(|leg| leg.sources.clear());
    }
    let told = String::from_utf8(gatewarden_model::canonical::encode(&kinds).unwrap()).unwrap();
    let later = settings.procedures.insert(gatewarden_engine::DOCUMENTS.to_owned(), told).unwrap();
    begin_with(&mut house, settings.clone());
    house.ok(Command::DefineProcedures);
    house.signed(&receipt("GR-1", 10, "available"), &["mia"]);
    assert_eq!(house.seen(1, "dock-1", 1, &bolts(1..=10)), "posted");
    settings.procedures.insert(gatewarden_engine::DOCUMENTS.to_owned(), later);
    begin_with(&mut house, settings);
    let Reply::Requested(id) = house.ok(Command::DefineProcedures) else { panic!("not asked") };
    let by = house.by("adam");
    let (activation, mitigations, reason) = (None, vec![], String::new());
    house.ok(Command::DecideChange { id, approve: true, reason, activation, mitigations, by });
    house.signed(&back("RT-1", 6), &["mia"]);
    assert_eq!(house.seen(2, "dock-1", 1, &bolts(1..=6)), "posted");
    let five = house.submit(&back("RT-2", 5), "sue");
    assert_eq!(house.refused(five), "more-than-moved");
    assert_eq!(house.judged(), Vec::<String>::new());
}

/// The engine anew, with other settings.
fn begin_with(house: &mut common::House, settings: Settings) {
    let access = house.engine.access().clone();
    let mut engine = Engine::new(settings, access, house.engine.next_seq());
    common::live(&house.journal).into_iter().for_each(|entry| engine.replay(entry));
    house.engine = engine;
}
