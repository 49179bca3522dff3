//! Chafon CF600, M-200: `CF address command16 length [status] data CRC16`.
//!
//! Sources and firmwares disagree about the order of the CRC's bytes: `Protocol::Chafon` says which one is meant.
//! An inventory runs for some seconds, tells each tag with a frame of its own and ends with status 12. A tag is
//! RSSI16 in tenths of a dBm, antenna, channel, length, EPC (UHF Prime manual), on M-200 gates RSSI8, antenna, PC,
//! length, EPC: a negative RSSI16 begins with F8 or more, which no RSSI8 in use does. Source: UHF Prime reader manual.

use gatewarden_model::TagRead;

use super::{ModuleInfo, Said, cdbm, crc, text, word};

/// Looks for tags: kind (0 seconds, 1 rounds) and a number of four bytes.
pub const INVENTORY: u16 = 0x0001;
/// Stops that.
pub const STOP: u16 = 0x0002;
/// Sets the power in whole dBm, 0 to 30.
pub const POWER: u16 = 0x0053;
/// Tells versions and serial numbers.
pub const INFO: u16 = 0x0070;
/// Any address.
pub const ANY: u8 = 0xff;
/// The inventory is over.
pub const OVER: u8 = 0x12;

/// A frame.
#[must_use]
pub fn frame(low_first: bool, address: u8, command: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xcf, address];
    bytes.extend(command.to_be_bytes());
    bytes.push(u8::try_from(data.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(data);
    let sum = crc::reflected(&bytes);
    bytes.extend(if low_first { sum.to_le_bytes() } else { sum.to_be_bytes() });
    bytes
}

/// Understands a whole frame.
#[must_use]
pub fn said(frame: &[u8]) -> Said {
    let [_, _, high, low, _, rest @ ..] = frame else { return Said::Alive };
    let command = u16::from_be_bytes([*high, *low]);
    let Some((&status, data)) = rest[..rest.len().saturating_sub(2)].split_first() else {
        return Said::Bad(format!("an answer to command {command:04X} without a status"));
    };
    match (command, status) {
        (INVENTORY, 0) if data.is_empty() => Said::Alive,
        (INVENTORY, 0) => tag(data),
        (INVENTORY, OVER) => Said::Tags { tags: Vec::new(), over: true },
        (INVENTORY, 0x14 | 0x15) => Said::Alive,
        (_, 0) => Said::Answer { command, data: data.to_vec() },
        _ => Said::Refused { command: Some(command), why: error(status) },
    }
}

fn tag(data: &[u8]) -> Said {
    let [a, b, c, d, length, epc @ ..] = data else {
        return Said::Bad(format!("a tag of {} bytes", data.len()));
    };
    if epc.len() != usize::from(*length) {
        return Said::Bad(format!("a tag of {length} bytes, {} came", epc.len()));
    }
    let gate_pc = word(&[*c, *d]).filter(|pc| *a < 0xf8 && usize::from(pc >> 11) * 2 == epc.len());
    let (rssi, antenna) = match gate_pc {
        // A gate tells either a signed byte or the magnitude of it.
        Some(_) => (if *a < 0x80 { i16::from(*a) * -100 } else { cdbm(*a) }, *b),
        None => (i16::from_be_bytes([*a, *b]).saturating_mul(10), *c),
    };
    let tag = TagRead {
        epc: epc.to_vec(),
        antenna: antenna.into(),
        peak_rssi_cdbm: Some(rssi),
        count: 1,
        pc: gate_pc,
        ..TagRead::default()
    };
    Said::Tags { tags: vec![tag], over: false }
}

/// Adds the answer to [`INFO`]: twice a version or name of 32 bytes, one more and a serial number of 12.
pub fn learn(info: &mut ModuleInfo, data: &[u8]) {
    let part = |from: usize, to: usize| data.get(from..to.min(data.len())).unwrap_or_default();
    let shown = |bytes: &[u8]| {
        let told = text(bytes);
        let hex = || gatewarden_model::hash::hex_upper(bytes);
        let binary = bytes.iter().any(|b| !matches!(b, 0 | 0x20..=0x7e));
        if binary { hex() } else { told }
    };
    info.model = text(part(108, 140));
    if info.model.is_empty() {
        info.model = text(part(0, 32));
    }
    info.firmware = text(part(32, 64));
    info.serial = shown(part(64, 76));
}

/// A status in words.
#[must_use]
pub fn error(status: u8) -> String {
    let words = match status {
        0x01 => "a parameter is wrong or out of range",
        0x02 => "the command failed inside the module",
        0x12 => "the inventory is over",
        0x14 => "the tag did not answer in time",
        0x15 => "the tag's answer could not be understood",
        0x16 => "the tag refused",
        0x17 => "wrong password",
        0xff => "no more data",
        _ => "an unknown status",
    };
    format!("status {status:02X}: {words}")
}
