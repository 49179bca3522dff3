//! The settings as people read them: one line each, by the keys of the configuration.
//!
//! Absent: what the digest covers (`Guards::text`); these words may change from version to version.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Guards, ItemClass, MovementKind, Right, facts_words};

impl Guards {
    /// Each setting by its key in the configuration, such as `operators.two_persons.kinds`; what asks
    /// nothing is left out.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::new();
        let mut say = |key: &str, value: String| drop(told.insert(key.to_owned(), value));
        say("operators.idle_timeout_s", seconds(self.idle_timeout_ms));
        say("operators.idle_end_s", seconds(self.idle_end_ms));
        say("operators.session_max_s", seconds(self.session_max_ms));
        say("operators.step_up_s", seconds(self.step_up_ms));
        say("operators.lockout.free_attempts", self.free_attempts.to_string());
        say("operators.lockout.first_delay_ms", self.first_delay_ms.to_string());
        say("operators.lockout.delay_ms_max", self.delay_ms_max.to_string());
        say("operators.lockout.failures_max", self.failures_max.to_string());
        say("operators.walking_s_min", seconds(self.walking.least_ms));
        say("access.review_hours_min", in_units(self.review_ms_min, 3_600_000, "h"));
        for ((a, b), ms) in &self.walking.between {
            say(&format!("stations.{a}.walking.{b}"), seconds(*ms));
        }
        for (kind, level) in &self.levels.kinds {
            say(&format!("operators.levels.{}", kind.name()), level.to_string());
        }
        for (&(module, action), level) in &self.levels.rights {
            let right = Right { module, action };
            say(&format!("operators.levels.{right}"), level.to_string());
        }
        let lists = [
            ("operators.two_persons.kinds", kinds(&self.two_persons.kinds)),
            ("operators.two_persons.classes", classes(&self.two_persons.classes)),
            ("operators.confirm_kinds", kinds(&self.confirm_kinds)),
        ];
        lists.into_iter().filter(|(_, list)| !list.is_empty()).for_each(|(key, l)| say(key, l));
        for (device, pin) in &self.pins {
            say(&format!("devices.{device}.identity"), facts_words(pin));
        }
        told
    }

    /// What is otherwise here than in `old`, a line for each setting: `KEY: OLD → NEW`.
    #[must_use]
    pub fn differs(&self, old: &Self) -> Vec<String> {
        let (old, new) = (old.told(), self.told());
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let of = |told: &BTreeMap<String, String>, key: &String| {
            told.get(key).cloned().unwrap_or_else(|| "none".to_owned())
        };
        let both = keys.into_iter().map(|key| (key, of(&old, key), of(&new, key)));
        both.filter(|(_, o, n)| o != n).map(|(key, o, n)| format!("{key}: {o} → {n}")).collect()
    }
}

/// Milliseconds as the configuration's seconds.
fn seconds(ms: u64) -> String {
    in_units(ms, 1000, "s")
}

fn in_units(ms: u64, unit_ms: u64, unit: &str) -> String {
    if ms.is_multiple_of(unit_ms) { format!("{} {unit}", ms / unit_ms) } else { format!("{ms} ms") }
}

fn kinds(list: &BTreeSet<MovementKind>) -> String {
    list.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn classes(list: &BTreeSet<ItemClass>) -> String {
    list.iter().map(|class| class.name()).collect::<Vec<_>>().join(", ")
}
