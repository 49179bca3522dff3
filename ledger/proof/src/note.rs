//! Signed notes (C2SP signed-note v1) and checkpoints (C2SP tlog-checkpoint), Ed25519 only.
//!
//! A checkpoint's text is three lines: origin, tree size, base64 root. Its signature line is
//! `— NAME base64(key id ‖ signature)`, where the key id is the first four bytes of
//! SHA-256(NAME ‖ LF ‖ 0x01 ‖ public key) and NAME is the origin. Signatures of keys that are not
//! known (witnesses, rotated keys) are ignored, as the specification asks. Cosignatures (type 0x04)
//! stand in `cosignature`; which keys count for which sizes in `trust`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use gatewarden_model::Hash;
use sha2::{Digest, Sha256};

/// The signature type of Ed25519 over the note's text.
pub(crate) const ALGORITHM_ED25519: u8 = 0x01;

/// The signature type of a timestamped Ed25519 cosignature.
pub(crate) const ALGORITHM_COSIGNATURE: u8 = 0x04;

/// Longest note that is read.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;

/// Most signature lines that are read.
pub const SIGNATURES_MAX: usize = 64;

/// Why a text is not a note or checkpoint that can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the shape of a signed note or checkpoint.
    #[error("not a signed checkpoint: {0}")]
    Shape(&'static str),
    /// No signature by the trusted key.
    #[error("the checkpoint is not signed by the key {0}")]
    Unsigned(String),
    /// No signature by any key that is trusted for its log.
    #[error("no trusted key of the ledger {0:?} signed the checkpoint")]
    Nobody(String),
    /// A log that no trusted key names.
    #[error("the checkpoint is of the ledger {0:?}, of which no key is trusted")]
    Stranger(String),
    /// A key that does not count for checkpoints of this size.
    #[error("{}", range_words(key, *size, *from, *until))]
    Range {
        /// The key.
        key: String,
        /// The checkpoint's size.
        size: u64,
        /// The smallest size it counts for.
        from: u64,
        /// The largest.
        until: Option<u64>,
    },
    /// Too few witnesses.
    #[error(
        "too few witnesses cosigned the checkpoint: the rule is {rule}, it was cosigned by {by}"
    )]
    Unwitnessed {
        /// The quorum, in words.
        rule: String,
        /// Who did.
        by: String,
    },
    /// The signature by the trusted key does not fit the text.
    #[error("the signature of the key {0} does not fit the checkpoint's text")]
    Forged(String),
    /// Another log's.
    #[error("the checkpoint is of the ledger {found:?}, not of {expected:?}")]
    Origin {
        /// The origin asked for.
        expected: String,
        /// The origin it has.
        found: String,
    },
    /// Not a verifier key.
    #[error("not a verifier key: expected NAME+8 hex digits+base64 ({0})")]
    Key(&'static str),
}

/// What a key that is used outside its range did.
fn range_words(key: &str, size: u64, from: u64, until: Option<u64>) -> String {
    match until {
        Some(until) if size > until => format!(
            "the checkpoint of {size} entries is signed by the key {key}, which was rotated away \
             after {until} entries: whoever signed it has a key that counts no more"
        ),
        _ => format!(
            "the checkpoint of {size} entries is signed by the key {key}, which counts only from \
             {from} entries on"
        ),
    }
}

/// Whether a text can be a key's name and a log's origin here: no space, plus or control character.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// The id of a key under a name, for the note's own signature.
#[must_use]
pub fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    key_id_of(ALGORITHM_ED25519, name, key)
}

/// The id of a key under a name for a signature type (C2SP signed-note, signature types).
pub(crate) fn key_id_of(algorithm: u8, name: &str, key: &VerifyingKey) -> [u8; 4] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', algorithm])
        .chain_update(key.as_bytes())
        .finalize()
        .into();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// The public key in the text form that other tools for signed notes read: `NAME+ID+base64`.
#[must_use]
pub fn verifier_key_text(name: &str, key: &VerifyingKey) -> String {
    key_text_of(ALGORITHM_ED25519, name, key)
}

pub(crate) fn key_text_of(algorithm: u8, name: &str, key: &VerifyingKey) -> String {
    let id = u32::from_be_bytes(key_id_of(algorithm, name, key));
    let mut bytes = vec![algorithm];
    bytes.extend_from_slice(key.as_bytes());
    format!("{name}+{id:08x}+{}", STANDARD.encode(bytes))
}

