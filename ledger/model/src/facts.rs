//! What a device tells of who it is, as facts by name, and how two tellings compare.
//!
//! Names in use: `serial`, `mac`, `epc` (a reader's own EPC), `maker`, `model`, `usb` (VID:PID), `port` (the
//! physical path of a plug), `path` and `address` (as configured, where the device says nothing of itself),
//! `unit`, `firmware`. Invariants: all facts count but those in [`FACTS_INFORMATIVE`]; a fact that is new or
//! missing is a change; facts are bounded before they are kept. Absent: deciding what to do about it (the engine).

use std::collections::BTreeMap;

/// Facts by name.
pub type DeviceFacts = BTreeMap<String, String>;

/// Most facts of one device.
pub const FACTS_MAX: usize = 16;
/// Longest name or value of a fact, in bytes.
pub const FACT_BYTES_MAX: usize = 256;
/// Facts that may change without making another device of it: firmware is updated.
pub const FACTS_INFORMATIVE: [&str; 1] = ["firmware"];

/// Makes facts fit to be kept: without control characters, cut to [`FACT_BYTES_MAX`], the first [`FACTS_MAX`]
/// by name; what is empty is no fact.
#[must_use]
pub fn bounded_facts(facts: DeviceFacts) -> DeviceFacts {
    let clean = |text: String| {
        let shown: String = text.chars().filter(|c| !c.is_control()).collect();
        let cut = shown.floor_char_boundary(FACT_BYTES_MAX);
        shown[..cut].trim().to_owned()
    };
    let pairs = facts.into_iter().map(|(name, value)| (clean(name), clean(value)));
    pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty()).take(FACTS_MAX).collect()
}

/// Whether both are the same device: every fact that counts is there in both and equal.
#[must_use]
pub fn is_same_device(one: &DeviceFacts, other: &DeviceFacts) -> bool {
    counting(one).eq(counting(other)) && counting(one).next().is_some()
}

/// Whether a device tells everything that is wanted of it, whatever else it tells.
#[must_use]
pub fn fits_facts(told: &DeviceFacts, wanted: &DeviceFacts) -> bool {
    !wanted.is_empty() && wanted.iter().all(|(name, value)| told.get(name) == Some(value))
}

/// Facts in words, such as `mac 00:16:25:01:02:03, model 1`.
#[must_use]
pub fn facts_words(facts: &DeviceFacts) -> String {
    let words: Vec<String> = facts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// Why a device is refused, in words: what it tells instead of what is known; all it tells where
/// nothing is known of it.
#[must_use]
pub fn refusal_words(device: &crate::DeviceId, seen: &DeviceFacts, known: &DeviceFacts) -> String {
    if known.is_empty() {
        return format!("device {device} was never approved; it tells {}", facts_words(seen));
    }
    let none = || "none".to_owned();
    let names: std::collections::BTreeSet<&String> = seen.keys().chain(known.keys()).collect();
    let counts = |name: &&&String| !FACTS_INFORMATIVE.contains(&name.as_str());
    let differs = |name: &&String| {
        let (is, was) = (seen.get(*name), known.get(*name));
        let tell = |fact: Option<&String>| fact.cloned().unwrap_or_else(none);
        (is != was).then(|| format!("{name} {} instead of {}", tell(is), tell(was)))
    };
    let differences: Vec<String> = names.iter().filter(counts).filter_map(differs).collect();
    format!("device {device} is not the one that was approved: {}", differences.join(", "))
}

fn counting(facts: &DeviceFacts) -> impl Iterator<Item = (&String, &String)> {
    facts.iter().filter(|(name, _)| !FACTS_INFORMATIVE.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(list: &[(&str, &str)]) -> DeviceFacts {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn all_but_the_firmware_makes_a_device() {
        let known = facts(&[("mac", "A"), ("model", "1"), ("firmware", "2.0")]);
        for (seen, same) in [
            (facts(&[("mac", "A"), ("model", "1"), ("firmware", "2.1")]), true),
            (facts(&[("mac", "A"), ("model", "1")]), true),
            (facts(&[("mac", "B"), ("model", "1"), ("firmware", "2.0")]), false),
            (facts(&[("model", "1"), ("firmware", "2.0")]), false),
            (facts(&[("mac", "A"), ("model", "1"), ("serial", "7")]), false),
            (facts(&[]), false),
        ] {
            assert_eq!(is_same_device(&seen, &known), same, "{seen:?}");
            assert_eq!(is_same_device(&known, &seen), same, "{seen:?}");
        }
        let firmware = facts(&[("firmware", "2.0")]);
        assert!(!is_same_device(&firmware, &firmware), "firmware alone is nobody");
        assert!(fits_facts(&known, &facts(&[("mac", "A")])));
        assert!(!fits_facts(&known, &facts(&[("mac", "A"), ("serial", "7")])));
        assert!(!fits_facts(&known, &facts(&[])), "nothing wanted is nothing known");
    }

    #[test]
    fn a_refusal_names_both() {
        let device = crate::DeviceId::parse("portal-1").expect("a name");
        let (one, two) =
            (facts(&[("mac", "A"), ("firmware", "1")]), facts(&[("serial", "7"), ("mac", "B")]));
        assert_eq!(
            refusal_words(&device, &two, &one),
            "device portal-1 is not the one that was approved: mac B instead of A, serial 7 instead of none"
        );
        assert_eq!(
            refusal_words(&device, &one, &facts(&[])),
            "device portal-1 was never approved; it tells firmware 1, mac A"
        );
    }

    #[test]
    fn facts_from_outside_are_bounded() {
        let long = "é".repeat(FACT_BYTES_MAX);
        let mut many: DeviceFacts =
            (0..100).map(|n| (format!("n{n:03}"), "x".to_owned())).collect();
        many.insert("a".into(), long);
        many.insert("b".into(), "\u{1b}[31m\n".into());
        many.insert("c".into(), "\u{7}".into());
        let kept = bounded_facts(many);
        assert_eq!(kept.len(), FACTS_MAX);
        assert_eq!(kept["a"].len(), FACT_BYTES_MAX);
        assert_eq!(kept["b"], "[31m");
        assert!(!kept.contains_key("c"));
    }
}
