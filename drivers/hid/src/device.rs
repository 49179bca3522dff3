//! Finding and opening scanners through hidapi (hidraw). The only file that touches hardware.
//!
//! Invariants: only interfaces with the bar code scanner usage page are considered; exactly one
//! must fit. Absent: parsing (`codec`), threads (`task`).

use std::{collections::BTreeMap, ffi::CString, fs, path::Path};

use gatewarden_model::DeviceFacts;
use hidapi::{DeviceInfo, HidApi, HidDevice};

use crate::{
    Settings,
    descriptor::{DESCRIPTOR_BYTES_MAX, REPORT_BYTES_MAX},
};

/// The usage page of bar code scanners (HID Point of Sale Usage Tables 1.02, section 3).
const BAR_CODE_SCANNER_PAGE: u16 = 0x8c;

/// Honeywell's vendor id; its scanners enter HID POS mode by feature report 0xFE = {1}.
const HONEYWELL: u16 = 0x0c2e;

/// How long one read waits, in milliseconds; also how soon a stop is noticed.
pub(crate) const READ_WAIT_MS: i32 = 100;

/// Where the kernel shows its devices.
const SYSFS: &str = "/sys";

/// Folders above a node's own that are looked at for its plug.
const DEPTH_MAX: usize = 8;

/// Most scanners named where several fit.
const CANDIDATES_MAX: usize = 8;

/// A scanner that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its hidraw node.
    pub path: String,
    /// USB vendor id.
    pub vendor: u16,
    /// USB product id.
    pub product: u16,
    /// USB serial number, if it has one.
    pub serial: Option<String>,
    /// What it calls itself.
    pub name: String,
    /// The physical path of its plug (`1-2.3`), where sysfs tells it.
    pub port: Option<String>,
}

/// Why a scanner can't be used.
#[derive(Debug, thiserror::Error)]
pub enum HidError {
    /// The system could not list its devices.
    #[error("failed to list HID devices: {0}")]
    List(String),
    /// None fits.
    #[error("no HID POS scanner {wanted}; plug it in and scan its \"USB HID POS\" code")]
    Missing {
        /// What was looked for.
        wanted: String,
    },
    /// More than one fits.
    #[error("several HID POS scanners {wanted}: {candidates}; set `serial` or `port` to say which")]
    Ambiguous {
        /// What was looked for.
        wanted: String,
        /// Those that fit, by port and serial number.
        candidates: String,
    },
    /// It is there and can't be opened.
    #[error("failed to open {path}: {reason}; check the udev rule")]
    Open {
        /// Its hidraw node.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// It can't be read any more.
    #[error("the scanner was unplugged ({reason}); it is used again as soon as it is back")]
    Gone {
        /// What the system says.
        reason: String,
    },
}

/// An opened scanner.
pub trait Port {
    /// Waits for one report, a tenth of a second at most; an empty one means that none came.
    fn read(&mut self) -> Result<Vec<u8>, HidError>;
}

/// A scanner that was found and opened.
pub struct Opened {
    /// What it says it is.
    pub name: String,
    /// Who it is.
    pub facts: DeviceFacts,
    /// Its report descriptor; empty where the system has none.
    pub descriptor: Vec<u8>,
    /// What its reports come from.
    pub port: Box<dyn Port>,
}

/// What opens the scanner; the tests put their own here.
pub trait Bus: Send + 'static {
    /// Finds and opens the scanner, and says what and who it is.
    fn open(&mut self) -> Result<Opened, HidError>;
}

/// The real bus, for one scanner.
pub(crate) struct UsbBus(pub(crate) Settings);

/// All HID POS scanners that are plugged in, in the order of their nodes.
pub fn list() -> Result<Vec<Found>, HidError> {
    let api = HidApi::new().map_err(|e| HidError::List(e.to_string()))?;
    Ok(scanners(&api).into_values().map(found).collect())
}

/// One entry a node: hidapi lists a device once for each of its usages.
fn scanners(api: &HidApi) -> BTreeMap<CString, &DeviceInfo> {
    api.device_list()
        .filter(|info| info.usage_page() == BAR_CODE_SCANNER_PAGE)
        .map(|info| (info.path().to_owned(), info))
        .collect()
}

