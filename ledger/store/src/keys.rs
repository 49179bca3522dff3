//! Which key signs: the one that the journal names, out of those that the gateway has.
//!
//! A rotation is crash-safe because its halves are ordered: first the new key's file is written and
//! offered (`Keys::offer`), then the entry `KeyRotated` names it. The checkpoint that covers that
//! entry is the last of the old key, and carries the new one's signature beside it. Whatever dies in
//! between, the next start chooses by what the journal says. Absent: files (`key_files`), and what a
//! stranger may believe (`gatewarden_proof`).

use ed25519_dalek::SigningKey;
use gatewarden_model::{Body, Entry};

use crate::{StoreError, note};

/// The keys at hand, and which of them is in force.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    origin: String,
    /// Each with its verifier key text; the one in force is the first.
    ring: Vec<(String, SigningKey)>,
}

impl Keys {
    /// The keys given; the first is in force until `choose` says otherwise.
    pub(crate) fn new(origin: String, key: SigningKey, more: Vec<SigningKey>) -> Self {
        let mut keys = Self { origin, ring: Vec::new() };
        keys.offer(key);
        for key in more {
            keys.offer(key);
        }
        keys
    }

    /// The name that the keys sign under.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The key in force.
    pub(crate) fn current(&self) -> &SigningKey {
        &self.ring[0].1
    }

    /// The verifier key text of the key in force.
    pub(crate) fn name(&self) -> &str {
        &self.ring[0].0
    }

    /// Adds a key that a rotation may name.
    pub(crate) fn offer(&mut self, key: SigningKey) {
        let name = note::verifier_key_text(&self.origin, &key.verifying_key());
        if self.ring.iter().all(|(known, _)| *known != name) {
            self.ring.push((name, key));
        }
    }

    /// Puts the key of this name in force.
    pub(crate) fn choose(&mut self, name: &str) -> Result<(), StoreError> {
        match self.ring.iter().position(|(known, _)| known == name) {
            Some(place) => {
                self.ring.swap(0, place);
                Ok(())
            }
            None => {
                let (found, given) = (name.to_owned(), self.name().to_owned());
                Err(StoreError::WrongKey { found, given })
            }
        }
    }

    /// The key that an entry puts in force, where it does and the key is at hand.
    pub(crate) fn named_by(&self, entry: &Entry) -> Option<&SigningKey> {
        let Body::KeyRotated { new, .. } = &entry.body else { return None };
        self.ring.iter().find(|(known, _)| known == new).map(|(_, key)| key)
    }

    /// The name of the key that is in force after these entries, where one of them changes it.
    /// Refuses a change that does not begin with the key in force, a second one in one group, and a
    /// key that is not at hand.
    pub(crate) fn rotation<'a>(&self, entries: &'a [Entry]) -> Result<Option<&'a str>, StoreError> {
        let mut found = None;
        for entry in entries {
            let Body::KeyRotated { old, new, .. } = &entry.body else { continue };
            let rule = if found.is_some() {
                "a second change of the key in one group: record it alone".to_owned()
            } else if old != self.name() {
                format!("it gives up the key {old}, but {} is in force", self.name())
            } else if new == old || self.ring.iter().all(|(known, _)| known != new) {
                format!("the new key {new} is not at hand: offer it first")
            } else {
                found = Some(new.as_str());
                continue;
            };
            return Err(StoreError::Rule { seq: entry.seq, rule });
        }
        Ok(found)
    }
}
