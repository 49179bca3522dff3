//! What a walk asks for.

use gatewarden_engine::{Command, Reply};
use gatewarden_model::{
    Amount, Bucket, CountLine, Day, Document, DocumentKind, MovementKind, Posting, TaskLine,
    entry::Verdict,
};

use crate::{
    books::{Books, KINDS, PLACES, Posted, Wish},
    desk::house::{erp, movement_id, pass, pass_id, posting, stamp_ms, task},
    run::{CENT, ITEMS, Run},
    world::{HOLDING, Line, Record},
};

/// What a reader sees of the items.
const SEEN: [&str; 2] = ["pump", "bolt"];
/// A reservation lapses after so long, one that is made to lapse soon after five seconds.
const RESERVATION_MS: u64 = 3_600_000;
const SOON_MS: u64 = 5_000;

impl Run {
    pub(crate) fn reserve(&mut self, wish: Wish, soon: bool) -> Option<u128> {
        let id = self.fresh();
        let expires_ms = soon.then_some(SOON_MS);
        let posting = Posting { expires_ms, ..self.in_words(id, &wish) };
        let until_ms = self.now_ms() + expires_ms.unwrap_or(RESERVATION_MS);
        let expected = self.books.reserve(id, wish.clone(), until_ms);
        let command = Command::Reserve { posting, by: self.desk().by("sue") };
        let outcome = self.ask(command.clone());
        if !self.agree(&format!("reserve {wish:?}"), &outcome, expected) {
            return None;
        }
        assert_eq!(outcome.answer, Ok(Reply::Reserved(movement_id(id))));
        self.grant(command, outcome);
        Some(id)
    }

    pub(crate) fn in_words(&self, id: u128, wish: &Wish) -> Posting {
        let reason = Some("asked for".to_owned());
        match wish {
            Wish::Move { kind, lines, past } => {
                let text = |(n, line): (usize, &Line)| {
                    let (from, to) = (PLACES[line.from], PLACES[line.to]);
                    let value = line.incoming.map(|cents| format!(" value={}", amount(cents)));
                    let (item, quantity) = (ITEMS[line.item], line.quantity);
                    format!("{n} {item} {quantity} {from} {to}{}", value.unwrap_or_default())
                };
                let lines: Vec<String> = lines.iter().enumerate().map(text).collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let effective = past.map(Day::from_number);
                Posting { effective, reason, ..posting(id, KINDS[*kind].0, &lines) }
            }
            Wish::Back(which) => {
                let Posted { id: original, kind, .. } = self.books.posted[*which];
                let reverses = Some(movement_id(original));
                Posting { reverses, reason, ..posting(id, KINDS[kind].0, &[]) }
            }
            Wish::Count { item, place, counted } => {
                let counted = CountLine {
                    line: 1,
                    item: ITEMS[*item].parse().unwrap(),
                    location: PLACES[*place].parse().unwrap(),
                    bucket: Bucket::default(),
                    quantity: counted.to_string(),
                    unit: None,
                };
                Posting { counts: vec![counted], ..posting(id, MovementKind::Count, &[]) }
            }
            Wish::Release { item, place, quantity } => {
                let (item, place) = (ITEMS[*item], PLACES[*place]);
                let line = format!("1 {item} {quantity} {place} {place} was=quality-inspection");
                posting(id, MovementKind::StatusChange, &[&line])
            }
        }
    }

    pub(crate) fn post(&mut self, id: u128, alone: bool) {
        let by = self.desk().by(if alone { "sue" } else { "max" });
        let command =
            Command::PostReservation { reservation: movement_id(id), by, confirmation: None };
        let outcome = self.ask(command.clone());
        let code = outcome.answer.as_ref().err().map(|refusal| refusal.code);
        if alone {
            return assert_eq!(code, Some("denied"), "one person alone");
        }
        if self.books.open[&id].until_ms <= self.now_ms() {
            assert_eq!(code, Some("reservation-over"));
            self.books = self.books.end(id).unwrap();
            return;
        }
        let expected = self.books.post(id);
        if self.agree(&format!("post {id}"), &outcome, expected) {
            self.grant(command, outcome);
        }
    }

    pub(crate) fn void(&mut self, id: u128) {
        let (reservation, reason) = (movement_id(id), "not needed".to_owned());
        let by = self.desk().by("sue");
        let outcome = self.ask(Command::VoidReservation { reservation, reason, by });
        let expected = self.books.end(id);
        self.agree("void", &outcome, expected);
    }

