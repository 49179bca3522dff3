//! The port on which a reader's own connection is awaited.
//!
//! Invariants: one reader, one connection; whoever comes from another address, or while a connection stands, is
//! hung up on and counted, so that neither memory nor the log grows with them. The port stays open between
//! connections.

use std::net::IpAddr;

use tokio::net::{TcpListener, TcpStream};

/// Of those hung up on, each so-manieth is told in the log.
const TOLD_EVERY: u64 = 1_000;

/// See the module.
pub(crate) struct Doorway {
    listener: TcpListener,
    from: Option<IpAddr>,
    turned_away: u64,
}

impl Doorway {
    /// Opens the port; the error is a sentence for people.
    pub(crate) async fn open(listen: &str, from: Option<IpAddr>) -> Result<Self, String> {
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| format!("failed to listen on {listen} for the reader: {error}"))?;
        Ok(Self { listener, from, turned_away: 0 })
    }

    /// The next connection of the expected reader.
    pub(crate) async fn next(&mut self) -> TcpStream {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer))
                    if self.from.is_none_or(|from| from == peer.ip().to_canonical()) =>
                {
                    return stream;
                }
                Ok((_, peer)) => self.turn_away(peer.ip(), "it is not the expected reader"),
                // Out of descriptors, or the caller left already: not worth the processor's time.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            }
        }
    }

    /// Hangs up on everybody, for ever.
    pub(crate) async fn guard(&mut self) {
        loop {
            let second = self.next().await;
            if let Ok(peer) = second.peer_addr() {
                self.turn_away(peer.ip(), "the reader is connected already");
            }
        }
    }

    fn turn_away(&mut self, peer: IpAddr, why: &str) {
        if self.turned_away.is_multiple_of(TOLD_EVERY) {
            tracing::warn!(%peer, turned_away = self.turned_away + 1, "connection turned away: {why}");
        }
        self.turned_away += 1;
    }
}
