//! TOML to a [`Scenario`]; every mistake is found at once and told with its place.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::expect::{BOUNDS, FIELDS, READY_FIELDS};
use super::{DEVICES_MAX, Device, EXPECTS_MAX, Expect, Holds, STEPS_MAX, Scenario, Step, spans};
use crate::registry::{Arguments, KINDS, Kind, Peer, Wrong, check};

/// Something wrong with a scenario's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// The mistakes so far, and the text in which they are.
struct Mistakes<'a> {
    text: &'a str,
    found: Vec<Mistake>,
}

impl Mistakes<'_> {
    fn add(&mut self, at: &Range<usize>, message: impl Into<String>) {
        let before = self.text.get(..at.start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.found.push(Mistake {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
        });
    }
}

/// One `[[…]]`.
struct Entry<'a> {
    table: &'a DeTable<'a>,
    at: Range<usize>,
    object: Map<String, Value>,
}

impl Entry<'_> {
    /// Where a key's value stands; the whole where there is none.
    fn place(&self, key: &str) -> Range<usize> {
        spans::place(self.table, &[key.to_owned()], self.at.clone())
    }

    /// Takes a text out, or tells that it is missing.
    fn text(&mut self, key: &str, whose: &str, mistakes: &mut Mistakes<'_>) -> Option<String> {
        match self.object.remove(key) {
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                mistakes.add(&self.place(key), format!("{key} is {other}, expected \"…\""));
                None
            }
            None => {
                mistakes.add(&self.at, format!("{whose} needs {key} = \"…\""));
                None
            }
        }
    }

    /// Tells what a check has found; what is missing is told at the value of `at`.
    fn wrong(&self, at: &str, wrong: Vec<Wrong>, mistakes: &mut Mistakes<'_>) {
        for Wrong { path, message } in wrong {
            let place = spans::place(self.table, &path, self.at.clone());
            let place = if path.is_empty() { self.place(at) } else { place };
            mistakes.add(&place, message);
        }
    }
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// All mistakes of a text that is TOML; the first one of a text that is not.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes { text, found: Vec::new() };
        let file = match DeTable::parse(text) {
            Ok(file) => file,
            Err(error) => {
                mistakes.add(&error.span().unwrap_or(0..0), error.message());
                return Err(mistakes.found);
            }
        };
        let file = file.get_ref();
        for (key, _) in file {
            if !["devices", "ready", "steps", "expect", "after_ms", "control"]
                .contains(&key.get_ref().as_ref())
            {
                let what = format!(
                    "a scenario has no {} (expected devices, ready, steps, expect, after_ms or control)",
                    key.get_ref()
                );
                mistakes.add(&key.span(), what);
            }
        }
        let after_ms =
            file.iter().find(|(key, _)| key.get_ref() == "after_ms").and_then(|(_, v)| {
                let number = v.get_ref().as_integer().and_then(|n| n.as_str().parse::<u64>().ok());
                if number.is_none() {
                    mistakes.add(&v.span(), "after_ms is a whole number of milliseconds");
                }
                number
            });
        let control = file.iter().find(|(key, _)| key.get_ref() == "control").and_then(|(_, v)| {
            let at = v.get_ref().as_str().and_then(|text| text.parse::<SocketAddr>().ok());
            let here = at.filter(|at| at.ip().is_loopback());
            if here.is_none() {
                let what = "control is an address of this machine, such as \"127.0.0.1:9700\"";
                mistakes.add(&v.span(), what);
            }
            here
        });
        let devices = devices(entries(file, "devices", DEVICES_MAX, &mut mistakes), &mut mistakes);
        let steps =
            steps(entries(file, "steps", STEPS_MAX, &mut mistakes), &devices, &mut mistakes);
        let last = steps.last().map_or(0, |step| step.at_ms).saturating_add(after_ms.unwrap_or(0));
        let waited = entries(file, "ready", EXPECTS_MAX, &mut mistakes);
        let ready = expects(waited, &devices, None, &mut mistakes);
        let entries = entries(file, "expect", EXPECTS_MAX, &mut mistakes);
        let mut expects = expects(entries, &devices, Some(last), &mut mistakes);
        expects.sort_by_key(|expect| expect.at_ms);
        if mistakes.found.is_empty() {
            return Ok(Self { devices, ready, steps, expects, after_ms, control });
        }
        Err(mistakes.found)
    }
}

