//! Rebuilds in memory what is in stock and what is open, and compares it with `balance` and `live`.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::Entry;
use rusqlite::Connection;

use super::{Findings, What};
use crate::{
    StoreError,
    projection::{lot, movement, postings, unsigned},
};

type Place = (String, String, String);

/// Balances and open things, as the journal makes them.
#[derive(Debug, Default)]
pub(super) struct Sums {
    balances: BTreeMap<Place, i128>,
    live: BTreeMap<String, BTreeSet<u64>>,
}

impl Sums {
    /// Adds an entry; reports where physical stock goes below zero.
    pub(super) fn apply(&mut self, entry: &Entry, findings: &mut Findings) {
        let live = entry.live();
        for key in &live.closes {
            self.live.remove(key);
        }
        for key in live.touches {
            self.live.entry(key).or_default().insert(entry.seq);
        }
        let Some(movement) = movement(entry) else { return };
        let mut taken = BTreeSet::new();
        for line in &movement.lines {
            for (location, quantity) in postings(line) {
                let place =
                    (line.item.to_string(), lot(line).to_owned(), location.as_str().to_owned());
                if location.is_physical() {
                    taken.insert(place.clone());
                }
                *self.balances.entry(place).or_default() += i128::from(quantity);
            }
        }
        for place in taken {
            match self.balances.get(&place) {
                Some(0) => {
                    self.balances.remove(&place);
                }
                Some(sum) if *sum < 0 && !findings.about(entry.seq) => {
                    let (seq, name) = (entry.seq, place_name(&place));
                    let message = format!("entry {seq}: {name} would be {sum} after it");
                    findings.add(Some(seq), What::Rule, message);
                }
                _ => {}
            }
        }
    }

    /// Compares both tables.
    pub(super) fn compare(
        mut self,
        connection: &Connection,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        self.compare_live(connection, findings)?;
        self.balances.retain(|_, sum| *sum != 0);
        let sql = "SELECT item, lot, location, quantity FROM balance ORDER BY item, lot, location";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let place: Place = (row.get(0)?, row.get(1)?, row.get(2)?);
            let stored: i64 = row.get(3)?;
            let sum = self.balances.remove(&place).unwrap_or(0);
            if sum != i128::from(stored) || stored == 0 {
                let name = place_name(&place);
                let message = format!("{name} is {stored} in balance, the journal says {sum}");
                findings.add(None, What::Balance, message);
            }
        }
        for (place, sum) in &self.balances {
            let name = place_name(place);
            let message = format!("{name} is missing in balance, the journal says {sum}");
            findings.add(None, What::Balance, message);
        }
        Ok(())
    }

    fn compare_live(
        &mut self,
        connection: &Connection,
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let mut statement = connection.prepare("SELECT key, seq FROM live")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (key, seq): (String, u64) = (row.get(0)?, unsigned(row, 1)?);
            let known = self.live.get_mut(&key).is_some_and(|seqs| seqs.remove(&seq));
            if !known && !findings.about(seq) {
                let message =
                    format!("entry {seq}: live says it keeps {key} open, but it does not");
                findings.add(Some(seq), What::Live, message);
            }
        }
        for (key, seqs) in &self.live {
            for seq in seqs.iter().filter(|seq| !findings.about(**seq)).collect::<Vec<_>>() {
                let message = format!("entry {seq}: it keeps {key} open, but live does not say so");
                findings.add(Some(*seq), What::Live, message);
            }
        }
        Ok(())
    }
}

fn place_name((item, lot, location): &Place) -> String {
    let lot = if lot.is_empty() { String::new() } else { format!(" lot {lot}") };
    format!("stock of {item}{lot} at {location}")
}
