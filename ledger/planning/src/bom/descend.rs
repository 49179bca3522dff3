//! A walk down (or up) what is made of what: each item once, depth and cycles told.
//!
//! Iterative, so that depth costs no stack. Invariants: of an answer each item stands after all that it leads
//! to; the levels are those of the longest way, not of the first one found; a cycle is named from where it
//! closes, both ends alike. Bounded by [`LEVELS_MAX`] levels and [`ITEMS_MAX`] items.

use std::collections::{BTreeSet, HashMap, HashSet};

use gatewarden_model::ItemId;

use super::LEVELS_MAX;
use crate::PlanError;

/// Most items that one walk visits.
pub const ITEMS_MAX: usize = 100_000;

/// What a walk found.
pub(super) struct Descent {
    /// Every item once, after all that it leads to; the root last.
    pub(super) order: Vec<ItemId>,
    /// Levels of the longest way.
    pub(super) levels: usize,
    /// The longest way, the root first.
    pub(super) longest: Vec<ItemId>,
}

/// An item on the way from the root to where the walk is.
struct Step {
    item: ItemId,
    left: std::collections::btree_set::IntoIter<ItemId>,
    /// Levels below it so far, and the child that has them.
    below: usize,
    by: Option<ItemId>,
}

struct Walk<F> {
    children: F,
    path: Vec<Step>,
    on_path: HashSet<ItemId>,
    /// Of each finished item the levels below it, and the child that leads the longest way.
    done: HashMap<ItemId, (usize, Option<ItemId>)>,
    order: Vec<ItemId>,
}

/// Walks from `root`, which counts as level 0.
pub(super) fn descend(
    root: &ItemId,
    children: impl FnMut(&ItemId) -> BTreeSet<ItemId>,
) -> Result<Descent, PlanError> {
    let mut walk = Walk {
        children,
        path: vec![],
        on_path: HashSet::new(),
        done: HashMap::new(),
        order: vec![],
    };
    walk.enter(root.clone())?;
    while let Some(step) = walk.path.last_mut() {
        match step.left.next() {
            Some(child) => walk.visit(child)?,
            None => walk.leave(),
        }
    }
    let levels = walk.done.get(root).map_or(0, |(levels, _)| *levels);
    let longest = walk.way_from(root.clone());
    Ok(Descent { order: walk.order, levels, longest })
}

impl<F: FnMut(&ItemId) -> BTreeSet<ItemId>> Walk<F> {
    fn enter(&mut self, item: ItemId) -> Result<(), PlanError> {
        if self.done.len() + self.path.len() >= ITEMS_MAX {
            let message = format!("more than {ITEMS_MAX} items: ask for a smaller assembly");
            return Err(PlanError::rule("bom-too-large", "lines", message));
        }
        let left = (self.children)(&item).into_iter();
        self.on_path.insert(item.clone());
        self.path.push(Step { item, left, below: 0, by: None });
        Ok(())
    }

    fn visit(&mut self, child: ItemId) -> Result<(), PlanError> {
        if self.on_path.contains(&child) {
            let chain = self.path.iter().map(|step| &step.item);
            let mut chain: Vec<ItemId> =
                chain.skip_while(|item| **item != child).cloned().collect();
            chain.push(child);
            return Err(PlanError::Cycle(chain));
        }
        let known = self.done.get(&child).map(|(levels, _)| *levels);
        if self.path.len() + known.unwrap_or(0) > LEVELS_MAX {
            let mut chain: Vec<ItemId> = self.path.iter().map(|step| step.item.clone()).collect();
            chain.extend(self.way_from(child));
            return Err(PlanError::Depth(chain));
        }
        match known {
            Some(levels) => {
                self.reached(&child, levels);
                Ok(())
            }
            None => self.enter(child),
        }
    }

    fn leave(&mut self) {
        let Some(step) = self.path.pop() else { return };
        self.on_path.remove(&step.item);
        self.order.push(step.item.clone());
        self.reached(&step.item, step.below);
        self.done.insert(step.item, (step.below, step.by));
    }

    /// The item at the end of the path leads to `child`, which has so many levels below it.
    fn reached(&mut self, child: &ItemId, levels: usize) {
        if let Some(step) = self.path.last_mut()
            && (step.by.is_none() || levels + 1 > step.below)
        {
            (step.below, step.by) = (levels + 1, Some(child.clone()));
        }
    }

    fn way_from(&self, item: ItemId) -> Vec<ItemId> {
        let mut way = vec![item];
        while let Some((_, Some(next))) = way.last().and_then(|item| self.done.get(item)) {
            way.push(next.clone());
        }
        way
    }
}
