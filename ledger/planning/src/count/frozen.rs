//! Bins that nothing goes into or out of while they are counted.
//!
//! Invariants: a bin is frozen by one count; what is frozen is the place and all below it; thawing gives back
//! what that count froze, and no more.

use std::collections::{BTreeMap, BTreeSet};

use gatewarden_model::Location;

use crate::PlanError;

/// Most frozen bins.
pub const FROZEN_MAX: usize = 100_000;

/// The frozen bins, each with the number of its count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frozen {
    bins: BTreeMap<Location, String>,
}

impl Frozen {
    /// Freezes bins for a count: all, or none where one is frozen by another already; all those are told.
    pub fn freeze(&mut self, count: &str, bins: &BTreeSet<Location>) -> Result<(), Vec<PlanError>> {
        let mut mistakes = Vec::new();
        for bin in bins {
            let other = self.meeting(bin).find(|(_, by)| *by != count);
            if let Some((place, by)) = other {
                let message = format!("{bin} is counted by {by} already (as {place}): wait for it");
                mistakes.push(PlanError::rule("bin-frozen", "bins", message));
            }
            if !bin.is_physical() {
                let message = format!("{bin} is no place in the building: it can't be counted");
                mistakes.push(PlanError::rule("bin-virtual", "bins", message));
            }
        }
        if self.bins.len() + bins.len() > FROZEN_MAX {
            let message = format!("more than {FROZEN_MAX} bins would be frozen: count in parts");
            mistakes.push(PlanError::rule("count-too-large", "bins", message));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        self.bins.extend(bins.iter().map(|bin| (bin.clone(), count.to_owned())));
        Ok(())
    }

    /// Whether nothing is frozen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }

    /// Gives back what a count froze.
    pub fn thaw(&mut self, count: &str) {
        self.bins.retain(|_, by| by != count);
    }

    /// The count that a place is frozen by: it or a place that it is in.
    #[must_use]
    pub fn by(&self, place: &Location) -> Option<&str> {
        self.above(place).map(|(_, by)| by)
    }

    /// Of a place and those that it is in, the frozen ones.
    fn above<'a>(&'a self, place: &Location) -> Option<(&'a Location, &'a str)> {
        let text = place.as_str();
        let mut ends = text.match_indices('/').map(|(at, _)| at).chain([text.len()]);
        ends.find_map(|end| {
            let outer = Location::parse(&text[..end]).ok()?;
            let (bin, by) = self.bins.get_key_value(&outer)?;
            Some((bin, by.as_str()))
        })
    }

    /// Refuses a movement at a frozen place. `but` is the count that may move there.
    pub fn admit(&self, place: &Location, but: Option<&str>) -> Result<(), PlanError> {
        match self.by(place) {
            Some(by) if Some(by) != but => {
                let message = format!("{place} is being counted by {by}: wait until it is done");
                Err(PlanError::rule("bin-frozen", "location", message))
            }
            _ => Ok(()),
        }
    }

    /// A frozen place that a bin is in, and those in it.
    fn meeting<'a>(&'a self, bin: &'a Location) -> impl Iterator<Item = (&'a str, &'a str)> {
        let above = self.above(bin).map(|(place, by)| (place.as_str(), by));
        let below = self.bins.range(bin..).map(|(place, by)| (place.as_str(), by.as_str()));
        let below = below.take_while(|(place, _)| place.starts_with(bin.as_str()));
        let is_in = |(place, _): &(&str, &str)| place[bin.as_str().len()..].starts_with('/');
        above.into_iter().chain(below.filter(is_in))
    }
}
