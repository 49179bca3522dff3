//! What a document takes out of stock is worth by the books: the amount that its signers and rules go by where it
//! states none, or states less.
//!
//! Invariants: a document that takes stock is never asked about as cheaper than what it takes, whatever its lines
//! say; what is not there has no value yet, and goods without a valuation have none. Absent: what goods cost that
//! come in, which only the document can say.

use gatewarden_documents::{KindDefinition, kinds::PlaceClass};
use gatewarden_model::{Amount, DocumentContent, DocumentLine, Scalar};
use gatewarden_stock::Site;

use super::facts::Frozen;
use crate::{settlements, turn::Turn};

/// The fact.
pub(crate) const AMOUNT: &str = "document.amount";

/// Whether documents of a kind may take stock out of where it is.
pub(crate) fn takes_stock(kind: &KindDefinition) -> bool {
    let held = [PlaceClass::Physical, PlaceClass::Transit, PlaceClass::Subcontractor];
    kind.legs.iter().any(|leg| leg.from.iter().any(|from| held.contains(from)))
}

/// Whether an amount that was frozen may be that of a version: what its lines say, or more where it takes stock.
pub(crate) fn may_be(said: Option<&Scalar>, own: Option<&Scalar>, kind: &KindDefinition) -> bool {
    match (said, own) {
        (said, own) if said == own => true,
        (Some(Scalar::Integer(said)), Some(Scalar::Integer(own))) => {
            said >= own && takes_stock(kind)
        }
        (Some(Scalar::Integer(_)), None) => takes_stock(kind),
        _ => false,
    }
}

impl Turn<'_> {
    /// Puts the amount that a version is asked about by into its facts.
    pub(super) fn put_worth(
        &self,
        content: &DocumentContent,
        kind: &KindDefinition,
        (facts, _): &mut Frozen,
    ) {
        // What a settlement charges is its amount; that the material was used was decided before.
        if settlements::is_one(content) {
            return;
        }
        let stated = content.amount();
        let worth = self.worth_of_document(content, kind);
        if let Some(amount) = worth.filter(|worth| stated.is_none_or(|stated| *worth > stated)) {
            facts.insert(AMOUNT.to_owned(), amount.units().into());
        }
    }

    /// What all that it takes is worth; none where nothing of it has a value.
    fn worth_of_document(
        &self,
        content: &DocumentContent,
        kind: &KindDefinition,
    ) -> Option<Amount> {
        let lines = content.lines.iter();
        let mut worths =
            lines.filter_map(|line| self.worth_of_line(content, line, kind)).peekable();
        worths.peek()?;
        worths.try_fold(Amount::ZERO, Amount::checked_add)
    }

    fn worth_of_line(
        &self,
        content: &DocumentContent,
        line: &DocumentLine,
        kind: &KindDefinition,
    ) -> Option<Amount> {
        let way = kind.way(content, line)?;
        if !way.from.holds_stock() || way.from == way.to {
            return None;
        }
        let valuation = self.stock.valuation(&line.item, line.owner.as_deref())?;
        let there = self.stock.site(&Site::new(&line.item, &way.from))?;
        let pools = there.pools.iter().filter(|(key, _)| {
            key.owner == line.owner && (line.lot.is_none() || key.lot == line.lot)
        });
        let (quantity, value) =
            pools.fold((0_i64, Amount::ZERO), |(quantity, value), (_, pool)| {
                let sum = value.checked_add(pool.value).unwrap_or(value);
                (quantity.saturating_add(pool.quantity()), sum)
            });
        value.share(line.quantity, quantity, valuation.decimals)
    }
}
