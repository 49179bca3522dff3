//! `gatewarden probe zebra-iot+mqtt://…` and `impinj+https://…`: the readers with an IoT interface, printed.
//!
//! Passwords come from the environment only, never from the command line, where everybody on the box sees them.

use anyhow::Context;
use gatewarden_impinj_iot as impinj;
use gatewarden_model::identify::{Form, identify};
use gatewarden_zebra_iot as zebra;
use impinj::{Secret, Trust};
use reqwest::Url;

use super::meaning_of;

/// Where the password is.
const PASSWORD: &str = "GATEWARDEN_PROBE_PASSWORD";
const SCHEMES: [&str; 4] =
    ["zebra-iot+mqtt://", "zebra-iot+mqtts://", "impinj+http://", "impinj+https://"];

/// The schemes that are such a reader's.
pub(super) fn knows(url: &str) -> bool {
    SCHEMES.iter().any(|scheme| url.starts_with(scheme))
}

pub(super) async fn run(text: &str, seconds: u32, json: bool) -> anyhow::Result<()> {
    let url = Url::parse(text).with_context(|| format!("{text:?} is no URL"))?;
    anyhow::ensure!(
        url.password().is_none(),
        "a password in the URL can be seen by everybody on this box: put it into {PASSWORD}"
    );
    let asked = Asked::of(&url)?;
    if url.scheme().starts_with("zebra") {
        let report = zebra::probe(&mqtt(&url, asked)?, seconds).await?;
        return told(json, &report, print_zebra);
    }
    let report = impinj::probe(&rest(&url, asked)?).await?;
    told(json, &report, print_impinj)
}

fn told<T: serde::Serialize>(json: bool, report: &T, print: fn(&T)) -> anyhow::Result<()> {
    match json {
        true => println!("{}", serde_json::to_string(report)?),
        false => print(report),
    }
    Ok(())
}

/// What stands behind the `?`, and the user before the `@`.
struct Asked {
    user: Option<String>,
    password: Secret,
    trust: Option<Trust>,
}

impl Asked {
    fn of(url: &Url) -> anyhow::Result<Self> {
        let mut asked = Self {
            user: Some(url.username().to_owned()).filter(|user| !user.is_empty()),
            password: Secret::new(&std::env::var(PASSWORD).unwrap_or_default()),
            trust: None,
        };
        for (key, value) in url.query_pairs() {
            match &*key {
                "user" => asked.user = Some(value.into_owned()),
                "pin" => {
                    let pin = Trust::parse_pin(&value);
                    let what = || format!("pin={value} is not a SHA-256 digest: 64 hex digits");
                    asked.trust = Some(pin.with_context(what)?);
                }
                "ca" => {
                    let pem = std::fs::read(&*value).with_context(|| format!("ca={value}"))?;
                    asked.trust = Some(Trust::Authorities(pem));
                }
                other => anyhow::bail!("there is no {other}= (expected user=, pin=, ca=)"),
            }
        }
        let is_tls = url.scheme().ends_with('s');
        anyhow::ensure!(is_tls || asked.trust.is_none(), "pin= and ca= are for TLS only");
        if is_tls && asked.trust.is_none() {
            // Fits nobody, so that the refusal tells the digest, before any password is sent.
            asked.trust = Some(Trust::Pin([0; 32]));
        }
        Ok(asked)
    }
}

fn mqtt(url: &Url, asked: Asked) -> anyhow::Result<zebra::Settings> {
    let usual = if url.scheme().ends_with('s') { 8883 } else { 1883 };
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.with_context(|| format!("{url} names no broker"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let topic = url.path().trim_matches('/');
    anyhow::ensure!(
        !topic.is_empty() && !topic.contains(['+', '#']),
        "{url} names no base of topics: zebra-iot+mqtt://BROKER:1883/zebra/door-1"
    );
    let name = format!("gatewarden-probe-{}", std::process::id());
    let settings = zebra::Settings::new(host, url.port().unwrap_or(usual), &name, topic);
    let login = asked.user.map(|user| (user, asked.password));
    Ok(zebra::Settings { login, trust: asked.trust, ..settings })
}

fn rest(url: &Url, asked: Asked) -> anyhow::Result<impinj::Settings> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.with_context(|| format!("{url} names no reader"))?;
    anyhow::ensure!(matches!(url.path(), "" | "/"), "{url} says more than where the reader is");
    let scheme = url.scheme().trim_start_matches("impinj+");
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let user = asked.user.unwrap_or_else(|| "root".to_owned());
    let settings = impinj::Settings::new(format!("{scheme}://{host}{port}"), user, asked.password);
    Ok(impinj::Settings { trust: asked.trust, ..settings })
}

fn print_impinj(report: &impinj::ProbeReport) {
    println!("{}: {}", report.url, report.summary);
    println!("  serial {}", report.reader.serial_number);
    println!("  inventory {}", report.status);
}

fn print_zebra(report: &zebra::ProbeReport) {
    println!("{}: {}", report.broker, report.summary);
    let serial = &report.reader.serial;
    println!("  serial {}", if serial.is_empty() { "not told" } else { serial });
    let reading = match report.reading {
        Some(true) => "active",
        Some(false) => "inactive: nothing is read until the gateway or somebody starts it",
        None => "not told",
    };
    println!("  radio {reading}");
    if report.unreadable > 0 {
        println!("  note: {} messages could not be read", report.unreadable);
    }
    println!("  {} reads of {} tags in {} s", report.reads, report.tags.len(), report.seconds);
    for tag in &report.tags {
        let antennas: Vec<String> = tag.antennas.iter().map(ToString::to_string).collect();
        let antennas = if antennas.is_empty() { "-".to_owned() } else { antennas.join(",") };
        let meaning = identify(&tag.epc, Form::Epc);
        println!(
            "  {}  {:>6} x  antenna {antennas}  {}  {}",
            tag.epc,
            tag.count,
            super::rssi(tag.peak_rssi_cdbm),
            meaning_of(&meaning)
        );
    }
}
