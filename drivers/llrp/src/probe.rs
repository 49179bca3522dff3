//! A look at a reader for the one who installs it: what it is, and which tags it sees.
//!
//! A probe takes the reader over: it deletes the ROSpecs it finds, as the daemon does. It leaves
//! the reader idle.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use gatewarden_model::{TagRead, hash::hex_upper};
use serde::Serialize;

use crate::{
    identity::Identity,
    link::{Link, LinkError},
    session::{Session, SessionEvent, rospec_id},
    settings::{Protocol, Settings, Trust},
};

/// LLRP's port where the address names none.
pub const PORT_DEFAULT: u16 = 5_084;
/// LLRP's port with TLS where the address names none.
pub const TLS_PORT_DEFAULT: u16 = 5_085;
/// Different tags that are listed; more are only counted.
pub const PROBE_TAGS_MAX: usize = 10_000;
/// Remarks of the reader that are listed.
pub const PROBE_NOTES_MAX: usize = 100;

/// Why a probe failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// No connection.
    #[error("{0}; check the address, the network, and that LLRP is enabled on the reader")]
    Connect(String),
    /// The connection did not last.
    #[error("{0}")]
    Session(String),
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// `host:port` as connected to.
    pub address: String,
    /// Maker, model, firmware in one line.
    pub summary: String,
    /// What the reader is.
    pub reader: Identity,
    /// SHA-256 digest of the public key that it showed, with TLS.
    pub key_sha256: Option<String>,
    /// How long it read, in seconds.
    pub seconds: u32,
    /// Reads in that time (the sum of the seen counts).
    pub reads: u64,
    /// The tags, by EPC.
    pub tags: Vec<ProbeTag>,
    /// Reports of tags beyond [`PROBE_TAGS_MAX`] different ones.
    pub reports_beyond: u64,
    /// What the reader remarked.
    pub notes: Vec<String>,
}

/// A tag that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeTag {
    /// EPC, upper-case hex.
    pub epc: String,
    /// How often it was seen.
    pub count: u64,
    /// At which antennas.
    pub antennas: Vec<u16>,
    /// Strongest RSSI in hundredths of a dBm.
    pub peak_rssi_cdbm: Option<i16>,
    /// TID, upper-case hex, if the reader tells it.
    pub tid: Option<String>,
}

/// Connects to `address` (`host`, `host:port`, `llrp://…` or, by TLS, `llrps://…` whoever it is) and reads for `seconds`.
pub async fn probe(address: &str, seconds: u32) -> Result<ProbeReport, ProbeError> {
    let tls = address.starts_with("llrps://").then_some(Trust::Anybody);
    probe_with(
        Settings { tls, protocol: Protocol::V1_1, ..Settings::new(with_port(address)) },
        seconds,
    )
    .await
}

/// As [`probe`], with settings of one's own, such as whom to trust by TLS.
pub async fn probe_with(settings: Settings, seconds: u32) -> Result<ProbeReport, ProbeError> {
    let address = settings.address.clone();
    let began = Instant::now();
    let now_us = || u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let mut link = Link::open(&settings).await.map_err(|error| match error {
        LinkError::Absent(reason) => ProbeError::Connect(reason),
        LinkError::Refused(reason) => ProbeError::Session(reason),
    })?;
    let key_sha256 = link.key.map(|key| key.to_string());
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let wall_us = i64::try_from(wall.as_micros()).unwrap_or(0);
    let wall_us = wall_us.saturating_sub_unsigned(now_us());
    let mut session = Session::new(settings, rospec_id(0), now_us()).with_wall(wall_us);
    let mut findings = Findings::default();
    let mut until = None;
    loop {
        let at = until.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
        tokio::select! {
            () = tokio::time::sleep_until(at.into()), if until.is_some() => {
                until = None;
                session.close(now_us());
            }
            () = link.turn(&mut session, now_us) => {}
        }
        while let Some(event) = session.poll_event() {
            match event {
                SessionEvent::Up(reader) => {
                    findings.reader = *reader;
                    until = Some(Instant::now() + Duration::from_secs(seconds.into()));
                }
                SessionEvent::Reads { tags, .. } => tags.iter().for_each(|tag| findings.add(tag)),
                SessionEvent::Input { port, on } => {
                    findings.note(format!("input {port} is {}", if on { "high" } else { "low" }));
                }
                SessionEvent::Clock { skew_us } => findings.reader.clock_us = Some(skew_us),
                SessionEvent::Gap { reason, .. } => findings.note(reason),
                SessionEvent::Note(text) => findings.note(text),
                SessionEvent::Accessed(_) => {}
                SessionEvent::Down { reason } => return Err(ProbeError::Session(reason)),
                SessionEvent::Closed => {
                    return Ok(ProbeReport { key_sha256, ..findings.report(address, seconds) });
                }
            }
        }
    }
}

/// Adds the default port, and takes `llrp://` or `llrps://` off.
#[must_use]
pub fn with_port(address: &str) -> String {
    let (address, usual) = match address.strip_prefix("llrps://") {
        Some(address) => (address, TLS_PORT_DEFAULT),
        None => (address.strip_prefix("llrp://").unwrap_or(address), PORT_DEFAULT),
    };
    let address = address.trim_end_matches('/');
    let has_port = match address.rsplit_once(':') {
        Some((host, port)) => {
            port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']'))
        }
        None => false,
    };
    if has_port { address.into() } else { format!("{address}:{usual}") }
}

#[derive(Default)]
struct Findings {
    reader: Identity,
    reads: u64,
    tags: BTreeMap<Vec<u8>, ProbeTag>,
    reports_beyond: u64,
    notes: Vec<String>,
}

impl Findings {
    fn add(&mut self, tag: &TagRead) {
        self.reads += u64::from(tag.count);
        if self.tags.len() >= PROBE_TAGS_MAX && !self.tags.contains_key(&tag.epc) {
            self.reports_beyond += 1;
            return;
        }
        let entry = self.tags.entry(tag.epc.clone()).or_insert_with(|| ProbeTag {
            epc: hex_upper(&tag.epc),
            count: 0,
            antennas: Vec::new(),
            peak_rssi_cdbm: None,
            tid: None,
        });
        entry.count += u64::from(tag.count);
        entry.peak_rssi_cdbm = entry.peak_rssi_cdbm.max(tag.peak_rssi_cdbm);
        if let Err(at) = entry.antennas.binary_search(&tag.antenna) {
            entry.antennas.insert(at, tag.antenna);
        }
        if let Some(tid) = &tag.tid {
            entry.tid = Some(hex_upper(tid));
        }
    }

    fn note(&mut self, text: String) {
        if self.notes.len() < PROBE_NOTES_MAX {
            self.notes.push(text);
        }
    }

    fn report(self, address: String, seconds: u32) -> ProbeReport {
        ProbeReport {
            address,
            summary: self.reader.summary(),
            reader: self.reader,
            key_sha256: None,
            seconds,
            reads: self.reads,
            tags: self.tags.into_values().collect(),
            reports_beyond: self.reports_beyond,
            notes: self.notes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn addresses_get_their_port() {
        for (given, expect) in [
            ("llrp://10.0.0.5:15084", "10.0.0.5:15084"),
            ("llrp://reader.local/", "reader.local:5084"),
            ("llrps://10.0.0.5", "10.0.0.5:5085"),
            ("10.0.0.5", "10.0.0.5:5084"),
            ("[::1]:7", "[::1]:7"),
            ("[::1]", "[::1]:5084"),
        ] {
            assert_eq!(with_port(given), expect);
        }
    }
}
