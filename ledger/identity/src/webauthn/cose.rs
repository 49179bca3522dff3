//! Public keys as COSE writes them (RFC 9052, RFC 9053), and signatures of theirs.
//!
//! ES256 on P-256 and EdDSA on Ed25519, nothing else. A key that exists is a point on its curve and
//! not a weak one. WebAuthn, section 6.5.1.1: `alg` must stand there, other optional parameters must
//! not; section 5.8.5: P-256 points are not compressed, EdDSA means Ed25519.

use ed25519_dalek::VerifyingKey as EdKey;
use p256::ecdsa::{Signature as EcSignature, VerifyingKey as EcKey, signature::Verifier as _};
use serde::{Deserialize, Serialize};

use super::{
    WebauthnError,
    cbor::{self, Value},
};

const PART: &str = "the public key";

/// What a passkey signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, COSE -7.
    Es256,
    /// EdDSA on Ed25519, COSE -8.
    Eddsa,
}

impl Algorithm {
    /// All that are asked for, the preferred first.
    pub const ALL: [Self; 2] = [Self::Es256, Self::Eddsa];

    /// Its number in the COSE registry.
    #[must_use]
    pub fn cose(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Eddsa => -8,
        }
    }
}

/// A public key, checked.
#[derive(Debug, Clone)]
pub(super) enum PublicKey {
    Es256(Box<EcKey>),
    Eddsa(Box<EdKey>),
}

impl PublicKey {
    /// Parses a COSE_Key.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, WebauthnError> {
        let key = cbor::read(bytes).map_err(|source| WebauthnError::Cbor { part: PART, source })?;
        let at = |label: i64| key.at(&Value::Int(label));
        let int = |label: i64| at(label).and_then(Value::int);
        let problem = |problem| WebauthnError::Malformed { part: PART, problem };
        let alg = int(3).ok_or(problem("it names no algorithm"))?;
        let algorithm = Algorithm::ALL.into_iter().find(|a| a.cose() == alg);
        let algorithm = algorithm.ok_or(WebauthnError::UnknownAlgorithm { got: alg })?;
        let coordinate = |label: i64| -> Option<[u8; 32]> { at(label)?.bytes()?.try_into().ok() };
        // RFC 9053, sections 7.1.1 and 7.2: kty 2 with crv 1, kty 1 with crv 6.
        let (kty, crv, labels) = match algorithm {
            Algorithm::Es256 => (2, 1, 5),
            Algorithm::Eddsa => (1, 6, 4),
        };
        if int(1) != Some(kty) || int(-1) != Some(crv) {
            return Err(problem("its type and curve are not those of its algorithm"));
        }
        if key.pairs().map(<[_]>::len) != Some(labels) {
            return Err(problem("it has other parameters than the required ones"));
        }
        let x = coordinate(-2).ok_or(problem("x is not 32 bytes"))?;
        match algorithm {
            Algorithm::Es256 => es256(x, coordinate(-3).ok_or(problem("y is not 32 bytes"))?),
            Algorithm::Eddsa => eddsa(x),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::Es256,
            Self::Eddsa(_) => Algorithm::Eddsa,
        }
    }

    /// Whether a signature (WebAuthn, section 6.5.5: DER for ES256, 64 bytes for EdDSA) holds.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(key) => EcSignature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Self::Eddsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }
}

fn es256(x: [u8; 32], y: [u8; 32]) -> Result<PublicKey, WebauthnError> {
    let point = [&[4][..], &x, &y].concat();
    let key = EcKey::from_sec1_bytes(&point).map_err(|_| WebauthnError::BadKey)?;
    Ok(PublicKey::Es256(Box::new(key)))
}

fn eddsa(x: [u8; 32]) -> Result<PublicKey, WebauthnError> {
    let key = EdKey::from_bytes(&x).ok().filter(|key| !key.is_weak());
    Ok(PublicKey::Eddsa(Box::new(key.ok_or(WebauthnError::BadKey)?)))
}
