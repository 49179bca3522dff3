//! Goods that a receipt moved for an order go back once, whichever of both a return names.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;
mod papers;

use std::collections::BTreeSet;

use common::{House, movement_id};
use gatewarden_engine::{Command, Page};
use gatewarden_model::{
    Actor, Body, Document, DocumentContent, DocumentKind, DocumentStep, Entry, LineDone,
    entry::Verdict,
};
use papers::{Papers, bolts, content, named, page_of};
use proptest::prelude::*;

/// What is named, by the first letters of its number.
fn document(number: &str) -> Document {
    let kind = match number.split_once('-').unwrap().0 {
        "PO" => DocumentKind::PurchaseOrder,
        "GR" => DocumentKind::Receipt,
        _ => DocumentKind::ReturnOrder,
    };
    named(kind, number)
}

fn link(number: &str) -> String {
    let kind = document(number).kind.name();
    format!("{{ document = {{ kind = '{kind}', number = '{number}' }} }}")
}

/// An order of bolts.
fn order(number: &str, quantity: u32) -> DocumentContent {
    let rest = format!(
        "partner = 'ACME'\ndate = '2026-09-01'\ndue = '2026-09-30'\nlines = [{{ line = 10, \
         item = 'BOLT-M8', quantity = {quantity}, to = 'wh1/dock' }}]"
    );
    content("purchase-order", number, &rest)
}

/// A receipt of so many bolts for each order; for none where that is empty.
fn receipt(number: &str, orders: &[(&str, u32)]) -> DocumentContent {
    let line = |(at, (order, quantity)): (usize, &(&str, u32))| {
        let links = if order.is_empty() { String::new() } else { link(order) };
        let line = (at + 1) * 10;
        format!(
            "{{ line = {line}, item = 'BOLT-M8', quantity = {quantity}, to = 'wh1/dock', \
             links = [{links}] }}"
        )
    };
    let lines: Vec<String> = orders.iter().enumerate().map(line).collect();
    let rest = format!("partner = 'ACME'\nstation = 'dock-1'\nlines = [{}]", lines.join(", "));
    content("receipt", number, &rest)
}

/// Bolts that go back on what these moved.
fn back(number: &str, sources: &[&str], quantity: u32) -> DocumentContent {
    let links: Vec<String> = sources.iter().map(|one| link(one)).collect();
    let rest = format!(
        "note = 'torn threads'\npartner = 'ACME'\nstation = 'dock-1'\nlinks = [{}]\n\
         lines = [{{ line = 10, item = 'BOLT-M8', quantity = {quantity}, from = 'wh1/dock', \
         to = '@supplier/ACME' }}]",
        links.join(", ")
    );
    content("return-order", number, &rest)
}

/// A house, the bolts that came and those that went.
struct Yard {
    house: House,
    came: u32,
    went: u32,
    passes: u128,
}

impl Yard {
    /// What came: `GR-1 PO-1:6 PO-2:4, GR-2 :3` are two receipts, one for two orders and one for none.
    fn of(came: &str) -> Self {
        let mut house = papers::house();
        let mut receipts = vec![];
        for one in came.split(", ") {
            let mut words = one.split(' ');
            let number = words.next().unwrap();
            let parts = words.map(|word| word.split_once(':').unwrap());
            let parts: Vec<(&str, u32)> =
                parts.map(|(order, quantity)| (order, quantity.parse().unwrap())).collect();
            receipts.push((number, parts));
        }
        let orders: BTreeSet<&str> =
            receipts.iter().flat_map(|(_, parts)| parts).map(|(order, _)| *order).collect();
        for number in orders.into_iter().filter(|number| !number.is_empty()) {
            let parts = receipts.iter().flat_map(|(_, parts)| parts);
            let sum = parts.filter(|(order, _)| *order == number).map(|(_, sum)| sum).sum();
            house.signed(&order(number, sum), &["mia"]);
        }
        let mut yard = Self { house, came: 0, went: 0, passes: 0 };
        for (number, parts) in receipts {
            yard.house.signed(&receipt(number, &parts), &["mia"]);
            let sum = parts.iter().map(|(_, sum)| sum).sum::<u32>();
            let (from, upto) = (yard.came + 1, yard.came + sum);
            yard.pass(&bolts(from..=upto));
            yard.came = upto;
        }
        yard
    }

