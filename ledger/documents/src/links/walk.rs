//! Walks over the index: where something came from, and all that followed from it.
//!
//! Breadth first, each node once, so that what is nearest stands first and a circle of movements and lots
//! ends. Invariant: a trail has at most [`HOPS_MAX`] hops and says whether it was cut.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;

use super::{Edge, Links, Node};

/// Most hops of one trail.
pub const HOPS_MAX: usize = 10_000;

/// One step of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// How far from the start, from 1.
    pub depth: u32,
    /// From which node.
    pub from: Node,
    /// To which node.
    pub to: Node,
    /// The lines that the edge joins.
    pub edges: BTreeSet<Edge>,
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Trail {
    /// The steps, the nearest first.
    pub hops: Vec<Hop>,
    /// Whether there is more beyond.
    pub cut: bool,
}

impl Trail {
    /// The nodes that were reached, the nearest first.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.hops.iter().map(|hop| &hop.to)
    }
}

impl Links {
    /// All that something follows from, in at most `depth` steps and `hops` nodes.
    #[must_use]
    pub fn origin_of(&self, start: &Node, depth: u32, hops: usize) -> Trail {
        let next = |node: &Node| -> Vec<Node> {
            self.origins(node).map(|(origin, _)| origin.clone()).collect()
        };
        self.walk(start, (depth, hops), next, |from, to| self.between(from, to))
    }

    /// All that followed from something, in at most `depth` steps and `hops` nodes.
    #[must_use]
    pub fn followed_by(&self, start: &Node, depth: u32, hops: usize) -> Trail {
        let next = |node: &Node| -> Vec<Node> { self.followers(node).cloned().collect() };
        self.walk(start, (depth, hops), next, |from, to| self.between(to, from))
    }

    /// The lines that join what follows with its origin.
    fn between(&self, follower: &Node, origin: &Node) -> BTreeSet<Edge> {
        let edges = self.origins.get(follower).and_then(|origins| origins.get(origin));
        edges.cloned().unwrap_or_default()
    }

    fn walk(
        &self,
        start: &Node,
        (depth_max, hops_max): (u32, usize),
        next: impl Fn(&Node) -> Vec<Node>,
        edges: impl Fn(&Node, &Node) -> BTreeSet<Edge>,
    ) -> Trail {
        let hops_max = hops_max.min(HOPS_MAX);
        let mut trail = Trail::default();
        let mut seen = BTreeSet::from([start.clone()]);
        let mut open = VecDeque::from([(start.clone(), 0)]);
        while let Some((from, depth)) = open.pop_front() {
            for to in next(&from) {
                if seen.contains(&to) {
                    continue;
                }
                if depth >= depth_max || trail.hops.len() >= hops_max {
                    trail.cut = true;
                    continue;
                }
                seen.insert(to.clone());
                let edges = edges(&from, &to);
                let hop = Hop { depth: depth + 1, from: from.clone(), to: to.clone(), edges };
                trail.hops.push(hop);
                open.push_back((to, depth + 1));
            }
        }
        trail
    }
}
