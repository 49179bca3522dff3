//! What a ROSpec asks for, checked and in terms of time: the parsed form of the codec's `RoSpec`.
//!
//! Refused with a status that names the field: id 0, a state other than Disabled, unknown
//! triggers, no AISpec, antennas that are not there, other air protocols, vendors' parameters that the profile
//! does not know. Absent: RF surveys, GPI triggers' timeouts, filters of single antennas.

use gatewarden_llrp::codec::{
    AiSpec, AiSpecStopTrigger, Cursor, GpiTriggerValue, RoReportSpec, RoSpec, StatusCode,
};

use super::filter::{FILTER, Filters};
use super::profile::{Dialect, VendorContent, not_content};

const TAG_OBSERVATION_TRIGGER: u16 = 185;
const PROTOCOL_GEN2: u8 = 1;
/// The most AISpecs a ROSpec may have, told in the capabilities.
pub(super) const SPECS_MAX: usize = 16;
const US_PER_MS: u64 = 1000;

/// One ROSpec, ready to run.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// As it was added, for GET_ROSPECS.
    pub(super) source: RoSpec,
    pub(super) start: Start,
    pub(super) stop: Stop,
    pub(super) inventories: Vec<Inventory>,
    /// `None` takes the reader's own rule.
    pub(super) report: Option<ReportRule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    OnCommand,
    Immediate,
    Periodic { offset_us: u64, period_us: u64 },
    Input { port: u16, on: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    WithAll,
    After(u64),
    Input { port: u16, on: bool, timeout_us: Option<u64> },
    Observation(Observation),
}

/// A tag observation trigger; each ends at its timeout too (0 is none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Observation {
    pub(super) until: Until,
    pub(super) timeout_us: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Tags(u64),
    NoNewTagFor(u64),
    Attempts(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inventory {
    pub(super) antennas: Vec<u16>,
    pub(super) stop: Stop,
    pub(super) spec_id: u16,
    pub(super) filters: Filters,
    /// Each tag is read once.
    pub(super) once: bool,
}

/// When reports are made and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReportRule {
    pub(super) when: When,
    /// 0 is no limit.
    pub(super) every_tags: usize,
    /// `TagReportContentSelector`'s bits.
    pub(super) content: u16,
    /// `C1G2EPCMemorySelector`'s bits.
    pub(super) epc_memory: u8,
    /// What a vendor's parameters ask for besides.
    pub(super) vendor: VendorContent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Asked,
    EndOfInventory,
    EndOfRoSpec,
}

/// Why a request is refused: what its LLRPStatus will say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: StatusCode,
    pub(super) what: String,
}

impl Refusal {
    pub(super) fn error(code: StatusCode, what: &str) -> Self {
        Self { code, what: what.to_owned() }
    }
}

fn refuse(code: StatusCode, what: &str) -> Refusal {
    Refusal::error(code, what)
}

fn field_error(what: &str) -> Refusal {
    refuse(StatusCode::FIELD_ERROR, what)
}

impl Plan {
    pub(super) fn parse(source: RoSpec, ports: u16, dialect: Dialect) -> Result<Self, Refusal> {
        if source.id == 0 {
            return Err(field_error("ROSpecID 0 can't be added"));
        }
        if source.state != 0 {
            return Err(field_error("CurrentState of an added ROSpec must be Disabled"));
        }
        dialect.check(&source.others, not_content)?;
        if source.ai_specs.is_empty() || source.ai_specs.len() > SPECS_MAX {
            return Err(refuse(StatusCode::PARAMETER_ERROR, "a ROSpec needs 1 to 16 AISpecs"));
        }
        let (start, stop) = (start(&source)?, stop(&source)?);
        let inventories = source.ai_specs.iter().map(|spec| inventory(spec, ports, dialect));
        let inventories = inventories.collect::<Result<_, _>>()?;
        let report = source.report.as_ref().map(|report| ReportRule::parse(report, dialect));
        let report = report.transpose()?;
        Ok(Self { source, start, stop, inventories, report })
    }
}

impl ReportRule {
    pub(super) fn parse(spec: &RoReportSpec, dialect: Dialect) -> Result<Self, Refusal> {
        let when = match spec.trigger {
            0 => When::Asked,
            1 => When::EndOfInventory,
            2 => When::EndOfRoSpec,
            _ => return Err(field_error("ROReportTrigger must be 0, 1 or 2")),
        };
        let vendor = dialect.content(&spec.others)?;
        dialect.check(&spec.content.others, not_content)?;
        let epc_memory = spec.content.epc_memory.iter().fold(0, |bits, memory| bits | memory.bits);
        let every_tags = usize::from(spec.every_tags);
        Ok(Self { when, every_tags, content: spec.content.bits, epc_memory, vendor })
    }
}

fn input(gpi: Option<&GpiTriggerValue>) -> Result<&GpiTriggerValue, Refusal> {
    gpi.ok_or_else(|| refuse(StatusCode::MISSING_PARAMETER, "GPITriggerValue is missing"))
}

fn us(ms: u32) -> u64 {
    u64::from(ms) * US_PER_MS
}

fn some_us(ms: u32) -> Option<u64> {
    (ms > 0).then(|| us(ms))
}

