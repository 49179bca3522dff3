//! The standard's types: numbers, names, and how many bytes of fields stand before sub-parameters.
//!
//! One line a type: adding a type is adding its line. A type that is not here is carried as bytes.
//! Sources: LLRP 1.0.1 sections 10 to 16, and 1.1 for what it added.

use super::CodecError;

/// Type of vendors' parameters and messages.
pub const CUSTOM: u16 = 1023;

/// A run of fields.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// So many bytes.
    Fixed(usize),
    /// A 16-bit count of units of so many bits, then those, padded to whole bytes.
    Counted(usize),
    /// All that is left.
    Rest,
}

use Part::{Counted, Fixed, Rest};

/// Number, name, fields.
type Row = (u16, &'static str, &'static [Part]);

/// Bytes of the fields of each TV parameter, by type; 0 where there is no such type.
#[rustfmt::skip]
const TV_BYTES: [u8; 21] =
    [0, 2, 8, 8, 8, 8, 1, 2, 2, 4, 2, 2, 2, 12, 2, 2, 4, 2, 4, 2, 2];

/// Bytes of a TV parameter's fields; `None` for types that are unknown or TLV encoded.
#[inline]
#[must_use]
pub fn tv_bytes(kind: u16) -> Option<usize> {
    match TV_BYTES.get(usize::from(kind)) {
        None | Some(0) => None,
        Some(&bytes) => Some(bytes.into()),
    }
}

/// A parameter's name in the standard.
#[must_use]
pub fn param_name(kind: u16) -> Option<&'static str> {
    find(PARAMS, kind).map(|row| row.1)
}

/// A message's name in the standard.
#[must_use]
pub fn message_name(kind: u16) -> Option<&'static str> {
    find(MESSAGES, kind).map(|row| row.1)
}

/// How many bytes of a parameter's content are fields; all of them if the type is unknown.
pub(super) fn param_fields_bytes(kind: u16, content: &[u8]) -> Result<usize, CodecError> {
    fields_bytes(PARAMS, kind, content)
}

/// How many bytes of a message's body are fields; all of them if the type is unknown.
pub(super) fn message_fields_bytes(kind: u16, body: &[u8]) -> Result<usize, CodecError> {
    fields_bytes(MESSAGES, kind, body)
}

