//! A proxy before PostgreSQL's socket that cuts a connection in the middle of a COMMIT: before the
//! server got it, or after the server answered and before the client heard.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test helper; not every test uses all of it"
)]

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
};

const SOCKET: &str = ".s.PGSQL.5432";

/// When the next COMMIT is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Never.
    Not,
    /// The server never gets it.
    Before,
    /// The server has done it; the client never hears.
    After,
}

/// A proxy; its threads end with the connections.
pub struct Proxy {
    folder: tempfile::TempDir,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    /// Listens before the server whose socket is in `server`.
    pub fn start(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let cut = Arc::new(AtomicU8::new(Cut::Not as u8));
        let (server, order) = (server.join(SOCKET), Arc::clone(&cut));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server, order) = (client.unwrap(), server.clone(), Arc::clone(&order));
                thread::spawn(move || serve(client, &server, &order));
            }
        });
        Self { folder, cut }
    }

    /// The folder to give as `host`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Cuts the connection at the next COMMIT.
    pub fn cut_next(&self, when: Cut) {
        self.cut.store(when as u8, Ordering::SeqCst);
    }

    /// Whether the cut that was ordered was made.
    pub fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst) == Cut::Not as u8
    }
}

fn serve(client: UnixStream, server: &PathBuf, order: &AtomicU8) {
    let Ok(server) = UnixStream::connect(server) else { return };
    let (mut from_server, mut to_client) =
        (server.try_clone().unwrap(), client.try_clone().unwrap());
    let (deaf, hears) = (Arc::new(AtomicU8::new(0)), ());
    let back = Arc::clone(&deaf);
    let answers = thread::spawn(move || {
        let mut bytes = [0; 65536];
        while let Ok(n @ 1..) = from_server.read(&mut bytes) {
            if back.load(Ordering::SeqCst) == 1 || to_client.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = from_server.shutdown(Shutdown::Both);
        hears
    });
    let (mut from_client, mut to_server) = (client, server);
    let mut bytes = [0; 65536];
    while let Ok(n @ 1..) = from_client.read(&mut bytes) {
        let is_commit = bytes[..n].windows(7).any(|word| word == b"COMMIT\0");
        let cut = if is_commit { order.load(Ordering::SeqCst) } else { Cut::Not as u8 };
        if cut != Cut::Not as u8 {
            order.store(Cut::Not as u8, Ordering::SeqCst);
        }
        if cut == Cut::Before as u8 {
            break;
        }
        if cut == Cut::After as u8 {
            deaf.store(1, Ordering::SeqCst);
        }
        if to_server.write_all(&bytes[..n]).is_err() || cut == Cut::After as u8 {
            // The server's answer comes, and ends the other thread.
            let _ = answers.join();
            return;
        }
    }
    let _ = to_server.shutdown(Shutdown::Both);
    let _ = from_client.shutdown(Shutdown::Both);
}
