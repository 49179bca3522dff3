//! The bytes below SMTP: no server can tell more than [`HEARD_BYTES_MAX`], and nothing told in the clear is
//! taken for an answer under TLS.
//!
//! Before TLS one byte is read at a time, so that whatever somebody on the way slips in behind the answer
//! to STARTTLS meets the handshake, which refuses it, and not the reader of answers.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Most bytes that a server can tell in one conversation.
pub const HEARD_BYTES_MAX: usize = 256 * 1024;
/// Most bytes of one read.
const READ_BYTES_MAX: usize = 4096;
/// The first byte of a handshake under TLS (RFC 8446, 5.1); no command of SMTP begins with it.
const HANDSHAKE: u8 = 0x16;

/// A connection to a mail server.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    left: usize,
    secured: bool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, left: HEARD_BYTES_MAX, secured: false }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let what = format!("the server tells more than {HEARD_BYTES_MAX} bytes");
            return Poll::Ready(Err(io::Error::other(what)));
        }
        let most = if self.secured { READ_BYTES_MAX } else { 1 };
        let room = most.min(self.left).min(buf.remaining());
        let mut space = [0; READ_BYTES_MAX];
        let mut part = ReadBuf::new(&mut space[..room]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        self.left -= part.filled().len();
        buf.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.secured |= buf.first() == Some(&HANDSHAKE);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
