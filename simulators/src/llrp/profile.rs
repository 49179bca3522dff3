//! Which reader is simulated: what two readers that are sold do otherwise than the standard, or besides it.
//!
//! `impinj-r420` (Octane 6.4.1): speaks 1.0.1 only; after IMPINJ_ENABLE_EXTENSIONS takes Impinj's parameters,
//! tells TID, phase, RSSI and Doppler frequency where its content selector stands in the ROReportSpec (nowhere
//! else), and reads each tag once with search mode 3; every report carries AccessSpecID 0.
//! `zebra-fx9600` (3.32.37): speaks 1.0.1 only; tells the phase as two bytes; what it read while nobody was
//! there is kept. `generic-1.1` takes GET_SUPPORTED_VERSION and SET_PROTOCOL_VERSION, `generic-1.0.1` does not.
//!
//! Absent: what else their firmware takes in vendors' parameters (taken and not acted on).

use gatewarden_llrp::codec::{
    Param, StatusCode, VERSION_1_0_1, VERSION_1_1,
    definitions::{self, CUSTOM, PEN_IMPINJ, PEN_ZEBRA},
    param::decode_params,
    vendor::ImpinjContent,
};

use super::plan::Refusal;

const IMPINJ_SEARCH_MODE: u32 = 23;
const IMPINJ_CONTENT: u32 = 50;
const ZEBRA_CONTENT: u32 = 708;
const ZEBRA_ENABLE_PHASE: u8 = 1 << 4;
const SEARCH_MODE_FOCUS: u8 = 3;
const CUSTOM_HEAD: usize = 8;

/// A kind of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// The standard, 1.0.1.
    #[default]
    Generic101,
    /// The standard, 1.1 too.
    Generic11,
    /// Impinj Speedway R420.
    ImpinjR420,
    /// Zebra FX9600.
    ZebraFx9600,
}

impl Profile {
    /// The names of all.
    pub const NAMES: &[&str] = &["generic-1.0.1", "generic-1.1", "impinj-r420", "zebra-fx9600"];

    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Generic101, Self::Generic11, Self::ImpinjR420, Self::ZebraFx9600];

    /// Its name in scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Generic101 => "generic-1.0.1",
            Self::Generic11 => "generic-1.1",
            Self::ImpinjR420 => "impinj-r420",
            Self::ZebraFx9600 => "zebra-fx9600",
        }
    }

    /// The profile of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    pub(super) fn version_max(self) -> u8 {
        if self == Self::Generic11 { VERSION_1_1 } else { VERSION_1_0_1 }
    }

    /// Manufacturer and model in the capabilities.
    pub(super) fn maker(self) -> (u32, u32) {
        match self {
            Self::ImpinjR420 => (PEN_IMPINJ, 2_001_002),
            Self::ZebraFx9600 => (PEN_ZEBRA, 96_008),
            _ => (0, 1),
        }
    }

    pub(super) fn firmware(self) -> &'static str {
        match self {
            Self::ImpinjR420 => "6.4.1.240",
            Self::ZebraFx9600 => "3.32.37.0",
            _ => concat!("gatewarden-sim ", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// The profile and what the client has enabled: whose parameters are taken now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) profile: Profile,
    /// Impinj's extensions, on this connection.
    pub(super) extended: bool,
}

/// What vendors' parameters of a report rule ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct VendorContent {
    pub(super) impinj: ImpinjContent,
    pub(super) zebra_phase: bool,
    /// AccessSpecID 0, asked for or not.
    pub(super) access_spec: bool,
}

impl Dialect {
    /// Refuses what this reader does not know; `fits` says which subtypes may stand there.
    pub(super) fn check(self, others: &[Param], fits: fn(u32) -> bool) -> Result<(), Refusal> {
        others.iter().try_for_each(|param| {
            let known = self.known(param).is_some_and(|(subtype, _)| fits(subtype));
            if known {
                return Ok(());
            }
            let what = format!("{} ({}) is not supported", param.name(), param.kind);
            Err(Refusal::error(StatusCode::UNSUPPORTED_PARAMETER, &what))
        })
    }

