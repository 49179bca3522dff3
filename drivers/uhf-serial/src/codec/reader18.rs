//! UHFReader18 and its kin: `Len Adr Cmd [Status] data CRC16`, Len counts what follows it, the CRC's low byte first.
//!
//! An inventory is asked for again and again; its answer holds EPCs only, without PC and RSSI. Source: UHFReader18
//! user's manual 2.0, chapters 5 to 8.

use gatewarden_model::TagRead;

use super::{ModuleInfo, Said, crc};

/// Looks for tags.
pub const INVENTORY: u8 = 0x01;
/// Tells version, model, band, power, scan time.
pub const INFO: u8 = 0x21;
/// Sets the band.
pub const REGION: u8 = 0x22;
/// Sets how long an inventory lasts, in tenths of a second, 3 to 255.
pub const SCAN_TIME: u8 = 0x25;
/// Sets the power in whole dBm, 0 to 30.
pub const POWER: u8 = 0x2f;
/// Sets the work mode; mode 0 answers commands and sends nothing of itself.
pub const WORK_MODE: u8 = 0x35;
/// What a reader pushes of itself in scan mode.
pub const PUSHED: u8 = 0xee;
/// More answers to this inventory follow.
pub const MORE: u8 = 0x03;
/// No tag was found.
pub const NO_TAG: u8 = 0xfb;

/// A command.
#[must_use]
pub fn frame(address: u8, command: u8, data: &[u8]) -> Vec<u8> {
    sealed(&[address, command], data)
}

/// An answer.
#[must_use]
pub fn answer(address: u8, command: u8, status: u8, data: &[u8]) -> Vec<u8> {
    sealed(&[address, command, status], data)
}

fn sealed(head: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(head.len() + data.len() + 2).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(head);
    bytes.extend_from_slice(data);
    bytes.extend(crc::reflected(&bytes).to_le_bytes());
    bytes
}

/// Understands a whole frame.
#[must_use]
pub fn said(frame: &[u8]) -> Said {
    let [_, _, command, status, rest @ ..] = frame else { return Said::Alive };
    let data = &rest[..rest.len().saturating_sub(2)];
    match (*command, *status) {
        (INVENTORY, 0x01..=0x04) => tags(data, *status != MORE),
        (INVENTORY, NO_TAG | 0xfa | 0x00) => Said::Tags { tags: Vec::new(), over: true },
        (PUSHED, _) => Said::Bad("the reader sends of itself: it is not in answer mode".into()),
        (command, 0) => Said::Answer { command: command.into(), data: data.to_vec() },
        (command, status) => {
            let command = (command != 0).then_some(u16::from(command));
            Said::Refused { command, why: error(status) }
        }
    }
}

/// A count, then a length and an EPC for each.
fn tags(data: &[u8], over: bool) -> Said {
    let Some((&count, mut rest)) = data.split_first() else {
        return Said::Tags { tags: Vec::new(), over };
    };
    let mut tags = Vec::new();
    for _ in 0..count {
        let Some((&length, after)) = rest.split_first() else {
            return Said::Bad(format!("{count} tags announced, {} came", tags.len()));
        };
        let Some((epc, after)) = after.split_at_checked(usize::from(length)) else {
            return Said::Bad(format!("a tag of {length} bytes, {} came", after.len()));
        };
        // It has one port only.
        tags.push(TagRead { epc: epc.to_vec(), antenna: 1, count: 1, ..TagRead::default() });
        rest = after;
    }
    if rest.is_empty() {
        Said::Tags { tags, over }
    } else {
        Said::Bad("bytes behind the last tag".into())
    }
}

/// Adds the answer to [`INFO`].
pub fn learn(info: &mut ModuleInfo, data: &[u8]) {
    if let [major, minor, model, ..] = data {
        info.model = match model {
            0x09 => "UHFReader18".into(),
            other => format!("reader type {other:02X}"),
        };
        info.firmware = format!("{major}.{minor}");
        info.power_cdbm = data.get(6).map(|dbm| u16::from(*dbm) * 100);
        info.antennas = Some(vec![1]);
    }
}

/// A status in words.
#[must_use]
pub fn error(status: u8) -> String {
    let words = match status {
        0x05 => "wrong access password",
        0x13 => "the settings could not be saved",
        0x14 => "the power can't be set",
        0xf9 => "the command failed",
        0xfa => "a tag is there, but the link to it is too weak",
        0xfb => "no tag",
        0xfc => "the tag answered with an error",
        0xfd => "the command's length is wrong",
        0xfe => "an unknown command or a wrong CRC",
        0xff => "a parameter is wrong",
        _ => "an unknown status",
    };
    format!("status {status:02X}: {words}")
}
