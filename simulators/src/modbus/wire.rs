//! The frames of Modbus TCP (MBAP header) and RTU (check sum, silence between frames) with their faults.
//!
//! Invariants: one answer for one request of the own unit, none for another's; a frame is at most `FRAME_BYTES_MAX`
//! long; a header that no Modbus has ends its connection; bytes on a line that make no frame are forgotten after
//! `SILENCE`. Written without tokio-modbus, so that the driver is not tried against its own library only.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::{OFlag, open};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::module::Shared;

/// The longest frame: a header of seven bytes and a request of 253 (messaging on TCP/IP 1.0b, 4.1).
const FRAME_BYTES_MAX: usize = 260;
/// After such a pause on a line a new frame begins; long, as a busy machine is slower than 3.5 characters.
const SILENCE: Duration = Duration::from_millis(20);
/// The most clients at once; more are sent away.
const CLIENTS_MAX: usize = 32;

/// What goes wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request is neither carried out nor answered.
    Mute,
    /// The request is carried out and the connection ends without an answer; silence on a line.
    Drop,
    /// Bytes that are no Modbus.
    Garbage,
    /// The first half of the answer, then nothing.
    Half,
    /// The answer, one byte after the other with so many milliseconds between.
    Drip(u64),
    /// The answer of another unit.
    WrongUnit,
    /// The answer to another transaction (TCP); a wrong check sum (RTU).
    WrongTransaction,
}

pub(super) async fn serve_tcp(listener: TcpListener, stop: CancellationToken, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    let accepting = async {
        while let Ok((stream, _)) = listener.accept().await {
            while clients.try_join_next().is_some() {}
            if clients.len() < CLIENTS_MAX {
                clients.spawn(client(stream, Arc::clone(&shared)));
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
    clients.shutdown().await;
}

/// Ends with the connection; an error is the client's own affair.
async fn client(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    if let Err(error) = converse(&mut stream, &shared).await {
        tracing::debug!(%error, "modbus client");
    }
}

async fn converse(stream: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    loop {
        let mut header = [0u8; 7];
        stream.read_exact(&mut header).await?;
        let [t1, t2, p1, p2, l1, l2, unit] = header;
        let length = usize::from(u16::from_be_bytes([l1, l2]));
        if [p1, p2] != [0, 0] || !(2..=FRAME_BYTES_MAX - 6).contains(&length) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no Modbus header"));
        }
        let mut pdu = vec![0u8; length - 1];
        stream.read_exact(&mut pdu).await?;
        if shared.unit.is_some_and(|own| own != unit) {
            continue;
        }
        let fault = shared.take_fault();
        if fault == Some(Fault::Mute) {
            continue;
        }
        let answer = shared.answer(&pdu);
        let transaction = match fault {
            Some(Fault::WrongTransaction) => u16::from_be_bytes([t1, t2]).wrapping_add(0x55),
            _ => u16::from_be_bytes([t1, t2]),
        };
        let length = u16::try_from(answer.len() + 1).unwrap_or(u16::MAX);
        let mut frame = transaction.to_be_bytes().to_vec();
        frame.extend([0, 0]);
        frame.extend(length.to_be_bytes());
        frame.push(unit.wrapping_add(u8::from(fault == Some(Fault::WrongUnit))));
        frame.extend(answer);
        match fault {
            Some(Fault::Drop) => return Ok(()),
            Some(Fault::Garbage) => stream.write_all(&garbage(&frame)).await?,
            Some(Fault::Half) => stream.write_all(&frame[..frame.len() / 2]).await?,
            Some(Fault::Drip(ms)) => {
                for byte in frame {
                    stream.write_all(&[byte]).await?;
                    sleep(Duration::from_millis(ms)).await;
                }
            }
            _ => stream.write_all(&frame).await?,
        }
    }
}

/// As long as the frame, and nothing of it as it was.
fn garbage(frame: &[u8]) -> Vec<u8> {
    frame.iter().map(|byte| !byte).collect()
}

/// Our end without blocking, the driver's end, and the path of that; both are closed on exec.
pub(super) fn open_line() -> io::Result<(File, OwnedFd, PathBuf)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags | OFlag::O_NONBLOCK)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let device = PathBuf::from(ptsname_r(&master)?);
    let slave = open(&device, flags, Mode::empty())?;
    let mut termios = tcgetattr(&slave)?;
    cfmakeraw(&mut termios);
    tcsetattr(&slave, SetArg::TCSANOW, &termios)?;
    Ok((File::from(OwnedFd::from(master)), slave, device))
}

