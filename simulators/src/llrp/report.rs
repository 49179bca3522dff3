//! Reads to RO_ACCESS_REPORTs: exactly the fields that the content selector names. One read is one
//! TagReportData (this reader does not accumulate), so the count is always 1.

use gatewarden_llrp::codec::{
    C1g2EpcMemorySelector, CodecError, Message, Param, TagReport,
    TagReportContentSelector as Content, decode_frame, definitions::PEN_ZEBRA, encode_report,
};

use super::access::Access;

use super::plan::ReportRule;
use super::rounds::Labelled;

/// The one channel of the fixed table that is used, counted from 1.
const CHANNEL_INDEX: u16 = 1;
const ZEBRA_PHASE: u32 = 709;
/// A tag that comes nearer at a quarter of a metre a second, in sixteenths of a hertz.
const DOPPLER_HZ16: i16 = 24;

/// A report in that version and with that id.
pub(super) fn encode(
    (version, id): (u8, u32),
    rule: &ReportRule,
    reads: &[Labelled],
    skew_us: i64,
    access: &Access,
) -> Result<Vec<u8>, CodecError> {
    let tid = |read: &Labelled| match rule.vendor.impinj.tid {
        true => {
            access.memory(&read.seen.epc).tid.iter().flat_map(|word| word.to_be_bytes()).collect()
        }
        false => Vec::new(),
    };
    let tids: Vec<Vec<u8>> = reads.iter().map(tid).collect();
    let tags = reads.iter().zip(&tids).map(|(read, tid)| tag(rule, read, tid, skew_us));
    let bytes = encode_report(version, id, &tags.collect::<Vec<_>>())?;
    if rule.vendor.zebra_phase { with_zebra_phase(&bytes, reads) } else { Ok(bytes) }
}

/// Zebra's phase: two bytes, whatever its guide says.
fn with_zebra_phase(bytes: &[u8], reads: &[Labelled]) -> Result<Vec<u8>, CodecError> {
    let Some((mut message, _)): Option<(Message, _)> = decode_frame(bytes)? else {
        return Ok(bytes.to_vec());
    };
    for (tag, read) in message.params.iter_mut().zip(reads) {
        tag.params.push(Param::custom(PEN_ZEBRA, ZEBRA_PHASE, &phase(read).to_be_bytes()));
    }
    message.encode()
}

/// A phase that turns with time, at each tag's own pace; 16 steps of Impinj's 4,096.
fn phase(read: &Labelled) -> i16 {
    let pace = read.seen.epc.last().map_or(1, |byte| u64::from(*byte) + 1);
    let turned = (read.seen.at_us / 1000).wrapping_mul(pace * 16);
    i16::from_be_bytes([turned.to_be_bytes()[6], turned.to_be_bytes()[7]]) & !0xF
}

fn tag<'a>(rule: &ReportRule, read: &'a Labelled, tid: &'a [u8], skew_us: i64) -> TagReport<'a> {
    let vendor = rule.vendor;
    let wants = |bit: u16| rule.content & bit != 0;
    let memory = |bit: u8| rule.epc_memory & bit != 0;
    let seen = &read.seen;
    let at_us = seen.at_us.saturating_add_signed(skew_us);
    TagReport {
        epc: &seen.epc,
        epc_bits: u16::try_from(seen.epc.len() * 8).unwrap_or(u16::MAX),
        rospec: wants(Content::ROSPEC_ID).then_some(read.rospec),
        spec_index: wants(Content::SPEC_INDEX).then_some(read.index),
        inventory_spec: wants(Content::INVENTORY_SPEC_ID).then_some(read.spec_id),
        antenna: wants(Content::ANTENNA).then_some(seen.antenna),
        channel: wants(Content::CHANNEL).then_some(CHANNEL_INDEX),
        peak_rssi_dbm: wants(Content::PEAK_RSSI).then_some(seen.rssi_dbm),
        first_seen_us: wants(Content::FIRST_SEEN).then_some(at_us),
        last_seen_us: wants(Content::LAST_SEEN).then_some(at_us),
        seen_count: wants(Content::SEEN_COUNT).then_some(1),
        access_spec: (vendor.access_spec || wants(Content::ACCESS_SPEC_ID)).then_some(0),
        impinj_rssi_cdbm: vendor.impinj.rssi.then(|| i16::from(seen.rssi_dbm) * 100),
        phase: vendor.impinj.phase.then(|| phase(read)),
        doppler_hz16: vendor.impinj.doppler.then_some(DOPPLER_HZ16),
        tid: vendor.impinj.tid.then_some(tid),
        pc: memory(C1g2EpcMemorySelector::PC).then(|| pc(&seen.epc)),
        crc: memory(C1g2EpcMemorySelector::CRC).then(|| crc(pc(&seen.epc), &seen.epc)),
        ..TagReport::default()
    }
}

/// The PC word of a tag's EPC.
pub(super) fn pc_of(epc: &[u8]) -> u16 {
    pc(epc)
}

/// The CRC word of a tag's EPC.
pub(super) fn crc_of(epc: &[u8]) -> u16 {
    crc(pc(epc), epc)
}

/// The PC word of a GS1 EPC: its length in words in the top five bits.
fn pc(epc: &[u8]) -> u16 {
    u16::try_from(epc.len().div_ceil(2)).unwrap_or(0).min(31) << 11
}

/// The Gen2 CRC-16 over PC and EPC: polynomial 1021h, preset FFFFh, inverted.
fn crc(pc: u16, epc: &[u8]) -> u16 {
    let stored = pc.to_be_bytes().into_iter().chain(epc.iter().copied());
    !stored.fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{crc, pc};

    #[test]
    fn pc_and_crc_are_those_of_a_tag_that_a_module_read() {
        // The example answer in the R200 module's protocol: PC 3400h (user memory), CRC 3A76h.
        let epc = [0x30, 0x75, 0x1F, 0xEB, 0x70, 0x5C, 0x59, 0x04, 0xE3, 0xD5, 0x0D, 0x70];
        assert_eq!(crc(0x3400, &epc), 0x3A76);
        assert_eq!((pc(&epc), pc(&epc[..2]), pc(&[0; 62])), (0x3000, 0x0800, 0xF800));
    }
}
