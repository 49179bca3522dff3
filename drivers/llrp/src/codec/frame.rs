//! The ten-byte header: three reserved bits, three of version, ten of type; length; message id.

use super::{
    CodecError, FRAME_BYTES_MAX, HEADER_BYTES, Message, MessageKind, VERSION_1_0_1, VERSION_1_1,
};

/// One whole frame, borrowed from the receive buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Header version: 1 is LLRP 1.0.1, 2 is 1.1.
    pub version: u8,
    /// The message's type.
    pub kind: MessageKind,
    /// The message's id; a response carries its request's.
    pub id: u32,
    /// What follows the header.
    pub body: &'a [u8],
    /// Header and body, as they came.
    pub bytes: &'a [u8],
}

/// The first frame of `input`; `None` if it is not all there yet. `input` may hold more behind it.
///
/// Fails at once on a header that can't be right, however little of the frame is there.
pub fn split_frame(input: &[u8]) -> Result<Option<Frame<'_>>, CodecError> {
    let Some(&first) = input.first() else { return Ok(None) };
    let version = (first >> 2) & 7;
    if !(VERSION_1_0_1..=VERSION_1_1).contains(&version) {
        return Err(CodecError::Version(version));
    }
    let Some(header) = input.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let [k0, k1, l0, l1, l2, l3, i0, i1, i2, i3] = *header;
    let claimed = u32::from_be_bytes([l0, l1, l2, l3]);
    let length = usize::try_from(claimed)
        .ok()
        .filter(|length| (HEADER_BYTES..=FRAME_BYTES_MAX).contains(length))
        .ok_or(CodecError::FrameLength(claimed.into()))?;
    let Some(bytes) = input.get(..length) else { return Ok(None) };
    Ok(Some(Frame {
        version,
        kind: MessageKind(u16::from_be_bytes([k0, k1]) & 0x3FF),
        id: u32::from_be_bytes([i0, i1, i2, i3]),
        body: &bytes[HEADER_BYTES..],
        bytes,
    }))
}

/// The first message of `input` and how many bytes it took; `None` if it is not all there yet.
pub fn decode_frame(input: &[u8]) -> Result<Option<(Message, usize)>, CodecError> {
    let Some(frame) = split_frame(input)? else { return Ok(None) };
    Ok(Some((Message::from_frame(&frame)?, frame.bytes.len())))
}

/// Starts a frame in `out`; give what it returns to [`finish`].
pub(super) fn start(version: u8, kind: MessageKind, id: u32, out: &mut Vec<u8>) -> usize {
    let at = out.len();
    let first = (u16::from(version & 7) << 10) | (kind.0 & 0x3FF);
    out.extend_from_slice(&first.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&id.to_be_bytes());
    at
}

/// Fills in the length of the frame started at `at`.
pub(super) fn finish(at: usize, out: &mut [u8]) -> Result<(), CodecError> {
    let bytes = out.len() - at;
    let length = u32::try_from(bytes).ok().filter(|_| bytes <= FRAME_BYTES_MAX);
    let length = length.ok_or(CodecError::TooLong { what: "message", bytes })?;
    out[at + 2..at + 6].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
