//! Sets of rows too large for memory, compared by a sum.
//!
//! Each row is hashed under a secret random key to 128 bits, and the hashes are added up: the order
//! does not matter, rows are unique, and nobody who does not know the key can make two different
//! sets sum to the same. Only where the sums differ are the rows looked at one by one.

use std::hash::{Hash, Hasher};

use siphasher::sip128::{Hash128, Hasher128, SipHasher13};

/// The secret key of one run.
#[derive(Debug, Clone)]
pub(super) struct RowKeys(SipHasher13);

impl RowKeys {
    /// A new key.
    pub(super) fn new() -> Self {
        Self(SipHasher13::new_with_keys(rand::random(), rand::random()))
    }

    fn hash128(&self, row: impl Hash) -> Hash128 {
        let mut hasher = self.0;
        row.hash(&mut hasher);
        hasher.finish128()
    }

    /// The hash of a row.
    pub(super) fn hash(&self, row: impl Hash) -> u128 {
        self.hash128(row).as_u128()
    }

    /// Half of such a hash: only for finding again what is compared itself then.
    pub(super) fn short(&self, key: &str) -> u64 {
        let mut hasher = self.0;
        hasher.write(key.as_bytes());
        hasher.finish128().h1
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
