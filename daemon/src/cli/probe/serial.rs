//! `gatewarden probe serial:///dev/…`: which UHF module stands at a serial port, what it is set to, what it sees.
//!
//! Absent: line scanners, which answer nobody; that is told where no module answers.

use std::path::Path;

use anyhow::Context;
use gatewarden_model::identify::{Form, identify};
use gatewarden_uhf_serial::{ProbeReport, Region, Settings, probe};

/// What a URL of this kind looks like.
const FORM: &str = "serial:///dev/ttyUSB0?baud=115200&protocol=mercury&region=eu";

/// The scheme that is a serial port's.
pub(super) fn knows(url: &str) -> bool {
    url.starts_with("serial://")
}

pub(super) async fn run(url: &str, seconds: u32, json: bool) -> anyhow::Result<()> {
    let settings = target(url).with_context(|| format!("{url:?} (write {FORM})"))?;
    let looked = probe(settings, crate::clock::SystemClock::shared(), seconds).await;
    let report = looked.map_err(|error| anyhow::anyhow!("{error} (the whole form is {FORM})"))?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn target(url: &str) -> anyhow::Result<Settings> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let path = place.strip_prefix("serial://").unwrap_or_default();
    anyhow::ensure!(Path::new(path).is_absolute(), "the serial port is a path from the root");
    let mut settings = Settings::new(path);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("baud", value)) => {
                let baud = value.parse().ok().filter(|baud| (300..=4_000_000).contains(baud));
                settings.baud = Some(baud.context("baud is 300 to 4000000")?);
            }
            Some(("protocol", value)) => {
                let known = Settings::protocols_named(value);
                settings.protocols =
                    known.context("protocol is auto, r200, uhfreader18, chafon or mercury")?;
            }
            Some(("region", value)) => {
                let names: Vec<_> = Region::ALL.into_iter().map(|(name, _)| name).collect();
                let known = Region::named(value);
                let region =
                    known.with_context(|| format!("region is one of {}", names.join(", ")));
                settings.region = Some(region?);
            }
            _ => anyhow::bail!("only baud, protocol and region may follow the ?"),
        }
    }
    Ok(settings)
}

fn print(report: &ProbeReport) {
    println!("{}: {}", report.path, report.summary);
    println!("  protocol {} at {} baud", report.protocol, report.baud);
    let power = report.module.power_cdbm.map(|cdbm| f32::from(cdbm) / 100.0);
    let power = power.map_or_else(|| "not told".to_owned(), |dbm| format!("{dbm} dBm"));
    let antennas = report.module.antennas.as_ref().map(|all| match all[..] {
        [] => "none".to_owned(),
        _ => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    });
    println!("  antennas {}, power {power}", antennas.unwrap_or_else(|| "not told".to_owned()));
    for note in &report.notes {
        println!("  note: {note}");
    }
    println!("  {} reads of {} tags in {} s", report.reads, report.tags.len(), report.seconds);
    for tag in &report.tags {
        let rssi = tag.peak_rssi_cdbm.map_or_else(
            || "-".to_owned(),
            |cdbm| format!("{}.{:02} dBm", cdbm / 100, cdbm.unsigned_abs() % 100),
        );
        let meaning = super::meaning_of(&identify(&tag.epc, Form::Epc));
        println!("  {}  {:>6} x  {rssi}  {meaning}", tag.epc, tag.count);
    }
    if report.reads_beyond > 0 {
        println!("  and {} reads of further tags", report.reads_beyond);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step fails the test")]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_port_and_what_is_known_of_the_module() {
        let told = target("serial:///dev/ttyUSB0?baud=57600&protocol=mercury&region=eu").unwrap();
        assert_eq!(told.path, Path::new("/dev/ttyUSB0"));
        assert_eq!((told.baud, told.region), (Some(57_600), Some(Region::Europe)));
        assert_eq!(told.protocols.len(), 1);
        assert_eq!(target("serial:///dev/ttyUSB0").unwrap(), Settings::new("/dev/ttyUSB0"));
        for (wrong, why) in [
            ("serial://ttyUSB0", "from the root"),
            ("serial:///dev/x?baud=0", "300 to 4000000"),
            ("serial:///dev/x?protocol=yrm", "uhfreader18"),
            ("serial:///dev/x?region=fcc", "us, cn"),
            ("serial:///dev/x?power=30", "may follow"),
        ] {
            let told = target(wrong).unwrap_err().to_string();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }
}
