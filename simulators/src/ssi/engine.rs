//! What an SSI scanner does with packets and time; the line is its owner's.

use std::collections::VecDeque;

use gatewarden_scanner::ssi::codec::{
    Frame, Framer, Packet, SOURCE_HOST, SOURCE_SCANNER, STATUS_MORE, cause, operation,
};

use super::{SCANS_MAX, SsiFaults, SsiOptions};

/// How often a packet is sent: once, and twice again.
pub const SENDINGS: u32 = 3;
/// A pause within a packet ends it, in milliseconds.
const HALF_MS: u64 = 100;
/// How long after a cut transmission the cable is pulled, in milliseconds.
const CUT_MS: u64 = 100;
/// Bytes that nobody reads; more are lost, as on a real line.
const WAITING_MAX: usize = 65_536;
/// The parameter that makes packets of scans.
const PARAM_PACKETED: u8 = 0xee;
/// The event "the scanner has started".
const EVENT_BOOT: u8 = 3;

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SsiCounts {
    /// Scans whose last packet was acknowledged, or that went out bare.
    pub sent: u64,
    /// Scans that were given up.
    pub given_up: u64,
    /// Transmissions of packets of scans.
    pub transmissions: u64,
    /// Commands of the host that were understood, acknowledgements aside.
    pub commands: u64,
    /// Commands to beep among them.
    pub beeps: u64,
}

/// A packet of a scan under way.
#[derive(Debug)]
struct UnderWay {
    packet: Packet,
    sendings: u32,
    due_ms: u64,
}

#[derive(Debug)]
pub(super) struct Engine {
    options: SsiOptions,
    pub(super) faults: SsiFaults,
    pub(super) counts: SsiCounts,
    packeted: bool,
    enabled: bool,
    framer: Framer,
    last_ms: u64,
    /// Each with its bar code type.
    scans: VecDeque<(u8, String)>,
    /// The packets of the scan under way that are still to come.
    parts: VecDeque<Packet>,
    under_way: Option<UnderWay>,
    waiting: Vec<u8>,
    is_cut: bool,
    /// When the cable is pulled.
    cut_at_ms: Option<u64>,
}

impl Engine {
    pub(super) fn new(options: SsiOptions) -> Self {
        Self {
            packeted: options.packeted,
            options,
            faults: SsiFaults::default(),
            counts: SsiCounts::default(),
            enabled: true,
            framer: Framer::default(),
            last_ms: 0,
            scans: VecDeque::new(),
            parts: VecDeque::new(),
            under_way: None,
            waiting: Vec::new(),
            is_cut: false,
            cut_at_ms: None,
        }
    }

    /// False where too many wait; while scanning is not permitted nothing is read at all.
    pub(super) fn scan(&mut self, kind: u8, text: &str) -> bool {
        if self.scans.len() >= SCANS_MAX {
            return false;
        }
        if self.enabled {
            self.scans.push_back((kind, text.to_owned()));
        }
        true
    }

    pub(super) fn power_off(&mut self) {
        let (options, faults, counts) = (self.options.clone(), self.faults, self.counts);
        *self = Self { faults, counts, last_ms: self.last_ms, ..Self::new(options) };
    }

