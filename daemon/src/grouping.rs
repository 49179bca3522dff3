//! Which reads of a station belong together: a window of quiet time, or a portal that tells directions.
//!
//! Tags at a portal go through `gatewarden_portal`; scans, and everything at other stations, through
//! the engine's window. Pure: time, ids and alarms are arguments, so that a recorded trace gives the
//! same passes. Invariants: no read is dropped without being told as lingering, late or, with the pass
//! that it did not fit, as overflow; which pass that is never depends on what else stands open; a
//! portal's pass is spooled from its opening with what was heard before it. Absent: keeping anything.

mod late;
mod rules;

use std::collections::BTreeMap;

use gatewarden_engine::{PassWindow, ReadMeta, Sight, WindowSettings};
use gatewarden_model::{
    DeviceId, Pass, PassClosing, PassId, PassOpening, SessionId, Sighting, Stamp, Thing, Trust,
};
use gatewarden_portal::{Input, Portal, TagSeen, Taken};

use late::Late;
use rules::portal_settings;

pub(crate) use rules::Rules;

/// Things in one pass at most; beyond it reads are a gap.
pub(crate) const THINGS_MAX: usize = 10_000;

/// The passes of one station.
#[derive(Debug)]
pub(crate) struct Grouping {
    window: PassWindow,
    /// Since when what is scanned does not fit the open pass.
    full_since: Option<Stamp>,
    door: Option<Door>,
    late: Late,
    /// What scans and tags of the window may be late, in microseconds.
    in_time_us: u64,
}

#[derive(Debug)]
struct Door {
    portal: Portal,
    inputs: BTreeMap<(DeviceId, u16), Input>,
    /// Since when a tag did not fit.
    full_since: Option<Stamp>,
}

/// A pass that is over.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) pass: Pass,
    /// Since when things did not fit it: then it is interrupted, and never posted by itself.
    pub(crate) full_since: Option<Stamp>,
}

impl Closed {
    fn new(mut pass: Pass, full_since: Option<Stamp>) -> Self {
        if full_since.is_some() {
            // What did not fit may have been strange.
            pass.closed_by = PassClosing::Interrupted;
        }
        Self { pass, full_since }
    }
}

/// What became of a read or an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grouped {
    /// The pass that it opened, if it did.
    pub(crate) opened: Option<(PassId, PassOpening)>,
    /// What is to be kept before anything else, in the open pass.
    pub(crate) first: Option<(PassId, Vec<Sighting>)>,
    pub(crate) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It counts; or the pass is full, which the pass tells when it closes.
    Taken,
    /// Of a tag that stayed in the field after its pass.
    Linger,
    /// It was seen so long ago that it belongs to no pass: kept as told late.
    Late,
    /// Told late, and no more than what is known of its tag or of others far away.
    Stale,
}

impl Grouped {
    fn nothing(fate: Fate) -> Self {
        Self { opened: None, first: None, fate }
    }
}

/// One read, as far as grouping looks at it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Stamp,
    pub(crate) thing: Thing,
    pub(crate) meta: ReadMeta,
    /// Whether a guard found something wrong with it.
    pub(crate) suspect: bool,
}

impl Grouping {
    pub(crate) fn new(rules: &Rules) -> Self {
        let settings = WindowSettings {
            quiet_ms: rules.quiet_ms,
            duration_ms_max: rules.duration_ms_max,
            linger_ms: rules.linger_ms,
            things_max: THINGS_MAX,
        };
        let door = rules.portal.as_ref().map(|portal| Door {
            portal: Portal::new(portal_settings(rules, portal)),
            inputs: portal.inputs.iter().map(|(d, p, is)| ((d.clone(), *p), is.input())).collect(),
            full_since: None,
        });
        let window = PassWindow::new(rules.station.clone(), settings);
        let wait_ms = rules.portal.as_ref().map_or(0, |door| door.settle_ms).max(rules.quiet_ms);
        let late = Late::new(rules.station.clone(), wait_ms, rules.duration_ms_max);
        let in_time_us = u64::from(rules.quiet_ms) * 1000;
        Self { window, full_since: None, door, late, in_time_us }
    }

    /// Takes one read.
    pub(crate) fn read(
        &mut self,
        seen: Seen,
        session: Option<SessionId>,
        mut mint: impl FnMut() -> PassId,
    ) -> Grouped {
        let grouped = match &mut self.door {
            Some(door) if seen.meta.trust != Trust::Barcode => door.read(&seen, session, &mut mint),
            _ => {
                if !self.is_late(&seen) {
                    return self.scanned(seen, session, mint);
                }
                let known = self.window.knows(&seen.thing.key);
                Grouped::nothing(if known { Fate::Stale } else { Fate::Late })
            }
        };
        if grouped.fate != Fate::Late {
            return grouped;
        }
        let (opened, first) = self.late.take(seen, mint);
        let opened = opened.map(|id| (id, PassOpening::FirstRead));
        Grouped { opened, first, fate: Fate::Late }
    }

