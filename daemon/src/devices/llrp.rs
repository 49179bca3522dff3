//! LLRP readers: from the configuration to the driver.

use gatewarden_config::{Llrp, LlrpEdge, LlrpFilter, LlrpTrust};
use gatewarden_llrp::{
    Bank, Doors, Edge, Foreign, Lamps, Protocol, Region, SearchMode, Settings, Start, Stop,
    TagFilter, Trust,
};
use gatewarden_model::{DeviceId, Hash};

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: Llrp, supplies: Supplies) {
    let Supplies { clock, events, signals, stop, tag_doors, .. } = supplies;
    let settings = settings(told);
    let doors = Doors { signals, access: tag_doors.open(&name) };
    gatewarden_llrp::run_with_doors(name, settings, clock, events, doors, stop).await;
}

fn settings(told: Llrp) -> Settings {
    let [green, amber, red, buzzer] = told.gpo;
    Settings {
        listen: told.listen,
        from: told.from,
        tls: told.tls.map(trust),
        antennas: told.antennas,
        tx_power_dbm: told.tx_power_dbm,
        session: told.session,
        tag_population: told.tag_population,
        filters: told.filters.into_iter().map(filter).collect(),
        search_mode: told.search_mode.as_deref().map(search_mode),
        reader_mode: told.reader_mode,
        region: told.region.as_deref().and_then(Region::parse),
        hop_table: told.hop_table,
        frequency_khz: told.frequency_khz,
        tid: told.tid,
        keepalive_ms: told.keepalive_ms,
        start: told.start.map(edge).map_or(Start::Immediate, Start::Input),
        stop: Stop { input: told.stop.map(edge), timeout_ms: told.timeout_ms },
        foreign: if told.keep_foreign { Foreign::Keep } else { Foreign::Delete },
        leave_running: told.leave_running,
        gpo: Lamps { green, amber, red, buzzer },
        protocol: if told.try_1_1 { Protocol::V1_1 } else { Protocol::V1_0_1 },
        ..Settings::new(told.address)
    }
}

fn trust(told: LlrpTrust) -> Trust {
    match told {
        // `check` has seen that it is a digest; another one trusts nobody.
        LlrpTrust::Sha256(hex) => Trust::Pin(Hash::parse_hex(&hex).unwrap_or(Hash::of(b""))),
        LlrpTrust::Ca(path) => Trust::Authorities(path),
    }
}

fn filter(told: LlrpFilter) -> TagFilter {
    let bank = match told.bank.as_str() {
        "tid" => Bank::Tid,
        "user" => Bank::User,
        _ => Bank::Epc,
    };
    TagFilter { bank, bit: told.bit, mask: told.mask }
}

fn search_mode(told: &str) -> SearchMode {
    match told {
        "single" => SearchMode::Single,
        "tagfocus" => SearchMode::TagFocus,
        _ => SearchMode::Dual,
    }
}

fn edge(told: LlrpEdge) -> Edge {
    Edge { port: told.gpi, on: told.on }
}
