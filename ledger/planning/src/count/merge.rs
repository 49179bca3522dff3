//! What a sweep and a scanner saw, merged by thing.
//!
//! Invariants: of one thing at one site one sight counts; one that is seen at two sites, or with two
//! quantities, is counted nowhere and told as a doubt, so that its sites are counted again. What has no key
//! (a bulk bin, a plain barcode) is added up.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Seen, Site};
use crate::PlanError;

/// What was counted at a site.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Base units.
    pub quantity: i64,
    /// The keys of the things among them.
    pub things: BTreeSet<String>,
}

/// Why a thing is counted nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoubtWhy {
    /// It was seen at two sites.
    TwoSites,
    /// It was seen with two quantities.
    TwoQuantities,
}

/// A thing of which the sights don't agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// Its key.
    pub thing: String,
    /// Where it was seen.
    pub sites: BTreeSet<Site>,
    /// Why.
    pub why: DoubtWhy,
}

/// What was counted in a round.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Merged {
    /// By site.
    pub tallies: BTreeMap<Site, Tally>,
    /// What does not agree.
    pub doubts: Vec<Doubt>,
}

/// Merges sights; fails where a sum leaves 64 bits.
pub fn merge(seen: &[Seen]) -> Result<Merged, PlanError> {
    let mut merged = Merged::default();
    let mut things: BTreeMap<&str, BTreeMap<&Site, BTreeSet<i64>>> = BTreeMap::new();
    for one in seen {
        match &one.thing {
            Some(thing) => {
                let sites = things.entry(thing).or_default();
                sites.entry(&one.site).or_default().insert(one.quantity);
            }
            None => {
                add(&mut merged, &one.site, one.quantity)?;
            }
        }
    }
    for (thing, sites) in things {
        let quantities: BTreeSet<i64> = sites.values().flatten().copied().collect();
        match (sites.len(), quantities.len(), sites.keys().next(), quantities.first()) {
            (1, 1, Some(site), Some(quantity)) => {
                add(&mut merged, site, *quantity)?.things.insert(thing.to_owned());
            }
            (count, ..) => merged.doubts.push(Doubt {
                thing: thing.to_owned(),
                sites: sites.into_keys().cloned().collect(),
                why: if count > 1 { DoubtWhy::TwoSites } else { DoubtWhy::TwoQuantities },
            }),
        }
    }
    Ok(merged)
}

fn add<'a>(merged: &'a mut Merged, site: &Site, quantity: i64) -> Result<&'a mut Tally, PlanError> {
    let tally = merged.tallies.entry(site.clone()).or_default();
    let sum = tally.quantity.checked_add(quantity);
    tally.quantity = sum.ok_or_else(|| PlanError::overflow(&site.item))?;
    Ok(tally)
}
