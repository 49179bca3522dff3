//! The form of a PIN: 4 to 12 digits that somebody who knows the person would not try first.
//!
//! What always holds: no message repeats the PIN. Refused are rows and repeats, years and dates,
//! lines on the keypad, and what stands on the badge or in the name. Four digits that pass still
//! leave few thousand guesses: the engine's delays and locks protect them, not this. Absent: hashing
//! (the daemon's secrets), comparing with the person's earlier PINs.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;

use crate::badge::Badge;

/// Fewest and most digits of a PIN.
pub const PIN_DIGITS: RangeInclusive<usize> = 4..=12;
/// Fewest different digits.
pub const DIFFERENT_MIN: usize = 3;
/// Years that a PIN of four digits must not be, and those of dates.
pub const YEARS: RangeInclusive<u16> = 1900..=2099;

/// Why a PIN can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Not 4 to 12 ASCII digits.
    #[error("a PIN is 4 to 12 digits")]
    Form,
    /// Digits one after the other, repeated blocks, or too few different ones.
    #[error("this PIN is a row or repeats itself, which is tried first: choose another")]
    Pattern,
    /// A year or a date.
    #[error("this PIN is a year or a date, which is tried first: choose another")]
    Date,
    /// A line on the keypad.
    #[error("this PIN is a line on the keypad, which is tried first: choose another")]
    Keypad,
    /// Part of the badge's number.
    #[error("this PIN stands on the badge, which others see: choose another")]
    OnBadge,
    /// Digits of the name, or its letters on a phone's keys.
    #[error("this PIN can be made from the name: choose another")]
    InName,
}

/// What others know of the person.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The person's badges, where their numbers are at hand (at enrolment).
    pub badges: &'a [Badge],
    /// Id and full name.
    pub names: &'a [&'a str],
}

/// Refuses what is not a PIN, or too easily guessed by somebody who knows the person.
pub fn check_pin(pin: &str, known: &Known<'_>) -> Result<(), PinError> {
    check_form(pin)?;
    if known.badges.iter().flat_map(Badge::digits).any(|digits| tells(&digits, pin)) {
        return Err(PinError::OnBadge);
    }
    if known.names.iter().any(|name| in_name(name, pin)) {
        return Err(PinError::InName);
    }
    Ok(())
}

/// Refuses what is not a PIN, or too easily guessed by anybody.
pub fn check_form(pin: &str) -> Result<(), PinError> {
    if !PIN_DIGITS.contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PinError::Form);
    }
    let digits: Vec<u8> = pin.bytes().map(|b| b - b'0').collect();
    if is_row(&digits) || is_repeat(&digits) {
        Err(PinError::Pattern)
    } else if is_date(pin) {
        Err(PinError::Date)
    } else if is_keypad(&digits) {
        Err(PinError::Keypad)
    } else {
        Ok(())
    }
}

/// Digits with the same step all along, up or down by one or two, 0 after 9: 1234, 8642, 7890.
fn is_row(digits: &[u8]) -> bool {
    let mut steps = digits.windows(2).map(|w| (10 + w[1] - w[0]) % 10);
    let first = steps.next();
    first.is_some_and(|first| matches!(first, 1 | 2 | 8 | 9) && steps.all(|s| s == first))
}

/// Few different digits, a block said again, each digit twice, or the same backwards.
fn is_repeat(digits: &[u8]) -> bool {
    let different = (0..10).filter(|d| digits.contains(d)).count();
    let block = (1..=digits.len() / 2).any(|size| {
        digits.len().is_multiple_of(size) && digits.chunks(size).all(|c| c == &digits[..size])
    });
    let doubled = digits.len().is_multiple_of(2) && digits.chunks(2).all(|c| c[0] == c[1]);
    let mirrored = digits.iter().eq(digits.iter().rev());
    different < DIFFERENT_MIN || block || doubled || mirrored
}

/// A year; day and month with two or four digits of the year, in any order that is written.
fn is_date(pin: &str) -> bool {
    let part = |range: std::ops::Range<usize>| pin.get(range).and_then(|p| p.parse::<u16>().ok());
    let year = |at: usize| part(at..at + 4).is_some_and(|y| YEARS.contains(&y));
    let day_month = |at: usize| {
        let (a, b) = (part(at..at + 2).unwrap_or(0), part(at + 2..at + 4).unwrap_or(0));
        is_day(a, b) || is_day(b, a)
    };
    match pin.len() {
        4 => year(0),
        6 => day_month(0) || day_month(2),
        8 => (year(0) && day_month(4)) || (year(4) && day_month(0)),
        _ => false,
    }
}

fn is_day(day: u16, month: u16) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Column and row on a keypad with 123 on top and 0 below 8.
fn place(digit: u8) -> (i8, i8) {
    match digit {
        0 => (1, 3),
        d => (((d - 1) % 3).cast_signed(), ((d - 1) / 3).cast_signed()),
    }
}

/// Straight lines of three keys or more put together (2580, 147258, 159357), a line with one bend
/// (1478, 3698), or the corners in turn (1397).
fn is_keypad(digits: &[u8]) -> bool {
    let places: Vec<(i8, i8)> = digits.iter().map(|d| place(*d)).collect();
    let moves: Vec<(i8, i8)> =
        places.windows(2).map(|w| (w[1].0 - w[0].0, w[1].1 - w[0].1)).collect();
    let near = |m: &(i8, i8)| *m != (0, 0) && m.0.abs() <= 1 && m.1.abs() <= 1;
    let bends = moves.windows(2).filter(|w| w[0] != w[1]).count();
    let one_bend = moves.iter().all(near) && bends <= 1;
    let corners = digits.iter().all(|d| matches!(d, 1 | 3 | 7 | 9))
        && moves.iter().all(|m| (m.0 == 0) != (m.1 == 0));
    one_bend || corners || made_of_lines(&moves)
}

