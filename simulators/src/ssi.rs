//! An SSI scanner on a pseudo-terminal: packets that want an acknowledgement, sent again where none comes.
//!
//! Invariants: one packet is under way at a time; it is sent [`SENDINGS`] times at most and its scan then given up,
//! which is counted; without `packeted`, or until it is told by its host, it sends bare lines; what the host set is
//! forgotten with the power, that is by unplugging. Dropping the handle hangs up and ends the thread.
//! Absent: images, RTS/CTS, baud rates.

mod engine;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::door::lock;
use crate::scanner::{Line, plug, unlink};
use engine::Engine;
pub use engine::{SENDINGS, SsiCounts};

/// Most scans that wait to be sent.
pub const SCANS_MAX: usize = 10_000;
/// How often the thread looks at its line.
const TURN: Duration = Duration::from_millis(1);

/// What is simulated.
#[derive(Debug, Clone)]
pub struct SsiOptions {
    /// What it answers when it is asked who it is.
    pub revision: String,
    /// It sends packets without having been told so.
    pub packeted: bool,
    /// How long it waits for an answer, in milliseconds; a real one 2,000.
    pub answer_ms: u64,
    /// Bytes of a scan in one packet, at most 250; longer scans go out in several.
    pub part_bytes: usize,
}

impl Default for SsiOptions {
    fn default() -> Self {
        Self {
            revision: "SIMV1.0 0 SIM-SSI 0000".to_owned(),
            packeted: true,
            answer_ms: 2_000,
            part_bytes: 250,
        }
    }
}

/// What goes wrong, each as often as it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SsiFaults {
    /// Acknowledgements that it does not hear.
    pub deaf: u32,
    /// Transmissions of scans with a wrong check sum.
    pub wrong_sums: u32,
    /// Transmissions of scans of which no byte goes out.
    pub lost: u32,
    /// The next transmission of a scan breaks off after so many bytes, and the cable is pulled there.
    pub cut_after: Option<usize>,
    /// It answers nothing.
    pub mute: bool,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    line: Option<Line>,
}

/// A simulated SSI scanner; dropping it unplugs it and removes its path.
#[derive(Debug)]
pub struct SimSsi {
    path: PathBuf,
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _directory: Option<TempDir>,
}

impl SimSsi {
    /// A plugged-in scanner at a path of its own.
    ///
    /// # Errors
    /// Where the system gives no pseudo-terminal or no temporary directory.
    pub fn start(options: SsiOptions) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("gatewarden-ssi-").tempdir()?;
        let path = directory.path().join("scanner");
        Self::plugged(options, path, Some(directory))
    }

    /// A plugged-in scanner whose symbolic link is made at `path`.
    ///
    /// # Errors
    /// As [`SimSsi::start`], and where something else is already at `path`.
    pub fn start_at(options: SsiOptions, path: &Path) -> io::Result<Self> {
        Self::plugged(options, path.to_owned(), None)
    }

    fn plugged(options: SsiOptions, path: PathBuf, directory: Option<TempDir>) -> io::Result<Self> {
        let shared = Arc::new(Mutex::new(Shared { engine: Engine::new(options), line: None }));
        let stop = Arc::new(AtomicBool::new(false));
        let mut sim = Self { path, shared, stop, thread: None, _directory: directory };
        sim.replug()?;
        let (shared, stop) = (Arc::clone(&sim.shared), Arc::clone(&sim.stop));
        let thread = std::thread::Builder::new()
            .name("sim-ssi".into())
            .spawn(move || serve(&shared, &stop))?;
        sim.thread = Some(thread);
        Ok(sim)
    }

    /// Where the driver finds it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a barcode of a bar code type (0x1B is Data Matrix); it is sent as soon as those before it are done.
    ///
    /// # Errors
    /// `WouldBlock` where [`SCANS_MAX`] scans wait.
    pub fn scan(&self, bar_code_type: u8, text: &str) -> io::Result<()> {
        if lock(&self.shared).engine.scan(bar_code_type, text) {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::WouldBlock, format!("{SCANS_MAX} scans wait")))
    }

    /// Sets what goes wrong from now on.
    pub fn faults(&self, faults: SsiFaults) {
        lock(&self.shared).engine.faults = faults;
    }

    /// Says that it has started, and has forgotten what its host set.
    pub fn restart(&self) {
        lock(&self.shared).engine.restart();
    }

    /// Sends bytes as they are, whatever is under way.
    pub fn raw(&self, bytes: &[u8]) {
        lock(&self.shared).engine.raw(bytes);
    }

    /// What has happened so far.
    #[must_use]
    pub fn counts(&self) -> SsiCounts {
        lock(&self.shared).engine.counts
    }

    /// Pulls the cable: the path is gone and whoever has the port open is hung up. It loses its power: the scans
    /// that were not acknowledged are gone too.
    pub fn unplug(&self) {
        let mut shared = lock(&self.shared);
        shared.engine.power_off();
        if shared.line.take().is_some() {
            // Whoever removed the link before us has done our work.
            unlink(&self.path);
        }
    }

    /// Plugs it in again at the same path; nothing happens where it is plugged in.
    ///
    /// # Errors
    /// As [`SimSsi::start`].
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

impl Drop for SimSsi {
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
    while !stop.load(Ordering::Relaxed) {
        let now_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        turn(&mut lock(shared), now_ms);
        std::thread::sleep(TURN);
    }
}

fn turn(shared: &mut Shared, now_ms: u64) {
    let Some(line) = shared.line.as_mut() else { return };
    let mut buffer = [0u8; 1_024];
    let taken = line.master.read(&mut buffer).unwrap_or(0);
    shared.engine.take(&buffer[..taken], now_ms);
    shared.engine.tick(now_ms);
    let waiting = shared.engine.waiting();
    if !waiting.is_empty() {
        let written = line.master.write(waiting).unwrap_or(0);
        shared.engine.written(written);
    }
    if shared.engine.is_cut(now_ms) {
        shared.line = None;
        shared.engine.power_off();
    }
}
