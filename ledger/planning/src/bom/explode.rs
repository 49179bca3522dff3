//! What a quantity of a product needs: one level, or all the way down.
//!
//! Each item is taken once, in an order in which all that use it were taken before, so a tree of 60 levels
//! with many ways to the same part costs its lines and not its ways. Quantities stay exact fractions until
//! each item's sum is rounded up, once. What is never kept (phantoms) is passed through; scrap allowances are
//! included, level by level. Absent: stock that is there, lead times, lot sizes.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::{Day, ItemId};
use serde::Serialize;

use super::{BomLine, BomVersion, Boms, descend::descend};
use crate::{PlanError, exact::Ratio};

/// How far down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To what is taken from stock for the product itself.
    OneLevel,
    /// To what is not made.
    AllLevels,
}

/// What is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explosion {
    /// Of each item, by code.
    pub needs: Vec<Need>,
    /// The version that each product was taken by.
    pub versions: BTreeMap<ItemId, u32>,
}

/// What is needed of one item, scrap allowances included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Of which.
    pub item: ItemId,
    /// Base units, rounded up; what is only passed through has its own needs in its place and is 0.
    pub quantity: i64,
    /// The same before it was rounded.
    pub exact: Ratio,
    /// Whether all of it is needed by phantom lines, or some: then it is passed through so far.
    pub phantom: bool,
    /// Whether its own components are in the answer.
    pub opened: bool,
    /// The deepest level where it is needed; 1 for what goes straight into the product.
    pub level: usize,
}

/// What was needed of an item so far.
#[derive(Clone)]
struct Sum {
    kept: Ratio,
    passed: Ratio,
    level: usize,
}

impl Boms {
    /// What `quantity` base units of a product need, by the versions that are used on a day. `serial` is
    /// that of the product; components go by the day alone.
    pub fn explode(
        &self,
        (product, serial): (&ItemId, Option<&str>),
        quantity: i64,
        day: Day,
        reach: Reach,
    ) -> Result<Explosion, PlanError> {
        let root =
            self.effective(product, day, serial).ok_or_else(|| none_in_force(product, day))?;
        self.explode_version(root, quantity, day, reach)
    }

    /// The same by a given version of the product.
    pub fn explode_version(
        &self,
        root: &BomVersion,
        quantity: i64,
        day: Day,
        reach: Reach,
    ) -> Result<Explosion, PlanError> {
        let quantity =
            Ratio::whole(quantity).filter(|quantity| !quantity.is_zero()).ok_or_else(|| {
                let message = format!("{quantity} of {}: state more than 0", root.product);
                PlanError::rule("quantity-impossible", "quantity", message)
            })?;
        Explode::new(self, root, day, reach)?.run(quantity)
    }
}

fn none_in_force(product: &ItemId, day: Day) -> PlanError {
    let message = format!(
        "no BOM of {product} is in force on {day}: have one put in force by an engineering change"
    );
    PlanError::rule("bom-none", "product", message)
}

struct Explode<'a> {
    boms: &'a Boms,
    root: &'a BomVersion,
    day: Day,
    reach: Reach,
    /// What is passed through somewhere: its own lines count in its place.
    phantoms: BTreeSet<ItemId>,
}

impl<'a> Explode<'a> {
    fn new(
        boms: &'a Boms,
        root: &'a BomVersion,
        day: Day,
        reach: Reach,
    ) -> Result<Self, PlanError> {
        let mut explode = Self { boms, root, day, reach, phantoms: BTreeSet::new() };
        let mut open = vec![root.product.clone()];
        while let Some(item) = open.pop() {
            for line in explode.lines(&item).filter(|line| line.phantom) {
                if explode.version(&line.component).is_none() {
                    return Err(none_in_force(&line.component, day));
                }
                if explode.phantoms.insert(line.component.clone()) {
                    open.push(line.component.clone());
                }
            }
        }
        Ok(explode)
    }

    fn version(&self, item: &ItemId) -> Option<&'a BomVersion> {
        if *item == self.root.product {
            return Some(self.root);
        }
        self.boms.effective(item, self.day, None)
    }

    fn lines(&self, item: &ItemId) -> impl Iterator<Item = &'a BomLine> + use<'a> {
        self.version(item).into_iter().flat_map(BomVersion::planned)
    }

    /// Whether what is needed of an item is followed down; all of it, or what is passed through.
    fn opens(&self, item: &ItemId) -> bool {
        let reached = self.reach == Reach::AllLevels || *item == self.root.product;
        (reached || self.phantoms.contains(item)) && self.version(item).is_some()
    }

    fn run(&self, quantity: Ratio) -> Result<Explosion, PlanError> {
        let children = |item: &ItemId| -> BTreeSet<ItemId> {
            let lines = self.opens(item).then(|| self.lines(item));
            lines.into_iter().flatten().map(|line| line.component.clone()).collect()
        };
        let order = descend(&self.root.product, children)?.order;
        let start = Sum { kept: quantity, passed: Ratio::zero(), level: 0 };
        let mut sums = BTreeMap::from([(self.root.product.clone(), start)]);
        let mut versions = BTreeMap::new();
        for item in order.iter().rev().filter(|item| self.opens(item)) {
            if let (Some(sum), Some(version)) = (sums.get(item).cloned(), self.version(item)) {
                versions.insert(item.clone(), version.version);
                self.open(version, &sum, &mut sums)?;
            }
        }
        sums.remove(&self.root.product);
        let needs = sums.into_iter().map(|(item, sum)| self.need(item, sum));
        Ok(Explosion { needs: needs.collect::<Result<_, _>>()?, versions })
    }

    /// Adds what an item's sum needs of its components.
    fn open(
        &self,
        version: &BomVersion,
        sum: &Sum,
        sums: &mut BTreeMap<ItemId, Sum>,
    ) -> Result<(), PlanError> {
        let whole = self.reach == Reach::AllLevels || version.product == self.root.product;
        let count = if whole { sum.passed.add(&sum.kept) } else { Some(sum.passed.clone()) };
        let count = count.ok_or_else(|| PlanError::overflow(&version.product))?;
        for line in version.planned() {
            let none = || Sum { kept: Ratio::zero(), passed: Ratio::zero(), level: 0 };
            let component = sums.entry(line.component.clone()).or_insert_with(none);
            let place = if line.phantom { &mut component.passed } else { &mut component.kept };
            let needed = line.per_with_scrap(version.base).and_then(|per| per.mul(&count));
            *place = needed
                .and_then(|needed| place.add(&needed))
                .ok_or_else(|| PlanError::overflow(&line.component))?;
            component.level = component.level.max(sum.level + 1);
        }
        Ok(())
    }

    fn need(&self, item: ItemId, sum: Sum) -> Result<Need, PlanError> {
        let quantity = sum.kept.ceil().ok_or_else(|| PlanError::overflow(&item))?;
        Ok(Need {
            quantity,
            exact: sum.kept,
            phantom: !sum.passed.is_zero(),
            opened: self.opens(&item),
            level: sum.level,
            item,
        })
    }
}