/// Reads `NAME+ID+base64`. Fails where the id does not fit the key.
pub fn parse_verifier_key(text: &str) -> Result<(String, VerifyingKey), NoteError> {
    parse_key_of(ALGORITHM_ED25519, text)
}

pub(crate) fn parse_key_of(algorithm: u8, text: &str) -> Result<(String, VerifyingKey), NoteError> {
    let mut parts = text.trim().splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key("a part is missing"));
    };
    let bytes = STANDARD.decode(key).map_err(|_| NoteError::Key("bad base64"))?;
    let Some((found, key)) = bytes.split_first() else {
        return Err(NoteError::Key("it is empty"));
    };
    if *found != algorithm {
        return Err(NoteError::Key(wrong_type(*found)));
    }
    let key = key.try_into().map_err(|_| NoteError::Key("not 32 bytes"))?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key("not a curve point"))?;
    let fits = format!("{:08x}", u32::from_be_bytes(key_id_of(algorithm, name, &key))) == id;
    if !is_key_name(name) || !fits {
        return Err(NoteError::Key("the id does not fit"));
    }
    Ok((name.to_owned(), key))
}

fn wrong_type(found: u8) -> &'static str {
    match found {
        ALGORITHM_ED25519 => "it is a log's key, not a witness's",
        ALGORITHM_COSIGNATURE => "it is a witness's key, not a log's",
        _ => "not Ed25519",
    }
}

/// Signs a text that ends in a line feed; the whole note.
#[must_use]
pub fn sign(text: &str, name: &str, key: &SigningKey) -> String {
    format!("{text}\n{}", signed_line(text, name, key))
}

/// The signature line of a text, with its line feed.
fn signed_line(text: &str, name: &str, key: &SigningKey) -> String {
    let id = key_id(name, &key.verifying_key());
    signature_line(name, id, &key.sign(text.as_bytes()).to_bytes())
}

/// A signature line with its line feed.
pub(crate) fn signature_line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    let bytes = [&id[..], signature].concat();
    format!("\u{2014} {name} {}\n", STANDARD.encode(bytes))
}

/// A line `— NAME base64(key id ‖ signature)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine<'a> {
    /// The key's name.
    pub name: &'a str,
    /// The key's id.
    pub id: [u8; 4],
    /// The signature's bytes.
    pub signature: Vec<u8>,
    /// The line as it stands, without its line feed.
    pub line: &'a str,
}

impl<'a> SignatureLine<'a> {
    /// Reads a line without its line feed.
    pub fn parse(line: &'a str) -> Result<Self, NoteError> {
        let bad = NoteError::Shape("a bad signature line");
        let rest = line.strip_prefix("\u{2014} ").ok_or(bad.clone())?;
        let (name, code) = rest.split_once(' ').ok_or(bad.clone())?;
        let bytes = STANDARD.decode(code).map_err(|_| bad.clone())?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(bad)?;
        if !is_key_name(name) {
            return Err(NoteError::Shape("a bad key name"));
        }
        Ok(Self { name, id: *id, signature: signature.to_vec(), line })
    }

    /// Whether the line claims to be of this key.
    pub(crate) fn is_of(&self, algorithm: u8, name: &str, key: &VerifyingKey) -> bool {
        self.name == name && self.id == key_id_of(algorithm, name, key)
    }
}

/// The text of a note (with its last line feed) and its signature lines. Nothing is checked but the
/// shape.
pub fn split(note: &str) -> Result<(&str, Vec<SignatureLine<'_>>), NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::Shape("too long"));
    }
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(NoteError::Shape("it has a control character"));
    }
    let blank = note.rfind("\n\n").ok_or(NoteError::Shape("no blank line"))?;
    let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
    if !signatures.ends_with('\n') || signatures.lines().count() > SIGNATURES_MAX {
        return Err(NoteError::Shape("the signatures don't end, or are too many"));
    }
    let lines: Result<_, _> = signatures.split_terminator('\n').map(SignatureLine::parse).collect();
    Ok((text, lines?))
}

