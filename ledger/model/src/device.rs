//! What devices report and what they are told. The one contract between all drivers and the intake.

use serde::{Deserialize, Serialize};

use crate::{DeviceFacts, DeviceId, Hash, Stamp};

/// One report of one device about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The device that saw it.
    pub device: DeviceId,
    /// When the bytes arrived here.
    pub at: Stamp,
    /// What was seen.
    pub value: ReadValue,
    /// The digest of the frame as it came over the wire.
    pub raw: Hash,
}

/// What a device saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadValue {
    /// A UHF tag.
    Tag(TagRead),
    /// A barcode.
    Scan(ScanRead),
}

/// A tag as a reader reported it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagRead {
    /// The EPC memory from bit 20h, as many bytes as the PC word says.
    pub epc: Vec<u8>,
    /// Antenna port, from 1; 0 where the reader did not say.
    pub antenna: u16,
    /// Peak RSSI in hundredths of a dBm.
    pub peak_rssi_cdbm: Option<i16>,
    /// How many singulations this report stands for, at least 1.
    pub count: u32,
    /// The Gen2 PC word.
    pub pc: Option<u16>,
    /// The TID memory, if the reader read it.
    pub tid: Option<Vec<u8>>,
    /// The reader's own clock, microseconds since 1970, first and last seen.
    pub first_seen_us: Option<u64>,
    /// See `first_seen_us`.
    pub last_seen_us: Option<u64>,
    /// How long before it was told it was last seen, in microseconds, where the skew of the reader's
    /// clock is known.
    pub ago_us: Option<u64>,
    /// Phase of the backscatter, 65,536 a turn, where the reader measures it.
    pub phase: Option<i16>,
    /// Doppler frequency in sixteenths of a hertz, where the reader measures it.
    pub doppler_hz16: Option<i16>,
}

/// A barcode as a scanner reported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRead {
    /// The text after the AIM identifier; FNC1 is the byte 0x1D.
    pub text: String,
    /// The AIM symbology identifier (ISO/IEC 15424) such as `]C1`, if the scanner sent one.
    pub aim: Option<String>,
}

/// What a driver's task sends to the intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceEvent {
    /// The device's connection changed.
    State {
        /// The device.
        device: DeviceId,
        /// Its new state.
        state: DeviceState,
    },
    /// Who the device says that it is. Told on every connection before anything that was read on it.
    Identity {
        /// The device.
        device: DeviceId,
        /// What it tells of itself, as far as the wire goes; see [`crate::facts`].
        facts: DeviceFacts,
        /// Since when it is this one: everything read on this connection came later.
        at: Stamp,
    },
    /// Reads in the order in which they came, of one device.
    Reads(Vec<Read>),
    /// A digital input (beam, button, GPI) changed.
    Input {
        /// The device.
        device: DeviceId,
        /// The input's number as the device counts it.
        port: u16,
        /// Its new level.
        on: bool,
        /// When it was seen.
        at: Stamp,
    },
    /// Reads may have been lost: an outage, an overflow, bytes that made no sense.
    Gap {
        /// The device.
        device: DeviceId,
        /// Last moment known to be whole.
        from: Stamp,
        /// First moment known to be whole again.
        to: Stamp,
        /// What happened.
        reason: String,
    },
}

/// Whether a device can be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum DeviceState {
    /// Trying to reach it.
    Connecting {
        /// Attempts since the last healthy session, from 1.
        attempt: u32,
    },
    /// Working.
    Up {
        /// What it says it is (vendor, model, firmware).
        detail: String,
    },
    /// Not working.
    Down {
        /// Why, with the way out where there is one.
        reason: String,
        /// When it will be tried again, in milliseconds.
        retry_in_ms: u64,
    },
    /// Told to stop.
    Stopped,
}

/// What a station shows its operator. Green is only ever sent after the flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// Nothing to show.
    Off,
    /// Work in progress: amber.
    Busy,
    /// Recorded: green.
    Go,
    /// Held or denied: red.
    Stop,
    /// Quarantined: red and the buzzer.
    Alarm,
}
