//! What the book says of a bin, and what must be known of the stock to say it.
//!
//! Invariant: only what is counted whole is told from the book, and only into the entry, never to whoever
//! counts. Absent: what was found (`seen`).

use std::collections::BTreeMap;

use gatewarden_model::{
    Bucket, CountBook, CountSeen, Document, DocumentLine, ItemId, Location, Pass, StockStatus,
};
use gatewarden_stock::{PoolKey, Site, Stock, Wants};

use super::differ::LOSS;
use crate::{
    engine::Settings,
    needs::of_site,
    seen,
    state::{Count, State},
};

/// What the book says of a bin that is counted whole: of the items that the order names there, and of what was
/// found beside them. That there is nothing by the book is told too.
pub(super) fn book_of(
    stock: &Stock,
    count: &Count,
    bin: &Location,
    found: &[&CountSeen],
) -> Vec<CountBook> {
    let mut told: BTreeMap<(ItemId, Bucket), i64> = BTreeMap::new();
    for line in count.order.lines.iter().filter(|line| line.from.as_ref() == Some(bin)) {
        let before = told.len();
        let here = stock.site(&Site::new(&line.item, bin)).into_iter().flat_map(|s| &s.buckets);
        for (bucket, quantity) in here.filter(|(bucket, n)| **n != 0 && is_meant(line, bucket)) {
            told.insert((line.item.clone(), bucket.clone()), *quantity);
        }
        if told.len() == before {
            let (lot, owner) = (line.lot.clone(), line.owner.clone());
            let bucket = Bucket { lot, owner, ..Bucket::default() };
            told.entry((line.item.clone(), bucket)).or_insert(0);
        }
    }
    for seen in found {
        let quantity = stock.quantity(&Site::new(&seen.item, bin), &seen.bucket);
        if quantity != 0 {
            told.insert((seen.item.clone(), seen.bucket.clone()), quantity);
        }
    }
    let told = told.into_iter().map(|((item, bucket), quantity)| {
        let value = worth(stock, (&item, bin), &bucket, quantity);
        CountBook { item, bucket, quantity, value }
    });
    told.collect()
}

/// Whether a line of the order means a bucket.
fn is_meant(line: &DocumentLine, bucket: &Bucket) -> bool {
    bucket.status != StockStatus::Reserved
        && line.lot.as_ref().is_none_or(|lot| bucket.lot.as_ref() == Some(lot))
        && line.owner.as_ref().is_none_or(|owner| bucket.owner.as_ref() == Some(owner))
}

fn worth(
    stock: &Stock,
    (item, bin): (&ItemId, &Location),
    bucket: &Bucket,
    quantity: i64,
) -> Option<gatewarden_model::Amount> {
    let valuation = stock.valuation(item, bucket.owner.as_deref())?;
    let key = PoolKey { lot: bucket.lot.clone(), owner: bucket.owner.clone() };
    stock.pool(&Site::new(item, bin), &key)?.average(quantity, valuation)
}

/// What must be known of the bins of a count, and of what was or is found in one.
pub(crate) fn wants_of_count<'i>(
    wants: &mut Wants,
    state: &State,
    document: &Document,
    found: impl Iterator<Item = &'i ItemId> + Clone,
) {
    let Some(count) = state.document(document).and_then(|open| open.count.as_deref()) else {
        return;
    };
    let loss = Location::parse(LOSS).ok();
    let mut both = |item: &ItemId, bin: &Location, lot: Option<&String>| {
        of_site(wants, item, bin);
        loss.iter().for_each(|loss| of_site(wants, item, loss));
        wants.lots.extend(lot.map(|lot| (item.clone(), lot.clone())));
    };
    for line in &count.order.lines {
        line.from.iter().for_each(|bin| both(&line.item, bin, line.lot.as_ref()));
    }
    for sheet in count.sheets.iter().chain(count.begun.values()) {
        for seen in &sheet.seen {
            both(&seen.item, &sheet.bin, seen.bucket.lot.as_ref());
        }
    }
    for site in count.books.keys() {
        both(&site.item, &site.location, site.bucket.lot.as_ref());
    }
    for bin in count.bins() {
        found.clone().for_each(|item| both(item, &bin, None));
    }
}

/// The same for a pass at a station where something is counted.
pub(crate) fn wants_of_pass(
    wants: &mut Wants,
    state: &State,
    pass: &Pass,
    (stock, settings): (&Stock, &Settings),
) {
    let counts: Vec<Document> =
        super::seen::counts_at(state, &pass.station).map(|open| open.document().clone()).collect();
    if counts.is_empty() {
        return;
    }
    let things = seen::resolve(pass, &settings.items, stock);
    let items = seen::items(&things);
    for document in counts {
        wants_of_count(wants, state, &document, items.iter().copied());
    }
    for thing in &things {
        let lot = thing.thing.lot.as_ref();
        let item = match &thing.means {
            seen::Means::Pieces { item, .. } => Some(*item),
            _ => None,
        };
        wants.lots.extend(item.zip(lot).map(|(item, lot)| (item.clone(), lot.clone())));
    }
}
