//! ThingMagic M6e, M7e over serial: `FF length operation [status16] data CRC16`.
//!
//! Reading runs on its own after operation 2F: each tag comes as an answer to operation 22 with the fields that its
//! metadata flags name, and an empty answer shows every second that the module is alive. A tag's own CRC is
//! verified. Absent: the boot loader, XPC fields as such, embedded operations' data beyond its length.
//! Source: MercuryAPI's public definitions of opcodes, status codes and metadata flags.

use gatewarden_model::TagRead;

use super::{ModuleInfo, Said, cdbm, crc, epc_of, word};

/// Tells versions.
pub const VERSION: u8 = 0x03;
/// Looks for tags; also the operation of a streamed tag.
pub const READ: u8 = 0x22;
/// Starts (option 1) and stops (option 2) reading on its own.
pub const CONTINUOUS: u8 = 0x2f;
/// Tells the antennas; option 5: each port and whether something is connected.
pub const ANTENNA_TOLD: u8 = 0x61;
/// Tells the power; option 0: the one in force.
pub const POWER_TOLD: u8 = 0x62;
/// Sets the antennas.
pub const ANTENNA: u8 = 0x91;
/// Sets the power in hundredths of a dBm.
pub const POWER: u8 = 0x92;
/// Sets the air protocol; 5 is Gen2.
pub const AIR: u8 = 0x93;
/// Sets the region.
pub const REGION: u8 = 0x97;
/// Sets a reader option; 0C is the filter that tells each tag once only.
pub const OPTION: u8 = 0x9a;
/// Sets an air protocol's parameter; 0 is the session, 12 is Q.
pub const PARAMETER: u8 = 0x9b;
/// No tag in this round.
pub const NO_TAGS: u16 = 0x0400;
/// What we want told of a tag: count, RSSI, antenna, frequency, time, phase, protocol.
pub const METADATA: u16 = 0x007f;
/// How long one search lasts, in milliseconds: the module shows that it is alive after each.
pub const SEARCH_MS: u16 = 1_000;

/// A command.
#[must_use]
pub fn frame(operation: u8, data: &[u8]) -> Vec<u8> {
    sealed(&[operation], data)
}

/// An answer.
#[must_use]
pub fn answer(operation: u8, status: u16, data: &[u8]) -> Vec<u8> {
    let status = status.to_be_bytes();
    sealed(&[operation, status[0], status[1]], data)
}

fn sealed(head: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, u8::try_from(data.len()).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(head);
    bytes.extend_from_slice(data);
    bytes.extend(crc::mercury(&bytes[1..]).to_be_bytes());
    bytes
}

/// The data that starts reading: no time limit, option 1, one operation 22 for Gen2 with its own time and metadata.
#[must_use]
pub fn start() -> Vec<u8> {
    let mut data = vec![0, 0, 1, READ, 0, 0, 5, 7, READ, 0x10, 0x00, 0x1b];
    data.extend(SEARCH_MS.to_be_bytes());
    data.extend(METADATA.to_be_bytes());
    data
}

/// The data that stops it.
pub const STOP: [u8; 3] = [0, 0, 2];

/// Understands a whole frame.
#[must_use]
pub fn said(frame: &[u8]) -> Said {
    let [_, _, operation, high, low, rest @ ..] = frame else { return Said::Alive };
    let status = u16::from_be_bytes([*high, *low]);
    let data = &rest[..rest.len().saturating_sub(2)];
    match (*operation, status) {
        (READ, NO_TAGS) => Said::Alive,
        (READ, 0) if data.first() == Some(&0x10) => tags(data),
        (READ, 0) => Said::Alive,
        (READ, status) => Said::Bad(error(status)),
        (operation, 0) => Said::Answer { command: operation.into(), data: data.to_vec() },
        (operation, status) => {
            Said::Refused { command: Some(operation.into()), why: error(status) }
        }
    }
}

