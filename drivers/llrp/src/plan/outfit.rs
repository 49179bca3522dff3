//! Settings held against what the reader says it can. Pure.
//!
//! Each refusal names the setting, what the reader can, and the way out.

use crate::{
    codec::{RfTransmitter, report::VENDOR_IMPINJ},
    identity::Identity,
    settings::{Region, SearchMode, Settings, Start},
};

/// Numbers that a refusal lists, at most.
const LISTED_MAX: usize = 12;

/// Settings that the reader at hand can't follow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// An antenna that is not there.
    #[error(
        "antenna {asked} is configured, but the reader has only ports 1 to {max}; change antennas"
    )]
    Antenna {
        /// The configured port.
        asked: u16,
        /// The highest port.
        max: u16,
    },
    /// A power outside of the reader's.
    #[error(
        "transmit power {asked} dBm is configured, but the reader can {least} to {greatest} dBm; \
         change tx_power_dbm"
    )]
    Power {
        /// The configured power.
        asked: f32,
        /// The reader's least.
        least: f32,
        /// The reader's greatest.
        greatest: f32,
    },
    /// A power where the reader tells none.
    #[error(
        "transmit power {0} dBm is configured, but the reader tells no powers; take tx_power_dbm out \
         and set the power at the reader"
    )]
    NoPower(f32),
    /// A reader mode that is not in its table.
    #[error("reader mode {asked} is configured, but the reader has {has}; change reader_mode")]
    Mode {
        /// The configured mode.
        asked: u16,
        /// Those of the reader.
        has: String,
    },
    /// Another region.
    #[error(
        "region {asked} is configured, but the reader is set to {is}; set the region at the reader, as it is \
         its law that holds, or change region"
    )]
    Region {
        /// The configured region.
        asked: &'static str,
        /// The reader's.
        is: String,
    },
    /// A hop table that the reader does not have.
    #[error("hop table {asked} is configured, but the reader has {has}; change hop_table")]
    HopTable {
        /// The configured table.
        asked: u8,
        /// Those of the reader.
        has: String,
    },
    /// A frequency that the reader does not offer.
    #[error("frequency {asked} kHz is configured, but the reader {has}; change frequency_khz")]
    Frequency {
        /// The configured frequency.
        asked: u32,
        /// What the reader does.
        has: String,
    },
    /// An extension of Impinj's on another maker's reader.
    #[error(
        "search_mode is configured, but only Impinj readers have it and this one is of {0}; take it out, and \
         choose the Gen 2 session instead"
    )]
    SearchMode(String),
    /// Impinj's TagFocus works in session 1 only.
    #[error("search_mode tagfocus works in session 1 only, and session {0} is configured")]
    Focus(u8),
    /// An input that is not there.
    #[error(
        "input {asked} is configured as a trigger, but the reader has {has} inputs; change start or stop"
    )]
    Input {
        /// The configured input.
        asked: u16,
        /// How many there are.
        has: u16,
    },
    /// An output that is not there.
    #[error("output {asked} is configured, but the reader has {has} outputs; change gpo")]
    Output {
        /// The configured output.
        asked: u16,
        /// How many there are.
        has: u16,
    },
}

/// Refuses the first setting that the reader can't follow.
pub(crate) fn check(settings: &Settings, reader: &Identity) -> Result<(), PlanError> {
    let max = reader.antennas_max;
    if let Some(&asked) = settings.antennas.iter().find(|&&port| port == 0 || port > max) {
        return Err(PlanError::Antenna { asked, max });
    }
    ports(settings, reader)?;
    regulation(settings, reader)?;
    if let Some(asked) = settings.reader_mode
        && !reader.modes.contains(&asked.into())
    {
        return Err(PlanError::Mode { asked, has: listed("mode", &reader.modes) });
    }
    match settings.search_mode {
        Some(_) if reader.manufacturer != VENDOR_IMPINJ => {
            Err(PlanError::SearchMode(reader.manufacturer_name()))
        }
        Some(SearchMode::TagFocus) if settings.session != 1 => {
            Err(PlanError::Focus(settings.session))
        }
        _ => Ok(()),
    }
}

