//! The tree against the vectors of RFC 6962's reference implementation (certificate-transparency-go,
//! `TestingTree` of eight leaves) and against the crate ct-merkle, on random sizes.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use gatewarden_model::Hash;
use gatewarden_proof::merkle::{
    Frontier, NodeSource, StoredNode, consistency, empty_root, inclusion, is_consistent, leaf_hash,
    root_at, root_of_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;
use std::convert::Infallible;

/// The stored hashes in memory.
#[derive(Default)]
struct Memory {
    leaves: Vec<Hash>,
    nodes: Vec<StoredNode>,
    frontier: Frontier,
}

impl Memory {
    fn push(&mut self, bytes: &[u8]) {
        let leaf = leaf_hash(bytes);
        self.leaves.push(leaf);
        self.frontier.push(leaf, &mut self.nodes);
    }

    fn of(count: u64) -> Self {
        let mut memory = Self::default();
        (0..count).for_each(|n| memory.push(&n.to_le_bytes()));
        memory
    }
}

impl NodeSource for Memory {
    type Error = Infallible;

    fn nodes(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, Infallible> {
        let (from, to) = (first as usize, (first + count) as usize);
        if level == 0 {
            return Ok(self.leaves[from..to].to_vec());
        }
        let row: Vec<Hash> =
            self.nodes.iter().filter(|n| n.level == level).map(|n| n.hash).collect();
        Ok(row[from..to].to_vec())
    }
}

/// The leaves of the reference implementation's tree, and its roots at sizes 1 to 8.
const LEAVES: [&[u8]; 8] = [
    &[],
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[
        0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e,
        0x6f,
    ],
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_reference_trees_roots() {
    let mut memory = Memory::default();
    assert_eq!(
        empty_root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(memory.frontier.root(), empty_root());
    for (leaf, root) in LEAVES.iter().zip(ROOTS) {
        memory.push(leaf);
        assert_eq!(memory.frontier.root().to_string(), root);
    }
    for (size, root) in (1..).zip(ROOTS) {
        assert_eq!(root_at(&memory, size).unwrap().to_string(), root);
    }
}

#[test]
fn the_reference_trees_proofs() {
    let mut memory = Memory::default();
    LEAVES.iter().for_each(|leaf| memory.push(leaf));
    let hex = |path: Vec<Hash>| path.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        hex(inclusion(&memory, 5, 8).unwrap().unwrap()),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        hex(consistency(&memory, 6, 8).unwrap().unwrap()),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(inclusion(&memory, 8, 8).unwrap(), None);
    assert_eq!(consistency(&memory, 9, 8).unwrap(), None);
}

#[test]
fn every_pair_of_small_sizes_proves_and_nothing_else_does() {
    let memory = Memory::of(40);
    let roots: Vec<Hash> = (0..=40).map(|n| root_at(&memory, n).unwrap()).collect();
    for new in 0..=40u64 {
        for old in 0..=new {
            let path = consistency(&memory, old, new).unwrap().unwrap();
            let (a, b) = (roots[old as usize], roots[new as usize]);
            assert!(is_consistent(old, a, new, b, &path), "{old} {new}");
            assert!(!is_consistent(old, Hash::of(b"x"), new, b, &path), "{old} {new}");
            assert!(old == 0 || !is_consistent(old, a, new, Hash::of(b"x"), &path));
            let longer = [&path[..], &[a]].concat();
            assert!(!is_consistent(old, a, new, b, &longer), "{old} {new}");
        }
        for index in 0..new {
            let path = inclusion(&memory, index, new).unwrap().unwrap();
            let leaf = leaf_hash(&index.to_le_bytes());
            let root = Some(roots[new as usize]);
            assert_eq!(root_of_inclusion(leaf, index, new, &path), root);
            assert_ne!(root_of_inclusion(leaf_hash(b"x"), index, new, &path), root);
            assert_eq!(root_of_inclusion(leaf, index, new, &[&path[..], &[leaf]].concat()), None);
            if let Some((_, shorter)) = path.split_first() {
                assert_ne!(root_of_inclusion(leaf, index, new, shorter), root);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn roots_and_proofs_are_those_of_ct_merkle(
        new in 1u64..3000,
        old_share in 0.0f64..1.0,
        index_share in 0.0f64..1.0,
    ) {
        let share = |part: f64| ((new as f64 * part) as u64).min(new - 1);
        let (old, index) = (share(old_share).max(1), share(index_share));
        let memory = Memory::of(new);
        let mut oracle = MemoryBackedTree::<Sha256, [u8; 8]>::new();
        (0..new).for_each(|n| oracle.push(n.to_le_bytes()));
        let theirs = oracle.root().as_bytes().to_vec();
        prop_assert_eq!(memory.frontier.root().0.to_vec(), theirs);
        prop_assert_eq!(root_at(&memory, new).unwrap(), memory.frontier.root());
        prop_assert_eq!(&Frontier::load(&memory, new).unwrap(), &memory.frontier);
        let bytes = |path: Vec<Hash>| path.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
        let mine = bytes(inclusion(&memory, index, new).unwrap().unwrap());
        let theirs = oracle.prove_inclusion(index as usize);
        prop_assert_eq!(mine.as_slice(), theirs.as_bytes());
        let mine = bytes(consistency(&memory, old, new).unwrap().unwrap());
        if old < new {
            let theirs = oracle.prove_consistency((new - old) as usize);
            prop_assert_eq!(mine.as_slice(), theirs.as_bytes());
        }
    }

    #[test]
    fn a_tree_that_goes_on_from_its_stored_edge_is_the_same(first in 0u64..600, more in 1u64..600) {
        let mut memory = Memory::of(first);
        memory.frontier = Frontier::load(&memory, first).unwrap();
        (first..first + more).for_each(|n| memory.push(&n.to_le_bytes()));
        let whole = Memory::of(first + more);
        prop_assert_eq!(memory.frontier, whole.frontier);
        prop_assert_eq!(memory.nodes, whole.nodes);
    }
}
