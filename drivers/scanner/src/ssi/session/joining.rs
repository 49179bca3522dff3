//! Packets of DECODE_DATA joined into scans.
//!
//! Invariants: parts of one scan name one bar code type and come within [`PART_WAIT_US`], else they are no scan;
//! what comes late of a scan that was given up is its rest, never a scan of its own; a scan is bounded.

use gatewarden_model::{Hash, ScanRead, Stamp};

use super::{REPEAT_US, Taken};
use crate::{
    codec::parse_line,
    ssi::codec::{Packet, aim},
};

/// How long the next packet of a scan may take, in microseconds: longer than a scanner waits for an answer,
/// shorter than it tries.
pub(super) const PART_WAIT_US: u64 = 3_000_000;

/// What a packet makes of a scan.
#[derive(Debug)]
pub(super) enum Part {
    Whole(ScanRead, Hash),
    More,
    Bad(Half),
}

/// What is no scan.
#[derive(Debug)]
pub(super) struct Half {
    pub(super) from: Stamp,
    pub(super) why: String,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Begun {
    from: Stamp,
    last: Stamp,
    kind: u8,
    data: Vec<u8>,
    raw: Vec<u8>,
}

/// The rest of a scan that was given up may come: anything until `any_us`, what is sent again until `again_us`.
#[derive(Debug)]
struct Rest {
    any_us: u64,
    again_us: u64,
}

#[derive(Debug)]
pub(super) struct Joining {
    bytes_max: usize,
    begun: Option<Begun>,
    rest: Option<Rest>,
}

impl Joining {
    /// `taken` is the last packet that another session took: its scan may go on here.
    pub(super) fn new(bytes_max: usize, taken: Option<&Taken>) -> Self {
        let after = |us: u64| taken.map_or(0, |taken| taken.at.mono_us.saturating_add(us));
        let rest = taken
            .filter(|taken| taken.has_more)
            .map(|_| Rest { any_us: after(PART_WAIT_US), again_us: after(REPEAT_US) });
        Self { bytes_max, begun: None, rest }
    }

    pub(super) fn due(&self) -> Option<u64> {
        self.begun.as_ref().map(|begun| begun.last.mono_us.saturating_add(PART_WAIT_US))
    }

    /// The scan whose next packet did not come.
    pub(super) fn overdue(&mut self, now: Stamp) -> Option<Half> {
        if self.due().is_none_or(|due| now.mono_us < due) {
            return None;
        }
        self.abandon(now, "half a scan: its next packet did not come")
    }

    /// Gives up a scan that has begun.
    pub(super) fn abandon(&mut self, now: Stamp, why: &str) -> Option<Half> {
        let begun = self.begun.take()?;
        self.rest =
            Some(Rest { any_us: now.mono_us, again_us: now.mono_us.saturating_add(REPEAT_US) });
        Some(Half { from: begun.from, why: why.to_owned(), bytes: begun.data })
    }

    /// Takes a packet; what it ends without completing it comes first.
    pub(super) fn join(
        &mut self,
        from: Stamp,
        now: Stamp,
        packet: &Packet,
    ) -> (Option<Half>, Part) {
        let bad = |from: Stamp, why: &str, bytes: &[u8]| {
            Part::Bad(Half { from, why: why.to_owned(), bytes: bytes.to_vec() })
        };
        if self.is_rest(now, packet) {
            return (None, bad(from, "the rest of a scan that was given up", &packet.data));
        }
        let Some((kind, data)) = packet.data.split_first() else {
            let half = self.abandon(now, "half a scan: a packet without data came");
            return (half, bad(from, "a scan without a bar code type", &packet.encode()));
        };
        let other = self.begun.as_ref().is_some_and(|begun| begun.kind != *kind);
        let half = if other {
            self.abandon(now, "half a scan: one of another bar code type came")
        } else {
            None
        };
        let fresh = || Begun { from, last: now, kind: *kind, data: Vec::new(), raw: Vec::new() };
        let mut begun = self.begun.take().unwrap_or_else(fresh);
        begun.last = now;
        begun.data.extend_from_slice(data);
        begun.raw.extend_from_slice(&packet.encode());
        if begun.data.len() > self.bytes_max {
            if packet.has_more() {
                let any_us = now.mono_us.saturating_add(PART_WAIT_US);
                self.rest = Some(Rest { any_us, again_us: any_us });
            }
            return (half, bad(begun.from, "a scan beyond the longest allowed", &begun.data));
        }
        if packet.has_more() {
            self.begun = Some(begun);
            return (half, Part::More);
        }
        (half, finish(begun))
    }

    /// Whether a packet belongs to a scan that was given up; its last one ends that.
    fn is_rest(&mut self, now: Stamp, packet: &Packet) -> bool {
        let Some(rest) = self.rest.take() else { return false };
        let us = now.mono_us;
        let is_rest = us < rest.any_us || packet.is_again() && us < rest.again_us;
        if is_rest && packet.has_more() {
            let any_us = us.saturating_add(PART_WAIT_US);
            self.rest = Some(Rest { any_us, again_us: rest.again_us.max(any_us) });
        }
        is_rest
    }
}

/// A whole scan, or why it is none. The type of its bar code stands for an AIM identifier that was not sent.
fn finish(begun: Begun) -> Part {
    let end = begun.data.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    let text = &begun.data[..end.map_or(0, |last| last + 1)];
    match parse_line(text, b"") {
        Ok(mut scan) => {
            scan.aim.get_or_insert_with(|| aim(begun.kind).to_owned());
            Part::Whole(scan, Hash::of(&begun.raw))
        }
        Err(error) => {
            Part::Bad(Half { from: begun.from, why: error.to_string(), bytes: begun.data })
        }
    }
}
