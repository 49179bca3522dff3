//! All BOM versions: which one is used, where an item is used, and whether a version fits the others.
//!
//! Invariants: a version never changes once it is in; of the versions of a product that are used by days, the
//! one with the latest beginning that is not after the day counts, and none does after its stated end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gatewarden_model::{Day, ItemId};
use serde::Serialize;

use super::{BomLine, BomVersion, Effect, LEVELS_MAX, descend::descend, effect::serial_parts};
use crate::PlanError;

/// Most versions of one product.
pub const VERSIONS_MAX: usize = 1_000;

/// All versions.
#[derive(Debug, Clone, Default)]
pub struct Boms {
    versions: BTreeMap<ItemId, BTreeMap<u32, Arc<BomVersion>>>,
    uses: BTreeMap<ItemId, BTreeSet<(ItemId, u32)>>,
}

/// Where an item is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Use {
    /// In what.
    pub product: ItemId,
    /// In which version of it.
    pub version: u32,
    /// At which position.
    pub position: u32,
    /// Whether that version is used on the day asked for, for some serial at least.
    pub in_force: bool,
}

impl Boms {
    /// Puts a version in. It must be well formed, and newer than all of its product.
    pub fn insert(&mut self, mut version: BomVersion) -> Result<(), PlanError> {
        let newest = self.newest(&version.product).map_or(0, |newest| newest.version);
        let count = self.versions.get(&version.product).map_or(0, BTreeMap::len);
        if let Some(mistake) = version.mistakes().into_iter().next() {
            return Err(mistake);
        }
        if version.version <= newest {
            let message = format!("{} is not after version {newest}", version.words());
            return Err(PlanError::rule("bom-version", "version", message));
        }
        if count >= VERSIONS_MAX {
            let message = format!("{} has {VERSIONS_MAX} versions already", version.product);
            return Err(PlanError::rule("bom-versions", "version", message));
        }
        version.lines.sort_by_key(|line| line.position);
        for line in &version.lines {
            let using = (version.product.clone(), version.version);
            self.uses.entry(line.component.clone()).or_default().insert(using);
        }
        let versions = self.versions.entry(version.product.clone()).or_default();
        versions.insert(version.version, Arc::new(version));
        Ok(())
    }

    /// One version.
    #[must_use]
    pub fn version(&self, product: &ItemId, version: u32) -> Option<&BomVersion> {
        Some(self.versions.get(product)?.get(&version)?)
    }

    /// The newest version, in force or not yet.
    #[must_use]
    pub fn newest(&self, product: &ItemId) -> Option<&BomVersion> {
        self.versions.get(product)?.values().next_back().map(Arc::as_ref)
    }

    /// All versions of a product, the oldest first.
    pub fn versions(&self, product: &ItemId) -> impl DoubleEndedIterator<Item = &BomVersion> {
        self.versions.get(product).into_iter().flat_map(BTreeMap::values).map(Arc::as_ref)
    }

    /// All products that have a version.
    pub fn products(&self) -> impl Iterator<Item = &ItemId> {
        self.versions.keys()
    }

    /// The version that is used for a product made on a day, with a serial where it has one.
    #[must_use]
    pub fn effective(
        &self,
        product: &ItemId,
        day: Day,
        serial: Option<&str>,
    ) -> Option<&BomVersion> {
        let by_serial = serial.and_then(serial_parts).and_then(|(letters, number)| {
            let fits = |bom: &&BomVersion| match &bom.effect {
                Effect::Serials(serials) => match serials.range() {
                    Some((same, first, last)) => {
                        same == letters && first <= number && last.is_none_or(|l| number <= l)
                    }
                    None => false,
                },
                Effect::Days { .. } => false,
            };
            self.versions(product).filter(fits).max_by_key(|bom| first_serial(bom))
        });
        by_serial.or_else(|| self.effective_by_day(product, day))
    }

    fn effective_by_day(&self, product: &ItemId, day: Day) -> Option<&BomVersion> {
        let days = |bom: &BomVersion| match bom.effect {
            Effect::Days { from, until } => Some((from, until)),
            Effect::Serials(_) => None,
        };
        let begun = self.versions(product).filter_map(|bom| Some((days(bom)?, bom)));
        let last = begun.filter(|((from, _), _)| *from <= day).max_by_key(|((from, _), _)| *from);
        last.filter(|((_, until), _)| until.is_none_or(|until| day <= until)).map(|(_, bom)| bom)
    }

