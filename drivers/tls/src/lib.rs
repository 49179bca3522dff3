//! Whom a driver trusts over TLS, and passwords that are never printed.
//!
//! Invariants: nobody is trusted by default; an authority's certificates or the digest of one certificate must be
//! named. A pin is compared in full and replaces the check of names and dates, never that of the handshake's
//! signature. Absent: the system's authorities, client certificates, revocation.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// Most certificates of one file of authorities.
pub const AUTHORITIES_MAX: usize = 64;

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The authorities in this PEM text.
    Authorities(Vec<u8>),
    /// The one certificate whose DER has this SHA-256.
    Pin([u8; 32]),
}

/// Why there is no TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The PEM text can't be used.
    #[error("the authorities can't be used: {0}; name a file of certificates in PEM")]
    Authorities(String),
    /// The TLS stack refused.
    #[error("TLS can't be set up: {0}")]
    Setup(String),
}

impl Trust {
    /// A pin as 64 hex digits, colons allowed.
    #[must_use]
    pub fn parse_pin(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
        let mut pin = [0u8; 32];
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in pin.iter_mut().zip(digits.chunks_exact(2)) {
            let nibble = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(nibble(pair[0])? << 4 | nibble(pair[1])?).ok()?;
        }
        Some(Self::Pin(pin))
    }

    /// The configuration of a client that trusts these and no others.
    pub fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?;
        Ok(match self {
            Self::Authorities(pem) => {
                builder.with_root_certificates(roots(pem)?).with_no_client_auth()
            }
            Self::Pin(pin) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned { pin: *pin, provider }))
                .with_no_client_auth(),
        })
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem).take(AUTHORITIES_MAX) {
        let certificate = certificate.map_err(|e| TlsError::Authorities(e.to_string()))?;
        roots.add(certificate).map_err(|e| TlsError::Authorities(e.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(TlsError::Authorities("no certificate in it".to_owned())),
        false => Ok(roots),
    }
}

/// Trusts one certificate.
#[derive(Debug)]
struct Pinned {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let digest: [u8; 32] = Sha256::digest(leaf.as_ref()).into();
        if digest == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        let shown: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Err(rustls::Error::General(format!(
            "its certificate is {shown}, which is not the pinned one"
        )))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A password; never printed, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a password.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The password itself. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_all_of_a_digest() {
        let pin = "ab:".repeat(31) + "ab";
        assert_eq!(Trust::parse_pin(&pin), Some(Trust::Pin([0xab; 32])));
        assert_eq!(Trust::parse_pin("abab"), None);
        assert_eq!(Trust::parse_pin(&"x".repeat(64)), None);
        assert!(Trust::Pin([1; 32]).client_config().is_ok());
    }

    #[test]
    fn text_without_a_certificate_is_no_authority() {
        assert!(Trust::Authorities(b"hello".to_vec()).client_config().is_err());
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
    }
}