fn entries<'a>(
    file: &'a DeTable<'a>,
    key: &str,
    most: usize,
    mistakes: &mut Mistakes<'_>,
) -> Vec<Entry<'a>> {
    let Some((_, list)) = file.iter().find(|(name, _)| name.get_ref() == key) else {
        return Vec::new();
    };
    let Some(tables) = list.get_ref().as_array() else {
        mistakes.add(&list.span(), format!("{key} is written as [[{key}]]"));
        return Vec::new();
    };
    if tables.len() > most {
        mistakes.add(&list.span(), format!("at most {most} [[{key}]]"));
        return Vec::new();
    }
    let entry = |value: &'a Spanned<DeValue<'a>>| {
        let table = value.get_ref().as_table()?;
        Some(Entry { table, at: value.span(), object: spans::object(table) })
    };
    tables.iter().filter_map(entry).collect()
}

fn peers(devices: &[Device]) -> Vec<Peer<'_>> {
    devices.iter().map(|device| Peer { name: &device.name, kind: device.kind }).collect()
}

fn devices(entries: Vec<Entry<'_>>, mistakes: &mut Mistakes<'_>) -> Vec<Device> {
    let mut devices: Vec<Device> = Vec::new();
    for mut entry in entries {
        let Some(name) = entry.text("name", "a device", mistakes) else { continue };
        if devices.iter().any(|device| device.name == name) {
            let what = format!("a device {name} is already there");
            mistakes.add(&entry.place("name"), what);
        }
        let Some(kind) = entry.text("kind", "a device", mistakes) else { continue };
        let Some(kind) = Kind::find(&kind) else {
            let kinds: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            let what = format!("no device kind {kind} (expected {})", kinds.join(", "));
            mistakes.add(&entry.place("kind"), what);
            continue;
        };
        let given = std::mem::take(&mut entry.object);
        let owner = format!("a {}", kind.name);
        let options = check(&owner, kind.options, given, &peers(&devices));
        let options = options.unwrap_or_else(|wrong| {
            entry.wrong("kind", wrong, mistakes);
            Arguments::default()
        });
        devices.push(Device { name, kind, options });
    }
    devices
}

fn steps(entries: Vec<Entry<'_>>, devices: &[Device], mistakes: &mut Mistakes<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for mut entry in entries {
        let Some(at_ms) = entry.object.remove("at_ms").as_ref().and_then(Value::as_u64) else {
            mistakes
                .add(&entry.place("at_ms"), "a step needs at_ms = milliseconds since the start");
            continue;
        };
        if steps.last().is_some_and(|before| before.at_ms > at_ms) {
            mistakes.add(&entry.place("at_ms"), "at_ms is before that of the step above");
        }
        let Some(name) = entry.text("device", "a step", mistakes) else { continue };
        let Some(device) = devices.iter().find(|device| device.name == name) else {
            mistakes.add(&entry.place("device"), format!("there is no device {name}"));
            continue;
        };
        let Some(verb) = entry.text("do", "a step", mistakes) else { continue };
        match with(&mut entry, device.kind, &verb, devices) {
            Ok(with) => steps.push(Step { at_ms, device: name, verb, with }),
            Err(wrong) => entry.wrong("do", wrong, mistakes),
        }
    }
    steps
}

fn with(
    entry: &mut Entry<'_>,
    kind: &'static Kind,
    verb: &str,
    devices: &[Device],
) -> Result<Arguments, Vec<Wrong>> {
    let given = std::mem::take(&mut entry.object);
    kind.with(verb, given, &peers(devices))
}

