//! What the things of a pass stand for, whatever task they are held against: pieces of an item, a
//! handling unit with its contents, or nothing that is known.
//!
//! A commissioned tag stands for what it was bound to, before anything its own code says; a GTIN
//! for its item and unit; an SSCC for the contents that the stock knows. Worked out once a pass.

use std::collections::BTreeSet;

use gatewarden_model::{Bucket, Direction, ItemId, Location, Pass, Sighting, Thing};
use gatewarden_stock::{Site, Stock, ThingFacts, Wants};

use crate::items::ItemMaster;

/// One thing of a pass.
pub(crate) struct Seen<'a> {
    pub(crate) thing: &'a Thing,
    /// How often it counts: a thing that tells itself from others counts once.
    pub(crate) times: i64,
    pub(crate) means: Means<'a>,
    /// Where its last movement brought it; none for what can't be told from others.
    pub(crate) place: Option<&'a Location>,
    /// The handling unit it is in.
    pub(crate) unit: Option<&'a str>,
    /// Which way a portal saw it go.
    pub(crate) way: Direction,
}

/// What it stands for.
pub(crate) enum Means<'a> {
    /// `each` base units of an item.
    Pieces { item: &'a ItemId, each: i64, lot: Option<&'a str>, once: bool },
    /// A handling unit and what is in it.
    Unit { sscc: &'a str, contents: Vec<Content<'a>> },
    /// Nothing that the item master or the stock knows.
    Nothing,
}

/// One bucket of a handling unit.
pub(crate) struct Content<'a> {
    pub(crate) site: &'a Site,
    pub(crate) bucket: &'a Bucket,
    pub(crate) quantity: i64,
}

/// What each thing of a pass stands for, in the order of the sightings.
pub(crate) fn resolve<'a>(
    pass: &'a Pass,
    items: &'a ItemMaster,
    stock: &'a Stock,
) -> Vec<Seen<'a>> {
    pass.sightings.iter().map(|sighting| one(sighting, items, stock)).collect()
}

/// What the things of a pass stand for, and of the doubtful ones those of these keys; which way they went
/// is not known of them.
pub(crate) fn resolve_with<'a>(
    pass: &'a Pass,
    keys: &[String],
    items: &'a ItemMaster,
    stock: &'a Stock,
) -> Vec<Seen<'a>> {
    let counts = |seen: &Seen<'_>| keys.contains(&seen.thing.key);
    let doubted = resolve_doubts(pass, items, stock).into_iter().filter(counts);
    let doubted = doubted.map(|seen| Seen { way: Direction::Unknown, ..seen });
    resolve(pass, items, stock).into_iter().chain(doubted).collect()
}

/// What the doubtful things of a pass stand for.
pub(crate) fn resolve_doubts<'a>(
    pass: &'a Pass,
    items: &'a ItemMaster,
    stock: &'a Stock,
) -> Vec<Seen<'a>> {
    pass.doubts.iter().map(|doubt| one(&doubt.sighting, items, stock)).collect()
}

fn one<'a>(sighting: &'a Sighting, items: &'a ItemMaster, stock: &'a Stock) -> Seen<'a> {
    let thing = &sighting.thing;
    let facts = stock.thing(&thing.key);
    let means = means(thing, facts, items, stock);
    let once = match &means {
        Means::Pieces { once, .. } => *once,
        Means::Unit { .. } => true,
        Means::Nothing => thing.serial.is_some() || thing.sscc.is_some(),
    };
    let times = if once { 1 } else { i64::from(sighting.reads.max(1)) };
    let (place, unit) = match facts.filter(|_| once) {
        Some(facts) => (facts.place.as_ref(), facts.unit.as_deref()),
        None => (None, None),
    };
    Seen { thing, times, means, place, unit, way: sighting.direction }
}

fn means<'a>(
    thing: &'a Thing,
    facts: Option<&'a ThingFacts>,
    items: &'a ItemMaster,
    stock: &'a Stock,
) -> Means<'a> {
    let known_lot = facts.and_then(|f| f.lot.as_deref());
    if let Some(item) = facts.filter(|f| f.commissioned).and_then(|f| f.item.as_ref()) {
        return Means::Pieces { item, each: 1, lot: known_lot, once: true };
    }
    if let Some((item, each)) = thing.gtin.as_deref().and_then(|gtin| items.by_gtin(gtin)) {
        let once = thing.serial.is_some();
        let lot = thing.lot.as_deref().or(known_lot.filter(|_| once));
        return Means::Pieces { item: &item.code, each, lot, once };
    }
    let contents = thing.sscc.as_deref().map(|sscc| (sscc, contents(sscc, stock)));
    match contents {
        Some((sscc, contents)) if !contents.is_empty() => Means::Unit { sscc, contents },
        _ => Means::Nothing,
    }
}

/// What is in a handling unit, in the order of sites and buckets.
fn contents<'a>(sscc: &str, stock: &'a Stock) -> Vec<Content<'a>> {
    let mut found = vec![];
    for site in stock.unit(sscc).into_iter().flatten() {
        let Some(here) = stock.site(site).filter(|_| site.location.holds_stock()) else { continue };
        let inside =
            here.buckets.iter().filter(|(b, n)| b.unit.as_deref() == Some(sscc) && **n > 0);
        found.extend(inside.map(|(bucket, n)| Content { site, bucket, quantity: *n }));
    }
    found
}

/// What must be known to say what the things of a pass stand for.
pub(crate) fn wants(pass: &Pass, stock: &Stock, wants: &mut Wants) {
    for Sighting { thing, .. } in pass.seen() {
        wants.things.insert(thing.key.clone());
        wants.units.extend(thing.sscc.clone());
        wants.units.extend(stock.thing(&thing.key).and_then(|facts| facts.unit.clone()));
    }
}

/// The items that the things of a pass stand for.
pub(crate) fn items<'a>(seen: &[Seen<'a>]) -> BTreeSet<&'a ItemId> {
    let mut items = BTreeSet::new();
    for one in seen {
        match &one.means {
            Means::Pieces { item, .. } => drop(items.insert(*item)),
            Means::Unit { contents, .. } => items.extend(contents.iter().map(|c| &c.site.item)),
            Means::Nothing => {}
        }
    }
    items
}
