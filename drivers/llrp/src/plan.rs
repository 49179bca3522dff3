//! What the session asks of a reader: its settings and capabilities turned into messages. Pure.

use crate::{
    codec::{
        AiSpec, AntennaConfiguration, C1g2EpcMemorySelector, C1g2InventoryCommand,
        C1g2SingulationControl, EventNotificationState, EventsAndReports, GpiPortCurrentState,
        InventoryParameterSpec, KeepaliveSpec, Message, ReaderEventNotificationSpec, RfTransmitter,
        RoBoundarySpec, RoReportSpec, RoSpec, RoSpecStartTrigger, TagReportContentSelector,
    },
    identity::Identity,
    settings::{KEEPALIVE_MS_MIN, Settings, Start},
};

const PROTOCOL_GEN2: u8 = 1;
const REPORT_EVERY_N_OR_END_OF_ROSPEC: u8 = 2;
const GPI_UNKNOWN: u8 = 2;
/// GPI, ROSpec, report buffer, reader exception, antenna.
const EVENTS: [u16; 5] = [1, 2, 3, 4, 8];
/// Inputs that are looked at, at most.
const INPUTS_MAX: usize = 64;

/// Settings that the reader at hand can't follow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// An antenna that is not there.
    #[error("antenna {asked} is configured, but the reader has only ports 1 to {max}")]
    Antenna {
        /// The configured port.
        asked: u16,
        /// The highest port.
        max: u16,
    },
    /// A power below the reader's least.
    #[error("transmit power {asked} dBm is configured, but the reader's least is {least} dBm")]
    Power {
        /// The configured power.
        asked: f32,
        /// The reader's least.
        least: f32,
    },
}

/// The period that is asked for.
pub(crate) fn keepalive_ms(settings: &Settings) -> u32 {
    settings.keepalive_ms.max(KEEPALIVE_MS_MIN)
}

/// SET_READER_CONFIG: keepalives, events, holding, and inputs that are off switched on.
pub(crate) fn config(id: u32, settings: &Settings, reader: &Identity) -> Message {
    let states = EVENTS.map(|event| EventNotificationState { event, on: true, others: vec![] });
    let events = ReaderEventNotificationSpec { states: states.into(), others: vec![] };
    let keepalive = KeepaliveSpec { trigger: 1, period_ms: keepalive_ms(settings), others: vec![] };
    let mut message = Message::set_reader_config(id, false).with(&events).with(&keepalive);
    for input in reader.input_states.iter().filter(|i| !i.enabled).take(INPUTS_MAX) {
        let (port, state) = (input.port, GPI_UNKNOWN);
        message = message.with(&GpiPortCurrentState { port, enabled: true, state, others: vec![] });
    }
    if reader.holds_reports {
        message = message.with(&EventsAndReports { hold: true, others: vec![] });
    }
    message
}

/// The ROSpec: read for ever at the configured antennas, report every so many tags.
pub(crate) fn rospec(id: u32, settings: &Settings, reader: &Identity) -> Result<RoSpec, PlanError> {
    let max = reader.antennas_max;
    if let Some(&asked) = settings.antennas.iter().find(|&&port| port == 0 || port > max) {
        return Err(PlanError::Antenna { asked, max });
    }
    let ports = if settings.antennas.is_empty() { vec![0] } else { settings.antennas.clone() };
    let start = match settings.start {
        Start::Immediate => 1,
        Start::ByClient => 0,
    };
    let boundary = RoBoundarySpec {
        start: RoSpecStartTrigger { kind: start, ..Default::default() },
        ..Default::default()
    };
    let inventory = InventoryParameterSpec {
        id: 1,
        protocol: PROTOCOL_GEN2,
        antennas: vec![antenna(settings, reader)?],
        others: vec![],
    };
    let ai_specs =
        vec![AiSpec { antennas: ports, inventories: vec![inventory], ..Default::default() }];
    let report = Some(report(settings));
    Ok(RoSpec { id, boundary, ai_specs, report, ..Default::default() })
}

fn antenna(settings: &Settings, reader: &Identity) -> Result<AntennaConfiguration, PlanError> {
    let singulation = C1g2SingulationControl {
        session_bits: (settings.session & 3) << 6,
        population: settings.tag_population,
        ..Default::default()
    };
    let command = C1g2InventoryCommand { singulation: Some(singulation), ..Default::default() };
    Ok(AntennaConfiguration {
        antenna: 0,
        transmitter: transmitter(settings, reader)?,
        commands: vec![command],
        ..Default::default()
    })
}

/// The highest step that is not above the wished power; `None` where nothing is wished.
fn transmitter(settings: &Settings, reader: &Identity) -> Result<Option<RfTransmitter>, PlanError> {
    let Some(asked) = settings.tx_power_dbm else { return Ok(None) };
    let dbm = |cdbm: i16| f32::from(cdbm) / 100.0;
    // Half a hundredth of tolerance, because 30.1 is not exactly a binary fraction.
    let fits = reader.uhf.powers.iter().filter(|p| dbm(p.power_cdbm) <= asked + 0.005);
    let Some(step) = fits.max_by_key(|p| p.power_cdbm) else {
        let least = reader.power_cdbm.map_or(f32::NAN, |(least, _)| dbm(least));
        return Err(PlanError::Power { asked, least });
    };
    let hop_table = reader.uhf.frequencies.as_ref().and_then(|f| f.hop_tables.first());
    let hop_table = hop_table.map_or(1, |table| u16::from(table.id));
    Ok(Some(RfTransmitter { hop_table, channel: 1, power: step.index, others: vec![] }))
}

fn report(settings: &Settings) -> RoReportSpec {
    type Content = TagReportContentSelector;
    let bits = Content::ROSPEC_ID
        | Content::ANTENNA
        | Content::CHANNEL
        | Content::PEAK_RSSI
        | Content::FIRST_SEEN
        | Content::LAST_SEEN
        | Content::SEEN_COUNT;
    let pc = C1g2EpcMemorySelector { bits: C1g2EpcMemorySelector::PC, others: vec![] };
    RoReportSpec {
        trigger: REPORT_EVERY_N_OR_END_OF_ROSPEC,
        every_tags: settings.report_every_tags.max(1),
        content: Content { bits, epc_memory: vec![pc], others: vec![] },
        others: vec![],
    }
}
