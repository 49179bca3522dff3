//! LLRP 1.0.1 and 1.1 as bytes: frames, parameters, and typed views of those an inventory needs.
//!
//! Two layers. The lower one is driven by the tables of [`definitions`]: a frame becomes a [`Message`] whose fields are
//! bytes and whose parameters are a tree of [`Param`]; what the schema does not know stays as the
//! bytes it came in, so decoding and encoding again gives the same bytes. The upper one are structs
//! that convert to and from a `Param` ([`Typed`]). Tag reports have a path of their own, [`report`],
//! that builds no tree.
//!
//! Invariants: no input panics; nothing is allocated for a length that is only claimed; a frame is
//! at most [`FRAME_BYTES_MAX`] long, holds at most [`PARAMS_MAX`] parameters, nested at most
//! [`DEPTH_MAX`] deep. Absent on purpose: sockets, time, and the order of a conversation (`session`).

pub mod capabilities;
pub mod config;
pub mod cursor;
pub mod definitions;
pub mod events;
pub mod explain;
pub mod frame;
pub mod message;
pub mod param;
pub mod report;
pub mod rospec;
pub mod schema;
pub mod status;
pub mod typed;
pub mod vendor;

pub use capabilities::{
    FixedFrequencyTable, FrequencyHopTable, FrequencyInformation, GeneralDeviceCapabilities,
    GpioCapabilities, LlrpCapabilities, PerAntennaAirProtocol, ReceiveSensitivityTableEntry,
    RegulatoryCapabilities, TransmitPowerLevelTableEntry, UhfBandCapabilities,
};
pub use config::{
    AntennaProperties, EventNotificationState, EventsAndReports, GpiPortCurrentState, GpoWriteData,
    Identification, KeepaliveSpec, ReaderEventNotificationSpec,
};
pub use cursor::Cursor;
pub use events::{
    AntennaEvent, ConnectionAttemptEvent, ConnectionCloseEvent, GpiEvent, ReaderEvent,
    ReaderExceptionEvent, ReportBufferLevelWarningEvent, ReportBufferOverflowErrorEvent,
    RoSpecEvent, Uptime, UtcTimestamp,
};
pub use explain::{Node, Tree, Value, explain};
pub use frame::{Frame, decode_frame, split_frame};
pub use message::{Message, MessageKind};
pub use param::Param;
pub use report::{TagReport, TagReports, encode_report};
pub use rospec::{
    AiSpec, AiSpecStopTrigger, AntennaConfiguration, C1g2EpcMemorySelector, C1g2InventoryCommand,
    C1g2RfControl, C1g2SingulationControl, GpiTriggerValue, InventoryParameterSpec,
    PeriodicTriggerValue, RfReceiver, RfTransmitter, RoBoundarySpec, RoReportSpec, RoSpec,
    RoSpecStartTrigger, RoSpecStopTrigger, TagReportContentSelector,
};
pub use status::{FieldError, LlrpStatus, ParameterError, StatusCode};
pub use typed::Typed;

/// Longest frame that is read or written, in bytes. Readers close above about 500 KiB themselves.
pub const FRAME_BYTES_MAX: usize = 1 << 20;
/// Length of the message header, in bytes.
pub const HEADER_BYTES: usize = 10;
/// Deepest nesting of parameters.
pub const DEPTH_MAX: usize = 16;
/// Most parameters of one message in tree form. Tag reports are not read through the tree.
pub const PARAMS_MAX: usize = 1 << 16;
/// Header version of LLRP 1.0.1.
pub const VERSION_1_0_1: u8 = 1;
/// Header version of LLRP 1.1.
pub const VERSION_1_1: u8 = 2;

/// Why bytes are not LLRP, or a message can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The header's version is not one of LLRP 1.0.1, 1.1.
    #[error(
        "message version {0} is neither 1 (LLRP 1.0.1) nor 2 (LLRP 1.1): is this an LLRP port?"
    )]
    Version(u8),
    /// The header's length is below the header's own or above the bound.
    #[error(
        "message length {0} is outside {HEADER_BYTES}..={FRAME_BYTES_MAX} bytes: is this an LLRP port?"
    )]
    FrameLength(u64),
    /// A parameter's length does not fit what holds it.
    #[error("parameter {kind} claims {claimed} bytes where {available} are left")]
    ParamLength {
        /// The parameter's type.
        kind: u16,
        /// Its length field.
        claimed: usize,
        /// What is left of its parent.
        available: usize,
    },
    /// Bytes end within the fields of what is named.
    #[error("{0} ends within its fields")]
    Short(&'static str),
    /// A TV parameter whose length nobody knows.
    #[error("TV parameter {0} is unknown, so its end can't be found")]
    UnknownTv(u8),
    /// A TLV parameter with a type reserved for TV parameters.
    #[error("parameter type {0} is reserved for TV encoding")]
    TlvKind(u16),
    /// Nested too deep.
    #[error("parameters are nested deeper than {DEPTH_MAX}")]
    Depth,
    /// Too many parameters.
    #[error("a message holds more than {PARAMS_MAX} parameters")]
    Count,
    /// A required parameter is not there.
    #[error("{parent} lacks {missing}")]
    Missing {
        /// Where it is missing.
        parent: &'static str,
        /// What is missing.
        missing: &'static str,
    },
    /// Another parameter than the one asked for.
    #[error("expected {expected}, found parameter {found}")]
    Unexpected {
        /// The name asked for.
        expected: &'static str,
        /// The type found.
        found: u16,
    },
    /// A value too long to be written.
    #[error("{what} is too long: {bytes} bytes")]
    TooLong {
        /// The thing.
        what: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// A TV parameter with fields of the wrong length can't be written.
    #[error("TV parameter {kind} can't have {bytes} bytes of fields")]
    TvLength {
        /// The parameter's type.
        kind: u16,
        /// The length of its fields.
        bytes: usize,
    },
}

impl CodecError {
    /// True if the stream itself is broken, so that nothing after it can be read.
    #[must_use]
    pub fn is_framing(&self) -> bool {
        matches!(self, Self::Version(_) | Self::FrameLength(_))
    }
}
