//! Scanners in every way in which they can be attached, as their configuration is understood.
// A test may fail loudly.
#![allow(clippy::unwrap_used)]

mod surroundings;

use std::path::Path;

use gatewarden_config::{
    DeviceKind, LineProtocol, LineScanner, WedgeLayout, WedgeScanner, WedgeTerminator, WedgeWhich,
    parse, render,
};
use surroundings::Surroundings;

const TEXT: &str = r#"[gateway]
name = "gw"
[[stations]]
name = "counter"
devices = ["packets", "keys", "desk"]
[[devices]]
name = "packets"
kind = "line-scanner"
path = "/dev/serial/by-id/usb-Symbol_S1-if00"
protocol = "ssi"
beep = true
[[devices]]
name = "keys"
kind = "wedge-scanner"
path = "/dev/input/by-id/usb-Scanner_S2-event-kbd"
layout = "de"
terminator = "tab"
[[devices]]
name = "desk"
kind = "wedge-scanner"
vendor = 0x05e0
product = 0x1200
port = "1-2.3"
"#;

#[test]
fn scanners_are_what_their_settings_say() {
    let checked = parse(Path::new("gw.toml"), TEXT.as_bytes(), &Surroundings::new());
    assert!(checked.mistakes.is_empty(), "{}", render(&checked.mistakes, &checked.source));
    let config = checked.config.unwrap();
    let kinds: Vec<&DeviceKind> = config.devices.iter().map(|device| &device.kind).collect();
    let packets = DeviceKind::LineScanner(LineScanner {
        path: "/dev/serial/by-id/usb-Symbol_S1-if00".into(),
        baud: 9_600,
        protocol: LineProtocol::Ssi,
        configure: true,
        beep: true,
        prefix: String::new(),
        suffix: "\r\n".to_owned(),
    });
    let keys = DeviceKind::WedgeScanner(WedgeScanner {
        which: WedgeWhich::Path("/dev/input/by-id/usb-Scanner_S2-event-kbd".into()),
        layout: WedgeLayout::De,
        terminator: WedgeTerminator::Tab,
        pause_ms: 500,
    });
    let desk = DeviceKind::WedgeScanner(WedgeScanner {
        which: WedgeWhich::Usb {
            vendor: 0x05e0,
            product: 0x1200,
            serial: None,
            port: Some("1-2.3".to_owned()),
        },
        layout: WedgeLayout::Us,
        terminator: WedgeTerminator::Enter,
        pause_ms: 500,
    });
    assert_eq!(kinds, [&packets, &keys, &desk]);
    assert!(keys.is_typed() && !packets.is_typed());
    assert_eq!((keys.name(), keys.is_reader()), ("wedge-scanner", false));
}
