//! How fast a signal is shown: from its change to the coil that is written, by the whole driver over loopback.
//!
//! The module is tokio-modbus's server in the same process, so that the figure holds two turns of that server too (a
//! lamp goes out before another goes on). Absent: the network, the module's own cycle, which is 5 to 50 ms in life.

use std::{
    future::{Ready, ready},
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use gatewarden_model::{Clock, DeviceId, Signal, Stamp};
use serde::Serialize;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_modbus::{
    ExceptionCode, Request, Response,
    server::{
        Service,
        tcp::{Server, accept_tcp_connection},
    },
};
use tokio_util::sync::CancellationToken;

use crate::{Lamps, Settings};

/// The most changes of one run.
pub const CHANGES_MAX: usize = 100_000;
/// How long a change may take.
const PATIENCE: Duration = Duration::from_secs(5);
const COILS: usize = 4;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Changes of the signal.
    pub changes: usize,
    /// Half of them were written within so many microseconds.
    pub p50_us: u64,
    /// 99 of 100 were.
    pub p99_us: u64,
    /// The slowest.
    pub max_us: u64,
    /// What the figures include, in words.
    pub includes: &'static str,
}

struct Module(watch::Sender<[bool; COILS]>);

impl Service for Module {
    type Request = Request<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Option<Response>, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        ready(match request {
            Request::WriteSingleCoil(coil, on) if usize::from(coil) < COILS => {
                self.0.send_modify(|coils| coils[usize::from(coil)] = on);
                Ok(Some(Response::WriteSingleCoil(coil, on)))
            }
            Request::ReadCoils(0, count) if usize::from(count) <= COILS => {
                let bits = self.0.borrow()[..usize::from(count)].to_vec();
                Ok(Some(Response::ReadCoils(bits)))
            }
            _ => Err(ExceptionCode::IllegalDataAddress),
        })
    }
}

struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now(&self) -> Stamp {
        let mono_us = u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX);
        Stamp { boot: uuid::Uuid::nil(), mono_us, wall_us: 0, synced: false }
    }
}

/// Changes the signal so often between go and stop, and waits each time until the new lamp is written.
///
/// # Errors
/// Where loopback gives no port, or a change is not written within five seconds.
pub async fn bench_signals(changes: usize) -> io::Result<Latency> {
    let changes = changes.clamp(1, CHANGES_MAX);
    let module = Arc::new(Module(watch::Sender::new([false; COILS])));
    let mut coils = module.0.subscribe();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let _ended = stop.clone().drop_guard();
    tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
        let service = move |_| Ok(Some(Arc::clone(&module)));
        let on_connected = |stream, peer| ready(accept_tcp_connection(stream, peer, &service));
        Server::new(listener).serve(&on_connected, |_| {}).await
    }));
    let lamps = Lamps { green: Some(0), amber: Some(1), red: Some(2), buzzer: Some(3) };
    let (events, mut told) = mpsc::channel(64);
    let (signals, seen) = watch::channel(Signal::Stop);
    let name = DeviceId::parse("bench-1").map_err(io::Error::other)?;
    let settings = Settings::new(address.to_string(), lamps);
    let clock: Arc<dyn Clock> = Arc::new(Monotonic(Instant::now()));
    tokio::spawn(crate::run(name, settings, clock, events, seen, stop.clone()));
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    written(&mut coils, 2).await?;
    let mut took_us = Vec::with_capacity(changes);
    for n in 0..changes {
        let (signal, coil) = if n % 2 == 0 { (Signal::Go, 0) } else { (Signal::Stop, 2) };
        let began = Instant::now();
        signals.send(signal).map_err(io::Error::other)?;
        written(&mut coils, coil).await?;
        took_us.push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    took_us.sort_unstable();
    let at = |percent: usize| took_us.get((took_us.len() - 1) * percent / 100).copied();
    Ok(Latency {
        changes,
        p50_us: at(50).unwrap_or(0),
        p99_us: at(99).unwrap_or(0),
        max_us: at(100).unwrap_or(0),
        includes: "the driver, loopback and a server in the same process; one lamp out, then \
                   another on, without the read-back and without a module's own cycle",
    })
}

async fn written(coils: &mut watch::Receiver<[bool; COILS]>, coil: usize) -> io::Result<()> {
    let shown = coils.wait_for(|coils| coils[coil]);
    match timeout(PATIENCE, shown).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(closed)) => Err(io::Error::other(closed)),
        Err(late) => Err(io::Error::new(io::ErrorKind::TimedOut, late)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // A test may fail loudly.
mod tests {
    #[tokio::test]
    async fn every_change_is_written() {
        let latency = super::bench_signals(20).await.unwrap();
        assert_eq!(latency.changes, 20);
        assert!(latency.p50_us > 0 && latency.p50_us <= latency.p99_us, "{latency:?}");
        println!("{latency:?}");
    }
}
