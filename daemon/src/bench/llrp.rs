//! `gatewarden bench llrp`: tag reports decoded a second by the driver's codec on one core, and by
//! PyPI's pyllrp on the same bytes in the same run, where a python with it is at hand.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use gatewarden_llrp::bench::{TAGS_A_REPORT, bench_decode, sample};
use serde::Deserialize;

use super::report::{Goal, Report};

/// What the peer runs.
const SCRIPT: &str = include_str!("pyllrp_decode.py");
/// Names a virtual environment with the peers' packages.
const PEERS_VAR: &str = "GATEWARDEN_PEERS";

/// What the peer says.
#[derive(Debug, Deserialize)]
struct Peer {
    tags_a_report: usize,
    tags: u32,
    seconds: f64,
    version: String,
}

/// Decodes for about `seconds`, then lets the peer do so for as long.
pub(super) fn measure(seconds: u32, python: Option<PathBuf>) -> anyhow::Result<Report> {
    measure_for(f64::from(seconds), python.or_else(peer_python))
}

fn peer_python() -> Option<PathBuf> {
    std::env::var_os(PEERS_VAR).map(|dir| Path::new(&dir).join("bin/python"))
}

fn measure_for(seconds: f64, python: Option<PathBuf>) -> anyhow::Result<Report> {
    let ours = bench_decode(seconds)?;
    let mut report = Report::new("llrp");
    report.goal(
        "decoded_per_s",
        "gatewarden, each a read of its own",
        ours.to_reads_per_s,
        "tag reports/s",
        Goal::AtLeast(3e6),
    );
    report.figure(
        "borrowed_per_s",
        "gatewarden, fields borrowed",
        ours.borrowed_per_s,
        "tag reports/s",
    );
    match python {
        Some(python) => {
            let peer = decode_with(&python, seconds)?;
            let rate = f64::from(peer.tags) / peer.seconds;
            report.figure("pyllrp_per_s", "pyllrp, the same bytes", rate, "tag reports/s");
            report.figure("ratio", "gatewarden : pyllrp", ours.to_reads_per_s / rate, "x");
            report.note(format!("pyllrp {} of {}", peer.version, python.display()));
        }
        None => report.note(format!("no peer: give --peer-python or set {PEERS_VAR}")),
    }
    report.note(format!("{} tags a report, {} bytes", ours.tags_a_report, ours.frame_bytes));
    report.note(ours.includes);
    Ok(report)
}

fn decode_with(python: &Path, seconds: f64) -> anyhow::Result<Peer> {
    let mut child = Command::new(python)
        .args(["-c", SCRIPT, &seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {}", python.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&sample()?).context("the peer does not read its frame")?;
    }
    let output = child.wait_with_output()?;
    anyhow::ensure!(output.status.success(), "{} failed: is pyllrp there?", python.display());
    let peer: Peer = serde_json::from_slice(&output.stdout).context("the peer's answer")?;
    let found = peer.tags_a_report;
    anyhow::ensure!(found == TAGS_A_REPORT, "the peer found {found} of {TAGS_A_REPORT} tags");
    Ok(peer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn both_sides_are_measured_where_the_peer_is_at_hand() {
        let python = peer_python();
        let is_there = python.is_some();
        let report = measure_for(0.02, python).unwrap();
        assert!(report.value("decoded_per_s").unwrap() > 0.0);
        assert_eq!(report.value("pyllrp_per_s").is_some_and(|rate| rate > 0.0), is_there);
    }

    #[test]
    fn a_python_that_is_not_there_is_an_error() {
        let told = measure_for(0.02, Some("/nowhere/python".into())).unwrap_err().to_string();
        assert_eq!(told, "failed to start /nowhere/python");
    }
}
