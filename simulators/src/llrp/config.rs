//! What SET_READER_CONFIG sets and GET_READER_CONFIG tells. A message is taken as a whole or not at
//! all. Absent: antenna properties and state-aware singulation (refused), vendors' parameters.

use std::collections::BTreeMap;

use gatewarden_llrp::codec::{
    AntennaConfiguration, AntennaProperties, C1g2InventoryCommand, C1g2SingulationControl,
    CodecError, EventNotificationState, EventsAndReports, GpiPortCurrentState, GpoWriteData,
    Identification, KeepaliveSpec, Message, Param, ReaderEventNotificationSpec, RfReceiver,
    RfTransmitter, RoReportSpec, StatusCode, TagReportContentSelector, Typed,
};

use super::plan::{Refusal, ReportRule, When};
use super::profile::{Dialect, VendorContent, not_content};

/// Number of event types of 1.0.1 (section 10.2.5.2).
const EVENTS: u16 = 9;
const ACCESS_REPORT_SPEC: u16 = 239;
const STATE_VALUE: u16 = 217;
/// Index of the power that an unset antenna has: 30 dBm, the last of the capabilities' table.
const POWER_INDEX: u16 = super::capabilities::POWERS;

/// The events of 1.0.1 that this reader tells of.
pub(super) mod event {
    pub(in crate::llrp) const INPUT: u16 = 1;
    pub(in crate::llrp) const ROSPEC: u16 = 2;
    pub(in crate::llrp) const BUFFER_WARNING: u16 = 3;
    pub(in crate::llrp) const INVENTORY: u16 = 6;
    pub(in crate::llrp) const ANTENNA: u16 = 8;
}

#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) keepalive_ms: Option<u32>,
    pub(super) hold: bool,
    events: u16,
    report: RoReportSpec,
    /// `report`, parsed: how ROSpecs without a rule of their own report.
    pub(super) rule: ReportRule,
    antennas: BTreeMap<u16, AntennaConfiguration>,
    pub(super) outputs: Vec<bool>,
    /// Counts the changes, as LLRPConfigurationStateValue wants.
    version: u32,
}

/// What GET_READER_CONFIG tells besides the configuration.
pub(super) struct Facts<'a> {
    pub(super) plugged: &'a [bool],
    pub(super) inputs: &'a [bool],
    pub(super) mac: [u8; 8],
}

impl Config {
    pub(super) fn factory(ports: u16, outputs: u16) -> Self {
        let content = TagReportContentSelector {
            bits: TagReportContentSelector::ANTENNA
                | TagReportContentSelector::PEAK_RSSI
                | TagReportContentSelector::FIRST_SEEN
                | TagReportContentSelector::LAST_SEEN
                | TagReportContentSelector::SEEN_COUNT,
            ..Default::default()
        };
        let rule = ReportRule {
            when: When::EndOfInventory,
            every_tags: 1,
            content: content.bits,
            epc_memory: 0,
            vendor: VendorContent::default(),
        };
        let report = RoReportSpec { trigger: 1, every_tags: 1, content, ..Default::default() };
        let antenna = |port| {
            let singulation = C1g2SingulationControl {
                session_bits: 1 << 6,
                population: 32,
                ..Default::default()
            };
            let command =
                C1g2InventoryCommand { singulation: Some(singulation), ..Default::default() };
            let configuration = AntennaConfiguration {
                antenna: port,
                receiver: Some(RfReceiver { sensitivity: 1, ..Default::default() }),
                transmitter: Some(RfTransmitter {
                    hop_table: 0,
                    channel: 1,
                    power: POWER_INDEX,
                    ..Default::default()
                }),
                commands: vec![command],
                ..Default::default()
            };
            (port, configuration)
        };
        Self {
            keepalive_ms: None,
            hold: false,
            events: 0,
            report,
            rule,
            antennas: (1..=ports).map(antenna).collect(),
            outputs: vec![false; usize::from(outputs)],
            version: 0,
        }
    }

    pub(super) fn tells(&self, event: u16) -> bool {
        self.events & (1 << event) != 0
    }

