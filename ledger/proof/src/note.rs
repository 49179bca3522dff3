//! Signed notes (C2SP signed-note v1) and checkpoints (C2SP tlog-checkpoint), Ed25519 only.
//!
//! A checkpoint's text is three lines: origin, tree size, base64 root. Its signature line is
//! `— NAME base64(key id ‖ signature)`, where the key id is the first four bytes of
//! SHA-256(NAME ‖ LF ‖ 0x01 ‖ public key) and NAME is the origin. Signatures of keys that are not
//! known (witnesses, rotated keys) are ignored, as the specification asks. Absent: cosignatures
//! (type 0x04), which come with the witnesses.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use gatewarden_model::Hash;
use sha2::{Digest, Sha256};

/// The signature type of Ed25519 over the note's text.
const ALGORITHM_ED25519: u8 = 0x01;

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

/// Whether a text can be a key's name and a log's origin here: no space, plus or control character.
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// The id of a key under a name.
#[must_use]
pub fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ALGORITHM_ED25519])
        .chain_update(key.as_bytes())
        .finalize()
        .into();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// The public key in the text form that other tools for signed notes read: `NAME+ID+base64`.
#[must_use]
pub fn verifier_key_text(name: &str, key: &VerifyingKey) -> String {
    let id = u32::from_be_bytes(key_id(name, key));
    let mut bytes = vec![ALGORITHM_ED25519];
    bytes.extend_from_slice(key.as_bytes());
    format!("{name}+{id:08x}+{}", STANDARD.encode(bytes))
}

/// Reads `NAME+ID+base64`. Fails where the id does not fit the key.
pub fn parse_verifier_key(text: &str) -> Result<(String, VerifyingKey), NoteError> {
    let mut parts = text.trim().splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key("a part is missing"));
    };
    let bytes = STANDARD.decode(key).map_err(|_| NoteError::Key("bad base64"))?;
    let Some((&ALGORITHM_ED25519, key)) = bytes.split_first() else {
        return Err(NoteError::Key("not Ed25519"));
    };
    let key = key.try_into().map_err(|_| NoteError::Key("not 32 bytes"))?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key("not a curve point"))?;
    let fits = format!("{:08x}", u32::from_be_bytes(key_id(name, &key))) == id;
    if !is_key_name(name) || !fits {
        return Err(NoteError::Key("the id does not fit"));
    }
    Ok((name.to_owned(), key))
}

/// Signs a text that ends in a line feed; the whole note.
#[must_use]
pub fn sign(text: &str, name: &str, key: &SigningKey) -> String {
    let mut bytes = key_id(name, &key.verifying_key()).to_vec();
    bytes.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(bytes))
}

/// The text of a note that `key` signed under `name`.
pub fn open<'a>(note: &'a str, name: &str, key: &VerifyingKey) -> Result<&'a str, NoteError> {
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
    let shown = || verifier_key_text(name, key);
    let mut signed = false;
    for line in signatures.lines() {
        let rest =
            line.strip_prefix("\u{2014} ").ok_or(NoteError::Shape("a bad signature line"))?;
        let (signer, code) =
            rest.split_once(' ').ok_or(NoteError::Shape("a bad signature line"))?;
        let bytes = STANDARD.decode(code).map_err(|_| NoteError::Shape("a bad signature line"))?;
        let Some((id, signature)) = bytes.split_first_chunk::<4>() else {
            return Err(NoteError::Shape("a bad signature line"));
        };
        if !is_key_name(signer) {
            return Err(NoteError::Shape("a bad key name"));
        }
        if signer != name || *id != key_id(name, key) {
            continue;
        }
        let fits = Signature::from_slice(signature)
            .is_ok_and(|s| key.verify_strict(text.as_bytes(), &s).is_ok());
        if !fits {
            return Err(NoteError::Forged(shown()));
        }
        signed = true;
    }
    if signed { Ok(text) } else { Err(NoteError::Unsigned(shown())) }
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

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        sign(&self.text(), &self.origin, key)
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
