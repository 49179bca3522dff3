//! `ca` and `pin`: whom a reader or broker of one of the IoT interfaces is trusted by over TLS.
//!
//! Absent: the system's authorities. Nobody is trusted unless named here.

use super::{LlrpTrust, llrp::digest};
use crate::{
    fields::Fields,
    report::Walk,
    shape::{Key, Shape, Text, optional},
    words::quote,
};

pub(super) const CA: Key = optional(
    "ca",
    Shape::Text(Text::DevicePath),
    "TLS: the authorities that vouch for the other side, a file in PEM.",
);

pub(super) const PIN: Key = optional(
    "pin",
    Shape::Text(Text::Line),
    "TLS: the SHA-256 digest of the other side's certificate, in hex.",
);

pub(super) fn trust(fields: &Fields) -> Option<LlrpTrust> {
    let ca = || fields.text("ca").map(|path| LlrpTrust::Ca(path.into()));
    fields.text("pin").and_then(digest).map(LlrpTrust::Sha256).or_else(ca)
}

/// One of them, a digest that is one, a file that can be read.
pub(super) fn check(walk: &mut Walk<'_>, device: &Fields) {
    if device.has("ca") && device.has("pin") {
        let message = "both a pin and authorities";
        walk.error(device.place("ca"), "two-trusts", message, "either pin or ca", None);
    }
    if let Some(path) = device.text("ca")
        && let Err(error) = walk.env.read(std::path::Path::new(path))
    {
        let message = format!("{path} can't be read: {error}");
        let expected = "a file in PEM that the gateway's user may read";
        walk.error(device.place("ca"), "unreadable", message, expected, None);
    }
    if let Some(pin) = device.text("pin").filter(|pin| digest(pin).is_none()) {
        let message = format!("{} is not a SHA-256 digest", quote(pin));
        let expected = "64 hex digits, with or without colons";
        walk.error(device.place("pin"), "bad-digest", message, expected, None);
    }
}
