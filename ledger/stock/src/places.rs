//! The places that exist: a closed list of physical ones, or any where none is declared.

use std::collections::HashSet;

use gatewarden_model::{Location, Movement};

use crate::{admit::field, code::check_code, error::StockError};

/// Most places that a message names.
const NAMED_MAX: usize = 3;

/// Declared physical places. Virtual ones always exist.
#[derive(Debug, Clone, Default)]
pub struct Places(HashSet<Location>);

impl FromIterator<Location> for Places {
    fn from_iter<I: IntoIterator<Item = Location>>(places: I) -> Self {
        Self(places.into_iter().collect())
    }
}

impl Places {
    /// Refuses a physical place that is not declared, where any is.
    pub fn check(&self, field: &str, place: &Location) -> Result<(), StockError> {
        check_code(field, place.as_str())?;
        if self.0.is_empty() || !place.is_physical() || self.0.contains(place) {
            return Ok(());
        }
        let near = self.near(place);
        let near = if near.is_empty() { String::new() } else { format!(" ({near}, …)") };
        let message = format!(
            "no place {place} is declared: take one that is{near}, or add it to [[locations]]"
        );
        Err(StockError::rule("unknown-location", field, message))
    }

    /// Refuses a movement to or from a place that is not declared.
    pub fn check_movement(&self, movement: &Movement) -> Result<(), StockError> {
        for (position, line) in movement.lines.iter().enumerate() {
            self.check(&field(position, "from"), &line.from)?;
            self.check(&field(position, "to"), &line.to)?;
        }
        Ok(())
    }

    /// Some declared places under the same root, else any.
    fn near(&self, place: &Location) -> String {
        let root = |place: &Location| place.as_str().split('/').next().map(str::to_owned);
        let mut near: Vec<&Location> = self.0.iter().filter(|p| root(p) == root(place)).collect();
        if near.is_empty() {
            near = self.0.iter().collect();
        }
        near.sort_unstable();
        let near: Vec<&str> = near.into_iter().take(NAMED_MAX).map(Location::as_str).collect();
        near.join(", ")
    }
}
