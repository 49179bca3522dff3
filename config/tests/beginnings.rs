//! The configurations to begin with pass as they are, have what they promise, and fit their simulators.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::{collections::BTreeSet, path::Path};

use gatewarden_config::{
    AccountsFor, Config, DeviceKind, TEMPLATE_FOLDER, Template, parse, render, role_template,
    template, templates,
};
use gatewarden_model::{MovementKind, Tracking, ValuationMethod};
use surroundings::Surroundings;
use toml::{Table, Value};

fn folder(template: &Template) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(template.name)
}

fn config(template: &Template, text: &str) -> Config {
    let path = folder(template).join("gateway.toml");
    let checked = parse(&path, text.as_bytes(), &Surroundings::new());
    assert!(checked.mistakes.is_empty(), "{}", render(&checked.mistakes, &checked.source));
    checked.config.unwrap()
}

/// Paths of all files under a folder, from the folder.
fn under(folder: &Path, from: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths = entries.map(|path| match path.is_dir() {
        true => under(&path, from),
        false => BTreeSet::from([path.strip_prefix(from).unwrap().display().to_string()]),
    });
    paths.flatten().collect()
}

#[test]
fn each_passes_as_it_is_and_every_file_of_it_is_shipped() {
    let names: Vec<_> = templates().map(|template| template.name).collect();
    assert_eq!(names, ["make-to-order", "make-to-stock"]);
    for template in templates() {
        let (path, text) = template.files[0];
        assert_eq!(path, "gateway.toml");
        let config = config(template, text);
        assert_eq!(config.access.template, template.name);
        assert_eq!(config.roles.0.len(), role_template(template.name).unwrap().0.len());
        let shipped = template.files.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(under(&folder(template), &folder(template)), shipped, "{}", template.name);
    }
    assert!(template("make-to-measure").is_none());
}

#[test]
fn one_that_is_written_names_the_folder_and_the_gateway_and_passes_too() {
    for template in templates() {
        let files: Vec<_> = template.written("/opt/my gate", "gw-north").collect();
        assert!(files.iter().all(|(_, text)| !text.contains(TEMPLATE_FOLDER)), "{}", template.name);
        let config = config(template, &files[0].1);
        assert_eq!(config.gateway.name, "gw-north");
        let scanner = config.devices.iter().find_map(|device| match &device.kind {
            DeviceKind::LineScanner(scanner) => Some(scanner.path.clone()),
            _ => None,
        });
        assert!(scanner.unwrap().starts_with("/opt/my gate"));
    }
}

#[test]
fn procedures_hold_where_the_file_says_so_and_nowhere_else() {
    for template in templates() {
        let text = template.files[0].1;
        let governed = config(template, text).procedures.parts;
        let parts: Vec<_> = governed.keys().map(String::as_str).collect();
        assert_eq!(parts, ["documents", "notices", "rules", "workflows"], "{}", template.name);
        let plain = text.replace("\n[procedures]\nnotices = \"notices.toml\"\n", "\n");
        assert!(config(template, &plain).procedures.parts.is_empty(), "{}", template.name);
    }
}

#[test]
fn each_says_how_stock_is_kept_valued_and_booked() {
    for template in templates() {
        let config = config(template, template.files[0].1);
        assert_eq!(config.valuation.currency.as_deref(), Some("CNY"));
        assert!(config.items.iter().all(|item| item.valuation.is_some() && !item.gtins.is_empty()));
        let booked: BTreeSet<_> = config.accounts.iter().map(|line| line.of).collect();
        let valued = [
            MovementKind::Receipt,
            MovementKind::Issue,
            MovementKind::Shipment,
            MovementKind::Count,
            MovementKind::Adjustment,
            MovementKind::Scrap,
            MovementKind::SupplierReturn,
            MovementKind::CustomerReturn,
            MovementKind::ProductionIssue,
            MovementKind::ProductionReceipt,
            MovementKind::ProductionReturn,
            MovementKind::SubcontractOut,
            MovementKind::SubcontractIn,
        ];
        for kind in valued {
            assert!(booked.contains(&AccountsFor::Kind(kind)), "{}: {kind:?}", template.name);
        }
        assert!(booked.contains(&AccountsFor::LandedCost));
        assert_eq!(config.stations.len(), 4);
    }
    let of = |name: &str| config(template(name).unwrap(), template(name).unwrap().files[0].1);
    let (order, stock) = (of("make-to-order"), of("make-to-stock"));
    assert_eq!(order.valuation.method, Some(ValuationMethod::Fifo));
    assert_eq!(stock.valuation.method, Some(ValuationMethod::MovingAverage));
    assert!(order.items.iter().any(|item| item.tracking == Tracking::Serial));
    assert!(stock.items.iter().all(|item| item.safety_stock.is_some()));
}

/// Where each device is, by name: `address` or `bind`, else `path`.
fn places(text: &str) -> Vec<(String, String)> {
    let file: Table = text.parse().unwrap();
    let devices = file["devices"].as_array().unwrap().iter();
    let place = |device: &Value| {
        let keys = ["address", "bind", "path"].map(|key| device.get(key));
        let at = keys.into_iter().flatten().next()?.as_str()?.to_owned();
        Some((device["name"].as_str()?.to_owned(), at))
    };
    devices.filter_map(place).collect()
}

#[test]
fn every_device_has_a_simulated_one_at_its_address() {
    let mut all = BTreeSet::new();
    for template in templates() {
        let file = |name: &str| template.files.iter().find(|(path, _)| *path == name).unwrap().1;
        let devices = places(file("gateway.toml"));
        assert_eq!(devices, places(file("simulators.toml")), "{}", template.name);
        let addresses = devices.into_iter().map(|(_, at)| at).filter(|at| at.contains(':'));
        addresses.for_each(|at| assert!(all.insert(at), "both templates run beside each other"));
    }
}
