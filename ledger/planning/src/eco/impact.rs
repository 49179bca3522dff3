//! What a change meets: open work, the stock of what it replaces, what of it is still to come.
//!
//! Invariants: a work order is met where the new version would be the one in force for it, by its day and
//! serial, or for a phantom in it; replaced is what the new version takes no more, or less of. Absent: what
//! to do about it, which people decide.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Day, ItemId, Location};
use serde::Serialize;

use super::ChangeOrder;
use crate::{BomVersion, Boms, Effect, Fact, Facts, PlanError, Ratio, fact::facts};

/// An open work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenWork {
    /// Its number.
    pub number: String,
    /// What it makes.
    pub product: ItemId,
    /// Base units that it has still to make.
    pub open: i64,
    /// When.
    pub day: Day,
    /// The first serial of what it makes, where that is known.
    pub serial: Option<String>,
}

/// Stock at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Of what.
    pub item: ItemId,
    /// Where.
    pub location: Location,
    /// Base units.
    pub quantity: i64,
}

/// An open line of a purchase order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenPurchase {
    /// The order's number.
    pub number: String,
    /// The line.
    pub line: u32,
    /// Of what.
    pub item: ItemId,
    /// Base units still to come.
    pub open: i64,
}

/// How a component is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replaced {
    /// The new version does not take it.
    Gone,
    /// The new version takes less of it.
    Less,
}

/// An open work order that a change meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// Which.
    pub work: OpenWork,
    /// By the change of which BOM.
    pub by: ItemId,
}

/// Stock of a replaced component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplacedStock {
    /// What is there.
    pub held: Held,
    /// How it is replaced.
    pub how: Replaced,
}

/// The impact list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Impact {
    /// What is replaced, and how.
    pub replaced: BTreeMap<ItemId, Replaced>,
    /// Open work that is met.
    pub works: Vec<Affected>,
    /// Stock of what is replaced.
    pub stock: Vec<ReplacedStock>,
    /// What of it is still to come.
    pub purchases: Vec<OpenPurchase>,
}

impl Impact {
    /// Facts for the workflow: `open_work_orders`, `replaced_stock_places`, `open_purchase_lines`,
    /// `replaced` (codes).
    #[must_use]
    pub fn facts(&self) -> Facts {
        let count = |count: usize| Fact::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        facts([
            ("open_work_orders", count(self.works.len())),
            ("replaced_stock_places", count(self.stock.len())),
            ("open_purchase_lines", count(self.purchases.len())),
            ("replaced", Fact::Texts(self.replaced.keys().map(ToString::to_string).collect())),
        ])
    }
}

/// The impact of an order on what is open today. Fails where its proposals don't fit together.
pub fn impact(
    order: &ChangeOrder,
    boms: &Boms,
    works: &[OpenWork],
    stock: &[Held],
    purchases: &[OpenPurchase],
) -> Result<Impact, PlanError> {
    let trial = order.trial(boms)?;
    let mut replaced = BTreeMap::new();
    for bom in &order.proposals {
        if let Some(old) = boms.newest(&bom.product) {
            replaced.extend(replaced_by(old, bom)?);
        }
    }
    let mut met = Vec::new();
    for bom in &order.proposals {
        let products = passing(&trial, bom);
        let open = works.iter().filter(|work| work.open > 0);
        let open = open.filter(|work| is_met(&trial, bom, &products, work));
        met.extend(open.map(|work| Affected { work: work.clone(), by: bom.product.clone() }));
    }
    let held = stock.iter().filter(|held| held.quantity > 0);
    let stock = held
        .filter_map(|held| {
            let how = *replaced.get(&held.item)?;
            Some(ReplacedStock { held: held.clone(), how })
        })
        .collect();
    let coming = |one: &&OpenPurchase| one.open > 0 && replaced.contains_key(&one.item);
    let purchases = purchases.iter().filter(coming).cloned().collect();
    Ok(Impact { replaced, works: met, stock, purchases })
}

/// What a new version takes no more, or less of for one product; alternatives of a group count as taken.
fn replaced_by(
    old: &BomVersion,
    new: &BomVersion,
) -> Result<BTreeMap<ItemId, Replaced>, PlanError> {
    let (was, is) = (totals(old)?, totals(new)?);
    let mut replaced = BTreeMap::new();
    for (item, quantity) in was {
        match is.get(&item) {
            None => drop(replaced.insert(item, Replaced::Gone)),
            Some(now) => {
                let order = now.compare(&quantity).ok_or_else(|| PlanError::overflow(&item))?;
                if order.is_lt() {
                    replaced.insert(item, Replaced::Less);
                }
            }
        }
    }
    Ok(replaced)
}

fn totals(bom: &BomVersion) -> Result<BTreeMap<ItemId, Ratio>, PlanError> {
    let mut totals: BTreeMap<ItemId, Ratio> = BTreeMap::new();
    for line in &bom.lines {
        let total = totals.entry(line.component.clone()).or_insert_with(Ratio::zero);
        let sum = line.per_with_scrap(bom.base).and_then(|per| total.add(&per));
        *total = sum.ok_or_else(|| PlanError::overflow(&line.component))?;
    }
    Ok(totals)
}

/// The products that a BOM is passed through into, by phantom lines alone, those of it included.
fn passing(boms: &Boms, bom: &BomVersion) -> BTreeSet<ItemId> {
    let day = match bom.effect {
        Effect::Days { from, .. } => from,
        // A phantom has no serial of its own, so only the product itself is met.
        Effect::Serials(_) => return BTreeSet::from([bom.product.clone()]),
    };
    let mut all = BTreeSet::from([bom.product.clone()]);
    let mut open = vec![bom.product.clone()];
    while let Some(item) = open.pop() {
        for one in boms.uses(&item, day).filter(|one| one.in_force) {
            let version = boms.version(&one.product, one.version);
            let mut lines = version.into_iter().flat_map(|bom| &bom.lines);
            let by_phantom = lines.any(|line| line.position == one.position && line.phantom);
            if by_phantom && all.insert(one.product.clone()) {
                open.push(one.product);
            }
        }
    }
    all
}

fn is_met(boms: &Boms, bom: &BomVersion, products: &BTreeSet<ItemId>, work: &OpenWork) -> bool {
    let is_new = |product: &ItemId, serial: Option<&str>| {
        let found = boms.effective(product, work.day, serial);
        found.is_some_and(|found| found.version == bom.version)
    };
    if work.product == bom.product {
        return is_new(&bom.product, work.serial.as_deref());
    }
    products.contains(&work.product) && is_new(&bom.product, None)
}
