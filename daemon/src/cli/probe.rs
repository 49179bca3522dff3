//! `gatewarden probe URL`: what a device is and what it sees.

mod modbus;

use std::process::ExitCode;

use clap::Args;
use gatewarden_llrp::ProbeReport;
use gatewarden_model::identify::{Form, Identification, identify};

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// Such as llrp://192.0.2.7:5084, modbus://192.0.2.9:502?unit=1 or
    /// modbus-rtu:///dev/ttyUSB0?baud=9600&unit=1.
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
    let Some(address) = args.url.strip_prefix("llrp://") else {
        anyhow::bail!("{:?}: probe knows llrp://, modbus:// and modbus-rtu://", args.url);
    };
    let address = address.trim_end_matches('/');
    let with_port =
        if address.contains(':') { address.to_owned() } else { format!("{address}:5084") };
    let report = gatewarden_llrp::probe(&with_port, args.seconds).await?;
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
    for note in &report.notes {
        println!("  note: {note}");
    }
    println!("  {} reads of {} tags in {} s", report.reads, report.tags.len(), report.seconds);
    for tag in &report.tags {
        let antennas: Vec<String> = tag.antennas.iter().map(ToString::to_string).collect();
        let rssi = tag.peak_rssi_cdbm.map_or_else(
            || "-".to_owned(),
            |cdbm| format!("{}.{:02} dBm", cdbm / 100, cdbm.unsigned_abs() % 100),
        );
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

fn meaning_of(meaning: &Identification) -> String {
    let value = serde_json::to_value(meaning).unwrap_or_default();
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    text("element_string")
        .or_else(|| text("pure_identity"))
        .unwrap_or_else(|| "not a GS1 EPC".into())
}
