//! A log in memory, whole and plain: every hash is computed from the leaves each time.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::convert::Infallible;

use gatewarden_model::Hash;
use gatewarden_proof::{
    Checkpoint, SigningKey,
    merkle::{NodeSource, consistency, inclusion, leaf_hash, node_hash, root_at},
};

pub(crate) fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

/// The leaves of a log called `dock-1`.
pub(crate) struct Log {
    pub(crate) entries: Vec<Vec<u8>>,
}

impl Log {
    pub(crate) fn of(count: u64) -> Self {
        Self { entries: (0..count).map(|n| format!("{{\"seq\":{n},\"v\":1}}").into()).collect() }
    }

    /// As `of`, but another history from `at` on.
    pub(crate) fn forked(count: u64, at: u64) -> Self {
        let mut log = Self::of(count);
        log.entries[at as usize..].iter_mut().for_each(|entry| entry.push(b' '));
        log
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        root_at(self, size).unwrap()
    }

    pub(crate) fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint { origin: "dock-1".into(), size, root: self.root(size) }
    }

    pub(crate) fn note(&self, size: u64, key: &SigningKey) -> String {
        self.checkpoint(size).sign(key)
    }

    pub(crate) fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        consistency(self, old, new).unwrap().unwrap()
    }

    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion(self, index, size).unwrap().unwrap()
    }
}

impl NodeSource for Log {
    type Error = Infallible;

    fn nodes(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, Infallible> {
        let width = 1 << (8 * level);
        Ok((first..first + count).map(|n| self.complete(n * width, width)).collect())
    }
}

impl Log {
    fn complete(&self, from: u64, count: u64) -> Hash {
        if count == 1 {
            return leaf_hash(&self.entries[from as usize]);
        }
        let half = count / 2;
        node_hash(&self.complete(from, half), &self.complete(from + half, half))
    }
}