/// Whether all keys belong to straight lines of at least three keys, whatever lies between lines.
fn made_of_lines(moves: &[(i8, i8)]) -> bool {
    let mut at = 0;
    loop {
        let Some(first) = moves.get(at).filter(|m| **m != (0, 0)) else { return false };
        let near = first.0.abs() <= 1 && first.1.abs() <= 1;
        let run = moves[at..].iter().take_while(|m| *m == first).count();
        if !near || run < 2 {
            return false;
        }
        if at + run == moves.len() {
            return true;
        }
        // The move to the next line's first key is free.
        at += run + 1;
    }
}

/// Whether digits that others see give the PIN away: one stands in the other, zeros before them left
/// out. Fewer than three digits give nothing away.
fn tells(digits: &str, pin: &str) -> bool {
    let bare = digits.trim_start_matches('0');
    let same = !bare.is_empty() && bare == pin.trim_start_matches('0');
    digits.contains(pin) || same || (bare.len() >= 3 && pin.contains(bare))
}

/// Whether digits in a name tell, or the letters of it on a phone's keys begin with or hold the PIN.
fn in_name(name: &str, pin: &str) -> bool {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let keys: String = name.nfd().flat_map(char::to_lowercase).filter_map(key).collect();
    tells(&digits, pin) || keys.contains(pin)
}

/// The key of a small letter on a phone's keypad (ITU-T E.161). Letters with a stroke are no letter
/// and a mark in Unicode, and on the same key.
fn key(letter: char) -> Option<char> {
    Some(match letter {
        'a'..='c' => '2',
        'd'..='f' | 'đ' | 'ð' => '3',
        'g'..='i' => '4',
        'j'..='l' | 'ł' => '5',
        'm'..='o' | 'ø' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use proptest::prelude::*;

    use super::*;
    use crate::badge::{BadgeKind, Format, parse};

    #[test]
    fn what_is_no_pin_is_refused() {
        for bad in ["", "123", "12a4", "4711 ", "1234567890123", "４７１１", "-471", "+4711"] {
            assert_eq!(check_form(bad), Err(PinError::Form), "{bad}");
        }
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        let all = |pins: &[&str], error| {
            for pin in pins {
                assert_eq!(check_form(pin), Err(error), "{pin}");
            }
        };
        all(
            &["1234", "4321", "7890", "0123", "2468", "8642", "9012", "123456789012"],
            PinError::Pattern,
        );
        all(
            &["0000", "1212", "1122", "1221", "1112", "123123", "471471", "112233", "12344321"],
            PinError::Pattern,
        );
        all(&["1990", "2026", "1900", "2099"], PinError::Date);
        all(&["19900101", "31121985", "12311985", "240295", "950224"], PinError::Date);
        all(
            &[
                "2580",
                "0852",
                "1478",
                "1236",
                "3698",
                "147258",
                "159357",
                "1397",
                "7931",
                "1470".replace("1470", "258147").as_str(),
            ],
            PinError::Keypad,
        );
    }

    #[test]
    fn ordinary_pins_are_taken() {
        for pin in
            ["4711", "8264", "6925", "4703", "30185276", "8417", "19901", "2100", "1899", "9284615"]
        {
            assert_eq!(check_form(pin), Ok(()), "{pin}");
        }
    }

    #[test]
    fn what_others_see_of_the_person_is_refused() {
        let badges = [
            parse(BadgeKind::Printed, None, "OP-4711").unwrap(),
            parse(BadgeKind::Em4100, Some(Format::Dez10), "0018226646").unwrap(),
            parse(BadgeKind::Printed, None, "OP-7").unwrap(),
        ];
        let known = Known { badges: &badges, names: &["op-905", "Łana Kós"] };
        // On the badge, around it; in DEZ 10 and in 3.5C (022,07638) of the card.
        for pin in ["4711", "04711", "84711", "8226", "7638", "22664", "182266"] {
            assert_eq!(check_pin(pin, &known), Err(PinError::OnBadge), "{pin}");
        }
        // lana kos on the keys of a phone, and the id.
        for pin in ["5262", "2567", "2625", "0905", "4905"] {
            assert_eq!(check_pin(pin, &known), Err(PinError::InName), "{pin}");
        }
        for pin in ["4713", "8264", "7003"] {
            assert_eq!(check_pin(pin, &known), Ok(()), "{pin}");
        }
        assert_eq!(check_pin("4711", &Known::default()), Ok(()));
    }

    #[test]
    fn most_pins_remain() {
        let taken = (0..10_000).filter(|n| check_form(&format!("{n:04}")).is_ok()).count();
        assert!((8_500..9_500).contains(&taken), "{taken}");
        let taken = (0..1_000_000).filter(|n| check_form(&format!("{n:06}")).is_ok()).count();
        assert!((800_000..950_000).contains(&taken), "{taken}");
    }

    proptest! {
        /// No panic on any text, and what the daemon's first rules refused is refused.
        #[test]
        fn any_text_is_judged(pin in "(?s).{0,14}|[0-9]{1,13}", name in "(?s).{0,20}") {
            let verdict = check_pin(&pin, &Known { badges: &[], names: &[&name] });
            if verdict.is_ok() {
                prop_assert!(PIN_DIGITS.contains(&pin.len()) && pin.bytes().all(|b| b.is_ascii_digit()));
                prop_assert!(!pin.bytes().all(|b| b == pin.as_bytes()[0]));
            }
            if let Err(error) = verdict {
                prop_assert!(pin.len() < 4 || !error.to_string().contains(&pin));
            }
        }
    }
}
