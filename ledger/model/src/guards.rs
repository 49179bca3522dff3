//! The settings of the house that decide, beside roles and Cedar, whether somebody is let do something: how
//! strongly and for how long he must be authenticated, who must stand beside him, how fast he can walk, what
//! wrong PINs cost, and who a device must be.
//!
//! They are recorded with the policies and are in force as the journal says, not as a file says. Invariants:
//! what one entry recorded is read back to the byte for ever, so a field is never taken out and a new one is
//! left out where it has its default. Absent: reading them from TOML (`gatewarden_config`), asking by them
//! (`gatewarden_engine`).

mod told;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Action, DeviceFacts, DeviceId, ItemClass, Module, MovementKind, Right, StationId, canonical,
    item::is_default,
};

/// Everything that decides so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// A session without activity is idle after so many milliseconds.
    pub idle_timeout_ms: u64,
    /// An idle session ends after so many milliseconds more; 0 ends it at once.
    pub idle_end_ms: u64,
    /// A session ends after so many milliseconds in any case.
    pub session_max_ms: u64,
    /// A raised level falls back after so many milliseconds.
    pub step_up_ms: u64,
    /// Failures to sign in that cost no waiting.
    pub free_attempts: u32,
    /// The wait after the first failure beyond; it doubles with each further one.
    pub first_delay_ms: u64,
    /// The longest wait.
    pub delay_ms_max: u64,
    /// After so many failures in a row only somebody else unlocks; 0 for never.
    pub failures_max: u32,
    /// An access review leaves its reviewers at least so many milliseconds.
    pub review_ms_min: u64,
    /// How long it takes from one station to another.
    #[serde(default, skip_serializing_if = "is_default")]
    pub walking: Walking,
    /// How strongly somebody must be authenticated for what.
    #[serde(default, skip_serializing_if = "is_default")]
    pub levels: Levels,
    /// What two people must be present for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub two_persons: TwoPersons,
    /// Postings of these kinds are confirmed by the key of whoever posts them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub confirm_kinds: BTreeSet<MovementKind>,
    /// What a device must tell, where the house says it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<DeviceId, DeviceFacts>,
}

/// How long it takes from one station to another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walking {
    /// Milliseconds between any two stations that `between` does not name; 0 asks nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub least_ms: u64,
    /// Milliseconds between two stations, the one that sorts first named first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "ways")]
    pub between: BTreeMap<(StationId, StationId), u64>,
}

impl Walking {
    /// Milliseconds from one station to another, the same in both directions.
    #[must_use]
    pub fn ms(&self, a: &StationId, b: &StationId) -> u64 {
        if a == b {
            return 0;
        }
        let pair = if a < b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
        self.between.get(&pair).copied().unwrap_or(self.least_ms)
    }
}

/// Which level an operation needs; what nothing names needs no more than a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// By kind of movement.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<MovementKind, u8>,
    /// By right.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "by_right")]
    pub rights: BTreeMap<(Module, Action), u8>,
}

impl Levels {
    /// The level that something needs; 0 where nothing names it. A kind's level holds for what moves stock
    /// (execute, and the approval that lets it move), a right's for every use of the right.
    #[must_use]
    pub fn needed(&self, module: Module, action: Action, kind: Option<MovementKind>) -> u8 {
        let right = self.rights.get(&(module, action)).copied().unwrap_or(0);
        let moves = matches!(action, Action::Execute | Action::Approve);
        let kind = kind.filter(|_| moves).and_then(|kind| self.kinds.get(&kind).copied());
        right.max(kind.unwrap_or(0))
    }
}

/// What two people must be present for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoPersons {
    /// Movements of these kinds.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<MovementKind>,
    /// Movements of items of these classes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub classes: BTreeSet<ItemClass>,
}

impl Guards {
    /// The text that the digest of the policies covers: the canonical bytes.
    #[must_use]
    pub fn text(&self) -> String {
        // Only a time beyond 2^63 ms can't be encoded, and no entry can hold one.
        let bytes = canonical::encode(self).ok();
        bytes.and_then(|b| String::from_utf8(b).ok()).unwrap_or_else(|| format!("{self:?}"))
    }
}

/// Ways as stations by stations.
mod ways {
    use super::*;

