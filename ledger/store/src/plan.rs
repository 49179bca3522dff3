//! One group on its way into a database, as far as no database is needed: the checks of each entry,
//! its bytes, its leaf, the nodes that the tree gains, the signed checkpoint.
//!
//! Invariants: entries come in sequence; nothing is signed that breaks a rule of an entry by itself.
//! Absent: what the group makes of the projections (`rows`), and any statement.

use gatewarden_model::{Entry, Hash, canonical::Encoder};

use crate::{
    StoreError, credential,
    keys::Keys,
    ledger::{ENTRY_BYTES_MAX, GROUP_ENTRIES_MAX, Group},
    merkle::{Frontier, StoredNode, leaf_hash},
    note::Checkpoint,
    projection,
};

/// A group, ready to be written.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Of each entry, in the order of the group: its leaf and its canonical bytes.
    pub(crate) leaves: Vec<(Hash, String)>,
    /// What the tree keeps beside the leaves.
    pub(crate) nodes: Vec<StoredNode>,
    /// The tree's edge after the group.
    pub(crate) frontier: Frontier,
    /// The signed checkpoint; none for a group without entries.
    pub(crate) checkpoint: Option<String>,
}

impl Plan {
    /// Checks the entries one by one, encodes and hashes them, and signs the new tree with the key
    /// that is in force before the group; where the group puts another key in force, with that one
    /// too: so it covers what came before it from its first moment on, and is proven to be at hand.
    pub(crate) fn new(group: &Group, edge: &Frontier, keys: &Keys) -> Result<Self, StoreError> {
        let (found, max) = (group.entries.len(), GROUP_ENTRIES_MAX);
        if found > max {
            return Err(StoreError::GroupTooLarge { found, max });
        }
        credential::check(group)?;
        let (mut frontier, mut nodes) = (edge.clone(), Vec::new());
        let mut leaves = Vec::with_capacity(found);
        let mut encoder = Encoder::new();
        for entry in &group.entries {
            let (expected, found) = (frontier.size(), entry.seq);
            if expected != found {
                return Err(StoreError::Sequence { expected, found });
            }
            let text = encode(entry, &mut encoder)?;
            let leaf = leaf_hash(text.as_bytes());
            frontier.push(leaf, &mut nodes);
            leaves.push((leaf, text));
        }
        let checkpoint = (found > 0).then(|| {
            let origin = keys.origin().to_owned();
            let (size, root) = (frontier.size(), frontier.root());
            let checkpoint = Checkpoint { origin, size, root };
            let mut note = checkpoint.sign(keys.current());
            if let Some(next) = group.entries.iter().rev().find_map(|entry| keys.named_by(entry)) {
                note.push_str(&checkpoint.signature(next));
            }
            note
        });
        Ok(Self { leaves, nodes, frontier, checkpoint })
    }
}

fn encode(entry: &Entry, encoder: &mut Encoder) -> Result<String, StoreError> {
    let seq = entry.seq;
    projection::check_entry(entry).map_err(|rule| StoreError::Rule { seq, rule })?;
    let bytes = encoder.encode(entry).map_err(|source| StoreError::Entry { seq, source })?;
    let rule = if bytes.len() > ENTRY_BYTES_MAX {
        format!("its {} bytes are beyond the bound of {ENTRY_BYTES_MAX}", bytes.len())
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) => return Ok(text.to_owned()),
            Err(_) => "it is not UTF-8".to_owned(),
        }
    };
    Err(StoreError::Rule { seq, rule })
}
