//! What each protocol's commands do, and what a module answers to them.

use gatewarden_uhf_serial::codec::{Protocol, chafon, mercury, r200, reader18};

use super::Module;

impl Module {
    pub(super) fn obey(&mut self, command: u16, data: &[u8], now_ms: u64, out: &mut Vec<Vec<u8>>) {
        let refused = self.options.refused.contains(&command);
        match self.options.protocol {
            Protocol::R200 { alternate } => self.r200(alternate, command, data, refused, out),
            Protocol::Reader18 { .. } => self.reader18(command, data, refused, out),
            Protocol::Chafon { low_first } => {
                self.chafon(low_first, command, data, refused, now_ms, out)
            }
            Protocol::Mercury => self.mercury(command, data, refused, now_ms, out),
        }
    }

    fn r200(
        &mut self,
        alternate: bool,
        command: u16,
        data: &[u8],
        refused: bool,
        out: &mut Vec<Vec<u8>>,
    ) {
        let command = command.to_be_bytes()[1];
        let mut answer = |command, data: &[u8]| out.push(r200::frame(alternate, 1, command, data));
        match (command, data) {
            _ if refused => answer(r200::FAILED, &[0x17]),
            (r200::INFO, [0]) => answer(r200::INFO, b"\x00M100 26dBm V1.0"),
            (r200::INFO, [1]) => answer(r200::INFO, b"\x01V2.3.5"),
            (r200::INFO, [2]) => answer(r200::INFO, b"\x02MagicRf"),
            (r200::REGION, [1..=4 | 6]) | (r200::QUERY, [_, _]) => answer(command, &[0]),
            (r200::POWER, [high, low]) if u16::from_be_bytes([*high, *low]) <= 2_700 => {
                self.power_cdbm = u16::from_be_bytes([*high, *low]);
                answer(command, &[0]);
            }
            (r200::POWER_TOLD, []) => answer(command, &self.power_cdbm.to_be_bytes()),
            (r200::STOP, []) => {
                self.rounds = 0;
                answer(command, &[0]);
            }
            (r200::POLL, []) => self.rounds = 1,
            (r200::POLL_MANY, [0x22, high, low]) => {
                self.rounds = u16::from_be_bytes([*high, *low]).into()
            }
            _ => answer(r200::FAILED, &[0x17]),
        }
    }

    fn reader18(&mut self, command: u16, data: &[u8], refused: bool, out: &mut Vec<Vec<u8>>) {
        let command = command.to_be_bytes()[1];
        let mut answer = |status, data: &[u8]| out.push(reader18::answer(0, command, status, data));
        match (command, data) {
            _ if refused => answer(0xff, &[]),
            (reader18::INFO, []) => {
                let dbm = (self.power_cdbm / 100).to_be_bytes()[1];
                answer(0, &[2, 36, 0x09, 0x02, 0x31, 0x80, dbm, 3]);
            }
            (reader18::POWER, [dbm @ 0..=30]) => {
                self.power_cdbm = u16::from(*dbm) * 100;
                answer(0, &[]);
            }
            (reader18::SCAN_TIME, [3..=255]) | (reader18::REGION, [_, _]) => answer(0, &[]),
            (reader18::WORK_MODE, [_, _, _, _, _, _]) => answer(0, &[]),
            (reader18::INVENTORY, []) => self.rounds = 1,
            (0x21 | 0x25 | 0x2f | 0x22 | 0x35 | 0x01, _) => answer(0xfd, &[]),
            _ => answer(0xfe, &[]),
        }
    }

    fn chafon(
        &mut self,
        low_first: bool,
        command: u16,
        data: &[u8],
        refused: bool,
        now_ms: u64,
        out: &mut Vec<Vec<u8>>,
    ) {
        let mut answer = |status: u8, data: &[u8]| {
            let told = [&[status], data].concat();
            out.push(chafon::frame(low_first, 1, command, &told));
        };
        match (command, data) {
            _ if refused => answer(0x02, &[]),
            (chafon::INFO, []) => {
                let mut told = [0u8; 152];
                for (at, text) in
                    [(0, "CF600"), (32, "V1.2"), (64, "SN0000000042"), (76, "R"), (108, "CF-M600")]
                {
                    told[at..at + text.len()].copy_from_slice(text.as_bytes());
                }
                answer(0, &told);
            }
            (chafon::POWER, [0..=30, _]) => answer(0, &[]),
            (chafon::STOP, []) => {
                (self.rounds, self.until_ms) = (0, None);
                answer(0, &[]);
            }
            (chafon::INVENTORY, [0, a, b, c, d]) => {
                let seconds = u64::from(u32::from_be_bytes([*a, *b, *c, *d]));
                self.rounds = u64::MAX;
                self.until_ms = (seconds > 0).then(|| now_ms + seconds * 1_000);
            }
            (chafon::INVENTORY, [1, a, b, c, d]) => {
                self.rounds = u32::from_be_bytes([*a, *b, *c, *d]).into()
            }
            _ => answer(0x01, &[]),
        }
    }

    fn mercury(
        &mut self,
        command: u16,
        data: &[u8],
        refused: bool,
        now_ms: u64,
        out: &mut Vec<Vec<u8>>,
    ) {
        let command = command.to_be_bytes()[1];
        let mut answer = |status, data: &[u8]| out.push(mercury::answer(command, status, data));
        match (command, data) {
            _ if refused => answer(0x0105, &[]),
            (mercury::VERSION, []) => answer(
                0,
                &[
                    0x14, 0x07, 0x10, 0x23, 0x30, 0x00, 0x00, 0x02, 0x20, 0x22, 0x03, 0x14, 0x01,
                    0x0b, 0x02, 0x05, 0, 0, 0, 0x10,
                ],
            ),
            (mercury::REGION, [0x01 | 0x04..=0x06 | 0x08 | 0x09 | 0x0b | 0x0c]) => {
                self.region = true;
                answer(0, &[]);
            }
            (mercury::AIR, [0, 5])
            | (mercury::ANTENNA, [2, _, _, ..])
            | (mercury::OPTION, [1, _, _]) => answer(0, &[]),
            (mercury::PARAMETER, [5, _, _, ..]) => answer(0, &[]),
            (mercury::POWER, [high, low]) => {
                let wanted = u16::from_be_bytes([*high, *low]);
                if wanted > 2_700 {
                    return answer(0x0103, &[]);
                }
                self.power_cdbm = wanted;
                answer(0, &[]);
            }
            (mercury::POWER_TOLD, [0]) => {
                let [high, low] = self.power_cdbm.to_be_bytes();
                answer(0, &[0, high, low]);
            }
            (mercury::ANTENNA_TOLD, [5]) => answer(0, &[5, 1, 1]),
            (mercury::CONTINUOUS, [_, _, 2]) => {
                self.rounds = 0;
                answer(0, &[0, 0, 2]);
            }
            (mercury::CONTINUOUS, [_, _, 1, mercury::READ, ..]) if data.len() == 16 => {
                if !self.region {
                    return answer(0x010b, &[]);
                }
                (self.rounds, self.alive_ms) = (u64::MAX, now_ms);
                answer(0, &[0, 0, 1]);
            }
            (0x03 | 0x61 | 0x62 | 0x97 | 0x93 | 0x91 | 0x92 | 0x9a | 0x9b | 0x2f, _) => {
                answer(0x0105, &[])
            }
            _ => answer(0x0101, &[]),
        }
    }
}
