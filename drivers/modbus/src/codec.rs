//! What a signal means in coils, and how numbers gather into requests. Pure.
//!
//! Invariants: every fitted coil has a level for every signal; coils to switch off come before
//! coils to switch on; a run never exceeds `RUN_BITS_MAX`. The frames themselves are tokio-modbus's.

use gatewarden_model::DeviceFacts;

use crate::{
    Counters, Lamps, Settings,
    pattern::{Lamp, Pattern},
    profile::Model,
};

/// The most bits asked for at once; far below the protocol's 2,000, as small modules refuse more.
pub const RUN_BITS_MAX: u16 = 64;

/// A coil and its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The coil's number, from 0.
    pub coil: u16,
    /// Its level.
    pub on: bool,
}

/// Neighbouring bits that are read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first number.
    pub start: u16,
    /// How many, from 1 to `RUN_BITS_MAX`.
    pub count: u16,
}

/// The longest fact that is kept of what a module says of itself, in characters.
pub const FACT_CHARS_MAX: usize = 64;

/// The most objects of function 43 that are looked at.
pub const OBJECTS_MAX: usize = 8;

/// Who a module is: its address and unit, and what it said of itself.
#[must_use]
pub fn facts(settings: &Settings, told: &[(String, String)]) -> DeviceFacts {
    let facts = [("address", settings.address.clone()), ("unit", settings.unit.to_string())];
    let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value));
    facts.chain(told.iter().cloned()).collect()
}

/// A text of a module's as a fact: printable ASCII only, cut at `FACT_CHARS_MAX`; `None` where nothing is left.
#[must_use]
pub fn fact(bytes: &[u8]) -> Option<String> {
    let printable = bytes.iter().filter(|b| (b' '..=b'~').contains(b)).take(FACT_CHARS_MAX);
    let text: String = printable.map(|b| char::from(*b)).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The facts in the objects of function 43/14 (application protocol 1.1b3, 6.21): vendor, product, firmware.
#[must_use]
pub fn who<'a>(objects: impl IntoIterator<Item = (u8, &'a [u8])>) -> Vec<(String, String)> {
    let named = |(id, bytes): (u8, &[u8])| {
        let name = match id {
            0 => "vendor",
            1 => "product",
            2 => "firmware",
            _ => return None,
        };
        Some((name.to_owned(), fact(bytes)?))
    };
    objects.into_iter().take(OBJECTS_MAX).filter_map(named).collect()
}

/// The model that registers tell: numbers joined by dashes, or two letters each.
#[must_use]
pub fn model_fact(model: &Model, words: &[u16]) -> Option<(String, String)> {
    let value = if model.numbers {
        Some(words.iter().map(u16::to_string).collect::<Vec<_>>().join("-"))
    } else {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        fact(&bytes)
    };
    value.map(|value| ("model".to_owned(), value))
}

/// The levels of all fitted coils so many milliseconds after a pattern began, those to switch off first.
#[must_use]
pub fn levels(lamps: &Lamps, pattern: &Pattern, elapsed_ms: u64) -> Vec<Level> {
    let lit = |fitted: Option<u16>, lamp| {
        fitted.map(|coil| Level { coil, on: pattern.is_on(lamp, elapsed_ms) })
    };
    let mut levels: Vec<Level> = [
        lit(lamps.green, Lamp::Green),
        lit(lamps.amber, Lamp::Amber),
        lit(lamps.buzzer, Lamp::Buzzer),
        lit(lamps.red, Lamp::Red),
    ]
    .into_iter()
    .flatten()
    .collect();
    levels.sort_by_key(|level| level.on);
    levels
}

/// How many pulses lie between two values of a counter of 1 or 2 words; `None` where the module was restarted, or
/// more came than `most`.
#[must_use]
pub fn pulses(counters: &Counters, before: u32, now: u32, most: u32) -> Option<u32> {
    let mask = if counters.words == 1 { 0xFFFF } else { u32::MAX };
    let delta = now.wrapping_sub(before) & mask;
    (delta <= most).then_some(delta)
}

