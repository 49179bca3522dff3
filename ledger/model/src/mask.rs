//! The one masking function: what somebody may not see is taken out here, before anything is written
//! for him, by whatever door.
//!
//! Invariants: a [`Masked`] value comes only from [`Masked::new`], so whoever takes nothing else can
//! show nothing else; every kind of entry and every field of it is named (no `_` arm, no `..`), so that
//! the compiler asks about a new one; with all rights everything stays as it is. What is taken out
//! stands as nothing, as the kind alone (`@supplier`), or as [`HIDDEN`]. A digest is hidden with what it
//! covers: whoever knows the rest could guess a price until the digest fits. Absent: who has which
//! rights, and how a masked value is written.

mod body;
mod document;
mod procedure;
mod words;

use serde::Serialize;

use crate::{FieldRights, Hash};

pub use words::{foreign, told};

/// What stands for a text that may not be seen.
pub const HIDDEN: &str = "(hidden)";
/// What stands for a digest that may not be seen.
pub const HIDDEN_HASH: Hash = Hash([0; 32]);

/// What has fields that may be hidden.
pub trait Mask {
    /// Takes out what these rights don't show.
    fn mask(&mut self, rights: &FieldRights);
}

/// A value as somebody may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Masked<T>(T);

impl<T: Mask> Masked<T> {
    /// The value as these rights show it.
    #[must_use]
    pub fn new(mut value: T, rights: &FieldRights) -> Self {
        value.mask(rights);
        Self(value)
    }

    /// The masked value.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The masked value, to be made into something else that shows no more than it.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Whether these rights show all of a value.
#[must_use]
pub fn shows_all<T: Mask + Clone + PartialEq>(value: &T, rights: &FieldRights) -> bool {
    Masked::new(value.clone(), rights).0 == *value
}

impl<T: Mask> Mask for Option<T> {
    fn mask(&mut self, rights: &FieldRights) {
        if let Some(value) = self {
            value.mask(rights);
        }
    }
}

impl<T: Mask> Mask for Vec<T> {
    fn mask(&mut self, rights: &FieldRights) {
        self.iter_mut().for_each(|value| value.mask(rights));
    }
}

/// Says of types that none of their fields is ever hidden.
#[macro_export]
macro_rules! no_fields {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::Mask for $type {
            fn mask(&mut self, _: &$crate::FieldRights) {}
        }
    )+};
}
