//! Tried, all or nothing, document by document; stopped, gone on with, and put in again.

use gatewarden_documents::exchange::{
    Cursor, ExchangeError, Import, Mode, Outcome, Settings, import, run_id,
};
use gatewarden_model::Hash;

use crate::house::{House, go_on, put_in, requisitions};

const RIGHT: &str = "number,item,quantity\nR-1,A,1\nR-2,A,2\nR-2,B,3\nR-3,A,4\n";
const WRONG: &str = "number,item,quantity\nR-1,A,1\nR-2,A,two\nR-3,A,4\n";

#[test]
fn a_trial_does_nothing_and_tells_what_would_be_done() {
    let mut house = House::default();
    let report = put_in(&mut house, RIGHT.as_bytes(), Mode::DryRun, requisitions());
    assert_eq!((report.outcome, report.documents, report.lines), (Outcome::Tried, 3, 4));
    assert_eq!((report.new, report.refused, report.cursor.documents), (3, 0, 0));
    assert!(house.contents.is_empty());
}

#[test]
fn all_or_nothing_is_nothing_where_one_is_wrong() {
    let mut house = House::default();
    let report = put_in(&mut house, WRONG.as_bytes(), Mode::Whole, requisitions());
    assert_eq!((report.outcome, report.refused), (Outcome::NothingWritten, 1));
    assert_eq!(report.cursor.documents, 0, "nothing may be skipped later");
    assert!(house.contents.is_empty());
    let report = put_in(&mut house, RIGHT.as_bytes(), Mode::Whole, requisitions());
    assert_eq!((report.outcome, report.new), (Outcome::Written, 3));
    assert_eq!(house.contents.len(), 3);
    // Stopped half-way, nothing of it is in.
    let mut house = House { stops_after: Some(2), ..House::default() };
    let report = put_in(&mut house, RIGHT.as_bytes(), Mode::Whole, requisitions());
    assert_eq!((report.outcome, report.cursor.documents), (Outcome::Stopped, 0));
    assert!(house.contents.is_empty());
}

#[test]
fn document_by_document_each_counts_for_itself() {
    let mut house = House::default();
    let report = put_in(&mut house, WRONG.as_bytes(), Mode::Each, requisitions());
    assert_eq!((report.outcome, report.new, report.refused), (Outcome::WrittenInPart, 2, 1));
    let numbers: Vec<_> = house.contents.keys().map(|d| d.number.as_str()).collect();
    assert_eq!(numbers, ["R-1", "R-3"]);
    // Repaired, the same again: only the one that was wrong is new.
    let repaired = WRONG.replace("two", "2");
    let report = put_in(&mut house, repaired.as_bytes(), Mode::Each, requisitions());
    assert_eq!((report.new, report.same, report.changed), (1, 2, 0));
}

#[test]
fn a_run_that_stopped_goes_on_where_it_was() {
    let mut house = House { stops_after: Some(2), ..House::default() };
    let report = put_in(&mut house, RIGHT.as_bytes(), Mode::Each, requisitions());
    assert_eq!((report.outcome, report.cursor.documents), (Outcome::Stopped, 2));
    assert_eq!(report.mistakes[0].code, "ledger-away");
    assert_eq!(report.mistakes[0].document.as_deref(), Some("requisition R-3"));
    house.stops_after = None;
    let from = Some(report.cursor);
    let report = go_on(&mut house, RIGHT.as_bytes(), Mode::Each, requisitions(), from);
    assert_eq!((report.outcome, report.skipped, report.new), (Outcome::Written, 2, 1));
    assert_eq!((house.puts, house.contents.len()), (3, 3));
    // From its end there is nothing left to do.
    let from = Some(report.cursor);
    let report = go_on(&mut house, RIGHT.as_bytes(), Mode::Each, requisitions(), from);
    assert_eq!((report.outcome, report.skipped, house.puts), (Outcome::Written, 3, 3));
}

#[test]
fn the_caller_hears_after_each_handful_how_far_it_is() {
    let settings = requisitions();
    let run = run_id(RIGHT.as_bytes(), &settings).unwrap();
    let import_of = |mode| Import { run, settings: settings.clone(), mode, from: None };
    let mut heard = Vec::new();
    let each = import_of(Mode::Each);
    import(RIGHT.as_bytes(), &each, &mut House::default(), |c| heard.push(c.documents)).unwrap();
    assert_eq!(heard, [3]);
    let mut text = String::from("number,item,quantity\n");
    (0..600).for_each(|n| text.push_str(&format!("R-{n},A,1\n")));
    let run = run_id(text.as_bytes(), &settings).unwrap();
    let (settings, mode, mut heard) = (settings.clone(), Mode::Each, Vec::new());
    let long = Import { run, settings, mode, from: Some(Cursor { run, documents: 100 }) };
    let mut house = House::default();
    let report = import(text.as_bytes(), &long, &mut house, |c| heard.push(c.documents)).unwrap();
    assert_eq!((heard, report.skipped, report.new), (vec![256, 512, 600], 100, 500));
    let whole = import_of(Mode::Whole);
    let nothing = |_: &Cursor| panic!("nothing is behind a cursor before the end");
    import(RIGHT.as_bytes(), &whole, &mut House::default(), nothing).unwrap();
}

#[test]
fn another_file_or_reading_of_it_is_another_run() {
    let id = |text: &str, settings: &Settings| run_id(text.as_bytes(), settings).unwrap();
    assert_eq!(id(RIGHT, &requisitions()), id(RIGHT, &requisitions()));
    assert_ne!(id(RIGHT, &requisitions()), id(WRONG, &requisitions()));
    assert_ne!(id(RIGHT, &requisitions()), id(RIGHT, &Settings::default()));
    let long = "x".repeat(200_000);
    assert_ne!(id(&long, &requisitions()), id(&long[1..], &requisitions()));
    let run = id(RIGHT, &requisitions());
    let from = Some(Cursor { run: Hash::of(b"another"), documents: 1 });
    let wrong = Import { run, settings: requisitions(), mode: Mode::Each, from };
    let refused = import(RIGHT.as_bytes(), &wrong, &mut House::default(), |_| {});
    assert_eq!(refused, Err(ExchangeError::Cursor));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_taken() {
    let run = run_id(WRONG.as_bytes(), &requisitions()).unwrap();
    let other = Import { run, settings: requisitions(), mode: Mode::Whole, from: None };
    let mut house = House::default();
    let report = import(RIGHT.as_bytes(), &other, &mut house, |_| {}).unwrap();
    assert_eq!(report.outcome, Outcome::NothingWritten);
    assert_eq!(report.mistakes[0].code, "file-changed");
    assert!(house.contents.is_empty());
}
