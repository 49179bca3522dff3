//! Passes in quarantine, and since when.

use std::collections::BTreeMap;

use gatewarden_model::PassId;

/// Most passes that are remembered.
const QUARANTINED_MAX: usize = 20_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Quarantine {
    open: BTreeMap<PassId, i64>,
    overflow: bool,
}

impl Quarantine {
    pub(super) fn overflow(&self) -> bool {
        self.overflow
    }

    pub(super) fn open(&mut self, pass: PassId, at: i64) {
        match self.open.len() < QUARANTINED_MAX {
            true => drop(self.open.insert(pass, at)),
            false => self.overflow = true,
        }
    }

    pub(super) fn close(&mut self, pass: PassId) {
        self.open.remove(&pass);
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// The oldest, and since when.
    pub(super) fn oldest(&self) -> Option<(PassId, i64)> {
        self.open.iter().min_by_key(|(_, at)| **at).map(|(pass, at)| (*pass, *at))
    }
}
