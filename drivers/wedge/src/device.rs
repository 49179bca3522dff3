//! Finding, opening and grabbing keyboards through evdev. The only file that touches hardware.
//!
//! Invariants: a node is a keyboard only if it has the digits and Enter; exactly one must fit, never a guess; what is
//! opened is grabbed, and one that somebody else holds is an error. Absent: reading (`task`).

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt},
    path::{Path, PathBuf},
};

use evdev::{KeyCode, raw_stream::RawDevice};
use gatewarden_model::DeviceFacts;
use nix::fcntl::OFlag;

use crate::Which;

/// Where the kernel shows its devices.
const SYSFS: &str = "/sys";
/// Folders above a node's own that are looked at for its plug.
const DEPTH_MAX: usize = 8;
/// Most keyboards named where several fit.
const CANDIDATES_MAX: usize = 8;

/// A keyboard that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its event node.
    pub path: PathBuf,
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

/// Why a keyboard can't be used.
#[derive(Debug, thiserror::Error)]
pub enum WedgeError {
    /// None fits.
    #[error("no keyboard {wanted}; plug the scanner in and scan its \"USB keyboard\" code")]
    Missing {
        /// What was looked for.
        wanted: String,
    },
    /// More than one fits.
    #[error("several keyboards {wanted}: {candidates}; set `serial` or `port` to say which")]
    Ambiguous {
        /// What was looked for.
        wanted: String,
        /// Those that fit, by port and serial number.
        candidates: String,
    },
    /// It is there and can't be opened.
    #[error(
        "failed to open {path}: {reason}; check the path and that the gateway's user may read it"
    )]
    Open {
        /// Its node.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// Somebody else has it.
    #[error("failed to grab {path}: {reason}; another program holds this keyboard")]
    Grab {
        /// Its node.
        path: String,
        /// What the system says.
        reason: String,
    },
}

/// A keyboard that was opened and grabbed.
pub struct Opened {
    /// What it says it is.
    pub name: String,
    /// Who it is.
    pub facts: DeviceFacts,
    /// Its events, without blocking.
    pub events: File,
}

/// What opens the keyboard; the tests put their own here.
pub trait Bus: Send + 'static {
    /// Finds, opens and grabs the keyboard, and says what and who it is.
    fn open(&mut self) -> Result<Opened, WedgeError>;
}

/// The machine's own keyboards.
pub(crate) struct Machine(pub(crate) Which);

