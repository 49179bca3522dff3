//! Who is plugged in at a serial port: what USB says of it, read from sysfs, and what the module tells itself.
//!
//! The facts are `serial` and `usb` (VID:PID) of the USB device that the port belongs to, and `port`, the
//! physical path of its plug (`1-2.3`: bus 1, port 2, port 3 of the hub there), so that another module and
//! the same module at another plug are both noticed. A port that belongs to no USB device (RS-232, a pty) has
//! only its configured `path`. `maker`, `model` and `firmware` are the module's own words; its serial number
//! stands where USB tells none.

use std::{fs, path::Path};

use gatewarden_model::DeviceFacts;

use crate::codec::ModuleInfo;

/// Where the kernel shows its devices.
pub(crate) const SYSFS: &str = "/sys";

/// Longest attribute that is read, in bytes.
const ATTRIBUTE_BYTES_MAX: usize = 256;

/// Folders above a port's own that are looked at.
const DEPTH_MAX: usize = 8;

/// What is known of the device at `path`; `sysfs` is `/sys`, or a copy in tests.
#[must_use]
pub fn facts(path: &Path, sysfs: &Path) -> DeviceFacts {
    let told = usb_facts(path, sysfs).unwrap_or_else(|| {
        let path = path.to_string_lossy().into_owned();
        DeviceFacts::from([("path".to_owned(), path)])
    });
    told.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Adds what the module tells of itself.
#[must_use]
pub fn with_module(mut facts: DeviceFacts, module: &ModuleInfo) -> DeviceFacts {
    let told = [("maker", &module.maker), ("model", &module.model), ("firmware", &module.firmware)];
    for (name, value) in told.into_iter().chain([("serial", &module.serial)]) {
        if !value.is_empty() {
            facts.entry(name.to_owned()).or_insert_with(|| value.clone());
        }
    }
    facts
}

fn usb_facts(path: &Path, sysfs: &Path) -> Option<DeviceFacts> {
    let node = fs::canonicalize(path).ok()?;
    let class = sysfs.join("class/tty").join(node.file_name()?).join("device");
    let port = fs::canonicalize(class).ok()?;
    // The first folder upwards that is a USB device, not one of its interfaces.
    let usb = port.ancestors().take(DEPTH_MAX).find(|folder| folder.join("idVendor").is_file())?;
    let read = |name: &str| {
        let text = fs::read_to_string(usb.join(name)).unwrap_or_default();
        let text = text.trim();
        text[..text.floor_char_boundary(ATTRIBUTE_BYTES_MAX)].to_owned()
    };
    let plug = usb.file_name()?.to_string_lossy().into_owned();
    let id = format!("{}:{}", read("idVendor"), read("idProduct"));
    let facts = [("serial", read("serial")), ("usb", id), ("port", plug)];
    Some(facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step fails the test")]
mod tests {
    use std::os::unix::fs::symlink;

    use gatewarden_model::facts_words;

    use super::*;

    #[test]
    fn a_usb_module_is_known_by_serial_kind_and_plug() {
        let dir = tempfile::tempdir().unwrap();
        let (sys, dev) = (dir.path().join("sys"), dir.path().join("dev"));
        let usb = sys.join("devices/usb1/1-2.3");
        let port = usb.join("1-2.3:1.0/ttyACM0");
        let class = sys.join("class/tty/ttyACM0");
        for folder in [&port, &class, &dev] {
            fs::create_dir_all(folder).unwrap();
        }
        symlink(usb.join("1-2.3:1.0"), class.join("device")).unwrap();
        for (name, value) in [("idVendor", "05e0\n"), ("idProduct", "1701\n"), ("serial", "S1\n")] {
            fs::write(usb.join(name), value).unwrap();
        }
        fs::write(dev.join("ttyACM0"), "").unwrap();
        let by_id = dev.join("usb-Symbol_S1-if00");
        symlink(dev.join("ttyACM0"), &by_id).unwrap();
        assert_eq!(facts_words(&facts(&by_id, &sys)), "port 1-2.3, serial S1, usb 05e0:1701");
        fs::remove_file(usb.join("serial")).unwrap();
        assert_eq!(facts_words(&facts(&by_id, &sys)), "port 1-2.3, usb 05e0:1701");
    }

    #[test]
    fn a_port_that_is_no_usb_device_is_known_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("scanner");
        let told = format!("path {}", path.display());
        assert_eq!(facts_words(&facts(&path, dir.path())), told, "not there");
        fs::write(&path, "").unwrap();
        assert_eq!(facts_words(&facts(&path, dir.path())), told, "no USB");
    }
}
