//! One way to a module: its own TCP connection, or its turn on a serial line that several units share.
//!
//! Invariants: one request at a time on a line; units take turns in the order in which they asked (a fair lock), so
//! that a dead unit costs the others one time-out a turn and then backs off; after any failure the line is opened
//! anew, so that a late answer is never taken for the next one. Absent: parity and other stop bits.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex as Lock, PoisonError, Weak},
    time::Duration,
};

use tokio::{net::TcpStream, sync::Mutex, time::timeout};
use tokio_modbus::{
    Request, Response, Slave,
    client::{Client, Context, rtu, tcp},
    slave::SlaveContext,
};
use tokio_serial::SerialPortBuilderExt;

use crate::{Line, Settings};

/// Rest of a line after a failure, so that a late answer is over before the next question.
const QUIET: Duration = Duration::from_millis(30);

/// The open lines by path; a line is closed when its last unit lets go.
static LINES: LazyLock<Lock<BTreeMap<PathBuf, Weak<Mutex<Bus>>>>> = LazyLock::new(Lock::default);

#[derive(Default)]
pub(crate) struct Bus(Option<Context>);

/// A way to one unit.
pub(crate) enum Link {
    Tcp(Context),
    Rtu { bus: Arc<Mutex<Bus>>, line: Line, unit: u8 },
}

/// What came of a question; the inner error is the module's exception.
pub(crate) type Answer = Result<Result<Response, tokio_modbus::ExceptionCode>, tokio_modbus::Error>;

impl Link {
    pub(crate) async fn open(settings: &Settings, patience: Duration) -> io::Result<Self> {
        let unit = settings.unit;
        if let Some(line) = settings.line.clone() {
            let bus = shared(&line);
            let link = Self::Rtu { bus: bus.clone(), line: line.clone(), unit };
            let mut held = bus.lock().await;
            if held.0.is_none() {
                held.0 = Some(open_line(&line)?);
            }
            return Ok(link);
        }
        let connected = timeout(patience, TcpStream::connect(&settings.address)).await;
        let stream = connected.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer in {patience:?}"))
        })??;
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(tcp::attach_slave(stream, Slave(unit))))
    }

    /// Asks once; `None` after `patience`, counted from when the line is ours.
    pub(crate) async fn ask(&mut self, request: Request<'_>, patience: Duration) -> Option<Answer> {
        match self {
            Self::Tcp(context) => timeout(patience, context.call(request)).await.ok(),
            Self::Rtu { bus, line, unit } => {
                let mut held = bus.lock().await;
                let mut context = match held.0.take() {
                    Some(context) => context,
                    None => match open_line(line) {
                        Ok(context) => context,
                        Err(error) => return Some(Err(error.into())),
                    },
                };
                context.set_slave(Slave(*unit));
                let answer = timeout(patience, context.call(request)).await.ok();
                if matches!(answer, Some(Ok(_))) {
                    held.0 = Some(context);
                } else {
                    drop(context);
                    tokio::time::sleep(QUIET).await;
                }
                answer
            }
        }
    }
}

fn shared(line: &Line) -> Arc<Mutex<Bus>> {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.retain(|_, bus| bus.strong_count() > 0);
    if let Some(bus) = lines.get(&line.path).and_then(Weak::upgrade) {
        return bus;
    }
    let bus = Arc::new(Mutex::new(Bus::default()));
    lines.insert(line.path.clone(), Arc::downgrade(&bus));
    bus
}

/// What stood in the line's buffer before is thrown away.
fn open_line(line: &Line) -> io::Result<Context> {
    let port = tokio_serial::new(line.path.to_string_lossy(), line.baud).open_native_async()?;
    tokio_serial::SerialPort::clear(&port, tokio_serial::ClearBuffer::Input)?;
    Ok(rtu::attach(port))
}