    pub(super) fn restart(&mut self) {
        self.power_off();
        self.send(&scanner(operation::EVENT, 0, &[EVENT_BOOT]));
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    pub(super) fn waiting(&self) -> &[u8] {
        &self.waiting
    }

    pub(super) fn written(&mut self, count: usize) {
        self.waiting.drain(..count);
        if self.waiting.len() > WAITING_MAX {
            self.waiting.clear();
        }
    }

    /// Whether the cable is pulled: a while after the cut transmission is out, since a terminal that is hung up
    /// forgets what nobody has read yet.
    pub(super) fn is_cut(&mut self, now_ms: u64) -> bool {
        if self.is_cut && self.waiting.is_empty() {
            self.cut_at_ms.get_or_insert(now_ms + CUT_MS);
        }
        self.cut_at_ms.is_some_and(|at| now_ms >= at)
    }

    pub(super) fn take(&mut self, bytes: &[u8], now_ms: u64) {
        if bytes.is_empty() {
            if self.framer.is_inside() && now_ms >= self.last_ms + HALF_MS {
                self.framer.pause();
                self.send(&scanner(operation::CMD_NAK, 0, &[cause::RESEND]));
            }
            return;
        }
        self.last_ms = now_ms;
        for byte in bytes {
            if let Some(Frame::Packet(packet)) = self.framer.push(*byte) {
                self.packet(&packet);
            }
        }
    }

    fn packet(&mut self, packet: &Packet) {
        if packet.source != SOURCE_HOST {
            return self.send(&scanner(operation::CMD_NAK, 0, &[cause::BAD_CONTEXT]));
        }
        match packet.operation {
            operation::CMD_ACK => return self.acknowledged(),
            operation::CMD_NAK => return self.refused(packet.data.first().copied()),
            _ => {}
        }
        self.counts.commands += 1;
        let answer = match packet.operation {
            operation::REQUEST_REVISION => {
                scanner(operation::REPLY_REVISION, 0, self.options.revision.clone().as_bytes())
            }
            operation::PARAM_SEND => self.parameters(&packet.data),
            operation::BEEP if packet.data.len() == 1 => {
                self.counts.beeps += 1;
                scanner(operation::CMD_ACK, 0, &[])
            }
            operation::SCAN_ENABLE | operation::SCAN_DISABLE => {
                self.enabled = packet.operation == operation::SCAN_ENABLE;
                scanner(operation::CMD_ACK, 0, &[])
            }
            _ => scanner(operation::CMD_NAK, 0, &[cause::BAD_CONTEXT]),
        };
        self.send(&answer);
    }

    /// A beep code, then pairs.
    fn parameters(&mut self, data: &[u8]) -> Packet {
        let Some((_, pairs)) = data.split_first().filter(|(_, pairs)| pairs.len() % 2 == 0) else {
            return scanner(operation::CMD_NAK, 0, &[cause::BAD_CONTEXT]);
        };
        for pair in pairs.chunks(2).filter(|pair| pair[0] == PARAM_PACKETED) {
            self.packeted = pair[1] != 0;
        }
        scanner(operation::CMD_ACK, 0, &[])
    }

    fn acknowledged(&mut self) {
        if self.faults.deaf > 0 {
            self.faults.deaf -= 1;
            return;
        }
        if self.under_way.take().is_some() && self.parts.is_empty() {
            self.counts.sent += 1;
        }
    }

    fn refused(&mut self, why: Option<u8>) {
        match &mut self.under_way {
            Some(under_way) if why == Some(cause::RESEND) => under_way.due_ms = 0,
            Some(_) => self.give_up(),
            None => {}
        }
    }

    fn give_up(&mut self) {
        self.under_way = None;
        self.parts.clear();
        self.counts.given_up += 1;
    }

    /// Sends what is due.
    pub(super) fn tick(&mut self, now_ms: u64) {
        if self.is_cut {
            return;
        }
        if let Some(under_way) = &mut self.under_way {
            if now_ms < under_way.due_ms {
                return;
            }
            if under_way.sendings >= SENDINGS {
                self.give_up();
            } else {
                under_way.sendings += 1;
                under_way.due_ms = now_ms + self.options.answer_ms;
                let packet = under_way.packet.clone().again();
                return self.transmit(&packet);
            }
        }
        if self.parts.is_empty()
            && let Some((kind, text)) = self.scans.pop_front()
        {
            if !self.packeted {
                self.waiting.extend_from_slice(text.as_bytes());
                self.waiting.extend_from_slice(b"\r\n");
                self.counts.sent += 1;
                return;
            }
            self.cut_up(kind, &text);
        }
        if let Some(packet) = self.parts.pop_front() {
            self.transmit(&packet);
            let due_ms = now_ms + self.options.answer_ms;
            self.under_way = Some(UnderWay { packet, sendings: 1, due_ms });
        }
    }

    fn cut_up(&mut self, kind: u8, text: &str) {
        let room = self.options.part_bytes.clamp(1, 250);
        let parts: Vec<&[u8]> = text.as_bytes().chunks(room).collect();
        for (at, part) in parts.iter().enumerate() {
            let status = if at + 1 < parts.len() { STATUS_MORE } else { 0 };
            let data = [&[kind], *part].concat();
            self.parts.push_back(scanner(operation::DECODE_DATA, status, &data));
        }
    }

    fn transmit(&mut self, packet: &Packet) {
        self.counts.transmissions += 1;
        let mut bytes = packet.encode();
        if let Some(after) = self.faults.cut_after.take() {
            bytes.truncate(after.min(bytes.len() - 1));
            self.is_cut = true;
        } else if self.faults.lost > 0 {
            self.faults.lost -= 1;
            return;
        } else if self.faults.wrong_sums > 0 {
            self.faults.wrong_sums -= 1;
            let last = bytes.len() - 1;
            bytes[last] ^= 0x55;
        }
        self.waiting.extend_from_slice(&bytes);
    }

    fn send(&mut self, packet: &Packet) {
        if !self.faults.mute {
            self.waiting.extend_from_slice(&packet.encode());
        }
    }
}

fn scanner(operation: u8, status: u8, data: &[u8]) -> Packet {
    Packet { operation, source: SOURCE_SCANNER, status, data: data.to_vec() }
}
