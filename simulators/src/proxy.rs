//! A wire that fails: a TCP port before a device, simulated or real, that passes bytes on both ways
//! and harms them when told to. All chance is drawn from the seed.
//!
//! At once: a drop, garbage, a pause one way. On the next bytes: half of them and then a drop. Until
//! cleared: delay, drip, split segments, clients refused. Absent: TLS, UDP, any notion of frames.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::Seed;
use crate::door::{Door, lock};

/// The most connections at a time; more are refused.
pub const CLIENTS_MAX: usize = 64;
/// The most noise at once, in bytes.
pub const GARBAGE_BYTES_MAX: usize = 1 << 20;
const READ_BYTES_MAX: usize = 16 * 1024;
/// How many faults wait for a connection that is slow.
const FAULTS_WAITING: usize = 16;
const CONNECT: Duration = Duration::from_secs(5);

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the device.
    ToClient,
    /// From the client.
    ToDevice,
}

/// What holds until it is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conditions {
    /// Bytes come so many milliseconds late.
    pub delay_ms: u32,
    /// At most so many bytes a second; 0 is no limit.
    pub drip: u32,
    /// Segments of 1 to so many bytes; 0 leaves them.
    pub split: u16,
    /// Bytes are gathered for so many milliseconds and come at once.
    pub merge_ms: u32,
    /// Nothing goes to the client.
    pub stall_client: bool,
    /// Nothing goes to the device.
    pub stall_device: bool,
    /// Connections are closed as soon as they are there.
    pub refuse: bool,
}

#[derive(Debug, Clone)]
enum Once {
    Bytes(Way, Vec<u8>),
    Half(Way),
    Drop,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    conditions: watch::Sender<Conditions>,
    once: broadcast::Sender<Once>,
    seed: Mutex<Seed>,
    clients: watch::Sender<usize>,
    passed: [AtomicU64; 2],
    refused: AtomicU64,
}

/// A simulated wire; dropping it closes its port and its connections.
#[derive(Debug)]
pub struct SimProxy {
    door: Door,
    shared: Arc<Shared>,
    seed: u64,
}

impl SimProxy {
    /// Listens at `bind` for clients of the device at `to`.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub async fn start(bind: SocketAddr, to: SocketAddr, seed: u64) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            to,
            conditions: watch::Sender::default(),
            once: broadcast::Sender::new(FAULTS_WAITING),
            seed: Mutex::new(Seed::new(seed)),
            clients: watch::Sender::new(0),
            passed: [AtomicU64::new(0), AtomicU64::new(0)],
            refused: AtomicU64::new(0),
        });
        let served = Arc::clone(&shared);
        let door = Door::open(bind, move |listener, stop| {
            Box::pin(serve(listener, stop, Arc::clone(&served)))
        })
        .await?;
        Ok(Self { door, shared, seed })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// What decides its chances.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many clients are connected, to await.
    #[must_use]
    pub fn clients(&self) -> watch::Receiver<usize> {
        self.shared.clients.subscribe()
    }

    /// What can be seen of it.
    #[must_use]
    pub fn shown(&self) -> Value {
        let [client, device] = &self.shared.passed;
        json!({
            "clients": *self.shared.clients.borrow(),
            "refused": self.shared.refused.load(Ordering::SeqCst),
            "bytes_to_client": client.load(Ordering::SeqCst),
            "bytes_to_device": device.load(Ordering::SeqCst),
        })
    }

    /// Changes what holds from now on.
    pub fn change(&self, change: impl FnOnce(&mut Conditions)) {
        self.shared.conditions.send_modify(change);
    }

    /// Ends every connection at once.
    pub fn drop_connections(&self) {
        self.once(Once::Drop);
    }

    /// Puts `count` bytes of noise between the bytes of every connection.
    pub fn garbage(&self, way: Way, count: usize) {
        let mut seed = lock(&self.shared.seed);
        let count = count.min(GARBAGE_BYTES_MAX);
        let noise = (0..count).map(|_| seed.next_u64().to_le_bytes()[0]).collect();
        drop(seed);
        self.once(Once::Bytes(way, noise));
    }

    /// Passes on only a part of the next bytes, and ends the connection.
    pub fn half(&self, way: Way) {
        self.once(Once::Half(way));
    }

    /// Closes the port and every connection.
    pub async fn go_away(&self) {
        self.door.close().await;
    }

    /// Opens the same port again.
    ///
    /// # Errors
    /// Where somebody else took the port in between.
    pub async fn come_back(&self) -> io::Result<()> {
        self.door.reopen().await
    }

    fn once(&self, fault: Once) {
        // An error means that nobody is connected: there is nothing to harm.
        let _ = self.shared.once.send(fault);
    }
}

