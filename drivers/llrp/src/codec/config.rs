//! Parameters of GET_READER_CONFIG and SET_READER_CONFIG.

use super::typed::parameters;

parameters! {
    /// How often the reader says that it lives.
    KeepaliveSpec = 220 "KeepaliveSpec" {
        /// 0 never, 1 periodic.
        trigger: u8,
        /// Milliseconds between two KEEPALIVEs.
        period_ms: u32,
    }

    /// Whether events and reports are held after a reconnect until they are asked for.
    EventsAndReports = 226 "EventsAndReports" {
        /// HoldEventsAndReportsUponReconnect.
        hold: bool,
    }

    /// Which events the reader tells of.
    ReaderEventNotificationSpec = 244 "ReaderEventNotificationSpec" {} {
        /// One switch an event.
        states: Vec<EventNotificationState>,
    }

    /// Whether one event is told.
    EventNotificationState = 245 "EventNotificationState" {
        /// 0 hopping, 1 GPI, 2 ROSpec, 3 report buffer fill warning, 4 reader exception,
        /// 5 RF survey, 6 AISpec, 7 AISpec with details, 8 antenna.
        event: u16,
        /// On or off.
        on: bool,
    }

    /// An antenna port.
    AntennaProperties = 221 "AntennaProperties" {
        /// Whether something is plugged in.
        connected: bool,
        /// The port, from 1.
        antenna: u16,
        /// Gain in hundredths of a dBi.
        gain_cdbi: i16,
    }

    /// An input.
    GpiPortCurrentState = 225 "GPIPortCurrentState" {
        /// The port, from 1.
        port: u16,
        /// Whether the port is enabled.
        enabled: bool,
        /// 0 low, 1 high, 2 unknown.
        state: u8,
    }

    /// An output.
    GpoWriteData = 219 "GPOWriteData" {
        /// The port, from 1.
        port: u16,
        /// Its level.
        on: bool,
    }

    /// Who the reader is.
    Identification = 218 "Identification" {
        /// 0 MAC address (EUI-64), 1 EPC.
        kind: u8,
        /// The identifier.
        id: Vec<u8>,
    }
}