    /// Whether a read of the window was seen before the open pass, or so long ago that none opens for it.
    fn is_late(&mut self, seen: &Seen) -> bool {
        if seen.meta.ago_us <= self.in_time_us {
            return false;
        }
        let then_us = seen.at.mono_us.saturating_sub(seen.meta.ago_us);
        self.window.open_since(seen.at).is_none_or(|opened| then_us < opened.mono_us)
    }

    fn scanned(
        &mut self,
        seen: Seen,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Grouped {
        let at = seen.at;
        let step = self.window.handle(at, seen.thing, seen.meta, session, mint);
        let (first, fate) = match step.sight {
            Sight::First(sighting) => {
                let open = self.window.open_pass();
                (open.map(|pass| (pass, vec![*sighting])), Fate::Taken)
            }
            Sight::Again => (None, Fate::Taken),
            Sight::Linger => (None, Fate::Linger),
            Sight::Overflow => {
                self.full_since.get_or_insert(at);
                (None, Fate::Taken)
            }
        };
        Grouped { opened: step.opened.map(|id| (id, PassOpening::FirstRead)), first, fate }
    }

    /// An input of a device changed; `None` where it means nothing here.
    pub(crate) fn input(
        &mut self,
        (device, port, on): (&DeviceId, u16, bool),
        at: Stamp,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Option<Grouped> {
        let door = self.door.as_mut()?;
        let input = *door.inputs.get(&(device.clone(), port))?;
        let before = door.portal.open_pass();
        door.portal.input(input, on, at, session, mint);
        let opened = door.portal.open_pass().filter(|open| before != Some(*open));
        Some(door.grouped(opened.map(|id| (id, PassOpening::Input)), Fate::Taken))
    }

    /// A closed pass, if there is one.
    pub(crate) fn poll(&mut self, now: Stamp) -> Option<Closed> {
        if let Some(door) = &mut self.door
            && let Some(settled) = door.portal.poll(now)
        {
            return Some(Closed::new(settled.pass, door.full_since.take()));
        }
        if let Some(pass) = self.window.poll(now) {
            return Some(Closed::new(pass, self.full_since.take()));
        }
        let (window, door) = (&self.window, &self.door);
        let known = |key: &str| match door {
            Some(door) => door.portal.knows(key),
            None => window.knows(key),
        };
        self.late.poll(now, known)
    }

    /// Closes what is open.
    pub(crate) fn close(&mut self, now: Stamp, by: PassClosing) {
        self.window.close(now, by);
        self.late.close(now, by);
        if let Some(door) = &mut self.door {
            door.portal.close(now, by);
        }
    }

    /// Tags that stayed in the field count again: somebody else stands there.
    pub(crate) fn forget_lingering(&mut self) {
        self.window.forget_lingering();
        if let Some(door) = &mut self.door {
            door.portal.forget_lingering();
        }
    }

    pub(crate) fn next_deadline_us(&self) -> Option<u64> {
        let door = self.door.as_ref().and_then(|door| door.portal.next_deadline_us());
        [door, self.window.next_deadline_us(), self.late.next_deadline_us()]
            .into_iter()
            .flatten()
            .min()
    }
}

impl Door {
    fn read(
        &mut self,
        seen: &Seen,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Grouped {
        let Seen { at, thing, meta, suspect } = seen.clone();
        let key = thing.key.clone();
        let tag = TagSeen {
            at,
            seen_us: (meta.ago_us > 0).then(|| at.mono_us.saturating_sub(meta.ago_us)),
            thing,
            device: meta.device,
            antenna: meta.antenna.unwrap_or(0),
            rssi_cdbm: meta.peak_rssi_cdbm,
            reads: meta.reads,
            tid: meta.tid,
            trust: meta.trust,
            suspect,
            evidence: meta.evidence,
        };
        let before = self.portal.open_pass();
        let taken = self.portal.tag(tag, session, mint);
        let opened = self.portal.open_pass().filter(|open| before != Some(*open));
        let fate = match taken {
            Taken::First | Taken::Again => Fate::Taken,
            // What is not near has opened no pass in time either.
            Taken::Late if self.portal.may_be_near(meta.peak_rssi_cdbm) => Fate::Late,
            Taken::Late | Taken::Known => Fate::Stale,
            Taken::Overflow => {
                self.full_since.get_or_insert(at);
                Fate::Taken
            }
        };
        if opened.is_some() {
            return self.grouped(opened.map(|id| (id, PassOpening::FirstRead)), fate);
        }
        let first = (taken == Taken::First).then(|| self.portal.heard_of(&key)).flatten();
        let first = first.and_then(|sighting| Some((self.portal.open_pass()?, vec![sighting])));
        Grouped { opened: None, first, fate }
    }

    /// A pass that opens begins with all that is heard.
    fn grouped(&mut self, opened: Option<(PassId, PassOpening)>, fate: Fate) -> Grouped {
        let first = opened.map(|(id, _)| (id, self.portal.heard().collect()));
        Grouped { opened, first, fate }
    }
}

#[cfg(test)]
mod tests;
