//! Scanner, lights and webhook receiver, each driven by a raw client: bytes in, bytes out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use gatewarden_simulators::modbus::{CoilChange, LightsOptions, SimLights};
use gatewarden_simulators::printer::SimPrinter;
use gatewarden_simulators::scanner::SimScanner;
use gatewarden_simulators::webhook::{SimReceiver, WebhookOptions};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// Reads `count` bytes, or fewer where the line is hung up.
async fn read_line(path: &Path, count: usize) -> Vec<u8> {
    let mut port = File::options().read(true).write(true).open(path).unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = vec![0; count];
        let mut filled = 0;
        while filled < count {
            match port.read(&mut bytes[filled..]) {
                Ok(0) | Err(_) => break,
                Ok(more) => filled += more,
            }
        }
        bytes.truncate(filled);
        bytes
    });
    timeout(PATIENCE, read).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_scan_arrives_byte_for_byte_with_its_terminator() {
    let scanner = SimScanner::start().unwrap();
    scanner.scan("]C10104012345678901\u{1d}21A").unwrap();
    let expected = b"]C10104012345678901\x1d21A\r\n";
    assert_eq!(read_line(scanner.path(), expected.len()).await, expected);

    let scanner = SimScanner::start().unwrap().with_terminator("\r");
    scanner.half_scan("]d2AB").unwrap();
    scanner.scan("CD").unwrap();
    assert_eq!(read_line(scanner.path(), 8).await, b"]d2ABCD\r");
}

#[tokio::test]
async fn every_byte_value_passes_the_raw_line() {
    let scanner = SimScanner::start().unwrap();
    let all: Vec<u8> = (0..=255).collect();
    scanner.raw(&all).unwrap();
    assert_eq!(read_line(scanner.path(), all.len()).await, all);
}

#[tokio::test]
async fn unplugging_hangs_the_reader_up_and_replugging_keeps_the_path() {
    let scanner = SimScanner::start().unwrap();
    let path = scanner.path().to_owned();
    scanner.raw(b"x").unwrap();
    let reading = read_line(&path, 2);
    let unplugging = async { scanner.unplug() };
    let (read, ()) = tokio::join!(reading, unplugging);
    assert!(read.len() < 2, "the reader was not hung up");
    assert!(!path.exists());
    assert!(scanner.scan("lost").is_err());

    scanner.replug().unwrap();
    scanner.scan("again").unwrap();
    assert_eq!(read_line(&path, 7).await, b"again\r\n");
    drop(scanner);
    assert!(!path.exists());
}

#[tokio::test]
async fn noise_depends_on_its_seed_only_and_a_write_is_bounded() {
    let scanner = SimScanner::start().unwrap();
    scanner.garbage(5, 64).unwrap();
    let first = read_line(scanner.path(), 64).await;
    scanner.garbage(5, 64).unwrap();
    assert_eq!(read_line(scanner.path(), 64).await, first);
    assert!(scanner.raw(&[0; 4097]).is_err());
}

