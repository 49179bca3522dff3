//! What decides which reads of a station belong together, as a recorded trace begins with it.

use gatewarden_config::{PortalInput, Station};
use gatewarden_model::{DeviceId, StationId};
use gatewarden_portal::{Input, PortalSettings, Zone};
use serde::{Deserialize, Serialize};

use super::THINGS_MAX;

/// The rules of one station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    pub(crate) station: StationId,
    pub(super) quiet_ms: u32,
    pub(super) duration_ms_max: u32,
    pub(super) linger_ms: u32,
    pub(super) portal: Option<DoorRules>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DoorRules {
    outer: Vec<(DeviceId, u16)>,
    inner: Vec<(DeviceId, u16)>,
    pub(super) inputs: Vec<(DeviceId, u16, Meaning)>,
    near_cdbm: Option<i16>,
    stable_ms: u32,
    pub(super) settle_ms: u32,
    preroll_ms: u32,
    sure_pct: u8,
}

/// What an input means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Meaning {
    OuterBeam,
    InnerBeam,
    Gate,
    Button,
}

impl Meaning {
    pub(super) fn input(self) -> Input {
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

/// The portal that a station's rules ask for.
pub(super) fn portal_settings(rules: &Rules, portal: &DoorRules) -> PortalSettings {
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
