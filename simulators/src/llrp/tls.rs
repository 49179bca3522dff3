//! TLS of a simulated reader: certificates made for tests, which everybody knows the keys of.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// What a connection's bytes go over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A certificate of a simulated reader with its key, for 127.0.0.1 and localhost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimCertificate {
    /// The first.
    One,
    /// Another, as after a reader was swapped.
    Two,
}

impl SimCertificate {
    /// The authority that vouches for [`SimCertificate::One`], in PEM; the other one signs itself.
    pub const AUTHORITY: &str = include_str!("tls/authority.pem");

    /// Certificate and key in PEM.
    #[must_use]
    pub fn pem(self) -> &'static str {
        match self {
            Self::One => include_str!("tls/reader-1.pem"),
            Self::Two => include_str!("tls/reader-2.pem"),
        }
    }

    /// The certificate in DER, to take digests of.
    ///
    /// # Errors
    /// None with the certificates that are built in.
    pub fn der(self) -> io::Result<Vec<u8>> {
        let pem = CertificateDer::from_pem_slice(self.pem().as_bytes());
        pem.map(|der| der.to_vec()).map_err(io::Error::other)
    }

    pub(super) fn acceptor(self) -> io::Result<TlsAcceptor> {
        let pem = self.pem().as_bytes();
        let chain = vec![CertificateDer::from_pem_slice(pem).map_err(io::Error::other)?];
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// The stream with TLS where that is wanted; `None` where it fails.
pub(super) async fn shake_hands(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
) -> Option<Box<dyn Stream>> {
    match tls {
        Some(acceptor) => Some(Box::new(acceptor.accept(stream).await.ok()?)),
        None => Some(Box::new(stream)),
    }
}
