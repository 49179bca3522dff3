//! What a signal means in coils, and how numbers gather into requests. Pure.
//!
//! Invariants: every fitted coil has a level for every signal; coils to switch off come before
//! coils to switch on; a run never exceeds `RUN_BITS_MAX`. The frames themselves are tokio-modbus's.

use gatewarden_model::{DeviceFacts, Signal};

use crate::{Lamps, Settings};

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

/// Who a module is, as far as Modbus says: its address and unit. (Device identification, function code 43,
/// is not asked for: many small modules answer what they do not know by dropping the connection.)
#[must_use]
pub fn facts(settings: &Settings) -> DeviceFacts {
    let facts = [("address", settings.address.clone()), ("unit", settings.unit.to_string())];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The levels of all fitted coils for a signal, those to switch off first.
#[must_use]
pub fn levels(lamps: &Lamps, signal: Signal) -> Vec<Level> {
    let lit = |lamp: Option<u16>, on: bool| lamp.map(|coil| Level { coil, on });
    let mut levels: Vec<Level> = [
        lit(lamps.green, signal == Signal::Go),
        lit(lamps.amber, signal == Signal::Busy),
        lit(lamps.buzzer, signal == Signal::Alarm),
        lit(lamps.red, matches!(signal, Signal::Stop | Signal::Alarm)),
    ]
    .into_iter()
    .flatten()
    .collect();
    levels.sort_by_key(|level| level.on);
    levels
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
    use super::*;

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
            let levels = levels(&STACK, signal);
            assert_eq!(levels.len(), 4, "{signal:?}");
            let lit: Vec<u16> = levels.iter().filter(|l| l.on).map(|l| l.coil).collect();
            assert_eq!(lit, on, "{signal:?}");
            assert!(levels.is_sorted_by_key(|l| l.on), "{signal:?}");
        }
        let green_only = Lamps { green: Some(7), ..Lamps::default() };
        assert_eq!(levels(&green_only, Signal::Stop), [Level { coil: 7, on: false }]);
    }

    #[test]
    fn a_module_is_known_by_where_it_is() {
        let settings = Settings { unit: 7, ..Settings::new("10.0.0.9:502", STACK) };
        let told = gatewarden_model::facts_words(&facts(&settings));
        assert_eq!(told, "address 10.0.0.9:502, unit 7");
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