    /// The configuration after `message`, a SET_READER_CONFIG.
    pub(super) fn set(&self, message: &Message, dialect: Dialect) -> Result<Self, Refusal> {
        let reset = message.cursor().get::<bool>().map_err(malformed)?;
        let ports = u16::try_from(self.antennas.len()).unwrap_or(u16::MAX);
        let outputs = u16::try_from(self.outputs.len()).unwrap_or(u16::MAX);
        let mut new = if reset { Self::factory(ports, outputs) } else { self.clone() };
        new.version = self.version.wrapping_add(1);
        for param in &message.params {
            new.set_param(param, dialect)?;
        }
        Ok(new)
    }

    fn set_param(&mut self, param: &Param, dialect: Dialect) -> Result<(), Refusal> {
        match param.kind {
            KeepaliveSpec::KIND => {
                let spec: KeepaliveSpec = parse(param)?;
                let periodic = spec.trigger == 1 && spec.period_ms > 0;
                self.keepalive_ms = periodic.then_some(spec.period_ms);
            }
            EventsAndReports::KIND => self.hold = parse::<EventsAndReports>(param)?.hold,
            RoReportSpec::KIND => {
                self.report = parse(param)?;
                self.rule = ReportRule::parse(&self.report, dialect)?;
            }
            ReaderEventNotificationSpec::KIND => {
                let spec: ReaderEventNotificationSpec = parse(param)?;
                for state in &spec.states {
                    self.set_event(state)?;
                }
            }
            AntennaConfiguration::KIND => self.set_antenna(parse(param)?)?,
            GpoWriteData::KIND => {
                let write: GpoWriteData = parse(param)?;
                let at = usize::from(write.port).wrapping_sub(1);
                let output = self.outputs.get_mut(at);
                *output.ok_or_else(|| out_of_range("GPOPortNumber"))? = write.on;
            }
            // Access reports come with RO reports here, whatever is asked; inputs are always on.
            ACCESS_REPORT_SPEC | GpiPortCurrentState::KIND => {}
            // Taken and not acted on.
            _ if dialect.check(std::slice::from_ref(param), not_content).is_ok() => {}
            _ => {
                let what = format!("{} ({}) can't be set", param.name(), param.kind);
                return Err(Refusal::error(StatusCode::UNSUPPORTED_PARAMETER, &what));
            }
        }
        Ok(())
    }

    fn set_event(&mut self, state: &EventNotificationState) -> Result<(), Refusal> {
        if state.event >= EVENTS {
            return Err(out_of_range("EventType"));
        }
        let bit = 1 << state.event;
        self.events = if state.on { self.events | bit } else { self.events & !bit };
        Ok(())
    }

    fn set_antenna(&mut self, new: AntennaConfiguration) -> Result<(), Refusal> {
        let power = new.transmitter.as_ref().map_or(POWER_INDEX, |transmitter| transmitter.power);
        if power == 0 || power > POWER_INDEX {
            return Err(out_of_range("TransmitPower"));
        }
        let ports: Vec<u16> = match new.antenna {
            0 => self.antennas.keys().copied().collect(),
            port if self.antennas.contains_key(&port) => vec![port],
            _ => return Err(out_of_range("AntennaID")),
        };
        for port in ports {
            let antenna = self.antennas.entry(port).or_default();
            antenna.receiver = new.receiver.clone().or(antenna.receiver.take());
            antenna.transmitter = new.transmitter.clone().or(antenna.transmitter.take());
            if !new.commands.is_empty() {
                antenna.commands.clone_from(&new.commands);
            }
        }
        Ok(())
    }

