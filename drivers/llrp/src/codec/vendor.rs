//! Vendors' parameters that are set, not only shown: Impinj's (PEN 25882) and Zebra's (PEN 161).
//!
//! Each function gives one parameter, to be put in the `others` of what its doc names. Source: Octane LLRP,
//! Zebra Interface Control Guide; numbers only.

use super::{
    Message, Param,
    definitions::{PEN_IMPINJ, PEN_ZEBRA},
};

const ENABLE_EXTENSIONS: u8 = 21;
const SEARCH_MODE: u32 = 23;
const FIXED_FREQUENCIES: u32 = 26;
const REDUCED_POWER: u32 = 27;
const GPI_DEBOUNCE: u32 = 36;
const LINK_MONITOR: u32 = 38;
const CONTENT_SELECTOR: u32 = 50;
const ZEBRA_CONTENT_SELECTOR: u32 = 708;
const ZEBRA_PHASE: u32 = 1 << 28;

/// How a reader of Impinj's looks for tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum SearchMode {
    /// As the reader chooses.
    Reader = 0,
    /// Each tag once until its session's flag decays.
    SingleTarget = 1,
    /// Each tag again and again.
    DualTarget = 2,
    /// Each tag once, then kept silent (TagFocus).
    TagFocus = 3,
}

/// What a reader of Impinj's tells besides the standard's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImpinjContent {
    /// SerializedTID.
    pub tid: bool,
    /// RF phase angle.
    pub phase: bool,
    /// RSSI in hundredths of a dBm.
    pub rssi: bool,
    /// Doppler frequency.
    pub doppler: bool,
}

/// IMPINJ_ENABLE_EXTENSIONS, to be sent before anything of Impinj's on a connection.
#[must_use]
pub fn enable_extensions(id: u32) -> Message {
    Message::custom(id, PEN_IMPINJ, ENABLE_EXTENSIONS, &[0; 4])
}

/// For `C1g2InventoryCommand`.
#[must_use]
pub fn search_mode(mode: SearchMode) -> Param {
    Param::custom(PEN_IMPINJ, SEARCH_MODE, &(mode as u16).to_be_bytes())
}

/// For `C1g2InventoryCommand`: the channels, by index from 1; none lets the reader choose.
#[must_use]
pub fn fixed_frequencies(channels: &[u16]) -> Param {
    with_channels(FIXED_FREQUENCIES, if channels.is_empty() { 1 } else { 2 }, channels)
}

/// For `C1g2InventoryCommand`: the channels of reduced power, by index from 1; none switches it off.
#[must_use]
pub fn reduced_power(channels: &[u16]) -> Param {
    with_channels(REDUCED_POWER, u16::from(!channels.is_empty()), channels)
}

/// For SET_READER_CONFIG: how long an input must stand still to count.
#[must_use]
pub fn gpi_debounce(port: u16, debounce_ms: u32) -> Param {
    let data = [&port.to_be_bytes()[..], &debounce_ms.to_be_bytes()].concat();
    Param::custom(PEN_IMPINJ, GPI_DEBOUNCE, &data)
}

/// For SET_READER_CONFIG: after how many keepalives without an answer the reader hangs up; 0 is never.
#[must_use]
pub fn link_monitor(threshold: u16) -> Param {
    let data = [u16::from(threshold > 0).to_be_bytes(), threshold.to_be_bytes()].concat();
    Param::custom(PEN_IMPINJ, LINK_MONITOR, &data)
}

/// For `RoReportSpec` of one ROSpec; R420s take it nowhere else.
#[must_use]
pub fn impinj_content(content: ImpinjContent) -> Param {
    let mut data = Vec::new();
    let wanted =
        [(51, content.tid), (52, content.phase), (53, content.rssi), (67, content.doppler)];
    for (subtype, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
        // A TLV of 14 bytes: header, vendor, subtype, mode 1.
        data.extend_from_slice(&[0x03, 0xFF, 0, 14]);
        data.extend_from_slice(&PEN_IMPINJ.to_be_bytes());
        data.extend_from_slice(&u32::to_be_bytes(subtype));
        data.extend_from_slice(&[0, 1]);
    }
    Param::custom(PEN_IMPINJ, CONTENT_SELECTOR, &data)
}

/// For `RoReportSpec`: Zebra's phase.
#[must_use]
pub fn zebra_phase() -> Param {
    Param::custom(PEN_ZEBRA, ZEBRA_CONTENT_SELECTOR, &ZEBRA_PHASE.to_be_bytes())
}

fn with_channels(subtype: u32, mode: u16, channels: &[u16]) -> Param {
    let count = u16::try_from(channels.len()).unwrap_or(u16::MAX);
    let mut data = mode.to_be_bytes().to_vec();
    data.extend_from_slice(&[0, 0]);
    data.extend_from_slice(&count.to_be_bytes());
    data.extend(channels.iter().take(count.into()).flat_map(|channel| channel.to_be_bytes()));
    Param::custom(PEN_IMPINJ, subtype, &data)
}
