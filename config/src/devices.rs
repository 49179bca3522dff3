//! `[[devices]]`: readers, scanners, printers and lamps, told apart by `kind`.
//!
//! A family is a file: its keys, what they become, and the rules that join them. Adding one is adding
//! its file, its line in `DEVICES`, in [`DeviceKind`], in `Device::build` and in `check`.

use std::collections::BTreeMap;

use gatewarden_model::DeviceId;

use crate::{
    fields::Fields,
    report::Walk,
    shape::{Key, Kinds, Section, Shape, Text, UNKNOWN_KEY, optional, required},
    text,
};

mod hid_scanner;
mod impinj_iot;
mod io_module;
mod label_printer;
mod light_stack;
mod line_scanner;
mod llrp;
mod trust;
mod uhf_reader;
mod wedge_scanner;
mod zebra_iot;

pub use hid_scanner::HidScanner;
pub use impinj_iot::ImpinjIot;
pub use io_module::IoModule;
pub use label_printer::{LabelPrinter, PrinterWire};
pub use light_stack::LightStack;
pub use line_scanner::{LineProtocol, LineScanner};
pub use llrp::{
    ANTENNAS_MAX, FILTERS_MAX, LLRP_REGIONS, Llrp, LlrpEdge, LlrpFilter, LlrpTrust, MASK_BYTES_MAX,
};
pub use uhf_reader::{UHF_PROTOCOLS, UHF_REGIONS, UhfReader};
pub use wedge_scanner::{WedgeLayout, WedgeScanner, WedgeTerminator, WedgeWhich};
pub use zebra_iot::ZebraIot;

/// Most devices of one gateway.
pub const DEVICES_MAX: usize = 256;

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
#[allow(missing_docs, reason = "each is told where its settings are")]
pub enum DeviceKind {
    Llrp(Llrp),
    ImpinjIot(ImpinjIot),
    ZebraIot(ZebraIot),
    UhfReader(UhfReader),
    LineScanner(LineScanner),
    LightStack(LightStack),
    IoModule(IoModule),
    HidScanner(HidScanner),
    WedgeScanner(WedgeScanner),
    LabelPrinter(LabelPrinter),
}

impl DeviceKind {
    /// The kind as a configuration spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Llrp(_) => llrp::KIND.name,
            Self::ImpinjIot(_) => impinj_iot::KIND.name,
            Self::ZebraIot(_) => zebra_iot::KIND.name,
            Self::UhfReader(_) => uhf_reader::KIND.name,
            Self::LineScanner(_) => line_scanner::KIND.name,
            Self::LightStack(_) => light_stack::KIND.name,
            Self::IoModule(_) => io_module::KIND.name,
            Self::HidScanner(_) => hid_scanner::KIND.name,
            Self::WedgeScanner(_) => wedge_scanner::KIND.name,
            Self::LabelPrinter(_) => label_printer::KIND.name,
        }
    }

    /// Whether anybody may type what it tells: no badge is taken from it.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        matches!(self, Self::WedgeScanner(_))
    }

    /// Whether what it sees counts as reads: of such a device the counter of reads stands from the start.
    #[must_use]
    pub fn is_reader(&self) -> bool {
        matches!(self, Self::Llrp(_) | Self::ImpinjIot(_) | Self::ZebraIot(_) | Self::UhfReader(_))
    }
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
        optional(
            "key",
            Shape::Text(Text::Line),
            "SHA-256 of the public key that a pinned reader shows.",
        ),
        optional("epc", Shape::Text(Text::Line), "A reader's own EPC, where it tells that."),
        optional(
            "maker",
            Shape::Text(Text::Line),
            "A reader's maker: its IANA number, or its name.",
        ),
        optional(
            "model",
            Shape::Text(Text::Line),
            "The maker's number or name of a reader's model.",
        ),
        optional("firmware", Shape::Text(Text::Line), "The version of a reader's firmware."),
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

const fn address(usual_port: u16) -> Shape {
    Shape::Text(Text::Address(usual_port))
}

pub(crate) static DEVICES: Kinds = Kinds {
    doc: "A reader, scanner, printer or I/O module.",
    noun: "device kind",
    common: COMMON,
    max: DEVICES_MAX,
    kinds: &[
        llrp::KIND,
        impinj_iot::KIND,
        zebra_iot::KIND,
        uhf_reader::KIND,
        line_scanner::KIND,
        light_stack::KIND,
        io_module::KIND,
        hid_scanner::KIND,
        wedge_scanner::KIND,
        label_printer::KIND,
    ],
};

impl Device {
    /// The same with paths taken from the folder of the configuration.
    pub(crate) fn based(mut self, base: &std::path::Path) -> Self {
        if let DeviceKind::LabelPrinter(printer) = &mut self.kind {
            printer.base(base);
        }
        self
    }

    pub(crate) fn build(fields: &Fields) -> Option<Self> {
        let kind = match fields.text("kind")? {
            "llrp" => DeviceKind::Llrp(llrp::build(fields)?),
            "impinj-iot" => DeviceKind::ImpinjIot(impinj_iot::build(fields)?),
            "zebra-iot" => DeviceKind::ZebraIot(zebra_iot::build(fields)?),
            "uhf-reader" => DeviceKind::UhfReader(uhf_reader::build(fields)?),
            "line-scanner" => DeviceKind::LineScanner(line_scanner::build(fields)?),
            "io-module" => DeviceKind::IoModule(io_module::build(fields)?),
            "light-stack" => DeviceKind::LightStack(light_stack::build(fields)?),
            "hid-scanner" => DeviceKind::HidScanner(hid_scanner::build(fields)?),
            "wedge-scanner" => DeviceKind::WedgeScanner(wedge_scanner::build(fields)?),
            "label-printer" => DeviceKind::LabelPrinter(label_printer::build(fields)?),
            _ => return None,
        };
        Some(Self { name: fields.parsed("name")?, identity: identity(fields), kind })
    }
}

/// The rules that join two keys of one device, each family's own.
pub(crate) fn check(walk: &mut Walk<'_>, device: &Fields) {
    match device.text("kind") {
        Some("llrp") => llrp::check(walk, device),
        Some("impinj-iot") => impinj_iot::check(walk, device),
        Some("zebra-iot") => zebra_iot::check(walk, device),
        Some("uhf-reader") => uhf_reader::check(walk, device),
        Some("line-scanner") => line_scanner::check(walk, device),
        Some("io-module") => io_module::check(walk, device),
        Some("wedge-scanner") => wedge_scanner::check(walk, device),
        Some("label-printer") => label_printer::check(walk, device),
        Some("light-stack") => light_stack::check(walk, device),
        _ => {}
    }
}
