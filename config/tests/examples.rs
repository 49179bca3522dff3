//! Every example loads without a mistake or a warning, from surroundings that the test supplies.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::path::Path;

use gatewarden_config::{
    AccountsFor, AdapterKind, DeviceKind, LineScanner, Llrp, LocationKind, check, render,
};
use gatewarden_model::{ItemClass, MovementKind, Tracking, ValuationMethod};
use surroundings::Surroundings;

fn example(name: &str) -> gatewarden_config::Config {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let checked = check(&path, &Surroundings::new());
    assert!(checked.mistakes.is_empty(), "{}", render(&checked.mistakes, &checked.source));
    checked.config.unwrap()
}

#[test]
fn every_example_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let config = example(entry.unwrap().file_name().to_str().unwrap());
        assert!(!config.stations.is_empty());
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn the_dock_door_is_what_it_says() {
    let config = example("dock-door.toml");
    assert_eq!(config.gateway.name, "gw-dock");
    assert_eq!(config.gateway.listen.to_string(), "127.0.0.1:8420");
    assert_eq!(config.ledger.path, Path::new("/var/lib/gatewarden/ledger.db"));
    assert_eq!(config.ledger.group_rows_max, 1000);
    assert_eq!(config.spool.path, Path::new("/var/lib/gatewarden/spool.db"));
    assert_eq!(config.items[0].gtins, ["06291041500213"]);
    assert_eq!(config.items[1].gtins, ["00000096385074"]);
    let station = &config.stations[0];
    assert_eq!(station.devices.len(), 3);
    assert_eq!((station.pass.quiet_ms, station.pass.linger_ms), (1500, 30_000));
    let DeviceKind::Llrp(Llrp { address, antennas, tx_power_dbm, session, keepalive_ms, .. }) =
        &config.devices[0].kind
    else {
        panic!("{:?}", config.devices[0])
    };
    assert_eq!(address, "192.168.20.11:5084");
    assert_eq!(antennas, &[1, 2, 3, 4]);
    assert_eq!((*tx_power_dbm, *session, *keepalive_ms), (Some(24.5), 1, 10_000));
    let DeviceKind::LineScanner(LineScanner { baud, suffix, .. }) = &config.devices[1].kind else {
        panic!()
    };
    assert_eq!((*baud, suffix.as_str()), (9600, "\r\n"));
    let AdapterKind::Webhook { secret, look_up, delivered, .. } = &config.adapters[0].kind else {
        panic!()
    };
    assert_eq!(*delivered, gatewarden_config::Delivered::default());
    assert_eq!(secret.expose(), "credential webhook-key");
    assert!(!look_up);
    assert_eq!(config.roles.0.len(), 8);
    assert!(!format!("{config:?}").contains("credential webhook-key"), "Debug shows no secret");
}

#[test]
fn the_counter_adds_a_role_and_several_doors_map_to_tryton() {
    let counter = example("counter.toml");
    assert_eq!(counter.roles.0.len(), 9);
    assert_eq!(counter.roles.0["tool-keeper"].grants.len(), 2);
    let own = counter.sod.conflict("issues-and-counts-tools").unwrap();
    assert_eq!(own.severity.name(), "mitigate");
    let default = gatewarden_config::default_sod().conflicts.len();
    assert_eq!(counter.sod.conflicts.len(), default + 1);
    let doors = example("several-doors.toml");
    assert_eq!(doors.stations.len(), 3);
    let AdapterKind::Tryton { locations, items, suppliers, company, .. } = &doors.adapters[0].kind
    else {
        panic!()
    };
    assert_eq!(locations["wh1/dock"], "Input Zone");
    assert_eq!(items["M-100/4"], "BRG-100-4");
    assert_eq!(suppliers["@supplier/ACME"], "P-0042");
    assert_eq!(company.as_deref(), Some("Example Ltd"));
    assert_eq!(doors.adapters[0].attempts_max, Some(500));
    let channels: Vec<_> =
        doors.channels.iter().map(|c| (c.name.as_str(), c.kind.name())).collect();
    let expect = [
        ("work-notice", "dingtalk-work"),
        ("dispatch-group", "dingtalk-robot"),
        ("wecom", "wecom-app"),
        ("mail", "mail"),
    ];
    assert_eq!(channels, expect);
    let called = |index: usize| doors.channels[index].kind.address_of(&doors.contacts[0]);
    assert_eq!([called(0), called(2)], [Some("manager4220"), Some("LiWei")]);
}

#[test]
fn the_valued_warehouse_says_how_stock_is_counted_valued_and_booked() {
    let config = example("valued-warehouse.toml");
    assert_eq!(config.gateway.utc_offset_min, 480);
    assert_eq!((config.reservations.expires_min, config.reservations.open_max), (480, 200));
    let item = |code: &str| config.items.iter().find(|i| i.code.as_str() == code).unwrap();
    let bolt = item("BOLT-M8");
    let units: Vec<_> =
        bolt.units.iter().map(|u| (u.name.as_str(), u.numerator, u.denominator)).collect();
    assert_eq!(units, [("box", 12, 1), ("pallet", 4800, 1)]);
    assert_eq!(bolt.units[0].gtins, ["16291041500210"]);
    assert_eq!((bolt.safety_stock, bolt.lead_time_days), (Some(500), Some(14)));
    let valued = bolt.valuation.as_ref().unwrap();
    assert_eq!(valued.method, ValuationMethod::MovingAverage, "the ledger's default");
    assert_eq!((valued.currency.as_str(), valued.decimals), ("CNY", 2));
    assert_eq!(item("MILK-1L").tracking, Tracking::Lot);
    assert_eq!(item("MILK-1L").valuation.as_ref().unwrap().method, ValuationMethod::Fifo);
    assert_eq!(
        (item("DRILL-18V").class, item("DRILL-18V").tracking),
        (ItemClass::A, Tracking::Serial)
    );
    assert_eq!(item("CABLE").units[1].numerator, 127);
    assert_eq!(item("PALLET-EUR").valuation, None);
    assert_eq!(config.locations.len(), 5);
    assert_eq!(config.locations[0].kind, LocationKind::Warehouse);
    assert_eq!(
        (config.locations[3].kind, config.locations[3].name.as_str()),
        (LocationKind::Bin, "wh1/a/01")
    );
    assert_eq!(config.accounts[1].of, AccountsFor::Kind(MovementKind::Receipt));
    assert_eq!(config.accounts[1].class, Some(ItemClass::A));
    assert_eq!(config.accounts.last().unwrap().of, AccountsFor::LandedCost);
    let kinds = [MovementKind::Receipt, MovementKind::PutAway, MovementKind::Transfer];
    assert_eq!(config.adapters[0].kinds.as_deref(), Some(&kinds[..]));
    assert_eq!(config.adapters[1].kinds, None, "all");
    // Whoever says nothing about value has none.
    let plain = example("dock-door.toml");
    assert!(plain.items.iter().all(|i| i.valuation.is_none() && i.tracking == Tracking::None));
    assert_eq!((plain.gateway.utc_offset_min, plain.reservations.expires_min), (0, 1440));
}
