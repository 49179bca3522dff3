//! A TCP listener whose connections are counted and can't rest for ever.
//!
//! Invariants: never more than `CONNECTIONS_MAX` at once, so that whoever opens connections and says
//! nothing, or half of something, takes no file descriptor from devices, ledger and deliveries;
//! further ones wait in the kernel's queue. A connection on which nothing moves for `IDLE_MAX` is
//! closed. Absent: a bound by address (the box has few callers, often behind one of them).

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// Connections at once.
const CONNECTIONS_MAX: usize = 256;
/// Longest rest of a connection; longer than any request may take.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// The listener.
pub(crate) struct Bounded {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    idle_max: Duration,
}

impl Bounded {
    /// Around a bound listener.
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self::with(listener, CONNECTIONS_MAX, IDLE_MAX)
    }

    fn with(listener: TcpListener, connections_max: usize, idle_max: Duration) -> Self {
        Self { listener, slots: Arc::new(Semaphore::new(connections_max)), idle_max }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The semaphore is never closed, so there is always a slot in the end.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let idle = Box::pin(sleep(self.idle_max));
        (Connection { stream, idle, idle_max: self.idle_max, _slot: slot }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection, with its slot.
pub(crate) struct Connection {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    idle_max: Duration,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Passes a result on; a wait that is too long becomes an error.
    fn watched<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            let until = Instant::now() + self.idle_max;
            self.idle.as_mut().reset(until);
            return result;
        }
        self.idle.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.watched(cx, result)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watched(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_connection_waits_for_a_slot_and_a_silent_one_loses_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut bounded = Bounded::with(listener, 1, SHORT);
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut eager = TcpStream::connect(address).await.unwrap();
        silent.write_all(b"GET / HT").await.unwrap();
        eager.write_all(b"x").await.unwrap();
        let (mut first, _) = Listener::accept(&mut bounded).await;
        assert!(tokio::time::timeout(SHORT, Listener::accept(&mut bounded)).await.is_err());
        let mut all = Vec::new();
        let error = first.read_to_end(&mut all).await.unwrap_err();
        assert_eq!(
            (error.kind(), all.as_slice()),
            (io::ErrorKind::TimedOut, b"GET / HT".as_slice())
        );
        drop(first);
        let (mut second, _) = Listener::accept(&mut bounded).await;
        assert_eq!(second.read_u8().await.unwrap(), b'x');
    }
}