fn ports(settings: &Settings, reader: &Identity) -> Result<(), PlanError> {
    let start = match settings.start {
        Start::Input(edge) => Some(edge.port),
        _ => None,
    };
    let stop = settings.stop.input.map(|edge| edge.port);
    let beyond = |has: u16| move |port: &u16| *port == 0 || *port > has;
    if let Some(asked) = start.into_iter().chain(stop).find(beyond(reader.inputs)) {
        return Err(PlanError::Input { asked, has: reader.inputs });
    }
    match settings.gpo.ports().find(beyond(reader.outputs)) {
        Some(asked) => Err(PlanError::Output { asked, has: reader.outputs }),
        None => Ok(()),
    }
}

fn regulation(settings: &Settings, reader: &Identity) -> Result<(), PlanError> {
    if let Some(asked) = settings.region
        && reader.standard != asked as u16
    {
        let known = Region::word_of(reader.standard).map(str::to_owned);
        let is = known.unwrap_or_else(|| format!("standard {}", reader.standard));
        return Err(PlanError::Region { asked: asked.word(), is });
    }
    let tables: Vec<u32> = hop_tables(reader).map(u32::from).collect();
    if let Some(asked) = settings.hop_table
        && !tables.contains(&asked.into())
    {
        return Err(PlanError::HopTable { asked, has: listed("hop table", &tables) });
    }
    let Some(asked) = settings.frequency_khz else { return Ok(()) };
    if !tables.is_empty() {
        let has = "hops over its channels, as its region has it".to_owned();
        return Err(PlanError::Frequency { asked, has });
    }
    let fixed = fixed_khz(reader);
    match fixed.contains(&asked) {
        true => Ok(()),
        false => Err(PlanError::Frequency {
            asked,
            has: format!("has {} (kHz)", listed("frequency", fixed)),
        }),
    }
}

fn hop_tables(reader: &Identity) -> impl Iterator<Item = u8> {
    reader.uhf.frequencies.iter().flat_map(|f| f.hop_tables.iter().map(|table| table.id))
}

fn fixed_khz(reader: &Identity) -> &[u32] {
    let fixed = reader.uhf.frequencies.as_ref().and_then(|f| f.fixed.as_ref());
    fixed.map_or(&[], |table| &table.frequencies_khz)
}

fn listed(what: &str, numbers: &[u32]) -> String {
    if numbers.is_empty() {
        return format!("no {what} that it tells of");
    }
    let some: Vec<String> = numbers.iter().take(LISTED_MAX).map(u32::to_string).collect();
    let more = if numbers.len() > LISTED_MAX { " and more" } else { "" };
    format!("{what} {}{more}", some.join(", "))
}

/// Power and channel; `None` where nothing of that is wished.
pub(crate) fn transmitter(
    settings: &Settings,
    reader: &Identity,
) -> Result<Option<RfTransmitter>, PlanError> {
    if settings.tx_power_dbm.is_none()
        && settings.hop_table.is_none()
        && settings.frequency_khz.is_none()
    {
        return Ok(None);
    }
    let power = match settings.tx_power_dbm {
        Some(asked) => power(asked, reader)?,
        // A transmitter always names a power: the greatest is the factory's.
        None => reader.uhf.powers.iter().max_by_key(|p| p.power_cdbm).map_or(0, |p| p.index),
    };
    let wanted = settings.hop_table.map(u16::from);
    let hop_table = wanted.unwrap_or_else(|| hop_tables(reader).next().map_or(1, u16::from));
    let at =
        settings.frequency_khz.and_then(|khz| fixed_khz(reader).iter().position(|f| *f == khz));
    let channel = at.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or(1);
    Ok(Some(RfTransmitter { hop_table, channel, power, others: vec![] }))
}

/// The highest step that is not above the wished power.
fn power(asked: f32, reader: &Identity) -> Result<u16, PlanError> {
    let dbm = |cdbm: i16| f32::from(cdbm) / 100.0;
    let Some((least, greatest)) = reader.power_cdbm else { return Err(PlanError::NoPower(asked)) };
    let (least, greatest) = (dbm(least), dbm(greatest));
    // Half a hundredth of tolerance, because 30.1 is not exactly a binary fraction.
    let outside = PlanError::Power { asked, least, greatest };
    if asked > greatest + 0.005 {
        return Err(outside);
    }
    let fits = reader.uhf.powers.iter().filter(|p| dbm(p.power_cdbm) <= asked + 0.005);
    fits.max_by_key(|p| p.power_cdbm).map(|step| step.index).ok_or(outside)
}
