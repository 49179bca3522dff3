//! TOML to a [`Scenario`]; every mistake is found at once and told with its place.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{Action, DEVICES_MAX, Device, STEPS_MAX, Scenario, Setup, Step};
use crate::llrp::{LlrpOptions, SimTag};
use crate::modbus::LightsOptions;
use crate::webhook::WebhookOptions;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    devices: Vec<DeviceText>,
    #[serde(default)]
    steps: Vec<StepText>,
    after_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceText {
    name: Spanned<String>,
    kind: Spanned<String>,
    bind: Option<SocketAddr>,
    path: Option<PathBuf>,
    secret: Option<String>,
    seed: Option<u64>,
    rate: Option<u32>,
    miss_percent: Option<u8>,
    ports: Option<u16>,
    unit: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    at_ms: Spanned<u64>,
    device: Spanned<String>,
    r#do: Spanned<String>,
    text: Option<String>,
    tags: Option<Vec<TagText>>,
    port: Option<u16>,
    on: Option<bool>,
    rate: Option<u32>,
}

/// Tags of one item: `count` serials from `serial` on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagText {
    gtin: Spanned<String>,
    serial: u64,
    #[serde(default = "one")]
    count: u64,
    prefix_digits: usize,
    antenna: u16,
    rssi_dbm: i8,
}

fn one() -> u64 {
    1
}

/// What is wrong, and where in the text.
struct Wrong(Range<usize>, String);

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// All mistakes of a text that is TOML; the first one of a text that is not.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            vec![mistake(text, &Wrong(at, error.message().to_owned()))]
        })?;
        let mut wrong = Vec::new();
        if file.devices.len() > DEVICES_MAX || file.steps.len() > STEPS_MAX {
            let what = format!("at most {DEVICES_MAX} devices and {STEPS_MAX} steps");
            wrong.push(Wrong(0..0, what));
        }
        let devices = devices(&file.devices, &mut wrong);
        let steps = steps(&file.steps, &devices, &mut wrong);
        if wrong.is_empty() {
            return Ok(Self { devices, steps, after_ms: file.after_ms });
        }
        Err(wrong.iter().map(|wrong| mistake(text, wrong)).collect())
    }
}

fn mistake(text: &str, Wrong(at, message): &Wrong) -> Mistake {
    let before = text.get(..at.start).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Mistake {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: message.clone(),
    }
}

fn devices(texts: &[DeviceText], wrong: &mut Vec<Wrong>) -> Vec<Device> {
    let mut devices: Vec<Device> = Vec::new();
    for text in texts {
        let name = text.name.get_ref();
        if devices.iter().any(|device| device.name == *name) {
            wrong.push(Wrong(text.name.span(), format!("a device {name} is already there")));
        }
        match setup(text) {
            Ok(setup) => devices.push(Device { name: name.clone(), setup }),
            Err(error) => wrong.push(error),
        }
    }
    devices
}

fn setup(text: &DeviceText) -> Result<Setup, Wrong> {
    let bind = text.bind.unwrap_or(crate::LOOPBACK);
    match text.kind.get_ref().as_str() {
        "llrp" => {
            let default = LlrpOptions::default();
            Ok(Setup::Llrp(LlrpOptions {
                bind,
                seed: text.seed.unwrap_or(default.seed),
                rate: text.rate.unwrap_or(default.rate),
                miss_percent: text.miss_percent.unwrap_or(default.miss_percent),
                ports: text.ports.unwrap_or(default.ports),
                ..default
            }))
        }
        "scanner" => Ok(Setup::Scanner(text.path.clone())),
        "lights" => {
            Ok(Setup::Lights(LightsOptions { bind, unit: text.unit, ..Default::default() }))
        }
        "webhook" => match &text.secret {
            Some(secret) => {
                let secret = secret.clone().into_bytes();
                Ok(Setup::Webhook(WebhookOptions { bind, secret, skew_s_max: None }))
            }
            None => Err(Wrong(text.kind.span(), "a webhook needs secret = \"…\"".to_owned())),
        },
        "printer" => Ok(Setup::Printer(bind)),
        other => {
            let what = format!(
                "no device kind {other} (expected llrp, scanner, lights, webhook or printer)"
            );
            Err(Wrong(text.kind.span(), what))
        }
    }
}

fn steps(texts: &[StepText], devices: &[Device], wrong: &mut Vec<Wrong>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for text in texts {
        let at_ms = *text.at_ms.get_ref();
        if steps.last().is_some_and(|before| before.at_ms > at_ms) {
            wrong.push(Wrong(text.at_ms.span(), "at_ms is before that of the step above".into()));
        }
        let name = text.device.get_ref();
        let Some(device) = devices.iter().find(|device| device.name == *name) else {
            wrong.push(Wrong(text.device.span(), format!("there is no device {name}")));
            continue;
        };
        match action(text, &device.setup) {
            Ok(action) => steps.push(Step { at_ms, device: name.clone(), action }),
            Err(error) => wrong.push(error),
        }
    }
    steps
}

