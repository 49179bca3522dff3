//! The Merkle tree of RFC 6962, section 2.1: hashes, the growing edge, inclusion and consistency.
//!
//! A leaf is SHA-256(0x00 ‖ bytes), an inner node SHA-256(0x01 ‖ left ‖ right). Storage keeps, like
//! the tiles of C2SP tlog-tiles, only the roots of complete subtrees whose height is a multiple of
//! eight: at tile level L, number n is the root over leaves `n·256^L .. (n+1)·256^L`. Everything
//! else is folded from at most 128 of them. Here is no I/O; `NodeSource` is where hashes come from.

use gatewarden_model::Hash;
use sha2::{Digest, Sha256};

/// Heights between two tile levels.
const TILE_HEIGHT: u32 = 8;

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

/// The root of the empty tree.
#[must_use]
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// Where the stored hashes come from.
pub trait NodeSource {
    /// Why a hash can't be had.
    type Error;

    /// `count` (at most 128) neighbouring hashes of tile level `level`, from number `first` on.
    fn nodes(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error>;
}

/// The growing edge of a tree: the roots of the complete subtrees that its size is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// From the largest subtree to the smallest; one for each bit set in `size`.
    peaks: Vec<Hash>,
}

/// A hash that storage keeps: the root of a complete subtree at a tile level above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredNode {
    /// Its tile level, from 1.
    pub level: u32,
    /// Its number in the level, from 0.
    pub number: u64,
    /// The hash.
    pub hash: Hash,
}

impl Frontier {
    /// The edge of the stored tree of `size` leaves.
    pub fn load<S: NodeSource>(source: &S, size: u64) -> Result<Self, S::Error> {
        let mut peaks = Vec::new();
        let mut start = 0;
        for height in (0..64).rev().filter(|h| size >> h & 1 == 1) {
            peaks.push(subtree(source, height, start >> height)?);
            start += 1 << height;
        }
        Ok(Self { size, peaks })
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; puts what storage must keep (beside the leaf itself) into `stored`.
    pub fn push(&mut self, leaf: Hash, stored: &mut Vec<StoredNode>) {
        let mut node = leaf;
        // Each trailing 1 bit of the old size is a complete subtree that the new node completes.
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
            if height % TILE_HEIGHT == 0 {
                let (level, number) = (height / TILE_HEIGHT, self.size >> height);
                stored.push(StoredNode { level, number, hash: node });
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(&last) = peaks.next() else { return empty_root() };
        peaks.fold(last, |right, left| node_hash(left, &right))
    }
}

/// The root of the complete subtree over leaves `number << height .. (number + 1) << height`.
fn subtree<S: NodeSource>(source: &S, height: u32, number: u64) -> Result<Hash, S::Error> {
    let spare = height % TILE_HEIGHT;
    let mut row = source.nodes(height / TILE_HEIGHT, number << spare, 1 << spare)?;
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    Ok(row.first().copied().unwrap_or_else(empty_root))
}

/// The largest power of two smaller than `n` (`n` at least 2).
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// The root over leaves `low..high`, where `low` is a multiple of every complete subtree inside.
fn range<S: NodeSource>(source: &S, low: u64, high: u64) -> Result<Hash, S::Error> {
    let count = high - low;
    if count == 0 {
        return Ok(empty_root());
    }
    if count.is_power_of_two() {
        let height = count.trailing_zeros();
        return subtree(source, height, low >> height);
    }
    let k = split(count);
    Ok(node_hash(&range(source, low, low + k)?, &range(source, low + k, high)?))
}

/// The root of the tree when it had `size` leaves.
pub fn root_at<S: NodeSource>(source: &S, size: u64) -> Result<Hash, S::Error> {
    range(source, 0, size)
}

/// The proof that leaf `index` is in the tree of `size` leaves (`index < size`): the siblings from
/// the leaf up (RFC 6962, 2.1.1). `None` where the leaf is not in the tree.
pub fn inclusion<S: NodeSource>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Option<Vec<Hash>>, S::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut path = Vec::new();
    let (mut low, mut high) = (0, size);
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            path.push(range(source, middle, high)?);
            high = middle;
        } else {
            path.push(range(source, low, middle)?);
            low = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// The proof that the tree of `old` leaves is a prefix of that of `new` (RFC 6962, 2.1.2).
/// `None` where `old > new`; empty where there is nothing to prove (`old` is 0 or `new`).
pub fn consistency<S: NodeSource>(
    source: &S,
    old: u64,
    new: u64,
) -> Result<Option<Vec<Hash>>, S::Error> {
    if old > new {
        return Ok(None);
    }
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(Some(path));
    }
    let (mut low, mut high, mut whole) = (0, new, true);
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            path.push(range(source, middle, high)?);
            high = middle;
        } else {
            path.push(range(source, low, middle)?);
            low = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(range(source, low, high)?);
    }
    path.reverse();
    Ok(Some(path))
}

/// The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); `None` if its shape is wrong.
#[must_use]
pub fn root_of_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut position, mut last, mut node) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if position & 1 == 1 || position == last {
            node = node_hash(sibling, &node);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        position >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(node)
}

/// Whether `path` proves that the tree (`old`, `old_root`) is a prefix of (`new`, `new_root`)
/// (RFC 9162, 2.1.4.2).
#[must_use]
pub fn is_consistent(old: u64, old_root: Hash, new: u64, new_root: Hash, path: &[Hash]) -> bool {
    if old == 0 || old == new {
        let same = if old == 0 { old_root == empty_root() } else { old_root == new_root };
        return old <= new && path.is_empty() && same;
    }
    if old > new {
        return false;
    }
    let (mut first, mut last) = (old - 1, new - 1);
    let shift = first.trailing_ones();
    first >>= shift;
    last >>= shift;
    let mut rest = path.iter();
    let seed = if old.is_power_of_two() { Some(&old_root) } else { rest.next() };
    let Some(&seed) = seed else { return false };
    let (mut old_node, mut new_node) = (seed, seed);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if first & 1 == 1 || first == last {
            old_node = node_hash(hash, &old_node);
            new_node = node_hash(hash, &new_node);
            while first & 1 == 0 && first != 0 {
                first >>= 1;
                last >>= 1;
            }
        } else {
            new_node = node_hash(&new_node, hash);
        }
        first >>= 1;
        last >>= 1;
    }
    last == 0 && old_node == old_root && new_node == new_root
}
