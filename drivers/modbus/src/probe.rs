//! `gatewarden probe modbus://…`: what stands there, and which profile fits it.
//!
//! Invariants: it only reads, so that no lamp and no watchdog changes; a refusal is an answer, silence is one too (the
//! connection is then made anew, as its late answer would confuse); the judgement is pure. Absent: looking for units.

use std::{io, time::Duration};

use serde::Serialize;
use tokio_modbus::{ExceptionCode, Request as Wire, Response, prelude::ReadCode};

use crate::{Lamps, Line, Profile, Settings, codec, link::Link, profile::PROFILES};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(800);
/// The longest URL.
pub const URL_BYTES_MAX: usize = 512;
const PORT: u16 = 502;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Not as such a URL is written.
    #[error(
        "{url:?}: {why}; write modbus://HOST:502?unit=1 or modbus-rtu:///dev/ttyUSB0?baud=9600&unit=1"
    )]
    Url {
        /// What was written, cut where it is too long.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody listens, or the port can't be opened.
    #[error("failed to open {address}: {reason}; check power, cable and address")]
    Open {
        /// Where.
        address: String,
        /// Why.
        reason: io::Error,
    },
    /// Nothing at all was answered.
    #[error(
        "{address}: unit {unit} answers nothing; check the unit, and the bits a second of a serial line"
    )]
    Silent {
        /// Where.
        address: String,
        /// Whom.
        unit: u8,
    },
}

/// What one question brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// Levels of inputs or coils.
    Bits(Vec<bool>),
    /// Values of registers.
    Words(Vec<u16>),
    /// What function 43 says: names and values.
    Who(Vec<(String, String)>),
    /// The module refused, with this reason.
    Refused(String),
    /// No answer in time, or one that was none.
    Nothing,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Function 43/14, objects 0 to 2.
    WhoAreYou,
    /// Function 4, the model's name of a Moxa.
    MoxaModel,
    /// Function 3, series and item of a WAGO.
    WagoModel,
    /// Function 2, the first 8 inputs.
    Inputs,
    /// Function 2, input 12, which an ADAM-6050 lacks.
    Input12,
    /// Function 1, coils 16 to 21: the outputs of an ADAM-6050.
    AdamOutputs,
    /// Function 3, the counters of an ADAM-6050.
    AdamCounters,
    /// Function 1, the first 4 coils.
    Coils,
}

const QUESTIONS: [Question; 8] = [
    Question::WhoAreYou,
    Question::MoxaModel,
    Question::WagoModel,
    Question::Inputs,
    Question::Input12,
    Question::AdamOutputs,
    Question::AdamCounters,
    Question::Coils,
];

impl Question {
    /// In words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::WhoAreYou => "function 43",
            Self::MoxaModel => "Moxa model",
            Self::WagoModel => "WAGO model",
            Self::Inputs => "inputs 0-7",
            Self::Input12 => "input 12",
            Self::AdamOutputs => "coils 16-21",
            Self::AdamCounters => "registers 0-23",
            Self::Coils => "coils 0-3",
        }
    }

    fn wire(self) -> Wire<'static> {
        match self {
            Self::WhoAreYou => Wire::ReadDeviceIdentification(ReadCode::Basic, 0),
            Self::MoxaModel => Wire::ReadInputRegisters(5000, 10),
            Self::WagoModel => Wire::ReadHoldingRegisters(0x2011, 2),
            Self::Inputs => Wire::ReadDiscreteInputs(0, 8),
            Self::Input12 => Wire::ReadDiscreteInputs(12, 1),
            Self::AdamOutputs => Wire::ReadCoils(16, 6),
            Self::AdamCounters => Wire::ReadHoldingRegisters(0, 24),
            Self::Coils => Wire::ReadCoils(0, 4),
        }
    }
}

/// What stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `host:port` or the serial port.
    pub address: String,
    /// The unit that was asked.
    pub unit: u8,
    /// `TCP` or `RTU`.
    pub medium: &'static str,
    /// Vendor, product, firmware and model, as far as it told.
    pub facts: Vec<(String, String)>,
    /// The profile that fits best.
    pub profile: &'static str,
    /// Why that one.
    pub why: String,
    /// Whether it answers function 43, so that `identify = true` is of use.
    pub identifies: bool,
    /// Each question and what it brought.
    pub found: Vec<(Question, Found)>,
}

/// Whom to ask, from a URL; an address without a port means 502, no unit means 1, no speed 9600.
///
/// # Errors
/// Where it is no such URL.
pub fn target(url: &str) -> Result<Settings, ProbeError> {
    let wrong = |why: &str| ProbeError::Url {
        url: url.chars().take(URL_BYTES_MAX).collect(),
        why: why.to_owned(),
    };
    if url.len() > URL_BYTES_MAX {
        return Err(wrong("too long"));
    }
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut unit, mut baud) = (1u8, 9_600u32);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("unit", value)) => {
                unit = value.parse().map_err(|_| wrong("unit is 0 to 255"))?;
            }
            Some(("baud", value)) => {
                let speed = value.parse().ok().filter(|b| (300..=4_000_000).contains(b));
                baud = speed.ok_or_else(|| wrong("baud is 300 to 4000000"))?;
            }
            _ => return Err(wrong("only unit and baud may follow the ?")),
        }
    }
    if let Some(path) = place.strip_prefix("modbus-rtu://") {
        if !path.starts_with('/') {
            return Err(wrong("the serial port is a path from the root"));
        }
        let line = Some(Line { path: path.into(), baud });
        return Ok(Settings { unit, line, ..Settings::new(path, Lamps::default()) });
    }
    let host = place.strip_prefix("modbus://").ok_or_else(|| wrong("unknown scheme"))?;
    let host = host.trim_end_matches('/');
    let bare = host.rsplit_once(':').is_none_or(|(_, port)| port.ends_with(']'));
    if host.is_empty() || host.contains('/') {
        return Err(wrong("no host"));
    }
    let address = if bare { format!("{host}:{PORT}") } else { host.to_owned() };
    Ok(Settings { unit, ..Settings::new(address, Lamps::default()) })
}

