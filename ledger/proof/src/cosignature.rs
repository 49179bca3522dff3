//! Cosignatures: what a witness says of a checkpoint (C2SP tlog-cosignature, Ed25519, type 0x04).
//!
//! The signed message is `cosignature/v1`, `time SECONDS` and the checkpoint's text, each ended by a
//! line feed; the line carries key id ‖ seconds (64 bits, big endian) ‖ signature. It means: at that
//! time this was the largest tree of the log that the witness had seen, and a continuation of all
//! that it saw before. Absent: ML-DSA-44 (type 0x06), and clocks: the time is an argument.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::note::{
    ALGORITHM_COSIGNATURE, NoteError, SignatureLine, key_id_of, key_text_of, parse_key_of,
    signature_line,
};

/// Latest time that may be signed, in seconds since 1970.
const TIME_MAX: u64 = i64::MAX as u64;

/// A witness's name and public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    /// The name in its signature lines.
    pub name: String,
    /// The key.
    pub key: VerifyingKey,
}

impl WitnessKey {
    /// Reads `NAME+ID+base64(0x04 ‖ key)`.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, key) = parse_key_of(ALGORITHM_COSIGNATURE, text)?;
        Ok(Self { name, key })
    }

    /// The key as text.
    #[must_use]
    pub fn text(&self) -> String {
        key_text_of(ALGORITHM_COSIGNATURE, &self.name, &self.key)
    }

    /// When the witness signed `text` by this line, in seconds since 1970; none where the line is
    /// of another key, an error where it claims to be of this one and does not fit.
    pub fn signed_at(
        &self,
        text: &str,
        line: &SignatureLine<'_>,
    ) -> Result<Option<u64>, NoteError> {
        if !line.is_of(ALGORITHM_COSIGNATURE, &self.name, &self.key) {
            return Ok(None);
        }
        let forged = || NoteError::Forged(self.text());
        let (time, signature) = line.signature.split_first_chunk::<8>().ok_or_else(forged)?;
        let time = u64::from_be_bytes(*time);
        let signature = Signature::from_slice(signature).map_err(|_| forged())?;
        let fits = (1..=TIME_MAX).contains(&time)
            && self.key.verify_strict(message(time, text).as_bytes(), &signature).is_ok();
        if fits { Ok(Some(time)) } else { Err(forged()) }
    }
}

/// The signature line (with its line feed) of a witness over a checkpoint's text.
#[must_use]
pub fn cosign(text: &str, name: &str, key: &SigningKey, time: u64) -> String {
    let signature = key.sign(message(time, text).as_bytes()).to_bytes();
    let id = key_id_of(ALGORITHM_COSIGNATURE, name, &key.verifying_key());
    signature_line(name, id, &[&time.to_be_bytes()[..], &signature].concat())
}

fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::split;

    const TEXT: &str = "example.com/log\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn witness() -> (SigningKey, WitnessKey) {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = WitnessKey { name: "witness.example/w1".into(), key: key.verifying_key() };
        (key, public)
    }

    #[test]
    fn a_cosignature_says_when_and_fits_one_text_only() {
        let (key, public) = witness();
        let note = format!("{TEXT}\n{}", cosign(TEXT, &public.name, &key, 1_679_315_147));
        let (text, lines) = split(&note).expect("a note");
        assert_eq!(public.signed_at(text, &lines[0]), Ok(Some(1_679_315_147)));
        let other = text.replace("\n3\n", "\n4\n");
        assert!(matches!(public.signed_at(&other, &lines[0]), Err(NoteError::Forged(_))));
        let mut later = lines[0].clone();
        later.signature[7] ^= 1;
        assert!(matches!(public.signed_at(text, &later), Err(NoteError::Forged(_))), "its time");
        let stranger = WitnessKey { name: "other".into(), ..public };
        assert_eq!(stranger.signed_at(text, &lines[0]), Ok(None));
    }

    // The specification's example; its key is known from the example of the witness protocol only
    // by id, so the parts are compared, not the signature.
    #[test]
    fn the_specifications_line_has_these_parts() {
        let line = SignatureLine::parse(
            "\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==",
        )
        .expect("reads");
        assert_eq!((line.name, line.id), ("witness.example.com/w1", [0x8d, 0x66, 0xcf, 0x3f]));
        assert_eq!(line.signature[..8], 1_679_315_147_u64.to_be_bytes());
        assert_eq!(line.signature.len(), 72);
    }

    #[test]
    fn a_key_is_of_a_witness_or_of_a_log_never_both() {
        let (_, public) = witness();
        assert_eq!(WitnessKey::parse(&public.text()), Ok(public.clone()));
        let as_log = crate::verifier_key_text(&public.name, &public.key);
        assert_ne!(as_log, public.text());
        let told = WitnessKey::parse(&as_log).map_err(|e| e.to_string());
        assert_eq!(
            told,
            Err("not a verifier key: expected NAME+8 hex digits+base64 (it is a log's key, not a \
                 witness's)"
                .into())
        );
        assert!(crate::parse_verifier_key(&public.text()).is_err());
    }

    #[test]
    fn a_time_of_zero_or_beyond_63_bits_is_refused() {
        let (key, public) = witness();
        for time in [0, 1 << 63] {
            let note = format!("{TEXT}\n{}", cosign(TEXT, &public.name, &key, time));
            let (text, lines) = split(&note).expect("a note");
            assert!(matches!(public.signed_at(text, &lines[0]), Err(NoteError::Forged(_))));
        }
    }
}
