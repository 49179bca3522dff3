//! `[[devices]]`: readers, scanners, printers and lamps, told apart by `kind`.

use std::{collections::BTreeMap, path::PathBuf};

use gatewarden_model::DeviceId;

use crate::{
    fields::Fields,
    shape::{
        Key, Kind, Kinds, Section, Shape, Text, UNKNOWN_KEY, integer_or, optional, required,
        text_or,
    },
    text,
};

/// Most devices of one gateway.
pub const DEVICES_MAX: usize = 256;
/// Most antennas of one reader.
pub const ANTENNAS_MAX: usize = 64;

/// A reader, scanner, printer or I/O module.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Its name.
    pub name: DeviceId,
    /// What it must tell of itself, by fact; nothing where somebody approves who it is.
    pub identity: BTreeMap<String, String>,
    /// What it is and how it is reached.
    pub kind: DeviceKind,
}

/// What a device is and how it is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum DeviceKind {
    /// An RFID reader that speaks LLRP over TCP.
    Llrp {
        /// `host:port`.
        address: String,
        /// The antennas to use, from 1; empty means all.
        antennas: Vec<u16>,
        /// Transmit power in dBm; the reader's own setting where absent.
        tx_power_dbm: Option<f32>,
        /// The Gen2 session, 0 to 3.
        session: u8,
        /// How many tags are expected in the field at once.
        tag_population: u16,
        /// How often the reader shows that it is alive, in milliseconds.
        keepalive_ms: u32,
    },
    /// A scanner that sends lines over a serial port.
    LineScanner {
        /// The port, best by id: `/dev/serial/by-id/…`.
        path: PathBuf,
        /// Bits a second.
        baud: u32,
        /// What the scanner sends before each scan.
        prefix: String,
        /// What ends each scan; for `"\r\n"` CR, LF or both do.
        suffix: String,
    },
    /// Lamps and a buzzer on Modbus TCP coils, counted from 0.
    LightStack {
        /// `host:port`.
        address: String,
        /// The Modbus unit.
        unit: u8,
        /// The green lamp's coil.
        green: u16,
        /// The amber lamp's coil.
        amber: u16,
        /// The red lamp's coil.
        red: u16,
        /// The buzzer's coil, if there is one.
        buzzer: Option<u16>,
    },
    /// A scanner that is a USB HID point-of-sale device.
    HidScanner {
        /// USB vendor id.
        vendor: u16,
        /// USB product id.
        product: u16,
        /// USB serial number; needed where two of one model are attached.
        serial: Option<String>,
    },
    /// A label printer that speaks ZPL over TCP.
    LabelPrinter {
        /// `host:port`.
        address: String,
    },
}

const COMMON: &[Key] = &[
    required("name", Shape::Text(Text::Slug), "The device's name."),
    optional(
        "identity",
        Shape::Section(&IDENTITY),
        "Who it must be: whoever tells all of this needs no approval, and nobody else gets one.",
    ),
];

static IDENTITY: Section = Section {
    doc: "What a device must tell of itself. As a refused device's request shows it.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional("serial", Shape::Text(Text::Line), "USB serial number."),
        optional(
            "mac",
            Shape::Text(Text::Mac),
            "A reader's MAC address, six or eight bytes: 00:16:25:01:02:03.",
        ),
        optional("epc", Shape::Text(Text::Line), "A reader's own EPC, where it tells that."),
        optional("maker", Shape::Text(Text::Line), "IANA number of a reader's maker."),
        optional("model", Shape::Text(Text::Line), "The maker's number of a reader's model."),
        optional("usb", Shape::Text(Text::Line), "USB VID:PID, such as 05e0:1701."),
        optional("port", Shape::Text(Text::Line), "The physical path of its USB plug: 1-2.3."),
        optional("path", Shape::Text(Text::Line), "The path of a port that is no USB device's."),
        optional("address", Shape::Text(Text::Line), "The host:port of what tells nothing else."),
        optional("unit", Shape::Text(Text::Line), "The Modbus unit."),
    ],
};

/// Who a device must be. A MAC address is written as devices tell it.
fn identity(fields: &Fields) -> BTreeMap<String, String> {
    let Some(told) = fields.table("identity") else { return BTreeMap::new() };
    let fact = |key: &Key| {
        let value = told.text(key.name)?;
        let value = match key.name {
            "mac" => text::normal_mac(value)?,
            _ => value.to_owned(),
        };
        Some((key.name.to_owned(), value))
    };
    IDENTITY.keys.iter().filter_map(fact).collect()
}
const WORD: Shape = Shape::Integer { min: 0, max: 65_535 };
const BAUD: i64 = 9600;

const fn address(usual_port: u16) -> Shape {
    Shape::Text(Text::Address(usual_port))
}

