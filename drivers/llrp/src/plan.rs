//! What the session asks of a reader: its settings and capabilities turned into messages. Pure.
//!
//! Invariants: nothing is asked for that the reader said it can't do, `outfit` refuses it before; the ROSpec is
//! a function of settings and capabilities alone, so that one found on a reader can be compared with it.

use crate::{
    codec::{
        AiSpec, AntennaConfiguration, C1g2EpcMemorySelector, C1g2InventoryCommand, C1g2RfControl,
        C1g2SingulationControl, EventNotificationState, EventsAndReports, GpiPortCurrentState,
        GpiTriggerValue, InventoryParameterSpec, KeepaliveSpec, Message, MessageKind, Param,
        ReaderEventNotificationSpec, RoBoundarySpec, RoReportSpec, RoSpec, RoSpecStartTrigger,
        RoSpecStopTrigger, TagReportContentSelector, Typed, report::VENDOR_IMPINJ,
    },
    identity::Identity,
    settings::{Edge, KEEPALIVE_MS_MIN, SearchMode, Settings, Start, TagFilter},
};

pub(crate) mod outfit;
pub(crate) mod tid;

pub use outfit::PlanError;

const PROTOCOL_GEN2: u8 = 1;
const REPORT_EVERY_N_OR_END_OF_ROSPEC: u8 = 2;
const GPI_UNKNOWN: u8 = 2;
/// GPI, ROSpec, report buffer, reader exception, antenna.
const EVENTS: [u16; 5] = [1, 2, 3, 4, 8];
/// Inputs that are looked at, at most.
const INPUTS_MAX: usize = 64;
/// Impinj's message that lets a client use its extensions, and its answer.
const IMPINJ_ENABLE_EXTENSIONS: u8 = 21;
pub(crate) const IMPINJ_ENABLE_EXTENSIONS_RESPONSE: u8 = 22;
const IMPINJ_SEARCH_MODE: u32 = 23;
const IMPINJ_CONTENT_SELECTOR: u32 = 50;
const IMPINJ_ENABLE_TID: u32 = 51;
const C1G2_FILTER: u16 = 331;
const C1G2_MASK: u16 = 332;
const C1G2_UNAWARE_ACTION: u16 = 334;

/// The period that is asked for.
pub(crate) fn keepalive_ms(settings: &Settings) -> u32 {
    settings.keepalive_ms.max(KEEPALIVE_MS_MIN)
}

/// Whether Impinj's extensions are needed, and the reader is Impinj's.
pub(crate) fn wants_extensions(settings: &Settings, reader: &Identity) -> bool {
    reader.manufacturer == VENDOR_IMPINJ && (settings.search_mode.is_some() || settings.tid)
}

/// IMPINJ_ENABLE_EXTENSIONS.
pub(crate) fn enable_extensions(id: u32) -> Message {
    Message::custom(id, VENDOR_IMPINJ, IMPINJ_ENABLE_EXTENSIONS, &[0; 4])
}

