//! How long the fields of a type are, by its row in [`definitions`](super::definitions).
//!
//! A type that has no row is carried as bytes. Of a vendor's type all bytes are fields here; `explain` looks
//! into them. Source: LLRP 1.1 clause 17.

use super::{
    CodecError,
    definitions::{self, Def, Type},
};

pub use super::definitions::CUSTOM;

/// Bytes of the fields of each TV parameter, by type; 0 where there is no such type.
#[rustfmt::skip]
const TV_BYTES: [u8; 21] =
    [0, 2, 8, 8, 8, 8, 1, 2, 2, 4, 2, 2, 2, 12, 2, 2, 4, 2, 4, 2, 2];

/// Bytes of a TV parameter's fields; `None` for types that are unknown or TLV encoded.
#[inline]
#[must_use]
pub fn tv_bytes(kind: u16) -> Option<usize> {
    match TV_BYTES.get(usize::from(kind)) {
        None | Some(0) => None,
        Some(&bytes) => Some(bytes.into()),
    }
}

/// A parameter's name in the standard.
#[must_use]
pub fn param_name(kind: u16) -> Option<&'static str> {
    definitions::param(kind).map(|row| row.name)
}

/// A message's name in the standard.
#[must_use]
pub fn message_name(kind: u16) -> Option<&'static str> {
    definitions::message(kind).map(|row| row.name)
}

/// How many bytes of a parameter's content are fields; all of them if the type is unknown.
pub(super) fn param_fields_bytes(kind: u16, content: &[u8]) -> Result<usize, CodecError> {
    definitions::param(kind).map_or(Ok(content.len()), |def| fields_bytes(def, content))
}

/// How many bytes of a message's body are fields; all of them if the type is unknown.
pub(super) fn message_fields_bytes(kind: u16, body: &[u8]) -> Result<usize, CodecError> {
    definitions::message(kind).map_or(Ok(body.len()), |def| fields_bytes(def, body))
}

/// How many of `bytes` are the fields of `def`.
pub(super) fn fields_bytes(def: &'static Def, bytes: &[u8]) -> Result<usize, CodecError> {
    let short = CodecError::Short(def.name);
    let mut bits = 0usize;
    for field in def.fields {
        bits += match fixed_bits(field.kind) {
            Some(fixed) => fixed,
            None if field.kind == Type::Rest => (bytes.len() * 8).saturating_sub(bits),
            None => {
                let at = bits / 8;
                let count = bytes.get(at..at + 2).ok_or(short.clone())?;
                let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
                16 + (count * unit_bits(field.kind)).div_ceil(8) * 8
            }
        };
    }
    let length = bits.div_ceil(8);
    if length > bytes.len() { Err(short) } else { Ok(length) }
}

/// The bits of a field that has always as many.
pub(super) fn fixed_bits(kind: Type) -> Option<usize> {
    match kind {
        Type::U8 | Type::S8 => Some(8),
        Type::U16 | Type::S16 => Some(16),
        Type::U32 | Type::S32 => Some(32),
        Type::U64 => Some(64),
        Type::Flag => Some(1),
        Type::Bits(bits) | Type::Reserved(bits) => Some(bits.into()),
        Type::Bytes(bytes) => Some(bytes * 8),
        _ => None,
    }
}

/// The bits of one element of a counted field.
pub(super) fn unit_bits(kind: Type) -> usize {
    match kind {
        Type::BitString => 1,
        Type::List16 => 16,
        Type::List32 => 32,
        _ => 8,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // tests fail by panicking
mod tests {
    use super::*;

    fn all() -> Vec<&'static Def> {
        let vendors = definitions::VENDORS.into_iter().filter_map(definitions::vendor_tables);
        let vendors = vendors.flat_map(|(messages, params)| messages.iter().chain(params));
        definitions::messages().chain(definitions::params()).chain(vendors).collect()
    }

    #[test]
    fn the_standard_is_complete() {
        assert_eq!(definitions::messages().count(), 46);
        assert_eq!(definitions::params().count(), 123);
    }

    #[test]
    fn rows_are_sorted_and_refer_to_what_exists() {
        assert!(definitions::messages().map(|row| row.kind).is_sorted());
        assert!(definitions::params().map(|row| row.kind).is_sorted());
        for (messages, params) in
            definitions::VENDORS.into_iter().filter_map(definitions::vendor_tables)
        {
            assert!(messages.is_sorted_by_key(|row| row.kind));
            assert!(params.is_sorted_by_key(|row| row.kind));
        }
        for def in all() {
            for sub in def.subs {
                let choice = definitions::choice(sub.name);
                let names = if choice.is_empty() { &[sub.name][..] } else { choice };
                for name in names {
                    assert!(definitions::param_named(name).is_some(), "{}: {name}", def.name);
                }
            }
        }
    }

    #[test]
    fn fields_begin_and_end_on_whole_bytes() {
        for def in all() {
            let mut bits = 0;
            for field in def.fields {
                let small = matches!(field.kind, Type::Flag | Type::Bits(_) | Type::Reserved(_));
                assert!(small || bits % 8 == 0, "{}.{}", def.name, field.name);
                bits += fixed_bits(field.kind).unwrap_or(0);
            }
            assert_eq!(bits % 8, 0, "{}", def.name);
        }
    }

    #[test]
    fn tv_lengths_agree_with_the_rows() {
        for def in definitions::params().filter(|def| def.kind < 128) {
            let bits: usize = def.fields.iter().map(|field| fixed_bits(field.kind).unwrap()).sum();
            assert_eq!(tv_bytes(def.kind), Some(bits / 8), "{}", def.name);
        }
        assert_eq!(tv_bytes(0), None);
        assert_eq!(tv_bytes(21), None);
    }
}