/// All keyboards that are plugged in and may be read, in the order of their nodes.
#[must_use]
pub fn list() -> Vec<Found> {
    let all = evdev::raw_stream::enumerate();
    let mut found: Vec<Found> =
        all.filter(|(_, device)| is_keyboard(device)).map(|(path, it)| found(path, &it)).collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// A scanner may have further nodes, of its volume keys and the like.
fn is_keyboard(device: &RawDevice) -> bool {
    let wanted = [KeyCode::KEY_ENTER, KeyCode::KEY_0, KeyCode::KEY_9];
    device.supported_keys().is_some_and(|keys| wanted.iter().all(|key| keys.contains(*key)))
}

fn found(path: PathBuf, device: &RawDevice) -> Found {
    let id = device.input_id();
    Found {
        port: plug(&path, Path::new(SYSFS)),
        path,
        vendor: id.vendor(),
        product: id.product(),
        serial: device.unique_name().filter(|it| !it.is_empty()).map(str::to_owned),
        name: device.name().unwrap_or("keyboard").to_owned(),
    }
}

/// Who a scanner is: `serial` (if it has one), `usb` (VID:PID) and `port`.
fn facts(found: &Found) -> DeviceFacts {
    let serial = found.serial.clone().map(|serial| ("serial", serial));
    let usb = Some(("usb", format!("{:04x}:{:04x}", found.vendor, found.product)));
    let port = found.port.clone().map(|port| ("port", port));
    let facts = [serial, usb, port].into_iter().flatten();
    facts.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The name of the USB device that a node belongs to: the first folder upwards that is one.
fn plug(node: &Path, sysfs: &Path) -> Option<String> {
    let node = fs::canonicalize(node).unwrap_or_else(|_| node.to_owned());
    let class = sysfs.join("class/input").join(node.file_name()?).join("device");
    let device = fs::canonicalize(class).ok()?;
    let usb = device.ancestors().take(DEPTH_MAX).find(|at| at.join("idVendor").is_file())?;
    Some(usb.file_name()?.to_string_lossy().into_owned())
}

impl Which {
    /// Picks the one keyboard that fits.
    fn choose(&self, all: Vec<Found>) -> Result<PathBuf, WedgeError> {
        let (vendor, product, serial, port) = match self {
            Self::Path(path) => return Ok(path.clone()),
            Self::Usb { vendor, product, serial, port } => (vendor, product, serial, port),
        };
        let fits = |found: &Found| {
            (found.vendor, found.product) == (*vendor, *product)
                && (serial.is_none() || *serial == found.serial)
                && (port.is_none() || *port == found.port)
        };
        let mut fitting: Vec<Found> = all.into_iter().filter(fits).collect();
        if fitting.len() > 1 {
            let words = |found: &Found| {
                let port = found.port.as_deref().unwrap_or("unknown");
                let serial = found.serial.as_deref().unwrap_or("none");
                format!("port {port} serial {serial}")
            };
            let candidates: Vec<String> = fitting.iter().take(CANDIDATES_MAX).map(words).collect();
            let candidates = candidates.join(", ");
            return Err(WedgeError::Ambiguous { wanted: self.wanted(), candidates });
        }
        let one = fitting.pop().ok_or_else(|| WedgeError::Missing { wanted: self.wanted() })?;
        Ok(one.path)
    }

    fn wanted(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Usb { vendor, product, serial, port } => {
                let serial = serial.as_ref().map_or(String::new(), |own| format!(" serial {own}"));
                let port = port.as_ref().map_or(String::new(), |own| format!(" at port {own}"));
                format!("{vendor:04x}:{product:04x}{serial}{port}")
            }
        }
    }
}

impl Bus for Machine {
    fn open(&mut self) -> Result<Opened, WedgeError> {
        let all = if matches!(self.0, Which::Path(_)) { Vec::new() } else { list() };
        let path = self.0.choose(all)?;
        let shown = path.display().to_string();
        let failed =
            |error: io::Error| WedgeError::Open { path: shown.clone(), reason: error.to_string() };
        let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let events = OpenOptions::new().read(true).custom_flags(flags.bits()).open(&path);
        let events = events.map_err(failed)?;
        let handle = OwnedFd::from(events.try_clone().map_err(failed)?);
        let mut device = RawDevice::from_fd(handle).map_err(failed)?;
        if !is_keyboard(&device) {
            return Err(failed(io::Error::other("it has no digits and Enter, it is no keyboard")));
        }
        device
            .grab()
            .map_err(|e| WedgeError::Grab { path: shown.clone(), reason: e.to_string() })?;
        let it = found(path.clone(), &device);
        // The grab is of the opened file, which lives as long as any handle to it.
        Ok(Opened { name: it.name.clone(), facts: facts(&it), events })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugged(product: u16, serial: Option<&str>, port: &str) -> Found {
        Found {
            path: format!("/dev/input/event{port}").into(),
            vendor: 7,
            product,
            serial: serial.map(str::to_owned),
            name: "Scanner".to_owned(),
            port: Some(port.to_owned()),
        }
    }

    #[test]
    fn listing_needs_no_keyboard() {
        assert!(list().iter().all(|found| found.path.starts_with("/dev")));
    }

    #[test]
    fn exactly_one_keyboard_must_fit() {
        let choose = |product, serial: Option<&str>, port: Option<&str>| {
            let (serial, port) = (serial.map(str::to_owned), port.map(str::to_owned));
            let which = Which::Usb { vendor: 7, product, serial, port };
            let all = vec![
                plugged(1, Some("A"), "1-1"),
                plugged(1, Some("B"), "1-2.3"),
                plugged(2, None, "1-4"),
            ];
            which.choose(all).map_err(|error| error.to_string())
        };
        assert_eq!(choose(2, None, None), Ok("/dev/input/event1-4".into()));
        assert_eq!(choose(1, Some("B"), None), Ok("/dev/input/event1-2.3".into()));
        assert_eq!(choose(1, None, Some("1-1")), Ok("/dev/input/event1-1".into()));
        let several = choose(1, None, None).expect_err("two fit");
        assert!(several.contains("port 1-1 serial A, port 1-2.3 serial B"), "{several}");
        let missing = choose(1, Some("A"), Some("1-2.3")).expect_err("none fits");
        assert!(missing.starts_with("no keyboard 0007:0001 serial A at port 1-2.3"), "{missing}");
    }

    #[test]
    fn a_scanner_is_known_by_serial_kind_and_plug() {
        let dir = tempfile::tempdir().expect("a folder");
        let usb = dir.path().join("devices/usb1/1-4");
        let class = dir.path().join("class/input/event3");
        let made = [usb.join("1-4:1.0/0003:05E0:1200.0002/input/input9"), class.clone()];
        made.iter().for_each(|folder| fs::create_dir_all(folder).expect("a folder"));
        fs::write(usb.join("idVendor"), "05e0").expect("a file");
        std::os::unix::fs::symlink(&made[0], class.join("device")).expect("a link");
        let port = plug(Path::new("/dev/input/event3"), dir.path());
        let found = Found { port, ..plugged(1, Some("S7"), "") };
        let told = gatewarden_model::facts_words(&facts(&found));
        assert_eq!(told, "port 1-4, serial S7, usb 0007:0001");
    }

    #[test]
    fn what_is_no_keyboard_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("event0");
        let open =
            || Machine(Which::Path(file.clone())).open().map(|_| ()).map_err(|e| e.to_string());
        assert!(open().is_err_and(|why| why.contains("failed to open")));
        fs::write(&file, "").expect("a file");
        assert!(open().is_err_and(|why| why.contains("failed to open")));
    }
}
