//! What a work order needs, item by item and group by group, and what is left of it.
//!
//! A need is covered in *products*: so many products' worth is still to be covered, and a piece of a member
//! covers `1 / per` of one. Own needs are drawn from before those of groups, because no other item can
//! cover them. An order that makes several products has the needs of each, in its lines' order, each rounded by
//! itself. Invariants: a need never goes below nothing.

use std::collections::BTreeMap;

use gatewarden_model::ItemId;

use super::{Standing, Work};
use crate::{
    BomVersion, PlanError, Ratio,
    bom::{LEVELS_MAX, Reach},
};

/// Most lines that are looked at for one work order, phantoms opened.
pub const STEPS_MAX: usize = 100_000;

/// A need that some items can cover.
struct Need {
    /// Who can, with how much of it a product takes; the planned one first.
    members: Vec<(ItemId, Ratio)>,
    /// Products that are made.
    made: Ratio,
    /// Products that are not covered yet.
    left: Ratio,
}

pub(crate) struct Needs {
    needs: Vec<Need>,
    by_item: BTreeMap<ItemId, Vec<usize>>,
    words: String,
}

impl Needs {
    /// Of all that an order makes, scrap allowances included or not. What makes nothing needs nothing.
    pub(crate) fn new(works: &[Work<'_>], scrap: bool) -> Result<Self, PlanError> {
        let (mut words, mut all_groups) = (vec![], vec![]);
        let mut needs = Self { needs: vec![], by_item: BTreeMap::new(), words: String::new() };
        for work in works.iter().filter(|work| work.quantity != 0) {
            // Tells cycles, depth and phantoms without parts, and bounds what follows.
            work.boms.explode_version(work.bom, work.quantity, work.day, Reach::OneLevel)?;
            let made = Ratio::whole(work.quantity).unwrap_or_else(Ratio::zero);
            words.push(format!("{} × {}", work.bom.words(), work.quantity));
            let (mut own, mut groups) = (BTreeMap::new(), Vec::new());
            gather(*work, scrap, &mut own, &mut groups)?;
            for (item, per) in own {
                needs.add(vec![(item, per)], &made);
            }
            all_groups.extend(groups.into_iter().map(|members| (members, made.clone())));
        }
        all_groups.into_iter().for_each(|(members, made)| needs.add(members, &made));
        needs.words = words.join(" and ");
        Ok(needs)
    }

    fn add(&mut self, members: Vec<(ItemId, Ratio)>, made: &Ratio) {
        for (item, _) in &members {
            self.by_item.entry(item.clone()).or_default().push(self.needs.len());
        }
        self.needs.push(Need { members, made: made.clone(), left: made.clone() });
    }

    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// Takes so much of an item; what no need is left for.
    pub(crate) fn take(&mut self, item: &ItemId, quantity: i64) -> Result<i64, PlanError> {
        let overflow = || PlanError::overflow(item);
        let mut rest = quantity;
        for at in self.by_item.get(item).into_iter().flatten() {
            let need = &mut self.needs[*at];
            let Some((_, per)) = need.members.iter().find(|(member, _)| member == item) else {
                continue;
            };
            let most = need.left.mul(per).and_then(|most| most.ceil()).ok_or_else(overflow)?;
            let taken = rest.min(most);
            let covered = Ratio::whole(taken).and_then(|taken| taken.div(per));
            let left = covered.and_then(|covered| need.left.less(&covered));
            need.left = left.ok_or_else(overflow)?;
            rest -= taken;
        }
        Ok(rest)
    }

    /// What the whole work order may take of an item, if no other of its group is taken.
    pub(crate) fn standard(&self, item: &ItemId) -> Result<i64, PlanError> {
        let mut sum = 0_i64;
        for need in self.of(item) {
            let per = need.members.iter().find(|(member, _)| member == item).map(|(_, per)| per);
            let most = per.and_then(|per| per.mul(&need.made)).and_then(|most| most.ceil());
            let added = most.and_then(|most| sum.checked_add(most));
            sum = added.ok_or_else(|| PlanError::overflow(item))?;
        }
        Ok(sum)
    }

    pub(crate) fn standing(&self, item: &ItemId) -> Standing {
        let mut planned = self.of(item).filter_map(|need| need.members.first());
        match planned.next() {
            None => Standing::NotInBom,
            Some((first, _)) if first == item || planned.any(|(first, _)| first == item) => {
                Standing::Planned
            }
            Some((first, _)) => Standing::SubstituteOf(first.clone()),
        }
    }

    /// What is planned, each need once: the item, and how much of its need nothing covered, rounded down.
    pub(crate) fn uncovered(&self) -> Result<BTreeMap<ItemId, i64>, PlanError> {
        let mut left: BTreeMap<ItemId, i64> = BTreeMap::new();
        for need in &self.needs {
            let Some((item, per)) = need.members.first() else { continue };
            let rest = need.left.mul(per).and_then(|rest| rest.floor());
            let sum = left.entry(item.clone()).or_insert(0);
            let added = rest.and_then(|rest| sum.checked_add(rest));
            *sum = added.ok_or_else(|| PlanError::overflow(item))?;
        }
        Ok(left)
    }

    fn of(&self, item: &ItemId) -> impl Iterator<Item = &Need> {
        self.by_item.get(item).into_iter().flatten().map(|at| &self.needs[*at])
    }
}

/// Own needs by item and groups, phantoms opened.
fn gather(
    work: Work<'_>,
    scrap: bool,
    own: &mut BTreeMap<ItemId, Ratio>,
    groups: &mut Vec<Vec<(ItemId, Ratio)>>,
) -> Result<(), PlanError> {
    let one = Ratio::new(1, 1).unwrap_or_else(Ratio::zero);
    let mut open: Vec<(&BomVersion, Ratio, usize)> = vec![(work.bom, one, 0)];
    let mut steps = 0;
    while let Some((bom, times, depth)) = open.pop() {
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &bom.lines {
            steps += 1;
            if steps > STEPS_MAX || depth > LEVELS_MAX {
                let message =
                    format!("more than {STEPS_MAX} lines with phantoms opened: flatten it");
                return Err(PlanError::rule("bom-too-large", "lines", message));
            }
            let per = if scrap { line.per_with_scrap(bom.base) } else { line.per(bom.base) };
            let per = per.and_then(|per| per.mul(&times));
            let per = per.ok_or_else(|| PlanError::overflow(&line.component))?;
            if line.phantom {
                let below = work.boms.effective(&line.component, work.day, None);
                open.extend(below.map(|below| (below, per, depth + 1)));
            } else if let Some(group) = &line.group {
                let at = *named.entry(group).or_insert_with(|| {
                    groups.push(vec![]);
                    groups.len() - 1
                });
                groups[at].push((line.component.clone(), per));
            } else {
                let sum = own.entry(line.component.clone()).or_insert_with(Ratio::zero);
                *sum = sum.add(&per).ok_or_else(|| PlanError::overflow(&line.component))?;
            }
        }
    }
    Ok(())
}
