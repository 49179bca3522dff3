//! What tests of counts write their cases with.

use std::collections::BTreeSet;

use gatewarden_model::{Amount, Bucket, Location, OperatorId};
use gatewarden_planning::count::{Book, Round, Seen, Site, Verdict};

use super::item;

pub(crate) fn place(text: &str) -> Location {
    text.parse().unwrap()
}

pub(crate) fn people(names: &str) -> BTreeSet<OperatorId> {
    names.split(' ').map(|name| name.parse().unwrap()).collect()
}

pub(crate) fn site(bin: &str, code: &str) -> Site {
    Site { location: place(bin), item: item(code), bucket: Bucket::default() }
}

pub(crate) fn book(quantity: i64, units: i64, things: &[&str]) -> Book {
    let things = things.iter().map(|thing| (*thing).to_owned()).collect();
    Book { quantity, value: Some(Amount::from_units(units * 10_000)), things }
}

pub(crate) fn loose(bin: &str, code: &str, quantity: i64) -> Seen {
    Seen { thing: None, site: site(bin, code), quantity }
}

pub(crate) fn tag(bin: &str, code: &str, thing: &str) -> Seen {
    Seen { thing: Some(thing.to_owned()), site: site(bin, code), quantity: 1 }
}

pub(crate) fn round(bins: &[(&str, &str)], seen: Vec<Seen>) -> Round {
    let bins = bins.iter().map(|(bin, names)| (place(bin), people(names))).collect();
    Round { bins, seen }
}

pub(crate) fn settled(verdict: &Verdict) -> Option<(i64, bool)> {
    match verdict {
        Verdict::Settled { tally, disputed } => Some((tally.quantity, *disputed)),
        _ => None,
    }
}
