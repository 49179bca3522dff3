//! The wire to a printer: TCP, a USB printer's file (`/dev/usb/lp*`) or a serial port.
//!
//! Invariants: everything that is read is bounded by the caller's buffer. A USB printer's file is opened without
//! blocking and read as soon as the kernel says that it can be. Absent: time-outs (`task`).

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, unix::pipe},
};
use tokio_serial::SerialPortBuilderExt;

use crate::Place;

/// Both directions of a connection.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Opens the wire.
pub(crate) async fn open(place: &Place) -> io::Result<Box<dyn Wire>> {
    match place {
        Place::Tcp { address } => Ok(Box::new(TcpStream::connect(address).await?)),
        Place::Usb { path } => open_raw(path),
        Place::Serial { path, baud } => {
            let port = tokio_serial::new(path.to_string_lossy(), *baud).open_native_async()?;
            Ok(Box::new(port))
        }
    }
}

/// Opens a character device that is read and written as it is, without ever blocking a thread.
fn open_raw(path: &Path) -> io::Result<Box<dyn Wire>> {
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(path)?;
    let reads = pipe::Receiver::from_file_unchecked(file.try_clone()?)?;
    Ok(Box::new(tokio::io::join(reads, pipe::Sender::from_file_unchecked(file)?)))
}
