//! Parameters of GET_READER_CAPABILITIES_RESPONSE.

use super::typed::parameters;

parameters! {
    /// What the reader is.
    GeneralDeviceCapabilities = 137 "GeneralDeviceCapabilities" {
        /// Number of antenna ports.
        antennas_max: u16,
        /// Bit 15: antenna properties can be set; bit 14: the reader has a UTC clock.
        flags: u16,
        /// IANA private enterprise number of the maker.
        manufacturer: u32,
        /// The maker's model number.
        model: u32,
        /// The firmware's version.
        firmware: String,
    } {
        /// Sensitivities that can be asked for.
        sensitivities: Vec<ReceiveSensitivityTableEntry>,
        /// Inputs and outputs.
        gpio: Option<GpioCapabilities>,
        /// The air protocols of each antenna.
        protocols: Vec<PerAntennaAirProtocol>,
    }

    /// One sensitivity.
    ReceiveSensitivityTableEntry = 139 "ReceiveSensitivityTableEntry" {
        /// Index to ask by.
        index: u16,
        /// dB above the most sensitive.
        value_db: i16,
    }

    /// Number of inputs and outputs.
    GpioCapabilities = 141 "GPIOCapabilities" {
        /// Inputs.
        inputs: u16,
        /// Outputs.
        outputs: u16,
    }

    /// The air protocols of one antenna.
    PerAntennaAirProtocol = 140 "PerAntennaAirProtocol" {
        /// The port, from 1.
        antenna: u16,
        /// 1 is EPCglobal Class 1 Gen 2.
        protocols: Vec<u8>,
    }

    /// What the reader can do.
    LlrpCapabilities = 142 "LLRPCapabilities" {
        /// Bits 7 to 3: RF survey, report buffer fill warning, client request OpSpec, state-aware
        /// singulation, event and report holding.
        flags: u8,
        /// Priority levels.
        priorities_max: u8,
        /// Milliseconds.
        client_request_ms: u16,
        /// ROSpecs; 0 is no limit, as for all below.
        rospecs_max: u32,
        /// Specs a ROSpec.
        specs_max: u32,
        /// Inventory parameter specs an AISpec.
        inventory_specs_max: u32,
        /// AccessSpecs.
        access_specs_max: u32,
        /// OpSpecs an AccessSpec.
        op_specs_max: u32,
    }

    /// What the law where it stands allows.
    RegulatoryCapabilities = 143 "RegulatoryCapabilities" {
        /// ISO 3166 numeric country code.
        country: u16,
        /// The communications standard.
        standard: u16,
    } {
        /// The UHF band.
        uhf: Option<UhfBandCapabilities>,
    }

    /// Powers and frequencies; the RF mode tables stay in `others`.
    UhfBandCapabilities = 144 "UHFBandCapabilities" {} {
        /// Powers that can be asked for.
        powers: Vec<TransmitPowerLevelTableEntry>,
        /// Frequencies.
        frequencies: Option<FrequencyInformation>,
    }

    /// One power.
    TransmitPowerLevelTableEntry = 145 "TransmitPowerLevelTableEntry" {
        /// Index to ask by.
        index: u16,
        /// Hundredths of a dBm.
        power_cdbm: i16,
    }

    /// Frequencies.
    FrequencyInformation = 146 "FrequencyInformation" {
        /// Whether the reader hops.
        hopping: bool,
    } {
        /// Tables of a hopping reader.
        hop_tables: Vec<FrequencyHopTable>,
        /// The table of one that does not hop.
        fixed: Option<FixedFrequencyTable>,
    }

    /// A hop table.
    FrequencyHopTable = 147 "FrequencyHopTable" {
        /// Its id.
        id: u8,
        /// Reserved, 0.
        reserved: u8,
        /// Kilohertz, in hopping order.
        frequencies_khz: Vec<u32>,
    }

    /// Fixed frequencies.
    FixedFrequencyTable = 148 "FixedFrequencyTable" {
        /// Kilohertz; a channel index counts from 1.
        frequencies_khz: Vec<u32>,
    }
}

impl LlrpCapabilities {
    /// The flag of event and report holding.
    pub const HOLDING: u8 = 1 << 3;
    /// The flag of the report buffer fill warning.
    pub const BUFFER_WARNING: u8 = 1 << 6;

    /// Whether the reader can hold events and reports while no client is connected.
    #[must_use]
    pub fn holds_reports(&self) -> bool {
        self.flags & Self::HOLDING != 0
    }
}
