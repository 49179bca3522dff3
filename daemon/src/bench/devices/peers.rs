//! Other programs on the same bytes in the same run: pyllrp, llrpkit and sllurp decode the LLRP frame,
//! epcpy and pyepc the EPCs, biip the element strings, each on one core.
//!
//! They are Python packages of a virtual environment that the user names. One that is not installed there
//! is told of and left out; one that is and does not find every tag of the frame fails the bench. Absent:
//! installing them.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use gatewarden_llrp::bench::{TAGS_A_REPORT, sample};
use serde::Deserialize;

use super::codecs;
use crate::bench::report::Report;

/// Names a virtual environment with the peers' packages.
const PEERS_VAR: &str = "GATEWARDEN_PEERS";
const LLRP: &str = include_str!("../../../../drivers/llrp/tests/peers/llrp_speed.py");
const IDENTIFY: &str = include_str!("identify_speed.py");

/// A peer, the figures of its rate and of ours beside it.
struct Peer {
    name: &'static str,
    key: &'static str,
    unit: &'static str,
    ratio: (&'static str, &'static str),
    ours: &'static str,
}

const fn peer(
    (name, key, unit): (&'static str, &'static str, &'static str),
    ratio: (&'static str, &'static str),
    ours: &'static str,
) -> Peer {
    Peer { name, key, unit, ratio, ours }
}

const PEERS: [Peer; 6] = [
    peer(
        ("pyllrp", "pyllrp_per_s", "tag reports/s"),
        ("pyllrp_ratio", "  ours : pyllrp"),
        "llrp_per_s",
    ),
    peer(
        ("llrpkit", "llrpkit_per_s", "tag reports/s"),
        ("llrpkit_ratio", "  ours : llrpkit"),
        "llrp_per_s",
    ),
    peer(
        ("sllurp", "sllurp_per_s", "tag reports/s"),
        ("sllurp_ratio", "  ours : sllurp"),
        "llrp_per_s",
    ),
    peer(
        ("epcpy", "epcpy_per_s", "EPCs/s"),
        ("epcpy_ratio", "  ours (URI) : epcpy"),
        "epc_uri_per_s",
    ),
    peer(
        ("pyepc", "pyepc_per_s", "EPCs/s"),
        ("pyepc_ratio", "  ours (URI) : pyepc"),
        "epc_uri_per_s",
    ),
    peer(("biip", "biip_per_s", "scans/s"), ("biip_ratio", "  ours : biip"), "gs1_per_s"),
];

/// What a peer says.
#[derive(Debug, Deserialize)]
struct Said {
    #[serde(alias = "tags")]
    read: usize,
    #[serde(alias = "tags_per_s")]
    per_s: f64,
}

/// Lets each peer that is there work for about this time.
pub(super) fn measure(
    time: Duration,
    dir: Option<PathBuf>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(dir) = dir.or_else(|| std::env::var_os(PEERS_VAR).map(PathBuf::from)) else {
        report.note(format!("no peers: give --peers or set {PEERS_VAR}"));
        return Ok(());
    };
    let python = dir.join("bin/python");
    for peer in &PEERS {
        if !is_installed(&python, peer.name)? {
            report.note(format!("{} is not installed in {}: left out", peer.name, dir.display()));
            continue;
        }
        let is_llrp = peer.unit == "tag reports/s";
        let said = work(&python, peer, input(peer)?, time)
            .with_context(|| format!("the peer {}", peer.name))?;
        anyhow::ensure!(said.read > 0, "{} reads nothing of the sample", peer.name);
        let all = if is_llrp { TAGS_A_REPORT } else { lines(peer)?.len() };
        anyhow::ensure!(!is_llrp || said.read == all, "{} finds {} tags", peer.name, said.read);
        if said.read < all {
            report.note(format!("{} refuses {} of the sample's {all}", peer.name, all - said.read));
        }
        report.figure(peer.key, peer.name, said.per_s, peer.unit);
        if let Some(ours) = report.value(peer.ours) {
            report.figure(peer.ratio.0, peer.ratio.1, ours / said.per_s, "x");
        }
    }
    Ok(())
}

fn is_installed(python: &Path, name: &str) -> anyhow::Result<bool> {
    let find = format!("import importlib.util as u, sys; sys.exit(u.find_spec({name:?}) is None)");
    let status = Command::new(python).args(["-c", &find]).status();
    Ok(status.with_context(|| format!("failed to start {}", python.display()))?.success())
}

fn lines(peer: &Peer) -> anyhow::Result<Vec<String>> {
    if peer.unit == "scans/s" {
        return Ok(codecs::scans().map(|text| text.replace('\u{1d}', "{GS}")).collect());
    }
    let hex = |tag: &Vec<u8>| tag.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    Ok(codecs::tags()?.iter().map(hex).collect())
}

fn input(peer: &Peer) -> anyhow::Result<Vec<u8>> {
    match peer.unit {
        "tag reports/s" => Ok(sample()?),
        _ => Ok(lines(peer)?.join("\n").into_bytes()),
    }
}

fn work(python: &Path, peer: &Peer, input: Vec<u8>, time: Duration) -> anyhow::Result<Said> {
    let script = if peer.unit == "tag reports/s" { LLRP } else { IDENTIFY };
    let mut child = Command::new(python)
        .args(["-c", script, peer.name, &time.as_secs_f64().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&input).context("it does not read its input")?;
    }
    let output = child.wait_with_output()?;
    anyhow::ensure!(output.status.success(), "it failed");
    serde_json::from_slice(&output.stdout).context("its answer")
}
