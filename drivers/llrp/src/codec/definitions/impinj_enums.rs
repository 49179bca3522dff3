//! The names of values in Impinj's messages and parameters.
//! Source: Octane LLRP.

use super::Names;

#[rustfmt::skip]
pub(super) static IMPINJ_ACCESS_SPEC_ORDERING_MODE: Names = &[
    (0, "FIFO"), (1, "Ascending"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_ADVANCED_GPOMODE: Names = &[
    (0, "Normal"), (1, "Pulsed"), (2, "Reader_Operational_Status"), (3, "LLRP_Connection_Status"),
    (4, "Reader_Inventory_Status"), (5, "Network_Connection_Status"), (6, "Reader_Inventory_Tags_Status"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_BLOCK_PERMALOCK_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Insufficient_Power"), (2, "Nonspecific_Tag_Error"), (3, "No_Response_From_Tag"),
    (4, "Nonspecific_Reader_Error"), (5, "Incorrect_Password_Error"), (6, "Tag_Memory_Overrun_Error"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_ENCODE_DATA_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Failure"), (2, "Timeout"), (3, "Not_Attempted"), (4, "Insufficient_Power"),
    (5, "No_Response_From_Tag"), (6, "Incorrect_Password_Error"), (7, "Tag_Memory_Locked_Error"),
    (8, "Nonspecific_Tag_Error"), (9, "Nonspecific_Reader_Error"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_ENCODE_MODE: Names = &[
    (1, "Batch"), (2, "Continuous"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_ENCODE_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Success_With_Degraded_Performance"), (2, "Encode_Timeout"),
    (3, "Encode_Data_Cache_Empty"), (4, "Wrong_Tag_IC_Detected"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_ENCODE_STATUS: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_FIXED_FREQUENCY_MODE: Names = &[
    (0, "Disabled"), (1, "Auto_Select"), (2, "Channel_List"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_GPSCOORDINATES_MODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_GET_BLOCK_PERMALOCK_STATUS_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Nonspecific_Tag_Error"), (2, "No_Response_From_Tag"),
    (3, "Nonspecific_Reader_Error"), (4, "Incorrect_Password_Error"), (5, "Tag_Memory_Overrun_Error"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_GET_QTCONFIG_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Nonspecific_Tag_Error"), (2, "No_Response_From_Tag"),
    (3, "Nonspecific_Reader_Error"), (4, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_HUB_CONNECTED_TYPE: Names = &[
    (0, "Unknown"), (1, "Disconnected"), (2, "Connected"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_HUB_FAULT_TYPE: Names = &[
    (0, "No_Fault"), (1, "RF_Power"), (2, "RF_Power_On_Hub_1"), (3, "RF_Power_On_Hub_2"),
    (4, "RF_Power_On_Hub_3"), (5, "RF_Power_On_Hub_4"), (6, "No_Init"), (7, "Serial_Overflow"),
    (8, "Disconnected"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_INVENTORY_SEARCH_TYPE: Names = &[
    (0, "Reader_Selected"), (1, "Single_Target"), (2, "Dual_Target"), (3, "Single_Target_With_Suppression"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_LINK_MONITOR_MODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_LOCATION_REPORT_TYPE: Names = &[
    (0, "Entry"), (1, "Update"), (2, "Exit"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_LOCK_PRIVILEGE: Names = &[
    (0, "No_Action"), (1, "Unlock"), (2, "Lock"), (3, "Perma_Lock"), (4, "Perma_Unlock"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_LOW_DUTY_CYCLE_MODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_OP_SPEC_ACTION: Names = &[
    (1, "Op_Spec_Started"), (2, "Op_Spec_Finished"), (3, "Op_Spec_Success"), (4, "Op_Spec_Failure"),
    (5, "Op_Spec_SingleSuccess"), (6, "Op_Spec_SingleFailure"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_OPTIMIZED_READ_MODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_PEAK_RSSIMODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_QTACCESS_RANGE: Names = &[
    (0, "Unknown"), (1, "Normal_Range"), (2, "Short_Range"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_QTDATA_PROFILE: Names = &[
    (0, "Unknown"), (1, "Private"), (2, "Public"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_QTPERSISTENCE: Names = &[
    (0, "Unknown"), (1, "Temporary"), (2, "Permanent"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_RFDOPPLER_FREQUENCY_MODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_RFPHASE_ANGLE_MODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_REDUCED_POWER_MODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_REGULATORY_REGION: Names = &[
    (0, "FCC_Part_15_247"), (1, "ETSI_EN_300_220"), (2, "ETSI_EN_302_208_With_LBT"),
    (3, "Hong_Kong_920_925_MHz"), (4, "Taiwan_922_928_MHz"), (5, "Japan_952_954_MHz"),
    (6, "Japan_952_954_MHz_Low_Power"), (7, "ETSI_EN_302_208_v1_2_1"), (8, "Korea_917_921_MHz"),
    (9, "Malaysia_919_923_MHz"), (10, "China_920_925_MHz"), (11, "Japan_952_956_MHz_Without_LBT"),
    (12, "South_Africa_915_919_MHz"), (13, "Brazil_902_907_and_915_928_MHz"), (14, "Thailand_920_925_MHz"),
    (15, "Singapore_920_925_MHz"), (16, "Australia_920_926_MHz"), (17, "India_865_867_MHz"),
    (18, "Uruguay_916_928_MHz"), (19, "Vietnam_920_925_MHz"), (20, "Israel_915_917_MHz"),
    (21, "Philippines_918_920_MHz"), (22, "Canada_Post"), (23, "Indonesia_923_925_MHz"),
    (24, "New_Zealand_921p5_928_MHz"), (25, "Japan_916_921_MHz_Without_LBT"),
    (26, "Latin_America_902_928_MHz"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_REPORT_BUFFER_MODE: Names = &[
    (0, "Normal"), (1, "Low_Latency"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_REQUESTED_DATA_TYPE: Names = &[
    (1000, "All_Capabilities"), (1001, "Impinj_Detailed_Version"), (1002, "Impinj_Frequency_Capabilities"),
    (1003, "Impinj_Array_Capabilities"), (2000, "All_Configuration"),
    (2001, "Impinj_Sub_Regulatory_Region"), (2002, "Impinj_Forklift_Configuration"),
    (2003, "Impinj_GPI_Debounce_Configuration"), (2004, "Impinj_Reader_Temperature"),
    (2005, "Impinj_Link_Monitor_Configuration"), (2006, "Impinj_Report_Buffer_Configuration"),
    (2007, "Impinj_Access_Spec_Configuration"), (2008, "Impinj_GPS_NMEA_Sentences"),
    (2009, "Impinj_Advanced_GPO_Configuration"), (2010, "Impinj_Tilt_Configuration"),
    (2011, "Impinj_Beacon_Configuration"), (2012, "Impinj_Antenna_Configuration"),
    (2013, "Impinj_Location_Configuration"), (2014, "Impinj_Transition_Configuration"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_SERIALIZED_TIDMODE: Names = &[
    (0, "Disabled"), (1, "Enabled"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_SET_QTCONFIG_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Insufficient_Power"), (2, "Nonspecific_Tag_Error"), (3, "No_Response_From_Tag"),
    (4, "Nonspecific_Reader_Error"), (5, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_TAG_ICTYPE: Names = &[
    (1, "Monza3"), (2, "Monza4"), (3, "Monza5"), (100, "AnyGen2"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_TRANSITION_ZONE_RANGE: Names = &[
    (0, "Standard"), (1, "Large"),
];
#[rustfmt::skip]
pub(super) static IMPINJ_ZONE_REPORT_TYPE: Names = &[
    (0, "NewTag"), (1, "StrayTag"), (2, "TagTransition"),
];
