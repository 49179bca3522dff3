//! What commands read of a configuration's procedures, whether or not the daemon runs.

use anyhow::Context as _;
use gatewarden_config::Config;
use gatewarden_documents::{
    Value,
    fields::{self, FieldDeclaration},
};
use gatewarden_model::{DocumentContent, Scalar, canonical};
use gatewarden_rules::Facts;
use serde::{Serialize, de::DeserializeOwned};

/// A part of a configuration's procedures; none where it has no such part.
pub(super) fn part<T: DeserializeOwned + Serialize>(
    config: Option<&Config>,
    name: &str,
) -> anyhow::Result<Option<T>> {
    let text = config.and_then(|config| config.procedures.parts.get(name));
    let read = text.map(|text| canonical::decode(text.as_bytes())).transpose();
    read.with_context(|| format!("the configuration's {name}"))
}

/// Puts the house's own fields of a document, by their types.
pub(super) fn put_own(facts: &mut Facts, content: &DocumentContent, declared: &[FieldDeclaration]) {
    for (name, value) in fields::facts(content, declared) {
        let value = match value {
            Value::Bool(yes) => Scalar::Bool(yes),
            Value::Integer(whole) => Scalar::Integer(whole),
            Value::Text(text) => Scalar::Text(text),
        };
        facts.set(format!("document.custom.{name}"), value);
    }
}
