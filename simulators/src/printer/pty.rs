//! The same printer at the other end of a pseudo-terminal.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{OFlag, open};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use tokio::task::JoinHandle;

use super::{SimPrinter, attend};

/// The pseudo-terminal of a [`SimPrinter`]; dropping it unplugs the cable.
#[derive(Debug)]
pub struct SimPrinterPty {
    path: PathBuf,
    task: JoinHandle<()>,
    /// Held open so that the terminal stays raw between two drivers.
    _slave: OwnedFd,
}

impl SimPrinterPty {
    /// Attaches a printer to a new pseudo-terminal.
    ///
    /// # Errors
    /// Where the system gives none.
    pub fn attach(printer: &SimPrinter) -> io::Result<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = PathBuf::from(ptsname_r(&master)?);
        let slave = open(&path, flags, Mode::empty())?;
        let mut termios = tcgetattr(&slave)?;
        cfmakeraw(&mut termios);
        tcsetattr(&slave, SetArg::TCSANOW, &termios)?;
        let file = File::from(OwnedFd::from(master));
        let stream = both_ways(file)?;
        let task = tokio::spawn(attend(stream, Arc::clone(&printer.shared)));
        Ok(Self { path, task, _slave: slave })
    }

    /// Where the driver finds it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SimPrinterPty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Both directions of a file whose reads wait.
fn both_ways(
    file: File,
) -> io::Result<tokio::io::Join<tokio::net::unix::pipe::Receiver, tokio::net::unix::pipe::Sender>> {
    let reader = file.try_clone()?;
    Ok(tokio::io::join(
        tokio::net::unix::pipe::Receiver::from_file_unchecked(nonblocking(reader)?)?,
        tokio::net::unix::pipe::Sender::from_file_unchecked(nonblocking(file)?)?,
    ))
}

fn nonblocking(file: File) -> io::Result<File> {
    use nix::fcntl::{FcntlArg, fcntl};
    fcntl(&file, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK))?;
    Ok(file)
}
