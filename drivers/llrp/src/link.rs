//! The bytes of one connection, moved between a socket and a [`Session`].
//!
//! Invariant: [`Link::turn`] may be dropped at any await without losing or repeating a byte.

use std::time::Duration;

use gatewarden_model::Hash;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{session::Session, settings::Settings, trust};

/// Bytes taken from the socket at once.
const READ_BYTES_MAX: usize = 64 << 10;
/// Bytes that wait for a reader that does not take them, before the connection is given up.
const PENDING_BYTES_MAX: usize = 256 << 10;
/// How long the wait for a TCP connection may be, in milliseconds: a reader that comes back is soon found.
const CONNECT_MS_MAX: u32 = 2_000;

/// What a connection's bytes go over.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why there is no connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    /// Nobody is there.
    Absent(String),
    /// Somebody is there, and is not the one or does not speak TLS.
    Refused(String),
}

/// An open connection.
pub(crate) struct Link {
    read: ReadHalf<Box<dyn Stream>>,
    write: WriteHalf<Box<dyn Stream>>,
    buffer: Box<[u8]>,
    pending: Vec<u8>,
    unflushed: bool,
    /// The digest of the reader's public key, with TLS.
    pub(crate) key: Option<Hash>,
}

impl Link {
    /// Connects; the error is a sentence for people.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, LinkError> {
        let address = &settings.address;
        let ms = settings.time_out_ms.min(CONNECT_MS_MAX);
        let within = Duration::from_millis(ms.into());
        let failed =
            |why: String| LinkError::Absent(format!("failed to connect to {address}{why}"));
        match timeout(within, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => Self::over(stream, settings).await,
            Ok(Err(error)) => Err(failed(format!(": {error}"))),
            Err(_) => Err(failed(format!(" within {ms} ms"))),
        }
    }

    /// Takes a connection that is there; shakes hands where TLS is wanted.
    pub(crate) async fn over(stream: TcpStream, settings: &Settings) -> Result<Self, LinkError> {
        // Only latency is lost where the system does not allow it.
        let _ = stream.set_nodelay(true);
        let Some(trust) = &settings.tls else { return Ok(Self::new(Box::new(stream), None)) };
        let peer = stream.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default();
        let host = match settings.listen {
            Some(_) => &peer,
            None => host(&settings.address),
        };
        let ms = settings.time_out_ms;
        let shaken =
            timeout(Duration::from_millis(ms.into()), trust::shake_hands(stream, host, trust));
        match shaken.await {
            Ok(Ok(trusted)) => Ok(Self::new(Box::new(trusted.stream), trusted.key)),
            Ok(Err(reason)) => Err(LinkError::Refused(reason)),
            Err(_) => Err(LinkError::Refused(format!(
                "no TLS handshake with {host} within {ms} ms; LLRP's TLS port is 5085"
            ))),
        }
    }

    fn new(stream: Box<dyn Stream>, key: Option<Hash>) -> Self {
        let (read, write) = tokio::io::split(stream);
        let buffer = vec![0; READ_BYTES_MAX].into_boxed_slice();
        Self { read, write, buffer, pending: Vec::new(), unflushed: false, key }
    }

    /// Sends what the session has to send, and waits for bytes or the session's next deadline.
    pub(crate) async fn turn(&mut self, session: &mut Session, now_us: impl Fn() -> u64) {
        while let Some(bytes) = session.poll_output() {
            self.pending.extend_from_slice(&bytes);
        }
        if self.pending.len() > PENDING_BYTES_MAX {
            return session.handle_disconnect("the reader does not take our answers");
        }
        let Some(deadline_us) = session.poll_deadline_us() else { return };
        let wait = Duration::from_micros(deadline_us.saturating_sub(now_us()));
        let broken = |error| format!("the connection broke: {error}");
        let (write, read) = (&mut self.write, &mut self.read);
        let sending = async {
            if self.pending.is_empty() {
                write.flush().await.map(|()| None)
            } else {
                write.write(&self.pending).await.map(Some)
            }
        };
        // Reading comes before the deadline: after a stall, bytes that wait in the socket count.
        tokio::select! {
            biased;
            sent = sending, if !self.pending.is_empty() || self.unflushed => match sent {
                Ok(None) => self.unflushed = false,
                Ok(Some(0)) => session.handle_disconnect("the reader closed the connection"),
                Ok(Some(count)) => {
                    self.pending.drain(..count);
                    self.unflushed = true;
                }
                Err(error) => session.handle_disconnect(&broken(error)),
            },
            got = read.read(&mut self.buffer) => match got {
                Ok(0) => session.handle_disconnect("the reader closed the connection"),
                Ok(count) => {
                    let bytes = self.buffer.get(..count).unwrap_or_default();
                    session.handle_bytes(now_us(), bytes);
                }
                Err(error) => session.handle_disconnect(&broken(error)),
            },
            () = sleep(wait.max(Duration::from_millis(1))) => session.handle_time(now_us()),
        }
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}
