//! A SQLite VFS laid over the system's own, to measure and to torment: it pads every flush to a
//! floor (a box's eMMC), counts writes and flushes, and can fail or freeze at the k-th.
//!
//! Only `bench` and the crash tests register it; the daemon's ledger never runs on it. Everything is
//! delegated to the system's VFS but write, truncate, flush, close, open and delete. A frozen VFS
//! fails and changes nothing, as if the process had been dead from there on; where the power goes it
//! first takes back what was written since each file's last flush.
//!
//! This and `gather` are the places of the store with `unsafe`: SQLite's interface to file systems is C.
//! Each block relies on the same facts: SQLite passes the file and VFS pointers that it was given
//! here, a file's memory has `szOsFile` bytes and is used by one thread at a time.
#![allow(
    unsafe_code,
    reason = "SQLite's VFS interface is C function pointers; there is no safe one"
)]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    fs::OpenOptions,
    io,
    mem::size_of,
    os::unix::fs::FileExt,
    path::PathBuf,
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use rusqlite::ffi::{
    self, SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE, SQLITE_OK, sqlite3_file,
    sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs,
};

/// What happens at an armed operation (page of a write, truncate or flush), counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// From then on the disk is full: writes fail, flushes work.
    Full,
    /// From then on the disk fails: writes and flushes fail.
    Broken,
    /// The process dies there: this and all later operations are lost, earlier ones stay.
    Kill,
    /// The power goes there: also what was not flushed is lost.
    PowerCut,
    /// The process dies in the middle of it: the first half of a write arrives, and nothing later.
    Torn,
    /// The power goes there, and of what was not flushed the disk has kept every second write.
    Scattered,
}

impl Fault {
    /// Whether the power goes: what was not flushed may be lost.
    fn is_power_cut(self) -> bool {
        matches!(self, Self::PowerCut | Self::Scattered)
    }
}

/// What a VFS has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Pages written, and truncations.
    pub writes: u64,
    /// Flushes.
    pub syncs: u64,
}

/// What a disk writes at once.
const PAGE_BYTES: usize = 4096;

/// A registered VFS. Dropping it unregisters the name; open files keep working.
#[derive(Debug)]
pub struct Shim {
    name: CString,
    vfs: *mut sqlite3_vfs,
    shared: Arc<Shared>,
}

/// Why a VFS could not be registered.
#[derive(Debug, thiserror::Error)]
#[error("failed to register the SQLite VFS {0:?}")]
pub struct ShimError(String);

#[derive(Debug, Default)]
struct Shared {
    sync_floor_us: AtomicU64,
    writes: AtomicU64,
    syncs: AtomicU64,
    frozen: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Operations since arming.
    operations: u64,
    armed: Option<(u64, Fault)>,
    /// What was there before each write since the file's last flush, the oldest first.
    undo: Vec<Undo>,
}

#[derive(Debug)]
struct Undo {
    path: PathBuf,
    offset: u64,
    bytes: Vec<u8>,
    len: u64,
}

/// What an operation has to do.
enum Verdict {
    Go,
    Half,
    Fail,
}