/// Asks whoever stands at the URL.
///
/// # Errors
/// Where the URL is none, nothing can be opened there, or nothing is answered at all.
pub async fn probe(url: &str) -> Result<Report, ProbeError> {
    let settings = target(url)?;
    let mut link = open(&settings).await?;
    let mut found = Vec::with_capacity(QUESTIONS.len());
    for question in QUESTIONS {
        let answer = link.ask(question.wire(), PATIENCE).await;
        let brought = match answer {
            Some(Ok(Ok(response))) => brought(response),
            Some(Ok(Err(exception))) => Found::Refused(refusal(exception)),
            Some(Err(_)) | None => Found::Nothing,
        };
        if brought == Found::Nothing {
            link = open(&settings).await?;
        }
        found.push((question, brought));
    }
    if found.iter().all(|(_, brought)| *brought == Found::Nothing) {
        let Settings { address, unit, .. } = settings;
        return Err(ProbeError::Silent { address, unit });
    }
    Ok(report(&settings, found))
}

async fn open(settings: &Settings) -> Result<Link, ProbeError> {
    let address = settings.address.clone();
    let opened = Link::open(settings, PATIENCE).await;
    opened.map_err(|reason| ProbeError::Open { address, reason })
}

fn refusal(exception: ExceptionCode) -> String {
    format!("exception {}: {exception}", u8::from(exception))
}

fn brought(response: Response) -> Found {
    match response {
        Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits) => Found::Bits(bits),
        Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => {
            Found::Words(words)
        }
        Response::ReadDeviceIdentification(who) => {
            Found::Who(codec::who(who.device_id_objects.iter().map(|o| (o.id, &*o.value))))
        }
        _ => Found::Nothing,
    }
}

/// The report on what was found. Pure.
#[must_use]
pub fn report(settings: &Settings, found: Vec<(Question, Found)>) -> Report {
    let brought = |question| found.iter().find(|(q, _)| *q == question).map(|(_, found)| found);
    let mut facts = match brought(Question::WhoAreYou) {
        Some(Found::Who(facts)) => facts.clone(),
        _ => Vec::new(),
    };
    let identifies = matches!(brought(Question::WhoAreYou), Some(Found::Who(_)));
    let told: String = facts.iter().map(|(_, value)| value.to_lowercase() + " ").collect();
    let model = |question, profile: &str| match brought(question) {
        Some(Found::Words(words)) => {
            let place = Profile::named(profile).ok()?.identity?;
            codec::model_fact(&place, words).map(|(_, value)| value)
        }
        _ => None,
    };
    let moxa = model(Question::MoxaModel, "moxa-e1200").filter(|name| name.contains("E12"));
    let series = |name: &String| ["750-", "751-"].iter().any(|series| name.starts_with(series));
    let wago = model(Question::WagoModel, "wago-750").filter(series);
    let reads = |question| matches!(brought(question), Some(Found::Bits(_) | Found::Words(_)));
    let like_adam = reads(Question::AdamOutputs)
        && reads(Question::AdamCounters)
        && matches!(brought(Question::Input12), Some(Found::Refused(_)));
    let (profile, why) = if let Some(name) = moxa {
        facts.push(("model".to_owned(), name.clone()));
        ("moxa-e1200", format!("its registers from 35001 say {name}"))
    } else if let Some(name) = wago {
        facts.push(("model".to_owned(), name.clone()));
        ("wago-750", format!("its registers from 0x2011 say {name}"))
    } else if told.contains("adam-6050") {
        ("adam-6050", "it says so itself".to_owned())
    } else if like_adam {
        let why = "it has 12 inputs, outputs from 00017 and counters from 40001; look at its label";
        ("adam-6050", why.to_owned())
    } else {
        ("generic", "nothing says that another profile fits better".to_owned())
    };
    debug_assert!(PROFILES.iter().any(|(known, _)| *known == profile));
    Report {
        address: settings.address.clone(),
        unit: settings.unit,
        medium: if settings.line.is_some() { "RTU" } else { "TCP" },
        facts,
        profile,
        why,
        identifies,
        found,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    use super::*;

    #[test]
    fn urls_say_whom_to_ask() {
        let tcp = target("modbus://10.0.0.9?unit=7").unwrap();
        assert_eq!((tcp.address.as_str(), tcp.unit, tcp.line), ("10.0.0.9:502", 7, None));
        assert_eq!(target("modbus://[::1]:1502/").unwrap().address, "[::1]:1502");
        assert_eq!(target("modbus://[::1]").unwrap().address, "[::1]:502");
        let rtu = target("modbus-rtu:///dev/ttyUSB0?baud=19200&unit=3").unwrap();
        assert_eq!(rtu.line, Some(Line { path: "/dev/ttyUSB0".into(), baud: 19_200 }));
        for (bad, why) in [
            ("modbus://", "no host"),
            ("modbus://a/b", "no host"),
            ("modbus://a?unit=256", "unit is 0 to 255"),
            ("modbus://a?speed=1", "only unit and baud"),
            ("modbus-rtu://ttyUSB0", "from the root"),
            ("http://a", "unknown scheme"),
        ] {
            let error = target(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn nothing_but_refusals_is_generic() {
        let found = QUESTIONS.map(|q| (q, Found::Refused("exception 1".to_owned()))).to_vec();
        let report = report(&target("modbus://a").unwrap(), found);
        assert_eq!((report.profile, report.identifies), ("generic", false));
    }
}
