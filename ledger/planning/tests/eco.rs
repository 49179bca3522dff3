//! Engineering changes: what is signed, what stands against one, what it meets.
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::*;
use gatewarden_model::{Document, DocumentContent, DocumentKind, DocumentLink, OperatorId};
use gatewarden_planning::{
    BomVersion, Boms, ChangeOrder, Effect, Fact,
    bom::Serials,
    eco::{Held, OpenPurchase, OpenWork, Replaced, impact},
};

const TODAY: &str = "2026-05-01";
const JUNE: &str = "2026-06-01";

fn who(name: &str) -> OperatorId {
    name.parse().unwrap()
}

fn by(change: &str, version: BomVersion) -> BomVersion {
    BomVersion { change: Some(change.to_owned()), ..version }
}

fn order(proposals: Vec<BomVersion>) -> ChangeOrder {
    let proposals = proposals.into_iter().map(|bom| by("ECO-1", bom)).collect();
    ChangeOrder {
        number: "ECO-1".into(),
        author: who("eng.wang"),
        reason: "cheaper".into(),
        proposals,
    }
}

/// The order as a document, with the drafts that it names.
fn documents(order: &ChangeOrder) -> (DocumentContent, Vec<DocumentContent>) {
    let drafts: Vec<DocumentContent> = order.proposals.iter().map(BomVersion::to_content).collect();
    let mut content = drafts[0].clone();
    content.document =
        Document { kind: DocumentKind::EngineeringChange, number: order.number.clone() };
    content.title = order.reason.clone();
    content.lines.clear();
    content.links = drafts
        .iter()
        .map(|draft| DocumentLink {
            document: draft.document.clone(),
            line: None,
            digest: Some(draft.digest()),
        })
        .collect();
    (content, drafts)
}

fn boms_of_a_table() -> Boms {
    boms(vec![
        bom("LEGS", 1, "2026-01-01", vec![line(10, "STEEL", 4)]),
        by(
            "ECO-0",
            bom(
                "TABLE",
                1,
                "2026-01-01",
                vec![phantom(line(10, "LEGS", 1)), line(20, "OAK", 2), line(30, "SCREW", 12)],
            ),
        ),
    ])
}

fn pine() -> BomVersion {
    bom(
        "TABLE",
        2,
        JUNE,
        vec![phantom(line(10, "LEGS", 1)), line(20, "PINE", 2), line(30, "SCREW", 8)],
    )
}

#[test]
fn an_order_names_the_very_bytes_that_it_proposes() {
    let order = order(vec![pine()]);
    let (content, mut drafts) = documents(&order);
    assert_eq!(ChangeOrder::of(&content, who("eng.wang"), &drafts).unwrap(), order);
    drafts[0].lines[1].quantity = 3;
    let mistakes = ChangeOrder::of(&content, who("eng.wang"), &drafts).unwrap_err();
    assert_eq!(codes(&mistakes), ["eco-digest"]);
    let mut empty = content.clone();
    (empty.links, empty.title) = (vec![], " ".into());
    let mistakes = ChangeOrder::of(&empty, who("eng.wang"), &[]).unwrap_err();
    assert_eq!(codes(&mistakes), ["eco-reason"]);
    empty.title = "x".into();
    let mistakes = ChangeOrder::of(&empty, who("eng.wang"), &[]).unwrap_err();
    assert_eq!(codes(&mistakes), ["eco-empty"]);
    empty.document.kind = DocumentKind::Bom;
    assert_eq!(codes(&ChangeOrder::of(&empty, who("a"), &[]).unwrap_err())[0], "eco-kind");
}

#[test]
fn the_author_does_not_approve_it() {
    let order = order(vec![pine()]);
    order.may_approve(&who("eng.li")).unwrap();
    let error = order.may_approve(&who("eng.wang")).unwrap_err();
    assert_eq!(error.code(), "eco-own-approval");
    assert_eq!(error.to_string(), "by: eng.wang wrote change ECO-1: somebody else approves it");
    assert_eq!(order.facts()["author"], Fact::Text("eng.wang".into()));
}

#[test]
fn what_stands_against_an_order_is_told_whole() {
    let boms = boms_of_a_table();
    let fine = order(vec![pine()]);
    assert_eq!(fine.mistakes(&boms, day(TODAY)), vec![]);
    let past = order(vec![bom("TABLE", 2, "2026-04-30", vec![line(10, "OAK", 1)])]);
    assert_eq!(codes(&past.mistakes(&boms, day(TODAY))), ["eco-effective-past"]);
    // Version 2 was a draft that came to nothing.
    let third = order(vec![bom("TABLE", 3, JUNE, vec![line(10, "OAK", 1)])]);
    assert_eq!(third.mistakes(&boms, day(TODAY)), vec![]);
    let again = order(vec![bom("TABLE", 1, JUNE, vec![line(10, "OAK", 1)])]);
    assert_eq!(codes(&again.mistakes(&boms, day(TODAY))), ["eco-superseded"]);
    let twice = order(vec![pine(), pine()]);
    assert_eq!(codes(&twice.mistakes(&boms, day(TODAY))), ["eco-product-twice"]);
    let mut strange = fine.clone();
    strange.proposals[0].change = Some("ECO-9".into());
    assert_eq!(codes(&strange.mistakes(&boms, day(TODAY))), ["eco-link"]);
    let same = BomVersion { version: 2, ..boms.newest(&item("TABLE")).unwrap().clone() };
    let same = order(vec![same]);
    let expected = ["eco-effective-past", "eco-overlap", "eco-no-change"];
    assert_eq!(codes(&same.mistakes(&boms, day(TODAY))), expected);
    let circle = order(vec![bom("LEGS", 2, JUNE, vec![line(10, "TABLE", 1)])]);
    let told = circle.mistakes(&boms, day(TODAY));
    assert_eq!(codes(&told), ["bom-cycle"]);
    assert!(told[0].to_string().contains("LEGS → TABLE → LEGS"), "{}", told[0]);
}

