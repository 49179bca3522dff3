//! Zebra's messages and parameters (PEN 161) by subtype. What has no row stays bytes, and so does what a row
//! does not fit.
//!
//! Seen on an FX9600 (firmware 3.32.37): the capabilities 1, 100, 110, 120, 200, 300, 400; 101, 102, 121, 122,
//! 350, 466, 500, 704, 708, 709, 710, 712. Its guide counts up to 24 reserved bits more in most of them than the
//! firmware sends. Order and names are the guide's, where no frame contradicts them. From the guide alone, with the
//! width that this rule gives, and so to be doubted: the rest, and the flags of 708 other than EnableZoneID and
//! EnablePhase.
//! Source: Zebra Interface Control Guide 72E-131718, numbers and names; widths as the firmware sends them.

use super::{
    Def,
    Type::{Flag, S16, U8, U16, U32, U64},
    any, d, f, one, opt, r,
};

#[rustfmt::skip]
pub(in crate::codec) static MESSAGES: &[Def] = &[
    d(2, "MOTO_GET_TAG_EVENT_REPORT", &[], &[]),
    d(4, "MOTO_PURGE_TAGS_RESPONSE", &[], &[one("LLRPStatus")]),
    d(5, "MOTO_TAG_EVENT_NOTIFY", &[], &[]),
];

#[rustfmt::skip]
pub(in crate::codec) static PARAMS: &[Def] = &[
    d(1, "MotoGeneralCapabilities", &[f("Version", U32), f("CanGetGeneralParams", Flag),
        f("CanReportPartNumber", Flag), f("CanReportRadioVersion", Flag),
        f("CanSupportRadioPowerState", Flag), f("CanSupportRadioTransmitDelay", Flag),
        f("CanSupportZebraTrigger", Flag), r(2)], &[]),
    d(50, "MotoGeneralRequestCapabilities", &[f("RequestedData", U8)], &[]),
    d(51, "MotoGeneralGetParams", &[f("RequestedData", U8)], &[]),
    d(100, "MotoAutonomousCapabilities", &[f("Version", U32), f("CanSupportAutonomousMode", Flag), r(7)], &[]),
    d(101, "MotoAutonomousState", &[f("AutonomousModeState", Flag), r(7)], &[]),
    d(102, "MotoDefaultSpec", &[f("UseDefaultSpecForAutoMode", Flag), r(7)], &[one("ROSpec"),
        any("AccessSpec")]),
    d(110, "MotoAdvancedCapabilities", &[f("Version", U32), f("CanReportPhase", Flag),
        f("CanSupportZone", Flag), f("CanSupportAntennaRFConfig", Flag), f("CanSupportPeriodicTagReports", Flag),
        f("CanSupportSledBatteryStatus", Flag), f("CanSupportLogicalAntenna", Flag), f("CanReportGPS", Flag),
        r(1)], &[]),
    d(120, "MotoTagEventsGenerationCapabilities", &[f("Version", U32), f("CanSelectTagEvents", Flag),
        f("CanSelectTagReportingFormat", Flag), f("CanSelectMovingEvent", Flag), r(5)], &[]),
    d(121, "MotoTagEventSelector", &[f("ReportNewTagEvent", U8), f("NewTagEventModeratedTimeout", U16),
        f("ReportTagInvisibleEvent", U8), f("TagInvisibleEventModeratedTimeout", U16),
        f("ReportTagVisibilityChangeEvent", U8), f("TagVisibilityChangeEventModeratedTimeout", U16)],
        &[]),
    d(122, "MotoTagReportMode", &[f("ReportFormat", U8)], &[]),
    d(123, "MotoTagEventList", &[], &[any("MotoTagEventEntry")]),
    d(124, "MotoTagEventEntry", &[f("EventType", U8), f("Microseconds", U64)], &[]),
    d(125, "MotoROReportTrigger", &[f("MotoReportTrigger", U8)], &[]),
    d(200, "MotoFilterCapabilities", &[f("Version", U32), f("CanFilterTagsBasedOnRSSI", Flag),
        f("CanFilterTagsBasedOnTimeOfDay", Flag), f("CanFilterTagsBasedOnUTCTimeStamp", Flag), r(5)], &[]),
    d(300, "MotoPersistenceCapabilities", &[f("Version", U32), f("CanSaveConfiguration", Flag),
        f("CanSaveTags", Flag), f("CanSaveEvents", Flag), r(5)], &[]),
    d(350, "MotoPersistenceSaveParams", &[f("SaveConfiguration", Flag), f("SaveTagData", Flag),
        f("SaveTagEventData", Flag), r(5)], &[]),
    d(400, "MotoC1G2LLRPCapabilities", &[f("Version", U32), f("CanSupportBlockPermalock", Flag),
        f("CanSupportRecommissioning", Flag), f("CanWriteUMI", Flag),
        f("CanSupportNXPCustomCommands", Flag), f("CanSupportFujitsuCustomCommands", Flag),
        f("CanSupportG2V2Commands", Flag), r(2)], &[]),
    d(466, "MotoCustomCommandOptions", &[f("EnableNXPSetAndResetQuietCommands", Flag), r(31)], &[]),
    d(500, "MotoRadioPowerState", &[f("RadioPowerState", Flag), r(7)], &[]),
    d(703, "MotoAntennaConfig", &[], &[opt("MotoAntennaStopCondition"),
        opt("MotoAntennaPhysicalPortConfig"), opt("MotoAntennaQueryConfig")]),
    d(704, "MotoAntennaStopCondition", &[f("AntennaStopTrigger", U8), f("AntennaStopConditionValue", U16)],
        &[]),
    d(705, "MotoAntennaPhysicalPortConfig", &[f("PhysicalTransmitPort", U16), f("PhysicalReceivePort", U16)],
        &[]),
    d(708, "MotoTagReportContentSelector", &[f("EnableZoneID", Flag), f("EnableZoneName", Flag),
        f("EnableAntennaPhysicalPortConfig", Flag), f("EnablePhase", Flag), f("EnableGPS", Flag),
        f("EnableMLTReport", Flag), r(26)], &[]),
    d(709, "MotoTagPhase", &[f("Phase", S16)], &[]),
    d(710, "MotoAntennaQueryConfig", &[f("EnableSLAll", Flag), f("EnableABFlip", Flag), r(14)], &[]),
    d(711, "NXPBrandIDCheckConfig", &[f("BrandID", U8)], &[]),
    d(712, "BrandIDCheckStatus", &[f("BrandID", U8)], &[]),
];
