//! A recorded trace of one station: what devices told, as JSON lines, and the passes that came of it.
//!
//! The first line holds the rules of the station, every further one a [`Line`]: so a trace replays
//! without the configuration, on any machine, and gives the same passes byte for byte (`gatewarden
//! replay`). Times, ids and alarms stand in it as they were. Invariants: a trace never grows beyond
//! [`TRACE_BYTES_MAX`]; a failure to write is told once and stops nothing else. Badges never stand in
//! it: they are no reads. Absent: the frames themselves; their digests are kept.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use gatewarden_engine::ReadMeta;
use gatewarden_model::{
    DeviceId, Hash, Pass, PassClosing, PassId, SessionId, Stamp, Thing, Tid, Trust,
};
use serde::{Deserialize, Serialize};

use crate::grouping::{Grouped, Grouping, Rules, Seen};

/// Bytes of one trace at most.
const TRACE_BYTES_MAX: u64 = 1 << 30;

/// What a trace begins with.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) trace: u32,
    pub(crate) rules: Rules,
}

/// The version of the form.
pub(crate) const VERSION: u32 = 1;

/// One thing that happened, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Line {
    /// A read.
    Read(ReadLine),
    /// An input changed.
    Input {
        at: Stamp,
        device: DeviceId,
        port: u16,
        on: bool,
        session: Option<SessionId>,
        opened: Option<PassId>,
    },
    /// Somebody else stands there: tags that stayed count again.
    Forget {},
    /// The open pass was closed.
    Close { at: Stamp, by: PassClosing },
    /// A pass came out when it was asked for one at this time.
    Pass { asked: Stamp, pass: Pass },
}

/// A read, as far as grouping looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadLine {
    at: Stamp,
    thing: Thing,
    device: DeviceId,
    antenna: Option<u16>,
    peak_rssi_cdbm: Option<i16>,
    reads: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tid: Option<Tid>,
    trust: Trust,
    evidence: Hash,
    suspect: bool,
    /// How long before it came it was seen, in microseconds.
    #[serde(default, skip_serializing_if = "is_now")]
    ago_us: u64,
    session: Option<SessionId>,
    opened: Option<PassId>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_now(ago_us: &u64) -> bool {
    *ago_us == 0
}

impl ReadLine {
    pub(crate) fn new(seen: &Seen, session: Option<SessionId>) -> Self {
        let Seen { at, thing, meta, suspect } = seen;
        Self {
            at: *at,
            thing: thing.clone(),
            device: meta.device.clone(),
            antenna: meta.antenna,
            peak_rssi_cdbm: meta.peak_rssi_cdbm,
            reads: meta.reads,
            tid: meta.tid.clone(),
            trust: meta.trust,
            evidence: meta.evidence,
            suspect: *suspect,
            ago_us: meta.ago_us,
            session,
            opened: None,
        }
    }

    /// With the pass that it opened.
    pub(crate) fn opening(mut self, grouped: &Grouped) -> Line {
        self.opened = grouped.opened.map(|(pass, _)| pass);
        Line::Read(self)
    }

    fn seen(&self) -> Seen {
        let meta = ReadMeta {
            device: self.device.clone(),
            antenna: self.antenna,
            peak_rssi_cdbm: self.peak_rssi_cdbm,
            reads: self.reads,
            tid: self.tid.clone(),
            trust: self.trust,
            evidence: self.evidence,
            ago_us: self.ago_us,
        };
        Seen { at: self.at, thing: self.thing.clone(), meta, suspect: self.suspect }
    }
}

/// Writes one.
pub(crate) struct Recording {
    file: BufWriter<File>,
    left: u64,
}

impl Recording {
    /// Begins a trace. One of that name, of the run before, is kept beside it as `….old`.
    pub(crate) fn create(path: &Path, rules: &Rules) -> std::io::Result<Self> {
        if path.exists() {
            let mut old = path.as_os_str().to_owned();
            old.push(".old");
            std::fs::rename(path, old)?;
        }
        let mut recording =
            Self { file: BufWriter::new(File::create(path)?), left: TRACE_BYTES_MAX };
        let head = serde_json::to_vec(&Head { trace: VERSION, rules: rules.clone() })?;
        recording.put(&head)?;
        Ok(recording)
    }

    /// Adds a line; a pass is on the disk's cache before anything else.
    pub(crate) fn line(&mut self, line: &Line) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(line)?;
        self.put(&bytes)?;
        if matches!(line, Line::Pass { .. }) { self.file.flush() } else { Ok(()) }
    }

    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let size = bytes.len() as u64 + 1;
        self.left = self
            .left
            .checked_sub(size)
            .ok_or_else(|| std::io::Error::other(format!("it has {TRACE_BYTES_MAX} bytes")))?;
        self.file.write_all(bytes)?;
        self.file.write_all(b"\n")
    }
}

/// What a line gave when it was done again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Replayed {
    /// Nothing to compare.
    Done,
    /// A pass: what was recorded, and what came now.
    Pass { recorded: Box<Pass>, now: Option<Box<Pass>> },
}

/// Does a line again.
pub(crate) fn replay(grouping: &mut Grouping, line: Line) -> Replayed {
    // A pass that opens now and did not then has an id that no pass has.
    let mint = |opened: Option<PassId>| move || opened.unwrap_or(PassId(uuid::Uuid::nil()));
    match line {
        Line::Read(read) => {
            grouping.read(read.seen(), read.session, mint(read.opened));
        }
        Line::Input { at, device, port, on, session, opened } => {
            grouping.input((&device, port, on), at, session, mint(opened));
        }
        Line::Forget {} => grouping.forget_lingering(),
        Line::Close { at, by } => grouping.close(at, by),
        Line::Pass { asked, pass } => {
            let now = grouping.poll(asked).map(|closed| Box::new(closed.pass));
            return Replayed::Pass { recorded: Box::new(pass), now };
        }
    }
    Replayed::Done
}
