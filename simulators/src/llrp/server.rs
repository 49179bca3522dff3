//! Moves bytes between the sockets and the state machine. One client at a time; every other one is
//! told so and turned away. With TLS the client is taken once hands are shaken; a reader that dials connects to
//! its client by itself, again and again while it has none. Bounds: frames by the codec, queues by the constants below.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use gatewarden_llrp::codec::{CodecError, split_frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::ReaderStatus;
use super::flood::Flood;
use super::reader::{Attempt, Reader};
use super::tls::{Stream, shake_hands};
use crate::door::lock;

const TICK: Duration = Duration::from_millis(2);
/// How long a parting client has to take what is left for it.
const GOODBYE: Duration = Duration::from_secs(1);
const FRAMES_QUEUED_MAX: usize = 16;
const CHUNKS_QUEUED_MAX: usize = 4;
const PARTING_MAX: usize = 16;
const SHAKING_MAX: usize = 16;
/// Between two attempts of a reader that dials.
const DIAL_PAUSE: Duration = Duration::from_millis(100);
const FAULTS_MAX: usize = 64;
/// Requests are not read while so many answers wait.
const REPLIES_MAX: usize = 256;
const READ_BYTES: usize = 16 * 1024;

pub(super) struct Shared {
    pub(super) core: Mutex<Core>,
    pub(super) wake: Notify,
    pub(super) status: watch::Sender<ReaderStatus>,
    /// Bytes of a piece and the pause after it, while the line is slow.
    pub(super) drip: Mutex<Option<(usize, Duration)>>,
    started: Instant,
    started_us: u64,
}

pub(super) struct Core {
    pub(super) reader: Reader,
    pub(super) silent: bool,
    pub(super) refusing: bool,
    pub(super) connected: bool,
    pub(super) flood: Option<Flood>,
    pub(super) tls: Option<tokio_rustls::TlsAcceptor>,
    pub(super) dial: Option<std::net::SocketAddr>,
    faults: VecDeque<Fault>,
    sessions: u64,
    refused: u64,
    goodbyes: u64,
}

pub(super) enum Fault {
    Drop,
    Bytes(Vec<u8>),
    BytesThenDrop(Vec<u8>),
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("status", &self.status.borrow()).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(reader: Reader) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let core = Core {
            reader,
            silent: false,
            refusing: false,
            connected: false,
            flood: None,
            tls: None,
            dial: None,
            faults: VecDeque::new(),
            sessions: 0,
            refused: 0,
            goodbyes: 0,
        };
        Self {
            core: Mutex::new(core),
            wake: Notify::new(),
            drip: Mutex::new(None),
            status: watch::Sender::new(ReaderStatus::default()),
            started: Instant::now(),
            started_us: u64::try_from(since.as_micros()).unwrap_or(0),
        }
    }

    /// Microseconds since 1970, from the wall clock at the start and the monotonic one since.
    pub(super) fn now_us(&self) -> u64 {
        self.started_us + u64::try_from(self.started.elapsed().as_micros()).unwrap_or(0)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Reader, u64) -> T) -> T {
        self.set(|core| change(&mut core.reader, self.now_us()))
    }

    pub(super) fn set<T>(&self, set: impl FnOnce(&mut Core) -> T) -> T {
        let result = {
            let mut core = lock(&self.core);
            let result = set(&mut core);
            self.publish(&core);
            result
        };
        self.wake.notify_one();
        result
    }

    /// Queues a fault for the client that is there; without one there is nothing to break.
    pub(super) fn fault(&self, fault: Fault) {
        self.set(|core| {
            if core.connected && core.faults.len() < FAULTS_MAX {
                core.faults.push_back(fault);
            }
        });
    }

    fn publish(&self, core: &Core) {
        let (tries, reads) = core.reader.rounds.counts();
        let status = ReaderStatus {
            connected: core.connected,
            active: core.reader.rounds.active(),
            rospecs: core.reader.rounds.list().len(),
            sessions: core.sessions,
            refused: core.refused,
            goodbyes: core.goodbyes,
            tries,
            reads,
            waiting: core.reader.outbox.kept(),
            lost: core.reader.outbox.lost(),
            keepalive_acks: core.reader.keepalive_acks,
        };
        self.status.send_if_modified(|old| {
            let changed = *old != status;
            *old = status;
            changed
        });
    }
}

