//! The driver at a reader behind TLS: an authority or a pin opens it, a certificate that was swapped does not.

#![allow(clippy::unwrap_used)] // A failing test may say so by panicking.

use std::{process::Command, sync::Arc};

use gatewarden_impinj_iot::{Secret, Settings, Trust, probe};
use gatewarden_simulators::impinj_iot::{ImpinjIotOptions, start};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate for `localhost` and its key, both in PEM.
fn certificate() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (key, cert) = (folder.path().join("key"), folder.path().join("cert"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .output();
    assert!(made.unwrap().status.success(), "openssl makes no certificate");
    (std::fs::read(cert).unwrap(), std::fs::read(key).unwrap())
}

/// Carries TLS connections to `reader` in plain; gives the URL.
async fn front(reader: std::net::SocketAddr, cert: &[u8], key: &[u8]) -> String {
    let chain = vec![CertificateDer::from_pem_slice(cert).unwrap()];
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A refused handshake is what the test asks for.
                let Ok(mut secure) = acceptor.accept(stream).await else { return };
                let mut plain = TcpStream::connect(reader).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut secure, &mut plain).await;
            });
        }
    });
    format!("https://localhost:{port}")
}

#[tokio::test]
async fn the_authority_or_the_pin_opens_a_reader_and_a_swapped_certificate_does_not() {
    let reader = start(ImpinjIotOptions::default()).await.unwrap();
    let ((cert, key), (other_cert, other_key)) = (certificate(), certificate());
    let der = CertificateDer::from_pem_slice(&cert).unwrap();
    let pin = Trust::Pin(Sha256::digest(&der).into());
    let authority = Trust::Authorities(cert.clone());
    let right = front(reader.address(), &cert, &key).await;
    let swapped = front(reader.address(), &other_cert, &other_key).await;
    for trust in [pin, authority] {
        let settings = |url: &str| {
            let settings = Settings::new(url.to_owned(), "root".into(), Secret::new("impinj"));
            Settings { trust: Some(trust.clone()), ..settings }
        };
        assert_eq!(probe(&settings(&right)).await.unwrap().reader.product_model, "R700");
        let refused = probe(&settings(&swapped)).await.unwrap_err().to_string();
        assert!(refused.contains("certificate"), "{refused}");
    }
}
