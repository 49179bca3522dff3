//! A module's own mind: commands in, frames out. Pure: the time is an argument.
//!
//! `answers` knows what each protocol's commands do, `air` what is seen and how it is told.

mod air;
mod answers;

use gatewarden_uhf_serial::codec::{Protocol, crc};

use super::{HALF_MS, TAGS_MAX, UhfOptions, UhfTag};
use crate::Seed;

/// Transmit power after power-on, in hundredths of a dBm.
const POWER_CDBM: u16 = 2_000;

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
    power_cdbm: u16,
    commands: u64,
}

impl Module {
    pub(super) fn new(mut options: UhfOptions) -> Self {
        options.tags.truncate(TAGS_MAX);
        let seed = Seed::new(options.seed);
        let rounds = if options.reading { u64::MAX } else { 0 };
        let (buffer, region, power_cdbm) = (Vec::new(), false, POWER_CDBM);
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
            power_cdbm,
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
        self.power_cdbm = POWER_CDBM;
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
}
