//! Bytes to SSI packets and back. Pure: no time, no I/O.
//!
//! A packet: `[0]` its length without the check sum, `[1]` operation, `[2]` source (0 scanner, 4 host), `[3]`
//! status, data, and two bytes so that the sum of all bytes and of this number is 0 (16 bits, big-endian).
//! Invariants: at most [`PACKET_BYTES_MAX`] bytes are held; nothing on the wire marks a beginning, so after a
//! packet that is not whole all bytes up to the next pause are its rest; every byte is in one frame.
//! Absent: pauses and answers (`session`).

use crate::codec::EVIDENCE_BYTES_MAX;

/// The longest packet with its check sum.
pub const PACKET_BYTES_MAX: usize = 257;
/// Most data of one packet.
pub const DATA_BYTES_MAX: usize = 251;
/// Noise beyond this is told part by part, so that what never pauses does not stay silent.
pub const NOISE_BYTES_MAX: usize = 4_096;

/// Length, operation, source and status.
const HEADER_BYTES: u8 = 4;

/// What a packet is for.
pub mod operation {
    /// Host: who are you?
    pub const REQUEST_REVISION: u8 = 0xa3;
    /// Scanner: who it is.
    pub const REPLY_REVISION: u8 = 0xa4;
    /// Parameters and their values.
    pub const PARAM_SEND: u8 = 0xc6;
    /// Whole and taken.
    pub const CMD_ACK: u8 = 0xd0;
    /// Not taken; one byte says why.
    pub const CMD_NAK: u8 = 0xd1;
    /// Host: sound the beeper.
    pub const BEEP: u8 = 0xe6;
    /// Host: scanning is permitted.
    pub const SCAN_ENABLE: u8 = 0xe9;
    /// Host: scanning is not permitted.
    pub const SCAN_DISABLE: u8 = 0xea;
    /// Scanner: a barcode.
    pub const DECODE_DATA: u8 = 0xf3;
    /// Scanner: something happened.
    pub const EVENT: u8 = 0xf6;
}

/// Why something is not taken.
pub mod cause {
    /// Not whole: once more.
    pub const RESEND: u8 = 1;
    /// Not understood, or not now.
    pub const BAD_CONTEXT: u8 = 2;
    /// Understood and refused.
    pub const DENIED: u8 = 6;
    /// Give the message up.
    pub const CANCEL: u8 = 10;
}

/// Status bit: the packet is sent again.
pub const STATUS_AGAIN: u8 = 0x01;
/// Status bit: more packets of the message follow.
pub const STATUS_MORE: u8 = 0x02;

/// Whose packet it is.
pub const SOURCE_SCANNER: u8 = 0;
/// See [`SOURCE_SCANNER`].
pub const SOURCE_HOST: u8 = 4;

/// A packet whose check sum fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// See [`operation`].
    pub operation: u8,
    /// [`SOURCE_SCANNER`] or [`SOURCE_HOST`]; some scanners send others.
    pub source: u8,
    /// Bits, see [`STATUS_AGAIN`] and [`STATUS_MORE`].
    pub status: u8,
    /// At most [`DATA_BYTES_MAX`] bytes.
    pub data: Vec<u8>,
}

impl Packet {
    /// A packet of the host with no status.
    #[must_use]
    pub fn host(operation: u8, data: &[u8]) -> Self {
        Self { operation, source: SOURCE_HOST, status: 0, data: data.to_vec() }
    }

    /// The same, marked as sent again.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.status |= STATUS_AGAIN;
        self
    }

    /// Whether it is sent again.
    #[must_use]
    pub fn is_again(&self) -> bool {
        self.status & STATUS_AGAIN != 0
    }

    /// Whether more packets of its message follow.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.status & STATUS_MORE != 0
    }

    /// The bytes on the wire; data beyond [`DATA_BYTES_MAX`] is left out.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let data = &self.data[..self.data.len().min(DATA_BYTES_MAX)];
        let length = u8::try_from(data.len()).unwrap_or(u8::MAX - HEADER_BYTES) + HEADER_BYTES;
        let mut bytes = vec![length, self.operation, self.source, self.status];
        bytes.extend_from_slice(data);
        let sum = check_sum(&bytes);
        bytes.extend_from_slice(&sum.to_be_bytes());
        bytes
    }
}

