//! The gate before execution: whether every required signature is there over the current content.
//!
//! It does not believe that an instance was approved: it goes the way of the document again and counts the
//! signatures, each of which must be over the current version, or over an earlier one from which none of
//! the fields that it covers has changed since. Nothing else opens it.

use gatewarden_model::{Hash, NodeId};

use crate::{
    Approve, Instance, Phase, covered,
    seating::{Signature, Standing},
};

/// What keeps the gate shut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The content is another than the one on its way.
    #[error("the approval is about version {0}, and this is another")]
    OtherVersion(Hash),
    /// It is not approved.
    #[error("the approval is {0}")]
    NotApproved(Phase),
    /// Signatures are missing.
    #[error("signatures are missing at {}", list(.0))]
    Signatures(Vec<NodeId>),
}

fn list(nodes: &[NodeId]) -> String {
    let names: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
    names.join(", ")
}

impl Missing {
    /// Its code, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherVersion(_) => "superseded-version",
            Self::NotApproved(_) => "not-approved",
            Self::Signatures(_) => "signatures-missing",
        }
    }
}

impl Instance {
    /// Whether a signature counts at a step: it is over the current version, or nothing that it covers has
    /// changed since, and whoever gave it is not among the authors.
    pub(crate) fn counts(&self, node: &Approve, signature: &Signature) -> bool {
        if self.authors.contains(&signature.by) || self.authors.contains(&signature.of) {
            return false;
        }
        if signature.on == self.digest {
            return true;
        }
        // The last time that it was current; what follows are the changes since.
        let from = self.changes.iter().rposition(|(digest, _)| *digest == signature.on);
        let untouched = |changed| covered(&node.signs, changed).is_empty();
        from.is_some_and(|from| self.changes[from..].iter().all(|(_, changed)| untouched(changed)))
    }

    /// The steps of the way that lack signatures.
    pub(crate) fn unsigned(&self) -> Vec<NodeId> {
        let lacks = |node: &&Approve| {
            let Some(seating) = self.seatings.get(&node.name) else { return true };
            let distinct = |signature: &Signature| {
                let others = node.distinct_from.iter().filter_map(|name| self.seatings.get(name));
                others.into_iter().all(|other| !other.signers().contains(&signature.by))
            };
            let counts =
                |signature: &Signature| self.counts(node, signature) && distinct(signature);
            !seating.passed || seating.standing(node, &counts) != Standing::Passed
        };
        self.way().into_iter().filter(lacks).map(|node| node.name.clone()).collect()
    }

    /// The signatures by which a version may be executed; what is missing where it may not.
    pub fn gate(&self, digest: &Hash) -> Result<Vec<&Signature>, Missing> {
        if *digest != self.digest {
            return Err(Missing::OtherVersion(self.digest));
        }
        if self.phase != Phase::Approved {
            return Err(Missing::NotApproved(self.phase));
        }
        let unsigned = self.unsigned();
        let way = self.way();
        if way.is_empty() || !unsigned.is_empty() {
            return Err(Missing::Signatures(unsigned));
        }
        let seats = way.iter().filter_map(|node| self.seatings.get(&node.name));
        let live = seats.flat_map(crate::Seating::live);
        Ok(live.filter_map(|(_, seat)| seat.decision.as_ref()).collect())
    }
}
