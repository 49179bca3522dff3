//! `[gateway.tls]` and the names of `[gateway]`: how the API is reached from other machines.
//!
//! Absent: reading certificates (the daemon does, when it starts); here it is only looked whether the
//! files can be read.

use std::path::{Path, PathBuf};

use crate::{
    Environment,
    fields::{Fields, Span},
    report::Walk,
    shape::{Choice, Key, Need, Plain, Section, Shape, Text, UNKNOWN_KEY, optional},
    words::quote,
};

/// How the API speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSection {
    /// The certificate and those between it and its authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM; with `key_credential` in systemd's folder.
    pub key: PathBuf,
    /// The authorities whose certificates callers may show, in PEM.
    pub client_ca: Option<PathBuf>,
    /// Whether they may or must.
    pub clients: TlsClients,
}

/// Whether callers may or must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsClients {
    /// They may.
    Optional,
    /// They must.
    Required,
}

const CLIENTS: Choice =
    Choice { code: "unknown-choice", noun: "choice", of: &["optional", "required"] };

pub(crate) static TLS: Section = Section {
    doc: "TLS on the API's port.",
    unknown: UNKNOWN_KEY,
    keys: &[
        optional(
            "certificate",
            Shape::Text(Text::Path),
            "The gateway's certificate with those between it and its authority, in PEM. Without it the \
             API speaks plain HTTP.",
        ),
        optional("key", Shape::Text(Text::Path), "The certificate's private key, in PEM."),
        optional(
            "key_credential",
            Shape::Text(Text::Slug),
            "The systemd credential that holds the private key, instead of a file.",
        ),
        optional(
            "client_ca",
            Shape::Text(Text::Path),
            "The authorities whose certificates callers may show, in PEM.",
        ),
        Key {
            name: "clients",
            doc: "With client_ca: optional, or required for whoever speaks to the API by the network.",
            shape: Shape::Choice(CLIENTS),
            need: Need::Default(Plain::Text("optional")),
        },
    ],
};

impl TlsSection {
    pub(crate) fn build(fields: &Fields, base: &Path, env: &dyn Environment) -> Option<Self> {
        let key = match fields.text("key_credential") {
            Some(name) => env.credentials_dir()?.join(name),
            None => base.join(fields.text("key")?),
        };
        Some(Self {
            certificate: base.join(fields.text("certificate")?),
            key,
            client_ca: fields.text("client_ca").map(|path| base.join(path)),
            clients: match fields.text("clients")? {
                "required" => TlsClients::Required,
                _ => TlsClients::Optional,
            },
        })
    }
}

/// Names are host names, and what TLS needs is there.
pub(crate) fn check(walk: &mut Walk<'_>, root: &Fields) {
    let Some(gateway) = root.table("gateway") else { return };
    for (name, at) in gateway.texts("names") {
        if !is_host_name(name) {
            let message = format!("{} is not a host name", quote(name));
            let hint =
                Some("without scheme, port and path; addresses need not be listed".to_owned());
            walk.error(at, "bad-host-name", message, "a name such as \"gw1.example\"", hint);
        }
    }
    if let Some(tls) = gateway.table("tls") {
        if is_on(tls) {
            check_files(walk, tls);
        } else if let Some(key) =
            ["key", "key_credential", "client_ca"].into_iter().find(|key| tls.has(key))
        {
            let message = "TLS needs a certificate";
            walk.error(tls.place(key), "missing-key", message, "certificate", None);
        }
    }
}

/// Whether the API speaks TLS.
pub(crate) fn is_on(tls: &Fields) -> bool {
    tls.has("certificate")
}

fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number =
        name.rsplit('.').next().is_some_and(|l| l.bytes().all(|b| b.is_ascii_digit()));
    name.len() <= 253 && name.split('.').all(label) && !last_is_number
}

fn check_files(walk: &mut Walk<'_>, tls: &Fields) {
    match (tls.text("key"), tls.text("key_credential")) {
        (Some(_), Some(_)) => {
            let message = "the key is named as a file and as a credential";
            let at = tls.place("key_credential");
            walk.error(at, "two-keys", message, "either key or key_credential", None);
        }
        (None, None) => {
            let message = "the certificate's key is missing";
            walk.error(tls.at, "missing-key", message, "key, or key_credential", None);
        }
        (None, Some(name)) => match walk.env.credentials_dir() {
            Some(dir) => readable(walk, tls.place("key_credential"), &dir.join(name)),
            None => {
                let message = format!("credential {} can't be read", quote(name));
                let hint = "add LoadCredential= to the unit, and run under systemd".to_owned();
                let at = tls.place("key_credential");
                let expected = "a credential that can be read";
                walk.error(at, "unreadable-secret", message, expected, Some(hint));
            }
        },
        (Some(path), None) => readable(walk, tls.place("key"), &walk.base.join(path)),
    }
    for key in ["certificate", "client_ca"] {
        if let Some(path) = tls.text(key) {
            readable(walk, tls.place(key), &walk.base.join(path));
        }
    }
    if tls.text("clients") == Some("required") && tls.text("client_ca").is_none() {
        let message = "certificates are required of callers, and no authority is named";
        walk.error(tls.place("clients"), "missing-key", message, "client_ca", None);
    }
}

fn readable(walk: &mut Walk<'_>, at: Span, path: &Path) {
    if let Err(error) = walk.env.read(path) {
        let message = format!("{} can't be read: {error}", path.display());
        let expected = "a file in PEM that the gateway's user may read";
        walk.error(at, "unreadable", message, expected, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_a_name_alone() {
        for good in ["gw1", "gw1.example", "GW-1.a.b"] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in ["", "gw1:8420", "http://gw1", "*.example", "a..b", "-a", "1.2.3.4", "ä.example"]
        {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
