//! Line scanners: from the configuration to the driver.

use gatewarden_config::{LineProtocol, LineScanner};
use gatewarden_model::DeviceId;
use gatewarden_scanner::{Protocol, Settings};

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: LineScanner, supplies: Supplies) {
    let Supplies { clock, events, signals, stop, .. } = supplies;
    let LineScanner { path, baud, protocol, configure, beep, prefix, suffix } = told;
    let protocol = match protocol {
        LineProtocol::Lines => Protocol::Lines,
        LineProtocol::Ssi => Protocol::Ssi,
    };
    let usual = Settings::new(path);
    let settings = Settings { baud, protocol, configure, beep, prefix, suffix, ..usual };
    gatewarden_scanner::run(name, settings, clock, events, signals, stop).await;
}
