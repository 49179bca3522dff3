//! A TCP port that can be closed and opened again at the same address, and connections that can be
//! cut. Dropping the door closes the port and ends every task behind it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

type Serve = Box<dyn Fn(TcpListener, CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>;

/// The port of one simulated device.
pub(crate) struct Door {
    address: SocketAddr,
    serve: Serve,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Door {
    /// Binds and serves. `serve` must return soon after its token is cancelled, with every
    /// connection ended.
    pub(crate) async fn open<F>(bind: SocketAddr, serve: F) -> io::Result<Self>
    where
        F: Fn(TcpListener, CancellationToken) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(bind).await?;
        let address = listener.local_addr()?;
        let door = Self { address, serve: Box::new(serve), running: Mutex::new(None) };
        door.start(listener);
        Ok(door)
    }

    /// Where it listens, or listened before it was closed.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection and closes the port; both are done on return.
    pub(crate) async fn close(&self) {
        let running = lock(&self.running).take();
        if let Some(running) = running {
            running.stop.cancel();
            // An error means that the task panicked or was aborted: the port is closed all the same.
            let _ = running.task.await;
        }
    }

    /// Opens the port again at the same address; nothing happens where it is open.
    pub(crate) async fn reopen(&self) -> io::Result<()> {
        if lock(&self.running).is_none() {
            let listener = bind_again(self.address).await?;
            self.start(listener);
        }
        Ok(())
    }

    fn start(&self, listener: TcpListener) {
        let stop = CancellationToken::new();
        let task = tokio::spawn((self.serve)(listener, stop.clone()));
        *lock(&self.running) = Some(Running { stop, task });
    }
}

/// How long a port that somebody holds is tried for.
const BIND_PATIENCE: Duration = Duration::from_secs(2);
const BIND_PAUSE: Duration = Duration::from_millis(50);

/// A port that was just closed may be held a moment longer: by a program that was started meanwhile and has not yet
/// closed the copy that it inherited.
async fn bind_again(address: SocketAddr) -> io::Result<TcpListener> {
    let until = Instant::now() + BIND_PATIENCE;
    loop {
        match TcpListener::bind(address).await {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && Instant::now() < until => {
                tokio::time::sleep(BIND_PAUSE).await;
            }
            bound => return bound,
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(running) = lock(&self.running).take() {
            running.stop.cancel();
            running.task.abort();
        }
    }
}

/// Locks, and takes the value as it is where a panicking test poisoned it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream that fails with `ConnectionReset` once its token is cancelled.
pub(crate) struct Cuttable<S> {
    stream: S,
    token: CancellationToken,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<S> Cuttable<S> {
    pub(crate) fn new(stream: S, token: CancellationToken) -> Self {
        let cut = Box::pin(token.clone().cancelled_owned());
        Self { stream, token, cut }
    }

    /// What cuts it.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

fn reset() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "cut by the simulator")
}

impl<S: AsyncRead + Unpin> AsyncRead for Cuttable<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(reset()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Cuttable<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.token.is_cancelled() {
            return Poll::Ready(Err(reset()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
