//! The books of somebody outside: what was acknowledged, what was asked for, and what the file says
//! after each kill. Cheap enough to be asked hundreds of times; `ledger verify` does the rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use gatewarden_tests::{Journal, read_rows};
use serde_json::Value;

/// An acknowledgement or a record: the kind of entry, and the id in it.
pub(crate) type Fact = (&'static str, String);

/// What the callers of the API noted.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Acknowledged: must be there, once.
    pub(crate) told: Vec<Fact>,
    /// Asked for, whatever came back: nothing else may be there.
    pub(crate) asked: BTreeSet<String>,
}

/// What the journal said so far.
#[derive(Debug, Default)]
pub(crate) struct Books {
    size: u64,
    facts: BTreeMap<Fact, u32>,
    stock: BTreeMap<(String, String), i64>,
    things: BTreeSet<String>,
    /// Acknowledgements that were looked up.
    checked: usize,
}

impl Books {
    /// How many movements stand in the journal.
    pub(crate) fn movements(&self) -> usize {
        self.facts.keys().filter(|(kind, _)| *kind == "moved").count()
    }

    /// Reads what is new in a ledger whose daemon is dead, and checks it against the notes.
    pub(crate) fn read_on(&mut self, ledger: &Path, notes: &Notes) {
        let new = Journal::since(ledger, self.size);
        for entry in &new.0 {
            assert_eq!(entry["seq"], self.size, "the sequence has a hole");
            self.size += 1;
            self.enter(&entry["body"], notes);
        }
        self.nothing_is_half(ledger);
        for fact in &notes.told[self.checked..] {
            let times = self.facts.get(fact).copied().unwrap_or_default();
            assert_eq!(times, 1, "acknowledged, and so often in the journal: {fact:?}");
        }
        self.checked = notes.told.len();
    }

    fn enter(&mut self, body: &Value, notes: &Notes) {
        let fact = match body["kind"].as_str().unwrap() {
            "moved" => {
                self.enter_lines(&body["movement"], notes);
                ("moved", &body["movement"]["id"])
            }
            "task-opened" => ("task-opened", &body["task"]["id"]),
            "task-closed" => ("task-closed", &body["task"]),
            "session-opened" => ("session-opened", &body["session"]),
            "reserved" => ("reserved", &body["posting"]["id"]),
            "delivered" => ("delivered", &body["movement"]),
            _ => return,
        };
        let fact = (fact.0, fact.1.as_str().unwrap().to_owned());
        let times = self.facts.entry(fact.clone()).or_default();
        *times += 1;
        assert_eq!(*times, 1, "recorded twice: {fact:?}");
    }

    fn enter_lines(&mut self, movement: &Value, notes: &Notes) {
        let number = movement["document"]["number"].as_str().unwrap();
        assert!(notes.asked.contains(number), "nobody asked for {movement}");
        for line in movement["lines"].as_array().unwrap() {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let quantity = line["quantity"].as_i64().unwrap();
            *self.stock.entry((text("item"), text("from"))).or_default() -= quantity;
            *self.stock.entry((text("item"), text("to"))).or_default() += quantity;
            for thing in line["things"].as_array().unwrap() {
                let thing = thing.as_str().unwrap().to_owned();
                assert!(notes.asked.contains(&thing), "nobody showed {thing}");
                assert!(self.things.insert(thing), "moved in twice: {movement}");
            }
        }
    }

    /// The last checkpoint covers the last entry, and the balances are the sum of the movements.
    fn nothing_is_half(&self, ledger: &Path) {
        let covered: Vec<i64> =
            read_rows(ledger, "SELECT ifnull(max(size), 0) FROM checkpoint", |row| row.get(0));
        assert_eq!(covered, [i64::try_from(self.size).unwrap()], "entries without a checkpoint");
        let sums = "SELECT item, location, sum(quantity) FROM balance GROUP BY 1, 2";
        let kept: BTreeMap<(String, String), i64> =
            read_rows(ledger, sums, |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
                .into_iter()
                .collect();
        let moved = |(_, quantity): &(&(String, String), &i64)| **quantity != 0;
        assert!(
            kept.iter().filter(moved).eq(self.stock.iter().filter(moved)),
            "the balances {kept:?} are not the sum of the movements {:?}",
            self.stock
        );
    }

    /// Everything that was ever acknowledged, once more, and at the ERP every movement once.
    pub(crate) fn close(
        ledger: &Path,
        notes: &Notes,
        erp: &gatewarden_simulators::webhook::SimReceiver,
    ) -> Self {
        let mut books = Self::default();
        books.read_on(ledger, notes);
        let received = erp.received();
        let ids: BTreeSet<&str> = received.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(received.len(), ids.len(), "the ERP booked something twice");
        for wanted in ["moved", "delivered"] {
            let of = books.facts.keys().filter(|(kind, _)| *kind == wanted);
            assert!(
                of.map(|(_, id)| id.as_str()).eq(ids.iter().copied()),
                "{wanted}: not the ERP's"
            );
        }
        assert_eq!((erp.conflicts(), erp.refused(), erp.repeats()), (0, 0, 0));
        books
    }
}
