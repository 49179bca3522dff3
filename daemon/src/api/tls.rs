//! TLS on the API's own port: rustls with ring, TLS 1.2 and 1.3, HTTP/1.1.
//!
//! With a `client_ca`, machines and people may show a certificate of their own (`clients =
//! "optional"`) or must (`"required"`); one that no authority of that file signed, or whose time is
//! over, ends the handshake. The SHA-256 of a shown certificate comes to the handlers in `Peer`.
//! Handshakes run beside each other, each on a connection of `bounded`'s and within `HANDSHAKE_MAX`,
//! so that a silent client holds up nobody. Absent: revocation lists and new certificates without a
//! restart.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use gatewarden_config::{TlsClients, TlsSection};
use gatewarden_model::Hash;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::sync::mpsc;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::task::AbortOnDropHandle;

use super::{
    auth::Peer,
    bounded::{Bounded, Connection},
};

/// Longest handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Certificates of one file at most.
const CERTIFICATES_MAX: usize = 64;

/// Reads certificate, key and authorities.
pub(super) fn acceptor(section: &TlsSection) -> anyhow::Result<TlsAcceptor> {
    let chain = certificates(&section.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&section.key)
        .map_err(|error| anyhow::anyhow!("{}: {error}", section.key.display()))
        .context("failed to read the key of [gateway.tls]")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match &section.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                let added = roots.add(certificate);
                added.with_context(|| format!("{}: not an authority", path.display()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match section.clients {
                TlsClients::Required => verifier,
                TlsClients::Optional => verifier.allow_unauthenticated(),
            };
            builder.with_client_cert_verifier(verifier.build()?)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .context("certificate and key of [gateway.tls] do not fit each other")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || {
        let list = CertificateDer::pem_file_iter(path)?.take(CERTIFICATES_MAX);
        list.collect::<Result<Vec<_>, _>>()
    };
    let list = read().map_err(|error: rustls::pki_types::pem::Error| {
        anyhow::anyhow!("failed to read certificates of {}: {error}", path.display())
    })?;
    anyhow::ensure!(!list.is_empty(), "{} holds no certificate in PEM", path.display());
    Ok(list)
}

/// A listener whose connections have shaken hands.
pub(super) struct Secured {
    done: mpsc::Receiver<(TlsStream<Connection>, SocketAddr)>,
    address: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl Secured {
    /// Around a bounded listener.
    pub(super) fn new(bounded: Bounded, acceptor: TlsAcceptor) -> io::Result<Self> {
        let address = bounded.local_addr()?;
        let (shaken, done) = mpsc::channel(1);
        let task = AbortOnDropHandle::new(tokio::spawn(accept(bounded, acceptor, shaken)));
        Ok(Self { done, address, _task: task })
    }
}

async fn accept(
    mut bounded: Bounded,
    acceptor: TlsAcceptor,
    shaken: mpsc::Sender<(TlsStream<Connection>, SocketAddr)>,
) {
    loop {
        let (connection, address) = bounded.accept().await;
        let (acceptor, shaken) = (acceptor.clone(), shaken.clone());
        // Bounded by the listener's places, which a connection keeps until it is dropped.
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(connection)).await {
                Ok(Ok(stream)) => {
                    let _ = shaken.send((stream, address)).await;
                }
                Ok(Err(error)) => {
                    metrics::counter!("gatewarden_tls_handshakes_failed_total").increment(1);
                    tracing::debug!(%error, %address, "a TLS handshake failed");
                }
                Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
            }
        });
    }
}

impl Listener for Secured {
    type Io = TlsStream<Connection>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.done.recv().await {
            Some(accepted) => accepted,
            // The task ends with this listener only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Secured>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Secured>) -> Self {
        let (_, session) = stream.io().get_ref();
        let shown = session.peer_certificates().and_then(<[_]>::first);
        Self::Network {
            address: stream.remote_addr().ip().to_canonical(),
            certificate: shown.map(|certificate| Hash::of(certificate)),
        }
    }
}