pub(super) async fn serve_rtu(master: File, shared: Arc<Shared>) {
    let served = async {
        let line = watched(master)?;
        let mut held: Vec<u8> = Vec::with_capacity(FRAME_BYTES_MAX);
        loop {
            let mut piece = [0u8; FRAME_BYTES_MAX];
            let reading = line.async_io(Interest::READABLE, |mut file| file.read(&mut piece));
            let read = match timeout(SILENCE, reading).await {
                Ok(read) => read?,
                Err(_) if held.is_empty() => continue,
                Err(_) => {
                    // A function of unknown length: whole where the sum is right.
                    if frame_is_sound(&held) {
                        reply(&line, &held, &shared).await?;
                    }
                    held.clear();
                    continue;
                }
            };
            held.extend(piece.get(..read).unwrap_or_default());
            while let Some(length) = request_length(&held).filter(|length| held.len() >= *length) {
                let frame: Vec<u8> = held.drain(..length).collect();
                if frame_is_sound(&frame) {
                    reply(&line, &frame, &shared).await?;
                } else {
                    held.clear();
                }
            }
            if held.len() > FRAME_BYTES_MAX {
                held.clear();
            }
        }
    };
    let ended: io::Result<()> = served.await;
    if let Err(error) = ended {
        tracing::warn!(%error, "simulated module's line broke");
    }
}

#[allow(deprecated)] // The way that replaces it is `unsafe`; nothing here closes the file while it is watched.
fn watched(master: File) -> io::Result<AsyncFd<File>> {
    AsyncFd::new(master)
}

/// How long the request is that begins here, unit and check sum included; `None` where that is not known (yet).
fn request_length(held: &[u8]) -> Option<usize> {
    match held.get(1)? {
        1..=6 => Some(8),
        15 | 16 => Some(9 + usize::from(*held.get(6)?)),
        43 => Some(7),
        _ => None,
    }
}

fn frame_is_sound(frame: &[u8]) -> bool {
    match frame.split_last_chunk::<2>() {
        Some((body, sum)) => body.len() >= 2 && crc(body) == *sum,
        None => false,
    }
}

/// The check sum of Modbus over serial line 1.02, 6.2.2, least significant byte first.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let crc = bytes.iter().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 }
        })
    });
    crc.to_le_bytes()
}

async fn reply(line: &AsyncFd<File>, frame: &[u8], shared: &Shared) -> io::Result<()> {
    let (unit, pdu) = match frame {
        [unit, pdu @ .., _, _] => (*unit, pdu),
        _ => return Ok(()),
    };
    if shared.unit.is_some_and(|own| own != unit) {
        return Ok(());
    }
    let fault = shared.take_fault();
    if fault == Some(Fault::Mute) {
        return Ok(());
    }
    let mut answer = vec![unit.wrapping_add(u8::from(fault == Some(Fault::WrongUnit)))];
    answer.extend(shared.answer(pdu));
    let [low, high] = crc(&answer);
    let spoiled = u8::from(fault == Some(Fault::WrongTransaction));
    answer.extend([low, high ^ spoiled]);
    match fault {
        Some(Fault::Drop) => Ok(()),
        Some(Fault::Garbage) => put(line, &garbage(&answer)).await,
        Some(Fault::Half) => put(line, &answer[..answer.len() / 2]).await,
        Some(Fault::Drip(ms)) => {
            for byte in answer {
                put(line, &[byte]).await?;
                sleep(Duration::from_millis(ms)).await;
            }
            Ok(())
        }
        _ => put(line, &answer).await,
    }
}

async fn put(line: &AsyncFd<File>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = line.async_io(Interest::WRITABLE, |mut file| file.write(bytes)).await?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}
