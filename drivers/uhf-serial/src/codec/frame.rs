//! Cuts a stream of bytes into frames and finds the way back after garbage.
//!
//! Invariants: every byte pushed ends in exactly one frame or one `Lost`; a frame is cut only where header, length
//! and check sum fit; where they do not, one byte is given up and the search goes on at the next, so that a good
//! frame behind garbage is never lost with it; at most `FRAME_BYTES_MAX` bytes are held. Absent: time. A header in
//! the garbage may announce bytes that never come: after a pause the caller says so with [`Framer::settle`].

use super::{Protocol, crc};

/// The longest frame of any of the protocols, in bytes.
pub const FRAME_BYTES_MAX: usize = 512;
/// How many lost bytes are quoted as evidence.
pub const EVIDENCE_BYTES_MAX: usize = 32;
/// After so many bytes of garbage in a row a `Lost` is told, so that endless noise does not stay silent.
pub const LOST_BYTES_MAX: usize = 1_024;

/// What the framer cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// A whole frame with a right check sum.
    Frame(Vec<u8>),
    /// Bytes that are no frame.
    Lost {
        /// How many.
        bytes: usize,
        /// The first of them, at most [`EVIDENCE_BYTES_MAX`].
        head: Vec<u8>,
        /// A frame with a wrong check sum began in them.
        checksum: bool,
    },
}

/// What stands at the front of the buffer.
enum Front {
    /// No frame can begin here.
    Nothing,
    /// A frame may begin here, it is not whole yet.
    More,
    /// So many bytes are a frame with a right check sum.
    Frame(usize),
    /// A whole frame with a wrong one.
    Wrong,
}

/// Cuts the stream of one module.
#[derive(Debug, Clone)]
pub struct Framer {
    protocol: Protocol,
    buffer: Vec<u8>,
    lost: usize,
    head: Vec<u8>,
    checksum: bool,
}

impl Framer {
    /// A framer for the answers of this protocol.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, buffer: Vec::new(), lost: 0, head: Vec::new(), checksum: false }
    }

    /// Takes one byte and gives what it completes, in the order of the bytes.
    pub fn push(&mut self, byte: u8, cuts: &mut Vec<Cut>) {
        self.buffer.push(byte);
        self.search(cuts);
    }

    /// Whether bytes wait for the rest of a frame, or garbage for being told.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        !self.buffer.is_empty() || self.lost > 0
    }

    /// How many bytes wait for the rest of a frame, at most [`FRAME_BYTES_MAX`].
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Nothing more comes: what is held is searched for whole frames, and the rest is lost.
    pub fn settle(&mut self, cuts: &mut Vec<Cut>) {
        while !self.buffer.is_empty() {
            self.give_up(cuts);
            self.search(cuts);
        }
        self.tell_lost(cuts);
    }

    fn search(&mut self, cuts: &mut Vec<Cut>) {
        while !self.buffer.is_empty() {
            match front(self.protocol, &self.buffer) {
                Front::More if self.buffer.len() < FRAME_BYTES_MAX => return,
                Front::Frame(length) => {
                    self.tell_lost(cuts);
                    let rest = self.buffer.split_off(length);
                    cuts.push(Cut::Frame(std::mem::replace(&mut self.buffer, rest)));
                }
                Front::Wrong => {
                    self.checksum = true;
                    self.give_up(cuts);
                }
                Front::Nothing | Front::More => self.give_up(cuts),
            }
        }
    }

    fn give_up(&mut self, cuts: &mut Vec<Cut>) {
        let byte = self.buffer.remove(0);
        if self.head.len() < EVIDENCE_BYTES_MAX {
            self.head.push(byte);
        }
        self.lost += 1;
        if self.lost >= LOST_BYTES_MAX {
            self.tell_lost(cuts);
        }
    }

    fn tell_lost(&mut self, cuts: &mut Vec<Cut>) {
        let bytes = std::mem::take(&mut self.lost);
        if bytes > 0 {
            let head = std::mem::take(&mut self.head);
            cuts.push(Cut::Lost { bytes, head, checksum: std::mem::take(&mut self.checksum) });
        }
    }
}

fn front(protocol: Protocol, bytes: &[u8]) -> Front {
    match protocol {
        Protocol::R200 { alternate } => {
            r200(bytes, if alternate { (0xaa, 0xdd) } else { (0xbb, 0x7e) })
        }
        Protocol::Reader18 { .. } => reader18(bytes),
        Protocol::Chafon { low_first } => chafon(bytes, low_first),
        Protocol::Mercury => mercury(bytes),
    }
}

/// Header, type 0 to 2, command, length of two bytes, parameters, sum of all but the header, end.
fn r200(bytes: &[u8], (header, end): (u8, u8)) -> Front {
    match bytes {
        [first, ..] if *first != header => Front::Nothing,
        [_, kind, ..] if *kind > 2 => Front::Nothing,
        [_, _, _, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low])) + 7;
            if length > FRAME_BYTES_MAX {
                return Front::Nothing;
            }
            let Some(frame) = bytes.get(..length) else { return Front::More };
            let whole =
                frame[length - 1] == end && crc::sum8(&frame[1..length - 2]) == frame[length - 2];
            if whole { Front::Frame(length) } else { Front::Wrong }
        }
        _ => Front::More,
    }
}

/// A length that counts what follows it, address, command, status, data, CRC with its low byte first.
fn reader18(bytes: &[u8]) -> Front {
    let Some(length) = bytes.first().map(|length| usize::from(*length) + 1) else {
        return Front::More;
    };
    if length < 5 {
        return Front::Nothing;
    }
    let Some(frame) = bytes.get(..length) else { return Front::More };
    let (body, told) = frame.split_at(length - 2);
    if crc::reflected(body).to_le_bytes() == *told { Front::Frame(length) } else { Front::Wrong }
}

/// CF, address, command of two bytes, length, data, CRC in either order.
fn chafon(bytes: &[u8], low_first: bool) -> Front {
    match bytes {
        [first, ..] if *first != 0xcf => Front::Nothing,
        [_, _, _, _, length, ..] => {
            let length = usize::from(*length) + 7;
            let Some(frame) = bytes.get(..length) else { return Front::More };
            let (body, told) = frame.split_at(length - 2);
            let sum = crc::reflected(body);
            let right = if low_first { sum.to_le_bytes() } else { sum.to_be_bytes() };
            if right == *told { Front::Frame(length) } else { Front::Wrong }
        }
        _ => Front::More,
    }
}

/// FF, length of the data, operation, status of two bytes, data, CRC with its high byte first.
fn mercury(bytes: &[u8]) -> Front {
    match bytes {
        [first, ..] if *first != 0xff => Front::Nothing,
        [_, length, ..] => {
            let length = usize::from(*length) + 7;
            let Some(frame) = bytes.get(..length) else { return Front::More };
            let (body, told) = frame.split_at(length - 2);
            if crc::mercury(&body[1..]).to_be_bytes() == *told {
                Front::Frame(length)
            } else {
                Front::Wrong
            }
        }
        _ => Front::More,
    }
}