async fn serve(listener: TcpListener, stop: CancellationToken, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = clients.join_next() => {
                shared.clients.send_replace(clients.len());
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let Ok((client, _)) = accepted else { continue };
        if shared.conditions.borrow().refuse || clients.len() >= CLIENTS_MAX {
            shared.refused.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        clients.spawn(connection(client, Arc::clone(&shared)));
        shared.clients.send_replace(clients.len());
    }
    drop(clients);
    shared.clients.send_replace(0);
}

async fn connection(client: TcpStream, shared: Arc<Shared>) {
    let (client_once, device_once) = (shared.once.subscribe(), shared.once.subscribe());
    let Ok(Ok(device)) = timeout(CONNECT, TcpStream::connect(shared.to)).await else {
        tracing::debug!(to = %shared.to, "the device behind the proxy does not answer");
        return;
    };
    // Segments are to be as they are told.
    let _ = (client.set_nodelay(true), device.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_device, to_device) = device.into_split();
    let seed = lock(&shared.seed).next_u64();
    let pump = |way, from, to, once, seed| {
        let conditions = shared.conditions.subscribe();
        Pump { way, from, to, once, conditions, seed: Seed::new(seed), shared: Arc::clone(&shared) }
    };
    let back = pump(Way::ToClient, from_device, to_client, client_once, seed);
    let forth = pump(Way::ToDevice, from_client, to_device, device_once, !seed);
    // Whichever way ends first ends the other: a device has no use for half a connection.
    tokio::select! {
        _ = back.run() => {}
        _ = forth.run() => {}
    }
}

struct Pump {
    way: Way,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    once: broadcast::Receiver<Once>,
    conditions: watch::Receiver<Conditions>,
    seed: Seed,
    shared: Arc<Shared>,
}

impl Pump {
    async fn run(mut self) -> io::Result<()> {
        let (mut buffer, mut half) = (vec![0; READ_BYTES_MAX], false);
        loop {
            tokio::select! {
                biased;
                fault = self.once.recv() => match fault {
                    Ok(Once::Drop) | Err(broadcast::error::RecvError::Closed) => return Ok(()),
                    Ok(Once::Bytes(way, noise)) if way == self.way => self.to.write_all(&noise).await?,
                    Ok(Once::Half(way)) if way == self.way => half = true,
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                },
                read = self.from.read(&mut buffer) => {
                    let count = read?;
                    if count == 0 {
                        return Ok(());
                    }
                    if half {
                        let part = 1 + self.seed.below(count.saturating_sub(1) as u64);
                        let part = usize::try_from(part).unwrap_or(1).min(count);
                        return self.to.write_all(&buffer[..part]).await;
                    }
                    let passing = Self::pass(
                        &mut self.from, &mut self.to, &mut self.conditions, &mut self.seed, self.way,
                        &mut buffer, count,
                    );
                    // A drop does not wait for slow bytes.
                    let dropped = dropped(self.once.resubscribe());
                    tokio::select! {
                        passed = passing => {
                            let index = usize::from(self.way == Way::ToDevice);
                            self.shared.passed[index].fetch_add(passed? as u64, Ordering::SeqCst);
                        }
                        () = dropped => return Ok(()),
                    }
                }
            }
        }
    }

    /// Passes what was read on under the conditions of now. Gives how many bytes.
    async fn pass(
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        conditions: &mut watch::Receiver<Conditions>,
        seed: &mut Seed,
        way: Way,
        buffer: &mut [u8],
        mut count: usize,
    ) -> io::Result<usize> {
        let stalled = move |now: &Conditions| match way {
            Way::ToClient => now.stall_client,
            Way::ToDevice => now.stall_device,
        };
        let now = match conditions.wait_for(|now| !stalled(now)).await {
            Ok(now) => *now,
            Err(_) => return Err(io::ErrorKind::BrokenPipe.into()),
        };
        if now.merge_ms > 0 {
            sleep(Duration::from_millis(u64::from(now.merge_ms))).await;
            if let Ok(more) = from.try_read(&mut buffer[count..]) {
                count += more;
            }
        }
        sleep(Duration::from_millis(u64::from(now.delay_ms))).await;
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let most = match (now.drip, now.split) {
                (1.., _) => 1,
                (0, 1..) => 1 + seed.below(u64::from(now.split)),
                (0, 0) => u64::MAX,
            };
            let size = usize::try_from(most).unwrap_or(usize::MAX).min(rest.len());
            to.write_all(&rest[..size]).await?;
            to.flush().await?;
            rest = &rest[size..];
            if now.drip > 0 {
                sleep(Duration::from_secs(1) / now.drip).await;
            } else if now.split > 0 && !rest.is_empty() {
                // Without a pause the kernel would put them together again.
                sleep(Duration::from_millis(1)).await;
            }
        }
        Ok(count)
    }
}

async fn dropped(mut once: broadcast::Receiver<Once>) {
    while !matches!(once.recv().await, Ok(Once::Drop) | Err(broadcast::error::RecvError::Closed)) {}
}
