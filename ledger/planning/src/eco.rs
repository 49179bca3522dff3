//! Engineering changes: the one way to a new version of a BOM.
//!
//! The change order is a document; the versions that it proposes are documents of kind `bom` that are drafts
//! and have no way of their own. The order names each by link *and digest*, so whoever signs the order signs
//! the very bytes of the versions. Invariants: its author does not approve it; a version counts on the one
//! before it, and where another change put one in force meanwhile the order is refused; all its versions
//! come into force together, or none. Absent: signatures (`gatewarden-workflow`).

mod impact;

use std::collections::BTreeSet;

use gatewarden_model::{Day, DocumentContent, DocumentKind, ItemId, LINKS_MAX, OperatorId};

use crate::{
    BomVersion, Boms, Effect, Fact, Facts, PlanError,
    bom::{BomChange, diff},
    fact::facts,
};

pub use impact::{Affected, Held, Impact, OpenPurchase, OpenWork, Replaced, ReplacedStock, impact};

/// Most versions of one change order.
pub const PROPOSALS_MAX: usize = LINKS_MAX;

/// A change order with the versions that it proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeOrder {
    /// Its number.
    pub number: String,
    /// Who wrote it.
    pub author: OperatorId,
    /// Why, as its title says.
    pub reason: String,
    /// The versions that it proposes, one a product.
    pub proposals: Vec<BomVersion>,
}

impl ChangeOrder {
    /// Puts an order and its proposals together; all mistakes of all documents at once. Each BOM that the
    /// order links to must be there with the digest that stands in the link.
    pub fn of(
        content: &DocumentContent,
        author: OperatorId,
        proposed: &[DocumentContent],
    ) -> Result<Self, Vec<PlanError>> {
        let mut mistakes = head_mistakes(content);
        let mut proposals = Vec::new();
        let links = content.links.iter().enumerate();
        let links = links.filter(|(_, link)| link.document.kind == DocumentKind::Bom);
        for (index, link) in links.take(PROPOSALS_MAX) {
            let signed = |bom: &&DocumentContent| {
                bom.document == link.document && Some(bom.digest()) == link.digest
            };
            match proposed.iter().find(signed) {
                Some(bom) => match BomVersion::of(bom) {
                    Ok(version) => proposals.push(version),
                    Err(wrong) => mistakes.extend(wrong),
                },
                None => {
                    let message = format!(
                        "no draft of BOM {} has the digest that the order names: link the draft anew",
                        link.document.number
                    );
                    let field = format!("links[{index}].digest");
                    mistakes.push(PlanError::rule("eco-digest", field, message));
                }
            }
        }
        if proposals.is_empty() && mistakes.is_empty() {
            let message =
                "the order proposes nothing: link the drafts of the BOMs with their digests";
            mistakes.push(PlanError::rule("eco-empty", "links", message));
        }
        let number = content.document.number.clone();
        let reason = content.title.clone();
        let order = Self { number, author, reason, proposals };
        mistakes.extend(order.own_mistakes());
        if mistakes.is_empty() { Ok(order) } else { Err(mistakes) }
    }

    /// What is wrong with the proposals among themselves.
    fn own_mistakes(&self) -> Vec<PlanError> {
        let (mut mistakes, mut products) = (Vec::new(), BTreeSet::new());
        for bom in &self.proposals {
            if !products.insert(&bom.product) {
                let message = format!("{} is proposed twice: keep one version", bom.product);
                mistakes.push(PlanError::rule("eco-product-twice", "links", message));
            }
            if bom.change.as_deref() != Some(self.number.as_str()) {
                let message = format!(
                    "{} does not link to change {}: a version names the change that makes it",
                    bom.words(),
                    self.number
                );
                mistakes.push(PlanError::rule("eco-link", "links", message));
            }
        }
        mistakes
    }

    /// Whether somebody may approve it.
    pub fn may_approve(&self, person: &OperatorId) -> Result<(), PlanError> {
        if *person != self.author {
            return Ok(());
        }
        let message = format!("{person} wrote change {}: somebody else approves it", self.number);
        Err(PlanError::rule("eco-own-approval", "by", message))
    }

