//! The rules that join several keys of an LLRP reader.
//!
//! What the reader itself can or can't do is only known once it is connected (the driver refuses it then).

use std::{collections::BTreeSet, net::IpAddr};

use super::{LAMPS, MASK_BYTES_MAX, digest, hex};
use crate::{
    fields::{Fields, Span},
    report::Walk,
    words::quote,
};

pub(in crate::devices) fn check(walk: &mut Walk<'_>, device: &Fields) {
    let mut seen = BTreeSet::new();
    for (antenna, at) in device.integers("antennas") {
        if !seen.insert(antenna) {
            let message = format!("antenna {antenna} is named twice");
            walk.error(at, "duplicate-antenna", message, "each antenna once", None);
        }
    }
    check_reach(walk, device);
    check_tls(walk, device);
    device.tables("filters").iter().for_each(|filter| check_filter(walk, filter));
    check_triggers(walk, device);
    check_lamps(walk, device);
    if device.text("search_mode") == Some("tagfocus") && device.integer::<u8>("session") != Some(1)
    {
        let message = "search_mode tagfocus works in session 1 only";
        walk.error(device.place("search_mode"), "tagfocus-session", message, "session = 1", None);
    }
    if device.has("hop_table") && device.has("frequency_khz") {
        let message = "a reader either hops or stays at a frequency";
        let expected = "either hop_table or frequency_khz";
        walk.error(device.place("frequency_khz"), "two-frequencies", message, expected, None);
    }
}

/// One way to the reader.
fn check_reach(walk: &mut Walk<'_>, device: &Fields) {
    match (device.text("address"), device.text("listen")) {
        (Some(_), Some(_)) => {
            let message = "the reader is connected to, and awaited too";
            let hint =
                "address where the gateway connects; listen where the reader does".to_owned();
            let at = device.place("listen");
            walk.error(at, "two-ways", message, "either address or listen", Some(hint));
        }
        // What stands and is wrong was told already.
        (None, None) if !device.stands("address") && !device.stands("listen") => {
            let message = "missing key \"address\"";
            let hint =
                Some("the reader's host:port; or listen, where the reader connects".to_owned());
            walk.error(device.at, "missing-key", message, "host:port", hint);
        }
        _ => {}
    }
    let Some(from) = device.text("from") else { return };
    let at = device.place("from");
    if from.parse::<IpAddr>().is_err() {
        let message = format!("{} is not an IP address", quote(from));
        walk.error(at, "bad-address", message, "an IP address such as \"192.0.2.7\"", None);
    } else if !device.has("listen") {
        let message = "from is for a reader that connects by itself";
        walk.error(at, "needless-key", message, "listen beside it, or no from", None);
    }
}

fn is_given(section: &Fields, device: &Fields) -> bool {
    section.at != device.at
}

fn check_tls(walk: &mut Walk<'_>, device: &Fields) {
    let Some(tls) = device.table("tls").filter(|tls| is_given(tls, device)) else { return };
    match (tls.text("sha256"), tls.text("ca")) {
        (Some(_), Some(_)) => {
            let expected = "either sha256 or ca";
            walk.error(tls.place("ca"), "two-trusts", "both a pin and authorities", expected, None);
        }
        (None, None) if !tls.stands("sha256") && !tls.stands("ca") => {
            let message = "TLS without anybody to trust would trust everybody";
            let hint = "`gatewarden probe llrps://HOST` tells the digest; compare it at the reader"
                .to_owned();
            walk.error(tls.at, "missing-key", message, "sha256, or ca", Some(hint));
        }
        (Some(text), None) if digest(text).is_none() => {
            let message = format!("{} is not a SHA-256 digest", quote(text));
            let expected = "64 hex digits, with or without colons";
            walk.error(tls.place("sha256"), "bad-digest", message, expected, None);
        }
        (None, Some(path)) => {
            if let Err(error) = walk.env.read(std::path::Path::new(path)) {
                let message = format!("{path} can't be read: {error}");
                let expected = "a file in PEM that the gateway's user may read";
                walk.error(tls.place("ca"), "unreadable", message, expected, None);
            }
        }
        _ => {}
    }
}

fn check_filter(walk: &mut Walk<'_>, filter: &Fields) {
    let Some(mask) = filter.text("mask") else { return };
    let at = filter.place("mask");
    match hex(mask) {
        None => {
            let message = format!("{} is not hex", quote(mask));
            walk.error(at, "bad-mask", message, "pairs of hex digits such as \"30\"", None);
        }
        Some(bytes) if bytes.is_empty() || bytes.len() > MASK_BYTES_MAX => {
            let message = format!("a mask of {} bytes", bytes.len());
            walk.error(at, "bad-mask", message, format!("1 to {MASK_BYTES_MAX} bytes"), None);
        }
        Some(_) => {}
    }
}

fn check_triggers(walk: &mut Walk<'_>, device: &Fields) {
    let standing = |key| device.table(key).filter(|section| is_given(section, device));
    for section in [standing("start"), standing("stop")].into_iter().flatten() {
        if !section.stands("gpi") {
            walk.error(section.at, "missing-key", "missing key \"gpi\"", "an input, from 1", None);
        }
    }
    if let (Some(stop), None) = (standing("stop"), standing("start")) {
        let message = "stop is for a reader that an input starts";
        walk.error(stop.at, "needless-key", message, "start beside it, or no stop", None);
    }
}

/// Each lamp has an output of its own.
fn check_lamps(walk: &mut Walk<'_>, device: &Fields) {
    let Some(gpo) = device.table("gpo").filter(|gpo| is_given(gpo, device)) else { return };
    let mut seen: BTreeSet<u16> = BTreeSet::new();
    for lamp in LAMPS {
        let Some(output) = gpo.integer::<u16>(lamp) else { continue };
        let at: Span = gpo.place(lamp);
        if !seen.insert(output) {
            let message = format!("output {output} is in use twice");
            walk.error(at, "output-in-use", message, "an output of its own for each lamp", None);
        }
    }
}
