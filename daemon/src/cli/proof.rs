//! `gatewarden ledger proof`, `check-proof` and `key`: a movement's proof as text or QR codes, and
//! the file of keys that others check it with.

use std::{
    fmt::Write as _,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use gatewarden_model::MovementId;
use gatewarden_proof::{LogKey, Trust, VerifyingKey, compact, proof::PROOF_BYTES_MAX};
use gatewarden_store::LedgerReader;

use super::qr;

/// Where a proof goes.
#[derive(Debug, Args)]
pub(crate) struct Out {
    /// Write the proof to this file instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the text for QR codes, one code a line.
    #[arg(long)]
    qr_text: bool,
    /// Draw the proof as QR codes on one SVG page.
    #[arg(long, value_name = "FILE.svg", conflicts_with_all = ["out", "qr_text"])]
    qr: Option<PathBuf>,
}

/// Writes the proof of a movement.
pub(crate) fn write(
    ledger: &LedgerReader,
    witnesses: &Trust,
    movement: MovementId,
    out: &Out,
) -> anyhow::Result<ExitCode> {
    let entry = ledger.movement(movement)?;
    let entry = entry.with_context(|| format!("there is no movement {movement}"))?;
    let trust = Trust::with_witnesses_of(ledger.log_keys()?, witnesses);
    let (proof, witnessed) = ledger.witnessed_proof(entry.seq, &trust)?;
    if !witnessed && !witnesses.witnesses().is_empty() {
        eprintln!("gatewarden: no quorum of witnesses has cosigned this movement yet");
    }
    if let Some(path) = &out.qr {
        let parts = compact::to_parts(&proof, qr::CODE_CHARS_MAX)?;
        std::fs::write(path, qr::page(&parts, &format!("movement {movement}"))?)
            .with_context(|| format!("failed to write {}", path.display()))?;
        let codes =
            if parts.len() == 1 { "1 code".into() } else { format!("{} codes", parts.len()) };
        println!("{} has {codes}: scan all of them into one file, one a line", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let text = if out.qr_text {
        let mut lines = String::new();
        for part in compact::to_parts(&proof, compact::PART_CHARS_MAX)? {
            let _ = writeln!(lines, "{part}");
        }
        lines
    } else {
        proof.to_text()
    };
    match &out.out {
        Some(path) => std::fs::write(path, text)
            .with_context(|| format!("failed to write {}", path.display()))?,
        None => print!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The trusted keys: those that the journal tells, if the one at hand is among them.
pub(crate) fn trust_file(
    ledger: &LedgerReader,
    origin: &str,
    key: VerifyingKey,
    witnesses: &Trust,
) -> anyhow::Result<String> {
    let keys = ledger.log_keys()?;
    let own = LogKey::always(origin, key);
    anyhow::ensure!(
        keys.iter().any(|known| known.key == key && known.origin == origin),
        "the ledger is signed with other keys than {}; run `gatewarden ledger verify`",
        own.text()
    );
    Ok(Trust::with_witnesses_of(keys, witnesses).text())
}

/// Checks a proof as `gatewarden-verify` does.
pub(crate) fn check(proof: &Path, keys: &Path) -> anyhow::Result<ExitCode> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))
    };
    let trust = Trust::parse(&read(keys)?).with_context(|| format!("{}", keys.display()))?;
    let text = if proof.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().take(PROOF_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
        text
    } else {
        read(proof)?
    };
    for (_, proof) in gatewarden_verify::read(&[(proof.display().to_string(), text)]) {
        let checked = gatewarden_verify::judge(&trust, &proof?)?;
        print!("{}", gatewarden_verify::told(&checked, &trust));
    }
    Ok(ExitCode::SUCCESS)
}