    fn pass(&mut self, things: &str) {
        self.passes += 1;
        assert_eq!(self.house.seen(self.passes, "dock-1", 1, things), "posted", "{things}");
    }

    /// Hands a return in: `GR-1+PO-1:4`. It is signed where it is taken; gives what is said.
    fn hand_in(&mut self, number: &str, asked: &str) -> &'static str {
        let (sources, quantity) = asked.split_once(':').unwrap();
        let sources: Vec<&str> = sources.split('+').collect();
        let content = back(number, &sources, quantity.parse().unwrap());
        let submit = self.house.submit(&content, "sue");
        let outcome = self.house.handle(submit);
        match outcome.answer {
            Ok(_) => {
                let sign = self.house.sign(&content, "mia");
                self.house.ok(sign);
                "yes"
            }
            Err(refusal) => refusal.code,
        }
    }

    /// So many bolts go out through the door.
    fn leave(&mut self, quantity: u32) {
        let (from, upto) = (self.went + 1, self.went + quantity);
        self.pass(&bolts(from..=upto));
        self.went = upto;
    }

    /// The same of a return of more, which somebody takes as it is.
    fn leave_in_part(&mut self, quantity: u32) {
        self.passes += 1;
        let (from, upto) = (self.went + 1, self.went + quantity);
        let said = self.house.seen(self.passes, "dock-1", 1, &bolts(from..=upto));
        assert!(said.starts_with("held"), "{said}");
        let take = self.house.decide(self.passes, Verdict::Accept, "mia");
        self.house.ok(take);
        self.went = upto;
    }

    fn restart(&mut self) {
        self.house.engine = self.house.restarted();
    }

    /// The engine holds what a journal tells of these.
    fn knows(&mut self, journal: &[Entry], numbers: &[&str]) {
        for number in numbers {
            let page = page_of(journal, &document(number));
            self.house.engine.supply_page(document(number), Some(page));
        }
    }

    fn look_up(&mut self, number: &str) {
        let journal = self.house.journal.clone();
        self.knows(&journal, &[number]);
    }

    fn is_missing(&self, command: &Command, numbers: &[&str]) {
        let expected: Vec<Document> = numbers.iter().map(|number| document(number)).collect();
        assert_eq!(self.house.engine.missing_pages(command), expected);
    }
}

/// What is still to go back counts as what went, and a restart changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// Returns are signed, and nothing leaves.
    ToCome,
    /// All of them leave at once, and the engine is started anew before each second one.
    Gone,
}

/// What came, and returns one after the other: taken, or not.
const CASES: [(&str, &str); 14] = [
    // One of a receipt and its order, then the other.
    ("GR-1 PO-1:10", "GR-1:10 yes, PO-1:1 no, GR-1:1 no, GR-1+PO-1:1 no"),
    ("GR-1 PO-1:10", "PO-1:10 yes, GR-1:1 no, PO-1:1 no, GR-1+PO-1:1 no"),
    ("GR-1 PO-1:10", "GR-1:4 yes, PO-1:7 no, PO-1:6 yes, GR-1:1 no"),
    ("GR-1 PO-1:10", "PO-1:4 yes, GR-1:7 no, GR-1:6 yes, PO-1:1 no"),
    // Both at once are one return.
    ("GR-1 PO-1:10", "GR-1+PO-1:6 yes, GR-1:5 no, PO-1:5 no, PO-1:4 yes"),
    ("GR-1 PO-1:10", "GR-1+PO-1:11 no, GR-1+PO-1:10 yes, PO-1:1 no"),
    // Two receipts of one order.
    ("GR-1 PO-1:6, GR-2 PO-1:4", "GR-1:6 yes, GR-2:5 no, PO-1:5 no, PO-1:4 yes, GR-2:1 no"),
    ("GR-1 PO-1:6, GR-2 PO-1:4", "PO-1:7 yes, GR-1:4 no, GR-1:3 yes, GR-2:1 no, PO-1:1 no"),
    ("GR-1 PO-1:6, GR-2 PO-1:4", "GR-1+GR-2:6 yes, PO-1:5 no, PO-1:4 yes, GR-2:1 no"),
    // One receipt of two orders: what can't be told is not given. Whoever names the order alone is heard.
    ("GR-1 PO-1:6 PO-2:4", "PO-1:7 no, PO-1:6 yes, GR-1:1 no, PO-2:5 no, PO-2:4 yes, GR-1:1 no"),
    ("GR-1 PO-1:6 PO-2:4", "GR-1:11 no, GR-1:10 yes, PO-1:1 no, PO-2:1 no"),
    ("GR-1 PO-1:6 PO-2:4", "GR-1:3 yes, PO-1:4 no, PO-1:3 yes, PO-2:2 no, PO-2:1 yes"),
    // What came for nobody is not the order's.
    ("GR-1 PO-1:6 :4", "PO-1:7 no, GR-1:10 yes, PO-1:1 no"),
    ("GR-1 :5, GR-2 PO-1:5", "GR-1:5 yes, PO-1:6 no, PO-1:5 yes, GR-2:1 no"),
];

