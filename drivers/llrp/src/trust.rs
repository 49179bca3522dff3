//! TLS to a reader: whom to trust, by a pinned digest or by authorities.
//!
//! Invariants: a reader without a private key that fits the pinned digest never gets a byte of ours; what it
//! showed instead is told. A pin trusts exactly one certificate or key, so names and dates don't matter.
//! Absent: certificates of our own (readers don't ask for them), revocation.

use std::sync::Arc;

use gatewarden_model::Hash;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::settings::Trust;

/// Most bytes of a file of authorities.
const AUTHORITIES_BYTES_MAX: u64 = 1 << 20;

/// An open TLS connection, and the digest of the reader's public key.
pub(crate) struct Trusted {
    pub(crate) stream: TlsStream<TcpStream>,
    pub(crate) key: Option<Hash>,
}

/// Shakes hands; the error is a sentence for people.
pub(crate) async fn shake_hands(
    stream: TcpStream,
    host: &str,
    trust: &Trust,
) -> Result<Trusted, String> {
    let config = config(trust).await?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("{host} is no name that a certificate can hold"))?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream =
        connector.connect(name, stream).await.map_err(|error| refusal(trust, host, &error))?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let key = shown.and_then(key_digest);
    Ok(Trusted { stream, key })
}

fn refusal(trust: &Trust, host: &str, error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    match (inner, trust) {
        (Some(Error::General(text)), _) => text.clone(),
        (Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)), _) => format!(
            "the certificate of {host} was not made by the configured authorities: it was swapped, or \
             tls.ca names the wrong file"
        ),
        (Some(Error::InvalidCertificate(why)), _) => {
            format!(
                "the certificate of {host} is not trusted: {why}; one that the reader signed itself is pinned \
                 with tls.sha256"
            )
        }
        (Some(Error::InvalidMessage(_)), _) => format!(
            "{host} does not speak TLS on this port; LLRP's TLS port is 5085, and the reader must have it on"
        ),
        _ => format!("no TLS with {host}: {error}"),
    }
}

async fn config(trust: &Trust) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = match trust {
        Trust::Pin(pin) => Verifier { trust: By::Pin(*pin), provider: Arc::clone(&provider) },
        Trust::Anybody => Verifier { trust: By::Nothing, provider: Arc::clone(&provider) },
        Trust::Authorities(path) => {
            let bad = |why: String| format!("tls.ca {}: {why}", path.display());
            let size = tokio::fs::metadata(path).await.map_err(|e| bad(e.to_string()))?.len();
            if size > AUTHORITIES_BYTES_MAX {
                return Err(bad(format!("more than {AUTHORITIES_BYTES_MAX} bytes")));
            }
            let pem = tokio::fs::read(path).await.map_err(|e| bad(e.to_string()))?;
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|e| bad(e.to_string()))?;
                roots.add(certificate).map_err(|e| bad(e.to_string()))?;
            }
            if roots.is_empty() {
                return Err(bad("it holds no certificate in PEM".to_owned()));
            }
            Verifier { trust: By::Roots(roots), provider: Arc::clone(&provider) }
        }
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// The SHA-256 digest of a certificate's public key (SubjectPublicKeyInfo).
fn key_digest(certificate: &CertificateDer<'_>) -> Option<Hash> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    Some(Hash::of(&parsed.subject_public_key_info()))
}

#[derive(Debug)]
enum By {
    Nothing,
    Pin(Hash),
    Roots(RootCertStore),
}

#[derive(Debug)]
struct Verifier {
    trust: By,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trust {
            By::Pin(pin) => {
                let shown = [Some(Hash::of(end_entity)), key_digest(end_entity)];
                if shown.contains(&Some(*pin)) {
                    return Ok(ServerCertVerified::assertion());
                }
                let certificate = Hash::of(end_entity);
                Err(Error::General(format!(
                    "the reader shows another certificate than the pinned one: sha256 {certificate}; was the \
                     reader swapped or its certificate made anew? Compare it at the reader, then set \
                     tls.sha256"
                )))
            }
            By::Nothing => Ok(ServerCertVerified::assertion()),
            By::Roots(roots) => {
                let certificate = ParsedCertificate::try_from(end_entity)?;
                let algorithms = self.provider.signature_verification_algorithms.all;
                verify_server_cert_signed_by_trust_anchor(
                    &certificate,
                    roots,
                    intermediates,
                    now,
                    algorithms,
                )?;
                rustls::client::verify_server_name(&certificate, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
