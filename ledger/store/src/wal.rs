//! Moves the write-ahead log into the database off the writer's path, so that a commit costs one
//! flush.
//!
//! A thread with a connection of its own runs passive checkpoints, which never make the writer wait
//! for a lock. While commits never pause, a passive checkpoint can't catch up and the log can't
//! start over; so beyond `FRAMES_MAX` the writer finishes the rest itself, a short piece of work.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use rusqlite::Connection;

use crate::{StoreError, connection};

/// Frames (pages) in the log that wake the thread: 24 MiB.
const FRAMES_WAKE: u32 = 6 * 1024;

/// Frames in the log beyond which the writer helps: 64 MiB.
const FRAMES_MAX: u32 = 16 * 1024;

/// Frames after which the writer tries again, where a long reader kept the log from starting over.
const FRAMES_RETRY: u32 = 4 * 1024;

#[derive(Debug, Default)]
struct State {
    /// In the log, as of the last commit.
    frames: u32,
    /// Of these, already in the database.
    copied: u32,
    stop: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is three plain numbers, whole after any panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the log short for as long as it lives.
#[derive(Debug)]
pub(crate) struct WalKeeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    help_at: u32,
}

impl WalKeeper {
    /// Watches the commits of `writer`, and starts the thread.
    pub(crate) fn start(
        writer: &mut Connection,
        path: PathBuf,
        vfs: Option<&str>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames| {
            let mut state = seen.lock();
            state.frames = u32::try_from(frames).unwrap_or_default();
            if state.frames < state.copied {
                state.copied = 0;
            }
            if state.frames - state.copied >= FRAMES_WAKE {
                seen.changed.notify_one();
            }
            Ok(())
        }))?;
        let connection = connection::open_writer(&path, vfs)?;
        let work = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("ledger-wal".into())
            .spawn(move || run(&work, &connection))
            .map_err(|source| StoreError::Lock { path, source })?;
        Ok(Self { shared, thread: Some(thread), help_at: FRAMES_MAX })
    }

    /// After a commit: finishes the copying where the log is beyond its bound.
    pub(crate) fn help(&mut self, writer: &Connection) {
        let frames = self.shared.lock().frames;
        if frames < self.help_at {
            if frames < FRAMES_MAX {
                self.help_at = FRAMES_MAX;
            }
            return;
        }
        // What fails here is tried again; the commit itself is safe already.
        match checkpoint(writer) {
            Ok((frames, copied)) if frames == copied => self.help_at = FRAMES_MAX,
            Ok(_) | Err(_) => self.help_at = frames + FRAMES_RETRY,
        }
    }
}

impl Drop for WalKeeper {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by the panic hook and loses nothing.
            let _ = thread.join();
        }
    }
}

fn run(shared: &Shared, connection: &Connection) {
    loop {
        let mut state = shared.lock();
        while !state.stop && state.frames.saturating_sub(state.copied) < FRAMES_WAKE {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stop {
            return;
        }
        let target = state.frames;
        drop(state);
        let copied = match checkpoint(connection) {
            Ok((_, copied)) => copied,
            Err(error) => {
                tracing::warn!(%error, "failed to copy the ledger's write-ahead log; will retry");
                // Counts as done, so that the next attempt waits for as many frames again.
                target
            }
        };
        let mut state = shared.lock();
        state.copied = copied.max(target.min(state.frames)).min(state.frames);
    }
}

/// A passive checkpoint: frames in the log, and of these in the database.
pub(crate) fn checkpoint(connection: &Connection) -> Result<(u32, u32), StoreError> {
    let row = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    Ok((u32::try_from(row.0).unwrap_or_default(), u32::try_from(row.1).unwrap_or_default()))
}
