//! What follows from what, both ways: documents, movements, vouchers and lots.
//!
//! An edge leads from what follows to what it follows from: a requisition to its work order, an issue to
//! its requisition and to the lot that it took, the lot to the receipt that brought it, the receipt to its
//! purchase order, a voucher to its movement. Invariants: every edge is there in both directions; documents
//! that name one another by number form no circle (`cycle` is asked before one is put); a walk is bounded
//! and says so where it was cut. Fed by contents and movements, so it can be rebuilt from the journal.
//! Absent: whether what is named exists (`check`).

mod walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use gatewarden_model::{
    Document, DocumentContent, DocumentLink, Hash, ItemId, Movement, MovementId, MovementKind,
};
use serde::Serialize;

pub use walk::{HOPS_MAX, Hop, Trail};

/// Most documents that are looked through for a circle; links to more are refused.
pub const CHAIN_MAX: usize = 100_000;

/// Something that others follow from, or that follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// A document.
    Document(Document),
    /// A movement of stock.
    Movement(MovementId),
    /// The finance voucher of a movement.
    Voucher(MovementId),
    /// A lot of an item.
    Lot(ItemId, String),
}

/// One edge: which lines it joins, where it joins lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The line that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The line that it follows from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
    /// The very version that it follows from, where one is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Hash>,
}

type Edges = BTreeMap<Node, BTreeMap<Node, BTreeSet<Edge>>>;

/// The index.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// From what follows to what it follows from.
    origins: Edges,
    /// The other way round.
    followers: BTreeMap<Node, BTreeSet<Node>>,
}

/// Why links can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// The documents would follow from themselves; the same stands first and last.
    #[error("links: {} would follow from itself: take one of these links out", chain(.0))]
    Cycle(Vec<Document>),
    /// It follows from more than can be looked through.
    #[error("links: it follows from more than {CHAIN_MAX} documents: link it to the nearest alone")]
    Chain,
}

impl LinkFault {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cycle(_) => "link-cycle",
            Self::Chain => "link-chain",
        }
    }
}

fn chain(documents: &[Document]) -> String {
    let names: Vec<String> =
        documents.iter().map(|one| format!("{} {}", one.kind.words(), one.number)).collect();
    names.join(" → ")
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(document) => {
                write!(f, "{} {}", document.kind.words(), document.number)
            }
            Self::Movement(id) => write!(f, "movement {id}"),
            Self::Voucher(id) => write!(f, "voucher of movement {id}"),
            Self::Lot(item, lot) => write!(f, "lot {lot} of {item}"),
        }
    }
}

impl Links {
    /// Whether the links of a version would close a circle. A link that names a version by its digest
    /// closes none: that version was there before.
    pub fn cycle(&self, content: &DocumentContent) -> Result<(), LinkFault> {
        let start = Node::Document(content.document.clone());
        let (mut came_from, mut open) = (BTreeMap::new(), Vec::new());
        for (link, _) in links_of(content).filter(|(link, _)| link.digest.is_none()) {
            let node = Node::Document(link.document.clone());
            if came_from.insert(node.clone(), start.clone()).is_none() {
                open.push(node);
            }
        }
        while let Some(node) = open.pop() {
            if node == start {
                return Err(LinkFault::Cycle(path(&came_from, &start)));
            }
            let by_number = |(origin, edges): &(&Node, &BTreeSet<Edge>)| {
                let unnamed = edges.iter().any(|edge| edge.digest.is_none());
                matches!(origin, Node::Document(_)) && unnamed
            };
            for (origin, _) in self.origins(&node).filter(by_number) {
                if came_from.contains_key(origin) {
                    continue;
                }
                if came_from.len() >= CHAIN_MAX {
                    return Err(LinkFault::Chain);
                }
                came_from.insert(origin.clone(), node.clone());
                open.push(origin.clone());
            }
        }
        Ok(())
    }