    /// A task of one line, a pass that shows it, and the end of both.
    pub(crate) fn pass(&mut self, kind: usize, wanted: Line, short: bool) {
        let n = self.fresh();
        let (from, to) = (PLACES[wanted.from], PLACES[wanted.to]);
        let text = format!("10 {} {} {from} {to}", ITEMS[wanted.item], wanted.quantity);
        let mut task = task(n, "dock-1", KINDS[kind].0, &[&text]);
        let value = wanted.incoming.map(|cents| amount(cents).parse().unwrap());
        task.lines[0] = TaskLine { value, ..task.lines[0].clone() };
        let (id, open) = (task.id, Command::OpenTask { task, by: erp() });
        let opened = self.ask(open.clone());
        self.grant(open, opened);

        let short = short && wanted.from >= HOLDING && wanted.quantity > 1;
        let there = wanted.quantity - i64::from(short);
        let share = |cents| part_of(cents, there, wanted.quantity);
        let seen = Line { quantity: there, incoming: wanted.incoming.map(share), ..wanted };
        let enough = seen.from >= HOLDING
            || self.books.free(&self.books.world(), (seen.item, seen.from)) >= there;
        let session = self.desk().session_at("dock-1");
        let things = format!("{}*{there}", SEEN[seen.item]);
        let (seen_at, mut pass) = (stamp_ms(self.now_ms()), pass(n, "dock-1", session, 0, &things));
        (pass.opened, pass.closed) = (seen_at, seen_at);
        let shown = Command::Pass(pass);
        let record = Record {
            day: self.books.today,
            back_dated: false,
            lines: vec![seen],
            is_reversal: false,
            reversed: false,
            left_out: false,
        };
        let posted = Posted { id: n, kind, held: false };
        let expected = self.books.with(record, posted).filter(|_| enough);
        let mut outcome = self.ask(shown.clone());
        if short {
            assert!(matches!(outcome.answer, Ok(Reply::Held { .. })), "{outcome:?}");
            let (verdict, reason) = (Verdict::Accept, "counted by hand".to_owned());
            let by = self.desk().by("max");
            outcome = self.ask(Command::DecideHold {
                pass: pass_id(n),
                verdict,
                reason,
                doubts: vec![],
                by,
            });
        }
        let done = self.agree("pass", &outcome, expected);
        assert!(!done || matches!(outcome.answer, Ok(Reply::Posted { .. })), "{outcome:?}");
        if done {
            self.grant(shown, outcome);
        }
        if short || !done {
            let withdrawn = self.ask(Command::WithdrawTask { task: id, by: erp() });
            assert!(withdrawn.answer.is_ok(), "{withdrawn:?}");
        }
    }

    pub(crate) fn land(&mut self, which: usize, cents: i64) {
        let number = format!("F-{}", self.fresh());
        let document = Document { kind: DocumentKind::PurchaseOrder, number };
        let movement = movement_id(self.books.posted[which].id);
        let amounts = self.books.landed_amounts(which, cents);
        let amounts = amounts.into_iter().map(|cents| Amount::from_units(cents * CENT)).collect();
        let by = self.desk().by("cfo");
        let command = Command::LandCost { movement, document, amounts, by };
        let outcome = self.ask(command.clone());
        let expected = self.books.land(which, cents);
        if self.agree("land", &outcome, expected) {
            self.grant(command, outcome);
        }
    }

    pub(crate) fn tick(&mut self, ms: u64) {
        self.wait(ms);
        let outcome = self.ask(Command::Tick);
        assert!(outcome.answer.is_ok());
        let now_ms = self.now_ms();
        let over = self.books.open.iter().filter(|(_, open)| open.until_ms <= now_ms);
        let over: Vec<u128> = over.map(|(id, _)| *id).collect();
        assert_eq!(outcome.entries.len(), over.len(), "{outcome:?}");
        for id in over {
            self.books = self.books.end(id).unwrap();
        }
    }

    pub(crate) fn close(&mut self, until: i64) {
        let by = self.desk().by("cfo");
        let command = Command::ClosePeriod { until: Day::from_number(until), by };
        let outcome = self.ask(command);
        let fits = until < self.books.today && until >= self.books.closed;
        let expected = fits.then(|| Books { closed: until, ..self.books.clone() });
        self.agree("close", &outcome, expected);
    }
}

/// What is to move.
pub(crate) fn line(kind: usize, item: usize, quantity: i64, cents: i64) -> Line {
    let (_, from, to, priced) = KINDS[kind];
    Line { item, from, to, quantity, incoming: priced.then_some(cents) }
}

/// Cents as a decimal.
fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// A part of an amount, in whole cents, half to even.
fn part_of(cents: i64, part: i64, whole: i64) -> i64 {
    let (down, rest) = (cents * part / whole, cents * part % whole);
    let up = 2 * rest > whole || (2 * rest == whole && down % 2 == 1);
    down + i64::from(up)
}