/// The connection that is served.
struct Session {
    incoming: mpsc::Receiver<Incoming>,
    outgoing: mpsc::Sender<Bytes>,
    /// Reader and writer of the socket; dropping them closes it.
    tasks: JoinSet<()>,
}

enum Incoming {
    Frame(Vec<u8>),
    Garbage(CodecError),
}

/// What the loop wakes up for.
enum Event {
    Stop,
    Accepted(io::Result<TcpStream>),
    /// `None` where no hands were shaken, or nobody was there.
    Shaken(Option<Box<dyn Stream>>),
    /// `None` where the client is gone.
    Frame(Option<Incoming>),
    /// `None` where the client is gone.
    Writable(Option<mpsc::OwnedPermit<Bytes>>),
    Woken,
    Parted,
    Tick,
}

pub(super) async fn serve(listener: TcpListener, stop: CancellationToken, shared: Arc<Shared>) {
    let (parting, shaking) = (JoinSet::new(), JoinSet::new());
    let mut server = Server { shared, session: None, parting, shaking };
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let permits = server.permits();
        let outgoing = server.session.as_ref().map(|session| session.outgoing.clone());
        let event = tokio::select! {
            () = stop.cancelled() => Event::Stop,
            accepted = listener.accept(), if permits.accept => {
                Event::Accepted(accepted.map(|(stream, _)| stream))
            }
            frame = receive(server.session.as_mut()), if permits.read => Event::Frame(frame),
            permit = reserve(outgoing), if permits.write => Event::Writable(permit),
            () = server.shared.wake.notified() => Event::Woken,
            Some(_) = server.parting.join_next() => Event::Parted,
            Some(shaken) = server.shaking.join_next() => Event::Shaken(shaken.ok().flatten()),
            _ = tick.tick() => Event::Tick,
        };
        match event {
            Event::Stop => break,
            Event::Accepted(Ok(stream)) => server.welcome(stream),
            Event::Shaken(Some(stream)) => server.accept(stream),
            Event::Shaken(None) => {}
            Event::Accepted(Err(error)) => tracing::warn!(%error, "simulated reader can't accept"),
            Event::Frame(frame) => server.take(frame),
            Event::Writable(Some(permit)) => server.send(permit),
            Event::Writable(None) => server.lose(),
            Event::Woken => server.break_things().await,
            Event::Parted => {}
            Event::Tick => server.tick(),
        }
    }
    server.lose();
}

async fn receive(session: Option<&mut Session>) -> Option<Incoming> {
    match session {
        Some(session) => session.incoming.recv().await,
        None => std::future::pending().await,
    }
}

async fn reserve(outgoing: Option<mpsc::Sender<Bytes>>) -> Option<mpsc::OwnedPermit<Bytes>> {
    match outgoing {
        Some(outgoing) => outgoing.reserve_owned().await.ok(),
        None => std::future::pending().await,
    }
}

/// What goes to the client next: what waits in the outbox, else a flood's next block.
fn next_chunk(shared: &Shared) -> Option<Bytes> {
    let mut core = lock(&shared.core);
    if core.reader.outbox.is_ready() {
        return Some(core.reader.outbox.take().into());
    }
    let block = core.flood.as_mut().and_then(Flood::next);
    if block.is_none() {
        core.flood.take().into_iter().for_each(Flood::finish);
    }
    block
}

/// What may be done now.
struct Permits {
    accept: bool,
    read: bool,
    write: bool,
}

struct Server {
    shared: Arc<Shared>,
    session: Option<Session>,
    parting: JoinSet<()>,
    /// Handshakes and attempts to dial.
    shaking: JoinSet<Option<Box<dyn Stream>>>,
}