fn found(info: &DeviceInfo) -> Found {
    let words = [info.manufacturer_string(), info.product_string()];
    Found {
        path: info.path().to_string_lossy().into_owned(),
        vendor: info.vendor_id(),
        product: info.product_id(),
        serial: info.serial_number().filter(|s| !s.is_empty()).map(str::to_owned),
        name: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
        port: plug(&info.path().to_string_lossy(), Path::new(SYSFS)),
    }
}

/// Who a scanner is: `serial` (if it has one), `usb` (VID:PID) and `port`, the physical path of its plug
/// (`1-2.3`) as sysfs tells it.
fn facts(found: &Found) -> DeviceFacts {
    let serial = found.serial.clone().map(|serial| ("serial", serial));
    let usb = Some(("usb", format!("{:04x}:{:04x}", found.vendor, found.product)));
    let port = found.port.clone().map(|port| ("port", port));
    let facts = [serial, usb, port].into_iter().flatten();
    facts.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The name of the USB device that a hidraw node belongs to: the first folder upwards that is one.
fn plug(node: &str, sysfs: &Path) -> Option<String> {
    let name = Path::new(node).file_name()?;
    let device = fs::canonicalize(sysfs.join("class/hidraw").join(name).join("device")).ok()?;
    let usb = device.ancestors().take(DEPTH_MAX).find(|at| at.join("idVendor").is_file())?;
    Some(usb.file_name()?.to_string_lossy().into_owned())
}

impl Found {
    /// How to tell it from another of its model.
    fn words(&self) -> String {
        let port = self.port.as_deref().unwrap_or("unknown");
        let serial = self.serial.as_deref().unwrap_or("none");
        format!("port {port} serial {serial}")
    }
}

impl Settings {
    /// Picks the one scanner that fits.
    fn choose(&self, all: Vec<Found>) -> Result<Found, HidError> {
        let mut fitting: Vec<Found> = all.into_iter().filter(|f| self.fits(f)).collect();
        if fitting.len() > 1 {
            let words: Vec<String> =
                fitting.iter().take(CANDIDATES_MAX).map(Found::words).collect();
            return Err(HidError::Ambiguous {
                wanted: self.wanted(),
                candidates: words.join(", "),
            });
        }
        fitting.pop().ok_or_else(|| HidError::Missing { wanted: self.wanted() })
    }

    fn fits(&self, found: &Found) -> bool {
        found.vendor == self.vendor
            && found.product == self.product
            && (self.serial.is_none() || self.serial == found.serial)
            && (self.port.is_none() || self.port == found.port)
    }

    fn wanted(&self) -> String {
        let serial = self.serial.as_ref().map_or(String::new(), |s| format!(" serial {s}"));
        let port = self.port.as_ref().map_or(String::new(), |p| format!(" at port {p}"));
        format!("{:04x}:{:04x}{serial}{port}", self.vendor, self.product)
    }
}

impl Bus for UsbBus {
    fn open(&mut self) -> Result<Opened, HidError> {
        let one = self.0.choose(list()?)?;
        let failed = |reason: String| HidError::Open { path: one.path.clone(), reason };
        let node = CString::new(one.path.clone()).map_err(|e| failed(e.to_string()))?;
        let api = HidApi::new().map_err(|e| HidError::List(e.to_string()))?;
        let device = api.open_path(&node).map_err(|e| failed(e.to_string()))?;
        if self.0.enter_pos_mode
            && one.vendor == HONEYWELL
            && let Err(error) = device.send_feature_report(&[0xfe, 1])
        {
            tracing::warn!(path = %one.path, %error, "the scanner did not take the switch to HID POS mode");
        }
        let serial = one.serial.as_deref().unwrap_or("without serial number");
        let name = format!("{} {:04x}:{:04x} {serial}", one.name, one.vendor, one.product);
        let mut descriptor = vec![0; DESCRIPTOR_BYTES_MAX];
        let bytes = device.get_report_descriptor(&mut descriptor).unwrap_or_else(|error| {
            tracing::warn!(path = %one.path, %error, "the scanner's report descriptor could not be read");
            0
        });
        descriptor.truncate(bytes);
        let (name, facts) = (name.trim().to_owned(), facts(&one));
        Ok(Opened { name, facts, descriptor, port: Box::new(UsbPort(device)) })
    }
}

struct UsbPort(HidDevice);

impl Port for UsbPort {
    fn read(&mut self) -> Result<Vec<u8>, HidError> {
        // One byte more than a report, so that a longer one is seen and refused.
        let mut buffer = [0u8; REPORT_BYTES_MAX + 1];
        let gone = |e: hidapi::HidError| HidError::Gone { reason: e.to_string() };
        let n = self.0.read_timeout(&mut buffer, READ_WAIT_MS).map_err(gone)?;
        Ok(buffer[..n].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_needs_no_scanner() {
        assert!(list().is_ok_and(|all| all.iter().all(|f| f.path.starts_with('/'))));
    }

    #[test]
    fn a_scanner_is_known_by_serial_kind_and_plug() {
        let dir = tempfile::tempdir().expect("a folder");
        let usb = dir.path().join("devices/usb1/1-4");
        let class = dir.path().join("class/hidraw/hidraw3");
        let made = [usb.join("1-4:1.0/0003:05E0:1300.0002"), class.clone()];
        made.iter().for_each(|folder| fs::create_dir_all(folder).expect("a folder"));
        fs::write(usb.join("idVendor"), "05e0").expect("a file");
        std::os::unix::fs::symlink(&made[0], class.join("device")).expect("a link");
        let mut found = Found {
            path: "/dev/hidraw3".to_owned(),
            vendor: 0x05e0,
            product: 0x1300,
            serial: Some("S7".to_owned()),
            name: "Scanner".to_owned(),
            port: plug("/dev/hidraw3", dir.path()),
        };
        let told = |found: &Found| gatewarden_model::facts_words(&facts(found));
        assert_eq!(told(&found), "port 1-4, serial S7, usb 05e0:1300");
        found.serial = None;
        found.port = plug("/dev/hidraw9", dir.path());
        assert_eq!(told(&found), "usb 05e0:1300");
    }

    #[test]
    fn exactly_one_scanner_must_fit() {
        let plugged = |vendor, serial: Option<&str>, port: &str| Found {
            path: format!("/dev/hidraw{port}"),
            vendor,
            product: 1,
            serial: serial.map(str::to_owned),
            name: "Scanner".to_owned(),
            port: Some(port.to_owned()),
        };
        let all = || {
            vec![
                plugged(7, Some("A"), "1-1"),
                plugged(7, Some("B"), "1-2.3"),
                plugged(8, None, "1-4"),
                plugged(9, None, "1-5"),
                plugged(9, None, "1-6"),
            ]
        };
        let choose = |vendor, serial: Option<&str>, port: Option<&str>| {
            let mut settings = Settings::new(vendor, 1);
            settings.serial = serial.map(str::to_owned);
            settings.port = port.map(str::to_owned);
            settings.choose(all()).map(|f| f.port.unwrap_or_default()).map_err(|e| e.to_string())
        };
        assert_eq!(choose(8, None, None), Ok("1-4".to_owned()));
        assert_eq!(choose(7, Some("B"), None), Ok("1-2.3".to_owned()));
        assert_eq!(choose(7, None, Some("1-1")), Ok("1-1".to_owned()));
        assert_eq!(choose(9, None, Some("1-6")), Ok("1-6".to_owned()));
        let several = |words: &str| {
            Err(format!("several HID POS scanners {words}; set `serial` or `port` to say which"))
        };
        let named = "0007:0001: port 1-1 serial A, port 1-2.3 serial B";
        assert_eq!(choose(7, None, None), several(named));
        let named = "0009:0001: port 1-5 serial none, port 1-6 serial none";
        assert_eq!(choose(9, None, None), several(named));
        let missing = choose(7, Some("A"), Some("1-2.3")).expect_err("none fits both");
        assert!(
            missing.starts_with("no HID POS scanner 0007:0001 serial A at port 1-2.3"),
            "{missing}"
        );
        assert!(choose(10, None, None).is_err());
    }
}
