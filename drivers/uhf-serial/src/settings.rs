//! What the driver has to know about a module, and which protocols can be told it.

use std::path::PathBuf;

use crate::{codec::Protocol, session::plan};

/// Most antennas of one module.
pub const ANTENNAS_MAX: usize = 15;
/// Bits a second that are tried where none are set, most likely ones first.
pub const BAUDS: [u32; 4] = [115_200, 57_600, 9_600, 38_400];

/// Where the module is used: which frequencies it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// ETSI, 865–868 MHz.
    Europe,
    /// FCC, 902–928 MHz.
    NorthAmerica,
    /// 920–925 MHz.
    China,
    /// 917–923 MHz.
    Korea,
    /// 916–921 MHz.
    Japan,
    /// 865–867 MHz.
    India,
    /// 920–926 MHz.
    Australia,
    /// 922–928 MHz.
    NewZealand,
}

impl Region {
    /// All of them with their names in a configuration.
    pub const ALL: [(&'static str, Self); 8] = [
        ("eu", Self::Europe),
        ("us", Self::NorthAmerica),
        ("cn", Self::China),
        ("kr", Self::Korea),
        ("jp", Self::Japan),
        ("in", Self::India),
        ("au", Self::Australia),
        ("nz", Self::NewZealand),
    ];

    /// By its name in a configuration.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, region)| region)
    }
}

/// What the task has to know about a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The port, best a stable name such as `/dev/serial/by-id/…`; it may vanish and come back.
    pub path: PathBuf,
    /// Bits a second, 8N1; [`BAUDS`] are tried where absent.
    pub baud: Option<u32>,
    /// The protocols to try in this order; one only where it is known. Empty: all.
    pub protocols: Vec<Protocol>,
    /// Transmit power in whole dBm; the module's own setting where absent.
    pub power_dbm: Option<u8>,
    /// Region; the module's own setting where absent.
    pub region: Option<Region>,
    /// Gen2 session, 0 to 3; the module's own setting where absent.
    pub session: Option<u8>,
    /// Gen2 Q at the start of a round, 0 to 15; the module's own setting where absent.
    pub q: Option<u8>,
    /// The antennas to use, from 1; empty means the first. Only Mercury modules can be told.
    pub antennas: Vec<u8>,
}

impl Settings {
    /// The usual settings: find out what is there, leave power and region as the module is set.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            baud: None,
            protocols: Vec::new(),
            power_dbm: None,
            region: None,
            session: None,
            q: None,
            antennas: Vec::new(),
        }
    }

    /// Whether a module of this protocol can be told all of this.
    ///
    /// # Errors
    /// The first setting that it can't be told, with the way out.
    pub fn allows(&self, protocol: Protocol) -> Result<(), String> {
        plan::asks(protocol, self).map(drop)
    }

    /// The protocols that a name of the configuration stands for, in the order of asking; none for an unknown name.
    ///
    /// The order is safe: what is asked for one protocol holds no header that another takes for the beginning of a
    /// long frame. UHFReader18 counts any byte as a length, so it is asked first, by an address without FF.
    #[must_use]
    pub fn protocols_named(name: &str) -> Option<Vec<Protocol>> {
        let r200 = [Protocol::R200 { alternate: false }, Protocol::R200 { alternate: true }];
        let chafon = [Protocol::Chafon { low_first: false }, Protocol::Chafon { low_first: true }];
        let (zero, any) = (Protocol::Reader18 { address: 0 }, Protocol::Reader18 { address: 255 });
        Some(match name {
            "auto" => vec![zero, r200[0], Protocol::Mercury, chafon[0], chafon[1], r200[1], any],
            "r200" => r200.to_vec(),
            "uhfreader18" => vec![zero, any],
            "chafon" => chafon.to_vec(),
            "mercury" => vec![Protocol::Mercury],
            _ => return None,
        })
    }
}