impl Shim {
    /// Registers a VFS under a name that no other has; every flush takes at least `sync_floor`.
    pub fn register(name: &str, sync_floor: Duration) -> Result<Self, ShimError> {
        let wrong = || ShimError(name.to_owned());
        let c_name = CString::new(name).map_err(|_| wrong())?;
        let shared = Arc::new(Shared::default());
        let floor = u64::try_from(sync_floor.as_micros()).unwrap_or(u64::MAX);
        shared.sync_floor_us.store(floor, SeqCst);
        // SAFETY: null asks for the default VFS, which lives for ever; the new VFS is boxed and
        // leaked (a connection may outlive the shim), and its name lives in the leaked box too.
        let vfs = unsafe {
            let base = ffi::sqlite3_vfs_find(ptr::null());
            if base.is_null() || !ffi::sqlite3_vfs_find(c_name.as_ptr()).is_null() {
                return Err(wrong());
            }
            let mut vfs = *base;
            vfs.zName = c_name.clone().into_raw();
            vfs.pNext = ptr::null_mut();
            vfs.szOsFile = extra_offset(base) + size_of::<Extra>() as c_int;
            vfs.xOpen = Some(open);
            vfs.xDelete = Some(delete);
            let shim = Box::leak(Box::new(ShimVfs { vfs, base, shared: Arc::clone(&shared) }));
            let vfs = ptr::from_mut(shim).cast::<sqlite3_vfs>();
            if ffi::sqlite3_vfs_register(vfs, 0) != SQLITE_OK {
                return Err(wrong());
            }
            vfs
        };
        Ok(Self { name: c_name, vfs, shared })
    }

    /// The name to open a ledger with.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// Lets `fault` happen at the `at`-th operation from now (1 is the next).
    pub fn arm(&self, at: u64, fault: Fault) {
        let mut state = self.shared.state();
        state.operations = 0;
        state.armed = Some((at, fault));
    }

    /// Takes the fault back: the disk works again. A frozen VFS stays frozen.
    pub fn disarm(&self) {
        self.shared.state().armed = None;
    }

    /// Whether the moment of a `Kill` or `PowerCut` has come.
    #[must_use]
    pub fn frozen(&self) -> bool {
        self.shared.frozen.load(SeqCst)
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (writes, syncs) = (self.shared.writes.load(SeqCst), self.shared.syncs.load(SeqCst));
        Counts { writes, syncs }
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        // SAFETY: it was registered by `register` and is leaked, so it is still there.
        unsafe { ffi::sqlite3_vfs_unregister(self.vfs) };
    }
}

// SAFETY: the pointer is only given to sqlite3_vfs_unregister, which takes SQLite's global lock.
unsafe impl Send for Shim {}

/// Waits until a flush that began at `started` has taken `floor`: how the raw flushes of a bench are
/// padded too, so that both sides pay alike.
pub fn pad_flush(started: Instant, floor: Duration) {
    if let Some(rest) = floor.checked_sub(started.elapsed()) {
        std::thread::sleep(rest);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic between its few plain assignments can't leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_armed(&self) -> bool {
        self.state().armed.is_some()
    }

    /// Counts an operation and says what to do.
    fn operation(&self, is_sync: bool) -> Verdict {
        let counter = if is_sync { &self.syncs } else { &self.writes };
        counter.fetch_add(1, SeqCst);
        let mut state = self.state();
        if self.frozen.load(SeqCst) {
            return Verdict::Fail;
        }
        state.operations += 1;
        match state.armed {
            Some((at, fault)) if state.operations >= at => match fault {
                Fault::Full if is_sync => Verdict::Go,
                Fault::Full | Fault::Broken => Verdict::Fail,
                Fault::Torn => {
                    self.frozen.store(true, SeqCst);
                    Verdict::Half
                }
                Fault::Kill | Fault::PowerCut | Fault::Scattered => {
                    self.frozen.store(true, SeqCst);
                    if fault.is_power_cut() {
                        state.take_back(fault == Fault::Scattered);
                    }
                    Verdict::Fail
                }
            },
            _ => Verdict::Go,
        }
    }

    fn code(&self, broken: c_int) -> c_int {
        match self.state().armed {
            Some((_, Fault::Full)) => SQLITE_FULL,
            _ => broken,
        }
    }
}

