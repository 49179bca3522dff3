//! What the book says of a bin, and what must be known of the stock to say it.
//!
//! Invariant: only what is counted whole is told from the book, and only into the entry, never to whoever
//! counts. Absent: what was found (`seen`).

use gatewarden_model::{
    Bucket, CountBook, CountSeen, Document, ItemId, Location, Pass, StockStatus,
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
/// found beside them.
pub(super) fn book_of(
    stock: &Stock,
    count: &Count,
    bin: &Location,
    found: &[&CountSeen],
) -> Vec<CountBook> {
    let mut sites: Vec<(&ItemId, &Bucket, i64)> = vec![];
    let mut add = |item, bucket, quantity| {
        if !sites.iter().any(|(i, b, _)| (*i, *b) == (item, bucket)) {
            sites.push((item, bucket, quantity));
        }
    };
    for line in count.order.lines.iter().filter(|line| line.from.as_ref() == Some(bin)) {
        let here = stock.site(&Site::new(&line.item, bin)).into_iter().flat_map(|s| &s.buckets);
        let meant = |bucket: &Bucket| {
            bucket.status != StockStatus::Reserved
                && line.lot.as_ref().is_none_or(|lot| bucket.lot.as_ref() == Some(lot))
                && line.owner.as_ref().is_none_or(|owner| bucket.owner.as_ref() == Some(owner))
        };
        for (bucket, quantity) in here.filter(|(bucket, n)| **n != 0 && meant(bucket)) {
            add(&line.item, bucket, *quantity);
        }
    }
    for seen in found {
        let quantity = stock.quantity(&Site::new(&seen.item, bin), &seen.bucket);
        if quantity != 0 {
            add(&seen.item, &seen.bucket, quantity);
        }
    }
    sites.sort_unstable();
    let told = sites.into_iter().map(|(item, bucket, quantity)| CountBook {
        item: item.clone(),
        bucket: bucket.clone(),
        quantity,
        value: worth(stock, (item, bin), bucket, quantity),
    });
    told.collect()
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