/// Option, search flags, metadata flags, count, then for each tag its fields, the bits of PC, EPC and CRC, and those.
fn tags(data: &[u8]) -> Said {
    let (Some(flags), Some(&count)) = (data.get(3..).and_then(word), data.get(5)) else {
        return Said::Bad(format!("a tag record of {} bytes", data.len()));
    };
    let mut cursor = Cursor(&data[6..]);
    let mut tags = Vec::new();
    for _ in 0..count {
        match cursor.tag(flags) {
            Some(Ok(tag)) => tags.push(tag),
            Some(Err(why)) => return Said::Bad(why.into()),
            None => return Said::Bad("a tag record that ends too early".into()),
        }
    }
    Said::Tags { tags, over: false }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn tag(&mut self, flags: u16) -> Option<Result<TagRead, &'static str>> {
        let has = |bit: u16| flags & bit != 0;
        let mut tag = TagRead { count: 1, ..TagRead::default() };
        if has(0x0001) {
            tag.count = u32::from(self.take(1)?[0]).max(1);
        }
        if has(0x0002) {
            tag.peak_rssi_cdbm = Some(cdbm(self.take(1)?[0]));
        }
        if has(0x0004) {
            let ports = self.take(1)?[0];
            tag.antenna = u16::from(if ports >> 4 != 0 { ports >> 4 } else { ports & 15 });
        }
        for (bit, bytes) in [(0x0008, 3), (0x0010, 4), (0x0020, 2), (0x0040, 1)] {
            if has(bit) {
                self.take(bytes)?;
            }
        }
        if has(0x0080) {
            let bits = word(self.take(2)?)?;
            // 8000 says that the embedded operation failed: its code of two bytes follows.
            self.take(if bits == 0x8000 { 2 } else { usize::from(bits).div_ceil(8) })?;
        }
        for bit in [0x0100, 0x0200, 0x0400, 0x0800] {
            if has(bit) {
                self.take(1)?;
            }
        }
        let bits = word(self.take(2)?)?;
        let memory = self.take(usize::from(bits).div_ceil(8))?;
        Some(epc(tag, memory))
    }
}

/// PC, EPC and the tag's own CRC over both.
fn epc(mut tag: TagRead, memory: &[u8]) -> Result<TagRead, &'static str> {
    let Some((told, sum)) = memory.len().checked_sub(2).map(|at| memory.split_at(at)) else {
        return Err("a tag without a CRC");
    };
    if crc::gen2(told).to_be_bytes() != *sum {
        return Err("a tag whose own CRC over PC and EPC is wrong");
    }
    let pc = word(told).ok_or("a tag without a PC word")?;
    tag.epc = epc_of(pc, &told[2..]).ok_or("a tag whose PC word does not fit its EPC")?.to_vec();
    tag.pc = Some(pc);
    Ok(tag)
}

/// Adds the answer to [`VERSION`] (boot loader, hardware, date and version of the firmware, protocols),
/// [`POWER_TOLD`] or [`ANTENNA_TOLD`].
pub fn learn(command: u16, info: &mut ModuleInfo, data: &[u8]) {
    match data {
        [0, power @ ..] if command == u16::from(POWER_TOLD) => info.power_cdbm = word(power),
        [5, ports @ ..] if command == u16::from(ANTENNA_TOLD) => {
            let pairs = ports.chunks_exact(2).filter(|pair| pair[1] != 0);
            info.antennas = Some(pairs.map(|pair| pair[0]).collect());
        }
        _ if command == u16::from(VERSION) => version(info, data),
        _ => {}
    }
}

fn version(info: &mut ModuleInfo, data: &[u8]) {
    info.maker = "ThingMagic".into();
    if let Some(hardware) = data.get(4..8) {
        let model = match hardware[0] {
            0x00 => "M5e",
            0x18 => "M6e",
            0x19 => "M6e Prc",
            0x20 => "M6e Micro",
            0x30 => "M6e Nano",
            _ => "module",
        };
        info.model = format!("{model} {}", gatewarden_model::hash::hex_upper(hardware));
    }
    if let Some(&[a, b, c, d]) = data.get(12..16) {
        info.firmware = format!("{a:X}.{b:X}.{c:X}.{d:X}");
    }
}

/// A status in words.
#[must_use]
pub fn error(status: u16) -> String {
    let words = match status {
        0x0100 => "the command's length is wrong",
        0x0101 => "an unknown operation",
        0x0102 => "the operation does not work in this state",
        0x0103 => "the power is too high",
        0x0104 => "an unsupported frequency",
        0x0105 => "a parameter is wrong",
        0x0106 => "the power is too low",
        0x010a => "an unknown baud rate",
        0x010b => "the region is not supported, or none is set",
        0x0200..=0x02ff => "the firmware is broken: load it anew",
        0x0400 => "no tags",
        0x0401 => "no air protocol is set",
        0x0406 => "writing failed",
        0x0500..=0x0502 => "a fault of the radio",
        0x0503 => "no antenna is connected there",
        0x0504 => "too hot: the module reads less until it has cooled down",
        0x0505 => "too much power comes back: check the antenna",
        0x7f00 => "the module met a fault and starts anew",
        _ => "an unknown status",
    };
    format!("status {status:04X}: {words}")
}
