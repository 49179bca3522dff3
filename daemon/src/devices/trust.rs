//! Whom a driver trusts over TLS: from the configuration to the driver. Authorities are read when it starts.

use std::{io::Read, path::Path, time::Duration};

use gatewarden_config::LlrpTrust;
use gatewarden_impinj_iot::Trust;
use gatewarden_model::{DeviceEvent, DeviceId, DeviceState};

use super::Supplies;

/// Most bytes of a file of authorities.
const CA_BYTES_MAX: u64 = 1024 * 1024;
/// How soon a file that can't be used is looked at again, in milliseconds.
const AGAIN_MS: u64 = 5_000;

/// The driver's trust; an error names the file and the cause.
pub(super) fn trust(told: Option<LlrpTrust>) -> anyhow::Result<Option<Trust>> {
    Ok(match told {
        None => None,
        Some(LlrpTrust::Ca(path)) => Some(Trust::Authorities(read(&path)?)),
        // `check` has seen that it is a digest.
        Some(LlrpTrust::Sha256(hex)) => {
            let pin = Trust::parse_pin(&hex);
            Some(pin.ok_or_else(|| anyhow::anyhow!("{hex:?} is not a SHA-256 digest"))?)
        }
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let at = |error| anyhow::anyhow!("{}: {error}", path.display());
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).map_err(at)?;
    file.take(CA_BYTES_MAX + 1).read_to_end(&mut pem).map_err(at)?;
    anyhow::ensure!(
        pem.len() as u64 <= CA_BYTES_MAX,
        "{} is longer than {CA_BYTES_MAX} bytes; name a file of certificates in PEM",
        path.display()
    );
    Ok(pem)
}

/// Shows a device as down for what its settings lack, and waits before the next look.
pub(super) async fn unusable(device: DeviceId, error: anyhow::Error, supplies: &Supplies) {
    let state = DeviceState::Down { reason: format!("{error:#}"), retry_in_ms: AGAIN_MS };
    supplies.events.send(DeviceEvent::State { device, state }).await.ok();
    let pause = tokio::time::sleep(Duration::from_millis(AGAIN_MS));
    supplies.stop.run_until_cancelled(pause).await;
}
