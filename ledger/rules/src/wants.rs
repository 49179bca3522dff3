//! Which facts somebody asks for, so that nobody reckons out the others.
//!
//! Invariants: a fact that a rule looks at is always wanted; names are compared while compiling, so that a fact
//! that does not exist can't be put. Absent: the house's own fields, which are few and always put.

use crate::catalogue;

/// Which of the catalogue's facts are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wants(Box<[bool]>);

impl Wants {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![true; catalogue::FACTS.len()].into())
    }

    /// Those of these names; names that are not of the catalogue are left. Of records those values are wanted
    /// that are named, and all where none is.
    #[must_use]
    pub fn of<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Self {
        let named = |list: &str| {
            let value = |name: &str| name.strip_prefix(list).is_some_and(|v| v.starts_with("[]."));
            names.clone().any(value)
        };
        let wanted = catalogue::FACTS.iter().map(|(known, ..)| {
            let list = known.split_once("[]").map(|(list, _)| list).filter(|list| !named(list));
            names.clone().any(|name| name == *known || list == Some(name))
        });
        Self(wanted.collect())
    }

    pub(crate) fn at(&self, place: usize) -> bool {
        self.0.get(place).copied().unwrap_or(true)
    }

    fn any(&self, places: &[usize]) -> bool {
        places.iter().any(|place| self.at(*place))
    }

    pub(crate) fn turns(&self) -> bool {
        const OF: [usize; 3] = [
            catalogue::at("history.in_count"),
            catalogue::at("history.out_count"),
            catalogue::at("history.in_out_count"),
        ];
        self.any(&OF)
    }

    pub(crate) fn split(&self) -> bool {
        const OF: [usize; 4] = [
            catalogue::at("history.near_limit_count"),
            catalogue::at("history.near_limit_amount"),
            catalogue::at("history.near_limit_quantity"),
            catalogue::at("history.split_key"),
        ];
        self.any(&OF)
    }

    pub(crate) fn idle(&self) -> bool {
        self.at(catalogue::at("stock.idle_days"))
    }

    /// Whether something is asked for that only the whole journal tells.
    #[must_use]
    pub fn whole_journal(&self) -> bool {
        self.idle() || self.accuracy() || self.prices()
    }

    pub(crate) fn accuracy(&self) -> bool {
        const OF: [usize; 4] = [
            catalogue::at("history.accuracy"),
            catalogue::at("history.accuracy_before"),
            catalogue::at("history.accuracy_trend"),
            catalogue::at("history.accuracy_samples"),
        ];
        self.any(&OF)
    }

    pub(crate) fn prices(&self) -> bool {
        const OF: [usize; 3] = [
            catalogue::at("history.price_changed_h"),
            catalogue::at("history.price_delta"),
            catalogue::at("history.price_by"),
        ];
        self.any(&OF)
    }

    pub(crate) fn tags(&self) -> bool {
        const OF: [usize; 4] = [
            catalogue::at("history.two_places"),
            catalogue::at("history.two_places_tag"),
            catalogue::at("history.two_places_other"),
            catalogue::at("history.two_places_s"),
        ];
        self.any(&OF)
    }

    pub(crate) fn quarantine(&self) -> bool {
        const OF: [usize; 3] = [
            catalogue::at("history.quarantined"),
            catalogue::at("history.quarantine_age_h"),
            catalogue::at("history.quarantine_pass"),
        ];
        self.any(&OF)
    }
}

/// Puts a fact of the catalogue where it is wanted; its value is not reckoned out elsewhere.
macro_rules! put {
    ($facts:expr, $wants:expr, $name:literal, $value:expr) => {{
        const AT: usize = $crate::catalogue::at($name);
        if $wants.at(AT) {
            $facts.set($name, $value);
        }
    }};
}

/// Puts a value of one of the lines where it is wanted.
macro_rules! put_line {
    ($record:expr, $wants:expr, $name:literal, $value:expr) => {{
        const AT: usize = $crate::catalogue::at(concat!("lines[].", $name));
        if $wants.at(AT) {
            $record.set_some($name, $value);
        }
    }};
}

/// As `put`, where there is a value.
macro_rules! put_some {
    ($facts:expr, $wants:expr, $name:literal, $value:expr) => {{
        const AT: usize = $crate::catalogue::at($name);
        if $wants.at(AT) {
            $facts.set_some($name, $value);
        }
    }};
}

pub(crate) use {put, put_line, put_some};
