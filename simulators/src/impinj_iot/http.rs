//! Requests, one a connection, and the stream.

use std::io;
use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::events::{self, Report};
use super::{BODY_BYTES_MAX, Shared};
use crate::door::lock;
use crate::tags::now;

/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: u64 = 16 * 1024;
/// What every antenna of a profile must have.
const REQUIRED: &[&str] = &[
    "antennaPort",
    "transmitPowerCdbm",
    "rfMode",
    "inventorySession",
    "inventorySearchMode",
    "estimatedTagPopulation",
];

pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    let accepting = async {
        loop {
            tokio::select! {
                next = listener.accept() => {
                    let Ok((stream, _)) = next else { return };
                    let shared = Arc::clone(&shared);
                    // A broken connection concerns its peer alone.
                    connections.spawn(async move { serve(stream, &shared).await.is_ok() });
                }
                Some(_) = connections.join_next() => {}
            }
        }
    };
    let _ = stop.run_until_cancelled(accepting).await;
    connections.shutdown().await;
}

struct Request {
    what: String,
    login: String,
    body: Value,
}

async fn read(stream: impl AsyncReadExt + Unpin) -> io::Result<Request> {
    let mut reading = BufReader::new(stream).take(HEAD_BYTES_MAX);
    let mut first = String::new();
    reading.read_line(&mut first).await?;
    let (mut length, mut login) = (0usize, String::new());
    loop {
        let mut line = String::new();
        if reading.read_line(&mut line).await? == 0 || line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => login = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length.min(BODY_BYTES_MAX)];
    reading.into_inner().read_exact(&mut body).await?;
    let what: Vec<&str> = first.split_whitespace().take(2).collect();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Request { what: what.join(" "), login, body })
}

/// One request of a connection, which is closed after it.
async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let Request { what, login, body } = read(reading).await?;
    let (user, password) = &shared.options.login;
    if login != format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))) {
        return answer(&mut writing, "401 Unauthorized", &Value::Null).await;
    }
    let preset = format!("POST /api/v1/profiles/inventory/presets/{}/start", shared.options.preset);
    let serial = format!("37021050{:03}", shared.options.seed % 1_000);
    match what.as_str() {
        "GET /api/v1/system" => {
            let told = json!({
                "manufacturer": "Impinj", "productModel": "R700", "serialNumber": serial,
                "productDescription": "RAIN RFID reader", "productSku": "IPJ-R700-241",
                "productHla": "96-009-001-000", "pcba": "96-007-001-000",
            });
            answer(&mut writing, "200 OK", &told).await
        }
        "GET /api/v1/system/image" => {
            answer(&mut writing, "200 OK", &json!({ "primaryFirmware": "8.1.0.79" })).await
        }
        "GET /api/v1/status" => {
            let status = if shared.status.borrow().running { "running" } else { "idle" };
            let told =
                json!({ "status": status, "time": format!("{}Z", now()), "serialNumber": serial });
            answer(&mut writing, "200 OK", &told).await
        }
        "POST /api/v1/profiles/stop" => {
            shared.set_running(false);
            answer(&mut writing, "204 No Content", &Value::Null).await
        }
        "POST /api/v1/profiles/inventory/start" => match refused(&body) {
            Some(why) => answer(&mut writing, "400 Bad Request", &why).await,
            None => shared.begin(&body, &mut writing).await,
        },
        "GET /api/v1/data/stream" => stream_to(&mut writing, shared).await,
        what if what == preset => shared.begin(&Value::Null, &mut writing).await,
        _ => {
            let told = json!({ "message": "no such resource" });
            answer(&mut writing, "404 Not Found", &told).await
        }
    }
}

/// What is wrong with a profile.
fn refused(profile: &Value) -> Option<Value> {
    let wrong = |id: &str, detail: &str| {
        Some(json!({ "message": "invalid request", "invalidPropertyId": id, "detail": detail }))
    };
    let antennas = profile["antennaConfigs"].as_array().filter(|antennas| !antennas.is_empty());
    let Some(antennas) = antennas else { return wrong("/antennaConfigs", "required") };
    for (index, antenna) in antennas.iter().enumerate() {
        if let Some(name) = REQUIRED.iter().find(|name| antenna[**name].is_null()) {
            return wrong(&format!("/antennaConfigs/{index}/{name}"), "required");
        }
    }
    None
}

impl Shared {
    async fn begin(&self, profile: &Value, writing: &mut OwnedWriteHalf) -> io::Result<()> {
        *lock(&self.report) = Report::of(profile);
        self.status.send_modify(|now| now.starts += 1);
        self.set_running(true);
        answer(writing, "204 No Content", &Value::Null).await
    }

    /// Starts or ends the inventory and tells that on the stream, if it is a change.
    pub(super) fn set_running(&self, running: bool) {
        let changed = self.status.send_if_modified(|now| {
            let changed = now.running != running;
            now.running = running;
            changed
        });
        if changed {
            self.tell(events::status(if running { "running" } else { "idle" }));
        }
    }
}

async fn answer(to: &mut OwnedWriteHalf, status: &str, body: &Value) -> io::Result<()> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    to.write_all(format!("{head}{body}").as_bytes()).await?;
    to.shutdown().await
}

/// Counts a stream while it is open.
struct Counted<'a>(&'a Shared);

impl<'a> Counted<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.status.send_modify(|now| now.streams += 1);
        Self(shared)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.status.send_modify(|now| now.streams -= 1);
    }
}

async fn stream_to(to: &mut OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    let (mut pieces, first) = shared.listen();
    let _counted = Counted::new(shared);
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    to.write_all(head.as_bytes()).await?;
    if !first.is_empty() {
        chunk(to, &first).await?;
    }
    while let Ok(Some(piece)) = pieces.recv().await {
        chunk(to, &piece).await?;
    }
    // Cut off, without the last chunk.
    to.shutdown().await
}

async fn chunk(to: &mut OwnedWriteHalf, piece: &[u8]) -> io::Result<()> {
    to.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
    to.write_all(piece).await?;
    to.write_all(b"\r\n").await
}
