//! The TV parameters, those of tag reports: no length on the wire, no sub-parameters.
//! Source: LLRP 1.1 clause 17.2, numbers and names only.

use super::{
    Def,
    Type::{Bytes, S8, U16, U32, U64},
    d, f,
};

#[rustfmt::skip]
pub(in crate::codec) static TV: &[Def] = &[
    d(1, "AntennaID", &[f("AntennaID", U16)], &[]),
    d(2, "FirstSeenTimestampUTC", &[f("Microseconds", U64)], &[]),
    d(3, "FirstSeenTimestampUptime", &[f("Microseconds", U64)], &[]),
    d(4, "LastSeenTimestampUTC", &[f("Microseconds", U64)], &[]),
    d(5, "LastSeenTimestampUptime", &[f("Microseconds", U64)], &[]),
    d(6, "PeakRSSI", &[f("PeakRSSI", S8)], &[]),
    d(7, "ChannelIndex", &[f("ChannelIndex", U16)], &[]),
    d(8, "TagSeenCount", &[f("TagCount", U16)], &[]),
    d(9, "ROSpecID", &[f("ROSpecID", U32)], &[]),
    d(10, "InventoryParameterSpecID", &[f("InventoryParameterSpecID", U16)], &[]),
    d(11, "C1G2_CRC", &[f("CRC", U16)], &[]),
    d(12, "C1G2_PC", &[f("PC_Bits", U16)], &[]),
    d(13, "EPC_96", &[f("EPC", Bytes(12))], &[]),
    d(14, "SpecIndex", &[f("SpecIndex", U16)], &[]),
    d(15, "ClientRequestOpSpecResult", &[f("OpSpecID", U16)], &[]),
    d(16, "AccessSpecID", &[f("AccessSpecID", U32)], &[]),
    d(17, "OpSpecID", &[f("OpSpecID", U16)], &[]),
    d(18, "C1G2SingulationDetails", &[f("NumCollisionSlots", U16), f("NumEmptySlots", U16)], &[]),
    d(19, "C1G2XPCW1", &[f("XPC_W1", U16)], &[]),
    d(20, "C1G2XPCW2", &[f("XPC_W2", U16)], &[]),
];