impl State {
    /// Makes the files as they were at their last flush. With `scattered` every second write stays,
    /// and the lengths do too.
    fn take_back(&mut self, scattered: bool) {
        let mut stays = false;
        while let Some(undo) = self.undo.pop() {
            stays = scattered && !stays;
            if stays {
                continue;
            }
            let restore = || -> io::Result<()> {
                let file = OpenOptions::new().write(true).open(&undo.path)?;
                file.write_all_at(&undo.bytes, undo.offset)?;
                if scattered { Ok(()) } else { file.set_len(undo.len) }
            };
            if let Err(error) = restore() {
                // A file that is gone has nothing to take back.
                tracing::debug!(%error, path = %undo.path.display(), "not taken back");
            }
        }
    }
}

/// SQLite's view of the VFS, with what stands behind it.
#[repr(C)]
struct ShimVfs {
    vfs: sqlite3_vfs,
    base: *mut sqlite3_vfs,
    shared: Arc<Shared>,
}

/// What follows the system's own file object. SQLite's pointer to the methods points at its first
/// field, which is how the methods find it again.
#[repr(C)]
struct Extra {
    methods: sqlite3_io_methods,
    base: *const sqlite3_io_methods,
    shared: Arc<Shared>,
    path: PathBuf,
}

/// Where `Extra` begins in a file's memory.
///
/// SAFETY of callers: `base` is a VFS that SQLite gave.
unsafe fn extra_offset(base: *const sqlite3_vfs) -> c_int {
    // SAFETY: as above.
    (unsafe { (*base).szOsFile } + 7) & !7
}

