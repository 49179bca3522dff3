//! UHF modules on a pseudo-terminal: R200, UHFReader18, Chafon CF and Mercury from the other side of the wire.
//!
//! Invariants: a command that its protocol does not know, or that is malformed, gets that protocol's error code or
//! (with a wrong check sum) silence; half a command is forgotten after `HALF_MS`; the path stays the same over
//! unplugging and replugging; the same seed and the same commands give the same tags. Dropping the handle hangs up
//! and ends the thread. Absent: baud rates (a pseudo-terminal takes any), tags' memories, air time.

mod module;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use gatewarden_uhf_serial::codec::Protocol;
use tempfile::TempDir;

use crate::door::lock;
use crate::scanner::{Line, plug, unlink};
use module::Module;

/// How long half a command is waited for, in milliseconds.
pub const HALF_MS: u64 = 100;
/// Most tags in the field of one module.
pub const TAGS_MAX: usize = 10_000;
/// How often the thread looks at its line.
const TURN: Duration = Duration::from_millis(2);

/// The modules that can be simulated, by the name of their profile.
pub const PROFILES: [(&str, Protocol); 6] = [
    ("r200", Protocol::R200 { alternate: false }),
    ("r200-aa", Protocol::R200 { alternate: true }),
    ("uhfreader18", Protocol::Reader18 { address: 0 }),
    ("chafon", Protocol::Chafon { low_first: false }),
    ("chafon-low-first", Protocol::Chafon { low_first: true }),
    ("mercury", Protocol::Mercury),
];
/// Their names.
pub const PROFILE_NAMES: &[&str] =
    &["r200", "r200-aa", "uhfreader18", "chafon", "chafon-low-first", "mercury"];

/// A tag in the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UhfTag {
    /// Its EPC; an even number of bytes, at most 62.
    pub epc: Vec<u8>,
    /// How strong it is, in dBm; each read varies around it.
    pub rssi_dbm: i8,
}

/// What is simulated.
#[derive(Debug, Clone)]
pub struct UhfOptions {
    /// The protocol, with its CRC order and framing.
    pub protocol: Protocol,
    /// The tags in the field, at most [`TAGS_MAX`].
    pub tags: Vec<UhfTag>,
    /// Replays the same RSSI and losses.
    pub seed: u64,
    /// In how many of a hundred rounds a tag is not seen.
    pub miss_percent: u8,
    /// Time between two rounds, in milliseconds.
    pub round_ms: u64,
    /// Commands that are refused.
    pub refused: Vec<u16>,
    /// The module begins to read by itself, as one that was left reading.
    pub reading: bool,
}

impl UhfOptions {
    /// A module without tags and faults.
    #[must_use]
    pub fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            tags: Vec::new(),
            seed: 1,
            miss_percent: 0,
            round_ms: 20,
            refused: Vec::new(),
            reading: false,
        }
    }
}

/// What goes wrong on the line.
#[derive(Debug, Clone, Default)]
struct Faults {
    mute: bool,
    drip: bool,
    garbage: Vec<u8>,
    wrong_sum: u32,
    half: bool,
}

#[derive(Debug)]
struct Shared {
    module: Module,
    line: Option<Line>,
    faults: Faults,
}

/// A simulated module; dropping it unplugs it and removes its path.
#[derive(Debug)]
pub struct SimUhf {
    path: PathBuf,
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _directory: Option<TempDir>,
}