/// A counter's value from its registers.
#[must_use]
pub fn count(counters: &Counters, words: &[u16]) -> Option<u32> {
    match (counters.words, words) {
        (1, [low]) => Some(u32::from(*low)),
        (2, [first, second]) => {
            let (high, low) = if counters.high_first { (first, second) } else { (second, first) };
            Some(u32::from(*high) << 16 | u32::from(*low))
        }
        _ => None,
    }
}

/// Gathers numbers into as few runs of neighbours as the bound allows.
#[must_use]
pub fn runs(numbers: impl IntoIterator<Item = u16>) -> Vec<Run> {
    let mut numbers: Vec<u16> = numbers.into_iter().collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut runs: Vec<Run> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if number - run.start == run.count && run.count < RUN_BITS_MAX => {
                run.count += 1;
            }
            _ => runs.push(Run { start: number, count: 1 }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use gatewarden_model::Signal;

    use super::*;
    use crate::Patterns;

    const STACK: Lamps = Lamps { green: Some(0), amber: Some(1), red: Some(2), buzzer: Some(3) };

    #[test]
    fn signals_light_their_lamps_and_put_the_others_out_first() {
        for (signal, on) in [
            (Signal::Off, &[][..]),
            (Signal::Busy, &[1]),
            (Signal::Go, &[0]),
            (Signal::Stop, &[2]),
            (Signal::Alarm, &[3, 2]),
        ] {
            let patterns = Patterns::default();
            let levels = levels(&STACK, patterns.of(signal), 0);
            assert_eq!(levels.len(), 4, "{signal:?}");
            let lit: Vec<u16> = levels.iter().filter(|l| l.on).map(|l| l.coil).collect();
            assert_eq!(lit, on, "{signal:?}");
            assert!(levels.is_sorted_by_key(|l| l.on), "{signal:?}");
        }
        let green_only = Lamps { green: Some(7), ..Lamps::default() };
        assert_eq!(
            levels(&green_only, Patterns::default().of(Signal::Stop), 0),
            [Level { coil: 7, on: false }]
        );
    }

    #[test]
    fn a_module_is_known_by_where_it_is() {
        let settings = Settings { unit: 7, ..Settings::new("10.0.0.9:502", STACK) };
        let told = gatewarden_model::facts_words(&facts(&settings, &[]));
        assert_eq!(told, "address 10.0.0.9:502, unit 7");
    }

    #[test]
    fn counters_wrap_and_a_restart_is_no_wrap() {
        let two = Counters { function: 4, base: 16, words: 2, high_first: true };
        let one = Counters { words: 1, ..two.clone() };
        assert_eq!(pulses(&two, 7, 9, 1_000), Some(2));
        assert_eq!(pulses(&two, u32::MAX, 1, 1_000), Some(2));
        assert_eq!(pulses(&one, 0xFFFF, 1, 1_000), Some(2));
        assert_eq!(pulses(&two, 5_000, 0, 1_000), None);
        assert_eq!(pulses(&one, 5_000, 0, 1_000), None);
        assert_eq!(count(&two, &[1, 2]), Some(0x1_0002));
        assert_eq!(count(&Counters { high_first: false, ..two }, &[1, 2]), Some(0x2_0001));
        assert_eq!(count(&one, &[]), None);
        assert_eq!(fact(b"\x00Moxa \xff\n"), Some("Moxa".to_owned()));
    }

    #[test]
    fn neighbours_are_read_together() {
        let check = |numbers: &[u16], expected: &[(u16, u16)]| {
            let runs: Vec<_> =
                runs(numbers.iter().copied()).iter().map(|r| (r.start, r.count)).collect();
            assert_eq!(runs, expected, "{numbers:?}");
        };
        check(&[], &[]);
        check(&[3, 1, 2, 2, 7], &[(1, 3), (7, 1)]);
        check(&[65_535, 0], &[(0, 1), (65_535, 1)]);
        let many: Vec<u16> = (0..100).collect();
        check(&many, &[(0, 64), (64, 36)]);
    }
}
