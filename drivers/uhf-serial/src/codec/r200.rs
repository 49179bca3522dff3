//! R200, YRM100, M100: `BB type command length16 data sum8 7E` (some firmwares `AA … DD`).
//!
//! Types: 0 command, 1 answer, 2 notice of a tag. A refusal is answer FF with an error code. A tag is RSSI (a signed
//! byte of dBm), PC, EPC and the CRC that the tag itself sent over both, which is verified here: the sum of eight
//! bits lets through what a CRC does not. Source: YRM100 firmware command manual.

use gatewarden_model::TagRead;

use super::{ModuleInfo, Said, cdbm, crc, epc_of, text, word};

/// Tells hardware, software or maker (0, 1, 2).
pub const INFO: u8 = 0x03;
/// Sets the region.
pub const REGION: u8 = 0x07;
/// Sets session and Q.
pub const QUERY: u8 = 0x0e;
/// Looks for tags once; also the command of a tag's notice.
pub const POLL: u8 = 0x22;
/// Looks for tags many times.
pub const POLL_MANY: u8 = 0x27;
/// Stops that.
pub const STOP: u8 = 0x28;
/// Sets the power in hundredths of a dBm.
pub const POWER: u8 = 0xb6;
/// Tells the power.
pub const POWER_TOLD: u8 = 0xb7;
/// The answer that refuses.
pub const FAILED: u8 = 0xff;
/// No tag was found in this round.
pub const NO_TAG: u8 = 0x15;
/// No channel was free: this round saw nothing.
pub const NO_CHANNEL: u8 = 0x20;

/// A frame of this type.
#[must_use]
pub fn frame(alternate: bool, kind: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let (header, end) = if alternate { (0xaa, 0xdd) } else { (0xbb, 0x7e) };
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut bytes = vec![header, kind, command, length[0], length[1]];
    bytes.extend_from_slice(data);
    bytes.push(crc::sum8(&bytes[1..]));
    bytes.push(end);
    bytes
}

/// The two bytes of session (0 to 3) and Q (0 to 15): FM0, TRext, any Sel, target A.
#[must_use]
pub fn query(session: u8, q: u8) -> [u8; 2] {
    let word = 0x1000 | (u16::from(session & 3) << 8) | (u16::from(q & 15) << 3);
    word.to_be_bytes()
}

/// Understands a whole frame.
#[must_use]
pub fn said(frame: &[u8]) -> Said {
    let [_, kind, command, _, _, rest @ ..] = frame else { return Said::Alive };
    let data = &rest[..rest.len().saturating_sub(2)];
    match (kind, *command) {
        (2, POLL) => tag(data),
        (1, FAILED) => match data.first() {
            Some(&NO_TAG) => Said::Alive,
            Some(&NO_CHANNEL) => Said::Bad(error(NO_CHANNEL)),
            code => Said::Refused { command: None, why: error(code.copied().unwrap_or(0)) },
        },
        (1, command) => Said::Answer { command: command.into(), data: data.to_vec() },
        _ => Said::Bad(format!("a frame of type {kind} and command {command:02X}")),
    }
}

fn tag(data: &[u8]) -> Said {
    let Some((&rssi, rest)) = data.split_first().filter(|(_, rest)| rest.len() >= 4) else {
        return Said::Bad(format!("a tag of {} bytes", data.len()));
    };
    let (told, sum) = rest.split_at(rest.len() - 2);
    if crc::gen2(told).to_be_bytes() != *sum {
        return Said::Bad("a tag whose own CRC over PC and EPC is wrong".into());
    }
    let pc = word(told).unwrap_or(0);
    let Some(epc) = epc_of(pc, &told[2..]) else {
        return Said::Bad(format!(
            "a tag whose PC word {pc:04X} does not fit {} bytes",
            told.len() - 2
        ));
    };
    let tag = TagRead {
        epc: epc.to_vec(),
        peak_rssi_cdbm: Some(cdbm(rssi)),
        // It has one port only.
        antenna: 1,
        count: 1,
        pc: Some(pc),
        ..TagRead::default()
    };
    Said::Tags { tags: vec![tag], over: false }
}

/// Adds an answer to [`INFO`] or [`POWER_TOLD`].
pub fn learn(command: u16, info: &mut ModuleInfo, data: &[u8]) {
    if command == u16::from(POWER_TOLD) {
        info.power_cdbm = word(data);
        return;
    }
    info.antennas = Some(vec![1]);
    let Some((which, words)) = data.split_first() else { return };
    match which {
        0 => info.model = text(words),
        1 => info.firmware = text(words),
        2 => info.maker = text(words),
        // Firmwares that leave the question out of the answer.
        _ if info.model.is_empty() => info.model = text(data),
        _ if info.firmware.is_empty() => info.firmware = text(data),
        _ => info.maker = text(data),
    }
}

/// An error code in words.
#[must_use]
pub fn error(code: u8) -> String {
    let words = match code {
        0x09 => "reading the tag's memory failed",
        0x10 => "writing the tag's memory failed",
        0x12 => "the kill failed",
        0x13 => "the lock failed",
        0x15 => "no tag",
        0x16 => "wrong access password",
        0x17 => "the command or its parameters are wrong",
        0x20 => "no free channel to hop to",
        0xa0..=0xaf => "the tag refused to be read",
        0xb0..=0xbf => "the tag refused to be written",
        0xc0..=0xcf => "the tag refused the lock",
        0xd0..=0xdf => "the tag refused the kill",
        _ => "an unknown error",
    };
    format!("error {code:02X}: {words}")
}