/// Whether `message` answers [`enable_extensions`].
pub(crate) fn is_extensions_answer(message: &Message) -> bool {
    let mut cursor = message.cursor();
    message.kind == MessageKind::CUSTOM_MESSAGE
        && cursor.get() == Ok(VENDOR_IMPINJ)
        && cursor.get() == Ok(IMPINJ_ENABLE_EXTENSIONS_RESPONSE)
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

/// SET_READER_CONFIG with the outputs as a signal wants them; `None` where there are none.
pub(crate) fn outputs(
    id: u32,
    settings: &Settings,
    signal: gatewarden_model::Signal,
) -> Option<Message> {
    let levels = settings.gpo.levels(signal);
    (!levels.is_empty()).then(|| {
        levels
            .iter()
            .fold(Message::set_reader_config(id, false), |message, data| message.with(data))
    })
}

/// The ROSpec: read at the configured antennas when it is started, report every so many tags.
pub(crate) fn rospec(id: u32, settings: &Settings, reader: &Identity) -> Result<RoSpec, PlanError> {
    outfit::check(settings, reader)?;
    let ports = if settings.antennas.is_empty() { vec![0] } else { settings.antennas.clone() };
    let inventory = InventoryParameterSpec {
        id: 1,
        protocol: PROTOCOL_GEN2,
        antennas: vec![antenna(settings, reader)?],
        others: vec![],
    };
    let ai_specs =
        vec![AiSpec { antennas: ports, inventories: vec![inventory], ..Default::default() }];
    let report = Some(report(settings, reader));
    Ok(RoSpec { id, boundary: boundary(settings), ai_specs, report, ..Default::default() })
}

fn boundary(settings: &Settings) -> RoBoundarySpec {
    let trigger = |edge: Edge, timeout_ms| GpiTriggerValue {
        port: edge.port,
        on: edge.on,
        timeout_ms,
        others: vec![],
    };
    let (kind, gpi) = match settings.start {
        Start::ByClient => (0, None),
        Start::Immediate => (1, None),
        Start::Input(edge) => (3, Some(trigger(edge, 0))),
    };
    let start = RoSpecStartTrigger { kind, gpi, ..Default::default() };
    let timeout_ms = settings.stop.timeout_ms;
    let stop = match (settings.start, settings.stop.input) {
        (Start::Input(_), Some(edge)) => RoSpecStopTrigger {
            kind: 2,
            gpi: Some(trigger(edge, timeout_ms)),
            ..Default::default()
        },
        (Start::Input(_), None) if timeout_ms > 0 => {
            RoSpecStopTrigger { kind: 1, duration_ms: timeout_ms, ..Default::default() }
        }
        _ => RoSpecStopTrigger::default(),
    };
    RoBoundarySpec { start, stop, others: vec![] }
}

fn antenna(settings: &Settings, reader: &Identity) -> Result<AntennaConfiguration, PlanError> {
    let singulation = C1g2SingulationControl {
        session_bits: (settings.session & 3) << 6,
        population: settings.tag_population,
        ..Default::default()
    };
    let rf = settings.reader_mode.map(|mode| C1g2RfControl { mode, ..Default::default() });
    let search = settings.search_mode.map(search_mode);
    let command = C1g2InventoryCommand {
        rf,
        singulation: Some(singulation),
        others: search.into_iter().collect(),
        ..Default::default()
    };
    // The standard's order has the filters first.
    let mut command = command.to_param();
    command.params.splice(..0, settings.filters.iter().map(filter));
    Ok(AntennaConfiguration {
        antenna: 0,
        transmitter: outfit::transmitter(settings, reader)?,
        others: vec![command],
        ..Default::default()
    })
}

fn search_mode(mode: SearchMode) -> Param {
    Param::custom(VENDOR_IMPINJ, IMPINJ_SEARCH_MODE, &(mode as u16).to_be_bytes())
}

/// C1G2Filter: tags that hold the mask take part, the others don't.
fn filter(filter: &TagFilter) -> Param {
    let param = |kind, fields, params| Param { kind, fields, params };
    let mut mask = vec![(filter.bank as u8) << 6];
    mask.extend_from_slice(&filter.bit.to_be_bytes());
    let bits = u16::try_from(filter.mask.len() * 8).unwrap_or(u16::MAX);
    mask.extend_from_slice(&bits.to_be_bytes());
    mask.extend_from_slice(&filter.mask);
    let below = vec![param(C1G2_MASK, mask, vec![]), param(C1G2_UNAWARE_ACTION, vec![0], vec![])];
    param(C1G2_FILTER, vec![0], below)
}

fn report(settings: &Settings, reader: &Identity) -> RoReportSpec {
    type Content = TagReportContentSelector;
    let bits = Content::ROSPEC_ID
        | Content::ANTENNA
        | Content::CHANNEL
        | Content::PEAK_RSSI
        | Content::FIRST_SEEN
        | Content::LAST_SEEN
        | Content::SEEN_COUNT;
    let pc = C1g2EpcMemorySelector { bits: C1g2EpcMemorySelector::PC, others: vec![] };
    let others = if settings.tid && reader.manufacturer == VENDOR_IMPINJ {
        vec![impinj_tid()]
    } else {
        vec![]
    };
    RoReportSpec {
        trigger: REPORT_EVERY_N_OR_END_OF_ROSPEC,
        every_tags: settings.report_every_tags.max(1),
        content: Content { bits, epc_memory: vec![pc], others: vec![] },
        others,
    }
}

/// ImpinjTagReportContentSelector with ImpinjEnableSerializedTID, on.
fn impinj_tid() -> Param {
    let mut inner = Vec::new();
    let enable = Param::custom(VENDOR_IMPINJ, IMPINJ_ENABLE_TID, &1u16.to_be_bytes());
    // Fourteen bytes always fit.
    let _ = enable.encode(&mut inner);
    Param::custom(VENDOR_IMPINJ, IMPINJ_CONTENT_SELECTOR, &inner)
}

/// Whether a ROSpec found on a reader does what `wanted` does, whatever its id and state, and in whatever order
/// the reader tells its parts.
pub(crate) fn is_same(found: &RoSpec, wanted: &RoSpec) -> bool {
    let bare = |spec: &RoSpec| {
        let mut param = RoSpec { id: 0, state: 0, ..spec.clone() }.to_param();
        sort(&mut param);
        param
    };
    bare(found) == bare(wanted)
}

/// Depth is bounded by the codec.
fn sort(param: &mut Param) {
    param.params.iter_mut().for_each(sort);
    param.params.sort_by(|a, b| (a.kind, &a.fields).cmp(&(b.kind, &b.fields)));
}