/// The number that makes the sum of these bytes 0.
fn check_sum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte))).wrapping_neg()
}

/// What the framer cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A whole packet.
    Packet(Packet),
    /// Bytes that are none, up to a pause.
    Noise {
        /// How many.
        bytes: usize,
        /// The first of them, at most `EVIDENCE_BYTES_MAX`.
        head: Vec<u8>,
    },
}

/// Cuts a stream of bytes into packets.
#[derive(Debug, Clone, Default)]
pub struct Framer {
    held: Vec<u8>,
    /// What is held is no packet's beginning: all up to the next pause is noise.
    noise: Option<usize>,
}

impl Framer {
    /// Takes one byte; a packet comes out where it ends one.
    pub fn push(&mut self, byte: u8) -> Option<Frame> {
        if let Some(bytes) = &mut self.noise {
            *bytes += 1;
            if self.held.len() < EVIDENCE_BYTES_MAX {
                self.held.push(byte);
            }
            return if *bytes >= NOISE_BYTES_MAX { self.pause() } else { None };
        }
        self.held.push(byte);
        let length = usize::from(self.held[0]);
        if length < usize::from(HEADER_BYTES) {
            self.noise = Some(self.held.len());
            return None;
        }
        if self.held.len() < length + 2 {
            return None;
        }
        let (body, sum) = self.held.split_at(length);
        if sum != check_sum(body).to_be_bytes() {
            self.noise = Some(self.held.len());
            return None;
        }
        let packet = Packet {
            operation: body[1],
            source: body[2],
            status: body[3],
            data: body[usize::from(HEADER_BYTES)..].to_vec(),
        };
        self.held.clear();
        Some(Frame::Packet(packet))
    }

    /// True while bytes wait for the end of their packet or for a pause.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        !self.held.is_empty()
    }

    /// The line paused or ended: what is held is no packet.
    pub fn pause(&mut self) -> Option<Frame> {
        let mut head = std::mem::take(&mut self.held);
        let bytes = self.noise.take().unwrap_or(head.len());
        head.truncate(EVIDENCE_BYTES_MAX);
        (bytes > 0).then_some(Frame::Noise { bytes, head })
    }
}

/// The AIM identifier of a bar code type (guide, table of DECODE_DATA) where it is told by the type alone, else
/// [`AIM_OTHER`]: what comes in DECODE_DATA is a bar code whatever its type, and never a card's number.
///
/// Data Matrix and QR are not told: one type stands for the plain and the GS1 form.
#[must_use]
pub fn aim(bar_code_type: u8) -> &'static str {
    match bar_code_type {
        0x03 => "]C0",
        0x0a => "]E4",
        0x0b => "]E0",
        0x0f => "]C1",
        0x30..=0x32 => "]e0",
        _ => AIM_OTHER,
    }
}

/// "Other bar code" (ISO/IEC 15424, code character X), which says nothing of the symbology.
pub const AIM_OTHER: &str = "]X0";

/// Who a scanner says it is: `release board model check-sum`, separated by spaces (REPLY_REVISION).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// The release of its software.
    pub firmware: Option<String>,
    /// The engine's name.
    pub model: Option<String>,
}