/// Whether `key` signed the text under `name`: false where no line says so, an error where one does
/// and its signature does not fit.
pub(crate) fn is_signed(
    text: &str,
    lines: &[SignatureLine<'_>],
    name: &str,
    key: &VerifyingKey,
) -> Result<bool, NoteError> {
    let mut signed = false;
    for line in lines.iter().filter(|line| line.is_of(ALGORITHM_ED25519, name, key)) {
        let fits = Signature::from_slice(&line.signature)
            .is_ok_and(|s| key.verify_strict(text.as_bytes(), &s).is_ok());
        if !fits {
            return Err(NoteError::Forged(verifier_key_text(name, key)));
        }
        signed = true;
    }
    Ok(signed)
}

/// The text of a note that `key` signed under `name`.
pub fn open<'a>(note: &'a str, name: &str, key: &VerifyingKey) -> Result<&'a str, NoteError> {
    let (text, lines) = split(note)?;
    if is_signed(text, &lines, name, key)? {
        return Ok(text);
    }
    Err(NoteError::Unsigned(verifier_key_text(name, key)))
}

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's identity.
    pub origin: String,
    /// How many leaves the tree has.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Reads the text without any signature. Extension lines are refused: nothing here writes them.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(NoteError::Shape("expected the three lines origin, size, root"));
        };
        let number: u64 = size.parse().map_err(|_| NoteError::Shape("the size is no number"))?;
        if origin.is_empty() || number.to_string() != size {
            return Err(NoteError::Shape("the origin is empty or the size is not shortest"));
        }
        let root = decode_hash(root).ok_or(NoteError::Shape("the root is not 32 bytes"))?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }

    /// As `parse`, for the checkpoint of any log: extension lines after the root are passed over, as
    /// a witness must.
    pub fn parse_any(text: &str) -> Result<Self, NoteError> {
        let mut ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let head = ends.nth(2).map_or(text, |end| &text[..end]);
        let rest = text[head.len()..].split_terminator('\n');
        if rest.into_iter().any(str::is_empty) {
            return Err(NoteError::Shape("an empty extension line"));
        }
        Self::parse(head)
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        sign(&self.text(), &self.origin, key)
    }

    /// A further key's signature line, to be put at the end of the signed note.
    #[must_use]
    pub fn signature(&self, key: &SigningKey) -> String {
        signed_line(&self.text(), &self.origin, key)
    }

    /// Reads a note that `key` signed for the log `origin`.
    pub fn open(note: &str, origin: &str, key: &VerifyingKey) -> Result<Self, NoteError> {
        let found = note.lines().next().unwrap_or_default();
        if found != origin {
            let (expected, found) = (origin.to_owned(), found.chars().take(80).collect());
            return Err(NoteError::Origin { expected, found });
        }
        Self::parse(open(note, origin, key)?)
    }
}

/// Reads 32 bytes of base64.
pub(crate) fn decode_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok().map(Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of golang.org/x/mod/sumdb/note, the format's first description.
    const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf\
        qdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn the_published_note_opens_and_nothing_near_it_does() {
        let (name, key) = parse_verifier_key(VERIFIER).expect("the key reads");
        assert_eq!(verifier_key_text(&name, &key), VERIFIER);
        let text = open(NOTE, &name, &key).expect("the note opens");
        assert!(text.ends_with("what your problem is.\n"));
        let forged = NOTE.replace("don't", "do");
        assert!(matches!(open(&forged, &name, &key), Err(NoteError::Forged(_))));
        assert!(matches!(open(NOTE, "Peter", &key), Err(NoteError::Unsigned(_))));
        for bad in ["", "a\n", "a\n\n", "a\n\n- x y\n", &NOTE[..NOTE.len() - 1]] {
            assert!(matches!(open(bad, &name, &key), Err(NoteError::Shape(_))), "{bad:?}");
        }
    }

    #[test]
    fn checkpoints_round_trip_and_strangers_signatures_are_ignored() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let mine =
            Checkpoint { origin: "dock-1".into(), size: 20_852_163, root: Hash::of(b"root") };
        let stranger = SigningKey::from_bytes(&[8; 32]);
        let extra = sign(&mine.text(), "witness.example", &stranger);
        let note = mine.sign(&key) + extra.rsplit_once("\n\n").expect("two parts").1;
        assert_eq!(Checkpoint::open(&note, "dock-1", &key.verifying_key()), Ok(mine));
        let other = Checkpoint::open(&note, "dock-2", &key.verifying_key());
        assert!(matches!(other, Err(NoteError::Origin { .. })));
        let wrong = Checkpoint::open(&note, "dock-1", &stranger.verifying_key());
        assert!(matches!(wrong, Err(NoteError::Unsigned(_))));
    }

    #[test]
    fn the_specifications_checkpoint_parses() {
        let text = "example.com/behind-the-sofa\n20852163\n\
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let read = Checkpoint::parse(text).expect("parses");
        assert_eq!((read.size, read.text().as_str()), (20_852_163, text));
        for bad in [text.replace("2085", "02085"), format!("{text}x\n"), text.replace("sU", "s")] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad}");
        }
    }
}
