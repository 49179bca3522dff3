//! RO_ACCESS_REPORT without a tree: an iterator over borrowed tag reports, and their writer.
//!
//! Invariants: the iterator allocates nothing, and ends after its first error. A tag whose tail it
//! can't read (a TV parameter of a later version) is still given with what stood before it, because
//! its own bounds are known; a tag whose EPC can't be read is an error, never skipped.

use gatewarden_model::TagRead;

use super::{
    CodecError, MessageKind, frame,
    param::{finish_tlv, split_param},
    schema,
};

const TAG_REPORT_DATA: u16 = 240;
const EPC_DATA: u16 = 241;
/// Impinj's private enterprise number.
pub const VENDOR_IMPINJ: u32 = 25_882;
/// Impinj's custom parameter with the TID, as words.
pub const IMPINJ_SERIALIZED_TID: u32 = 55;
/// Impinj's custom parameter with the RSSI in hundredths of a dBm.
pub const IMPINJ_PEAK_RSSI: u32 = 57;
const IMPINJ_PHASE: u32 = 56;
const IMPINJ_DOPPLER: u32 = 68;
const VENDOR_ZEBRA: u32 = super::definitions::PEN_ZEBRA;
const ZEBRA_PHASE: u32 = 709;

/// One tag as reported. `None` is a field that the reader did not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TagReport<'a> {
    /// The EPC, whole bytes; the last is padded if `epc_bits` is no multiple of 8.
    pub epc: &'a [u8],
    /// Length of the EPC in bits.
    pub epc_bits: u16,
    /// ROSpecID.
    pub rospec: Option<u32>,
    /// SpecIndex.
    pub spec_index: Option<u16>,
    /// InventoryParameterSpecID.
    pub inventory_spec: Option<u16>,
    /// AntennaID, from 1.
    pub antenna: Option<u16>,
    /// PeakRSSI in dBm.
    pub peak_rssi_dbm: Option<i8>,
    /// Impinj's RSSI in hundredths of a dBm.
    pub impinj_rssi_cdbm: Option<i16>,
    /// ChannelIndex, from 1.
    pub channel: Option<u16>,
    /// FirstSeenTimestampUTC, microseconds since 1970.
    pub first_seen_us: Option<u64>,
    /// LastSeenTimestampUTC, microseconds since 1970.
    pub last_seen_us: Option<u64>,
    /// FirstSeenTimestampUptime, microseconds since the reader started.
    pub first_seen_uptime_us: Option<u64>,
    /// LastSeenTimestampUptime, microseconds since the reader started.
    pub last_seen_uptime_us: Option<u64>,
    /// TagSeenCount.
    pub seen_count: Option<u16>,
    /// The PC word.
    pub pc: Option<u16>,
    /// The CRC of the air protocol.
    pub crc: Option<u16>,
    /// AccessSpecID.
    pub access_spec: Option<u32>,
    /// The TID, if the reader is Impinj's and was asked for it.
    pub tid: Option<&'a [u8]>,
    /// Phase, 65,536 a turn, from -32,768 (half a turn back): Impinj's 12 bits, or Zebra's 16.
    pub phase: Option<i16>,
    /// Impinj's Doppler frequency in sixteenths of a hertz.
    pub doppler_hz16: Option<i16>,
    /// The parameters within TagReportData as they came, with all that has no field here.
    pub raw: &'a [u8],
}

/// The tags of one RO_ACCESS_REPORT.
#[derive(Debug, Clone)]
pub struct TagReports<'a> {
    left: &'a [u8],
}

impl<'a> TagReports<'a> {
    /// The tags in the body (what follows the header) of an RO_ACCESS_REPORT.
    #[must_use]
    pub fn new(body: &'a [u8]) -> Self {
        Self { left: body }
    }
}

impl<'a> Iterator for TagReports<'a> {
    type Item = Result<TagReport<'a>, CodecError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.left.is_empty() {
            let param = match split_param(self.left) {
                Ok(param) => param,
                Err(error) => {
                    self.left = &[];
                    return Some(Err(error));
                }
            };
            self.left = param.rest;
            if param.kind == TAG_REPORT_DATA {
                let tag = TagReport::parse(param.content);
                if tag.is_err() {
                    self.left = &[];
                }
                return Some(tag);
            }
        }
        None
    }
}

