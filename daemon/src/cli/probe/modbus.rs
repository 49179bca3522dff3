//! `gatewarden probe modbus://…` and `modbus-rtu://…`: the report on an I/O module, printed.

use gatewarden_modbus::probe::{Found, Report, probe};

/// The schemes that are a module's.
pub(super) fn knows(url: &str) -> bool {
    url.starts_with("modbus://") || url.starts_with("modbus-rtu://")
}

pub(super) async fn run(url: &str, json: bool) -> anyhow::Result<()> {
    let report = probe(url).await?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    println!("{}: Modbus {} unit {}", report.address, report.medium, report.unit);
    for (name, value) in &report.facts {
        println!("  {name} {value}");
    }
    println!("  profile {}: {}", report.profile, report.why);
    if report.identifies {
        println!("  it tells who it is: identify = true is of use");
    }
    for (question, found) in &report.found {
        let told = match found {
            Found::Bits(bits) => bits.iter().map(|on| if *on { '1' } else { '0' }).collect(),
            Found::Words(words) => {
                words.iter().map(|word| format!("{word:04x}")).collect::<Vec<_>>().join(" ")
            }
            Found::Who(_) => "answered".to_owned(),
            Found::Refused(reason) => reason.clone(),
            Found::Nothing => "no answer".to_owned(),
        };
        println!("  {:<14} {told}", question.told());
    }
}
