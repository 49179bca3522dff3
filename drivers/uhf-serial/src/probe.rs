//! A look at a serial port for the one who installs a module: which one it is, and which tags it sees.
//!
//! A probe leaves power and region as the module is set, unless the settings name them; it leaves the module idle.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gatewarden_model::{Clock, TagRead, hash::hex_upper};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    ModuleInfo, Settings, port,
    session::{Found, Output, Session},
};

/// Different tags that are listed; more are only counted.
pub const PROBE_TAGS_MAX: usize = 10_000;
/// Remarks that are listed.
pub const PROBE_NOTES_MAX: usize = 100;

/// Why a probe failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProbeError(pub String);

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// The port.
    pub path: String,
    /// Maker, model, firmware in one line.
    pub summary: String,
    /// `r200`, `uhfreader18`, `chafon` or `mercury`.
    pub protocol: &'static str,
    /// Bits a second.
    pub baud: u32,
    /// What the module is.
    pub module: ModuleInfo,
    /// How long it read, in seconds.
    pub seconds: u32,
    /// Reads in that time (the sum of the counts).
    pub reads: u64,
    /// The tags, by EPC.
    pub tags: Vec<ProbeTag>,
    /// Reads of tags beyond [`PROBE_TAGS_MAX`] different ones.
    pub reads_beyond: u64,
    /// What was no read.
    pub notes: Vec<String>,
}

/// A tag that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeTag {
    /// EPC, upper-case hex.
    pub epc: String,
    /// How often it was seen.
    pub count: u64,
    /// Strongest RSSI in hundredths of a dBm, where the module tells one.
    pub peak_rssi_cdbm: Option<i16>,
}

/// Finds out which module stands at the port and lets it read for `seconds`.
///
/// # Errors
/// Where the port can't be opened or used, no module answers, or it refuses.
pub async fn probe(
    settings: Settings,
    clock: Arc<dyn Clock>,
    seconds: u32,
) -> Result<ProbeReport, ProbeError> {
    let failed = |error: port::PortError| ProbeError(error.to_string());
    let mut line = port::open(&settings).map_err(failed)?;
    let mut session = Session::new(settings.clone(), None, clock.now());
    let (stop, mut buffer) = (CancellationToken::new(), [0u8; 1_024]);
    let mut findings = Findings::default();
    loop {
        while let Some(output) = session.poll_output() {
            match output {
                Output::Up { module, found } => {
                    findings.up = Some((module, found));
                    let stop = stop.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
                        stop.cancel();
                    });
                }
                Output::Tags { tags, .. } => tags.iter().for_each(|tag| findings.add(tag)),
                Output::Gap { reason, .. } => findings.note(reason),
                Output::Down { reason } => return Err(ProbeError(reason)),
                Output::Closed => return findings.report(&settings, seconds),
                order => port::obey(&mut line, order)
                    .await
                    .map_err(|e| failed(port::named(&settings, e)))?,
            }
        }
        let closing = stop.is_cancelled();
        if closing {
            session.close(clock.now());
        }
        match port::step(&mut line, &mut session, &mut buffer, &clock, &stop, closing).await {
            Ok(port::Step::Stop) => session.close(clock.now()),
            Ok(port::Step::Moved) => {}
            Err(error) => return Err(failed(port::named(&settings, error))),
        }
    }
}

#[derive(Default)]
struct Findings {
    up: Option<(ModuleInfo, Found)>,
    reads: u64,
    tags: BTreeMap<Vec<u8>, ProbeTag>,
    reads_beyond: u64,
    notes: Vec<String>,
}

impl Findings {
    fn add(&mut self, tag: &TagRead) {
        self.reads += u64::from(tag.count);
        if self.tags.len() >= PROBE_TAGS_MAX && !self.tags.contains_key(&tag.epc) {
            self.reads_beyond += u64::from(tag.count);
            return;
        }
        let entry = self.tags.entry(tag.epc.clone()).or_insert_with(|| ProbeTag {
            epc: hex_upper(&tag.epc),
            count: 0,
            peak_rssi_cdbm: None,
        });
        entry.count += u64::from(tag.count);
        entry.peak_rssi_cdbm = entry.peak_rssi_cdbm.max(tag.peak_rssi_cdbm);
    }

    fn note(&mut self, text: String) {
        if self.notes.len() < PROBE_NOTES_MAX {
            self.notes.push(text);
        }
    }

    fn report(self, settings: &Settings, seconds: u32) -> Result<ProbeReport, ProbeError> {
        let Some((module, found)) = self.up else {
            return Err(ProbeError("the probe ended before a module was found".into()));
        };
        Ok(ProbeReport {
            path: settings.path.to_string_lossy().into_owned(),
            summary: module.summary(),
            protocol: found.protocol.name(),
            baud: found.baud,
            module,
            seconds,
            reads: self.reads,
            tags: self.tags.into_values().collect(),
            reads_beyond: self.reads_beyond,
            notes: self.notes,
        })
    }
}
