//! The names of enumerated values, as the standard calls them.
//! Source: LLRP 1.1 clause 17.

use super::Names;

#[rustfmt::skip]
pub(super) static AISPEC_EVENT_TYPE: Names = &[
    (0, "End_Of_AISpec"),
];
#[rustfmt::skip]
pub(super) static AISPEC_STOP_TRIGGER_TYPE: Names = &[
    (0, "Null"), (1, "Duration"), (2, "GPI_With_Timeout"), (3, "Tag_Observation"),
];
#[rustfmt::skip]
pub(super) static ACCESS_REPORT_TRIGGER_TYPE: Names = &[
    (0, "Whenever_ROReport_Is_Generated"), (1, "End_Of_AccessSpec"),
];
#[rustfmt::skip]
pub(super) static ACCESS_SPEC_STATE: Names = &[
    (0, "Disabled"), (1, "Active"),
];
#[rustfmt::skip]
pub(super) static ACCESS_SPEC_STOP_TRIGGER_TYPE: Names = &[
    (0, "Null"), (1, "Operation_Count"),
];
#[rustfmt::skip]
pub(super) static AIR_PROTOCOLS: Names = &[
    (0, "Unspecified"), (1, "EPCGlobalClass1Gen2"),
];
#[rustfmt::skip]
pub(super) static ANTENNA_EVENT_TYPE: Names = &[
    (0, "Antenna_Disconnected"), (1, "Antenna_Connected"),
];
#[rustfmt::skip]
pub(super) static C1G2_BLOCK_ERASE_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Tag_Memory_Overrun_Error"), (2, "Tag_Memory_Locked_Error"),
    (3, "Insufficient_Power"), (4, "Nonspecific_Tag_Error"), (5, "No_Response_From_Tag"),
    (6, "Nonspecific_Reader_Error"), (7, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_BLOCK_PERMALOCK_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Insufficient_Power"), (2, "Nonspecific_Tag_Error"), (3, "No_Response_From_Tag"),
    (4, "Nonspecific_Reader_Error"), (5, "Incorrect_Password_Error"), (6, "Tag_Memory_Overrun_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_BLOCK_WRITE_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Tag_Memory_Overrun_Error"), (2, "Tag_Memory_Locked_Error"),
    (3, "Insufficient_Power"), (4, "Nonspecific_Tag_Error"), (5, "No_Response_From_Tag"),
    (6, "Nonspecific_Reader_Error"), (7, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_DRVALUE: Names = &[
    (0, "DRV_8"), (1, "DRV_64_3"),
];
#[rustfmt::skip]
pub(super) static C1G2_FORWARD_LINK_MODULATION: Names = &[
    (0, "PR_ASK"), (1, "SSB_ASK"), (2, "DSB_ASK"),
];
#[rustfmt::skip]
pub(super) static C1G2_GET_BLOCK_PERMALOCK_STATUS_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Nonspecific_Tag_Error"), (2, "No_Response_From_Tag"), (3, "Nonspecific_Reader_Error"),
    (4, "Incorrect_Password_Error"), (5, "Tag_Memory_Overrun_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_KILL_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Zero_Kill_Password_Error"), (2, "Insufficient_Power"),
    (3, "Nonspecific_Tag_Error"), (4, "No_Response_From_Tag"), (5, "Nonspecific_Reader_Error"),
    (6, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_LOCK_DATA_FIELD: Names = &[
    (0, "Kill_Password"), (1, "Access_Password"), (2, "EPC_Memory"), (3, "TID_Memory"), (4, "User_Memory"),
];
#[rustfmt::skip]
pub(super) static C1G2_LOCK_PRIVILEGE: Names = &[
    (0, "Read_Write"), (1, "Perma_Lock"), (2, "Perma_Unlock"), (3, "Unlock"),
];
#[rustfmt::skip]
pub(super) static C1G2_LOCK_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Insufficient_Power"), (2, "Nonspecific_Tag_Error"), (3, "No_Response_From_Tag"),
    (4, "Nonspecific_Reader_Error"), (5, "Incorrect_Password_Error"), (6, "Tag_Memory_Overrun_Error"),
    (7, "Tag_Memory_Locked_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_MVALUE: Names = &[
    (0, "MV_FM0"), (1, "MV_2"), (2, "MV_4"), (3, "MV_8"),
];
#[rustfmt::skip]
pub(super) static C1G2_READ_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Nonspecific_Tag_Error"), (2, "No_Response_From_Tag"),
    (3, "Nonspecific_Reader_Error"), (4, "Memory_Overrun_Error"), (5, "Memory_Locked_Error"),
    (6, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_RECOMMISSION_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Zero_Password_Error"), (2, "Insufficient_Power"), (3, "Nonspecific_Tag_Error"),
    (4, "No_Response_From_Tag"), (5, "Nonspecific_Reader_Error"), (6, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static C1G2_SPECTRAL_MASK_INDICATOR: Names = &[
    (0, "Unknown"), (1, "SI"), (2, "MI"), (3, "DI"),
];
#[rustfmt::skip]
pub(super) static C1G2_STATE_AWARE_ACTION: Names = &[
    (0, "AssertSLOrA_DeassertSLOrB"), (1, "AssertSLOrA_Noop"), (2, "Noop_DeassertSLOrB"),
    (3, "NegateSLOrABBA_Noop"), (4, "DeassertSLOrB_AssertSLOrA"), (5, "DeassertSLOrB_Noop"),
    (6, "Noop_AssertSLOrA"), (7, "Noop_NegateSLOrABBA"),
];
#[rustfmt::skip]
pub(super) static C1G2_STATE_AWARE_TARGET: Names = &[
    (0, "SL"), (1, "Inventoried_State_For_Session_S0"), (2, "Inventoried_State_For_Session_S1"),
    (3, "Inventoried_State_For_Session_S2"), (4, "Inventoried_State_For_Session_S3"),
];
#[rustfmt::skip]
pub(super) static C1G2_STATE_UNAWARE_ACTION: Names = &[
    (0, "Select_Unselect"), (1, "Select_DoNothing"), (2, "DoNothing_Unselect"), (3, "Unselect_DoNothing"),
    (4, "Unselect_Select"), (5, "DoNothing_Select"),
];
#[rustfmt::skip]
pub(super) static C1G2_TAG_INVENTORY_STATE_AWARE_I: Names = &[
    (0, "State_A"), (1, "State_B"),
];
#[rustfmt::skip]
pub(super) static C1G2_TAG_INVENTORY_STATE_AWARE_S: Names = &[
    (0, "SL"), (1, "Not_SL"),
];
#[rustfmt::skip]
pub(super) static C1G2_TRUNCATE_ACTION: Names = &[
    (0, "Unspecified"), (1, "Do_Not_Truncate"), (2, "Truncate"),
];
#[rustfmt::skip]
pub(super) static C1G2_WRITE_RESULT_TYPE: Names = &[
    (0, "Success"), (1, "Tag_Memory_Overrun_Error"), (2, "Tag_Memory_Locked_Error"),
    (3, "Insufficient_Power"), (4, "Nonspecific_Tag_Error"), (5, "No_Response_From_Tag"),
    (6, "Nonspecific_Reader_Error"), (7, "Incorrect_Password_Error"),
];
#[rustfmt::skip]
pub(super) static COMMUNICATIONS_STANDARD: Names = &[
    (0, "Unspecified"), (1, "US_FCC_Part_15"), (2, "ETSI_302_208"), (3, "ETSI_300_220"),
    (4, "Australia_LIPD_1W"), (5, "Australia_LIPD_4W"), (6, "Japan_ARIB_STD_T89"),
    (7, "Hong_Kong_OFTA_1049"), (8, "Taiwan_DGT_LP0002"), (9, "Korea_MIC_Article_5_2"),
];
#[rustfmt::skip]
pub(super) static CONNECTION_ATTEMPT_STATUS_TYPE: Names = &[
    (0, "Success"), (1, "Failed_A_Reader_Initiated_Connection_Already_Exists"),
    (2, "Failed_A_Client_Initiated_Connection_Already_Exists"),
    (3, "Failed_Reason_Other_Than_A_Connection_Already_Exists"), (4, "Another_Connection_Attempted"),
];
#[rustfmt::skip]
pub(super) static GPIPORT_STATE: Names = &[
    (0, "Low"), (1, "High"), (2, "Unknown"),
];
#[rustfmt::skip]
pub(super) static GET_READER_CAPABILITIES_REQUESTED_DATA: Names = &[
    (0, "All"), (1, "General_Device_Capabilities"), (2, "LLRP_Capabilities"),
    (3, "Regulatory_Capabilities"), (4, "LLRP_Air_Protocol_Capabilities"),
];
#[rustfmt::skip]
pub(super) static GET_READER_CONFIG_REQUESTED_DATA: Names = &[
    (0, "All"), (1, "Identification"), (2, "AntennaProperties"), (3, "AntennaConfiguration"),
    (4, "ROReportSpec"), (5, "ReaderEventNotificationSpec"), (6, "AccessReportSpec"),
    (7, "LLRPConfigurationStateValue"), (8, "KeepaliveSpec"), (9, "GPIPortCurrentState"),
    (10, "GPOWriteData"), (11, "EventsAndReports"),
];
#[rustfmt::skip]
pub(super) static IDENTIFICATION_TYPE: Names = &[
    (0, "MAC_Address"), (1, "EPC"),
];
#[rustfmt::skip]
pub(super) static KEEPALIVE_TRIGGER_TYPE: Names = &[
    (0, "Null"), (1, "Periodic"),
];
#[rustfmt::skip]
pub(super) static NOTIFICATION_EVENT_TYPE: Names = &[
    (0, "Upon_Hopping_To_Next_Channel"), (1, "GPI_Event"), (2, "ROSpec_Event"),
    (3, "Report_Buffer_Fill_Warning"), (4, "Reader_Exception_Event"), (5, "RFSurvey_Event"),
    (6, "AISpec_Event"), (7, "AISpec_Event_With_Details"), (8, "Antenna_Event"),
];
#[rustfmt::skip]
pub(super) static RFSURVEY_EVENT_TYPE: Names = &[
    (0, "Start_Of_RFSurvey"), (1, "End_Of_RFSurvey"),
];
#[rustfmt::skip]
pub(super) static RFSURVEY_SPEC_STOP_TRIGGER_TYPE: Names = &[
    (0, "Null"), (1, "Duration"), (2, "N_Iterations_Through_Frequency_Range"),
];
#[rustfmt::skip]
pub(super) static ROREPORT_TRIGGER_TYPE: Names = &[
    (0, "None"), (1, "Upon_N_Tags_Or_End_Of_AISpec"), (2, "Upon_N_Tags_Or_End_Of_ROSpec"),
];
#[rustfmt::skip]
pub(super) static ROSPEC_EVENT_TYPE: Names = &[
    (0, "Start_Of_ROSpec"), (1, "End_Of_ROSpec"), (2, "Preemption_Of_ROSpec"),
];
#[rustfmt::skip]
pub(super) static ROSPEC_START_TRIGGER_TYPE: Names = &[
    (0, "Null"), (1, "Immediate"), (2, "Periodic"), (3, "GPI"),
];
#[rustfmt::skip]
pub(super) static ROSPEC_STATE: Names = &[
    (0, "Disabled"), (1, "Inactive"), (2, "Active"),
];
#[rustfmt::skip]
pub(super) static ROSPEC_STOP_TRIGGER_TYPE: Names = &[
    (0, "Null"), (1, "Duration"), (2, "GPI_With_Timeout"),
];
#[rustfmt::skip]
pub(super) static STATUS_CODE: Names = &[
    (0, "M_Success"), (100, "M_ParameterError"), (101, "M_FieldError"), (102, "M_UnexpectedParameter"),
    (103, "M_MissingParameter"), (104, "M_DuplicateParameter"), (105, "M_OverflowParameter"),
    (106, "M_OverflowField"), (107, "M_UnknownParameter"), (108, "M_UnknownField"),
    (109, "M_UnsupportedMessage"), (110, "M_UnsupportedVersion"), (111, "M_UnsupportedParameter"),
    (200, "P_ParameterError"), (201, "P_FieldError"), (202, "P_UnexpectedParameter"),
    (203, "P_MissingParameter"), (204, "P_DuplicateParameter"), (205, "P_OverflowParameter"),
    (206, "P_OverflowField"), (207, "P_UnknownParameter"), (208, "P_UnknownField"),
    (209, "P_UnsupportedParameter"), (300, "A_Invalid"), (301, "A_OutOfRange"), (401, "R_DeviceError"),
];
#[rustfmt::skip]
pub(super) static TAG_OBSERVATION_TRIGGER_TYPE: Names = &[
    (0, "Upon_Seeing_N_Tags_Or_Timeout"), (1, "Upon_Seeing_No_More_New_Tags_For_Tms_Or_Timeout"),
    (2, "N_Attempts_To_See_All_Tags_In_FOV_Or_Timeout"),
];