impl Server {
    fn permits(&self) -> Permits {
        let core = lock(&self.shared.core);
        let open = self.session.is_some() && !core.silent;
        let outbox = &core.reader.outbox;
        Permits {
            accept: !core.silent,
            read: open && outbox.replies() < REPLIES_MAX,
            write: open && (outbox.is_ready() || core.flood.is_some()),
        }
    }

    fn send(&mut self, permit: mpsc::OwnedPermit<Bytes>) {
        if let Some(bytes) = next_chunk(&self.shared) {
            permit.send(bytes);
        }
        self.after_sending();
    }

    fn tick(&mut self) {
        let now_us = self.shared.now_us();
        let mut core = lock(&self.shared.core);
        if let Some(client) = core.dial
            && self.session.is_none()
            && self.shaking.is_empty()
            && !core.silent
        {
            self.shaking.spawn(dial(client, core.tls.clone()));
        }
        if core.silent {
            core.reader.rounds.skip(now_us);
        } else {
            core.reader.tick(now_us);
        }
        self.shared.publish(&core);
    }

    fn welcome(&mut self, stream: TcpStream) {
        // Small frames must not wait for one another; a socket that can't is still a socket.
        let _ = stream.set_nodelay(true);
        let tls = lock(&self.shared.core).tls.clone();
        match tls {
            None => self.accept(Box::new(stream)),
            Some(_) if self.shaking.len() >= SHAKING_MAX => {}
            tls => drop(self.shaking.spawn(timed(stream, tls))),
        }
    }

    fn accept(&mut self, stream: Box<dyn Stream>) {
        let now_us = self.shared.now_us();
        let mut core = lock(&self.shared.core);
        let refusal = match (&self.session, core.refusing) {
            (_, true) => Some(Attempt::OtherReason),
            (Some(_), false) => Some(Attempt::ClientExists),
            (None, false) => None,
        };
        if let Some(attempt) = refusal {
            core.refused += 1;
            let bytes = core.reader.attempt_event(attempt, now_us);
            if self.session.is_some() {
                core.reader.another_tried(now_us);
            }
            if self.parting.len() < PARTING_MAX {
                self.parting.spawn(turn_away(stream, bytes));
            }
        } else {
            core.sessions += 1;
            core.connected = true;
            core.faults.clear();
            core.reader.connect(now_us);
            self.session = Some(Session::start(stream, Arc::clone(&self.shared)));
        }
        self.shared.publish(&core);
    }

    fn take(&mut self, incoming: Option<Incoming>) {
        let Some(incoming) = incoming else { return self.lose() };
        let now_us = self.shared.now_us();
        let mut core = lock(&self.shared.core);
        match incoming {
            Incoming::Frame(bytes) => {
                if let Ok(Some(frame)) = split_frame(&bytes) {
                    core.reader.handle(&frame, now_us);
                }
            }
            Incoming::Garbage(error) => core.reader.handle_garbage(&error),
        }
        self.shared.publish(&core);
    }

    /// Ends the session once its goodbye is on the way.
    fn after_sending(&mut self) {
        let finished = {
            let mut core = lock(&self.shared.core);
            let finished = core.reader.is_closing() && core.reader.outbox.replies() == 0;
            core.goodbyes += u64::from(finished);
            finished
        };
        if finished {
            self.part();
        }
    }

    /// Closes the connection after what was handed to it has been written.
    fn part(&mut self) {
        if let Some(session) = self.session.take()
            && self.parting.len() < PARTING_MAX
        {
            self.parting.spawn(session.finish());
        }
        self.lose();
    }

    /// The connection is gone, from either side.
    fn lose(&mut self) {
        self.session = None;
        let mut core = lock(&self.shared.core);
        if std::mem::take(&mut core.connected) {
            core.reader.disconnect();
            core.flood = None;
        }
        self.shared.publish(&core);
    }

    async fn break_things(&mut self) {
        loop {
            let fault = lock(&self.shared.core).faults.pop_front();
            match fault {
                None => return,
                Some(Fault::Drop) => self.lose(),
                Some(Fault::Bytes(bytes)) => self.inject(bytes).await,
                Some(Fault::BytesThenDrop(bytes)) => {
                    self.inject(bytes).await;
                    self.part();
                }
            }
        }
    }