    /// What each proposal changes against the newest version of its product.
    #[must_use]
    pub fn changes(&self, boms: &Boms) -> Vec<(ItemId, Vec<BomChange>)> {
        let changes = |bom: &BomVersion| {
            let nothing = BomVersion { lines: vec![], ..bom.clone() };
            let base = boms.newest(&bom.product).unwrap_or(&nothing);
            (bom.product.clone(), diff(base, bom))
        };
        self.proposals.iter().map(changes).collect()
    }

    /// All that stands against it today: asked before it is submitted, and again when the last signature
    /// is there.
    #[must_use]
    pub fn mistakes(&self, boms: &Boms, today: Day) -> Vec<PlanError> {
        let mut mistakes = self.own_mistakes();
        for bom in &self.proposals {
            mistakes.extend(version_mistakes(boms, bom, today));
        }
        if mistakes.is_empty() {
            mistakes.extend(self.trial(boms).err());
        }
        mistakes
    }

    /// The BOMs as they would be; the first cycle or depth that they would have.
    fn trial(&self, boms: &Boms) -> Result<Boms, PlanError> {
        let mut trial = boms.clone();
        for bom in &self.proposals {
            trial.insert(bom.clone())?;
        }
        for bom in &self.proposals {
            trial.check(bom)?;
        }
        Ok(trial)
    }

    /// Puts all its versions in, or none. What is told is all that stands against it.
    pub fn put_in_force(&self, boms: &mut Boms, today: Day) -> Result<(), Vec<PlanError>> {
        let mistakes = self.mistakes(boms, today);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        *boms = self.trial(boms).map_err(|mistake| vec![mistake])?;
        Ok(())
    }

    /// Facts for the workflow: `author`, `products`.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let products = self.proposals.iter().map(|bom| bom.product.to_string()).collect();
        facts([
            ("author", Fact::Text(self.author.to_string())),
            ("products", Fact::Texts(products)),
        ])
    }
}

fn head_mistakes(content: &DocumentContent) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    if content.document.kind != DocumentKind::EngineeringChange {
        let message = format!("{} is no engineering change", content.document.kind.name());
        mistakes.push(PlanError::rule("eco-kind", "document.kind", message));
    }
    if content.title.trim().is_empty() {
        let message = "a change says why in its title";
        mistakes.push(PlanError::rule("eco-reason", "title", message));
    }
    let boms = content.links.iter().filter(|link| link.document.kind == DocumentKind::Bom);
    if boms.count() > PROPOSALS_MAX {
        let message = format!("at most {PROPOSALS_MAX} BOMs a change: make several");
        mistakes.push(PlanError::rule("eco-too-many", "links", message));
    }
    mistakes
}

fn version_mistakes(boms: &Boms, bom: &BomVersion, today: Day) -> Vec<PlanError> {
    let mut mistakes = Vec::new();
    let newest = boms.newest(&bom.product);
    let number = newest.map_or(0, |newest| newest.version);
    // Numbers may be left out: a draft that was written anew, or whose order came to nothing, had one.
    if bom.version <= number {
        let by = newest.and_then(|newest| newest.change.as_deref());
        let by = by.map_or(String::new(), |change| format!(", put in force by change {change}"));
        let message = format!(
            "{} counts on one before it, but version {number} is the newest{by}: draft it anew",
            bom.words(),
        );
        mistakes.push(PlanError::rule("eco-superseded", "version", message));
    }
    if let Effect::Days { from, .. } = bom.effect
        && from < today
    {
        let message = format!(
            "{} would be in force from {from}, which is over: begin on {today} or later",
            bom.words()
        );
        mistakes.push(PlanError::rule("eco-effective-past", "custom.effective-from", message));
    }
    for other in boms.versions(&bom.product).filter(|other| other.effect.overlaps(&bom.effect)) {
        let message = format!(
            "{} ({}) reaches into version {} ({}): move one of them",
            bom.words(),
            bom.effect.words(),
            other.version,
            other.effect.words()
        );
        mistakes.push(PlanError::rule("eco-overlap", "custom.effective-from", message));
    }
    let like = |newest: &BomVersion| newest.base == bom.base && newest.lines == bom.lines;
    if newest.is_some_and(|newest| like(newest) && newest.effect == bom.effect) {
        let message = format!("{} changes nothing: take it out of the order", bom.words());
        mistakes.push(PlanError::rule("eco-no-change", "lines", message));
    }
    mistakes
}
