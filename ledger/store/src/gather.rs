//! A SQLite VFS that gathers what is written to a write-ahead log and hands it on in one piece: SQLite
//! writes each page of a commit in two calls, of which a small commit has twenty, a large one hundreds.
//!
//! Invariants: before a flush, before a length is told, before a file is cut, and before what is gathered
//! is read, all of it is handed on; a failure to do so fails that call, and what was gathered is dropped,
//! as SQLite then gives the transaction up. The writer flushes each commit (`synchronous=FULL`) before it
//! publishes it to readers, so nobody sees another order of events than without this; what is gathered at
//! any other time belongs to no commit. Only write-ahead logs are gathered, and only the connections of
//! `open_writer` do it. Absent: flushing (the VFS below).
//!
//! Each `unsafe` block rests on the facts that `vfs` names: SQLite passes the file and VFS pointers that
//! it was given here, a file's memory has `szOsFile` bytes and is used by one thread at a time.
#![allow(
    unsafe_code,
    reason = "SQLite's VFS interface is C function pointers; there is no safe one"
)]

use std::{
    collections::HashMap,
    ffi::{CString, c_char, c_int, c_void},
    mem::size_of,
    ptr,
    sync::{LazyLock, Mutex, PoisonError},
};

use rusqlite::ffi::{
    self, SQLITE_IOERR_WRITE, SQLITE_OK, sqlite3_file, sqlite3_filename, sqlite3_int64,
    sqlite3_io_methods, sqlite3_vfs,
};

/// What is gathered at most before it is handed on. SQLite's VFS of the system takes less than 128 KiB at
/// once, and takes more for a full disk.
const GATHERED_BYTES_MAX: usize = 96 * 1024;

/// The VFSs that were laid over others, by the address of those. They are leaked, as connections may
/// outlive everything else.
static LAID: LazyLock<Mutex<HashMap<usize, String>>> = LazyLock::new(Mutex::default);

/// The name of the gathering VFS over `base` (none for the system's own); none where there can't be one.
pub(crate) fn over(base: Option<&str>) -> Option<String> {
    let name = base.map(CString::new).transpose().ok()?;
    // SAFETY: null asks for the default VFS; a found one is registered and leaked.
    let base = unsafe { ffi::sqlite3_vfs_find(name.as_ref().map_or(ptr::null(), |n| n.as_ptr())) };
    if base.is_null() {
        return None;
    }
    let mut laid = LAID.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = laid.get(&base.addr()) {
        return Some(known.clone());
    }
    let name = format!("gathered-{:x}", base.addr());
    register(base, CString::new(name.as_str()).ok()?)?;
    laid.insert(base.addr(), name.clone());
    Some(name)
}

fn register(base: *mut sqlite3_vfs, name: CString) -> Option<()> {
    // SAFETY: `base` lives for ever; the new VFS and its name are leaked.
    unsafe {
        let mut vfs = *base;
        vfs.zName = name.into_raw();
        vfs.pNext = ptr::null_mut();
        vfs.szOsFile = extra_offset(base) + c_int::try_from(size_of::<Extra>()).ok()?;
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        let laid = Box::leak(Box::new(Laid { vfs, base }));
        let vfs = ptr::from_mut(laid).cast::<sqlite3_vfs>();
        (ffi::sqlite3_vfs_register(vfs, 0) == SQLITE_OK).then_some(())
    }
}

/// SQLite's view of the VFS, with the one below.
#[repr(C)]
struct Laid {
    vfs: sqlite3_vfs,
    base: *mut sqlite3_vfs,
}

/// What follows the file object of the VFS below, for a write-ahead log. SQLite's pointer to the methods
/// points at its first field, which is how the methods find it again.
#[repr(C)]
struct Extra {
    methods: sqlite3_io_methods,
    base: *const sqlite3_io_methods,
    /// Gathered, to be written from `start` on.
    bytes: Vec<u8>,
    start: sqlite3_int64,
}

impl Extra {
    /// Where what is gathered ends.
    fn end(&self) -> sqlite3_int64 {
        self.start
            .saturating_add(sqlite3_int64::try_from(self.bytes.len()).unwrap_or(sqlite3_int64::MAX))
    }

    fn covers(&self, offset: sqlite3_int64, amount: c_int) -> bool {
        !self.bytes.is_empty()
            && offset < self.end()
            && offset.saturating_add(sqlite3_int64::from(amount)) > self.start
    }
}

/// Where `Extra` begins in a file's memory.
///
/// SAFETY of callers: `base` is a VFS that SQLite gave.
unsafe fn extra_offset(base: *const sqlite3_vfs) -> c_int {
    // SAFETY: as above.
    (unsafe { (*base).szOsFile } + 7) & !7
}

