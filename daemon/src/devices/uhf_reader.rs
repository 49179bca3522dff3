//! UHF modules on serial ports: from the configuration to the driver.

use gatewarden_config::UhfReader;
use gatewarden_model::DeviceId;
use gatewarden_uhf_serial::{Region, Settings};

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: UhfReader, supplies: Supplies) {
    let Supplies { clock, events, stop, .. } = supplies;
    gatewarden_uhf_serial::run(name, settings(told), clock, events, stop).await;
}

fn settings(told: UhfReader) -> Settings {
    Settings {
        baud: told.baud,
        protocols: Settings::protocols_named(&told.protocol).unwrap_or_default(),
        power_dbm: told.power_dbm,
        region: told.region.as_deref().and_then(Region::named),
        session: told.session,
        q: told.q,
        antennas: told.antennas,
        ..Settings::new(told.path)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step fails the test")]
mod tests {
    use std::path::Path;

    use gatewarden_config::{
        DeviceKind, SystemEnvironment,
        devices::{UHF_PROTOCOLS, UHF_REGIONS},
        parse,
    };

    use super::*;

    /// What `check` lets pass is what the driver then does not refuse, and the other way round.
    #[test]
    fn a_configuration_is_refused_where_the_driver_would_refuse_it() {
        let head =
            "[gateway]\nname = \"gate-1\"\n[[devices]]\nname = \"m\"\nkind = \"uhf-reader\"\n";
        let regions = UHF_REGIONS.iter().map(|region| format!("region = \"{region}\""));
        let lines = ["session = 1", "q = 4", "antennas = [1]", "antennas = [2]", "power_dbm = 30"];
        let lines: Vec<String> = lines.map(str::to_owned).into_iter().chain(regions).collect();
        for protocol in UHF_PROTOCOLS.iter().filter(|protocol| **protocol != "auto") {
            for line in &lines {
                let region = *protocol == "mercury" && !line.contains("region");
                let region = if region { "region = \"eu\"\n" } else { "" };
                let text = format!(
                    "{head}path = \"/dev/ttyUSB0\"\nprotocol = \"{protocol}\"\n{region}{line}\n"
                );
                let checked = parse(Path::new("gateway.toml"), text.as_bytes(), &SystemEnvironment);
                let refused = checked.mistakes.iter().any(|m| m.code == "not-of-protocol");
                let told = UhfReader {
                    path: "/dev/ttyUSB0".into(),
                    baud: None,
                    protocol: (*protocol).to_owned(),
                    power_dbm: line.strip_prefix("power_dbm = ").map(|dbm| dbm.parse().unwrap()),
                    region: text.lines().find_map(|line| {
                        Some(line.strip_prefix("region = \"")?.trim_end_matches('"').to_owned())
                    }),
                    session: line.strip_prefix("session = ").map(|s| s.parse().unwrap()),
                    q: line.strip_prefix("q = ").map(|q| q.parse().unwrap()),
                    antennas: line
                        .strip_prefix("antennas = [")
                        .map(|a| vec![a.trim_end_matches(']').parse().unwrap()])
                        .unwrap_or_default(),
                };
                if let Some(config) = &checked.config {
                    assert_eq!(config.devices[0].kind, DeviceKind::UhfReader(told.clone()));
                }
                let settings = settings(told);
                assert!(!settings.protocols.is_empty(), "{protocol}");
                for one in &settings.protocols {
                    assert_eq!(settings.allows(*one).is_err(), refused, "{protocol}: {line}");
                }
            }
        }
    }
}
