//! A real Tryton beside ours: movements posted through its JSON-RPC API by a script of its own
//! interpreter, on a fresh SQLite database in the bench's folder.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use serde::Deserialize;

use crate::bench::report::Report;

/// Makes the database, serves it, posts.
const SCRIPT: &str = include_str!("tryton_post.py");
/// Names a virtual environment with trytond, trytond-stock and proteus.
const TRYTON_VAR: &str = "GATEWARDEN_TRYTON";
const MOVEMENTS: &str = "200";

/// What it reached, in movements a second.
#[derive(Debug, Deserialize)]
pub(super) struct Rates {
    version: String,
    one: f64,
    hundred: f64,
    put_away: f64,
}

impl Rates {
    /// Tells it, beside our rate at one a commit.
    pub(super) fn tell(&self, report: &mut Report, ours: f64) {
        let unit = "movements/s";
        report.figure("tryton_at_1", "Tryton, receipts, 1 a call", self.one, unit);
        report.figure("ours_to_tryton_at_1", "  ours, 1 a commit : Tryton", ours / self.one, "");
        report.figure("tryton_at_100", "Tryton, receipts, 100 a call", self.hundred, unit);
        report.figure("tryton_put_away", "Tryton, put-aways", self.put_away, unit);
        report.note(format!(
            "Tryton {} on SQLite over JSON-RPC: receipts by stock.move (create, do), put-aways by \
             internal shipment (create, wait, assign_try, do)",
            self.version
        ));
    }
}

/// Posts to it in `dir`. None where no environment is named.
pub(super) fn measure(dir: &Path) -> anyhow::Result<Option<Rates>> {
    let venv: Option<OsString> = std::env::var_os(TRYTON_VAR);
    let Some(python) = venv.map(|venv| PathBuf::from(venv).join("bin/python")) else {
        return Ok(None);
    };
    let folder = dir.join("tryton");
    std::fs::create_dir(&folder)?;
    let script = folder.join("tryton_post.py");
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new(&python)
        .arg(&script)
        .arg(&folder)
        .arg(MOVEMENTS)
        .stdin(Stdio::null())
        .output()
        .with_context(|| {
            format!("failed to start {}, which {TRYTON_VAR} names", python.display())
        })?;
    let told = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "posting to Tryton failed:\n{told}");
    Ok(Some(serde_json::from_slice(&output.stdout).context("what the script for Tryton told")?))
}