async fn exchange(stream: &mut TcpStream, request: &[u8], answer_len: usize) -> Vec<u8> {
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; answer_len];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn lights_answer_as_the_modbus_specification_has_it() {
    let lights = SimLights::start(LightsOptions::default()).await.unwrap();
    assert!(lights.set_input(3, true) && !lights.set_input(16, true));
    let mut client = TcpStream::connect(lights.address()).await.unwrap();
    let on = [0, 1, 0, 0, 0, 6, 1, 5, 0, 2, 0xff, 0];
    assert_eq!(exchange(&mut client, &on, 12).await, on);
    // Three coils from 1: off, on, off.
    let read = exchange(&mut client, &[0, 2, 0, 0, 0, 6, 1, 1, 0, 1, 0, 3], 10).await;
    assert_eq!(read, [0, 2, 0, 0, 0, 4, 1, 1, 1, 0b010]);
    let inputs = exchange(&mut client, &[0, 3, 0, 0, 0, 6, 1, 2, 0, 0, 0, 8], 10).await;
    assert_eq!(inputs, [0, 3, 0, 0, 0, 4, 1, 2, 1, 0b1000]);
    // Coils 0 to 2 := on, off, on.
    let many = exchange(&mut client, &[0, 4, 0, 0, 0, 8, 1, 15, 0, 0, 0, 3, 1, 0b101], 12).await;
    assert_eq!(many, [0, 4, 0, 0, 0, 6, 1, 15, 0, 0, 0, 3]);
    let changes = [(2, true), (0, true)].map(|(coil, on)| CoilChange { coil, on });
    assert_eq!(lights.history(), changes);
    // Outside: exception 2. Holding registers: exception 1.
    let outside = exchange(&mut client, &[0, 5, 0, 0, 0, 6, 1, 1, 0, 15, 0, 2], 9).await;
    assert_eq!(outside, [0, 5, 0, 0, 0, 3, 1, 0x81, 2]);
    let function = exchange(&mut client, &[0, 6, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1], 9).await;
    assert_eq!(function, [0, 6, 0, 0, 0, 3, 1, 0x83, 1]);
}

