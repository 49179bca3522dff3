//! Which key must have signed a checkpoint at its place in the history, as the journal tells of
//! rotations: the checkpoint that covers a `KeyRotated` is the last of the old key, and also signed by
//! the new one.
//!
//! A history is trusted if the given key is one of its keys: what came before its time is covered by
//! what it signed, what came after begins with a rotation that it signed.

use ed25519_dalek::VerifyingKey;
use gatewarden_model::{Body, Entry};

use crate::note::{self, Checkpoint, NoteError};

/// The keys of a history that is read from its beginning.
#[derive(Debug)]
pub(crate) struct Keys {
    origin: String,
    trusted: VerifyingKey,
    current: VerifyingKey,
    next: Option<VerifyingKey>,
    /// The trusted key signed a checkpoint, or one that its history leads to did.
    reached: bool,
}

impl Keys {
    /// A history that begins with the key `first`.
    pub(crate) fn new(origin: &str, first: VerifyingKey, trusted: VerifyingKey) -> Self {
        Self { origin: origin.to_owned(), trusted, current: first, next: None, reached: false }
    }

    /// Takes an entry in, before the checkpoint that covers it. An error says what is wrong with it.
    pub(crate) fn entry(&mut self, entry: &Entry) -> Result<(), String> {
        let Body::KeyRotated { old, new, .. } = &entry.body else { return Ok(()) };
        let parse = |text: &str| note::parse_verifier_key(text).map_err(|e| e.to_string());
        let ((_, old), (_, new)) = (parse(old)?, parse(new)?);
        if old != self.next.unwrap_or(self.current) {
            return Err("it rotates a key that was not in force".to_owned());
        }
        self.next = Some(new);
        Ok(())
    }

    /// Reads the checkpoint that comes next.
    pub(crate) fn open(&mut self, note: &str) -> Result<Checkpoint, NoteError> {
        let opened = Checkpoint::open(note, &self.origin, &self.current)?;
        self.reached |= self.current == self.trusted;
        if let Some(next) = self.next.take() {
            let signs = || Checkpoint::open(note, &self.origin, &next).is_ok();
            self.reached |= next == self.trusted && signs();
            self.current = next;
        }
        Ok(opened)
    }

    /// Whether what was read is covered by the trusted key.
    pub(crate) fn is_trusted(&self) -> bool {
        self.reached
    }

    /// The trusted key as text.
    pub(crate) fn trusted_text(&self) -> String {
        note::verifier_key_text(&self.origin, &self.trusted)
    }
}
