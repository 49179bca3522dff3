//! A TCP listener whose connections are counted and can't rest for ever.
//!
//! Invariants: never more than `CONNECTIONS_MAX` at once, so that whoever opens connections and says
//! nothing, or half of something, takes no file descriptor from devices, ledger and deliveries. When
//! all are taken, a further one gets the place of the one that has been quiet longest, so that many
//! idle or dripping connections keep nobody out; only where none is quiet it waits. A connection on
//! which nothing moves for `IDLE_MAX` is closed, and so is one whose request does not come whole and
//! answered within `REQUEST_MAX` of its first byte, however steadily it drips. Absent: a bound by
//! address (the box has few callers, often behind one of them).

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep, timeout},
};

/// Connections at once.
const CONNECTIONS_MAX: usize = 256;
/// Longest rest of a connection; longer than any request may take.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Longest time from the first byte of a request to the first of its answer.
const REQUEST_MAX: Duration = Duration::from_secs(45);
/// Between requests, a connection must have been quiet so long to lose its place to another.
const IDLE_MIN_MS: u64 = 500;
/// Within a request, the same.
const STALLED_MIN_MS: u64 = 5000;
/// A connection that waits for a place looks again after so long.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What the bounds are; tests have shorter ones.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    connections: usize,
    idle: Duration,
    request: Duration,
}

/// The listener.
pub(crate) struct Bounded {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    seats: Seats,
    bounds: Bounds,
    /// Accepted, and without a place yet.
    waiting: Option<(TcpStream, SocketAddr)>,
}

impl Bounded {
    /// Around a bound listener.
    pub(crate) fn new(listener: TcpListener) -> Self {
        let bounds = Bounds { connections: CONNECTIONS_MAX, idle: IDLE_MAX, request: REQUEST_MAX };
        Self::with(listener, bounds)
    }

    fn with(listener: TcpListener, bounds: Bounds) -> Self {
        let slots = Arc::new(Semaphore::new(bounds.connections));
        Self { listener, slots, seats: Seats::new(), bounds, waiting: None }
    }

