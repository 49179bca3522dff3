//! `gatewarden probe URL`: what a device is and what it sees.

mod iot;
mod modbus;
mod plugged;
mod serial;

use std::process::ExitCode;

use clap::Args;
use gatewarden_llrp::ProbeReport;
use gatewarden_model::identify::{Form, Identification, identify};

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// Such as llrp://192.0.2.7:5084, llrps://192.0.2.7 by TLS, modbus://192.0.2.9:502?unit=1,
    /// modbus-rtu:///dev/ttyUSB0?baud=9600&unit=1, serial:///dev/ttyUSB0 for a UHF module,
    /// zpl://192.0.2.8:9100 or zpl:///dev/usb/lp0 for a label printer, hid: for the HID scanners that are plugged in,
    /// impinj+https://192.0.2.7?pin=SHA256 (IoT device interface), or
    /// zebra-iot+mqtt://BROKER:1883/zebra/door-1, the base of the reader's topics (zebra-iot+mqtts:// by TLS). The
    /// last two take ?user=NAME, ?ca=FILE or ?pin=SHA256, and the password from GATEWARDEN_PROBE_PASSWORD.
    url: String,
    /// How long to look for tags.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs `gatewarden probe`.
pub(crate) async fn probe(args: ProbeArgs) -> anyhow::Result<ExitCode> {
    if modbus::knows(&args.url) {
        modbus::run(&args.url, args.json).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if iot::knows(&args.url) {
        iot::run(&args.url, args.seconds, args.json).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if plugged::knows(&args.url) {
        plugged::run(&args.url, args.json).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if serial::knows(&args.url) {
        serial::run(&args.url, args.seconds, args.json).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if !["llrp://", "llrps://"].iter().any(|scheme| args.url.starts_with(scheme)) {
        anyhow::bail!(
            "{:?}: probe knows llrp://HOST:PORT, llrps://HOST:PORT, modbus://HOST:PORT, modbus-rtu:///DEV, serial:///DEV, \
             zpl://HOST:PORT, zpl:///DEV, hid:, impinj+https://HOST, impinj+http://HOST, zebra-iot+mqtt://BROKER:PORT/TOPIC \
             and zebra-iot+mqtts://…",
            args.url
        );
    }
    let report = gatewarden_llrp::probe(&args.url, args.seconds).await?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print_report(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_report(report: &ProbeReport) {
    let reader = &report.reader;
    println!("{}: {}", report.address, report.summary);
    println!(
        "  antenna ports {}, inputs {}, outputs {}",
        reader.antennas_max, reader.inputs, reader.outputs
    );
    print_outfit(report);
    for note in &report.notes {
        println!("  note: {note}");
    }
    println!("  {} reads of {} tags in {} s", report.reads, report.tags.len(), report.seconds);
    for tag in &report.tags {
        let antennas: Vec<String> = tag.antennas.iter().map(ToString::to_string).collect();
        let rssi = rssi(tag.peak_rssi_cdbm);
        let meaning = identify(&tag.epc, Form::Epc);
        println!(
            "  {}  {:>6} x  antenna {}  {rssi}  {}",
            tag.epc,
            tag.count,
            antennas.join(","),
            meaning_of(&meaning)
        );
    }
    if report.reports_beyond > 0 {
        println!("  and {} reports of further tags", report.reports_beyond);
    }
}

fn rssi(cdbm: Option<i16>) -> String {
    let told = |cdbm: i16| format!("{}.{:02} dBm", cdbm / 100, cdbm.unsigned_abs() % 100);
    cdbm.map_or_else(|| "-".to_owned(), told)
}

/// What it can, and what was on it.
fn print_outfit(report: &ProbeReport) {
    let reader = &report.reader;
    let region =
        reader.region.map_or_else(|| format!("standard {}", reader.standard), str::to_owned);
    println!("  LLRP {}, region {region}, country {}", reader.version, reader.country);
    if let Some((least, greatest)) = reader.power_cdbm {
        let dbm = |cdbm: i16| f32::from(cdbm) / 100.0;
        println!("  power {} to {} dBm", dbm(least), dbm(greatest));
    }
    let modes: Vec<String> = reader.modes.iter().map(ToString::to_string).collect();
    println!("  reader modes {}", if modes.is_empty() { "-".to_owned() } else { modes.join(", ") });
    println!("  extensions {}", reader.extensions.unwrap_or("-"));
    let clock = match (reader.clock_us, reader.has_utc) {
        (Some(us), _) => format!("{:+.3} s of ours", us as f64 / 1e6),
        (None, true) => "not told yet".to_owned(),
        (None, false) => "counts from its start".to_owned(),
    };
    println!("  clock {clock}");
    for rospec in &reader.rospecs {
        let whose = if rospec.ours { "ours" } else { "not ours" };
        println!("  ROSpec {} was on it, {}, {whose}", rospec.id, rospec.state);
    }
    if let Some(key) = &report.key_sha256 {
        println!("  tls = {{ sha256 = \"{key}\" }} pins its key; compare it at the reader first");
    }
}

fn meaning_of(meaning: &Identification) -> String {
    let value = serde_json::to_value(meaning).unwrap_or_default();
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    text("element_string")
        .or_else(|| text("pure_identity"))
        .unwrap_or_else(|| "not a GS1 EPC".into())
}