    /// The parameters that `message`, a GET_READER_CONFIG, asks for.
    pub(super) fn get(&self, message: &Message, facts: &Facts<'_>) -> Result<Vec<Param>, Refusal> {
        let mut cursor = message.cursor();
        let antenna: u16 = cursor.get().map_err(malformed)?;
        let requested: u8 = cursor.get().map_err(malformed)?;
        let input: u16 = cursor.get().map_err(malformed)?;
        let output: u16 = cursor.get().map_err(malformed)?;
        if requested > 11 {
            return Err(out_of_range("RequestedData"));
        }
        if antenna > u16::try_from(self.antennas.len()).unwrap_or(u16::MAX) {
            return Err(out_of_range("AntennaID"));
        }
        let parts: [&dyn Fn() -> Vec<Param>; 11] = [
            &|| vec![identification(facts.mac)],
            &|| properties(facts.plugged, antenna),
            &|| {
                self.antennas
                    .values()
                    .filter(|a| named(antenna, a.antenna))
                    .map(Typed::to_param)
                    .collect()
            },
            &|| vec![self.event_spec().to_param()],
            &|| vec![self.report.to_param()],
            &|| vec![raw(ACCESS_REPORT_SPEC, &[0])],
            &|| vec![raw(STATE_VALUE, &self.version.to_be_bytes())],
            &|| vec![self.keepalive().to_param()],
            &|| inputs(facts.inputs, input),
            &|| outputs(&self.outputs, output),
            &|| vec![EventsAndReports { hold: self.hold, ..Default::default() }.to_param()],
        ];
        // The order of the response is the standard's; the numbers of RequestedData are another.
        const NUMBERS: [u8; 11] = [1, 2, 3, 5, 4, 6, 7, 8, 9, 10, 11];
        let wanted = NUMBERS.iter().zip(parts).filter(|(number, _)| named(requested, **number));
        Ok(wanted.flat_map(|(_, part)| part()).collect())
    }

    fn event_spec(&self) -> ReaderEventNotificationSpec {
        let state =
            |event| EventNotificationState { event, on: self.tells(event), ..Default::default() };
        let states = (0..EVENTS).map(state).collect();
        ReaderEventNotificationSpec { states, ..Default::default() }
    }

    fn keepalive(&self) -> KeepaliveSpec {
        KeepaliveSpec {
            trigger: u8::from(self.keepalive_ms.is_some()),
            period_ms: self.keepalive_ms.unwrap_or(0),
            ..Default::default()
        }
    }
}

pub(super) fn raw(kind: u16, fields: &[u8]) -> Param {
    Param { kind, fields: fields.to_vec(), params: Vec::new() }
}

fn parse<T: Typed>(param: &Param) -> Result<T, Refusal> {
    T::from_param(param).map_err(malformed)
}

#[allow(clippy::needless_pass_by_value, reason = "it is a function for map_err")]
pub(super) fn malformed(error: CodecError) -> Refusal {
    Refusal::error(StatusCode::PARAMETER_ERROR, &error.to_string())
}

fn out_of_range(field: &str) -> Refusal {
    Refusal::error(StatusCode::FIELD_ERROR, &format!("{field} is out of range"))
}

/// Whether a request names `number`; 0 is all.
fn named<T: PartialEq + Default>(request: T, number: T) -> bool {
    request == T::default() || request == number
}

fn numbered(levels: &[bool]) -> impl Iterator<Item = (u16, bool)> {
    (1..).zip(levels.iter().copied())
}

fn identification(mac: [u8; 8]) -> Param {
    Identification { kind: 0, id: mac.to_vec(), ..Default::default() }.to_param()
}

fn properties(plugged: &[bool], antenna: u16) -> Vec<Param> {
    let ports = numbered(plugged).filter(|(port, _)| named(antenna, *port));
    let told = ports.map(|(antenna, connected)| AntennaProperties {
        connected,
        antenna,
        gain_cdbi: 600,
        ..Default::default()
    });
    told.map(|properties| properties.to_param()).collect()
}

fn inputs(levels: &[bool], input: u16) -> Vec<Param> {
    let ports = numbered(levels).filter(|(port, _)| named(input, *port));
    let told = ports.map(|(port, on)| GpiPortCurrentState {
        port,
        enabled: true,
        state: u8::from(on),
        ..Default::default()
    });
    told.map(|state| state.to_param()).collect()
}

fn outputs(levels: &[bool], output: u16) -> Vec<Param> {
    let ports = numbered(levels).filter(|(port, _)| named(output, *port));
    let told = ports.map(|(port, on)| GpoWriteData { port, on, ..Default::default() });
    told.map(|data| data.to_param()).collect()
}
