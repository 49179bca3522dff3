//! What the simulated reader says it can do: four ports in ETSI's lower band, 10 to 30 dBm.

use gatewarden_llrp::codec::{
    FixedFrequencyTable, FrequencyInformation, GeneralDeviceCapabilities, GpioCapabilities,
    LlrpCapabilities, Message, Param, PerAntennaAirProtocol, ReceiveSensitivityTableEntry,
    RegulatoryCapabilities, StatusCode, TransmitPowerLevelTableEntry, Typed, UhfBandCapabilities,
};

use super::config::{malformed, raw};
use super::plan::Refusal;
use super::profile::Profile;

/// Powers from 10 dBm in steps of 0.25 dB; the index counts from 1.
pub(super) const POWERS: u16 = 81;
const POWER_FIRST_CDBM: i16 = 1000;
const POWER_STEP_CDBM: i16 = 25;
const CHANNELS_KHZ: [u32; 4] = [865_700, 866_300, 866_900, 867_500];
const COUNTRY_GERMANY: u16 = 276;
const STANDARD_ETSI_302_208: u16 = 2;
const C1G2_LLRP_CAPABILITIES: u16 = 327;
const RF_MODE_TABLE: u16 = 328;
const RF_MODE_TABLE_ENTRY: u16 = 329;

/// The parameters that `message`, a GET_READER_CAPABILITIES, asks for.
pub(super) fn get(
    message: &Message,
    profile: Profile,
    ports: u16,
    inputs: u16,
) -> Result<Vec<Param>, Refusal> {
    let requested: u8 = message.cursor().get().map_err(malformed)?;
    let parts = match requested {
        0 => vec![general(profile, ports, inputs), llrp(), regulatory(), air_protocol()],
        1 => vec![general(profile, ports, inputs)],
        2 => vec![llrp()],
        3 => vec![regulatory()],
        4 => vec![air_protocol()],
        _ => {
            let what = "RequestedData is out of range";
            return Err(Refusal::error(StatusCode::FIELD_ERROR, what));
        }
    };
    Ok(parts)
}

fn general(profile: Profile, ports: u16, inputs: u16) -> Param {
    let (manufacturer, model) = profile.maker();
    let protocol =
        |antenna| PerAntennaAirProtocol { antenna, protocols: vec![1], ..Default::default() };
    GeneralDeviceCapabilities {
        antennas_max: ports,
        flags: 1 << 14,
        manufacturer,
        model,
        firmware: profile.firmware().into(),
        sensitivities: vec![ReceiveSensitivityTableEntry { index: 1, ..Default::default() }],
        gpio: Some(GpioCapabilities { inputs, outputs: inputs, ..Default::default() }),
        protocols: (1..=ports).map(protocol).collect(),
        ..Default::default()
    }
    .to_param()
}

fn llrp() -> Param {
    LlrpCapabilities {
        flags: LlrpCapabilities::HOLDING | LlrpCapabilities::BUFFER_WARNING,
        priorities_max: 0,
        client_request_ms: 0,
        rospecs_max: super::rounds::ROSPECS_MAX as u32,
        specs_max: super::plan::SPECS_MAX as u32,
        inventory_specs_max: 1,
        access_specs_max: super::access::SPECS_MAX as u32,
        op_specs_max: super::access::OPS_MAX as u32,
        ..Default::default()
    }
    .to_param()
}

fn regulatory() -> Param {
    let powers = (1..=POWERS).zip(0i16..).map(|(index, step)| TransmitPowerLevelTableEntry {
        index,
        power_cdbm: POWER_FIRST_CDBM + step * POWER_STEP_CDBM,
        ..Default::default()
    });
    let fixed =
        FixedFrequencyTable { frequencies_khz: CHANNELS_KHZ.to_vec(), ..Default::default() };
    let frequencies =
        FrequencyInformation { hopping: false, fixed: Some(fixed), ..Default::default() };
    let uhf = UhfBandCapabilities {
        powers: powers.collect(),
        frequencies: Some(frequencies),
        others: vec![rf_modes()],
    };
    RegulatoryCapabilities {
        country: COUNTRY_GERMANY,
        standard: STANDARD_ETSI_302_208,
        uhf: Some(uhf),
        ..Default::default()
    }
    .to_param()
}

/// One mode: FM0 is 0, Miller 4 is 2; rates in bits a second, Tari in nanoseconds.
fn rf_modes() -> Param {
    let entry = |mode: u32, miller: u8, backscatter: u32, tari_ns: u32| {
        let mut fields = mode.to_be_bytes().to_vec();
        // Divide ratio 64/3; not tested for EPC HAG; then M, PR-ASK, dense interrogator.
        fields.extend([0x80, miller, 0, 3]);
        for value in [backscatter, 1500, tari_ns, tari_ns, 0] {
            fields.extend(value.to_be_bytes());
        }
        raw(RF_MODE_TABLE_ENTRY, &fields)
    };
    let params = vec![entry(0, 0, 640_000, 6250), entry(1, 2, 256_000, 25_000)];
    Param { kind: RF_MODE_TABLE, fields: Vec::new(), params }
}

/// Block erase and write, filters; no recommissioning.
fn air_protocol() -> Param {
    raw(C1G2_LLRP_CAPABILITIES, &[0xC0, 0, super::filter::FILTERS_MAX as u8])
}