impl<'a> TagReport<'a> {
    /// Reads the content of one TagReportData.
    #[inline]
    fn parse(raw: &'a [u8]) -> Result<Self, CodecError> {
        let mut tag = Self { raw, ..Self::default() };
        let mut left = raw;
        let mut has_epc = false;
        while !left.is_empty() {
            let param = match split_param(left) {
                Ok(param) => param,
                Err(CodecError::UnknownTv(_)) if has_epc => break,
                Err(error) => return Err(error),
            };
            left = param.rest;
            has_epc |= tag.set(param.kind, param.content)?;
        }
        if has_epc {
            return Ok(tag);
        }
        Err(CodecError::Missing { parent: "TagReportData", missing: "EPCData or EPC_96" })
    }

    /// Takes one parameter over; true if it was the EPC.
    #[inline]
    fn set(&mut self, kind: u16, content: &'a [u8]) -> Result<bool, CodecError> {
        match kind {
            13 => {
                self.epc = content;
                self.epc_bits = 96;
                return Ok(true);
            }
            EPC_DATA => {
                let short = CodecError::Short("EPCData");
                let (bits, bytes) = content.split_first_chunk().ok_or(short.clone())?;
                self.epc_bits = u16::from_be_bytes(*bits);
                self.epc = bytes.get(..usize::from(self.epc_bits).div_ceil(8)).ok_or(short)?;
                return Ok(true);
            }
            1 => self.antenna = be(content).map(u16::from_be_bytes),
            2 => self.first_seen_us = be(content).map(u64::from_be_bytes),
            3 => self.first_seen_uptime_us = be(content).map(u64::from_be_bytes),
            4 => self.last_seen_us = be(content).map(u64::from_be_bytes),
            5 => self.last_seen_uptime_us = be(content).map(u64::from_be_bytes),
            6 => self.peak_rssi_dbm = be(content).map(i8::from_be_bytes),
            7 => self.channel = be(content).map(u16::from_be_bytes),
            8 => self.seen_count = be(content).map(u16::from_be_bytes),
            9 => self.rospec = be(content).map(u32::from_be_bytes),
            10 => self.inventory_spec = be(content).map(u16::from_be_bytes),
            11 => self.crc = be(content).map(u16::from_be_bytes),
            12 => self.pc = be(content).map(u16::from_be_bytes),
            14 => self.spec_index = be(content).map(u16::from_be_bytes),
            16 => self.access_spec = be(content).map(u32::from_be_bytes),
            schema::CUSTOM => self.set_custom(content),
            _ => {}
        }
        Ok(false)
    }

    /// Takes over the vendors' parameters that are known; a malformed one stays in `raw` alone.
    fn set_custom(&mut self, content: &'a [u8]) {
        let Some((head, data)) = content.split_first_chunk::<8>() else { return };
        let [v0, v1, v2, v3, s0, s1, s2, s3] = *head;
        let subtype = u32::from_be_bytes([s0, s1, s2, s3]);
        match u32::from_be_bytes([v0, v1, v2, v3]) {
            VENDOR_IMPINJ => self.set_impinj(subtype, data),
            VENDOR_ZEBRA if subtype == ZEBRA_PHASE => self.phase = be(data).map(i16::from_be_bytes),
            _ => {}
        }
    }

    fn set_impinj(&mut self, subtype: u32, data: &'a [u8]) {
        match subtype {
            // 4,096 a turn, from 0: shifted to 65,536 a turn it wraps as a signed number does.
            IMPINJ_PHASE => {
                self.phase = be(data).map(|raw| (u16::from_be_bytes(raw) << 4).cast_signed());
            }
            IMPINJ_DOPPLER => self.doppler_hz16 = be(data).map(i16::from_be_bytes),
            IMPINJ_SERIALIZED_TID => {
                self.tid = data.split_first_chunk().and_then(|(words, bytes)| {
                    bytes.get(..usize::from(u16::from_be_bytes(*words)) * 2)
                });
            }
            IMPINJ_PEAK_RSSI => self.impinj_rssi_cdbm = be(data).map(i16::from_be_bytes),
            _ => {}
        }
    }