fn action(text: &StepText, setup: &Setup) -> Result<Action, Wrong> {
    let verb = text.r#do.get_ref().as_str();
    let here = || text.r#do.span();
    let needs = |what: &str| Wrong(here(), format!("{verb} needs {what}"));
    let on = || text.on.ok_or_else(|| needs("on = true or false"));
    let port = || text.port.ok_or_else(|| needs("port = a number"));
    let said = || text.text.clone().ok_or_else(|| needs("text = \"…\""));
    match (setup, verb) {
        (Setup::Llrp(_), "field") => {
            field(text.tags.as_deref().ok_or_else(|| needs("tags = [{ gtin = …, … }]"))?)
        }
        (Setup::Llrp(_), "clear") => Ok(Action::Field(Vec::new())),
        (Setup::Llrp(_), "drop") => Ok(Action::Drop),
        (Setup::Llrp(_) | Setup::Scanner(_), "garbage") => Ok(Action::Garbage),
        (Setup::Llrp(_), "truncate") => Ok(Action::Truncate),
        (Setup::Llrp(_), "huge") => Ok(Action::Huge),
        (Setup::Llrp(_), "silence") => on().map(Action::Silence),
        (Setup::Llrp(_), "refuse") => on().map(Action::Refuse),
        (Setup::Llrp(_), "rate") => {
            text.rate.map(Action::Rate).ok_or_else(|| needs("rate = tries a second"))
        }
        (Setup::Llrp(_) | Setup::Lights(_), "input") => {
            Ok(Action::Input { port: port()?, on: on()? })
        }
        (Setup::Llrp(_), "antenna") => Ok(Action::Antenna { port: port()?, on: on()? }),
        (Setup::Llrp(_), "power-cycle") => Ok(Action::PowerCycle),
        (Setup::Scanner(_), "scan") => said().map(Action::Scan),
        (Setup::Scanner(_), "half-scan") => said().map(Action::HalfScan),
        (Setup::Scanner(_), "unplug") => Ok(Action::Unplug),
        (Setup::Scanner(_), "replug") => Ok(Action::Replug),
        (Setup::Lights(_) | Setup::Printer(_), "mute") => on().map(Action::Mute),
        (Setup::Lights(_), "cut") => Ok(Action::Cut),
        (Setup::Webhook(_), "hang") => on().map(Action::Hang),
        (Setup::Webhook(_), "reject") => Ok(Action::Reject(text.text.clone())),
        (Setup::Printer(_), "paper") => on().map(Action::Paper),
        (Setup::Printer(_), "pause") => on().map(Action::Pause),
        (Setup::Printer(_), "head") => on().map(Action::Head),
        (Setup::Scanner(_), _) => Err(unknown(text, setup)),
        (_, "go-away") => Ok(Action::GoAway),
        (_, "come-back") => Ok(Action::ComeBack),
        _ => Err(unknown(text, setup)),
    }
}

fn unknown(text: &StepText, setup: &Setup) -> Wrong {
    let can = match setup {
        Setup::Llrp(_) => {
            "field, clear, drop, garbage, truncate, huge, silence, refuse, rate, input, antenna, \
             power-cycle, go-away, come-back"
        }
        Setup::Scanner(_) => "scan, half-scan, garbage, unplug, replug",
        Setup::Lights(_) => "input, mute, cut, go-away, come-back",
        Setup::Webhook(_) => "hang, reject, go-away, come-back",
        Setup::Printer(_) => "paper, pause, head, mute, go-away, come-back",
    };
    let what = format!("{} can't {} (expected {can})", setup.kind(), text.r#do.get_ref());
    Wrong(text.r#do.span(), what)
}

fn field(texts: &[TagText]) -> Result<Action, Wrong> {
    let mut tags = Vec::new();
    for text in texts {
        if text.count > crate::llrp::FIELD_TAGS_MAX as u64 {
            let what = format!("at most {} tags", crate::llrp::FIELD_TAGS_MAX);
            return Err(Wrong(text.gtin.span(), what));
        }
        for serial in text.serial..text.serial.saturating_add(text.count) {
            let epc = crate::try_sgtin96(text.gtin.get_ref(), serial, text.prefix_digits)
                .map_err(|error| Wrong(text.gtin.span(), error.to_string()))?
                .to_vec();
            tags.push(SimTag { epc, antenna: text.antenna, rssi_dbm: text.rssi_dbm });
        }
    }
    Ok(Action::Field(tags))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::{Action, Scenario};

    #[test]
    fn the_shipped_scenario_is_right() {
        let text = include_str!("../../scenarios/dock.toml");
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!(scenario.devices.len(), 5);
        let fields = scenario.steps.iter().filter_map(|step| match &step.action {
            Action::Field(tags) => Some(tags.len()),
            _ => None,
        });
        assert_eq!(fields.max(), Some(12));
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
        ];
        assert_eq!(told.len(), starts.len(), "{told:#?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told} is not {start}");
        }
        let typed = Scenario::parse("[[steps]]\nat_ms = \"soon\"\n").unwrap_err();
        assert_eq!((typed.len(), typed[0].line), (1, 2), "{typed:?}");
    }
}
