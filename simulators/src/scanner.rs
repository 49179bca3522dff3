//! A line scanner on a pseudo-terminal: what a USB-CDC or RS-232 scanner looks like to its driver.
//!
//! Invariants: the path stays the same over unplugging and replugging (a symbolic link, as udev
//! makes one); bytes written while nobody has the port open wait in the terminal's own bounded
//! buffer; a write never blocks. Absent: baud rates (a pseudo-terminal takes any) and flow control.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use nix::fcntl::{OFlag, open};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use tempfile::TempDir;

use crate::door::lock;

/// The longest single write in bytes; a raw pseudo-terminal buffers at least this much.
pub const WRITE_BYTES_MAX: usize = 4096;
/// Where the system has its pseudo-terminals.
const TERMINALS: &str = "/dev/pts";

/// A simulated scanner; dropping it unplugs it and removes its path.
#[derive(Debug)]
pub struct SimScanner {
    path: PathBuf,
    terminator: String,
    line: Mutex<Option<Line>>,
    _directory: Option<TempDir>,
}

/// The plugged-in state: our end, and the driver's end held open so that its raw mode lasts.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) master: File,
    _slave: OwnedFd,
}

impl SimScanner {
    /// A plugged-in scanner at a path of its own, ending each scan with CR LF.
    ///
    /// # Errors
    /// Where the system gives no pseudo-terminal or no temporary directory.
    pub fn start() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("gatewarden-scanner-").tempdir()?;
        let path = directory.path().join("scanner");
        Self::plugged(path, Some(directory))
    }

    /// A plugged-in scanner whose symbolic link is made at `path`.
    ///
    /// # Errors
    /// As [`SimScanner::start`], and where something else is already at `path`.
    pub fn start_at(path: &Path) -> io::Result<Self> {
        Self::plugged(path.to_owned(), None)
    }

    fn plugged(path: PathBuf, directory: Option<TempDir>) -> io::Result<Self> {
        let line = Mutex::new(None);
        let scanner = Self { path, terminator: String::from("\r\n"), line, _directory: directory };
        scanner.replug()?;
        Ok(scanner)
    }

    /// The same scanner with another ending of each scan, such as `"\r"`.
    #[must_use]
    pub fn with_terminator(mut self, terminator: &str) -> Self {
        terminator.clone_into(&mut self.terminator);
        self
    }

    /// Where the driver finds it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sends `line` (with its AIM identifier if it shall have one) and the terminator.
    ///
    /// # Errors
    /// `NotConnected` while unplugged; `WouldBlock` where nobody has read for long and the
    /// terminal's buffer is full; `InvalidInput` above [`WRITE_BYTES_MAX`].
    pub fn scan(&self, line: &str) -> io::Result<()> {
        self.raw(format!("{line}{}", self.terminator).as_bytes())
    }

    /// Sends `line` without its terminator: a scan that broke off, or the start of one.
    ///
    /// # Errors
    /// As [`SimScanner::scan`].
    pub fn half_scan(&self, line: &str) -> io::Result<()> {
        self.raw(line.as_bytes())
    }

    /// Sends `count` bytes of noise that depends on `seed` only.
    ///
    /// # Errors
    /// As [`SimScanner::scan`].
    pub fn garbage(&self, seed: u64, count: usize) -> io::Result<()> {
        let mut seed = crate::Seed::new(seed);
        let noise: Vec<u8> = (0..count).map(|_| seed.next_u64().to_le_bytes()[0]).collect();
        self.raw(&noise)
    }

    /// Sends the bytes as they are.
    ///
    /// # Errors
    /// As [`SimScanner::scan`].
    pub fn raw(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > WRITE_BYTES_MAX {
            let reason = format!("{} bytes in one write, at most {WRITE_BYTES_MAX}", bytes.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        match lock(&self.line).as_mut() {
            Some(line) => line.master.write_all(bytes),
            None => Err(io::Error::new(io::ErrorKind::NotConnected, "the scanner is unplugged")),
        }
    }

    /// Pulls the cable: the path is gone and whoever has the port open is hung up.
    pub fn unplug(&self) {
        if lock(&self.line).take().is_some() {
            unlink(&self.path);
        }
    }

    /// Plugs it in again at the same path; nothing happens where it is plugged in.
    ///
    /// # Errors
    /// As [`SimScanner::start`].
    pub fn replug(&self) -> io::Result<()> {
        let mut line = lock(&self.line);
        if line.is_none() {
            *line = Some(plug(&self.path)?);
        }
        Ok(())
    }
}

impl Drop for SimScanner {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// Removes the link of a line that is gone. Whatever else stands there is somebody's.
pub(crate) fn unlink(path: &Path) {
    if std::fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink()) {
        let _ = std::fs::remove_file(path);
    }
}

/// Opens a line whose other end is found at `path`. The link of a line whose simulator was killed is replaced.
pub(crate) fn plug(path: &Path) -> io::Result<Line> {
    // Before another line is opened: that may get the number of the one that is gone.
    if is_left_behind(path) {
        std::fs::remove_file(path)?;
    }
    let (opened, device) = open_line()?;
    symlink(device, path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let path = path.display();
            let reason = format!(
                "{path} is there already: end the simulated devices that run with it, or remove it"
            );
            io::Error::new(io::ErrorKind::AlreadyExists, reason)
        }
        _ => error,
    })?;
    Ok(opened)
}

/// Whether a link to a pseudo-terminal that is gone stands there. Whatever else does is somebody's.
fn is_left_behind(path: &Path) -> bool {
    let to = std::fs::read_link(path);
    to.is_ok_and(|to| to.starts_with(TERMINALS) && std::fs::symlink_metadata(to).is_err())
}

/// Both ends are closed on exec: a program started meanwhile would hold the line plugged in.
fn open_line() -> io::Result<(Line, PathBuf)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags | OFlag::O_NONBLOCK)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let device = PathBuf::from(ptsname_r(&master)?);
    let slave = open(&device, flags, Mode::empty())?;
    let mut termios = tcgetattr(&slave)?;
    cfmakeraw(&mut termios);
    tcsetattr(&slave, SetArg::TCSANOW, &termios)?;
    Ok((Line { master: File::from(OwnedFd::from(master)), _slave: slave }, device))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn the_link_of_a_killed_simulator_is_replaced_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("scanner");
        symlink("/dev/pts/4000000000", &path).unwrap();
        let first = SimScanner::start_at(&path).unwrap();
        // One that somebody runs.
        let error = SimScanner::start_at(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("end the simulated devices"), "{error}");
        drop(first);
        // What is no pseudo-terminal's.
        symlink(directory.path().join("nothing"), &path).unwrap();
        assert!(SimScanner::start_at(&path).is_err());
        assert!(std::fs::symlink_metadata(&path).unwrap().is_symlink());
    }
}
