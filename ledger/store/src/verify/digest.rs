//! Sets of rows too large for memory, compared by a sum.
//!
//! Each row is hashed under two secret random keys to 128 bits, and the hashes are added up: the order
//! does not matter, rows are unique, and nobody who does not know the keys can make two different
//! sets sum to the same. Only where the sums differ are the rows looked at one by one.

use std::hash::{BuildHasher, Hash, RandomState};

/// The secret keys of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct RowKeys(RandomState, RandomState);

impl RowKeys {
    /// The hash of a row.
    pub(super) fn hash(&self, row: impl Hash) -> u128 {
        u128::from(self.0.hash_one(&row)) << 64 | u128::from(self.1.hash_one(&row))
    }

    /// Half of such a hash: only for finding again what is compared itself then.
    pub(super) fn short(&self, key: impl Hash) -> u64 {
        self.0.hash_one(key)
    }
}

/// A sum of hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum(u128);

impl Sum {
    /// Adds a row.
    pub(super) fn add(&mut self, hash: u128) {
        self.0 = self.0.wrapping_add(hash);
    }

    /// Takes a row away again.
    pub(super) fn take(&mut self, hash: u128) {
        self.0 = self.0.wrapping_sub(hash);
    }
}
