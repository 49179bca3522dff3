//! ROSpec and what it is made of: when to read, at which antennas, what to report.

use super::typed::parameters;

parameters! {
    /// A reader operation.
    RoSpec = 177 "ROSpec" {
        /// Its id, from 1.
        id: u32,
        /// 0 is the highest.
        priority: u8,
        /// 0 disabled, 1 inactive, 2 active; must be 0 when added.
        state: u8,
    } {
        /// When it starts and stops.
        boundary: RoBoundarySpec,
        /// Inventories, in their order; RF surveys and loops stay in `others`.
        ai_specs: Vec<AiSpec>,
        /// What is reported and when.
        report: Option<RoReportSpec>,
    }

    /// Start and stop.
    RoBoundarySpec = 178 "ROBoundarySpec" {} {
        /// Start.
        start: RoSpecStartTrigger,
        /// Stop.
        stop: RoSpecStopTrigger,
    }

    /// When it starts.
    RoSpecStartTrigger = 179 "ROSpecStartTrigger" {
        /// 0 by START_ROSPEC, 1 immediately when enabled, 2 periodically, 3 by an input.
        kind: u8,
    } {
        /// For 2.
        periodic: Option<PeriodicTriggerValue>,
        /// For 3.
        gpi: Option<GpiTriggerValue>,
    }

    /// A period.
    PeriodicTriggerValue = 180 "PeriodicTriggerValue" {
        /// Milliseconds.
        offset_ms: u32,
        /// Milliseconds.
        period_ms: u32,
    }

    /// An edge of an input.
    GpiTriggerValue = 181 "GPITriggerValue" {
        /// The port, from 1.
        port: u16,
        /// The level it changes to.
        on: bool,
        /// Milliseconds; 0 is none.
        timeout_ms: u32,
    }

    /// When it stops.
    RoSpecStopTrigger = 182 "ROSpecStopTrigger" {
        /// 0 never, 1 after the duration, 2 by an input.
        kind: u8,
        /// Milliseconds, for 1.
        duration_ms: u32,
    } {
        /// For 2.
        gpi: Option<GpiTriggerValue>,
    }

    /// An inventory.
    AiSpec = 183 "AISpec" {
        /// The ports, from 1; a single 0 is all.
        antennas: Vec<u16>,
    } {
        /// When it ends.
        stop: AiSpecStopTrigger,
        /// How it is done.
        inventories: Vec<InventoryParameterSpec>,
    }

    /// When an inventory ends. The tag observation trigger stays in `others`.
    AiSpecStopTrigger = 184 "AISpecStopTrigger" {
        /// 0 with its ROSpec, 1 after the duration, 2 by an input, 3 by tag observation.
        kind: u8,
        /// Milliseconds, for 1.
        duration_ms: u32,
    } {
        /// For 2.
        gpi: Option<GpiTriggerValue>,
    }

    /// How an inventory is done.
    InventoryParameterSpec = 186 "InventoryParameterSpec" {
        /// Its id, from 1.
        id: u16,
        /// 1 is EPCglobal Class 1 Gen 2.
        protocol: u8,
    } {
        /// Settings of antennas.
        antennas: Vec<AntennaConfiguration>,
    }

    /// Settings of an antenna.
    AntennaConfiguration = 222 "AntennaConfiguration" {
        /// The port, from 1; 0 is all.
        antenna: u16,
    } {
        /// Sensitivity.
        receiver: Option<RfReceiver>,
        /// Power and channel.
        transmitter: Option<RfTransmitter>,
        /// Gen 2 settings.
        commands: Vec<C1g2InventoryCommand>,
    }

    /// Sensitivity.
    RfReceiver = 223 "RFReceiver" {
        /// Index into the capabilities' table.
        sensitivity: u16,
    }

    /// Power and channel.
    RfTransmitter = 224 "RFTransmitter" {
        /// Hop table; 0 where the reader does not hop.
        hop_table: u16,
        /// Index into the fixed table, from 1; 0 where the reader hops.
        channel: u16,
        /// Index into the capabilities' power table.
        power: u16,
    }

    /// Gen 2 settings. Filters stay in `others`.
    C1g2InventoryCommand = 330 "C1G2InventoryCommand" {
        /// Whether singulation is state aware.
        state_aware: bool,
    } {
        /// RF mode.
        rf: Option<C1g2RfControl>,
        /// Session and population.
        singulation: Option<C1g2SingulationControl>,
    }

    /// RF mode.
    C1g2RfControl = 335 "C1G2RFControl" {
        /// The mode's identifier in the capabilities' table.
        mode: u16,
        /// Nanoseconds; 0 leaves it to the reader.
        tari_ns: u16,
    }

    /// Session and population.
    C1g2SingulationControl = 336 "C1G2SingulationControl" {
        /// The session in bits 7 and 6.
        session_bits: u8,
        /// Expected number of tags in the field.
        population: u16,
        /// Milliseconds a tag is expected to stay; 0 is unknown.
        transit_ms: u32,
    }

    /// When reports are made, and of what.
    RoReportSpec = 237 "ROReportSpec" {
        /// 0 only when asked, 1 every N tags or at the end of the AISpec, 2 of the ROSpec.
        trigger: u8,
        /// N; 0 is no limit.
        every_tags: u16,
    } {
        /// Of what.
        content: TagReportContentSelector,
    }

    /// Which fields a tag report holds.
    TagReportContentSelector = 238 "TagReportContentSelector" {
        /// The constants of this type, or-ed.
        bits: u16,
    } {
        /// Which words of the EPC memory.
        epc_memory: Vec<C1g2EpcMemorySelector>,
    }

    /// Which words of the EPC memory a tag report holds.
    C1g2EpcMemorySelector = 348 "C1G2EPCMemorySelector" {
        /// Bit 7 the CRC, bit 6 the PC word.
        bits: u8,
    }
}

impl TagReportContentSelector {
    /// ROSpecID.
    pub const ROSPEC_ID: u16 = 1 << 15;
    /// SpecIndex.
    pub const SPEC_INDEX: u16 = 1 << 14;
    /// InventoryParameterSpecID.
    pub const INVENTORY_SPEC_ID: u16 = 1 << 13;
    /// AntennaID.
    pub const ANTENNA: u16 = 1 << 12;
    /// ChannelIndex.
    pub const CHANNEL: u16 = 1 << 11;
    /// PeakRSSI.
    pub const PEAK_RSSI: u16 = 1 << 10;
    /// FirstSeenTimestamp.
    pub const FIRST_SEEN: u16 = 1 << 9;
    /// LastSeenTimestamp.
    pub const LAST_SEEN: u16 = 1 << 8;
    /// TagSeenCount.
    pub const SEEN_COUNT: u16 = 1 << 7;
    /// AccessSpecID.
    pub const ACCESS_SPEC_ID: u16 = 1 << 6;
}

impl C1g2EpcMemorySelector {
    /// The tag's CRC.
    pub const CRC: u8 = 1 << 7;
    /// The PC word.
    pub const PC: u8 = 1 << 6;
}