pub(crate) static DEVICES: Kinds = Kinds {
    doc: "A reader, scanner, printer or I/O module.",
    noun: "device kind",
    common: COMMON,
    max: DEVICES_MAX,
    kinds: &[
        Kind { name: "llrp", doc: "An RFID reader that speaks LLRP over TCP.", keys: LLRP },
        Kind {
            name: "line-scanner",
            doc: "A scanner that sends lines over a serial port.",
            keys: LINE_SCANNER,
        },
        Kind {
            name: "light-stack",
            doc: "Lamps and a buzzer on Modbus TCP coils.",
            keys: LIGHT_STACK,
        },
        Kind {
            name: "hid-scanner",
            doc: "A scanner in USB HID point-of-sale mode.",
            keys: HID_SCANNER,
        },
        Kind {
            name: "label-printer",
            doc: "A label printer that speaks ZPL over TCP.",
            keys: &[required(
                "address",
                address(9100),
                "The printer's host:port; ZPL's port is 9100.",
            )],
        },
    ],
};

const LLRP: &[Key] = &[
    required("address", address(5084), "The reader's host:port; LLRP's port is 5084."),
    optional(
        "antennas",
        Shape::List { of: &Shape::Integer { min: 1, max: 65_535 }, max: ANTENNAS_MAX },
        "The antennas to use, from 1. By default all.",
    ),
    optional(
        "tx_power_dbm",
        Shape::Number { min: -10.0, max: 36.0 },
        "Transmit power in dBm. By default as the reader is set.",
    ),
    integer_or("session", 0, 3, 1, "The Gen2 session. 1 suits a portal."),
    integer_or("tag_population", 1, 65_535, 32, "Tags expected in the field at once."),
    integer_or(
        "keepalive_ms",
        1000,
        600_000,
        10_000,
        "How often the reader shows that it is alive, in milliseconds.",
    ),
];

const LINE_SCANNER: &[Key] = &[
    required(
        "path",
        Shape::Text(Text::DevicePath),
        "The serial port, best by id: /dev/serial/by-id/… stays the same after unplugging.",
    ),
    integer_or("baud", 300, 4_000_000, BAUD, "Bits a second. USB-CDC scanners ignore it."),
    text_or("prefix", Text::Affix, "", "What the scanner sends before each scan."),
    text_or("suffix", Text::Affix, "\r\n", "What ends a scan. For \"\\r\\n\" CR, LF or both do."),
];

const LIGHT_STACK: &[Key] = &[
    required("address", address(502), "The I/O module's host:port; Modbus TCP's port is 502."),
    integer_or("unit", 0, 255, 1, "The Modbus unit identifier."),
    required("green", WORD, "The green lamp's coil, counted from 0."),
    required("amber", WORD, "The amber lamp's coil, counted from 0."),
    required("red", WORD, "The red lamp's coil, counted from 0."),
    optional("buzzer", WORD, "The buzzer's coil, counted from 0, if there is one."),
];

const HID_SCANNER: &[Key] = &[
    required("vendor", WORD, "USB vendor id, such as 0x05e0."),
    required("product", WORD, "USB product id, such as 0x1300."),
    optional(
        "serial",
        Shape::Text(Text::Line),
        "USB serial number; needed where two of one model are attached.",
    ),
];

impl Device {
    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let kind = match fields.text("kind")? {
            "llrp" => llrp(fields)?,
            "line-scanner" => DeviceKind::LineScanner {
                path: fields.text("path")?.into(),
                baud: fields.integer("baud")?,
                prefix: fields.owned("prefix")?,
                suffix: fields.owned("suffix")?,
            },
            "light-stack" => DeviceKind::LightStack {
                address: fields.owned("address")?,
                unit: fields.integer("unit")?,
                green: fields.integer("green")?,
                amber: fields.integer("amber")?,
                red: fields.integer("red")?,
                buzzer: fields.integer("buzzer"),
            },
            "hid-scanner" => DeviceKind::HidScanner {
                vendor: fields.integer("vendor")?,
                product: fields.integer("product")?,
                serial: fields.owned("serial"),
            },
            "label-printer" => DeviceKind::LabelPrinter { address: fields.owned("address")? },
            _ => return None,
        };
        Some(Self { name: fields.parsed("name")?, identity: identity(fields), kind })
    }
}

fn llrp(fields: &Fields) -> Option<DeviceKind> {
    Some(DeviceKind::Llrp {
        address: fields.owned("address")?,
        antennas: fields.integers("antennas").filter_map(|(a, _)| a.try_into().ok()).collect(),
        tx_power_dbm: fields.number("tx_power_dbm"),
        session: fields.integer("session")?,
        tag_population: fields.integer("tag_population")?,
        keepalive_ms: fields.integer("keepalive_ms")?,
    })
}
