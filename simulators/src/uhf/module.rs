//! A module's own mind: commands in, frames out. Pure: the time is an argument.

use gatewarden_uhf_serial::codec::{Protocol, chafon, crc, mercury, r200, reader18};

use super::{HALF_MS, TAGS_MAX, UhfOptions, UhfTag};
use crate::Seed;

#[derive(Debug)]
pub(super) struct Module {
    options: UhfOptions,
    seed: Seed,
    buffer: Vec<u8>,
    last_ms: u64,
    /// Rounds that are left of a running inventory.
    rounds: u64,
    /// When it ends, where it lasts a time.
    until_ms: Option<u64>,
    next_ms: u64,
    alive_ms: u64,
    region: bool,
    commands: u64,
}

impl Module {
    pub(super) fn new(mut options: UhfOptions) -> Self {
        options.tags.truncate(TAGS_MAX);
        let seed = Seed::new(options.seed);
        let rounds = if options.reading { u64::MAX } else { 0 };
        let (buffer, region) = (Vec::new(), false);
        Self {
            options,
            seed,
            buffer,
            last_ms: 0,
            rounds,
            until_ms: None,
            next_ms: 0,
            alive_ms: 0,
            region,
            commands: 0,
        }
    }

    pub(super) fn set_tags(&mut self, mut tags: Vec<UhfTag>) {
        tags.truncate(TAGS_MAX);
        self.options.tags = tags;
    }

    pub(super) fn commands(&self) -> u64 {
        self.commands
    }

    /// Power was lost.
    pub(super) fn reset(&mut self) {
        self.buffer.clear();
        (self.rounds, self.until_ms, self.region) = (0, None, false);
    }

    /// Takes bytes of commands; gives the answers.
    pub(super) fn take(&mut self, bytes: &[u8], now_ms: u64) -> Vec<Vec<u8>> {
        if now_ms > self.last_ms + HALF_MS {
            self.buffer.clear();
        }
        if !bytes.is_empty() {
            self.last_ms = now_ms;
        }
        let mut out = Vec::new();
        for byte in bytes {
            self.buffer.push(*byte);
            while let Some((command, data)) = self.cut() {
                self.commands += 1;
                self.obey(command, &data, now_ms, &mut out);
            }
        }
        out
    }

    /// A whole command at the front; what can't be one is dropped byte by byte, a wrong check sum as a whole.
    fn cut(&mut self) -> Option<(u16, Vec<u8>)> {
        loop {
            let b = &self.buffer;
            let first = *b.first()?;
            let (is_head, length) = match self.options.protocol {
                Protocol::R200 { alternate } => {
                    let length = if b.len() < 5 {
                        5
                    } else {
                        usize::from(u16::from_be_bytes([b[3], b[4]])) + 7
                    };
                    (first == if alternate { 0xaa } else { 0xbb }, length)
                }
                Protocol::Reader18 { .. } => (first >= 4, usize::from(first) + 1),
                Protocol::Chafon { .. } => {
                    (first == 0xcf, b.get(4).map_or(5, |l| usize::from(*l) + 7))
                }
                Protocol::Mercury => (first == 0xff, b.get(1).map_or(2, |l| usize::from(*l) + 5)),
            };
            if !is_head || length > 512 {
                self.buffer.remove(0);
                continue;
            }
            if b.len() < length
                || length < 5
                || (length == 5
                    && matches!(
                        self.options.protocol,
                        Protocol::R200 { .. } | Protocol::Chafon { .. }
                    ))
            {
                return None;
            }
            let frame: Vec<u8> = self.buffer.drain(..length).collect();
            let (body, sum) = frame.split_at(length - 2);
            let parsed = match self.options.protocol {
                Protocol::R200 { alternate } => {
                    let end = if alternate { 0xdd } else { 0x7e };
                    let right = *sum == [crc::sum8(&body[1..]), end] && body[1] == 0;
                    right.then(|| (u16::from(body[2]), body[5..].to_vec()))
                }
                Protocol::Reader18 { address } => {
                    let mine = body[1] == address || body[1] == 255;
                    let right = *sum == crc::reflected(body).to_le_bytes() && mine;
                    right.then(|| (u16::from(body[2]), body[3..].to_vec()))
                }
                Protocol::Chafon { low_first } => {
                    let told = crc::reflected(body);
                    let right =
                        *sum == if low_first { told.to_le_bytes() } else { told.to_be_bytes() };
                    right.then(|| (u16::from_be_bytes([body[2], body[3]]), body[5..].to_vec()))
                }
                Protocol::Mercury => {
                    let right = *sum == crc::mercury(&body[1..]).to_be_bytes();
                    right.then(|| (u16::from(body[2]), body[3..].to_vec()))
                }
            };
            if parsed.is_some() {
                return parsed;
            }
        }
    }

