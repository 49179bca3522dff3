//! One open port's SSI packets turned into scans, gaps and answers. Pure: the time is an argument.
//!
//! Invariants: a scan is acknowledged behind its own output, so that only what was handed over is taken; what was
//! not whole is asked for again and, if it never comes whole, a gap; a packet that is sent again with the bytes
//! of the last one is not a second scan, and that is recorded; a scan of several packets is told only when its last
//! one has come; nothing read is told before the scanner has said who it is. Absent: the port (`task`).

mod asking;
mod joining;

use std::collections::VecDeque;

use gatewarden_model::{Hash, Signal, Stamp};

use crate::{
    Settings,
    codec::evidence,
    session::Output,
    ssi::codec::{Frame, Framer, Packet, SOURCE_HOST, STATUS_AGAIN, cause, operation, revision},
};
use asking::Asking;
use joining::{Half, Joining, Part};

/// How long a packet that is not whole may take to come again, in microseconds; a scanner waits 2 s for an answer.
pub const RESEND_WAIT_US: u64 = 3_000_000;
/// A scanner sends a packet so many times: once, and twice again.
pub const SENDINGS_MAX: u32 = 3;
/// So long after a scan the same packet may be its repetition, in microseconds: two answers of 9.9 s not heard.
pub const REPEAT_US: u64 = 20_000_000;
/// Outputs that wait for the scanner to say who it is; beyond it nothing more is acknowledged.
pub const HELD_MAX: usize = 64;

/// The event "the scanner has started".
const EVENT_BOOT: u8 = 3;

/// The last packet of a scan that was taken, kept over a reconnection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    digest: Hash,
    at: Stamp,
    has_more: bool,
}

/// Transmissions that were not whole.
#[derive(Debug)]
struct Spoilt {
    from: Stamp,
    last: Stamp,
    times: u32,
    bytes: usize,
    head: Vec<u8>,
}

/// The state of one open port.
#[derive(Debug)]
pub struct Session {
    framer: Framer,
    idle_us: u64,
    /// Arrival of the first byte of what is held, and of the last.
    inside: Option<(Stamp, Stamp)>,
    asking: Asking,
    joining: Joining,
    spoilt: Option<Spoilt>,
    taken: Option<Taken>,
    /// Whether the scanner has said who it is.
    ready: bool,
    dead: bool,
    held: Vec<Output>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// The session of a port that was just opened; `taken` is what the last session had taken last.
    #[must_use]
    pub fn new(settings: &Settings, taken: Option<Taken>, now: Stamp) -> Self {
        let mut session = Self {
            framer: Framer::default(),
            idle_us: settings.idle_flush_ms.max(1).saturating_mul(1_000),
            inside: None,
            asking: Asking::new(settings.configure, settings.beep, now),
            joining: Joining::new(settings.line_bytes_max, taken.as_ref()),
            spoilt: None,
            taken,
            ready: false,
            dead: false,
            held: Vec::new(),
            outputs: VecDeque::new(),
        };
        session.ask(now);
        session
    }

    /// What was taken last, for the next session.
    #[must_use]
    pub fn taken(&self) -> Option<Taken> {
        self.taken
    }

    /// Takes bytes as they came; drain `poll_output` afterwards.
    pub fn handle_bytes(&mut self, now: Stamp, bytes: &[u8]) {
        self.handle_timeout(now);
        for byte in bytes {
            let from = self.inside.map_or(now, |(from, _)| from);
            let frame = self.framer.push(*byte);
            self.inside = self.framer.is_inside().then_some((from, now));
            if let Some(frame) = frame {
                self.frame(from, now, frame);
            }
        }
    }

    /// What the station shows has changed: the scanner beeps, if it shall.
    pub fn handle_signal(&mut self, now: Stamp, signal: Signal) {
        self.asking.signal(signal);
        self.ask(now);
    }