/// The parts of an open file of this VFS.
///
/// SAFETY of callers: `file` was opened by `open` below and is not closed.
unsafe fn extra<'a>(file: *mut sqlite3_file) -> (&'a Extra, &'a sqlite3_io_methods) {
    // SAFETY: `open` pointed pMethods at the first field of an `Extra`, and `base` at a static.
    unsafe {
        let extra = &*(*file).pMethods.cast::<Extra>();
        (extra, &*extra.base)
    }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `vfs` is the first field of the leaked `ShimVfs`; `file` has `szOsFile` bytes, those
    // from `extra_offset` on are ours; the base only touches the ones before.
    unsafe {
        let shim = &*vfs.cast::<ShimVfs>();
        let Some(base_open) = (*shim.base).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = base_open(shim.base, name, file, flags, out_flags);
        let base = (*file).pMethods;
        if code != SQLITE_OK || base.is_null() {
            return code;
        }
        let mut methods = *base;
        methods.xClose = Some(close);
        methods.xWrite = Some(write);
        methods.xTruncate = Some(truncate);
        methods.xSync = Some(sync);
        let path = if name.is_null() {
            PathBuf::new()
        } else {
            CStr::from_ptr(name).to_string_lossy().into_owned().into()
        };
        let at = file.cast::<u8>().add(extra_offset(shim.base) as usize).cast::<Extra>();
        at.write(Extra { methods, base, shared: Arc::clone(&shim.shared), path });
        (*file).pMethods = at.cast::<sqlite3_io_methods>();
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: `vfs` is the first field of the leaked `ShimVfs`.
    let shim = unsafe { &*vfs.cast::<ShimVfs>() };
    if shim.shared.frozen.load(SeqCst) {
        return ffi::SQLITE_IOERR_DELETE;
    }
    // SAFETY: the base VFS and SQLite's own arguments.
    unsafe { (*shim.base).xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |f| f(shim.base, name, sync)) }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: `file` is open; its `Extra` is read out once, here, and never used again because
    // SQLite forgets pMethods after closing.
    unsafe {
        let extra = ptr::read((*file).pMethods.cast::<Extra>());
        (*extra.base).xClose.map_or(SQLITE_OK, |f| f(file))
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: `file` is open, and the rest are SQLite's own arguments.
    unsafe {
        let (extra, base) = extra(file);
        let Some(base_write) = base.xWrite else { return SQLITE_IOERR_WRITE };
        // A long write can be cut off after each page, which is waste where nothing is armed.
        let piece = if extra.shared.is_armed() { PAGE_BYTES as c_int } else { amount.max(1) };
        let pages = u64::try_from(amount).unwrap_or(0).div_ceil(PAGE_BYTES as u64);
        let (mut done, mut counted) = (0, 0);
        while done < amount {
            let length = piece.min(amount - done);
            let from = bytes.cast::<u8>().add(usize::try_from(done).unwrap_or(0)).cast::<c_void>();
            let at = offset + sqlite3_int64::from(done);
            match extra.shared.operation(false) {
                Verdict::Fail => return extra.shared.code(SQLITE_IOERR_WRITE),
                Verdict::Half => {
                    base_write(file, from, length / 2, at);
                    return SQLITE_IOERR_WRITE;
                }
                Verdict::Go => remember(extra, base, file, at, length),
            }
            let code = base_write(file, from, length, at);
            if code != SQLITE_OK {
                return code;
            }
            done += length;
            counted += 1;
        }
        extra.shared.writes.fetch_add(pages.saturating_sub(counted), SeqCst);
        SQLITE_OK
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: `file` is open, and the rest are SQLite's own arguments.
    unsafe {
        let (extra, base) = extra(file);
        match extra.shared.operation(false) {
            Verdict::Fail | Verdict::Half => return extra.shared.code(SQLITE_IOERR_WRITE),
            Verdict::Go => remember(extra, base, file, size, c_int::MAX),
        }
        base.xTruncate.map_or(SQLITE_IOERR_WRITE, |f| f(file, size))
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    let started = Instant::now();
    // SAFETY: `file` is open, and the rest are SQLite's own arguments.
    unsafe {
        let (extra, base) = extra(file);
        match extra.shared.operation(true) {
            Verdict::Fail | Verdict::Half => return extra.shared.code(SQLITE_IOERR_FSYNC),
            Verdict::Go => {}
        }
        let code = base.xSync.map_or(SQLITE_IOERR_FSYNC, |f| f(file, flags));
        if code == SQLITE_OK {
            extra.shared.state().undo.retain(|undo| undo.path != extra.path);
        }
        let floor = Duration::from_micros(extra.shared.sync_floor_us.load(SeqCst));
        pad_flush(started, floor);
        code
    }
}

/// Keeps what a write will cover, or a truncation cut off (`c_int::MAX` bytes: up to the end), while
/// a power cut is armed.
///
/// SAFETY of callers: `file` is open and `base` are its methods.
unsafe fn remember(
    extra: &Extra,
    base: &sqlite3_io_methods,
    file: *mut sqlite3_file,
    offset: sqlite3_int64,
    amount: c_int,
) {
    let mut state = extra.shared.state();
    let (Some(size), Some(read)) = (base.xFileSize, base.xRead) else { return };
    let armed = state.armed.is_some_and(|(_, fault)| fault.is_power_cut());
    if !armed || extra.path.as_os_str().is_empty() {
        return;
    }
    let mut len = 0;
    // SAFETY: as above.
    unsafe { size(file, &raw mut len) };
    let amount = match amount {
        c_int::MAX => c_int::try_from(len - offset).unwrap_or(0).max(0),
        covered => covered,
    };
    let (Ok(start), Ok(count)) = (u64::try_from(offset), usize::try_from(amount)) else { return };
    let mut bytes = vec![0u8; count];
    // SAFETY: as above; the buffer has `amount` bytes, and a short read fills the rest with zeros.
    unsafe { read(file, bytes.as_mut_ptr().cast(), amount, offset) };
    let len = u64::try_from(len).unwrap_or(0);
    // A disk keeps or loses each page of a write by itself.
    for (nth, page) in (0..).zip(bytes.chunks(PAGE_BYTES)) {
        let offset = start + nth * PAGE_BYTES as u64;
        state.undo.push(Undo { path: extra.path.clone(), offset, bytes: page.to_vec(), len });
    }
    if bytes.is_empty() {
        state.undo.push(Undo { path: extra.path.clone(), offset: start, bytes, len });
    }
}