    /// A place for one connection; the quietest loses its own if there is none.
    async fn slot(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
                return slot;
            }
            self.seats.free_quietest();
            let slot = timeout(LOOK_AGAIN, Arc::clone(&self.slots).acquire_owned()).await;
            if let Ok(Ok(slot)) = slot {
                return slot;
            }
        }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        if self.waiting.is_none() {
            self.waiting = Some(Listener::accept(&mut self.listener).await);
        }
        let slot = self.slot().await;
        let (stream, address) = match self.waiting.take() {
            Some(accepted) => accepted,
            None => Listener::accept(&mut self.listener).await,
        };
        let idle = Box::pin(sleep(self.bounds.idle));
        let seat = self.seats.take();
        let bounds = self.bounds;
        (Connection { stream, idle, bounds, request: None, seat, _slot: slot }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Where every connection says since when it is quiet.
#[derive(Clone)]
struct Seats {
    taken: Arc<Mutex<HashMap<u64, Arc<Seat>>>>,
    began: Instant,
}

#[derive(Default)]
struct Seat {
    /// Milliseconds after `began` when anything moved last.
    moved_ms: AtomicU64,
    /// In the middle of a request.
    within: AtomicBool,
    /// Its place is given to another.
    lost: AtomicBool,
    waker: AtomicWaker,
}

/// A seat that is free again when this is dropped.
struct Seated {
    seats: Seats,
    number: u64,
    seat: Arc<Seat>,
}

impl Seats {
    fn new() -> Self {
        Self { taken: Arc::default(), began: Instant::now() }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn take(&self) -> Seated {
        let seat = Arc::new(Seat::default());
        seat.moved_ms.store(self.now_ms(), Ordering::Relaxed);
        let mut number = 0;
        if let Ok(mut taken) = self.taken.lock() {
            number = taken.keys().max().map_or(0, |last| last + 1);
            taken.insert(number, Arc::clone(&seat));
        }
        Seated { seats: self.clone(), number, seat }
    }

    fn free_quietest(&self) {
        let now = self.now_ms();
        let Ok(taken) = self.taken.lock() else { return };
        let quiet = |seat: &Arc<Seat>| {
            let quiet_ms = now.saturating_sub(seat.moved_ms.load(Ordering::Relaxed));
            let within = seat.within.load(Ordering::Relaxed);
            let lost = seat.lost.load(Ordering::Relaxed);
            let enough = quiet_ms >= if within { STALLED_MIN_MS } else { IDLE_MIN_MS };
            (enough && !lost).then_some(quiet_ms)
        };
        let candidates = taken.values().filter_map(|seat| Some((quiet(seat)?, seat)));
        if let Some((_, seat)) = candidates.max_by_key(|(quiet_ms, _)| *quiet_ms) {
            seat.lost.store(true, Ordering::Relaxed);
            seat.waker.wake();
            metrics::counter!("gatewarden_connections_displaced_total").increment(1);
        }
    }
}

impl Seated {
    fn moved(&self, within: bool) {
        self.seat.moved_ms.store(self.seats.now_ms(), Ordering::Relaxed);
        self.seat.within.store(within, Ordering::Relaxed);
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        if let Ok(mut taken) = self.seats.taken.lock() {
            taken.remove(&self.number);
        }
    }
}

/// One connection, with its place.
pub(crate) struct Connection {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    bounds: Bounds,
    /// When the first byte of a request came that is not answered yet.
    request: Option<Instant>,
    seat: Seated,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    /// Passes a result on; a wait that is too long becomes an error.
    fn watched<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            let until = Instant::now() + self.bounds.idle;
            self.idle.as_mut().reset(until);
            return result;
        }
        self.seat.seat.waker.register(cx.waker());
        if self.seat.seat.lost.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.idle.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Something came: the request must not take for ever.
    fn came(&mut self) -> io::Result<()> {
        let began = *self.request.get_or_insert_with(Instant::now);
        self.seat.moved(true);
        if began.elapsed() > self.bounds.request {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before
            && let Err(error) = self.came()
        {
            // An error has read nothing.
            buffer.set_filled(before);
            return Poll::Ready(Err(error));
        }
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
        if result.is_ready() {
            self.request = None;
            self.seat.moved(false);
        }
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

    async fn bounded(
        connections: usize,
        idle: Duration,
        request: Duration,
    ) -> (Bounded, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (Bounded::with(listener, Bounds { connections, idle, request }), address)
    }

    #[tokio::test]
    async fn a_connection_waits_for_a_slot_and_a_silent_one_loses_its_own() {
        let (mut bounded, address) = bounded(1, SHORT, IDLE_MAX).await;
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

    #[tokio::test]
    async fn the_quietest_makes_room_for_whoever_comes() {
        let (mut bounded, address) = bounded(2, IDLE_MAX, IDLE_MAX).await;
        let _quiet = TcpStream::connect(address).await.unwrap();
        let (mut quiet, _) = Listener::accept(&mut bounded).await;
        let mut busy = TcpStream::connect(address).await.unwrap();
        let (mut served, _) = Listener::accept(&mut bounded).await;
        let mut late = TcpStream::connect(address).await.unwrap();
        late.write_all(b"x").await.unwrap();
        let began = Instant::now();
        let closed = tokio::spawn(async move { quiet.read_u8().await.unwrap_err().kind() });
        busy.write_all(b"y").await.unwrap();
        assert_eq!(served.read_u8().await.unwrap(), b'y');
        let (mut third, _) = Listener::accept(&mut bounded).await;
        assert_eq!(third.read_u8().await.unwrap(), b'x');
        assert_eq!(closed.await.unwrap(), io::ErrorKind::ConnectionAborted);
        assert!(began.elapsed() >= Duration::from_millis(IDLE_MIN_MS - 100));
        served.write_all(b"still here").await.unwrap();
    }

    #[tokio::test]
    async fn a_request_that_drips_is_cut() {
        let (mut bounded, address) = bounded(1, IDLE_MAX, SHORT).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        let (mut served, _) = Listener::accept(&mut bounded).await;
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            (served.read_to_end(&mut all).await.unwrap_err().kind(), all.len())
        });
        for _ in 0..100 {
            if slow.write_all(b"G").await.is_err() || reading.is_finished() {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        let (kind, read) = reading.await.unwrap();
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert!((2..50).contains(&read), "{read} bytes were taken");
    }
}
