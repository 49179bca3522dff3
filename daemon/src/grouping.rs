//! Which reads of a station belong together: a window of quiet time, or a portal that tells directions.
//!
//! Tags at a portal go through `gatewarden_portal`; scans, and everything at other stations, through
//! the engine's window. Pure: time, ids and alarms are arguments, so that a recorded trace gives the
//! same passes. Invariants: no read is dropped without being told as lingering, late or, with the pass
//! that it did not fit, as overflow; which pass that is never depends on what else stands open; a
//! portal's pass is spooled from its opening with what was heard before it. Absent: keeping anything.

use std::collections::BTreeMap;

use gatewarden_config::{PortalInput, Station};
use gatewarden_engine::{PassWindow, ReadMeta, Sight, WindowSettings};
use gatewarden_model::{
    DeviceId, Pass, PassClosing, PassId, PassOpening, SessionId, Sighting, Stamp, StationId, Thing,
    Trust,
};
use gatewarden_portal::{Input, Portal, PortalSettings, TagSeen, Taken, Zone};
use serde::{Deserialize, Serialize};

/// Things in one pass at most; beyond it reads are a gap.
pub(crate) const THINGS_MAX: usize = 10_000;

/// What decides what belongs together, as a recorded trace begins with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    pub(crate) station: StationId,
    quiet_ms: u32,
    duration_ms_max: u32,
    linger_ms: u32,
    portal: Option<DoorRules>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorRules {
    outer: Vec<(DeviceId, u16)>,
    inner: Vec<(DeviceId, u16)>,
    inputs: Vec<(DeviceId, u16, Meaning)>,
    near_cdbm: Option<i16>,
    stable_ms: u32,
    settle_ms: u32,
    preroll_ms: u32,
    sure_pct: u8,
}

/// What an input means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Meaning {
    OuterBeam,
    InnerBeam,
    Gate,
    Button,
}

impl Meaning {
    fn input(self) -> Input {
        match self {
            Self::OuterBeam => Input::Beam(Zone::Outer),
            Self::InnerBeam => Input::Beam(Zone::Inner),
            Self::Gate => Input::Gate,
            Self::Button => Input::Button,
        }
    }
}

impl From<PortalInput> for Meaning {
    fn from(told: PortalInput) -> Self {
        match told {
            PortalInput::OuterBeam => Self::OuterBeam,
            PortalInput::InnerBeam => Self::InnerBeam,
            PortalInput::Gate => Self::Gate,
            PortalInput::Button => Self::Button,
        }
    }
}

impl Rules {
    pub(crate) fn of(station: &Station) -> Self {
        let portal = station.portal.as_ref().map(|portal| DoorRules {
            outer: portal.outer.clone(),
            inner: portal.inner.clone(),
            inputs: portal.inputs.iter().map(|(d, p, is)| (d.clone(), *p, (*is).into())).collect(),
            near_cdbm: portal.near_cdbm,
            stable_ms: portal.stable_ms,
            settle_ms: portal.settle_ms,
            preroll_ms: portal.preroll_ms,
            sure_pct: portal.sure_pct,
        });
        let pass = &station.pass;
        Self {
            station: station.name.clone(),
            quiet_ms: pass.quiet_ms,
            duration_ms_max: pass.duration_ms_max,
            linger_ms: pass.linger_ms,
            portal,
        }
    }
}

/// The passes of one station.
#[derive(Debug)]
pub(crate) struct Grouping {
    window: PassWindow,
    /// Since when what is scanned does not fit the open pass.
    full_since: Option<Stamp>,
    door: Option<Door>,
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
    /// It was seen in a pass that is closed.
    Late,
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
        Self { window, full_since: None, door }
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
        let pass = self.window.poll(now)?;
        Some(Closed::new(pass, self.full_since.take()))
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
            Taken::Late => Fate::Late,
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

fn portal_settings(rules: &Rules, portal: &DoorRules) -> PortalSettings {
    let side = |of: &[(DeviceId, u16)], zone| {
        of.iter().map(move |antenna| (antenna.clone(), zone)).collect::<Vec<_>>()
    };
    let zones =
        side(&portal.outer, Zone::Outer).into_iter().chain(side(&portal.inner, Zone::Inner));
    let has = |of| portal.inputs.iter().any(|(.., is)| *is == of);
    PortalSettings {
        beams: has(Meaning::OuterBeam) && has(Meaning::InnerBeam),
        near_cdbm: portal.near_cdbm,
        stable_ms: portal.stable_ms,
        settle_ms: portal.settle_ms,
        duration_ms_max: rules.duration_ms_max,
        preroll_ms: portal.preroll_ms,
        linger_ms: rules.linger_ms,
        things_max: THINGS_MAX,
        sure_pct: portal.sure_pct,
        ..PortalSettings::new(rules.station.clone(), zones.collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.
    use gatewarden_model::Hash;
    use uuid::Uuid;

    use super::*;

    fn at(ms: u64) -> Stamp {
        Stamp { boot: Uuid::nil(), mono_us: ms * 1000, wall_us: 0, synced: true }
    }

    /// A door without photo-eyes, whose rules are told as a trace tells them.
    fn door() -> Grouping {
        let rules = serde_json::json!({
            "station": "dock", "quiet_ms": 500, "duration_ms_max": 60_000, "linger_ms": 1000,
            "portal": {
                "outer": [["reader", 1]], "inner": [["reader", 2]], "inputs": [], "near_cdbm": -5800,
                "stable_ms": 1000, "settle_ms": 1500, "preroll_ms": 5000, "sure_pct": 80,
            },
        });
        Grouping::new(&serde_json::from_value(rules).unwrap())
    }

    fn seen(ms: u64, thing: Thing, trust: Trust) -> Seen {
        let meta = ReadMeta {
            device: "reader".parse().unwrap(),
            antenna: Some(1),
            peak_rssi_cdbm: Some(-4500),
            reads: 1,
            tid: None,
            trust,
            evidence: Hash::of(b"frame"),
        };
        Seen { at: at(ms), thing, meta, suspect: false }
    }

    #[test]
    fn tags_that_do_not_fit_interrupt_the_doors_pass_and_no_scans() {
        let mut grouping = door();
        let mut minted = 0;
        let mut mint = || {
            minted += 1;
            PassId(Uuid::from_u128(minted))
        };
        for n in 0..=u32::try_from(THINGS_MAX).unwrap() {
            let epc = [&[0x30; 8][..], &n.to_be_bytes()].concat();
            grouping.read(seen(10, Thing::of_epc(&epc), Trust::EpcOnly), None, &mut mint);
        }
        let mut scan = Thing::of_epc(&[0x30; 12]);
        scan.key = "text:pallet".to_owned();
        grouping.read(seen(20, scan, Trust::Barcode), None, &mut mint);
        let scanned = grouping.poll(at(600)).unwrap();
        assert_eq!(scanned.pass.sightings.len(), 1);
        assert_eq!((scanned.pass.closed_by, scanned.full_since), (PassClosing::Quiet, None));
        let of_door = grouping.poll(at(70_000)).unwrap();
        assert_eq!(of_door.pass.closed_by, PassClosing::Interrupted);
        assert_eq!(of_door.full_since, Some(at(10)));
        assert!(grouping.poll(at(70_000)).is_none());
    }
}