    type Ways = BTreeMap<(StationId, StationId), u64>;
    type Nested = BTreeMap<StationId, BTreeMap<StationId, u64>>;

    pub(super) fn serialize<S: Serializer>(ways: &Ways, to: S) -> Result<S::Ok, S::Error> {
        let mut nested = Nested::new();
        for ((a, b), ms) in ways {
            nested.entry(a.clone()).or_default().insert(b.clone(), *ms);
        }
        nested.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ways, D::Error> {
        let nested = Nested::deserialize(from)?;
        let of = |(a, ways): (StationId, BTreeMap<StationId, u64>)| {
            ways.into_iter().map(move |(b, ms)| ((a.clone(), b), ms))
        };
        Ok(nested.into_iter().flat_map(of).collect())
    }
}

/// Levels by rights, each as `module:action`.
mod by_right {
    use super::*;

    type Levels = BTreeMap<(Module, Action), u8>;

    pub(super) fn serialize<S: Serializer>(levels: &Levels, to: S) -> Result<S::Ok, S::Error> {
        let right = |(&(module, action), &level)| (Right { module, action }, level);
        levels.iter().map(right).collect::<BTreeMap<Right, u8>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Levels, D::Error> {
        let by_right = BTreeMap::<Right, u8>::deserialize(from)?;
        Ok(by_right.into_iter().map(|(r, level)| ((r.module, r.action), level)).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use super::*;

    #[test]
    fn the_way_is_as_long_back_and_none_to_where_one_is() {
        let [a, b, c] = ["dock-1", "dock-2", "dock-3"].map(|s| s.parse::<StationId>().unwrap());
        let between = [((a.clone(), b.clone()), 60_000)].into();
        let walking = Walking { least_ms: 5000, between };
        assert_eq!((walking.ms(&a, &b), walking.ms(&b, &a)), (60_000, 60_000));
        assert_eq!((walking.ms(&a, &c), walking.ms(&a, &a)), (5000, 0));
    }

    #[test]
    fn what_is_encoded_is_read_back_and_every_part_of_it_is_in_the_text() {
        let pin = DeviceFacts::from([("mac".to_owned(), "00:11".to_owned())]);
        let between = [(("a".parse().unwrap(), "b".parse().unwrap()), 60_000)].into();
        let guards = Guards {
            idle_timeout_ms: 1,
            idle_end_ms: 2,
            session_max_ms: 3,
            step_up_ms: 4,
            free_attempts: 5,
            first_delay_ms: 6,
            delay_ms_max: 7,
            failures_max: 8,
            review_ms_min: 9,
            walking: Walking { least_ms: 10, between },
            levels: Levels {
                kinds: [(MovementKind::Scrap, 3)].into(),
                rights: [((Module::System, Action::Approve), 4)].into(),
            },
            two_persons: TwoPersons {
                kinds: [MovementKind::Receipt].into(),
                classes: [ItemClass::A].into(),
            },
            confirm_kinds: [MovementKind::Adjustment].into(),
            pins: [("portal-1".parse().unwrap(), pin)].into(),
        };
        for guards in [guards.clone(), Guards::default()] {
            let text = guards.text();
            assert_eq!(canonical::decode::<Guards>(text.as_bytes()).unwrap(), guards, "{text}");
        }
        let expect = "{\"confirm_kinds\":[\"adjustment\"],\"delay_ms_max\":7,\"failures_max\":8,\
            \"first_delay_ms\":6,\"free_attempts\":5,\"idle_end_ms\":2,\"idle_timeout_ms\":1,\
            \"levels\":{\"kinds\":{\"scrap\":3},\"rights\":{\"system:approve\":4}},\
            \"pins\":{\"portal-1\":{\"mac\":\"00:11\"}},\"review_ms_min\":9,\"session_max_ms\":3,\
            \"step_up_ms\":4,\"two_persons\":{\"classes\":[\"A\"],\"kinds\":[\"receipt\"]},\
            \"walking\":{\"between\":{\"a\":{\"b\":60000}},\"least_ms\":10}}";
        assert_eq!(guards.text(), expect);
        let words: Vec<String> = guards.differs(&Guards::default());
        assert_eq!(words.len(), 17, "every setting is told: {words:#?}");
        assert_eq!(guards.differs(&guards), [""; 0]);
    }
}
