//! What is sent to each kind of module, and in which order.

use crate::{
    Settings,
    codec::{ModuleInfo, Protocol, chafon, mercury, r200, reader18},
    settings::Region,
};

/// Rounds of one R200 inventory.
pub(crate) const R200_ROUNDS: u16 = 10_000;
/// Each R200 round sends at least one frame: after so many the inventory is started anew.
pub(crate) const R200_FRAMES_MAX: u32 = 9_000;
/// Seconds of one Chafon inventory.
pub(crate) const CHAFON_SECONDS: u32 = 2;
/// A UHFReader18 inventory in tenths of a second.
pub(crate) const READER18_TENTHS: u8 = 3;

/// One thing to send and be answered before reading.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(super) bytes: Vec<u8>,
    pub(super) command: u16,
    /// In words: the module refuses …
    pub(super) what: &'static str,
    /// Whether a module that does not do it is of no use.
    pub(super) needed: bool,
    /// Whether the answer tells who the module is.
    pub(super) learns: bool,
}

/// The harmless question by which a protocol is recognised.
pub(super) fn question(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::R200 { alternate } => r200::frame(alternate, 0, r200::INFO, &[0]),
        Protocol::Reader18 { address } => reader18::frame(address, reader18::INFO, &[]),
        Protocol::Chafon { low_first } => chafon::frame(low_first, chafon::ANY, chafon::INFO, &[]),
        Protocol::Mercury => mercury::frame(mercury::VERSION, &[]),
    }
}

/// The command that ends reading, and its number.
pub(super) fn stop(protocol: Protocol) -> Option<(Vec<u8>, u16)> {
    Some(match protocol {
        Protocol::R200 { alternate } => {
            (r200::frame(alternate, 0, r200::STOP, &[]), r200::STOP.into())
        }
        Protocol::Reader18 { .. } => return None,
        Protocol::Chafon { low_first } => {
            (chafon::frame(low_first, chafon::ANY, chafon::STOP, &[]), chafon::STOP)
        }
        Protocol::Mercury => {
            (mercury::frame(mercury::CONTINUOUS, &mercury::STOP), mercury::CONTINUOUS.into())
        }
    })
}

/// The command that makes it read.
pub(super) fn inventory(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::R200 { alternate } => {
            let [high, low] = R200_ROUNDS.to_be_bytes();
            r200::frame(alternate, 0, r200::POLL_MANY, &[0x22, high, low])
        }
        Protocol::Reader18 { address } => reader18::frame(address, reader18::INVENTORY, &[]),
        Protocol::Chafon { low_first } => {
            let [a, b, c, d] = CHAFON_SECONDS.to_be_bytes();
            chafon::frame(low_first, chafon::ANY, chafon::INVENTORY, &[0, a, b, c, d])
        }
        Protocol::Mercury => mercury::frame(mercury::CONTINUOUS, &mercury::start()),
    }
}

/// Whether a refused command is the one that makes it read.
pub(super) fn is_inventory(protocol: Protocol, command: Option<u16>) -> bool {
    let own = match protocol {
        Protocol::R200 { .. } => return true,
        Protocol::Reader18 { .. } => u16::from(reader18::INVENTORY),
        Protocol::Chafon { .. } => chafon::INVENTORY,
        Protocol::Mercury => u16::from(mercury::CONTINUOUS),
    };
    command.is_none_or(|command| command == own)
}

/// After how many frames the inventory must be started anew, where it has a count.
pub(super) fn frames_max(protocol: Protocol) -> Option<u32> {
    matches!(protocol, Protocol::R200 { .. }).then_some(R200_FRAMES_MAX)
}

/// Adds an answer about the module.
pub(super) fn learn(protocol: Protocol, command: u16, module: &mut ModuleInfo, data: &[u8]) {
    match protocol {
        Protocol::R200 { .. } => r200::learn(command, module, data),
        Protocol::Reader18 { .. } => reader18::learn(module, data),
        Protocol::Chafon { .. } => chafon::learn(module, data),
        Protocol::Mercury => mercury::learn(command, module, data),
    }
}

/// All that is asked before reading; an error is a setting that this kind of module can't be told.
pub(crate) fn asks(protocol: Protocol, settings: &Settings) -> Result<Vec<Ask>, String> {
    if !matches!(protocol, Protocol::Mercury) && settings.antennas.iter().any(|a| *a != 1) {
        return Err(refusal(protocol, "antennas"));
    }
    match protocol {
        Protocol::R200 { alternate } => r200_asks(alternate, settings),
        Protocol::Reader18 { address } => reader18_asks(address, settings),
        Protocol::Chafon { low_first } => chafon_asks(low_first, settings),
        Protocol::Mercury => mercury_asks(settings),
    }
}

fn refusal(protocol: Protocol, key: &str) -> String {
    format!(
        "a {} module can't be told `{key}`; leave it out and set it with the maker's tool",
        protocol.name()
    )
}