    /// Subtype and data of a parameter of this reader's vendor.
    fn known(self, param: &Param) -> Option<(u32, &[u8])> {
        let (head, data) = (param.kind == CUSTOM)
            .then_some(())
            .and_then(|()| param.fields.split_at_checked(CUSTOM_HEAD))?;
        let (vendor, subtype) = head.split_first_chunk::<4>()?;
        let vendor = u32::from_be_bytes(*vendor);
        let subtype = u32::from_be_bytes(*subtype.first_chunk()?);
        let ours = match self.profile {
            Profile::ImpinjR420 => vendor == PEN_IMPINJ && self.extended,
            Profile::ZebraFx9600 => vendor == PEN_ZEBRA,
            _ => false,
        };
        (ours && definitions::custom_param(vendor, subtype).is_some()).then_some((subtype, data))
    }

    /// Whether the search mode is the one that reads each tag once.
    pub(super) fn focuses(self, others: &[Param]) -> bool {
        let mut known = others.iter().filter_map(|param| self.known(param));
        let mode = known.rfind(|(subtype, _)| *subtype == IMPINJ_SEARCH_MODE);
        self.profile == Profile::ImpinjR420
            && mode.is_some_and(|(_, data)| data == [0, SEARCH_MODE_FOCUS])
    }

    /// What the parameters in an ROReportSpec ask for.
    pub(super) fn content(self, others: &[Param]) -> Result<VendorContent, Refusal> {
        self.check(others, |_| true)?;
        let access_spec = self.profile == Profile::ImpinjR420;
        let mut content = VendorContent { access_spec, ..VendorContent::default() };
        for (subtype, data) in others.iter().filter_map(|param| self.known(param)) {
            match (self.profile, subtype) {
                (Profile::ImpinjR420, IMPINJ_CONTENT) => content.impinj = self.enables(data)?,
                (Profile::ZebraFx9600, ZEBRA_CONTENT) => {
                    content.zebra_phase =
                        data.first().is_some_and(|bits| bits & ZEBRA_ENABLE_PHASE != 0);
                }
                _ => {}
            }
        }
        Ok(content)
    }

    fn enables(self, data: &[u8]) -> Result<ImpinjContent, Refusal> {
        let refused = |error: gatewarden_llrp::codec::CodecError| {
            Refusal::error(StatusCode::PARAMETER_ERROR, &error.to_string())
        };
        let params = decode_params(data).map_err(refused)?;
        let on = |wanted: u32| {
            params
                .iter()
                .filter_map(|param| self.known(param))
                .any(|(subtype, mode)| subtype == wanted && mode == [0, 1])
        };
        Ok(ImpinjContent { tid: on(51), phase: on(52), rssi: on(53), doppler: on(67) })
    }
}

/// Where Impinj's content selector may not stand.
pub(super) fn not_content(subtype: u32) -> bool {
    subtype != IMPINJ_CONTENT && subtype != ZEBRA_CONTENT
}

#[cfg(test)]
mod tests {
    use gatewarden_llrp::codec::vendor::{
        ImpinjContent, SearchMode, impinj_content, search_mode, zebra_phase,
    };

    use super::{Dialect, Profile, not_content};

    #[test]
    fn each_takes_its_own_vendors_parameters_where_they_belong() {
        let impinj = Dialect { profile: Profile::ImpinjR420, extended: true };
        let asked = ImpinjContent { tid: true, phase: false, rssi: true, doppler: false };
        let content = impinj.content(&[impinj_content(asked)]);
        assert_eq!(content.map(|content| (content.impinj, content.access_spec)), Ok((asked, true)));
        assert!(impinj.check(&[impinj_content(asked)], not_content).is_err());
        assert!(impinj.focuses(&[search_mode(SearchMode::TagFocus)]));
        assert!(!impinj.focuses(&[search_mode(SearchMode::DualTarget)]));
        let before = Dialect { extended: false, ..impinj };
        assert!(before.content(&[impinj_content(asked)]).is_err());
        let zebra = Dialect { profile: Profile::ZebraFx9600, extended: false };
        assert_eq!(zebra.content(&[zebra_phase()]).map(|content| content.zebra_phase), Ok(true));
        assert!(zebra.content(&[impinj_content(asked)]).is_err());
        assert_eq!(Profile::ALL.map(Profile::name), *Profile::NAMES);
        for profile in Profile::ALL {
            assert_eq!(Profile::named(profile.name()), Some(profile));
        }
    }
}