/// Two orders count on version 1; the second to be approved is refused, and names the first.
#[test]
fn a_version_that_was_superseded_meanwhile_is_refused() {
    let mut boms = boms_of_a_table();
    let late = order(vec![bom("TABLE", 2, "2026-07-01", vec![line(10, "ELM", 1)])]);
    assert_eq!(late.mistakes(&boms, day(TODAY)), vec![]);
    let mut first = order(vec![pine()]);
    first.number = "ECO-2".into();
    first.proposals[0].change = Some("ECO-2".into());
    first.put_in_force(&mut boms, day(TODAY)).unwrap();
    assert_eq!(boms.effective(&item("TABLE"), day(JUNE), None).unwrap().version, 2);
    assert_eq!(boms.effective(&item("TABLE"), day("2026-05-31"), None).unwrap().version, 1);
    let mistakes = late.put_in_force(&mut boms, day(TODAY)).unwrap_err();
    assert_eq!(codes(&mistakes), ["eco-superseded"]);
    let told = mistakes[0].to_string();
    assert!(told.contains("version 2 is the newest, put in force by change ECO-2"), "{told}");
}

/// One of two is wrong: none comes into force.
#[test]
fn all_versions_of_an_order_or_none() {
    let mut boms = boms_of_a_table();
    let order = order(vec![pine(), bom("LEGS", 2, JUNE, vec![line(10, "TABLE", 1)])]);
    assert_eq!(codes(&order.put_in_force(&mut boms, day(TODAY)).unwrap_err()), ["bom-cycle"]);
    assert_eq!(boms.newest(&item("TABLE")).unwrap().version, 1);
    assert_eq!(boms.newest(&item("LEGS")).unwrap().version, 1);
}

fn work(number: &str, product: &str, open: i64, day_: &str, serial: Option<&str>) -> OpenWork {
    OpenWork {
        number: number.into(),
        product: item(product),
        open,
        day: day(day_),
        serial: serial.map(Into::into),
    }
}

fn held(code: &str, place: &str, quantity: i64) -> Held {
    Held { item: item(code), location: place.parse().unwrap(), quantity }
}

#[test]
fn the_impact_lists_open_work_stock_and_purchases() {
    let boms = boms_of_a_table();
    let works = [
        work("WO-1", "TABLE", 5, "2026-05-20", None),
        work("WO-2", "TABLE", 7, "2026-06-20", None),
        work("WO-3", "TABLE", 0, "2026-06-21", None),
        work("WO-4", "CHAIR", 9, "2026-06-21", None),
    ];
    let stock = [
        held("OAK", "wh1/a", 40),
        held("OAK", "wh1/b", 2),
        held("STEEL", "wh1/a", 4),
        held("SCREW", "wh1/c", 900),
    ];
    let purchases = [
        OpenPurchase { number: "PO-1".into(), line: 1, item: item("OAK"), open: 100 },
        OpenPurchase { number: "PO-1".into(), line: 2, item: item("STEEL"), open: 100 },
        OpenPurchase { number: "PO-2".into(), line: 1, item: item("OAK"), open: 0 },
    ];
    let met = impact(&order(vec![pine()]), &boms, &works, &stock, &purchases).unwrap();
    let expected = [(item("OAK"), Replaced::Gone), (item("SCREW"), Replaced::Less)];
    assert_eq!(met.replaced, expected.into());
    let numbers: Vec<&str> = met.works.iter().map(|one| one.work.number.as_str()).collect();
    assert_eq!(numbers, ["WO-2"]);
    let places: Vec<_> =
        met.stock.iter().map(|one| (one.held.location.as_str(), one.how)).collect();
    assert_eq!(
        places,
        [("wh1/a", Replaced::Gone), ("wh1/b", Replaced::Gone), ("wh1/c", Replaced::Less)]
    );
    assert_eq!(met.purchases, purchases[..1]);
    assert_eq!(met.facts()["open_work_orders"], Fact::Integer(1));
}

#[test]
fn a_change_of_a_phantom_meets_the_work_that_it_goes_into_and_serials_their_own() {
    let boms = boms_of_a_table();
    let works = [
        work("WO-1", "TABLE", 5, "2026-05-20", Some("T-100")),
        work("WO-2", "TABLE", 7, "2026-06-20", Some("T-250")),
    ];
    let legs = order(vec![bom("LEGS", 2, JUNE, vec![line(10, "ALU", 4)])]);
    let met = impact(&legs, &boms, &works, &[], &[]).unwrap();
    let told: Vec<_> =
        met.works.iter().map(|one| (one.work.number.as_str(), one.by.as_str())).collect();
    assert_eq!(told, [("WO-2", "LEGS")]);
    let serials = Serials { from: "T-100".into(), until: Some("T-199".into()) };
    let some = order(vec![BomVersion { effect: Effect::Serials(serials), ..pine() }]);
    let met = impact(&some, &boms, &works, &[], &[]).unwrap();
    let numbers: Vec<&str> = met.works.iter().map(|one| one.work.number.as_str()).collect();
    assert_eq!(numbers, ["WO-1"]);
}