    /// The moment of the monotonic clock, in microseconds, at which `handle_timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        if self.dead {
            return None;
        }
        let pause = self.inside.map(|(_, last)| last.mono_us.saturating_add(self.idle_us));
        let spoilt = self.spoilt.as_ref();
        let spoilt = spoilt.map(|lost| lost.last.mono_us.saturating_add(RESEND_WAIT_US));
        let dues = [pause, spoilt, Some(self.asking.due()), self.joining.due()];
        dues.into_iter().flatten().min()
    }

    /// Judges pauses, answers that did not come and packets that were not sent again.
    pub fn handle_timeout(&mut self, now: Stamp) {
        let is_over = |last: &Stamp, us: u64| now.mono_us >= last.mono_us.saturating_add(us);
        if let Some((from, last)) = self.inside
            && is_over(&last, self.idle_us)
        {
            self.pause(from, now);
        }
        if self.spoilt.as_ref().is_some_and(|lost| is_over(&lost.last, RESEND_WAIT_US)) {
            self.lose(now, "a packet that was not whole and was not sent again");
        }
        let half = self.joining.overdue(now);
        self.half(now, half);
        self.ask(now);
    }

    /// The port is gone: what is unfinished is lost.
    pub fn handle_end(&mut self, now: Stamp) {
        if let Some((from, _)) = self.inside.take()
            && let Some(Frame::Noise { bytes, head }) = self.framer.pause()
        {
            self.spoil(from, now, bytes, head);
        }
        self.lose(now, "a packet that was not whole when the port was closed");
        self.give_up(now, "half a scan: the port was closed before its end");
        // Nobody has said whose scans these are: they are not taken, and may come again.
        if !self.ready {
            self.taken = None;
        }
        for output in std::mem::take(&mut self.held) {
            match output {
                Output::Scan { at, scan, .. } => {
                    let why = "a scan of a scanner that did not say who it is";
                    self.told_gap(at, now, why, scan.text.as_bytes());
                }
                Output::Gap { .. } => self.outputs.push_back(output),
                _ => {}
            }
        }
    }

    /// The next scan, gap, answer or question, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn frame(&mut self, from: Stamp, now: Stamp, frame: Frame) {
        match frame {
            Frame::Packet(packet) => self.packet(from, now, &packet),
            Frame::Noise { bytes, head } => {
                let why = "bytes that are no packet and never pause; check the scanner's interface and baud rate";
                self.gap_of(from, now, why, bytes, &head);
            }
        }
    }

    /// What is held when the line pauses is no packet: it is asked for again.
    fn pause(&mut self, from: Stamp, now: Stamp) {
        self.inside = None;
        if let Some(Frame::Noise { bytes, head }) = self.framer.pause() {
            self.spoil(from, now, bytes, head);
            if self.spoilt.as_ref().is_some_and(|lost| lost.times >= SENDINGS_MAX) {
                self.lose(now, "a packet that was not whole, nor when it was sent again");
                self.give_up(now, "half a scan: its next packet never came whole");
            }
            self.refuse(cause::RESEND);
        }
    }

    fn spoil(&mut self, from: Stamp, last: Stamp, bytes: usize, head: Vec<u8>) {
        match &mut self.spoilt {
            Some(lost) => {
                lost.times += 1;
                lost.last = last;
            }
            None => self.spoilt = Some(Spoilt { from, last, times: 1, bytes, head }),
        }
    }

    fn lose(&mut self, now: Stamp, why: &str) {
        if let Some(lost) = self.spoilt.take() {
            self.gap_of(lost.from, now, why, lost.bytes, &lost.head);
        }
    }

    fn packet(&mut self, from: Stamp, now: Stamp, packet: &Packet) {
        if packet.source == SOURCE_HOST {
            let why = "our own packets come back; is this a scanner's port?";
            return self.gap(from, now, why, &packet.encode());
        }
        self.asking.heard(now);
        match packet.operation {
            operation::DECODE_DATA => self.decoded(from, now, packet),
            // Who it is needs more than this.
            operation::CMD_ACK if !self.asking.asks_who() => self.asking.done(),
            operation::CMD_ACK => {}
            operation::CMD_NAK => self.refused(now, packet.data.first().copied()),
            operation::REPLY_REVISION => self.revision(now, packet),
            operation::EVENT => self.event(from, now, packet),
            operation::PARAM_SEND => self.acknowledge(),
            _ => {
                self.gap(from, now, "a packet of an operation that is not known", &packet.encode());
                self.refuse(cause::BAD_CONTEXT);
            }
        }
        self.ask(now);
    }

    fn decoded(&mut self, from: Stamp, now: Stamp, packet: &Packet) {
        if self.held.len() >= HELD_MAX {
            return;
        }
        let mut plain = packet.clone();
        plain.status &= !STATUS_AGAIN;
        let digest = Hash::of(&plain.encode());
        let repeated = |taken: &Taken| {
            taken.digest == digest && now.mono_us.saturating_sub(taken.at.mono_us) <= REPEAT_US
        };
        if packet.is_again() && self.spoilt.is_none() && self.taken.as_ref().is_some_and(repeated) {
            let since = self.taken.map_or(now, |taken| taken.at);
            let why = "a packet sent again with the bytes of the last one: taken once";
            self.gap(since, now, why, &packet.encode());
            return self.acknowledge();
        }
        if packet.is_again() {
            // What was not whole has come.
            self.spoilt = None;
        } else {
            self.lose(now, "a packet that was not whole, and another came instead of it");
        }
        self.taken = Some(Taken { digest, at: now, has_more: packet.has_more() });
        let (half, part) = self.joining.join(from, now, packet);
        self.half(now, half);
        match part {
            Part::Whole(scan, raw) => self.tell(Output::Scan { at: now, scan, raw }),
            Part::More => {}
            Part::Bad(bad) => self.half(now, Some(bad)),
        }
        self.acknowledge();
    }

    /// The scanner did not take what it was told.
    fn refused(&mut self, now: Stamp, cause: Option<u8>) {
        if cause == Some(cause::RESEND) {
            return self.asking.again();
        }
        if self.asking.asks_who() && !self.ready {
            self.open(now, None, None);
        }
        self.asking.done();
    }

    fn revision(&mut self, now: Stamp, packet: &Packet) {
        let told = revision(&packet.data);
        let same = self.asking.revised(&told);
        self.asking.done();
        if !self.ready {
            self.open(now, told.firmware, told.model);
        } else if !same {
            self.die("another scanner answers; it is asked anew who it is");
        }
    }

    /// The scanner has said who it is: what waited for it is told.
    fn open(&mut self, at: Stamp, firmware: Option<String>, model: Option<String>) {
        self.ready = true;
        self.outputs.push_back(Output::Ready { at, firmware, model });
        self.outputs.extend(std::mem::take(&mut self.held));
    }

    fn event(&mut self, from: Stamp, now: Stamp, packet: &Packet) {
        if packet.data.first() == Some(&EVENT_BOOT) && self.ready {
            self.give_up(now, "half a scan: the scanner restarted");
            self.gap(from, now, "the scanner restarted", &packet.encode());
            self.asking.set_up();
        }
        self.acknowledge();
    }

    /// Sends what is to be asked now; a scanner that never answers is dead.
    fn ask(&mut self, now: Stamp) {
        if self.dead {
            return;
        }
        match self.asking.next(now, self.ready) {
            Ok(Some(packet)) => self.outputs.push_back(Output::Send(packet.encode())),
            Ok(None) => {}
            Err(why) => self.die(why),
        }
    }

    fn die(&mut self, why: &str) {
        if !std::mem::replace(&mut self.dead, true) {
            self.outputs.push_back(Output::Dead { reason: why.to_owned() });
        }
    }

    /// Behind what was taken, so that it is handed over first.
    fn acknowledge(&mut self) {
        self.tell(Output::Send(Packet::host(operation::CMD_ACK, &[]).encode()));
    }

    fn refuse(&mut self, cause: u8) {
        let packet = Packet::host(operation::CMD_NAK, &[cause]);
        self.outputs.push_back(Output::Send(packet.encode()));
    }

    fn give_up(&mut self, now: Stamp, why: &str) {
        let half = self.joining.abandon(now, why);
        self.half(now, half);
    }

    fn half(&mut self, now: Stamp, half: Option<Half>) {
        if let Some(half) = half {
            self.gap(half.from, now, &half.why, &half.bytes);
        }
    }

    fn tell(&mut self, output: Output) {
        if self.ready {
            self.outputs.push_back(output);
        } else if self.held.len() < HELD_MAX {
            self.held.push(output);
        }
    }

    fn gap(&mut self, from: Stamp, to: Stamp, why: &str, bytes: &[u8]) {
        self.gap_of(from, to, why, bytes.len(), bytes);
    }

    fn gap_of(&mut self, from: Stamp, to: Stamp, why: &str, bytes: usize, head: &[u8]) {
        let reason = format!("{why}: {}", evidence(bytes, head));
        self.tell(Output::Gap { from, to, reason });
    }

    fn told_gap(&mut self, from: Stamp, to: Stamp, why: &str, bytes: &[u8]) {
        let reason = format!("{why}: {}", evidence(bytes.len(), bytes));
        self.outputs.push_back(Output::Gap { from, to, reason });
    }
}

#[cfg(test)]
mod tests;
