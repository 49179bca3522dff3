//! One walk: each step is asked of the desk and of the books, and both must give the same answer.

use gatewarden_engine::{Command, Outcome, Reply};
use gatewarden_store::LedgerAddress;
use proptest::sample::Index;

use crate::{
    asks::line,
    books::{Books, Wish},
    common::{key, options},
    desk::Desk,
    step::Step,
};

/// The items of the books: the first by FIFO, the second by moving average.
pub(crate) const ITEMS: [&str; 2] = ["PUMP", "MEAN"];
/// Units of an amount in a cent.
pub(crate) const CENT: i64 = 100;
const MS_A_DAY: u64 = 86_400_000;
/// The wall clock of the desk's boot.
const BOOT_MS: u64 = 1_800_000_000_000;

/// A request that was granted, to be repeated.
#[derive(Clone)]
pub(crate) struct Granted {
    pub(crate) command: Command,
    pub(crate) reply: Reply,
    /// In which life of the engine.
    pub(crate) life: u32,
}

/// A walk.
pub(crate) struct Run {
    desk: Option<Desk>,
    pub(crate) books: Books,
    pub(crate) granted: Vec<Granted>,
    /// Both as of the last flush.
    flushed: (Books, Vec<Granted>),
    ids: u128,
}

impl Run {
    pub(crate) fn new(address: &LedgerAddress) -> Self {
        let desk = Some(Desk::new(address, options()));
        let (books, granted) = (Books::default(), vec![]);
        let flushed = (books.clone(), granted.clone());
        Self { desk, books, granted, flushed, ids: 0 }
    }

    pub(crate) fn desk(&mut self) -> &mut Desk {
        self.desk.as_mut().unwrap()
    }

    pub(crate) fn now_ms(&mut self) -> u64 {
        self.desk().now_ms
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        self.desk().now_ms += ms;
        self.books.today = i64::try_from((BOOT_MS + self.now_ms()) / MS_A_DAY).unwrap();
    }

    pub(crate) fn step(&mut self, step: &Step) {
        self.wait(1);
        match step {
            Step::Reserve { kind, item, quantity, cents, both, back, soon, at_once } => {
                let items = if *both { vec![*item, 1 - item] } else { vec![*item] };
                let lines = items.into_iter().map(|item| line(*kind, item, *quantity, *cents));
                let (lines, past) = (lines.collect(), back.map(|days| self.books.today - days));
                let wish = Wish::Move { kind: *kind, lines, past };
                let id = self.reserve(wish, *soon);
                if let Some(id) = id.filter(|_| *at_once) {
                    self.post(id, false);
                }
            }
            Step::Post { which, alone } => {
                self.one_open(which).into_iter().for_each(|id| self.post(id, *alone));
            }
            Step::Void(which) => self.one_open(which).into_iter().for_each(|id| self.void(id)),
            Step::Back(which) if !self.books.records.is_empty() => {
                let wish = Wish::Back(which.index(self.books.records.len()));
                self.by_two(wish);
            }
            Step::Count { item, place, more } => {
                let free = self.books.free(&self.books.world(), (*item, *place));
                let counted = (free + more).max(0);
                self.by_two(Wish::Count { item: *item, place: *place, counted });
            }
            Step::Release { item, place } => {
                let quantity = self.books.waits((*item, *place)).max(1);
                self.by_two(Wish::Release { item: *item, place: *place, quantity });
            }
            Step::Pass { kind, item, quantity, cents, short } => {
                // The ERP may create no counts, and what is adjusted is no task.
                let kind = if *kind < 9 { *kind } else { 2 };
                self.pass(kind, line(kind, *item, *quantity, *cents), *short);
            }
            Step::Land { which, cents } if !self.books.records.is_empty() => {
                self.land(which.index(self.books.records.len()), *cents);
            }
            Step::Wait(ms) => self.tick(*ms),
            Step::Close(but) => self.close(self.books.today - but),
            Step::Again { which, other } if !self.granted.is_empty() => {
                let granted = self.granted[which.index(self.granted.len())].clone();
                if *other { self.other_content(&granted) } else { self.again(&granted) }
            }
            Step::Flush => self.flush(),
            Step::Restart => {
                self.flush();
                self.restart();
            }
            Step::Crash => {
                let today = self.books.today;
                let (books, granted) = self.flushed.clone();
                (self.books, self.granted) = (Books { today, ..books }, granted);
                self.restart();
                self.compare();
            }
            Step::Back(_) | Step::Land { .. } | Step::Again { .. } => {}
        }
    }

    /// The end: all is flushed, whole, and the same when its tables are made anew.
    pub(crate) fn finish(&mut self) {
        self.flush();
        let report = self.desk().verify(&key().verifying_key());
        assert_eq!(report.findings, []);
        assert_eq!(report.entries, self.desk().ledger.next_seq());
        self.restart();
        self.compare();
    }

    pub(crate) fn ask(&mut self, command: Command) -> Outcome {
        let outcome = self.desk().ask(command);
        if let Err(refusal) = &outcome.answer {
            assert!(refusal.recorded.is_some(), "{refusal:?}");
        }
        outcome
    }

    /// The books that both agree on; told where they don't.
    pub(crate) fn agree(&mut self, what: &str, outcome: &Outcome, expected: Option<Books>) -> bool {
        let (said, wanted) = (outcome.answer.is_ok(), expected.is_some());
        assert_eq!(said, wanted, "{what}: {:?}\n{:#?}", outcome.answer, self.books);
        self.books = expected.unwrap_or_else(|| self.books.clone());
        said
    }

    pub(crate) fn grant(&mut self, command: Command, outcome: Outcome) {
        let (reply, life) = (outcome.answer.unwrap(), self.desk().lives);
        self.granted.push(Granted { command, reply, life });
    }

    pub(crate) fn fresh(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    pub(crate) fn one_open(&self, which: &Index) -> Option<u128> {
        let all: Vec<u128> = self.books.open.keys().copied().collect();
        (!all.is_empty()).then(|| *which.get(&all))
    }

    pub(crate) fn by_two(&mut self, wish: Wish) {
        if let Some(id) = self.reserve(wish, false) {
            self.post(id, false);
        }
    }

    pub(crate) fn flush(&mut self) {
        self.desk().flush();
        if self.now_ms().is_multiple_of(3) {
            self.desk().engine.forget_stock();
        }
        self.compare();
        self.flushed = (self.books.clone(), self.granted.clone());
    }

    pub(crate) fn restart(&mut self) {
        self.desk = self.desk.take().map(Desk::restart);
    }
}
