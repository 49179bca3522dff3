//! Parameters 240 to 326: reports, events, status.
//! Source: LLRP 1.1 clause 17.2, numbers and names only.

use super::{
    Def,
    Type::{BitString, Flag, S8, Text, U8, U16, U32},
    any, d, e, enums, f, one, opt, r, some,
};

#[rustfmt::skip]
pub(in crate::codec) static REPORTS: &[Def] = &[
    d(240, "TagReportData", &[], &[one("EPCParameter"), opt("ROSpecID"), opt("SpecIndex"),
        opt("InventoryParameterSpecID"), opt("AntennaID"), opt("PeakRSSI"), opt("ChannelIndex"),
        opt("FirstSeenTimestampUTC"), opt("FirstSeenTimestampUptime"), opt("LastSeenTimestampUTC"),
        opt("LastSeenTimestampUptime"), opt("TagSeenCount"), any("AirProtocolTagData"), opt("AccessSpecID"),
        any("AccessCommandOpSpecResult"), any("Custom")]),
    d(241, "EPCData", &[f("EPC", BitString)], &[]),
    d(242, "RFSurveyReportData", &[], &[opt("ROSpecID"), opt("SpecIndex"), some("FrequencyRSSILevelEntry"),
        any("Custom")]),
    d(243, "FrequencyRSSILevelEntry", &[f("Frequency", U32), f("Bandwidth", U32), f("AverageRSSI", S8),
        f("PeakRSSI", S8)], &[one("Timestamp")]),
    d(244, "ReaderEventNotificationSpec", &[], &[some("EventNotificationState")]),
    d(245, "EventNotificationState", &[e("EventType", U16, enums::NOTIFICATION_EVENT_TYPE),
        f("NotificationState", Flag), r(7)], &[]),
    d(246, "ReaderEventNotificationData", &[], &[one("Timestamp"), opt("HoppingEvent"), opt("GPIEvent"),
        opt("ROSpecEvent"), opt("ReportBufferLevelWarningEvent"), opt("ReportBufferOverflowErrorEvent"),
        opt("ReaderExceptionEvent"), opt("RFSurveyEvent"), opt("AISpecEvent"), opt("AntennaEvent"),
        opt("ConnectionAttemptEvent"), opt("ConnectionCloseEvent"), any("Custom"), opt("SpecLoopEvent")]),
    d(247, "HoppingEvent", &[f("HopTableID", U16), f("NextChannelIndex", U16)], &[]),
    d(248, "GPIEvent", &[f("GPIPortNumber", U16), f("GPIEvent", Flag), r(7)], &[]),
    d(249, "ROSpecEvent", &[e("EventType", U8, enums::ROSPEC_EVENT_TYPE), f("ROSpecID", U32),
        f("PreemptingROSpecID", U32)], &[]),
    d(250, "ReportBufferLevelWarningEvent", &[f("ReportBufferPercentageFull", U8)], &[]),
    d(251, "ReportBufferOverflowErrorEvent", &[], &[]),
    d(252, "ReaderExceptionEvent", &[f("Message", Text)], &[opt("ROSpecID"), opt("SpecIndex"),
        opt("InventoryParameterSpecID"), opt("AntennaID"), opt("AccessSpecID"), opt("OpSpecID"),
        any("Custom")]),
    d(253, "RFSurveyEvent", &[e("EventType", U8, enums::RFSURVEY_EVENT_TYPE), f("ROSpecID", U32),
        f("SpecIndex", U16)], &[]),
    d(254, "AISpecEvent", &[e("EventType", U8, enums::AISPEC_EVENT_TYPE), f("ROSpecID", U32),
        f("SpecIndex", U16)], &[opt("AirProtocolSingulationDetails")]),
    d(255, "AntennaEvent", &[e("EventType", U8, enums::ANTENNA_EVENT_TYPE), f("AntennaID", U16)], &[]),
    d(256, "ConnectionAttemptEvent", &[e("Status", U16, enums::CONNECTION_ATTEMPT_STATUS_TYPE)], &[]),
    d(257, "ConnectionCloseEvent", &[], &[]),
    d(287, "LLRPStatus", &[e("StatusCode", U16, enums::STATUS_CODE), f("ErrorDescription", Text)], &[
        opt("FieldError"), opt("ParameterError")]),
    d(288, "FieldError", &[f("FieldNum", U16), e("ErrorCode", U16, enums::STATUS_CODE)], &[]),
    d(289, "ParameterError", &[f("ParameterType", U16), e("ErrorCode", U16, enums::STATUS_CODE)], &[
        opt("FieldError"), opt("ParameterError")]),
];
