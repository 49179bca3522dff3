//! The simulated readers as a child process, and what commands them: one JSON line a command, one an answer.
//!
//! The child tells its addresses first, floods when told, and ends with its standard input. Absent: other
//! faults; a bench that needs them has its reader beside itself.

use std::{
    io::{BufRead as _, Write as _},
    net::SocketAddr,
    process::Stdio,
    sync::Arc,
};

use anyhow::Context as _;
use gatewarden_simulators::llrp::{FLOOD_REPORT_TAGS_MAX, SimReader};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::bench::hall;

/// Tags in each report.
pub(super) const TAGS_A_REPORT: usize = 20;
/// Serial numbers of one reader's tags.
const SERIALS: u64 = 100_000_000;

/// Other tags stand before each reader, and it sends so many reads of them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Flood {
    /// The first tag's number, from 0.
    pub(super) first: u64,
    pub(super) tags: u64,
    pub(super) reads_each: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Addresses {
    addresses: Vec<SocketAddr>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Sent {
    sent: u64,
}

/// Is the readers until standard input ends.
pub(in crate::bench) async fn serve(count: u8) -> anyhow::Result<()> {
    let mut readers = Vec::new();
    for n in 0..count {
        readers.push(Arc::new(hall::reader(n).await?));
    }
    tell(&Addresses { addresses: readers.iter().map(|reader| reader.address()).collect() })?;
    loop {
        let line = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().next()).await?;
        let Some(line) = line.transpose()? else { return Ok(()) };
        let sent = flood(&readers, serde_json::from_str(&line)?).await?;
        tell(&Sent { sent })?;
    }
}

fn tell(what: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(what)?)?;
    Ok(out.flush()?)
}

async fn flood(readers: &[Arc<SimReader>], flood: Flood) -> anyhow::Result<u64> {
    let Flood { first, tags, reads_each } = flood;
    let mut floods = tokio::task::JoinSet::new();
    for (n, reader) in (0u64..).zip(readers.iter().cloned()) {
        let from = n * SERIALS + first;
        reader.set_field((from..from + tags).map(hall::tag).collect());
        let a_report = TAGS_A_REPORT.min(FLOOD_REPORT_TAGS_MAX);
        floods.spawn(async move { reader.flood(reads_each, a_report).await });
    }
    while let Some(ended) = floods.join_next().await {
        ended?.context("a reader's flood broke off")?;
    }
    Ok(reads_each * readers.len() as u64)
}

/// The child; dropping it ends it.
pub(super) struct Readers {
    _child: Child,
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    pub(super) addresses: Vec<SocketAddr>,
}

impl Readers {
    /// Starts this very program as so many readers.
    pub(super) async fn start(count: u8) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "devices", "--serve", &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start the simulated readers")?;
        let stdin = child.stdin.take().context("the readers have no standard input")?;
        let stdout = child.stdout.take().context("the readers have no standard output")?;
        let mut answers = BufReader::new(stdout).lines();
        let Addresses { addresses } = answer(&mut answers).await?;
        Ok(Self { _child: child, stdin, answers, addresses })
    }

    /// Floods; gives how many reads were sent.
    pub(super) async fn flood(&mut self, flood: Flood) -> anyhow::Result<u64> {
        let line = format!("{}\n", serde_json::to_string(&flood)?);
        self.stdin.write_all(line.as_bytes()).await?;
        self.stdin.flush().await?;
        let Sent { sent } = answer(&mut self.answers).await?;
        Ok(sent)
    }
}

async fn answer<T: DeserializeOwned>(
    answers: &mut Lines<BufReader<ChildStdout>>,
) -> anyhow::Result<T> {
    let line = answers.next_line().await?.context("the simulated readers have ended")?;
    serde_json::from_str(&line).context("the simulated readers' answer")
}
