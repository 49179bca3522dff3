//! Which reads of a station belong together: a window of quiet time, or a portal that tells directions.
//!
//! Tags at a portal go through `gatewarden_portal`; scans, and everything at other stations, through
//! the engine's window. Pure: time, ids and alarms are arguments, so that a recorded trace gives the
//! same passes. Invariants: no read is dropped without being told as lingering, late or overflow; a
//! portal's pass is spooled from its opening with what was heard before it. Absent: keeping anything.

use std::collections::{BTreeMap, VecDeque};

use gatewarden_config::{PortalInput, PortalSection, Station};
use gatewarden_engine::{PassWindow, ReadMeta, Sight, WindowSettings};
use gatewarden_model::{
    DeviceId, Pass, PassClosing, PassId, PassOpening, SessionId, Sighting, Stamp, Thing, Trust,
};
use gatewarden_portal::{Input, Portal, PortalSettings, TagSeen, Taken, Zone};

/// Things in one pass at most; beyond it reads are a gap.
pub(crate) const THINGS_MAX: usize = 10_000;

/// The passes of one station.
#[derive(Debug)]
pub(crate) struct Grouping {
    window: PassWindow,
    door: Option<Door>,
}

#[derive(Debug)]
struct Door {
    portal: Portal,
    inputs: BTreeMap<(DeviceId, u16), Input>,
    ready: VecDeque<Pass>,
    late: u64,
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
    /// It counts.
    Taken,
    /// Of a tag that stayed in the field after its pass.
    Linger,
    /// It was seen in a pass that is closed.
    Late,
    /// The pass is full.
    Overflow,
}

/// One read, as far as grouping looks at it.
pub(crate) struct Seen {
    pub(crate) at: Stamp,
    pub(crate) thing: Thing,
    pub(crate) meta: ReadMeta,
    /// Whether a guard found something wrong with it.
    pub(crate) suspect: bool,
}

impl Grouping {
    pub(crate) fn new(station: &Station) -> Self {
        let settings = WindowSettings {
            quiet_ms: station.pass.quiet_ms,
            duration_ms_max: station.pass.duration_ms_max,
            linger_ms: station.pass.linger_ms,
            things_max: THINGS_MAX,
        };
        let door = station.portal.as_ref().map(|portal| Door {
            portal: Portal::new(portal_settings(station, portal)),
            inputs: portal.inputs.iter().map(|(d, p, is)| ((d.clone(), *p), meant(*is))).collect(),
            ready: VecDeque::new(),
            late: 0,
        });
        Self { window: PassWindow::new(station.name.clone(), settings), door }
    }

    /// Takes one read.
    pub(crate) fn read(
        &mut self,
        seen: Seen,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Grouped {
        match &mut self.door {
            Some(door) if seen.meta.trust != Trust::Barcode => door.read(seen, session, mint),
            _ => self.scanned(seen, session, mint),
        }
    }

    fn scanned(
        &mut self,
        seen: Seen,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Grouped {
        let step = self.window.handle(seen.at, seen.thing, seen.meta, session, mint);
        let (first, fate) = match step.sight {
            Sight::First(sighting) => {
                let open = self.window.open_pass();
                (open.map(|pass| (pass, vec![*sighting])), Fate::Taken)
            }
            Sight::Again => (None, Fate::Taken),
            Sight::Linger => (None, Fate::Linger),
            Sight::Overflow => (None, Fate::Overflow),
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
    pub(crate) fn poll(&mut self, now: Stamp) -> Option<Pass> {
        let from_door = self.door.as_mut().and_then(|door| door.poll(now));
        from_door.or_else(|| self.window.poll(now))
    }

    /// Closes what is open.
    pub(crate) fn close(&mut self, now: Stamp, by: PassClosing) {
        self.window.close(now, by);
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
        [door, self.window.next_deadline_us()].into_iter().flatten().min()
    }
}

impl Door {
    fn read(
        &mut self,
        seen: Seen,
        session: Option<SessionId>,
        mint: impl FnOnce() -> PassId,
    ) -> Grouped {
        let Seen { at, thing, meta, suspect } = seen;
        let key = thing.key.clone();
        let tag = TagSeen {
            at,
            seen_us: None,
            thing,
            device: meta.device,
            antenna: meta.antenna.unwrap_or(0),
            rssi_cdbm: meta.peak_rssi_cdbm,
            reads: meta.reads,
            trust: meta.trust,
            suspect,
            evidence: meta.evidence,
        };
        let before = self.portal.open_pass();
        let taken = self.portal.tag(tag, session, mint);
        let opened = self.portal.open_pass().filter(|open| before != Some(*open));
        let fate = match taken {
            Taken::First | Taken::Again => Fate::Taken,
            Taken::Late => Fate::Late,
            Taken::Overflow => Fate::Overflow,
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

    fn poll(&mut self, now: Stamp) -> Option<Pass> {
        while let Some(settled) = self.portal.poll(now) {
            self.ready.push_back(settled.pass);
        }
        let (late, _) = self.portal.counts();
        metrics::counter!("gatewarden_reads_late_total").increment(late - self.late);
        self.late = late;
        self.ready.pop_front()
    }
}

fn portal_settings(station: &Station, portal: &PortalSection) -> PortalSettings {
    let side = |of: &[(DeviceId, u16)], zone| {
        of.iter().map(move |antenna| (antenna.clone(), zone)).collect::<Vec<_>>()
    };
    let zones =
        side(&portal.outer, Zone::Outer).into_iter().chain(side(&portal.inner, Zone::Inner));
    PortalSettings {
        beams: portal.has_beams(),
        near_cdbm: portal.near_cdbm,
        stable_ms: portal.stable_ms,
        settle_ms: portal.settle_ms,
        duration_ms_max: station.pass.duration_ms_max,
        preroll_ms: portal.preroll_ms,
        linger_ms: station.pass.linger_ms,
        things_max: THINGS_MAX,
        sure_pct: portal.sure_pct,
        ..PortalSettings::new(station.name.clone(), zones.collect())
    }
}

fn meant(input: PortalInput) -> Input {
    match input {
        PortalInput::OuterBeam => Input::Beam(Zone::Outer),
        PortalInput::InnerBeam => Input::Beam(Zone::Inner),
        PortalInput::Gate => Input::Gate,
        PortalInput::Button => Input::Button,
    }
}
