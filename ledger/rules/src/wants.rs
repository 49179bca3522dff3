//! Which facts somebody asks for, so that nobody reckons out the others.
//!
//! Invariants: a fact that a rule looks at is always wanted; names are compared while compiling, so that a fact
//! that does not exist can't be put. Absent: the house's own fields, which are few and always put.

use crate::catalogue;

/// Which of the catalogue's facts are wanted: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants([u64; 2]);

/// The place of what is no fact: the largest quantity and amount of the lines.
pub(crate) const OF_LINES: usize = 127;

const _: () = assert!(catalogue::FACTS.len() < OF_LINES, "a bit for each fact");

impl Wants {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Self([u64::MAX; 2])
    }

    /// Those of these names; names that are not of the catalogue are left. Of records those values are wanted
    /// that are named, and all where none is.
    #[must_use]
    pub fn of<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Self {
        let named = |list: &str| {
            let value = |name: &str| name.strip_prefix(list).is_some_and(|v| v.starts_with("[]."));
            names.clone().any(value)
        };
        let mut wants = Self::default();
        for (place, (known, ..)) in catalogue::FACTS.iter().enumerate() {
            let list = known.split_once("[]").map(|(list, _)| list).filter(|list| !named(list));
            if names.clone().any(|name| name == *known || list == Some(name)) {
                wants.add(place);
            }
        }
        wants
    }

    pub(crate) fn add(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    /// These without others.
    pub(crate) fn without(self, other: Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1]])
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 2]
    }

    #[inline]
    pub(crate) fn at(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    /// Whether any of these is wanted.
    #[inline]
    pub(crate) fn any(&self, of: Self) -> bool {
        (self.0[0] & of.0[0]) | (self.0[1] & of.0[1]) != 0
    }

    /// Those at these places.
    pub(crate) const fn at_all(places: &[usize]) -> Self {
        let (mut bits, mut next) = ([0; 2], 0);
        while next < places.len() {
            bits[places[next] / 64] |= 1 << (places[next] % 64);
            next += 1;
        }
        Self(bits)
    }

    pub(crate) fn turns(&self) -> bool {
        const OF: Wants = Wants::at_all(&[
            catalogue::at("history.in_count"),
            catalogue::at("history.out_count"),
            catalogue::at("history.in_out_count"),
        ]);
        self.any(OF)
    }

    pub(crate) fn split(&self) -> bool {
        const OF: Wants = Wants::at_all(&[
            catalogue::at("history.near_limit_count"),
            catalogue::at("history.near_limit_amount"),
            catalogue::at("history.near_limit_quantity"),
            catalogue::at("history.split_key"),
        ]);
        self.any(OF)
    }

    /// Whether anything is wanted that a moment tells.
    pub(crate) fn time(&self) -> bool {
        const OF: Wants = Wants::at_all(&[
            catalogue::at("time.day"),
            catalogue::at("time.hour"),
            catalogue::at("time.minute_of_day"),
            catalogue::at("time.weekday"),
            catalogue::at("time.working"),
        ]);
        self.any(OF)
    }

    pub(crate) fn idle(&self) -> bool {
        const AT: usize = catalogue::at("stock.idle_days");
        self.at(AT)
    }

    /// Whether something is asked for that only the whole journal tells.
    #[must_use]
    pub fn whole_journal(&self) -> bool {
        self.idle() || self.accuracy() || self.prices()
    }

    /// Whether something is asked for that the entries of some hours tell.
    #[must_use]
    pub fn windows(&self) -> bool {
        self.turns() || self.split() || self.tags()
    }

    pub(crate) fn accuracy(&self) -> bool {
        const OF: Wants = Wants::at_all(&[
            catalogue::at("history.accuracy"),
            catalogue::at("history.accuracy_before"),
            catalogue::at("history.accuracy_trend"),
            catalogue::at("history.accuracy_samples"),
        ]);
        self.any(OF)
    }

    pub(crate) fn prices(&self) -> bool {
        const OF: Wants = Wants::at_all(&[
            catalogue::at("history.price_changed_h"),
            catalogue::at("history.price_delta"),
            catalogue::at("history.price_by"),
        ]);
        self.any(OF)
    }

    pub(crate) fn tags(&self) -> bool {
        const OF: Wants = Wants::at_all(&[
            catalogue::at("history.two_places"),
            catalogue::at("history.two_places_tag"),
            catalogue::at("history.two_places_other"),
            catalogue::at("history.two_places_s"),
        ]);
        self.any(OF)
    }

    pub(crate) fn quarantine(&self) -> bool {
        const OF: Wants = Wants::at_all(&[
            catalogue::at("history.quarantined"),
            catalogue::at("history.quarantine_age_h"),
            catalogue::at("history.quarantine_pass"),
        ]);
        self.any(OF)
    }
}

/// Puts a fact of the catalogue where it is wanted; its value is not reckoned out elsewhere.
macro_rules! put {
    ($facts:expr, $wants:expr, $name:literal, $value:expr) => {{
        const AT: usize = $crate::catalogue::at($name);
        if $wants.at(AT) {
            $facts.put(AT, $crate::facts::Fact::from($value));
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
        if $wants.at(AT)
            && let Some(value) = $value
        {
            $facts.put(AT, $crate::facts::Fact::from(value));
        }
    }};
}

pub(crate) use {put, put_line, put_some};