    /// Takes a version of a document in place of the one that it had. `cycle` was asked before.
    pub fn put(&mut self, content: &DocumentContent) {
        let node = Node::Document(content.document.clone());
        self.cut(&node);
        for (link, line) in links_of(content) {
            let origin = Node::Document(link.document.clone());
            self.join(node.clone(), origin, Edge { line, of: link.line, digest: link.digest });
        }
    }

    /// Takes a movement: it follows from its document, from the lots that it took and from the movement
    /// that it takes back; a lot follows from the movements that brought it in; its voucher from it.
    pub fn moved(&mut self, movement: &Movement) {
        let node = Node::Movement(movement.id);
        self.cut(&node);
        let document = Node::Document(movement.document.clone());
        let whole = Edge { line: None, of: None, digest: None };
        if movement.lines.is_empty() {
            self.join(node.clone(), document.clone(), whole);
        }
        let brings = matches!(
            movement.kind,
            MovementKind::Receipt | MovementKind::ProductionReceipt | MovementKind::SubcontractIn
        ) && movement.reverses.is_none();
        for line in &movement.lines {
            let edge = Edge { line: Some(line.line), of: Some(line.line), digest: None };
            self.join(node.clone(), document.clone(), edge);
            let Some(lot) = &line.lot else { continue };
            let lot = Node::Lot(line.item.clone(), lot.clone());
            let edge = Edge { line: None, of: Some(line.line), digest: None };
            match brings && !line.from.holds_stock() {
                true => self.join(lot, node.clone(), edge),
                false => self.join(
                    node.clone(),
                    lot,
                    Edge { line: Some(line.line), of: None, digest: None },
                ),
            }
        }
        if let Some(original) = movement.reverses {
            self.join(node.clone(), Node::Movement(original), whole);
        }
        if !movement.voucher.is_empty() {
            self.join(Node::Voucher(movement.id), node, whole);
        }
    }

    /// Forgets a document that nothing follows from any more, with its links.
    pub fn forget(&mut self, document: &Document) {
        let node = Node::Document(document.clone());
        if self.followers.get(&node).is_none_or(BTreeSet::is_empty) {
            self.cut(&node);
        }
    }

    /// What this follows from directly, with the lines.
    pub fn origins(&self, node: &Node) -> impl Iterator<Item = (&Node, &BTreeSet<Edge>)> {
        self.origins.get(node).into_iter().flatten()
    }

    /// What follows from this directly.
    pub fn followers(&self, node: &Node) -> impl Iterator<Item = &Node> {
        self.followers.get(node).into_iter().flatten()
    }

    fn join(&mut self, from: Node, to: Node, edge: Edge) {
        self.followers.entry(to.clone()).or_default().insert(from.clone());
        self.origins.entry(from).or_default().entry(to).or_default().insert(edge);
    }

    /// Takes away all that a node follows from.
    fn cut(&mut self, node: &Node) {
        for origin in self.origins.remove(node).unwrap_or_default().into_keys() {
            if let Some(followers) = self.followers.get_mut(&origin) {
                followers.remove(node);
                if followers.is_empty() {
                    self.followers.remove(&origin);
                }
            }
        }
    }
}

/// All links of a version with the lines that state them.
fn links_of(content: &DocumentContent) -> impl Iterator<Item = (&DocumentLink, Option<u32>)> {
    let head = content.links.iter().map(|link| (link, None));
    let of_line = |line: &'_ gatewarden_model::DocumentLine| line.line;
    head.chain(
        content
            .lines
            .iter()
            .flat_map(move |line| line.links.iter().map(move |link| (link, Some(of_line(line))))),
    )
}

/// The way that led to the start again, from the start.
fn path(came_from: &BTreeMap<Node, Node>, start: &Node) -> Vec<Document> {
    let mut nodes = vec![start];
    while let Some(before) = nodes.last().and_then(|node| came_from.get(node)) {
        nodes.push(before);
        if before == start {
            break;
        }
    }
    nodes.reverse();
    let document = |node: &&Node| match node {
        Node::Document(document) => Some(document.clone()),
        _ => None,
    };
    nodes.iter().filter_map(document).collect()
}
