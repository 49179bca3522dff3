//! `{ file = … }`, `{ env = … }`, `{ credential = … }`: where a secret is due in the file.

use toml::de::{DeTable, DeValue};

use crate::{
    fields::{Span, Value},
    report::Walk,
    secret::SecretSource,
    shape::Key,
    walk::{Node, span},
    words::quote,
};

/// What is expected where a secret is due.
pub(crate) const EXPECTED: &str = "{ file = \"…\" }, { env = \"…\" } or { credential = \"…\" }";
/// The ways to name a secret, with what each means.
pub(crate) const WAYS: [(&str, &str); 3] = [
    ("file", "A file that holds it and nothing else."),
    ("env", "An environment variable of the gateway's process."),
    ("credential", "A systemd credential, from LoadCredential= or LoadCredentialEncrypted=."),
];

impl Walk<'_> {
    pub(crate) fn secret(&mut self, key: &Key, node: &Node<'_>) -> Option<Value> {
        match node.get_ref() {
            DeValue::Table(table) => self.named_secret(key, table, span(node)),
            DeValue::String(_) => {
                // Only where it begins: its length is nobody's business.
                let Span { start, .. } = span(node);
                let at = Span { start, end: start + 1 };
                let message = format!("{:?} is written out in the file", key.name);
                let hint = "secrets never stand in the TOML; change this one, it has been seen";
                self.error(at, "plain-secret", message, EXPECTED, Some(hint.to_owned()));
                None
            }
            _ => self.wrong_type(key, &key.shape, node),
        }
    }

    fn named_secret(&mut self, key: &Key, table: &DeTable<'_>, at: Span) -> Option<Value> {
        let mut ways = Vec::new();
        for (name, node) in table {
            if WAYS.iter().any(|(way, _)| way == name.get_ref()) {
                ways.push((name.get_ref().as_ref(), node));
            } else {
                let known = WAYS.iter().map(|(way, _)| *way);
                self.unknown(span(name), "unknown-key", "way to a secret", name.get_ref(), known);
            }
        }
        let &[(way, node)] = ways.as_slice() else {
            if !ways.is_empty() || table.is_empty() {
                let message = format!("{:?} names {} ways to a secret", key.name, ways.len());
                self.error(at, "bad-secret", message, EXPECTED, None);
            }
            return None;
        };
        let DeValue::String(name) = node.get_ref() else {
            let message = format!("{way:?} of {:?} is not a text", key.name);
            self.error(span(node), "wrong-type", message, EXPECTED, None);
            return None;
        };
        if let Some(expected) = bad_name(way, name) {
            let message = format!("{} can't be the {way} of a secret", quote(name));
            self.error(span(node), "bad-secret", message, expected, None);
            return None;
        }
        self.resolve(way, name, span(node))
    }

    fn resolve(&mut self, way: &str, name: &str, at: Span) -> Option<Value> {
        let source = match way {
            "file" => SecretSource::File(name),
            "env" => SecretSource::Env(name),
            _ => SecretSource::Credential(name),
        };
        match source.resolve(self.base, self.env) {
            Ok(secret) => Some(Value::Secret(secret)),
            Err(error) => {
                let expected = "a secret that can be read";
                self.error(at, "unreadable-secret", error.message, expected, Some(error.hint));
                None
            }
        }
    }
}

/// What would be right where a name can't be one. Names with NUL or `=` would make the system
/// calls behind them fail; a credential is a plain file name.
fn bad_name(way: &str, name: &str) -> Option<&'static str> {
    let plain = (1..=1024).contains(&name.len()) && !name.chars().any(char::is_control);
    match way {
        "file" if !plain => Some("a path"),
        "env" if !plain || name.contains('=') => Some("the name of an environment variable"),
        "credential" if !plain || name.contains('/') || name.starts_with('.') => {
            Some("the credential's name, without a folder")
        }
        _ => None,
    }
}