    /// Where an item is used directly, in any version.
    pub fn uses<'a>(&'a self, item: &ItemId, day: Day) -> impl Iterator<Item = Use> + 'a {
        let item = item.clone();
        let using = self.uses.get(&item).into_iter().flatten();
        using.flat_map(move |(product, number)| {
            let version = self.version(product, *number);
            let lines = version.into_iter().flat_map(|bom| &bom.lines);
            let in_force = version.is_some_and(|bom| self.is_in_force(bom, day));
            let item = item.clone();
            lines.filter(move |line| line.component == item).map(move |line| Use {
                product: product.clone(),
                version: *number,
                position: line.position,
                in_force,
            })
        })
    }

    /// Whether a version is used on a day, for some serial at least.
    #[must_use]
    pub fn is_in_force(&self, bom: &BomVersion, day: Day) -> bool {
        match bom.effect {
            Effect::Serials(_) => true,
            Effect::Days { .. } => {
                self.effective_by_day(&bom.product, day).is_some_and(|e| e.version == bom.version)
            }
        }
    }

    /// All products that an item goes into, at any level, by the versions in force on a day; in no order
    /// of levels.
    pub fn used_in(&self, item: &ItemId, day: Day) -> Result<BTreeSet<ItemId>, PlanError> {
        let parents = |item: &ItemId| -> BTreeSet<ItemId> {
            self.uses(item, day).filter(|one| one.in_force).map(|one| one.product).collect()
        };
        let mut all: BTreeSet<ItemId> = descend(item, parents)?.order.into_iter().collect();
        all.remove(item);
        Ok(all)
    }

    /// Whether a version that is in fits all others from its first day on: it leads to no cycle and to no
    /// more than [`LEVELS_MAX`] levels, above and below it together. Versions that are used one after the
    /// other are taken together, so a cycle that would only come and go is refused too.
    pub fn check(&self, bom: &BomVersion) -> Result<(), PlanError> {
        let since = match bom.effect {
            Effect::Days { from, .. } => from,
            Effect::Serials(_) => Day::from_number(i64::MIN),
        };
        let below = descend(&bom.product, |item| self.components_since(item, since))?;
        let above = descend(&bom.product, |item| self.products_since(item, since))?;
        if below.levels + above.levels > LEVELS_MAX {
            let mut chain = above.longest;
            chain.reverse();
            chain.extend(below.longest.into_iter().skip(1));
            return Err(PlanError::Depth(chain));
        }
        Ok(())
    }

    /// The versions of a product that are used on some day from `since` on.
    fn used_since(&self, product: &ItemId, since: Day) -> impl Iterator<Item = &BomVersion> {
        self.versions(product).filter(move |bom| match bom.effect {
            Effect::Serials(_) => true,
            Effect::Days { until: Some(until), .. } => until >= since,
            Effect::Days { from, until: None } => {
                let follows = |other: &BomVersion| match other.effect {
                    Effect::Days { from: next, .. } => next > from && next <= since,
                    Effect::Serials(_) => false,
                };
                !self.versions(product).any(follows)
            }
        })
    }

    fn components_since(&self, item: &ItemId, since: Day) -> BTreeSet<ItemId> {
        let lines = self.used_since(item, since).flat_map(|bom| &bom.lines);
        lines.map(|line: &BomLine| line.component.clone()).collect()
    }

    fn products_since(&self, item: &ItemId, since: Day) -> BTreeSet<ItemId> {
        let using = self.uses.get(item).into_iter().flatten();
        let used = |(product, number): &&(ItemId, u32)| {
            self.used_since(product, since).any(|bom| bom.version == *number)
        };
        using.filter(used).map(|(product, _)| product.clone()).collect()
    }
}

fn first_serial(bom: &BomVersion) -> Option<u128> {
    match &bom.effect {
        Effect::Serials(serials) => serials.range().map(|(_, first, _)| first),
        Effect::Days { .. } => None,
    }
}