/// Reads the data of a REPLY_REVISION; what is not ASCII becomes `?`.
#[must_use]
pub fn revision(data: &[u8]) -> Revision {
    let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { *byte } else { b'?' };
    let text: String = data.iter().map(|byte| char::from(shown(byte))).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let word = |at: usize| words.get(at).map(|word| (*word).to_owned());
    Revision { firmware: word(0), model: word(2) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(bytes: &[u8]) -> Vec<Frame> {
        let mut framer = Framer::default();
        let mut all: Vec<Frame> = bytes.iter().filter_map(|byte| framer.push(*byte)).collect();
        all.extend(framer.pause());
        all
    }

    #[test]
    fn packets_are_as_in_the_manuals() {
        let ack = Packet::host(operation::CMD_ACK, &[]);
        assert_eq!(ack.encode(), [0x04, 0xd0, 0x04, 0x00, 0xff, 0x28]);
        let nak = |cause| Packet::host(operation::CMD_NAK, &[cause]).encode();
        assert_eq!(nak(cause::RESEND), [0x05, 0xd1, 0x04, 0x00, 0x01, 0xff, 0x25]);
        assert_eq!(nak(cause::BAD_CONTEXT), [0x05, 0xd1, 0x04, 0x00, 0x02, 0xff, 0x24]);
        assert_eq!(nak(cause::DENIED), [0x05, 0xd1, 0x04, 0x00, 0x06, 0xff, 0x20]);
        assert_eq!(ack.clone().again().encode(), [0x04, 0xd0, 0x04, 0x01, 0xff, 0x27]);
        // Two values of parameters, from a scanner.
        let told = [0x09, 0xc6, 0x00, 0x00, 0xff, 0x01, 0x00, 0x9c, 0x07, 0xfd, 0x8e];
        let packet = Packet {
            operation: operation::PARAM_SEND,
            source: SOURCE_SCANNER,
            status: 0,
            data: vec![0xff, 0x01, 0x00, 0x9c, 0x07],
        };
        assert_eq!(frames(&told), [Frame::Packet(packet)]);
        // A scanner that tells that it read nothing.
        let nothing = [0x07, 0xf3, 0x00, 0x00, 0x01, 0x4e, 0x52, 0xfe, 0x65];
        let read = frames(&nothing);
        assert!(
            matches!(&read[..], [Frame::Packet(packet)] if packet.data == b"\x01NR"),
            "{read:?}"
        );
    }

    #[test]
    fn what_is_no_packet_is_noise_up_to_the_pause() {
        let ack = Packet::host(operation::CMD_ACK, &[]);
        let mut bent = ack.encode();
        bent[3] ^= 0x40;
        bent.extend(ack.encode());
        let noise = |bytes: &[u8]| vec![Frame::Noise { bytes: bytes.len(), head: bytes.to_vec() }];
        assert_eq!(frames(&bent), noise(&bent), "a packet right behind is not trusted");
        assert_eq!(frames(&ack.encode()[..5]), noise(&ack.encode()[..5]), "half a packet");
        assert_eq!(frames(&[0, 1, 2]), noise(&[0, 1, 2]));
        let endless = frames(&[0; NOISE_BYTES_MAX + 5]);
        assert!(matches!(
            endless[..],
            [Frame::Noise { bytes: NOISE_BYTES_MAX, .. }, Frame::Noise { bytes: 5, .. }]
        ));
    }

    #[test]
    fn a_revision_is_read_or_left_out() {
        let told = revision(b"NBRXXAAC   0 SE955 B4D2");
        assert_eq!(told.model.as_deref(), Some("SE955"));
        assert_eq!(told.firmware.as_deref(), Some("NBRXXAAC"));
        assert_eq!(revision(b"V1"), Revision { firmware: Some("V1".to_owned()), model: None });
        assert_eq!(revision(b" "), Revision::default());
        assert_eq!(revision(b"\xff\x00 0 a").firmware.as_deref(), Some("??"));
    }

    proptest! {
        #[test]
        fn packets_come_back(operation: u8, source: u8, status: u8, data in prop::collection::vec(any::<u8>(), 0..=DATA_BYTES_MAX)) {
            let packet = Packet { operation, source, status, data };
            let twice = [packet.encode(), packet.encode()].concat();
            prop_assert_eq!(frames(&twice), vec![Frame::Packet(packet.clone()), Frame::Packet(packet)]);
        }

        #[test]
        fn every_byte_is_in_one_frame(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let length = |frame: &Frame| match frame {
                Frame::Packet(packet) => packet.encode().len(),
                Frame::Noise { bytes, .. } => *bytes,
            };
            prop_assert_eq!(frames(&bytes).iter().map(length).sum::<usize>(), bytes.len());
        }

        #[test]
        fn a_wrong_byte_is_never_a_packet(data in prop::collection::vec(any::<u8>(), 0..40), at in 0usize..44, change in 1u8..) {
            let packet = Packet { operation: operation::DECODE_DATA, source: 0, status: 0, data };
            let mut bytes = packet.encode();
            let at = at % bytes.len();
            bytes[at] ^= change;
            let told = frames(&bytes).into_iter().any(|frame| matches!(frame, Frame::Packet(_)));
            prop_assert!(!told);
        }
    }
}
