//! How a signal looks: which lamps are steady, blink or go on for a while. Pure: the time is an argument.
//!
//! Form: `red blink 500 + buzzer 1000`: red changes each 500 ms, the buzzer sounds for one second; a lamp alone is
//! steady; `off` is nothing. Invariants: at most one action a lamp; times are 50 ms to 60 s.

use gatewarden_model::Signal;

/// The shortest and longest times of a pattern, in milliseconds.
pub const TIME_MS: std::ops::RangeInclusive<u64> = 50..=60_000;

/// One of the lamps of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lamp {
    /// The green lamp.
    Green,
    /// The amber lamp.
    Amber,
    /// The red lamp.
    Red,
    /// The buzzer.
    Buzzer,
}

/// What a lamp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is on.
    Steady,
    /// On and off, so many milliseconds each.
    Blink(u64),
    /// On for so many milliseconds, then off.
    For(u64),
}

/// How one signal looks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern(Vec<(Lamp, Action)>);

/// Why a pattern can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A word that is no lamp.
    #[error(
        "no lamp {0:?}; write green, amber, red or buzzer, such as \"red blink 500 + buzzer 1000\""
    )]
    Lamp(String),
    /// A lamp that is named twice.
    #[error("{0} is named twice; one action a lamp")]
    Twice(String),
    /// What follows a lamp is no action.
    #[error("{0:?} after a lamp; write nothing, \"blink MS\" or \"MS\" with 50 to 60000 ms")]
    Action(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Where a word is neither lamp nor action, or a time is out of bounds.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.trim() == "off" {
            return Ok(Self::default());
        }
        let mut actions: Vec<(Lamp, Action)> = Vec::new();
        for part in text.split('+') {
            let words: Vec<&str> = part.split_whitespace().take(5).collect();
            let name = words.first().copied().unwrap_or("");
            let lamp = lamp(name).ok_or_else(|| PatternError::Lamp(name.to_owned()))?;
            if actions.iter().any(|(known, _)| *known == lamp) {
                return Err(PatternError::Twice(name.to_owned()));
            }
            let rest = words.get(1..).unwrap_or_default();
            let action = action(rest).ok_or_else(|| PatternError::Action(rest.join(" ")))?;
            actions.push((lamp, action));
        }
        Ok(Self(actions))
    }

    /// Whether a lamp is on, so many milliseconds after the signal began.
    #[must_use]
    pub fn is_on(&self, lamp: Lamp, elapsed_ms: u64) -> bool {
        self.0.iter().any(|(known, action)| {
            *known == lamp
                && match action {
                    Action::Steady => true,
                    Action::Blink(ms) => (elapsed_ms / (*ms).max(1)).is_multiple_of(2),
                    Action::For(ms) => elapsed_ms < *ms,
                }
        })
    }

    /// When a lamp will change next, in milliseconds after the signal began.
    #[must_use]
    pub fn next_change(&self, elapsed_ms: u64) -> Option<u64> {
        let next = self.0.iter().filter_map(|(_, action)| match action {
            Action::Steady => None,
            Action::Blink(ms) => Some((elapsed_ms / (*ms).max(1) + 1).saturating_mul((*ms).max(1))),
            Action::For(ms) => (elapsed_ms < *ms).then_some(*ms),
        });
        next.min()
    }
}

fn lamp(name: &str) -> Option<Lamp> {
    Some(match name {
        "green" => Lamp::Green,
        "amber" => Lamp::Amber,
        "red" => Lamp::Red,
        "buzzer" => Lamp::Buzzer,
        _ => return None,
    })
}

fn action(words: &[&str]) -> Option<Action> {
    let time = |word: &str| word.parse().ok().filter(|ms| TIME_MS.contains(ms));
    match words {
        [] => Some(Action::Steady),
        ["blink", ms] => time(ms).map(Action::Blink),
        [ms] => time(ms).map(Action::For),
        _ => None,
    }
}

/// How every signal looks, and what is shown when the driver stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns {
    /// Nothing to show.
    pub off: Pattern,
    /// Work in progress.
    pub waiting: Pattern,
    /// Recorded.
    pub good: Pattern,
    /// Held or refused.
    pub held: Pattern,
    /// Denied or quarantined.
    pub denied: Pattern,
    /// The gateway stopped.
    pub offline: Pattern,
}

impl Default for Patterns {
    fn default() -> Self {
        let steady = |lamps: &[Lamp]| Pattern(lamps.iter().map(|l| (*l, Action::Steady)).collect());
        Self {
            off: steady(&[]),
            waiting: steady(&[Lamp::Amber]),
            good: steady(&[Lamp::Green]),
            held: steady(&[Lamp::Red]),
            denied: steady(&[Lamp::Red, Lamp::Buzzer]),
            offline: steady(&[]),
        }
    }
}

impl Patterns {
    /// How a signal looks.
    #[must_use]
    pub fn of(&self, signal: Signal) -> &Pattern {
        match signal {
            Signal::Off => &self.off,
            Signal::Busy => &self.waiting,
            Signal::Go => &self.good,
            Signal::Stop => &self.held,
            Signal::Alarm => &self.denied,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_blinks_and_beeps() {
        let pattern = Pattern::parse("red blink 500 + buzzer 1000 + amber").unwrap();
        for (ms, red, buzzer, next) in [
            (0, true, true, 500),
            (499, true, true, 500),
            (500, false, true, 1000),
            (1000, true, false, 1500),
        ] {
            assert_eq!(pattern.is_on(Lamp::Red, ms), red, "{ms}");
            assert_eq!(pattern.is_on(Lamp::Buzzer, ms), buzzer, "{ms}");
            assert!(pattern.is_on(Lamp::Amber, ms) && !pattern.is_on(Lamp::Green, ms));
            assert_eq!(pattern.next_change(ms), Some(next), "{ms}");
        }
        assert_eq!(Pattern::parse("off").unwrap(), Pattern::default());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, told) in [
            ("blue", "no lamp \"blue\""),
            ("red + red 500", "named twice"),
            ("red blink", "\"blink\" after a lamp"),
            ("red blink 1", "50 to 60000"),
            ("", "no lamp"),
        ] {
            let error = Pattern::parse(text).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in ".{0,80}", ms in any::<u64>()) {
            if let Ok(pattern) = Pattern::parse(&text) {
                prop_assert!(!(pattern == Pattern::default() && pattern.is_on(Lamp::Red, ms)));
                prop_assert!(pattern.next_change(ms).is_none_or(|next| next > ms || ms == u64::MAX));
            }
        }
    }
}
