//! Passes in quarantine, and since when.
//!
//! Invariants: how many there are is exact, whatever is remembered of them; at most [`QUARANTINED_MAX`] are
//! remembered, those that came first. Where only such are left that are not, the oldest is not told.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::PassId;

/// Most passes that are remembered.
const QUARANTINED_MAX: usize = 20_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Quarantine {
    open: BTreeMap<PassId, i64>,
    by_age: BTreeSet<(i64, PassId)>,
    /// How many more there are.
    others: usize,
    overflow: bool,
}

/// The oldest pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oldest {
    None,
    Pass(PassId, i64),
    NotRemembered,
}

impl Quarantine {
    pub(super) fn overflow(&self) -> bool {
        self.overflow
    }

    pub(super) fn open(&mut self, pass: PassId, at: i64) {
        if self.open.contains_key(&pass) {
            return;
        }
        if self.open.len() >= QUARANTINED_MAX {
            (self.others, self.overflow) = (self.others + 1, true);
            return;
        }
        self.open.insert(pass, at);
        self.by_age.insert((at, pass));
    }

    pub(super) fn close(&mut self, pass: PassId) {
        match self.open.remove(&pass) {
            Some(at) => drop(self.by_age.remove(&(at, pass))),
            None => self.others = self.others.saturating_sub(1),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.open.len() + self.others
    }

    /// The oldest, and since when.
    pub(super) fn oldest(&self) -> Oldest {
        match self.by_age.first() {
            Some((at, pass)) => Oldest::Pass(*pass, *at),
            None if self.others == 0 => Oldest::None,
            None => Oldest::NotRemembered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(n: u128) -> PassId {
        PassId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn how_many_there_are_is_exact_beyond_the_bound() {
        let mut quarantine = Quarantine::default();
        let many = QUARANTINED_MAX as u128 + 3;
        for n in 0..many {
            quarantine.open(pass(n), i64::try_from(n).unwrap_or(0));
        }
        quarantine.open(pass(0), 99);
        assert_eq!(quarantine.len() as u128, many, "once each");
        for n in 0..many - 1 {
            assert_ne!(quarantine.oldest(), Oldest::None);
            quarantine.close(pass(n));
        }
        assert_eq!((quarantine.len(), quarantine.oldest()), (1, Oldest::NotRemembered));
        quarantine.close(pass(many - 1));
        assert_eq!((quarantine.len(), quarantine.oldest()), (0, Oldest::None));
    }
}