    /// The model's read. A count that was not sent is 1, an antenna that was not sent is 0.
    #[inline]
    #[must_use]
    pub fn to_read(&self) -> TagRead {
        let coarse = self.peak_rssi_dbm.map(|dbm| i16::from(dbm) * 100);
        TagRead {
            epc: self.epc.to_vec(),
            antenna: self.antenna.unwrap_or(0),
            peak_rssi_cdbm: self.impinj_rssi_cdbm.or(coarse),
            count: u32::from(self.seen_count.unwrap_or(1)).max(1),
            pc: self.pc,
            tid: self.tid.map(<[u8]>::to_vec),
            first_seen_us: self.first_seen_us,
            last_seen_us: self.last_seen_us,
            ago_us: None,
            phase: self.phase,
            doppler_hz16: self.doppler_hz16,
        }
    }

    /// Writes a TagReportData with the fields that are set; `raw` is not looked at.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let at = out.len();
        out.extend_from_slice(&TAG_REPORT_DATA.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        self.encode_epc(out)?;
        put(out, 9, self.rospec.map(u32::to_be_bytes));
        put(out, 14, self.spec_index.map(u16::to_be_bytes));
        put(out, 10, self.inventory_spec.map(u16::to_be_bytes));
        put(out, 1, self.antenna.map(u16::to_be_bytes));
        put(out, 6, self.peak_rssi_dbm.map(i8::to_be_bytes));
        put(out, 7, self.channel.map(u16::to_be_bytes));
        put(out, 2, self.first_seen_us.map(u64::to_be_bytes));
        put(out, 3, self.first_seen_uptime_us.map(u64::to_be_bytes));
        put(out, 4, self.last_seen_us.map(u64::to_be_bytes));
        put(out, 5, self.last_seen_uptime_us.map(u64::to_be_bytes));
        put(out, 8, self.seen_count.map(u16::to_be_bytes));
        put(out, 12, self.pc.map(u16::to_be_bytes));
        put(out, 11, self.crc.map(u16::to_be_bytes));
        put(out, 16, self.access_spec.map(u32::to_be_bytes));
        if let Some(cdbm) = self.impinj_rssi_cdbm {
            super::Param::custom(VENDOR_IMPINJ, IMPINJ_PEAK_RSSI, &cdbm.to_be_bytes())
                .encode(out)?;
        }
        if let Some(phase) = self.phase {
            let raw = phase.cast_unsigned() >> 4;
            super::Param::custom(VENDOR_IMPINJ, IMPINJ_PHASE, &raw.to_be_bytes()).encode(out)?;
        }
        if let Some(doppler) = self.doppler_hz16 {
            super::Param::custom(VENDOR_IMPINJ, IMPINJ_DOPPLER, &doppler.to_be_bytes())
                .encode(out)?;
        }
        self.encode_tid(out)?;
        finish_tlv("TagReportData", at, out)
    }

    fn encode_epc(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let bytes = self.epc.len();
        if bytes != usize::from(self.epc_bits).div_ceil(8) {
            return Err(CodecError::TooLong { what: "EPC for its bit count", bytes });
        }
        if self.epc_bits == 96 {
            out.push(0x80 | 13);
            out.extend_from_slice(self.epc);
            return Ok(());
        }
        let at = out.len();
        out.extend_from_slice(&EPC_DATA.to_be_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.epc_bits.to_be_bytes());
        out.extend_from_slice(self.epc);
        finish_tlv("EPCData", at, out)
    }

    fn encode_tid(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let Some(tid) = self.tid else { return Ok(()) };
        let bytes = tid.len();
        let words = u16::try_from(bytes / 2).ok().filter(|_| bytes.is_multiple_of(2));
        let words = words.ok_or(CodecError::TooLong { what: "TID in whole words", bytes })?;
        let data = [&words.to_be_bytes(), tid].concat();
        super::Param::custom(VENDOR_IMPINJ, IMPINJ_SERIALIZED_TID, &data).encode(out)
    }
}

/// An RO_ACCESS_REPORT with these tags. Fails if it would be longer than a frame may be.
pub fn encode_report(version: u8, id: u32, tags: &[TagReport<'_>]) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(16 + tags.len() * 64);
    let at = frame::start(version, MessageKind::RO_ACCESS_REPORT, id, &mut out);
    for tag in tags {
        tag.encode(&mut out)?;
    }
    frame::finish(at, &mut out)?;
    Ok(out)
}

#[inline]
fn be<const N: usize>(content: &[u8]) -> Option<[u8; N]> {
    content.first_chunk().copied()
}

fn put<const N: usize>(out: &mut Vec<u8>, kind: u8, value: Option<[u8; N]>) {
    if let Some(value) = value {
        out.push(0x80 | kind);
        out.extend_from_slice(&value);
    }
}