fn r200_asks(alternate: bool, settings: &Settings) -> Result<Vec<Ask>, String> {
    let ask = |command: u8, data: &[u8], what, needed| Ask {
        bytes: r200::frame(alternate, 0, command, data),
        command: command.into(),
        what,
        needed,
        learns: matches!(command, r200::INFO | r200::POWER_TOLD),
    };
    let mut asks = vec![ask(r200::STOP, &[], "to stop", false)];
    asks.push(ask(r200::INFO, &[0], "to tell its hardware", true));
    asks.push(ask(r200::INFO, &[1], "to tell its firmware", false));
    asks.push(ask(r200::INFO, &[2], "to tell its maker", false));
    if let Some(region) = settings.region {
        let code = match region {
            Region::China => 1,
            Region::NorthAmerica => 2,
            Region::Europe => 3,
            Region::Korea => 6,
            _ => return Err(refusal(Protocol::R200 { alternate }, "region")),
        };
        asks.push(ask(r200::REGION, &[code], "the region", true));
    }
    if let Some(dbm) = settings.power_dbm {
        asks.push(ask(r200::POWER, &(u16::from(dbm) * 100).to_be_bytes(), "the power", true));
    }
    if settings.session.is_some() || settings.q.is_some() {
        let query = r200::query(settings.session.unwrap_or(0), settings.q.unwrap_or(4));
        asks.push(ask(r200::QUERY, &query, "session and Q", true));
    }
    asks.push(ask(r200::POWER_TOLD, &[], "to tell its power", false));
    Ok(asks)
}

fn reader18_asks(address: u8, settings: &Settings) -> Result<Vec<Ask>, String> {
    let protocol = Protocol::Reader18 { address };
    let ask = |command: u8, data: &[u8], what, needed| Ask {
        bytes: reader18::frame(address, command, data),
        command: command.into(),
        what,
        needed,
        learns: command == reader18::INFO,
    };
    let mut asks = vec![ask(reader18::INFO, &[], "to tell what it is", true)];
    asks.push(ask(reader18::WORK_MODE, &[0, 0, 0, 0, 0, 0], "the answer mode", false));
    asks.push(ask(reader18::SCAN_TIME, &[READER18_TENTHS], "the scan time", false));
    if let Some(region) = settings.region {
        // Band and its highest and lowest channel (manual 8.4.2).
        let data = match region {
            Region::China => [19, 0x40],
            Region::NorthAmerica => [49, 0x80],
            Region::Korea => [31, 0xc0],
            _ => return Err(refusal(protocol, "region")),
        };
        asks.push(ask(reader18::REGION, &data, "the region", true));
    }
    if let Some(dbm) = settings.power_dbm {
        asks.push(ask(reader18::POWER, &[dbm], "the power", true));
        asks.push(ask(reader18::INFO, &[], "to tell its power", false));
    }
    match (settings.session, settings.q) {
        (None, None) => Ok(asks),
        (Some(_), _) => Err(refusal(protocol, "session")),
        (None, Some(_)) => Err(refusal(protocol, "q")),
    }
}

fn chafon_asks(low_first: bool, settings: &Settings) -> Result<Vec<Ask>, String> {
    let protocol = Protocol::Chafon { low_first };
    let ask = |command: u16, data: &[u8], what, needed| Ask {
        bytes: chafon::frame(low_first, chafon::ANY, command, data),
        command,
        what,
        needed,
        learns: command == chafon::INFO,
    };
    let mut asks = vec![ask(chafon::STOP, &[], "to stop", false)];
    asks.push(ask(chafon::INFO, &[], "to tell what it is", true));
    if let Some(dbm) = settings.power_dbm {
        asks.push(ask(chafon::POWER, &[dbm, 0], "the power", true));
    }
    let keys = [
        ("region", settings.region.is_some()),
        ("session", settings.session.is_some()),
        ("q", settings.q.is_some()),
    ];
    match keys.into_iter().find(|(_, is_set)| *is_set) {
        Some((key, _)) => Err(refusal(protocol, key)),
        None => Ok(asks),
    }
}

fn mercury_asks(settings: &Settings) -> Result<Vec<Ask>, String> {
    let ask = |operation: u8, data: &[u8], what, needed| Ask {
        bytes: mercury::frame(operation, data),
        command: operation.into(),
        what,
        needed,
        learns: matches!(operation, mercury::VERSION | mercury::POWER_TOLD | mercury::ANTENNA_TOLD),
    };
    let Some(region) = settings.region else {
        return Err(
            "a mercury module reads only where `region` is set: set it to where the gateway stands"
                .into(),
        );
    };
    let region = match region {
        Region::NorthAmerica => 0x01,
        Region::India => 0x04,
        Region::Japan => 0x05,
        Region::China => 0x06,
        Region::Europe => 0x08,
        Region::Korea => 0x09,
        Region::Australia => 0x0b,
        Region::NewZealand => 0x0c,
    };
    let mut antennas = vec![2];
    let wanted: &[u8] = if settings.antennas.is_empty() { &[1] } else { &settings.antennas };
    antennas.extend(wanted.iter().flat_map(|port| [*port, *port]));
    let mut asks = vec![ask(mercury::CONTINUOUS, &mercury::STOP, "to stop", false)];
    asks.push(ask(mercury::VERSION, &[], "to tell its version", true));
    asks.push(ask(mercury::REGION, &[region], "the region", true));
    asks.push(ask(mercury::AIR, &[0, 5], "Gen2", true));
    asks.push(ask(mercury::ANTENNA, &antennas, "the antennas", true));
    if let Some(dbm) = settings.power_dbm {
        asks.push(ask(mercury::POWER, &(u16::from(dbm) * 100).to_be_bytes(), "the power", true));
    }
    asks.push(ask(mercury::POWER_TOLD, &[0], "to tell its power", false));
    asks.push(ask(mercury::ANTENNA_TOLD, &[5], "to tell its antennas", false));
    asks.push(ask(mercury::OPTION, &[1, 0x0c, 0], "to tell a tag each time", false));
    if let Some(session) = settings.session {
        asks.push(ask(mercury::PARAMETER, &[5, 0, session], "the session", true));
    }
    if let Some(q) = settings.q {
        asks.push(ask(mercury::PARAMETER, &[5, 0x12, 1, q], "Q", true));
    }
    Ok(asks)
}
