//! The rules that join several keys of channels and contacts.

use crate::{fields::Fields, report::Walk, text::split_address};

use super::contacts;

/// What each channel and contact must be in itself.
pub(crate) fn check(walk: &mut Walk<'_>, root: &Fields) {
    for channel in root.tables("channels") {
        match channel.text("kind") {
            Some("mail") => mail(walk, channel),
            Some("mqtt") => password_needs_user(walk, channel),
            Some("webhook") => crate::delivered::check(walk, channel),
            _ => {}
        }
    }
    for contact in root.tables("contacts") {
        contacts::check(walk, contact);
    }
}

fn mail(walk: &mut Walk<'_>, channel: &Fields) {
    password_needs_user(walk, channel);
    if channel.has("username") && !channel.stands("password") {
        let message = "a user without a password";
        walk.error(channel.place("username"), "conflict", message, "\"password\" too", None);
    }
    if channel.text("tls") == Some("none")
        && channel.text("address").is_some_and(|address| !is_here(address))
    {
        let message = "mails and passwords would cross the network in the clear";
        let hint = Some("\"none\" is for a mail server on this machine".to_owned());
        let expected = "\"starttls\" or \"tls\"";
        walk.error(channel.place("tls"), "plain-mail", message, expected, hint);
    }
    let Some(ca) = channel.text("ca") else { return };
    if channel.text("tls") == Some("none") {
        let message = "an authority without tls is not asked";
        walk.error(channel.place("ca"), "conflict", message, "\"starttls\" or \"tls\"", None);
    } else if let Err(error) = walk.env.read_named(&walk.base.join(ca)) {
        let message = format!("{ca:?} can't be read: {error}");
        let expected = "a file in PEM that the gateway's user may read";
        walk.error(channel.place("ca"), "unreadable", message, expected, None);
    }
}

/// Whether a server is on this machine.
fn is_here(address: &str) -> bool {
    split_address(address).is_some_and(|(host, _)| {
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    })
}

fn password_needs_user(walk: &mut Walk<'_>, channel: &Fields) {
    if channel.stands("password") && !channel.stands("username") {
        let message = "a password without a user";
        walk.error(channel.place("password"), "conflict", message, "\"username\" too", None);
    }
}
