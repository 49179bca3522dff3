//! The set of open things: a sum for each key while the journal is read, compared with that of the
//! table, and gone through row by row where they differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gatewarden_model::{Entry, Live};

use super::{
    Findings, What, decode,
    digest::{RowKeys, Sum},
    source::{Source, Table},
};
use crate::{StoreError, projection::number};

/// What the journal says is open.
#[derive(Debug)]
pub(super) struct Open {
    keys: RowKeys,
    /// By a hash of the key: the sum of its rows, in two halves, which lie closer together.
    sums: HashMap<u64, [u64; 2]>,
    sum: Sum,
}

impl Open {
    pub(super) fn new(keys: RowKeys) -> Self {
        Self { keys, sums: HashMap::new(), sum: Sum::default() }
    }

    /// Adds an entry.
    pub(super) fn apply(&mut self, entry: &Entry) {
        let Live { mut touches, closes } = entry.live();
        for key in &closes {
            if let Some(gone) = self.sums.remove(&self.keys.short(key)) {
                self.sum.take(joined(gone));
            }
        }
        if touches.len() > 1 {
            touches.sort_unstable();
            touches.dedup();
        }
        for key in &touches {
            let row = row_hash(&self.keys, key, number(entry.seq));
            let of_key = self.sums.entry(self.keys.short(key)).or_default();
            *of_key = halves(joined(*of_key).wrapping_add(row));
            self.sum.add(row);
        }
    }

    /// The sum of all rows.
    pub(super) fn sum(&self) -> Sum {
        self.sum
    }
}

fn joined([high, low]: [u64; 2]) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

fn halves(sum: u128) -> [u64; 2] {
    // The halves are cut on purpose.
    [(sum >> 64) as u64, (sum & u128::from(u64::MAX)) as u64]
}

fn row_hash(keys: &RowKeys, key: &str, seq: i64) -> u128 {
    keys.hash((key, seq))
}

/// The sum of the table.
pub(super) fn of_table(
    keys: &RowKeys,
    source: &dyn Source,
    pause: &mut dyn FnMut(),
) -> Result<Sum, StoreError> {
    let mut sum = Sum::default();
    source.rows(Table::Live, false, &mut |row| {
        pause();
        sum.add(row_hash(keys, row[0].text(), row[1].int()));
        Ok(())
    })?;
    Ok(sum)
}

/// Reads the journal once more and names each row that only one of them has.
pub(super) fn locate(source: &dyn Source, findings: &mut Findings) -> Result<(), StoreError> {
    let mut open: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    source.entries(&mut |seq, _, bytes| {
        // What can't be read was told.
        let Ok(entry) = decode::entry(seq, bytes) else { return Ok(()) };
        let live = entry.live();
        for key in &live.closes {
            open.remove(key);
        }
        for key in live.touches {
            open.entry(key).or_default().insert(seq);
        }
        Ok(())
    })?;
    source.rows(Table::Live, false, &mut |row| {
        let (key, seq) = (row[0].text(), row[1].int());
        let place = u64::try_from(seq).unwrap_or(u64::MAX);
        let known = open.get_mut(key).is_some_and(|seqs| seqs.remove(&place));
        if !known && !findings.about(place) {
            let message = format!("entry {seq}: live says it keeps {key} open, but it does not");
            findings.add(Some(place), What::Live, message);
        }
        Ok(())
    })?;
    for (key, seqs) in open {
        for seq in seqs {
            if !findings.about(seq) {
                let message = format!("entry {seq}: it keeps {key} open, but live does not say so");
                findings.add(Some(seq), What::Live, message);
            }
        }
    }
    Ok(())
}