#[test]
fn goods_go_back_once_on_receipt_or_order() {
    for (came, returns) in CASES {
        for way in [Way::ToCome, Way::Gone] {
            let mut yard = Yard::of(came);
            for (count, one) in returns.split(", ").enumerate() {
                let (asked, expected) = one.split_once(' ').unwrap();
                if way == Way::Gone && count % 2 == 1 {
                    yard.restart();
                }
                let said = yard.hand_in(&format!("RT-{count}"), asked);
                let expected = if expected == "no" { "more-than-moved" } else { expected };
                assert_eq!(said, expected, "{way:?}: {came}: {returns}: {asked}");
                if said == "yes" && way == Way::Gone {
                    yard.leave(asked.split_once(':').unwrap().1.parse().unwrap());
                }
            }
            assert_eq!(yard.house.judged(), Vec::<String>::new(), "{way:?}: {came}: {returns}");
        }
    }
}

/// Of a return that went in part, what went counts and what is to go, each once.
#[test]
fn what_is_still_to_go_counts_with_what_went() {
    let mut yard = Yard::of("GR-1 PO-1:10");
    assert_eq!(yard.hand_in("RT-1", "GR-1:6"), "yes");
    yard.leave_in_part(4);
    for _ in 0..2 {
        assert_eq!(yard.hand_in("RT-2", "PO-1:5"), "more-than-moved");
        assert_eq!(yard.hand_in("RT-3", "GR-1+PO-1:5"), "more-than-moved");
        yard.restart();
    }
    assert_eq!(yard.hand_in("RT-4", "PO-1:4"), "yes");
    assert_eq!(yard.hand_in("RT-5", "PO-1:1"), "more-than-moved");
    assert_eq!(yard.house.judged(), Vec::<String>::new());
}

/// A journal in which the first movement on a document was taken back at once.
fn taken_back(journal: &[Entry], number: &str) -> Vec<Entry> {
    let moved = |entry: &Entry| match &entry.body {
        Body::Moved { movement, .. } => movement.document.number == number,
        _ => false,
    };
    let at = journal.iter().position(moved).unwrap();
    let mut entry = journal[at].clone();
    if let Body::Moved { movement, .. } = &mut entry.body {
        movement.reverses = Some(movement.id);
        movement.id = movement_id(99);
    }
    let mut journal = journal.to_vec();
    journal.insert(at + 1, entry);
    journal
}

#[test]
fn what_came_and_was_taken_back_does_not_go_back() {
    let mut yard = Yard::of("GR-1 PO-1:6, GR-2 PO-1:4");
    let journal = taken_back(&yard.house.journal, "GR-2");
    yard.knows(&journal, &["GR-1", "GR-2", "PO-1"]);
    assert_eq!(yard.hand_in("RT-1", "GR-2:1"), "more-than-moved");
    assert_eq!(yard.hand_in("RT-2", "PO-1:7"), "more-than-moved");
    assert_eq!(yard.hand_in("RT-3", "GR-1:2"), "yes");
    assert_eq!(yard.hand_in("RT-4", "PO-1:5"), "more-than-moved");
    assert_eq!(yard.hand_in("RT-5", "PO-1:4"), "yes");
}

