//! The serial port: opening it, waiting at it, carrying out what a session orders, and naming what went wrong.

use std::{io, sync::Arc, time::Duration};

use gatewarden_model::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{sleep, timeout},
};
use tokio_serial::{SerialPort, SerialPortBuilderExt, SerialStream};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings,
    session::{Output, Session},
    settings::BAUDS,
};

/// How long a port may take to take a command: a module that holds the line with flow control does not hold us.
const WRITE: Duration = Duration::from_millis(1_000);

/// Why a port can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PortError {
    #[error("failed to open {path}: {reason}; check the cable, the path and the permissions")]
    Open { path: String, reason: String },
    #[error("{path} was unplugged; it is used again as soon as it is back")]
    Unplugged { path: String },
    #[error("failed to use {path}: {source}; it is opened again")]
    Use { path: String, source: io::Error },
}

/// What happened at the port.
pub(crate) enum Step {
    Stop,
    Moved,
}

/// Opens the port at the first of its baud rates.
pub(crate) fn open(settings: &Settings) -> Result<SerialStream, PortError> {
    let path = settings.path.to_string_lossy().into_owned();
    tokio_serial::new(path.clone(), settings.baud.unwrap_or(BAUDS[0]))
        .open_native_async()
        .map_err(|error| PortError::Open { path, reason: error.to_string() })
}

/// Waits for bytes, for what is due, or for the end.
pub(crate) async fn step(
    port: &mut SerialStream,
    session: &mut Session,
    buffer: &mut [u8],
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
    closing: bool,
) -> io::Result<Step> {
    let due_us = session.poll_timeout();
    tokio::select! {
        () = stop.cancelled(), if !closing => return Ok(Step::Stop),
        read = port.read(buffer) => match read? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => session.handle_bytes(clock.now(), &buffer[..n]),
        },
        () = sleep_until(clock, due_us) => session.handle_timeout(clock.now()),
    }
    Ok(Step::Moved)
}

/// Carries out what concerns the port.
pub(crate) async fn obey(port: &mut SerialStream, order: Output) -> io::Result<()> {
    match order {
        Output::Write(bytes) => timeout(WRITE, port.write_all(&bytes))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        Output::Baud(baud) => port.set_baud_rate(baud).map_err(io::Error::other),
        _ => Ok(()),
    }
}

/// End of file, EIO and ENODEV (Linux) are how a hung-up terminal or a pulled USB plug is told.
pub(crate) fn named(settings: &Settings, error: io::Error) -> PortError {
    let path = settings.path.to_string_lossy().into_owned();
    let unplugged = matches!(error.raw_os_error(), Some(5 | 19))
        || error.kind() == io::ErrorKind::UnexpectedEof;
    if unplugged { PortError::Unplugged { path } } else { PortError::Use { path, source: error } }
}

/// Waits until a moment of the monotonic clock; for ever without one.
async fn sleep_until(clock: &Arc<dyn Clock>, due_us: Option<u64>) {
    let Some(due_us) = due_us else { return std::future::pending().await };
    let wait_us = due_us.saturating_sub(clock.now().mono_us);
    sleep(Duration::from_micros(wait_us.max(1_000))).await;
}