impl Kind {
    /// Holds an action and its arguments against what this kind can do.
    ///
    /// # Errors
    /// That there is no such action, or everything wrong with the arguments.
    pub fn with(
        &self,
        verb: &str,
        given: Map<String, Value>,
        peers: &[Peer<'_>],
    ) -> Result<Arguments, Vec<Wrong>> {
        let Some(action) = self.action(verb) else {
            let can: Vec<_> = self.actions.iter().map(|verb| verb.name).collect();
            let message = format!("{} can't {verb} (expected {})", self.name, can.join(", "));
            return Err(vec![Wrong { path: Vec::new(), message }]);
        };
        check(verb, action.takes, given, peers)
    }
}

/// Expectations that are looked at after the last step; without it what makes the scenario ready.
fn expects(
    entries: Vec<Entry<'_>>,
    devices: &[Device],
    last_ms: Option<u64>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<Expect> {
    let mut expects = Vec::new();
    for mut entry in entries {
        let holds = match Holds::take(&mut entry.object) {
            Ok(holds) => holds,
            Err(wrong) => {
                entry.wrong("see", vec![wrong], mistakes);
                continue;
            }
        };
        let given = entry.object.clone();
        let fields = if last_ms.is_some() { FIELDS } else { READY_FIELDS };
        if let Err(wrong) = check("an expectation", fields, given, &[]) {
            let more = format!("; and one of {}", BOUNDS.join(", "));
            let told = |wrong: Wrong| Wrong { message: wrong.message + &more, ..wrong };
            entry.wrong("see", wrong.into_iter().map(told).collect(), mistakes);
            continue;
        }
        let line = mistakes.text.get(..entry.at.start).unwrap_or("").matches('\n').count() + 1;
        let expect = match last_ms {
            Some(last_ms) => Expect::new(&entry.object, holds, last_ms, line),
            None => Expect::ready(&entry.object, holds, line),
        };
        if devices.iter().any(|device| device.name == expect.device) {
            expects.push(expect);
        } else {
            let what = format!("there is no device {}", expect.device);
            mistakes.add(&entry.place("device"), what);
        }
    }
    expects
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::Scenario;

    #[test]
    fn every_shipped_scenario_is_right() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let mut count = 0;
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                let scenario = Scenario::parse(&text)
                    .unwrap_or_else(|mistakes| panic!("{}: {mistakes:#?}", path.display()));
                assert!(!scenario.devices.is_empty(), "{}", path.display());
                count += 1;
            }
        }
        assert!(count >= 5, "{count} scenarios");
        let dock = Scenario::parse(include_str!("../../scenarios/dock.toml")).unwrap();
        assert_eq!(dock.devices.len(), 5);
        assert_eq!(dock.steps.iter().map(|step| step.with.tags("tags").len()).max(), Some(12));
    }

    #[test]
    fn what_makes_a_scenario_ready_has_a_bound_and_no_time_of_its_own() {
        let device = "[[devices]]\nname = \"door\"\nkind = \"llrp\"\n";
        let ready = "[[ready]]\ndevice = \"door\"\nsee = \"connected\"\nis = true\n";
        let scenario = Scenario::parse(&format!("{device}{ready}")).unwrap();
        assert_eq!((scenario.ready.len(), scenario.ready[0].within_ms), (1, 60_000));
        let told = Scenario::parse(&format!("{device}{ready}at_ms = 5\n")).unwrap_err();
        assert!(told[0].message.contains("takes no at_ms"), "{told:?}");
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let text = r#"
[[devices]]
name = "door"
kind = "llrp"
[[devices]]
name = "erp"
kind = "webhook"
[[devices]]
name = "x"
kind = "lamp"
[[steps]]
at_ms = 10
device = "door"
do = "scan"
[[steps]]
at_ms = 5
device = "dor"
do = "drop"
[[steps]]
at_ms = 10
device = "door"
do = "field"
tags = [{ gtin = "80614141123459", serial = 1, prefix_digits = 7, antenna = 1, rssi_dbm = -50 }]
[[steps]]
at_ms = 10
device = "door"
do = "silence"
[[expect]]
device = "door"
see = "reads"
[[expect]]
device = "gate"
see = "reads"
at_least = 1
"#;
        let told: Vec<_> =
            Scenario::parse(text).unwrap_err().iter().map(ToString::to_string).collect();
        let starts = [
            "7:8: a webhook needs secret",
            "10:8: no device kind lamp (expected llrp,",
            "14:6: llrp can't scan (expected field,",
            "17:10: there is no device dor",
            "23:18: GTIN 80614141123459 has a wrong check digit, expected 8",
            "27:6: silence needs on = true or false",
            "30:7: an expectation needs exactly one of is,",
            "32:10: there is no device gate",
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told} is not {start}");
        }
        let typed = Scenario::parse("[[steps]]\nat_ms = \"soon\"\n").unwrap_err();
        assert_eq!((typed.len(), typed[0].line), (1, 2), "{typed:?}");
    }
}
