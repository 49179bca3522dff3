//! How a portal is built and when its passes begin and end.

use std::collections::BTreeMap;

use gatewarden_model::{DeviceId, StationId};

/// What is near where nothing is told, in hundredths of a dBm.
const NEAR_CDBM: i16 = -5800;

/// The two halves of a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Towards the yard.
    Outer,
    /// Towards the hall.
    Inner,
}

impl Zone {
    /// 0 for the outer, 1 for the inner.
    pub(crate) fn index(self) -> usize {
        usize::from(self == Self::Inner)
    }
}

/// What an input of a device means to the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A photo-eye; on is broken.
    Beam(Zone),
    /// Opens a pass when it rises and closes it when it falls.
    Gate,
    /// Opens a pass when pressed, and closes an open one.
    Button,
}

/// A portal. All times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalSettings {
    /// Where it stands.
    pub station: StationId,
    /// Which antenna looks at which half; reads at others count for presence only.
    pub zones: BTreeMap<(DeviceId, u16), Zone>,
    /// Whether it has both photo-eyes: then nothing goes through without breaking one.
    pub beams: bool,
    /// A first tag at least so strong, in hundredths of a dBm, opens a pass; `None`: no tag does.
    pub near_cdbm: Option<i16>,
    /// A pass closes when no new tag came for so long, and none is still near ...
    pub stable_ms: u32,
    /// ... and no beam was broken for so long, which is also how long late reports are waited for.
    pub settle_ms: u32,
    /// A pass closes after so long in any case.
    pub duration_ms_max: u32,
    /// Reads so long before the opening belong to the pass.
    pub preroll_ms: u32,
    /// A tag of an earlier pass opens no other one as long as it is seen at least so often.
    pub linger_ms: u32,
    /// Different tags at once; further ones are counted as overflow.
    pub things_max: usize,
    /// Directions and identities below this confidence go to the exception queue, in percent.
    pub sure_pct: u8,
}

impl PortalSettings {
    /// A portal with two photo-eyes and the usual times.
    #[must_use]
    pub fn new(station: StationId, zones: BTreeMap<(DeviceId, u16), Zone>) -> Self {
        Self {
            station,
            zones,
            beams: true,
            near_cdbm: Some(NEAR_CDBM),
            stable_ms: 1000,
            settle_ms: 1500,
            duration_ms_max: 60_000,
            preroll_ms: 5000,
            linger_ms: 30_000,
            things_max: 10_000,
            sure_pct: 80,
        }
    }

    /// Which of a track's lanes an antenna fills.
    pub(crate) fn lane(&self, device: &DeviceId, antenna: u16) -> Option<usize> {
        let mut here = self.zones.iter();
        let zone = *self.zones.get(&(device.clone(), antenna))?;
        let first = here.find(|(_, z)| **z == zone).map(|((d, a), _)| (d, *a));
        Some(zone.index() * 2 + usize::from(first != Some((device, antenna))))
    }

    /// From which RSSI on a tag is near, whether it opens passes or not.
    pub(crate) fn near_level(&self) -> i16 {
        self.near_cdbm.unwrap_or(NEAR_CDBM)
    }

    /// Whether both halves have an antenna at either side.
    pub(crate) fn has_two_sides(&self) -> bool {
        let count = |zone| self.zones.values().filter(|z| **z == zone).count();
        count(Zone::Outer) >= 2 && count(Zone::Inner) >= 2
    }
}
