//! What one version of a document says: the bytes that signatures cover.
//!
//! Invariants: canonical bytes exist for every value (whole numbers, texts, lists and maps), so the digest
//! of a version is what an approval names; a quantity is in base units; an amount is exact. Custom fields
//! and those of a kind are texts in the one spelling that their declared type gives them. Absent: the state
//! of a document, which is what its entries made of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Custom, Day, Document, Hash, ItemId, Location, StockStatus, canonical, item::is_default,
};

/// Most lines of one document.
pub const DOCUMENT_LINES_MAX: usize = 1_000;
/// Most links of one document or line.
pub const LINKS_MAX: usize = 64;
/// Longest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 4_096;

/// One version of a document, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentContent {
    /// Which document.
    pub document: Document,
    /// 1 for the first version, then one more each.
    pub version: u32,
    /// What it is about, in a line; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The other side: a supplier, customer or subcontractor by code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The day that it bears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Day>,
    /// The day by which it is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Day>,
    /// Who needs it, by operator name: the requester of a requisition, whose badge is asked for at the counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// At which station it is done; none where any may, or nothing is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<String>,
    /// What is to be moved, made, bought or counted, at most [`DOCUMENT_LINES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<DocumentLine>,
    /// The documents that it follows from, or belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<DocumentLink>,
    /// Fields of its kind and of the house, by name, in the spelling of their types.
    #[serde(default, skip_serializing_if = "is_default")]
    pub custom: Custom,
    /// What there is to say beside, at most [`NOTE_BYTES_MAX`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// One line of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentLine {
    /// Its number, unique within the document.
    pub line: u32,
    /// Of what.
    pub item: ItemId,
    /// How much, in base units.
    pub quantity: i64,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Location>,
    /// To where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Location>,
    /// The lot asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<String>,
    /// Whose it is; the house's where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// In which status it is taken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from_status: StockStatus,
    /// In which status it arrives.
    #[serde(default, skip_serializing_if = "is_default")]
    pub to_status: StockStatus,
    /// What the whole line is to cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// The day by which it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Day>,
    /// What it follows from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<DocumentLink>,
    /// Fields of the house, by name, in the spelling of their types.
    #[serde(default, skip_serializing_if = "is_default")]
    pub custom: Custom,
}

/// A document, or a line of one, that another follows from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentLink {
    /// Which document.
    pub document: Document,
    /// Which of its lines; the whole where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The digest of the very version, where it matters: the BOM that a requisition was checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Hash>,
}

impl DocumentLine {
    /// A line that says how much of what, and no more yet.
    #[must_use]
    pub fn new(line: u32, item: ItemId, quantity: i64) -> Self {
        Self {
            line,
            item,
            quantity,
            from: None,
            to: None,
            lot: None,
            owner: None,
            from_status: StockStatus::default(),
            to_status: StockStatus::default(),
            amount: None,
            due: None,
            links: vec![],
            custom: Custom::default(),
        }
    }
}

impl DocumentContent {
    /// A first version that says nothing yet.
    #[must_use]
    pub fn new(document: Document) -> Self {
        Self {
            document,
            version: 1,
            title: String::new(),
            partner: None,
            date: None,
            due: None,
            requester: None,
            station: None,
            lines: vec![],
            links: vec![],
            custom: Custom::default(),
            note: String::new(),
        }
    }

    /// The digest of its canonical bytes: what signatures cover and proofs show.
    #[must_use]
    pub fn digest(&self) -> Hash {
        // Whole numbers, texts, lists and maps: there are canonical bytes of each.
        Hash::of(&canonical::encode(self).unwrap_or_default())
    }

    /// What all lines are to cost together; none where no line says it, or the sum is out of range.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        let mut lines = self.lines.iter().filter_map(|line| line.amount).peekable();
        lines.peek()?;
        lines.try_fold(Amount::ZERO, Amount::checked_add)
    }

    /// How many orders it follows from, its lines too; each counts once.
    #[must_use]
    pub fn orders(&self) -> i64 {
        let of_lines = self.lines.iter().flat_map(|line| &line.links);
        let links = self.links.iter().chain(of_lines).map(|link| &link.document);
        let orders: BTreeSet<&Document> = links.filter(|one| one.kind.is_order()).collect();
        i64::try_from(orders.len()).unwrap_or(i64::MAX)
    }

    /// The line of this number.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&DocumentLine> {
        self.lines.iter().find(|line| line.line == number)
    }
}