fn find(rows: &'static [Row], kind: u16) -> Option<&'static Row> {
    rows.binary_search_by_key(&kind, |row| row.0).ok().and_then(|at| rows.get(at))
}

fn fields_bytes(rows: &'static [Row], kind: u16, bytes: &[u8]) -> Result<usize, CodecError> {
    let Some((_, name, parts)) = find(rows, kind) else { return Ok(bytes.len()) };
    let mut at = 0usize;
    for part in *parts {
        at += match part {
            Fixed(count) => *count,
            Counted(unit_bits) => {
                let count = bytes.get(at..at + 2).ok_or(CodecError::Short(name))?;
                let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
                2 + (count * unit_bits).div_ceil(8)
            }
            Rest => bytes.len().saturating_sub(at),
        };
    }
    if at > bytes.len() { Err(CodecError::Short(name)) } else { Ok(at) }
}

#[rustfmt::skip]
static MESSAGES: &[Row] = &[
    (1, "GET_READER_CAPABILITIES", &[Fixed(1)]),
    (2, "GET_READER_CONFIG", &[Fixed(7)]),
    (3, "SET_READER_CONFIG", &[Fixed(1)]),
    (4, "CLOSE_CONNECTION_RESPONSE", &[]),
    (11, "GET_READER_CAPABILITIES_RESPONSE", &[]),
    (12, "GET_READER_CONFIG_RESPONSE", &[]),
    (13, "SET_READER_CONFIG_RESPONSE", &[]),
    (14, "CLOSE_CONNECTION", &[]),
    (20, "ADD_ROSPEC", &[]),
    (21, "DELETE_ROSPEC", &[Fixed(4)]),
    (22, "START_ROSPEC", &[Fixed(4)]),
    (23, "STOP_ROSPEC", &[Fixed(4)]),
    (24, "ENABLE_ROSPEC", &[Fixed(4)]),
    (25, "DISABLE_ROSPEC", &[Fixed(4)]),
    (26, "GET_ROSPECS", &[]),
    (30, "ADD_ROSPEC_RESPONSE", &[]),
    (31, "DELETE_ROSPEC_RESPONSE", &[]),
    (32, "START_ROSPEC_RESPONSE", &[]),
    (33, "STOP_ROSPEC_RESPONSE", &[]),
    (34, "ENABLE_ROSPEC_RESPONSE", &[]),
    (35, "DISABLE_ROSPEC_RESPONSE", &[]),
    (36, "GET_ROSPECS_RESPONSE", &[]),
    (40, "ADD_ACCESSSPEC", &[]),
    (41, "DELETE_ACCESSSPEC", &[Fixed(4)]),
    (42, "ENABLE_ACCESSSPEC", &[Fixed(4)]),
    (43, "DISABLE_ACCESSSPEC", &[Fixed(4)]),
    (44, "GET_ACCESSSPECS", &[]),
    (46, "GET_SUPPORTED_VERSION", &[]),
    (47, "SET_PROTOCOL_VERSION", &[Fixed(1)]),
    (50, "ADD_ACCESSSPEC_RESPONSE", &[]),
    (51, "DELETE_ACCESSSPEC_RESPONSE", &[]),
    (52, "ENABLE_ACCESSSPEC_RESPONSE", &[]),
    (53, "DISABLE_ACCESSSPEC_RESPONSE", &[]),
    (54, "GET_ACCESSSPECS_RESPONSE", &[]),
    (56, "GET_SUPPORTED_VERSION_RESPONSE", &[Fixed(2)]),
    (57, "SET_PROTOCOL_VERSION_RESPONSE", &[]),
    (60, "GET_REPORT", &[]),
    (61, "RO_ACCESS_REPORT", &[]),
    (62, "KEEPALIVE", &[]),
    (63, "READER_EVENT_NOTIFICATION", &[]),
    (64, "ENABLE_EVENTS_AND_REPORTS", &[]),
    (72, "KEEPALIVE_ACK", &[]),
    (100, "ERROR_MESSAGE", &[]),
    (CUSTOM, "CUSTOM_MESSAGE", &[Fixed(5), Rest]),
];

#[rustfmt::skip]
static PARAMS: &[Row] = &[
    (1, "AntennaID", &[Fixed(2)]),
    (2, "FirstSeenTimestampUTC", &[Fixed(8)]),
    (3, "FirstSeenTimestampUptime", &[Fixed(8)]),
    (4, "LastSeenTimestampUTC", &[Fixed(8)]),
    (5, "LastSeenTimestampUptime", &[Fixed(8)]),
    (6, "PeakRSSI", &[Fixed(1)]),
    (7, "ChannelIndex", &[Fixed(2)]),
    (8, "TagSeenCount", &[Fixed(2)]),
    (9, "ROSpecID", &[Fixed(4)]),
    (10, "InventoryParameterSpecID", &[Fixed(2)]),
    (11, "C1G2_CRC", &[Fixed(2)]),
    (12, "C1G2_PC", &[Fixed(2)]),
    (13, "EPC_96", &[Fixed(12)]),
    (14, "SpecIndex", &[Fixed(2)]),
    (15, "ClientRequestOpSpecResult", &[Fixed(2)]),
    (16, "AccessSpecID", &[Fixed(4)]),
    (17, "OpSpecID", &[Fixed(2)]),
    (18, "C1G2SingulationDetails", &[Fixed(4)]),
    (19, "C1G2_XPC_W1", &[Fixed(2)]),
    (20, "C1G2_XPC_W2", &[Fixed(2)]),
    (128, "UTCTimestamp", &[Fixed(8)]),
    (129, "Uptime", &[Fixed(8)]),
    (137, "GeneralDeviceCapabilities", &[Fixed(12), Counted(8)]),
    (139, "ReceiveSensitivityTableEntry", &[Fixed(4)]),
    (140, "PerAntennaAirProtocol", &[Fixed(2), Counted(8)]),
    (141, "GPIOCapabilities", &[Fixed(4)]),
    (142, "LLRPCapabilities", &[Fixed(24)]),
    (143, "RegulatoryCapabilities", &[Fixed(4)]),
    (144, "UHFBandCapabilities", &[]),
    (145, "TransmitPowerLevelTableEntry", &[Fixed(4)]),
    (146, "FrequencyInformation", &[Fixed(1)]),
    (147, "FrequencyHopTable", &[Fixed(2), Counted(32)]),
    (148, "FixedFrequencyTable", &[Counted(32)]),
    (149, "PerAntennaReceiveSensitivityRange", &[Fixed(6)]),
    (177, "ROSpec", &[Fixed(6)]),
    (178, "ROBoundarySpec", &[]),
    (179, "ROSpecStartTrigger", &[Fixed(1)]),
    (180, "PeriodicTriggerValue", &[Fixed(8)]),
    (181, "GPITriggerValue", &[Fixed(7)]),
    (182, "ROSpecStopTrigger", &[Fixed(5)]),
    (183, "AISpec", &[Counted(16)]),
    (184, "AISpecStopTrigger", &[Fixed(5)]),
    (185, "TagObservationTrigger", &[Fixed(12)]),
    (186, "InventoryParameterSpec", &[Fixed(3)]),
    (187, "RFSurveySpec", &[Fixed(10)]),
    (188, "RFSurveySpecStopTrigger", &[Fixed(9)]),
    (207, "AccessSpec", &[Fixed(12)]),
    (208, "AccessSpecStopTrigger", &[Fixed(3)]),
    (209, "AccessCommand", &[]),
    (217, "LLRPConfigurationStateValue", &[Fixed(4)]),
    (218, "Identification", &[Fixed(1), Counted(8)]),
    (219, "GPOWriteData", &[Fixed(3)]),
    (220, "KeepaliveSpec", &[Fixed(5)]),
    (221, "AntennaProperties", &[Fixed(5)]),
    (222, "AntennaConfiguration", &[Fixed(2)]),
    (223, "RFReceiver", &[Fixed(2)]),
    (224, "RFTransmitter", &[Fixed(6)]),
    (225, "GPIPortCurrentState", &[Fixed(4)]),
    (226, "EventsAndReports", &[Fixed(1)]),
    (237, "ROReportSpec", &[Fixed(3)]),
    (238, "TagReportContentSelector", &[Fixed(2)]),
    (239, "AccessReportSpec", &[Fixed(1)]),
    (240, "TagReportData", &[]),
    (241, "EPCData", &[Counted(1)]),
    (242, "RFSurveyReportData", &[]),
    (243, "FrequencyRSSILevelEntry", &[Fixed(10)]),
    (244, "ReaderEventNotificationSpec", &[]),
    (245, "EventNotificationState", &[Fixed(3)]),
    (246, "ReaderEventNotificationData", &[]),
    (247, "HoppingEvent", &[Fixed(4)]),
    (248, "GPIEvent", &[Fixed(3)]),
    (249, "ROSpecEvent", &[Fixed(9)]),
    (250, "ReportBufferLevelWarningEvent", &[Fixed(1)]),
    (251, "ReportBufferOverflowErrorEvent", &[]),
    (252, "ReaderExceptionEvent", &[Counted(8)]),
    (253, "RFSurveyEvent", &[Fixed(7)]),
    (254, "AISpecEvent", &[Fixed(7)]),
    (255, "AntennaEvent", &[Fixed(3)]),
    (256, "ConnectionAttemptEvent", &[Fixed(2)]),
    (257, "ConnectionCloseEvent", &[]),
    (287, "LLRPStatus", &[Fixed(2), Counted(8)]),
    (288, "FieldError", &[Fixed(4)]),
    (289, "ParameterError", &[Fixed(4)]),
    (327, "C1G2LLRPCapabilities", &[Fixed(3)]),
    (328, "C1G2UHFRFModeTable", &[]),
    (329, "C1G2UHFRFModeTableEntry", &[Fixed(28)]),
    (330, "C1G2InventoryCommand", &[Fixed(1)]),
    (331, "C1G2Filter", &[Fixed(1)]),
    (332, "C1G2TagInventoryMask", &[Fixed(3), Counted(1)]),
    (333, "C1G2TagInventoryStateAwareFilterAction", &[Fixed(2)]),
    (334, "C1G2TagInventoryStateUnawareFilterAction", &[Fixed(1)]),
    (335, "C1G2RFControl", &[Fixed(4)]),
    (336, "C1G2SingulationControl", &[Fixed(7)]),
    (337, "C1G2TagInventoryStateAwareSingulationAction", &[Fixed(1)]),
    (338, "C1G2TagSpec", &[]),
    (339, "C1G2TargetTag", &[Fixed(3), Counted(1), Counted(1)]),
    (341, "C1G2Read", &[Fixed(11)]),
    (342, "C1G2Write", &[Fixed(9), Counted(16)]),
    (343, "C1G2Kill", &[Fixed(6)]),
    (344, "C1G2Lock", &[Fixed(6)]),
    (345, "C1G2LockPayload", &[Fixed(2)]),
    (346, "C1G2BlockErase", &[Fixed(11)]),
    (347, "C1G2BlockWrite", &[Fixed(9), Counted(16)]),
    (348, "C1G2EPCMemorySelector", &[Fixed(1)]),
    (349, "C1G2ReadOpSpecResult", &[Fixed(3), Counted(16)]),
    (350, "C1G2WriteOpSpecResult", &[Fixed(5)]),
    (351, "C1G2KillOpSpecResult", &[Fixed(3)]),
    (352, "C1G2LockOpSpecResult", &[Fixed(3)]),
    (353, "C1G2BlockEraseOpSpecResult", &[Fixed(3)]),
    (354, "C1G2BlockWriteOpSpecResult", &[Fixed(5)]),
    (CUSTOM, "Custom", &[Fixed(8), Rest]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_agree_on_tv_lengths() {
        assert!(MESSAGES.is_sorted_by_key(|row| row.0));
        assert!(PARAMS.is_sorted_by_key(|row| row.0));
        for (kind, name, parts) in PARAMS.iter().filter(|row| row.0 < 128) {
            let [Fixed(bytes)] = parts else { panic!("{name} is not fixed") };
            assert_eq!(tv_bytes(*kind), Some(*bytes), "{name}");
        }
        assert_eq!(tv_bytes(0), None);
        assert_eq!(tv_bytes(21), None);
    }
}
