//! Where things are. In the stock are only those of the entry that is replayed just now; those in the
//! house are kept small (`house`). Of those that have left it only a digest of the key is kept and the
//! entry from which all that is known of them follows: one that comes back is read from that entry
//! again. The rows of the table are compared by a sum, and one by one where that differs.

use std::collections::{BTreeMap, HashMap};

use gatewarden_model::{Body, Entry, Movement, MovementLine};
use gatewarden_stock::{Stock, ThingFacts};

use super::{
    Findings, What,
    digest::{RowKeys, Sum},
    house::House,
    source::{Cell, Source, Table},
};
use crate::{
    StoreError,
    projection::{movement, number},
    rows::{none_or, thing_words},
};

/// The map of what has left is cut into so many pieces, because one that grows is held twice for a
/// moment.
const PIECES: usize = 64;

/// What the stock need not know just now.
#[derive(Debug)]
pub(super) struct Gone {
    keys: RowKeys,
    house: House,
    /// By a hash of the key: the last entry about it. Two keys with one hash do no harm: the entry
    /// tells them apart, and the second stays where it is.
    pieces: Vec<HashMap<u64, u64>>,
    sum: Sum,
}

impl Gone {
    pub(super) fn new(keys: RowKeys) -> Self {
        let house = House::new(keys.clone());
        Self { keys, house, pieces: vec![HashMap::new(); PIECES], sum: Sum::default() }
    }

    fn piece(&mut self, short: u64) -> &mut HashMap<u64, u64> {
        // The map itself takes its places from other bits.
        &mut self.pieces[(short >> 32) as usize % PIECES]
    }

    /// Puts into the stock what is known of the things that an entry is about.
    pub(super) fn recall(
        &mut self,
        entry: &Entry,
        stock: &mut Stock,
        past: &dyn Source,
    ) -> Result<(), StoreError> {
        for key in things(entry) {
            if stock.thing(key).is_some() {
                continue;
            }
            if let Some(facts) = self.take(past, key)? {
                self.sum.take(facts_hash(&self.keys, key, &facts));
                stock.put_thing(key.to_owned(), facts);
            }
        }
        Ok(())
    }

    /// Takes the things of a replayed entry out of the stock.
    pub(super) fn dismiss(&mut self, entry: &Entry, stock: &mut Stock) {
        let moved = movement(entry);
        let out = moved.is_some_and(|m| m.lines.iter().any(|line| !line.to.holds_stock()));
        let left = moved.filter(|_| out).map(last_lines).unwrap_or_default();
        for key in things(entry) {
            let Some(facts) = stock.take_thing(key) else { continue };
            let hash = facts_hash(&self.keys, key, &facts);
            let told = left.get(key).is_some_and(|line| {
                !line.to.holds_stock() && facts == ThingFacts::of_line(line, entry.seq)
            });
            let short = self.keys.short(key);
            if told && !self.piece(short).contains_key(&short) {
                self.piece(short).insert(short, entry.seq);
            } else if let Some(facts) = self.house.put(key, facts) {
                stock.put_thing(key.to_owned(), facts);
                continue;
            }
            self.sum.add(hash);
        }
    }

    /// The sum of all rows, with those of the stock.
    pub(super) fn sum(&self, stock: &Stock) -> Sum {
        let mut sum = self.sum;
        for (key, facts) in stock.things() {
            sum.add(facts_hash(&self.keys, key, facts));
        }
        sum
    }

    /// Names each row that is not as the journal says.
    pub(super) fn locate(
        mut self,
        stock: &Stock,
        source: &dyn Source,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let mut missing: BTreeMap<&str, &ThingFacts> = stock.things().collect();
        source.rows(Table::Thing, false, &mut |row| {
            let (key, stored) = (row[0].text(), row_words(row));
            let told = match missing.remove(key) {
                Some(facts) => Some(thing_words(facts)),
                None => self.take(source, key)?.map(|facts| thing_words(&facts)),
            };
            let message = match told {
                Some(words) if words == stored => return Ok(()),
                Some(words) => {
                    format!("thing {key}: thing says {stored}; the journal says {words}")
                }
                None => format!("thing {key}: thing says {stored}; the journal knows of none"),
            };
            findings.add(None, What::Thing, message);
            Ok(())
        })?;
        for (key, facts) in missing {
            add_missing(key, facts, findings);
        }
        self.add_kept(source, findings)?;
        let mut left: Vec<(u64, u64)> = self.pieces.drain(..).flatten().collect();
        left.sort_unstable_by_key(|(_, seq)| *seq);
        for (at, (short, seq)) in left.iter().enumerate() {
            if findings.is_full() {
                findings.skip((left.len() - at) as u64);
                break;
            }
            self.add_gone(source, *short, *seq, findings)?;
        }
        Ok(())
    }

