//! The bytes of one connection, moved between a socket and a [`Session`].
//!
//! Invariant: [`Link::turn`] may be dropped at any await without losing or repeating a byte.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{sleep, timeout},
};

use crate::session::Session;

/// Bytes taken from the socket at once.
const READ_BYTES_MAX: usize = 64 << 10;
/// Bytes that wait for a reader that does not take them, before the connection is given up.
const PENDING_BYTES_MAX: usize = 256 << 10;

/// An open connection.
pub(crate) struct Link {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    buffer: Box<[u8]>,
    pending: Vec<u8>,
}

impl Link {
    /// Connects; the error is a sentence for people.
    pub(crate) async fn open(address: &str, time_out_ms: u32) -> Result<Self, String> {
        let within = Duration::from_millis(time_out_ms.into());
        let stream = match timeout(within, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(format!("failed to connect to {address}: {error}")),
            Err(_) => {
                return Err(format!("failed to connect to {address} within {time_out_ms} ms"));
            }
        };
        // Only latency is lost where the system does not allow it.
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        let buffer = vec![0; READ_BYTES_MAX].into_boxed_slice();
        Ok(Self { read, write, buffer, pending: Vec::new() })
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
        // Reading comes before the deadline: after a stall, bytes that wait in the socket count.
        tokio::select! {
            biased;
            sent = self.write.write(&self.pending), if !self.pending.is_empty() => match sent {
                Ok(0) => session.handle_disconnect("the reader closed the connection"),
                Ok(count) => drop(self.pending.drain(..count)),
                Err(error) => session.handle_disconnect(&format!("the connection broke: {error}")),
            },
            got = self.read.read(&mut self.buffer) => match got {
                Ok(0) => session.handle_disconnect("the reader closed the connection"),
                Ok(count) => {
                    let bytes = self.buffer.get(..count).unwrap_or_default();
                    session.handle_bytes(now_us(), bytes);
                }
                Err(error) => session.handle_disconnect(&format!("the connection broke: {error}")),
            },
            () = sleep(wait.max(Duration::from_millis(1))) => session.handle_time(now_us()),
        }
    }
}