#[tokio::test]
async fn mute_lights_carry_nothing_out_and_cut_ones_take_new_connections() {
    let lights = SimLights::start(LightsOptions { unit: Some(7), ..Default::default() });
    let lights = lights.await.unwrap();
    let mut changes = lights.changes();
    let mut client = TcpStream::connect(lights.address()).await.unwrap();
    lights.mute(true);
    client.write_all(&[0, 1, 0, 0, 0, 6, 7, 5, 0, 0, 0xff, 0]).await.unwrap();
    // Another unit's request is ignored too; the cut ends a connection with nothing answered.
    client.write_all(&[0, 2, 0, 0, 0, 6, 1, 5, 0, 1, 0xff, 0]).await.unwrap();
    lights.cut().await.unwrap();
    let ended = timeout(PATIENCE, client.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert!(lights.coils().iter().all(|on| !on));

    lights.mute(false);
    let mut client = TcpStream::connect(lights.address()).await.unwrap();
    client.write_all(&[0, 1, 0, 0, 0, 6, 7, 5, 0, 4, 0xff, 0]).await.unwrap();
    let lit = timeout(PATIENCE, changes.wait_for(|coils| coils[4])).await.unwrap().unwrap();
    assert_eq!(lit.iter().filter(|on| **on).count(), 1);
}

const SECRET: &[u8] = b"correct horse";

fn signed_post(id: &str, timestamp: u64, body: &str, secret: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "POST /hook HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nIdempotency-Key: {id}\r\n\
         X-Gatewarden-Timestamp: {timestamp}\r\nX-Gatewarden-Signature: v1={hex}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The status and the body of the answer; status 0 where the connection ended without one.
async fn http(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap();
    if read.is_err() || answer.is_empty() {
        return (0, String::new());
    }
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn look_up(id: &str) -> String {
    format!("GET /hook/{id} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn the_receiver_stores_once_and_counts_repeats() {
    let receiver = SimReceiver::start(SECRET).await.unwrap();
    let address = receiver.address();
    let post = signed_post("m1", 1_700_000_000, r#"{"quantity":3}"#, SECRET);
    let first = (200, r#"{"remote_id":"R-000001"}"#.to_owned());
    assert_eq!(http(address, &post).await, first);
    assert_eq!(http(address, &post).await, first);
    let other = signed_post("m1", 1_700_000_000, r#"{"quantity":4}"#, SECRET);
    assert_eq!(http(address, &other).await, first);
    assert_eq!((receiver.repeats(), receiver.conflicts()), (2, 1));
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].body, br#"{"quantity":3}"#);
    assert_eq!(http(address, &look_up("m1")).await, first);
    assert_eq!(http(address, &look_up("m2")).await.0, 404);
}

#[tokio::test]
async fn the_receiver_refuses_what_is_not_signed_by_the_secret() {
    let receiver = SimReceiver::start(SECRET).await.unwrap();
    let good = signed_post("m1", 1, "{}", SECRET);
    let cases = [
        signed_post("m1", 1, "{}", b"another secret"),
        good.replace("v1=", "v2="),
        good.replace("Timestamp: 1", "Timestamp: 2"),
        good.replace("\r\n\r\n{}", "\r\n\r\n[]"),
        good.replace("Idempotency-Key", "X-Key"),
        good.replace("v1=", "v1=zz"),
    ];
    for case in &cases {
        assert_eq!(http(receiver.address(), case).await.0, 401, "{case}");
    }
    assert_eq!(receiver.refused(), 6);
    assert!(receiver.received().is_empty());
    let strict = WebhookOptions {
        bind: gatewarden_simulators::LOOPBACK,
        secret: SECRET.to_vec(),
        skew_s_max: Some(300),
    };
    let strict = SimReceiver::start_with(strict).await.unwrap();
    assert_eq!(http(strict.address(), &good).await.0, 401);
}

#[tokio::test]
async fn the_receiver_rejects_hangs_goes_away_and_comes_back() {
    let receiver = SimReceiver::start(SECRET).await.unwrap();
    let address = receiver.address();
    let post = |id| signed_post(id, 1, "{}", SECRET);
    receiver.reject(Some("no such item"));
    let rejected = (422, r#"{"error":"no such item"}"#.to_owned());
    assert_eq!(http(address, &post("m1")).await, rejected);
    receiver.reject(None);

    receiver.hang_after_commit(true);
    let mut count = receiver.count();
    let posted = post("m2");
    let hanging = http(address, &posted);
    let leaving = async {
        timeout(PATIENCE, count.wait_for(|count| *count == 1)).await.unwrap().unwrap();
        receiver.go_away().await;
    };
    let (answer, ()) = tokio::join!(hanging, leaving);
    assert_eq!(answer.0, 0, "stored but never answered");
    assert!(TcpStream::connect(address).await.is_err());

    receiver.hang_after_commit(false);
    receiver.come_back().await.unwrap();
    assert_eq!(http(address, &look_up("m2")).await.0, 200);
    drop(receiver);
    // The port closes once the aborted task is dropped.
    let closed = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(PATIENCE, closed).await.unwrap();
}

/// Three lines, as `~HS` answers.
async fn host_status(stream: &mut TcpStream) -> String {
    stream.write_all(b"~HS").await.unwrap();
    let mut status = String::new();
    while status.matches('\n').count() < 3 {
        let mut byte = [0];
        timeout(PATIENCE, stream.read_exact(&mut byte)).await.unwrap().unwrap();
        status.push(char::from(byte[0]));
    }
    status
}

#[tokio::test]
async fn the_printer_says_what_stands_in_its_way_and_prints_when_it_is_gone() {
    let printer = SimPrinter::start().await.unwrap();
    let mut client = TcpStream::connect(printer.address()).await.unwrap();
    let ready = "\x02030,0,0,0812,000,0,0,0,000,0,0,0\x03\r\n\
                 \x02000,0,0,0,1,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";
    assert_eq!(host_status(&mut client).await, ready);
    printer.paper(false);
    printer.head(true);
    client.write_all(b"^XA^FDlabel^FS^XZ").await.unwrap();
    let blocked = "\x02030,1,0,0812,001,0,0,0,000,0,0,0\x03\r\n\
                   \x02000,0,1,0,1,2,4,0,00000001,1,000\x03\r\n\x021234,0\x03\r\n";
    assert_eq!(host_status(&mut client).await, blocked);
    assert!(printer.printed().is_empty());
    printer.paper(true);
    printer.pause(true);
    printer.head(false);
    assert!(host_status(&mut client).await.starts_with("\x02030,0,1,0812,001,"));
    printer.pause(false);
    assert_eq!(host_status(&mut client).await, ready);
    assert_eq!(printer.printed(), [b"^XA^FDlabel^FS^XZ".to_vec()]);
    assert_eq!(*printer.count().borrow(), 1);
    printer.go_away().await;
    assert!(TcpStream::connect(printer.address()).await.is_err());
}