    async fn inject(&mut self, bytes: Vec<u8>) {
        if let Some(session) = &self.session {
            // A client that reads nothing for that long gets no more of it.
            let _ = timeout(GOODBYE, session.outgoing.send(bytes.into())).await;
        }
    }
}

impl Session {
    fn start(stream: Box<dyn Stream>, shared: Arc<Shared>) -> Self {
        let (read, write) = tokio::io::split(stream);
        let (frames, incoming) = mpsc::channel(FRAMES_QUEUED_MAX);
        let (outgoing, chunks) = mpsc::channel(CHUNKS_QUEUED_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(read_frames(read, frames));
        tasks.spawn(write_chunks(write, chunks, shared));
        Self { incoming, outgoing, tasks }
    }

    /// Writes what is queued, then closes; both within [`GOODBYE`].
    async fn finish(mut self) {
        drop(self.outgoing);
        drop(self.incoming);
        // The writer ends once it has written all; the reader when the client closes or sends.
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(GOODBYE, ended).await;
    }
}

async fn read_frames(mut socket: ReadHalf<Box<dyn Stream>>, frames: mpsc::Sender<Incoming>) {
    let mut buffer = Vec::with_capacity(READ_BYTES);
    let mut piece = vec![0; READ_BYTES];
    while let Ok(count @ 1..) = socket.read(&mut piece).await {
        buffer.extend_from_slice(&piece[..count]);
        loop {
            let (incoming, taken) = match split_frame(&buffer) {
                Ok(None) => break,
                Ok(Some(frame)) => (Incoming::Frame(frame.bytes.to_vec()), frame.bytes.len()),
                Err(error) => {
                    // Nothing after it can be read; whoever listens no more is leaving too.
                    let _ = frames.send(Incoming::Garbage(error)).await;
                    return std::future::pending().await;
                }
            };
            buffer.drain(..taken);
            if frames.send(incoming).await.is_err() {
                return;
            }
        }
    }
}

async fn write_chunks(
    mut socket: WriteHalf<Box<dyn Stream>>,
    mut chunks: mpsc::Receiver<Bytes>,
    shared: Arc<Shared>,
) {
    while let Some(bytes) = chunks.recv().await {
        let mut left = &bytes[..];
        while !left.is_empty() {
            let drip = *lock(&shared.drip);
            let (piece, rest) =
                left.split_at(drip.map_or(left.len(), |(size, _)| size.min(left.len())));
            if socket.write_all(piece).await.is_err() || socket.flush().await.is_err() {
                return;
            }
            left = rest;
            if let Some((_, pause)) = drip {
                tokio::time::sleep(pause).await;
            }
        }
    }
    // The other side may have closed first.
    let _ = socket.shutdown().await;
}

async fn turn_away(mut stream: Box<dyn Stream>, event: Vec<u8>) {
    let telling = async {
        stream.write_all(&event).await?;
        stream.shutdown().await?;
        // Waits for the client to close, so that what it sent meanwhile does not reset the event.
        while stream.read(&mut [0; 64]).await? > 0 {}
        Ok::<(), io::Error>(())
    };
    let _ = timeout(GOODBYE, telling).await;
}

/// Shakes hands within [`GOODBYE`].
async fn timed(
    stream: TcpStream,
    tls: Option<tokio_rustls::TlsAcceptor>,
) -> Option<Box<dyn Stream>> {
    timeout(GOODBYE, shake_hands(stream, tls)).await.ok().flatten()
}

/// Connects to a client that waits for its reader.
async fn dial(
    client: std::net::SocketAddr,
    tls: Option<tokio_rustls::TlsAcceptor>,
) -> Option<Box<dyn Stream>> {
    tokio::time::sleep(DIAL_PAUSE).await;
    let stream = timeout(GOODBYE, TcpStream::connect(client)).await.ok()?.ok()?;
    // A socket that can't is still a socket.
    let _ = stream.set_nodelay(true);
    timed(stream, tls).await
}