    fn obey(&mut self, command: u16, data: &[u8], now_ms: u64, out: &mut Vec<Vec<u8>>) {
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
                answer(command, &[0])
            }
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
            (reader18::INFO, []) => answer(0, &[2, 36, 0x09, 0x02, 0x31, 0x80, 26, 3]),
            (reader18::SCAN_TIME, [3..=255])
            | (reader18::POWER, [0..=30])
            | (reader18::REGION, [_, _]) => answer(0, &[]),
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
                let too_high = u16::from_be_bytes([*high, *low]) > 2_700;
                answer(if too_high { 0x0103 } else { 0 }, &[]);
            }
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
            (0x03 | 0x97 | 0x93 | 0x91 | 0x92 | 0x9a | 0x9b | 0x2f, _) => answer(0x0105, &[]),
            _ => answer(0x0101, &[]),
        }
    }

    /// Lets time pass: the rounds of a running inventory.
    pub(super) fn tick(&mut self, now_ms: u64) -> Vec<Vec<u8>> {
        if self.rounds == 0 || now_ms < self.next_ms {
            return Vec::new();
        }
        self.next_ms = now_ms + self.options.round_ms;
        self.rounds = self.rounds.saturating_sub(1);
        let mut seen = Vec::new();
        for tag in &self.options.tags {
            let rssi = i32::from(tag.rssi_dbm) + self.seed.jitter(2);
            if !self.seed.chance(self.options.miss_percent) {
                seen.push((tag.epc.clone(), i8::try_from(rssi).unwrap_or(tag.rssi_dbm)));
            }
        }
        self.frames(&seen, now_ms)
    }

    fn frames(&mut self, seen: &[(Vec<u8>, i8)], now_ms: u64) -> Vec<Vec<u8>> {
        match self.options.protocol {
            Protocol::R200 { alternate } if seen.is_empty() => {
                vec![r200::frame(alternate, 1, r200::FAILED, &[0x15])]
            }
            Protocol::R200 { alternate } => {
                let told = seen
                    .iter()
                    .map(|(epc, rssi)| [&[rssi.cast_unsigned()], memory(epc).as_slice()].concat());
                told.map(|data| r200::frame(alternate, 2, r200::POLL, &data)).collect()
            }
            Protocol::Reader18 { .. } => answers18(seen),
            Protocol::Chafon { low_first } => {
                let told = seen.iter().map(|(epc, rssi)| {
                    let [high, low] = (i16::from(*rssi) * 10).to_be_bytes();
                    let length = u8::try_from(epc.len()).unwrap_or(u8::MAX);
                    let data = [&[0, high, low, 1, 7, length], epc.as_slice()].concat();
                    chafon::frame(low_first, 1, chafon::INVENTORY, &data)
                });
                let mut frames: Vec<_> = told.collect();
                if self.rounds == 0 || self.until_ms.is_some_and(|until| now_ms >= until) {
                    (self.rounds, self.until_ms) = (0, None);
                    frames.push(chafon::frame(low_first, 1, chafon::INVENTORY, &[chafon::OVER]));
                }
                frames
            }
            Protocol::Mercury => {
                let told = seen.iter().map(|(epc, rssi)| {
                    let memory = memory(epc);
                    let bits = u16::try_from(memory.len() * 8).unwrap_or(0).to_be_bytes();
                    let head = [
                        0x10,
                        0,
                        0x1b,
                        0,
                        0x7f,
                        1,
                        1,
                        rssi.cast_unsigned(),
                        0x11,
                        0x0d,
                        0x37,
                        0xfc,
                    ];
                    let rest = [0, 0, 0, 0xb3, 0, 0xae, 5, bits[0], bits[1]];
                    mercury::answer(mercury::READ, 0, &[&head[..], &rest[..], &memory].concat())
                });
                let mut frames: Vec<_> = told.collect();
                if now_ms >= self.alive_ms + u64::from(mercury::SEARCH_MS) {
                    self.alive_ms = now_ms;
                    frames.push(mercury::answer(mercury::READ, mercury::NO_TAGS, &[]));
                }
                frames
            }
        }
    }
}

/// PC, EPC and the CRC that a tag sends.
fn memory(epc: &[u8]) -> Vec<u8> {
    let words = u16::try_from(epc.len() / 2).unwrap_or(0).min(31);
    let mut memory = (words << 11).to_be_bytes().to_vec();
    memory.extend_from_slice(&epc[..usize::from(words) * 2]);
    memory.extend(crc::gen2(&memory).to_be_bytes());
    memory
}

/// The answers to one inventory: as many tags in a frame as fit.
fn answers18(seen: &[(Vec<u8>, i8)]) -> Vec<Vec<u8>> {
    if seen.is_empty() {
        return vec![reader18::answer(0, reader18::INVENTORY, reader18::NO_TAG, &[])];
    }
    let chunks: Vec<_> = seen.chunks(3).collect();
    let last = chunks.len() - 1;
    let answer = |(at, chunk): (usize, &&[(Vec<u8>, i8)])| {
        let mut data = vec![u8::try_from(chunk.len()).unwrap_or(0)];
        for (epc, _) in *chunk {
            data.push(u8::try_from(epc.len()).unwrap_or(0));
            data.extend_from_slice(epc);
        }
        let status = if at == last { 1 } else { reader18::MORE };
        reader18::answer(0, reader18::INVENTORY, status, &data)
    };
    chunks.iter().enumerate().map(answer).collect()
}
