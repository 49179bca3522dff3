//! A proof as text for QR codes: short, of the characters that QR's alphanumeric mode has, in one
//! part or several.
//!
//! The bytes (integers big endian):
//!
//! ```text
//! 1        1, the version
//! 8        the entry's index
//! 1, 32·n  how many hashes; the hashes from the leaf up
//! 1, n     how long the origin is; the origin
//! 8, 32    the checkpoint's size and root
//! 1        how many signature lines; each:
//!   1, n     how long the name is; the name
//!   2, n     how long the signature is; key id and signature
//! rest     the entry's canonical bytes, raw DEFLATE (RFC 1951)
//! ```
//!
//! A part is `GWP1:I/N:DIGEST:DATA`: part I of N, the first four bytes of the SHA-256 of the whole
//! bytes as 8 upper-case hex digits, and base 45 (RFC 9285) of this part's share of the bytes. Base
//! 45 because scanners garble raw bytes, and because it fills a code as well as bytes do. Nothing
//! here is trusted: the parts only lead back to a `Proof`, which is checked like any other.

use gatewarden_model::{Hash, hash::hex_upper};

use crate::{
    note::{Checkpoint, NoteError, signature_line, split},
    proof::{PROOF_BYTES_MAX, Proof},
};

mod base45;
mod bytes;

use bytes::{Cursor, Writer};

/// What each part begins with.
pub const PREFIX: &str = "GWP1:";

/// Characters of a part at most, so that one QR code takes it with error correction M.
pub const PART_CHARS_MAX: usize = 3000;

/// Most parts.
pub const PARTS_MAX: usize = 999;

const VERSION: u8 = 1;

/// How hard the entry is compressed, of 10.
const EFFORT: u8 = 9;

/// Why there is no compact form, or parts don't make one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompactError {
    /// The proof has something too long for its field.
    #[error("the proof can't be written as a QR code: {0}")]
    TooLarge(&'static str),
    /// The proof's checkpoint is no note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A part is not of this form.
    #[error("not a part of a proof: expected GWP1:PART/PARTS:DIGEST:DATA")]
    Part,
    /// Parts are missing.
    #[error("part {missing} of {parts} is missing")]
    Missing {
        /// The first that is missing.
        missing: usize,
        /// How many there are.
        parts: usize,
    },
    /// The parts are of several proofs.
    #[error("these parts are of several proofs")]
    Mixed,
    /// The bytes are not what was written.
    #[error("the proof's parts are damaged: scan them again")]
    Damaged,
}

/// The parts of a proof, each of at most `chars_max` characters.
pub fn to_parts(proof: &Proof, chars_max: usize) -> Result<Vec<String>, CompactError> {
    let bytes = encode(proof)?;
    let head = format!("{PREFIX}{PARTS_MAX}/{PARTS_MAX}:00000000:").len();
    let room = chars_max.saturating_sub(head) / 3 * 2;
    if room == 0 || bytes.len().div_ceil(room) > PARTS_MAX {
        return Err(CompactError::TooLarge("too many parts"));
    }
    let (digest, parts) = (digest(&bytes), bytes.len().div_ceil(room));
    // Even shares, so that the codes look alike.
    let share = bytes.len().div_ceil(parts);
    let part = |(at, share): (usize, &[u8])| {
        format!("{PREFIX}{}/{parts}:{digest}:{}", at + 1, base45::encode(share))
    };
    Ok(bytes.chunks(share).enumerate().map(part).collect())
}

/// The proof that the parts (in any order, also repeated) make together. It is not checked.
pub fn from_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Proof, CompactError> {
    let mut whole: Option<(usize, String)> = None;
    let mut shares: std::collections::BTreeMap<usize, Vec<u8>> = std::collections::BTreeMap::new();
    for text in parts {
        let part = Part::parse(text.trim()).ok_or(CompactError::Part)?;
        let named = (part.parts, part.digest.to_owned());
        if *whole.get_or_insert_with(|| named.clone()) != named {
            return Err(CompactError::Mixed);
        }
        if shares.insert(part.number, part.share.clone()).is_some_and(|old| old != part.share) {
            return Err(CompactError::Damaged);
        }
    }
    let (parts, expected) = whole.ok_or(CompactError::Part)?;
    if let Some(missing) = (1..=parts).find(|n| !shares.contains_key(n)) {
        return Err(CompactError::Missing { missing, parts });
    }
    let bytes: Vec<u8> = shares.into_values().flatten().collect();
    if digest(&bytes) != expected {
        return Err(CompactError::Damaged);
    }
    decode(&bytes).ok_or(CompactError::Damaged)
}

/// The digest by which the parts of a proof know each other.
#[must_use]
pub fn part_digest(part: &str) -> Option<&str> {
    part.strip_prefix(PREFIX)?.split(':').nth(1)
}

struct Part<'a> {
    number: usize,
    parts: usize,
    digest: &'a str,
    share: Vec<u8>,
}

impl<'a> Part<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.strip_prefix(PREFIX)?.splitn(3, ':');
        let (place, digest, data) = (fields.next()?, fields.next()?, fields.next()?);
        let (number, parts) = place.split_once('/')?;
        let count = |text: &str| text.parse().ok().filter(|n: &usize| n.to_string() == text);
        let (number, parts) = (count(number)?, count(parts)?);
        let fits = (1..=parts).contains(&number) && parts <= PARTS_MAX && digest.len() == 8;
        fits.then_some(Self { number, parts, digest, share: base45::decode(data)? })
    }
}

fn digest(bytes: &[u8]) -> String {
    hex_upper(&Hash::of(bytes).0[..4])
}

fn encode(proof: &Proof) -> Result<Vec<u8>, CompactError> {
    let (text, lines) = split(&proof.checkpoint)?;
    let checkpoint = Checkpoint::parse(text)?;
    let mut out = Writer::default();
    out.raw(&[VERSION]);
    out.raw(&proof.index.to_be_bytes());
    out.count(proof.path.len())?;
    proof.path.iter().for_each(|hash| out.raw(&hash.0));
    out.short(checkpoint.origin.as_bytes())?;
    out.raw(&checkpoint.size.to_be_bytes());
    out.raw(&checkpoint.root.0);
    out.count(lines.len())?;
    for line in &lines {
        out.short(line.name.as_bytes())?;
        out.long(&[&line.id[..], &line.signature].concat())?;
    }
    out.raw(&miniz_oxide::deflate::compress_to_vec(&proof.entry, EFFORT));
    Ok(out.bytes)
}

fn decode(bytes: &[u8]) -> Option<Proof> {
    let mut from = Cursor(bytes);
    if from.take(1)? != [VERSION] {
        return None;
    }
    let index = from.number()?;
    let path = (0..from.count()?).map(|_| from.hash()).collect::<Option<Vec<Hash>>>()?;
    let origin = from.short()?.to_owned();
    let checkpoint = Checkpoint { origin, size: from.number()?, root: from.hash()? };
    let mut note = format!("{}\n", checkpoint.text());
    for _ in 0..from.count()? {
        let name = from.short()?;
        let (id, signature) = from.long()?.split_first_chunk::<4>()?;
        note.push_str(&signature_line(name, *id, signature));
    }
    let entry = miniz_oxide::inflate::decompress_to_vec_with_limit(from.0, PROOF_BYTES_MAX).ok()?;
    Some(Proof { entry, index, path, checkpoint: note })
}