/// The parts of an open write-ahead log.
///
/// SAFETY of callers: `file` was opened by `open` below as a log and is not closed; one at a time.
unsafe fn extra<'a>(file: *mut sqlite3_file) -> (&'a mut Extra, &'a sqlite3_io_methods) {
    // SAFETY: `open` pointed pMethods at the first field of an `Extra`, and `base` at methods that stay.
    unsafe {
        let extra = &mut *(*file).pMethods.cast_mut().cast::<Extra>();
        let base = &*extra.base;
        (extra, base)
    }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `vfs` is the first field of the leaked `Laid`; `file` has `szOsFile` bytes, those from
    // `extra_offset` on are ours; the VFS below only touches the ones before.
    unsafe {
        let laid = &*vfs.cast::<Laid>();
        let Some(base_open) = (*laid.base).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = base_open(laid.base, name, file, flags, out_flags);
        let base = (*file).pMethods;
        if code != SQLITE_OK || base.is_null() || flags & ffi::SQLITE_OPEN_WAL == 0 {
            return code;
        }
        let mut methods = *base;
        methods.xClose = Some(close);
        methods.xRead = Some(read);
        methods.xWrite = Some(write);
        methods.xTruncate = Some(truncate);
        methods.xSync = Some(sync);
        methods.xFileSize = Some(file_size);
        let at = file.cast::<u8>().add(extra_offset(laid.base) as usize).cast::<Extra>();
        at.write(Extra { methods, base, bytes: Vec::new(), start: 0 });
        (*file).pMethods = at.cast::<sqlite3_io_methods>();
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: `vfs` is the first field of the leaked `Laid`; the rest are SQLite's own arguments.
    unsafe {
        let base = (*vfs.cast::<Laid>()).base;
        (*base).xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |f| f(base, name, sync))
    }
}

/// Calls a method of the VFS below as it expects it: on a file whose methods are its own.
///
/// SAFETY of callers: as for `extra`.
unsafe fn below<T>(
    file: *mut sqlite3_file,
    base: *const sqlite3_io_methods,
    call: impl FnOnce() -> T,
) -> T {
    // SAFETY: as above; the pointer is put back before anybody else sees the file.
    unsafe {
        let own = (*file).pMethods;
        (*file).pMethods = base;
        let done = call();
        (*file).pMethods = own;
        done
    }
}

/// Hands on what is gathered.
///
/// SAFETY of callers: as for `extra`.
unsafe fn hand_on(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as above; the buffer has as many bytes as are told.
    unsafe {
        let (extra, base) = extra(file);
        if extra.bytes.is_empty() {
            return SQLITE_OK;
        }
        let (Some(base_write), Ok(amount)) = (base.xWrite, c_int::try_from(extra.bytes.len()))
        else {
            return SQLITE_IOERR_WRITE;
        };
        let (from, start) = (extra.bytes.as_ptr().cast::<c_void>(), extra.start);
        let code = below(file, base, || base_write(file, from, amount, start));
        extra.bytes.clear();
        code
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: `file` is open; its `Extra` is read out once, here, and never used again because SQLite
    // forgets pMethods after closing. What is still gathered was never committed.
    unsafe {
        let extra = ptr::read((*file).pMethods.cast::<Extra>());
        (*file).pMethods = extra.base;
        (*extra.base).xClose.map_or(SQLITE_OK, |f| f(file))
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    bytes: *mut c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: `file` is open, and the rest are SQLite's own arguments.
    unsafe {
        let (extra, base) = extra(file);
        if extra.covers(offset, amount) {
            let code = hand_on(file);
            if code != SQLITE_OK {
                return code;
            }
        }
        let Some(base_read) = base.xRead else { return ffi::SQLITE_IOERR_READ };
        below(file, base, || base_read(file, bytes, amount, offset))
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let Ok(count) = usize::try_from(amount) else { return SQLITE_IOERR_WRITE };
    // SAFETY: `file` is open, and `bytes` are `amount` bytes of SQLite's.
    unsafe {
        let (gathered, _) = extra(file);
        let follows = gathered.bytes.is_empty() || gathered.end() == offset;
        if !follows || gathered.bytes.len() + count > GATHERED_BYTES_MAX {
            let code = hand_on(file);
            if code != SQLITE_OK {
                return code;
            }
        }
        let (extra, _) = extra(file);
        if extra.bytes.is_empty() {
            extra.start = offset;
        }
        extra.bytes.extend_from_slice(std::slice::from_raw_parts(bytes.cast::<u8>(), count));
    }
    SQLITE_OK
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: `file` is open, and the rest are SQLite's own arguments.
    unsafe {
        let code = hand_on(file);
        if code != SQLITE_OK {
            return code;
        }
        let (_, base) = extra(file);
        let Some(base_truncate) = base.xTruncate else { return SQLITE_IOERR_WRITE };
        below(file, base, || base_truncate(file, size))
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: `file` is open, and the rest are SQLite's own arguments.
    unsafe {
        let code = hand_on(file);
        if code != SQLITE_OK {
            return code;
        }
        let (_, base) = extra(file);
        let Some(base_sync) = base.xSync else { return ffi::SQLITE_IOERR_FSYNC };
        below(file, base, || base_sync(file, flags))
    }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    // SAFETY: `file` is open, and the rest are SQLite's own arguments.
    unsafe {
        let code = hand_on(file);
        if code != SQLITE_OK {
            return code;
        }
        let (_, base) = extra(file);
        let Some(base_size) = base.xFileSize else { return ffi::SQLITE_IOERR_FSTAT };
        below(file, base, || base_size(file, size))
    }
}
