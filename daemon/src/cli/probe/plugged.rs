//! `gatewarden probe zpl://…`: what a label printer says that it is and how it is; `gatewarden probe hid:`: which HID POS
//! scanners are plugged in, with the keys that choose one. Nothing is printed, and no scanner is opened.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use gatewarden_model::{DeviceEvent, DeviceState};
use gatewarden_zpl::{NoDesk, Place, Settings};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

/// What a printer's URL looks like.
const FORM: &str =
    "zpl://HOST:9100, zpl:///dev/usb/lp0, or zpl:///dev/ttyUSB0?baud=9600 for a serial port";
/// How long a printer has to say how it is.
const PATIENCE: Duration = Duration::from_secs(6);
/// Events that wait; a probe reads all.
const EVENTS_MAX: usize = 16;

/// The schemes that are a printer's and a plugged scanner's.
pub(super) fn knows(url: &str) -> bool {
    url.starts_with("zpl://") || url == "hid:"
}

pub(super) async fn run(url: &str, as_json: bool) -> anyhow::Result<()> {
    if url == "hid:" {
        return scanners(as_json);
    }
    let place = place(url).with_context(|| format!("{url:?} (write {FORM})"))?;
    let address = place.to_string();
    let told = printer(place).await?;
    if as_json {
        println!("{told}");
        return Ok(());
    }
    println!("{address}: {}", told["state"].as_str().unwrap_or_default());
    for (name, value) in told["facts"].as_object().into_iter().flatten() {
        println!("  {name} {}", value.as_str().unwrap_or_default());
    }
    Ok(())
}

fn place(url: &str) -> anyhow::Result<Place> {
    let rest = url.strip_prefix("zpl://").unwrap_or_default();
    let (place, query) = rest.split_once('?').map_or((rest, None), |(p, q)| (p, Some(q)));
    if !place.starts_with('/') {
        anyhow::ensure!(query.is_none(), "an address takes nothing after a ?");
        anyhow::ensure!(!place.is_empty(), "it names no printer");
        let has_port = place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { place.to_owned() } else { format!("{place}:9100") };
        return Ok(Place::Tcp { address });
    }
    let path = Path::new(place).to_owned();
    let Some(query) = query else { return Ok(Place::Usb { path }) };
    let baud = query.strip_prefix("baud=").context("only baud may follow the ?")?;
    let baud = baud.parse().ok().filter(|baud| (300..=4_000_000).contains(baud));
    Ok(Place::Serial { path, baud: baud.context("baud is 300 to 4000000")? })
}

/// The driver's own first look at a printer that has nothing to print.
async fn printer(place: Place) -> anyhow::Result<Value> {
    let (events, mut told) = mpsc::channel(EVENTS_MAX);
    let stop = CancellationToken::new();
    let clock = crate::clock::SystemClock::shared();
    let device = "probed".parse()?;
    let settings = Settings::at(place);
    let asked =
        gatewarden_zpl::run(device, settings, clock, events, Arc::new(NoDesk), stop.clone());
    let asked = tokio::spawn(asked);
    let mut facts = json!({});
    let look = async {
        while let Some(event) = told.recv().await {
            match event {
                DeviceEvent::Identity { facts: said, .. } => facts = serde_json::to_value(said)?,
                DeviceEvent::State { state: DeviceState::Up { detail }, .. } => return Ok(detail),
                DeviceEvent::State { state: DeviceState::Down { reason, .. }, .. } => {
                    // One that tells who it is answers: it only can't print now.
                    anyhow::ensure!(facts != json!({}), "{reason}");
                    return Ok(reason);
                }
                _ => {}
            }
        }
        anyhow::bail!("it said nothing")
    };
    let state = timeout(PATIENCE, look).await;
    stop.cancel();
    drop(told);
    asked.await.ok();
    let state = state.context("it did not answer in time: is it a ZPL printer?")??;
    Ok(json!({ "state": state, "facts": facts }))
}

fn scanners(as_json: bool) -> anyhow::Result<()> {
    let found = gatewarden_hid::list()?;
    if as_json {
        let one = |found: &gatewarden_hid::Found| {
            json!({ "path": found.path, "vendor": found.vendor, "product": found.product,
                "serial": found.serial, "port": found.port, "name": found.name })
        };
        println!("{}", found.iter().map(one).collect::<Value>());
        return Ok(());
    }
    if found.is_empty() {
        println!("no HID POS scanner is plugged in; scan its \"USB HID POS\" code first");
    }
    for one in found {
        println!("{}: vendor = {:#06x}, product = {:#06x}", one.name, one.vendor, one.product);
        let serial = one.serial.map(|serial| format!("  serial = {serial:?}"));
        let port = one.port.map(|port| format!("  port = {port:?}"));
        serial.into_iter().chain(port).for_each(|key| println!("{key}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn urls_name_a_place_or_are_refused_with_the_form() {
        let tcp = |address: &str| Place::Tcp { address: address.to_owned() };
        assert_eq!(place("zpl://10.0.0.9").unwrap(), tcp("10.0.0.9:9100"));
        assert_eq!(place("zpl://p.example:6101").unwrap(), tcp("p.example:6101"));
        let usb = Place::Usb { path: "/dev/usb/lp0".into() };
        assert_eq!(place("zpl:///dev/usb/lp0").unwrap(), usb);
        let serial = Place::Serial { path: "/dev/ttyS0".into(), baud: 9600 };
        assert_eq!(place("zpl:///dev/ttyS0?baud=9600").unwrap(), serial);
        for wrong in ["zpl://", "zpl://h?baud=1", "zpl:///dev/x?baud=1", "zpl:///dev/x?speed=9600"]
        {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_printer_tells_who_and_how_it_is() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = nobody.local_addr().unwrap().to_string();
        drop(nobody);
        let refused = printer(Place::Tcp { address: address.clone() }).await.unwrap_err();
        assert!(refused.to_string().contains(&address), "{refused}");
    }
}