#[test]
fn what_went_back_and_was_taken_back_may_go_again() {
    let mut yard = Yard::of("GR-1 PO-1:10");
    assert_eq!(yard.hand_in("RT-1", "GR-1:6"), "yes");
    yard.leave_in_part(4);
    let journal = taken_back(&yard.house.journal, "RT-1");
    yard.knows(&journal, &["GR-1", "PO-1"]);
    // Two are to go still.
    assert_eq!(yard.hand_in("RT-2", "PO-1:9"), "more-than-moved");
    assert_eq!(yard.hand_in("RT-3", "PO-1:8"), "yes");
}

/// A gateway that forgot what went back takes it a second time; its journal tells.
#[test]
fn the_judge_finds_what_went_back_twice() {
    for (first, second) in [("GR-1", "PO-1"), ("PO-1", "GR-1"), ("PO-1", "GR-1+PO-1")] {
        let mut yard = Yard::of("GR-1 PO-1:10, GR-2 :10");
        assert_eq!(yard.hand_in("RT-1", &format!("{first}:10")), "yes");
        yard.leave(10);
        assert_eq!(yard.house.judged(), Vec::<String>::new());
        let mut journal = yard.house.journal.clone();
        journal.retain(|entry| match &entry.body {
            Body::Moved { movement, .. } => movement.document.number != "RT-1",
            _ => true,
        });
        yard.knows(&journal, &["GR-1", "PO-1"]);
        assert_eq!(yard.hand_in("RT-2", &format!("{second}:10")), "yes");
        let told = yard.house.judged();
        assert!(told.len() == 1 && told[0].contains("to go back"), "{second}: {told:?}");
    }
}

/// A return that is handed in, while its engine knows nothing yet.
fn unread() -> (Yard, DocumentContent, Command) {
    let mut yard = Yard::of("GR-1 PO-1:6, GR-2 PO-1:4");
    let content = back("RT-1", &["GR-1"], 1);
    let digest = yard.house.write(&content, "sue");
    yard.restart();
    let (document, by) = (content.document.clone(), yard.house.by("sue"));
    let submit = Command::SubmitDocument { document, digest, by };
    yard.house.recall(&submit);
    (yard, content, submit)
}

/// Pages lead to further pages; what is forgotten between two looks is looked up again.
#[test]
fn what_moved_for_the_same_order_is_looked_up_in_rounds() {
    let (mut yard, _, submit) = unread();
    yard.is_missing(&submit, &["GR-1"]);
    yard.look_up("GR-1");
    yard.is_missing(&submit, &["PO-1"]);
    // So much else is looked up that it is forgotten.
    for n in 0..5000 {
        let other = named(DocumentKind::Receipt, &format!("GR-9-{n}"));
        yard.house.engine.supply_page(other, Some(Page::default()));
    }
    for next in ["GR-1", "PO-1", "GR-2"] {
        assert_eq!(yard.house.refused(submit.clone()), "not-looked-up");
        yard.is_missing(&submit, &[next]);
        yard.look_up(next);
    }
    yard.is_missing(&submit, &[]);
    yard.house.ok(submit);
    assert_eq!(yard.house.judged(), Vec::<String>::new());
}

/// What is too much to be read is not known, and nothing goes back on it.
#[test]
fn nothing_goes_back_on_what_is_too_much_to_be_read() {
    let (mut yard, _, submit) = unread();
    yard.look_up("GR-1");
    yard.house.engine.supply_page(document("PO-1"), None);
    yard.is_missing(&submit, &[]);
    assert_eq!(yard.house.refused(submit), "too-much-to-read");

    // An order on which more documents count than are read.
    let (mut yard, content, submit) = unread();
    yard.look_up("GR-1");
    let (order, mut page) = (order("PO-1", 10), Page::default());
    for n in 0..1100 {
        let by = named(DocumentKind::Receipt, &format!("GR-9-{n}"));
        let lines = vec![LineDone { line: 10, quantity: 1 }];
        let step = DocumentStep::Fulfilled { movement: movement_id(n), by, lines };
        let (version, digest) = (1, content.digest());
        let document = order.document.clone();
        let (by, decision) = (Actor::Daemon, None);
        let body = Body::DocumentStepped { document, version, digest, step, by, decision };
        page.take(&order.document, Some(&order), &body);
    }
    yard.house.engine.supply_page(order.document, Some(page));
    yard.is_missing(&submit, &[]);
    assert_eq!(yard.house.refused(submit), "too-much-to-read");
}

