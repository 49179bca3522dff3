//! Modbus modules: from the configuration to the driver. A profile that can't be read is shown as down.

use std::{io::Read, path::Path};

use gatewarden_config::IoModule;
use gatewarden_modbus::{
    Lamps, Line, Patterns, Profile, Settings, pattern::Pattern, profile::PROFILE_BYTES_MAX,
};
use gatewarden_model::{DeviceEvent, DeviceId, DeviceState};

use super::Supplies;

/// How soon the integrator's file is looked at again, in milliseconds.
const AGAIN_MS: u64 = 5_000;

pub(super) async fn drive(name: DeviceId, told: IoModule, supplies: Supplies) {
    let settings = match settings(&told) {
        Ok(settings) => settings,
        Err(error) => {
            let state = DeviceState::Down { reason: format!("{error:#}"), retry_in_ms: AGAIN_MS };
            supplies.events.send(DeviceEvent::State { device: name, state }).await.ok();
            let pause = tokio::time::sleep(std::time::Duration::from_millis(AGAIN_MS));
            supplies.stop.run_until_cancelled(pause).await;
            return;
        }
    };
    let Supplies { clock, events, signals, stop, .. } = supplies;
    gatewarden_modbus::run(name, settings, clock, events, signals, stop).await;
}

fn settings(told: &IoModule) -> anyhow::Result<Settings> {
    let profile = match &told.profile_file {
        Some(path) => Profile::parse(&read(path)?)?,
        None => Profile::named(&told.profile)?,
    };
    let [green, amber, red, buzzer] = told.lamps;
    let line = told.path.clone().map(|path| Line { path, baud: told.baud });
    let address = match (&told.address, &told.path) {
        (Some(address), _) => address.clone(),
        (None, path) => path.as_deref().unwrap_or(Path::new("")).display().to_string(),
    };
    let found = profile.settings(&address, Lamps { green, amber, red, buzzer }, &told.inputs)?;
    Ok(Settings {
        unit: told.unit,
        line,
        input_poll_ms: told.poll_ms,
        debounce_ms: told.debounce_ms,
        time_out_ms: told.time_out_ms,
        counters: found.counters.clone().filter(|_| told.counters),
        watchdog: found.watchdog.clone().filter(|_| told.watchdog),
        watchdog_ms: told.watchdog_ms,
        identify: told.identify,
        patterns: patterns(told)?,
        ..found
    })
}

fn patterns(told: &IoModule) -> anyhow::Result<Patterns> {
    let mut patterns = Patterns::default();
    for (key, text) in &told.patterns {
        let pattern = Pattern::parse(text)?;
        match *key {
            "off" => patterns.off = pattern,
            "waiting" => patterns.waiting = pattern,
            "good" => patterns.good = pattern,
            "held" => patterns.held = pattern,
            "denied" => patterns.denied = pattern,
            _ => patterns.offline = pattern,
        }
    }
    Ok(patterns)
}

/// One byte more than allowed is read, so that a longer file is refused by the driver and not cut.
fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(PROFILE_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