fn start(spec: &RoSpec) -> Result<Start, Refusal> {
    let trigger = &spec.boundary.start;
    match trigger.kind {
        0 => Ok(Start::OnCommand),
        1 => Ok(Start::Immediate),
        2 => match &trigger.periodic {
            Some(periodic) if periodic.period_ms > 0 => {
                let (offset_us, period_us) = (us(periodic.offset_ms), us(periodic.period_ms));
                Ok(Start::Periodic { offset_us, period_us })
            }
            Some(periodic) => {
                // Period 0 is a single run after the offset.
                Ok(Start::Periodic { offset_us: us(periodic.offset_ms), period_us: u64::MAX })
            }
            None => Err(refuse(StatusCode::MISSING_PARAMETER, "PeriodicTriggerValue is missing")),
        },
        3 => input(trigger.gpi.as_ref()).map(|gpi| Start::Input { port: gpi.port, on: gpi.on }),
        _ => Err(field_error("ROSpecStartTriggerType must be 0 to 3")),
    }
}

fn stop(spec: &RoSpec) -> Result<Stop, Refusal> {
    let trigger = &spec.boundary.stop;
    let gpi = trigger.gpi.as_ref();
    time_stop(trigger.kind, trigger.duration_ms, gpi, "ROSpecStopTriggerType must be 0 to 2")
}

fn time_stop(
    kind: u8,
    duration_ms: u32,
    gpi: Option<&GpiTriggerValue>,
    otherwise: &str,
) -> Result<Stop, Refusal> {
    match kind {
        0 => Ok(Stop::WithAll),
        1 => Ok(Stop::After(us(duration_ms))),
        2 => input(gpi).map(|gpi| Stop::Input {
            port: gpi.port,
            on: gpi.on,
            timeout_us: some_us(gpi.timeout_ms),
        }),
        _ => Err(field_error(otherwise)),
    }
}

fn inventory(spec: &AiSpec, ports: u16, dialect: Dialect) -> Result<Inventory, Refusal> {
    dialect.check(&spec.others, not_content)?;
    let antennas = match spec.antennas.as_slice() {
        [] => return Err(field_error("AntennaIDs is empty")),
        named if named.contains(&0) => (1..=ports).collect(),
        named if named.iter().any(|port| *port > ports) => {
            return Err(field_error(&format!("AntennaIDs names a port above {ports}")));
        }
        named => named.to_vec(),
    };
    let Some(first) = spec.inventories.first() else {
        return Err(refuse(StatusCode::MISSING_PARAMETER, "InventoryParameterSpec is missing"));
    };
    if spec.inventories.iter().any(|inventory| inventory.protocol != PROTOCOL_GEN2) {
        return Err(field_error("ProtocolID must be 1, EPCglobal Class 1 Gen 2"));
    }
    let mut commands = Vec::new();
    for inventory in &spec.inventories {
        dialect.check(&inventory.others, not_content)?;
        for antenna in &inventory.antennas {
            dialect.check(&antenna.others, not_content)?;
            commands.extend(&antenna.commands);
        }
    }
    for command in &commands {
        let others = command.others.iter().filter(|param| param.kind != FILTER);
        dialect.check(&others.cloned().collect::<Vec<_>>(), not_content)?;
    }
    // The reader has one loop over all antennas, so the first antenna's filters hold for all.
    let first_command = commands.first().map_or(&[][..], |command| &command.others);
    Ok(Inventory {
        antennas,
        stop: inventory_stop(&spec.stop)?,
        spec_id: first.id,
        filters: Filters::parse(first_command.iter())?,
        once: commands.iter().any(|command| dialect.focuses(&command.others)),
    })
}

fn inventory_stop(trigger: &AiSpecStopTrigger) -> Result<Stop, Refusal> {
    if trigger.kind != 3 {
        let otherwise = "AISpecStopTriggerType must be 0 to 3";
        return time_stop(trigger.kind, trigger.duration_ms, trigger.gpi.as_ref(), otherwise);
    }
    let observation = trigger.others.iter().find(|param| param.kind == TAG_OBSERVATION_TRIGGER);
    let observation = observation
        .ok_or_else(|| refuse(StatusCode::MISSING_PARAMETER, "TagObservationTrigger is missing"))?;
    parse_observation(&observation.fields).map(Stop::Observation)
}

/// Type, reserved, number of tags, number of attempts, T, timeout (1.0.1, 10.2.2.1.3).
fn parse_observation(fields: &[u8]) -> Result<Observation, Refusal> {
    let mut cursor = Cursor::new("TagObservationTrigger", fields);
    let mut read = || -> Result<_, gatewarden_llrp::codec::CodecError> {
        let kind: u8 = cursor.get()?;
        cursor.get::<u8>()?;
        let (tags, attempts, silence_ms): (u16, u16, u16) =
            (cursor.get()?, cursor.get()?, cursor.get()?);
        Ok((kind, tags, attempts, silence_ms, cursor.get::<u32>()?))
    };
    let (kind, tags, attempts, silence_ms, timeout_ms) =
        read().map_err(|error| refuse(StatusCode::PARAMETER_ERROR, &error.to_string()))?;
    let until = match kind {
        0 => Until::Tags(tags.into()),
        1 => Until::NoNewTagFor(us(silence_ms.into())),
        2 => Until::Attempts(attempts.into()),
        _ => return Err(field_error("TriggerType of TagObservationTrigger must be 0 to 2")),
    };
    Ok(Observation { until, timeout_us: some_us(timeout_ms) })
}