impl SimUhf {
    /// A plugged-in module at a path of its own.
    ///
    /// # Errors
    /// Where the system gives no pseudo-terminal or no temporary directory.
    pub fn start(options: UhfOptions) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("gatewarden-uhf-").tempdir()?;
        let path = directory.path().join("uhf");
        Self::plugged(options, path, Some(directory))
    }

    /// A plugged-in module whose symbolic link is made at `path`.
    ///
    /// # Errors
    /// As [`SimUhf::start`], and where something else is already at `path`.
    pub fn start_at(options: UhfOptions, path: &Path) -> io::Result<Self> {
        Self::plugged(options, path.to_owned(), None)
    }

    fn plugged(options: UhfOptions, path: PathBuf, directory: Option<TempDir>) -> io::Result<Self> {
        let shared = Shared { module: Module::new(options), line: None, faults: Faults::default() };
        let shared = Arc::new(Mutex::new(shared));
        let stop = Arc::new(AtomicBool::new(false));
        let mut sim = Self { path, shared, stop, thread: None, _directory: directory };
        sim.replug()?;
        let (shared, stop) = (Arc::clone(&sim.shared), Arc::clone(&sim.stop));
        let thread = std::thread::Builder::new()
            .name("sim-uhf".into())
            .spawn(move || serve(&shared, &stop))?;
        sim.thread = Some(thread);
        Ok(sim)
    }

    /// Where the driver finds it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts other tags into the field.
    pub fn set_tags(&self, tags: Vec<UhfTag>) {
        lock(&self.shared).module.set_tags(tags);
    }

    /// The module says nothing any more (or again), whatever it is told.
    pub fn mute(&self, mute: bool) {
        lock(&self.shared).faults.mute = mute;
    }

    /// Everything is sent byte by byte (or at once again).
    pub fn drip(&self, drip: bool) {
        lock(&self.shared).faults.drip = drip;
    }

    /// So many bytes of noise, by this seed, go out before the next frame.
    pub fn garbage(&self, seed: u64, count: usize) {
        let mut seed = crate::Seed::new(seed);
        let noise = (0..count.min(4_096)).map(|_| seed.next_u64().to_le_bytes()[0]).collect();
        lock(&self.shared).faults.garbage = noise;
    }

    /// The next so many frames have a wrong check sum.
    pub fn wrong_sums(&self, frames: u32) {
        lock(&self.shared).faults.wrong_sum = frames;
    }

    /// The next frame breaks off in its middle, and the cable is pulled there.
    pub fn unplug_in_a_frame(&self) {
        lock(&self.shared).faults.half = true;
    }

    /// Whether it is plugged in.
    #[must_use]
    pub fn is_plugged(&self) -> bool {
        lock(&self.shared).line.is_some()
    }

    /// How many commands were understood since the start.
    #[must_use]
    pub fn commands(&self) -> u64 {
        lock(&self.shared).module.commands()
    }

    /// Pulls the cable: the path is gone and whoever has the port open is hung up. The module loses its power.
    pub fn unplug(&self) {
        let mut shared = lock(&self.shared);
        shared.module.reset();
        if shared.line.take().is_some() {
            // Whoever removed the link before us has done our work.
            unlink(&self.path);
        }
    }

    /// Plugs it in again at the same path; nothing happens where it is plugged in.
    ///
    /// # Errors
    /// As [`SimUhf::start`].
    pub fn replug(&self) -> io::Result<()> {
        let mut shared = lock(&self.shared);
        if shared.line.is_none() {
            // A link whose line broke off by itself.
            unlink(&self.path);
            shared.line = Some(plug(&self.path)?);
        }
        Ok(())
    }
}

impl Drop for SimUhf {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It ends by itself within a turn; one that panicked has ended.
            let _ = thread.join();
        }
        self.unplug();
    }
}

fn serve(shared: &Mutex<Shared>, stop: &AtomicBool) {
    let begun = Instant::now();
    let mut queue: Vec<u8> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let now_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        turn(&mut lock(shared), &mut queue, now_ms);
        std::thread::sleep(TURN);
    }
}

/// Reads commands, lets the module act, writes what it says.
fn turn(shared: &mut Shared, queue: &mut Vec<u8>, now_ms: u64) {
    let Some(line) = shared.line.as_mut() else { return queue.clear() };
    let mut buffer = [0u8; 1_024];
    let taken = line.master.read(&mut buffer).unwrap_or(0);
    let mut frames = shared.module.take(&buffer[..taken], now_ms);
    frames.extend(shared.module.tick(now_ms));
    if shared.faults.mute {
        return;
    }
    for mut frame in frames {
        queue.append(&mut shared.faults.garbage);
        if shared.faults.wrong_sum > 0 {
            shared.faults.wrong_sum -= 1;
            let middle = frame.len() / 2;
            frame[middle] ^= 0x55;
        }
        if std::mem::take(&mut shared.faults.half) {
            let half = frame.len() / 2;
            write(&mut line.master, &frame[..half]);
            shared.line = None;
            shared.module.reset();
            return queue.clear();
        }
        queue.extend(frame);
    }
    let count = if shared.faults.drip { queue.len().min(1) } else { queue.len() };
    let written = write(&mut line.master, &queue[..count]);
    queue.drain(..written);
    // Nobody reads for long: as a real module's, our bytes are gone.
    if queue.len() > 65_536 {
        queue.clear();
    }
}

fn write(master: &mut File, bytes: &[u8]) -> usize {
    if bytes.is_empty() { 0 } else { master.write(bytes).unwrap_or(0) }
}
