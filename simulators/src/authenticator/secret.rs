//! The private key of one credential.
//!
//! Absent: where its seed comes from.

use p256::ecdsa::signature::Signer as _;

use super::{KeyKind, cbor};

#[derive(Clone)]
pub(super) enum Secret {
    Es256(Box<p256::ecdsa::SigningKey>),
    Eddsa(Box<ed25519_dalek::SigningKey>),
}

impl Secret {
    /// The private key that follows from a seed.
    pub(super) fn new(kind: KeyKind, seed: &[u8; 32]) -> Option<Self> {
        Some(match kind {
            KeyKind::Es256 => {
                Self::Es256(Box::new(p256::ecdsa::SigningKey::from_slice(seed).ok()?))
            }
            KeyKind::Eddsa => Self::Eddsa(Box::new(ed25519_dalek::SigningKey::from_bytes(seed))),
        })
    }

    /// The public key as a COSE_Key (RFC 9053, sections 7.1.1 and 7.2).
    pub(super) fn cose(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let bytes = point.as_bytes();
                let (x, y) = bytes[1..].split_at(32);
                let labels = [(1, cbor::int(2)), (3, cbor::int(-7)), (-1, cbor::int(1))];
                let points = [(-2, cbor::bytes(x)), (-3, cbor::bytes(y))];
                cbor::int_map(labels.into_iter().chain(points))
            }
            Self::Eddsa(key) => cbor::int_map([
                (1, cbor::int(1)),
                (3, cbor::int(-8)),
                (-1, cbor::int(6)),
                (-2, cbor::bytes(key.verifying_key().as_bytes())),
            ]),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Self::Eddsa(key) => ed25519_dalek::Signer::sign(&**key, message).to_bytes().to_vec(),
        }
    }
}