    /// What is known of a thing, which is not known here any more then.
    fn take(&mut self, source: &dyn Source, key: &str) -> Result<Option<ThingFacts>, StoreError> {
        if let Some(facts) = self.house.take(key) {
            return Ok(Some(facts));
        }
        let short = self.keys.short(key);
        let Some(seq) = self.piece(short).get(&short).copied() else { return Ok(None) };
        let facts = facts_at(source, seq, key)?;
        if facts.is_some() {
            self.piece(short).remove(&short);
        }
        Ok(facts)
    }

    /// Tells of the things in the house that the table does not have.
    fn add_kept(&mut self, source: &dyn Source, findings: &mut Findings) -> Result<(), StoreError> {
        let kept = self.house.all();
        for (at, (seq, digest)) in kept.iter().enumerate() {
            if findings.is_full() {
                findings.skip((kept.len() - at) as u64);
                break;
            }
            let Some(entry) = read(source, *seq)? else { continue };
            let key = things(&entry).find(|key| self.house.is_of(*digest, key));
            if let Some((key, facts)) = key.and_then(|key| Some((key, self.house.take(key)?))) {
                add_missing(key, &facts, findings);
            }
        }
        Ok(())
    }

    /// Tells of the things of an entry that the table does not have.
    fn add_gone(
        &self,
        source: &dyn Source,
        short: u64,
        seq: u64,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let Some(entry) = read(source, seq)? else { return Ok(()) };
        let Some(movement) = movement(&entry) else { return Ok(()) };
        for (key, line) in last_lines(movement) {
            if self.keys.short(key) == short {
                add_missing(key, &ThingFacts::of_line(line, seq), findings);
            }
        }
        Ok(())
    }
}

fn add_missing(key: &str, facts: &ThingFacts, findings: &mut Findings) {
    let words = thing_words(facts);
    let message = format!("thing {key}: it is missing in thing, the journal says {words}");
    findings.add(None, What::Thing, message);
}

/// The keys of the things that an entry asks after or moves.
fn things(entry: &Entry) -> impl Iterator<Item = &str> {
    let (lines, tag) = match &entry.body {
        Body::Moved { movement, .. } => (movement.lines.as_slice(), None),
        Body::Commissioned { tag, .. } | Body::Decommissioned { tag, .. } => (&[][..], Some(tag)),
        _ => (&[][..], None),
    };
    lines.iter().flat_map(|line| &line.things).chain(tag).map(String::as_str)
}

/// Each thing of a movement with the last line that moved it.
fn last_lines(movement: &Movement) -> HashMap<&str, &MovementLine> {
    let lines = movement.lines.iter();
    lines.flat_map(|line| line.things.iter().map(move |key| (key.as_str(), line))).collect()
}

fn read(source: &dyn Source, seq: u64) -> Result<Option<Entry>, StoreError> {
    Ok(source.bytes(seq)?.and_then(|bytes| Entry::decode(&bytes).ok()))
}

/// What the entry that a thing left with says of it.
fn facts_at(source: &dyn Source, seq: u64, key: &str) -> Result<Option<ThingFacts>, StoreError> {
    let entry = read(source, seq)?;
    let lines = entry.as_ref().and_then(movement).map(last_lines).unwrap_or_default();
    Ok(lines.get(key).map(|line| ThingFacts::of_line(line, seq)))
}

fn facts_hash(keys: &RowKeys, key: &str, facts: &ThingFacts) -> u128 {
    let ThingFacts { item, lot, serial, tid, place, unit, commissioned, seq } = facts;
    keys.hash((
        key,
        item.as_ref().map_or("", |item| item.as_str()),
        lot.as_deref().unwrap_or_default(),
        serial.as_deref().unwrap_or_default(),
        tid.as_ref().map_or_else(String::new, ToString::to_string).as_str(),
        place.as_ref().map_or("", |place| place.as_str()),
        unit.as_deref().unwrap_or_default(),
        i64::from(*commissioned),
        number(*seq),
    ))
}

/// The sum of the table.
pub(super) fn of_table(
    keys: &RowKeys,
    source: &dyn Source,
    pause: &mut dyn FnMut(),
) -> Result<Sum, StoreError> {
    let mut sum = Sum::default();
    source.rows(Table::Thing, false, &mut |row| {
        pause();
        sum.add(match row {
            [key, item, lot, serial, tid, place, unit, commissioned, seq] => keys.hash((
                key.text(),
                item.text(),
                lot.text(),
                serial.text(),
                tid.text(),
                place.text(),
                unit.text(),
                commissioned.int(),
                seq.int(),
            )),
            _ => 0,
        });
        Ok(())
    })?;
    Ok(sum)
}

fn row_words(row: &[Cell<'_>]) -> String {
    let name = |at: usize| none_or(row[at].text());
    format!(
        "item {}, lot {}, serial {}, tid {}, place {}, unit {}, commissioned {}, entry {}",
        name(1),
        name(2),
        name(3),
        name(4),
        name(5),
        name(6),
        row[7].int(),
        row[8].int()
    )
}