/// What two receipts moved: for either order, and for none.
type Came = [[u32; 3]; 2];

/// What a return names of GR-1, GR-2, PO-1 and PO-2, and how much of it.
type Return = ([bool; 4], u32);

/// The parts of all goods that a return may take: those of the receipts that it names, else of the orders.
fn may_take(names: [bool; 4]) -> BTreeSet<(usize, usize)> {
    let all = (0..2).flat_map(|receipt| (0..3).map(move |order| (receipt, order)));
    let by_receipt = names[0] || names[1];
    all.filter(|(receipt, order)| match by_receipt {
        true => names[*receipt],
        false => *order < 2 && names[2 + order],
    })
    .collect()
}

/// Whether each piece that went back is one that came: of no parts of the goods is more taken than there is.
fn each_once(came: &Came, returns: &[Return]) -> bool {
    let parts: Vec<(usize, usize)> = may_take([true, true, false, false]).into_iter().collect();
    (0_u32..1 << parts.len()).all(|chosen| {
        let some = parts.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0);
        let some: BTreeSet<(usize, usize)> = some.map(|(_, part)| *part).collect();
        let there: u32 = some.iter().map(|(receipt, order)| came[*receipt][*order]).sum();
        let taken = returns.iter().filter(|(names, _)| may_take(*names).is_subset(&some));
        taken.map(|(_, quantity)| quantity).sum::<u32>() <= there
    })
}

fn came() -> impl Strategy<Value = Came> {
    // Each receipt brings something for an order of its own, and perhaps for the other's and for nobody.
    ((1_u32..5, 0_u32..4, 0_u32..3), (0_u32..4, 1_u32..5, 0_u32..3))
        .prop_map(|(one, other)| [one.into(), other.into()])
}

fn returns() -> impl Strategy<Value = Vec<Return>> {
    let names = prop_oneof![
        (0_usize..4).prop_map(|only| std::array::from_fn(|at| at == only)),
        any::<[bool; 4]>().prop_filter("names something", |names| names.contains(&true)),
    ];
    prop::collection::vec((names, 1_u32..7), 2..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever returns name, in any order: no piece goes back twice. Where each names one document, and each receipt
    /// is of one order, none is refused that could go back. A restart and the judge say the same.
    #[test]
    fn no_piece_goes_back_twice(came in came(), alone in any::<bool>(), gone in any::<bool>(), returns in returns()) {
        let came = if alone { [[came[0][0], 0, 0], [0, came[1][1], 0]] } else { came };
        let told = came.iter().enumerate().map(|(at, [one, other, none])| {
            let parts = [("PO-1", one), ("PO-2", other), ("", none)];
            let parts = parts.iter().filter(|(_, sum)| **sum > 0);
            let parts: String = parts.map(|(order, sum)| format!(" {order}:{sum}")).collect();
            format!("GR-{}{parts}", at + 1)
        });
        let mut yard = Yard::of(&told.collect::<Vec<_>>().join(", "));
        let mut taken: Vec<Return> = vec![];
        for (count, (names, quantity)) in returns.into_iter().enumerate() {
            let numbers = ["GR-1", "GR-2", "PO-1", "PO-2"].into_iter().zip(names);
            let numbers: Vec<&str> = numbers.filter(|(_, named)| *named).map(|(one, _)| one).collect();
            if count % 3 == 2 {
                yard.restart();
            }
            let asked = format!("{}:{quantity}", numbers.join("+"));
            let said = yard.hand_in(&format!("RT-{count}"), &asked);
            let with: Vec<Return> = taken.iter().copied().chain([(names, quantity)]).collect();
            if said == "yes" {
                prop_assert!(each_once(&came, &with), "{:?}: {:?}", came, with);
                if gone {
                    yard.leave(quantity);
                }
                taken = with;
                continue;
            }
            prop_assert_eq!(said, "more-than-moved");
            let plain = alone && with.iter().all(|(names, _)| names.iter().filter(|one| **one).count() == 1);
            prop_assert!(!plain || !each_once(&came, &with), "{:?}: {:?} is refused", came, with);
        }
        prop_assert_eq!(yard.house.judged(), Vec::<String>::new());
    }
}
